"""Of each stream only the newest receipt is worth a message."""

from hypothesis import given
from hypothesis import strategies as st

from devices.mqtt_acks import NewestAcks

OX1, OX2 = ("ox1", "e"), ("ox2", None)


def test_one_is_in_flight_and_the_newest_follows() -> None:
    acks = NewestAcks()
    acks.want(OX1, 1)
    assert list(acks.due()) == [(OX1, 1)]
    for seq in (2, 3, 4):
        acks.want(OX1, seq)
        assert list(acks.due()) == []
    acks.confirmed(OX1)
    assert list(acks.due()) == [(OX1, 4)]
    acks.confirmed(OX1)
    assert not acks


def test_streams_do_not_wait_for_each_other() -> None:
    acks = NewestAcks()
    acks.want(OX1, 1)
    list(acks.due())
    acks.want(OX2, 9)
    assert list(acks.due()) == [(OX2, 9)]


def test_what_was_in_flight_at_a_disconnect_is_sent_again_unless_a_newer_one_is_wanted() -> None:
    acks = NewestAcks()
    acks.want(OX1, 1)
    acks.want(OX2, 5)
    list(acks.due())
    acks.want(OX1, 3)
    acks.disconnected()
    assert dict(acks.due()) == {OX1: 3, OX2: 5}


@given(st.lists(st.sampled_from(["want", "due", "confirmed", "disconnected"]), max_size=60))
def test_the_last_receipt_is_always_sent_in_the_end(steps: list[str]) -> None:
    acks, seq, sent = NewestAcks(), 0, 0
    for step in [*steps, "want", "confirmed", "due", "confirmed", "due"]:
        if step == "want":
            seq += 1
            acks.want(OX1, seq)
        elif step == "due":
            for _, sent_seq in acks.due():
                assert sent_seq >= sent, "a receipt never goes back"
                sent = sent_seq
        elif step == "confirmed":
            acks.confirmed(OX1)
        else:
            acks.disconnected()
    assert sent == seq
