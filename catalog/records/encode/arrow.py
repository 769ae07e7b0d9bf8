"""Arrow IPC as a stream, as the columns are typed; geometries are GeoArrow columns of WKB.

The buffers are not compressed, which some readers cannot undo; the answer as a whole may be (``Content-Encoding``).
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from catalog.records.encode.options import Options
from catalog.records.encode.shapes import geoarrow_metadata
from catalog.records.encode.sink import Sink
from catalog.records.encode.texts import content_of, ends_of
from catalog.records.encode.typed import typed_schema
from catalog.records.schema import Schema


def encode_arrow(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    sink = Sink()
    typed = told_schema(schema, options.crs)
    with pa.ipc.new_stream(sink, typed) as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays([settled(values) for values in batch.columns], schema=typed))
            yield sink.take()
    yield sink.take()


def told_schema(schema: Schema, crs: str) -> pa.Schema:
    """Return the Arrow types, with the system of each column of geometries."""
    typed = typed_schema(schema)
    for position, column in enumerate(schema.columns):
        if column.type == "geometry":
            typed = typed.set(position, typed.field(position).with_metadata(geoarrow_metadata(crs)))
    return typed


def settled(values: pa.Array) -> pa.Array:
    """Return the same values with nothing beneath the missing ones and behind the last: equal records, equal bytes."""
    known = bits_of(values.is_valid()) if values.null_count else None
    buffers = [None if content is None else exact_buffer(content) for content in (known, *contents_of(values))]
    return pa.Array.from_buffers(values.type, len(values), buffers, null_count=values.null_count)


def exact_buffer(content: np.ndarray) -> pa.Buffer:
    """Return a buffer of just this content: what lies behind it in memory would be written as padding."""
    return pa.py_buffer(content.tobytes())


def contents_of(values: pa.Array) -> list[np.ndarray]:
    """Return what an array holds in memory, with nothing where values are missing."""
    kind = values.type
    if kind == pa.bool_():
        return [bits_of(pc.fill_null(values, False))]
    if kind in (pa.string(), pa.binary()):
        filled = pc.fill_null(values, "" if kind == pa.string() else b"")
        ends = ends_of(filled)
        return [ends - ends[0], content_of(filled)]
    plain = values.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    return [pc.fill_null(plain, 0).to_numpy()]


def bits_of(flags: pa.Array) -> np.ndarray:
    return np.packbits(flags.to_numpy(zero_copy_only=False), bitorder="little")
