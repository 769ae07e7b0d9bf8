"""Records as dictionaries of plain values, for who shows a few of them; whole answers never pass through here."""

from collections.abc import Iterator

import orjson
import pyarrow as pa
import shapely

from catalog.records.encode.shapes import shapes_of
from catalog.records.encode.texts import text_of
from catalog.records.schema import Schema


def as_dictionaries(batch: pa.RecordBatch | pa.Table, schema: Schema) -> Iterator[dict[str, object]]:
    """Yield records as dictionaries ready for JSON."""
    names = batch.schema.names
    columns = [json_values(batch.column(name), schema[name].type) for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def json_values(values: pa.Array | pa.ChunkedArray, kind: str) -> list[object]:
    if kind == "geometry":
        return [None if text is None else orjson.Fragment(text) for text in shapely.to_geojson(shapes_of(values))]
    return text_of(values, kind).to_pylist()
