"""Bad input from a device: a named reason, the good reading beside it, an alarm, and the next message served."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.attacks.oximeter import Oximeter, message, reading
from tests.attacks.ward import Ward, until
from tests.devices import raw_mqtt
from tests.devices.raw_mqtt import RawClient

SEQS = count(10, 10)  # of each attack, and those after it
AHEAD = (datetime.now(UTC) + timedelta(hours=2)).isoformat()


@pytest.fixture
async def oximeter(busy_ward: Ward) -> AsyncIterator[Oximeter]:
    """Min's, in an epoch of its own, with one good message behind it."""
    device = await Oximeter.on(busy_ward.hospital.mqtt, busy_ward.a["device"], busy_ward.a.secret)
    yield device
    await device.close()


def stored(ward: Ward, device: str, epoch: str, seq: int) -> dict[str, Any]:
    """The body of the one stored message of this number; empty where there is none."""
    rows = ward.rows("SELECT body FROM messages WHERE device_id = ? AND epoch = ? AND seq = ?", device, epoch, seq)
    assert len(rows) < 2, rows
    body: dict[str, Any] = json.loads(rows[0]["body"]) if rows else {}
    return body


async def begin(oximeter: Oximeter, epoch: str) -> int:
    """A good first message; its number."""
    seq = next(SEQS)
    await oximeter.tells(message(seq, reading(), epoch=epoch, oldest=seq))
    await oximeter.is_covered(seq, epoch=epoch)
    return seq


async def next_is_served(ward: Ward, oximeter: Oximeter, epoch: str, seq: int) -> None:
    """A good message is stored within a second, whatever came before it."""
    await oximeter.tells(message(seq, reading("pulse_rate", 71, "/min"), epoch=epoch), within_s=10.0)
    await until(lambda: stored(ward, oximeter.id, epoch, seq), 10.0)


BAD_READINGS: dict[str, tuple[dict[str, Any], str]] = {
    "not a number": (reading(value=float("nan")), "not_a_number"),
    "a string": (reading(value="97"), "not_a_number"),
    "true": (reading(value=True), "not_a_number"),
    "infinity": (reading(value=float("inf")), "infinite"),
    "unknown metric": (reading("mood", 7, "1"), "unknown_metric"),
    "unknown unit": (reading(unit="furlong"), "unknown_unit"),
    "impossible": (reading(value=140), "impossible"),
    "from the future": (reading(at=AHEAD), "future"),
    "not an object": ("97", "wrong_shape"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("bad", BAD_READINGS)
async def test_a_bad_reading_costs_itself_and_not_the_saturation_beside_it(
    busy_ward: Ward, oximeter: Oximeter, bad: str
) -> None:
    epoch = "bad-reading"
    seq, (wrong, reason) = await begin(oximeter, epoch), BAD_READINGS[bad]
    await oximeter.tells(message(seq + 1, wrong, reading(value=79), epoch=epoch))
    body = await until(lambda: stored(busy_ward, oximeter.id, epoch, seq + 1), 10.0)
    assert [kept["value"] for kept in body["readings"]] == [79.0]
    assert [refused["reason"] for refused in body["refusals"]] == [reason]
    await oximeter.is_covered(seq + 1, epoch=epoch)
    await next_is_served(busy_ward, oximeter, epoch, seq + 2)


def _numbered(seq: int, rest: bytes) -> bytes:
    return b'{"epoch":"bad-message","seq":%d,' % seq + rest


DIGITS = b"9" * 60_000
BAD_MESSAGES: dict[str, tuple[bytes, str, bool]] = {
    # what follows epoch and seq · the reason in quarantine · whether the number could be read, and is covered
    "a key twice": (b'"readings":[],"readings":[]}', "duplicate_key", True),
    "a key twice inside": (b'"readings":[{"metric":"spo2","value":99,"value":79,"unit":"%"}]}', "duplicate_key", True),
    "readings are no list": (b'"readings":{"spo2":97}}', "wrong_shape", True),
    "too many readings": (b'"readings":[' + b",".join([b"1"] * 1001) + b"]}", "wrong_shape", True),
    "64 KiB and a byte": (b'"readings":[],"x":"' + b"x" * 65_536 + b'"}', "too_large", False),
    "240 KiB": (b'"readings":[],"x":"' + b"x" * 240_000 + b'"}', "too_large", False),
    "bad UTF-8": (b'"readings":[{"metric":"\xff\xfe"}]}', "bad_utf8", False),
    "deep nesting": (b'"readings":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "bad_json", False),
    "half a message": (b'"readings":[{"metric":"sp', "bad_json", False),
    "nothing": (b"", "bad_json", False),
}


@pytest.mark.parametrize("bad", BAD_MESSAGES)
async def test_a_message_that_cannot_be_read_is_kept_aside_by_name_and_told(
    busy_ward: Ward, oximeter: Oximeter, bad: str
) -> None:
    ward, epoch = busy_ward, "bad-message"
    rest, reason, covered = BAD_MESSAGES[bad]
    seq = await begin(oximeter, epoch)
    before = len(ward.rows("SELECT id FROM quarantine"))
    await oximeter.tells(_numbered(seq + 1, rest) if rest else b"")
    kept = (await until(lambda: ward.rows("SELECT * FROM quarantine ORDER BY received_at")[before:], 10.0))[0]
    assert (kept["reason"], kept["device_id"]) == (reason, oximeter.id)
    assert len(kept["payload"]) <= 65_536
    await next_is_served(ward, oximeter, epoch, seq + 2)
    await asyncio.sleep(0.2)
    assert oximeter.covered(epoch) == (seq + 2 if covered else seq)
    bodies = ward.rows("SELECT body FROM messages WHERE device_id = ? ORDER BY position DESC LIMIT 2", oximeter.id)
    assert reason in str(bodies[1]["body"]), "evaluation hears of it in its place"
    alarms = ward.rows("SELECT condition, resolved_at FROM alarms WHERE patient_id = ?", ward.a["patient"])
    assert {"condition": f"unreadable:{oximeter.id}", "resolved_at": None} in alarms


@pytest.mark.parametrize("digits", [b"1e999", b"-1e999", DIGITS, b"0." + DIGITS, b"-" + DIGITS + b"e-60000"])
async def test_numbers_without_end_are_judged_quickly(busy_ward: Ward, oximeter: Oximeter, digits: bytes) -> None:
    epoch = "digits"
    seq = await begin(oximeter, epoch)
    rest = b'{"epoch":"digits","seq":%d,"readings":[{"metric":"spo2","value":%s,"unit":"%%"},' % (seq + 1, digits)
    good = b'{"metric":"pulse_rate","value":48,"unit":"/min"}]}'
    await oximeter.tells(rest + good)
    body = await until(lambda: stored(busy_ward, oximeter.id, epoch, seq + 1), 10.0)
    assert 48.0 in [kept["value"] for kept in body["readings"]]
    await next_is_served(busy_ward, oximeter, epoch, seq + 2)


async def test_what_comes_again_and_out_of_order_is_stored_once_and_never_acknowledged_ahead(
    busy_ward: Ward, oximeter: Oximeter
) -> None:
    """Everything is replayed; the acknowledgement never names a number below which one is missing."""
    first = await begin(oximeter, "replay")
    payloads = {seq: message(seq, reading(value=90 + seq % 9), epoch="replay") for seq in range(first + 1, first + 20)}
    gap = first + 5
    for seq in [*sorted(payloads, reverse=True), *payloads]:
        if seq != gap:
            await oximeter.tells(payloads[seq])
    await oximeter.is_covered(gap - 1, epoch="replay")
    await asyncio.sleep(0.2)
    assert oximeter.covered("replay") == gap - 1
    forged = message(gap - 1, reading(value=55), epoch="replay")
    await oximeter.tells(forged)
    await oximeter.tells(payloads[gap])
    await oximeter.is_covered(first + 19, epoch="replay")
    for seq, payload in payloads.items():
        body = stored(busy_ward, oximeter.id, "replay", seq)
        assert body
        assert body["readings"][0]["value"] == json.loads(payload)["readings"][0]["value"], "the first one stands"


async def test_a_retained_reading_is_no_later_clients_present(busy_ward: Ward, oximeter: Oximeter) -> None:
    """It counts once, when it is said; a server link or a device that comes later is not shown it."""
    seq = await begin(oximeter, "retained")
    oximeter.publish(message(seq + 1, reading(value=79), epoch="retained"), retain=True)
    await oximeter.is_covered(seq + 1, epoch="retained")
    oximeter.publish(json.dumps({"epoch": "retained", "seq": 10**9}).encode(), channel="status", retain=True)
    await oximeter.close()
    again = await Oximeter.on(busy_ward.hospital.mqtt, busy_ward.a["device"], busy_ward.a.secret)
    await asyncio.sleep(0.3)
    assert not again.acks
    await again.close()


FOREIGN = {  # {own} and {other} are device ids
    "another device's readings": "bedside/v1/{other}/readings",
    "its own acknowledgement": "bedside/v1/{own}/ack",
    "another's acknowledgement": "bedside/v1/{other}/ack",
    "a command": "bedside/v1/{own}/command",
    "outside the house": "elsewhere",
    "the broker's own": "$SYS/broker/uptime",
    "a wildcard": "bedside/v1/+/readings",
    "bytes that are no text": "bedside/v1/\udcff\udcfe/readings",
    "a way around": "bedside/v1/{own}/../{other}/readings",
}


@pytest.mark.parametrize("where", FOREIGN)
async def test_a_device_speaks_on_its_own_branch_alone(busy_ward: Ward, oximeter: Oximeter, where: str) -> None:
    """Whoever else may be listening – the other device, the server – gets nothing, and the sender is cut or ignored."""
    victim = await Oximeter.on(busy_ward.hospital.mqtt, busy_ward.b["device"], busy_ward.b.secret)
    topic = FOREIGN[where].format(own=oximeter.id, other=victim.id).encode(errors="surrogateescape")
    before = busy_ward.rows("SELECT count(*) AS n FROM messages WHERE device_id = ?", victim.id)
    forged = json.dumps({"epoch": "e1", "seq": 10**9, "readings": [reading(value=97)]}).encode()
    oximeter.publish_on(topic, forged)
    await asyncio.sleep(0.3)
    assert not victim.acks
    assert not [ack for ack in oximeter.acks if "seq" in ack], "its own may be refused by name"
    assert busy_ward.rows("SELECT count(*) AS n FROM messages WHERE device_id = ?", victim.id) == before
    await victim.close()


@dataclass(frozen=True)
class Claim:
    """A CONNECT in fields; "a" and "b" stand for the two devices and their secrets."""

    client: str
    secret: str = "a"
    user: str | None = None
    will: str | None = None

    def said_in(self, ward: Ward) -> bytes:
        ids = {key: side["device"] for key, side in ward.sides.items()}
        secrets = {key: side.secret for key, side in ward.sides.items()}
        return raw_mqtt.connect(
            ids.get(self.client, self.client),
            secrets.get(self.secret, self.secret),
            user=None if self.user is None else ids.get(self.user, self.user),
            will=self.will and self.will.format(**ids),
        )


CLAIMS = (
    Claim("ox-unknown"),
    Claim("a", secret="wrong"),
    Claim("a", secret="b"),
    Claim("a", secret="b", user="b"),
    Claim("b", user="a"),
    Claim("bedside-server"),
    Claim("bedside-server", secret=""),
    Claim("", user="a"),
    Claim("#"),
    Claim("a", will="bedside/v1/{b}/status"),
    Claim("a", will="bedside/v1/{a}/readings"),
    Claim("a", will="bedside/v1/{a}/ack"),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
async def test_who_is_not_let_in_disturbs_nobody_who_is(busy_ward: Ward, oximeter: Oximeter, claim: Claim) -> None:
    intruder = await RawClient.open(busy_ward.hospital.mqtt, claim.said_in(busy_ward))
    assert await intruder.rest() != raw_mqtt.ACCEPTED
    await next_is_served(busy_ward, oximeter, f"let-in-{next(SEQS)}", 1)
    assert not oximeter.closed


async def test_a_megabyte_cuts_its_sender_and_a_reading_after_it_is_served(busy_ward: Ward) -> None:
    loud = await Oximeter.on(busy_ward.hospital.mqtt, busy_ward.b["device"], busy_ward.b.secret)
    loud.publish(b'{"readings":[],"x":"' + b"x" * (1 << 20) + b'"}')
    await loud.until(lambda: loud.closed)
    again = await Oximeter.on(busy_ward.hospital.mqtt, busy_ward.b["device"], busy_ward.b.secret)
    await next_is_served(busy_ward, again, "after-a-megabyte", 1)
    await again.close()
