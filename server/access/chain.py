"""The audit's keyed hash chain: each seal binds one row of the audit to all that was sealed before. Pure: no clock.

A seal says: this row, with these words, stood at this place. ``sealing`` adds seals, ``inspection`` reads them again.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from server.access.audit import AuditEntry

FORM: Final = "bedside-audit-1"  # what a seal is made of; another composition gets another name
HASH_BYTES: Final = hashlib.sha256().digest_size
_ENCODER = msgspec.json.Encoder(order="deterministic")  # the detail's keys have no order of their own


class BadHead(Exception):
    """A line that is no head of a chain."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the audit under its number."""

    id: int
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Seal:
    """One link. ``settled``: no row up to this id was still to come when the seal was made; unsealed ones are forged.

    Seal 0 binds no row: it says which key the chain began with.
    """

    number: int
    row_id: int
    settled: int
    sealed_at: datetime
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's end at a moment. Kept elsewhere, it shows that a later chain is this one continued."""

    at: datetime
    number: int
    mac: bytes

    @property
    def line(self) -> str:
        """As it is written to files and logs."""
        return f"{_moment(self.at)} {self.number} {self.mac.hex()}"


def begin(key: bytes, at: datetime) -> Seal:
    """Seal 0."""
    return _seal(key, b"", Seal(0, 0, 0, at, b""), None)


def fits(key: bytes, first: Seal) -> bool:
    """Whether the chain that begins with ``first`` began with this key."""
    return hmac.compare_digest(first.mac, begin(key, first.sealed_at).mac)


def seal_rows(key: bytes, tip: Seal, rows: Iterable[AuditRow], stamp: tuple[int, datetime]) -> list[Seal]:
    """The chain goes on after ``tip``; ``stamp`` is what is settled, and when it is sealed."""
    (settled, at), seals = stamp, [tip]
    for row in rows:
        wanted = Seal(seals[-1].number + 1, row.id, max(settled, tip.settled), at, b"")
        seals.append(_seal(key, seals[-1].mac, wanted, row))
    return seals[1:]


def expected_mac(key: bytes, previous: bytes, seal: Seal, row: AuditRow | None) -> bytes:
    """What ``seal`` must hold after a seal with ``previous``: HMAC-SHA256 (RFC 2104) over both and the row."""
    said = [FORM, seal.number, seal.row_id, seal.settled, _moment(seal.sealed_at)]
    if row is not None:
        entry = row.entry
        said += [row.id, _moment(entry.at), entry.actor, entry.action, entry.subject, dict(entry.detail)]
    return hmac.digest(key, previous + _ENCODER.encode(said), hashlib.sha256)


def read_head(line: str) -> Head:
    """The inverse of ``Head.line``. Raises BadHead."""
    try:
        at, number, mac = line.split()
        head = Head(datetime.fromisoformat(at), int(number), bytes.fromhex(mac))
    except ValueError:
        raise _no_head(line) from None
    if len(head.mac) != HASH_BYTES:  # cut off in the middle it would accuse a chain that is whole
        raise _no_head(line)
    return head


def _no_head(line: str) -> BadHead:
    return BadHead(f"{line.strip()[:120]!r} is no head: expected a moment, a number and a hash")


def _seal(key: bytes, previous: bytes, wanted: Seal, row: AuditRow | None) -> Seal:
    mac = expected_mac(key, previous, wanted, row)
    return Seal(wanted.number, wanted.row_id, wanted.settled, wanted.sealed_at, mac)


def _moment(at: datetime) -> str:
    """In UTC to the microsecond, so that both databases give back what was sealed."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
