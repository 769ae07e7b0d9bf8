"""What search engines are told: the list of pages, and the data in a dataset's page."""

import json
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.test import Client
from lxml import etree
from portal_reading import read_page

from catalog.models import Dataset
from catalog.publish import withdraw_dataset

pytestmark = pytest.mark.django_db
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def read(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200
    return etree.fromstring(b"".join(response.streaming_content) if response.streaming else response.content)


def told(document: Any, path: str) -> list[str]:
    return document.xpath(path, namespaces=NAMES)


def test_every_public_page_is_listed_with_its_last_change(client: Client) -> None:
    make_dataset("air")
    make_dataset("hidden", access_level="non-public", access_reason={"ko": "보안"})
    make_dataset("gone")
    withdraw_dataset("gone")
    document = read(client, "/sitemap.xml")
    assert told(document, "//s:loc/text()") == ["http://testserver/", "http://testserver/dataset/air"]
    (last,) = told(document, "//s:lastmod/text()")
    assert last == Dataset.objects.get(slug="air").modified_at.isoformat(timespec="seconds")


def test_many_pages_are_listed_in_several_files(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.portal.sitemap.IN_ONE_FILE", 2)
    for number in range(5):
        make_dataset(f"air-{number}")
    files = told(read(client, "/sitemap.xml"), "//s:sitemap/s:loc/text()")
    assert files == [f"http://testserver/sitemap-{number}.xml" for number in (1, 2, 3)]
    pages = [
        page for file in files for page in told(read(client, file.removeprefix("http://testserver")), "//s:loc/text()")
    ]
    assert pages == ["http://testserver/", *(f"http://testserver/dataset/air-{number}" for number in range(5))]
    assert client.get("/sitemap-4.xml").status_code == 404


def test_a_small_hub_has_one_file(client: Client) -> None:
    assert told(read(client, "/sitemap.xml"), "//s:loc/text()") == ["http://testserver/"]
    assert client.get("/sitemap-1.xml").status_code == 404


def test_crawlers_are_shown_the_way(client: Client, settings: Any) -> None:
    settings.BASE_URL = "https://hub.example"
    assert "Sitemap: https://hub.example/sitemap.xml" in client.get("/robots.txt").content.decode()


def test_a_page_holds_its_dataset_as_one_block_of_data(client: Client) -> None:
    publish_rows(make_dataset("air", title={"ko": "</script><b>대기질", "en": "Air & more"}))
    page = read_page(client, "/dataset/air")
    (block,) = page.xpath("//script[@type='application/ld+json']")
    node = json.loads(block.text)
    assert (node["@type"], node["name"], node["alternateName"]) == ("Dataset", "</script><b>대기질", "Air & more")
    assert [variable["propertyID"] for variable in node["variableMeasured"]][:2] == ["station_id", "district"]
    assert all(part["contentUrl"].startswith("http://testserver/") for part in node["distribution"])


def test_the_strict_policy_for_scripts_stays(client: Client) -> None:
    make_dataset("air")
    policy = client.get("/dataset/air")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src" not in policy
