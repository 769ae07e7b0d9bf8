"""A dataset's description: read from the model's columns and written to them, field by field as the profile says."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.access import Viewer, visible_datasets
from catalog.errors import DatasetNotFound
from catalog.models import Dataset
from catalog.standard import FIELDS, Field, Kind


def find_dataset(slug: str, viewer: Viewer) -> Dataset:
    """Return a dataset that the viewer may see, with its distribution and current snapshot."""
    dataset = (
        visible_datasets(viewer)
        .select_related("organisation", "distribution__current_snapshot")
        .filter(slug=slug)
        .first()
    )
    if dataset is None:
        raise DatasetNotFound(dataset=slug)
    return dataset


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return the description as the profile's document; fields without a value are left out.

    A dataset without a contact point of its own speaks through its organisation's.
    """
    document = {field.name: STORED[field.kind].read(dataset, field) for field in FIELDS}
    if not document["contact_point"]:
        document["contact_point"] = read_contact(dataset.organisation)
    return {name: value for name, value in document.items() if value}


def description_columns(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model columns of a description (``licence`` and ``organisation`` are stored elsewhere)."""
    columns: dict[str, Any] = {}
    for field in FIELDS:
        columns |= STORED[field.kind].write(description.get(field.name), field)
    return columns


@dataclass(frozen=True)
class Stored:
    """How a kind of field lies in columns: read from a dataset and written as column values, side by side."""

    read: Callable[[Dataset, Field], Any]
    write: Callable[[Any, Field], dict[str, Any]]


def read_languages(dataset: Dataset, field: Field) -> dict[str, Any]:
    values = {language: getattr(dataset, f"{field.name}_{language}") for language in ("ko", "en")}
    return {language: value for language, value in values.items() if value}


def write_text(value: Mapping[str, str] | None, field: Field) -> dict[str, Any]:
    return {f"{field.name}_{language}": (value or {}).get(language, "") for language in ("ko", "en")}


def write_keywords(value: Mapping[str, list[str]] | None, field: Field) -> dict[str, Any]:
    return {f"{field.name}_{language}": list((value or {}).get(language, [])) for language in ("ko", "en")}


def read_plain(dataset: Dataset, field: Field) -> str:
    return dataset.distribution.licence if field.name == "licence" else getattr(dataset, field.name)


def write_plain(value: str | None, field: Field) -> dict[str, Any]:
    return {} if field.name == "licence" else {field.name: value or ""}


def read_period(dataset: Dataset, field: Field) -> dict[str, str]:
    bounds = {"start": getattr(dataset, f"{field.name}_start"), "end": getattr(dataset, f"{field.name}_end")}
    return {side: day.isoformat() for side, day in bounds.items() if day}


def write_period(value: Mapping[str, Any] | None, field: Field) -> dict[str, Any]:
    days = {side: (value or {}).get(side) for side in ("start", "end")}
    return {f"{field.name}_{side}": dt.date.fromisoformat(str(day)) if day else None for side, day in days.items()}


def read_contact(owner: Any, field: Field | None = None) -> dict[str, Any]:  # noqa: ANN401
    name = {"ko": owner.contact_name_ko, "en": owner.contact_name_en}
    contact = {
        "name": {language: text for language, text in name.items() if text},
        "email": owner.contact_email,
        "phone": owner.contact_phone,
    }
    return {part: value for part, value in contact.items() if value}


def write_contact(value: Mapping[str, Any] | None, field: Field | None = None) -> dict[str, Any]:
    contact = value or {}
    return {
        "contact_name_ko": contact.get("name", {}).get("ko", ""),
        "contact_name_en": contact.get("name", {}).get("en", ""),
        "contact_email": contact.get("email", ""),
        "contact_phone": contact.get("phone", ""),
    }


STORED: Mapping[Kind, Stored] = {
    Kind.TEXT: Stored(read_languages, write_text),
    Kind.KEYWORDS: Stored(read_languages, write_keywords),
    Kind.CODE: Stored(read_plain, write_plain),
    Kind.REGION: Stored(read_plain, write_plain),
    Kind.ADDRESS: Stored(read_plain, write_plain),
    Kind.PERIOD: Stored(read_period, write_period),
    Kind.CONTACT: Stored(read_contact, write_contact),
    Kind.ORGANISATION: Stored(lambda dataset, field: dataset.organisation.slug, lambda value, field: {}),
}
