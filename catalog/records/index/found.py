"""What is found in an index: positions of rows, and the records of a page that is still to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.records.encode.dictionaries import json_values
from catalog.records.index.serving import Index
from catalog.records.layout import ROW
from catalog.records.query import Query
from catalog.records.schema import Schema


@dataclass(frozen=True)
class Found:
    """Positions of all records that match, ascending: an array, or a range of them but for a few holes."""

    positions: np.ndarray | range
    holes: np.ndarray | None = None

    @classmethod
    def but_for(cls, positions: np.ndarray | range, holes: np.ndarray | None) -> "Found":
        """Return positions without holes, which are ascending too."""
        if holes is None or len(positions) == 0:
            return cls(positions)
        if isinstance(positions, range):
            first, last = np.searchsorted(holes, [positions.start, positions.stop])
            return cls(positions, holes[first:last]) if last > first else cls(positions)
        places = np.searchsorted(holes, positions)
        places[places == len(holes)] = 0
        return cls(positions[holes[places] != positions]) if len(holes) else cls(positions)

    @property
    def is_span(self) -> bool:
        """Whether these are all rows from one position to another, so that nothing has chosen them."""
        return isinstance(self.positions, range)

    @cached_property
    def before_holes(self) -> np.ndarray:
        """How many positions come before each hole."""
        return self.holes - self.positions.start - np.arange(len(self.holes))

    def __len__(self) -> int:
        return len(self.positions) - (0 if self.holes is None else len(self.holes))

    def at(self, place: int) -> int:
        """Return the position at a place."""
        if self.holes is None:
            return int(self.positions[place])
        return self.positions.start + place + int(np.searchsorted(self.before_holes, place, "right"))

    def slice(self, start: int, stop: int) -> np.ndarray:
        start, stop = max(start, 0), max(stop, 0)
        if self.holes is not None:
            places = np.arange(start, min(stop, len(self)))
            return self.positions.start + places + np.searchsorted(self.before_holes, places, "right")
        part = self.positions[start:stop]
        return np.arange(part.start, part.stop) if isinstance(part, range) else part.astype(np.int64)

    def before(self, position: int) -> int:
        """Return how many of the positions come before one."""
        if not isinstance(self.positions, range):
            return int(np.searchsorted(self.positions, position))
        before = min(max(position - self.positions.start, 0), len(self.positions))
        return before if self.holes is None else before - int(np.searchsorted(self.holes, position))


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
        rows = self.index.rows(self.positions, names)
        return pa.table({output.name: rows.column(output.value.name) for output in self.query.outputs})

    def values(self, schema: Schema) -> list[Sequence[object]]:
        """Return the columns of the answer, whose schema this is, as JSON has them."""
        columns = ((output.value.name, schema[output.name].type) for output in self.query.outputs)
        return [self.values_of(name, kind) for name, kind in columns]

    def values_of(self, name: str, kind: str) -> Sequence[object]:
        keys = self.index.keys.get(name)
        if keys and keys.texts is not None:
            return list(map(keys.texts.__getitem__, keys.ranks[self.positions].tolist()))
        found = self.index.views.plain(name, kind, self.positions)
        if found is None:
            found = json_values(self.index.rows(self.positions, [name]).column(0), kind)
        return found

    def numbers(self) -> list[int]:
        """Return the numbers of the records in the snapshot."""
        return self.index.numbers(ROW, self.positions).tolist()

    def last_place(self) -> tuple[tuple[Any, ...], int]:
        """Return what the last record is sorted by: its values and its number."""
        position = int(self.positions[-1])
        orders = (order.value.name for order in self.query.order_by)
        return tuple(self.index.value(name, position) for name in orders), self.index.value(ROW, position)
