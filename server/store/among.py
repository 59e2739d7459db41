"""Rows whose key is one of many: one text of a statement, however many they are.

A list of placeholders is another statement for each length. SQLite keeps the last 128 of a connection prepared, some
65 KB each of those that hundreds of waiting pages ask together: 13 MB were measured with 500 pages. PostgreSQL plans
each anew.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import sqlalchemy as sa

K = TypeVar("K", str, bytes)


def among(dialect: str, column: sa.Column[K], keys: Sequence[K]) -> sa.ColumnElement[bool]:
    """``column`` is one of ``keys``. Those of bytes are all as long as the column may be: hashes."""
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(None, list(keys), sa.ARRAY(column.type)))
    if isinstance(column.type, sa.LargeBinary):
        return column.in_(_pieces(keys, column.type.length or 1))
    return column.in_(sa.select(_each(keys)))


def _each(values: Sequence[object]) -> sa.ColumnElement[object]:
    """A row each."""
    return sa.func.json_each(msgspec.json.encode(values).decode()).table_valued("value").c.value


def _pieces(keys: Sequence[object], size: int) -> sa.Select[tuple[bytes]]:
    """JSON knows no bytes, and SQLite before 3.41 no ``unhex``: one blob, cut where each begins."""
    joined = sa.bindparam(None, b"".join(map(bytes, keys)), sa.LargeBinary)  # type: ignore[arg-type]
    begins = [1 + size * number for number in range(len(keys))]
    return sa.select(sa.func.substr(joined, _each(begins), size, type_=sa.LargeBinary))
