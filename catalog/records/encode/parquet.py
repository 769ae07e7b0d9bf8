"""Parquet as the columns are typed; geometries are WKB with GeoParquet metadata."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.records.encode.options import Options
from catalog.records.encode.shapes import geoparquet_metadata
from catalog.records.encode.sink import Sink
from catalog.records.encode.typed import typed_schema
from catalog.records.schema import Schema

GROUP_ROWS = 100_000


def encode_parquet(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    sink = Sink()
    typed = typed_schema(schema)
    if metadata := geoparquet_metadata(schema, options.crs):
        typed = typed.with_metadata(metadata)
    with pq.ParquetWriter(sink, typed, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in batches:
            waiting.append(batch.replace_schema_metadata(typed.metadata))
            rows += batch.num_rows
            if rows >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting, typed))
                waiting.clear()
                rows = 0
                yield sink.take()
        writer.write_table(pa.Table.from_batches(waiting, typed))
    yield sink.take()
