"""The standard as SHACL shapes: a node shape for each class, a property shape for each property, from the profile's rows.

Several fields may share a property (``dct:spatial`` holds the region and other places): their shape allows what any of them
allows. What is mandatory must be there, what is recommended is only said to be so. The shapes are for graphs as they are,
without inference: DCAT makes a catalogue a kind of dataset, which it is not asked to be here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, groupby

from rdflib import RDF, SH, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from catalog.standard.profile import CLASSES, NAMESPACE, PREFIXES, PROFILE, VERSION, Class, Field, Kind, Obligation
from catalog.standard.vocabularies import PERMANENT, scheme_uri, vocabulary
from catalog.standard.wording import demand
from catalog.text import Text

ADDRESS = f"{PERMANENT}/standard/{VERSION}/shapes.ttl"
HUB = Namespace(NAMESPACE)
LANGUAGES = ("ko", "en")
# Many nodes are a dct:Standard; only what a dataset names as its data model is one of ours.
UNTARGETED = frozenset({Class.DATA_MODEL})
# Vocabularies with more codes than a shape should list: their concepts name their list instead.
LONG = frozenset({"file_type", "language"})
# Properties that lead to a statement or an agent, where the field is a text.
STATEMENTS = frozenset({"dct:provenance", "dct:rights", "dct:rightsHolder"})
MEDIA_TYPES = frozenset({"dcat:mediaType", "dcat:compressFormat", "dcat:packageFormat"})
ADDRESSED: Mapping[str, str] = {"vcard:hasEmail": "^mailto:", "vcard:hasTelephone": "^tel:"}
# Where a value stands that is not at the property itself.
WAYS: Mapping[str, tuple[str, ...]] = {"dcat:bbox": ("dct:spatial", "dcat:bbox")}
# A theme stands beside the authority's that it belongs to.
TOLD_TWICE = frozenset({"dcat:theme"})
Constraints = list[tuple[URIRef, Node]]


class Shapes(Graph):
    """A graph that numbers its blank nodes, so that every process writes the same document."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)

    def blank(self) -> BNode:
        return BNode(f"b{next(self.numbers):05}")


def shacl_shapes() -> str:
    """Return the shapes as Turtle."""
    graph = Shapes()
    for prefix, start in (*PREFIXES.items(), ("sh", str(SH))):
        graph.bind(prefix, start)
    for class_ in Class:
        add_class(graph, class_)
    for name, parts in NODES.items():
        add_node(graph, HUB[name], parts)
    return graph.serialize(format="turtle")


def add_class(graph: Shapes, class_: Class) -> None:
    shape, row = shape_of(class_), CLASSES[class_]
    graph.add((shape, RDF.type, SH.NodeShape))
    if class_ not in UNTARGETED:
        graph.add((shape, SH.targetClass, iri(row.term)))
    say(graph, shape, SH.name, row.label)
    say(graph, shape, SH.description, row.definition)
    fields = sorted(PROFILE[class_], key=lambda field: field.term)
    order = {field.name: number for number, field in enumerate(PROFILE[class_], 1)}
    for term, group in groupby(fields, key=lambda field: field.term):
        add_property(graph, shape, term, sorted(group, key=lambda field: order[field.name]), order)


def add_property(graph: Shapes, shape: Node, term: str, fields: Sequence[Field], order: Mapping[str, int]) -> None:
    """Add the shape of a property; ``fields`` are those that share it."""
    own = graph.blank()
    graph.add((shape, SH.property, own))
    graph.add((own, SH.path, path(graph, term)))
    graph.add((own, SH.order, Literal(order[fields[0].name])))
    for field in fields:
        graph.add((own, HUB.field, Literal(field.name)))
        graph.add((own, HUB.obligation, Literal(str(field.obligation))))
    say(graph, own, SH.name, joined(field.label for field in fields))
    say(graph, own, SH.description, joined(field.definition for field in fields))
    say(graph, own, SH.message, joined(demand(field) for field in fields))
    mandatory = [field for field in fields if field.obligation is Obligation.MANDATORY]
    if mandatory:
        graph.add((own, SH.minCount, Literal(1)))
    if term not in TOLD_TWICE and not any(is_repeated(field) for field in fields):
        graph.add((own, SH.maxCount, Literal(len(fields))))
    if any(field.kind is Kind.TEXT and field.term not in STATEMENTS for field in fields):
        graph.add((own, SH.uniqueLang, Literal("true", datatype=XSD.boolean)))
    add_values(graph, own, [VALUES[field.kind](graph, field) for field in fields])
    if any(field.kind is Kind.TEXT for field in mandatory):
        add_korean(graph, own)


def is_repeated(field: Field) -> bool:
    """Tell whether a field may stand several times: as a list, or once in each language."""
    return field.many or (field.kind in (Kind.TEXT, Kind.KEYWORDS) and field.term not in STATEMENTS)


def add_values(graph: Shapes, shape: Node, choices: Sequence[Constraints]) -> None:
    """Ask of every value what one of the fields asks."""
    if len(choices) == 1 or all(choice == choices[0] for choice in choices):
        for predicate, value in choices[0]:
            graph.add((shape, predicate, value))
        return
    alternatives = []
    for choice in choices:
        alternative = graph.blank()
        for predicate, value in choice:
            graph.add((alternative, predicate, value))
        alternatives.append(alternative)
    graph.add((shape, SH["or"], listed(graph, alternatives)))


def add_korean(graph: Shapes, shape: Node) -> None:
    """Ask for one text in Korean that is not empty."""
    korean = graph.blank()
    graph.add((shape, SH.qualifiedValueShape, korean))
    graph.add((shape, SH.qualifiedMinCount, Literal(1)))
    graph.add((korean, SH.languageIn, listed(graph, [Literal("ko")])))
    graph.add((korean, SH.minLength, Literal(1)))


def add_node(graph: Shapes, shape: URIRef, parts: Mapping[str, tuple[bool, Constraints]]) -> None:
    """Add the shape of a small node: its properties, whether each must be there, and what is asked of it."""
    graph.add((shape, RDF.type, SH.NodeShape))
    for term, (is_needed, constraints) in parts.items():
        own = graph.blank()
        graph.add((shape, SH.property, own))
        graph.add((own, SH.path, iri(term)))
        if is_needed:
            graph.add((own, SH.minCount, Literal(1)))
        for predicate, value in constraints:
            graph.add((own, predicate, value))


def shape_of(class_: Class) -> URIRef:
    return HUB["".join(word.capitalize() for word in class_.split("-")) + "Shape"]


def iri(term: str) -> URIRef:
    prefix, _, name = term.partition(":")
    return URIRef(PREFIXES[prefix] + name)


def path(graph: Shapes, term: str) -> Node:
    return listed(graph, [iri(part) for part in WAYS[term]]) if term in WAYS else iri(term)


def listed(graph: Shapes, values: Sequence[Node]) -> Node:
    """Add a list and return its beginning."""
    rest: Node = RDF.nil
    for value in reversed(values):
        cell = graph.blank()
        graph.add((cell, RDF.first, value))
        graph.add((cell, RDF.rest, rest))
        rest = cell
    return rest


def say(graph: Shapes, node: Node, predicate: URIRef, text: Text) -> None:
    for language in LANGUAGES:
        graph.add((node, predicate, Literal(text.in_language(language), lang=language)))


def joined(texts: Iterator[Text]) -> Text:
    found = list(texts)
    return Text(ko=" / ".join(text.ko for text in found), en=" / ".join(text.en for text in found))


# What is asked of the values of each kind.


def text(graph: Shapes, field: Field) -> Constraints:
    return NODE if field.term in STATEMENTS else words(graph, field)


def words(graph: Shapes, field: Field) -> Constraints:
    languages = listed(graph, [Literal(language) for language in LANGUAGES])
    return [(SH.datatype, RDF.langString), (SH.languageIn, languages)]


def string(graph: Shapes, field: Field) -> Constraints:
    if field.term in ADDRESSED:
        return [(SH.nodeKind, SH.IRI), (SH.pattern, Literal(ADDRESSED[field.term]))]
    return ADDRESS_OF_SOMETHING if field.term in MEDIA_TYPES else [(SH.datatype, XSD.string)]


def codes(graph: Shapes, field: Field) -> Constraints:
    """Ask for a concept of the vocabulary: one of its URIs, or of a long list that it names the list."""
    if field.vocabulary in LONG:
        in_list = graph.blank()
        inner = graph.blank()
        graph.add((in_list, SH.property, inner))
        graph.add((inner, SH.path, iri("skos:inScheme")))
        graph.add((inner, SH.hasValue, URIRef(scheme_uri(field.vocabulary))))
        return [(SH.nodeKind, SH.IRI), (SH.node, in_list)]
    concepts = vocabulary(field.vocabulary).values()
    uris = dict.fromkeys(uri for concept in concepts for uri in (concept.uri, PERMANENT + concept.path))
    return [(SH["in"], listed(graph, [URIRef(uri) for uri in uris]))]


def moment(graph: Shapes, field: Field) -> Constraints:
    choices = []
    for datatype in (XSD.date, XSD.dateTime):
        choice = graph.blank()
        graph.add((choice, SH.datatype, datatype))
        choices.append(choice)
    return [(SH["or"], listed(graph, choices))]


def number(graph: Shapes, field: Field) -> Constraints:
    choices = []
    for datatype in (XSD.integer, XSD.nonNegativeInteger):
        choice = graph.blank()
        graph.add((choice, SH.datatype, datatype))
        choices.append(choice)
    return [(SH["or"], listed(graph, choices)), (SH.minInclusive, Literal(0))]


def part(graph: Shapes, field: Field) -> Constraints:
    return [(SH["class"], iri(CLASSES[field.of or Class.COLUMN].term))]


def same(constraints: Constraints) -> Callable[[Shapes, Field], Constraints]:
    return lambda graph, field: constraints


ADDRESS_OF_SOMETHING: Constraints = [(SH.nodeKind, SH.IRI)]
NODE: Constraints = [(SH.nodeKind, SH.BlankNodeOrIRI)]
VALUES: Mapping[Kind, Callable[[Shapes, Field], Constraints]] = {
    Kind.TEXT: text,
    Kind.KEYWORDS: words,
    Kind.STRING: string,
    Kind.CODE: codes,
    Kind.REGION: same(NODE),
    Kind.DAY: same([(SH.datatype, XSD.date)]),
    Kind.MOMENT: moment,
    Kind.PERIOD: same([(SH.node, HUB.PeriodShape)]),
    Kind.DURATION: same([(SH.datatype, XSD.duration)]),
    Kind.INTEGER: number,
    Kind.DECIMAL: same([(SH.datatype, XSD.decimal)]),
    Kind.BOOLEAN: same([(SH.datatype, XSD.boolean)]),
    Kind.CONTACT: same([(SH.node, shape_of(Class.CONTACT))]),
    Kind.ORGANISATION: same([*ADDRESS_OF_SOMETHING, (SH["class"], iri("foaf:Agent"))]),
    Kind.ADDRESS: same(ADDRESS_OF_SOMETHING),
    Kind.REFERENCE: same(ADDRESS_OF_SOMETHING),
    Kind.BOX: same([(SH.nodeKind, SH.Literal)]),
    Kind.CHECKSUM: same([(SH.node, HUB.ChecksumShape)]),
    Kind.IDENTIFIER: same([(SH.node, HUB.IdentifierShape)]),
    Kind.AGENT: same([(SH.node, HUB.AgentShape)]),
    Kind.ATTRIBUTION: same([(SH.node, HUB.AttributionShape)]),
    Kind.RELATION: same([(SH.node, HUB.RelationShape)]),
    Kind.PART: part,
}
NEEDED, FREE = True, False
NODES: Mapping[str, Mapping[str, tuple[bool, Constraints]]] = {
    "PeriodShape": {
        "dcat:startDate": (FREE, [(SH.datatype, XSD.date), (SH.maxCount, Literal(1))]),
        "dcat:endDate": (FREE, [(SH.datatype, XSD.date), (SH.maxCount, Literal(1))]),
    },
    "ChecksumShape": {
        "spdx:algorithm": (NEEDED, ADDRESS_OF_SOMETHING),
        "spdx:checksumValue": (NEEDED, [(SH.datatype, XSD.hexBinary)]),
    },
    "IdentifierShape": {"skos:notation": (NEEDED, [(SH.nodeKind, SH.Literal)])},
    "AgentShape": {"foaf:name": (NEEDED, [(SH.nodeKind, SH.Literal)])},
    "AttributionShape": {"prov:agent": (NEEDED, NODE), "dcat:hadRole": (FREE, ADDRESS_OF_SOMETHING)},
    "RelationShape": {"dct:relation": (NEEDED, ADDRESS_OF_SOMETHING), "dcat:hadRole": (FREE, ADDRESS_OF_SOMETHING)},
}
