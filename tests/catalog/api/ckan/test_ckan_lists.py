"""Packages, resources, organizations, groups, tags, licences and activities, one by one and in lists."""

import uuid
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from ckan_calls import ask, describe_again, link, make_hub
from django.test import Client

from catalog.api.ckan.resource_ids import CONSTANTS, candidates, resource_id
from catalog.models import Dataset
from catalog.publish import restore_dataset, withdraw_dataset
from catalog.standard import vocabulary

pytestmark = pytest.mark.django_db


def test_packages_are_listed_by_name(client: Client) -> None:
    make_hub()
    assert ask(client, "package_list") == ["air-quality", "parking", "parks", "patients"]
    assert ask(client, "package_list", limit=2, offset=1) == ["parking", "parks"]


def test_a_package_is_shown_by_name_and_by_identifier(client: Client) -> None:
    make_hub()
    by_name = ask(client, "package_show", id="parking")
    assert ask(client, "package_show", id=by_name["id"]) == by_name
    assert by_name["id"] == str(Dataset.objects.get(slug="parking").pk)


def test_what_is_hidden_or_withdrawn_is_not_found(client: Client) -> None:
    make_hub()
    withdraw_dataset("parks")
    for slug in ("secret", "parks"):
        ask(client, "package_show", 404, id=slug)
        ask(client, "package_show", 404, id=str(Dataset.objects.get(slug=slug).pk))
        assert slug not in ask(client, "package_list")
    restore_dataset("parks")
    assert ask(client, "package_show", id="parks")["name"] == "parks"


def test_a_restricted_dataset_is_listed_with_its_reason(client: Client) -> None:
    make_hub()
    extras = {extra["key"]: extra["value"] for extra in ask(client, "package_show", id="patients")["extras"]}
    assert extras["access_level"] == "restricted"
    assert extras["access_reason_ko"] == "개인정보 보호법"


def test_current_packages_come_the_last_changed_first(client: Client) -> None:
    make_hub()
    everything = ask(client, "current_package_list_with_resources")
    moments = [package["metadata_modified"] for package in everything]
    assert moments == sorted(moments, reverse=True)
    assert len(everything) == 4
    assert ask(client, "current_package_list_with_resources", limit=2, offset=1) == everything[1:3]
    assert ask(client, "current_package_list_with_resources", limit=2, page=2) == everything[2:4]


def test_words_complete_packages(client: Client) -> None:
    make_hub()
    assert [found["name"] for found in ask(client, "package_autocomplete", q="park")] == ["parking", "parks"]
    [found] = ask(client, "package_autocomplete", q="공원")
    assert found == {"name": "parks", "title": "공원", "match_field": "title", "match_displayed": "공원 (parks)"}
    assert len(ask(client, "package_autocomplete", q="p", limit=1)) == 1
    assert ask(client, "package_autocomplete", q="") == []


def test_every_resource_is_had_by_its_identifier(client: Client) -> None:
    make_hub()
    for package in ask(client, "package_search", rows=100)["results"]:
        for resource in package["resources"]:
            assert ask(client, "resource_show", id=resource["id"]) == resource
            assert ask(client, "resource_view_list", id=resource["id"]) == []


def test_identifiers_of_resources_stay(client: Client) -> None:
    dataset = make_dataset("air-quality", distributions=[link(1), link(2)])
    publish_rows(dataset)
    before = {
        resource["url"]: resource["id"] for resource in ask(client, "package_show", id="air-quality")["resources"]
    }
    publish_rows(dataset, [])
    describe_again("air-quality", title={"ko": "새 제목"}, distributions=[link(2), link(3), link(1)])
    after = {resource["url"]: resource["id"] for resource in ask(client, "package_show", id="air-quality")["resources"]}
    assert {url: after[url] for url in before} == before


def test_an_identifier_stands_for_one_distribution_in_each_format() -> None:
    distribution = uuid.uuid4()
    identifiers = {name: uuid.UUID(resource_id(distribution, name)) for name in CONSTANTS}
    assert len(set(identifiers.values())) == len(CONSTANTS)
    assert {one.version for one in identifiers.values()} == {4}
    assert all(candidates(one)[distribution] == name for name, one in identifiers.items())


def test_what_is_no_resource_is_not_found(client: Client) -> None:
    make_hub()
    empty = make_dataset("empty")
    secret = Dataset.objects.get(slug="secret")
    only_a_link = Dataset.objects.get(slug="parks").distributions.get()
    for identifier in (
        "x",
        str(uuid.uuid4()),
        str(empty.distribution.uid),
        str(secret.distribution.uid),
        resource_id(only_a_link.uid, "parquet"),
    ):
        ask(client, "resource_show", 404, id=identifier)


@pytest.mark.parametrize(
    ("query", "urls"),
    [
        ("format:xlsx", ["https://files.hanbit.example/2"]),
        ("format:parquet", ["air-quality/records.parquet", "patients/records.parquet"]),
        ("url:files.hanbit.example/1", ["https://files.hanbit.example/1"] * 3),
        (["format:csv", "url:files"], ["https://files.hanbit.example/1"] * 2),
        ("description:요금표", ["https://files.hanbit.example/2"]),
        ("name:대기질", ["air-quality/records.csv"]),
        ("name:nothing", []),
    ],
)
def test_resources_are_searched(client: Client, query: Any, urls: list[str]) -> None:
    make_hub()
    found = ask(client, "resource_search", query=query)
    assert found["count"] == len(found["results"]) == len(urls)
    shown = sorted(resource["url"].removeprefix("http://testserver/api/v1/datasets/") for resource in found["results"])
    assert shown == sorted(urls)


@pytest.mark.parametrize("query", ["", "format", "colour:green", "format:"])
def test_a_search_of_resources_names_a_field(client: Client, query: str) -> None:
    assert "query" in ask(client, "resource_search", 409, query=query)


def test_organizations_are_listed(client: Client) -> None:
    make_hub()
    assert ask(client, "organization_list") == ["hanbit-city", "haneul-county"]
    assert ask(client, "organization_list", sort="package_count desc") == ["hanbit-city", "haneul-county"]
    assert ask(client, "organization_list", sort="title desc") == ["hanbit-city", "haneul-county"]
    assert ask(client, "organization_list", limit=1, offset=1) == ["haneul-county"]
    assert ask(client, "organization_list", organizations='["haneul-county"]') == ["haneul-county"]
    whole = ask(client, "organization_list", all_fields="true", include_extras="true")
    assert [(one["name"], one["title"], one["package_count"]) for one in whole] == [
        ("hanbit-city", "한빛시", 3),
        ("haneul-county", "하늘군", 1),
    ]
    ask(client, "organization_list", 409, sort="colour")


def test_an_organization_is_shown_by_name_and_by_identifier(client: Client) -> None:
    make_hub()
    shown = ask(client, "organization_show", id="haneul-county", include_datasets="true")
    assert ask(client, "organization_show", id=shown["id"], include_datasets=True) == shown
    assert [package["name"] for package in shown["packages"]] == ["parks"]
    assert shown["package_count"] == 1
    assert "packages" not in ask(client, "organization_show", id="haneul-county")
    package = ask(client, "package_show", id="parks")
    assert package["owner_org"] == shown["id"]


def test_words_complete_organizations_and_groups(client: Client) -> None:
    make_hub()
    assert [one["name"] for one in ask(client, "organization_autocomplete", q="하늘")] == ["haneul-county"]
    assert [one["name"] for one in ask(client, "group_autocomplete", q="교통")] == ["transport"]


def test_groups_are_the_themes(client: Client) -> None:
    make_hub()
    assert ask(client, "group_list") == sorted(vocabulary("theme"))
    counts = {group["name"]: group["package_count"] for group in ask(client, "group_list", all_fields="true")}
    assert (counts["environment"], counts["transport"], counts["law"]) == (2, 1, 0)
    shown = ask(client, "group_show", id="transport", include_datasets="true")
    assert ask(client, "group_show", id=shown["id"], include_datasets="true") == shown
    assert [package["name"] for package in shown["packages"]] == ["parking"]
    assert shown["title"] == "교통"
    ask(client, "group_show", 404, id="nothing")


def test_tags_are_listed_and_shown(client: Client) -> None:
    make_hub()
    tags = ["air", "미세먼지", "주차장", "환경 대기"]
    assert ask(client, "tag_list") == tags
    assert ask(client, "tag_list", query="장") == ["주차장"]
    assert ask(client, "tag_list", vocabulary_id="any") == []
    assert [tag["name"] for tag in ask(client, "tag_list", all_fields="true")] == tags
    assert ask(client, "tag_autocomplete", query="미세") == ["미세먼지"]
    shown = ask(client, "tag_show", id="환경 대기", include_datasets="true")
    assert ask(client, "tag_show", id=shown["id"], include_datasets="true") == shown
    assert [package["name"] for package in shown["packages"]] == ["air-quality"]
    assert shown["id"] in [tag["id"] for tag in ask(client, "package_show", id="air-quality")["tags"]]
    ask(client, "tag_show", 404, id="nothing")


def test_every_licence_of_a_package_is_listed(client: Client) -> None:
    make_hub()
    licences = {licence["id"]: licence for licence in ask(client, "license_list")}
    for package in ask(client, "package_search", rows=100)["results"]:
        licence = licences[package["license_id"]]
        assert (licence["title"], licence["url"], licence["is_okd_compliant"]) == (
            package["license_title"],
            package["license_url"],
            package["isopen"],
        )


def test_formats_are_completed(client: Client) -> None:
    make_hub()
    assert ask(client, "format_autocomplete", q="xls")[0] == "xlsx"
    assert ask(client, "format_autocomplete", q="") == []


def test_activities_tell_the_changes(client: Client) -> None:
    make_dataset("air-quality")
    describe_again("air-quality", title={"ko": "새 제목"})
    make_dataset("secret", access_level="non-public", access_reason={"ko": "비밀"})
    withdraw_dataset("air-quality")
    told = ask(client, "recently_changed_packages_activity_list")
    assert [one["activity_type"] for one in told] == ["deleted package", "changed package", "new package"]
    assert told[0]["data"]["package"] == {"id": told[0]["object_id"], "name": "air-quality", "title": "새 제목"}
    assert ask(client, "recently_changed_packages_activity_list", limit=1, offset=1) == told[1:2]
    restore_dataset("air-quality")
    assert len(ask(client, "package_activity_list", id="air-quality")) == 4
    ask(client, "package_activity_list", 404, id="secret")


def test_nobody_is_listed(client: Client, admin_user: object) -> None:
    assert ask(client, "user_list") == []
    assert ask(client, "vocabulary_list") == []


def test_the_site_is_told(client: Client) -> None:
    status = ask(client, "status_show")
    assert status["site_url"] == "http://testserver"
    assert status["ckan_version"].startswith("2.")
    assert ask(client, "site_read") is True


def test_a_change_of_a_link_moves_the_moment_of_its_package(client: Client) -> None:
    make_dataset("air-quality", distributions=[link(1)])
    before = ask(client, "package_show", id="air-quality")["metadata_modified"]
    describe_again("air-quality", distributions=[link(1, format="CSV")])
    assert ask(client, "package_show", id="air-quality")["metadata_modified"] > before


def test_a_new_snapshot_moves_the_moment_of_its_package(client: Client) -> None:
    dataset = make_dataset("air-quality")
    before = ask(client, "package_show", id="air-quality")["metadata_modified"]
    publish_rows(dataset)
    assert ask(client, "package_show", id="air-quality")["metadata_modified"] > before
