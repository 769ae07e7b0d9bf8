"""Parts: rows written as Parquet files of a limited size into the store, with what a manifest tells about each."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
SEOUL = ZoneInfo("Asia/Seoul")


def batches(rows: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    yield from rows.to_arrow_reader(ROW_GROUP_ROWS)


def is_full(part: Part) -> bool:
    return part.rows >= PART_ROWS


def has_told_rows(part: Part, store: Store) -> bool:
    """Tell whether the file of a part has as many rows as the manifest says; what is no Parquet is a ValueError."""
    return pq.read_metadata(store.path(part.digest)).num_rows == part.rows


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
        self.metadata: list[pq.FileMetaData] = []

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
                metadata_collector=self.metadata,
            )
        numbers = pa.array(np.arange(self.rows, self.rows + table.num_rows))
        numbered = table.add_column(0, ROW, numbers).cast(staging_schema(self.schema))
        self.file.write_table(numbered, row_group_size=ROW_GROUP_ROWS)
        self.rows += table.num_rows

    def finish(self) -> Part:
        assert self.file is not None
        self.file.close()
        size = self.path.stat().st_size
        bounds = bounds_of(self.metadata.pop())
        part = Part(
            digest=self.store.keep(self.path),
            rows=self.rows,
            size=size,
            hides=self.hides,
            ranges=ranges_of(bounds, self.schema),
            box=box_of(bounds, self.schema),
        )
        self.file, self.rows = None, 0
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


def bounds_of(metadata: pq.FileMetaData) -> dict[str, tuple[Any, Any]]:
    """Return the least and the greatest value of each column that has any, as its row groups tell them."""
    found: dict[str, tuple[Any, Any]] = {}
    unknown = set()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            name, told = column.path_in_schema, column.statistics
            if told is None or not told.has_min_max:
                if told is None or told.null_count < column.num_values:  # too long to be told
                    unknown.add(name)
                continue
            known = found.get(name, (told.min, told.max))
            found[name] = min(known[0], told.min), max(known[1], told.max)
    return {name: bounds for name, bounds in found.items() if name not in unknown}


def ranges_of(bounds: Mapping[str, tuple[Any, Any]], schema: Schema) -> dict[str, tuple[Any, Any]]:
    """Return the bounds as a manifest keeps them; texts longer than 64 characters get none, so that it stays small."""
    names = [column.name for column in schema.columns if column.type not in ("boolean", "geometry")]
    ranges = {name: bounds[name] for name in names if name in bounds}
    return {
        name: (json_value(low), json_value(high))
        for name, (low, high) in ranges.items()
        if not (isinstance(low, str) and max(len(low), len(high)) > 64)
    }


def box_of(bounds: Mapping[str, tuple[Any, Any]], schema: Schema) -> tuple[float, float, float, float] | None:
    geometry = schema.geometry
    if geometry is None:
        return None
    names = (geometry.longitude, geometry.latitude) * 2 if geometry.is_point else BOUNDS
    if any(name not in bounds for name in names):
        return None
    west, south, east, north = names
    return (bounds[west][0], bounds[south][0], bounds[east][1], bounds[north][1])


def json_value(value: object) -> object:
    """Return moments in Korean time and days as ISO text, everything else as it is."""
    if isinstance(value, dt.datetime):
        return value.astimezone(SEOUL).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value
