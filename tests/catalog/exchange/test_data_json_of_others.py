"""Every data.json of ../shared/conformance gives its counts; ours is valid by their JSON Schema."""

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from descriptions import complete
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from catalog.exchange.data_json import from_data_json, to_data_json
from catalog.exchange.entry import Catalogue, Entry
from catalog.standard import Class
from catalog.standard.conformance import Level, find_problems

CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance"
EXPECTED = CONFORMANCE / "EXPECTED-json.tsv"
pytestmark = pytest.mark.skipif(not EXPECTED.exists(), reason="the data.json files of others are not here (../shared)")

# The table counts the list "dataset" and identifiers that are texts. Where a file tells datasets elsewhere as well, or its
# identifiers are objects, more is read: (datasets, distributions, distinct identifiers, without one).
READ_MORE: Mapping[str, tuple[int, int, int, int]] = {
    "datajson/examples-datagov-harvester/dcatus3_0.json": (4, 0, 4, 0),  # two identifiers are objects
    "datajson/examples-datagov-harvester/dcatus3_0_nested_catalog.json": (3, 0, 3, 0),  # a child and a grandchild
    "datajson/examples-datagov-harvester/dcatus3_0_series_member_also_top_level.json": (2, 0, 2, 0),  # a member
    "datajson/examples-datagov-harvester/dcatus3_0_series_with_members.json": (2, 0, 2, 0),  # members only
    "datajson/examples-datagov-harvester/dcatus3_0_service_serves_dataset.json": (1, 0, 1, 0),  # in a service
    "datajson/examples-dcat-us-3.0/example1-dcat-us-3.0.json": (1, 3, 1, 0),  # the document is the dataset
    "datajson/pydatajson/invalid_dataset_type.json": (1, 1, 1, 0),  # an object where a list should be
    "datajson/pydatajson/missing_catalog_dataset.json": (0, 0, 0, 0),
    "datajson/pydatajson/missing_dataset.json": (0, 0, 0, 0),
}
# Files of single faults that have none by this reading: valid ones, and what is a matter of taste.
FAULTLESS = frozenset(
    [
        "border_cases_ditribution_filenames.json", "central.json", "empty_optional_string.json", "federated_1.json",
        "federated_2.json", "full_data.json", "minimum_data.json", "numeric_distribution_identifier.json",
        "valid_whitespace_emails.json", "invalid_themeTaxonomy.json",
    ]
)  # fmt: skip
COUNTED = ("datasets_or_items", "distributions", "distinct_identifiers", "items_without_identifier")


def rows() -> list[dict[str, str]]:
    if not EXPECTED.exists():
        return []
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["file"].startswith(("datajson/", "harvest"))]


@cache
def read(name: str) -> Catalogue:
    return from_data_json((CONFORMANCE / name).read_bytes(), where=name)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_the_counts_are_those_of_the_table(row):
    entries = list(read(row["file"]).datasets)
    identifiers = [entry.identifier for entry in entries if entry.identifier]
    counts = (
        len(entries),
        sum(len(entry.description.get("distributions", ())) for entry in entries),
        len(set(identifiers)),
        len(entries) - len(identifiers),
    )
    assert counts == READ_MORE.get(row["file"]) or counts == tuple(int(row[name] or -1) for name in COUNTED)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_nothing_that_is_read_is_malformed(row):
    told = read(row["file"])
    parts = [
        *((entry.description, Class.DATASET) for entry in told.datasets),
        *((each, Class.ORGANISATION) for each in told.organisations.values()),
        *((each, Class.SERIES) for each in told.series.values()),
        *((each, Class.SERVICE) for each in told.services.values()),
    ]
    assert [each for part in parts for each in find_problems(*part) if each.level is Level.FORM] == []
    slugs = [entry.slug for entry in told.datasets]
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize(
    "path", sorted((CONFORMANCE / "datajson" / "pydatajson").glob("*.json")), ids=lambda path: path.name
)
def test_each_file_of_one_fault_has_a_finding(path):
    found = read(f"datajson/pydatajson/{path.name}").findings
    assert bool(found) is (path.name not in FAULTLESS), [(each.where, each.text.en) for each in found]
    assert all(each.text.ko and each.text.en for each in found)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_what_others_told_comes_back_from_our_own_data_json(row):
    told = read(row["file"])
    back = from_data_json(b"".join(to_data_json(told)))
    assert [entry.description for entry in back.datasets] == [entry.description for entry in told.datasets]


@cache
def schema() -> Draft4Validator:
    folder = CONFORMANCE / "datajson" / "schema" / "pod-non-federal-v1.1"
    documents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    for document in documents.values():
        document.pop("id")
        for inner in document.get("definitions", {}).values():
            inner.pop("id", None)
    documents["dataset-non-federal.json"]["definitions"]["organization"]["properties"]["subOrganizationOf"] = {}
    resources = [(name, Resource(contents=contents, specification=DRAFT4)) for name, contents in documents.items()]
    return Draft4Validator(documents["catalog.json"], registry=Registry().with_resources(resources))


@pytest.mark.parametrize(
    "description",
    [
        complete(Class.DATASET),
        {"title": {"ko": "제목"}, "organisation": "hanbit-city"},
        {"title": {"en": "x"}, "distributions": [{"download_url": "https://hanbit.example/a"}], "access_level": "registered"},
        {"access_reason": {"ko": "긴 사유 " * 100}, "frequency": "streaming", "temporal": {"start": "2020-01-01"}},
    ],
    ids=["every field", "two fields", "a link", "long and open"],
)  # fmt: skip
def test_ours_is_valid_by_the_schema_for_cities(description: dict[str, Any]):
    told = Catalogue(
        "https://hub.example",
        datasets=[Entry("parks", "https://hub.example/dataset/parks", description)],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
    )
    document = json.loads(b"".join(to_data_json(told)))
    assert [f"{'.'.join(map(str, error.path))}: {error.message}" for error in schema().iter_errors(document)] == []


def test_the_schema_does_refuse_what_is_wrong():
    assert list(schema().iter_errors({"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": [{}]}))
