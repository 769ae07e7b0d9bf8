"""Codes as concepts: the authority's URI in the common property, and a small description of it, so that others can check it.

Where several of our codes share one URI of the authority (``registered`` and ``restricted``), our own concept stands beside
it in a property of ours (``hub:accessLevel``), and so does every licence: a distribution that only takes over the licence of
its dataset is told apart from one that names its own.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache

from rdflib import BNode, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.exchange.dcat.names import own_term
from catalog.exchange.dcat.page import LABELS as LABEL_TERMS
from catalog.exchange.dcat.page import Spot
from catalog.exchange.dcat.pen import Pen
from catalog.standard import Field
from catalog.standard.vocabularies import (
    PERMANENT,
    Concept,
    find_by_mapping,
    find_by_uri,
    find_code,
    scheme_label,
    scheme_path,
    scheme_uri,
    vocabulary,
)
from catalog.text import Text

# What a concept is besides a concept, by its vocabulary; () is for what is no skos:Concept at all.
CLASSES: Mapping[str, tuple[str, ...]] = {
    "access_level": ("skos:Concept", "dct:RightsStatement"),
    "checksum_algorithm": ("spdx:ChecksumAlgorithm",),
    "column_type": ("rdfs:Datatype",),
    "crs": ("skos:Concept", "dct:Standard"),
    "data_model": ("dct:Standard",),
    "file_type": ("skos:Concept", "dct:MediaTypeOrExtent"),
    "frequency": ("skos:Concept", "dct:Frequency"),
    "language": ("skos:Concept", "dct:LinguisticSystem"),
    "licence": ("dct:LicenseDocument",),
    "role": ("skos:Concept", "dcat:Role"),
}
NO_CODE = Text(ko="은(는) 코드표에 없는 값입니다", en="is not in the vocabulary")
SHARED_TERMS = frozenset({"dct:conformsTo", "dct:license", "dct:spatial", "dcat:theme"})
LABELS: Mapping[str, str] = {"licence": "dct:title", "data_model": "dct:title"}
CRS_TYPE = (
    "http://inspire.ec.europa.eu/glossary/SpatialReferenceSystem"  # as GeoDCAT-AP tells a CRS from other standards
)
# What others mean by a URI that several of our codes share, where the first of them says too much.
MEANT = {"http://publications.europa.eu/resource/authority/access-right/RESTRICTED": "restricted"}
LICENCE_TYPE = "http://purl.org/adms/licencetype/"
ALWAYS_OWN = frozenset({"licence"})


def write_code(pen: Pen, node: str, field: Field, code: str) -> None:
    """Write a code as its concept; a code that no vocabulary of ours has stays the text that it is."""
    concept = vocabulary(field.vocabulary).get(code)
    if concept is None:
        pen.say(node, field.term, code)
        return
    pen.refer(node, field.term, concept.uri)
    describe_concept(pen, concept, concept.uri)
    if field.name in ALWAYS_OWN or concept.uri in shared_uris(field.vocabulary):
        pen.refer(node, own_term(field.name), own_uri(concept))
        describe_own(pen, concept)


def read_code(spot: Spot, field: Field) -> str | None:
    """Read one code: our own concept where it stands, else whatever the property says."""
    if own := codes_in(spot, field, spot.own(field.name)):
        return own[0]
    codes = codes_in(spot, field, spot.values(field.term))
    if len(codes) > 1:
        spot.note(field.term, Text(ko="값이 여럿이어서 하나만 옮겼습니다", en="has several values; only one was kept"))
    return min(codes, default=None)


def read_codes(spot: Spot, field: Field) -> list[str] | None:
    return codes_in(spot, field, spot.values(field.term)) or None


def codes_in(spot: Spot, field: Field, values: list[Node]) -> list[str]:
    """Return the codes that values stand for; what no vocabulary knows is noted, unless another field takes it."""
    found = []
    for value in values:
        code = code_of(spot, field.vocabulary, value)
        if code is not None:
            found.append(code)
        elif field.term not in SHARED_TERMS and (words := name_of(spot, value)):
            spot.refuse(field.term, words, NO_CODE)
    return list(dict.fromkeys(found))


def code_of(spot: Spot, name: str, value: Node) -> str | None:
    """Return the code of a value: by its URI, its notation, its label, or any name that others have for it."""
    if isinstance(value, URIRef) and (code := MEANT.get(str(value)) or find_by_uri(name, str(value))):
        return code
    words = spot.page.words(value, ("skos:notation", "dct:identifier", *LABEL_TERMS))
    if isinstance(value, Words) or (isinstance(value, URIRef) and "/" not in str(value)):
        words.append(str(value).strip())
    found = (find_code(name, text) or find_by_mapping(name, "media_type", text) for text in words if text)
    return next((code for code in found if code), None)


def name_of(spot: Spot, value: Node) -> str:
    return str(value) if not isinstance(value, BNode) else next(iter(spot.page.words(value, LABEL_TERMS)), "[]")


def describe_concept(pen: Pen, concept: Concept, uri: str) -> None:
    """Tell what a concept is, once a document."""
    if not pen.tell_once(uri):
        return
    name = concept.vocabulary
    pen.be(uri, *CLASSES.get(name, ("skos:Concept",)))
    pen.label(uri, LABELS.get(name, "skos:prefLabel"), shared_label(name, uri) or concept.label)
    if "skos:Concept" in CLASSES.get(name, ("skos:Concept",)):
        pen.refer(uri, "skos:inScheme", concept.scheme)
        describe_scheme(pen, concept.scheme, scheme_label(name))
    if name == "licence":
        for licence_type in concept.mappings.get("licence_type", "").split():
            pen.refer(uri, "dct:type", LICENCE_TYPE + licence_type)
            describe_concept(pen, vocabulary("licence_type")[licence_type], LICENCE_TYPE + licence_type)
    if name == "crs":
        pen.refer(uri, "dct:type", CRS_TYPE)
        describe_word(pen, CRS_TYPE, "http://inspire.ec.europa.eu/glossary", "skos:Concept")


def describe_own(pen: Pen, concept: Concept) -> None:
    """Tell our own concept: its code, its labels, its list, and the authority's concept that stands above it."""
    uri = own_uri(concept)
    if not pen.tell_once(uri):
        return
    pen.be(uri, "skos:Concept")
    pen.say(uri, "skos:notation", concept.code)
    pen.label(uri, "skos:prefLabel", concept.label)
    scheme = PERMANENT + scheme_path(concept.vocabulary)
    pen.refer(uri, "skos:inScheme", scheme)
    describe_scheme(pen, scheme, scheme_label(concept.vocabulary))
    if concept.uri != uri:
        pen.refer(
            uri, "skos:broadMatch" if concept.uri in shared_uris(concept.vocabulary) else "skos:exactMatch", concept.uri
        )


def describe_scheme(pen: Pen, uri: str, label: Text) -> None:
    if pen.tell_once(uri):
        pen.be(uri, "skos:ConceptScheme")
        pen.label(uri, "dct:title", label)


def describe_word(pen: Pen, uri: str, scheme: str, *classes: str) -> None:
    """Tell a concept of which nothing but its URI is known: the end of the URI is its label."""
    if pen.tell_once(uri):
        pen.be(uri, *classes)
        pen.say(uri, "skos:prefLabel", tail(uri))
        if scheme:
            pen.refer(uri, "skos:inScheme", scheme)


def own_uri(concept: Concept) -> str:
    return PERMANENT + concept.path


def is_own(uri: str, name: str) -> bool:
    """Tell whether a URI is a hub's own for a concept of a vocabulary."""
    return f"{scheme_path(name)}/" in uri


@cache
def shared_uris(name: str) -> frozenset[str]:
    """Return the URIs that several codes of a vocabulary share."""
    counted = Counter(concept.uri for concept in vocabulary(name).values())
    return frozenset(uri for uri, count in counted.items() if count > 1)


def shared_label(name: str, uri: str) -> Text:
    """Return what a URI is called that several of our codes share; nothing for any other."""
    if uri not in shared_uris(name):
        return Text()
    return vocabulary(name)[find_by_uri(name, uri) or ""].label if name == "licence" else Text(en=tail(uri))


@cache
def eu_theme_of(theme: str) -> str:
    """Return the EU data theme that a theme of ours belongs to."""
    concept = vocabulary("theme").get(theme)
    return concept.mappings.get("eu_code", "") if concept else ""


def theme_of(eu_theme: str) -> str:
    concept = vocabulary("eu_theme").get(eu_theme)
    return concept.mappings.get("theme", "") if concept else ""


def tail(uri: str) -> str:
    """Return the last part of a URI, to stand for a label."""
    return next((part for part in reversed(uri.replace("#", "/").split("/")) if part), uri)


def taxonomy_title(uri: str) -> Text:
    """Return the title of a list of concepts: its own where it is one that we use, else the end of its URI."""
    for name in ("eu_theme", "theme"):
        if uri in (scheme_uri(name), PERMANENT + scheme_path(name)):
            return scheme_label(name)
    return Text(en=tail(uri))
