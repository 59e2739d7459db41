"""Bytes and query strings → the declared shapes, strictly. What is unclear is refused with the field's path."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from server.api.errors import FieldWrong, NotJson
from server.api.framework import Body

B = TypeVar("B", bound=Body)

_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_NAMED: Final = re.compile(r"field `([^`]*)`")


def decode_body(raw: bytes, shape: type[B]) -> B:
    """RFC 8259 JSON of exactly this shape. Raises NotJson, or FieldWrong with the path.

    NaN, infinities and trailing bytes are not JSON; of a key that is there twice, nobody can say which was meant.
    """
    try:
        decoded = msgspec.json.decode(raw, type=shape)
        _check_text(json.loads(raw, object_pairs_hook=_unique))
    except msgspec.ValidationError as wrong:
        raise _field_wrong(wrong) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as wrong:
        raise NotJson("The body cannot be read as JSON.") from wrong
    return decoded


def decode_query(pairs: Iterable[tuple[str, str]], shape: type[Body] | None) -> Body | None:
    """The query's parameters as strings, numbers or truth values of the shape. Raises FieldWrong."""
    given = _unique(list(pairs))
    _check_text(given)
    if shape is None:
        if given:
            raise FieldWrong(next(iter(given)), "There is no such parameter here.")
        return None
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as wrong:
        raise _field_wrong(wrong) from None


def _unique(pairs: list[tuple[str, object]] | list[tuple[str, str]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise FieldWrong(key, "This field is there twice.")
        found[key] = value
    return found


def _check_text(value: object, path: str = "") -> None:
    """No U+0000: PostgreSQL cannot keep it and no person types it."""
    if isinstance(value, str) and "\0" in value:
        raise FieldWrong(path, "The character U+0000 is not text.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_text(inner, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_text(inner, f"{path}[{index}]")


def _field_wrong(wrong: msgspec.ValidationError) -> FieldWrong:
    """msgspec says "Object contains unknown field `y` - at `$.a`"; people ask for "a.y"."""
    found = _WHERE.match(str(wrong))
    what, path = (found["what"], found["path"] or "") if found else (str(wrong), "")
    named = _NAMED.search(what)
    return FieldWrong((f"{path}.{named[1]}" if named else path).removeprefix("."), f"{what}.")
