"""Refusals: where in the text the mistake is and what would be right, as a BadSql."""

from sqlglot import exp
from sqlglot.tokens import Token

from catalog.errors import BadSql
from catalog.text import Text

Place = tuple[int, int]  # line and column, from 1


def bad_sql(reason: Text, place: Place | None = None) -> BadSql:
    """Return the error that says what is wrong, and where if that is known."""
    if place is None:
        return BadSql(reason=reason, where=Text(), line=None, column=None)
    line, column = place
    where = Text(ko=f" ({line}행 {column}열)", en=f" (line {line}, column {column})")
    return BadSql(reason=reason, where=where, line=line, column=column)


def place_of(node: exp.Expr, text: str) -> Place | None:
    """Return where a part of the tree begins; parts without a place of their own begin with their first one that has."""
    starts = (part.meta.get("start") for part in node.walk(bfs=False))
    start = next((start for start in starts if start is not None), None)
    return None if start is None else place_at(start, text)


def place_of_token(token: Token, text: str) -> Place:
    return place_at(token.start, text)


def place_at(start: int, text: str) -> Place:
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
