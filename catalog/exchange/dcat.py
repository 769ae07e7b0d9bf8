"""DCAT 3 as JSON-LD: a description to a ``dcat:Dataset`` node and back, without loss over the whole profile.

Codes are written as the concept's URI together with our code (``skos:notation``), because several of our codes share one
URI of the EU's lists. A node without our code is read by its URI.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.standard import FIELDS, Field, Kind, vocabulary

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
ON_DISTRIBUTION = frozenset({"licence"})
Node = dict[str, Any]


def to_dcat(description: Mapping[str, Any], *, uri: str, access_url: str = "") -> Node:
    """Write a description as a ``dcat:Dataset`` with one ``dcat:Distribution``; ``uri`` is the dataset's permanent one."""
    dataset: Node = {"@context": CONTEXT, "@id": uri, "@type": "dcat:Dataset"}
    distribution: Node = {"@type": "dcat:Distribution"}
    if access_url:
        distribution["dcat:accessURL"] = {"@id": access_url}
    for field in FIELDS:
        if value := description.get(field.name):
            node = distribution if field.name in ON_DISTRIBUTION else dataset
            node[field.term] = TONGUES[field.kind].write(value, field)
    return dataset | {"dcat:distribution": [distribution]}


def from_dcat(node: Mapping[str, Any]) -> dict[str, Any]:
    """Read what ``to_dcat`` wrote."""
    distribution = next(iter(node.get("dcat:distribution", [])), {})
    description = {}
    for field in FIELDS:
        holder = distribution if field.name in ON_DISTRIBUTION else node
        if field.term in holder:
            description[field.name] = TONGUES[field.kind].read(holder[field.term], field)
    return description


@dataclass(frozen=True)
class Tongue:
    """How a kind of field is written as JSON-LD and read back."""

    write: Callable[[Any, Field], Any]
    read: Callable[[Any, Field], Any]


def write_text(value: Mapping[str, str], field: Field | None = None) -> list[Node]:
    return [{"@language": language, "@value": text} for language, text in value.items()]


def read_text(nodes: list[Node], field: Field | None = None) -> dict[str, str]:
    return {node["@language"]: node["@value"] for node in nodes}


def write_keywords(value: Mapping[str, list[str]], field: Field) -> list[Node]:
    return [{"@language": language, "@value": word} for language, words in value.items() for word in words]


def read_keywords(nodes: list[Node], field: Field) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for node in nodes:
        words.setdefault(node["@language"], []).append(node["@value"])
    return words


def write_code(value: str, field: Field) -> Node:
    concept = vocabulary(field.vocabulary)[value]
    return {
        "@id": concept.uri,
        "@type": "skos:Concept",
        "skos:notation": value,
        "skos:prefLabel": write_text(concept.label.as_dict()),
    }


def read_code(node: Node, field: Field) -> str:
    if "skos:notation" in node:
        return node["skos:notation"]
    return next(concept.code for concept in vocabulary(field.vocabulary).values() if concept.uri == node["@id"])


def write_region(value: str, field: Field) -> Node:
    return {
        "@type": "dct:Location",
        "dct:identifier": value,
        "skos:prefLabel": write_text(vocabulary("region")[value[:2]].label.as_dict()),
    }


def write_period(value: Mapping[str, str], field: Field) -> Node:
    sides = {"start": "dcat:startDate", "end": "dcat:endDate"}
    dates = {sides[side]: {"@type": "xsd:date", "@value": str(day)} for side, day in value.items()}
    return {"@type": "dct:PeriodOfTime"} | dates


def read_period(node: Node, field: Field) -> dict[str, str]:
    sides = {"dcat:startDate": "start", "dcat:endDate": "end"}
    return {sides[term]: node[term]["@value"] for term in sides if term in node}


def write_contact(value: Mapping[str, Any], field: Field) -> Node:
    node: Node = {"@type": "vcard:Organization", "vcard:fn": write_text(value["name"])}
    if value.get("email"):
        node["vcard:hasEmail"] = {"@id": f"mailto:{value['email']}"}
    if value.get("phone"):
        node["vcard:hasTelephone"] = {"@id": f"tel:{value['phone']}"}
    return node


def read_contact(node: Node, field: Field) -> dict[str, Any]:
    contact: dict[str, Any] = {"name": read_text(node["vcard:fn"])}
    if "vcard:hasEmail" in node:
        contact["email"] = node["vcard:hasEmail"]["@id"].removeprefix("mailto:")
    if "vcard:hasTelephone" in node:
        contact["phone"] = node["vcard:hasTelephone"]["@id"].removeprefix("tel:")
    return contact


TONGUES: Mapping[Kind, Tongue] = {
    Kind.TEXT: Tongue(write_text, read_text),
    Kind.KEYWORDS: Tongue(write_keywords, read_keywords),
    Kind.CODE: Tongue(write_code, read_code),
    Kind.REGION: Tongue(write_region, lambda node, field: node["dct:identifier"]),
    Kind.PERIOD: Tongue(write_period, read_period),
    Kind.CONTACT: Tongue(write_contact, read_contact),
    Kind.ORGANISATION: Tongue(
        lambda value, field: {"@type": "foaf:Organization", "dct:identifier": value},
        lambda node, field: node["dct:identifier"],
    ),
    Kind.ADDRESS: Tongue(lambda value, field: {"@id": value}, lambda node, field: node["@id"]),
}
