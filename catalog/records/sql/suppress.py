"""Suppression: groups of an answer that are too small to be told are left out, or their measures are.

What is too small is decided in the engine. Where totals are published elsewhere (``within``) the whole answer is looked at
before its first row is told, for more must be hidden then (``hidden_rows.py``); else rows pass batch by batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import TooExpensive
from catalog.records.engine import identifier, names_of
from catalog.records.sql.hidden_rows import Sizes, choose_hidden
from catalog.records.sql.refusal import bad_sql
from catalog.text import Text

# Names that no statement can have (``check_names``).
SMALL, HIDDEN, NUMBER, ORDER = "_part_0_small", "_part_0_hidden", "_part_0_number", "_part_0_order"
GROUP, VALUES = "_part_0_group_", "_part_0_values_"
OWN = "_part_0_"
MOST_ROWS = 2_000_000
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Suppression:
    """A group is too small when its ``count`` is below ``minimum``, or unknown.

    Without ``columns`` its row is left out; else these and the count are emptied. ``within`` are sets of columns by which
    totals of the count are known, the empty set that of all rows: as many other rows are hidden too as it takes that these
    totals do not tell the small ones. ``values``: the statement has so many columns ``values_name(0)`` ... of its own that
    count the values of a measure; a row in which one is too small, but not 0, is too small.
    """

    count: str
    minimum: int
    columns: tuple[str, ...] = ()
    within: tuple[tuple[str, ...], ...] = ()
    values: int = 0

    @property
    def emptied(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.count, *self.columns))) if self.columns else ()

    @property
    def groupings(self) -> tuple[tuple[str, ...], ...]:
        """Return the sets of columns that are not part of another one: its totals tell theirs."""
        sets = {frozenset(name.lower() for name in names): names for names in self.within}
        return tuple(names for own, names in sets.items() if not any(own < other for other in sets))


def values_name(number: int) -> str:
    """Return the name of the column that counts the values of a measure."""
    return f"{VALUES}{number:d}"


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
    """Return the statement that gives the answer of another one, and of each row whether it is small.

    With ``within`` also its number, its place among those that may be hidden beside small ones, and its groups.
    """
    count, minimum = identifier(suppression.count), suppression.minimum
    numbers = [identifier(values_name(number)) for number in range(suppression.values)]
    is_small = " OR ".join(
        [f"coalesce({count} < {minimum:d}, true)", *(f"({name} > 0 AND {name} < {minimum:d})" for name in numbers)]
    )
    told = {SMALL: is_small}
    if suppression.within:
        told[NUMBER] = f"greatest(coalesce({count}, 0), 0)::DOUBLE"
        told[ORDER] = f"row_number() OVER (ORDER BY {count} NULLS FIRST, answer)"
        for number, names in enumerate(suppression.groupings):
            ranked = f"dense_rank() OVER (ORDER BY {names_of(names)}) - 1" if names else "0"
            told[f"{GROUP}{number:d}"] = f"({ranked})::BIGINT"
    columns = ", ".join(f"{what} AS {name}" for name, what in told.items())
    return f"SELECT *, {columns} FROM ({text}) AS answer"


def hide_rows(batches: Iterable[pa.RecordBatch], suppression: Suppression) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield the batches of such a statement without what is hidden, and how many rows that were."""
    if not suppression.within:
        yield from (hide(batch, batch.column(SMALL), suppression) for batch in batches)
        return
    kept = list(bounded(batches))
    if not kept:
        return
    hidden = pa.array(find_hidden(pa.Table.from_batches(kept), suppression))
    done = 0
    for batch in kept:
        yield hide(batch, hidden.slice(done, batch.num_rows), suppression)
        done += batch.num_rows


def bounded(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the batches as long as they can be held all at once."""
    rows = size = 0
    for batch in batches:
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > MOST_ROWS or size > MOST_BYTES:
            raise too_many_groups()
        yield batch


def find_hidden(answer: pa.Table, suppression: Suppression) -> np.ndarray:
    """Tell of each row of the whole answer whether it is hidden."""

    def numbers(name: str) -> np.ndarray:
        return answer.column(name).to_numpy()

    counts = numbers(NUMBER)
    sizes = Sizes(
        counts=counts,
        is_small=numbers(SMALL).astype(bool),
        order=numbers(ORDER),
        least=1.0 if suppression.columns and counts.size and counts.min() >= 1 else 0.0,
        others=tuple(numbers(values_name(number)).astype(float) for number in range(suppression.values)),
    )
    groupings = [numbers(f"{GROUP}{number:d}") for number in range(len(suppression.groupings))]
    return choose_hidden(sizes, groupings, suppression.minimum)


def hide(batch: pa.RecordBatch, hidden: pa.Array, suppression: Suppression) -> tuple[pa.RecordBatch, int]:
    """Return a batch without what is hidden in it and without our own columns, and how many rows that were."""
    number = pc.sum(hidden).as_py() or 0
    rest = batch.drop_columns([name for name in batch.schema.names if is_own(name)])
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


def is_own(name: str) -> bool:
    """Tell whether a column of the answer is ours and told to nobody."""
    return name.startswith(OWN)


def too_many_groups() -> TooExpensive:
    size = MOST_BYTES // 2**20
    return TooExpensive(
        reason=Text(
            ko=f"within으로 가릴 답이 {MOST_ROWS:,}행 또는 {size} MiB보다 큽니다. 기간을 줄이거나 덜 잘게 나누십시오",
            en=f"an answer with within has more than {MOST_ROWS:,} rows or {size} MiB; take a shorter period or larger groups",
        )
    )
