"""Where the engine reads records: the parts of one snapshot or the table of its index, or several snapshots as one.

Every source names its rows by ``_row``, so that all questions are put the same way (``run.py``).
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import duckdb

from catalog.records.engine import Limits, connect, identifier, names_of
from catalog.records.expressions import Expression, conjuncts
from catalog.records.index import Index, Later
from catalog.records.index.lookup import span_of
from catalog.records.layout import BOUNDS, ROW
from catalog.records.manifest import Manifest, keeps_order, read_parts
from catalog.records.prune import PRUNERS, bounds_of, boxes_meet, may_match, relevant_parts
from catalog.records.query import Query
from catalog.records.schema import Schema
from catalog.records.statement import near_place
from catalog.records.store import Store

Statement = tuple[str, dict[str, Any]]
Places = Sequence[Any]  # what a source has chosen to read; only the source itself looks into it
SQL_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMPTZ", "geometry": "BLOB"}  # fmt: skip
INDEX_EFFORT = 0.1  # the table of an index is read so much faster than parts (measured on 10 million rows)
PARAMETER = re.compile(r"\$(?=[a-z])")


class Source(Protocol):
    """Records to ask. ``name`` stands in cursors: what goes on there goes on in the same records."""

    limits: Limits

    @property
    def name(self) -> str: ...

    @property
    def schema(self) -> Schema: ...

    @property
    def records(self) -> int: ...

    def best_for(self, query: Query) -> "Source":
        """Return the source that answers a question soonest: another way to the same records."""

    def places(self, query: Query, *, paging: bool = True) -> Places:
        """Return what may hold an answer, in the order of the records."""

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]: ...

    def read(self, columns: Iterable[str], places: Places) -> Statement:
        """Return the statement that reads columns and the number of every visible row."""

    def keeps_order(self, places: Places) -> bool:
        """Tell whether they are read in the order of their numbers."""

    def effort(self, query: Query, places: Places) -> float:
        """Return how many rows the engine reads, those of an index for a tenth."""


@dataclass(frozen=True)
class SnapshotSource:
    """The records of one snapshot; ``later`` is what came since the older snapshot that the index is of."""

    manifest: Manifest
    store: Store
    limits: Limits
    index: Index | None = None
    later: Later | None = None

    @property
    def name(self) -> str:
        return self.manifest.digest

    @property
    def schema(self) -> Schema:
        return self.manifest.schema

    @property
    def records(self) -> int:
        return self.manifest.records

    def best_for(self, query: Query) -> "SnapshotSource":
        """Leave the index where the records come as they are: parts in their order end sooner."""
        if self.index is None or query.is_reordered or (query.where and not self.index.meta.by_time):
            return self
        return replace(self, index=None, later=None)

    def places(self, query: Query, *, paging: bool = True) -> list[int]:
        """Return the positions of parts; the table of an index is one place, whichever part is named for it."""
        found = relevant_parts(self.manifest, query, paging=paging)
        return found[:1] if self.index else found

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.index.cursor() if self.index else connect((self.store.root,), self.limits) as cursor:
            if self.later:
                cursor.register("_replaced", self.later.replaced)
                cursor.register("_added", self.later.added)
            yield cursor

    def read(self, columns: Iterable[str], places: Sequence[int]) -> Statement:
        if self.index is None:
            return read_parts(self.manifest, self.store, places, columns)
        names = names_of([*columns, ROW])
        if self.later is None:
            return f"SELECT {names} FROM rows", {}
        statement = f"SELECT {names} FROM rows WHERE {ROW} < {self.later.until:d}"
        if self.later.replaced.num_rows:
            statement = f"SELECT {names} FROM ({statement}) AS indexed ANTI JOIN _replaced USING ({ROW})"
        return f"{statement} UNION ALL SELECT {names} FROM _added", {}

    def keeps_order(self, places: Sequence[int]) -> bool:
        if self.index:
            return not self.index.meta.by_time and self.later is None
        return all(keeps_order(self.manifest, at) for at in places)

    def effort(self, query: Query, places: Sequence[int]) -> float:
        if self.index is None:
            return sum(self.manifest.parts[at].rows for at in places)
        low, high, _ = span_of(self.index, self.schema, [part for where in query.where for part in conjuncts(where)])
        return INDEX_EFFORT * (high - low + (self.later.added.num_rows if self.later else 0))


@dataclass(frozen=True)
class Taken:
    """How a column of a union is had from a member: a column of it, multiplied, or the same text in all rows."""

    column: str = ""
    factor: Fraction = Fraction(1)
    text: str | None = None


@dataclass(frozen=True)
class Member:
    """A snapshot in a union; a column of the union that is not in ``taken`` is empty."""

    manifest: Manifest
    taken: Mapping[str, Taken]


@dataclass(frozen=True)
class UnionSource:
    """Several snapshots read as one, in the order of ``members``."""

    name: str
    schema: Schema
    members: tuple[Member, ...]
    store: Store
    limits: Limits

    @property
    def records(self) -> int:
        return sum(member.manifest.records for member in self.members)

    def best_for(self, query: Query) -> "UnionSource":
        return self

    def places(self, query: Query, *, paging: bool = True) -> list[tuple[int, list[int]]]:
        conditions = [part for condition in query.where for part in conjuncts(condition)]
        chosen = []
        for number, member in enumerate(self.members):
            parts = [
                at
                for at, part in enumerate(member.manifest.parts)
                if part.rows and all(self.may_hold(member, at, condition) for condition in conditions)
            ]
            if parts:
                chosen.append((number, parts))
        return chosen

    def may_hold(self, member: Member, at: int, condition: Expression) -> bool:
        """Tell whether a part of a member can hold a record that meets a condition of the union."""
        part = member.manifest.parts[at]
        if near := near_place(condition):
            if not self.same_place(member):
                return True
            return boxes_meet(part.box, *(side.value for side in near[1:]))
        for column, operator, value in bounds_of(condition):
            taken = member.taken.get(column)
            if taken is None:
                return False  # it is empty here, and no comparison holds of nothing
            if taken.text is not None:
                values = value if isinstance(value, tuple) else (value,)
                if not any(PRUNERS[operator](one, taken.text, taken.text) for one in values):
                    return False
            elif taken.factor == 1 and not may_match(part, taken.column, operator, value):
                return False
        return True

    def same_place(self, member: Member) -> bool:
        """Tell whether a place of the union is the place that the boxes of a member's parts tell of."""
        ours, theirs = self.schema.geometry, member.manifest.schema.geometry
        if ours is None or theirs is None or ours.is_point != theirs.is_point:
            return False
        names = ((ours.longitude, theirs.longitude), (ours.latitude, theirs.latitude), (ours.column, theirs.column))
        return all(not name or member.taken.get(name) == Taken(source) for name, source in names)

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with connect((self.store.root,), self.limits) as cursor:
            yield cursor

    def read(self, columns: Iterable[str], places: Sequence[tuple[int, list[int]]]) -> Statement:
        names = list(columns)
        starts = [0, *itertools.accumulate(sum(part.rows for part in m.manifest.parts) for m in self.members)]
        reads, parameters = [], {}
        for number, parts in places:
            statement, values = self.read_member(number, parts, names, starts[number])
            reads.append(statement)
            parameters |= values
        return (" UNION ALL ".join(reads) if reads else self.read_nothing(names)), parameters

    def read_member(self, number: int, parts: list[int], names: Sequence[str], start: int) -> Statement:
        """Return the statement that reads a member as the union's columns; its parameters get names of their own."""
        member = self.members[number]
        wanted = [taken.column for name in names if (taken := member.taken.get(name)) and taken.column]
        relation, values = read_parts(member.manifest, self.store, parts, list(dict.fromkeys(wanted)))
        parameters = {f"m{number}_{name}": value for name, value in values.items()}
        shown = []
        for at, name in enumerate(names):
            taken = member.taken.get(name)
            kind = SQL_TYPES.get(self.schema[name].type, "VARCHAR") if name not in BOUNDS else "DOUBLE"
            if taken is None:
                shown.append(f"CAST(NULL AS {kind}) AS {identifier(name)}")
            elif taken.text is not None:
                parameters[f"m{number}_text_{at}"] = taken.text
                shown.append(f"$m{number}_text_{at} AS {identifier(name)}")
            else:
                value = identifier(taken.column)
                if taken.factor != 1:  # both numbers are whole, so that a thousandth of 40 is exactly 0.04
                    value = f"{value} * {taken.factor.numerator:d}.0 / {taken.factor.denominator:d}.0"
                shown.append(f"CAST({value} AS {kind}) AS {identifier(name)}")
        relation = PARAMETER.sub(f"$m{number}_", relation)
        return f"SELECT {', '.join([*shown, f'{ROW} + {start} AS {ROW}'])} FROM ({relation}) AS member", parameters

    def read_nothing(self, names: Sequence[str]) -> str:
        kinds = ("DOUBLE" if name in BOUNDS else SQL_TYPES.get(self.schema[name].type, "VARCHAR") for name in names)
        columns = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in zip(names, kinds, strict=True)]
        return f"SELECT {', '.join([*columns, f'0::BIGINT AS {ROW}'])} LIMIT 0"

    def keeps_order(self, places: Sequence[tuple[int, list[int]]]) -> bool:
        return all(keeps_order(self.members[number].manifest, at) for number, parts in places for at in parts)

    def effort(self, query: Query, places: Sequence[tuple[int, list[int]]]) -> float:
        return sum(self.members[number].manifest.parts[at].rows for number, parts in places for at in parts)
