"""What the standard is published as: one row per document below ``/standard/{version}/``, by its name.

Each is made once per process; what is made here never changes while the program runs, but for the vocabularies, which a hub
may replace by its own tables.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from catalog.standard.json_schema import json_schema
from catalog.standard.jsonld_context import jsonld_context
from catalog.standard.profile import VERSION
from catalog.standard.profile_document import profile_document
from catalog.standard.shacl_shapes import shacl_shapes
from catalog.standard.tables import on_change
from catalog.text import Text

VERSIONS = (VERSION,)  # the newest last
PATH = f"/standard/{VERSION}/"


@dataclass(frozen=True)
class Document:
    """A form of the standard: the file's name, its media type, what it is for; ``make`` gets the hub's own address."""

    name: str
    media_type: str
    label: Text
    purpose: Text
    make: Callable[[str], bytes]


def as_json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


DOCUMENTS: Mapping[str, Document] = {
    row.name: row
    for row in (
        Document(
            "profile.json",
            "application/json",
            Text(ko="프로파일 (JSON)", en="Profile (JSON)"),
            Text(ko="모든 분류와 항목을 프로그램이 읽는 형태로", en="Every class and field, for programs to read."),
            lambda base: as_json(profile_document()),
        ),
        Document(
            "schema.json",
            "application/schema+json",
            Text(ko="JSON Schema", en="JSON Schema"),
            Text(ko="설명(JSON)이 맞는지 확인할 때", en="To check descriptions in JSON."),
            lambda base: as_json(json_schema()),
        ),
        Document(
            "shapes.ttl",
            "text/turtle",
            Text(ko="SHACL", en="SHACL shapes"),
            Text(ko="설명(RDF)이 맞는지 확인할 때", en="To check descriptions in RDF."),
            lambda base: shacl_shapes().encode(),
        ),
        Document(
            "context.jsonld",
            "application/ld+json",
            Text(ko="JSON-LD 컨텍스트", en="JSON-LD context"),
            Text(ko="설명(JSON)을 RDF로 읽을 때", en="To read descriptions in JSON as RDF."),
            lambda base: as_json(jsonld_context(base)),
        ),
    )
}


@lru_cache(maxsize=16)  # the base is what a client calls the hub, where the hub does not know its own address
def make_document(name: str, base: str) -> bytes:
    return DOCUMENTS[name].make(base)


on_change(make_document.cache_clear)
