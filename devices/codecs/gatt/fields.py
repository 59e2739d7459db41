"""The fields of a Bluetooth characteristic, read from its first byte to its last: flags, numbers, dates, bit sets.

Layouts and field names are those of the Bluetooth SIG's GATT Specification Supplement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from devices.codecs.ieee11073 import Special, float32, sfloat
from devices.codecs.judging import YEARS, Said, judge
from devices.metrics import METRICS
from devices.readings import Reason, Refusal, Reported

NO_NUMBER = {
    Special.POSITIVE_INFINITY: Reason.ABOVE_RANGE,
    Special.NEGATIVE_INFINITY: Reason.BELOW_RANGE,
}
UNKNOWN_USER = 255


class LayoutError(Exception):
    """The bytes are not the characteristic's layout; the message says how."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A Date Time field: local time without offset. ``at`` None where the device has no date (year, month or day 0);
    ``wrong`` where it gave one that no calendar has."""

    at: datetime | None = None
    wrong: bool = False


NO_STAMP = Stamp()


class Fields:
    """Reads on; raises LayoutError where the bytes end too soon, ``end`` where they do not end."""

    def __init__(self, payload: bytes) -> None:
        self._rest = payload

    def __len__(self) -> int:
        return len(self._rest)

    def uint(self, size: int) -> int:
        """Little-endian, unsigned."""
        return int.from_bytes(self._take(size), "little")

    def sint16(self) -> int:
        return int.from_bytes(self._take(2), "little", signed=True)

    def flags(self, known: int) -> int:
        """One byte. A bit that the standard reserves may move everything behind it: not read on."""
        flags = self.uint(1)
        if flags & ~known:
            raise LayoutError("reserved flag bits set")
        return flags

    def sfloat(self) -> float | Special:
        return sfloat(self.uint(2))

    def float32(self) -> float | Special:
        return float32(self.uint(4))

    def stamp(self) -> Stamp:
        year, (month, day, hour, minute, second) = self.uint(2), self._take(5)
        if 0 in {year, month, day}:
            return NO_STAMP
        try:
            at = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 – the field has no offset
        except ValueError:
            return Stamp(wrong=True)
        return Stamp(at) if year in YEARS else Stamp(wrong=True)

    def end(self) -> None:
        if self._rest:
            raise LayoutError(f"{len(self._rest)} bytes too many")

    def _take(self, size: int) -> bytes:
        taken, self._rest = self._rest[:size], self._rest[size:]
        if len(taken) < size:
            raise LayoutError("too short")
        return taken


def named_bits(bits: int, names: Sequence[str]) -> tuple[str, ...]:
    """Bit 0 first; an empty name is a bit that the standard reserves."""
    return tuple(name for place, name in enumerate(names) if name and bits >> place & 1)


def number(value: float | Special) -> float | None:
    return None if isinstance(value, Special) else value


def reading(
    metric: str,
    value: float | Special,
    unit: str,
    stamp: Stamp = NO_STAMP,
    *,
    context: tuple[str, ...] = (),
) -> Reported | Refusal:
    """A special value is a refusal that says what the device meant."""
    if isinstance(value, Special):
        return Refusal(NO_NUMBER.get(value, Reason.NO_VALUE), metric, detail=value.value)
    said = Said(METRICS[metric], value, unit, at=stamp.at, context=context, wrong_at=stamp.wrong)
    return judge(said)


def user(number: int | None) -> tuple[str, ...]:
    """The device's own number for who used it, as context; 255 is nobody known."""
    return () if number is None or number == UNKNOWN_USER else (f"user_{number}",)
