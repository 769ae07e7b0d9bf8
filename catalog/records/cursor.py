"""Cursors: where the next page begins, written as opaque text and read back with suspicion."""

import base64
import dataclasses
import datetime as dt
from typing import Any

import orjson

from catalog.errors import BadCursor
from catalog.records.query import Cursor, Query
from catalog.records.values import KOREAN_TIME


def encode_cursor(cursor: Cursor, query: Query) -> str:
    """Write a cursor as opaque text that only fits the same question."""
    content = [cursor.snapshot, query.digest, [json_ready(value) for value in cursor.values], cursor.row]
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def json_ready(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def snapshot_of_cursor(text: str) -> str:
    """Return the digest of the snapshot that a cursor goes on in."""
    try:
        snapshot, *_ = read_content(text)
        return require_type(snapshot, str)
    except (ValueError, TypeError) as error:
        raise BadCursor from error


def with_cursor(query: Query, text: str) -> Query:
    """Return the question going on where a cursor points; whatever is not a cursor of ours is a BadCursor."""
    try:
        snapshot, digest, values, row = read_content(text)
        if digest != query.digest or not isinstance(snapshot, str) or not isinstance(values, list):
            raise BadCursor
        kinds = [] if query.is_computed else [order.value.kind for order in query.order_by]
        places = tuple(read_place(value, kind) for value, kind in zip(values, kinds, strict=True))
        cursor = Cursor(snapshot, places, require_row(row))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadCursor from error
    return dataclasses.replace(query, cursor=cursor)


def read_content(text: str) -> Any:  # noqa: ANN401
    return orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def read_place(value: object, kind: str) -> Any:  # noqa: ANN401
    """Read a sort value back as its kind, as ``encode_cursor`` wrote it."""
    if value is None:
        return None
    if kind == "date":
        return dt.date.fromisoformat(require_type(value, str))
    if kind == "datetime":
        return dt.datetime.fromisoformat(require_type(value, str)).astimezone(KOREAN_TIME)
    return require_type(value, {"integer": int, "number": float, "boolean": bool}.get(kind, str))


def require_row(value: object) -> int:
    row = require_type(value, int)
    if row < 0:
        raise ValueError(value)
    return row


def require_type(value: Any, kind: type) -> Any:  # noqa: ANN401
    if type(value) is not kind or (kind is int and not -(2**63) <= value < 2**63):
        raise ValueError(value)
    return value
