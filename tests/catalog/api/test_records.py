"""Records over HTTP: every operator, shape and limit of a question, and paging to the very end."""

import dataclasses
from typing import Any
from urllib.parse import urlsplit

import pytest
from air_stations import IDS, RECORDS, ROWS, SCHEMA, make_air_stations
from builders import make_dataset, publish_rows
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Dataset
from catalog.records import OPERATORS, Column, Schema

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-stations/records"


@pytest.fixture
def stations() -> Dataset:
    return make_air_stations()


def ask(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get(ADDRESS, parameters)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def ids(page: dict[str, Any]) -> list[str]:
    return [record["station_id"] for record in page["records"]]


def test_a_page_has_four_members_and_the_records_are_typed(client: Client, stations: Dataset) -> None:
    snapshot = stations.distribution.current_snapshot
    page = ask(client)
    assert list(page) == ["records", "count", "next", "snapshot"]
    assert page["records"] == RECORDS
    assert (page["count"], page["next"]) == (None, None)
    assert page["snapshot"]["id"] == snapshot.digest
    assert page["snapshot"]["records"] == 5
    assert page["snapshot"]["published_at"].endswith("+09:00")


QUESTIONS = [
    ({"station_id": "0101"}, ["0101"]),
    ({"station_id__eq": "0101"}, ["0101"]),
    ({"station_id": "101"}, []),
    ({"station_id": ["0101", "0104"]}, ["0101", "0104"]),
    ({"district": "강남구"}, ["0101", "0103"]),
    ({"district__ne": "강남구"}, ["0102", "0104", "0105"]),
    ({"district__contains": "강남"}, ["0101", "0103"]),
    ({"district__contains": "DROP table"}, ["0105"]),
    ({"district__contains": "%"}, ["0105"]),
    ({"district__contains": "_"}, ["0105"]),
    ({"district__in": "강남구,종로구"}, ["0101", "0102", "0103"]),
    ({"district__in": ["강남구", "종로구"]}, ["0101", "0102", "0103"]),
    ({"district__gt": "강남구"}, ["0102", "0104"]),
    ({"district__lte": "강남구"}, ["0101", "0103", "0105"]),
    ({"pm10": "34"}, ["0101"]),
    ({"pm10__ne": "34"}, ["0102", "0103", "0104", "0105"]),
    ({"pm10__gt": "34"}, ["0102", "0104"]),
    ({"pm10__gte": "34"}, ["0101", "0102", "0104"]),
    ({"pm10__lt": "34"}, ["0105"]),
    ({"pm10__lte": "34"}, ["0101", "0105"]),
    ({"pm10__in": "34,120"}, ["0101", "0104"]),
    ({"pm10__isnull": "true"}, ["0103"]),
    ({"pm10__isnull": "false"}, ["0101", "0102", "0104", "0105"]),
    ({"pm10__gte": "0", "pm10__lt": "100"}, ["0101", "0102"]),
    ({"ozone__gt": "0.004"}, ["0101", "0104"]),
    ({"ozone": "1e-3"}, ["0105"]),
    ({"is_open": "true"}, ["0101", "0104"]),
    ({"is_open__ne": "true"}, ["0102", "0103", "0105"]),
    ({"is_open__in": "true,false"}, ["0101", "0102", "0104", "0105"]),
    ({"built_on__gte": "2018-02-01"}, ["0102", "0104"]),
    ({"built_on__in": "2018-01-01,2017-12-31"}, ["0101", "0105"]),
    ({"observed_at": "2018-01-01T09:00:00"}, ["0101"]),
    ({"observed_at": "2018-01-01T00:00:00Z"}, ["0101"]),
    ({"observed_at__lte": "2018-01-02T00:00:00+09:00"}, ["0101", "0102"]),
    ({"observed_at__gt": "2018-01-02"}, ["0104", "0105"]),
    ({"opens__lt": "08:30"}, ["0105"]),
    ({"opens": "24:00"}, ["0104"]),
    ({"datetime": "2018-01-02/2018-01-03"}, ["0102", "0104"]),
    ({"datetime": "2018-01-03"}, ["0104"]),
    ({"datetime": "../2018-01-01"}, ["0101"]),
    ({"datetime": "2018-01-03T12:00:00/.."}, ["0104", "0105"]),
    ({"bbox": "126.9,37.5,127,37.6"}, ["0102", "0104"]),
    ({"bbox": "127.05,37.51,127.05,37.51"}, ["0101"]),
    ({"bbox": "0,0,1,1"}, []),
    ({"bbox": "126,33,130,39", "pm10__gt": "50", "datetime": "2018-01-02/.."}, ["0102", "0104"]),
    ({"order_by": "pm10"}, ["0105", "0101", "0102", "0104", "0103"]),
    ({"order_by": "-pm10"}, ["0104", "0102", "0101", "0105", "0103"]),
    ({"order_by": "-district,station_id"}, ["0104", "0102", "0101", "0103", "0105"]),
    ({"order_by": ["-is_open", "pm10"]}, ["0101", "0104", "0105", "0102", "0103"]),
    ({"limit": "2"}, ["0101", "0102"]),
    ({"station_id__between": "0102,0103"}, ["0102", "0103"]),
    ({"station_id__startswith": "010", "limit": "2"}, ["0101", "0102"]),
    ({"station_id__like": "%4"}, ["0104"]),
    ({"station_id__not__like": "%4", "limit": "3"}, ["0101", "0102", "0103"]),
    ({"filter": "pm10 > 50 AND NOT district LIKE '종%'", "select": "station_id", "order_by": "station_id"}, ["0104"]),
]  # fmt: skip


def test_every_question_finds_its_records(client: Client, stations: Dataset, subtests: pytest.Subtests) -> None:
    for parameters, expected in QUESTIONS:
        with subtests.test(**parameters):
            assert ids(ask(client, **parameters)) == expected


def test_every_operator_is_asked_above() -> None:
    asked = {name.partition("__")[2] for parameters, _ in QUESTIONS for name in parameters}
    assert set(OPERATORS) <= asked


@pytest.mark.parametrize(
    "text",
    [
        "a%b_C'; DROP TABLE catalog_dataset; --",
        "'; DROP TABLE catalog_dataset; --",
        "' OR '1'='1",
        '" OR 1=1 --',
        "강남구' UNION SELECT * FROM read_csv('/etc/passwd') --",
        "$value_0",
        "{c} = {v}",
        "\\",
    ],
)
def test_texts_of_attackers_are_only_texts(client: Client, stations: Dataset, text: str) -> None:
    expected = ["0105"] if text.startswith("a%b") else []
    assert ids(ask(client, district=text)) == expected
    assert ids(ask(client, district__in=text)) == [] or text.startswith("a%b")
    assert Dataset.objects.count() == 1


def test_selected_columns_come_in_the_order_asked_for(client: Client, stations: Dataset) -> None:
    page = ask(client, select="pm10,station_id", limit="1")
    assert page["records"] == [{"pm10": 34, "station_id": "0101"}]
    assert list(page["records"][0]) == ["pm10", "station_id"]


def test_conditions_and_order_may_use_columns_that_are_not_selected(client: Client, stations: Dataset) -> None:
    page = ask(client, select="station_id", order_by="-pm10", district="강남구")
    assert page["records"] == [{"station_id": "0101"}, {"station_id": "0103"}]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [({}, 5), ({"district": "강남구"}, 2), ({"limit": "1", "pm10__gt": "0"}, 3), ({"bbox": "126,37,128,38"}, 3)],
)
def test_an_exact_count_counts_all_that_matches(
    client: Client, stations: Dataset, parameters: dict[str, str], count: int
) -> None:
    assert ask(client, count="exact", **parameters)["count"] == count
    assert client.get(ADDRESS, {"count": "exact", **parameters})["X-Total-Count"] == str(count)
    assert ask(client, count="none", **parameters)["count"] is None


@pytest.mark.parametrize("order", ["", "pm10", "-pm10", "district,-ozone", "is_open"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_following_next_shows_every_record_once(client: Client, stations: Dataset, order: str, limit: int) -> None:
    whole = ids(ask(client, order_by=order))
    seen: list[str] = []
    address: str | None = f"{ADDRESS}?order_by={order}&limit={limit}"
    while address:
        page = client.get(address).json()
        assert len(page["records"]) <= limit
        seen += ids(page)
        address = page["next"]
    assert seen == whole
    assert sorted(seen) == IDS


def test_the_last_page_is_the_last_one_also_when_it_is_full(client: Client, stations: Dataset) -> None:
    assert ask(client, limit="5")["next"] is None


def test_next_is_absolute_and_keeps_the_question(client: Client, stations: Dataset) -> None:
    following = ask(client, district=["강남구", "종로구"], select="station_id", limit="1")["next"]
    assert following.startswith("http://testserver/api/v1/datasets/air-stations/records?")
    assert client.get(following).json()["records"] == [{"station_id": "0102"}]


def test_paging_stays_in_its_snapshot_while_a_newer_one_is_published(client: Client, stations: Dataset) -> None:
    first = ask(client, limit="2", order_by="-station_id")
    publish_rows(stations, [{**row, "district": "바뀐 구"} for row in ROWS[:1]])
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert ids(first) + ids(second) + ids(third) == IDS[::-1]
    assert first["snapshot"] == second["snapshot"] == third["snapshot"]
    assert third["next"] is None
    assert [record["district"] for record in ask(client)["records"]] == ["바뀐 구"]


def test_paging_goes_on_over_many_parts_of_an_appended_dataset(client: Client) -> None:
    schema = Schema(columns=(Column("number", "integer"),))
    dataset = make_dataset("numbers", schema=schema)
    for start in range(0, 50, 10):
        publish_rows(dataset, [{"number": str(number)} for number in range(start, start + 10)], mode="append")
    seen, address = [], "/api/v1/datasets/numbers/records?limit=7"
    while address:
        page = client.get(address).json()
        seen += [record["number"] for record in page["records"]]
        address = page["next"]
    assert seen == list(range(50))


def test_an_empty_snapshot_is_an_empty_page(client: Client) -> None:
    publish_rows(make_dataset("empty", schema=SCHEMA), [])
    page = client.get("/api/v1/datasets/empty/records?count=exact").json()
    assert (page["records"], page["count"], page["next"]) == ([], 0, None)


def test_the_permanent_address_of_the_hub_is_used_when_it_is_known(
    client: Client, stations: Dataset, settings: Any
) -> None:
    settings.BASE_URL = "https://data.hanbit.example"
    following = ask(client, limit="1")["next"]
    assert following.startswith("https://data.hanbit.example/api/v1/datasets/air-stations/records?limit=1&cursor=")
    parts = urlsplit(following)
    assert ids(client.get(f"{parts.path}?{parts.query}").json()) == ["0102"]


def test_the_first_question_costs_four_statements_of_the_database_and_the_next_none(
    client: Client, stations: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.generation.SECONDS", 60.0)  # else a slow machine looks again within one question
    with CaptureQueriesContext(connection) as first:
        ask(client, pm10__gt="1", order_by="-pm10", count="exact")
    with CaptureQueriesContext(connection) as next_one:
        ask(client, pm10__gt="2", order_by="-pm10")
    assert len(first) <= 4
    assert len(next_one) <= 1  # whether the catalogue has changed


def test_a_cursor_goes_on_in_its_snapshot_after_the_schema_has_changed(client: Client, stations: Dataset) -> None:
    first = ask(client, limit=2)
    wider = dataclasses.replace(SCHEMA, columns=(*SCHEMA.columns, Column("note")))
    publish_rows(make_dataset("air-stations", schema=wider), [{**row, "note": "새"} for row in ROWS])
    rest = client.get(first["next"]).json()
    assert {frozenset(record) for record in rest["records"]} == {frozenset(SCHEMA.names)}
    assert rest["snapshot"]["id"] == first["snapshot"]["id"]
