"""What known harvesters of DCAT do, done here in their order: every dataset passes, none is lost, what is gone is seen.

Told in our own words from what ckanext-dcat's RDF harvester and udata's DCAT backend ask for (catalogue-peers 5.5, 5.6).
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping

import pytest
from builders import make_dataset, publish_rows
from ckan_calls import link, make_hub
from descriptions import complete
from django.test import Client
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Namespace, URIRef
from rdflib.term import Node

from catalog.models import Dataset
from catalog.publish import describe_dataset, restore_dataset, withdraw_dataset
from catalog.standard import Class

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),
]  # rdflib's own JSON-LD
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
BASE = "http://testserver"
PARSERS = {"application/rdf+xml": "xml", "text/turtle": "turtle", "application/ld+json": "json-ld"}
LARGEST = 50 * 1024 * 1024
ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
PUBLIC = {"air-quality", "parking", "parks", "patients", "whole"}


@pytest.fixture(autouse=True)
def hub() -> None:
    make_hub()
    whole = complete() | {"distributions": [complete(Class.DISTRIBUTION)]}
    for absent in ("series", "columns"):
        whole.pop(absent)
    make_dataset("whole", schema=None, **whole)


def pages(client: Client, address: str) -> Iterator[Graph]:
    """Page as ckanext-dcat does: HEAD, then GET, until there is no next page or it is the same again; no redirect."""
    last = b""
    while address:
        head, answer = client.head(address), client.get(address)
        kind = answer["Content-Type"].partition(";")[0]
        assert (head.status_code, head["Content-Type"]) == (answer.status_code, answer["Content-Type"])
        assert (answer.status_code, len(answer.content) < LARGEST, kind in PARSERS) == (200, True, True)
        digest = hashlib.md5(answer.content, usedforsecurity=False).digest()
        if digest == last:
            return
        last = digest
        graph = Graph().parse(data=answer.content, format=PARSERS[kind])
        yield graph
        following = {str(one) for name in ("next", "nextPage") for one in graph.objects(None, HYDRA[name])}
        assert len(following) <= 1
        address = following.pop().removeprefix(BASE) if following else ""


DATASET_CHECKS: Mapping[str, Callable[[Graph, Node], bool]] = {
    "its guid is an address": lambda g, d: isinstance(d, URIRef) and ADDRESS.fullmatch(d) is not None,
    "it has one title in a language at most": lambda g, d: (
        0 < len(titles := [one.language for one in g.objects(d, DCTERMS.title)]) == len(set(titles))
    ),
    "it is described": lambda g, d: all(str(text) for text in g.objects(d, DCTERMS.description)),
    "it has one identifier": lambda g, d: len(set(g.objects(d, DCTERMS.identifier))) == 1,
    "its publisher has a name": lambda g, d: all(
        any(g.objects(agent, FOAF.name)) for agent in g.objects(d, DCTERMS.publisher)
    ),
    "keywords are words": lambda g, d: all(str(word).strip() for word in g.objects(d, DCAT.keyword)),
    "it has distributions": lambda g, d: any(g.objects(d, DCAT.distribution)),
}
DISTRIBUTION_CHECKS: Mapping[str, Callable[[Graph, Node], bool]] = {
    "it is known by its address": lambda g, d: isinstance(d, URIRef) and ADDRESS.fullmatch(d) is not None,
    "it is a distribution": lambda g, d: (d, RDF.type, DCAT.Distribution) in g,
    "it leads somewhere": lambda g, d: any(
        ADDRESS.fullmatch(str(one)) for name in (DCAT.accessURL, DCAT.downloadURL) for one in g.objects(d, name)
    ),
}


def harvested(client: Client, address: str = "/catalog.rdf") -> dict[str, str]:
    """Return the identifier of every dataset by its guid; every ``dcat:Dataset`` in a graph is taken as one."""
    found: dict[str, str] = {}
    for graph in pages(client, address):
        for dataset in graph.subjects(RDF.type, DCAT.Dataset):
            failed = [name for name, holds in DATASET_CHECKS.items() if not holds(graph, dataset)]
            for one in graph.objects(dataset, DCAT.distribution):
                failed += [name for name, holds in DISTRIBUTION_CHECKS.items() if not holds(graph, one)]
            assert failed == [], dataset
            assert str(dataset) not in found, "a page repeats a dataset"
            found[str(dataset)] = str(graph.value(dataset, DCTERMS.identifier))
    assert len(set(found.values())) == len(found)
    return found


def named(*names: str) -> set[str]:
    return {f"{BASE}/dataset/{name}" for name in names}


@pytest.mark.parametrize("extension", ["rdf", "xml", "ttl", "jsonld"])
def test_every_dataset_is_taken_and_nothing_else_is_taken_for_one(client: Client, extension: str) -> None:
    assert set(harvested(client, f"/catalog.{extension}")) == named(*PUBLIC)


def test_every_dataset_is_taken_over_many_pages(client: Client) -> None:
    first = Dataset.objects.get(slug="parks")
    columns = {field.attname: getattr(first, field.attname) for field in Dataset._meta.concrete_fields}
    names = [f"park-{number:03}" for number in range(120)]
    Dataset.objects.bulk_create(Dataset(**columns | {"id": uuid.uuid4(), "slug": name}) for name in names)
    taken = [subject for graph in pages(client, "/catalog.rdf") for subject in graph.subjects(RDF.type, DCAT.Dataset)]
    assert len(taken) == len(set(taken)) == len(PUBLIC) + 120


def test_what_is_withdrawn_is_missing_and_what_is_restored_is_the_same_again(client: Client) -> None:
    before = harvested(client)
    withdraw_dataset("parks")
    assert set(before) - set(harvested(client)) == named("parks")
    restore_dataset("parks")
    assert harvested(client) == before


def test_a_second_run_knows_every_dataset_and_every_file_again(client: Client) -> None:
    def known() -> set[tuple[Node, Node]]:
        return {pair for graph in pages(client, "/catalog.rdf") for pair in graph.subject_objects(DCAT.distribution)}

    before = known()
    publish_rows(Dataset.objects.get(slug="air-quality"), [])
    described = {
        "title": {"ko": "공원들"},
        "organisation": "haneul-county",
        "access_level": "public",
        "theme": "culture",
        "licence": "kogl-1",
        "description": {"ko": "목록"},
    }
    describe_dataset("parks", described | {"distributions": [link(1, format="CSV", title={"ko": "새 이름"})]})
    assert known() == before


def test_a_page_that_cannot_be_had_is_no_empty_page(client: Client) -> None:
    """A harvester deletes what it does not see, so that an error must never look like a short catalogue."""
    for address in ("/catalog.rdf?page=99", "/catalog.rdf?page=0", "/catalog.rdf?modified_since=gestern"):
        assert client.get(address).status_code >= 400, address
