"""What schema.org says of a dataset as a whole, written and read: shared by ``schema_org.py`` and ``croissant.py``."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog.exchange.entry import Catalogue, Description, Entry, make_slug, slug_of_uri
from catalog.exchange.json_codes import UNKNOWN_LICENCE, read_languages, write_languages
from catalog.exchange.json_values import (
    Notes,
    as_list,
    box_of_coordinates,
    in_language,
    is_box,
    one_line,
    plain,
    read_address,
    read_addresses,
    read_boolean,
    read_email,
    read_keywords,
    read_moment,
    read_page,
    read_period,
    read_string,
    read_text,
    said,
    write_keywords,
)
from catalog.standard import is_region, label_of, vocabulary
from catalog.standard.vocabularies import find_code, scheme_uri
from catalog.text import Text

PARAGRAPH = "\n\n"
PREFIXES = ("schema:", "sc:", "https://schema.org/", "http://schema.org/")
Node = dict[str, Any]


def dataset_terms(entry: Entry, catalogue: Catalogue) -> Node:
    """Return what schema.org can say of a dataset as a whole; Croissant says the same."""
    description = entry.description
    title = description.get("title", {})
    publisher = write_publisher(description, catalogue)
    return {
        "name": said(title) or entry.slug,
        "alternateName": title["en"] if title.get("ko") and title.get("en") else None,
        "description": in_both_languages(description.get("description", {})),
        "url": entry.uri or catalogue.dataset_uri(entry.slug),
        "sameAs": description.get("landing_page"),
        "identifier": description.get("identifiers"),
        "keywords": write_keywords(description.get("keywords", {})),
        "license": licence_address(description),
        "isAccessibleForFree": not description.get("is_charged", False),
        "conditionsOfAccess": in_both_languages(description.get("access_reason", {})),
        "creator": [write_agent(agent) for agent in description.get("creators", ())] or publisher,
        "publisher": publisher,
        "includedInDataCatalog": write_catalogue(catalogue),
        "about": write_theme(description.get("theme", "")),
        "spatialCoverage": write_place(description),
        "temporalCoverage": write_period(description.get("temporal", {})),
        "inLanguage": write_languages(description.get("languages", ())),
        "datePublished": description.get("issued"),
        "dateModified": description.get("modified"),
        "version": description.get("version"),
        "measurementTechnique": in_both_languages(description.get("collection_method", {})),
        "isBasedOn": description.get("sources"),
        "isPartOf": [write_series(slug, catalogue) for slug in description.get("series", ())],
        "schemaVersion": description.get("conforms_to"),
    }


def in_both_languages(text: Mapping[str, str]) -> str:
    """Return a text that holds both languages, Korean first; ``read_both_languages`` tells them apart."""
    return PARAGRAPH.join(text[language] for language in ("ko", "en") if text.get(language))


def licence_address(description: Description) -> str | None:
    """Return the licence's URI: of the vocabulary, else the one that the distributions share."""
    concept = vocabulary("licence").get(description.get("licence", ""))
    if concept is not None and concept.code != UNKNOWN_LICENCE:
        return concept.uri
    addresses = {part.get("licence_url") for part in description.get("distributions", ())}
    return addresses.pop() if len(addresses) == 1 else None


def write_publisher(description: Description, catalogue: Catalogue) -> Node | None:
    slug = description.get("organisation")
    if not slug:
        return None
    organisation = catalogue.organisations.get(slug, {})
    name = organisation.get("name", {})
    node: Node = {"@type": "Organization", "@id": catalogue.organisation_uri(slug), "name": said(name) or slug}
    if name.get("ko") and name.get("en"):
        node["alternateName"] = name["en"]
    if organisation.get("homepage"):
        node["url"] = organisation["homepage"]
    if contact := description.get("contact_point") or organisation.get("contact_point"):
        node["contactPoint"] = write_contact(contact)
    return node


def write_contact(contact: Mapping[str, Any]) -> Node:
    name = contact.get("name", {})
    values = {
        "name": said(name),
        "alternateName": name["en"] if name.get("ko") and name.get("en") else None,
        "email": contact.get("email"),
        "telephone": contact.get("phone"),
        "url": contact.get("url"),
    }
    return {"@type": "ContactPoint"} | {key: value for key, value in values.items() if value}


def write_agent(agent: Mapping[str, Any]) -> Node:
    name = agent.get("name", {})
    node: Node = {"@type": "Organization", "name": said(name)}
    if name.get("ko") and name.get("en"):
        node["alternateName"] = name["en"]
    return node | ({"@id": agent["uri"]} if agent.get("uri") else {})


def write_catalogue(catalogue: Catalogue) -> Node:
    title = said(catalogue.description.get("title", {})) or catalogue.base
    return {"@type": "DataCatalog", "@id": catalogue.uri, "name": title, "url": f"{catalogue.base}/"}


def write_theme(code: str) -> Node | None:
    concept = vocabulary("theme").get(code)
    if concept is None:
        return None
    return {
        "@type": "DefinedTerm",
        "termCode": concept.code,
        "name": concept.label.ko,
        "alternateName": concept.label.en,
        "inDefinedTermSet": scheme_uri("theme"),
    }


def write_place(description: Description) -> Node | None:
    """Write one place: in words, by its region, its box (south west north east) and its URIs."""
    region, text = description.get("region", ""), description.get("spatial_text", {})
    values: Node = {
        "name": in_both_languages(text) or (label_of("region", region).ko if region else ""),
        "identifier": region,
        "sameAs": description.get("places"),
    }
    if box := description.get("bbox"):
        west, south, east, north = box
        values["geo"] = {"@type": "GeoShape", "box": " ".join(f"{side:.15g}" for side in (south, west, north, east))}
    values = {name: value for name, value in values.items() if value}
    return {"@type": "Place"} | values if values else None


def write_period(period: Mapping[str, str]) -> str:
    """Write a period with ".." for an open side."""
    return f"{period.get('start') or '..'}/{period.get('end') or '..'}" if any(period.values()) else ""


def write_series(slug: str, catalogue: Catalogue) -> Node:
    title = said(catalogue.series.get(slug, {}).get("title", {})) or slug
    return {"@type": "Dataset", "@id": catalogue.series_uri(slug), "name": title}


def bare(name: str) -> str:
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix)


def is_a(node: Mapping[str, Any], name: str) -> bool:
    return any(bare(str(kind)) == name for kind in as_list(node.get("@type")))


def read_terms(node: Mapping[str, Any], prefix: str, notes: Notes) -> Node:
    """Read what is said of a dataset as a whole; Croissant says the same."""
    values: Node = {
        "title": read_title(node, prefix, notes),
        "is_charged": read_charge(node.get("isAccessibleForFree"), f"{prefix}isAccessibleForFree", notes),
    }
    for name, key, read in TERMS:
        values[name] = read(node.get(key), f"{prefix}{key}", notes)
    return values


def read_title(node: Mapping[str, Any], prefix: str, notes: Notes) -> dict[str, str] | None:
    """Read ``name`` and, for the language that it is not in, ``alternateName``."""
    title = read_text(node.get("name"), f"{prefix}name", notes) or {}
    other = read_text(next(iter(as_list(node.get("alternateName"))), None), f"{prefix}alternateName", notes) or {}
    title = {language: title.get(language) or other.get(language) or "" for language in ("ko", "en")}
    return {language: text for language, text in title.items() if text} or None


def read_both_languages(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    """Read a text that may hold both languages, told apart by the script of each paragraph."""
    if not isinstance(value, str):
        return read_text(value, where, notes)
    paragraphs: dict[str, list[str]] = {"ko": [], "en": []}
    for paragraph in value.strip().split(PARAGRAPH):
        paragraphs[in_language(paragraph)].append(paragraph)
    return {language: PARAGRAPH.join(parts) for language, parts in paragraphs.items() if parts and any(parts)} or None


def read_charge(value: object, where: str, notes: Notes) -> bool | None:
    """Read ``isAccessibleForFree``, which is also said in words; only that it is not free is worth a field."""
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(bare(value).casefold())
    return True if read_boolean(value, where, notes) is False else None


def read_identifiers(value: object, where: str, notes: Notes) -> list[str] | None:
    found = []
    for number, part in enumerate(as_list(value)):
        told = part.get("value") or part.get("@id") or part.get("url") if isinstance(part, Mapping) else part
        if text := one_line(told, f"{where}[{number}]", notes):
            found.append(text)
    return found or None


def read_language_names(value: object, where: str, notes: Notes) -> list[str] | None:
    codes = [
        part.get("alternateName") or part.get("name") if isinstance(part, Mapping) else part for part in as_list(value)
    ]
    return read_languages(codes, where, notes) if codes else None


def read_theme(value: object) -> str:
    for part in as_list(value):
        told = part.get("termCode") or part.get("name") if isinstance(part, Mapping) else part
        if isinstance(told, str) and (code := find_code("theme", told)):
            return code
    return ""


def read_publisher(
    node: Mapping[str, Any], prefix: str, base: str, notes: Notes, organisations: dict[str, Node], values: Node
) -> str:
    key = "publisher" if node.get("publisher") else "provider" if node.get("provider") else "creator"
    publisher = next(iter(as_list(node.get(key))), None)
    if publisher is None:
        return ""
    agent = publisher if isinstance(publisher, Mapping) else {"name": publisher}
    name = read_title(agent, f"{prefix}{key}.", notes)
    uri = plain(agent.get("@id"), f"{prefix}{key}.@id", notes)
    slug = slug_of_uri(uri, base, "organisation") or (make_slug(next(iter(name.values()))) if name else "")
    if not slug or is_a(agent, "Person"):
        return ""
    organisation: Node = {"name": name} if name else {}
    if home := read_page(agent.get("url"), f"{prefix}{key}.url", notes):
        organisation["homepage"] = home
    organisations.setdefault(slug, organisation)
    contact = next((part for part in as_list(agent.get("contactPoint")) if isinstance(part, Mapping)), None)
    if contact:
        told = {
            "name": read_title(contact, f"{prefix}{key}.contactPoint.", notes),
            "email": read_email(contact.get("email"), f"{prefix}{key}.contactPoint.email", notes),
            "phone": read_string(contact.get("telephone"), f"{prefix}{key}.contactPoint.telephone", notes),
            "url": read_page(contact.get("url"), f"{prefix}{key}.contactPoint.url", notes),
        }
        values["contact_point"] = {part: value for part, value in told.items() if value}
    return slug


def read_creators(node: Mapping[str, Any], prefix: str, notes: Notes) -> list[Node]:
    """Read who made the data, unless that is the publisher; persons are not carried over."""
    creators = []
    publisher = next(iter(as_list(node.get("publisher") or node.get("provider") or node.get("creator"))), {})
    for number, agent in enumerate(as_list(node.get("creator"))):
        place = f"{prefix}creator[{number}]."
        told = agent if isinstance(agent, Mapping) else {"name": agent}
        if told == publisher or is_a(told, "Person"):
            continue
        name = read_title(told, place, notes)
        uri = read_address(told.get("@id") or told.get("url"), f"{place}@id", Notes())
        if name:
            creators.append({"name": name} | ({"uri": uri} if uri else {}))
    return creators


def read_series(value: object, base: str, series: dict[str, Node]) -> list[str]:
    slugs = []
    for part in as_list(value):
        uri = part.get("@id") if isinstance(part, Mapping) else part
        if isinstance(uri, str) and (slug := slug_of_uri(uri, base, "series")):
            slugs.append(slug)
            title = read_text(part.get("name"), "isPartOf.name", Notes()) if isinstance(part, Mapping) else None
            series.setdefault(slug, {"title": title} if title else {})
    return slugs


def read_places(value: object, where: str, notes: Notes, values: Node) -> None:
    places: list[str] = []
    for number, part in enumerate(as_list(value)):
        place = f"{where}[{number}]" if number else where
        if not isinstance(part, Mapping):
            if (text := read_text(part, place, notes)) is not None:
                values.setdefault("spatial_text", text)
            continue
        region = part.get("identifier")
        if isinstance(region, str) and is_region(region):
            values.setdefault("region", region)
        name = read_both_languages(part.get("name"), f"{place}.name", notes)
        if name and not (values.get("region") and said(name) == label_of("region", values["region"]).ko):
            values.setdefault("spatial_text", name)
        if box := read_geo(part.get("geo"), f"{place}.geo", notes):
            values.setdefault("bbox", box)
        places += read_addresses(part.get("sameAs"), f"{place}.sameAs", notes) or []
    if places:
        values["places"] = places


def read_geo(value: object, where: str, notes: Notes) -> list[float] | None:
    """Read a shape or a point of schema.org, where latitude comes first."""
    for geo in as_list(value):
        if not isinstance(geo, Mapping):
            continue
        text = geo.get("box") or geo.get("polygon") or geo.get("line")
        if geo.get("latitude") is not None and geo.get("longitude") is not None:
            text = f"{geo['latitude']} {geo['longitude']}"
        numbers = [number for number in map(number_of, str(text or "").replace(",", " ").split()) if number is not None]
        pairs = [[east, north] for north, east in zip(numbers[::2], numbers[1::2], strict=False)]
        if (box := box_of_coordinates(pairs)) and is_box(box):
            return box
        notes.refuse(
            where, text, Text(ko="위도와 경도의 쌍이 아닙니다", en="is not made of pairs of latitude and longitude")
        )
    return None


def number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def read_words(value: object, where: str, notes: Notes) -> dict[str, list[str]] | None:
    """Read keywords: a list, a text with commas, or terms with a name."""
    if isinstance(value, Mapping):
        value = [value]
    return read_keywords(value, where, notes)


def first_page(value: object, where: str, notes: Notes) -> str | None:
    return read_page(next(iter(as_list(value)), None), where, notes)


TERMS: tuple[tuple[str, str, Callable[[Any, str, Notes], Any]], ...] = (
    ("description", "description", read_both_languages),
    ("keywords", "keywords", read_words),
    ("temporal", "temporalCoverage", read_period),
    ("access_reason", "conditionsOfAccess", read_both_languages),
    ("landing_page", "sameAs", first_page),
    ("identifiers", "identifier", read_identifiers),
    ("languages", "inLanguage", read_language_names),
    ("issued", "datePublished", read_moment),
    ("modified", "dateModified", read_moment),
    ("version", "version", read_string),
    ("collection_method", "measurementTechnique", read_both_languages),
    ("sources", "isBasedOn", read_addresses),
    ("conforms_to", "schemaVersion", read_addresses),
)
