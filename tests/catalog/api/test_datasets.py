"""Finding datasets over HTTP, and what a description says."""

import datetime as dt
from typing import Any

import pytest
from air_stations import SCHEMA, make_air_stations
from builders import make_dataset, make_organisation, publish_rows
from descriptions import complete
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Dataset
from catalog.publish import save_quality, save_series, withdraw_dataset
from catalog.records import FORMATS, Column, Schema, from_table_schema
from catalog.search import COUNTED
from catalog.standard import FIELDS

pytestmark = pytest.mark.django_db
PLACES = Schema(columns=(Column("place_id"),))
ADDRESS = "/api/v1/datasets"


@pytest.fixture
def city() -> None:
    """A small catalogue: four datasets of two organisations."""
    make_organisation("suwon-city", ko="수원시", en="Suwon City", region="41")
    make_dataset(
        "parking-lots",
        schema=PLACES,
        title={"ko": "한빛시 공영주차장", "en": "Public car parks"},
        description={"ko": "주차장의 위치와 요금", "en": "Places and fees"},
        theme="transport",
        keywords={"ko": ["주차", "요금"], "en": ["parking"]},
        frequency="daily",
        region="44",
    )
    make_dataset(
        "fine-dust",
        schema=PLACES,
        title={"ko": "미세 먼지 측정", "en": "Fine dust"},
        description={"ko": "측정소별 농도. 주차장 옆 측정소 포함", "en": "By station"},
        theme="environment",
        frequency="hourly",
        region="44130",
    )
    make_dataset(
        "suwon-air",
        schema=PLACES,
        title={"ko": "수원시 대기질"},
        organisation="suwon-city",
        theme="environment",
        description={"ko": "초미세먼지와 오존", "en": "PM2.5 and ozone"},
        frequency="hourly",
        region="41110",
    )
    make_dataset("hydrants", schema=PLACES, title={"ko": "소화전 위치"}, description={"ko": "100% 소방용 급수 시설_현황"}, theme="safety",
                 access_level="restricted", access_reason={"ko": "시설 보안"}, region="44130")  # fmt: skip


def ask(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get(ADDRESS, parameters)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def slugs(page: dict[str, Any]) -> list[str]:
    return [dataset["slug"] for dataset in page["datasets"]]


QUESTIONS = [
    ({}, ["fine-dust", "hydrants", "suwon-air", "parking-lots"]),  # by Korean title
    ({"q": ""}, ["fine-dust", "hydrants", "suwon-air", "parking-lots"]),
    ({"q": "   "}, ["fine-dust", "hydrants", "suwon-air", "parking-lots"]),
    ({"q": "주차"}, ["parking-lots", "fine-dust"]),  # in the title first
    ({"q": "주차장"}, ["parking-lots", "fine-dust"]),
    ({"q": "주 차 장"}, ["parking-lots", "fine-dust"]),
    ({"q": "공영 주차장"}, ["parking-lots"]),
    ({"q": "공영주차장"}, ["parking-lots"]),
    ({"q": "주차장 공영"}, ["parking-lots"]),
    ({"q": "미세먼지"}, ["fine-dust", "suwon-air"]),
    ({"q": "미세 먼지"}, ["fine-dust", "suwon-air"]),
    ({"q": "수원시대기질"}, ["suwon-air"]),
    ({"q": "수원 대기질"}, ["suwon-air"]),
    ({"q": "수원시"}, ["suwon-air"]),
    ({"q": "Suwon"}, ["suwon-air"]),
    ({"q": "한빛시"}, ["parking-lots", "hydrants", "fine-dust"]),  # in the title first, then shorter titles
    ({"q": "PARKING"}, ["parking-lots", "fine-dust"]),  # 주차 means the same
    ({"q": "car parks"}, ["parking-lots", "fine-dust"]),
    ({"q": "public car park"}, ["parking-lots"]),
    ({"q": "Hydrant"}, ["hydrants"]),
    ({"q": "주차쟝"}, ["parking-lots"]),  # misspelt: found in titles and names alone
    ({"q": "parkng"}, ["parking-lots"]),
    ({"q": "ㅈㅊㅈ"}, ["parking-lots"]),  # by initials
    ({"q": "ㅁㅅㅁㅈ"}, ["fine-dust"]),
    ({"q": "요금"}, ["parking-lots"]),
    ({"q": "parking-lots"}, ["parking-lots", "fine-dust"]),
    ({"q": "place_id"}, ["hydrants", "fine-dust", "suwon-air", "parking-lots"]),  # a column of all
    ({"q": "주차장 없는낱말"}, []),
    ({"q": "%"}, []),
    ({"q": "ㅏ"}, []),
    ({"q": "설_현"}, ["hydrants"]),
    ({"q": "\\"}, []),
    ({"q": "' OR 1=1 --"}, []),
    ({"q": "'; DROP TABLE catalog_dataset; --"}, []),
    ({"theme": "environment"}, ["fine-dust", "suwon-air"]),
    ({"theme": "environment,transport"}, ["fine-dust", "suwon-air", "parking-lots"]),
    ({"theme": ["environment", "transport"]}, ["fine-dust", "suwon-air", "parking-lots"]),
    ({"theme": ["environment,safety", "transport"]}, ["fine-dust", "hydrants", "suwon-air", "parking-lots"]),
    ({"theme": "energy"}, []),
    ({"organisation": "suwon-city"}, ["suwon-air"]),
    ({"organisation": "suwon-city,hanbit-city", "theme": "environment"}, ["fine-dust", "suwon-air"]),
    ({"region": "44"}, ["fine-dust", "hydrants", "parking-lots"]),
    ({"region": "44130"}, ["fine-dust", "hydrants"]),
    ({"region": "41,44130"}, ["fine-dust", "hydrants", "suwon-air"]),
    ({"region": "11"}, []),
    ({"access_level": "restricted"}, ["hydrants"]),
    ({"access_level": "public,restricted", "region": "44"}, ["fine-dust", "hydrants", "parking-lots"]),
    ({"frequency": "hourly"}, ["fine-dust", "suwon-air"]),
    ({"frequency": "hourly", "region": "44"}, ["fine-dust"]),
    ({"q": "미세먼지", "theme": "environment", "region": "41"}, ["suwon-air"]),
    ({"limit": "1"}, ["fine-dust"]),
]  # fmt: skip


def test_every_question_finds_its_datasets(client: Client, city: None, subtests: pytest.Subtests) -> None:
    for parameters, expected in QUESTIONS:
        with subtests.test(**parameters):
            page = ask(client, **parameters)
            assert slugs(page) == expected
            assert page["count"] == (4 if "limit" in parameters else len(expected))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "weather"), ("region", "99"), ("model", "no-such-model"), ("format", "csv2"), ("licence", "mine"),
        ("access_level", "secret"), ("frequency", "sometimes"), ("quality", "best"), ("organisation", "nobody"),
        ("series", "nothing"), ("sort", "size"), ("q", "가" * 201), ("q", "a\x00b"),
        ("bbox", "1,2,3"), ("bbox", "10,0,5,1"), ("bbox", "nan,0,1,1"), ("bbox", "0,0,1,91"), ("bbox", "a,b,c,d"),
        ("datetime", "2018"), ("datetime", "../.."), ("datetime", "2019-01-01/2018-01-01"), ("datetime", "/"),
        ("colour", "red"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_it(client: Client, name: str, value: str) -> None:
    answer = client.get(ADDRESS, {name: value})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == name


NARROWED = [
    ({"model": "off-street-parking"}, ["parking-lots"]),
    ({"format": "XLSX,CSV"}, ["parking-lots"]),
    ({"licence": "kogl-1"}, ["fine-dust", "hydrants", "suwon-air", "parking-lots"]),
    ({"series": "yearly"}, ["parking-lots"]),
    ({"quality": "good"}, ["parking-lots"]),
    ({"quality": "bad,sufficient"}, []),
    ({"bbox": "127,36,128,37"}, ["parking-lots"]),
    ({"bbox": "0,0,1,1"}, []),
    ({"datetime": "2018-06-01/2018-06-30"}, ["parking-lots"]),
    ({"datetime": "2018-06-01"}, ["parking-lots"]),
    ({"datetime": "2019-01-01/.."}, []),
    ({"sort": "title", "q": "주차장"}, ["fine-dust", "parking-lots"]),
    ({"sort": "updated", "theme": "environment"}, ["suwon-air", "fine-dust"]),
    ({"sort": "relevance"}, ["fine-dust", "hydrants", "suwon-air", "parking-lots"]),
]  # fmt: skip


def test_every_filter_narrows(client: Client, city: None, subtests: pytest.Subtests) -> None:
    save_series("yearly", {"title": {"ko": "해마다"}, "description": {"ko": "해마다 나오는 자료"}})
    dataset = make_dataset(
        "parking-lots",
        schema=PLACES,
        title={"ko": "한빛시 공영주차장", "en": "Public car parks"},
        description={"ko": "주차장의 위치와 요금", "en": "Places and fees"},
        theme="transport",
        data_model="off-street-parking",
        series=["yearly"],
        bbox=[127.0, 36.7, 127.3, 36.9],
        temporal={"start": "2018-01-01", "end": "2018-12-31"},
        distributions=[{"access_url": "https://hanbit.example/lots.xlsx", "format": "XLSX"}],
    )
    save_quality(dataset, score=300, band="good", at=dataset.created_at)
    for parameters, expected in NARROWED:
        with subtests.test(**parameters):
            assert slugs(ask(client, **parameters)) == expected


def test_a_page_has_five_members(client: Client, city: None) -> None:
    assert list(ask(client)) == ["datasets", "count", "facets", "is_guess", "next"]


def test_facets_count_what_was_found(client: Client, city: None) -> None:
    assert ask(client)["facets"] == {
        "theme": {"environment": 2, "safety": 1, "transport": 1},
        "organisation": {"hanbit-city": 3, "suwon-city": 1},
        "region": {"44": 3, "41": 1},
        "model": {},
        "format": {},
        "licence": {"kogl-1": 4},
        "access_level": {"public": 3, "restricted": 1},
        "frequency": {"hourly": 2, "daily": 1},
        "quality": {},
    }
    assert ask(client, q="주차장", limit="1")["facets"] == {
        "theme": {"environment": 1, "transport": 1},
        "organisation": {"hanbit-city": 2},
        "region": {"44": 2},
        "model": {},
        "format": {},
        "licence": {"kogl-1": 2},
        "access_level": {"public": 2},
        "frequency": {"daily": 1, "hourly": 1},
        "quality": {},
    }
    assert ask(client, q="없는낱말")["facets"] == {name: {} for name in COUNTED}


def test_what_is_chosen_in_a_facet_does_not_narrow_its_own_counts(client: Client, city: None) -> None:
    facets = ask(client, theme="transport", region="44")["facets"]
    assert facets["theme"] == {"environment": 1, "safety": 1, "transport": 1}
    assert facets["region"] == {"44": 1}
    assert facets["organisation"] == {"hanbit-city": 1}


@pytest.mark.parametrize("parameters", [{}, {"q": "대기"}, {"theme": "environment"}], ids=str)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_following_next_shows_every_dataset_once_while_others_come_and_go(
    client: Client, parameters: dict[str, str], limit: int
) -> None:
    for number in range(10):  # titles that repeat, some with the word, some without
        title = {"ko": "대기질" if number % 3 else "같은 제목", "en": f"{number}"}
        make_dataset(f"dataset-{number}", title=title, description={"ko": "대기 자료"})
    whole = slugs(ask(client, limit="100", **parameters))
    seen: list[str] = []
    page = ask(client, limit=str(limit), **parameters)
    withdraw_dataset(whole[0])  # it was shown already
    while True:
        seen += slugs(page)
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    assert seen == whole
    assert len(whole) == 10


def test_titles_in_the_question_come_first_and_then_by_title_and_slug(client: Client) -> None:
    for slug, title in [("c", "버스 나"), ("b", "버스 가"), ("a", "버스 나"), ("d", "정류장")]:
        make_dataset(slug, title={"ko": title}, description={"ko": "버스"})
    assert slugs(ask(client, q="버스")) == ["b", "a", "c", "d"]


def test_a_cursor_does_not_fit_another_question(client: Client, city: None) -> None:
    cursor = ask(client, limit="1")["next"].rpartition("cursor=")[2]
    assert client.get(ADDRESS, {"theme": "environment", "cursor": cursor}).json()["code"] == "bad-cursor"
    assert slugs(ask(client, cursor=cursor, limit="2")) == ["hydrants", "suwon-air"]


@pytest.mark.parametrize("number", [1, 12])
def test_the_list_costs_the_same_statements_whatever_is_found(client: Client, number: int) -> None:
    for index in range(number):
        publish_rows(make_dataset(f"dataset-{index}"))
    with CaptureQueriesContext(connection) as statements:
        page = ask(client, q="대기", theme="environment", limit="100")
    assert len(page["datasets"]) == number
    assert len(statements) == 5  # what changed, and that; the words; the order; the datasets
    with CaptureQueriesContext(connection) as statements:
        ask(client, q="대기", theme="environment", limit="100")
    assert len(statements) == 4  # nothing changed since


def test_a_dataset_in_the_list_is_its_description_without_what_is_heavy(client: Client, city: None) -> None:
    [listed] = ask(client, theme="transport")["datasets"]
    whole = client.get(f"{ADDRESS}/parking-lots").json()
    assert set(whole) - set(listed) == {"links", "columns", "distributions", "issued", "modified"}
    assert listed == {name: value for name, value in whole.items() if name in listed}


def test_a_description_shows_every_field_of_the_profile(client: Client) -> None:
    described = complete()
    assert set(described) == {field.name for field in FIELDS}
    make_dataset("complete", schema=None, **described | {"organisation": "hanbit-city"})
    shown = client.get(f"{ADDRESS}/complete").json()
    assert {name: shown.get(name) for name in described} == described | {"organisation": "hanbit-city"}


def test_fields_without_a_value_are_left_out(client: Client, city: None) -> None:
    shown = client.get(f"{ADDRESS}/suwon-air").json()
    assert {"temporal", "landing_page", "access_reason", "keywords"} & set(shown) == set()
    assert shown["title"] == {"ko": "수원시 대기질"}


def test_a_description_tells_what_the_hub_knows(client: Client) -> None:
    dataset = make_air_stations()
    snapshot = dataset.distribution.current_snapshot
    shown = client.get(f"{ADDRESS}/air-stations").json()
    assert (shown["id"], shown["slug"]) == (str(dataset.pk), "air-stations")
    assert shown["uri"] == "http://testserver/dataset/air-stations"
    assert dt.datetime.fromisoformat(shown["created_at"]) == dataset.created_at
    assert dt.datetime.fromisoformat(shown["modified_at"]) == dataset.modified_at
    assert shown["created_at"].endswith("+09:00")
    published = shown["snapshot"].pop("published_at")
    assert dt.datetime.fromisoformat(published) == snapshot.published_at
    assert shown["snapshot"] == {"id": snapshot.digest, "records": 5, "rejected": 0}


def test_refused_records_are_told(client: Client) -> None:
    publish_rows(make_dataset("air"), [{"station_id": "1", "pm10": "x"}, {"station_id": "2", "pm10": "5"}])
    assert client.get(f"{ADDRESS}/air").json()["snapshot"] | {"id": "", "published_at": ""} == {
        "id": "",
        "published_at": "",
        "records": 1,
        "rejected": 1,
    }


def test_before_the_first_snapshot_there_is_none(client: Client, city: None) -> None:
    assert client.get(f"{ADDRESS}/suwon-air").json()["snapshot"] is None


def test_every_link_of_a_description_answers(client: Client, subtests: pytest.Subtests) -> None:
    make_air_stations()
    links = client.get(f"{ADDRESS}/air-stations").json()["links"]
    downloads = links.pop("downloads")
    assert list(downloads) == list(FORMATS)
    for name, address in (links | downloads).items():
        with subtests.test(name):
            assert client.get(address).status_code == 200


def test_records_without_a_place_cannot_be_downloaded_as_places(client: Client, city: None) -> None:
    downloads = client.get(f"{ADDRESS}/suwon-air").json()["links"]["downloads"]
    assert set(FORMATS) - set(downloads) == {"geojson", "fgb"}


def test_permanent_addresses_follow_the_hubs_own(client: Client, city: None, settings: Any) -> None:
    settings.BASE_URL = "https://data.hanbit.example"
    shown = client.get(f"{ADDRESS}/suwon-air").json()
    assert shown["uri"] == shown["links"]["page"] == "https://data.hanbit.example/dataset/suwon-air"
    assert shown["links"]["records"] == "https://data.hanbit.example/api/v1/datasets/suwon-air/records"


def test_the_schema_is_a_table_schema_with_our_additions(client: Client) -> None:
    make_air_stations()
    document = client.get(f"{ADDRESS}/air-stations/schema").json()
    assert from_table_schema(document) == SCHEMA
    pm10 = document["fields"][2]
    assert pm10 == {
        "name": "pm10",
        "type": "integer",
        "title": "미세먼지",
        "titles": {"ko": "미세먼지", "en": "PM10"},
        "unit": "ug/m3",
    }
    assert (document["primaryKey"], document["timeColumn"]) == (["station_id"], "observed_at")
    assert document["geometry"] == {"longitude": "longitude", "latitude": "latitude", "crs": "EPSG:4326"}


def test_the_schema_is_known_before_the_first_snapshot_and_then_that_of_the_records(client: Client) -> None:
    dataset = make_dataset("air-stations")
    names = [field["name"] for field in client.get(f"{ADDRESS}/air-stations/schema").json()["fields"]]
    assert names == ["station_id", "district", "pm10", "observed_on"]
    publish_rows(dataset)
    make_dataset("air-stations", schema=SCHEMA)  # described anew, not yet published
    assert [field["name"] for field in client.get(f"{ADDRESS}/air-stations/schema").json()["fields"]] == names
    assert Dataset.objects.get().distribution.schema["fields"] != names
