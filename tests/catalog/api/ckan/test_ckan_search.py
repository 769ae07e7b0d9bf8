"""Searching packages: queries, filters, order, pages, facets, and a constant number of database queries."""

from typing import Any

import pytest
from builders import make_dataset, publish_rows
from ckan_calls import ask, describe_again, link, make_hub, names
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Dataset

pytestmark = pytest.mark.django_db

ALL = ["air-quality", "parking", "parks", "patients"]


def test_query_and_filters_must_all_hold(client: Client) -> None:
    make_hub()
    assert names(
        client, q="title:공*", fq="res_format:CSV", fq_list=["-groups:transport", "organization:haneul-county"]
    ) == ["parks"]


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
    describe_again(
        "air-quality", keywords={"ko": ["대기"], "en": []}, access_level="non-public", access_reason={"ko": "비밀"}
    )
    assert ask(client, "tag_list") == []


def make_many(number: int) -> None:
    for at in range(number):
        dataset = make_dataset(
            f"air-{at}", keywords={"ko": [f"낱말 {at}"], "en": []}, distributions=[link(1, format="CSV"), link(2)]
        )
        if at % 2:
            publish_rows(dataset)


QUERIES: dict[str, dict[str, Any]] = {
    "everything": {},
    "words": {"q": "미세먼지"},
    "filters": {
        "q": "미세먼지",
        "fq": "res_format:CSV groups:environment metadata_modified:[2020-01-01T00:00:00Z TO *]",
    },
    "tags": {"fq": "tags:낱말*"},
    "facets": {"facet.field": '["organization","groups","tags","res_format","license_id"]'},
}
MOST_QUERIES = {"everything": 6, "words": 7, "filters": 9, "tags": 8, "facets": 9}


@pytest.mark.parametrize("name", QUERIES)
def test_a_page_costs_the_same_number_of_database_queries_whatever_its_size(client: Client, name: str) -> None:
    make_many(9)
    ask(client, "tag_list")  # what is kept of tags is counted once
    costs = []
    for rows in (2, 100):
        with CaptureQueriesContext(connection) as queries:
            found = ask(client, "package_search", rows=rows, **QUERIES[name])
        assert len(found["results"]) == min(rows, 9)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= MOST_QUERIES[name]


def test_one_package_costs_a_handful_of_database_queries(client: Client) -> None:
    make_many(2)
    for slug in ("air-0", "air-1"):
        with CaptureQueriesContext(connection) as queries:
            ask(client, "package_show", id=slug)
        assert len(queries) <= 5
