"""The verdict: ledgers and rows → what is wrong, by name. Pure; the kills, clocks and databases are elsewhere."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple, TypeVar

from tests.faults.ledgers import Key, Promises
from tests.faults.rows import Alarms, Delivery, Life, Rows

T = TypeVar("T", bound=Hashable)


class Wrong(StrEnum):
    LOST = "promised and not stored"
    TWICE = "stored twice"
    HELD = "never covered"
    INVENTED = "stored and never sent"
    HALF = "half stored"
    ALTERED = "stored otherwise than it was sent"
    UNNAMED = "gap without a name"
    MISCOUNTED = "counted as stored and not stored"
    ALARM_MISSING = "alarm missing"
    ALARM_TWICE = "alarm raised twice"
    ALARM_INVENTED = "alarm without cause"
    NOBODY_TOLD = "alarm of which nobody is told"
    TOLD_TWICE = "delivery written twice"
    NOT_DELIVERED = "delivery forgotten"
    DELIVERED_TWICE = "delivered twice"
    DELIVERED_UNRECORDED = "delivered and not on record"
    ODD = "odd"


class Fault(NamedTuple):
    wrong: Wrong
    what: str

    def __str__(self) -> str:
        return f"{self.wrong}: {self.what}"


def kept(promises: Promises, rows: Rows) -> list[Fault]:
    """Whether every promise is kept: judged over what a dead server left, and again once all has healed."""
    stored = set(rows.stored)
    lost = [Fault(Wrong.LOST, f"{key}, though {promise}") for promise, key in _broken(promises, stored)]
    twice = [Fault(Wrong.TWICE, str(key)) for key in _repeated(rows.stored)]
    half = [Fault(Wrong.HALF, str(key)) for key in rows.incomplete]
    return [*lost, *twice, *half, *_miscounted(rows, stored), *(Fault(Wrong.ODD, odd) for odd in rows.oddities)]


def healed(promises: Promises, rows: Rows, alarms: Alarms, lives: Sequence[Life]) -> list[Fault]:
    """Everything: also that nothing was invented, that each alarm of an undisturbed run is there, and who was told."""
    invented = [Fault(Wrong.INVENTED, str(key)) for key in sorted(set(rows.stored) - promises.sent)]
    return [*kept(promises, rows), *invented, *_alarms(rows, alarms), *_deliveries(rows.deliveries, lives)]


def _broken(promises: Promises, stored: AbstractSet[Key]) -> Iterator[tuple[str, Key]]:
    for promise, keys in sorted(promises.made.items()):
        yield from ((promise, key) for key in sorted(keys - stored))


def _miscounted(rows: Rows, stored: AbstractSet[Key]) -> Iterator[Fault]:
    """A stream counts from the first number its device ever sent, which is 1."""
    for (device_id, epoch), covered in rows.covered.items():
        counted = (Key(device_id, epoch, seq) for seq in range(1, covered + 1))
        yield from (Fault(Wrong.MISCOUNTED, str(key)) for key in counted if key not in stored)


def _alarms(rows: Rows, alarms: Alarms) -> Iterator[Fault]:
    physiological = [transition for transition in rows.transitions if transition.physiological]
    recorded = {transition.told for transition in physiological}
    missing = (told for told in alarms.due if not any(heard.stands_for(told) for heard in recorded))
    invented = (heard for heard in recorded if not any(told.stands_for(heard) for told in alarms.due | alarms.possible))
    yield from (Fault(Wrong.ALARM_MISSING, str(told)) for told in sorted(missing))
    yield from (Fault(Wrong.ALARM_INVENTED, str(heard)) for heard in sorted(invented))
    rounds = [(transition.told, transition.round) for transition in physiological]
    yield from (Fault(Wrong.ALARM_TWICE, f"{told}, round {number}") for told, number in _repeated(rounds))
    yield from (Fault(Wrong.NOBODY_TOLD, str(one.told)) for one in rows.transitions if not one.recipients)


def _deliveries(deliveries: Sequence[Delivery], lives: Sequence[Life]) -> Iterator[Fault]:
    yield from (Fault(Wrong.TOLD_TWICE, str(subject)) for subject in _repeated(one.subject for one in deliveries))
    yield from (Fault(Wrong.NOT_DELIVERED, one.id) for one in deliveries if one.overdue)
    printed = {id_ for life in lives for id_ in life.printed}
    yield from (Fault(Wrong.NOT_DELIVERED, one.id) for one in deliveries if one.sent and one.id not in printed)
    yield from (Fault(Wrong.DELIVERED_UNRECORDED, id_) for id_ in sorted(_unrecorded(deliveries, lives)))
    yield from _delivered_twice(lives)


def _unrecorded(deliveries: Sequence[Delivery], lives: Sequence[Life]) -> AbstractSet[str]:
    """A kill may come between the word and the record; the last life was not killed, and has recorded all of its."""
    printed = {id_ for life in lives for id_ in life.printed}
    return (printed - {one.id for one in deliveries}) | (set(lives[-1].printed) - lives[-1].settled)


def _delivered_twice(lives: Sequence[Life]) -> Iterator[Fault]:
    """Only what was in flight when the server died may be printed again: what was not on record as sent."""
    settled: set[str] = set()
    for number, life in enumerate(lives, 1):
        again = [*_repeated(life.printed), *(id_ for id_ in life.printed if id_ in settled)]
        yield from (Fault(Wrong.DELIVERED_TWICE, f"{id_} in life {number}") for id_ in again)
        settled |= life.settled


def _repeated(items: Iterable[T]) -> list[T]:
    return [item for item, times in Counter(items).items() if times > 1]
