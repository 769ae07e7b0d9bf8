"""Asking across cities: every dataset of a data model as one, in the model's units, with the same language."""

import base64
import dataclasses
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.contrib.auth.models import User
from django.test import Client

from catalog.records import Column, Schema, factor_between

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/data-models/air-quality-observed/records"
HANBIT = Schema(
    columns=(
        Column("station_id"),
        Column("observed_at", "datetime"),
        Column("pm10", "number", unit="ug/m3"),
        Column("o3", "number", unit="[ppm]"),
        Column("longitude", "number", unit="deg"),
        Column("latitude", "number", unit="deg"),
        Column("note"),
    ),
    key=("station_id", "observed_at"),
    time="observed_at",
)
GAON = Schema(
    columns=(
        Column("code", standard_name="측정소코드"),
        Column("at", "datetime", standard_name="observed_at"),
        Column("dust", "integer", unit="mg/m3", standard_name="pm10"),
        Column("ozone", "number", unit="[ppb]", standard_name="o3"),
        Column("no2", "number", unit="km"),
    ),
    time="at",
)


@pytest.fixture
def cities() -> None:
    make_organisation("hanbit", ko="한빛시", en="Hanbit")
    make_organisation("gaon", ko="가온시", en="Gaon")
    publish_rows(
        make_dataset("hanbit-air", schema=HANBIT, organisation="hanbit", data_model="air-quality-observed"),
        [
            {"station_id": "H1", "observed_at": "2026-11-01 09:00", "pm10": "30", "o3": "0.03", "longitude": "127.0", "latitude": "37.5", "note": "x"},
            {"station_id": "H2", "observed_at": "2026-11-01 10:00", "pm10": "90", "o3": "0.05", "longitude": "127.1", "latitude": "37.6", "note": ""},
        ],
    )  # fmt: skip
    publish_rows(
        make_dataset("gaon-air", schema=GAON, organisation="gaon", data_model="air-quality-observed"),
        [
            {"code": "G1", "at": "2026-11-01 09:30", "dust": "1", "ozone": "40", "no2": "3"},
            {"code": "G2", "at": "2026-11-01 10:30", "dust": "2", "ozone": "", "no2": "4"},
        ],
    )
    publish_rows(make_dataset("elsewhere", data_model="off-street-parking"))
    closed = make_dataset(
        "closed-air",
        schema=HANBIT,
        organisation="gaon",
        data_model="air-quality-observed",
        access_level="registered",
    )
    publish_rows(closed, [{"station_id": "C1", "observed_at": "2026-11-01 11:00", "pm10": "500"}])


def ask(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get(ADDRESS, parameters)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def test_the_datasets_of_a_model_are_asked_as_one_in_its_units(client: Client, cities: None) -> None:
    page = ask(client, select="city,dataset,station_id,observed_at,pm10,o3", order_by="observed_at", count="exact")
    assert page["records"] == [
        {"city": "한빛시", "dataset": "hanbit-air", "station_id": "H1", "observed_at": "2026-11-01T09:00:00+09:00", "pm10": 30.0, "o3": 0.03},
        {"city": "가온시", "dataset": "gaon-air", "station_id": "G1", "observed_at": "2026-11-01T09:30:00+09:00", "pm10": 1000.0, "o3": 0.04},
        {"city": "한빛시", "dataset": "hanbit-air", "station_id": "H2", "observed_at": "2026-11-01T10:00:00+09:00", "pm10": 90.0, "o3": 0.05},
        {"city": "가온시", "dataset": "gaon-air", "station_id": "G2", "observed_at": "2026-11-01T10:30:00+09:00", "pm10": 2000.0, "o3": None},
    ]  # fmt: skip
    assert (page["count"], page["next"], page["data_model"]) == (4, None, "air-quality-observed")
    [gaon, hanbit] = page["datasets"]
    assert (gaon["dataset"], gaon["city"], gaon["records"]) == ("gaon-air", "가온시", 2)
    assert {"no2", "longitude"} <= set(gaon["missing"])  # kilometres are no share
    assert "pm10" not in gaon["missing"]
    assert "note" not in page["records"][0]
    assert "longitude" not in hanbit["missing"]


QUESTIONS: list[tuple[dict[str, str], list[str]]] = [
    ({"city": "가온시"}, ["G1", "G2"]),
    ({"dataset": "hanbit-air"}, ["H1", "H2"]),
    ({"dataset__in": "hanbit-air,nothing"}, ["H1", "H2"]),
    ({"pm10__gte": "100"}, ["G1", "G2"]),
    ({"o3__lte": "0.04"}, ["G1", "H1"]),
    ({"o3__isnull": "true"}, ["G2"]),
    ({"datetime": "2026-11-01T09:15/2026-11-01T10:15"}, ["G1", "H2"]),
    ({"bbox": "126.9,37.4,127.05,37.55"}, ["H1"]),
    ({"filter": "pm10 > 50 AND city = '한빛시'"}, ["H2"]),
    ({"no2__gt": "0"}, []),
    ({"near": "127.0,37.5,100"}, ["H1"]),
]


@pytest.mark.parametrize(("parameters", "found"), QUESTIONS, ids=[str(parameters) for parameters, _ in QUESTIONS])
def test_the_language_is_that_of_a_single_dataset(
    client: Client, cities: None, parameters: dict[str, str], found: list[str]
) -> None:
    page = ask(client, **parameters, count="exact")
    assert sorted(record["station_id"] for record in page["records"]) == found
    assert page["count"] == len(found)


def test_groups_run_across_cities(client: Client, cities: None) -> None:
    page = ask(client, select="city,max(pm10) as worst,count()", group_by="city", order_by="-worst")
    assert page["records"] == [
        {"city": "가온시", "worst": 2000.0, "count": 2},
        {"city": "한빛시", "worst": 90.0, "count": 2},
    ]


def test_pages_go_on_in_the_same_snapshots_while_newer_ones_are_published(client: Client, cities: None) -> None:
    first = ask(client, limit="1", select="station_id")
    publish_rows(
        make_dataset("gaon-air", schema=GAON, organisation="gaon", data_model="air-quality-observed"),
        [{"code": "NEW", "at": "2026-11-02 09:30", "dust": "1"}],
    )
    found, following = [record["station_id"] for record in first["records"]], first["next"]
    while following:
        address = urlsplit(following)
        page = client.get(f"{address.path}?{address.query}").json()
        found += [record["station_id"] for record in page["records"]]
        following = page["next"]
    assert found == ["G1", "G2", "H1", "H2"]
    assert [record["station_id"] for record in ask(client, select="station_id")["records"]] == ["NEW", "H1", "H2"]
    earlier = ask(client, select="station_id", as_of=first["as_of"])
    assert [record["station_id"] for record in earlier["records"]] == ["G1", "G2", "H1", "H2"]


def test_a_dataset_that_the_caller_may_not_read_is_not_asked(client: Client, cities: None) -> None:
    assert all(part["dataset"] != "closed-air" for part in ask(client)["datasets"])
    client.force_login(User.objects.create_user("someone"))
    assert [record["station_id"] for record in ask(client, pm10="500")["records"]] == ["C1"]


def test_every_format_answers_whole(client: Client, cities: None) -> None:
    answer = client.get(f"{ADDRESS}.csv", {"select": "city,station_id,pm10"})
    assert answer.status_code == 200
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == '"city","station_id","pm10"'
    assert len(lines) == 5


def test_an_answer_is_the_same_bytes_until_something_is_published(client: Client, cities: None) -> None:
    first, again = client.get(ADDRESS), client.get(ADDRESS)
    assert first.content == again.content
    assert client.get(ADDRESS, headers={"if-none-match": first["ETag"]}).status_code == 304
    publish_rows(
        make_dataset("hanbit-air", schema=HANBIT, organisation="hanbit", data_model="air-quality-observed"), []
    )
    assert client.get(ADDRESS)["ETag"] != first["ETag"]


def cursor_in(name: str) -> str:
    """Return what somebody might make up as a cursor of records with this name."""
    return base64.urlsafe_b64encode(orjson.dumps([name, "", [], 0])).decode().rstrip("=")


MISTAKES = [
    ("/api/v1/data-models/nothing/records", {}, 404, "data-model-not-found"),
    (ADDRESS, {"note": "x"}, 400, "unknown-parameter"),
    (ADDRESS, {"snapshot": "x"}, 400, "unanswerable"),
    (ADDRESS, {"cursor": "x"}, 400, "bad-cursor"),
    (ADDRESS, {"cursor": cursor_in("2026-11-01T00:00:00 0123456789abcdef")}, 400, "bad-cursor"),  # a time of nowhere
    (ADDRESS, {"cursor": cursor_in("2026-11-01T00:00:00+09:00")}, 400, "bad-cursor"),
]


@pytest.mark.parametrize(("address", "parameters", "status", "code"), MISTAKES)
def test_a_mistake_is_a_problem_document(
    client: Client, cities: None, address: str, parameters: dict[str, str], status: int, code: str
) -> None:
    answer = client.get(address, parameters)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_model_that_nobody_follows_yet_has_no_records(client: Client) -> None:
    page = ask(client, count="exact")
    assert (page["records"], page["count"], page["datasets"], page["as_of"]) == ([], 0, [], None)
    assert client.get(ADDRESS, {"select": "count()"}).json()["records"] == [{"count": 0}]


FACTORS = [
    ("ug/m3", "ug/m3", 1.0),
    ("mg/m3", "ug/m3", 1000.0),
    ("[ppb]", "[ppm]", 0.001),
    ("%", "1", 0.01),
    ("", "m", 1.0),
    ("km", "[ppm]", None),
    ("{space}", "{vehicle}", None),
    ("furlong", "m", None),
]


@pytest.mark.parametrize(("unit", "wanted", "factor"), FACTORS)
def test_units_of_the_same_kind_are_converted(unit: str, wanted: str, factor: float | None) -> None:
    assert factor_between(unit, wanted) == (factor if factor is None else pytest.approx(factor))


def test_a_column_of_another_type_is_left_out(client: Client) -> None:
    make_organisation("hanbit")
    schema = dataclasses.replace(HANBIT, columns=(Column("pm10"), *HANBIT.columns[:2], *HANBIT.columns[3:]))
    dataset = make_dataset("words", schema=schema, organisation="hanbit", data_model="air-quality-observed")
    publish_rows(dataset, [{"pm10": "좋음", "station_id": "W", "observed_at": "2026-11-01 09:00"}])
    page = ask(client)
    assert page["records"][0]["pm10"] is None
    assert "pm10" in page["datasets"][0]["missing"]
