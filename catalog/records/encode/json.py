"""JSON: the list of records, and JSON lines. Texts are built by column, a record never becomes a Python object."""

from collections.abc import Iterable, Iterator, Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.encode.dictionaries import columns_of, dictionaries
from catalog.records.encode.options import Options
from catalog.records.encode.shapes import geojson_texts
from catalog.records.encode.texts import (
    OFFSET,
    byte_table,
    bytes_of,
    holds_any,
    join_rows,
    local_text,
    number_texts,
)
from catalog.records.encode.typed import typed_batch, typed_schema
from catalog.records.schema import Schema

FEW = 300  # records; a column of less is written sooner one by one than all at once
ESCAPED = byte_table([*range(32), ord('"'), ord("\\")])
CONTROLS = byte_table(range(32))
# The backslash is first, as the others bring new ones.
ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
RARE_ESCAPES = tuple((chr(code), f"\\u{code:04x}") for code in range(32) if chr(code) not in "\n\r\t")


def encode_json(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    separator = b"["
    for batch in batches:
        if batch.num_rows:
            yield separator + joined(json_objects(batch, schema))
            separator = b","
    yield b"[]" if separator == b"[" else b"]"


def encode_ndjson(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    for batch in batches:
        yield bytes_of(join_rows([*json_objects(batch, schema), "\n"]))


def json_array(records: pa.RecordBatch | pa.Table, schema: Schema) -> bytes:
    """Write the records of one page as a JSON list."""
    typed = typed_batch(records, typed_schema(schema))
    if typed.num_rows < FEW:
        return json_of_columns(columns_of(typed, schema), schema)
    batches = [typed] if isinstance(typed, pa.RecordBatch) else typed.to_batches()
    written = (joined(json_objects(batch, schema)) for batch in batches if batch.num_rows)
    return b"[" + b",".join(written) + b"]"


def json_of_columns(columns: Sequence[Sequence[object]], schema: Schema) -> bytes:
    """Write columns of plain values as a JSON list of objects."""
    return orjson.dumps(list(dictionaries(schema.names, columns)))


def joined(pieces: list[str | pa.Array]) -> bytes:
    """Join rows with commas between them."""
    return bytes_of(join_rows([*pieces, ","]))[:-1]


def json_objects(batch: pa.RecordBatch, schema: Schema, *, without: str = "") -> list[str | pa.Array]:
    """Return the pieces of one JSON object a row; ``without`` names a column that is left out."""
    pieces: list[str | pa.Array] = ["{"]
    separator = ""
    for column in schema.columns:
        if column.name != without:
            pieces += [f'{separator}"{column.name}":', *json_pieces(batch.column(column.name), column.type)]
            separator = ","
    # A batch whose every column is left out has rows still, which a piece without a column does not tell.
    return [*pieces, "}"] if separator else [pa.array(["{}"] * batch.num_rows, pa.string())]


def json_pieces(values: pa.Array, kind: str) -> list[str | pa.Array]:
    """Return the pieces of one JSON value a row: the quotes stand apart where no value is missing."""
    if kind == "number":
        return [or_null(number_texts(values))]
    if kind in ("integer", "boolean"):
        return [or_null(values.cast(pa.string()))]
    if kind == "geometry":
        return [or_null(geojson_texts(values))]
    if kind == "datetime":
        texts, end = local_text(values), f'{OFFSET}"'
    else:
        texts, end = (values.cast(pa.string()) if kind == "date" else escaped(values)), '"'
    if texts.null_count:
        return [or_null(join_rows(['"', texts, end]))]
    return ['"', texts, end]


def or_null(texts: pa.Array) -> pa.Array:
    return pc.fill_null(texts, "null") if texts.null_count else texts


def escaped(texts: pa.Array) -> pa.Array:
    if not holds_any(texts, ESCAPED):
        return texts
    for plain, written in ESCAPES:
        texts = pc.replace_substring(texts, plain, written)
    if holds_any(texts, CONTROLS):
        for plain, written in RARE_ESCAPES:
            texts = pc.replace_substring(texts, plain, written)
    return texts
