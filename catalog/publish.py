"""The only writers of the catalogue: each is one transaction and records its change.

Everything else reads. Callers that publish as part of a larger step (a run with its fence) wrap the call in their own
transaction; it then commits or vanishes with it. Every writer first locks the head of the change feed and so writes
alone: numbers are gapless and in commit order, and no two writers can wait for each other in a circle.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from catalog.describe import description_columns, write_contact
from catalog.errors import BadDescription, Conflict, DatasetNotFound, OrganisationNotFound
from catalog.models import Change, Dataset, Distribution, FeedHead, Organisation, Snapshot, SnapshotPart
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.records import Finding, Manifest, Report, Schema, from_table_schema, to_table_schema
from catalog.search import searchable_text, searchable_title
from catalog.standard import check_description, is_region
from catalog.storage import record_store
from catalog.text import Text


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@transaction.atomic
def save_organisation(
    slug: str,
    *,
    name: Text,
    region: str = "",
    homepage: str = "",
    contact: Mapping[str, Any] | None = None,
) -> Outcome:
    """Create or update an organisation; its datasets speak of it, so that each of them counts as described anew."""
    lock_feed()
    values = {"name_ko": name.ko, "name_en": name.en, "region": region, "homepage": homepage} | write_contact(contact)
    refuse_problems(
        [*slug_problems(slug), *organisation_problems(name, region), *length_problems(Organisation, values)]
    )
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        Organisation.objects.create(slug=slug, **values)
        return Outcome.CREATED
    outcome = update_row(organisation, values)
    if outcome is Outcome.CHANGED:
        for dataset in organisation.datasets.select_related("organisation", "distribution"):
            update_row(dataset, search_columns(dataset, from_table_schema(dataset.distribution.schema)))
            record_change(Change.Kind.DESCRIBED, dataset)
    return outcome


@transaction.atomic
def describe_dataset(slug: str, description: Mapping[str, Any], schema: Schema) -> Outcome:
    """Create a dataset or change its description or schema; a description that the standard refuses changes nothing."""
    lock_feed()
    problems = [(problem.field, problem.text) for problem in check_description(description)]
    refuse_problems([*slug_problems(slug), *problems])
    columns = description_columns(description)
    refuse_problems(length_problems(Dataset, columns))
    organisation = Organisation.objects.filter(slug=description["organisation"]).first()
    if organisation is None:
        raise OrganisationNotFound(organisation=description["organisation"])
    columns["organisation"] = organisation
    dataset = Dataset.objects.select_related("distribution", "organisation").filter(slug=slug).first()
    if dataset is None:
        outcome = Outcome.CREATED
        dataset = Dataset(slug=slug, **columns)
        set_columns(dataset, search_columns(dataset, schema))
        dataset.save()
    else:
        outcome = update_row(dataset, columns)
        update_row(dataset, search_columns(dataset, schema))
    outcome = save_distribution(dataset, description["licence"], schema, outcome)
    if outcome is not Outcome.UNCHANGED:
        kind = Change.Kind.CREATED if outcome is Outcome.CREATED else Change.Kind.DESCRIBED
        record_change(kind, dataset)
    return outcome


@transaction.atomic
def publish_snapshot(
    distribution: Distribution,
    manifest: Manifest,
    *,
    report: Report,
    rejected: int,
    valid_at: dt.datetime,
    based_on: str | None = None,
) -> Snapshot | None:
    """Publish a manifest as a new snapshot and move the pointer; None when it is what the current snapshot holds.

    A release older than the current one is kept and readable, and the pointer stays. ``based_on`` is the digest that an
    addition was written on ("" for none): when the current snapshot is another one by now, Conflict is raised and nothing
    changes. An addition holds all that was there before, so it is always the current one, whenever its release was.
    """
    lock_feed()
    distribution = (
        Distribution.objects.select_for_update(of=("self",))
        .select_related("dataset__organisation")
        .get(pk=distribution.pk)
    )
    current = distribution.current_snapshot
    if based_on is not None and based_on != (current.digest if current else ""):
        raise Conflict(what=distribution.dataset.slug)
    if based_on is not None and current is not None:
        valid_at = max(valid_at, current.valid_at)
    is_latest = current is None or valid_at >= current.valid_at
    if current is not None and current.digest == manifest.digest:
        if is_latest:
            Snapshot.objects.filter(pk=current.pk).update(valid_at=valid_at)  # it holds the newer release as well
        return None
    if not is_latest and distribution.snapshots.filter(digest=manifest.digest, valid_at=valid_at).exists():
        return None
    snapshot = Snapshot.objects.create(
        distribution=distribution,
        digest=manifest.digest,
        records=manifest.records,
        rejected=rejected,
        schema=to_table_schema(manifest.schema),
        valid_at=valid_at,
        published_at=timezone.now(),
        findings=[finding_document(finding) for finding in report.findings],
    )
    SnapshotPart.objects.bulk_create(
        SnapshotPart(snapshot=snapshot, position=position, **part.as_dict())
        for position, part in enumerate(manifest.parts)
    )
    if is_latest:
        Snapshot.objects.filter(distribution=distribution, replaced_at=None).exclude(pk=snapshot.pk).update(
            replaced_at=snapshot.published_at
        )
        distribution.current_snapshot = snapshot
        distribution.save(update_fields=["current_snapshot", "modified_at"])
        Dataset.objects.filter(pk=distribution.dataset_id).update(modified_at=snapshot.published_at)
    else:
        snapshot.replaced_at = snapshot.published_at
        snapshot.save(update_fields=["replaced_at"])
    record_change(Change.Kind.SNAPSHOT_PUBLISHED, distribution.dataset, snapshot_digest=snapshot.digest)
    return snapshot


@transaction.atomic
def withdraw_dataset(slug: str) -> Outcome:
    """Take a dataset out of every door; nothing is deleted, ``restore_dataset`` brings it back."""
    return set_withdrawn(slug, withdrawn=True)


@transaction.atomic
def restore_dataset(slug: str) -> Outcome:
    return set_withdrawn(slug, withdrawn=False)


@transaction.atomic
def forget_old_snapshots(now: dt.datetime) -> int:
    """Delete snapshots that were replaced longer ago than the retention; the current ones always stay."""
    old = Snapshot.objects.filter(replaced_at__lt=now - dt.timedelta(days=settings.SNAPSHOT_DAYS))
    forgotten = old.count()
    old.delete()
    return forgotten


def collect_orphan_parts() -> int:
    """Remove part files that no snapshot names and that are older than any running write."""
    referenced = set(SnapshotPart.objects.values_list("digest", flat=True).distinct())
    return record_store().collect_orphans(referenced)


def set_withdrawn(slug: str, *, withdrawn: bool) -> Outcome:
    lock_feed()
    dataset = Dataset.objects.select_related("organisation").filter(slug=slug).first()
    if dataset is None:
        raise DatasetNotFound(dataset=slug)
    if (dataset.withdrawn_at is not None) == withdrawn:
        return Outcome.UNCHANGED
    update_row(dataset, {"withdrawn_at": timezone.now() if withdrawn else None})
    record_change(Change.Kind.WITHDRAWN if withdrawn else Change.Kind.RESTORED, dataset)
    return Outcome.CHANGED


def save_distribution(dataset: Dataset, licence: str, schema: Schema, outcome: Outcome) -> Outcome:
    document = to_table_schema(schema)
    if outcome is Outcome.CREATED:
        Distribution.objects.create(dataset=dataset, licence=licence, schema=document)
        return outcome
    changed = update_row(dataset.distribution, {"licence": licence, "schema": document})
    return Outcome.CHANGED if Outcome.CHANGED in (changed, outcome) else Outcome.UNCHANGED


def lock_feed() -> FeedHead:
    """Take the lock that all writers share; it is held until the transaction ends."""
    FeedHead.objects.get_or_create(pk=1)
    return FeedHead.objects.select_for_update().get(pk=1)


def record_change(kind: Change.Kind, dataset: Dataset, *, snapshot_digest: str = "") -> None:
    """Append to the change feed; the lock on its head makes the numbers gapless and in commit order."""
    head = lock_feed()
    head.sequence += 1
    head.save(update_fields=["sequence"])
    Change.objects.create(
        sequence=head.sequence,
        kind=kind,
        dataset_id=dataset.pk,
        dataset_slug=dataset.slug,
        organisation_slug=dataset.organisation.slug,
        snapshot_digest=snapshot_digest,
        at=timezone.now(),
    )


def update_row(row: models.Model, values: Mapping[str, Any]) -> Outcome:
    """Write the columns that differ and no others, so that what somebody else wrote meanwhile stays."""
    changed = set_columns(row, values)
    if not changed:
        return Outcome.UNCHANGED
    row.save(update_fields=[*changed, "modified_at"])
    return Outcome.CHANGED


def set_columns(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Set the columns that differ and return their names."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def search_columns(dataset: Dataset, schema: Schema) -> dict[str, str]:
    organisation = dataset.organisation
    return {
        "search_title": searchable_title(dataset),
        "search_text": searchable_text(dataset, column_words(schema), f"{organisation.name_ko} {organisation.name_en}"),
    }


def column_words(schema: Schema) -> str:
    """Return the names and titles of columns, for searching."""
    return " ".join(f"{column.name} {column.title.ko} {column.title.en} {column.source}" for column in schema.columns)


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "column": finding.column,
        "count": finding.count,
        "text": finding.text.as_dict(),
    }


Problem = tuple[str, Text]


def refuse_problems(problems: list[Problem]) -> None:
    if problems:
        raise BadDescription(problems)


def slug_problems(slug: str) -> list[Problem]:
    return [] if is_slug(slug) else [("slug", SLUG_RULE)]


def organisation_problems(name: Text, region: str) -> Iterator[Problem]:
    if not name.ko.strip():
        yield "name", Text(ko="한국어 이름이 있어야 합니다", en="the Korean name is missing")
    if region and not is_region(region):
        yield "region", Text(ko=f"'{region}'은(는) 지역 코드가 아닙니다", en=f"'{region}' is no region code")


def length_problems(model: type[models.Model], columns: Mapping[str, Any]) -> list[Problem]:
    """Return what is longer than its column, which only some databases would refuse."""
    problems = []
    for name, value in columns.items():
        longest = model._meta.get_field(name).max_length
        if longest and isinstance(value, str) and len(value) > longest:
            text = Text(ko=f"{longest}자를 넘을 수 없습니다", en=f"at most {longest} characters")
            problems.append((field_of_column(name), text))
    return problems


def field_of_column(name: str) -> str:
    """Return the field that a column belongs to: ``title`` for ``title_ko``, ``contact_point`` for ``contact_email``."""
    whole = name.removesuffix("_ko").removesuffix("_en")
    return "contact_point" if whole.startswith("contact_") else whole
