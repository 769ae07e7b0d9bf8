"""One distribution of a data.json, written and read; the tables tell what these documents call a thing."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog.exchange.formats_of_files import find_format, format_of_media_type, media_type_of_format
from catalog.exchange.json_codes import (
    ANY_FILE,
    read_checksum,
    read_format,
    read_languages,
    told_licence,
    write_licence,
)
from catalog.exchange.json_values import (
    NO_LIST,
    NO_OBJECT,
    Notes,
    as_list,
    one_line,
    read_address,
    read_addresses,
    read_decimal,
    read_duration,
    read_integer,
    read_media_type,
    read_moment,
    read_string,
    read_text,
    said,
    shown,
)
from catalog.exchange.remainder import REMAINDER, add_remainder, find_remainder
from catalog.standard import Class, fields_of, vocabulary

Item = Mapping[str, Any]
Reader = Callable[[Any, str, Notes], Any]


def write_distribution(part: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"@type": "dcat:Distribution"}
    item |= said_values(part, PART_KEYS, PART_WRITERS)
    if "downloadURL" in item and "mediaType" not in item:
        item["mediaType"] = media_type_of_format(part.get("format", "")) or ANY_FILE
    if "license" not in item and part.get("licence_url"):
        item["license"] = part["licence_url"]
    if remainder := find_remainder(read_distribution(item, "", Notes()), part):
        item[REMAINDER] = remainder
    return item


def read_distributions(item: Item, where: str, notes: Notes) -> list[dict[str, Any]]:
    value = item.get("distribution")
    if value is not None and not isinstance(value, list):
        notes.refuse(where, shown(value), NO_LIST)
    parts = []
    for number, part in enumerate(as_list(value)):
        if isinstance(part, Mapping):
            parts.append(read_distribution(part, f"{where}[{number}]", notes))
        else:
            notes.refuse(f"{where}[{number}]", part, NO_OBJECT)
    return parts


def read_distribution(item: Item, where: str, notes: Notes) -> dict[str, Any]:
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
    return add_remainder(part, item.get(REMAINDER), Class.DISTRIBUTION, where, notes)


def said_values(
    description: Mapping[str, Any], keys: Mapping[str, str], writers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    """Return what the fields of a description are in data.json, without what cannot be said there."""
    values = {
        key: writers.get(name, write_plain)(description[name]) for key, name in keys.items() if name in description
    }
    return {key: value for key, value in values.items() if value not in ("", None, [])}


def write_plain(value: object) -> object:
    return value


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


def read_standards(value: object, where: str, notes: Notes) -> list[str] | None:
    return read_addresses([part for part in as_list(value) if part], where, notes)


def read_name(value: object, where: str, notes: Notes) -> str | None:
    """Read an identifier, which may be an object."""
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("notation")
    return one_line(value, where, notes) or None


def names_in_profile(class_: Class) -> Mapping[str, str]:
    """Return the fields of a class by their key in DCAT-US 1.1."""
    return {field.names["datajson"]: name for name, field in fields_of(class_).items() if "datajson" in field.names}


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
