"""schema.org Dataset as JSON-LD, as dataset search engines read it from a page; written and read.

These fields of a description survive a round trip: title, description, keywords, licence, region, bbox, spatial_text, places,
temporal, landing_page, organisation, contact_point, creators, identifiers, languages, issued, modified, version, sources,
series, conforms_to, collection_method, access_reason, is_charged, theme; of a distribution title, description, access_url,
download_url, licence, licence_url, media_type, byte_size, a SHA-256 checksum, languages, issued and modified (its format if the
media type tells it); of a column name, title, description, unit, minimum and maximum. The rest has no name in schema.org and
is not told. A test keeps this list true.

Search engines want one text without a language: a title is ``name`` in Korean and ``alternateName`` in English; a description
holds both, one after the other, and is told apart again by its script, paragraph by paragraph. They refuse descriptions under
50 characters and cut those over 5,000: a short one is lengthened by the publisher, theme and keywords, a long one ends with
"…".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.data_json_dataset import (
    OTHER_THEME,
    UNKNOWN_LICENCE,
    read_languages,
    said,
    told_licence,
    write_keywords,
)
from catalog.exchange.entry import LONGEST_SLUG, Catalogue, Description, Entry, make_slug, slug_of_uri
from catalog.exchange.formats_of_files import find_format, format_of_media_type, media_type_of_format
from catalog.exchange.json_values import (
    NO_OBJECT,
    Notes,
    as_list,
    box_of_coordinates,
    in_language,
    is_box,
    load_json,
    plain,
    read_address,
    read_addresses,
    read_boolean,
    read_decimal,
    read_email,
    read_keywords,
    read_moment,
    read_page,
    read_period,
    read_string,
    read_text,
)
from catalog.standard import Class, fields_of, is_region, label_of, vocabulary
from catalog.standard.conformance import SLUG_PATTERN
from catalog.standard.vocabularies import find_code, scheme_uri
from catalog.text import Text

FORM = "schema.org"
CONTEXT = "https://schema.org/"
SHORTEST, LONGEST = 50, 5000
PARAGRAPH = "\n\n"
PREFIXES = ("schema:", "sc:", "https://schema.org/", "http://schema.org/")
SIZES = {"b": 1, "": 1, "bytes": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 2**10, "mib": 2**20, "gib": 2**30}
SIZE = re.compile(r"([\d.,]+)\s*([A-Za-z]*)\Z")
Node = dict[str, Any]


def to_schema_org(catalogue: Catalogue) -> Node:
    """Write the one dataset of a catalogue."""
    entry = next(iter(catalogue.datasets))
    uri = entry.uri or catalogue.dataset_uri(entry.slug)
    node = {"@context": CONTEXT, "@type": "Dataset", "@id": uri} | dataset_terms(entry, catalogue)
    node["description"] = fitting_description(node, entry.description, catalogue)
    node["distribution"] = [write_download(part) for part in entry.description.get("distributions", ())]
    node["variableMeasured"] = [write_variable(column) for column in entry.description.get("columns", ())]
    return {name: value for name, value in node.items() if value not in (None, "", [], {})}


def from_schema_org(document: Any, *, where: str = FORM, base: str = "") -> Catalogue:  # noqa: ANN401
    """Read every Dataset of a document (bytes, or values read already); one without any raises BadDocument.

    ``base`` is the address of the hub that wrote it; our own documents tell it.
    """
    content = load_json(document, FORM, where)
    nodes = [node for node in walk(content) if is_a(node, "Dataset")]
    if not nodes:
        raise BadDocument(form=FORM, where=where, reason=NO_DATASET)
    notes = Notes()
    organisations: dict[str, Node] = {}
    series: dict[str, Node] = {}
    catalogue: Node = {}
    entries = []
    for number, node in enumerate(nodes):
        prefix = f"[{number}]." if len(nodes) > 1 else ""
        home = base or base_of(node)
        description = read_dataset(node, prefix, home, notes, organisations, series)
        catalogue = catalogue or read_catalogue(node, notes)
        entries.append(make_entry(node, description, home))
    return Catalogue(
        base=base or base_of(nodes[0]),
        description=catalogue,
        datasets=tuple(entries),
        organisations=organisations,
        series=series,
        findings=tuple(notes.findings),
        total=len(entries),
    )


NO_DATASET = Text(ko='"@type"이 Dataset인 것이 하나도 없습니다', en='there is nothing in it whose "@type" is Dataset')


# written


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


def fitting_description(node: Node, description: Description, catalogue: Catalogue) -> str:
    """Return a description of the length that search engines accept."""
    text = node.get("description") or node["name"]
    if len(text) > LONGEST:
        return f"{text[: LONGEST - 1]}…"
    additions = [
        node["name"],
        said(((node.get("publisher") or {}).get("name") and {"ko": node["publisher"]["name"]}) or {}),
        str(label_of("theme", description["theme"])) if description.get("theme") else "",
        ", ".join(node.get("keywords") or ()),
        said(catalogue.description.get("title", {})),
        node["url"],
    ]
    for addition in additions:
        if len(text) < SHORTEST and addition and addition not in text:
            text = f"{text}{PARAGRAPH if text == node.get('description') else ' · '}{addition}"
    return text


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


def write_languages(codes: Any) -> list[str]:  # noqa: ANN401
    concepts = [vocabulary("language")[code] for code in codes if code in vocabulary("language")]
    return [next(iter(concept.names_in("iso639_1") or concept.names_in("iso639_3")), "und") for concept in concepts]


def write_series(slug: str, catalogue: Catalogue) -> Node:
    title = said(catalogue.series.get(slug, {}).get("title", {})) or slug
    return {"@type": "Dataset", "@id": catalogue.series_uri(slug), "name": title}


def write_download(part: Mapping[str, Any]) -> Node:
    checksum = part.get("checksum", {})
    title, licence = part.get("title", {}), vocabulary("licence").get(part.get("licence", ""))
    values = {
        "name": said(title),
        "alternateName": title["en"] if title.get("ko") and title.get("en") else None,
        "description": in_both_languages(part.get("description", {})),
        "contentUrl": part.get("download_url") or part.get("access_url"),
        "url": part.get("access_url"),
        "encodingFormat": part.get("media_type") or media_type_of_format(part.get("format", "")),
        "contentSize": str(part["byte_size"]) if "byte_size" in part else None,
        "sha256": checksum.get("value") if checksum.get("algorithm") == "sha256" else None,
        "license": licence.uri if licence and licence.code != UNKNOWN_LICENCE else part.get("licence_url"),
        "inLanguage": write_languages(part.get("languages", ())),
        "datePublished": part.get("issued"),
        "dateModified": part.get("modified"),
    }
    return {"@type": "DataDownload"} | {name: value for name, value in values.items() if value}


def write_variable(column: Mapping[str, Any]) -> Node:
    title = column.get("title", {})
    values = {
        "name": said(title) or column["name"],
        "alternateName": title["en"] if title.get("ko") and title.get("en") else None,
        "propertyID": column["name"],
        "description": in_both_languages(column.get("description", {})),
        "unitText": column.get("unit"),
        "minValue": column.get("minimum"),
        "maxValue": column.get("maximum"),
    }
    return {"@type": "PropertyValue"} | {name: value for name, value in values.items() if value not in (None, "")}


# read


def walk(content: Any) -> Iterator[Node]:  # noqa: ANN401
    """Yield the objects on top of a document: itself, those of a list, those of ``@graph``."""
    for part in as_list(content):
        if isinstance(part, Mapping):
            node = plain_names(part)
            yield node
            yield from walk(node.get("@graph"))


def plain_names(value: Any) -> Any:  # noqa: ANN401
    """Return a value whose keys say schema.org's terms without a prefix."""
    if isinstance(value, Mapping):
        return {bare(str(key)): plain_names(part) for key, part in value.items()}
    return [plain_names(part) for part in value] if isinstance(value, list) else value


def bare(name: str) -> str:
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix)


def is_a(node: Mapping[str, Any], name: str) -> bool:
    return any(bare(str(kind)) == name for kind in as_list(node.get("@type")))


def base_of(node: Mapping[str, Any]) -> str:
    """Return the address of the hub that wrote a document, as its catalogue's URI tells it."""
    catalogue = next(iter(as_list(node.get("includedInDataCatalog"))), None)
    uri = catalogue.get("@id", "") if isinstance(catalogue, Mapping) else ""
    return uri.removesuffix("/catalog") if isinstance(uri, str) and uri.endswith("/catalog") else ""


def make_entry(node: Mapping[str, Any], description: Node, base: str) -> Entry:
    uri = next((text for text in (node.get("@id"), node.get("url")) if isinstance(text, str) and "://" in text), "")
    slug = slug_of_uri(uri, base, "dataset")
    name = description.get("title", {})
    identifier = uri or next(iter(description.get("identifiers", ())), "")
    return Entry(
        slug=slug
        if SLUG_PATTERN.match(slug)
        else make_slug((name.get("en") or name.get("ko") or "")[:LONGEST_SLUG], identifier or said(name)),
        uri=uri,
        description=description,
        identifier=identifier,
        document=node,
    )


def read_dataset(
    node: Mapping[str, Any],
    prefix: str,
    base: str,
    notes: Notes,
    organisations: dict[str, Node],
    series: dict[str, Node],
) -> Node:
    values: Node = read_terms(node, prefix, notes)
    code, extra = told_licence(node.get("license"), f"{prefix}license", notes)
    parts = []
    for number, part in enumerate(as_list(node.get("distribution"))):
        place = f"{prefix}distribution[{number}]"
        if isinstance(part, Mapping):
            download = read_download(part, place, notes)
            parts.append(download if {"licence", "licence_url"} & download.keys() else download | extra)
        else:
            notes.refuse(place, part, NO_OBJECT)
    values |= {
        "licence": code or UNKNOWN_LICENCE,
        "access_level": "public",
        "theme": read_theme(node.get("about")) or OTHER_THEME,
        "organisation": read_publisher(node, prefix, base, notes, organisations, values),
        "creators": read_creators(node, prefix, notes),
        "series": read_series(node.get("isPartOf"), base, series),
        "distributions": parts,
        "columns": read_variables(node.get("variableMeasured"), f"{prefix}variableMeasured", notes),
    }
    read_places(node.get("spatialCoverage"), f"{prefix}spatialCoverage", notes, values)
    return {name: values[name] for name in fields_of(Class.DATASET) if values.get(name) not in (None, "", [], {})}


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
        if text := plain(told, f"{where}[{number}]", notes):
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
    publisher = next(iter(as_list(node.get("publisher"))), {})
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


def read_download(part: Mapping[str, Any], where: str, notes: Notes) -> Node:
    address = read_address(part.get("contentUrl"), f"{where}.contentUrl", notes)
    page = read_address(part.get("url"), f"{where}.url", notes)
    media = plain(part.get("encodingFormat") or part.get("fileFormat"), f"{where}.encodingFormat", notes)
    is_media = "/" in media and "://" not in media and " " not in media
    code, extra = told_licence(part.get("license"), f"{where}.license", notes)
    sha256 = plain(part.get("sha256"), f"{where}.sha256", notes)
    values = {
        "title": read_title(part, f"{where}.", notes),
        "description": read_both_languages(part.get("description"), f"{where}.description", notes),
        "access_url": page or address,
        "download_url": address if address != page else None,
        "licence": code,
        "format": format_of_media_type(media) if is_media else find_format(media),
        "media_type": media if is_media else None,
        "byte_size": read_size(part.get("contentSize"), f"{where}.contentSize", notes),
        "checksum": {"algorithm": "sha256", "value": sha256} if is_hexadecimal(sha256) else None,
        "languages": read_language_names(part.get("inLanguage"), f"{where}.inLanguage", notes),
        "issued": read_moment(part.get("datePublished") or part.get("uploadDate"), f"{where}.datePublished", notes),
        "modified": read_moment(part.get("dateModified"), f"{where}.dateModified", notes),
    } | extra
    if sha256 and not is_hexadecimal(sha256):
        notes.refuse(f"{where}.sha256", sha256, Text(ko="16진수 64자리가 아닙니다", en="is not 64 hexadecimal digits"))
    return {name: values[name] for name in fields_of(Class.DISTRIBUTION) if values.get(name) not in (None, "", [])}


def is_hexadecimal(text: str) -> bool:
    return bool(text) and len(text) % 2 == 0 and all(digit in "0123456789abcdefABCDEF" for digit in text)


def read_size(value: object, where: str, notes: Notes) -> int | None:
    """Read a size: a number of bytes, or one with its unit ("4.698 MB")."""
    text = plain(str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value, where, notes)
    if not text:
        return None
    match = SIZE.match(text)
    number = number_of(match[1].replace(",", "")) if match else None
    unit = match[2].casefold() if match else ""
    if number is None or unit not in SIZES:
        notes.refuse(where, value, Text(ko="크기(예: 5120 B, 4.7 MB)가 아닙니다", en="is no size, as 5120 B or 4.7 MB"))
        return None
    return round(number * SIZES[unit])


def read_variables(value: object, where: str, notes: Notes) -> list[Node]:
    columns: dict[str, Node] = {}
    for number, part in enumerate(as_list(value)):
        place = f"{where}[{number}]"
        told = part if isinstance(part, Mapping) else {"name": part}
        title = read_title(told, f"{place}.", notes)
        name = plain(told.get("propertyID"), f"{place}.propertyID", notes) or (said(title) if title else "")
        if not name:
            continue
        values = {
            "name": name,
            "title": title if title and said(title) != name else None,
            "description": read_both_languages(told.get("description"), f"{place}.description", notes),
            "unit": read_string(told.get("unitText") or told.get("unitCode"), f"{place}.unitText", notes),
            "minimum": read_decimal(told.get("minValue"), f"{place}.minValue", notes),
            "maximum": read_decimal(told.get("maxValue"), f"{place}.maxValue", notes),
        }
        columns.setdefault(name, {key: values[key] for key in fields_of(Class.COLUMN) if values.get(key) is not None})
    return list(columns.values())


def read_catalogue(node: Mapping[str, Any], notes: Notes) -> Node:
    catalogue = next((part for part in as_list(node.get("includedInDataCatalog")) if isinstance(part, Mapping)), {})
    values = {
        "title": read_text(catalogue.get("name"), "includedInDataCatalog.name", notes),
        "homepage": read_page(catalogue.get("url"), "includedInDataCatalog.url", notes),
    }
    return {name: value for name, value in values.items() if value}


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
