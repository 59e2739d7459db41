"""The judge is judged: each thing that may go wrong is planted once, and must be named."""

from dataclasses import replace

import pytest

from tests.faults.ledgers import Key, Ledgers, Promise, Promises
from tests.faults.rows import Alarms, Delivery, Life, Rows, Told, Transition
from tests.faults.verdict import Fault, Wrong, healed, kept

FIRST, SECOND, THIRD = (Key("ox-1", "e", seq) for seq in (1, 2, 3))
LOW = Told("p-1", "spo2.low", "spo2.low", "medium", "raised")
WORSE = Told("p-1", "spo2.low", "spo2.desaturation", "high", "worsened")
TEXT, RELAY = Delivery("d-1", ("t-1", 0), True, False), Delivery("d-2", ("t-1", 1), True, False)

PROMISES = Promises(frozenset({FIRST, SECOND, THIRD}), {Promise.COVERED: {FIRST, SECOND}, Promise.TAKEN: {FIRST}})
ROWS = Rows(
    stored=[FIRST, SECOND],
    covered={("ox-1", "e"): 2},
    transitions=[Transition("t-1", LOW, True, 1, 1), Transition("t-2", WORSE, True, 1, 1)],
    deliveries=[TEXT, RELAY],
)
LIVES = [Life(["d-1"], {"d-1"}), Life(["d-2"], {"d-1", "d-2"})]
ALARMS = Alarms(due={LOW, WORSE}, possible={LOW, WORSE})


def judged(
    promises: Promises = PROMISES, rows: Rows = ROWS, lives: list[Life] = LIVES, alarms: Alarms = ALARMS
) -> set[tuple[Wrong, str]]:
    return {tuple(fault) for fault in healed(promises, rows, alarms, lives)}  # type: ignore[misc]


def test_nothing_is_wrong_where_all_is_kept() -> None:
    assert judged() == set()
    assert kept(PROMISES, ROWS) == []


@pytest.mark.parametrize("promise", Promise)
def test_a_promised_message_that_is_not_stored_is_lost_whoever_promised_it(promise: Promise) -> None:
    promises = Promises(PROMISES.sent, {promise: {THIRD}})
    assert kept(promises, ROWS) == [Fault(Wrong.LOST, f"ox-1 e:3, though {promise}")]


def test_a_message_stored_twice_is_named() -> None:
    assert judged(rows=replace(ROWS, stored=[FIRST, SECOND, SECOND])) == {(Wrong.TWICE, "ox-1 e:2")}


def test_a_message_that_nobody_sent_is_invented() -> None:
    alien = Key("ox-9", "e", 1)
    assert judged(rows=replace(ROWS, stored=[FIRST, SECOND, alien])) == {(Wrong.INVENTED, "ox-9 e:1")}


def test_a_message_without_its_readings_is_half_stored() -> None:
    assert judged(rows=replace(ROWS, incomplete=[SECOND])) == {(Wrong.HALF, "ox-1 e:2")}


def test_a_stream_that_counts_what_is_not_there_is_found_before_any_device_believes_it() -> None:
    assert judged(rows=replace(ROWS, covered={("ox-1", "e"): 3})) == {(Wrong.MISCOUNTED, "ox-1 e:3")}


def test_an_alarm_that_was_passed_over_is_missing() -> None:
    assert judged(rows=replace(ROWS, transitions=ROWS.transitions[:1])) == {(Wrong.ALARM_MISSING, str(WORSE))}


def test_a_lower_alarm_is_not_missed_where_the_higher_was_raised_at_once() -> None:
    at_once = Transition("t-1", WORSE._replace(what="raised"), True, 1, 1)
    assert judged(rows=replace(ROWS, transitions=[at_once])) == set()


def test_an_alarm_without_cause_is_named_and_a_technical_one_is_no_business_of_this_check() -> None:
    pulse = Told("p-1", "pulse.low", "pulse.low", "medium", "raised")
    silent = Told("p-1", "silence:ox-1", "silence", "medium", "raised")
    more = [*ROWS.transitions, Transition("t-3", pulse, True, 1, 1), Transition("t-4", silent, False, 1, 1)]
    rows = replace(ROWS, transitions=more)
    assert judged(rows=rows) == {(Wrong.ALARM_INVENTED, str(pulse))}
    assert judged(rows=rows, alarms=ALARMS._replace(possible={pulse})) == set(), "an outage explains it"


def test_an_alarm_raised_twice_in_one_round_is_named_and_in_two_rounds_is_not() -> None:
    again = ROWS.transitions[0]._replace(id="t-3")
    assert judged(rows=replace(ROWS, transitions=[*ROWS.transitions, again])) == {
        (Wrong.ALARM_TWICE, f"{LOW}, round 1")
    }
    assert judged(rows=replace(ROWS, transitions=[*ROWS.transitions, again._replace(round=2)])) == set()


def test_an_alarm_of_which_nobody_is_told_is_named() -> None:
    untold = ROWS.transitions[0]._replace(recipients=0)
    assert judged(rows=replace(ROWS, transitions=[untold, ROWS.transitions[1]])) == {(Wrong.NOBODY_TOLD, str(LOW))}


def test_two_deliveries_about_one_matter_are_one_too_many_whatever_their_cause_is_called() -> None:
    rows = replace(ROWS, deliveries=[TEXT, RELAY, TEXT._replace(id="d-3")])
    assert judged(rows=rows, lives=[*LIVES, Life(["d-3"], {"d-3"})]) == {(Wrong.TOLD_TWICE, "('t-1', 0)")}


def test_a_delivery_is_forgotten_that_is_overdue_or_was_never_printed() -> None:
    late = Delivery("d-3", ("t-2", 0), sent=False, overdue=True)
    assert judged(rows=replace(ROWS, deliveries=[TEXT, RELAY, late])) == {(Wrong.NOT_DELIVERED, "d-3")}
    assert judged(lives=LIVES[:1]) == {(Wrong.NOT_DELIVERED, "d-2")}


def test_what_was_in_flight_at_the_kill_may_be_printed_again_and_what_was_on_record_may_not() -> None:
    in_flight = [Life(["d-1"], set()), Life(["d-1", "d-2"], {"d-1", "d-2"})]
    assert judged(lives=in_flight) == set()
    on_record = [LIVES[0], Life(["d-1", "d-2"], {"d-1", "d-2"})]
    assert judged(lives=on_record) == {(Wrong.DELIVERED_TWICE, "d-1 in life 2")}
    assert judged(lives=[Life(["d-1", "d-1", "d-2"], {"d-1", "d-2"})]) == {(Wrong.DELIVERED_TWICE, "d-1 in life 1")}


def test_what_was_delivered_must_be_on_record() -> None:
    assert judged(lives=[Life(["d-7"], set()), *LIVES]) == {(Wrong.DELIVERED_UNRECORDED, "d-7")}
    assert judged(lives=[LIVES[0], Life(["d-2"], {"d-1"})]) == {(Wrong.DELIVERED_UNRECORDED, "d-2")}


def test_a_gap_or_a_damaged_file_is_said() -> None:
    assert judged(rows=replace(ROWS, oddities=["alarm gap:ox-1"])) == {(Wrong.ODD, "alarm gap:ox-1")}


def test_the_puback_of_a_broker_obliges_only_where_the_broker_survives() -> None:
    for survives in (True, False):
        ledgers = Ledgers(broker_survives=survives)
        ledgers.sent(*FIRST)
        ledgers.acked(*FIRST)
        assert (Promise.ON_BROKER in ledgers.healed().made) is survives
        assert Promise.ON_BROKER not in ledgers.now().made, "it is still on its way"
        assert ledgers.held() == {FIRST}
