"""Answers of udata, the software of data.gouv.fr and its kin: datasets read from its API (``/api/1/datasets/``) or a dump of it.

Read only: a udata harvests this hub by DCAT or CKAN.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.entry import Catalogue, Entry, make_slug
from catalog.exchange.formats_of_files import find_format, format_of_media_type
from catalog.exchange.json_codes import OTHER_THEME, UNKNOWN_LICENCE, read_checksum, told_licence
from catalog.exchange.json_values import (
    NO_OBJECT,
    Notes,
    as_list,
    box_of_coordinates,
    load_json,
    one_line,
    plain,
    read_address,
    read_email,
    read_integer,
    read_keywords,
    read_media_type,
    read_moment,
    read_page,
    read_period,
    read_text,
)
from catalog.standard import Class, fields_of
from catalog.standard.conformance import SLUG_PATTERN
from catalog.standard.vocabularies import find_code
from catalog.text import Text

FORM = "udata"
NO_DATASETS = Text(
    ko="데이터셋 목록('data' 또는 'datasets')이 없습니다", en="it holds no list of datasets ('data' or 'datasets')"
)
NO_FREQUENCY = Text(ko="알려진 갱신 주기가 아닙니다", en="is no known frequency")
ONCE = "punctual"  # what udata calls a dataset that is published once


def from_udata(document: object, *, where: str = FORM) -> Catalogue:
    """Read a page of datasets, a list of them, or one; ``next`` is the page after it."""
    content = load_json(document, FORM, where)
    notes = Notes()
    organisations: dict[str, dict[str, Any]] = {}
    entries = []
    for number, item in enumerate(items_of(content, where)):
        if isinstance(item, Mapping):
            entries.append(read_dataset(item, f"data[{number}]", organisations, notes))
        else:
            notes.refuse(f"data[{number}]", item, NO_OBJECT)
    envelope = content if isinstance(content, Mapping) else {}
    return Catalogue(
        base="",
        datasets=tuple(entries),
        organisations=organisations,
        findings=tuple(notes.findings),
        total=envelope["total"] if isinstance(envelope.get("total"), int) else len(entries),
        next=envelope["next_page"] if isinstance(envelope.get("next_page"), str) else "",
    )


def items_of(content: Any, where: str) -> Iterator[Any]:  # noqa: ANN401
    """Yield the datasets of an answer; those of a dump have their resources and organisation beside them."""
    if isinstance(content, Mapping) and "resources" in content and "dataset" not in content:
        yield content
        return
    listed = content.get("data", content.get("datasets")) if isinstance(content, Mapping) else content
    if not isinstance(listed, list):
        raise BadDocument(form=FORM, where=where, reason=NO_DATASETS)
    for item in listed:
        inner = item.get("dataset") if isinstance(item, Mapping) else None
        beside = ("organization", "resources")
        yield inner | {name: item[name] for name in beside if name in item} if isinstance(inner, dict) else item


def read_dataset(item: Mapping[str, Any], where: str, organisations: dict[str, dict[str, Any]], notes: Notes) -> Entry:
    code, extra = told_licence(item.get("license"), f"{where}.license", notes)
    parts = [
        read_resource(part, f"{where}.resources[{number}]", notes) | extra
        for number, part in enumerate(as_list(item.get("resources")))
        if isinstance(part, Mapping)
    ]
    spatial = item.get("spatial") if isinstance(item.get("spatial"), Mapping) else {}
    shape = spatial.get("geom") if isinstance(spatial.get("geom"), Mapping) else {}
    metrics = item.get("metrics") if isinstance(item.get("metrics"), Mapping) else {}
    values: dict[str, Any] = {
        "title": read_text(item.get("title"), f"{where}.title", notes),
        "description": read_text(item.get("description"), f"{where}.description", notes),
        "organisation": read_organisation(item.get("organization"), f"{where}.organization", organisations, notes),
        "contact_point": read_contact(item.get("contact_points"), f"{where}.contact_points", notes),
        "theme": OTHER_THEME,
        "keywords": read_keywords(item.get("tags"), f"{where}.tags", notes),
        "licence": code or UNKNOWN_LICENCE,
        "frequency": read_frequency(item.get("frequency"), f"{where}.frequency", notes),
        "temporal": read_period(item.get("temporal_coverage"), f"{where}.temporal_coverage", notes),
        "access_level": "non-public" if item.get("private") is True else "public",
        "landing_page": read_page(item.get("page"), f"{where}.page", notes),
        "bbox": box_of_coordinates(shape.get("coordinates")),
        "identifiers": [one_line(item["id"], f"{where}.id", notes)] if item.get("id") else None,
        "issued": read_moment(item.get("created_at") or item.get("created_at_internal"), f"{where}.created_at", notes),
        "modified": read_moment(
            item.get("last_modified") or item.get("last_modified_internal"), f"{where}.last_modified", notes
        ),
        "views": read_integer(metrics.get("views"), f"{where}.metrics.views", notes),
        "distributions": parts,
    }
    uri = plain(item.get("uri") or item.get("page"), f"{where}.uri", notes)
    identifier = one_line(item.get("id"), f"{where}.id", notes) or uri
    slug = plain(item.get("slug"), f"{where}.slug", notes)
    return Entry(
        slug=slug if SLUG_PATTERN.match(slug) else make_slug(slug or str(item.get("title", "")), identifier or where),
        uri=uri if "://" in uri else "",
        description={name: values[name] for name in fields_of(Class.DATASET) if values.get(name)},
        identifier=identifier,
        document=item,
    )


def read_organisation(value: object, where: str, organisations: dict[str, dict[str, Any]], notes: Notes) -> str:
    """Read an organisation and return its slug; a dataset of a person has none."""
    if not isinstance(value, Mapping):
        return ""
    name = read_text(value.get("name"), f"{where}.name", notes)
    told = plain(value.get("slug"), f"{where}.slug", notes)
    slug = told if SLUG_PATTERN.match(told) else make_slug(next(iter(name.values()))) if name else ""
    if slug:
        values = {
            "name": name,
            "description": read_text(value.get("description"), f"{where}.description", notes),
            "homepage": read_page(value.get("url"), f"{where}.url", notes),
        }
        organisations.setdefault(slug, {field: each for field, each in values.items() if each})
    return slug


def read_contact(value: object, where: str, notes: Notes) -> dict[str, Any]:
    """Read the first contact point."""
    contact = next((part for part in as_list(value) if isinstance(part, Mapping)), {})
    values = {
        "name": read_text(contact.get("name"), f"{where}[0].name", notes),
        "email": read_email(contact.get("email"), f"{where}[0].email", notes),
        "url": read_page(contact.get("contact_form"), f"{where}[0].contact_form", notes),
    }
    return {name: each for name, each in values.items() if each}


def read_frequency(value: object, where: str, notes: Notes) -> str | None:
    text = plain(value, where, notes)
    code = "one-off" if text == ONCE else find_code("frequency", text) if text else None
    if text and code is None:
        notes.refuse(where, value, NO_FREQUENCY)
    return code


def read_resource(part: Mapping[str, Any], where: str, notes: Notes) -> dict[str, Any]:
    address = read_address(part.get("url"), f"{where}.url", notes)
    media_type = read_media_type(part.get("mime"), f"{where}.mime", notes)
    stated = plain(part.get("format"), f"{where}.format", notes)
    checksum = part.get("checksum")
    schema = part.get("schema") if isinstance(part.get("schema"), Mapping) else {}
    standard = read_address(schema.get("url"), f"{where}.schema.url", notes)
    values: dict[str, Any] = {
        "title": read_text(part.get("title"), f"{where}.title", notes),
        "description": read_text(part.get("description"), f"{where}.description", notes),
        "access_url": address,
        "download_url": address if part.get("filetype") == "file" else None,
        "format": find_format(stated) or format_of_media_type(media_type or ""),
        "media_type": media_type,
        "byte_size": read_integer(part.get("filesize"), f"{where}.filesize", notes),
        "checksum": read_checksum(
            {"algorithm": checksum.get("type"), "checksumValue": checksum.get("value")}, f"{where}.checksum", notes
        )
        if isinstance(checksum, Mapping)
        else None,
        "conforms_to": [standard] if standard else None,
        "issued": read_moment(part.get("created_at"), f"{where}.created_at", notes),
        "modified": read_moment(part.get("last_modified"), f"{where}.last_modified", notes),
        "identifier": one_line(part.get("id"), f"{where}.id", notes),
    }
    return {name: values[name] for name in fields_of(Class.DISTRIBUTION) if values.get(name)}
