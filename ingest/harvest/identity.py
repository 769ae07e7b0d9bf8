"""What a dataset of another catalogue is known by: its identifier, its address, its files, its content.

Two tellings of the same dataset have the same marks whatever the order of their keys and lists of files, and whatever labels
their nameless nodes have. Pure: nothing here asks the database.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.exchange.entry import Entry

NODE_LABEL = re.compile(r"_:|.*/\.well-known/genid/|nameless-[0-9a-f]{16}$")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
GLOBAL = re.compile(r"(?:https?://|urn:|doi:|10\.\d{4,}/).+|" + UUID.pattern, re.IGNORECASE)


@dataclass(frozen=True)
class Marks:
    """The marks of one telling. ``key`` is of the identifier, ``digest`` of the whole document; "" is no mark."""

    identifier: str
    key: str
    digest: str
    document: bytes
    name_key: str
    links_key: str
    content_key: str


def marks_of(entry: Entry, feed: str) -> Marks:
    """Return the marks of a dataset that a feed tells."""
    document = canonical(entry.description if entry.document is None else entry.document)
    identifier = entry.identifier or entry.uri or f"slug:{entry.slug}"
    links = sorted({*links_of(entry.description)})
    content = canonical(
        [
            entry.description.get("title"),
            entry.description.get("organisation"),
            sorted(link_document(part) for part in entry.description.get("distributions", ())),
        ]
    )
    content_key, digest = short_digest(content), digest_of(document)
    title = entry.description.get("title")
    told, name = identifier, identifier
    if is_generated(entry):  # it may be another one next time, and two datasets may have one title
        told, name = f"nameless {content_key if title else digest}", canonical(title).decode()
    lasting = f"uri:{entry.uri}" if is_lasting(entry.uri) else f"{feed} name:{name}"
    return Marks(
        identifier=identifier,
        key=digest_of(told.encode()),
        digest=digest,
        document=document,
        name_key=short_digest(lasting.encode()),
        links_key=short_digest(canonical(links)) if links else "",
        content_key=content_key,
    )


def is_generated(entry: Entry) -> bool:
    """Say whether the identifier was made by whoever wrote or read the document, and may be another one next time."""
    titles = {"", *entry.description.get("title", {}).values()}
    return not is_lasting(entry.uri) and (entry.identifier in titles or bool(NODE_LABEL.match(entry.identifier)))


def is_lasting(uri: str) -> bool:
    return bool(uri) and not NODE_LABEL.match(uri)


def is_global(identifier: str) -> bool:
    """Say whether an identifier means one thing in the whole world, not only in its own catalogue."""
    return GLOBAL.fullmatch(identifier) is not None and not NODE_LABEL.match(identifier)


def uuids_in(*texts: str) -> set[str]:
    return {found.lower() for text in texts for found in UUID.findall(text)}


def links_of(description: Mapping[str, Any]) -> list[str]:
    return [part["download_url"] for part in description.get("distributions", ()) if part.get("download_url")]


def link_document(part: Mapping[str, Any]) -> bytes:
    """Return what tells one distribution from others: where it is; without an address, what it is called."""
    where = part.get("download_url") or part.get("access_url")
    return canonical(where if where else [part.get("title"), part.get("format"), part.get("media_type")])


def canonical(document: object) -> bytes:
    """Return JSON in which neither the order of keys nor blanks tell two documents apart."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=list)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def short_digest(content: bytes) -> str:
    return digest_of(content)[:32]
