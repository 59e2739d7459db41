"""POCT1-A's XML as a small tree: elements with a value in the attribute ``V``.

A document type or an entity is refused before it is read: nothing is expanded and nothing is fetched."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from devices.readings import Reason

MAX_BYTES = 256 * 1024
MAX_ELEMENTS = 20_000
MAX_DEPTH = 16
_CHINESE = re.compile(rb"\s*<\?xml[^>]{1,200}encoding\s*=\s*[\"']gb(?:18030|k|2312)[\"']", re.IGNORECASE)


class XmlError(Exception):
    """The document cannot be taken."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Element:
    """``HDR.control_id`` with its attributes; text between elements means nothing in POCT1-A and is not kept."""

    name: str
    attributes: Mapping[str, str]
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Element"]:
        return (child for child in self.children if child.name == name)

    def first(self, *path: str) -> "Element | None":
        found: Element | None = self
        for name in path:
            found = next(found.all(name), None) if found is not None else None
        return found

    def value(self, *path: str) -> str:
        """``V`` of the first element down that path, or an empty text."""
        found = self.first(*path)
        return "" if found is None else found.attributes.get("V", "").strip()


def read(payload: bytes) -> Element:
    """The root. Raises XmlError."""
    if len(payload) > MAX_BYTES:
        raise XmlError(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    tree = _Tree()
    chinese = _CHINESE.match(payload)  # expat reads UTF-8, UTF-16 and what has one byte a character
    parser = expat.ParserCreate("utf-8" if chinese else None)
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(payload.decode("gb18030").encode() if chinese else payload, True)
    except expat.ExpatError as error:
        raise XmlError(Reason.MALFORMED, expat.ErrorString(error.code)) from error
    except (ValueError, LookupError) as error:
        raise XmlError(Reason.MALFORMED, "an encoding that is not read") from error
    return tree.root


def _refuse(*_: object) -> int:
    raise XmlError(Reason.FORBIDDEN, "a document type or an entity")


class _Tree:
    """Built from the start and end of each element, within bounds."""

    def __init__(self) -> None:
        self.root = Element("", {})
        self._open: list[Element] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes)
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise XmlError(Reason.TOO_LARGE, "too many elements, or too deep")
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()
