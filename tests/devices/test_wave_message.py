"""A waveform as a device sends it is read as that waveform."""

from datetime import UTC, datetime

import msgspec

from devices.backlog import Backlog
from devices.codecs import WAVES
from devices.courier import plain
from devices.wave_message import held, is_wave, topic
from tests.devices.wave_samples import block


def test_what_a_device_sends_of_a_block_is_read_as_that_block() -> None:
    backlog = Backlog("e")
    backlog.add([{"metric": "spo2", "value": 97, "unit": "%"}])
    backlog.add(held(block([1, 2, 3]), "mV"))
    readings, wave = backlog.due(0.0)
    assert (is_wave(readings.readings), is_wave(wave.readings)) == (False, True)
    assert (topic("BM-1", readings), topic("BM-1", wave)) == ("bedside/v1/BM-1/readings", "bedside/v1/BM-1/wave/ecg_ii")
    decoded = WAVES["wave/ecg_ii"](plain(backlog, wave))
    assert decoded.waves == (block([1, 2, 3]),)
    assert (decoded.epoch, decoded.seq, decoded.oldest) == ("e", 2, 1)
    assert decoded.sent_at is not None
    assert (datetime.now(UTC) - decoded.sent_at).total_seconds() < 600


def test_a_backlog_on_the_disk_is_told_apart_too() -> None:
    backlog, again = Backlog("e"), Backlog("e")
    backlog.add(held(block([1]), "mV"))
    again.restore(msgspec.json.decode(msgspec.json.encode(backlog.save()), type=type(backlog.save())))
    [message] = again.due(0.0)
    assert is_wave(message.readings)


def test_what_the_agent_keeps_is_no_waveform() -> None:
    backlog = Backlog("e")
    backlog.add({"readings": [], "taken": {}})
    assert not is_wave(backlog.due(0.0)[0].readings)
