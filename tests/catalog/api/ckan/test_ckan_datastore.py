"""The datastore: records by offset, filtered, searched, sorted and in four forms."""

from typing import Any

import pytest
from builders import make_dataset, publish_rows
from ckan_calls import ask, make_hub
from django.test import Client

from catalog.models import Dataset
from catalog.records import Column, Geometry, Schema
from catalog.text import Text

pytestmark = pytest.mark.django_db

SCHEMA = Schema(
    columns=(
        Column("station_id", title=Text(ko="측정소 번호", en="Station number"), required=True),
        Column("district", title=Text(ko="자치구", en="District")),
        Column("pm10", "integer", title=Text(ko="미세먼지", en="PM10"), unit="ug/m3"),
        Column("ozone", "number", title=Text(ko="오존", en="Ozone"), unit="ppm"),
        Column("is_open", "boolean", title=Text(ko="개방", en="Open")),
        Column("built_on", "date", title=Text(ko="설치일", en="Built")),
        Column("observed_at", "datetime", title=Text(ko="측정 시각", en="Observed")),
        Column("opens", "time", title=Text(ko="여는 시각", en="Opens")),
        Column("longitude", "number", title=Text(ko="경도", en="Longitude")),
        Column("latitude", "number", title=Text(ko="위도", en="Latitude")),
    ),
    key=("station_id",),
    time="observed_at",
    geometry=Geometry(longitude="longitude", latitude="latitude"),
)
ROWS = [
    {"station_id": "0101", "district": "강남구", "pm10": "34", "ozone": "0.021", "is_open": "Y", "built_on": "20180101",
     "observed_at": "2018-01-01 09:00", "opens": "09:00", "longitude": "127.05", "latitude": "37.51"},
    {"station_id": "0102", "district": "종로구", "pm10": "81", "ozone": "0.004", "is_open": "N", "built_on": "2018-02-01",
     "observed_at": "2018-01-02 00:00", "opens": "08:30", "longitude": "126.98", "latitude": "37.57"},
    {"station_id": "0103", "district": "강남구"},
    {"station_id": "0104", "district": "중구, \"을지로\"", "pm10": "120", "ozone": "0.1", "is_open": "Y", "built_on": "2019.03.05"},
]  # fmt: skip


@pytest.fixture
def stations(client: Client) -> str:
    """Return the resource of a dataset with a column of every type."""
    publish_rows(make_dataset("air-stations", schema=SCHEMA), ROWS)
    [package] = ask(client, "package_search")["results"]
    [identifier] = [resource["id"] for resource in package["resources"] if resource["datastore_active"]]
    return identifier


def found(client: Client, identifier: str, **parameters: Any) -> list[Any]:
    """Return the numbers of the stations that a question finds."""
    records = ask(client, "datastore_search", resource_id=identifier, **parameters)["records"]
    return [record["station_id"] for record in records]


def test_records_are_had_with_their_columns(client: Client, stations: str) -> None:
    answer = ask(client, "datastore_search", resource_id=stations)
    assert answer["resource_id"] == stations
    assert [field["id"] for field in answer["fields"]] == ["_id", *SCHEMA.names]
    assert {field["id"]: field["type"] for field in answer["fields"]} | {"_id": "int"} == {
        "_id": "int", "station_id": "text", "district": "text", "pm10": "int", "ozone": "numeric", "is_open": "bool",
        "built_on": "date", "observed_at": "timestamptz", "opens": "text", "longitude": "numeric", "latitude": "numeric",
    }  # fmt: skip
    assert answer["fields"][3]["info"] == {"label": "미세먼지", "label_en": "PM10", "notes": "", "unit": "ug/m3", "type_override": ""}  # fmt: skip
    assert answer["total"] == len(answer["records"]) == len(ROWS)
    assert answer["total_was_estimated"] is False
    assert (answer["limit"], answer["offset"]) == (100, 0)
    first = answer["records"][0]
    assert (first["_id"], first["station_id"], first["pm10"], first["is_open"]) == (1, "0101", 34, True)
    assert (first["built_on"], first["observed_at"]) == ("2018-01-01", "2018-01-01T09:00:00+09:00")


@pytest.mark.parametrize(
    ("parameters", "stations_found"),
    [
        ({"limit": 1}, ["0101"]),
        ({"limit": 1, "offset": 1}, ["0102"]),
        ({"offset": 100}, []),
        ({"limit": 0}, []),
        ({"filters": '{"district": "강남구"}'}, ["0101", "0103"]),
        ({"filters": '{"district": ["강남구", "종로구"], "is_open": true}'}, ["0101"]),
        ({"filters": '{"pm10": 81}'}, ["0102"]),
        ({"filters": '{"pm10": null}'}, ["0103"]),
        ({"filters": '{"pm10": [null, null]}'}, ["0103"]),
        ({"filters": '{"ozone": [0.004, 0.1]}'}, ["0102", "0104"]),
        ({"filters": '{"built_on": "2018-02-01"}'}, ["0102"]),
        ({"filters": '{"observed_at": "2018-01-01T00:00:00Z"}'}, ["0101"]),
        ({"filters": "{}"}, ["0101", "0102", "0103", "0104"]),
        ({"q": "강남"}, ["0101", "0103"]),
        ({"q": "강남 0103"}, ["0103"]),
        ({"q": '{"district": "종로"}'}, ["0102"]),
        ({"q": '{"station_id": "0101", "district": "종로"}'}, []),
        ({"q": "%"}, []),
        ({"sort": "pm10 desc"}, ["0104", "0102", "0101", "0103"]),
        ({"sort": "district, station_id desc"}, ["0103", "0101", "0102", "0104"]),
        ({"sort": '"pm10" asc'}, ["0101", "0102", "0104", "0103"]),
        ({"sort": "_id desc", "limit": 1}, ["0104"]),
        ({"language": "korean", "plain": "true", "include_total": "true", "total_estimation_threshold": 10}, ["0101", "0102", "0103", "0104"]),
    ],
)  # fmt: skip
def test_a_question_finds_records(
    client: Client, stations: str, parameters: dict[str, Any], stations_found: list[str]
) -> None:
    found_here = found(client, stations, **parameters)
    if "sort" in parameters and parameters["sort"].startswith("district"):
        assert sorted(found_here) == sorted(stations_found)
        assert found_here.index("0103") < found_here.index("0101")
    else:
        assert found_here == stations_found


def test_a_question_may_be_posted_as_json(client: Client, stations: str) -> None:
    body = {"id": stations, "filters": {"district": ["강남구"]}, "fields": ["station_id", "_id"], "sort": ["pm10 desc"]}
    response = client.post("/api/action/datastore_search", body, content_type="application/json")
    assert response.json()["result"]["records"] == [{"station_id": "0101", "_id": 1}, {"station_id": "0103", "_id": 3}]


@pytest.mark.parametrize(
    ("records_format", "records"),
    [
        ("objects", [{"_id": 1, "station_id": "0101", "is_open": True, "pm10": 34}, {"_id": 2, "station_id": "0102", "is_open": False, "pm10": 81}]),
        ("lists", [[1, "0101", True, 34], [2, "0102", False, 81]]),
        ("csv", "1,0101,true,34\n2,0102,false,81\n"),
        ("tsv", "1\t0101\ttrue\t34\n2\t0102\tfalse\t81\n"),
    ],
)  # fmt: skip
def test_records_come_in_four_forms(client: Client, stations: str, records_format: str, records: Any) -> None:
    answer = ask(
        client,
        "datastore_search",
        resource_id=stations,
        limit=2,
        fields="_id,station_id,is_open,pm10",
        records_format=records_format,
    )
    assert answer["records"] == records
    assert [field["id"] for field in answer["fields"]] == ["_id", "station_id", "is_open", "pm10"]


def test_distinct_values_are_counted_once(client: Client, stations: str) -> None:
    answer = ask(client, "datastore_search", resource_id=stations, fields="district", distinct="true")
    assert answer["total"] == len(answer["records"]) == len({row["district"] for row in ROWS})
    assert [field["id"] for field in answer["fields"]] == ["district"]


def test_the_total_may_be_left_out(client: Client, stations: str) -> None:
    answer = ask(client, "datastore_search", resource_id=stations, include_total="false")
    assert "total" not in answer


def test_links_lead_through_all_records(client: Client, stations: str) -> None:
    address, seen = f"/api/3/action/datastore_search?resource_id={stations}&limit=3&sort=pm10 desc", []
    while True:
        answer = client.get(address).json()["result"]
        if not answer["records"]:
            break
        seen += [record["station_id"] for record in answer["records"]]
        address = answer["_links"]["next"]
    assert seen == found(client, stations, sort="pm10 desc")


def test_more_than_the_cap_is_cut_and_said(client: Client, stations: str) -> None:
    answer = ask(client, "datastore_search", resource_id=stations, limit=1_000_000)
    assert answer["limit"] == 32_000
    assert "records_truncated" not in answer


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"colour": "green"}, "__junk"),
        ({"filters": '{"colour": "green"}'}, "filters"),
        ({"filters": '{"pm10": "much"}'}, "filters"),
        ({"filters": '{"pm10": {"gt": 1}}'}, "filters"),
        ({"filters": '{"_id": 1}'}, "filters"),
        ({"filters": "[1]"}, "filters"),
        ({"filters": '{"pm10": []}'}, "filters"),
        ({"q": '{"colour": "green"}'}, "filters"),
        ({"q": "a", "plain": "false"}, "plain"),
        ({"fields": "station_id,colour"}, "fields"),
        ({"sort": "colour desc"}, "sort"),
        ({"sort": "pm10; drop table"}, "sort"),
        ({"limit": "-1"}, "limit"),
        ({"offset": "x"}, "offset"),
        ({"records_format": "xml"}, "records_format"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_parameter(
    client: Client, stations: str, parameters: dict[str, str], field: str
) -> None:
    error = ask(client, "datastore_search", 409, resource_id=stations, **parameters)
    assert error["__type"] == "Validation Error"
    assert field in error


def test_the_columns_are_told(client: Client, stations: str) -> None:
    told = ask(client, "datastore_info", id=stations)
    assert told["meta"]["count"] == len(ROWS)
    assert told["meta"]["id"] == stations
    assert [field["id"] for field in told["fields"]] == list(SCHEMA.names)
    assert told["fields"][0]["schema"] == {
        "notnull": True, "is_index": False, "index_name": None, "uniquekey": True, "native_type": "text",
    }  # fmt: skip


def test_only_one_resource_of_a_dataset_has_a_datastore(client: Client, stations: str) -> None:
    [package] = ask(client, "package_search")["results"]
    others = [resource["id"] for resource in package["resources"] if not resource["datastore_active"]]
    assert len(others) == len(package["resources"]) - 1
    for identifier in others:
        ask(client, "datastore_search", 404, resource_id=identifier)


def test_restricted_records_are_refused_with_the_reason(client: Client) -> None:
    make_hub()
    [resource] = [one for one in ask(client, "package_show", id="patients")["resources"] if one["datastore_active"]]
    for action in ("datastore_search", "datastore_info"):
        error = ask(client, action, 403, resource_id=resource["id"])
        assert error["__type"] == "Authorization Error"
        assert error["message"].startswith("Access denied: ")
        assert "개인정보 보호법" in error["message"]


def test_what_has_no_records_is_not_found(client: Client) -> None:
    make_hub()
    ask(client, "datastore_search", 409)
    ask(client, "datastore_search", 404, resource_id="x")
    [resource] = ask(client, "package_show", id="parks")["resources"]
    ask(client, "datastore_search", 404, resource_id=resource["id"])
    secret = Dataset.objects.get(slug="secret").distribution.uid
    ask(client, "datastore_search", 404, resource_id=str(secret))
