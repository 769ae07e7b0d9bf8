"""How each kind of value is told in RDF, written and read: one table, and a second one for the few fields that go their own way.

A reader gets the node (a ``Spot``) and the field and returns the value as the profile has it, None without one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rdflib import BNode, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.exchange import json_values
from catalog.exchange.dcat import parties, places, plain
from catalog.exchange.dcat.concepts import (
    code_of,
    describe_concept,
    describe_own,
    eu_theme_of,
    is_own,
    own_uri,
    read_code,
    read_codes,
    tail,
    theme_of,
    write_code,
)
from catalog.exchange.dcat.names import own_term
from catalog.exchange.dcat.page import Spot, texts_of
from catalog.exchange.dcat.pen import Pen, child
from catalog.exchange.entry import make_slug, slug_of_uri
from catalog.standard import CLASSES, PROFILE, Class, Field, Kind, fields_of
from catalog.standard.vocabularies import find_by_uri, vocabulary
from catalog.text import Text

POSITION = "hub:position"
# Classes of DCAT-AP that a validator without inference wants to see beside those of the standard.
ALSO: Mapping[str, tuple[str, ...]] = {"foaf:Organization": ("foaf:Agent",), "vcard:Organization": ("vcard:Kind",)}


def write_description(pen: Pen, node: str, class_: Class, description: Mapping[str, Any]) -> None:
    """Write every field that has a value, as the profile says."""
    term = CLASSES[class_].term
    pen.be(node, term, *ALSO.get(term, ()))
    for field in PROFILE[class_]:
        value = description.get(field.name)
        if value is None or value == "":
            continue
        way = way_of(class_, field)
        for part in value if field.many and not way.takes_all else [value]:
            way.write(pen, node, field, part)


def read_description(spot: Spot) -> dict[str, Any]:
    """Read every field that a node has a value for."""
    description = {}
    for field in PROFILE[spot.class_]:
        way = way_of(spot.class_, field)
        read = way.read_all if field.many and way.read_all else way.read
        value = read(spot, field)
        if value is not None and value != {} and value != []:
            description[field.name] = value
    return description


@dataclass(frozen=True)
class Way:
    """How a kind is written and read; ``read_all`` reads a field of many values, ``takes_all``: it is written all at once."""

    write: Callable[[Pen, str, Field, Any], None]
    read: Callable[[Spot, Field], Any]
    read_all: Callable[[Spot, Field], Any] | None = None
    takes_all: bool = False


def way_of(class_: Class, field: Field) -> Way:
    return OWN_WAYS.get((class_, field.name)) or WAYS[field.kind]


def write_contact(pen: Pen, node: str, field: Field, value: Mapping[str, Any]) -> None:
    contact = child(node, field.name)
    pen.refer(node, field.term, contact)
    write_description(pen, contact, Class.CONTACT, value)


def read_contact(spot: Spot, field: Field) -> dict[str, Any] | None:
    """Read an office; of a person only where it can be reached, and the office's name if it is told."""
    chosen = spot.one(field.term, spot.values(field.term))
    if chosen is None:
        return None
    if isinstance(chosen, Words):
        text = str(chosen).strip()
        if "@" in text:
            email = json_values.read_email(text, spot.where(field.term), spot.page.notes)
            return {"email": email} if email else None
        return {"name": {json_values.in_language(text): text}} if text else None
    contact = read_description(spot.at(chosen, Class.CONTACT))
    if parties.is_person(spot, chosen):
        office = texts_of(spot.page.values(chosen, "vcard:organization-name"))
        if contact.pop("name", None) and not office:
            spot.note(
                field.term,
                Text(ko="사람 이름은 옮기지 않았습니다", en="names a person, whose name was left out; name the office"),
            )
        contact |= {"name": office} if office else {}
    return contact or None


def write_reference(pen: Pen, node: str, field: Field, slug: str) -> None:
    pen.refer(node, field.term, REFERENCES[field.of][1](pen.catalogue, slug))


def read_reference(spot: Spot, field: Field) -> str | None:
    found = read_references(spot, field) or []
    chosen = spot.one(field.term, [Words(slug) for slug in found])
    return None if chosen is None else str(chosen)


def read_references(spot: Spot, field: Field) -> list[str] | None:
    kind = REFERENCES[field.of][0]
    slugs = (slug_of(spot, value, kind) for value in spot.values(field.term) if not isinstance(value, Words))
    return list(dict.fromkeys(slug for slug in slugs if slug)) or None


def slug_of(spot: Spot, value: Node, kind: str) -> str | None:
    """Return the slug of a dataset, series or service: that of the document, ours, else one made from its address."""
    known = spot.page.slugs.get(value) or slug_of_uri(str(value), spot.page.base, kind)
    return known or (None if isinstance(value, BNode) else make_slug(tail(str(value)), str(value)) or None)


REFERENCES: Mapping[Class | None, tuple[str, Callable[[Any, str], str]]] = {
    Class.DATASET: ("dataset", lambda catalogue, slug: catalogue.dataset_uri(slug)),
    Class.SERIES: ("series", lambda catalogue, slug: catalogue.series_uri(slug)),
    Class.SERVICE: ("service", lambda catalogue, slug: catalogue.service_uri(slug)),
}


def write_checksum(pen: Pen, node: str, field: Field, value: Mapping[str, str]) -> None:
    checksum = child(node, field.name)
    pen.refer(node, field.term, checksum)
    pen.be(checksum, "spdx:Checksum")
    concept = vocabulary(field.vocabulary).get(value.get("algorithm", ""))
    if concept is not None:
        pen.refer(checksum, "spdx:algorithm", concept.uri)
        describe_concept(pen, concept, concept.uri)
    pen.say(checksum, "spdx:checksumValue", value["value"], "xsd:hexBinary")


def read_checksum(spot: Spot, field: Field) -> dict[str, str] | None:
    chosen = spot.one(field.term, [value for value in spot.values(field.term) if not isinstance(value, Words)])
    if chosen is None:
        return None
    digits = next(iter(spot.page.words(chosen, ("spdx:checksumValue",))), "").strip()
    algorithms = (code_of(spot, field.vocabulary, value) for value in spot.page.values(chosen, "spdx:algorithm"))
    algorithm = next((code for code in algorithms if code), None)
    if not digits or algorithm is None:
        spot.refuse(
            field.term, digits, Text(ko="은(는) 알 수 없는 체크섬입니다", en="is a checksum of an unknown algorithm")
        )
        return None
    return {"algorithm": algorithm, "value": digits}


def write_identifiers(pen: Pen, node: str, field: Field, identifiers: list[Mapping[str, str]]) -> None:
    for number, identifier in enumerate(identifiers, 1):
        told = child(node, field.name, number)
        pen.refer(node, field.term, told)
        pen.be(told, "adms:Identifier")
        pen.say(told, "skos:notation", identifier["notation"])
        if scheme := identifier.get("scheme"):
            if ":" in scheme:
                pen.refer(told, "dct:conformsTo", scheme)
            else:
                pen.say(told, "adms:schemaAgency", scheme)


def read_identifiers(spot: Spot, field: Field) -> list[dict[str, str]] | None:
    found = []
    for value in spot.values(field.term):
        notation = spot.page.first(spot.page.values(value, "skos:notation")) if not isinstance(value, Words) else value
        if notation is None:
            notation = value if isinstance(value, URIRef) else None
        if notation is None or not str(notation).strip():
            continue
        schemes = [
            target
            for term in IDENTIFIER_SCHEMES
            for target in spot.page.values(value, term)
            if not isinstance(target, BNode)
        ]
        datatype = str(getattr(notation, "datatype", None) or "")
        scheme = str(spot.page.first(schemes) or (datatype if datatype and "XMLSchema" not in datatype else ""))
        found.append({"notation": str(notation).strip()} | ({"scheme": scheme} if scheme else {}))
    return found or None


IDENTIFIER_SCHEMES = ("dct:conformsTo", "skos:inScheme", "adms:schemaAgency", "adms:schemeAgency")


def write_parts(pen: Pen, node: str, field: Field, parts: list[Mapping[str, Any]]) -> None:
    """Write distributions or columns; their numbers keep their order, whoever has held the graph in between."""
    for number, (uri, part) in enumerate(zip(part_uris(node, field, parts), parts, strict=True), 1):
        pen.refer(node, field.term, uri)
        write_description(pen, uri, field.of or Class.COLUMN, part)
        pen.say(uri, POSITION, str(number), "xsd:integer")


def part_uris(node: str, field: Field, parts: list[Mapping[str, Any]]) -> list[str]:
    """Return the address of each part: by its identifier, else by its number."""
    name = CLASSES[field.of].term.partition(":")[2].lower() if field.of else field.name
    uris: dict[str, None] = {}
    for number, part in enumerate(parts, 1):
        own = quote(str(part.get("identifier") or ""), safe="-._~")
        uri = child(node, f"{name}-{own or number}")
        uris[uri if uri not in uris else child(node, f"{name}-{number}.{number}")] = None
    return list(uris)


def read_parts(spot: Spot, field: Field) -> list[dict[str, Any]] | None:
    nodes = [value for value in spot.values(field.term) if not isinstance(value, Words)]
    nodes.sort(key=lambda node: position_of(spot, node))
    return [read_description(spot.at(node, field.of or Class.COLUMN)) for node in nodes] or None


def position_of(spot: Spot, node: Node) -> int:
    numbers = [text for text in spot.page.words(node, (POSITION,)) if text.isascii() and text.isdigit()]
    return int(numbers[0]) if numbers else 0


def write_theme(pen: Pen, node: str, field: Field, code: str) -> None:
    """Write our theme; what it is in the EU's list is written with the EU's themes."""
    concept = vocabulary("theme").get(code)
    if concept is None:
        pen.say(node, own_term(field.name), code)
        return
    pen.refer(node, field.term, own_uri(concept))
    describe_own(pen, concept)


def write_eu_theme(pen: Pen, node: str, theme: str) -> None:
    """Write the EU's theme that a theme of ours belongs to."""
    concept = vocabulary("eu_theme").get(eu_theme_of(theme))
    if concept is not None:
        pen.refer(node, "dcat:theme", concept.uri)
        describe_concept(pen, concept, concept.uri)


def write_licence(pen: Pen, node: str, *, own: str, inherited: str, url: str) -> None:
    """Write the one licence that a distribution may have; that it names it itself is told by our own concept."""
    concept = vocabulary("licence").get(own or inherited)
    if url:
        plain.write_address(pen, node, fields_of(Class.DISTRIBUTION)["licence_url"], url)
    elif concept is not None:
        pen.refer(node, "dct:license", concept.uri)
        describe_concept(pen, concept, concept.uri)
    if own and concept is not None:
        pen.refer(node, own_term("licence"), own_uri(concept))
        describe_own(pen, concept)


def write_nothing(pen: Pen, node: str, field: Field, value: object) -> None:
    """Leave a field to the one who writes the description that it belongs to."""


def read_licence(spot: Spot, field: Field) -> str | None:
    """Read the licence that a distribution names itself: in what is ours, only what is told to be its own."""
    if spot.is_ours and not spot.own(field.name):
        return None
    return read_code(spot, field)


def read_theme(spot: Spot, field: Field) -> str | None:
    values = spot.values(field.term)
    for value in values:
        if isinstance(value, URIRef) and is_own(str(value), "theme") and (code := find_by_uri("theme", str(value))):
            return code
    for text in spot.page.words(spot.node, (own_term(field.name),)):
        return text
    themes = [theme_of(code) for value in values if (code := code_of(spot, "eu_theme", value))]
    themes += [code for value in values if not isinstance(value, URIRef) and (code := code_of(spot, "theme", value))]
    return next((theme for theme in sorted(themes) if theme), None)


def read_eu_themes(spot: Spot, field: Field) -> list[str] | None:
    """Read the EU's themes, but the one that our own theme stands for anyway."""
    codes = read_eu_codes(spot, spot.values(field.term))
    theme = read_theme(spot, fields_of(spot.class_)["theme"])
    return None if not codes or codes == [eu_theme_of(theme or "")] else codes


def read_eu_codes(spot: Spot, values: list[Node]) -> list[str]:
    codes = []
    for value in values:
        if isinstance(value, URIRef) and is_own(str(value), "theme"):
            continue
        if code := code_of(spot, "eu_theme", value):
            codes.append(code)
        elif isinstance(value, URIRef):
            spot.page.notes.refuse(
                spot.where("dcat:theme"),
                str(value),
                Text(ko="은(는) 모르는 분야입니다", en="is a theme that no list here has"),
            )
    return list(dict.fromkeys(codes))


WAYS: Mapping[Kind, Way] = {
    Kind.TEXT: Way(plain.write_text, plain.read_text),
    Kind.KEYWORDS: Way(plain.write_keywords, plain.read_keywords),
    Kind.STRING: Way(plain.write_string, plain.read_string, plain.read_strings),
    Kind.CODE: Way(write_code, read_code, read_codes),
    Kind.REGION: Way(places.write_region, places.read_region),
    Kind.DAY: Way(plain.write_moment, plain.read_day),
    Kind.MOMENT: Way(plain.write_moment, plain.read_moment),
    Kind.PERIOD: Way(plain.write_period, plain.read_period),
    Kind.DURATION: Way(plain.write_duration, plain.read_duration),
    Kind.INTEGER: Way(plain.write_integer, plain.read_integer),
    Kind.DECIMAL: Way(plain.write_decimal, plain.read_decimal),
    Kind.BOOLEAN: Way(plain.write_boolean, plain.read_boolean),
    Kind.CONTACT: Way(write_contact, read_contact),
    Kind.ORGANISATION: Way(parties.write_organisation, parties.read_organisation),
    Kind.ADDRESS: Way(plain.write_address, plain.read_address, plain.read_addresses),
    Kind.REFERENCE: Way(write_reference, read_reference, read_references),
    Kind.BOX: Way(places.write_box, places.read_box),
    Kind.CHECKSUM: Way(write_checksum, read_checksum),
    Kind.IDENTIFIER: Way(write_identifiers, read_identifiers, read_identifiers, takes_all=True),
    Kind.AGENT: Way(parties.write_agents, parties.read_agents, parties.read_agents, takes_all=True),
    Kind.ATTRIBUTION: Way(
        parties.write_attributions, parties.read_attributions, parties.read_attributions, takes_all=True
    ),
    Kind.RELATION: Way(parties.write_relations, parties.read_relations, parties.read_relations, takes_all=True),
    Kind.PART: Way(write_parts, read_parts, read_parts, takes_all=True),
}
OWN_WAYS: Mapping[tuple[Class, str], Way] = {
    (class_, name): way
    for class_ in (Class.DATASET, Class.SERVICE, Class.DATA_MODEL)
    for name, way in (
        ("theme", Way(write_theme, read_theme)),
        ("eu_themes", Way(write_code, read_eu_themes, read_eu_themes)),
    )
} | {
    (Class.DISTRIBUTION, "licence"): Way(write_nothing, read_licence),
    (Class.DISTRIBUTION, "licence_url"): Way(write_nothing, plain.read_address),
}
