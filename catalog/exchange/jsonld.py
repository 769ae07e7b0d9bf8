"""Triples as JSON-LD with its context inside: a tree where nodes stand in the node that names them, once each."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from pyoxigraph import Literal, NamedNode, Triple

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
STRING = "http://www.w3.org/2001/XMLSchema#string"


def to_jsonld(grouped: Mapping[Any, Iterable[Triple]], prefixes: Mapping[str, str]) -> bytes:
    """Write triples, grouped by subject, as one JSON-LD document; a lone node is the document itself."""
    tree = Tree(grouped, prefixes)
    roots = tree.roots()
    context = {prefix: prefixes[prefix] for prefix in sorted(tree.used)}
    body = roots[0] if len(roots) == 1 else {"@graph": roots}
    return orjson.dumps({"@context": context} | body, option=orjson.OPT_INDENT_2)


class Tree:
    """The nodes of a document on their way into each other."""

    def __init__(self, grouped: Mapping[Any, Iterable[Triple]], prefixes: Mapping[str, str]) -> None:
        self.grouped = grouped
        self.prefixes = prefixes
        self.used: set[str] = set()
        self.names: dict[str, str] = {}
        self.placed: set[Any] = set()
        self.named = {
            triple.object
            for rows in grouped.values()
            for triple in rows
            if triple.object in grouped and triple.object != triple.subject
        }

    def roots(self) -> list[dict[str, Any]]:
        """Return what no other node names first, then what is left of circles."""
        first = [subject for subject in self.grouped if subject not in self.named]
        self.placed.update(first)
        roots = [self.node(subject) for subject in first]
        for subject in self.grouped:
            if subject not in self.placed:
                self.placed.add(subject)
                roots.append(self.node(subject))
        return roots

    def node(self, subject: object) -> dict[str, Any]:
        """Return a node with everything that only it has not yet been told of."""
        document: dict[str, Any] = {"@id": subject.value if isinstance(subject, NamedNode) else f"_:{subject.value}"}
        values: dict[str, list[Any]] = {}
        for triple in self.grouped[subject]:
            if triple.predicate.value == TYPE:
                values.setdefault("@type", []).append(self.short(triple.object.value))
            else:
                values.setdefault(self.short(triple.predicate.value), []).append(self.value(triple.object))
        return document | {name: told[0] if len(told) == 1 else told for name, told in values.items()}

    def value(self, term: Any) -> Any:  # noqa: ANN401
        if isinstance(term, Literal):
            if term.language:
                return {"@language": term.language, "@value": term.value}
            if term.datatype.value == STRING:
                return term.value
            return {"@type": self.short(term.datatype.value), "@value": term.value}
        if term in self.grouped and term not in self.placed:
            self.placed.add(term)
            return self.node(term)
        return {"@id": term.value if isinstance(term, NamedNode) else f"_:{term.value}"}

    def short(self, uri: str) -> str:
        """Return a URI by its prefix where the context has one."""
        if uri not in self.names:
            self.names[uri] = uri
            for prefix, start in self.prefixes.items():
                if uri.startswith(start) and ":" not in (rest := uri.removeprefix(start)) and not rest.startswith("//"):
                    self.used.add(prefix)
                    self.names[uri] = f"{prefix}:{rest}"
                    break
        return self.names[uri]
