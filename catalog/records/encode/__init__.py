"""Records as bytes: one row a format, one file each.

Encoders take batches and give chunks, so an answer of any size needs one batch of memory. Text formats show dates as
ISO 8601 and date-times with their offset (+09:00).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from catalog.errors import Unanswerable
from catalog.records.encode.arrow import encode_arrow
from catalog.records.encode.csv import encode_csv
from catalog.records.encode.dictionaries import as_dictionaries
from catalog.records.encode.flatgeobuf import encode_flatgeobuf
from catalog.records.encode.geojson import encode_geojson
from catalog.records.encode.json import encode_json, encode_ndjson, json_array
from catalog.records.encode.options import ENCODINGS, FORMULAS, Options
from catalog.records.encode.parquet import encode_parquet
from catalog.records.encode.typed import typed_batches
from catalog.records.encode.xlsx import encode_xlsx, require_rows
from catalog.records.schema import Schema
from catalog.text import Text

__all__ = [
    "ENCODINGS",
    "FORMATS",
    "FORMULAS",
    "Format",
    "as_dictionaries",
    "encode",
    "json_array",
    "media_type_of",
]


@dataclass(frozen=True)
class Format:
    """A way to write records; its name is also the extension of its files.

    ``pages``: answers one page unless told otherwise, the others answer whole. ``has_encodings``: may be had in another
    encoding than UTF-8. ``is_compressed``: gains nothing by being compressed once more. ``require_rows``: refuses
    more records than an answer can hold.
    """

    name: str
    media_type: str
    label: Text
    encode: Callable[[Iterable[pa.RecordBatch], Schema, Options], Iterator[bytes]]
    pages: bool = False
    needs_place: bool = False
    has_encodings: bool = False
    is_compressed: bool = False
    require_rows: Callable[[int], None] = lambda rows: None


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("json", "application/json", Text(ko="JSON", en="JSON"), encode_json, pages=True),
        Format("ndjson", "application/x-ndjson", Text(ko="줄 단위 JSON", en="JSON lines"), encode_ndjson),
        Format("csv", "text/csv; charset=utf-8", Text(ko="CSV", en="CSV"), encode_csv, has_encodings=True),
        Format(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Text(ko="엑셀", en="Excel"),
            encode_xlsx,
            is_compressed=True,
            require_rows=require_rows,
        ),
        Format("geojson", "application/geo+json", Text(ko="GeoJSON", en="GeoJSON"), encode_geojson, needs_place=True),
        Format(
            "fgb",
            "application/flatgeobuf",
            Text(ko="FlatGeobuf", en="FlatGeobuf"),
            encode_flatgeobuf,
            needs_place=True,
        ),
        Format(
            "parquet",
            "application/vnd.apache.parquet",
            Text(ko="Parquet", en="Parquet"),
            encode_parquet,
            is_compressed=True,
        ),
        Format(
            "arrow", "application/vnd.apache.arrow.stream", Text(ko="Arrow 스트림", en="Arrow stream"), encode_arrow
        ),
    )
}


def encode(
    batches: Iterable[pa.RecordBatch],
    schema: Schema,
    format_name: str,
    *,
    encoding: str = "utf-8",
    formulas: str = "quoted",
    crs: str = "EPSG:4326",
    spool: Path | None = None,
) -> Iterator[bytes]:
    """Write batches in a format of the table; ``schema`` holds exactly the columns of the batches (see ``Options``).

    The first chunk is there when the first batch is, never before, so that what goes wrong early is an error. No chunk
    is empty: to a server that answers in chunks an empty one is the end.
    """
    format_ = FORMATS[format_name]
    require_encoding(format_, encoding)
    chunks = format_.encode(typed_batches(batches, schema), schema, Options(encoding, formulas, crs, spool))
    return (chunk for chunk in chunks if chunk)


def media_type_of(format_: Format, encoding: str) -> str:
    """Return the media type of an answer, with the character set where there is a choice of it."""
    require_encoding(format_, encoding)
    if not format_.has_encodings:
        return format_.media_type
    return f"{format_.media_type.partition(';')[0]}; charset={ENCODINGS[encoding].charset}"


def require_encoding(format_: Format, encoding: str) -> None:
    if encoding != "utf-8" and not format_.has_encodings:
        raise Unanswerable(
            parameter="encoding",
            reason=Text(
                ko="문자 인코딩은 CSV에서만 고를 수 있고, 다른 형식은 늘 UTF-8입니다",
                en="only CSV has a choice of encodings; the other formats are always UTF-8",
            ),
        )
