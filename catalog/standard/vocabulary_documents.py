"""A vocabulary, or one concept of it, as documents: JSON, SKOS in Turtle, CSV.

A concept is told under the URI that every hub has for it; where an authority keeps the list, its URI stands beside
(``skos:exactMatch``, or ``skos:broadMatch`` where several of our codes share it).
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from catalog.standard.profile import PREFIXES
from catalog.standard.tables import on_change
from catalog.standard.vocabularies import PERMANENT, Concept, scheme_label, scheme_path, scheme_uri, vocabulary
from catalog.text import Text

Document = dict[str, Any]
LANGUAGES = ("ko", "en")
SPOKEN_COLUMNS = ("titles", "datagokr", "keti")  # names that people and portals have for a concept
OTHER_URIS = "also"
TYPE = NamedNode(PREFIXES["rdf"] + "type")
VALID, REPLACED_BY = "dct:valid", "dct:isReplacedBy"


def vocabulary_document(name: str) -> Document:
    concepts = vocabulary(name).values()
    return {
        "name": name,
        "label": scheme_label(name).as_dict(),
        "uri": scheme_uri(name),
        "address": PERMANENT + scheme_path(name),
        "concepts": [concept_document(concept) for concept in concepts],
    }


def concept_document(concept: Concept) -> Document:
    document = {
        "code": concept.code,
        "label": concept.label.as_dict(),
        "uri": concept.uri,
        "address": PERMANENT + concept.path,
        "vocabulary": concept.vocabulary,
        "days": concept.days,
        "since": concept.since,
        "until": concept.until,
        "mappings": {column: list(concept.names_in(column)) for column in concept.mappings},
    }
    return {name: value for name, value in document.items() if value not in (None, "", {})}


def vocabulary_csv(name: str) -> bytes:
    """Return a table with a row per code; alternatives within a cell are divided as in the hub's own tables."""
    concepts = list(vocabulary(name).values())
    columns = list(dict.fromkeys(column for concept in concepts for column in concept.mappings))
    own = [column for column in ("days", "since", "until") if any(getattr(each, column) for each in concepts)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(["code", *LANGUAGES, "uri", *own, *columns])
    for each in concepts:
        told = [getattr(each, column) if getattr(each, column) is not None else "" for column in own]
        mapped = [each.mappings.get(column, "") for column in columns]
        writer.writerow([each.code, each.label.ko, each.label.en, each.uri, *told, *mapped])
    return file.getvalue().encode("utf-8-sig")


@cache
def vocabulary_turtle(name: str) -> bytes:
    shared = shared_uris(name)
    concepts = (triple for concept in vocabulary(name).values() for triple in concept_triples(concept, shared))
    return turtle([*scheme_triples(name), *concepts])


def concept_turtle(concept: Concept) -> bytes:
    return turtle([*scheme_triples(concept.vocabulary), *concept_triples(concept, shared_uris(concept.vocabulary))])


def scheme_triples(name: str) -> Iterator[Triple]:
    scheme = own_scheme(name)
    yield Triple(scheme, TYPE, named("skos:ConceptScheme"))
    yield from labels(scheme, "skos:prefLabel", scheme_label(name))
    yield from labels(scheme, "dct:title", scheme_label(name))
    if scheme_uri(name) != scheme.value:
        yield Triple(scheme, named("rdfs:seeAlso"), NamedNode(scheme_uri(name)))


def concept_triples(concept: Concept, shared: frozenset[str]) -> Iterator[Triple]:
    own, scheme = NamedNode(PERMANENT + concept.path), own_scheme(concept.vocabulary)
    yield Triple(own, TYPE, named("skos:Concept"))
    yield Triple(own, named("skos:notation"), Literal(concept.code))
    yield from labels(own, "skos:prefLabel", concept.label)
    yield Triple(own, named("skos:inScheme"), scheme)
    if not concept.mappings.get("parent"):
        yield Triple(own, named("skos:topConceptOf"), scheme)
    if concept.uri != own.value:
        match = "skos:broadMatch" if concept.uri in shared else "skos:exactMatch"
        yield Triple(own, named(match), NamedNode(concept.uri))
    for uri in concept.names_in(OTHER_URIS):
        if "://" in uri:
            yield Triple(own, named("skos:closeMatch"), NamedNode(uri))
    spoken = dict.fromkeys(word for column in SPOKEN_COLUMNS for word in concept.names_in(column))
    for word in spoken:
        if word not in (concept.label.ko, concept.label.en):
            yield Triple(own, named("skos:altLabel"), Literal(word))
    yield from region_triples(concept, own)


def region_triples(concept: Concept, own: NamedNode) -> Iterator[Triple]:
    """Tell what is known of a region's time: since when and until when its code is valid, and what came after it."""
    path = PERMANENT + scheme_path(concept.vocabulary)
    if parent := concept.mappings.get("parent"):
        yield Triple(own, named("skos:broader"), NamedNode(f"{path}/{parent}"))
    if concept.since or concept.until:
        yield Triple(own, named(VALID), Literal(f"start={concept.since}; end={concept.until}"))
    for code in concept.names_in("successors"):
        yield Triple(own, named(REPLACED_BY), NamedNode(f"{path}/{code}"))


def shared_uris(name: str) -> frozenset[str]:
    counted = Counter(concept.uri for concept in vocabulary(name).values())
    return frozenset(uri for uri, number in counted.items() if number > 1)


def labels(node: NamedNode, term: str, text: Text) -> Iterator[Triple]:
    for language, words in text.as_dict().items():
        yield Triple(node, named(term), Literal(words, language=language))


def own_scheme(name: str) -> NamedNode:
    return NamedNode(PERMANENT + scheme_path(name))


def named(term: str) -> NamedNode:
    prefix, _, name = term.partition(":")
    return NamedNode(PREFIXES[prefix] + name)


def turtle(triples: Iterable[Triple]) -> bytes:
    used = {prefix: PREFIXES[prefix] for prefix in ("dct", "rdf", "rdfs", "skos")}
    return serialize(triples, format=RdfFormat.TURTLE, prefixes=used)


on_change(vocabulary_turtle.cache_clear)
