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
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.entry import LONGEST_SLUG, Catalogue, Description, Entry, make_slug, slug_of_uri
from catalog.exchange.formats_of_files import find_format, format_of_media_type, media_type_of_format
from catalog.exchange.json_codes import OTHER_THEME, UNKNOWN_LICENCE, told_licence, write_languages
from catalog.exchange.json_values import (
    NO_OBJECT,
    Notes,
    as_list,
    load_json,
    one_line,
    plain,
    read_address,
    read_decimal,
    read_moment,
    read_page,
    read_string,
    read_text,
    said,
)
from catalog.exchange.schema_org_terms import (
    PARAGRAPH,
    Node,
    bare,
    dataset_terms,
    in_both_languages,
    is_a,
    number_of,
    read_both_languages,
    read_creators,
    read_language_names,
    read_places,
    read_publisher,
    read_series,
    read_terms,
    read_theme,
    read_title,
)
from catalog.standard import Class, fields_of, label_of, vocabulary
from catalog.standard.conformance import SLUG_PATTERN
from catalog.text import Text

FORM = "schema.org"
CONTEXT = "https://schema.org/"
SHORTEST, LONGEST = 50, 5000
ANY_DATASET = Text(ko="도시 데이터허브가 알리는 데이터셋입니다.", en="A dataset that an urban data hub makes known.")
SIZES = {"b": 1, "": 1, "bytes": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 2**10, "mib": 2**20, "gib": 2**30}
SIZE = re.compile(r"([\d.,]+)\s*([A-Za-z]*)\Z")


def to_schema_org(catalogue: Catalogue) -> Node:
    """Write the one dataset of a catalogue."""
    entry = next(iter(catalogue.datasets))
    uri = entry.uri or catalogue.dataset_uri(entry.slug)
    node = {"@context": CONTEXT, "@type": "Dataset", "@id": uri} | dataset_terms(entry, catalogue)
    node["description"] = fitting_description(node, entry.description, catalogue)
    node["distribution"] = [write_download(part) for part in entry.description.get("distributions", ())]
    node["variableMeasured"] = [write_variable(column) for column in entry.description.get("columns", ())]
    return {name: value for name, value in node.items() if value not in (None, "", [], {})}


def from_schema_org(document: object, *, where: str = FORM, base: str = "") -> Catalogue:
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
        ANY_DATASET.ko,
        ANY_DATASET.en,
    ]
    for addition in additions:
        if len(text) < SHORTEST and addition and addition not in text:
            text = f"{text}{PARAGRAPH if text == node.get('description') else ' · '}{addition}"
    return text


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


def walk(content: object) -> Iterator[Node]:
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
        name = one_line(told.get("propertyID") or (said(title) if title else ""), f"{place}.propertyID", notes)
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
