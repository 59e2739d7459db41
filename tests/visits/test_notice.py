"""The risk notice: what it must say, and that consent is to its exact text."""

import hashlib
from importlib import resources

import pytest

from server.visits.errors import NoticeChanged
from server.visits.notice import Agreed, notice, parse_notice

LOCALES = ["zh-CN", "en"]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_hash_is_over_the_files_bytes(locale: str) -> None:
    text = resources.files("server.visits").joinpath("notices", f"risk-notice.{locale}.txt").read_bytes()
    assert notice(locale).sha256 == hashlib.sha256(text).hexdigest()
    assert notice(locale).locale == locale


@pytest.mark.parametrize(
    ("locale", "phrases"),
    [
        ("en", ["120", "cannot examine", "must not be the only watch", "withdraw at any time", "not recorded"]),
        ("zh-CN", ["120", "不能亲手", "不能作为唯一的看护", "撤回", "不会被录制"]),
    ],
)
def test_it_says_what_a_patient_must_know(locale: str, phrases: list[str]) -> None:
    shown = notice(locale)
    words = " ".join(shown.paragraphs)
    assert all(phrase in words for phrase in phrases)
    assert 5 <= len(shown.paragraphs) <= 7
    assert shown.title


def test_both_languages_say_the_same_number_of_things() -> None:
    assert len(notice("en").paragraphs) == len(notice("zh-CN").paragraphs)
    assert notice("en").version == notice("zh-CN").version


@pytest.mark.parametrize(("asked", "given"), [("zh", "zh-CN"), ("zh-TW", "zh-CN"), ("de", "en"), ("", "en")])
def test_every_language_finds_a_text(asked: str, given: str) -> None:
    assert notice(asked).locale == given


def test_consent_is_to_the_present_text_or_refused() -> None:
    shown = notice("en")
    shown.check_agreed(Agreed(shown.version, shown.sha256, "en"))
    for wrong in (
        Agreed("0", shown.sha256, "en"),
        Agreed(shown.version, notice("zh-CN").sha256, "en"),
        Agreed(shown.version, "", "en"),
    ):
        with pytest.raises(NoticeChanged):
            shown.check_agreed(wrong)


def test_a_changed_word_changes_the_hash() -> None:
    before, after = parse_notice(b"Title\n\nOne.\n\nTwo.\n", "en"), parse_notice(b"Title\n\nOne.\n\nTwo!\n", "en")
    assert (before.title, before.paragraphs) == ("Title", ("One.", "Two."))
    assert before.sha256 != after.sha256
