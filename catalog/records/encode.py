"""Records as bytes: one row per format. Text formats show dates as ISO 8601 and date-times with their offset (+09:00).

Encoders take batches and give chunks, so an answer of any size needs one batch of memory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

from catalog.records.schema import Schema
from catalog.text import Text

Batches = Iterable[pa.RecordBatch]
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Format:
    """A way to write records. ``pages``: answers one page unless told otherwise; the others answer whole."""

    name: str
    media_type: str
    label: Text
    encode: Callable[[Batches, Schema], Iterator[bytes]]
    pages: bool = False
    needs_place: bool = False


def encode(batches: Batches, schema: Schema, format_name: str, *, byte_order_mark: bool = False) -> Iterator[bytes]:
    """Write batches in a format of the table; ``schema`` holds exactly the columns of the batches."""
    if byte_order_mark:
        yield BYTE_ORDER_MARK
    yield from FORMATS[format_name].encode(batches, schema)


def encode_json(batches: Batches, schema: Schema) -> Iterator[bytes]:
    separator = b"["
    for batch in batches:
        for record in as_dictionaries(batch, schema):
            yield separator + orjson.dumps(record)
            separator = b","
    yield b"[]" if separator == b"[" else b"]"


def encode_ndjson(batches: Batches, schema: Schema) -> Iterator[bytes]:
    for batch in batches:
        yield b"".join(
            orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in as_dictionaries(batch, schema)
        )


def encode_csv(batches: Batches, schema: Schema) -> Iterator[bytes]:
    sink = Sink()
    writer = None
    for batch in batches:
        shown = as_text_columns(batch, schema)
        writer = writer or pyarrow.csv.CSVWriter(sink, shown.schema)
        writer.write_batch(shown)
        yield sink.take()
    if writer is None:
        yield (",".join(f'"{name}"' for name in schema.names) + "\n").encode()
    else:
        writer.close()
        yield sink.take()


def encode_geojson(batches: Batches, schema: Schema) -> Iterator[bytes]:
    """Write a FeatureCollection (RFC 7946, WGS 84); records without a place have a null geometry."""
    separator = b'{"type":"FeatureCollection","features":['
    for batch in batches:
        features = [
            orjson.dumps({"type": "Feature", "geometry": geometry, "properties": record})
            for record, geometry in zip(
                as_dictionaries(batch, schema, without_geometry=True), geometries(batch, schema), strict=True
            )
        ]
        if features:
            yield separator + b",\n".join(features)
            separator = b",\n"
    yield (b"" if separator == b",\n" else separator) + b"]}\n"


def encode_parquet(batches: Batches, schema: Schema) -> Iterator[bytes]:
    """Write Parquet as it is typed; geometries are WKB with GeoParquet metadata."""
    sink = Sink()
    writer = None
    for batch in batches:
        writer = writer or pq.ParquetWriter(sink, with_geo_metadata(batch.schema, schema), compression="zstd")
        writer.write_table(pa.Table.from_batches([batch.cast(writer.schema)]))
        yield sink.take()
    if writer is None:
        from_schema = pa.schema([pa.field(name, pa.string()) for name in schema.names])
        writer = pq.ParquetWriter(sink, from_schema)
    writer.close()
    yield sink.take()


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("json", "application/json", Text(ko="JSON", en="JSON"), encode_json, pages=True),
        Format("ndjson", "application/x-ndjson", Text(ko="줄 단위 JSON", en="JSON lines"), encode_ndjson),
        Format("csv", "text/csv; charset=utf-8", Text(ko="CSV", en="CSV"), encode_csv),
        Format("geojson", "application/geo+json", Text(ko="GeoJSON", en="GeoJSON"), encode_geojson, needs_place=True),
        Format("parquet", "application/vnd.apache.parquet", Text(ko="Parquet", en="Parquet"), encode_parquet),
    )
}


def as_dictionaries(
    batch: pa.RecordBatch | pa.Table, schema: Schema, *, without_geometry: bool = False
) -> Iterator[dict[str, object]]:
    """Yield records as dictionaries ready for JSON."""
    names = [name for name in batch.schema.names if not (without_geometry and schema[name].type == "geometry")]
    columns = [json_values(batch.column(name), schema[name].type) for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def json_values(values: pa.Array | pa.ChunkedArray, kind: str) -> list[object]:
    if kind == "geometry":
        return geojson_fragments(values)
    return text_of(values, kind).to_pylist()


def geojson_fragments(values: pa.Array | pa.ChunkedArray) -> list[object]:
    shapes = shapely.from_wkb(np.array(values.to_pylist(), dtype=object))
    return [None if text is None else orjson.Fragment(text) for text in shapely.to_geojson(shapes)]


def geometries(batch: pa.RecordBatch, schema: Schema) -> list[object]:
    geometry = schema.geometry
    if geometry is None:
        return [None] * batch.num_rows
    if not geometry.is_point:
        return geojson_fragments(batch.column(geometry.column))
    points = zip(batch.column(geometry.longitude).to_pylist(), batch.column(geometry.latitude).to_pylist(), strict=True)
    return [None if x is None or y is None else {"type": "Point", "coordinates": [x, y]} for x, y in points]


def as_text_columns(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    columns = []
    for name in batch.schema.names:
        values = batch.column(name)
        if schema[name].type == "geometry":
            shapes = shapely.from_wkb(np.array(values.to_pylist(), dtype=object))
            values = pa.array(shapely.to_wkt(shapes, rounding_precision=-1), pa.string())
        columns.append(text_of(values, schema[name].type))
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def text_of(values: pa.Array | pa.ChunkedArray, kind: str) -> pa.Array | pa.ChunkedArray:
    """Return dates and date-times as ISO text; other values as they are."""
    if kind == "date":
        return values.cast(pa.string())
    if kind != "datetime":
        return values
    local = pc.local_timestamp(values.cast(pa.timestamp("us", tz="Asia/Seoul")))
    whole = pc.equal(pc.floor_temporal(local, unit="second"), local)
    if pc.all(whole, min_count=0).as_py() or len(values) == values.null_count:
        local = local.cast(pa.timestamp("s"))
    return pc.binary_join_element_wise(pc.strftime(local, format="%Y-%m-%dT%H:%M:%S"), "+09:00", "")


def with_geo_metadata(arrow_schema: pa.Schema, schema: Schema) -> pa.Schema:
    geometry = schema.geometry
    if geometry is None or geometry.is_point or geometry.column not in arrow_schema.names:
        return arrow_schema
    geo = {
        "version": "1.1.0",
        "primary_column": geometry.column,
        "columns": {geometry.column: {"encoding": "WKB", "geometry_types": []}},
    }
    return arrow_schema.with_metadata({"geo": orjson.dumps(geo)})


class Sink:
    """A file to write to whose content can be taken away piece by piece."""

    closed = False

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.position = 0

    def write(self, data: bytes) -> int:
        chunk = bytes(data)
        self.chunks.append(chunk)
        self.position += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self.position

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def take(self) -> bytes:
        taken = b"".join(self.chunks)
        self.chunks.clear()
        return taken
