"""Descriptions: read from a model's columns and written to them, field by field as the profile says, for every class.

How a value lies in columns depends on its kind: ``STORED`` has one row for each. The parts of a dataset (its other
distributions, its columns) are rows and documents of their own.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Prefetch

from catalog.access import Viewer, visible_datasets
from catalog.errors import DatasetNotFound
from catalog.models import Dataset, Distribution
from catalog.models.contact import ContactColumns
from catalog.models.dataset import DatasetQuerySet
from catalog.standard import PROFILE, Class, Field, Kind

LANGUAGES = ("ko", "en")
Document = dict[str, Any]


def find_dataset(slug: str, viewer: Viewer) -> Dataset:
    """Return a dataset that the viewer may see, with its distributions and current snapshot."""
    dataset = with_parts(visible_datasets(viewer)).filter(slug=slug).first()
    if dataset is None:
        raise DatasetNotFound(dataset=slug)
    return dataset


def with_parts(datasets: DatasetQuerySet) -> DatasetQuerySet:
    """Return the datasets with all that a whole description needs: two queries, however many datasets."""
    return datasets.select_related("organisation", "distribution__current_snapshot").prefetch_related(
        Prefetch("distributions", Distribution.objects.filter(schema__isnull=True), to_attr="links")
    )


def describe(dataset: Dataset) -> Document:
    """Return the whole description as the profile's document; fields without a value are left out.

    A dataset without a contact point of its own speaks through its organisation's. ``distributions`` are the links to
    elsewhere and ``columns`` those of records elsewhere: what the hub itself serves is added in ``share.py``.
    """
    document = describe_briefly(dataset)
    if links := linked_distributions(dataset):
        document["distributions"] = [describe_row(link, Class.DISTRIBUTION) for link in links]
    return document


def describe_briefly(dataset: Dataset) -> Document:
    """Return the description without its distributions: what a list shows, one query for all."""
    document = describe_row(dataset, Class.DATASET)
    if "contact_point" not in document and (contact := read_contact(dataset.organisation)):
        document["contact_point"] = contact
    return document


def describe_row(row: Model, class_: Class) -> Document:
    """Return what the columns of a row say, by the fields of its class."""
    values = ((field, stored(field).read(row, field)) for field in PROFILE[class_])
    return {field.name: value for field, value in values if has_value(value)}


def row_columns(description: Mapping[str, Any], class_: Class) -> Document:
    """Return the model columns of a description; an absent field empties its columns.

    Organisations and parts are stored in rows of their own and are not among them.
    """
    columns: Document = {}
    for field in PROFILE[class_]:
        columns |= stored(field).write(description.get(field.name), field)
    return columns


def linked_distributions(dataset: Dataset) -> list[Distribution]:
    """Return the distributions that lie elsewhere; without ``with_parts`` this asks the database."""
    if hasattr(dataset, "links"):
        return dataset.links
    return list(dataset.distributions.filter(schema__isnull=True)) if dataset.pk else []


def has_value(value: object) -> bool:
    return value is not None and value != "" and value != [] and value != {}


@dataclass(frozen=True)
class Stored:
    """How a kind of field lies in columns: read from a row and written as column values, side by side."""

    read: Callable[[Any, Field], Any]
    write: Callable[[Any, Field], Document]


def stored(field: Field) -> Stored:
    return LISTED if field.many and field.kind is not Kind.PART else STORED[field.kind]


def read_plain(row: Model, field: Field) -> object:
    return getattr(row, field.name)


def write_string(value: str | None, field: Field) -> Document:
    return {field.name: value or ""}


def write_value(value: object, field: Field) -> Document:
    return {field.name: value if has_value(value) else None}


def write_list(value: Iterable[Any] | None, field: Field) -> Document:
    return {field.name: list(value or [])}


def read_languages(row: Model, field: Field) -> Document:
    values = {language: getattr(row, f"{field.name}_{language}") for language in LANGUAGES}
    return {language: value for language, value in values.items() if value}


def write_text(value: Mapping[str, str] | None, field: Field) -> Document:
    return {f"{field.name}_{language}": (value or {}).get(language, "") for language in LANGUAGES}


def write_keywords(value: Mapping[str, list[str]] | None, field: Field) -> Document:
    return {f"{field.name}_{language}": list((value or {}).get(language, [])) for language in LANGUAGES}


def read_day(row: Model, field: Field) -> str:
    return iso_day(getattr(row, field.name))


def write_day(value: object, field: Field) -> Document:
    return {field.name: as_day(value)}


def read_moment(row: Model, field: Field) -> str:
    return getattr(row, field.name)


def write_moment(value: object, field: Field) -> Document:
    return {field.name: value.isoformat() if isinstance(value, dt.date) else value or ""}


def read_period(row: Model, field: Field) -> Document:
    bounds = {side: iso_day(getattr(row, f"{field.name}_{side}")) for side in ("start", "end")}
    return {side: day for side, day in bounds.items() if day}


def write_period(value: Mapping[str, Any] | None, field: Field) -> Document:
    return {f"{field.name}_{side}": as_day((value or {}).get(side)) for side in ("start", "end")}


def iso_day(day: dt.date | str | None) -> str:
    return day.isoformat() if isinstance(day, dt.date) else day or ""


def as_day(value: object) -> dt.date | None:
    return dt.date.fromisoformat(str(value)) if value else None


def read_contact(row: ContactColumns, field: Field | None = None) -> Document:
    name = {language: getattr(row, f"contact_name_{language}") for language in LANGUAGES}
    contact = {
        "name": {language: text for language, text in name.items() if text},
        "email": row.contact_email,
        "phone": row.contact_phone,
        "url": row.contact_url,
    }
    return {part: value for part, value in contact.items() if value}


def write_contact(value: Mapping[str, Any] | None, field: Field | None = None) -> Document:
    contact = value or {}
    return {
        "contact_name_ko": contact.get("name", {}).get("ko", ""),
        "contact_name_en": contact.get("name", {}).get("en", ""),
        "contact_email": contact.get("email", ""),
        "contact_phone": contact.get("phone", ""),
        "contact_url": contact.get("url", ""),
    }


def read_part(row: Model, field: Field) -> object:
    """Return the documents of parts that lie in a column (``columns``); parts with rows of their own are no column."""
    return getattr(row, field.name) if field.of is Class.COLUMN else None


def write_part(value: Iterable[Any] | None, field: Field) -> Document:
    return write_list(value, field) if field.of is Class.COLUMN else {}


LISTED = Stored(read_plain, write_list)
STRING = Stored(read_plain, write_string)
VALUE = Stored(read_plain, write_value)
STORED: Mapping[Kind, Stored] = {
    Kind.TEXT: Stored(read_languages, write_text),
    Kind.KEYWORDS: Stored(read_languages, write_keywords),
    Kind.STRING: STRING,
    Kind.CODE: STRING,
    Kind.REGION: STRING,
    Kind.DAY: Stored(read_day, write_day),
    Kind.MOMENT: Stored(read_moment, write_moment),
    Kind.PERIOD: Stored(read_period, write_period),
    Kind.DURATION: STRING,
    Kind.INTEGER: VALUE,
    Kind.DECIMAL: VALUE,
    Kind.BOOLEAN: VALUE,
    Kind.CONTACT: Stored(read_contact, write_contact),
    Kind.ORGANISATION: Stored(
        lambda row, field: row.organisation.slug if row.organisation_id else "", lambda value, field: {}
    ),
    Kind.ADDRESS: STRING,
    Kind.REFERENCE: STRING,
    Kind.BOX: VALUE,
    Kind.CHECKSUM: VALUE,
    Kind.PART: Stored(read_part, write_part),
}
