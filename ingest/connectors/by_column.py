"""Pages of records by column: most pages have the same members in nearly every record, and are faster read so.

A page by column is the sequence of its rows; each is made only where somebody looks at it. What is handed on by pages is
typed by pages; ``rows_of`` makes rows of it for those who want them one by one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeVar, overload

Row = Mapping[str, object]
Other = TypeVar("Other")

CONTAINERS = frozenset({dict, list})
WIDEST = 2  # times as many columns as a record has on average: beyond, records have too little in common


@dataclass(frozen=True, eq=False)
class ByColumn(Sequence[Row]):
    """Rows by column; a value is None where its row does not have the column.

    ``shapes`` are the columns that rows have, in their order; ``shape_of`` says of each row which of them is its own.
    """

    shapes: Sequence[tuple[str, ...]]
    shape_of: Sequence[int]
    columns: Mapping[str, Sequence[object]]

    def __len__(self) -> int:
        return len(self.shape_of)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return list(self)[index]
        return {name: self.columns[name][index] for name in self.shapes[self.shape_of[index]]}

    def __iter__(self) -> Iterator[dict[str, object]]:
        if len(self.shapes) == 1:
            names = self.shapes[0]
            return (dict(zip(names, values, strict=False)) for values in self.values_of(names))
        return (
            {name: self.columns[name][index] for name in self.shapes[shape]}
            for index, shape in enumerate(self.shape_of)
        )

    def values_of(self, names: Sequence[str]) -> Iterable[tuple[object, ...]]:
        """Return the values of some columns, row by row."""
        return zip(*(self.columns[name] for name in names), strict=True) if names else [()] * len(self)

    @cached_property
    def kinds(self) -> Mapping[str, frozenset[type]]:
        """The types of the values in each column."""
        return {name: frozenset(map(type, values)) for name, values in self.columns.items()}

    @property
    def is_flat(self) -> bool:
        """Whether no value is an object or a list."""
        return all(map(CONTAINERS.isdisjoint, self.kinds.values()))

    def without(self, names: Iterable[str]) -> "ByColumn":
        """Return the rows without some of their columns."""
        left_out = self.columns.keys() & set(names)
        if not left_out:
            return self
        shapes = [tuple(name for name in shape if name not in left_out) for shape in self.shapes]
        columns = {name: values for name, values in self.columns.items() if name not in left_out}
        return ByColumn(shapes, self.shape_of, columns)


def by_column(records: Sequence[Row]) -> Sequence[Row]:
    """Return records by column, or as they are where they have too little in common."""
    if not records or isinstance(records, ByColumn):
        return records
    first = tuple(records[0])
    members = sum(map(len, records))
    # No record has a name twice, so that none is longer or shorter than the first where all names follow each other so.
    if members == len(first) * len(records) and list(chain.from_iterable(records)) == list(first) * len(records):
        columns = dict(zip(first, zip(*map(dict.values, records), strict=True), strict=True))
        return ByColumn([first], [0] * len(records), columns)
    numbers: dict[tuple[str, ...], int] = {}
    shape_of = [numbers.setdefault(tuple(record), len(numbers)) for record in records]
    names = dict.fromkeys(chain.from_iterable(numbers))
    if len(names) * len(records) > WIDEST * members:
        return records
    columns = {name: tuple([record.get(name) for record in records]) for name in names}
    return ByColumn(list(numbers), shape_of, columns)


PAGES = (ByColumn, list, tuple)
GATHERED = 1_000
Piece = Row | Sequence[Row]


def gathered(pieces: Iterable[Other]) -> Iterator[Other | Sequence[Row]]:
    """Yield rows that come one by one as pages by column, and all else as it is, in the same order."""
    page: list[Row] = []
    for piece in pieces:
        if type(piece) is dict:
            page.append(piece)
            if len(page) == GATHERED:
                yield by_column(page)
                page = []
            continue
        if page:
            yield by_column(page)
            page = []
        yield piece
    if page:
        yield by_column(page)


def rows_of(pieces: Iterable[Other | Sequence[Row]]) -> Iterator[Other | Row]:
    """Yield the rows of pages one by one, and all else as it is."""
    for piece in pieces:
        if isinstance(piece, PAGES):
            yield from piece
        else:
            yield piece
