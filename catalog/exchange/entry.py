"""What goes between catalogues: plain values that every tongue of this room writes and reads.

A reader returns a ``Catalogue`` as a writer takes one, so that every format is tested as a round trip. Descriptions are
dicts by the metadata profile (``catalog/standard/profile.py``), one per class; nothing here knows where they are stored.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.text import Text

Description = Mapping[str, Any]

LONGEST_SLUG = 80
NOT_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Entry:
    """One dataset. ``description`` follows the class dataset; its distributions include those that the hub serves.

    ``uri`` is the permanent one (of a foreign dataset: its own; "" when it has none). ``identifier`` is what the other
    side knows it by, stable from one reading to the next. ``table_schema`` is the Frictionless Table Schema of the records
    that the hub serves, None without records. ``document`` is a foreign description as it was, ready for JSON.
    """

    slug: str
    uri: str
    description: Description
    id: str = ""
    identifier: str = ""
    table_schema: Mapping[str, Any] | None = None
    snapshot: str = ""  # the digest of the records that are served now
    document: Any = None


@dataclass(frozen=True)
class Finding:
    """Something of a foreign document that was not carried over, and where."""

    where: str
    text: Text


@dataclass(frozen=True)
class Unread:
    """A record of a foreign catalogue that could not be read at all: where, why, and the record as it came."""

    where: str
    reason: str
    document: bytes


@dataclass(frozen=True)
class Catalogue:
    """A catalogue, or the part of one that is told: organisations, series and services by slug, then the datasets.

    ``base`` is the hub's address without a slash at its end; URIs of what has none of its own are made from it.
    ``total`` counts all datasets when these are only a page of them.
    """

    base: str
    description: Description = field(default_factory=dict)
    datasets: Iterable[Entry] = ()
    organisations: Mapping[str, Description] = field(default_factory=dict)
    series: Mapping[str, Description] = field(default_factory=dict)
    services: Mapping[str, Description] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    total: int | None = None
    next: str = ""  # the address of the next page, of a document that comes in pages

    @property
    def uri(self) -> str:
        return f"{self.base}/catalog"

    def organisation_uri(self, slug: str) -> str:
        return f"{self.base}/organisation/{slug}"

    def series_uri(self, slug: str) -> str:
        return f"{self.base}/series/{slug}"

    def service_uri(self, slug: str) -> str:
        return f"{self.base}/service/{slug}"

    def dataset_uri(self, slug: str) -> str:
        return f"{self.base}/dataset/{slug}"


def make_slug(name: str, identifier: str = "") -> str:
    """Return a slug for something foreign: from its name where that is in Latin letters, else from its identifier.

    Without a name in Latin letters, or when the name is cut, a digest of the identifier makes it unique and stable.
    """
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = NOT_SLUG.sub("-", folded).strip("-")
    if slug and len(slug) <= LONGEST_SLUG and len(folded.strip()) >= len(name.strip()):
        return slug
    digest = hashlib.sha256((identifier or name).encode()).hexdigest()[:10]
    return f"{slug[: LONGEST_SLUG - 11].rstrip('-')}-{digest}".strip("-")


def slug_of_uri(uri: str, base: str, kind: str) -> str:
    """Return the slug in a URI of our own making (``{base}/{kind}/{slug}``), else nothing ("")."""
    start = f"{base}/{kind}/"
    return uri.removeprefix(start) if base and uri.startswith(start) else ""
