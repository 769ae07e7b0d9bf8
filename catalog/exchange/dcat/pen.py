"""What writes DCAT down: triples of one dataset at a time, and of what many share (concepts, organisations) once a document."""

from collections.abc import Iterator
from functools import lru_cache

from pyoxigraph import Literal, NamedNode, Triple

from catalog.exchange.dcat.names import named
from catalog.exchange.entry import Catalogue
from catalog.exchange.rdf import clean, iri
from catalog.text import Text

TYPE = named("rdf:type")


class Pen:
    """Notes triples until they are lifted; ``told`` remembers which shared nodes the document has already."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.told: set[str] = set()
        self.begun: set[str] = set()
        self.triples: list[Triple] = []

    def lift(self) -> Iterator[Triple]:
        """Give away what has been noted."""
        noted, self.triples = self.triples, []
        self.begun.clear()
        yield from noted

    def begin(self, node: str) -> bool:
        """Return whether a node of this dataset is yet to be told."""
        is_new = node not in self.begun
        self.begun.add(node)
        return is_new

    def tell_once(self, node: str) -> bool:
        """Return whether a shared node is yet to be told, and count it as told."""
        is_new = node not in self.told
        self.told.add(node)
        return is_new

    def be(self, node: str, *classes: str) -> None:
        self.triples.extend(Triple(address(node), TYPE, named(class_)) for class_ in classes)

    def say(self, node: str, term: str, text: str, datatype: str = "xsd:string") -> None:
        self.triples.append(Triple(address(node), named(term), Literal(clean(text), datatype=named(datatype))))

    def say_in(self, node: str, term: str, text: str, language: str) -> None:
        self.triples.append(Triple(address(node), named(term), Literal(clean(text), language=language)))

    def label(self, node: str, term: str, text: Text) -> None:
        for language, words in text.as_dict().items():
            self.say_in(node, term, words, language)

    def refer(self, node: str, term: str, target: str) -> None:
        """Note a reference; what is no address is noted as the text that it is."""
        found = iri(target)
        if found is None:
            self.say(node, term, target)
        else:
            self.triples.append(Triple(address(node), named(term), found))


@lru_cache(maxsize=4096)
def address(node: str) -> NamedNode:
    """Return the node of a subject; a dataset whose own address is none stands under a name made from it."""
    return iri(node) or NamedNode(f"urn:x-dataset:{node.encode().hex()}")


def child(node: str, name: str, number: int | None = None) -> str:
    """Return the address of a node inside another: ``…/dataset/air#contact-point``."""
    part = name.replace("_", "-") if number is None else f"{name.replace('_', '-')}-{number}"
    return f"{node}{'-' if '#' in node else '#'}{part}"
