"""Parts: rows written as Parquet files of a limited size into the store, with what a manifest tells about each."""

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.records.engine import Limits
from catalog.records.layout import BOUNDS, ROW, staging_schema
from catalog.records.manifest import Part
from catalog.records.schema import Schema
from catalog.records.store import Store

PART_ROWS = 1_000_000
ROW_GROUP_ROWS = 122_880  # smaller groups cost more in footers than they save (measured)
PAGE_BYTES = 65_536
SAMPLE_ROWS = 20_000


def batches(rows: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    yield from rows.to_arrow_reader(ROW_GROUP_ROWS)


def is_full(part: Part) -> bool:
    return part.rows >= PART_ROWS


def write_parts(
    rows: Iterable[pa.RecordBatch], schema: Schema, store: Store, limits: Limits, *, hides: bool = False
) -> Iterator[Part]:
    """Write rows as parts of at most PART_ROWS, numbered from 0 in each, into the store."""
    writer = PartWriter(schema, store, limits, hides)
    try:
        for table in row_groups(rows):
            yield from writer.write(table)
        if writer.rows:
            yield writer.finish()
    finally:
        writer.abandon()


def row_groups(rows: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the rows in groups of ROW_GROUP_ROWS in one piece, however they come: equal rows then make equal files."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in rows:
        while count + batch.num_rows >= ROW_GROUP_ROWS:
            room = ROW_GROUP_ROWS - count
            yield pa.Table.from_batches([*waiting, batch.slice(0, room)]).combine_chunks()
            batch, waiting, count = batch.slice(room), [], 0
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


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
