"""With its context a description in JSON is DCAT."""

import json
from typing import Any

import pyoxigraph
import pytest
from descriptions import complete
from pyoxigraph import RdfFormat
from rdflib import RDF, Graph, Literal, URIRef

from catalog.standard import PROFILE, Class, Kind, vocabulary
from catalog.standard.jsonld_context import LONG, jsonld_context
from catalog.standard.profile_document import full

BASE = "https://hub.example"
DATASET = URIRef(f"{BASE}/dataset/parking")


def read() -> Graph:
    document = {**jsonld_context(BASE), "@id": str(DATASET), "@type": "dataset", **complete()}
    return parse(document)


def parse(document: dict[str, Any]) -> Graph:
    triples = [quad.triple for quad in pyoxigraph.parse(json.dumps(document), format=RdfFormat.JSON_LD)]
    return Graph().parse(data=pyoxigraph.serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")


def test_a_description_is_a_dataset() -> None:
    assert (DATASET, RDF.type, URIRef(full("dcat:Dataset"))) in read()


def test_every_field_becomes_its_property() -> None:
    graph = read()
    lost = [field.name for field in PROFILE[Class.DATASET] if (DATASET, URIRef(full(field.term)), None) not in graph]
    assert lost == []


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("dct:title", Literal("제목 1", lang="ko")),
        ("dcat:keyword", Literal("parking", lang="en")),
        ("dct:publisher", URIRef(f"{BASE}/organisation/hanbit-city")),
        ("dcat:inSeries", URIRef(f"{BASE}/series/series-1")),
        ("dct:license", URIRef(vocabulary("licence")["kogl-0"].uri)),
        ("dct:language", URIRef(vocabulary("language")["KOR"].uri)),
    ],
)
def test_values_become_what_dcat_wants(term: str, value: object) -> None:
    assert (DATASET, URIRef(full(term)), value) in read()


def test_every_code_becomes_the_address_of_its_concept() -> None:
    for class_ in (Class.DATASET, Class.DISTRIBUTION):
        for field in (field for field in PROFILE[class_] if field.kind is Kind.CODE and field.vocabulary not in LONG):
            codes = list(vocabulary(field.vocabulary))
            context = jsonld_context(BASE)["@context"]
            context = context if class_ is Class.DATASET else context | context["distributions"]["@context"]
            document = {"@context": context, "@id": str(DATASET), field.name: codes if field.many else codes[-1]}
            graph = parse(document)
            told = set(graph.objects(DATASET, URIRef(full(field.term))))
            wanted = codes if field.many else codes[-1:]
            assert told == {URIRef(vocabulary(field.vocabulary)[code].uri) for code in wanted}, field.name


def test_inner_descriptions_have_terms_of_their_own() -> None:
    graph = read()
    [column, *_] = graph.objects(DATASET, URIRef(full("csvw:column")))
    assert set(graph.objects(column, URIRef(full("csvw:title")))) == {
        Literal("제목 1", lang="ko"),
        Literal("Title 1", lang="en"),
    }
