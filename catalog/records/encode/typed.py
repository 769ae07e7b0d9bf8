"""Batches as the schema types them: the columns of the schema, in its order, in the Arrow types of ``parsers.py``."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import pyarrow as pa

from catalog.records.parsers import PARSERS
from catalog.records.schema import Schema

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)


def typed_schema(schema: Schema) -> pa.Schema:
    return pa.schema((column.name, PARSERS[column.type].arrow) for column in schema.columns)


def typed_batches(batches: Iterable[pa.RecordBatch], schema: Schema) -> Iterator[pa.RecordBatch]:
    """Yield batches of exactly these types: the engine counts and sums in wider ones."""
    wanted = typed_schema(schema)
    for batch in batches:
        yield typed_batch(batch, wanted)


def typed_batch(rows: Rows, wanted: pa.Schema) -> Rows:
    if rows.schema.names != wanted.names:
        rows = rows.select(wanted.names)
    return rows if rows.schema.equals(wanted) else rows.cast(wanted)
