"""How many connections an address may hold, and how many there may be in all; the staff's are refused last. Pure.

Who is behind a connection is not known when it comes. So an address from which somebody of the staff has lately been
let in counts as the staff's: it may hold more, as a hospital behind one address does, and the last places are kept for
it.
"""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final

from server.access.limits import caller

STAFF_TIMES: Final = 4  # what an address of staff may hold, against another's
STAFF_ADDRESSES: Final = 1_000  # remembered, the latest


@dataclass(frozen=True)
class Most:
    """``everybody``: from there on only addresses of staff are let in, up to ``in_all``. ``uncounted``: networks."""

    an_address: int
    everybody: int
    in_all: int
    uncounted: tuple[str, ...] = ()

    def counts(self, address: str) -> bool:
        """Not a proxy's or this machine's own, behind which many come; in all they count none the less."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return True
        return not any(parsed in ip_network(network) for network in self.uncounted)


@dataclass
class Connections:
    """Those that are open now, by caller."""

    most: Most
    refused: int = 0
    _open: Counter[str] = field(default_factory=Counter)
    _in_all: int = 0
    _staff: dict[str, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return self._in_all

    def come(self, address: str) -> bool:
        """May it stay? Then ``go`` follows, once."""
        here = caller(address)
        is_staff = here in self._staff
        in_all = self.most.in_all if is_staff else self.most.everybody
        here_at_most = self.most.an_address * (STAFF_TIMES if is_staff else 1)
        if self._in_all >= in_all or (self._open[here] >= here_at_most and self.most.counts(address)):
            self.refused += 1
            return False
        self._open[here] += 1
        self._in_all += 1
        return True

    def go(self, address: str) -> None:
        here = caller(address)
        self._in_all -= 1
        self._open[here] -= 1
        if not self._open[here]:
            del self._open[here]

    def staff_at(self, address: str) -> None:
        """Somebody of the staff was let in from there."""
        here = caller(address)
        self._staff.pop(here, None)
        self._staff[here] = None
        if len(self._staff) > STAFF_ADDRESSES:
            del self._staff[next(iter(self._staff))]
