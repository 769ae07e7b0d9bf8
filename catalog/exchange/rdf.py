"""RDF in all its forms: documents to graphs and triples to documents. What the triples mean is told in ``dcat/``.

Documents are read by rdflib, which knows every form and names the line of a fault, and written by pyoxigraph, which is some
thirty times faster. Nothing is ever fetched: a JSON-LD document that leans on a context elsewhere is read with the documents
given, or refused; neither external entities of XML nor imports are followed. How large a document may be, its caller says.
"""

import json
import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote
from xml.sax import SAXParseException

import rdflib
from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, serialize
from rdflib import RDF
from rdflib.term import Node

from catalog.errors import BadDocument
from catalog.exchange.jsonld import to_jsonld
from catalog.text import Text

# Lexical forms stay as the other side wrote them (P60M is not P5Y, a zone Z not +00:00), and what does not fit its
# datatype is told by our own findings, not in the log. Both can only be said for the whole library.
rdflib.NORMALIZE_LITERALS = False
logging.getLogger("rdflib.term").setLevel(logging.ERROR)

LINES = 2000  # triples in one chunk of a stream
EXTERNAL_ENTITY = re.compile(rb"<!(?:ENTITY[^>]*|DOCTYPE\s+\S+)\s(?:SYSTEM|PUBLIC)\s", re.IGNORECASE)
LINE = re.compile(r"\bline (\d+)", re.IGNORECASE)
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
NEVER_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\xa0<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Form:
    """A form of RDF. ``content_type`` is that of our answers, ``also`` are further media types and extensions of the form."""

    name: str
    label: str
    content_type: str
    rdflib_format: str
    also: tuple[str, ...]
    writer: RdfFormat | None = None
    has_graphs: bool = False

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0]


TURTLE = Form(
    "turtle",
    "Turtle",
    "text/turtle; charset=utf-8",
    "turtle",
    ("application/x-turtle", "text/n3", "n3", "ttl"),
    RdfFormat.TURTLE,
)
RDF_XML = Form(
    "rdf-xml",
    "RDF/XML",
    "application/rdf+xml",
    "xml",
    ("application/xml", "text/xml", "rdf", "xml", "owl"),
    RdfFormat.RDF_XML,
)
JSON_LD = Form(
    "json-ld", "JSON-LD", "application/ld+json", "json-ld", ("application/json", "jsonld", "json"), has_graphs=True
)
N_TRIPLES = Form("n-triples", "N-Triples", "application/n-triples", "nt", ("text/plain", "nt"), RdfFormat.N_TRIPLES)
N_QUADS = Form("n-quads", "N-Quads", "application/n-quads", "nquads", ("nq",), has_graphs=True)
TRIG = Form("trig", "TriG", "application/trig", "trig", ("application/x-trig",), has_graphs=True)
FORMS: tuple[Form, ...] = (TURTLE, RDF_XML, JSON_LD, N_TRIPLES, N_QUADS, TRIG)


def find_form(name: str) -> Form | None:
    """Return a form by its name, a media type (parameters make no difference) or an extension."""
    words = name.partition(";")[0].strip().lower().lstrip(".")
    return next((form for form in FORMS if words in (form.name, form.media_type, *form.also)), None)


def parse_rdf(
    content: bytes, form: Form, *, base: str = "", name: str = "", contexts: Mapping[str, Any] | None = None
) -> rdflib.Graph:
    """Read a document into one graph, named graphs with it; what does not parse is refused with line and reason.

    ``base`` is the address that relative ones start from, ``contexts`` are the JSON-LD contexts at hand by their address.
    """
    try:
        data = read_text(content, form, contexts or {})
        graph = rdflib.Dataset(default_union=True) if form.has_graphs else rdflib.Graph()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # rdflib 7.6 warns of its own graphs when it fills them
            graph.parse(data=data, format=form.rdflib_format, publicID=base or None)
    except Refused as refusal:
        raise BadDocument(form=form.label, where=place(name, refusal.line), reason=refusal.reason) from refusal
    except Exception as error:  # rdflib's parsers raise whatever they meet
        raise BadDocument(
            form=form.label, where=place(name, line_of(error, content)), reason=reason_of(error)
        ) from error
    return as_one(graph) if form.has_graphs else graph


def write_rdf(triples: Iterable[Triple], form: Form, prefixes: Mapping[str, str]) -> bytes:
    """Write triples as one document, those of a subject together."""
    if form is N_TRIPLES:
        return serialize(triples, format=RdfFormat.N_TRIPLES)
    grouped = by_subject(triples)
    if form.writer is None:
        return to_jsonld(grouped, prefixes)
    rows = (triple for rows in grouped.values() for triple in rows)
    return serialize(rows, format=form.writer, prefixes=dict(prefixes))


def stream_ntriples(triples: Iterator[Triple]) -> Iterator[bytes]:
    """Write triples as N-Triples, some thousand at a time; memory stays the same however many there are."""
    while chunk := list(islice(triples, LINES)):
        yield serialize(chunk, format=RdfFormat.N_TRIPLES)


def iri(text: str) -> NamedNode | None:
    """Return an absolute address as a node, characters that no address may have escaped; None when it is none."""
    try:
        return NamedNode(text)
    except ValueError:
        pass
    try:
        return NamedNode(NEVER_IN_ADDRESSES.sub(lambda found: quote(found[0], safe=""), clean(text)))
    except ValueError:
        return None


def clean(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return CONTROL_CHARACTERS.sub("", text)


def by_subject(triples: Iterable[Triple]) -> dict[NamedNode | BlankNode, dict[Triple, None]]:
    grouped: dict[NamedNode | BlankNode, dict[Triple, None]] = {}
    for triple in triples:
        grouped.setdefault(triple.subject, {})[triple] = None
    return grouped


class Refused(Exception):
    """Why a document is not even given to a parser; ``line`` is 0 where none is to blame."""

    def __init__(self, reason: Text, line: int = 0) -> None:
        self.reason, self.line = reason, line
        super().__init__(reason.en)


def read_text(content: bytes, form: Form, contexts: Mapping[str, Any]) -> bytes | str:
    """Return what the parser gets: text is UTF-8, XML says its own encoding, JSON-LD brings its contexts along."""
    if not content.strip():
        raise Refused(Text(ko="비어 있습니다", en="it is empty"))
    if form is RDF_XML:
        if EXTERNAL_ENTITY.search(content):
            raise Refused(
                Text(ko="외부 개체를 부르는 XML은 받지 않습니다", en="XML with external entities is not taken")
            )
        return content
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            Text(ko="UTF-8이 아닌 글자가 있습니다", en="it holds characters that are not UTF-8"), line
        ) from error
    if form is not JSON_LD:
        return text
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Refused(
            Text(ko=f"JSON이 아닙니다 ({error})", en=f"it is not JSON ({error})"), getattr(error, "lineno", 0)
        ) from error
    return json.dumps(with_contexts(document, contexts))


def with_contexts(value: Any, contexts: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return a JSON-LD document with every context that it only names put in its place."""
    if isinstance(value, list):
        return [with_contexts(part, contexts) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: given_context(part, contexts) if key == "@context" else with_contexts(part, contexts)
        for key, part in value.items()
        if key != "@import" or refuse_context(str(part))
    }


def given_context(context: Any, contexts: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(context, list):
        return [given_context(part, contexts) for part in context]
    if not isinstance(context, str):
        return with_contexts(context, contexts)
    if context not in contexts:
        refuse_context(context)
    document = contexts[context]
    return document.get("@context", document) if isinstance(document, Mapping) else document


def refuse_context(context: str) -> bool:
    raise Refused(
        Text(
            ko=f"다른 곳에 있는 JSON-LD 문맥 '{context}'은(는) 가져오지 않습니다. 문맥을 문서 안에 담으십시오",
            en=f"its JSON-LD context '{context}' is elsewhere and is not fetched; put the context into the document",
        )
    )


def place(name: str, line: int) -> Text:
    told = name or "-"
    return Text(ko=f"{told} {line}번째 줄", en=f"{told} line {line}") if line else Text(ko=told, en=told)


def line_of(error: Exception, content: bytes) -> int:
    """Return the line that a parser blames, 0 when it blames none."""
    if isinstance(error, SAXParseException):
        return error.getLineNumber() or 0
    if isinstance(lines := getattr(error, "lines", None), int):
        return lines + 1
    message = str(error)
    if found := LINE.search(message) or re.search(r":(\d+):\d+:", message):
        return int(found[1])
    if found := re.search(r"Invalid line: (.+)", message, re.DOTALL):
        rest = found[1].strip().encode()
        return content.count(b"\n", 0, max(content.find(rest), 0)) + 1
    return 0


def reason_of(error: Exception) -> Text:
    """Return what a parser complains of, in its own words: they are for whoever mends the document."""
    words = getattr(error, "_why", "") or (error.getMessage() if isinstance(error, SAXParseException) else str(error))
    words = " ".join(str(words).split())[:200] or type(error).__name__
    return Text(ko=f"문법에 어긋납니다 ({words})", en=f"its syntax is wrong ({words})")


def as_one(dataset: rdflib.Graph) -> rdflib.Graph:
    """Return all named graphs as one, nodes of a class and values of a property in the document's order."""
    graph = rdflib.Graph()
    for triple, _ in dataset.store.triples((None, RDF.type, None)):
        graph.add(triple)
    for subject in sorted(subjects_of(dataset), key=str):
        for triple, _ in dataset.store.triples((subject, None, None)):
            graph.add(triple)
    return graph


def subjects_of(dataset: rdflib.Graph) -> set[Node]:
    return {subject for graph in dataset.store.contexts() for subject in graph.subjects()}
