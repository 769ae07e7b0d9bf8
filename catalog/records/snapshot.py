"""Snapshots: immutable versions of a distribution's records, each an ordered list of Parquet parts.

A manifest is a frozen value that names its parts by digest and carries their counts, ranges and boxes, so that a question
opens only the parts it needs. ``write_snapshot`` turns staged rows into a manifest; the same rows on the same previous
snapshot give an equal manifest. Moving the published pointer is not done here (``catalog/publish.py``).
"""

import hashlib
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.errors import BadSchema
from catalog.records.engine import Limits, connect, identifier
from catalog.records.schema import Schema, from_table_schema, to_table_schema
from catalog.records.store import Store
from catalog.records.tabulate import BOUNDS, ROW, Staged, staging_schema
from catalog.text import Text

PART_ROWS = 1_000_000
ROW_GROUP_ROWS = 122_880  # smaller groups cost more in footers than they save (measured)
PAGE_BYTES = 65_536
SAMPLE_ROWS = 20_000
FOLD_PARTS = 16


class LoadMode(StrEnum):
    """How an answer joins what is published."""

    REPLACE = "replace"
    APPEND = "append"
    UPSERT = "upsert"


@dataclass(frozen=True)
class Part:
    """One file of a snapshot. ``hides``: its keys replace those of the parts before it (an upsert).

    ``ranges`` holds the least and greatest value of columns as text or number; ``box`` is west, south, east, north.
    """

    digest: str
    rows: int
    size: int
    hides: bool = False
    ranges: Mapping[str, tuple[Any, Any]] | None = None
    box: tuple[float, float, float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "digest": self.digest,
            "rows": self.rows,
            "size": self.size,
            "hides": self.hides,
            "ranges": {name: list(bounds) for name, bounds in (self.ranges or {}).items()},
            "box": list(self.box) if self.box else None,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Part":
        return cls(
            digest=entry["digest"],
            rows=entry["rows"],
            size=entry["size"],
            hides=entry["hides"],
            ranges={name: (low, high) for name, (low, high) in entry["ranges"].items()},
            box=tuple(entry["box"]) if entry["box"] else None,
        )


@dataclass(frozen=True)
class Manifest:
    """A snapshot: its schema, its parts in order, and how many records a reader sees."""

    schema: Schema
    parts: tuple[Part, ...]
    records: int

    @property
    def digest(self) -> str:
        """The snapshot's name: SHA-256 over the schema and the parts' digests."""
        content = {"schema": to_table_schema(self.schema), "parts": [[part.digest, part.hides] for part in self.parts]}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema": to_table_schema(self.schema),
            "parts": [part.as_dict() for part in self.parts],
            "records": self.records,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Manifest":
        return cls(
            schema=from_table_schema(entry["schema"]),
            parts=tuple(Part.from_dict(part) for part in entry["parts"]),
            records=entry["records"],
        )


def write_snapshot(
    staged: Staged, store: Store, *, mode: LoadMode, previous: Manifest | None, limits: Limits
) -> Manifest:
    """Write the staged rows as parts and return the manifest of the new snapshot; equal to ``previous`` if nothing changed.

    Append and upsert refuse rows of another shape (columns, types, key or place) than the previous snapshot's: what to do
    then is a person's decision.
    """
    if mode is LoadMode.UPSERT and not staged.schema.key:
        raise BadSchema(
            where="primaryKey",
            reason=Text(ko="'upsert' 방식에는 키 열이 있어야 합니다", en="mode 'upsert' needs key columns"),
        )
    if mode is not LoadMode.REPLACE and previous is not None:
        refuse_other_shape(staged.schema, previous.schema)
    with connect((limits.spool, store.root), limits) as cursor:
        return WRITERS[mode](staged, store, previous, cursor, limits)


def refuse_other_shape(new: Schema, old: Schema) -> None:
    if shape(new) != shape(old):
        raise BadSchema(
            where="columns",
            reason=Text(
                ko="공개된 스냅숏과 열이 달라 덧붙일 수 없습니다. 한 번 'replace' 방식으로 전체를 다시 받으십시오",
                en="the columns differ from the published snapshot's, so rows cannot be added; pull everything once with mode 'replace'",
            ),
        )


def shape(schema: Schema) -> tuple[object, ...]:
    """Return what parts of one snapshot must have in common."""
    geometry = schema.geometry
    place = (geometry.longitude, geometry.latitude, geometry.column) if geometry else None
    return [(column.name, column.type) for column in schema.columns], schema.key, place


def write_replacement(
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    parts = tuple(write_parts(sorted_rows(cursor, staged), staged.schema, store, limits))
    return Manifest(schema=staged.schema, parts=parts, records=staged.accepted)


def write_addition(
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Add the staged rows as parts of their own; parts that are there already are not added again."""
    if previous is None:
        return write_replacement(staged, store, previous, cursor, limits)
    known = {part.digest for part in previous.parts}
    written = write_parts(sorted_rows(cursor, staged), staged.schema, store, limits)
    parts = tuple(part for part in written if part.digest not in known)
    added = sum(part.rows for part in parts)
    manifest = Manifest(schema=staged.schema, parts=previous.parts + parts, records=previous.records + added)
    end = min(len(previous.parts), len(manifest.parts) - FOLD_PARTS)
    return fold_small_parts(manifest, end, store, cursor, limits) if parts else manifest


def fold_small_parts(
    manifest: Manifest, end: int, store: Store, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Join the parts before ``end`` when many are not full.

    The last ones stay as they are, so that an answer that comes again soon is recognised; so do full ones at the start,
    so that no row is written again and again.
    """
    start = 0
    if not any(part.hides for part in manifest.parts):
        start = next((at for at, part in enumerate(manifest.parts) if part.rows < PART_ROWS), end)
    if end - start < FOLD_PARTS:
        return manifest
    names = content_names(manifest.schema)
    relation, paths = read_parts(manifest, store, range(start, end), names)
    rows = cursor.sql(
        f"SELECT {names_of(names)} FROM ({relation}) AS old ORDER BY {arrival_order(manifest.schema)}",
        params=paths,
    )
    folded = tuple(write_parts(batches(rows), manifest.schema, store, limits))
    return Manifest(
        schema=manifest.schema,
        parts=manifest.parts[:start] + folded + manifest.parts[end:],
        records=manifest.records,
    )


def write_upsert(
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Add a part of the records that are new or changed; fold all parts into one when they have become many."""
    if previous is None:
        return write_replacement(staged, store, previous, cursor, limits)
    schema = staged.schema
    names = names_of(content_names(schema))
    same_key = " AND ".join(f"old.{identifier(name)} = new.{identifier(name)}" for name in schema.key)
    relation, paths = current_rows(previous, store)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE changed AS SELECT {names} FROM read_parquet($staged) "
        f"EXCEPT SELECT {names} FROM ({relation}) AS old "
        f"WHERE EXISTS (SELECT 1 FROM read_parquet($staged) AS new WHERE {same_key})",
        paths | {"staged": str(staged.path)},
    )
    changed = count(cursor, "changed", {})
    if not changed:
        return Manifest(schema=schema, parts=previous.parts, records=previous.records)
    replaced = count(cursor, f"({relation}) AS old WHERE EXISTS (SELECT 1 FROM changed AS new WHERE {same_key})", paths)
    records = previous.records + changed - replaced
    order = content_order(schema)
    if len(previous.parts) >= FOLD_PARTS or changed * 2 > previous.records:
        rows = cursor.sql(
            f"SELECT {names} FROM changed UNION ALL SELECT {names} FROM ({relation}) AS old "
            f"WHERE NOT EXISTS (SELECT 1 FROM changed AS new WHERE {same_key}) ORDER BY {order}",
            params=paths,
        )
        parts = tuple(write_parts(batches(rows), schema, store, limits))
    else:
        rows = cursor.sql(f"SELECT {names} FROM changed ORDER BY {order}")
        parts = previous.parts + tuple(write_parts(batches(rows), schema, store, limits, hides=True))
    return Manifest(schema=schema, parts=parts, records=records)


WRITERS: Mapping[LoadMode, Callable[..., Manifest]] = {
    LoadMode.REPLACE: write_replacement,
    LoadMode.APPEND: write_addition,
    LoadMode.UPSERT: write_upsert,
}


def count(cursor: duckdb.DuckDBPyConnection, what: str, parameters: Mapping[str, object]) -> int:
    [(number,)] = cursor.execute(f"SELECT count(*) FROM {what}", dict(parameters)).fetchall()
    return number


def content_names(schema: Schema) -> list[str]:
    """Return all columns of a part but the row number."""
    return [name for name in staging_schema(schema).names if name != ROW]


def names_of(columns: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in columns)


def content_order(schema: Schema) -> str:
    """Return the order of rows that have lost their number: as declared, else by key; every column breaks ties."""
    first = schema.sorted_by or schema.key
    rest = [name for name in schema.names if name not in first]
    return names_of((*first, *rest))


def arrival_order(schema: Schema) -> str:
    """Return the order of rows that have their number: as declared, else by key, else as they came."""
    return names_of((*(schema.sorted_by or schema.key), ROW))


def sorted_rows(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[pa.RecordBatch]:
    names = names_of(content_names(staged.schema))
    statement = f"SELECT {names} FROM read_parquet($path) ORDER BY {arrival_order(staged.schema)}"
    return batches(cursor.sql(statement, params={"path": str(staged.path)}))


def batches(rows: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    yield from rows.to_arrow_reader(ROW_GROUP_ROWS)


def write_parts(
    rows: Iterable[pa.RecordBatch], schema: Schema, store: Store, limits: Limits, *, hides: bool = False
) -> Iterator[Part]:
    """Write rows as parts of at most PART_ROWS, numbered from 0 in each, into the store."""
    writer = PartWriter(schema, store, limits, hides)
    try:
        for batch in rows:
            yield from writer.write(pa.Table.from_batches([batch]))
        if writer.rows:
            yield writer.finish()
    finally:
        writer.abandon()


class PartWriter:
    """The part being written."""

    def __init__(self, schema: Schema, store: Store, limits: Limits, hides: bool) -> None:
        self.schema, self.store, self.hides, self.spool = schema, store, hides, limits.spool
        self.file: pq.ParquetWriter | None = None
        self.path = Path()
        self.rows = 0
        self.summary = Summary(schema)

    def write(self, table: pa.Table) -> Iterator[Part]:
        while table.num_rows:
            room = PART_ROWS - self.rows
            self.append(table.slice(0, room))
            table = table.slice(room)
            if self.rows == PART_ROWS:
                yield self.finish()

    def append(self, table: pa.Table) -> None:
        if self.file is None:
            self.path = self.spool / f"part-{uuid.uuid4().hex}.parquet"
            self.file = pq.ParquetWriter(
                self.path,
                staging_schema(self.schema),
                compression="zstd",
                use_dictionary=repetitive_columns(table),
                data_page_size=PAGE_BYTES,
                write_page_index=True,
            )
        numbers = pa.array(np.arange(self.rows, self.rows + table.num_rows))
        numbered = table.add_column(0, ROW, numbers).cast(staging_schema(self.schema))
        self.file.write_table(numbered, row_group_size=ROW_GROUP_ROWS)
        self.summary.add(table)
        self.rows += table.num_rows

    def finish(self) -> Part:
        assert self.file is not None
        self.file.close()
        size = self.path.stat().st_size
        part = Part(
            digest=self.store.keep(self.path),
            rows=self.rows,
            size=size,
            hides=self.hides,
            ranges=self.summary.ranges(),
            box=self.summary.box(),
        )
        self.file, self.rows, self.summary = None, 0, Summary(self.schema)
        return part

    def abandon(self) -> None:
        if self.file is not None:
            self.file.close()
            self.path.unlink(missing_ok=True)
            self.file = None


def repetitive_columns(table: pa.Table) -> list[str]:
    """Return the columns that a dictionary makes smaller; for the others it makes pages three times slower to read."""
    sample = table.slice(0, SAMPLE_ROWS)
    return [name for name in sample.column_names if pc.count_distinct(sample[name]).as_py() * 5 <= sample.num_rows]


class Summary:
    """Least and greatest values of the columns of a part, gathered while it is written.

    Texts longer than 64 characters get no range, so that manifests stay small.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.found: dict[str, tuple[Any, Any]] = {}

    def add(self, table: pa.Table) -> None:
        for name in table.column_names:
            values = table.column(name)
            if pa.types.is_binary(values.type) or pa.types.is_boolean(values.type):
                continue
            bounds = pc.min_max(values).as_py()
            low, high = bounds["min"], bounds["max"]
            if low is None:
                continue
            known = self.found.get(name)
            self.found[name] = (min(known[0], low), max(known[1], high)) if known else (low, high)

    def ranges(self) -> dict[str, tuple[Any, Any]]:
        return {
            name: (json_value(low), json_value(high))
            for name, (low, high) in self.found.items()
            if name not in BOUNDS and not (isinstance(low, str) and max(len(low), len(high)) > 64)
        }

    def box(self) -> tuple[float, float, float, float] | None:
        geometry = self.schema.geometry
        if geometry is None:
            return None
        names = (geometry.longitude, geometry.latitude) * 2 if geometry.is_point else BOUNDS
        if any(name not in self.found for name in names):
            return None
        west, south, east, north = names
        return (self.found[west][0], self.found[south][0], self.found[east][1], self.found[north][1])


def json_value(value: object) -> object:
    """Return dates as ISO text, everything else as it is."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def current_rows(manifest: Manifest, store: Store) -> tuple[str, dict[str, Any]]:
    """Return the statement that reads every visible row of a snapshot, and its parameters."""
    return read_parts(manifest, store, range(len(manifest.parts)), content_names(manifest.schema))


def read_parts(
    manifest: Manifest, store: Store, positions: Sequence[int], columns: Iterable[str]
) -> tuple[str, dict[str, Any]]:
    """Return the statement that reads the visible rows of some parts; ``_row`` counts over the whole snapshot.

    A row of a part is hidden when a later upsert part has its key. Rows come in their order unless one of the parts has
    later upserts (``has_hidden_rows``).
    """
    if not positions:
        return empty_rows(manifest.schema), {}
    starts = [0, *itertools.accumulate(part.rows for part in manifest.parts)]
    hiding = [at for at, part in enumerate(manifest.parts) if part.hides and at > min(positions)]
    shown, key = list(columns), manifest.schema.key
    needed = names_of(dict.fromkeys([*shown, *key]) if hiding else shown)
    reads = []
    for at in positions:
        row = f"{ROW} + {starts[at]} AS {ROW}" if starts[at] else ROW
        reads.append(f"SELECT {needed}, {row}{f', {at} AS _part' if hiding else ''} FROM read_parquet($part_{at})")
    statement = " UNION ALL ".join(reads)
    if hiding:
        same = " AND ".join(f"later.{identifier(name)} = part.{identifier(name)}" for name in key)
        later = " UNION ALL ".join(
            f"SELECT {names_of(key)}, {at} AS _part FROM read_parquet($part_{at})" for at in hiding
        )
        statement = (
            f"SELECT {names_of(shown)}, {ROW} FROM ({statement}) AS part "
            f"ANTI JOIN ({later}) AS later ON {same} AND later._part > part._part"
        )
    return statement, {f"part_{at}": str(store.path(manifest.parts[at].digest)) for at in {*positions, *hiding}}


def has_hidden_rows(manifest: Manifest, position: int) -> bool:
    """Tell whether a later part may hide rows of this one; they are then read through a join, which keeps no order."""
    return any(part.hides for part in manifest.parts[position + 1 :])


def empty_rows(schema: Schema) -> str:
    """Return a statement with the columns of a snapshot and no rows."""
    kinds = {
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "date32[day]": "DATE",
        "string": "VARCHAR",
        "binary": "BLOB",
    }
    columns = [
        f"NULL::{kinds.get(str(field.type), 'TIMESTAMPTZ')} AS {identifier(field.name)}"
        for field in staging_schema(schema)
    ]
    return f"SELECT {', '.join(columns)} LIMIT 0"
