"""Grouping by district: in which of the hub's own boundaries a place lies."""

import json

import pytest
from builders import make_dataset, publish_rows
from django.conf import LazySettings
from django.test import Client

from catalog.records import Column, Geometry, Schema

pytestmark = pytest.mark.django_db
BOUNDARIES = Schema(
    columns=(Column("code"), Column("name"), Column("shape", "geometry")),
    key=("code",),
    geometry=Geometry(column="shape"),
)
PLACES = Schema(
    columns=(Column("id"), Column("x", "number"), Column("y", "number")), key=("id",), geometry=Geometry("x", "y")
)
ADDRESS = "/api/v1/datasets/places/records"


def square(west: float, south: float) -> str:
    ring = [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


@pytest.fixture
def boundaries(settings: LazySettings) -> None:
    settings.BOUNDARIES = "boundaries"
    publish_rows(
        make_dataset("boundaries", schema=BOUNDARIES),
        [
            {"code": "11110", "name": "종로구", "shape": square(126, 37)},
            {"code": "11680", "name": "강남구", "shape": square(127, 37)},
        ],
    )


@pytest.fixture
def places() -> None:
    rows = [
        ("a", 126.5, 37.5),
        ("b", 126.6, 37.5),
        ("c", 127.5, 37.5),
        ("d", 129.0, 36.0),
        ("e", "", ""),
        ("f", 127, 37.5),
    ]
    publish_rows(make_dataset("places", schema=PLACES), [{"id": i, "x": str(x), "y": str(y)} for i, x, y in rows])


def test_records_are_grouped_by_the_district_that_they_lie_in(client: Client, boundaries: None, places: None) -> None:
    asked = {
        "select": "district(location) as district,district_code(location) as code,count()",
        "group_by": "district,code",
    }
    assert client.get(ADDRESS, asked).json()["records"] == [
        {"district": "강남구", "code": "11680", "count": 1},
        {"district": "종로구", "code": "11110", "count": 3},
        {"district": None, "code": None, "count": 2},
    ]


def test_a_district_can_be_shown_and_asked_for(client: Client, boundaries: None, places: None) -> None:
    asked = {"select": "id,district(location) as district", "filter": "district(location) = '강남구'"}
    assert client.get(ADDRESS, asked).json()["records"] == [{"id": "c", "district": "강남구"}]


def test_shapes_have_a_district_too(client: Client, boundaries: None) -> None:
    asked = {"select": "code,district(shape) as district", "order_by": "code"}
    page = client.get("/api/v1/datasets/boundaries/records", asked).json()
    assert [record["district"] for record in page["records"]] == ["종로구", "종로구"]  # the first that it touches


def test_newer_boundaries_are_another_answer(client: Client, boundaries: None, places: None) -> None:
    asked = {"select": "district(location) as district,count()", "group_by": "district"}
    first = client.get(ADDRESS, asked)
    publish_rows(
        make_dataset("boundaries", schema=BOUNDARIES), [{"code": "1", "name": "한빛구", "shape": square(126, 37)}]
    )
    second = client.get(ADDRESS, asked)
    assert second.json()["records"] == [{"district": "한빛구", "count": 3}, {"district": None, "count": 3}]
    assert first["ETag"] != second["ETag"]


def test_a_district_without_a_name_has_none(client: Client, boundaries: None, places: None) -> None:
    publish_rows(make_dataset("boundaries", schema=BOUNDARIES), [{"code": "1", "name": "", "shape": square(126, 37)}])
    asked = {"select": "district(location) as district,count()", "group_by": "district"}
    assert client.get(ADDRESS, asked).json()["records"] == [{"district": None, "count": 6}]


def test_a_hub_without_boundaries_says_so(client: Client, places: None) -> None:
    answer = client.get(ADDRESS, {"group_by": "district(location)"}, headers={"accept-language": "ko"})
    assert answer.status_code == 400
    assert "HUB_BOUNDARIES" in answer.json()["detail"]


def test_boundaries_without_a_name_are_refused_in_words(client: Client, settings: LazySettings, places: None) -> None:
    settings.BOUNDARIES = "places"
    answer = client.get(ADDRESS, {"group_by": "district(location)"})
    assert answer.status_code == 422
    assert "name" in answer.json()["detail"]
