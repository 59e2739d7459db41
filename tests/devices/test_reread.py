"""What lay in quarantine, read again: of then, come now, and nothing learned from it."""

from datetime import UTC, datetime, timedelta

from devices.arrivals import Arrival, KnownDevice, Receipt
from devices.codecs import sparkplug
from devices.reader import Reader
from devices.readings import Message, Reason, Refusal
from devices.reread import Kept, only_readings, reread

THEN = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW = THEN + timedelta(hours=3)
CUFF = KnownDevice("CUFF-1", timedelta(0))
FAST = KnownDevice("CUFF-1", timedelta(hours=1))
UNTIMED = b'{"epoch": "e", "seq": 7, "oldest": 3, "readings": [{"metric": "spo2", "value": 91, "unit": "%"}]}'
TIMED = b'{"readings": [{"metric": "spo2", "value": 91, "unit": "%", "at": "2026-11-21T11:59:00Z"}]}'
WHOLE = TIMED.replace(b"{", b'{"epoch": "e", "seq": 7, ', 1)


def kept(
    payload: bytes, topic: str = "bedside/v1/CUFF-1/readings", *, own: bool = False, by_hand: bool = False
) -> Kept:
    return Kept(topic, payload, THEN, "replay:q1", own=own, corrected=by_hand)


def read(given: Kept, device: KnownDevice | None = CUFF) -> Message:
    message = reread(given, device, UTC, NOW)
    assert isinstance(message, Message), message
    return message


def test_it_is_of_then_and_came_now() -> None:
    message = read(kept(UNTIMED))
    assert (message.received_at, message.measured_at) == (NOW, THEN)
    assert [(one.at, one.timed) for one in message.body.readings] == [(THEN, False)]


def test_the_devices_offset_is_removed_as_it_was_known() -> None:
    assert read(kept(TIMED), FAST).body.readings[0].at == THEN - timedelta(minutes=61)


def test_what_was_ahead_then_is_ahead_for_ever() -> None:
    ahead = TIMED.replace(b"11:59", b"14:00")  # before now, and two hours after it came
    assert [one.reason for one in read(kept(ahead)).body.refusals] == [Reason.FUTURE]


def test_it_moves_no_stream() -> None:
    """A number that a person typed would cover messages that the device still holds."""
    message = read(kept(UNTIMED, own=True))
    assert (message.epoch, message.seq, message.oldest) == (None, None, None)


def test_bytes_as_they_came_are_the_message_that_the_device_may_still_send() -> None:
    assert read(kept(UNTIMED, own=True)).identity == "e:7"
    assert read(kept(TIMED, own=True)).identity.startswith("#")
    without = b'{"readings": [{"metric": "spo2", "value": 91, "unit": "%"}]}'
    assert read(kept(without, own=True)).identity == "replay:q1"


def test_a_corrected_copy_takes_no_other_messages_place_and_is_marked() -> None:
    for payload in (UNTIMED, WHOLE):
        message = read(kept(payload, by_hand=True))
        assert message.identity == "replay:q1"
        assert message.body.readings[0].context == ("corrected",)


def test_refusals_are_told_and_not_stored() -> None:
    half = UNTIMED.replace(b"}]}", b'}, {"metric": "mood", "value": 1, "unit": "1"}]}')
    message = read(kept(half))
    assert [one.reason for one in message.body.refusals] == [Reason.UNKNOWN_METRIC]
    assert only_readings(message).body.refusals == ()


def test_what_can_be_no_message_is_named() -> None:
    cases = [
        (kept(UNTIMED, "bedside/v1/CUFF-1/morse"), CUFF, Reason.WRONG_TOPIC),
        (kept(UNTIMED, "elsewhere"), CUFF, Reason.WRONG_TOPIC),
        (kept(UNTIMED), None, Reason.UNKNOWN_DEVICE),
    ]
    for given, device, reason in cases:
        refused = reread(given, device, UTC, NOW)
        assert isinstance(refused, Refusal)
        assert refused.reason is reason


class OneDevice:
    def known(self, device_id: str) -> KnownDevice | None:
        return CUFF if device_id == CUFF.id else None


def test_a_living_conversation_learns_nothing_from_it() -> None:
    """An old birth certificate must not give the names of today's metrics other meanings."""
    begun: list[object] = []
    reread(kept(b"\x00", "bedside/v1/CUFF-1/sparkplug"), CUFF, UTC, NOW)
    reader = Reader(OneDevice())
    reader._conversations["CUFF-1", "sparkplug"] = own = sparkplug.Conversation()
    begun.append(own)
    arrival = Arrival("bedside/v1/CUFF-1/sparkplug", b"", False, NOW, Receipt(0, 0), reread=read(kept(TIMED)))
    assert reader.read(arrival).message == arrival.reread
    assert reader._conversations["CUFF-1", "sparkplug"] is own
