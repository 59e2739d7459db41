"""One target under atheris: ``python -m tests.fuzz.drive TARGET PROGRAM [libFuzzer's own]``.

``PROGRAM`` is what libFuzzer starts again where it needs another process: it must do what this command did. Loading is
instrumented, so this stands apart from what only names the targets.
"""

import sys

import atheris

with atheris.instrument_imports(include=["devices"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *words = sys.argv[1:]
    atheris.Setup(words, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
