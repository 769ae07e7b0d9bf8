"""One dataset of a data.json: DCAT-US 1.1 written; 1.0, 1.1, 3.0 and the Argentine profile read.

Which key is which field of ours stands in the profile (``names["datajson"]``); the tables here tell how values are said and
read, and what else these documents call a thing. The document around the datasets is in ``data_json.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.entry import make_slug, slug_of_uri
from catalog.exchange.formats_of_files import find_format, format_of_media_type, media_type_of_format
from catalog.exchange.json_values import (
    NO_LIST,
    NO_OBJECT,
    Notes,
    as_list,
    box_of_coordinates,
    load_json,
    plain,
    read_address,
    read_addresses,
    read_box,
    read_decimal,
    read_duration,
    read_email,
    read_integer,
    read_keywords,
    read_media_type,
    read_moment,
    read_page,
    read_period,
    read_string,
    read_text,
    shown,
)
from catalog.exchange.remainder import REMAINDER, add_remainder, find_remainder
from catalog.standard import Class, fields_of
from catalog.standard.vocabularies import find_code, vocabulary
from catalog.text import Text

Item = Mapping[str, Any]
UNKNOWN_LICENCE = "unknown"
OTHER_THEME = "administration"
LONGEST_RIGHTS = 255
ANY_FILE = "application/octet-stream"

LEVELS = {
    "public": "public",
    "open": "public",
    "restricted public": "restricted",
    "restricted": "restricted",
    "non-public": "non-public",
    "private": "non-public",
}
NO_LEVEL = Text(
    ko=f"접근 등급이 아닙니다. 쓸 수 있는 것: {', '.join(LEVELS)}",
    en=f"is no access level; allowed: {', '.join(LEVELS)}",
)
NO_FREQUENCY = Text(
    ko="갱신 주기가 아닙니다. R/P1Y, R/P1D처럼 쓰거나 irregular라고 씁니다",
    en="is no frequency; write it as R/P1Y or R/P1D, or irregular",
)
NO_FORMAT = Text(ko="알려진 파일 형식이 아닙니다 (예: CSV, JSON)", en="is no known file format, as CSV or JSON")
NO_LANGUAGE = Text(ko="알려진 언어 코드가 아닙니다 (예: ko, en)", en="is no known language code, as ko or en")
NO_LICENCE = Text(
    ko="알려진 이용허락의 주소가 아닙니다. 코드표에 있는 주소여야 합니다",
    en="is not the address of a known licence; write the URI of one",
)


@dataclass
class Reading:
    """What one document has told so far, beside its datasets."""

    base: str = ""
    notes: Notes = field(default_factory=Notes)
    organisations: dict[str, dict[str, Any]] = field(default_factory=dict)
    series: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)


def write_dataset(
    description: Mapping[str, Any], *, uri: str, base: str, names: Mapping[str, Any], series_uri: Callable[[str], str]
) -> dict[str, Any]:
    """Write a description as a dataset of DCAT-US 1.1; ``names`` maps the slugs of organisations to their descriptions."""
    item: dict[str, Any] = {"@type": "dcat:Dataset", "identifier": uri}
    item |= said_values(
        {name: value for name, value in description.items() if name not in WRITTEN_APART}, KEYS, WRITERS
    )
    publisher = names.get(description.get("organisation", ""), {})
    item["title"] = item.get("title") or uri
    item["description"] = item.get("description") or item["title"]
    item["publisher"] = write_publisher(description.get("organisation", ""), publisher, base)
    item["contactPoint"] = write_contact(description.get("contact_point") or publisher.get("contact_point"), item)
    item["accessLevel"] = item.get("accessLevel", "public")
    if "bbox" not in description and description.get("spatial_text"):
        item["spatial"] = said(description["spatial_text"])
    if description.get("series"):
        item["isPartOf"] = series_uri(description["series"][0])
    if "license" not in item and (address := shared_licence(description)):
        item["license"] = address
    if description.get("theme"):
        item["theme"] = [said(vocabulary("theme")[description["theme"]].label.as_dict())]
    if parts := description.get("distributions"):
        item["distribution"] = [write_distribution(part) for part in parts]
    if remainder := find_remainder(read_dataset(item, "", Reading(base)).description, description):
        item[REMAINDER] = remainder
    return item


@dataclass(frozen=True)
class Told:
    """What an item told: the description, and what the other side knows it by."""

    description: dict[str, Any]
    identifier: str
    uri: str
    parent: str = ""  # the identifier of the collection that it is part of


def read_dataset(item: Item, where: str, reading: Reading) -> Told:
    """Read a dataset; what cannot be carried over is noted."""
    notes = reading.notes
    description = told_values(item, KEYS, READERS, OTHER_KEYS, where, notes)
    identifier, uri = read_identifier(item, f"{where}.identifier", reading)
    if identifier and identifier != uri:
        description.setdefault("identifiers", [identifier])
    read_publisher(item, where, reading, description)
    read_contact(item, where, notes, description)
    read_interval(item, where, notes, description)
    read_access(item, where, notes, description)
    read_place(item, where, notes, description)
    parent = read_parent(item, f"{where}.isPartOf", reading, description)
    read_documents(item, where, notes, description)
    parts = read_distributions(item, f"{where}.distribution", reading)
    read_licence(item, f"{where}.license", notes, description, parts)
    read_themes(item, where, notes, description)
    read_address_of_data(item, where, notes, description, parts)
    if columns := read_columns(item, f"{where}.distribution", notes):
        description["columns"] = columns
    if parts:
        description["distributions"] = parts
    description = {name: description[name] for name in fields_of(Class.DATASET) if name in description}
    return Told(add_remainder(description, item.get(REMAINDER)), identifier, uri, parent)


def said_values(
    description: Mapping[str, Any], keys: Mapping[str, str], writers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    """Return what the fields of a description are in data.json, without what cannot be said there."""
    values = {
        key: writers.get(name, write_plain)(description[name]) for key, name in keys.items() if name in description
    }
    return {key: value for key, value in values.items() if value not in ("", None, [])}


def told_values(
    item: Item,
    keys: Mapping[str, str],
    readers: "Mapping[str, Reader]",
    others: "Mapping[str, tuple[str, Reader]]",
    where: str,
    notes: Notes,
) -> dict[str, Any]:
    """Return the fields that the keys of an item tell; the first key of a field that can be read counts."""
    rows = [(key, name, readers[name]) for key, name in keys.items() if name in readers]
    rows += [(key, name, read) for key, (name, read) in others.items()]
    values: dict[str, Any] = {}
    for key, name, read in rows:
        if key in item and name not in values:
            value = read(item[key], f"{where}.{key}", notes)
            values |= {} if value is None else {name: value}
    return values


def write_plain(value: object) -> object:
    return value


def said(text: Mapping[str, str]) -> str:
    """Return the one text that a format without languages can hold: the Korean one if there is one."""
    return text.get("ko") or text.get("en") or ""


def write_keywords(value: Mapping[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(word for words in value.values() for word in words if word))


def write_period(value: Mapping[str, str]) -> str:
    """Write a closed period; DCAT-US 1.1 has no open ones."""
    return f"{value['start']}/{value['end']}" if value.get("start") and value.get("end") else ""


def write_frequency(code: str) -> str:
    concept = vocabulary("frequency").get(code)
    return next(iter(concept.names_in("iso8601")), "") if concept else ""


def write_level(code: str) -> str:
    concept = vocabulary("access_level").get(code)
    return next(iter(concept.names_in("datajson")), "non-public") if concept else "non-public"


def write_licence(code: str) -> str:
    concept = vocabulary("licence").get(code)
    return concept.uri if concept and code != UNKNOWN_LICENCE else ""


def write_languages(codes: list[str]) -> list[str]:
    concepts = [vocabulary("language")[code] for code in codes if code in vocabulary("language")]
    return [next(iter(concept.names_in("iso639_1") or concept.names_in("iso639_3")), "und") for concept in concepts]


def write_rights(value: Mapping[str, str]) -> str:
    text = said(value)
    return text if len(text) <= LONGEST_RIGHTS else f"{text[: LONGEST_RIGHTS - 1]}…"


def write_publisher(slug: str, organisation: Mapping[str, Any], base: str) -> dict[str, Any]:
    name = said(organisation.get("name", {})) or slug or "-"
    return {"@type": "org:Organization", "name": name} | ({"@id": f"{base}/organisation/{slug}"} if slug else {})


def write_contact(contact: Mapping[str, Any] | None, item: Item) -> dict[str, Any]:
    """Write the contact point, which must be there; without one of its own the publisher answers."""
    value: dict[str, Any] = {"@type": "vcard:Contact", "fn": item["publisher"]["name"]}
    if contact:
        value["fn"] = said(contact.get("name", {})) or value["fn"]
        if contact.get("email"):
            value["hasEmail"] = f"mailto:{contact['email']}"
        if contact.get("phone"):
            value["hasTelephone"] = contact["phone"]
        if contact.get("url"):
            value["hasURL"] = contact["url"]
    return value


def shared_licence(description: Mapping[str, Any]) -> str:
    """Return the address of a licence that the vocabulary lacks and that all distributions share."""
    addresses = {part.get("licence_url", "") for part in description.get("distributions", ())}
    return addresses.pop() if len(addresses) == 1 else ""


def write_distribution(part: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"@type": "dcat:Distribution"}
    item |= said_values(part, PART_KEYS, PART_WRITERS)
    if "downloadURL" in item and "mediaType" not in item:
        item["mediaType"] = media_type_of_format(part.get("format", "")) or ANY_FILE
    if "license" not in item and part.get("licence_url"):
        item["license"] = part["licence_url"]
    if remainder := find_remainder(read_distribution(item, "", Reading()), part):
        item[REMAINDER] = remainder
    return item


def read_identifier(item: Item, where: str, reading: Reading) -> tuple[str, str]:
    """Return what the other side knows the dataset by, and its URI where it has one."""
    value, uri = item.get("identifier"), item.get("@id")
    identifier = ""
    if isinstance(value, Mapping):
        identifier = plain(value.get("@id") or value.get("notation"), where, reading.notes)
        if not identifier:
            reading.notes.add(where, Text(ko="@id 또는 notation이 있어야 합니다", en="needs an @id or a notation"))
    elif value is not None:
        identifier = plain(value, where, reading.notes)
    address = uri if isinstance(uri, str) and "://" in uri else ""
    if not address and identifier.startswith(("http://", "https://")):
        address = identifier
    return identifier or address, address


def read_publisher(item: Item, where: str, reading: Reading, description: dict[str, Any]) -> None:
    slug = read_organisation(item.get("publisher"), f"{where}.publisher", reading)
    if slug:
        description["organisation"] = slug


def read_organisation(value: object, where: str, reading: Reading) -> str:
    """Read an organisation and return its slug: by our own URI, else made from its name."""
    notes = reading.notes
    value = next(iter(as_list(value)), None)
    if value is None:
        return ""
    document = value if isinstance(value, Mapping) else {"name": value}
    name = read_text(document.get("name") or document.get("prefLabel"), f"{where}.name", notes)
    uri = plain(document.get("@id"), f"{where}.@id", notes)
    slug = slug_of_uri(uri, reading.base, "organisation") or (make_slug(next(iter(name.values()))) if name else "")
    if not slug:
        notes.add(f"{where}.name", Text(ko="기관의 이름이 없습니다", en="the name of the organisation is missing"))
        return ""
    organisation = reading.organisations.setdefault(slug, {"name": name} if name else {})
    if email := read_email(document.get("mbox"), f"{where}.mbox", notes):
        organisation.setdefault("contact_point", {"name": name or {"en": slug}, "email": email})
    if (home := document.get("homepage")) and (address := read_page(home, f"{where}.homepage", notes)):
        organisation.setdefault("homepage", address)
    return slug


def read_contact(item: Item, where: str, notes: Notes, description: dict[str, Any]) -> None:
    """Read a vCard, or the name and address that 1.0 put side by side."""
    values = as_list(item.get("contactPoint"))
    value = values[0] if values else item.get("person") or ({} if item.get("mbox") else None)
    if value is None:
        return
    place = f"{where}.contactPoint"
    card = value if isinstance(value, Mapping) else {"fn": value}
    contact: dict[str, Any] = {}
    name = read_text(card.get("fn") or card.get("organization-name") or card.get("name"), f"{place}.fn", notes)
    email = read_email(card.get("hasEmail") or item.get("mbox"), f"{place}.hasEmail", notes)
    phone = card.get("hasTelephone") or card.get("tel")
    phone = plain(phone.get("@id") if isinstance(phone, Mapping) else phone, f"{place}.hasTelephone", notes)
    url = read_page(card.get("hasURL"), f"{place}.hasURL", notes)
    if name:
        contact["name"] = name
    if email:
        contact["email"] = email
    if phone:
        contact["phone"] = phone.removeprefix("tel:")
    if url:
        contact["url"] = url
    if contact:
        description["contact_point"] = contact


def read_interval(item: Item, where: str, notes: Notes, description: dict[str, Any]) -> None:
    """Read the frequency, which 1.1 also lets stand in ``modified``."""
    stated = item.get("accrualPeriodicity") or item.get("frequency")
    if isinstance(stated, Mapping):
        stated = stated.get("@id") or stated.get("prefLabel")
    modified = item.get("modified")
    if isinstance(modified, str) and modified.strip().startswith(("R/", "P")):
        stated = stated or modified
    elif (value := read_moment(modified, f"{where}.modified", notes)) is not None:
        description["modified"] = value
    if text := plain(stated, f"{where}.accrualPeriodicity", notes):
        if code := find_code("frequency", text):
            description["frequency"] = code
        else:
            notes.refuse(f"{where}.accrualPeriodicity", text, NO_FREQUENCY)


def read_access(item: Item, where: str, notes: Notes, description: dict[str, Any]) -> None:
    text = plain(item.get("accessLevel"), f"{where}.accessLevel", notes)
    level = LEVELS.get(text.casefold())
    if text and level is None:
        notes.refuse(f"{where}.accessLevel", text, NO_LEVEL)
    description["access_level"] = level or "public"


def read_place(item: Item, where: str, notes: Notes, description: dict[str, Any]) -> None:
    """Read ``spatial``: a box, GeoJSON, a place with a name and URI, or words."""
    for number, value in enumerate(as_list(item.get("spatial"))):
        place = f"{where}.spatial" if number == 0 else f"{where}.spatial[{number}]"
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = parsed(value)
        if isinstance(value, Mapping):
            read_location(value, place, notes, description)
        elif box := read_box(value, place, notes):
            description.setdefault("bbox", box)
        elif (text := read_text(value, place, notes)) is not None:
            description.setdefault("spatial_text", text)
    edges = next((box for box in as_list(item.get("geographicBoundingBox")) if isinstance(box, Mapping)), None)
    if edges and (box := read_box([edges.get(edge) for edge in EDGES], where, notes)):
        description.setdefault("bbox", box)


EDGES = ("westBoundingLongitude", "southBoundingLatitude", "eastBoundingLongitude", "northBoundingLatitude")


def parsed(text: str) -> object:
    try:
        return load_json(text.encode(), "GeoJSON", "spatial")
    except BadDocument:
        return text


def read_location(value: Mapping[str, Any], where: str, notes: Notes, description: dict[str, Any]) -> None:
    if box := box_of_coordinates(value.get("coordinates")) or read_box(value.get("bbox"), where, notes):
        description.setdefault("bbox", box)
    if name := read_text(value.get("prefLabel") or value.get("name"), f"{where}.prefLabel", notes):
        description.setdefault("spatial_text", name)
    if (uri := value.get("@id")) and (address := read_address(uri, f"{where}.@id", notes)):
        description.setdefault("places", []).append(address)


def read_parent(item: Item, where: str, reading: Reading, description: dict[str, Any]) -> str:
    """Read what the dataset is part of: a series of ours by its URI, else a collection known by its identifier."""
    values = as_list(item.get("isPartOf")) + as_list(item.get("inSeries"))
    value = values[0] if values else None
    if isinstance(value, Mapping):
        if title := read_text(value.get("title"), f"{where}.title", reading.notes):
            reading.series.setdefault(make_slug(next(iter(title.values()))), {"title": title})
        value = value.get("@id") or value.get("identifier") or value.get("title")
    parent = plain(value, where, reading.notes)
    if not parent:
        return ""
    own = slug_of_uri(parent, reading.base, "series")
    description["series"] = [own or make_slug(parent, parent)]
    return "" if own else parent


def read_documents(item: Item, where: str, notes: Notes, description: dict[str, Any]) -> None:
    """Read the data dictionary beside the related documents; both are documentation."""
    found = [
        *(read_addresses(item.get("references"), f"{where}.references", notes) or []),
        *(read_addresses(item.get("describedBy"), f"{where}.describedBy", notes) or []),
        *(read_addresses(item.get("dataDictionary"), f"{where}.dataDictionary", notes) or []),
        *(read_addresses(item.get("page"), f"{where}.page", notes) or []),
    ]
    if found:
        description["documentation"] = list(dict.fromkeys(found))


def read_licence(
    item: Item, where: str, notes: Notes, description: dict[str, Any], parts: list[dict[str, Any]]
) -> None:
    """Read the licence; one that the vocabulary lacks stays, in its own words, with every distribution."""
    code, extra = told_licence(item.get("license"), where, notes)
    description["licence"] = code or UNKNOWN_LICENCE
    for part in parts:
        if extra and not part.get("licence") and not part.keys() & extra.keys():
            part |= extra


def told_licence(value: object, where: str, notes: Notes) -> tuple[str, dict[str, Any]]:
    """Return the code of a licence, or the fields of a distribution that keep one we do not know."""
    if isinstance(value, Mapping):
        value = (
            value.get("@id") or value.get("url") or value.get("prefLabel") or value.get("name") or value.get("title")
        )
    text = plain(next(iter(as_list(value)), None), where, notes)
    if not text:
        return "", {}
    if code := find_code("licence", text):
        return code, {}
    if " " not in text and "://" in text and (address := read_address(text, where, Notes())):
        notes.refuse(where, text, NO_LICENCE)
        return "", {"licence_url": address}
    notes.refuse(where, text, NO_LICENCE)
    return "", {"rights": read_text(text, where, notes) or {}}


def read_themes(item: Item, where: str, notes: Notes, description: dict[str, Any]) -> None:
    """Read themes: codes of the EU's list, ours by name; other words are kept as keywords."""
    eu_themes: list[str] = []
    theme = ""
    words: list[str] = []
    for key in ("superTheme", "theme", "category"):
        value = item.get(key)
        if isinstance(value, str) and key != "category":
            notes.refuse(f"{where}.{key}", value, NO_LIST)
        for number, part in enumerate(as_list(value)):
            place = f"{where}.{key}[{number}]"
            if isinstance(part, Mapping):
                part = part.get("prefLabel") or part.get("@id")
            if not (word := plain(part, place, notes)):
                notes.add(place, Text(ko="빈 분야입니다. 지우십시오", en="is an empty theme; leave it out"))
            elif own := theme_called(word):
                theme = theme or own
            elif code := find_code("eu_theme", word):
                eu_themes.append(code)
            else:
                words.append(word)
    if eu_themes:
        description["eu_themes"] = list(dict.fromkeys(eu_themes))
        theme = theme or next(iter(vocabulary("eu_theme")[eu_themes[0]].names_in("theme")), "")
    description["theme"] = theme or OTHER_THEME
    add_keywords(description, words)


@cache
def theme_called(word: str) -> str:
    """Return our theme by its code or one of its labels, else nothing ("")."""
    concepts = vocabulary("theme").values()
    called = {name.casefold(): each.code for each in concepts for name in (each.code, each.label.ko, each.label.en)}
    return called.get(word.casefold(), "")


def add_keywords(description: dict[str, Any], words: list[str]) -> None:
    for language, added in (read_keywords(words, "", Notes()) or {}).items():
        kept = description.setdefault("keywords", {}).setdefault(language, [])
        kept += [word for word in added if word not in kept]


def read_address_of_data(
    item: Item, where: str, notes: Notes, description: dict[str, Any], parts: list[dict[str, Any]]
) -> None:
    """Keep the address that 1.0 gave the dataset itself, where no distribution has it."""
    told = {address for part in parts for address in (part.get("access_url"), part.get("download_url"))}
    for key in ("accessURL", "webService", "downloadURL"):
        address = read_page(item.get(key), f"{where}.{key}", notes)
        if not address or address in told or address == description.get("landing_page"):
            continue
        if "landing_page" not in description:
            description["landing_page"] = address
        elif address not in description.setdefault("documentation", []):
            description["documentation"].append(address)


def read_columns(item: Item, where: str, notes: Notes) -> list[dict[str, Any]]:
    """Read the column dictionary that the Argentine profile keeps with each distribution (``field``)."""
    columns: dict[str, dict[str, Any]] = {}
    for number, part in enumerate(as_list(item.get("distribution"))):
        if not isinstance(part, Mapping):
            continue
        for position, entry in enumerate(as_list(part.get("field"))):
            place = f"{where}[{number}].field[{position}]"
            if not isinstance(entry, Mapping):
                notes.refuse(place, entry, NO_OBJECT)
                continue
            if not (name := plain(entry.get("title"), f"{place}.title", notes)):
                notes.add(f"{place}.title", Text(ko="열의 이름이 없습니다", en="the name of the column is missing"))
                continue
            column: dict[str, Any] = {"name": name, "type": read_type(entry.get("type"), f"{place}.type", notes)}
            if about := read_text(entry.get("description"), f"{place}.description", notes):
                column["description"] = about
            if unit := plain(entry.get("units"), f"{place}.units", notes):
                column["unit"] = unit
            columns.setdefault(name, column)
    return list(columns.values())


TYPES = {"float": "number", "double": "number", "decimal": "number", "int": "integer", "text": "string"}


def read_type(value: object, where: str, notes: Notes) -> str:
    text = plain(value, where, notes).casefold()
    code = TYPES.get(text, text)
    if code in vocabulary("column_type"):
        return code
    if text:
        allowed = ", ".join(vocabulary("column_type"))
        notes.refuse(
            where,
            value,
            Text(
                ko=f"형식이 아니어서 문자로 읽었습니다. 쓸 수 있는 것: {allowed}",
                en=f"is no type and was read as text; allowed: {allowed}",
            ),
        )
    return "string"


def read_distributions(item: Item, where: str, reading: Reading) -> list[dict[str, Any]]:
    value = item.get("distribution")
    if value is not None and not isinstance(value, list):
        reading.notes.refuse(where, shown(value), NO_LIST)
    parts = []
    for number, part in enumerate(as_list(value)):
        if isinstance(part, Mapping):
            parts.append(read_distribution(part, f"{where}[{number}]", reading))
        else:
            reading.notes.refuse(f"{where}[{number}]", part, NO_OBJECT)
    return parts


def read_distribution(item: Item, where: str, reading: Reading) -> dict[str, Any]:
    notes = reading.notes
    part = told_values(item, PART_KEYS, PART_READERS, OTHER_PART_KEYS, where, notes)
    code, extra = told_licence(item.get("license"), f"{where}.license", notes)
    if code:
        part["licence"] = code
    for name, value in extra.items():
        part.setdefault(name, value)
    if "format" not in part and (code := format_of_media_type(part.get("media_type", ""))):
        part["format"] = code
    if "download_url" in part:
        part.setdefault("access_url", part["download_url"])  # as DCAT-AP asks where there is no other page
    part = {name: part[name] for name in fields_of(Class.DISTRIBUTION) if name in part}
    return add_remainder(part, item.get(REMAINDER))


def read_format(value: object, where: str, notes: Notes) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("label") or value.get("value")
    text = plain(value, where, notes)
    if text and not (code := find_format(text)):
        notes.refuse(where, value, NO_FORMAT)
        return None
    return code if text else None


def read_formats(value: object, where: str, notes: Notes) -> str | None:
    """Read the list of 1.0 (``{"label": "csv", "value": "text/csv"}``): the first one that is known."""
    for part in as_list(value):
        label = part.get("label") if isinstance(part, Mapping) else part
        if isinstance(label, str) and (code := find_format(label)):
            return code
    return None


def read_media_types(value: object, where: str, notes: Notes) -> str | None:
    first = next((part for part in as_list(value) if isinstance(part, Mapping)), {})
    kind = first.get("value")
    return read_media_type(kind, where, Notes()) if kind != ANY_FILE else None


def read_languages(value: object, where: str, notes: Notes) -> list[str] | None:
    codes = []
    for number, part in enumerate(as_list(value)):
        if isinstance(part, Mapping):
            part = part.get("@id") or part.get("notation")
        text = plain(part, f"{where}[{number}]", notes)
        if code := find_code("language", text) or find_code("language", text.split("-")[0]):
            codes.append(code)
        else:
            notes.refuse(f"{where}[{number}]", text, NO_LANGUAGE)
    return list(dict.fromkeys(codes)) or None


def read_standards(value: object, where: str, notes: Notes) -> list[str] | None:
    return read_addresses([part for part in as_list(value) if part], where, notes)


def read_other_identifiers(value: object, where: str, notes: Notes) -> list[dict[str, str]] | None:
    found = []
    for number, part in enumerate(as_list(value)):
        place = f"{where}[{number}]"
        entry = part if isinstance(part, Mapping) else {"notation": part}
        if notation := plain(entry.get("notation") or entry.get("@id"), f"{place}.notation", notes):
            scheme = plain(entry.get("schemaAgency"), f"{place}.schemaAgency", notes)
            found.append({"notation": notation} | ({"scheme": scheme} if scheme else {}))
    return found or None


def read_checksum(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        notes.refuse(where, value, NO_OBJECT)
        return None
    code = find_code("checksum_algorithm", plain(value.get("algorithm"), f"{where}.algorithm", notes))
    digits = plain(value.get("checksumValue"), f"{where}.checksumValue", notes)
    if code and digits:
        return {"algorithm": code, "value": digits}
    notes.refuse(where, value, Text(ko="알고리즘과 값이 있어야 합니다", en="needs a known algorithm and a value"))
    return None


def names_in_profile(class_: Class) -> Mapping[str, str]:
    """Return the fields of a class by their key in DCAT-US 1.1."""
    return {field.names["datajson"]: name for name, field in fields_of(class_).items() if "datajson" in field.names}


KEYS = names_in_profile(Class.DATASET)
WRITTEN_APART = frozenset(["identifiers", "organisation", "contact_point", "distributions", "series"])
WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "title": said,
    "description": said,
    "keywords": write_keywords,
    "licence": write_licence,
    "frequency": write_frequency,
    "temporal": write_period,
    "access_level": write_level,
    "access_reason": write_rights,
    "bbox": lambda box: ",".join(f"{number:.15g}" for number in box),
    "languages": write_languages,
    "conforms_to": lambda addresses: addresses[0],
}
Reader = Callable[[Any, str, Notes], Any]
READERS: Mapping[str, Reader] = {
    "title": read_text,
    "description": read_text,
    "keywords": read_keywords,
    "temporal": read_period,
    "access_reason": read_text,
    "landing_page": read_page,
    "languages": read_languages,
    "issued": read_moment,
    "conforms_to": read_standards,
}
OTHER_KEYS: Mapping[str, tuple[str, Reader]] = {
    "notes": ("description", read_text),
    "keywords": ("keywords", read_keywords),
    "releaseDate": ("issued", read_moment),
    "created": ("issued", read_moment),
    "source": ("provenance", read_text),
    "provenance": ("provenance", lambda value, where, notes: read_statement(value, where, notes)),
    "otherIdentifier": ("other_identifiers", read_other_identifiers),
    "version": ("version", read_string),
    "versionNotes": ("version_notes", read_text),
    "isReferencedBy": ("referenced_by", read_addresses),
    "hasVersion": ("versions", read_addresses),
    "relation": ("relations", read_addresses),
    "sample": ("samples", read_addresses),
    "wasGeneratedBy": ("generated_by", read_addresses),
    "applicableLegislation": ("applicable_legislation", read_addresses),
    "spatialResolutionInMeters": ("spatial_resolution", read_decimal),
    "temporalResolution": ("temporal_resolution", read_duration),
}
# What these documents hold and this standard has no field for; it stays in the kept document.
LEFT_IN_DOCUMENT = frozenset(
    [
        "@type", "@context", "bureauCode", "programCode", "program", "dataQuality", "primaryITInvestmentUII",
        "systemOfRecords", "describedByType", "feed", "format", "granularity", "PrimaryITInvestmentUII", REMAINDER,
        "@id", "identifier", "publisher", "contactPoint", "person", "mbox", "modified", "accrualPeriodicity", "frequency",
        "accessLevel", "spatial", "geographicBoundingBox", "isPartOf", "inSeries", "references", "describedBy",
        "dataDictionary", "page", "license", "theme", "superTheme", "category", "accessURL", "webService", "downloadURL",
        "distribution", "license_title", "accessLevelComment", "highlighted",
    ]
)  # fmt: skip

PART_KEYS = names_in_profile(Class.DISTRIBUTION)
PART_WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "title": said,
    "description": said,
    "licence": write_licence,
    "rights": said,
    "format": lambda code: vocabulary("file_type")[code].label.en if code in vocabulary("file_type") else "",
    "conforms_to": lambda addresses: addresses[0],
    "documentation": lambda addresses: addresses[0],
}
PART_READERS: Mapping[str, Reader] = {
    "title": read_text,
    "description": read_text,
    "access_url": read_address,
    "download_url": read_address,
    "rights": read_text,
    "format": read_format,
    "media_type": read_media_type,
    "issued": read_moment,
    "modified": read_moment,
    "conforms_to": read_standards,
    "documentation": read_addresses,
}
OTHER_PART_KEYS: Mapping[str, tuple[str, Reader]] = {
    "formats": ("format", read_formats),
    "fileName": ("title", read_text),
    "identifier": ("identifier", lambda value, where, notes: read_name(value, where, notes)),
    "byteSize": ("byte_size", read_integer),
    "characterEncoding": ("encoding", read_string),
    "checksum": ("checksum", read_checksum),
    "compressFormat": ("compress_format", read_media_type),
    "packageFormat": ("package_format", read_media_type),
    "language": ("languages", read_languages),
    "page": ("documentation", read_addresses),
    "spatialResolutionInMeters": ("spatial_resolution", read_decimal),
    "temporalResolution": ("temporal_resolution", read_duration),
}


def read_name(value: object, where: str, notes: Notes) -> str | None:
    """Read an identifier, which may be an object."""
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("notation")
    return plain(value, where, notes) or None


def read_statement(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    """Read a statement: a text, or an object with a label."""
    if isinstance(value, Mapping) and (label := value.get("label") or value.get("description")):
        value = label
    return read_text(value, where, notes)


def unknown_keys(item: Item) -> Iterator[str]:
    """Yield the keys of a dataset that no dialect of these documents has."""
    known = {*KEYS, *OTHER_KEYS, *LEFT_IN_DOCUMENT}
    yield from (key for key in item if key not in known)
