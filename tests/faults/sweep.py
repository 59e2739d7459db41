"""A kill, or an error, at every call with which the writing thread changes a file, while one short walk is walked.

Each walk begins with the same ward and the same messages. What it left is judged where it was struck, and once more
after a walk that nothing disturbs: the devices send again all that they have.
"""

import asyncio
import re
import signal
import socket
from asyncio.subprocess import Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from devices import topics
from tests.faults.evidence import kept_of, measured, rows_of
from tests.faults.house import House
from tests.faults.ledgers import Key, Promise, Promises
from tests.faults.replay import as_received, undisturbed
from tests.faults.rows import Alarms, Rows
from tests.faults.sent import altered, key_of, serious, unaccounted, unnamed
from tests.faults.strace import Gallows, gallows, strace_required
from tests.faults.verdict import Fault, Wrong, healed, kept
from tests.faults.walk_plan import Plan, Said, Step, messages
from tests.faults.ward import Ward

CHANGING = "write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,fallocate,unlink,unlinkat,rename"
CALL = re.compile(r"^(\w+)\(", re.MULTILINE)
MODULE = "tests.faults.walk"
TRIES = 5


class Blow(NamedTuple):
    """The ``number``-th of these calls; ``error`` is what it fails with, "" for the death of the process."""

    call: str
    number: int
    error: str = ""
    times: int = 1

    @property
    def injection(self) -> str:
        last = self.number + self.times - 1
        what = f"error={self.error}" if self.error else "signal=SIGKILL"
        return f"inject={self.call}:{what}:when={self.number}{f'..{last}' if last > self.number else ''}"

    def __str__(self) -> str:
        return f"{self.error or 'death'} at {self.call} {self.number}"


@dataclass
class Ledger:
    """What walks have promised, kept where nobody kills."""

    plan: Plan
    covered: set[Key] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    @property
    def steps(self) -> list[Step]:
        return [step for batch in self.plan.batches for step in batch]

    @property
    def sent(self) -> Mapping[Key, bytes]:
        return {key: step.payload for step in self.steps if (key := _key(step)) is not None}

    def note(self, said: Said) -> None:
        if said.step is not None:
            self.taken.add(said.step)
        else:
            self.covered |= {key for key in self.sent if key[:2] == (said.device, said.epoch) and key.seq <= said.seq}

    @property
    def promises(self) -> Promises:
        taken = {key for number in self.taken if (key := _key(self.steps[number])) is not None}
        return Promises(frozenset(self.sent), {Promise.COVERED: self.covered, Promise.TAKEN: taken})

    @property
    def unreadable(self) -> list[bytes]:
        """Those of them that were acknowledged."""
        return [self.steps[number].payload for number in sorted(self.taken) if _key(self.steps[number]) is None]


class Walks(Gallows):
    """One ward's walks, one after the other."""

    def __init__(self, house: House, nursery: Process, ward: Ward) -> None:
        super().__init__(house, nursery)
        self._ward = ward
        self._blow: Blow | None = None
        self.trace = house.data.parent / "calls.strace"

    async def _strace(self, thread: int, number: int) -> Process:
        options = ["-qq", "-o", str(self.trace), "-e", f"trace={CHANGING}"]
        options += ["-e", self._blow.injection] if self._blow else []
        return await asyncio.create_subprocess_exec(strace_required(), *options, "-p", str(thread))

    async def census(self) -> dict[str, int]:
        """How often each call comes in a walk that nothing disturbs."""
        with self._walking() as ledger:
            assert await self._walked(None, ledger, to_the_end=True) == 0, self._house.log()[-2000:]
            assert not (faults := self._judge_healed(ledger)), faults
        return dict(Counter(CALL.findall(self.trace.read_text())))

    async def struck(self, blow: Blow | None) -> list[str] | None:
        """All that is wrong: where it was struck, and after everything was sent again.

        Walks differ by some calls, as commits do by what they hold together: a blow that found no call of its number is
        struck again; None if there is none in any of them."""
        for _ in range(TRIES):
            fell, felt = await self._strike(blow)
            if fell or felt:
                return felt
        return None

    async def _strike(self, blow: Blow | None) -> tuple[bool, list[str]]:
        """Whether it fell, and all that is wrong."""
        with self._walking() as ledger:
            code = await self._walked(blow, ledger, to_the_end=False)
            fell = blow is None or self._fell(blow, code)
            missed = ["nothing struck it"] if blow is not None and not fell and self._came(blow) else []
            felt = self._judge(ledger)
            again = await self._walked(None, ledger, to_the_end=True)
            felt += self._judge_healed(ledger)
        ended = [] if again == 0 else [f"it ended with {again}:\n{self._house.log()[-2000:]}"]
        return fell, [f"{blow}: {fault}" for fault in [*missed, *ended, *felt]]

    def _fell(self, blow: Blow, code: int) -> bool:
        return code == -signal.SIGKILL if not blow.error else "(INJECTED)" in self.trace.read_text()

    def _came(self, blow: Blow) -> bool:
        return CALL.findall(self.trace.read_text()).count(blow.call) >= blow.number

    @contextmanager
    def _walking(self) -> Iterator[Ledger]:
        """The same ward, and the same messages whenever they are sent."""
        for file in self._house.data.glob("*"):
            file.unlink()
        self._house.lives.clear()
        self._ward.copy_to(self._house.data)
        with _listening() as ear:
            self._ear = ear
            devices = [device_id for device_id, _ in self._ward.accounts]
            yield Ledger(Plan(ear.getsockname()[1], messages(devices, datetime.now(UTC))))

    async def _walked(self, blow: Blow | None, ledger: Ledger, *, to_the_end: bool) -> int:
        """The exit code."""
        plan = msgspec.structs.replace(ledger.plan, to_the_end=to_the_end)
        (self._house.data / "walk.json").write_bytes(msgspec.json.encode(plan))
        self._blow = blow
        code = await self.death_at_sync(0)
        for said in _heard(self._ear):
            ledger.note(said)
        return code

    def _judge(self, ledger: Ledger) -> list[Fault]:
        rows = rows_of(self._house.data, self._house.ended_at)
        found = kept_of(self._house.data)
        wrong = serious(kept(ledger.promises, _ours(rows, ledger)), found)
        return [*wrong, *altered(ledger.sent, found), *unaccounted(ledger.unreadable, found)]

    def _judge_healed(self, ledger: Ledger) -> list[Fault]:
        messages, cares = measured(self._house.data)
        alarms = Alarms(undisturbed(messages, cares), as_received(messages, cares, self._house.ended_at))
        rows, found = rows_of(self._house.data, self._house.ended_at), kept_of(self._house.data)
        everything = [step.payload for step in ledger.steps if _key(step) is None]
        held = [Fault(Wrong.HELD, str(key)) for key in sorted(ledger.sent.keys() - ledger.covered)]
        idle = [] if alarms.due else [Fault(Wrong.ODD, "no alarm was due")]
        wrong = serious(healed(ledger.promises, _ours(rows, ledger), alarms, self._house.lives), found)
        gaps = unnamed(_never_sent(ledger.sent), found)
        return [*held, *idle, *wrong, *altered(ledger.sent, found), *unaccounted(everything, found), *gaps]


@asynccontextmanager
async def walks(folder: Path, ward: Ward, *, module: str = MODULE) -> AsyncIterator[Walks]:
    house = House(folder / "data", {"ALARMS__ACKNOWLEDGE_S": "3600"}, module=module)
    async with gallows(house) as hangman:
        yield Walks(house, hangman._nursery, ward)


def blows_at(census: Mapping[str, int], error: str = "", times: int = 1) -> list[Blow]:
    return [Blow(call, number, error, times) for call, most in sorted(census.items()) for number in range(1, most + 1)]


@contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        yield ear


def _heard(ear: socket.socket) -> Iterator[Said]:
    with suppress(BlockingIOError):
        while said := ear.recv(4096):
            yield msgspec.json.decode(said, type=Said)


def _key(step: Step) -> Key | None:
    topic = topics.parse(step.topic)
    return key_of(topic.device_id, step.payload) if topic else None


def _never_sent(sent: Iterable[Key]) -> Iterator[Key]:
    """Below the highest number of each stream."""
    seqs: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for device_id, epoch, seq in sent:
        seqs[device_id, epoch].add(seq)
    for stream, known in seqs.items():
        yield from (Key(*stream, seq) for seq in range(1, max(known)) if seq not in known)


def _ours(rows: Rows, ledger: Ledger) -> Rows:
    """Unreadable messages and the alarms of gaps are meant here, and judged by ``sent``."""
    half = [key for key in rows.incomplete if key in ledger.sent]
    return replace(rows, incomplete=half, oddities=[odd for odd in rows.oddities if odd.startswith("integrity")])
