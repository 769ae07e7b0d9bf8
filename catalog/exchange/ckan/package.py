"""Datasets as CKAN packages, and back without loss over the whole profile.

What CKAN has a key for stands there; the rest are extras under the field's own name: strings, unique keys, texts as
``name_ko`` and ``name_en``, lists and parts as JSON. The extra ``hub_profile`` marks a package as written here: such a one
is read by its own fields only, so that what was derived for CKAN (dates of listing, groups, an area) is not taken for
what the publisher said. A package of anybody else is read as ``foreign.py`` says.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.exchange.ckan.foreign import foreign_description
from catalog.exchange.ckan.names import derive_id, is_uuid, moment_of, to_name, to_tags, to_timestamp
from catalog.exchange.ckan.people import FIRST_MOMENT, from_organization, to_group, to_organization
from catalog.exchange.ckan.resource import ResourceFacts, from_resource, to_resource
from catalog.exchange.ckan.values import as_json, as_text, plain_text, read_value, write_value
from catalog.exchange.entry import Catalogue, Description, Entry, Finding, make_slug
from catalog.standard import FIELDS, VERSION, Kind, label_of, vocabulary

MARK = "hub_profile"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
CONTACT_PARTS = ("email", "phone", "url")
ELSEWHERE = frozenset(
    [
        "title",
        "description",
        "organisation",
        "contact_point",
        "theme",
        "keywords",
        "licence",
        "version",
        "distributions",
    ]
)


@dataclass(frozen=True)
class PackageFacts:
    """What the hub knows of a dataset beside its description: when it was listed, when it or its records last changed."""

    created: dt.datetime | None = None
    modified: dt.datetime | None = None
    organisation_created: dt.datetime | None = None
    resources: Sequence[ResourceFacts] = field(default_factory=tuple)  # beside the distributions, in their order


def to_package(entry: Entry, catalogue: Catalogue, facts: PackageFacts | None = None) -> dict[str, Any]:
    """Write a dataset as a package, with every key that CKAN's clients look for."""
    known = facts or PackageFacts()
    description = entry.description
    package_id = entry.id or derive_id("dataset", entry.slug)
    created = moment_string(known.created, description.get("issued"))
    modified = max(moment_string(known.modified, description.get("modified")), created)
    resources = to_resources(description.get("distributions", []), known, package_id, created, modified)
    organization = to_organizations(description.get("organisation"), catalogue, known)
    tags = to_tags(word for words in description.get("keywords", {}).values() for word in words)
    contact = description.get("contact_point", {})
    creators = description.get("creators", [])
    return {
        "id": package_id,
        "name": to_name(entry.slug),
        "title": plain_text(description.get("title")),
        "title_translated": dict(description.get("title", {})),
        "notes": plain_text(description.get("description")),
        "notes_translated": dict(description.get("description", {})),
        "type": "dataset",
        "state": "active",
        "private": False,
        "url": description.get("landing_page") or entry.uri,
        "version": description.get("version", ""),
        "author": plain_text(creators[0].get("name")) if creators else "",
        "author_email": "",
        "maintainer": plain_text(contact.get("name")),
        "maintainer_email": email_or_nothing(contact.get("email", "")),
        "creator_user_id": None,
        **to_licence(description.get("licence", "")),
        "owner_org": organization["id"] if organization else None,
        "organization": organization,
        "groups": [to_group(theme) for theme in [description.get("theme")] if theme in vocabulary("theme")],
        "tags": [to_tag_document(tag) for tag in tags],
        "tags_translated": {language: list(words) for language, words in description.get("keywords", {}).items()},
        "extras": [{"key": key, "value": value} for key, value in to_extras(entry).items()],
        "resources": resources,
        "metadata_created": created,
        "metadata_modified": modified,
        "num_resources": len(resources),
        "num_tags": len(tags),
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def moment_string(moment: dt.datetime | None, said: str | None) -> str:
    """Return the hub's moment as a timestamp, else what the description says, else the first moment of all."""
    found = moment or (moment_of(said) if said else None)
    return to_timestamp(found) if found else FIRST_MOMENT


def to_resources(
    distributions: Sequence[Description], facts: PackageFacts, package_id: str, created: str, modified: str
) -> list[dict[str, Any]]:
    return [
        to_resource(
            distribution,
            package_id=package_id,
            position=position,
            created=created,
            modified=modified,
            facts=facts.resources[position] if position < len(facts.resources) else None,
        )
        for position, distribution in enumerate(distributions)
    ]


def to_organizations(slug: str | None, catalogue: Catalogue, facts: PackageFacts) -> dict[str, Any] | None:
    if not slug:
        return None
    created = to_timestamp(facts.organisation_created) if facts.organisation_created else ""
    return to_organization(slug, catalogue.organisations.get(slug, {}), created=created)


def to_licence(code: str) -> dict[str, Any]:
    """Return what a package says of a licence; an unknown code is nothing but itself."""
    concept = vocabulary("licence").get(code)
    return {
        "license_id": code,
        "license_title": concept.label.in_language("ko") if concept else code,
        "license_url": concept.uri if concept else "",
        "isopen": bool(concept and concept.mappings.get("is_open") == "true"),
    }


def to_tag_document(tag: str) -> dict[str, Any]:
    return {"id": derive_id("tag", tag), "name": tag, "display_name": tag, "state": "active", "vocabulary_id": None}


def email_or_nothing(email: str) -> str:
    return email if EMAIL.fullmatch(email) else ""


def to_extras(entry: Entry) -> dict[str, str]:
    """Return the extras: first ours, then what others look for under names of their own; the first of a name stays."""
    extras: dict[str, str] = {MARK: VERSION, "uri": entry.uri}
    for name, value in (*own_extras(entry.description), *contact_extras(entry.description), *known_extras(entry)):
        extras.setdefault(name, value)
    return {name: value for name, value in extras.items() if value}


def own_extras(description: Description) -> Iterator[tuple[str, str]]:
    for profile_field in FIELDS:
        value = description.get(profile_field.name)
        if value is None or profile_field.name in ELSEWHERE:
            continue
        if profile_field.kind is Kind.TEXT:
            yield from ((f"{profile_field.name}_{language}", text) for language, text in value.items())
        elif profile_field.kind is Kind.PERIOD:
            yield from ((f"{profile_field.name}_{side}", day) for side, day in value.items())
        else:
            yield profile_field.name, write_value(value, profile_field)


def contact_extras(description: Description) -> Iterator[tuple[str, str]]:
    contact = description.get("contact_point", {})
    yield from ((f"contact_name_{language}", text) for language, text in contact.get("name", {}).items())
    yield from ((f"contact_{part}", contact[part]) for part in CONTACT_PARTS if part in contact)


def known_extras(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield what harvesters look for: the area as GeoJSON and in words, themes, languages, the place's URI."""
    description = entry.description
    yield "identifier", entry.uri or entry.identifier
    if "bbox" in description:
        yield "spatial", as_json(polygon(*description["bbox"]))
    region = description.get("region")
    area = plain_text(description.get("spatial_text")) or (
        label_of("region", region).in_language("ko") if region else ""
    )
    yield "spatial-text", area
    yield "spatial-uri", next(iter(description.get("places", [])), "")
    theme = vocabulary("theme").get(description.get("theme", ""))
    if theme:
        yield "theme", as_json([theme.uri])
    if "languages" in description:
        yield "language", as_json([vocabulary("language")[code].uri for code in description["languages"]])


def polygon(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return a box as a GeoJSON polygon, closed and counter-clockwise."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@dataclass(frozen=True)
class Reading:
    """A package that was read: its entry, its organisation if it has one, and what was not carried over."""

    entry: Entry
    organisation: tuple[str, dict[str, Any]] | None
    findings: tuple[Finding, ...]


def from_package(package: Mapping[str, Any]) -> Entry:
    """Read a package: ours as it was, anybody else's as far as it goes."""
    return read_package(package).entry


def read_package(package: Mapping[str, Any]) -> Reading:
    identifier = str(package.get("id") or package.get("name") or "")
    extras = extras_of(package)
    is_ours = MARK in extras
    description, findings = (own_description(package, extras), []) if is_ours else foreign_description(package, extras)
    distributions = [
        from_resource(resource, is_ours=is_ours)
        for resource in package.get("resources") or []
        if isinstance(resource, Mapping)
    ]
    if distributions := [distribution for distribution in distributions if distribution]:
        description["distributions"] = distributions
    organisation = organisation_of(package, description)
    if organisation:
        description["organisation"] = organisation[0]
    name = str(package.get("name") or "").rstrip("_")
    slug = make_slug(name or str(package.get("title") or ""), identifier)
    uri = extras.get("uri") or package.get("uri")
    entry = Entry(
        slug=slug,
        uri=uri if isinstance(uri, str) else "",
        description=description,
        id=identifier if is_uuid(identifier) else "",
        identifier=identifier or slug,
        document=package,
    )
    return Reading(entry, organisation, tuple(Finding(f"{entry.slug}: {where}", text) for where, text in findings))


def extras_of(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extras by key: a list of ``{"key", "value"}``, or of old a plain object; JSON strings stay as they are."""
    extras = package.get("extras") or []
    if isinstance(extras, Mapping):
        return dict(extras)
    return {
        str(extra["key"]): extra.get("value") for extra in extras if isinstance(extra, Mapping) and extra.get("key")
    }


def organisation_of(package: Mapping[str, Any], description: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the organisation: the organization, else the publisher that a reader of foreign packages put aside."""
    organization = package.get("organization")
    if isinstance(organization, Mapping) and organization.get("name"):
        description.pop("publisher", None)
        return from_organization(organization)
    publisher = description.pop("publisher", None)
    return from_organization(publisher) if publisher else None


def own_description(package: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """Read what ``to_package`` wrote."""
    description: dict[str, Any] = {
        "title": as_text(package.get("title_translated") or package.get("title") or ""),
        "description": as_text(package.get("notes_translated") or package.get("notes") or ""),
        "theme": next((group.get("name") for group in package.get("groups") or []), None),
        "keywords": dict(package.get("tags_translated") or own_keywords(package)),
        "licence": package.get("license_id"),
        "version": package.get("version"),
        "contact_point": own_contact(extras),
    }
    for profile_field in FIELDS:
        if profile_field.name in ELSEWHERE:
            continue
        if profile_field.kind is Kind.TEXT:
            value: Any = two_parts(extras, profile_field.name, ("ko", "en"))
        elif profile_field.kind is Kind.PERIOD:
            value = two_parts(extras, profile_field.name, ("start", "end"))
        else:
            raw = extras.get(profile_field.name)
            value = None if raw is None else read_value(raw, profile_field)
        description[profile_field.name] = value
    return {name: value for name, value in description.items() if value not in (None, "", {}, [])}


def own_keywords(package: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the tags as keywords by language, for a package that lost its translations on the way."""
    words: dict[str, list[str]] = {}
    for tag in package.get("tags") or []:
        for language, word in as_text(tag.get("display_name") or tag.get("name") or "").items():
            words.setdefault(language, []).append(word)
    return words


def own_contact(extras: Mapping[str, Any]) -> dict[str, Any]:
    contact = {"name": two_parts(extras, "contact_name", ("ko", "en"))}
    contact |= {part: extras.get(f"contact_{part}") for part in CONTACT_PARTS}
    return {part: value for part, value in contact.items() if value}


def two_parts(extras: Mapping[str, Any], name: str, parts: tuple[str, str]) -> dict[str, Any]:
    return {part: extras[f"{name}_{part}"] for part in parts if extras.get(f"{name}_{part}")}
