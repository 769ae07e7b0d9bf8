"""What reads DCAT: a graph, asked by short names, and the notes of what could not be carried over.

Where a document uses an older or a neighbouring property, its values are taken when the proper one has none (``ALIASES``).
Choices never depend on the order of a document: the same graph in another form gives the same description.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rdflib import BNode, Graph, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.exchange.dcat.names import full, own_term
from catalog.exchange.json_values import Notes, in_language
from catalog.standard import Class
from catalog.text import Text

ALIASES: Mapping[str, tuple[str, ...]] = {
    "adms:versionNotes": ("rdfs:comment",),
    "csvw:title": ("csvw:titles", "dct:title"),
    "dcat:bbox": ("schema:box", "locn:geometry", "geo:asWKT"),
    "dcat:hasVersion": ("dct:hasVersion",),
    "dcat:keyword": ("schema:keywords",),
    "dcat:version": ("owl:versionInfo", "schema:version"),
    "dct:description": ("dc:description", "schema:description"),
    "dct:identifier": ("dc:identifier",),
    "dct:title": ("dc:title", "rdfs:label", "schema:name", "foaf:name"),
    "foaf:name": ("skos:prefLabel", "rdfs:label", "dct:title", "schema:name", "vcard:fn", "vcard:organization-name"),
    "foaf:homepage": ("foaf:page", "schema:url"),
    "foaf:page": ("dct:isReferencedBy",),
    "vcard:fn": ("vcard:organization-name", "vcard:organization-unit", "foaf:name", "rdfs:label", "schema:name"),
    "vcard:hasEmail": ("foaf:mbox", "vcard:email", "schema:email"),
    "vcard:hasTelephone": ("foaf:phone", "vcard:tel", "schema:telephone"),
    "vcard:hasURL": ("vcard:url", "foaf:homepage", "foaf:page"),
}
NO_ALIAS = frozenset({(Class.DATASET, "foaf:page"), (Class.DATASET, "adms:versionNotes")})
LABELS = ("rdfs:label", "skos:prefLabel", "dct:title", "foaf:name", "dct:description", "schema:name", "rdf:value")
OWN_MARK = "hub:standard"  # the version of the standard; on every dataset that a hub of this kind has written


@dataclass(frozen=True)
class Page:
    """A graph with its notes; ``base`` is the address of the hub that wrote it, "" for everybody else's.

    ``slugs`` are those of the datasets, series and services in it.
    """

    graph: Graph
    notes: Notes
    base: str = ""
    slugs: dict[Node, str] = field(default_factory=dict)

    def values(self, node: Node, term: str) -> list[Node]:
        """Return the objects of a property, in the document's order."""
        return list(self.graph.objects(node, URIRef(full(term))))

    def known(self, node: Node, term: str) -> list[Node]:
        """Return the objects of a property or, when it has none, of the first alias that has some."""
        return next((found for name in (term, *ALIASES.get(term, ())) if (found := self.values(node, name))), [])

    def is_a(self, node: Node, class_: str) -> bool:
        return (node, URIRef(full("rdf:type")), URIRef(full(class_))) in self.graph

    def first(self, values: Iterable[Node]) -> Node | None:
        """Return one of several values, always the same one."""
        return min(values, key=self.order, default=None)

    def order(self, value: Node) -> tuple[str, ...]:
        """Return what values are sorted by; nameless nodes by what is said of them."""
        if not isinstance(value, BNode):
            return (str(value), str(getattr(value, "language", "") or ""))
        told = (
            f"{predicate} {target}"
            for predicate, target in self.graph.predicate_objects(value)
            if not isinstance(target, BNode)
        )
        return ("", *sorted(told))

    def title(self, node: Node) -> dict[str, str]:
        return texts_of(self.known(node, "dct:title"))

    def words(self, node: Node, terms: Iterable[str]) -> list[str]:
        """Return every text that some properties of a node hold."""
        return [str(value) for term in terms for value in self.values(node, term) if isinstance(value, Words)]

    def label(self, node: Node) -> dict[str, str]:
        """Return what a node is called."""
        return next((texts for term in LABELS if (texts := texts_of(self.values(node, term)))), {})


@dataclass(frozen=True)
class Spot:
    """A node that is being read as one of the standard's classes."""

    page: Page
    node: Node
    class_: Class
    is_ours: bool = False  # written by a hub of this kind: everything is where we put it, in our order

    def values(self, term: str) -> list[Node]:
        """Return the objects of a property: in our order in what is ours, sorted in what is not, for order means nothing."""
        if self.is_ours:
            return self.page.values(self.node, term)
        found = (
            self.page.values(self.node, term) if (self.class_, term) in NO_ALIAS else self.page.known(self.node, term)
        )
        return sorted(found, key=self.page.order)

    def at(self, node: Node, class_: Class) -> "Spot":
        """Return a node inside this one."""
        return Spot(self.page, node, class_, self.is_ours)

    def own(self, field_name: str) -> list[Node]:
        """Return the objects of our own property of a field."""
        return self.page.values(self.node, own_term(field_name))

    def where(self, term: str) -> str:
        return f"{self.node if isinstance(self.node, URIRef) else '[]'} {term}"

    def refuse(self, term: str, value: object, text: Text) -> None:
        self.page.notes.refuse(self.where(term), str(value), text)

    def note(self, term: str, text: Text) -> None:
        self.page.notes.add(self.where(term), text)

    def one(self, term: str, values: list[Node]) -> Node | None:
        """Return the only value, or one of several with a note."""
        if len(values) > 1:
            self.note(term, Text(ko="값이 여럿이어서 하나만 옮겼습니다", en="has several values; only one was kept"))
        return self.page.first(values)


def texts_of(values: Iterable[Node]) -> dict[str, str]:
    """Return texts by language: Korean and English as they are tagged, others by their letters where nothing else is."""
    told: dict[str, list[str]] = {"ko": [], "en": []}
    others: list[tuple[str, str]] = []
    for value in values:
        if not isinstance(value, Words) or not (words := str(value).strip()):
            continue
        language = (value.language or "").lower().partition("-")[0]
        if language in told:
            told[language].append(words)
        else:
            others.append((language, words))
    for _, words in sorted(others):
        if not told[in_language(words)]:
            told[in_language(words)].append(words)
    return {language: max(found, key=lambda words: (len(words), words)) for language, found in told.items() if found}
