"""The slice of the fuzzing that every run has: the kept corpus, and some mutations of it."""

from base64 import b64encode

import pytest

from devices.codecs import CODECS
from devices.readings import Decoded, Reason, Refusal
from tests.fuzz.corpus import FOLDER, kept, seeds
from tests.fuzz.mutations import mutations
from tests.fuzz.targets import TARGETS, accounted

MUTATIONS = 150  # a target


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_before_and_what_is_near_it_breaks_nothing(target: str) -> None:
    corpus = [*seeds(target), *kept(target), b""]
    for one in [*corpus, *mutations(corpus, MUTATIONS, seed=len(corpus))]:
        try:
            TARGETS[target](one)
        except Exception as error:
            raise AssertionError(f"{target}: {b64encode(one).decode()}") from error


def test_every_codec_is_a_target_and_every_corpus_has_one() -> None:
    assert {format_.replace("/", "-") for format_ in CODECS} <= TARGETS.keys()
    assert {file.stem for file in FOLDER.iterdir()} == TARGETS.keys()


@pytest.mark.parametrize(
    "decoded",
    [
        Decoded(),
        Decoded(refusals=(Refusal(Reason.MALFORMED, "a\ud800"),)),
        Decoded(refusals=(Refusal(Reason.IMPOSSIBLE, "spo2", float("inf")),)),
        Decoded(refusals=(Refusal(Reason.NO_READING, ""),) * 5000),
        Decoded(refusals=(Refusal(Reason.NO_READING, ""),), source="a\0"),
    ],
    ids=["nothing", "half a character", "infinity", "without bound", "zero"],
)
def test_a_codec_that_breaks_a_promise_is_found_out(decoded: Decoded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.targets.CODECS", {"broken": lambda _: decoded})
    with pytest.raises((AssertionError, UnicodeError)):
        accounted("broken", b"")
