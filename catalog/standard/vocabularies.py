"""The controlled vocabularies, loaded from the tables beside this module: a code, its labels, its URI, its other names.

A concept's ``uri`` is that of the authority that keeps the list (EU authority tables, ADMS, IANA, …), else a permanent one
of ours, the same on every hub; ``path`` is where a hub answers for it. Several codes of ours may share one URI of the EU.
Every further column of a table is a *mapping*: what others call the same thing (``eu_code``, ``datagokr``, ``keti``, ``ckan``,
``spdx`` …), alternatives divided by ``|``, except ``also`` (other URIs) and ``extensions``, which are divided by spaces.
Regions have rules of their own, see ``regions.py``; data models are told in ``data_models.py``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from urllib.parse import quote, unquote

from catalog.errors import VocabularyNotFound
from catalog.standard.data_models import data_models
from catalog.standard.profile import NAMESPACE, VERSION
from catalog.standard.regions import Region, closest_region, is_region, regions
from catalog.standard.tables import Row, on_change, read_table
from catalog.text import Text

__all__ = [
    "Concept",
    "find_by_mapping",
    "find_by_uri",
    "find_code",
    "is_region",
    "label_of",
    "scheme_label",
    "scheme_uri",
    "vocabulary",
    "vocabulary_names",
]

PERMANENT = NAMESPACE.rstrip("#/")
OWN_COLUMNS = frozenset({"code", "ko", "en", "uri", "days", "from", "until"})
DIVIDED_BY_SPACES = frozenset({"also", "extensions"})
URI_COLUMNS = ("also", "eu", "dublin_core")
NAME_COLUMNS = (
    *("titles", "also", "eu_code", "datagokr", "keti", "ckan", "spdx", "datajson", "extensions", "event_id", "srid"),
    *("iso639_1", "iso639_2b", "iso639_3", "iso8601", "iso19115", "smart_data_model", "name"),
)


@dataclass(frozen=True)
class Concept:
    """One entry of a vocabulary. ``days`` (frequency): the promised interval; ``since``/``until`` (region): ISO dates."""

    code: str
    label: Text
    uri: str
    days: float | None = None
    since: str = ""
    until: str = ""
    mappings: Mapping[str, str] = field(default_factory=dict, hash=False)
    scheme: str = ""
    vocabulary: str = ""

    @property
    def path(self) -> str:
        """Where a hub answers for the concept: an address without the hub's own name."""
        return f"{scheme_path(self.vocabulary)}/{quote(self.code)}"

    @property
    def is_ours(self) -> bool:
        """Tell whether no authority but this standard has a URI for the concept."""
        return self.uri == PERMANENT + self.path

    def names_in(self, column: str) -> tuple[str, ...]:
        """Return the alternatives that a mapping column holds."""
        cell = self.mappings.get(column, "")
        parts = cell.split() if column in DIVIDED_BY_SPACES else cell.split("|")
        return tuple(part.strip() for part in parts if part.strip())


@cache
def vocabulary(name: str) -> Mapping[str, Concept]:
    """Return a vocabulary by name, by code, in its own order; ``vocabulary_names`` tells which there are."""
    if name not in index():
        raise VocabularyNotFound(vocabulary=name, allowed=vocabulary_names())
    return MappingProxyType({concept.code: concept for concept in concepts(name)})


def vocabulary_names() -> tuple[str, ...]:
    return tuple(index())


def scheme_uri(name: str) -> str:
    """Return the URI of the concept scheme: the authority's where there is one, else the permanent one of ours."""
    return index()[name]["scheme"] or PERMANENT + scheme_path(name)


def scheme_path(name: str) -> str:
    return f"/standard/{VERSION}/vocabularies/{name}"


def scheme_label(name: str) -> Text:
    return Text(ko=index()[name]["ko"], en=index()[name]["en"])


def label_of(name: str, code: str) -> Text:
    """Return the label of a code; an unlisted region is labelled by the closest one above it; an unknown code shows itself."""
    if name == "region":
        region = closest_region(code)
        return region.label if region else Text(ko=code, en=code)
    concept = vocabulary(name).get(code)
    return concept.label if concept else Text(ko=code, en=code)


def find_by_uri(name: str, uri: str) -> str | None:
    """Return the first code with this URI; ``http`` and ``https``, and a slash at the end, make no difference."""
    plain = plain_uri(uri)
    _, ours, code = plain.partition(f"{scheme_path(name)}/")  # a hub's own address of the concept
    return uris(name).get(plain_uri(f"{PERMANENT}{ours}{code}") if ours else plain)


def find_by_mapping(name: str, column: str, value: str) -> str | None:
    """Return the first code that others call ``value`` in the mapping ``column``; case makes no difference."""
    return mapped(name, column).get(value.strip().casefold())


def find_code(name: str, value: str) -> str | None:
    """Return the code for whatever a document says: a code, a URI, a label or any name that a mapping knows."""
    words = value.strip()
    if words in vocabulary(name):
        return words
    return find_by_uri(name, words) or spoken(name).get(words.casefold())


@cache
def index() -> Mapping[str, Row]:
    return {row["name"]: row for row in read_table("index")}


def concepts(name: str) -> Iterator[Concept]:
    scheme = scheme_uri(name)
    own_scheme = PERMANENT + scheme_path(name)
    for concept in SOURCES.get(name, table_concepts)(name):
        uri = concept.uri or f"{own_scheme}/{quote(concept.code)}"
        yield Concept(
            **(vars(concept) | {"uri": uri, "scheme": scheme if concept.uri else own_scheme, "vocabulary": name})
        )


def table_concepts(name: str) -> Iterator[Concept]:
    for row in read_table(name):
        yield Concept(
            code=row["code"],
            label=Text(ko=row["ko"], en=row["en"]),
            uri=row["uri"],
            days=float(row["days"]) if row.get("days") else None,
            mappings={column: cell for column, cell in row.items() if cell and column not in OWN_COLUMNS},
        )


def region_concepts(name: str) -> Iterator[Concept]:
    for region in regions().values():
        yield Concept(
            code=region.code,
            label=region.label,
            uri=region.uri,
            since=region.since,
            until=region.until,
            mappings=region_mappings(region),
        )


def region_mappings(region: Region) -> Mapping[str, str]:
    cells = {
        "name": region.name.ko,
        "parent": region.parent,
        "successors": "|".join(region.successors),
        "note": region.note,
    }
    return {column: cell for column, cell in cells.items() if cell}


def model_concepts(name: str) -> Iterator[Concept]:
    for model in data_models().values():
        cells = {
            "version": model.version,
            "theme": model.theme,
            "standard_data": model.standard_data,
            "smart_data_model": model.smart_data_model,
            "keti": "|".join(model.also_known),
        }
        yield Concept(model.name, model.title, "", mappings={column: cell for column, cell in cells.items() if cell})


SOURCES = {"region": region_concepts, "data_model": model_concepts}


@cache
def uris(name: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for concept in vocabulary(name).values():
        found.setdefault(plain_uri(concept.uri), concept.code)
    for concept in vocabulary(name).values():
        others = (part for column in URI_COLUMNS for part in concept.names_in(column))
        for uri in (PERMANENT + concept.path, *others):
            found.setdefault(plain_uri(uri), concept.code)
    return found


def plain_uri(uri: str) -> str:
    """Return what is left of a URI to compare it by: without ``http(s)://``, case of escapes and the last slash."""
    plain = unquote(uri.strip())
    for beginning in ("https://", "http://"):
        plain = plain.removeprefix(beginning)
    return plain.rstrip("/#").casefold()


@cache
def mapped(name: str, column: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for concept in vocabulary(name).values():
        for part in (concept.mappings.get(column, ""), *concept.names_in(column)):
            if part:
                found.setdefault(part.casefold(), concept.code)
    return found


@cache
def spoken(name: str) -> Mapping[str, str]:
    """Return the code of every label and name, labels first."""
    found: dict[str, str] = {}
    for concept in vocabulary(name).values():
        for words in (concept.code, concept.label.ko, concept.label.en):
            found.setdefault(words.casefold(), concept.code)
    for concept in vocabulary(name).values():
        for column in NAME_COLUMNS:
            for part in concept.names_in(column):
                found.setdefault(part.casefold(), concept.code)
    return found


def forget() -> None:
    for kept in (vocabulary, uris, mapped, spoken):
        kept.cache_clear()


on_change(forget)
