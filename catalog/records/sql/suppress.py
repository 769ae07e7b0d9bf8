"""Suppression: groups of an answer that are too small to be told are left out, or their measures are.

What is too small is decided in the engine, over the whole answer; what becomes of it is done batch by batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.engine import identifier, names_of
from catalog.records.sql.refusal import bad_sql
from catalog.text import Text

# Names that no statement can have (``check_names``).
SMALL, HIDDEN = "_part_0_small", "_part_0_hidden"


@dataclass(frozen=True)
class Suppression:
    """A group is too small when its ``count`` is below ``minimum``, or unknown.

    Without ``columns`` its row is left out; else these and the count are emptied. Where exactly one row of those that
    agree in ``within`` is hidden, it could be had by subtraction from their total: the smallest other one is hidden too.
    """

    count: str
    minimum: int
    columns: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    @property
    def emptied(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.count, *self.columns))) if self.columns else ()


def check_emptied(suppression: Suppression, names: Sequence[str]) -> None:
    """Refuse to empty a column that the answer does not have: what was meant would be published."""
    known = {name.lower() for name in names}
    missing = [name for name in suppression.emptied if name.lower() not in known]
    if missing:
        named, there = ", ".join(f"'{name}'" for name in missing), ", ".join(names)
        raise bad_sql(
            Text(
                ko=f"suppress가 비울 열 {named}이(가) 결과에 없습니다. 결과의 열: {there}",
                en=f"the answer has no column {named} that suppress could empty; it has: {there}",
            )
        )


def write_suppression(text: str, suppression: Suppression) -> str:
    """Return the statement that gives the answer of another one, and of each row whether it is to be hidden."""
    count = identifier(suppression.count)
    flagged = f"SELECT *, coalesce({count} < {suppression.minimum:d}, true) AS {SMALL} FROM ({text}) AS answer"
    hidden = SMALL
    if suppression.within:
        group = names_of(suppression.within)
        is_lone = f"sum({SMALL}::INTEGER) OVER (PARTITION BY {group}) = 1"
        is_next = f"row_number() OVER (PARTITION BY {group}, {SMALL} ORDER BY {count}, flagged) = 1"
        hidden = f"({SMALL} OR ({is_lone} AND {is_next}))"
    return f"SELECT * EXCLUDE ({SMALL}), {hidden} AS {HIDDEN} FROM ({flagged}) AS flagged"


def hide_rows(batch: pa.RecordBatch, suppression: Suppression) -> tuple[pa.RecordBatch, int]:
    """Return a batch of such a statement without what is hidden, and how many rows that were."""
    hidden = batch.column(HIDDEN)
    number = pc.sum(hidden).as_py() or 0
    rest = batch.drop_columns([HIDDEN])
    if not number:
        return rest, 0
    if not suppression.columns:
        return rest.filter(pc.invert(hidden)), number
    names = {name.lower() for name in suppression.emptied}
    for position, field in enumerate(rest.schema):
        if field.name.lower() in names:
            empty = pa.scalar(None, field.type)
            rest = rest.set_column(position, field, pc.if_else(hidden, empty, rest.column(position)))
    return rest, number
