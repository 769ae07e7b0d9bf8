"""What changed between two snapshots, row by row, and the visible rows of one part: as files for readers of plain Parquet.

Parts that both snapshots name with the same hidden rows are never opened. Of a part whose hidden rows differ only those that
differ are read; of the others all. Rows that stand on both sides as often cancel out, so that rows that were merely written
again (``fold.py``) are no change. What is left is sorted by content: equal snapshots give equal files.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.records.admission import FACTORS, estimate_cost
from catalog.records.engine import Limits, connect, deadline, identifier, names_of
from catalog.records.hidden import hidden_rows
from catalog.records.layout import content_names, staging_schema
from catalog.records.manifest import Manifest, Part, current_rows, has_hidden_rows, read_parts
from catalog.records.parts import PART_ROWS, ROW_GROUP_ROWS, batches, bounds_of, ranges_of
from catalog.records.run import engine_errors
from catalog.records.schema import Schema
from catalog.records.snapshot import content_order
from catalog.records.store import Store

CHANGE_TYPE = "_change_type"
TIMES = "_times"  # how often more a row stands in the new snapshot than in the old one


class ChangeType(StrEnum):
    """What became of a row; an update has the row before and the row after, in files of their own."""

    INSERT = "insert"
    DELETE = "delete"
    BEFORE = "update_preimage"
    AFTER = "update_postimage"


@dataclass(frozen=True)
class RowFile:
    """A Parquet file of rows and what is known of them. ``is_part``: it lies in the store of records, as a part."""

    digest: str
    rows: int
    size: int
    ranges: Mapping[str, tuple[Any, Any]]
    change: str = ""
    is_part: bool = False

    def as_dict(self) -> dict[str, Any]:
        ranges = {name: list(bounds) for name, bounds in self.ranges.items()}
        return {
            "digest": self.digest,
            "rows": self.rows,
            "size": self.size,
            "ranges": ranges,
            "change": self.change,
            "is_part": self.is_part,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "RowFile":
        ranges = {name: (low, high) for name, (low, high) in entry["ranges"].items()}
        return cls(entry["digest"], entry["rows"], entry["size"], ranges, entry["change"], entry["is_part"])


def file_of_part(part: Part, change: str = "") -> RowFile:
    return RowFile(part.digest, part.rows, part.size, part.ranges or {}, change, is_part=True)


def write_visible_rows(manifest: Manifest, position: int, store: Store, target: Store, limits: Limits) -> list[RowFile]:
    """Write the visible rows of a part that has hidden ones into ``target``; none when all of them are hidden."""
    names = content_names(manifest.schema)
    relation, parameters = read_parts(manifest, store, [position], names)
    statement = f"SELECT {names_of(names)} FROM ({relation}) AS rows ORDER BY _row"
    cost = estimate_cost(manifest, [position], "sort", len(names))
    with (
        limits.admitted(cost),
        connect((store.root,), limits) as cursor,
        deadline(cursor, limits),
        engine_errors(limits),
    ):
        rows = cursor.sql(statement, params=parameters)
        return list(write_files(batches(rows), manifest.schema, target, limits))


def changed_parts(old: Manifest, new: Manifest) -> list[RowFile] | None:
    """Return the changes where they are whole parts as they lie, which costs nothing; None when rows must be compared."""
    can_stay = is_comparable(old, new)
    gone, come = differing(old, new) if can_stay else (old.parts, new.parts)
    if can_stay and gone and come:
        return None
    for manifest, parts in ((old, gone), (new, come)):
        if any(has_hidden_rows(manifest, position) for position in positions_of(manifest, parts)):
            return None
    return [file_of_part(part, ChangeType.DELETE) for part in gone] + [
        file_of_part(part, ChangeType.INSERT) for part in come
    ]


def write_changes(old: Manifest, new: Manifest, store: Store, target: Store, limits: Limits) -> list[RowFile]:
    """Write the rows that were deleted, updated and inserted from one snapshot to the next into ``target``."""
    if not is_comparable(old, new):  # other columns: everything went, and everything came
        empty = [Manifest(schema=side.schema, parts=(), records=0) for side in (old, new)]
        return [
            *write_changes(old, empty[0], store, target, limits),
            *write_changes(empty[1], new, store, target, limits),
        ]
    names = names_of(content_names(new.schema))
    before, after = differences(old, new, store)
    statement = (
        f"CREATE TEMP TABLE _changed AS SELECT {names}, sum(_side)::BIGINT AS {TIMES} FROM ("
        f"SELECT {names}, -1 AS _side FROM ({before.statement}) UNION ALL "
        f"SELECT {names}, 1 AS _side FROM ({after.statement})) GROUP BY {names} HAVING sum(_side) <> 0"
    )
    found: list[RowFile] = []
    cost = (before.rows + after.rows) * len(new.schema.columns) * FACTORS["group"]
    with (
        limits.admitted(cost),
        connect((store.root,), limits) as cursor,
        deadline(cursor, limits),
        engine_errors(limits),
    ):
        cursor.execute(statement, before.parameters | after.parameters or None)
        for change, condition in conditions(new.schema, cursor):
            repeated = f"SELECT {names}, unnest(range(abs({TIMES}))) FROM _changed AS row WHERE {condition}"
            rows = cursor.sql(f"SELECT {names} FROM ({repeated}) ORDER BY {content_order(new.schema)}")
            found += write_files(batches(rows), new.schema, target, limits, change)
    return found


def conditions(schema: Schema, cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[ChangeType, str]]:
    """Yield which of the changed rows are of which type; without a key an update is a deletion and an insertion."""
    gone, come = f"{TIMES} < 0", f"{TIMES} > 0"
    if not schema.key:
        yield ChangeType.DELETE, gone
        yield ChangeType.INSERT, come
        return
    key = names_of(schema.key)
    cursor.execute(
        f"CREATE TEMP TABLE _updated AS SELECT {key} FROM _changed GROUP BY {key} "
        f"HAVING min({TIMES}) < 0 AND max({TIMES}) > 0"
    )
    same = " AND ".join(f"key.{identifier(name)} IS NOT DISTINCT FROM row.{identifier(name)}" for name in schema.key)
    is_update = f"EXISTS (SELECT 1 FROM _updated AS key WHERE {same})"
    yield ChangeType.DELETE, f"{gone} AND NOT {is_update}"
    yield ChangeType.BEFORE, f"{gone} AND {is_update}"
    yield ChangeType.AFTER, f"{come} AND {is_update}"
    yield ChangeType.INSERT, f"{come} AND NOT {is_update}"


def is_comparable(old: Manifest, new: Manifest) -> bool:
    """Tell whether rows of both snapshots can be the same: they have the same columns."""
    return staging_schema(old.schema).equals(staging_schema(new.schema))


def differing(old: Manifest, new: Manifest) -> tuple[list[Part], list[Part]]:
    """Return the parts that only one of two snapshots names; where keys hide earlier parts no part can be told to stay."""
    if any(part.hides for part in (*old.parts, *new.parts)):
        return list(old.parts), list(new.parts)
    names_before, names_after = (Counter((part.digest, part.hidden) for part in side.parts) for side in (old, new))
    return only_here(old.parts, names_before - names_after), only_here(new.parts, names_after - names_before)


def only_here(parts: Sequence[Part], left: Counter[tuple[str, str]]) -> list[Part]:
    found = []
    for part in parts:
        if left[part.digest, part.hidden] > 0:
            left[part.digest, part.hidden] -= 1
            found.append(part)
    return found


def positions_of(manifest: Manifest, parts: Iterable[Part]) -> list[int]:
    chosen = {(part.digest, part.hidden) for part in parts}
    return [at for at, part in enumerate(manifest.parts) if (part.digest, part.hidden) in chosen]


@dataclass(frozen=True)
class Rows:
    """A statement that reads rows, its parameters, and how many rows it reads at most."""

    statement: str
    parameters: dict[str, Any]
    rows: int


def differences(old: Manifest, new: Manifest, store: Store) -> tuple[Rows, Rows]:
    """Return the rows of each of two snapshots that may not be in the other."""
    if any(part.hides for part in (*old.parts, *new.parts)):
        return (
            renamed(Rows(*current_rows(old, store), old.records), "old"),
            renamed(Rows(*current_rows(new, store), new.records), "new"),
        )
    gone, come = differing(old, new)
    before: list[tuple[Part, np.ndarray]] = []
    after: list[tuple[Part, np.ndarray]] = []
    for part in gone:
        shown = shown_rows(part, store)
        if twin := next((other for other in come if other.digest == part.digest), None):
            come.remove(twin)
            still = shown_rows(twin, store)
            before.append((part, shown & ~still))
            after.append((twin, still & ~shown))
        else:
            before.append((part, shown))
    after += [(part, shown_rows(part, store)) for part in come]
    return picked(before, old.schema, store, "old"), picked(after, new.schema, store, "new")


def shown_rows(part: Part, store: Store) -> np.ndarray:
    shown = np.ones(part.rows, bool)
    shown[hidden_rows(part.hidden, store)] = False
    return shown


def picked(chosen: Iterable[tuple[Part, np.ndarray]], schema: Schema, store: Store, side: str) -> Rows:
    """Return the statement that reads some rows of some parts."""
    names = names_of(content_names(schema))
    reads: list[str] = []
    parameters: dict[str, Any] = {}
    count = 0
    for at, (part, rows) in enumerate(chosen):
        count += int(np.count_nonzero(rows))
        if not rows.any():
            continue
        parameters[f"{side}_part_{at}"] = str(store.path(part.digest))
        if rows.all():
            reads.append(f"SELECT {names} FROM read_parquet(${side}_part_{at})")
            continue
        parameters[f"{side}_rows_{at}"] = np.packbits(rows).tobytes()
        reads.append(
            f"SELECT {names} FROM read_parquet(${side}_part_{at}, file_row_number = true) "
            f"WHERE get_bit(${side}_rows_{at}::BIT, file_row_number::INTEGER) = 1"
        )
    if not reads:
        nothing = Manifest(schema=schema, parts=(), records=0)
        return Rows(*read_parts(nothing, store, (), ()), 0)
    return Rows(" UNION ALL ".join(reads), parameters, count)


def renamed(rows: Rows, side: str) -> Rows:
    """Return a statement whose parameters have names of their own beside another one's."""
    statement = rows.statement
    for name in sorted(rows.parameters, key=len, reverse=True):  # part_10 before part_1
        statement = statement.replace(f"${name}", f"${side}_{name}")
    return Rows(statement, {f"{side}_{name}": value for name, value in rows.parameters.items()}, rows.rows)


def write_files(
    rows: Iterable[pa.RecordBatch], schema: Schema, target: Store, limits: Limits, change: str = ""
) -> Iterator[RowFile]:
    """Write rows as files of at most PART_ROWS into ``target``; with a change each row says it."""
    file = WrittenRows(schema, target, limits, change)
    try:
        for batch in rows:
            if file.rows + batch.num_rows > PART_ROWS and file.rows:
                yield file.finish()
            file.append(batch)
        if file.rows:
            yield file.finish()
    finally:
        file.abandon()


class WrittenRows:
    """The file being written."""

    def __init__(self, schema: Schema, target: Store, limits: Limits, change: str) -> None:
        self.schema, self.target, self.spool, self.change = schema, target, limits.spool, change
        fields = [staging_schema(schema).field(name) for name in content_names(schema)]
        self.columns = pa.schema(fields + ([pa.field(CHANGE_TYPE, pa.string())] if change else []))
        self.file: pq.ParquetWriter | None = None
        self.path = Path()
        self.rows = 0
        self.metadata: list[pq.FileMetaData] = []

    def append(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        if self.file is None:
            self.path = self.spool / f"shared-{uuid.uuid4().hex}.parquet"
            self.file = pq.ParquetWriter(self.path, self.columns, compression="zstd", metadata_collector=self.metadata)
        table = pa.Table.from_batches([batch])
        if self.change:
            table = table.append_column(CHANGE_TYPE, pa.repeat(pa.scalar(self.change), table.num_rows))
        self.file.write_table(table.cast(self.columns), row_group_size=ROW_GROUP_ROWS)
        self.rows += batch.num_rows

    def finish(self) -> RowFile:
        assert self.file is not None
        self.file.close()
        rows, size = self.rows, self.path.stat().st_size
        ranges = ranges_of(bounds_of(self.metadata.pop()), self.schema)
        self.file, self.rows = None, 0
        return RowFile(self.target.keep(self.path), rows, size, ranges, self.change)

    def abandon(self) -> None:
        if self.file is not None:
            self.file.close()
            self.path.unlink(missing_ok=True)
            self.file = None
