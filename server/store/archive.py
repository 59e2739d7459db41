"""The backup's file format: a tar.gz of JSON lines, portable between the two databases. Knows no database connection.

``bedside.json`` (first) says what made it; ``tables/<name>.<part>.jsonl`` hold the rows, at most ``PART_BYTES`` a part;
``files/<name>`` are the key files of the data directory; ``manifest.json`` (last) counts the rows and gives the SHA-256
of every member. An archive that was cut short has no manifest.
"""

import io
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from server.store.errors import BadArchive
from server.store.tables import Moment

S = TypeVar("S", bound=msgspec.Struct)

FORMAT = 1
PART_BYTES = 8 * 1024 * 1024
MEMBER_BYTES = 256 * 1024 * 1024  # a member larger than this was not written by us
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


class Header(msgspec.Struct, frozen=True):
    """What made the archive, and which schema its rows have."""

    format: int
    revision: str
    made_at: datetime
    dialect: str


class Manifest(msgspec.Struct, frozen=True):
    """What a whole archive holds: rows by table, SHA-256 by member."""

    rows: dict[str, int]
    members: dict[str, str]


class ArchiveWriter:
    """Writes members as they come; ``finish`` adds the manifest."""

    def __init__(self, tar: tarfile.TarFile, header: Header) -> None:
        self._tar = tar
        self._made_at = header.made_at
        self._rows: dict[str, int] = {}
        self._members: dict[str, str] = {}
        self._add("bedside.json", msgspec.json.encode(header))

    def begin_table(self, table: sa.Table) -> "TableWriter":
        return TableWriter(self, table)

    def add_part(self, table: str, part: int, lines: bytes) -> None:
        self._add(f"tables/{table}.{part:05}.jsonl", lines)

    def end_table(self, table: str, rows: int) -> None:
        self._rows[table] = rows

    def add_file(self, name: str, content: bytes) -> None:
        if not FILE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no plain file name")
        self._add(f"files/{name}", content)

    def finish(self) -> Manifest:
        manifest = Manifest(self._rows, dict(self._members))
        self._add("manifest.json", msgspec.json.encode(manifest))
        return manifest

    def _add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(content), 0o600, int(self._made_at.timestamp())
        self._tar.addfile(member, io.BytesIO(content))
        self._members[name] = sha256(content).hexdigest()


class TableWriter:
    """Collects a table's rows into parts, so that a large table is never in memory whole."""

    def __init__(self, archive: ArchiveWriter, table: sa.Table) -> None:
        self._archive = archive
        self._table = table.name
        self._lines = bytearray()
        self._parts = 0
        self._rows = 0

    def add(self, row: sa.RowMapping) -> None:
        self._lines += msgspec.json.encode(dict(row)) + b"\n"
        self._rows += 1
        if len(self._lines) >= PART_BYTES:
            self._flush()

    def finish(self) -> None:
        if self._lines:
            self._flush()
        self._archive.end_table(self._table, self._rows)

    def _flush(self) -> None:
        self._archive.add_part(self._table, self._parts, bytes(self._lines))
        self._parts += 1
        self._lines.clear()


def verify(path: Path) -> tuple[Header, Manifest]:
    """Read the archive through and compare it with its manifest. Raises ``BadArchive``."""
    found: dict[str, bytes] = {}
    seen: dict[str, str] = {}
    rows: Counter[str] = Counter()
    for name, content in members(path):
        if name in {"bedside.json", "manifest.json"}:
            found[name] = content
        if name != "manifest.json":
            seen[name] = sha256(content).hexdigest()
        if table := table_of(name):
            rows[table] += content.count(b"\n")
    header = _decode(found.get("bedside.json"), Header)
    manifest = _decode(found.get("manifest.json"), Manifest)
    if header.format != FORMAT:
        raise BadArchive(f"the archive has form {header.format}; this version knows {FORMAT}")
    _compare(manifest, seen, rows)
    return header, manifest


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every member in order, one in memory at a time. Raises ``BadArchive``."""
    try:
        with tarfile.open(path, "r|gz") as tar:
            for member in tar:
                yield member.name, _content(tar, member)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise BadArchive(f"{path.name} cannot be read: {error}") from error


def table_of(member: str) -> str | None:
    """The table whose rows this member holds, if any."""
    found = re.fullmatch(r"tables/(\w+)\.\d{5}\.jsonl", member)
    return found[1] if found else None


def file_of(member: str) -> str | None:
    """The key file that this member is, if it is one. Raises ``BadArchive`` for a name that leads elsewhere."""
    folder, _, name = member.partition("/")
    if folder != "files":
        return None
    if not FILE_NAME.fullmatch(name):
        raise BadArchive(f"{member!r} is no plain file name")
    return name


def rows_of(table: sa.Table, lines: bytes) -> Iterator[dict[str, Any]]:
    """The rows of one part, with the types of the table's columns. Raises ``BadArchive``."""
    fields = [(str(column.name), _python_type(column)) for column in table.columns]
    decoder = msgspec.json.Decoder(msgspec.defstruct(table.name, fields, forbid_unknown_fields=True))
    try:
        for line in lines.splitlines():
            yield msgspec.structs.asdict(decoder.decode(line))
    except msgspec.MsgspecError as error:
        raise BadArchive(f"a row of {table.name} does not fit: {error}") from error


def _python_type(column: sa.Column[Any]) -> Any:  # noqa: ANN401 – a type as a value
    if isinstance(column.type, sa.JSON):
        return Any
    kind = datetime if isinstance(column.type, Moment) else column.type.python_type
    if kind not in {datetime, date, str, int, float, bool, bytes}:
        raise TypeError(f"{column} has a type that an archive cannot hold")
    return kind | None if column.nullable else kind


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member) if member.isfile() and member.size <= MEMBER_BYTES else None
    if stream is None:
        raise BadArchive(f"{member.name!r} was not written by Bedside")
    return stream.read()


def _decode(content: bytes | None, kind: type[S]) -> S:
    if content is None:
        raise BadArchive("this is no Bedside archive, or it was cut short")
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise BadArchive(f"the archive's {kind.__name__.lower()} does not fit: {error}") from error


def _compare(manifest: Manifest, seen: dict[str, str], rows: dict[str, int]) -> None:
    for name in manifest.members.keys() ^ seen.keys():
        raise BadArchive(f"{name} is {'missing' if name in manifest.members else 'not in the manifest'}")
    for name, digest in manifest.members.items():
        if seen[name] != digest:
            raise BadArchive(f"{name} was changed: its SHA-256 is not the manifest's")
    if {table: count for table, count in manifest.rows.items() if count} != rows:
        raise BadArchive("the number of rows is not the manifest's")
