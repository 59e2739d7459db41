"""Half-open connections of one machine take nobody else's place before the broker."""

from functools import partial

from devices.broker_threshold import Threshold


class Door:
    """Remembers who was turned out; as at the broker, they are gone then."""

    def __init__(self, most: int) -> None:
        self.threshold = Threshold(most, lambda address: address.partition("/")[0])
        self.out: list[str] = []

    def come(self, address: str, *names: str) -> list[bool]:
        return [self.threshold.come(address, name, partial(self.out.append, name)) for name in names]


def test_the_machine_that_holds_most_gives_way_with_its_last() -> None:
    door = Door(most=4)
    assert door.come("flood/1", "a", "b", "c", "d") == [True] * 4
    assert door.come("ward", "oximeter") == [True]
    assert (door.out, len(door.threshold)) == (["d"], 4)
    assert door.come("flood/2", "e", "f") == [False, False], "whatever port or address of its own it comes from"


def test_no_two_take_places_from_each_other_in_turns() -> None:
    door = Door(most=4)
    door.come("north", "a", "b")
    door.come("south", "c", "d")
    assert door.come("north", "e") == door.come("south", "f") == [False]
    assert door.come("east", "g") == [True]
    assert door.come("east", "h") == [False]
    assert len(door.out) == 1


def test_who_is_through_leaves_room_and_leaves_once() -> None:
    door = Door(most=2)
    door.come("ward", "a", "b")
    assert door.come("ward", "a") == [True], "is there already"
    door.threshold.leave("ward", "a")
    door.threshold.leave("ward", "a")
    door.threshold.leave("ward", "unknown")
    assert door.come("ward", "c", "d") == [True, False]
    assert door.out == []
