"""Brings the hub to what a hub file says: creates or changes organisations, datasets and sources, in one transaction.

Applying the same file twice changes nothing. A mistake names line and field and changes nothing. Nothing is removed that a
file no longer names: that is a decision for a person.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from catalog.describe import describe
from catalog.errors import BadDescription, BadSchema, HubError
from catalog.models import Dataset, Organisation
from catalog.publish import Outcome, describe_dataset, save_organisation
from catalog.records import Column, Geometry, Schema
from catalog.records.schema import DEFAULT_MISSING
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.hub_file import ColumnEntry, DatasetEntry, HubFile, Location, OrganisationEntry, SourceEntry
from ingest.models import Source
from ingest.sources import save_source

KOREAN_TIME = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True)
class Applied:
    """What became of one part of the file; ``differences`` maps a field to its value before and after."""

    kind: Text
    slug: str
    outcome: Outcome
    differences: Mapping[str, tuple[Any, Any]]


class DryRun(Exception):
    """Rolls a dry run back."""


KINDS = {
    "organisations": Text(ko="기관", en="organisation"),
    "datasets": Text(ko="데이터셋", en="dataset"),
    "sources": Text(ko="소스", en="source"),
}


def apply_hub_file(file: HubFile, *, base: Path | None = None, dry_run: bool = False) -> list[Applied]:
    """Apply a file and tell what changed; with ``dry_run`` tell what would change.

    Local paths of sources are read from ``base`` (default: the file's folder).
    """
    applied: list[Applied] = []
    try:
        with transaction.atomic():
            applied += apply_parts(file, (base or file.path.parent).resolve())
            if dry_run:
                raise DryRun
    except DryRun:
        pass
    return applied


def apply_parts(file: HubFile, base: Path) -> Iterator[Applied]:
    content = file.content
    for index, organisation in enumerate(content.organisations):
        with placed(file, ("organisations", index)):
            yield apply_one(
                "organisations",
                organisation.slug,
                organisation_document,
                lambda entry=organisation: apply_organisation(entry),
            )
    for index, dataset in enumerate(content.datasets):
        with placed(file, ("datasets", index)):
            yield apply_one("datasets", dataset.slug, dataset_document, lambda entry=dataset: apply_dataset(entry))
    for index, source in enumerate(content.sources):
        with placed(file, ("sources", index)):
            yield apply_one("sources", source.slug, source_document, lambda entry=source: apply_source(entry, base))


def apply_one(kind: str, slug: str, document: Callable[[str], dict[str, Any]], apply: Callable[[], Outcome]) -> Applied:
    before = document(slug)
    outcome = apply()
    after = document(slug)
    names = [*after, *(name for name in before if name not in after)]
    differences = {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
    return Applied(KINDS[kind], slug, outcome, differences)


@contextmanager
def placed(file: HubFile, location: Location) -> Iterator[None]:
    """Give an error of a part its line in the file."""
    try:
        yield
    except BadDescription as error:
        field, text = error.problems[0]
        raise BadSetup(where=file.where((*location, field)), problem=text) from error
    except (BadSetup, BadSchema) as error:
        where = column_place(file, location, str(error.values["where"]))
        raise BadSetup(
            where=file.where(where), problem=error.values.get("problem") or error.values["reason"]
        ) from error
    except HubError as error:
        raise BadSetup(where=file.where(location), problem=error.text) from error


def column_place(file: HubFile, location: Location, where: str) -> Location:
    """Turn ``columns.NAME`` into the place of the column with that name."""
    parts = where.split(".")
    if parts[0] == "columns" and len(parts) > 1 and location[0] == "datasets":
        columns = file.content.datasets[int(location[1])].columns
        index = next((index for index, column in enumerate(columns) if column.name == parts[1]), 0)
        return (*location, "columns", index)
    return (*location, *(int(part) if part.isdigit() else part for part in parts))


def apply_organisation(entry: OrganisationEntry) -> Outcome:
    return save_organisation(
        entry.slug,
        name=entry.name.text,
        region=entry.region,
        homepage=entry.homepage,
        contact=entry.contact.model_dump() if entry.contact else None,
    )


def apply_dataset(entry: DatasetEntry) -> Outcome:
    return describe_dataset(entry.slug, entry.description, schema_of(entry))


def schema_of(entry: DatasetEntry) -> Schema:
    return Schema(
        columns=tuple(column_of(column) for column in entry.columns),
        key=tuple(entry.key),
        geometry=Geometry(**entry.geometry.model_dump()) if entry.geometry else None,
        time=entry.time,
        missing=DEFAULT_MISSING if entry.missing is None else tuple(entry.missing),
        sorted_by=tuple(entry.sorted_by),
    )


def column_of(entry: ColumnEntry) -> Column:
    return Column(
        name=entry.name,
        type=entry.type,
        title=entry.title.text,
        description=entry.description.text,
        source=entry.source,
        unit=entry.unit,
        required=entry.required,
        enum=tuple(entry.enum),
        minimum=entry.minimum,
        maximum=entry.maximum,
        missing=None if entry.missing is None else tuple(entry.missing),
    )


def apply_source(entry: SourceEntry, base: Path) -> Outcome:
    dataset = Dataset.objects.select_related("distribution").filter(slug=entry.dataset).first()
    if dataset is None:
        raise BadSetup(
            where="dataset",
            problem=Text(ko=f"'{entry.dataset}' 데이터셋이 없습니다", en=f"there is no dataset '{entry.dataset}'"),
        )
    return save_source(
        entry.slug,
        dataset.distribution,
        connector=entry.connector,
        config=with_local_paths(entry.config, base),
        mode=entry.mode,
        schedule=entry.schedule,
        expectations=entry.expectations,
        ignored_columns=entry.ignore,
        release=release_of(entry.slot),
        allow_private=entry.allow_private,
        raw_days=entry.raw_days,
        is_enabled=entry.enabled,
    )


def with_local_paths(config: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the configuration with relative paths (no scheme) read from ``base``."""

    def located(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [located(part) for part in value]
        return value if not isinstance(value, str) or ":" in value.split("/")[0] else str(base / value)

    return {name: located(value) if name in ("path", "url") else value for name, value in config.items()}


def release_of(slot: dt.datetime | dt.date | str | None) -> dt.datetime | None:
    """Read a release date; a day means its midnight in Korea."""
    if slot is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(str(slot))
    except ValueError as error:
        raise BadSetup(
            where="slot", problem=Text(ko="YYYY-MM-DD 형식이어야 합니다", en="must be YYYY-MM-DD")
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=KOREAN_TIME)


def organisation_document(slug: str) -> dict[str, Any]:
    row = Organisation.objects.filter(slug=slug).values().first() or {}
    return {name: value for name, value in row.items() if name not in ("id", "created_at", "modified_at") and value}


def dataset_document(slug: str) -> dict[str, Any]:
    dataset = Dataset.objects.select_related("organisation", "distribution").filter(slug=slug).first()
    return {} if dataset is None else describe(dataset) | {"schema": dataset.distribution.schema}


def source_document(slug: str) -> dict[str, Any]:
    row = Source.objects.filter(slug=slug).values().first() or {}
    hidden = ("id", "created_at", "modified_at", "next_at", "distribution_id")
    return {name: value for name, value in row.items() if name not in hidden and value not in ("", None, [], {})}
