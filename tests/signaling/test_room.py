"""A room: its messages go to its members, signed with the seat, and never back to the sender."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import room as rooms
from signaling.errors import Flooded, NotInRoom
from signaling.messages import Candidate, Change, Description, PeerNotice, SdpType, Seat, Signal, SignalNotice
from signaling.room import Post, Room

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ID = "0" * 32
OFFER = Signal(ID, description=Description(SdpType.OFFER, "v=0\r\n"))
CANDIDATE = Signal(ID, candidate=Candidate("candidate:1 1 udp 1 192.0.2.1 9 typ host", sdp_mid="0"))


def empty(*, per_minute: int = 300) -> Room:
    return Room(ID, empty_since=NOW, signals_per_minute=per_minute)


def together() -> Room:
    room, _ = rooms.join(empty(), Seat.DOCTOR, "d1", NOW)
    return rooms.join(room, Seat.PATIENT, "p1", NOW)[0]


def test_the_first_hears_the_second_come() -> None:
    room, posts = rooms.join(empty(), Seat.DOCTOR, "d1", NOW)
    assert posts == ()
    room, posts = rooms.join(room, Seat.PATIENT, "p1", NOW)
    assert posts == (Post("d1", PeerNotice(ID, Seat.PATIENT, Change.JOINED)),)
    assert room.others(Seat.PATIENT) == (Seat.DOCTOR,)


def test_an_offer_is_signed_with_the_seat_of_its_socket() -> None:
    _, posts = rooms.signal(together(), "p1", OFFER, NOW)
    assert posts == (Post("d1", SignalNotice(ID, Seat.PATIENT, description=OFFER.description)),)


def test_the_patient_gives_way() -> None:
    assert Seat.PATIENT.polite
    assert not Seat.DOCTOR.polite


def test_a_newer_socket_takes_the_seat_over() -> None:
    room, posts = rooms.join(together(), Seat.PATIENT, "p2", NOW)
    assert posts == (
        Post("p1", PeerNotice(ID, Seat.PATIENT, Change.TAKEN_OVER)),
        Post("d1", PeerNotice(ID, Seat.PATIENT, Change.JOINED)),
    )
    with pytest.raises(NotInRoom):
        rooms.signal(room, "p1", OFFER, NOW)
    assert rooms.leave(room, "p1", NOW) == (room, ())


def test_a_rejoin_of_the_same_socket_is_told_to_the_other_only() -> None:
    _, posts = rooms.join(together(), Seat.DOCTOR, "d1", NOW)
    assert posts == (Post("p1", PeerNotice(ID, Seat.DOCTOR, Change.JOINED)),)


def test_a_socket_that_changes_seats_leaves_the_old_one() -> None:
    room, _ = rooms.join(together(), Seat.DOCTOR, "p1", NOW)
    assert room.sockets == {Seat.DOCTOR: "p1"}


def test_a_flood_is_refused_and_a_new_socket_does_not_help() -> None:
    room = rooms.join(empty(per_minute=3), Seat.DOCTOR, "d1", NOW)[0]
    room = rooms.signal(room, "d1", CANDIDATE, NOW)[0]
    room = rooms.signal(room, "d1", CANDIDATE, NOW)[0]
    with pytest.raises(Flooded):
        rooms.signal(room, "d1", CANDIDATE, NOW)
    room = rooms.leave(room, "d1", NOW)[0]
    with pytest.raises(Flooded):
        rooms.join(room, Seat.DOCTOR, "d2", NOW)
    rooms.join(room, Seat.PATIENT, "p1", NOW)  # the other seat has its own budget
    rooms.join(room, Seat.DOCTOR, "d2", NOW + timedelta(minutes=1))


def test_an_empty_room_outlives_its_sockets_by_a_minute() -> None:
    room = rooms.leave(together(), "d1", NOW)[0]
    assert rooms.tick({ID: room}, NOW + timedelta(hours=1)) == {ID: room}
    room = rooms.leave(room, "p1", NOW)[0]
    assert rooms.tick({ID: room}, NOW + timedelta(seconds=59)) == {ID: room}
    assert rooms.tick({ID: room}, NOW + timedelta(seconds=60)) == {}
    back = rooms.join(room, Seat.DOCTOR, "d2", NOW + timedelta(seconds=59))[0]
    assert rooms.tick({ID: back}, NOW + timedelta(hours=1)) == {ID: back}


SOCKETS = st.sampled_from(["a", "b", "c", "d"])
DEEDS = st.lists(st.tuples(st.sampled_from(["join", "leave", "signal"]), st.sampled_from(Seat), SOCKETS), max_size=50)


@given(DEEDS)
def test_messages_reach_members_only_and_never_the_sender(deeds: list[tuple[str, Seat, str]]) -> None:
    room = empty()
    for deed, seat, socket in deeds:
        before = room
        match deed:
            case "join":
                room, posts = rooms.join(room, seat, socket, NOW)
            case "leave":
                room, posts = rooms.leave(room, socket, NOW)
            case _ if room.seat_of(socket) is None:
                with pytest.raises(NotInRoom):
                    rooms.signal(room, socket, OFFER, NOW)
                posts = ()
            case _:
                room, posts = rooms.signal(room, socket, OFFER, NOW)
        for post in posts:
            taken_over = isinstance(post.notice, PeerNotice) and post.notice.change is Change.TAKEN_OVER
            assert post.socket in (before if taken_over else room).sockets.values()
            assert post.socket != socket
        assert len(set(room.sockets.values())) == len(room.sockets)
        assert (room.empty_since is None) is bool(room.sockets)
