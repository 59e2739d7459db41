"""Who of the patients has a page open, and what of it is news. Pure.

Told in one go for all who came and went meanwhile: a crowd that comes back changes a line once, not once for each.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Attendance:
    """By the patient's principal key; a patient may have several pages."""

    _pages: Counter[str] = field(default_factory=Counter)
    _told: set[str] = field(default_factory=set)  # those of whom it was last told that they are here
    _turned: set[str] = field(default_factory=set)  # whose first page came, or whose last one went, since then

    def came(self, key: str) -> None:
        self._pages[key] += 1
        self._turned.add(key)

    def went(self, key: str) -> None:
        self._pages[key] -= 1
        if not self._pages[key]:
            del self._pages[key]
        self._turned.add(key)

    def news(self) -> Mapping[str, bool]:
        """Who is here now and was not when last asked, or the other way round. Who went and came back is none."""
        turned = {key: key in self._pages for key in self._turned}
        self._turned.clear()
        news = {key: here for key, here in turned.items() if here is not (key in self._told)}
        self._told.update(key for key, here in news.items() if here)
        self._told.difference_update(key for key, here in news.items() if not here)
        return news
