"""One table of a static GTFS feed (대중교통 시각표): a ZIP file, by address or path.

``TABLES`` holds the tables of the reference and the columns each must have. Values stay the texts they are, times beyond
24:00 too. Stops get their point; the points of shapes become one line a shape when asked for.
"""

import hashlib
import itertools
import math
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, Field, field_validator

from ingest.connectors.container import name_of, unpack, weighed
from ingest.connectors.delimited import Layout, hand_over_delimited, read_delimited
from ingest.connectors.documents import refuse_web_page
from ingest.connectors.rows import DelimitedFile, MalformedRow
from ingest.errors import Text, UnreadableAnswer
from ingest.http import Answer, Session

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TABLES: Mapping[str, tuple[str, ...]] = {
    "agency": ("agency_name", "agency_url", "agency_timezone"),
    "stops": ("stop_id",),
    "routes": ("route_id", "route_type"),
    "trips": ("route_id", "service_id", "trip_id"),
    "stop_times": ("trip_id", "stop_sequence"),
    "calendar": ("service_id", *DAYS, "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "fare_attributes": ("fare_id", "price", "currency_type", "payment_method", "transfers"),
    "fare_rules": ("fare_id",),
    "timeframes": ("timeframe_group_id", "service_id"),
    "fare_media": ("fare_media_id", "fare_media_type"),
    "fare_products": ("fare_product_id", "amount", "currency"),
    "fare_leg_rules": ("fare_product_id",),
    "fare_transfer_rules": ("fare_transfer_type",),
    "areas": ("area_id",),
    "stop_areas": ("area_id", "stop_id"),
    "networks": ("network_id",),
    "route_networks": ("network_id", "route_id"),
    "shapes": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "transfers": ("transfer_type",),
    "pathways": ("pathway_id", "from_stop_id", "to_stop_id", "pathway_mode", "is_bidirectional"),
    "levels": ("level_id", "level_index"),
    "location_groups": ("location_group_id",),
    "location_group_stops": ("location_group_id", "stop_id"),
    "booking_rules": ("booking_rule_id", "booking_type"),
    "translations": ("table_name", "field_name", "language", "translation"),
    "feed_info": ("feed_publisher_name", "feed_publisher_url", "feed_lang"),
    "attributions": ("organization_name",),
}

MAX_UNPACKED = 500 * 2**20
SHOWN = 30

NO_FILE = Text(ko="{file}이(가) 없습니다. 있는 것: {names}", en="it has no {file}; what is there: {names}")
NO_COLUMNS = Text(
    ko="{file}에 꼭 있어야 할 열이 없습니다: {missing}. 있는 열: {names}",
    en="{file} lacks columns that it must have: {missing}; those it has: {names}",
)
SEVERAL = Text(ko="{file}이(가) 여러 개입니다: {names}", en="there is more than one {file}: {names}")
BAD_POINT = Text(
    ko="shapes.txt의 {line}번째 점이 좌표나 순번이 아닙니다: {told}",
    en="point {line} of shapes.txt has no coordinates or no sequence number: {told}",
)
SAME_PLACE = Text(
    ko="도형 {shape}에 같은 순번({sequence})의 점이 둘 이상입니다.",
    en="shape {shape} has more than one point with the sequence number {sequence}.",
)


class Config(BaseModel, frozen=True, extra="forbid"):
    path: str = Field(min_length=1, description="The feed's ZIP: a path under the hub's file roots, or an address.")
    table: str = Field(
        description="The table to read, by the name of its file without .txt: stops, routes, stop_times."
    )
    points: bool = Field(True, description="stops: add the stop's point as geometry.")
    lines: bool = Field(False, description="shapes: one line a shape as geometry, instead of its points one by one.")

    @field_validator("table")
    @classmethod
    def is_a_table(cls, table: str) -> str:
        name = table.removesuffix(".txt")
        if name not in TABLES:
            raise ValueError(f"unknown table '{name}'; GTFS has: {', '.join(TABLES)}")
        return name


def read(config: Config, http: Session) -> Iterator[Mapping[str, object] | MalformedRow]:
    """Yield the records of the table."""
    answer = fetch_table(config, http)
    rows = read_delimited(answer, Layout(), delimiter=",")
    if config.table == "shapes" and config.lines:
        return lines_of(rows, answer)
    if config.table == "stops" and config.points:
        return (row if isinstance(row, MalformedRow) else {**row, "geometry": point_of(row)} for row in rows)
    return rows


def hand_over(config: Config, http: Session) -> Iterator[Mapping[str, object] | MalformedRow | DelimitedFile]:
    """Yield what ``read`` yields, but a table without geometry whole."""
    if (config.table == "shapes" and config.lines) or (config.table == "stops" and config.points):
        yield from read(config, http)
    else:
        yield hand_over_delimited(fetch_table(config, http), Layout(), delimiter=",")


def fetch_table(config: Config, http: Session) -> Answer:
    """Fetch the feed and return the file of the table, its columns checked; a feed in a folder of the ZIP is borne."""
    feed = http.fetch(config.path)
    refuse_web_page(feed, http, "GTFS")
    answer = take_file(feed, f"{config.table}.txt")
    columns = hand_over_delimited(answer, Layout(), delimiter=",").names
    if missing := [name for name in TABLES[config.table] if name not in columns]:
        reason = NO_COLUMNS.format(
            file=f"{config.table}.txt", missing=", ".join(missing), names=", ".join(columns[:SHOWN])
        )
        raise UnreadableAnswer(address=answer.location, format="GTFS", reason=reason)
    return answer


def take_file(feed: Answer, file: str) -> Answer:
    """Unpack one file of the feed beside it and return it as an answer of its own."""
    with weighed(feed, format="GTFS", most=MAX_UNPACKED) as container:
        entries = {name_of(entry): entry for entry in container.infolist()}
        found = [name for name in entries if is_called(name, file)]
        if len(found) != 1:
            problem, names = (SEVERAL, found) if found else (NO_FILE, list(entries))
            reason = problem.format(file=file, names=", ".join(names[:SHOWN]) or "-")
            raise UnreadableAnswer(address=feed.location, format="GTFS", reason=reason)
        with tempfile.NamedTemporaryFile(dir=feed.path.parent, delete=False) as unpacked:
            unpack(container, entries[found[0]], feed, unpacked)
    path = Path(unpacked.name)
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Answer(f"{feed.location}!/{found[0]}", path, path.stat().st_size, "text/csv", feed.status, digest)


def is_called(name: str, file: str) -> bool:
    """Say whether a file of the ZIP is the one; macOS adds a shadow of each."""
    path = PurePosixPath(name)
    return path.name.lower() == file and "__MACOSX" not in path.parts


def point_of(stop: Mapping[str, object]) -> object:
    """Return the stop's point, None if it has no coordinates; what is no number is handed on, to be refused as a record."""
    told = [str(stop.get(name) or "").strip() for name in ("stop_lon", "stop_lat")]
    if not any(told):
        return None
    coordinates = [number_of(text) for text in told]
    return " ".join(told) if None in coordinates else {"type": "Point", "coordinates": coordinates}


def lines_of(
    rows: Iterator[Mapping[str, object] | MalformedRow], answer: Answer
) -> Iterator[Mapping[str, object] | MalformedRow]:
    """Yield one line a shape, its points in their sequence wherever they stand in the file.

    A point takes 24 bytes until the end of the file. A shape of a single point has no line.
    """
    shapes: dict[str, array[float]] = {}
    for number, row in enumerate(rows, start=1):
        if isinstance(row, MalformedRow):
            yield row
            continue
        told = [str(row[name]).strip() for name in ("shape_pt_sequence", "shape_pt_lon", "shape_pt_lat")]
        values = [number_of(text) for text in told]
        if None in values:
            reason = BAD_POINT.format(line=number, told=", ".join(told)[:100])
            raise UnreadableAnswer(address=answer.location, format="GTFS", reason=reason)
        shapes.setdefault(str(row["shape_id"]), array("d")).extend(values)
    for shape, flat in shapes.items():
        points = sorted(zip(flat[0::3], flat[1::3], flat[2::3], strict=True), key=lambda point: point[0])
        for one, next_one in itertools.pairwise(points):
            if one[0] == next_one[0]:
                reason = SAME_PLACE.format(shape=shape, sequence=f"{one[0]:g}")
                raise UnreadableAnswer(address=answer.location, format="GTFS", reason=reason)
        line = {"type": "LineString", "coordinates": [[longitude, latitude] for _, longitude, latitude in points]}
        yield {"shape_id": shape, "points": len(points), "geometry": line if len(points) > 1 else None}


def number_of(text: str) -> float | None:
    """Return a number written in ASCII, or None; infinity and its kin are no numbers."""
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
