"""A feed of changes as linked data (LDES and TREE, by the profile for DCAT-AP feeds): pages that form a tree, and members.

A member is an activity: something was created, updated or deleted. What is described stands in the named graph of the
activity's address. Turtle knows no graphs; there it stands beside. Nothing here reads a feed, or knows where one is kept.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from catalog.exchange.dcat.names import NAMES
from catalog.exchange.dcat.pen import TYPE, address
from catalog.exchange.dcat.write import to_dcat
from catalog.exchange.entry import Catalogue
from catalog.exchange.rdf import JSON_LD, TRIG, TURTLE, Form, by_subject, write_rdf

FORMS = (TRIG, JSON_LD, TURTLE)
PREFIXES: Mapping[str, str] = {
    **NAMES,
    "as": "https://www.w3.org/ns/activitystreams#",
    "ldes": "https://w3id.org/ldes#",
    "tree": "https://w3id.org/tree#",
}
WRITERS: Mapping[Form, RdfFormat] = {TRIG: RdfFormat.TRIG, JSON_LD: RdfFormat.JSON_LD}
SHAPE = "https://semiceu.github.io/LDES-DCAT-AP-feeds/shape.ttl#ActivityShape"
MOMENT = dt.timedelta(microseconds=1)  # as fine as times are told
CREATE, UPDATE, DELETE = "as:Create", "as:Update", "as:Delete"


@dataclass(frozen=True)
class Member:
    """What happened to one entity; ``told`` is a catalogue of that one as it is now, None of a deleted one."""

    uri: str
    act: str
    entity: str
    published: dt.datetime
    told: Catalogue | None = None


@dataclass(frozen=True)
class Branch:
    """A page below: all its members were published between these moments, both included."""

    uri: str
    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True)
class Node:
    """A page of the tree; ``root`` is the one where the tree begins."""

    stream: str
    root: str
    uri: str
    branches: Sequence[Branch] = ()
    members: Sequence[Member] = ()


def write_node(node: Node, form: Form) -> bytes:
    """Write a page in one of ``FORMS``."""
    if form is TURTLE:
        beside = (triple for member in node.members for triple in told_triples(member))
        return write_rdf((*node_triples(node), *beside), TURTLE, PREFIXES)
    return serialize(to_quads(node), format=WRITERS[form], prefixes=dict(PREFIXES))


def to_quads(node: Node) -> Iterator[Quad]:
    for triple in node_triples(node):
        yield Quad(*triple, DefaultGraph())
    for member in node.members:
        graph = address(member.uri)
        for rows in by_subject(told_triples(member)).values():
            yield from (Quad(*triple, graph) for triple in rows)


def told_triples(member: Member) -> Iterator[Triple]:
    return to_dcat(member.told) if member.told is not None else iter(())


def node_triples(node: Node) -> Iterator[Triple]:
    """Tell the stream, this page of it, the pages below, and the members."""
    stream, page = address(node.stream), address(node.uri)
    yield Triple(stream, TYPE, term("ldes:EventStream"))
    yield Triple(stream, term("ldes:timestampPath"), term("as:published"))
    yield Triple(stream, term("ldes:versionOfPath"), term("as:object"))
    yield Triple(stream, term("tree:shape"), NamedNode(SHAPE))
    yield Triple(stream, term("tree:view"), address(node.root))
    for member in node.members:
        yield Triple(stream, term("tree:member"), address(member.uri))
    yield Triple(page, TYPE, term("tree:Node"))
    if node.uri == node.root:
        yield from retention_triples(node)
    for number, branch in enumerate(node.branches):
        yield from branch_triples(page, number, branch)
    for member in node.members:
        activity = address(member.uri)
        yield Triple(activity, TYPE, term(member.act))
        yield Triple(activity, term("as:object"), address(member.entity))
        yield Triple(activity, term("as:published"), moment(member.published))


def retention_triples(node: Node) -> Iterator[Triple]:
    """Tell that of each entity only the newest member is kept."""
    view, policy = address(f"{node.stream}-view"), address(f"{node.stream}-retention")
    yield Triple(address(node.root), term("tree:viewDescription"), view)
    yield Triple(view, TYPE, term("tree:ViewDescription"))
    yield Triple(view, term("ldes:retentionPolicy"), policy)
    yield Triple(policy, TYPE, term("ldes:LatestVersionSubset"))
    yield Triple(policy, term("ldes:amount"), Literal("1", datatype=term("xsd:integer")))


def branch_triples(page: NamedNode, number: int, branch: Branch) -> Iterator[Triple]:
    """Tell from when to when the members of a page below were published."""
    bounds = (
        ("tree:GreaterThanOrEqualToRelation", branch.first, "from"),
        ("tree:LessThanRelation", branch.last + MOMENT, "until"),
    )
    for kind, value, name in bounds:
        relation = address(f"{page.value}#{name}-{number}")
        yield Triple(page, term("tree:relation"), relation)
        yield Triple(relation, TYPE, term(kind))
        yield Triple(relation, term("tree:path"), term("as:published"))
        yield Triple(relation, term("tree:value"), moment(value))
        yield Triple(relation, term("tree:node"), address(branch.uri))


def moment(at: dt.datetime) -> Literal:
    told = at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Literal(told, datatype=term("xsd:dateTime"))


@cache
def term(short: str) -> NamedNode:
    prefix, _, name = short.partition(":")
    return NamedNode(PREFIXES[prefix] + name)
