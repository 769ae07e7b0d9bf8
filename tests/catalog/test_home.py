"""A dataset from another hub says everywhere where it is at home, so that who harvests both hubs sees one dataset."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from builders import ROWS, make_dataset, publish_rows
from django.test import Client
from lxml import html

from catalog.exchange.datagokr import write_datagokr_csv
from catalog.exchange.dcat.read import read_rdf
from catalog.exchange.entry import Catalogue
from catalog.exchange.keti import write_keti
from catalog.exchange.table import write_table_csv
from catalog.intake import plan_intake
from catalog.models import Dataset
from catalog.publish import Outcome
from catalog.share import share

pytestmark = pytest.mark.django_db
HOME = "https://data.daon.example/dataset/air-quality"
OWN = "http://testserver/dataset/air-quality"
HERE = "http://testserver/dataset/air-daon"


@pytest.fixture
def hub() -> None:
    """Two datasets of one name: this hub's own, and one that came from another hub and has another name here."""
    for slug in ("air-quality", "air-daon"):
        publish_rows(make_dataset(slug), ROWS)
    Dataset.objects.filter(slug="air-daon").update(home=HOME)


def ask(client: Client, address: str, **headers: str) -> Any:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, address
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return orjson.loads(body)


def in_data_json(client: Client) -> list[str]:
    return sorted(one["identifier"] for one in ask(client, "/data.json")["dataset"])


def in_ckan(client: Client) -> list[str]:
    found = ask(client, "/api/3/action/package_search")["result"]["results"]
    extras = [{one["key"]: one["value"] for one in package["extras"]} for package in found]
    assert all(one["uri"] == one["identifier"] for one in extras)
    assert sorted(package["url"] for package in found) == sorted(one["uri"] for one in extras)
    return sorted(one["uri"] for one in extras)


def in_schema_org(client: Client) -> list[str]:
    told = []
    for slug in ("air-quality", "air-daon"):
        page = html.fromstring(client.get(f"/dataset/{slug}").content.decode())
        told.append(orjson.loads(str(page.xpath("string(//script[@type='application/ld+json'])")))["url"])
    return sorted(told)


def in_the_api(client: Client) -> list[str]:
    return sorted(one["uri"] for one in ask(client, "/api/v1/datasets")["datasets"])


def in_rdf(client: Client) -> list[str]:
    entries = read_rdf(client.get("/catalog.ttl").content, "text/turtle").datasets
    assert {entry.uri: entry.slug for entry in entries} == {HOME: "air-daon", OWN: "air-quality"}
    assert all(entry.identifier == entry.uri for entry in entries)
    return sorted(entry.uri for entry in entries)


@pytest.mark.parametrize("told", [in_data_json, in_ckan, in_schema_org, in_the_api, in_rdf])
def test_everybody_is_told_the_home_as_the_permanent_address(
    hub: None, client: Client, told: Callable[[Client], list[str]]
) -> None:
    assert told(client) == sorted([HOME, OWN])


def test_the_api_tells_the_home_and_null_of_a_dataset_of_this_hub(hub: None, client: Client) -> None:
    listed = {one["slug"]: one["home"] for one in ask(client, "/api/v1/datasets")["datasets"]}
    assert listed == {"air-daon": HOME, "air-quality": None}
    shown = ask(client, "/api/v1/datasets/air-daon")
    assert (shown["home"], shown["links"]["page"]) == (HOME, HERE)
    assert all(one["access_url"].startswith("http://testserver/") for one in shown["distributions"])


@pytest.mark.parametrize("kind", ["text/turtle", "application/ld+json", "application/rdf+xml"])
def test_the_address_here_goes_on_describing_it(hub: None, client: Client, kind: str) -> None:
    answer = client.get("/dataset/air-daon", headers={"accept": kind})
    assert (answer.status_code, HOME in answer.content.decode()) == (200, True)
    assert f"{HERE}#" not in answer.content.decode()


def test_the_page_leads_to_the_home(hub: None, client: Client) -> None:
    def link(slug: str) -> list[tuple[str, str]]:
        page = html.fromstring(client.get(f"/dataset/{slug}", headers={"accept-language": "en"}).content.decode())
        return [(one.get("href"), one.text) for one in page.xpath("//p[contains(@class, 'home')]/a")]

    assert link("air-daon") == [(HOME, "data.daon.example")]
    assert link("air-quality") == []


WRITERS: dict[str, Callable[[Catalogue], bytes]] = {
    "table.csv": lambda catalogue: b"".join(write_table_csv(catalogue)),
    "datagokr.csv": lambda catalogue: b"".join(write_datagokr_csv(catalogue)),
    "keti.json": lambda catalogue: b"".join(write_keti(catalogue)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_this_hub_finds_the_same_datasets_again(hub: None, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(WRITERS[name](share(Dataset.objects.order_by("slug"), "http://testserver")))
    outcomes = {planned.slug: planned.outcome for planned in plan_intake(path).datasets}
    assert outcomes == {"air-daon": Outcome.UNCHANGED, "air-quality": Outcome.UNCHANGED}
