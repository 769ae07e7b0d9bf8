"""Who: publishers, contact points and everybody else with a part in a dataset, written and read side by side."""

from collections.abc import Mapping
from typing import Any

from rdflib import BNode, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.exchange.dcat.concepts import code_of as code_of_concept
from catalog.exchange.dcat.concepts import describe_concept, tail
from catalog.exchange.dcat.page import Page, Spot, texts_of
from catalog.exchange.dcat.pen import Pen, child
from catalog.exchange.entry import make_slug, slug_of_uri
from catalog.exchange.json_values import in_language
from catalog.standard import Field
from catalog.standard.vocabularies import vocabulary
from catalog.text import Text

ORGANISATION_CLASSES = ("foaf:Organization", "foaf:Agent")
NAMES = ("foaf:name", "skos:prefLabel", "rdfs:label", "dct:title", "schema:name", "vcard:fn", "vcard:organization-name")


def write_organisation(pen: Pen, node: str, field: Field, slug: str) -> None:
    """Name the publisher; one of whom nothing but the slug is known is told by it alone."""
    uri = pen.catalogue.organisation_uri(slug)
    pen.refer(node, field.term, uri)
    if slug not in pen.catalogue.organisations and pen.tell_once(uri):
        pen.be(uri, *ORGANISATION_CLASSES)
        pen.say(uri, "foaf:name", slug)


def read_organisation(spot: Spot, field: Field) -> str | None:
    chosen = spot.one(field.term, spot.values(field.term))
    return None if chosen is None else organisation_slug(spot.page, chosen)


def organisation_slug(page: Page, node: Node) -> str | None:
    """Return the slug of a publisher: ours, else one made from its name, else from its address."""
    own = slug_of_uri(str(node), page.base, "organisation")
    if own:
        return own
    name = agent_name(page, node)
    words = name.get("en") or name.get("ko") or ""
    if not words and isinstance(node, BNode):
        return None
    return make_slug(words or tail(str(node)), words or str(node)) or None


def agent_name(page: Page, node: Node) -> dict[str, str]:
    """Return what an agent is called; a publisher that is only a text is called so."""
    if isinstance(node, Words):
        return {in_language(str(node)): str(node).strip()} if str(node).strip() else {}
    return next((texts for term in NAMES if (texts := texts_of(page.values(node, term)))), {})


def write_agent(pen: Pen, uri: str, name: Mapping[str, str]) -> None:
    if pen.begin(uri):
        pen.be(uri, "foaf:Agent")
        pen.label(uri, "foaf:name", Text.from_value(name) or Text(en=uri))


def write_agents(pen: Pen, node: str, field: Field, agents: list[Mapping[str, Any]]) -> None:
    for number, agent in enumerate(agents, 1):
        uri = agent.get("uri") or child(node, field.name, number)
        pen.refer(node, own_list_term(field, number, pen, node), uri)
        write_agent(pen, uri, agent.get("name", {}))


def own_list_term(field: Field, number: int, pen: Pen, node: str) -> str:
    """Return the property of an agent; DCAT-AP allows a catalogue one creator, further ones stand in a property of ours."""
    return field.term if number == 1 or node != pen.catalogue.uri else FURTHER_CREATORS


FURTHER_CREATORS = "hub:furtherCreator"


def read_agents(spot: Spot, field: Field) -> list[dict[str, Any]] | None:
    values = [*spot.values(field.term), *spot.page.values(spot.node, FURTHER_CREATORS)]
    return [agent for value in values if (agent := agent_of(spot, value))] or None


def agent_of(spot: Spot, value: Node) -> dict[str, Any]:
    """Return name and address of an agent; a name that only repeats the address, and an address inside the dataset, are none."""
    name = agent_name(spot.page, value)
    agent: dict[str, Any] = {"name": name} if name and name != {"en": str(value)} else {}
    if isinstance(value, URIRef) and not str(value).startswith(f"{spot.node}#"):
        agent["uri"] = str(value)
    return agent


def write_attributions(pen: Pen, node: str, field: Field, attributions: list[Mapping[str, Any]]) -> None:
    for number, attribution in enumerate(attributions, 1):
        told = child(node, field.name, number)
        pen.refer(node, field.term, told)
        pen.be(told, "prov:Attribution")
        agent = attribution.get("uri") or child(told, "agent")
        pen.refer(told, "prov:agent", agent)
        write_agent(pen, agent, attribution.get("name", {}))
        write_role(pen, told, field, attribution.get("role", ""))


def read_attributions(spot: Spot, field: Field) -> list[dict[str, Any]] | None:
    found = []
    for value in spot.values(field.term):
        agent = spot.page.first(spot.page.values(value, "prov:agent"))
        attribution = agent_of(spot, agent) if agent is not None else {}
        role = read_role(spot, field, value)
        if attribution:
            found.append(attribution | ({"role": role} if role else {}))
    return found or None


def write_relations(pen: Pen, node: str, field: Field, relations: list[Mapping[str, Any]]) -> None:
    for number, relation in enumerate(relations, 1):
        told = child(node, field.name, number)
        pen.refer(node, field.term, told)
        pen.be(told, "dcat:Relationship")
        pen.refer(told, "dct:relation", relation["target"])
        write_role(pen, told, field, relation.get("role", ""))


def read_relations(spot: Spot, field: Field) -> list[dict[str, Any]] | None:
    found = []
    for value in spot.values(field.term):
        role = read_role(spot, field, value)
        for target in spot.page.values(value, "dct:relation"):
            if isinstance(target, URIRef):
                found.append({"target": str(target)} | ({"role": role} if role else {}))
    return found or None


def write_role(pen: Pen, node: str, field: Field, role: str) -> None:
    concept = vocabulary(field.vocabulary).get(role)
    if concept is not None:
        pen.refer(node, "dcat:hadRole", concept.uri)
        describe_concept(pen, concept, concept.uri)
    elif role:
        pen.say(node, "dcat:hadRole", role)


def read_role(spot: Spot, field: Field, node: Node) -> str | None:
    roles = [*spot.page.values(node, "dcat:hadRole"), *spot.page.values(node, "prov:hadRole")]
    codes = sorted(code for role in roles if (code := code_of_concept(spot, field.vocabulary, role)))
    if roles and not codes:
        spot.refuse(
            "dcat:hadRole",
            roles[0],
            Text(ko="은(는) 코드표에 없는 구실입니다", en="is not a role that the vocabulary has"),
        )
    return next(iter(codes), None)


def is_person(spot: Spot, node: Node) -> bool:
    return spot.page.is_a(node, "vcard:Individual") or spot.page.is_a(node, "foaf:Person")
