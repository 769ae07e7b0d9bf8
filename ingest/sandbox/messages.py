"""What travels between the sandbox's rooms: a request, an answer and how it is sent, and the rows of one page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from xml.etree import ElementTree

from ingest.sandbox.city import Row

JSON_TYPE = "application/json;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"
HTML_TYPE = "text/html;charset=UTF-8"
XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Delivery(Enum):
    """How the body goes over the wire; ``server.py`` does it."""

    WHOLE = auto()
    DRIPPED = auto()
    CUT = auto()  # half of it, although Content-Length announced the whole
    CUT_UNANNOUNCED = auto()  # half of it, without Content-Length: only the content can tell
    ENDLESS = auto()
    NONE = auto()  # the connection is closed without a word
    LATE = auto()  # the whole of it, but long after anybody waits for it


@dataclass(frozen=True)
class Request:
    """A request as the routes see it: path still percent-encoded, each query parameter once (the last one given)."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    content_type: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery.WHOLE


@dataclass(frozen=True)
class Page:
    """The rows of one answer and how many rows the platform says there are in all."""

    rows: Sequence[Row]
    total: int


def answer_json(document: object, *, status: int = 200) -> Answer:
    return Answer(json.dumps(document, ensure_ascii=False).encode(), JSON_TYPE, status)


def answer_xml(root: ElementTree.Element, *, content_type: str = XML_TYPE) -> Answer:
    return Answer((XML_DECLARATION + ElementTree.tostring(root, encoding="unicode")).encode(), content_type)


def add_element(parent: ElementTree.Element, name: str, text: object = None) -> ElementTree.Element:
    """Append ``<name>text</name>``; no text gives ``<name/>``, which is how these platforms write null."""
    element = ElementTree.SubElement(parent, name)
    element.text = None if text is None else str(text)
    return element
