"""Files as municipalities publish them, from a path or an address, bare or inside a ZIP.

One table says which reader a format has and which options it understands. The readers are next door: ``delimited.py``,
``workbook.py``, ``spreadsheetml.py``, ``documents.py``, ``ndjson.py``, ``shapefile.py``, ``geopackage.py``,
``parquet.py``. ``file_config.py`` says how a source is set up, ``places.py`` finds its files, ``file_format.py`` tells
the format, ``archive.py`` opens a ZIP. A row that cannot be read is yielded as ``MalformedRow``, never dropped.
"""

import datetime as dt
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ingest.connectors.archive import open_member
from ingest.connectors.container import MACROS
from ingest.connectors.delimited import Row, hand_over_delimited, read_delimited
from ingest.connectors.documents import pick, read_json, read_xml_records, refuse_web_page
from ingest.connectors.file_config import OF_PLACES, Config
from ingest.connectors.file_format import EXTENSIONS, Format, is_archive, suffix_of, tell_format
from ingest.connectors.geopackage import read_geopackage
from ingest.connectors.ndjson import read_ndjson
from ingest.connectors.parquet import read_parquet
from ingest.connectors.places import Place, find_places
from ingest.connectors.rows import DelimitedFile
from ingest.connectors.shapefile import gather_parts, read_shapefile
from ingest.connectors.spreadsheetml import read_spreadsheetml
from ingest.connectors.workbook import read_old_workbook, read_workbook
from ingest.errors import BadSetup, Text, Unmodified, UnreadableAnswer
from ingest.http import CONDITIONS, Answer, Session

ELSEWHERE = frozenset({"path", "format", "newest", *OF_PLACES["sftp"], *OF_PLACES["s3"]})  # these tell where, not what
DELIMITERS: Mapping[Format, str] = {"csv": ",", "tsv": "\t"}

FILES = "files"  # the part of a position that tells which files were read
BELIEVED = dt.timedelta(days=7)

MACRO_SUFFIXES = frozenset({".xlsm", ".xltm", ".xlam"})

EMPTY = Text(ko="빈 파일입니다.", en="the file is empty.")
NESTED = Text(ko="압축 안의 압축은 읽지 않습니다.", en="an archive inside an archive is not read.")
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
    """Yield each file with its format, out of its ZIP, and with the files that belong to it beside it."""
    places = find_places(config, http)
    fetched, told = fetch_if_changed(places, http), {}
    for place in places:
        path = name = place.path
        answer = fetched.pop(path, None) or http.fetch(place.location, headers=place.headers("GET"))
        told[http.mask(path)] = validators_of(answer)
        refuse_empty(answer)
        is_packed = is_archive(path, answer, config.format)
        if is_packed:
            answer, name = open_member(answer, config.member, EXTENSIONS)
            refuse_empty(answer)
            if is_archive(name, answer, config.format):
                raise UnreadableAnswer(address=answer.location, format="ZIP", reason=NESTED)
        refuse_web_page(answer, http, (config.format or suffix_of(name).removeprefix(".") or "data").upper())
        format = tell_format(name, answer, config.format, READERS)
        if format == "spreadsheetml" and config.records is not None and config.format is None:
            format = "xml"
        if format == "xlsx" and suffix_of(name) in MACRO_SUFFIXES:
            raise UnreadableAnswer(address=answer.location, format="XLSX", reason=MACROS.format(name=name))
        refuse_options(config, format, READERS[format].options | ({"member"} if is_packed else set()))
        if format == "shapefile" and not is_packed:
            answer = gather_parts(place.location, answer, http)
            told[http.mask(path)] = {}  # the others were not asked about
        yield answer, format
    if all(told.values()):
        http.leave({**http.position, FILES: {"setup": http.setup, "read_at": http.moment.isoformat(), "told": told}})
    elif FILES in http.position:
        http.leave({name: value for name, value in http.position.items() if name != FILES})


def fetch_if_changed(places: Sequence[Place], http: Session) -> dict[str, Answer]:
    """Raise Unmodified when every file is said to be what was published; else return the one that is known to be another.

    A server's word is believed for a week at most, and only while answers are made into records as they were then.
    """
    known = http.position.get(FILES)
    if not known or not http.may_skip or http.span or known["setup"] != http.setup:
        return {}
    if not dt.timedelta() <= http.moment - dt.datetime.fromisoformat(known["read_at"]) < BELIEVED:
        return {}
    if known["told"].keys() != {http.mask(place.path) for place in places}:
        return {}  # of the files that a wildcard means, some are new or gone
    for place in places:
        told = known["told"][http.mask(place.path)]
        answer = http.fetch_newer(place.location, told, headers=place.headers("GET"))
        if answer is not None:
            return {place.path: answer}
    raise Unmodified(address=http.mask(places[0].path))


def validators_of(answer: Answer) -> dict[str, str]:
    """Return what a server tells of a file to be asked by later; nothing for a file of this machine, which is simply read."""
    return {name: answer.headers[name] for name in CONDITIONS if name in answer.headers}


def refuse_empty(answer: Answer) -> None:
    if answer.size == 0:
        format = suffix_of(answer.location).removeprefix(".").upper() or "data"
        raise UnreadableAnswer(address=answer.location, format=format, reason=EMPTY)


def refuse_options(config: Config, format: Format, understood: frozenset[str]) -> None:
    """Refuse an option that would be ignored without a word."""
    given = config.model_dump(exclude_defaults=True).keys() - ELSEWHERE
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


def read_xls(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_old_workbook(answer, config.layout, sheet=config.sheet, before=before)


def read_xml_workbook(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_spreadsheetml(answer, http, config.layout, sheet=config.sheet, before=before)


def read_lines(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_ndjson(answer, before=before)


def read_shapes(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_shapefile(answer, crs=config.crs, encoding=config.encoding, before=before)


def read_layer(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_geopackage(answer, layer=config.layer, crs=config.crs, before=before)


def read_columns(answer: Answer, config: Config, http: Session, before: int) -> Generator[Row, None, int]:
    return read_parquet(answer, crs=config.crs, before=before)


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
SHEET_OPTIONS = frozenset({"header_rows", "header", "sheet"})

READERS: Mapping[Format, Reader] = {
    "csv": Reader(partial(read_text, delimiter=DELIMITERS["csv"]), TEXT_OPTIONS),
    "tsv": Reader(partial(read_text, delimiter=DELIMITERS["tsv"]), TEXT_OPTIONS),
    "xlsx": Reader(read_xlsx, SHEET_OPTIONS),
    "xls": Reader(read_xls, SHEET_OPTIONS),
    "spreadsheetml": Reader(read_xml_workbook, SHEET_OPTIONS),
    "json": Reader(read_json_file, frozenset({"records"})),
    "ndjson": Reader(read_lines, frozenset()),
    "geojson": Reader(read_geojson, frozenset()),
    "xml": Reader(read_xml_file, frozenset({"records"})),
    "shapefile": Reader(read_shapes, frozenset({"crs", "encoding"})),
    "geopackage": Reader(read_layer, frozenset({"layer", "crs"})),
    "parquet": Reader(read_columns, frozenset({"crs"})),
}
