"""Datasets as CKAN packages and back: our own without loss, anybody else's as far as it goes."""

import datetime as dt
from typing import Any

import pytest
from ckan_checks import extras_of, faults
from descriptions import COMPLETE, complete

from catalog.exchange.ckan import PackageFacts, ResourceFacts, from_package, read_package, to_package
from catalog.exchange.entry import Catalogue, Entry
from catalog.standard import Class, fields_of

URI = "https://hub.example/dataset/parking"
ID = "0b5f4b1e-3a57-4c1a-9a70-4a8ce1a8a001"
CATALOGUE = Catalogue("https://hub.example", organisations={"hanbit-city": {"name": {"ko": "한빛시", "en": "Hanbit"}}})
KOREAN_TIME = dt.timezone(dt.timedelta(hours=9))


def entry(description: dict[str, Any], slug: str = "parking") -> Entry:
    return Entry(slug, URI, description, id=ID)


def package(description: dict[str, Any], facts: PackageFacts | None = None, **changes: Any) -> dict[str, Any]:
    return to_package(entry(description), CATALOGUE, facts) | changes


@pytest.mark.parametrize(
    "description", [complete(), COMPLETE, {"title": {"en": "Air"}}], ids=["whole", "plain", "least"]
)
def test_a_description_comes_back_from_its_package_as_it_was(description: dict[str, Any]) -> None:
    back = from_package(package(description))
    assert back.description == description
    assert (back.slug, back.id, back.uri) == ("parking", ID, URI)


@pytest.mark.parametrize("name", fields_of(Class.DATASET))
def test_a_field_alone_comes_back(name: str) -> None:
    description = {name: complete()[name]}
    assert from_package(package(description)).description == description


@pytest.mark.parametrize("name", fields_of(Class.DISTRIBUTION))
def test_a_field_of_a_distribution_alone_comes_back(name: str) -> None:
    distributions = [{name: complete(Class.DISTRIBUTION)[name]}]
    back = from_package(package({"distributions": distributions})).description
    assert back == {"distributions": distributions}


def test_a_whole_package_meets_the_strictest_readers() -> None:
    assert faults(package(complete() | {"distributions": [complete(Class.DISTRIBUTION)]})) == []


def test_keywords_are_folded_into_tags_and_kept_whole_beside_them() -> None:
    words = {"ko": ["미세먼지, 초미세먼지", "물", "CCTV"], "en": ["air/quality", "CCTV"]}
    made = package({"keywords": words})
    assert [tag["name"] for tag in made["tags"]] == ["미세먼지 초미세먼지", "CCTV", "air quality"]
    assert from_package(made).description["keywords"] == words


def test_moments_are_told_in_utc_without_zone_and_with_six_digits() -> None:
    made = package({}, PackageFacts(created=dt.datetime(2026, 1, 1, 9, tzinfo=KOREAN_TIME), modified=None))
    assert made["metadata_created"] == "2026-01-01T00:00:00.000000"


def test_what_the_hub_knows_is_not_taken_for_what_the_publisher_said() -> None:
    facts = PackageFacts(
        created=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), modified=dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    )
    assert from_package(package({"title": {"ko": "주차장"}}, facts)).description == {"title": {"ko": "주차장"}}


def test_resources_have_the_identifiers_and_the_datastore_of_the_hub() -> None:
    facts = PackageFacts(resources=[ResourceFacts(id=ID, has_records=True)])
    links = [{"access_url": "https://a.example/1"}, {"access_url": "https://a.example/2"}]
    first, second = package({"distributions": links}, facts)["resources"]
    assert (first["id"], first["datastore_active"]) == (ID, True)
    assert second["id"] != ID
    assert not second["datastore_active"]


def test_the_area_is_told_to_harvesters_in_their_words() -> None:
    extras = extras_of(package(COMPLETE | {"bbox": [126.5, 36.25, 127.0, 36.75]}))
    assert extras["spatial"].startswith('{"type":"Polygon"')
    assert extras["spatial-text"] == "충청남도"
    assert (extras["temporal_start"], extras["frequency"]) == ("2018-01-01", "daily")


def test_a_slug_of_one_letter_is_filled_up_and_emptied_again() -> None:
    made = to_package(entry({}, slug="x"), CATALOGUE)
    assert made["name"] == "x_"
    assert from_package(made).slug == "x"


def foreign(**values: Any) -> dict[str, Any]:
    return {"id": ID, "name": "car_parks", "title": "Car parks", "notes": "", "resources": [], **values}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"title": "공영주차장"}, {"title": {"ko": "공영주차장"}}),
        ({"title": "[2020]"}, {"title": {"en": "[2020]"}}),
        ({"title_translated": {"ko": "주차장", "en": "Parking"}}, {"title": {"ko": "주차장", "en": "Parking"}}),
        ({"title_translated": {"fr": "Parcs", "en": ""}}, {"title": {"en": "Parcs"}}),
        ({"tags": [{"name": "교통"}, {"name": "car"}]}, {"keywords": {"ko": ["교통"], "en": ["car"]}}),
        ({"tags": ["old", "form"]}, {"keywords": {"en": ["old", "form"]}}),
        ({"license_id": "cc-by"}, {"licence": "cc-by-4.0"}),
        ({"license_id": "cc-by", "license_url": "https://creativecommons.org/licenses/by/3.0/"}, {"licence": "cc-by-3.0"}),
        ({"license_id": "notspecified"}, {"licence": "unknown"}),
        ({"groups": [{"name": "transport"}]}, {"theme": "transport"}),
        ({"extras": [{"key": "theme", "value": '["http://publications.europa.eu/resource/authority/data-theme/ENVI"]'}]}, {"theme": "environment"}),
        ({"groups": [{"name": "anything"}]}, {"theme": "administration"}),
        ({"extras": [{"key": "frequency", "value": "R/P1D"}]}, {"frequency": "daily"}),
        ({"extras": {"frequency": "monthly"}}, {"frequency": "monthly"}),
        ({"extras": [{"key": "spatial", "value": '{"type":"Point","coordinates":[127.0,37.5]}'}]}, {"bbox": [127.0, 37.5, 127.0, 37.5]}),
        ({"extras": [{"key": "spatial", "value": "nowhere"}]}, {"bbox": None}),
        ({"extras": [{"key": "bbox-west-long", "value": "1"}, {"key": "bbox-south-lat", "value": "2"},
                     {"key": "bbox-east-long", "value": "3"}, {"key": "bbox-north-lat", "value": "4"}]}, {"bbox": [1, 2, 3, 4]}),
        ({"extras": [{"key": "temporal_coverage-from", "value": '["1982"]'}, {"key": "temporal_coverage-to", "value": '["1986"]'}]},
         {"temporal": {"start": "1982-01-01", "end": "1986-12-31"}}),
        ({"temporal_coverage": [{"start": "2024-01-01", "end": "2024-05-01"}]}, {"temporal": {"start": "2024-01-01", "end": "2024-05-01"}}),
        ({"maintainer": "교통과", "maintainer_email": "t@hanbit.example"},
         {"contact_point": {"name": {"ko": "교통과"}, "email": "t@hanbit.example"}}),
        ({"contact": [{"name": "Office", "email": "o@x.example"}]}, {"contact_point": {"name": {"en": "Office"}, "email": "o@x.example"}}),
        ({"language": ["en", "ko"]}, {"languages": ["ENG", "KOR"]}),
        ({"extras": [{"key": "language", "value": "en,es,ca"}]}, {"languages": ["ENG", "SPA", "CAT"]}),
        ({"metadata_created": "2020-03-02T08:47:17.995815"}, {"issued": "2020-03-02T08:47:17.995815+00:00"}),
        ({"issued": "2024-05-01", "metadata_created": "2020-03-02T08:47:17.995815"}, {"issued": "2024-05-01"}),
        ({"organization": {"name": "hanbit-city", "title": "한빛시", "id": ID}}, {"organisation": "hanbit-city"}),
        ({"publisher": [{"name": "Hanbit City"}]}, {"organisation": "hanbit-city"}),
        ({"extras": [{"key": "publisher_name", "value": "Hanbit City"}]}, {"organisation": "hanbit-city"}),
        ({"url": "not an address"}, {"landing_page": None}),
        ({"access_rights": "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC"}, {"access_level": "non-public"}),
    ],
)  # fmt: skip
def test_a_foreign_package_is_read(said: dict[str, Any], read: dict[str, Any]) -> None:
    description = from_package(foreign(**said)).description
    assert {name: description.get(name) for name in read} == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"url": "https://x.example/a"}, {"access_url": "https://x.example/a", "download_url": None}),
        ({"url": "https://x.example/a.csv", "url_type": "upload"}, {"download_url": "https://x.example/a.csv"}),
        ({"format": "XLSX"}, {"format": "XLSX"}),
        ({"format": ".csv"}, {"format": "CSV"}),
        ({"format": "text/csv"}, {"format": "CSV", "media_type": "text/csv"}),
        ({"format": "", "mimetype": "application/json"}, {"format": "JSON"}),
        ({"mimetype": "xlsx"}, {"media_type": None, "format": "XLSX"}),
        ({"mimetype": "http://www.iana.org/assignments/media-types/text/csv"}, {"media_type": "text/csv"}),
        ({"size": "12323"}, {"byte_size": 12323}),
        ({"size": "42 octets"}, {"byte_size": None}),
        ({"hash": "d41d8cd98f00b204e9800998ecf8427e"}, {"checksum": {"algorithm": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e"}}),
        ({"hash": "sha1:" + "ab" * 20}, {"checksum": {"algorithm": "sha1", "value": "ab" * 20}}),
        ({"hash": "?"}, {"checksum": None}),
        ({"name": "자료"}, {"title": {"ko": "자료"}}),
        ({"license": "http://creativecommons.org/licenses/by/3.0/"}, {"licence": "cc-by-3.0"}),
        ({"license": "https://x.example/terms"}, {"licence": None, "licence_url": "https://x.example/terms"}),
    ],
)  # fmt: skip
def test_a_foreign_resource_is_read(said: dict[str, Any], read: dict[str, Any]) -> None:
    [distribution] = from_package(foreign(resources=[{"name": "r", **said}])).description["distributions"]
    assert {name: distribution.get(name) for name in read} == read


def test_what_cannot_be_read_is_a_finding_with_its_place() -> None:
    reading = read_package(foreign(extras=[{"key": "frequency", "value": "whenever it rains"}]))
    [finding] = reading.findings
    assert finding.where == "car-parks: frequency"
    assert "whenever it rains" in finding.text.en
    assert "frequency" not in reading.entry.description


def test_a_foreign_package_is_kept_whole_beside_its_description() -> None:
    document = foreign(funding="[]")
    assert from_package(document).document == document
