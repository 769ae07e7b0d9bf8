"""Asking again costs nothing: entity tags, 304, HEAD, and what caches may keep."""

import shutil
from typing import Any

import pytest
from air_stations import ROWS, make_air_stations
from builders import publish_rows
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Dataset

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-stations/records"
FORMS = [
    {},
    {"limit": "2"},
    {"pm10__gt": "50"},
    {"select": "station_id"},
    {"order_by": "-pm10"},
    {"count": "exact"},
    {"format": "csv"},
    {"format": "csv", "encoding": "utf-8-sig"},
    {"format": "csv", "encoding": "cp949"},
    {"format": "csv", "formulas": "raw"},
    {"format": "csv", "limit": "2"},
    {"format": "parquet"},
    {"format": "xlsx"},
    {"format": "fgb"},
    {"format": "arrow"},
]


@pytest.fixture
def stations() -> Dataset:
    return make_air_stations()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_known_answer_is_a_304_without_a_body(client: Client, stations: Dataset, form: dict[str, str]) -> None:
    etag = client.get(ADDRESS, form)["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    again = client.get(ADDRESS, form, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert b"".join(again) == b""
    assert again["ETag"] == etag
    assert {"Vary", "Cache-Control"} <= set(again.headers)


@pytest.mark.parametrize("tags", ["W/{etag}", '"other", {etag}', "*"])
def test_entity_tags_are_compared_as_http_says(client: Client, stations: Dataset, tags: str) -> None:
    etag = client.get(ADDRESS)["ETag"]
    assert client.get(ADDRESS, headers={"If-None-Match": tags.format(etag=etag)}).status_code == 304


@pytest.mark.parametrize("tags", ['"other"', "rubbish", "", '"'])
def test_unknown_entity_tags_get_the_answer(client: Client, stations: Dataset, tags: str) -> None:
    assert client.get(ADDRESS, headers={"If-None-Match": tags}).status_code == 200


def test_different_answers_have_different_entity_tags(client: Client, stations: Dataset) -> None:
    tags = [client.get(ADDRESS, form)["ETag"] for form in FORMS]
    assert len(set(tags)) == len(FORMS)


def test_a_304_is_told_before_anything_is_computed(client: Client, stations: Dataset, settings: Any) -> None:
    etag = client.get(ADDRESS)["ETag"]
    shutil.rmtree(settings.STORE_DIR)
    assert client.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 304


def test_a_new_snapshot_has_a_new_entity_tag_and_the_same_records_published_again_too(
    client: Client, stations: Dataset
) -> None:
    tags = [client.get(ADDRESS)["ETag"]]
    publish_rows(stations, ROWS[:2])
    tags.append(client.get(ADDRESS)["ETag"])
    publish_rows(stations, ROWS)
    tags.append(client.get(ADDRESS)["ETag"])
    assert len(set(tags)) == 3


def test_publishing_the_same_again_keeps_the_entity_tag(client: Client, stations: Dataset) -> None:
    etag = client.get(ADDRESS)["ETag"]
    assert publish_rows(stations, ROWS) is None
    assert client.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_head_tells_what_get_would_without_answering(client: Client, stations: Dataset, form: dict[str, str]) -> None:
    head, get = client.head(ADDRESS, form), client.get(ADDRESS, form)
    told = ["Content-Type", "ETag", "Vary", "Cache-Control", "Content-Disposition", "Content-Language"]
    assert (head.status_code, [head[name] for name in told]) == (200, [get[name] for name in told])
    assert b"".join(head) == b""
    assert "Content-Length" not in head


def test_head_meets_the_same_errors(client: Client, stations: Dataset) -> None:
    assert client.head(ADDRESS, {"nope": "1"}).status_code == 400
    assert client.head("/api/v1/datasets/no-such-dataset/records").status_code == 404


@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}.csv", f"{ADDRESS}.csv?limit=1"])
def test_answers_vary_by_form_and_language(client: Client, stations: Dataset, path: str) -> None:
    assert {"Accept", "Accept-Language"} <= {name.strip() for name in client.get(path)["Vary"].split(",")}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/datasets",
        "/api/v1/datasets/air-stations",
        "/api/v1/datasets/air-stations/schema",
        "/api/v1/datasets/air-stations/snapshots",
        "/api/v1/changes",
        "/api/v1/organisations",
        "/api/v1/organisations/hanbit-city",
        "/api/v1/vocabularies/theme",
        "/api/v1/problems/bad-value",
        "/api/v1/openapi.json",
    ],
)
def test_every_answer_can_be_revalidated(client: Client, stations: Dataset, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "public, no-cache")
    again = client.get(path, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, b"".join(again)) == (304, b"")
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}.csv", "/api/v1/datasets"])
def test_what_a_signed_in_person_sees_is_kept_by_no_shared_cache(client: Client, stations: Dataset, path: str) -> None:
    client.force_login(User.objects.create_user("reader"))
    answer = client.get(path)
    assert answer["Cache-Control"] == "private, no-cache"
    assert "Cookie" in answer["Vary"]
