"""Pages out of two indexes: that of an older snapshot, and that of what came later (``later.py``)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.index.found import Located
from catalog.records.index.later import Later
from catalog.records.index.lookup import look_up
from catalog.records.index.serving import Index
from catalog.records.layout import ROW
from catalog.records.query import Query
from catalog.records.schema import Schema


@dataclass(frozen=True)
class Merged:
    """The records of a page that lie in two indexes: ``order`` counts through the older ones, then through the later."""

    older: Located
    later: Located
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.order)

    def slice(self, start: int, stop: int) -> "Merged":
        return replace(self, order=self.order[start:stop])

    def table(self) -> pa.Table:
        """Return the columns of the answer."""
        return pa.concat_tables([self.older.table(), self.later.table()]).combine_chunks().take(pa.array(self.order))

    def values(self, schema: Schema) -> list[Sequence[object]]:
        """Return the columns of the answer, whose schema this is, as JSON has them."""
        order = self.order.tolist()
        columns = zip(self.older.values(schema), self.later.values(schema), strict=True)
        return [list(map([*older, *later].__getitem__, order)) for older, later in columns]

    def last_place(self) -> tuple[tuple[Any, ...], int]:
        """Return what the last record is sorted by: its values and its number."""
        place = int(self.order[-1])
        located, at = (self.older, place) if place < len(self.older) else (self.later, place - len(self.older))
        return located.slice(at, at + 1).last_place()


def look_up_in_both(
    base: Index, later: Later, schema: Schema, query: Query, limit: int
) -> tuple[Located | Merged, int | None] | None:
    """Return the first ``limit`` records from the question's place on, as ``look_up`` does it in one index."""
    found = look_up(base, schema, query, limit, later.holes)
    if found is None:
        return None
    more = look_up(later.index, schema, query, limit)
    if more is None:
        return None
    (older, number), (newer, added) = found, more
    total = None if number is None or added is None else number + added
    if not len(newer):
        return older, total
    if not len(older):
        return newer, total
    return Merged(older, newer, merged_order(older, newer, query)[:limit]), total


def merged_order(older: Located, newer: Located, query: Query) -> np.ndarray:
    """Return the places of the records of two pages in the question's order."""
    if not query.order_by:  # what came later has the later numbers
        return np.arange(len(older) + len(newer))
    names = [*dict.fromkeys(order.value.name for order in query.order_by), ROW]
    rows = pa.concat_tables(page.index.rows(page.positions, names) for page in (older, newer))
    keys = [(order.value.name, "descending" if order.descending else "ascending", "at_end") for order in query.order_by]
    return pc.sort_indices(rows, sort_keys=[*keys, (ROW, "ascending", "at_end")]).to_numpy()
