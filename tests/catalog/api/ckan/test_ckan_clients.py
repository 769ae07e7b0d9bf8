"""What known clients of CKAN do, done here in their order: every dataset passes, none is lost.

Told in our own words from what they ask for (ckanext-harvest, udata, piveau, Magda, TerriaJS, QGIS, ckanr).
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from builders import make_dataset, publish_rows
from ckan_calls import ask, describe_again, link, make_hub
from ckan_checks import faults, is_uuid
from descriptions import complete
from django.test import Client

from catalog.exchange.ckan import from_package
from catalog.models import Change, Dataset
from catalog.publish import withdraw_dataset
from catalog.standard import Class

pytestmark = pytest.mark.django_db

PUBLIC = {"air-quality", "parking", "parks", "patients", "whole"}


@pytest.fixture(autouse=True)
def hub() -> None:
    make_hub()
    whole = complete() | {"distributions": [complete(Class.DISTRIBUTION)]}
    for absent in ("series", "columns"):
        whole.pop(absent)
    make_dataset("whole", schema=None, **whole)


def harvested(client: Client, *, rows: int = 100, **filters: str) -> Iterator[dict[str, Any]]:
    """Page as CKAN's harvester does: a stable order, until a page is empty; each package once."""
    seen: set[str] = set()
    start = 0
    while page := ask(client, "package_search", rows=rows, start=start, sort="id asc", **filters)["results"]:
        for package in page:
            assert package["id"] not in seen, "a page repeats a package"
            seen.add(package["id"])
            yield package
        start += rows


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_ckans_harvester_takes_every_dataset(client: Client, rows: int) -> None:
    packages = list(harvested(client, rows=rows))
    assert {package["name"] for package in packages} == PUBLIC
    for package in packages:
        assert faults(package) == []
        assert package["type"] != "harvest"
        for group in package["groups"]:
            assert ask(client, "group_show", id=group["id"])["name"] == group["name"]
        organization = ask(client, "organization_show", id=package["owner_org"])
        assert organization["name"] == package["organization"]["name"]


@pytest.mark.parametrize(
    ("fq", "names"),
    [
        ("organization:hanbit-city OR organization:haneul-county", PUBLIC),
        ("organization:haneul-county", {"parks"}),
        ("-organization:hanbit-city", {"parks"}),
        ("-organization:hanbit-city -organization:haneul-county", set()),
        ("groups:transport", {"parking"}),
        ("-groups:transport organization:hanbit-city", {"air-quality", "patients", "whole"}),
    ],
)
def test_ckans_harvester_takes_a_part(client: Client, fq: str, names: set[str]) -> None:
    assert {package["name"] for package in harvested(client, fq=fq)} == names


def test_ckans_harvester_comes_back_for_what_changed(client: Client) -> None:
    last = max(package["metadata_modified"] for package in harvested(client))
    since = (dt.datetime.fromisoformat(last) + dt.timedelta(microseconds=1)).isoformat()
    changed = f"metadata_modified:[{since}Z TO *]"
    assert list(harvested(client, fq=changed)) == []
    publish_rows(Dataset.objects.get(slug="air-quality"), [])
    describe_again("parks", organisation="haneul-county", title={"ko": "공원들", "en": "Parks"})
    packages = {package["name"]: package for package in harvested(client, fq=changed)}
    assert set(packages) == {"air-quality", "parks"}
    assert all(package["metadata_modified"] > last for package in packages.values())


def test_a_dataset_that_is_withdrawn_is_in_no_page(client: Client) -> None:
    withdraw_dataset("parks")
    assert "parks" not in {package["name"] for package in harvested(client)}
    told = ask(client, "recently_changed_packages_activity_list", limit=1)
    assert (told[0]["activity_type"], told[0]["data"]["package"]["name"]) == ("deleted package", "parks")


def test_udata_takes_every_dataset_by_its_name(client: Client) -> None:
    for name in ask(client, "package_list"):
        response = client.get("/api/3/action/package_show", {"id": name})
        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == "application/json"
        assert faults(response.json()["result"]) == []


def test_udata_takes_what_its_filters_leave(client: Client) -> None:
    asked = {"q": 'organization:"hanbit-city" AND -tags:"미세먼지"', "rows": 1000}
    found = ask(client, "package_search", **asked)
    assert {package["name"] for package in found["results"]} == {"parking", "patients", "whole"}


def test_piveau_pages_and_comes_back_with_its_double_encoding(client: Client) -> None:
    first = client.get("/api/3/action/package_search?rows=100&start=0").json()
    assert first["success"] is True
    assert first["result"]["count"] == len(first["result"]["results"]) == len(PUBLIC)
    query = quote_plus(quote_plus("metadata_modified:[2020-01-01T00:00:00Z TO *]"))
    again = client.get(f"/api/3/action/package_search?q={query}&rows=100&start=0").json()
    assert again["result"]["count"] == len(PUBLIC)
    dkan = ask(client, "current_package_list_with_resources", limit=100, offset=0)
    assert {package["name"] for package in dkan} == PUBLIC
    assert ask(client, "current_package_list_with_resources", limit=100, offset=100) == []


def test_terriajs_finds_what_it_can_draw(client: Client) -> None:
    make_dataset("map", schema=None, distributions=[link(1, format="WMS_SRVC")])
    fq = "(res_format:wms_srvc OR res_format:WMS_SRVC OR res_format:esri)"
    found = ask(client, "package_search", start=0, rows=1000, sort="metadata_created asc", fq=fq)
    [package] = found["results"]
    assert {"id", "name", "title"} <= set(package["organization"])
    [resource] = package["resources"]
    assert ask(client, "resource_show", id=resource["id"])["url"] == resource["url"]


def test_qgis_browses_by_group(client: Client) -> None:
    groups = ask(client, "group_list", all_fields="true")
    [transport] = [group for group in groups if group["name"] == "transport"]
    fq = f"(groups:{transport['name']})"
    found = ask(client, "package_search", q="", sort="name asc", rows=50, start=0, fq=fq)
    [package] = found["results"]
    wanted = {"title", "notes", "author", "author_email", "license_id", "num_resources", "resources"}
    assert wanted <= set(package)
    assert all({"format", "name", "url", "id"} <= set(resource) for resource in package["resources"])


def test_magda_reads_organizations_and_pages(client: Client) -> None:
    asked = {"all_fields": "true", "include_extras": "true", "include_users": "true", "include_groups": "true"}
    organizations = ask(client, "organization_list", **asked, sort="name asc", limit=1000, offset=0)
    assert [organization["name"] for organization in organizations] == ["hanbit-city", "haneul-county"]
    assert all(is_uuid(organization["id"]) for organization in organizations)
    assert ask(client, "organization_list", **asked, limit=1000, offset=1000) == []
    found = ask(client, "package_search", start=0, rows=1000, sort="metadata_created asc")
    assert found["count"] == len(found["results"]) == len(PUBLIC)
    for package in found["results"]:
        for resource in package["resources"]:
            assert ask(client, "resource_show", id=resource["id"])["id"] == resource["id"]


def test_ckanr_asks_for_this_and_that(client: Client) -> None:
    assert ask(client, "status_show")["ckan_version"].startswith("2.")
    asked = {
        "q": "*:*",
        "facet": "true",
        "facet.field": '["tags","organization"]',
        "facet.limit": 10,
        "facet.mincount": 1,
    }
    facets = ask(client, "package_search", rows=0, **asked)["search_facets"]
    assert {item["name"] for item in facets["organization"]["items"]} == {"hanbit-city", "haneul-county"}
    assert len(ask(client, "tag_list", all_fields="true")) > 3
    assert ask(client, "license_list")[0]["id"]
    assert ask(client, "resource_search", query="name:대기질", limit=5)["count"] == 1
    assert len(ask(client, "recently_changed_packages_activity_list", limit=31)) == min(31, Change.objects.count() - 1)
    [resource] = [one for one in ask(client, "package_show", id="air-quality")["resources"] if one["datastore_active"]]
    assert (
        ask(client, "datastore_search", resource_id=resource["id"], limit=10, offset=0, records_format="objects")[
            "total"
        ]
        == 3
    )


def test_a_description_comes_over_whole(client: Client) -> None:
    """A hub that harvests this one over CKAN's API knows of a dataset what this one says of it."""
    read = from_package(ask(client, "package_show", id="whole")).description
    said = complete() | {"distributions": [complete(Class.DISTRIBUTION)]}
    for absent in ("series", "columns"):
        said.pop(absent)
    assert read == said
