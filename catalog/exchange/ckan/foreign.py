"""Packages of other CKANs: a description from the core keys, from extras and from the fields of ckanext-scheming.

The same fact stands in many places: at the top (ckanext-dcat's schemas), in extras (older ones, ISO 19115 harvests), under
many names. ``ALSO`` lists those names, the nearest to the publisher's own words first. A value that is there and cannot be
read is a finding; the package itself is kept whole beside the description.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.exchange.ckan.people import theme_of
from catalog.exchange.ckan.values import (
    as_document,
    as_text,
    is_box,
    read_address,
    read_decimal,
    read_period,
    read_string,
    read_value,
)
from catalog.standard import FIELD, FIELDS, Field, Kind
from catalog.standard.vocabularies import find_code
from catalog.text import Text

Facts = Mapping[str, Any]

UNREADABLE = Text(
    ko="'{value}'을(를) 읽을 수 없어 옮기지 않았습니다", en="'{value}' could not be read and was left out"
)

# our field: the names that others give it; ours is tried as well, last of all where it means something else in CKAN
ALSO: Mapping[str, tuple[str, ...]] = {
    "landing_page": ("url",),
    "version": ("version",),
    "frequency": ("frequency", "frequency-of-update", "accrual_periodicity", "accrualPeriodicity", "update_frequency"),
    "access_level": ("access_rights", "accessLevel", "access_level"),
    "issued": ("dcat_issued", "issued", "metadata_created"),
    "modified": ("dcat_modified", "modified", "metadata_modified"),
    "identifiers": ("identifier", "guid", "doi", "alternate_identifier"),
    "languages": ("language", "metadata-language"),
    "types": ("dcat_type",),
    "referenced_by": ("is_referenced_by",),
    "samples": ("sample",),
    "relations": ("related_resource", "relation"),
    "spatial_resolution": ("spatial_resolution_in_meters",),
    "places": ("spatial-uri", "spatial_uri"),
    "spatial_text": ("spatial-text", "spatial_text", "spatial_coverage", "spatial_info"),
    "record_count": ("number_of_records",),
    "versions": ("has_version",),
    "sources": ("source",),
    "limitations": ("access_constraints", "limitations"),
    "usage_notes": ("usage", "usage_notes"),
    "source_system": ("source_system",),
    "hvd_categories": ("hvd_category",),
    "series": ("in_series",),
}
# read by a reader of their own, or never from a foreign package because the name means another thing there
APART = frozenset(
    [
        "title", "description", "organisation", "contact_point", "theme", "eu_themes", "keywords", "licence", "temporal", "bbox",
        "distributions", "creators", "attributions", "qualified_relations", "columns", "status", "series", "views", "uses",
        "personal_data", "legal_basis",
    ]
)  # fmt: skip
SIDES = {
    "west": ("bbox-west-long", "west"),
    "south": ("bbox-south-lat", "south"),
    "east": ("bbox-east-long", "east"),
    "north": ("bbox-north-lat", "north"),
}
PERIOD_NAMES = {
    "start": ("temporal_start", "temporal_coverage-from", "temporal_coverage_from"),
    "end": ("temporal_end", "temporal_coverage-to", "temporal_coverage_to"),
}


def foreign_description(
    package: Mapping[str, Any], extras: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, Text]]]:
    """Return the description of a foreign package, and the findings: where, and what was left out.

    ``publisher`` may be among its fields: an organisation for a package that has no organization.
    """
    facts = {name: value for name, value in {**package, **extras}.items() if value not in (None, "", [], {})}
    findings: list[tuple[str, Text]] = []
    description: dict[str, Any] = {
        "title": as_text(facts.get("title_translated")) or as_text(facts.get("title") or facts.get("name") or ""),
        "description": as_text(facts.get("notes_translated")) or as_text(facts.get("notes") or ""),
        "contact_point": read_contact(facts),
        "theme": theme_of(facts.get("groups"), as_document(facts.get("theme"))) or "administration",
        "eu_themes": read_eu_themes(facts.get("theme")),
        "keywords": read_keywords(facts),
        "licence": read_licence(facts),
        "temporal": read_temporal(facts),
        "bbox": read_area(facts),
        "creators": list(read_creators(facts)),
        "qualified_relations": list(read_relations(facts)),
        "publisher": read_publisher(facts),
        "spatial_text": read_area_words(facts),
        "access_level": "public",
    }
    for field in FIELDS:
        if field.name in APART:
            continue
        value = read_under_names(facts, field, findings)
        if value not in (None, "", [], {}):
            description[field.name] = value
    return {name: value for name, value in description.items() if value not in (None, "", [], {})}, findings


def read_under_names(facts: Facts, field: Field, findings: list[tuple[str, Text]]) -> Any:  # noqa: ANN401
    """Return the first value that can be read; several names of a list are taken together."""
    together: list[Any] = []
    for name in dict.fromkeys((*ALSO.get(field.name, ()), field.name)):
        if name not in facts:
            continue
        if field.kind is Kind.TEXT:
            document = as_document(facts[name])
            value = None if isinstance(document, list) and not all_words(document) else as_text(words_of(document))
        else:
            value = read_value(facts[name], field)
        if value in (None, {}):
            if name in ALSO.get(field.name, ()) and field.kind is not Kind.TEXT:
                findings.append((name, UNREADABLE.format(value=str(facts[name])[:80])))
        elif not field.many:
            return value
        else:
            together += [part for part in value if part not in together]
    return together


def all_words(document: list[Any]) -> bool:
    return all(isinstance(part, str) for part in document)


def words_of(document: Any) -> Any:  # noqa: ANN401
    return " ".join(document) if isinstance(document, list) else document


def listed(raw: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, of one object, or of their JSON."""
    document = as_document(raw)
    found = document if isinstance(document, list) else [document]
    return [part for part in found if isinstance(part, Mapping)]


def read_contact(facts: Facts) -> dict[str, Any]:
    """Read the first contact; of the core keys the maintainer, else the author."""
    for contact in listed(facts.get("contact")):
        return with_name(as_text(contact.get("name_translated")) or as_text(contact.get("name") or ""), contact)
    if "contact_name" in facts or "contact_email" in facts:
        return with_name(
            as_text(facts.get("contact_name", "")),
            {part: facts.get(f"contact_{part}") for part in ("email", "phone", "url")},
        )
    for role in ("maintainer", "author"):
        person = next(iter(listed(facts.get(role))), {})
        name = full_name(person) if person else read_string(as_document(facts.get(role, ""))) or ""
        email = facts.get(f"{role}_email") or person.get("email") or ""
        if name or email:
            return with_name(as_text(name), {"email": email})
    return with_name({}, {"email": facts.get("contact-email") or ""})


def with_name(name: Mapping[str, str], contact: Mapping[str, Any]) -> dict[str, Any]:
    """Return a contact point; one with an address and no name is called by its address."""
    parts = {
        "email": read_string(contact.get("email")),
        "phone": read_string(contact.get("phone")),
        "url": read_address(contact.get("url")),
    }
    found = {part: value for part, value in parts.items() if value}
    if not name and "email" in found:
        name = {"en": found["email"]}
    return {"name": dict(name)} | found if name else {}


def full_name(person: Mapping[str, Any]) -> str:
    return " ".join(str(person[part]) for part in ("given_name", "name") if person.get(part))


def read_keywords(facts: Facts) -> dict[str, list[str]]:
    """Read tags with translations where there are some, as objects or (of old) as plain words."""
    translated = as_document(facts.get("tags_translated"))
    words: dict[str, list[str]] = {}
    if isinstance(translated, Mapping):
        words = {language: [str(word) for word in translated.get(language) or []] for language in ("ko", "en")}
    if not any(words.values()):
        for tag in facts.get("tags") or []:
            name = (tag.get("display_name") or tag.get("name")) if isinstance(tag, Mapping) else tag
            for language, word in as_text(name or "").items():
                words.setdefault(language, []).append(word)
    return {language: list(dict.fromkeys(found)) for language, found in words.items() if found}


def read_licence(facts: Facts) -> str:
    """Return the code of the licence; "unknown" when nothing names one that we know."""
    for name in ("license_url", "license_id", "license_title", "license", "licence"):
        words = facts.get(name)
        if isinstance(words, str) and words.strip() and (code := find_code("licence", words)):
            return code
    return "unknown"


def read_eu_themes(raw: object) -> list[str]:
    return read_value(raw, FIELD["eu_themes"]) or [] if raw else []


def read_temporal(facts: Facts) -> dict[str, str] | None:
    """Read the first period; of bare years nothing is known but the year, so the first of January stands for it."""
    for period in listed(facts.get("temporal_coverage")):
        return read_period(period)
    bounds = {
        side: next((first_word(facts[name]) for name in names if name in facts), None)
        for side, names in PERIOD_NAMES.items()
    }
    return read_period({side: year_day(words, side) for side, words in bounds.items() if words})


def first_word(raw: object) -> str:
    document = as_document(raw)
    return str(document[0] if isinstance(document, list) and document else document)


def year_day(words: str, side: str) -> str:
    """Return a bare year as its first or last day."""
    if len(words) == 4 and words.isdigit():
        return f"{words}-01-01" if side == "start" else f"{words}-12-31"
    return words


def read_area(facts: Facts) -> list[float] | None:
    """Read the box around what the package says of its area: GeoJSON, four numbers, or a list of areas."""
    sides = {side: next((facts[name] for name in names if name in facts), None) for side, names in SIDES.items()}
    numbers = [read_decimal(value, FIELD["spatial_resolution"]) for value in sides.values()]
    if all(number is not None for number in numbers):
        return checked_box(*numbers)
    for area in listed(facts.get("spatial_coverage")):
        if box := box_around(area.get("bbox") or area.get("geom")):
            return box
    for box in listed(facts.get("bbox")):
        return checked_box(*(float(box.get(side, 999)) for side in SIDES))
    return box_around(facts.get("spatial") or facts.get("spatial_bbox"))


def box_around(raw: object) -> list[float] | None:
    """Return the box around a GeoJSON geometry, from all coordinates in it."""
    points = list(coordinates(as_document(raw)))
    if not points:
        return None
    xs, ys = zip(*points, strict=True)
    return checked_box(min(xs), min(ys), max(xs), max(ys))


def coordinates(value: object, depth: int = 0) -> Iterator[tuple[float, float]]:
    if isinstance(value, Mapping):
        yield from coordinates(value.get("coordinates") or value.get("geometries"), depth + 1)
    elif isinstance(value, list) and depth < 8:
        if len(value) >= 2 and all(isinstance(part, (int, float)) for part in value[:2]):
            yield float(value[0]), float(value[1])
        else:
            for part in value:
                yield from coordinates(part, depth + 1)


def checked_box(west: float, south: float, east: float, north: float) -> list[float] | None:
    return [west, south, east, north] if is_box(west, south, east, north) else None


def read_area_words(facts: Facts) -> dict[str, str]:
    for area in listed(facts.get("spatial_coverage")):
        if words := as_text(area.get("text") or ""):
            return words
    return {}


def read_creators(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield the creators: of a list, of extras, or the author where somebody else maintains the data."""
    for creator in (*listed(facts.get("creator")), *listed(facts.get("author"))):
        name = as_text(full_name(creator) or "")
        uri = read_address(creator.get("identifier") or creator.get("uri") or creator.get("url"))
        if name:
            yield {"name": name} | ({"uri": uri} if uri else {})
    for key in ("dcat_creator_name", "author"):
        if isinstance(facts.get(key), str) and not listed(facts[key]):
            yield {"name": as_text(facts[key])}


def read_relations(facts: Facts) -> Iterator[dict[str, Any]]:
    for relation in listed(facts.get("qualified_relation")):
        target = read_address(relation.get("relation"))
        if target:
            role = find_code("role", str(relation.get("role") or ""))
            yield {"target": target} | ({"role": role} if role else {})


def read_publisher(facts: Facts) -> dict[str, Any]:
    """Return the publisher as an organization, for a package that has none."""
    for publisher in listed(facts.get("publisher")):
        identifier = publisher.get("identifier") or publisher.get("url") or publisher.get("name")
        return {
            "id": identifier,
            "name": publisher.get("name"),
            "title": publisher.get("name"),
            "url": publisher.get("url"),
        }
    for prefix in ("publisher", "dcat_publisher"):
        if name := read_string(facts.get(f"{prefix}_name")):
            return {"id": name, "name": name, "title": name, "url": facts.get(f"{prefix}_url")}
    return {}
