"""Brings the hub to what a hub file says: creates or changes organisations, datasets and sources, in one transaction.

Applying the same file twice changes nothing. A mistake names line and field and changes nothing. Nothing is removed that a
file no longer names: that is a decision for a person.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F

from catalog.describe import describe, describe_row
from catalog.errors import BadDescription, BadSchema, HubError, OrganisationNotFound
from catalog.models import Catalogue, DataService, Dataset, Organisation, Series
from catalog.publish import (
    Outcome,
    describe_dataset,
    guard_dataset,
    save_catalogue,
    save_organisation,
    save_series,
    save_service,
)
from catalog.records import Column, Geometry, Schema
from catalog.records.schema import DEFAULT_MISSING
from catalog.standard import Class
from catalog.text import Text
from ingest.derivation import derived_fields, with_derivation
from ingest.errors import BadSetup
from ingest.file_lines import Location
from ingest.hub_file import (
    ColumnEntry,
    DatasetEntry,
    DescribedEntry,
    HubFile,
    PlatformEntry,
    ProviderEntry,
    SourceEntry,
)
from ingest.local_files import SCHEME
from ingest.models import Platform, Provider, Source
from ingest.opening import refuse_opening
from ingest.platform.platforms import save_platform
from ingest.sources import save_provider, save_source


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
    "providers": Text(ko="제공자", en="provider"),
    "organisations": Text(ko="기관", en="organisation"),
    "catalogue": Text(ko="카탈로그", en="catalogue"),
    "series": Text(ko="시리즈", en="series"),
    "services": Text(ko="데이터 서비스", en="data service"),
    "datasets": Text(ko="데이터셋", en="dataset"),
    "platforms": Text(ko="통합플랫폼", en="integrated platform"),
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
    for index, provider in enumerate(content.providers):
        with placed(file, ("providers", index)):
            yield apply_one("providers", provider.slug, provider_document, lambda entry=provider: apply_provider(entry))
    for index, organisation in enumerate(content.organisations):
        with placed(file, ("organisations", index)):
            yield apply_one(
                "organisations",
                organisation.slug,
                organisation_document,
                lambda entry=organisation: apply_organisation(entry),
            )
    if content.catalogue is not None:
        with placed(file, ("catalogue",)):
            yield apply_one(
                "catalogue", "catalogue", catalogue_document, lambda: save_catalogue(content.catalogue or {})
            )
    for kind, save in (("series", save_series), ("services", save_service)):
        for index, entry in enumerate(getattr(content, kind)):
            with placed(file, (kind, index)):
                document = partial(described_document, kind)
                yield apply_one(kind, entry.slug, document, partial(save, entry.slug, entry.description))
    for index, dataset in enumerate(content.datasets):
        with placed(file, ("datasets", index)):
            yield apply_one("datasets", dataset.slug, dataset_document, lambda entry=dataset: apply_dataset(entry))
    for index, platform in enumerate(content.platforms):
        with placed(file, ("platforms", index)):
            yield apply_one("platforms", platform.slug, platform_document, lambda entry=platform: apply_platform(entry))
    for index, source in enumerate(content.sources):
        with placed(file, ("sources", index)):
            yield apply_one("sources", source.slug, source_document, lambda entry=source: apply_source(entry, base))
    for index, dataset in enumerate(content.datasets):
        with placed(file, ("datasets", index)):
            refuse_broken_upserts(dataset)


def refuse_broken_upserts(entry: DatasetEntry) -> None:
    """Refuse to take the key from a dataset that a source updates by it, whether this file names the source or not."""
    users = Source.objects.filter(distribution__dataset__slug=entry.slug, mode=Source.Mode.UPSERT)
    if not entry.key and (slugs := ", ".join(users.values_list("slug", flat=True))):
        text = Text(
            ko=f"upsert 방식의 소스가 쓰므로 key가 있어야 합니다: {slugs}",
            en=f"a key is needed, for these sources update by it: {slugs}",
        )
        raise BadSetup(where="key", problem=text)


def apply_one(kind: str, slug: str, document: Callable[[str], dict[str, Any]], apply: Callable[[], Outcome]) -> Applied:
    before = document(slug)
    outcome = apply()
    after = document(slug)
    names = [*after, *(name for name in before if name not in after)]
    differences = {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
    return Applied(KINDS[kind], slug, outcome, differences)


@contextmanager
def placed(file: HubFile, place: Location) -> Iterator[None]:
    """Give the errors of a part their lines in the file."""
    try:
        yield
    except BadDescription as error:
        raise file.bad(((*place, field), text) for field, text in error.problems) from error
    except (BadSetup, BadSchema) as error:
        problem = error.values.get("problem") or error.values["reason"]
        raise file.bad([(place_of(file, place, str(error.values["where"])), problem)]) from error
    except OrganisationNotFound as error:
        raise file.bad([((*place, "organisation"), error.text)]) from error
    except HubError as error:
        raise file.bad([(place, error.text)]) from error


def place_of(file: HubFile, place: Location, where: str) -> Location:
    """Turn what an error calls ``config.url`` or ``columns.NAME`` into a place; of two columns with a name the second."""
    parts = where.split(".")
    if parts[0] == "columns" and len(parts) > 1 and place[0] == "datasets":
        names = [column.name for column in file.content.datasets[int(place[1])].columns]
        last = len(names) - 1 - names[::-1].index(where.removeprefix("columns."))
        return (*place, "columns", last, "name")
    return (*place, *(int(part) if part.isdigit() else part for part in parts))


def apply_provider(entry: ProviderEntry) -> Outcome:
    return save_provider(
        entry.slug, title_ko=entry.title.text.ko, title_en=entry.title.text.en, daily_calls=entry.daily_calls
    )


def apply_organisation(entry: DescribedEntry) -> Outcome:
    return save_organisation(entry.slug, entry.description)


def apply_dataset(entry: DatasetEntry) -> Outcome:
    description = with_derivation(entry.description, derived_fields(entry.slug), {})
    refuse_opening(entry.slug, description.get("access_level", ""))
    outcome = describe_dataset(entry.slug, description, schema_of(entry) if entry.columns else None)
    return min(outcome, guard_dataset(entry.slug), key=list(Outcome).index) if entry.guarded else outcome


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
        code_list=entry.code_list,
        personal_data=entry.personal_data,
        standard_name=entry.standard_name,
    )


def apply_platform(entry: PlatformEntry) -> Outcome:
    return save_platform(
        entry.slug,
        title=entry.title,
        organisation=entry.organisation,
        send_codes=entry.send_codes,
        addresses=entry.addresses,
        cipher_secret=entry.cipher_secret,
        cipher_text=entry.cipher_text,
        personal_days=entry.personal_days,
        event_days=entry.event_days,
        counts_by=entry.counts_by,
        is_enabled=entry.enabled,
    )


def apply_source(entry: SourceEntry, base: Path) -> Outcome:
    dataset = Dataset.objects.select_related("distribution").filter(slug=entry.dataset).first()
    if dataset is None:
        raise BadSetup(
            where="dataset",
            problem=Text(ko=f"'{entry.dataset}' 데이터셋이 없습니다", en=f"there is no dataset '{entry.dataset}'"),
        )
    if dataset.distribution is None:
        raise BadSetup(
            where="dataset",
            problem=Text(
                ko=f"'{entry.dataset}' 데이터셋에 열(columns)이 없어 레코드를 담을 수 없습니다",
                en=f"the dataset '{entry.dataset}' has no columns and so cannot hold records",
            ),
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
        personal_data=entry.personal_data,
        provider=entry.provider,
        release=entry.slot,
        allow_private=entry.allow_private,
        ca_certificates=entry.ca_certificates,
        raw_days=entry.raw_days,
        is_enabled=entry.enabled,
    )


def with_local_paths(config: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the configuration with relative paths (no scheme) read from ``base``."""

    def located(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [located(part) for part in value]
        return value if not isinstance(value, str) or SCHEME.match(value) else str(base / value)

    return {name: located(value) if name in ("path", "url") else value for name, value in config.items()}


def provider_document(slug: str) -> dict[str, Any]:
    row = Provider.objects.filter(slug=slug).values("slug", "title_ko", "title_en", "daily_calls").first() or {}
    return {name: value for name, value in row.items() if value not in ("", None)}


def organisation_document(slug: str) -> dict[str, Any]:
    row = Organisation.objects.filter(slug=slug).first()
    return describe_row(row, Class.ORGANISATION) if row else {}


def described_document(kind: str, slug: str) -> dict[str, Any]:
    model, class_ = DESCRIBED[kind]
    row = model.objects.select_related("organisation").filter(slug=slug).first()
    return describe_row(row, class_) if row else {}


DESCRIBED = {"series": (Series, Class.SERIES), "services": (DataService, Class.SERVICE)}


def catalogue_document(slug: str) -> dict[str, Any]:
    row = Catalogue.objects.select_related("organisation").first()
    return describe_row(row, Class.CATALOGUE) if row else {}


def dataset_document(slug: str) -> dict[str, Any]:
    """Return the description and the schema, every column under a name of its own."""
    dataset = Dataset.objects.select_related("organisation", "distribution").filter(slug=slug).first()
    if dataset is None:
        return {}
    if dataset.distribution is None:
        return describe(dataset)
    schema = dataset.distribution.schema
    columns = {f"columns.{entry['name']}": entry for entry in schema["fields"]}
    rest = {name: value for name, value in schema.items() if name not in ("$schema", "fields")}
    return describe(dataset) | rest | {"columns": [entry["name"] for entry in schema["fields"]]} | columns


def platform_document(slug: str) -> dict[str, Any]:
    row = Platform.objects.filter(slug=slug).annotate(owner=F("organisation__slug")).values().first() or {}
    hidden = (
        "id", "created_at", "modified_at", "organisation_id", "dataset_id", "key_digest", "key_shown", "position", "revision"
    )  # fmt: skip
    return {name: value for name, value in row.items() if name not in hidden and value not in ("", None, [])}


def source_document(slug: str) -> dict[str, Any]:
    source = Source.objects.filter(slug=slug).select_related("distribution__dataset")
    row = source.annotate(dataset=F("distribution__dataset__slug")).values().first() or {}
    hidden = (
        "id", "created_at", "modified_at", "next_at", "distribution_id", "known_columns", "position", "failures",
        "backs_off_until", "paused_at", "paused_because", "host",
    )  # fmt: skip
    return {name: value for name, value in row.items() if name not in hidden and value not in ("", None, [], {})}
