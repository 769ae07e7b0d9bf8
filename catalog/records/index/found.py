"""What is found in an index: positions of rows, and the records of a page that is still to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.records.encode.dictionaries import json_values
from catalog.records.index.serving import Index
from catalog.records.index.views import Group, groups_of
from catalog.records.layout import ROW
from catalog.records.query import Query
from catalog.records.schema import Schema

MOST_BLOCKS = 32  # rows that lie in more of them are taken by Arrow


@dataclass(frozen=True)
class Found:
    """Positions of all records that match, ascending: an array, or a range of them without holes."""

    positions: np.ndarray | range

    def __len__(self) -> int:
        return len(self.positions)

    def slice(self, start: int, stop: int) -> np.ndarray:
        part = self.positions[max(start, 0) : max(stop, 0)]
        return np.arange(part.start, part.stop) if isinstance(part, range) else part.astype(np.int64)

    def within(self, low: int, high: int) -> "Found":
        """Return the positions from ``low`` to before ``high``."""
        if isinstance(self.positions, range):
            return Found(range(max(self.positions.start, low), max(min(self.positions.stop, high), low)))
        return Found(self.positions[self.before(low) : self.before(high)])

    def before(self, position: int) -> int:
        """Return how many of the positions come before one."""
        if isinstance(self.positions, range):
            return min(max(position - self.positions.start, 0), len(self))
        return int(np.searchsorted(self.positions, position))

    def after(self, position: int) -> "Found":
        """Return the positions after one."""
        return Found(self.positions[self.before(position + 1) :])


@dataclass(frozen=True)
class Located:
    """The records of a page, by their positions in its order; they are drawn as whoever needs them asks."""

    index: Index
    positions: np.ndarray
    query: Query

    def __len__(self) -> int:
        return len(self.positions)

    def slice(self, start: int, stop: int) -> "Located":
        return Located(self.index, self.positions[start:stop], self.query)

    def table(self) -> pa.Table:
        """Return the columns of the answer."""
        names = list(dict.fromkeys(output.value.name for output in self.query.outputs))
        rows = self.index.in_order(self.positions, names)
        return pa.table({output.name: rows.column(output.value.name) for output in self.query.outputs})

    def values(self, schema: Schema) -> list[Sequence[object]]:
        """Return the columns of the answer, whose schema this is, as JSON has them."""
        groups = groups_of(self.positions)
        columns = ((output.value.name, schema[output.name].type) for output in self.query.outputs)
        return [self.values_of(name, kind, groups) for name, kind in columns]

    def values_of(self, name: str, kind: str, groups: Sequence[Group]) -> Sequence[object]:
        found = self.index.views.plain(name, kind, groups, len(self)) if len(groups) <= MOST_BLOCKS else None
        if found is None:
            found = json_values(self.index.in_order(self.positions, [name]).column(0), kind)
        return found

    def last_place(self) -> tuple[tuple[Any, ...], int]:
        """Return what the last record is sorted by: its values and its number."""
        position = int(self.positions[-1])
        orders = (order.value.name for order in self.query.order_by)
        return tuple(self.index.value(name, position) for name in orders), self.index.value(ROW, position)
