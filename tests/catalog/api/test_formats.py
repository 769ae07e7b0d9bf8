"""Every format over HTTP, read back by readers that are not ours."""

import csv
import io
import json
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pyogrio.raw
import pytest
import shapely
from air_stations import IDS, RECORDS, SCHEMA, make_air_stations
from builders import make_dataset, publish_rows
from django.http.response import HttpResponseBase
from django.test import Client
from python_calamine import CalamineWorkbook

from catalog.models import Dataset, Snapshot
from catalog.records import FORMATS, Column, Geometry, Schema

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-stations/records"
MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "fgb": "application/flatgeobuf",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


@pytest.fixture
def stations() -> Dataset:
    return make_air_stations()


def content(answer: HttpResponseBase) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def read_json(data: bytes) -> list[dict[str, Any]]:
    return json.loads(data)["records"]


def read_ndjson(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def read_csv(data: bytes) -> list[dict[str, Any]]:
    """Read CSV as text and give each column the type that the schema promises."""
    readers = {"integer": int, "number": float, "boolean": {"true": True, "false": False}.__getitem__}
    return [
        {name: (readers.get(SCHEMA[name].type, str)(text) if text != "" else None) for name, text in row.items()}
        for row in csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
    ]


def read_geojson(data: bytes) -> list[dict[str, Any]]:
    document = json.loads(data)
    assert document["type"] == "FeatureCollection"
    for feature in document["features"]:
        shape = feature["geometry"] and shapely.from_geojson(json.dumps(feature["geometry"]))
        place = (shape.x, shape.y) if shape else (None, None)
        assert place == (feature["properties"]["longitude"], feature["properties"]["latitude"])
    return [feature["properties"] for feature in document["features"]]


def read_parquet(data: bytes) -> list[dict[str, Any]]:
    table = pq.read_table(io.BytesIO(data))
    assert table.schema.field("pm10").type == pa.int64()
    assert table.schema.field("built_on").type == pa.date32()
    assert pa.types.is_timestamp(table.schema.field("observed_at").type)
    return as_shown(table)


def as_shown(table: pa.Table) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in table.to_pylist()
    ]


def read_xlsx(data: bytes) -> list[dict[str, Any]]:
    names, *rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("records").to_python()
    readers = {"integer": int, "boolean": bool, "number": float}
    return [
        {
            name: readers.get(SCHEMA[name].type, str)(value) if value != "" else None
            for name, value in zip(names, row, strict=True)
        }
        for row in rows
    ]


def read_fgb(data: bytes) -> list[dict[str, Any]]:
    meta, table = pyogrio.raw.read_arrow(io.BytesIO(data), read_geometry=False)
    assert meta["crs"] == "EPSG:4326"
    return table.to_pylist()


def read_arrow(data: bytes) -> list[dict[str, Any]]:
    return as_shown(pa.ipc.open_stream(data).read_all())


READERS = {
    "json": read_json,
    "ndjson": read_ndjson,
    "csv": read_csv,
    "xlsx": read_xlsx,
    "geojson": read_geojson,
    "fgb": read_fgb,
    "parquet": read_parquet,
    "arrow": read_arrow,
}
WHOLE = [name for name in READERS if name != "json"]


def test_every_format_is_read_back_here() -> None:
    assert list(READERS) == list(MEDIA_TYPES) == list(FORMATS)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("way", ["extension", "parameter", "accept"])
def test_a_format_is_chosen_three_ways_and_holds_the_records(
    client: Client, stations: Dataset, name: str, way: str
) -> None:
    answer = {
        "extension": lambda: client.get(f"{ADDRESS}.{name}"),
        "parameter": lambda: client.get(ADDRESS, {"format": name}),
        "accept": lambda: client.get(ADDRESS, headers={"Accept": MEDIA_TYPES[name].partition(";")[0]}),
    }[way]()
    assert answer["Content-Type"] == MEDIA_TYPES[name]
    assert READERS[name](content(answer)) == RECORDS


@pytest.mark.parametrize("name", READERS)
def test_a_question_is_answered_in_every_format(client: Client, stations: Dataset, name: str) -> None:
    question = {"pm10__gt": "0", "order_by": "-pm10", "datetime": "2018-01-01/2018-01-02"}
    answer = client.get(f"{ADDRESS}.{name}", question)
    assert [record["station_id"] for record in READERS[name](content(answer))] == ["0102", "0101"]


@pytest.mark.parametrize("name", WHOLE)
def test_other_formats_answer_pages_with_a_link_when_a_limit_is_given(
    client: Client, stations: Dataset, name: str
) -> None:
    address: str | None = f"{ADDRESS}.{name}?limit=2"
    seen: list[str] = []
    while address:
        answer = client.get(address)
        assert not answer.streaming
        seen += [record["station_id"] for record in READERS[name](content(answer))]
        address, _, relation = answer.get("Link", "").partition(">")
        address = address.removeprefix("<")
        assert relation in ('; rel="next"', "")
    assert seen == IDS


def test_the_next_page_has_the_format_that_was_accepted(client: Client, stations: Dataset) -> None:
    first = client.get(ADDRESS, {"limit": 3}, headers={"Accept": "text/csv"})
    following = client.get(first["Link"].partition(">")[0].removeprefix("<"))
    assert following["Content-Type"] == "text/csv; charset=utf-8"
    assert [record["station_id"] for record in read_csv(content(following))] == ["0104", "0105"]


@pytest.mark.parametrize("name", WHOLE)
def test_other_formats_stream_everything(client: Client, stations: Dataset, name: str) -> None:
    assert client.get(f"{ADDRESS}.{name}").streaming


def test_a_whole_answer_is_longer_than_the_largest_page(client: Client) -> None:
    dataset = make_dataset("numbers", schema=Schema(columns=(Column("number", "integer"),)))
    publish_rows(dataset, ({"number": str(number)} for number in range(25_000)))
    data = content(client.get("/api/v1/datasets/numbers/records.csv"))
    assert data.decode().split() == ['"number"', *map(str, range(25_000))]


@pytest.mark.parametrize("shape", [{}, {"limit": "5"}])
def test_csv_with_a_byte_order_mark_opens_in_excel(client: Client, stations: Dataset, shape: dict[str, str]) -> None:
    answer = client.get(f"{ADDRESS}.csv", {"encoding": "utf-8-sig", **shape})
    data = content(answer)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\xef\xbb\xbf") == 1
    assert read_csv(data.removeprefix(b"\xef\xbb\xbf")) == RECORDS
    assert not content(client.get(f"{ADDRESS}.csv", {"encoding": "utf-8"})).startswith(b"\xef")


@pytest.mark.parametrize("shape", [{}, {"limit": "5"}])
def test_csv_in_cp949_opens_in_korean_programs(client: Client, stations: Dataset, shape: dict[str, str]) -> None:
    answer = client.get(f"{ADDRESS}.csv", {"encoding": "cp949", **shape})
    assert answer["Content-Type"] == "text/csv; charset=cp949"
    assert read_csv(content(answer).decode("cp949").encode()) == RECORDS


def test_formulas_in_csv_are_quoted_unless_every_text_is_wanted_as_it_is(client: Client) -> None:
    publish_rows(
        make_dataset("notes", schema=Schema(columns=(Column("note"),))), [{"note": "=1+1"}, {"note": "+82-2-120"}]
    )
    address = "/api/v1/datasets/notes/records.csv"
    assert content(client.get(address)).decode().split() == ['"note"', '"\'=1+1"', '"+82-2-120"']
    assert content(client.get(address, {"formulas": "raw"})).decode().split() == ['"note"', '"=1+1"', '"+82-2-120"']


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/geo+json, */*;q=0.1", "application/geo+json"),
    ],
)
def test_accept_is_weighed(client: Client, stations: Dataset, accept: str, media_type: str) -> None:
    assert client.get(ADDRESS, headers={"Accept": accept})["Content-Type"] == media_type


def test_the_parameter_wins_over_accept_and_the_extension_over_both(client: Client, stations: Dataset) -> None:
    headers = {"Accept": "text/csv"}
    assert client.get(ADDRESS, {"format": "ndjson"}, headers=headers)["Content-Type"] == "application/x-ndjson"
    assert client.get(f"{ADDRESS}.geojson", headers=headers)["Content-Type"] == "application/geo+json"


@pytest.mark.parametrize(
    ("language", "title"), [("ko", "한빛시 대기질: 측정소 / 시간"), ("en", "Air quality: stations / hours")]
)
def test_a_download_is_named_in_ascii_and_in_the_readers_language(client: Client, language: str, title: str) -> None:
    make_air_stations(title={"ko": "한빛시 대기질: 측정소 / 시간", "en": "Air quality: stations / hours"})
    answer = client.get(f"{ADDRESS}.csv", headers={"Accept-Language": language})
    kind, ascii_name, full_name = answer["Content-Disposition"].split("; ")
    assert (kind, ascii_name) == ("attachment", 'filename="air-stations.csv"')
    shown = title.replace(":", "").replace(" / ", " ")
    assert unquote(full_name.removeprefix("filename*=UTF-8''")) == f"{shown}.csv"


def test_json_is_shown_not_saved(client: Client, stations: Dataset) -> None:
    assert client.get(ADDRESS)["Content-Disposition"].startswith('inline; filename="air-stations.json"')


@pytest.mark.parametrize(("question", "status"), [({}, 400), ({"limit": "5"}, 200), ({"pm10__gt": "50"}, 200)])
def test_more_records_than_a_sheet_holds_are_refused_before_they_are_read(
    client: Client, stations: Dataset, question: dict[str, str], status: int
) -> None:
    Snapshot.objects.update(records=2_000_000)
    answer = client.get(f"{ADDRESS}.xlsx", question, headers={"Accept-Language": "en"})
    assert answer.status_code == status
    if status == 400:
        assert "at most 1,048,575 records" in answer.json()["detail"]


DISTRICTS = Schema(
    columns=(Column("name"), Column("shape", "geometry")),
    geometry=Geometry(column="shape"),
)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[127.0, 37.0], [127.5, 37.0], [127.5, 37.5], [127.0, 37.5], [127.0, 37.0]]],
}


@pytest.fixture
def districts() -> Dataset:
    dataset = make_dataset("districts", schema=DISTRICTS)
    publish_rows(dataset, [{"name": "가구", "shape": SQUARE}, {"name": "나구", "shape": None}])
    return dataset


def test_shapes_are_geometries_in_every_format(client: Client, districts: Dataset) -> None:
    square = shapely.from_geojson(json.dumps(SQUARE))
    address = "/api/v1/datasets/districts/records"
    feature, without = json.loads(content(client.get(f"{address}.geojson")))["features"]
    assert (feature["geometry"], feature["properties"]) == (SQUARE, {"name": "가구"})
    assert (without["geometry"], without["properties"]) == (None, {"name": "나구"})
    assert client.get(address).json()["records"] == [{"name": "가구", "shape": SQUARE}, {"name": "나구", "shape": None}]
    table = pq.read_table(io.BytesIO(content(client.get(f"{address}.parquet"))))
    assert shapely.from_wkb(table.column("shape")[0].as_py()) == square
    assert json.loads(table.schema.metadata[b"geo"])["primary_column"] == "shape"
    [row, _] = csv.DictReader(io.StringIO(content(client.get(f"{address}.csv")).decode()))
    assert shapely.from_wkt(row["shape"]) == square


def test_shapes_are_found_by_a_box(client: Client, districts: Dataset) -> None:
    address = "/api/v1/datasets/districts/records"
    assert len(client.get(address, {"bbox": "127.4,37.4,128,38"}).json()["records"]) == 1
    assert client.get(address, {"bbox": "127.6,37.6,128,38"}).json()["records"] == []


@pytest.mark.parametrize("name", READERS)
def test_nothing_found_is_a_well_formed_nothing(client: Client, stations: Dataset, name: str) -> None:
    data = content(client.get(f"{ADDRESS}.{name}", {"district": "없는 구"}))
    assert READERS[name](data) == []
