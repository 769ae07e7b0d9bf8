"""CSV (RFC 4180 with LF): an empty field is a missing value, ``""`` an empty text.

A spreadsheet calculates a text that begins like a formula, whoever wrote it into the data (CWE-1236). Such texts get an
apostrophe before them, unless the caller wants every text as it is (``formulas=raw``). Numbers are never touched, and
neither is a text of digits and signs only, such as ``-5`` or ``+82-2-120``: calculating it cannot do harm. A text that
looks as if it had its apostrophe already gets one more, so that taking one away gives every text back.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from catalog.records.encode.options import ENCODINGS, Options
from catalog.records.encode.shapes import wkt_texts
from catalog.records.encode.sink import Sink
from catalog.records.encode.texts import byte_table, content_of, ends_of, finite, text_of
from catalog.records.encode.typed import typed_schema
from catalog.records.schema import Column, Schema

# What begins a formula, with the full-width signs that Excel takes for the same under East Asian settings.
FORMULA = r"^'*[=@\t\r\n＝＠+＋－-]"
HARMLESS = r"^[+-][0-9 .,:()/%+-]*$"
SUSPICIOUS = byte_table([*b"=@\t\r\n+-'", "＝".encode()[0]])


def encode_csv(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    encoding = ENCODINGS[options.encoding]
    sink = Sink()
    mark = encoding.mark
    with pyarrow.csv.CSVWriter(sink, written_schema(schema)) as writer:
        for batch in batches:
            writer.write_batch(as_written(batch, schema, neutral=options.formulas == "quoted"))
            yield mark + recoded(sink.take(), encoding.codec)
            mark = b""
    yield mark + recoded(sink.take(), encoding.codec)


def recoded(text: bytes, codec: str) -> bytes:
    """Write UTF-8 in another encoding; what it lacks becomes a numeric character reference."""
    return text if codec == "utf-8" else text.decode().encode(codec, "xmlcharrefreplace")


def written_schema(schema: Schema) -> pa.Schema:
    """Return the columns of ``as_written``."""
    texts = {"date", "datetime", "geometry"}
    typed = typed_schema(schema)
    return pa.schema(
        (column.name, pa.string() if column.type in texts else typed.field(column.name).type)
        for column in schema.columns
    )


def as_written(batch: pa.RecordBatch, schema: Schema, *, neutral: bool) -> pa.RecordBatch:
    """Return dates as ISO 8601 and geometries as well-known text; numbers stay numbers."""
    columns = [as_written_column(batch.column(column.name), column, neutral=neutral) for column in schema.columns]
    return pa.RecordBatch.from_arrays(columns, schema=written_schema(schema))


def as_written_column(values: pa.Array, column: Column, *, neutral: bool) -> pa.Array:
    if column.type == "geometry":
        return wkt_texts(values)
    if column.type == "string" and neutral:
        return neutralised(values)
    if column.type == "number":
        return finite(values)
    return text_of(values, column.type)


def neutralised(texts: pa.Array) -> pa.Array:
    """Put an apostrophe before texts that a spreadsheet would calculate; most columns are only glanced at."""
    ends = ends_of(texts)
    beginnings = ends[:-1][ends[1:] > ends[:-1]] - ends[0]
    if not SUSPICIOUS[content_of(texts)[beginnings]].any():
        return texts
    formula = pc.match_substring_regex(texts, FORMULA)
    harmless = pc.match_substring_regex(texts, HARMLESS)
    dangerous = pc.fill_null(pc.and_not(formula, harmless), False)
    if not np.any(dangerous.to_numpy(zero_copy_only=False)):
        return texts
    return pc.if_else(dangerous, pc.binary_join_element_wise("'", texts, ""), texts)
