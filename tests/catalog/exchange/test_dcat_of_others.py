"""375 RDF files by others: each that parses is read without losing a dataset, each that does not is refused with its line."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph
from rdflib.compare import isomorphic

from catalog.errors import BadDocument
from catalog.exchange.dcat import from_dcat, read_rdf
from catalog.exchange.dcat.read import subjects
from catalog.exchange.entry import Catalogue
from catalog.exchange.rdf import find_form, parse_rdf
from catalog.standard import Class

CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance"
EXPECTED = CONFORMANCE / "EXPECTED-rdf.tsv"
pytestmark = pytest.mark.skipif(not EXPECTED.exists(), reason="the RDF files of others are not here (../shared)")

SEMIC_CONTEXT = "https://semiceu.github.io/uri.semic.eu-generated/DCAT-AP/releases/3.0.0/html/examples/context.jsonld"
COUNTED = (
    ("Catalog", Class.CATALOGUE),
    ("Dataset", Class.DATASET),
    ("DatasetSeries", Class.SERIES),
    ("Distribution", Class.DISTRIBUTION),
    ("DataService", Class.SERVICE),
)


def expected() -> list[dict[str, str]]:
    if not EXPECTED.exists():
        return []
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


ROWS = expected()
READABLE = [row for row in ROWS if row["parse"].startswith("ok")]
BROKEN = [row for row in ROWS if not row["parse"].startswith("ok")]


def counts_of(row: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a file must hold. The counting of the table looked past named graphs: there the twin in Turtle counts."""
    twin = row["file"].removesuffix(".jsonld") + ".ttl"
    if row["file"].endswith(".jsonld") and row["triples"] == "0":
        return next((other for other in READABLE if other["file"] == twin), row)
    return row


@cache
def contexts() -> Mapping[str, Any]:
    path = CONFORMANCE / "shacl" / "dcat-ap-3.0.1" / "dcat-ap-context.jsonld"
    return {SEMIC_CONTEXT: json.loads(path.read_text(encoding="utf-8"))}


def graph_of(name: str) -> Graph:
    path = CONFORMANCE / name
    form = find_form(path.suffix)
    assert form is not None
    return parse_rdf(path.read_bytes(), form, name=path.name, contexts=contexts())


def read(name: str) -> Catalogue:
    return read_rdf(CONFORMANCE / name, Path(name).suffix, contexts=contexts())


def test_the_table_is_the_whole_one() -> None:
    assert (len(READABLE), len(BROKEN)) == (358, 17)


@pytest.mark.parametrize("row", READABLE, ids=lambda row: row["file"])
def test_a_file_is_read_without_losing_anything(row: Mapping[str, str]) -> None:
    graph = graph_of(row["file"])
    catalogue = from_dcat(graph)
    wanted = counts_of(row)
    assert len(graph) == int(wanted["triples"])
    assert {name: len(subjects(graph, class_)) for name, class_ in COUNTED} == {
        name: int(wanted[name]) for name, _ in COUNTED
    }
    entries = list(catalogue.datasets)
    assert len(entries) == int(wanted["Dataset"])
    assert (len(catalogue.series), len(catalogue.services)) == (
        int(wanted["DatasetSeries"]),
        int(wanted["DataService"]),
    )
    assert len({entry.slug for entry in entries}) == len(entries)
    assert all(entry.identifier and entry.document for entry in entries)
    owned = sum(len(entry.description.get("distributions", [])) for entry in entries)
    orphans = sum(finding.where.endswith(" dcat:Distribution") for finding in catalogue.findings)
    assert owned + orphans >= int(wanted["Distribution"])


@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row["file"])
def test_a_broken_file_is_refused_with_line_and_reason(row: Mapping[str, str]) -> None:
    with pytest.raises(BadDocument) as refused:
        read(row["file"])
    [line] = re.findall(r"line (\d+)|None:(\d+):", row["parse"])
    told = "".join(line)
    name = Path(row["file"]).name
    assert f"({name} line {told}): " in refused.value.text.en
    assert f"({name} {told}번째 줄): " in refused.value.text.ko
    assert len(refused.value.text.en) < 400


def twins() -> list[list[str]]:
    named = defaultdict(list)
    for row in READABLE:
        named[row["file"].rpartition(".")[0]].append(row["file"])
    return [files for files in named.values() if len(files) > 1]


@pytest.mark.parametrize("files", twins(), ids=lambda files: files[0].rpartition(".")[0])
def test_the_same_graph_in_another_form_is_the_same_record(files: list[str]) -> None:
    """Twins that are not the same graph (SEMIC's contexts lack terms, white space differs) are not compared."""
    first = graph_of(files[0])
    told = records(from_dcat(first))
    for other in files[1:]:
        graph = graph_of(other)
        if len(graph) == len(first) and len(graph) < 1000 and isomorphic(graph, first):
            assert records(from_dcat(graph)) == told


def records(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """Return what is told of each dataset; the order of datasets in a document means nothing."""
    return sorted((entry.uri, entry.identifier, json.dumps(entry.description)) for entry in catalogue.datasets)


def test_a_context_that_is_not_at_hand_is_not_fetched() -> None:
    name = "rdf/semic-dcat-ap-3.0.1/example-bee-population.jsonld"
    with pytest.raises(BadDocument, match="is not fetched"):
        read_rdf(CONFORMANCE / name, "jsonld")


def test_pages_of_a_real_portal_lead_to_each_other() -> None:
    for kind in ("paged", "partial"):
        first = read(f"rdf/udata-dcat/{kind}-collection-1.jsonld")
        assert "2" in first.next
        assert read(f"rdf/udata-dcat/{kind}-collection-2.jsonld").next == ""


def test_a_real_catalogue_is_carried_over_in_full() -> None:
    catalogue = read("rdf/real/brandenburg-catalog.ttl")
    entries = list(catalogue.datasets)
    assert len(entries) == 112
    assert sum("keywords" in entry.description for entry in entries) >= 100
    assert sum(len(entry.description.get("distributions", [])) for entry in entries) >= 212
    publishers = {entry.description.get("organisation") for entry in entries} - {None}
    assert publishers and publishers <= set(catalogue.organisations)
