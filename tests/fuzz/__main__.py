"""The long run, ``make fuzz``: each target on so many inputs from its kept corpus, which grows by what is new.

``python -m tests.fuzz [--runs N] [TARGET …]``; without targets all of them. Ends with 1 where an input broke something:
it is printed in Base64, and stays in ``.fuzz/``.
"""

import argparse
import re
import shlex
import subprocess
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.fuzz.corpus import LONGEST, keep, kept, seeds
from tests.fuzz.targets import TARGETS

RUNS = 1_000_000
FOUND = Path(".fuzz")
SLOWEST_S = 5  # of one input
MEMORY_MB = 1024
DONE = re.compile(r"Done (\d+) runs")
SEEN = re.compile(r"^#(\d+)", re.MULTILINE)


class Outcome(NamedTuple):
    target: str
    runs: int
    corpus: int
    crashes: Sequence[Path]

    def __str__(self) -> str:
        line = f"{self.target:24} {self.runs:>9,} inputs, {len(self.crashes)} crashes, {self.corpus} kept"
        inputs = (f"  {crash.name}: {b64encode(crash.read_bytes()).decode()}" for crash in self.crashes)
        return "\n".join([line, *inputs])


def fuzz(target: str, runs: int) -> Outcome:
    """The corpus kept afterwards is minimised: each input reaches something that the others do not."""
    with TemporaryDirectory(prefix="bedside-fuzz-") as folder:
        program, grown, least = (Path(folder, name) for name in ("program", "grown", "least"))
        _write(program, target)
        for place in (grown, least):
            place.mkdir()
        for number, one in enumerate([*seeds(target), *kept(target)]):
            (grown / f"{number}").write_bytes(one)
        crashes = FOUND / target
        crashes.mkdir(parents=True, exist_ok=True)
        said = _atheris(program, [grown], f"-runs={runs}", f"-artifact_prefix={crashes}/")
        _atheris(program, [least, grown], "-merge=1", f"-artifact_prefix={folder}/")
        count = keep(target, [*seeds(target), *(file.read_bytes() for file in least.iterdir())])
    return Outcome(target, _runs(said), count, sorted(crashes.iterdir()))


def _write(program: Path, target: str) -> None:
    command = shlex.join([sys.executable, "-m", "tests.fuzz.drive", target, str(program)])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o700)


def _atheris(program: Path, folders: Sequence[Path], *options: str) -> str:
    bounds = (f"-max_len={LONGEST}", f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MEMORY_MB}")
    command = [str(program), *map(str, folders), *bounds, *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, errors="replace").stderr


def _runs(said: str) -> int:
    done = DONE.search(said)
    return int(done[1]) if done else max(map(int, SEEN.findall(said)), default=0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", default=list(TARGETS))
    parser.add_argument("--runs", type=int, default=RUNS)
    asked = parser.parse_args()
    broken = False
    for target in asked.targets:
        outcome = fuzz(target, asked.runs)
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()
        broken = broken or bool(outcome.crashes) or outcome.runs < asked.runs
    sys.exit(broken)


if __name__ == "__main__":
    main()
