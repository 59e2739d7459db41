"""What the ladder of an alarm counts: an SMS under way is waited for, and nothing else ever holds anybody up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.monitoring.telling import Told, steps
from server.notifications.deliveries import LOST, Channel, DeliveryState
from server.notifications.ladder import Climb, Step, due

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACK = timedelta(seconds=120)
HIGH = Climb("high", physiological=True, condition="spo2.low", began_at=NOON, answered=False)


def told(channel: Channel, state: DeliveryState) -> Told:
    return Told("transition", Step.RESPONSIBLE, "李医生", channel, state, NOON)


def next_people_now(*so_far: Told) -> bool:
    """A second after the first were told, long before they had their time to answer."""
    return Step.EVERYONE in due(HIGH, steps(so_far), NOON + timedelta(seconds=1), ACK)


@pytest.mark.parametrize("state", sorted(LOST))
@pytest.mark.parametrize(
    "beside",
    [
        [],
        [told(Channel.PUSH, DeliveryState.SENT)],
        [told(Channel.PUSH, DeliveryState.QUEUED), told(Channel.MAIL, DeliveryState.SENT)],
        [told(Channel.MAIL, DeliveryState.QUEUED), told(Channel.VOICE, DeliveryState.QUEUED)],
    ],
)
def test_when_the_sms_is_lost_no_other_way_holds_the_next_people_up(state: DeliveryState, beside: list[Told]) -> None:
    assert next_people_now(told(Channel.SMS, state), *beside)


@pytest.mark.parametrize("channel", [Channel.PUSH, Channel.MAIL, Channel.VOICE])
def test_who_was_really_reached_has_the_time_to_answer(channel: Channel) -> None:
    so_far = (told(Channel.SMS, DeliveryState.FAILED), told(channel, DeliveryState.DELIVERED))
    assert not next_people_now(*so_far)
    assert due(HIGH, steps(so_far), NOON + ACK, ACK) == (Step.EVERYONE,)


def test_a_step_that_was_only_pushed_is_not_taken_again() -> None:
    assert due(HIGH, steps([told(Channel.PUSH, DeliveryState.SENT)]), NOON, ACK) == ()


rows = st.lists(st.builds(told, st.sampled_from(list(Channel)), st.sampled_from(list(DeliveryState))), max_size=6)


@given(rows, st.sampled_from(list(DeliveryState)))
def test_more_ways_never_make_the_next_people_wait_longer_unless_somebody_was_reached(
    others: Sequence[Told], sms: DeliveryState
) -> None:
    beside = [one for one in others if one.channel != Channel.SMS and one.state is not DeliveryState.DELIVERED]
    assert next_people_now(told(Channel.SMS, sms), *beside) is next_people_now(told(Channel.SMS, sms))
