"""One dataset of a data.json: DCAT-US 1.1 written; 1.0, 1.1, 3.0 and the Argentine profile read.

Which key is which field of ours stands in the profile (``names["datajson"]``); the tables here tell how values are said and
read, and what else these documents call a thing. The document around the datasets is in ``data_json.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.data_json_distribution import (
    Reader,
    names_in_profile,
    read_distributions,
    read_standards,
    said_values,
    told_values,
    write_distribution,
)
from catalog.exchange.entry import make_slug, slug_of_uri
from catalog.exchange.json_codes import (
    OTHER_THEME,
    UNKNOWN_LICENCE,
    read_languages,
    told_licence,
    write_languages,
    write_licence,
)
from catalog.exchange.json_values import (
    NO_LIST,
    NO_OBJECT,
    Notes,
    as_list,
    box_of_coordinates,
    load_json,
    one_line,
    plain,
    read_address,
    read_addresses,
    read_box,
    read_decimal,
    read_duration,
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
from catalog.exchange.remainder import REMAINDER, add_remainder, find_remainder
from catalog.standard import Class, fields_of
from catalog.standard.vocabularies import find_code, vocabulary
from catalog.text import Text

Item = Mapping[str, Any]
LONGEST_RIGHTS = 255

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
    parts = read_distributions(item, f"{where}.distribution", notes)
    read_licence(item, f"{where}.license", notes, description, parts)
    read_themes(item, where, notes, description)
    read_address_of_data(item, where, notes, description, parts)
    if columns := read_columns(item, f"{where}.distribution", notes):
        description["columns"] = columns
    if parts:
        description["distributions"] = parts
    description = {name: description[name] for name in fields_of(Class.DATASET) if name in description}
    return Told(add_remainder(description, item.get(REMAINDER), Class.DATASET, where, notes), identifier, uri, parent)


def write_period(value: Mapping[str, str]) -> str:
    """Write a closed period; DCAT-US 1.1 has no open ones."""
    return f"{value['start']}/{value['end']}" if value.get("start") and value.get("end") else ""


def write_frequency(code: str) -> str:
    concept = vocabulary("frequency").get(code)
    return next(iter(concept.names_in("iso8601")), "") if concept else ""


def write_level(code: str) -> str:
    concept = vocabulary("access_level").get(code)
    return next(iter(concept.names_in("datajson")), "non-public") if concept else "non-public"


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


def read_identifier(item: Item, where: str, reading: Reading) -> tuple[str, str]:
    """Return what the other side knows the dataset by, and its URI where it has one."""
    value, uri = item.get("identifier"), item.get("@id")
    identifier = ""
    if isinstance(value, Mapping):
        identifier = one_line(value.get("@id") or value.get("notation"), where, reading.notes)
        if not identifier:
            reading.notes.add(where, Text(ko="@id 또는 notation이 있어야 합니다", en="needs an @id or a notation"))
    elif value is not None:
        identifier = one_line(value, where, reading.notes)
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
    phone = one_line(phone.get("@id") if isinstance(phone, Mapping) else phone, f"{place}.hasTelephone", notes)
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
            if not (name := one_line(entry.get("title"), f"{place}.title", notes)):
                notes.add(f"{place}.title", Text(ko="열의 이름이 없습니다", en="the name of the column is missing"))
                continue
            column: dict[str, Any] = {"name": name, "type": read_type(entry.get("type"), f"{place}.type", notes)}
            if about := read_text(entry.get("description"), f"{place}.description", notes):
                column["description"] = about
            if unit := one_line(entry.get("units"), f"{place}.units", notes):
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


def read_other_identifiers(value: object, where: str, notes: Notes) -> list[dict[str, str]] | None:
    found = []
    for number, part in enumerate(as_list(value)):
        place = f"{where}[{number}]"
        entry = part if isinstance(part, Mapping) else {"notation": part}
        if notation := plain(entry.get("notation") or entry.get("@id"), f"{place}.notation", notes):
            scheme = plain(entry.get("schemaAgency"), f"{place}.schemaAgency", notes)
            found.append({"notation": notation} | ({"scheme": scheme} if scheme else {}))
    return found or None


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


def read_statement(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    """Read a statement: a text, or an object with a label."""
    if isinstance(value, Mapping) and (label := value.get("label") or value.get("description")):
        value = label
    return read_text(value, where, notes)


def unknown_keys(item: Item) -> Iterator[str]:
    """Yield the keys of a dataset that no dialect of these documents has."""
    known = {*KEYS, *OTHER_KEYS, *LEFT_IN_DOCUMENT}
    yield from (key for key in item if key not in known)
