"""Who may hold how many connections: one address, all together, and the staff's lane."""

import pytest

from server.connections import STAFF_ADDRESSES, STAFF_TIMES, Connections, Most

CROWD, HOSPITAL, PROXY = "203.0.113.9", "192.0.2.7", "127.0.0.1"
MOST = Most(an_address=3, everybody=10, in_all=12, uncounted=("127.0.0.1",))


def let_in(connections: Connections, address: str, tries: int) -> int:
    return sum(connections.come(address) for _ in range(tries))


def test_one_address_holds_so_many_and_another_as_many_beside_it() -> None:
    connections = Connections(MOST)
    assert let_in(connections, CROWD, 9) == 3
    assert let_in(connections, HOSPITAL, 9) == 3
    assert connections.refused == 12
    connections.go(CROWD)
    assert let_in(connections, CROWD, 9) == 1


def test_one_subscriber_of_ipv6_is_one_address_however_many_it_picks() -> None:
    assert let_in(Connections(MOST), "2001:db8::1", 2) == 2
    connections = Connections(MOST)
    assert sum(connections.come(f"2001:db8::{n}") for n in range(1, 9)) == 3


def test_a_proxy_is_not_one_person_but_counts_in_all() -> None:
    connections = Connections(MOST)
    assert let_in(connections, PROXY, 20) == 10
    assert len(connections) == 10
    assert not connections.come(CROWD)


def test_addresses_of_staff_hold_more_and_come_in_last_of_all() -> None:
    connections = Connections(MOST)
    connections.staff_at(HOSPITAL)
    let_in(connections, PROXY, 20)
    assert let_in(connections, HOSPITAL, 9) == 2, "the places that are kept"
    for _ in range(10):
        connections.go(PROXY)
    assert let_in(connections, HOSPITAL, 20) == 3 * STAFF_TIMES - 2


def test_what_has_gone_leaves_nothing_behind_and_staff_are_remembered_to_a_bound() -> None:
    connections = Connections(MOST)
    connections.staff_at(HOSPITAL)
    for n in range(STAFF_ADDRESSES):
        connections.staff_at(f"198.51.{n // 250}.{n % 250}")
    assert let_in(connections, HOSPITAL, 9) == 3, "long ago"
    for _ in range(3):
        connections.go(HOSPITAL)
    assert (len(connections), dict(connections._open)) == (0, {})


@pytest.mark.parametrize("address", ["", "unix", "127.0.0.2"])
def test_what_is_not_excepted_counts(address: str) -> None:
    assert let_in(Connections(MOST), address, 9) == 3
