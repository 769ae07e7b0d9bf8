"""Which format a file is in: what its first bytes prove counts more than its extension, and that more than its type.

Only formats with a mark of their own are told by content; plain text of whatever kind goes by its name.
"""

import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from ingest.connectors import geopackage, parquet, shapefile
from ingest.connectors.container import refuse_large_directory
from ingest.connectors.spreadsheetml import is_spreadsheetml
from ingest.errors import BadSetup, Text
from ingest.http import Answer, is_web

Format = Literal[
    "csv", "tsv", "xlsx", "xls", "spreadsheetml", "json", "ndjson", "geojson", "xml", "shapefile", "geopackage", "parquet"
]  # fmt: skip

EXTENSIONS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".xls": "xls",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".geojson": "geojson",
    ".xml": "xml",
    ".shp": "shapefile",
    ".gpkg": "geopackage",
    ".parquet": "parquet",
}
CONTENT_TYPES: Mapping[str, Format] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-excel": "xls",
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/geo+json": "geojson",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/geopackage+sqlite3": "geopackage",
    "application/vnd.apache.parquet": "parquet",
}
MARKS: Mapping[bytes, Format] = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "xls",
    shapefile.MAGIC: "shapefile",
    geopackage.MAGIC: "geopackage",
    parquet.MAGIC: "parquet",
}
ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")

FORMAT_UNKNOWN = Text(
    ko="내용과 확장자와 콘텐츠 유형으로 형식을 알 수 없습니다. format에 적으십시오: {formats}",
    en="neither content nor extension nor content type tells the format; give it in format: {formats}",
)


def tell_format(path: str, answer: Answer, given: Format | None, formats: Mapping[Format, object]) -> Format:
    """Return the format given, else the one the content proves, else the one the name or the content type tells."""
    if given:
        return given
    with answer.path.open("rb") as file:
        head = file.read(16)
    proven = next((format for mark, format in MARKS.items() if head.startswith(mark)), None)
    told = named_format(path) or CONTENT_TYPES.get(answer.content_type.partition(";")[0].strip().lower())
    if proven is None and head.startswith(ZIP_MARKS):
        proven = "xlsx"
    if proven is None and told in ("xls", "xml", None) and is_spreadsheetml(answer):
        proven = "spreadsheetml"
    # Downloads called .xls are HTML, CSV and XML as often as XLS: the name alone is no reason to believe it.
    format = proven or (None if told == "xls" else told)
    if format is None:
        raise BadSetup(where=answer.location, problem=FORMAT_UNKNOWN.format(formats=", ".join(formats)))
    return format


def named_format(path: str) -> Format | None:
    return EXTENSIONS.get(suffix_of(path))


def suffix_of(path: str) -> str:
    return PurePosixPath(unquote(urlsplit(path).path) if is_web(path) else path).suffix.lower()


def is_archive(path: str, answer: Answer, given: Format | None) -> bool:
    """Say whether this is a ZIP of files, and not itself a workbook or what merely calls itself one."""
    with answer.path.open("rb") as file:
        if not file.read(4).startswith(ZIP_MARKS) or (given == "xlsx" and suffix_of(path) != ".zip"):
            return False
    if suffix_of(path) in (".xlsx", ".xlsm"):
        return False
    if suffix_of(path) == ".zip":
        return True
    refuse_large_directory(answer)
    try:
        with zipfile.ZipFile(answer.path) as container:
            return "[Content_Types].xml" not in container.namelist()
    except zipfile.BadZipFile:
        return True
