"""The standard as documents: the profile, the vocabularies."""

import csv
import io
import json

import pytest
from rdflib import RDF, SKOS, Graph, URIRef

from catalog.standard import PROFILE, Class, Kind
from catalog.standard.profile_document import profile_document
from catalog.standard.publication import DOCUMENTS, make_document
from catalog.standard.vocabularies import PERMANENT, scheme_path, vocabulary, vocabulary_names
from catalog.standard.vocabulary_documents import (
    concept_turtle,
    vocabulary_csv,
    vocabulary_document,
    vocabulary_turtle,
)
from catalog.standard.wording import FORM_RULES, KINDS, cardinality


def test_the_profile_tells_every_field_of_every_class() -> None:
    document = profile_document()
    told = {part["name"]: [field["name"] for field in part["fields"]] for part in document["classes"]}
    assert told == {str(class_): [field.name for field in PROFILE[class_]] for class_ in Class}
    fields = [field for part in document["classes"] for field in part["fields"]]
    assert [field["name"] for field in fields if not (field["label"]["ko"] and field["definition"]["en"])] == []
    assert {field["uri"][:4] for field in fields} == {"http"}


def test_a_field_tells_all_that_is_known_of_it() -> None:
    [dataset] = [part for part in profile_document()["classes"] if part["name"] == "dataset"]
    [licence] = [field for field in dataset["fields"] if field["name"] == "licence"]
    assert (licence["obligation"], licence["cardinality"], licence["kind"]) == ("mandatory", "1..1", "code")
    assert licence["names"]["datagokr"] == "이용허락범위"
    assert licence["uri"] == "http://purl.org/dc/terms/license"
    assert licence["vocabulary"].endswith("/vocabularies/licence")


def test_every_kind_is_called_something_and_has_its_rule() -> None:
    assert set(KINDS) == set(FORM_RULES) == set(Kind)


def test_cardinality_follows_obligation_and_number() -> None:
    told = {field.name: cardinality(field) for field in PROFILE[Class.DATASET]}
    assert (told["title"], told["frequency"], told["distributions"]) == ("1..1", "0..1", "0..n")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_made_and_kept(name: str) -> None:
    assert make_document(name, "https://hub.example") is make_document(name, "https://hub.example")
    if DOCUMENTS[name].media_type.endswith("json"):
        assert json.loads(make_document(name, "https://hub.example"))


@pytest.mark.parametrize("name", vocabulary_names())
def test_a_vocabulary_is_whole_in_every_form(name: str) -> None:
    codes = list(vocabulary(name))
    assert [concept["code"] for concept in vocabulary_document(name)["concepts"]] == codes
    rows = list(csv.DictReader(io.StringIO(vocabulary_csv(name).decode("utf-8-sig"))))
    assert [row["code"] for row in rows] == codes
    graph = Graph().parse(data=vocabulary_turtle(name), format="turtle")
    assert {str(code) for code in graph.objects(None, SKOS.notation)} == set(codes)
    scheme = URIRef(PERMANENT + scheme_path(name))
    assert (scheme, RDF.type, SKOS.ConceptScheme) in graph
    assert len(set(graph.subjects(SKOS.inScheme, scheme))) == len(codes)


def test_a_concept_stands_beside_that_of_the_authority() -> None:
    concept = vocabulary("frequency")["daily"]
    graph = Graph().parse(data=concept_turtle(concept), format="turtle")
    own = URIRef(PERMANENT + concept.path)
    assert set(graph.objects(own, SKOS.exactMatch)) == {URIRef(concept.uri)}
    assert {str(label) for label in graph.objects(own, SKOS.prefLabel)} == {"일간", "Daily"}


def test_a_region_tells_what_came_after_it() -> None:
    concept = vocabulary("region")["42"]
    graph = Graph().parse(data=concept_turtle(concept), format="turtle")
    own = URIRef(PERMANENT + concept.path)
    replaced = URIRef("http://purl.org/dc/terms/isReplacedBy")
    assert URIRef(PERMANENT + vocabulary("region")["51"].path) in set(graph.objects(own, replaced))
