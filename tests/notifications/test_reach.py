"""One person's ladder: every promise of it by time alone, and that time never skips, repeats or reverses a rung."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.deliveries import LOST, Channel, DeliveryState
from server.notifications.reach import (
    ALARM,
    DONE,
    RUNGS,
    Reach,
    Tried,
    Way,
    asks_push,
    first,
    has_arrived,
    next_rung,
)
from server.notifications.templates import Template

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVERYTHING = frozenset(Channel)
TALKATIVE = {
    Channel.PUSH: Way(timedelta(seconds=30), confirms=True),
    Channel.SMS: Way(timedelta(seconds=120), confirms=True),
    Channel.MAIL: Way(timedelta(seconds=900), confirms=False),
}
SILENT = {Channel.SMS: Way(timedelta(seconds=120), confirms=False)}


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def tried(channel: Channel, state: DeliveryState = DeliveryState.SENT, since: float = 0) -> Tried:
    return Tried(channel, state, at(since))


def reach(
    *so_far: Tried,
    template: Template = Template.MOVED,
    open_to: frozenset[Channel] = EVERYTHING,
    lives_s: float = 9e4,
) -> Reach:
    return Reach(template, so_far, open_to, at(lives_s))


def test_every_template_has_its_rungs() -> None:
    assert set(RUNGS) == set(Template)


def test_push_goes_first_where_a_browser_takes_it_else_the_sms() -> None:
    assert first(Template.MOVED, EVERYTHING) == {Channel.PUSH}
    assert first(Template.MOVED, {Channel.SMS, Channel.VOICE}) == {Channel.SMS}


@pytest.mark.parametrize(
    "template", [Template.ALARM, Template.ALARM_RELAY, Template.ALARM_UNANSWERED, Template.CALLED, Template.THREE_AHEAD]
)
def test_what_must_be_known_at_once_waits_for_no_receipt(template: Template) -> None:
    assert first(template, EVERYTHING) == {Channel.PUSH, Channel.SMS}


def test_the_first_word_after_a_booking_asks_for_no_browser() -> None:
    assert not asks_push(Template.BOOKED)
    assert first(Template.BOOKED, EVERYTHING) == {Channel.SMS}


def test_a_link_that_was_asked_for_goes_to_that_telephone_alone() -> None:
    lost = reach(tried(Channel.SMS, DeliveryState.FAILED), template=Template.LINK_RECOVERED)
    assert next_rung(lost, TALKATIVE, at(1)) == DONE


def test_the_whole_ladder_rung_by_rung_where_nobody_ever_answers() -> None:
    steps = [tried(Channel.PUSH)]
    moment, climbed = 0.0, []
    for _ in range(10):
        step = next_rung(reach(*steps), TALKATIVE, at(moment))
        if step.channels:
            climbed.append((moment, *sorted(step.channels)))
            steps += [tried(channel, DeliveryState.QUEUED, moment) for channel in step.channels]
        if step.look_at is None:
            break
        moment = (step.look_at - NOON).total_seconds()
    assert climbed == [(30, Channel.SMS), (150, Channel.MAIL), (1050, Channel.VOICE)]


def test_a_receipt_ends_the_climb() -> None:
    assert next_rung(reach(tried(Channel.PUSH, DeliveryState.DELIVERED)), TALKATIVE, at(3600)) == DONE


@pytest.mark.parametrize("state", sorted(LOST))
def test_what_is_lost_is_not_waited_for(state: DeliveryState) -> None:
    step = next_rung(reach(tried(Channel.PUSH, state)), TALKATIVE, at(1))
    assert step.channels == {Channel.SMS}


def test_a_channel_that_never_confirms_is_believed_when_it_has_sent() -> None:
    assert next_rung(reach(tried(Channel.SMS)), SILENT, at(9999)) == DONE
    waiting = reach(tried(Channel.SMS, DeliveryState.QUEUED), open_to=frozenset({Channel.SMS, Channel.VOICE}))
    assert next_rung(waiting, SILENT, at(120)).channels == {Channel.VOICE}


def test_a_push_that_nobody_confirms_is_no_arrival() -> None:
    deaf = {**TALKATIVE, Channel.PUSH: Way(timedelta(seconds=30), confirms=False)}
    assert next_rung(reach(tried(Channel.PUSH)), deaf, at(30)).channels == {Channel.SMS}


def test_an_alarm_whose_sms_is_lost_waits_for_no_push() -> None:
    so_far = (tried(Channel.PUSH), tried(Channel.SMS, DeliveryState.FAILED))
    step = next_rung(reach(*so_far, template=Template.ALARM), TALKATIVE, at(1))
    assert step.channels == {Channel.MAIL, Channel.VOICE}


def test_a_mail_about_an_alarm_is_no_arrival_and_one_about_a_date_is() -> None:
    so_far = (tried(Channel.SMS, DeliveryState.FAILED), tried(Channel.MAIL))
    assert not has_arrived(reach(*so_far, template=Template.ALARM), TALKATIVE)
    assert has_arrived(reach(*so_far), TALKATIVE)


def test_nothing_follows_once_it_means_nothing() -> None:
    late = reach(tried(Channel.PUSH, DeliveryState.FAILED), lives_s=60)
    assert next_rung(late, TALKATIVE, at(59)).channels
    assert next_rung(late, TALKATIVE, at(60)) == DONE


states = st.sampled_from(list(DeliveryState))
histories = st.dictionaries(st.sampled_from(list(Channel)), st.tuples(states, st.floats(0, 2000)), min_size=1).map(
    lambda found: tuple(Tried(channel, state, at(since)) for channel, (state, since) in found.items())
)


@given(histories, st.sampled_from(list(Template)), st.floats(0, 5000), st.frozensets(st.sampled_from(list(Channel))))
def test_no_rung_is_taken_twice_and_none_that_the_person_has_not(
    so_far: tuple[Tried, ...], template: Template, now: float, open_to: frozenset[Channel]
) -> None:
    step = next_rung(reach(*so_far, template=template, open_to=open_to), TALKATIVE, at(now))
    assert step.channels <= open_to - {one.channel for one in so_far}
    assert step.look_at is None or step.look_at > at(now) or not step.channels


@given(histories, st.sampled_from(list(Template)), st.floats(0, 5000))
def test_looking_at_the_promised_time_decides_what_looking_all_the_time_would(
    so_far: tuple[Tried, ...], template: Template, now: float
) -> None:
    here = reach(*so_far, template=template)
    step = next_rung(here, TALKATIVE, at(now))
    if step.channels or step.look_at is None:
        return
    before = step.look_at - timedelta(microseconds=1)
    assert before < at(now) or not next_rung(here, TALKATIVE, before).channels
    assert next_rung(here, TALKATIVE, step.look_at).look_at != step.look_at


@given(histories, st.floats(0, 100), st.sampled_from([t for t in Template if RUNGS[t] is ALARM]))
def test_an_alarm_with_a_lost_sms_always_ends_at_a_human_or_at_a_receipt(
    so_far: tuple[Tried, ...], now: float, template: Template
) -> None:
    others = [one for one in so_far if one.channel is not Channel.SMS and one.state is not DeliveryState.DELIVERED]
    here = reach(*others, tried(Channel.SMS, DeliveryState.FAILED), template=template)
    called = {one.channel for one in others} & {Channel.VOICE, Channel.MAIL}
    step = next_rung(here, TALKATIVE, at(now))
    assert called or Channel.VOICE in step.channels
