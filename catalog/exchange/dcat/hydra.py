"""A catalogue that comes in pages (Hydra): which page this is, which are beside it, and how many datasets there are in all."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple
from rdflib import Graph, URIRef

from catalog.exchange.dcat.names import full, named
from catalog.exchange.dcat.pen import TYPE
from catalog.exchange.rdf import iri

VIEWS = ("hydra:PartialCollectionView", "hydra:PagedCollection")
NEXT = ("hydra:next", "hydra:nextPage")


@dataclass(frozen=True)
class Paging:
    """The addresses of a page and of those beside it ("" where there is none), and the number of datasets in all."""

    here: str
    first: str
    previous: str
    next: str
    last: str
    total: int


def write_paging(collection: str, paging: Paging) -> Iterator[Triple]:
    """Tell the page, in the words of today (``next``); the total stands on the collection and on its page alike."""
    catalogue, page = NamedNode(collection), NamedNode(paging.here)
    total = Literal(str(paging.total), datatype=named("xsd:integer"))
    yield Triple(catalogue, TYPE, named("hydra:Collection"))
    yield Triple(catalogue, named("hydra:totalItems"), total)
    yield Triple(catalogue, named("hydra:view"), page)
    yield Triple(page, TYPE, named("hydra:PartialCollectionView"))
    yield Triple(page, named("hydra:totalItems"), total)
    for term, target in (
        ("hydra:first", paging.first),
        ("hydra:previous", paging.previous),
        ("hydra:next", paging.next),
        ("hydra:last", paging.last),
    ):
        if target and (found := iri(target)):
            yield Triple(page, named(term), found)


def read_next(graph: Graph) -> str:
    """Return the address of the next page, "" on the last one; the older ``nextPage`` is understood too."""
    for page in views(graph):
        for term in NEXT:
            for target in graph.objects(page, URIRef(full(term))):
                return str(target)
    return ""


def read_total(graph: Graph) -> int | None:
    for page in views(graph):
        for total in graph.objects(page, URIRef(full("hydra:totalItems"))):
            if str(total).isascii() and str(total).isdigit():
                return int(total)
    return None


def views(graph: Graph) -> list[URIRef]:
    found = (page for class_ in VIEWS for page in graph.subjects(URIRef(full("rdf:type")), URIRef(full(class_))))
    return sorted(set(found), key=str)
