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

from catalog.errors import Unanswerable
from catalog.records.parsers import PARSERS
from catalog.records.schema import Schema
from catalog.text import Text

Batches = Iterable[pa.RecordBatch]
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PARQUET_GROUP_ROWS = 100_000
NINE_HOURS = pa.scalar(9 * 3_600_000_000, pa.duration("us"))


@dataclass(frozen=True)
class Format:
    """A way to write records. ``pages``: answers one page unless told otherwise; the others answer whole.

    ``takes_mark``: may begin with a byte order mark, which some spreadsheet programs want.
    """

    name: str
    media_type: str
    label: Text
    encode: Callable[[Batches, Schema], Iterator[bytes]]
    pages: bool = False
    needs_place: bool = False
    takes_mark: bool = False


def encode(batches: Batches, schema: Schema, format_name: str, *, byte_order_mark: bool = False) -> Iterator[bytes]:
    """Write batches in a format of the table; ``schema`` holds exactly the columns of the batches.

    The first chunk is there when the first batch is, never before, so that what goes wrong early is an error. No chunk
    is empty: to a server that answers in chunks an empty one is the end.
    """
    format_ = FORMATS[format_name]
    if byte_order_mark and not format_.takes_mark:
        raise Unanswerable(
            parameter="bom", reason=Text(ko="CSV에만 붙일 수 있습니다", en="only CSV takes a byte order mark")
        )
    return whole_chunks(format_.encode(batches, schema), BYTE_ORDER_MARK if byte_order_mark else b"")


def whole_chunks(chunks: Iterator[bytes], before: bytes) -> Iterator[bytes]:
    for chunk in chunks:
        if chunk:
            yield before + chunk
            before = b""


def encode_json(batches: Batches, schema: Schema) -> Iterator[bytes]:
    separator = b"["
    for batch in batches:
        if batch.num_rows:
            yield separator + orjson.dumps(list(as_dictionaries(batch, schema)))[1:-1]
            separator = b","
    yield b"[]" if separator == b"[" else b"]"


def encode_ndjson(batches: Batches, schema: Schema) -> Iterator[bytes]:
    for batch in batches:
        yield b"".join(
            orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in as_dictionaries(batch, schema)
        )


def encode_csv(batches: Batches, schema: Schema) -> Iterator[bytes]:
    """Write CSV (RFC 4180 with LF): an empty field is a missing value, ``""`` an empty text."""
    sink = Sink()
    with pyarrow.csv.CSVWriter(sink, text_schema(schema)) as writer:
        for batch in batches:
            writer.write_batch(as_text_columns(batch, schema))
            yield sink.take()
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
    typed = typed_schema(schema)
    with pq.ParquetWriter(sink, typed, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch.select(typed.names).cast(typed))
            if sum(part.num_rows for part in waiting) >= PARQUET_GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
                yield sink.take()
        writer.write_table(pa.Table.from_batches(waiting, typed))
    yield sink.take()


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("json", "application/json", Text(ko="JSON", en="JSON"), encode_json, pages=True),
        Format("ndjson", "application/x-ndjson", Text(ko="줄 단위 JSON", en="JSON lines"), encode_ndjson),
        Format("csv", "text/csv; charset=utf-8", Text(ko="CSV", en="CSV"), encode_csv, takes_mark=True),
        Format("geojson", "application/geo+json", Text(ko="GeoJSON", en="GeoJSON"), encode_geojson, needs_place=True),
        Format("parquet", "application/vnd.apache.parquet", Text(ko="Parquet", en="Parquet"), encode_parquet),
    )
}


def as_dictionaries(
    batch: pa.RecordBatch | pa.Table, schema: Schema, *, without_geometry: bool = False
) -> Iterator[dict[str, object]]:
    """Yield records as dictionaries ready for JSON; ``without_geometry`` leaves out the geometry that is their place."""
    place = schema.geometry.column if without_geometry and schema.geometry else ""
    names = [name for name in batch.schema.names if name != place]
    if not names:
        return ({} for _ in range(batch.num_rows))
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


def text_schema(schema: Schema) -> pa.Schema:
    """Return the columns of ``as_text_columns``."""
    written = {"date", "datetime", "geometry"}
    return pa.schema(
        (column.name, pa.string() if column.type in written else PARSERS[column.type].arrow)
        for column in schema.columns
    )


def as_text_columns(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    """Write dates as ISO 8601 and geometries as well-known text; numbers stay numbers."""
    columns = []
    for column in schema.columns:
        values = batch.column(column.name)
        if column.type == "geometry":
            shapes = shapely.from_wkb(np.array(values.to_pylist(), dtype=object))
            values = pa.array(shapely.to_wkt(shapes, rounding_precision=-1), pa.string())
        columns.append(text_of(values, column.type))
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(schema))


def text_of(values: pa.Array | pa.ChunkedArray, kind: str) -> pa.Array | pa.ChunkedArray:
    """Return dates and date-times as ISO text, the latter in Korean Standard Time; other values as they are."""
    if kind == "date":
        return values.cast(pa.string())
    if kind != "datetime":
        return values
    local = pc.add(values.cast(pa.timestamp("us")), NINE_HOURS)
    texts = pc.binary_replace_slice(local.cast(pa.string()), 10, 11, "T")  # casting is ten times as fast as strftime
    return pc.binary_join_element_wise(pc.replace_substring(texts, ".000000", ""), "+09:00", "")


def typed_schema(schema: Schema) -> pa.Schema:
    """Return the Arrow types of the columns, with GeoParquet metadata when the place is one of them."""
    typed = pa.schema((column.name, PARSERS[column.type].arrow) for column in schema.columns)
    geometry = schema.geometry
    if geometry is None or geometry.is_point:
        return typed
    geo = {
        "version": "1.1.0",
        "primary_column": geometry.column,
        "columns": {geometry.column: {"encoding": "WKB", "geometry_types": []}},
    }
    return typed.with_metadata({"geo": orjson.dumps(geo)})


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
