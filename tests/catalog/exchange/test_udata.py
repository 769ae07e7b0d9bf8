"""Answers of udata: a page of its API, and the real objects of a dump."""

import json
from pathlib import Path

import pytest

from catalog.errors import BadDocument
from catalog.exchange.udata import from_udata
from catalog.standard.conformance import Level, find_problems

REAL = Path(__file__).parents[4] / "shared" / "conformance" / "udata" / "api-results.json"
DATASET = {
    "id": "5ff5e6e9",
    "slug": "bornes",
    "title": "Bornes de recharge",
    "description": "Où recharger",
    "tags": ["énergie", "bornes"],
    "frequency": "daily",
    "license": "lov2",
    "page": "https://data.a.example/datasets/bornes/",
    "created_at": "2021-01-06T17:35:53.838000+00:00",
    "temporal_coverage": {"start": "2020-01-01", "end": "2020-12-31"},
    "spatial": {"geom": {"type": "MultiPolygon", "coordinates": [[[[1, 43], [2, 43], [2, 44], [1, 43]]]]}, "zones": []},
    "organization": {"name": "Ville d'A", "slug": "ville-d-a", "url": "https://a.example/"},
    "contact_points": [{"name": "Bureau", "email": "bureau@a.example"}],
    "metrics": {"views": 12},
    "resources": [
        {
            "id": "r-1",
            "title": "Bornes",
            "url": "https://a.example/bornes.csv",
            "filetype": "file",
            "format": "csv",
            "mime": "text/csv",
            "filesize": 12,
            "checksum": {"type": "sha1", "value": "ab" * 20},
        },
        {"title": "API", "url": "https://a.example/api", "filetype": "remote", "format": "???", "checksum": None},
    ],
}


def test_a_page_of_the_api_is_read_with_the_page_after_it():
    told = from_udata(
        {"data": [DATASET, "x"], "next_page": "https://data.a.example/api/1/datasets/?page=2", "total": 40}
    )
    (entry,) = told.datasets
    assert (entry.slug, entry.identifier, entry.uri) == (
        "bornes",
        "5ff5e6e9",
        "https://data.a.example/datasets/bornes/",
    )
    assert (told.next, told.total) == ("https://data.a.example/api/1/datasets/?page=2", 40)
    description = entry.description
    assert (description["licence"], description["frequency"], description["views"]) == ("etalab-2.0", "daily", 12)
    assert description["bbox"] == [1.0, 43.0, 2.0, 44.0]
    assert description["temporal"] == {"start": "2020-01-01", "end": "2020-12-31"}
    assert told.organisations == {"ville-d-a": {"name": {"en": "Ville d'A"}, "homepage": "https://a.example/"}}
    file, api = description["distributions"]
    assert (file["download_url"], file["format"], file["byte_size"]) == ("https://a.example/bornes.csv", "CSV", 12)
    assert api == {"title": {"en": "API"}, "access_url": "https://a.example/api"}
    assert [finding.where for finding in told.findings] == ["data[1]"]


def test_a_dataset_alone_is_a_document_of_one():
    (entry,) = from_udata(json.dumps(DATASET).encode()).datasets
    assert entry.description["title"] == {"en": "Bornes de recharge"}


@pytest.mark.parametrize("document", [{}, {"data": {}}, 5, b"<html>"])
def test_what_holds_no_datasets_is_refused(document):
    with pytest.raises(BadDocument):
        from_udata(document)


def test_nothing_that_is_read_is_malformed():
    for value in (None, "", 5, True, [], {}, ["x"], {"start": 5}, [[1]], "a\nb", [{"name": 5, "email": "x"}]):
        for key in DATASET:
            (entry,) = from_udata({"data": [DATASET | {key: value}]}).datasets
            problems = [each for each in find_problems(entry.description) if each.level is Level.FORM]
            assert not problems, (key, value, problems)
        for key in DATASET["resources"][0]:
            (entry,) = from_udata({"data": [DATASET | {"resources": [{key: value}]}]}).datasets
            assert not [each for each in find_problems(entry.description) if each.level is Level.FORM], (key, value)


@pytest.mark.skipif(not REAL.exists(), reason="the real objects of data.gouv.fr are not here (../shared)")
def test_the_real_objects_are_read_without_losing_one():
    told = from_udata(REAL.read_bytes())
    entries = list(told.datasets)
    assert len(entries) == len({entry.identifier for entry in entries}) == 15
    assert sum(len(entry.description.get("distributions", ())) for entry in entries) == sum(
        len(each["resources"]) for each in json.loads(REAL.read_bytes())["datasets"]
    )
    assert [each for entry in entries for each in find_problems(entry.description) if each.level is Level.FORM] == []
