"""Indexes of a few rows in memory: of what came after a large index, which has no files of its own yet."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.engine import Limits
from catalog.records.index.layout import VERSION, Meta, as_numbers
from catalog.records.index.positions import Cells, Grams, Keys, cell_postings, gram_pairs, make_postings
from catalog.records.index.serving import Index
from catalog.records.layout import ROW
from catalog.records.schema import Schema


def index_rows(rows: pa.Table, schema: Schema, like: Meta, limits: Limits) -> Index:
    """Return the index of rows that are in the order of their numbers; it finds by what the index ``like`` finds by."""
    times = as_numbers(rows.column(schema.time).combine_chunks()) if like.time else np.array([], np.int64)
    numbers = rows.column(ROW).to_numpy()
    if like.time and (times[1:] < times[:-1]).any():
        order = np.argsort(times, kind="stable")
        rows, times, numbers = rows.take(pa.array(order)), times[order], numbers[order]
    rows = rows.combine_chunks()
    first = int(numbers[0]) if len(numbers) else 0
    is_numbered = bool((numbers == np.arange(first, first + len(numbers))).all())
    geometry = schema.geometry
    cells = None
    if like.cell and geometry:
        places = (rows.column(name).to_numpy() for name in (geometry.longitude, geometry.latitude))
        cells = Cells(cell_postings(*(np.asarray(place, float) for place in places), like.cell), like.cell)
    return Index(
        meta=Meta(VERSION, len(numbers), like.time, is_numbered, like.keys, like.texts, like.cell, 0.0, ()),
        batch=in_one_piece(rows),
        times=times,
        keys={name: Keys.of_column(one_array(rows, name)) for name in like.keys},
        texts={name: grams_of(one_array(rows, name)) for name in like.texts},
        cells=cells,
        table=None,
        limits=limits,
        first_number=first,
    )


def in_one_piece(rows: pa.Table) -> pa.RecordBatch:
    """Return rows as one batch whose columns begin where their memory begins."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    with pa.ipc.open_file(sink.getvalue()) as file:
        return file.get_batch(0) if file.num_record_batches else empty(rows.schema)


def empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def grams_of(column: pa.Array) -> Grams:
    return Grams(make_postings(*gram_pairs(pc.utf8_lower(column), 0)))


def one_array(rows: pa.Table, name: str) -> pa.Array:
    """Return a column in one piece."""
    column = rows.column(name).combine_chunks()
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
