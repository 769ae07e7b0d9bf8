"""Files as municipalities publish them, from a path or an address: CSV, TSV, XLSX, JSON, GeoJSON, XML.

One table says which reader a format has and which options it understands. The readers are next door: ``delimited.py``,
``workbook.py``, ``documents.py``. A row that cannot be read is yielded as ``MalformedRow``, never dropped.
"""

import codecs
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field, field_validator, model_validator

from ingest.connectors.delimited import Layout, Row, hand_over_delimited, read_delimited
from ingest.connectors.documents import pick, read_json, read_xml_records, refuse_web_page
from ingest.connectors.rows import DelimitedFile
from ingest.connectors.workbook import read_workbook
from ingest.errors import BadSetup, Text, UnreadableAnswer
from ingest.http import Answer, Session, is_web

Format = Literal["csv", "tsv", "xlsx", "json", "geojson", "xml"]

EXTENSIONS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".json": "json",
    ".geojson": "geojson",
    ".xml": "xml",
}
DELIMITERS: Mapping[Format, str] = {"csv": ",", "tsv": "\t"}
CONTENT_TYPES: Mapping[str, Format] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/json": "json",
    "application/geo+json": "geojson",
    "application/xml": "xml",
    "text/xml": "xml",
}

EMPTY = Text(ko="빈 파일입니다.", en="the file is empty.")
FORMAT_UNKNOWN = Text(
    ko="확장자와 콘텐츠 유형으로 형식을 알 수 없습니다. format에 적으십시오: {formats}",
    en="neither extension nor content type tells the format; give it in format: {formats}",
)
NOT_FOR_FORMAT = Text(ko="{format} 형식에는 쓰지 않는 설정입니다.", en="it means nothing for the format {format}.")
RECORDS_NEEDED = Text(
    ko="XML은 레코드 요소의 경로가 있어야 합니다(예: root.Row).",
    en="XML needs the path of its record elements, as root.Row.",
)
NOT_AN_OBJECT = Text(
    ko="{position}번째 레코드가 객체가 아니라 {kind}입니다. records에 객체 목록의 경로를 적으십시오.",
    en="record {position} is no object but a {kind}; records must lead to a list of objects.",
)
NO_FEATURES = Text(ko="features 목록이 없습니다.", en="it has no list of features.")
BAD_FEATURE = Text(
    ko="{position}번째 피처의 속성이 객체가 아니거나 'geometry'라는 속성이 있습니다.",
    en="the properties of feature {position} are no object, or one of them is called 'geometry'.",
)


class Config(BaseModel, frozen=True, extra="forbid"):
    path: str | list[str] = Field(
        description="A path under the hub's file roots, or an http(s) address; several are read one after another."
    )
    format: Format | None = Field(None, description="Told by the file's extension or content type when omitted.")
    encoding: str | None = Field(None, description="CSV, TSV: the encoding; proven over the whole file when omitted.")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="CSV, TSV: comma or tab when omitted.")
    header_rows: int = Field(1, ge=0, le=20, description="CSV, TSV, XLSX: how many rows the header has.")
    header: list[str] | None = Field(
        None, min_length=1, description="CSV, TSV, XLSX: names of all columns, instead of those in the file."
    )
    records: str | None = Field(
        None,
        min_length=1,
        description="JSON, XML: dotted path to the records (body.items; for XML from the root element on: root.Row).",
    )
    sheet: str | None = Field(None, description="XLSX: the sheet's name; the first visible one when omitted.")

    @field_validator("path")
    @classmethod
    def has_a_path(cls, path: str | list[str]) -> str | list[str]:
        if not path or not all([path] if isinstance(path, str) else path):
            raise ValueError("give at least one path or address")
        return path

    @field_validator("encoding")
    @classmethod
    def knows_the_encoding(cls, encoding: str | None) -> str | None:
        try:
            return encoding and codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(f"unknown encoding '{encoding}'; usual ones: utf-8, cp949") from error

    @model_validator(mode="after")
    def has_names(self) -> Self:
        if self.header_rows == 0 and self.header is None:
            raise ValueError("header_rows = 0 needs the names of the columns in header")
        if self.header is not None and ("" in self.header or len(set(self.header)) < len(self.header)):
            raise ValueError("the names in header must differ, and none may be empty")
        return self

    @property
    def layout(self) -> Layout:
        return Layout(self.header_rows, None if self.header is None else tuple(self.header))


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the rows of the file, or of several as if they were one."""
    before = 0
    for answer, format in fetch_files(config, http):
        before = yield from READERS[format].read(answer, config, http, before)


def hand_over(config: Config, http: Session) -> Iterator[Row | DelimitedFile]:
    """Yield what ``read`` yields, but delimited text files whole; the numbers of malformed rows leave these out."""
    before = 0
    for answer, format in fetch_files(config, http):
        delimiter = config.delimiter or DELIMITERS.get(format, "")
        if delimiter.isascii() and delimiter.strip('"\r\n'):
            yield hand_over_delimited(answer, config.layout, delimiter=delimiter, encoding=config.encoding)
        else:
            before = yield from READERS[format].read(answer, config, http, before)


def fetch_files(config: Config, http: Session) -> Iterator[tuple[Answer, Format]]:
    for path in [config.path] if isinstance(config.path, str) else config.path:
        answer = http.fetch(path)
        format = config.format or guess_format(path, answer)
        refuse_options(config, format, READERS[format].options)
        if format != "xlsx":
            refuse_web_page(answer, http, format.upper())
        if answer.size == 0:
            raise UnreadableAnswer(address=answer.location, format=format.upper(), reason=EMPTY)
        yield answer, format


def guess_format(path: str, answer: Answer) -> Format:
    """Tell the format by the extension of the path, else by the content type; never by looking into the content."""
    name = unquote(urlsplit(path).path) if is_web(path) else path
    by_name = EXTENSIONS.get(PurePosixPath(name).suffix.lower())
    by_type = CONTENT_TYPES.get(answer.content_type.partition(";")[0].strip().lower())
    if by_name or by_type:
        return by_name or by_type
    raise BadSetup(where=answer.location, problem=FORMAT_UNKNOWN.format(formats=", ".join(READERS)))


def refuse_options(config: Config, format: Format, understood: frozenset[str]) -> None:
    """Refuse an option that would be ignored without a word."""
    given = config.model_dump(exclude_defaults=True).keys() - {"path", "format"}
    if strange := sorted(given - understood):
        raise BadSetup(where=", ".join(strange), problem=NOT_FOR_FORMAT.format(format=format))


def read_text(
    answer: Answer, config: Config, http: Session, before: int, *, delimiter: str
) -> Generator[Row, None, int]:
    return read_delimited(
        answer, config.layout, delimiter=config.delimiter or delimiter, encoding=config.encoding, before=before
    )


def read_xlsx(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_workbook(answer, config.layout, sheet=config.sheet, before=before)


def read_json_file(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    document = read_json(answer, http)
    if config.records is None and isinstance(document, dict) and document.get("type") == "FeatureCollection":
        return (yield from features(document, answer, before))
    records = pick(document, config.records, answer)
    for position, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise UnreadableAnswer(
                address=answer.location,
                format="JSON",
                reason=NOT_AN_OBJECT.format(position=position, kind=type(record).__name__),
            )
        yield record
    return before + len(records)


def read_geojson(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return (yield from features(read_json(answer, http), answer, before))


def features(document: object, answer: Answer, before: int) -> Generator[Row, None, int]:
    """Yield each feature's properties with its ``geometry`` and, if properties have none, its ``id``."""
    collection = document.get("features") if isinstance(document, dict) else None
    if not isinstance(collection, list):
        raise UnreadableAnswer(address=answer.location, format="GeoJSON", reason=NO_FEATURES)
    for position, feature in enumerate(collection, start=1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict | None) or not isinstance(feature, dict) or "geometry" in (properties or {}):
            raise UnreadableAnswer(
                address=answer.location, format="GeoJSON", reason=BAD_FEATURE.format(position=position)
            )
        own_id = {"id": feature["id"]} if "id" in feature else {}
        yield {**own_id, **(properties or {}), "geometry": feature.get("geometry")}
    return before + len(collection)


def read_xml_file(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    if config.records is None:
        raise BadSetup(where="records", problem=RECORDS_NEEDED)
    for record in read_xml_records(answer, http, config.records):
        before += 1
        yield record
    return before


@dataclass(frozen=True)
class Reader:
    """How a format is read and which options mean something to it."""

    read: Callable[[Answer, Config, Session, int], Generator[Row, None, int]]
    options: frozenset[str]


TEXT_OPTIONS = frozenset({"encoding", "delimiter", "header_rows", "header"})

READERS: Mapping[Format, Reader] = {
    "csv": Reader(partial(read_text, delimiter=DELIMITERS["csv"]), TEXT_OPTIONS),
    "tsv": Reader(partial(read_text, delimiter=DELIMITERS["tsv"]), TEXT_OPTIONS),
    "xlsx": Reader(read_xlsx, frozenset({"header_rows", "header", "sheet"})),
    "json": Reader(read_json_file, frozenset({"records"})),
    "geojson": Reader(read_geojson, frozenset()),
    "xml": Reader(read_xml_file, frozenset({"records"})),
}
