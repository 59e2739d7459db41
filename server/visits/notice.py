"""The risk notice that a patient agrees to before the first visit: its exact text, version and hash, by language."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from server.visits.errors import NoticeChanged

NOTICE_ID = "risk-notice"
VERSION = "2"  # raised with every change of a text: consent is to a version


@dataclass(frozen=True, slots=True)
class Agreed:
    """Which text the patient's page has shown and the patient agreed to."""

    version: str
    sha256: str
    locale: str


@dataclass(frozen=True, slots=True)
class Notice:
    """``sha256`` (hex) is over the file's exact bytes, so that what was agreed to can be proven later."""

    id: str
    version: str
    sha256: str
    locale: str
    title: str
    paragraphs: tuple[str, ...]

    def check_agreed(self, agreed: Agreed) -> None:
        """Raises ``NoticeChanged`` where the patient has read another text than this one."""
        if (agreed.version, agreed.sha256) != (self.version, self.sha256):
            raise NoticeChanged("the notice has changed; read the present one")


@cache
def notice(locale: str) -> Notice:
    """The present notice: Chinese for every ``zh``, English for everything else."""
    known = "zh-CN" if locale.lower().startswith("zh") else "en"
    text = resources.files(__package__).joinpath("notices", f"{NOTICE_ID}.{known}.txt").read_bytes()
    return parse_notice(text, known)


def parse_notice(text: bytes, locale: str) -> Notice:
    """UTF-8 text: the title on the first line, paragraphs parted by empty lines."""
    title, *paragraphs = (block.strip() for block in text.decode("utf-8").strip().split("\n\n"))
    return Notice(NOTICE_ID, VERSION, hashlib.sha256(text).hexdigest(), locale, title, tuple(paragraphs))
