"""``/data.json``, and one dataset in the tongues of JSON, over HTTP."""

import json
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from descriptions import COMPLETE
from django.contrib.auth.models import User
from django.test import Client

from catalog.exchange.croissant import from_croissant
from catalog.exchange.data_json import from_data_json
from catalog.exchange.data_package import from_data_package
from catalog.exchange.schema_org import from_schema_org
from catalog.publish import save_organisation, withdraw_dataset

pytestmark = pytest.mark.django_db


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def slugs(client: Client) -> list[str]:
    return [entry.slug for entry in from_data_json(body(client.get("/data.json"))).datasets]


def test_the_catalogue_comes_back_as_it_was_described(client: Client) -> None:
    make_dataset("parking", **COMPLETE)
    response = client.get("/data.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Access-Control-Allow-Origin"] == "*"
    (entry,) = from_data_json(body(response)).datasets
    assert {name: entry.description[name] for name in COMPLETE} == COMPLETE
    assert entry.uri == "http://testserver/dataset/parking"


def test_only_what_everybody_may_see_is_in_it_whoever_asks(client: Client) -> None:
    make_dataset("open")
    make_dataset("hidden", access_level="non-public", access_reason={"ko": "보안"})
    make_dataset("gone")
    withdraw_dataset("gone")
    assert slugs(client) == ["open"]
    client.force_login(User.objects.create_superuser("steward"))
    assert slugs(client) == ["open"]


def test_who_has_it_already_is_told_so(client: Client) -> None:
    make_dataset("air")
    etag = client.get("/data.json")["ETag"]
    assert etag.startswith('"')
    again = client.get("/data.json", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def test_the_etag_changes_with_everything_that_is_told(client: Client, settings: Any) -> None:
    dataset = make_dataset("air")
    seen = [client.get("/data.json")["ETag"]]
    publish_rows(dataset)
    seen.append(client.get("/data.json")["ETag"])
    save_organisation("other", {"name": {"ko": "다른 기관"}})
    seen.append(client.get("/data.json")["ETag"])
    settings.BASE_URL = "https://hub.example"
    seen.append(client.get("/data.json")["ETag"])
    assert len(set(seen)) == 4


def test_the_number_of_queries_does_not_grow_with_the_datasets(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_dataset(f"air-{number}")
    with django_assert_max_num_queries(20):
        assert len(slugs(client)) == 30


def test_an_unknown_parameter_is_an_error(client: Client) -> None:
    assert client.get("/data.json?page=2").status_code == 400


@pytest.mark.parametrize(
    ("extension", "media_type", "read"),
    [
        ("schema.jsonld", "application/ld+json", from_schema_org),
        ("croissant.json", 'application/ld+json; profile="http://mlcommons.org/croissant/1.1"', from_croissant),
        ("datapackage.json", "application/vnd.datapackage+json", from_data_package),
    ],
)
def test_a_dataset_is_had_in_each_tongue(client: Client, extension: str, media_type: str, read: Any) -> None:
    publish_rows(make_dataset("air"))
    response = client.get(f"/dataset/air.{extension}")
    assert (response.status_code, response["Content-Type"]) == (200, media_type)
    (entry,) = read(response.content).datasets
    assert entry.slug == "air"
    assert entry.description["title"] == {"ko": "대기질 측정", "en": "Air quality"}
    assert [column["name"] for column in entry.description["columns"]] == [
        "station_id",
        "district",
        "pm10",
        "observed_on",
    ]
    assert any(part.get("download_url", "").endswith("records.csv") for part in entry.description["distributions"])
    assert client.get(f"/dataset/none.{extension}").status_code == 404


def test_the_names_that_others_look_for_are_answered_too(client: Client) -> None:
    make_dataset("air")
    for name in ("croissant.json", "datapackage.json"):
        assert json.loads(client.get(f"/dataset/air/{name}").content) == json.loads(
            client.get(f"/dataset/air.{name}").content
        )


def test_a_data_package_is_had_by_accept(client: Client) -> None:
    make_dataset("air")
    response = client.get("/dataset/air", headers={"Accept": "application/vnd.datapackage+json"})
    assert (response["Content-Type"], json.loads(response.content)["name"]) == (
        "application/vnd.datapackage+json",
        "air",
    )
