"""RDF in all its forms: documents to graphs and triples to documents. What the triples mean is told in ``dcat/``.

Documents are read by rdflib, which knows every form and names the line of a fault, and written by pyoxigraph, which is some
thirty times faster. Nothing is ever fetched: a JSON-LD document that leans on a context elsewhere is read with the documents
given, or refused; neither external entities of XML nor imports are followed. How large a document may be, its caller says.
"""

import codecs
import json
import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote
from xml.parsers import expat
from xml.sax import SAXParseException

import rdflib
from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, parse, serialize
from rdflib import RDF
from rdflib.term import Node

from catalog.errors import BadDocument
from catalog.exchange.jsonld import to_jsonld
from catalog.text import Text

# What does not fit its datatype is told by our own findings, not in the log.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)

LINES = 2000  # triples in one chunk of a stream
XML_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
XML_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
LONGEST_ENTITY = 1000  # characters; RDF/XML uses entities for namespaces
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
    checker: RdfFormat | None = None  # for forms with a statement a line

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
N_TRIPLES = Form(
    "n-triples",
    "N-Triples",
    "application/n-triples",
    "nt",
    ("text/plain", "nt"),
    RdfFormat.N_TRIPLES,
    checker=RdfFormat.N_TRIPLES,
)
N_QUADS = Form(
    "n-quads", "N-Quads", "application/n-quads", "nquads", ("nq",), has_graphs=True, checker=RdfFormat.N_QUADS
)
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
    except Refused as refusal:
        raise BadDocument(form=form.label, where=place(name, refusal.line), reason=refusal.reason) from refusal
    graph = rdflib.Dataset(default_union=True) if form.has_graphs else rdflib.Graph()
    # Lexical forms stay as the other side wrote them (P60M is not P5Y, a zone Z not +00:00). The switch is the library's
    # own and for all of it; others (pyshacl) turn it back, so it is set each time and never reset.
    rdflib.NORMALIZE_LITERALS = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # rdflib 7.6 warns of its own graphs when it fills them
            graph.parse(data=data, format=form.rdflib_format, publicID=base or None)
    except Exception as error:  # its parsers raise whatever they meet
        where = place(name, line_of(error, content, form))
        raise BadDocument(form=form.label, where=where, reason=reason_of(error)) from error
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


def read_text(content: bytes, form: Form, contexts: Mapping[str, Any]) -> str:
    """Return what the parser gets: text is UTF-8, XML says its own encoding, JSON-LD brings its contexts along."""
    if not content.strip():
        raise Refused(Text(ko="비어 있습니다", en="it is empty"))
    text = decode(content, declared_encoding(content) if form is RDF_XML else "utf-8-sig")
    if form is RDF_XML:
        text = XML_DECLARATION.sub("", text, count=1)
        check_entities(text)
        return text
    if form is not JSON_LD:
        return text
    try:
        return json.dumps(with_contexts(json.loads(text), contexts))
    except json.JSONDecodeError as error:
        raise Refused(Text(ko=f"JSON이 아닙니다 ({error})", en=f"it is not JSON ({error})"), error.lineno) from error
    except RecursionError as error:
        raise Refused(Text(ko="너무 깊이 겹쳐 있습니다", en="it is nested too deeply")) from error


def declared_encoding(content: bytes) -> str:
    """Return the encoding that an XML document says it has; without a word it is UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = XML_ENCODING.match(content)
    return found[1].decode("ascii") if found and not content.startswith(codecs.BOM_UTF8) else "utf-8-sig"


def decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except LookupError as error:
        raise Refused(
            Text(ko=f"모르는 문자 인코딩입니다 ({encoding})", en=f"its character encoding is unknown ({encoding})"), 1
        ) from error
    except UnicodeDecodeError as error:
        told = encoding.upper().removesuffix("-SIG")
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            Text(ko=f"{told}이(가) 아닌 글자가 있습니다", en=f"it holds characters that are not {told}"), line
        ) from error


def check_entities(text: str) -> None:
    """Refuse XML whose entities reach outside or grow; ordinary ones (a namespace's short name) are read."""

    def refuse_outside(*declared: object) -> None:
        if declared[1] or declared[2]:
            raise Refused(
                Text(ko="외부 개체를 부르는 XML은 받지 않습니다", en="XML with external entities is not taken")
            )

    def refuse_entity(name: str, is_parameter: int, value: str | None, *declared: object) -> None:
        if value is None:
            refuse_outside("", True, True)
        elif "&" in value or len(value) > LONGEST_ENTITY:
            raise Refused(
                Text(ko="불어나는 개체가 든 XML은 받지 않습니다", en="XML with entities that grow is not taken")
            )

    def stop_at_root(*_: object) -> None:
        raise StopIteration

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_outside
    parser.EntityDeclHandler = refuse_entity
    parser.StartElementHandler = stop_at_root
    with suppress(StopIteration, expat.ExpatError):  # what is wrong with the rest, the parser itself will say
        parser.Parse(text, True)


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


def line_of(error: Exception, content: bytes, form: Form) -> int:
    """Return the line that a parser blames, 0 when it blames none; the last one where it blames what should have come."""
    last = content.rstrip().count(b"\n") + 1
    if isinstance(error, SAXParseException):
        return min(error.getLineNumber() or 0, last)
    if isinstance(lines := getattr(error, "lines", None), int):
        return min(lines + 1, last)
    if form.checker is not None:
        return line_by_line(content, form.checker)
    found = re.search(r":(\d+):\d+:", str(error))
    return min(int(found[1]), last) if found else 0


def line_by_line(content: bytes, checker: RdfFormat) -> int:
    """Return the first bad line of a form whose rdflib parser does not count lines."""
    try:
        for _ in parse(content, format=checker):
            pass
    except SyntaxError as error:
        return error.lineno or 0
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
