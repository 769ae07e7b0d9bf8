"""Records as dictionaries of plain values, for who shows a few of them; whole answers never pass through here."""

from collections.abc import Iterator, Sequence
from itertools import repeat

import orjson
import pyarrow as pa
import shapely

from catalog.records.encode.shapes import shapes_of
from catalog.records.encode.texts import text_of
from catalog.records.schema import Schema


def as_dictionaries(batch: pa.RecordBatch | pa.Table, schema: Schema) -> Iterator[dict[str, object]]:
    """Yield records as dictionaries ready for JSON."""
    return dictionaries(batch.schema.names, columns_of(batch, schema))


def columns_of(batch: pa.RecordBatch | pa.Table, schema: Schema) -> list[Sequence[object]]:
    """Return the columns of records as lists of values ready for JSON."""
    return [json_values(batch.column(name), schema[name].type) for name in batch.schema.names]


def dictionaries(names: Sequence[str], columns: Sequence[Sequence[object]]) -> Iterator[dict[str, object]]:
    """Yield a dictionary a row of columns that are all of one length; written without a line of Python for each."""
    return map(dict, map(zip, repeat(names), zip(*columns, strict=True)))


def json_values(values: pa.Array | pa.ChunkedArray, kind: str) -> list[object]:
    if kind == "geometry":
        return [None if text is None else orjson.Fragment(text) for text in shapely.to_geojson(shapes_of(values))]
    return text_of(values, kind).to_pylist()
