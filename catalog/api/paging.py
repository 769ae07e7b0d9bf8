"""Pages of catalogue entries by keyset: a cursor names the last entry shown, so pages neither skip nor repeat.

Cursors of records are another matter (``catalog/records/cursor.py``): they hold their snapshot as well.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
from django.db.models import Model, Q, QuerySet

from catalog.errors import BadCursor

Row = TypeVar("Row", bound=Model)
LARGEST = 2**63


@dataclass(frozen=True)
class Key:
    """One sort column and what its values are; the keys of an order together are unique."""

    column: str
    kind: type[int] | type[str]
    descending: bool = False


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The entries of a page and the cursor of the next one; None on the last page."""

    rows: list[Row]
    cursor: str | None


def take_page(rows: QuerySet[Row], order: Sequence[Key], *, question: object, cursor: str, limit: int) -> Page[Row]:
    """Return the page of ``rows`` after ``cursor`` (empty: the first one); a cursor only fits its own question."""
    name = digest(question)
    if cursor:
        rows = rows.filter(after(order, read_cursor(cursor, [key.kind for key in order], name)))
    found = list(rows.order_by(*(f"-{key.column}" if key.descending else key.column for key in order))[: limit + 1])
    shown = found[:limit]
    more = len(found) > limit
    return Page(shown, write_cursor(name, [getattr(shown[-1], key.column) for key in order]) if more else None)


def after(order: Sequence[Key], values: Sequence[object]) -> Q:
    """Return the condition "comes after the entry with these values", written out column by column."""
    condition, equal = Q(pk__in=[]), Q()
    for key, value in zip(order, values, strict=True):
        condition |= equal & Q(**{f"{key.column}__{'lt' if key.descending else 'gt'}": value})
        equal &= Q(**{key.column: value})
    return condition


def digest(question: object) -> str:
    return hashlib.sha256(orjson.dumps(question)).hexdigest()[:16]


def write_cursor(question: str, values: Iterable[object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([question, *values])).decode().rstrip("=")


def read_cursor(text: str, kinds: Sequence[type], question: str) -> list[int | str]:
    """Read values of these kinds that ``write_cursor`` wrote; anything else is refused before the database sees it."""
    try:
        name, *values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError) as error:
        raise BadCursor from error
    if name != question or [type(value) for value in values] != list(kinds) or not all(map(is_storable, values)):
        raise BadCursor
    return values


def is_storable(value: int | str) -> bool:
    return "\x00" not in value if isinstance(value, str) else -LARGEST <= value < LARGEST
