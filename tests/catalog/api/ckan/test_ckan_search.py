"""Searching packages: queries, filters, order, pages, facets, and a constant number of database queries."""

from collections.abc import Callable
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from ckan_calls import ask, describe_again, link, make_hub, names
from django.test import Client

from catalog.exchange.ckan import derive_id
from catalog.models import Dataset

pytestmark = pytest.mark.django_db

ALL = ["air-quality", "parking", "parks", "patients"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ALL),
        ("*:*", ALL),
        ("미세먼지", ["air-quality", "patients"][:1]),
        ("공영 주차장", ["parking"]),
        ("공영주차장", ["parking"]),
        ('"Car parks"', ["parking"]),
        ("주차장 OR 도시공원", ["parking", "parks"]),
        ("NOT 주차장", ["air-quality", "parks", "patients"]),
        ("-주차장 -도시공원", ["air-quality", "patients"]),
        ("name:parking", ["parking"]),
        ("name:park*", ["parking", "parks"]),
        ("name:[parking TO parks]", ["parking", "parks"]),
        ("name:{parking TO parks]", ["parks"]),
        ("title:공원", ["parks"]),
        ("title:park*", ["parking", "parks"]),
        ("notes:요금", ["parking"]),
        ("title:(공원 OR 주차장)", ["parking", "parks"]),
        ("organization:haneul-county", ["parks"]),
        ("organization:haneul-county OR organization:nobody", ["parks"]),
        ("-organization:hanbit-city", ["parks"]),
        (f"owner_org:{derive_id('organisation', 'haneul-county')}", ["parks"]),
        ("groups:transport", ["parking"]),
        ("groups:trans*", ["parking"]),
        ("groups:(transport OR health)", ["parking", "patients"]),
        ("tags:미세먼지", ["air-quality"]),
        ('tags:"환경 대기"', ["air-quality"]),
        ("tags:환경", []),
        ("tags:미세*", ["air-quality"]),
        ("tags:*", ["air-quality", "parking"]),
        ("-tags:*", ["parks", "patients"]),
        ("res_format:CSV", ALL),
        ("res_format:csv AND -res_format:xlsx", ["air-quality", "parks", "patients"]),
        ("res_format:PDF", ["air-quality"]),
        ("res_format:PARQUET", ["air-quality", "patients"]),
        ("res_format:GEOJSON", []),
        ("res_format:X*", ["parking"]),
        ("license_id:cc-by-4.0", ["parking"]),
        ("license_id:kogl*", ["air-quality", "parks", "patients"]),
        ("type:dataset", ALL),
        ("type:harvest", []),
        ("state:active", ALL),
        ("state:deleted", []),
        ("private:false", ALL),
        ("num_resources:2", ["parking"]),
        ("num_resources:[3 TO *]", ["air-quality", "patients"]),
        ("num_resources:{1 TO 3}", ["parking"]),
        ("num_tags:0", ["parks", "patients"]),
        ("num_tags:[1 TO 1]", ["parking"]),
        ("num_tags:[two TO *]", []),
        ("author:연구원", ["parking"]),
        ("maintainer:교통과", ["parking"]),
        ("extras_frequency:daily", ["air-quality"]),
        ("extras_access_level:restricted", ["patients"]),
        ("extras_access_reason_ko:보호법", ["patients"]),
        ("extras_frequency:*", ["air-quality", "parking"]),
        ("extras_nothing:x", []),
        ("colour:green", []),
        ("-colour:green", ALL),
        ("id:nothing", []),
        ("metadata_created:[2026-01-01T00:00:00Z TO *]", ALL),
        ("metadata_created:[* TO 2020-01-01T00:00:00Z]", []),
        ("metadata_modified:[NOW TO *]", []),
        ("(groups:transport AND organization:hanbit-city) OR name:parks", ["parking", "parks"]),
        ("+organization:hanbit-city +res_format:CSV -groups:transport", ["air-quality", "patients"]),
    ],
)
def test_a_query_finds(client: Client, query: str, found: list[str]) -> None:
    make_hub()
    assert names(client, q=query) == found
    assert names(client, fq=query) == found


def test_query_and_filters_must_all_hold(client: Client) -> None:
    make_hub()
    assert names(client, q="title:공*", fq="res_format:CSV", fq_list=["-groups:transport", "organization:haneul-county"]) == ["parks"]


def test_an_identifier_finds_its_dataset(client: Client) -> None:
    make_hub()
    assert names(client, q=f'id:"{Dataset.objects.get(slug="parks").pk}"') == ["parks"]


def test_a_query_encoded_twice_is_read_once(client: Client) -> None:
    make_hub()
    assert names(client, q="groups%3Atransport") == ["parking"]
    assert names(client, q="metadata_modified%3A%5B2020-01-01T00%3A00%3A00Z+TO+*%5D") == ALL


def test_free_words_rank_titles_first(client: Client) -> None:
    make_dataset("mentions", title={"ko": "가", "en": "A"}, description={"ko": "주차장 이야기", "en": "-"})
    make_dataset("titled", title={"ko": "주차장", "en": "Parking"}, description={"ko": "-", "en": "-"})
    assert names(client, q="주차장", sort="score desc") == ["titled", "mentions"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name asc", ["air-quality", "parking", "parks", "patients"]),
        ("name desc", ["patients", "parks", "parking", "air-quality"]),
        ("organization desc, name", ["parks", "air-quality", "parking", "patients"]),
        ("metadata_created asc", ["air-quality", "parking", "parks", "patients"]),
    ],
)
def test_packages_are_sorted(client: Client, sort: str, order: list[str]) -> None:
    make_hub()
    assert names(client, sort=sort) == order


def test_pages_neither_skip_nor_repeat(client: Client) -> None:
    make_hub()
    pages = [ask(client, "package_search", sort="id asc", rows=1, start=at)["results"] for at in range(6)]
    assert sorted(package["name"] for page in pages for package in page) == ALL
    assert pages[4:] == [[], []]


def test_rows_have_a_cap(client: Client) -> None:
    make_hub()
    assert len(ask(client, "package_search", rows=1_000_000)["results"]) == 4
    assert ask(client, "package_search", rows=0)["results"] == []


def test_facets_count_what_was_found(client: Client) -> None:
    make_hub()
    fields = '["organization","groups","tags","res_format","license_id","colour"]'
    found = ask(client, "package_search", **{"rows": 0, "facet.field": fields})
    assert found["facets"] == {
        "organization": {"hanbit-city": 3, "haneul-county": 1},
        "groups": {"environment": 2, "health": 1, "transport": 1},
        "tags": {"air": 1, "미세먼지": 1, "주차장": 1, "환경 대기": 1},
        "res_format": {"CSV": 4, "JSON": 2, "PARQUET": 2, "PDF": 1, "XLSX": 1},
        "license_id": {"kogl-1": 3, "cc-by-4.0": 1},
        "colour": {},
    }
    assert found["search_facets"]["organization"] == {
        "title": "organization",
        "items": [
            {"name": "hanbit-city", "display_name": "한빛시", "count": 3},
            {"name": "haneul-county", "display_name": "하늘군", "count": 1},
        ],
    }


def test_every_facet_leads_to_as_many_datasets(client: Client) -> None:
    make_hub()
    fields = ["organization", "groups", "tags", "res_format", "license_id"]
    facets = ask(client, "package_search", **{"rows": 0, "facet.field": fields})["facets"]
    for field, counts in facets.items():
        for name, count in counts.items():
            assert len(names(client, fq=f'{field}:"{name}"')) == count, (field, name)


def test_facets_can_be_narrowed_cut_and_left_out(client: Client) -> None:
    make_hub()
    asked = {"rows": 0, "facet.field": "groups"}
    assert ask(client, "package_search", **asked, fq="groups:health")["facets"] == {"groups": {"health": 1}}
    assert ask(client, "package_search", **asked, **{"facet.limit": 1})["facets"] == {"groups": {"environment": 2}}
    assert ask(client, "package_search", **asked, **{"facet.mincount": 2})["facets"] == {"groups": {"environment": 2}}
    assert len(ask(client, "package_search", **asked, **{"facet.limit": -1})["facets"]["groups"]) == 3
    assert ask(client, "package_search", **asked, facet="false")["facets"] == {}


def test_tags_follow_the_catalogue(client: Client) -> None:
    make_dataset("air-quality", keywords={"ko": ["미세먼지"], "en": []})
    assert ask(client, "tag_list") == ["미세먼지"]
    describe_again("air-quality", keywords={"ko": ["대기"], "en": []})
    assert ask(client, "tag_list") == ["대기"]
    describe_again("air-quality", keywords={"ko": ["대기"], "en": []}, access_level="non-public", access_reason={"ko": "비밀"})
    assert ask(client, "tag_list") == []


def make_many(number: int) -> None:
    for at in range(number):
        dataset = make_dataset(f"air-{at}", keywords={"ko": [f"낱말 {at}"], "en": []}, distributions=[link(1), link(2)])
        if at % 2:
            publish_rows(dataset)


QUERIES: dict[str, dict[str, Any]] = {
    "everything": {},
    "words": {"q": "미세먼지"},
    "filters": {"q": "미세먼지", "fq": "res_format:CSV groups:environment metadata_modified:[2020-01-01T00:00:00Z TO *]"},
    "tags": {"fq": "tags:낱말*"},
    "facets": {"facet.field": '["organization","groups","tags","res_format","license_id"]'},
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_page_costs_the_same_number_of_database_queries_whatever_its_size(
    client: Client, name: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    make_many(9)
    ask(client, "tag_list")  # what is kept of tags is counted once
    expected = {"everything": 4, "words": 4, "filters": 4, "tags": 5, "facets": 17}[name]
    for rows in (2, 100):
        with django_assert_num_queries(expected):
            found = ask(client, "package_search", rows=rows, **QUERIES[name])
        assert len(found["results"]) == min(rows, 9)


def test_one_package_costs_a_constant_number_of_database_queries(
    client: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    make_many(2)
    for slug in ("air-0", "air-1"):
        with django_assert_num_queries(4 if slug == "air-1" else 3):
            ask(client, "package_show", id=slug)
