"""A device's clock offset, and readings put on our time: late ones stay late, future ones are refused. Pure."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import cast

import msgspec

from devices.readings import Body, Decoded, Reading, Reason, Refusal, Reported
from devices.waves import Block

FUTURE_AFTER = timedelta(minutes=5)
NOTHING = timedelta(0)
STEADY = timedelta(seconds=2)  # within this two observations agree, and an offset is not worth correcting
WITNESSES = 3
KEPT = 16
Placed = tuple[tuple[Block, ...], tuple[Refusal, ...]]
AHEAD_FOR = timedelta(seconds=2)
BEHIND_FOR = timedelta(seconds=60)  # a delay makes a clock look behind, never ahead: behind must be shown for longer


class Sighting(msgspec.Struct, frozen=True):
    """One look at the device's clock: ``sent`` as it said, minus our receipt. The network's delay makes it smaller."""

    received_at: datetime
    ahead_by: timedelta


class Clock(msgspec.Struct, frozen=True):
    """``offset`` is device clock minus ours; ``sightings`` are those that contradict it, oldest first."""

    offset: timedelta = timedelta(0)
    sightings: tuple[Sighting, ...] = ()

    def observe(self, sent_at: datetime | None, received_at: datetime) -> "Clock":
        """Follow a jump only when several messages over some time agree; ``sent_at`` is the moment of this sending.

        One wrong ``sent`` thus moves nothing, and a backlog, whose times run faster than ours, is no clock behind.
        """
        if sent_at is None:
            return self
        sighting = Sighting(received_at, sent_at - received_at)
        if abs(sighting.ahead_by - self.offset) <= STEADY:
            return Clock(self.offset)
        agreeing = [s for s in self.sightings if abs(s.ahead_by - sighting.ahead_by) <= STEADY]
        return self._weigh((*agreeing[:1], *agreeing[1:][-KEPT:], sighting))

    def after_step(self, by: timedelta, sent_at: datetime, received_at: datetime) -> "Clock":
        """Our own clock was put forward ``by``. Had it been wrong, the device is ahead of it by that much less; had it
        stood still – a machine that was paused – by as much as before: the first message says which."""
        seen, moved = sent_at - received_at, self.offset - by
        return Clock(moved) if abs(seen - moved) < abs(seen - self.offset) else self

    def _weigh(self, sightings: tuple[Sighting, ...]) -> "Clock":
        least_delayed = max(s.ahead_by for s in sightings)
        needed = AHEAD_FOR if least_delayed > self.offset else BEHIND_FOR
        shown_for = sightings[-1].received_at - sightings[0].received_at
        if len(sightings) < WITNESSES or shown_for < needed:
            return Clock(self.offset, sightings)
        return Clock(least_delayed if abs(least_delayed) > STEADY else timedelta(0))


def localised(decoded: Decoded, zone: tzinfo) -> Decoded:
    """Times that came without their offset – HL7, ASTM and Bluetooth allow that – read as local times of ``zone``.

    A device set to another zone shows as a clock offset, and is corrected like one."""
    if decoded.settled or not (_naive(decoded.sent_at) or any(_naive(reading.at) for reading in decoded.readings)):
        return decoded
    readings = tuple(msgspec.structs.replace(reading, at=_aware(reading.at, zone)) for reading in decoded.readings)
    return msgspec.structs.replace(decoded, readings=readings, sent_at=_aware(decoded.sent_at, zone))


def _naive(at: datetime | None) -> bool:
    return at is not None and at.tzinfo is None


def _aware(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at.replace(tzinfo=zone).astimezone(UTC) if at is not None and at.tzinfo is None else at


def place(decoded: Decoded, offset: timedelta, received_at: datetime) -> Body:
    """The readings on our time. More than five minutes ahead of receipt is refused; without time of its own a reading
    was taken when the message was sent, or failing that when it was received."""
    if decoded.settled and not offset:
        settled = cast("tuple[Reading, ...]", decoded.readings)
        if max([reading.at for reading in settled]) <= received_at + FUTURE_AFTER:
            return Body(settled)
    untimed = received_at if decoded.sent_at is None else min(decoded.sent_at - offset, received_at)
    placed = [_place(reading, offset, untimed) for reading in decoded.readings]
    latest = received_at + FUTURE_AFTER
    if not placed or max([reading.at for reading in placed]) <= latest:
        return Body(tuple(placed), decoded.refusals)
    future = tuple(Refusal(Reason.FUTURE, reading.metric, reading.value) for reading in placed if reading.at > latest)
    return Body(tuple(reading for reading in placed if reading.at <= latest), (*decoded.refusals, *future))


def place_waves(blocks: tuple[Block, ...], offset: timedelta, received_at: datetime) -> Placed:
    """The blocks on our time; one that ends more than five minutes after its receipt is refused."""
    placed = tuple(msgspec.structs.replace(block, start=block.start - offset) for block in blocks)
    latest = received_at + FUTURE_AFTER
    ahead = tuple(Refusal(Reason.FUTURE, detail=block.channel) for block in placed if block.until > latest)
    return (tuple(block for block in placed if block.until <= latest) if ahead else placed), ahead


def _place(reported: Reported, offset: timedelta, untimed: datetime) -> Reading:
    at = reported.at
    return Reading(
        reported.metric,
        reported.value,
        reported.unit,
        untimed + (reported.after_sent or NOTHING) if at is None else at - offset,
        at is not None,
        reported.sent_value,
        reported.sent_unit,
        reported.comparator,
        reported.context,
        reported.subject,
    )
