"""data.json: DCAT-US 1.1 written and read; Project Open Data 1.0, DCAT-US 3.0 and the Argentine profile read.

The whole catalogue is one document, written piece by piece: descriptions of organisations, series and services, which the
format has no names for, follow the datasets under a key of ours. What one dataset says is in ``data_json_dataset.py``.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from catalog.errors import BadDocument
from catalog.exchange.data_json_dataset import (
    Reading,
    Told,
    read_contact,
    read_dataset,
    read_organisation,
    unknown_keys,
    write_dataset,
)
from catalog.exchange.data_json_faults import Dialect, catalogue_faults, dataset_faults, dialect_of
from catalog.exchange.entry import LONGEST_SLUG, Catalogue, Entry, make_slug, slug_of_uri
from catalog.exchange.json_codes import read_languages, told_licence
from catalog.exchange.json_values import (
    NO_LIST,
    NO_OBJECT,
    as_list,
    load_json,
    plain,
    read_addresses,
    read_keywords,
    read_moment,
    read_page,
    read_text,
    shown,
)
from catalog.exchange.remainder import REST, Rest, read_rest, tell_rest
from catalog.standard import Class, fields_of
from catalog.standard.conformance import SLUG_PATTERN
from catalog.text import Text

FORM = "data.json"
CONFORMS_TO = "https://project-open-data.cio.gov/v1.1/schema"
HEAD = {
    "@context": f"{CONFORMS_TO}/catalog.jsonld",
    "@type": "dcat:Catalog",
    "conformsTo": CONFORMS_TO,
    "describedBy": f"{CONFORMS_TO}/catalog.json",
}
DATASET_MARKS = frozenset(["distribution", "keyword", "accessLevel", "contactPoint"])
CATALOGUE_KEYS = frozenset(["dataset", "datasetSeries", "service", "catalog", "record"])


def to_data_json(catalogue: Catalogue) -> Iterator[bytes]:
    """Write a catalogue, dataset by dataset, in constant memory."""
    head = orjson.dumps({"@id": f"{catalogue.base}/data.json"} | HEAD)
    yield head[:-1] + b',"dataset":['
    for number, entry in enumerate(catalogue.datasets):
        item = write_dataset(
            entry.description,
            uri=entry.uri or catalogue.dataset_uri(entry.slug),
            base=catalogue.base,
            names=catalogue.organisations,
            series_uri=catalogue.series_uri,
        )
        yield (b",\n" if number else b"\n") + orjson.dumps(item)
    yield b'\n],"' + REST.encode() + b'":' + orjson.dumps(tell_rest(catalogue)) + b"}"


def from_data_json(document: object, *, where: str = FORM) -> Catalogue:
    """Read a document (bytes, or values read already) of any dialect; one that is no catalogue raises BadDocument."""
    content = load_json(document, FORM, where)
    if not isinstance(content, (Mapping, list)):
        raise BadDocument(
            form=FORM,
            where=where,
            reason=Text(ko="객체나 목록이어야 합니다", en="it must be an object or a list of datasets"),
        )
    reader = Reader(dialect_of(content), Reading(base_of(content)))
    reader.read(content)
    return reader.catalogue()


def base_of(content: object) -> str:
    """Return the address of the hub that a document says it comes from."""
    uri = content.get("@id") if isinstance(content, Mapping) else None
    return uri.removesuffix("/data.json") if isinstance(uri, str) and uri.endswith("/data.json") else ""


@dataclass
class Reader:
    """Goes through one document and keeps what it has told; datasets that are told twice in other words are told once."""

    dialect: Dialect
    reading: Reading
    description: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[Told, Any]] = field(default_factory=list)
    by_identifier: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    served: dict[str, list[str]] = field(default_factory=dict)

    def read(self, content: object) -> None:
        """Read a catalogue and those within it, or a list of datasets, or one dataset."""
        if isinstance(content, list):
            self.read_datasets(content, "")
            return
        if is_dataset(content):
            self.read_item(content, "dataset")
            return
        self.reading.notes.findings += catalogue_faults(content, self.dialect)
        self.description = self.read_catalogue(content)
        if all(content.get(key) is None for key in CATALOGUE_KEYS):
            self.reading.notes.add("dataset", Text(ko="데이터셋 목록이 없습니다", en="is mandatory and missing"))
        waiting: list[tuple[Mapping[str, Any], str]] = [(content, "")]
        while waiting:
            catalogue, path = waiting.pop(0)
            self.read_datasets(catalogue.get("dataset"), f"{path}dataset")
            for number, series in enumerate(as_list(catalogue.get("datasetSeries"))):
                self.read_series(series, f"{path}datasetSeries[{number}]")
            for number, service in enumerate(as_list(catalogue.get("service"))):
                self.read_service(service, f"{path}service[{number}]")
            for number, inner in enumerate(as_list(catalogue.get("catalog"))):
                if isinstance(inner, Mapping):
                    waiting.append((inner, f"{path}catalog[{number}]."))
                else:
                    self.reading.notes.refuse(f"{path}catalog[{number}]", inner, NO_OBJECT)
        self.read_rest(read_rest(content.get(REST)))

    def read_catalogue(self, content: Mapping[str, Any]) -> dict[str, Any]:
        notes = self.reading.notes
        code, _ = told_licence(content.get("license"), "license", notes)
        values = {
            "title": read_text(content.get("title"), "title", notes),
            "description": read_text(content.get("description"), "description", notes),
            "organisation": read_organisation(content.get("publisher"), "publisher", self.reading),
            "homepage": read_page(content.get("homepage"), "homepage", notes),
            "languages": read_languages(content.get("language"), "language", notes),
            "licence": code,
            "issued": read_moment(content.get("issued"), "issued", notes),
            "modified": read_moment(content.get("modified"), "modified", notes),
            "rights": read_text(content.get("rights"), "rights", notes),
        }
        return {name: value for name, value in values.items() if value}

    def read_datasets(self, items: object, where: str) -> None:
        if items is not None and not isinstance(items, list):
            self.reading.notes.refuse(where, shown(items), NO_LIST)
        for number, item in enumerate(as_list(items)):
            if isinstance(item, Mapping):
                self.read_item(item, f"{where}[{number}]")
            else:
                self.reading.notes.refuse(f"{where}[{number}]", item, NO_OBJECT)

    def read_item(self, item: Mapping[str, Any], where: str) -> Told:
        self.reading.notes.findings += dataset_faults(item, where, self.dialect)
        for key in unknown_keys(item):
            self.unknown[key] = self.unknown.get(key, 0) + 1
        told = read_dataset(item, where, self.reading)
        if told.identifier:
            self.by_identifier.setdefault(told.identifier, len(self.told))
        self.told.append((told, item))
        return told

    def read_member(self, value: object, where: str) -> Told | None:
        """Return the dataset that another thing holds or names; it is read when nobody has told it before."""
        key = identifier_of(value)
        if key in self.by_identifier:
            return self.told[self.by_identifier[key]][0]
        return self.read_item(value, where) if isinstance(value, Mapping) and value.get("title") else None

    def read_series(self, value: object, where: str) -> None:
        notes = self.reading.notes
        if not isinstance(value, Mapping):
            notes.refuse(where, value, NO_OBJECT)
            return
        title = read_text(value.get("title"), f"{where}.title", notes)
        if not title:
            notes.add(f"{where}.title", Text(ko="시리즈의 제목이 없습니다", en="the title of the series is missing"))
        uri = plain(value.get("@id"), f"{where}.@id", notes)
        slug = slug_of_uri(uri, self.reading.base, "series") or make_slug(
            next(iter(title.values())) if title else "", uri or where
        )
        values = {
            "title": title,
            "description": read_text(value.get("description"), f"{where}.description", notes),
            "organisation": read_organisation(value.get("publisher"), f"{where}.publisher", self.reading),
            "issued": read_moment(value.get("issued"), f"{where}.issued", notes),
            "modified": read_moment(value.get("modified"), f"{where}.modified", notes),
        }
        self.reading.series[slug] = {name: part for name, part in values.items() if part}
        members = [(f"seriesMember[{number}]", part) for number, part in enumerate(as_list(value.get("seriesMember")))]
        for name, member in [*members, ("first", value.get("first")), ("last", value.get("last"))]:
            told = self.read_member(member, f"{where}.{name}") if member else None
            if told is not None and slug not in told.description.setdefault("series", []):
                told.description["series"].append(slug)

    def read_service(self, value: object, where: str) -> None:
        notes = self.reading.notes
        if not isinstance(value, Mapping):
            notes.refuse(where, value, NO_OBJECT)
            return
        title = read_text(value.get("title"), f"{where}.title", notes)
        identifier = identifier_of(value)
        holder: dict[str, Any] = {}
        read_contact(value, where, notes, holder)
        code, _ = told_licence(value.get("license"), f"{where}.license", notes)
        values = {
            "title": title,
            "endpoint_urls": read_addresses(value.get("endpointURL"), f"{where}.endpointURL", notes),
            "endpoint_descriptions": read_addresses(
                value.get("endpointDescription"), f"{where}.endpointDescription", notes
            ),
            "description": read_text(value.get("description"), f"{where}.description", notes),
            "organisation": read_organisation(value.get("publisher"), f"{where}.publisher", self.reading),
            "contact_point": holder.get("contact_point"),
            "keywords": read_keywords(value.get("keyword"), f"{where}.keyword", notes),
            "conforms_to": read_addresses(value.get("conformsTo"), f"{where}.conformsTo", notes),
            "licence": code,
            "landing_page": read_page(value.get("landingPage"), f"{where}.landingPage", notes),
            "documentation": read_addresses(value.get("page"), f"{where}.page", notes),
        }
        slug = make_slug(next(iter(title.values())) if title else "", identifier or where)
        self.reading.services[slug] = {name: part for name, part in values.items() if part}
        for number, member in enumerate(as_list(value.get("servesDataset"))):
            if (told := self.read_member(member, f"{where}.servesDataset[{number}]")) is not None:
                self.served.setdefault(slug, []).append(told.identifier)

    def read_rest(self, rest: Rest) -> None:
        """Take over what ``to_data_json`` adds behind the datasets, for what the datasets told in fewer words."""
        self.description |= rest.catalogue
        self.reading.organisations |= rest.organisations
        self.reading.series |= rest.series
        self.reading.services |= rest.services

    def catalogue(self) -> Catalogue:
        """Return what was told, each dataset with a slug of its own."""
        self.describe_collections()
        for key, count in self.unknown.items():
            self.reading.notes.add(
                f"dataset[].{key}",
                Text(
                    ko=f"이 형식에 없는 항목이라 원문에만 남깁니다 ({count}건)",
                    en=f"is no key of this format and stays in the kept document only ({count} times)",
                ),
            )
        entries = list(self.entries())
        slugs = {entry.identifier: entry.slug for entry in entries if entry.identifier}
        for service, identifiers in self.served.items():
            if serves := [slugs[identifier] for identifier in identifiers if identifier in slugs]:
                self.reading.services[service].setdefault("serves", serves)
        return Catalogue(
            base=self.reading.base,
            description=self.description,
            datasets=entries,
            organisations=self.reading.organisations,
            series=self.reading.series,
            services=ordered(self.reading.services, Class.SERVICE),
            findings=tuple(self.reading.notes.findings),
            total=len(entries),
        )

    def entries(self) -> Iterator[Entry]:
        taken: set[str] = set()
        for told, item in self.told:
            slug = own_slug(told, self.reading.base)
            if slug in taken:
                slug = distinct_slug(slug, f"{told.identifier or orjson.dumps(item)!r}", taken)
            taken.add(slug)
            yield Entry(
                slug=slug, uri=told.uri, description=told.description, identifier=told.identifier, document=item
            )

    def describe_collections(self) -> None:
        """Give a title to the collections that datasets say they are part of: that of the dataset they name."""
        for told, _ in self.told:
            if not told.parent:
                continue
            slug = told.description["series"][0]
            if slug in self.reading.series:
                continue
            position = self.by_identifier.get(told.parent)
            parent = self.told[position][0].description if position is not None else {}
            self.reading.series[slug] = {
                name: parent[name] for name in ("title", "description", "organisation") if name in parent
            } or {"title": {"en": told.parent}}


def is_dataset(content: Mapping[str, Any]) -> bool:
    """Tell whether a document is a single dataset rather than a catalogue."""
    if content.keys() & CATALOGUE_KEYS:
        return False
    return str(content.get("@type", "")).endswith("Dataset") or bool(content.keys() & DATASET_MARKS)


def identifier_of(value: object) -> str:
    """Return what a dataset or service is known by: its identifier, else its URI."""
    if isinstance(value, Mapping):
        identifier = value.get("identifier")
        if isinstance(identifier, Mapping):
            identifier = identifier.get("@id") or identifier.get("notation")
        return str(identifier or value.get("@id") or "")
    return value if isinstance(value, str) else ""


def own_slug(told: Told, base: str) -> str:
    """Return the slug of a dataset: from a URI of our making, else from its title."""
    slug = slug_of_uri(told.uri, base, "dataset")
    if slug and SLUG_PATTERN.match(slug):
        return slug
    title = told.description.get("title") or {}
    return make_slug(
        title.get("en") or title.get("ko") or "", told.identifier or orjson.dumps(told.description).decode()
    )


def distinct_slug(slug: str, key: str, taken: set[str]) -> str:
    """Return a slug that is not taken, from a digest of what tells the dataset apart."""
    number = 0
    while True:
        digest = hashlib.sha256(f"{key} {number}".encode() if number else key.encode()).hexdigest()[:10]
        candidate = f"{slug[: LONGEST_SLUG - 11].rstrip('-')}-{digest}"
        if candidate not in taken:
            return candidate
        number += 1


def ordered(descriptions: Mapping[str, Mapping[str, Any]], class_: Class) -> dict[str, dict[str, Any]]:
    return {
        slug: {name: description[name] for name in fields_of(class_) if name in description}
        for slug, description in descriptions.items()
    }
