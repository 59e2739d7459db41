"""Which sequence numbers of one device and epoch are stored, and up to where it may forget. Pure; no readings here."""

from collections.abc import Iterator

import msgspec

from devices.readings import Gap

MAX_RANGES = 1000


class Stream(msgspec.Struct, frozen=True):
    """Every number up to ``covered`` is stored or known lost; ``ahead`` are disjoint ascending ranges above it.

    Both ends of a range are included. Between two neighbours at least one number is missing.
    """

    covered: int
    ahead: tuple[tuple[int, int], ...] = ()

    @classmethod
    def begin(cls, seq: int, oldest: int | None) -> "Stream":
        """The stream just before its first message: nothing below what the device still holds was ever promised."""
        return cls(covered=(seq if oldest is None else min(oldest, seq)) - 1)

    def receive(self, seq: int, oldest: int | None) -> tuple["Stream", tuple[Gap, ...]]:
        """Count ``seq`` as stored, pass over what the device lost below ``oldest``, and name that as gaps.

        Call it for duplicates too: a range that was forgotten (beyond ``MAX_RANGES``) is learned again that way.
        """
        if seq == self.covered + 1 and not self.ahead and (oldest is None or oldest <= seq):
            return Stream(seq), ()  # nearly always: the next one
        ranges = _merge([*self.ahead, (seq, seq)]) if seq > self.covered else list(self.ahead)
        gaps = tuple(_missing(self.covered, ranges, oldest)) if oldest is not None else ()
        covered = max(self.covered, -1 if oldest is None else oldest - 1)
        while ranges and ranges[0][0] <= covered + 1:
            covered = max(covered, ranges.pop(0)[1])
        # The highest are forgotten, never the lowest: a forgotten number is sent again, a falsely covered one is lost.
        return Stream(covered, tuple(ranges[:MAX_RANGES])), gaps


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _missing(covered: int, ranges: list[tuple[int, int]], oldest: int) -> Iterator[Gap]:
    expected = covered + 1
    for first, last in ranges:
        if first >= oldest:
            break
        if first > expected:
            yield Gap(expected, first - 1)
        expected = last + 1
    if expected < oldest:
        yield Gap(expected, oldest - 1)
