"""Real answers of other CKANs (``../shared/conformance/ckan``): each is read, with the counts of the table beside them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import BadDocument
from catalog.exchange.ckan import from_package, from_resource, open_envelope, read_ckan, read_names, to_package
from catalog.exchange.entry import Catalogue, Entry

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance"

pytestmark = pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the files of other catalogues are not here")


def load(name: str) -> Any:
    return json.loads((CONFORMANCE / "ckan" / name).read_text(encoding="utf-8"))


def datasets(document: Any) -> int:
    return len(list(read_ckan(document).datasets))


def organisations(document: Any) -> int:
    return len(read_ckan(document).organisations)


def names(document: Any) -> int:
    return len(read_names(document))


def resource(document: Any) -> int:
    return len([from_resource(open_envelope(document))])


# file: how it is read, and how many there are in it
READERS: dict[str, tuple[Callable[[Any], int], int]] = {
    "alberta-package_list.json": (names, 31_340),
    "guanajuato-package_list.json": (names, 33),
    "envidat/tag_list.json": (names, 8),
    "envidat/organization_list.json": (organisations, 25),
    "envidat/organization_show.json": (datasets, 2),
    "envidat/package_search.json": (datasets, 2),
    "envidat/package_show.json": (datasets, 1),
    "indonesia-package_show-nonstandard-envelope.json": (datasets, 1),
    "magda/ckan-server-dataset-sample-response.json": (datasets, 1),
    "magda/ckan-server-dataset-sample-response-with-extras.json": (datasets, 1),
    "magda/ckan-server-distribution-sample-response.json": (resource, 1),
    "udata/dkan-french-w-license.json": (datasets, 1),
    "ckanext-dcat/ckan_dataset.json": (datasets, 1),
    "ckanext-dcat/ckan_dataset_multilingual.json": (datasets, 1),
    "ckanext-dcat/ckan_dcat_ap_dataset_series.json": (datasets, 1),
    "ckanext-dcat/ckan_full_dataset_croissant.json": (datasets, 1),
    "ckanext-dcat/ckan_full_dataset_dcat_ap.json": (datasets, 1),
    "ckanext-dcat/ckan_full_dataset_dcat_ap_legacy.json": (datasets, 1),
    "ckanext-dcat/ckan_full_dataset_dcat_ap_vocabularies.json": (datasets, 1),
    "ckanext-dcat/ckan_full_dataset_dcat_us_vocabularies.json": (datasets, 1),
    "ckanext-dcat/full_ckan_dataset_legacy.json": (datasets, 1),
    "ckanext-dcat/health_dcat_ap.json": (datasets, 1),
}
# of ckanext-dcat's old JSON form, which is no package (data_json.py reads the like)
OTHER_FORMS = ("ckanext-dcat/catalog.json", "ckanext-dcat/catalog_datasets_list.json", "ckanext-dcat/dataset.json")
READ_AS_DATASETS = [name for name, (reader, _) in READERS.items() if reader is datasets]


@pytest.mark.parametrize("name", READERS)
def test_a_file_gives_its_count(name: str) -> None:
    reader, number = READERS[name]
    assert reader(load(name)) == number


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_another_form_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(BadDocument, match="no CKAN package"):
        read_ckan(load(name))


def test_counts_are_those_of_the_table() -> None:
    with (CONFORMANCE / "EXPECTED-json.tsv").open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file, delimiter="\t") if row["file"].startswith("ckan/")}
    assert set(rows) == {f"ckan/{name}" for name in (*READERS, *OTHER_FORMS)}
    counted = {name: int(row["datasets_or_items"]) for name, row in rows.items() if row["datasets_or_items"]}
    assert counted == {name: READERS[name.removeprefix("ckan/")][1] for name in counted}


@pytest.mark.parametrize("name", READ_AS_DATASETS)
def test_every_dataset_has_a_title_and_its_resources(name: str) -> None:
    document = open_envelope(load(name))
    packages = document.get("results", document.get("packages", [document])) if isinstance(document, dict) else document
    for package, entry in zip(packages, read_ckan(load(name)).datasets, strict=True):
        assert entry.description["title"]
        read = entry.description.get("distributions", [])
        said = [one for one in package.get("resources", []) if one.get("url") or one.get("name")]
        assert len(read) >= len(said)
        assert [one.get("access_url") for one in read if one.get("access_url")] == [
            one["url"] for one in said if one["url"]
        ]


@pytest.mark.parametrize("name", READ_AS_DATASETS)
def test_what_was_read_of_others_is_written_and_read_again_without_loss(name: str) -> None:
    for entry in read_ckan(load(name)).datasets:
        ours = Entry(entry.slug, f"https://hub.example/dataset/{entry.slug}", entry.description, id=entry.id)
        assert from_package(to_package(ours, Catalogue("https://hub.example"))).description == entry.description


def test_the_parts_that_matter_are_read() -> None:
    [legacy] = read_ckan(load("ckanext-dcat/full_ckan_dataset_legacy.json")).datasets
    assert legacy.description["bbox"] == [25.0, -22.0, 33.0, -15.0]
    assert legacy.description["temporal"] == {"start": "1982-01-01", "end": "1986-12-31"}
    assert legacy.description["contact_point"] == {"name": {"en": "Geological Society"}, "email": "info@gs.org"}
    assert legacy.description["languages"] == ["ENG", "SPA", "CAT"]
    [health] = read_ckan(load("ckanext-dcat/health_dcat_ap.json")).datasets
    assert (health.description["access_level"], health.description["theme"]) == ("non-public", "health")
    [french] = read_ckan(load("udata/dkan-french-w-license.json")).datasets
    assert french.description["licence"] == "etalab-1.0"
    assert "keywords" in french.description
    [indonesian] = read_ckan(load("indonesia-package_show-nonstandard-envelope.json")).datasets
    assert indonesian.description["organisation"] == "kabupaten-kampar"
    assert indonesian.description["distributions"][0]["byte_size"] == 80508
