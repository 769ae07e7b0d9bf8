"""The only writers of the catalogue: each is one transaction and records its change.

Everything else reads. Callers that publish as part of a larger step (a run with its fence) wrap the call in their own
transaction; it then commits or vanishes with it. Every writer first locks the head of the change feed and so writes
alone: numbers are gapless and in commit order, and no two writers can wait for each other in a circle.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from catalog.admission import admitted_columns
from catalog.describe import describe_row, row_columns
from catalog.erase import forget_erased
from catalog.errors import BadDescription, Conflict, DatasetNotFound, OrganisationNotFound
from catalog.feed import lock_feed, record_change
from catalog.file_leases import wake_worker
from catalog.files import forget_files_of
from catalog.models import (
    Catalogue,
    Change,
    DataService,
    Dataset,
    Distribution,
    Organisation,
    Series,
    Snapshot,
    SnapshotPart,
)
from catalog.models.dataset import CLOSED_LEVELS, DatasetQuerySet
from catalog.records import Finding, Manifest, Report, Schema, to_table_schema
from catalog.search import index_dataset, index_datasets
from catalog.standard import Class
from catalog.text import Text

STAYS_CLOSED = Text(
    ko="보호 데이터셋은 '제한'이나 '비공개'로만 둘 수 있고, 다시 열 수 없습니다. 공개할 것은 집계한 데이터셋으로 따로 만드십시오.",
    en="A guarded dataset stays restricted or non-public and cannot be opened again; publish aggregates of it as a dataset of "
    "their own.",
)

GUARDED_BECAUSE = Text(
    ko="개인정보 등 보호해야 할 내용이 있어 열람 승인을 받은 기관만 읽을 수 있습니다.",
    en="The records hold what has to be protected; organisations read them by grant.",
)


@dataclass(frozen=True)
class CameFrom:
    """The identity of a dataset of another hub: the same in all hubs, and its permanent address there."""

    id: uuid.UUID
    home: str


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@transaction.atomic
def save_organisation(slug: str, description: Mapping[str, Any], *, harvested: bool = False) -> Outcome:
    """Create or update an organisation; its datasets speak of it, so that each of them counts as described anew."""
    lock_feed()
    columns = admitted_columns(Organisation, description, Class.ORGANISATION, slug=slug, harvested=harvested)
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        Organisation.objects.create(slug=slug, **columns)
        return Outcome.CREATED
    outcome = update_row(organisation, columns)
    if outcome is Outcome.CHANGED:
        record_described(Dataset.objects.filter(organisation=organisation))
    return outcome


@transaction.atomic
def save_series(slug: str, description: Mapping[str, Any], *, harvested: bool = False) -> Outcome:
    """Create or update a dataset series."""
    return save_described(Series, Class.SERIES, slug, description, harvested=harvested)


@transaction.atomic
def save_service(slug: str, description: Mapping[str, Any], *, harvested: bool = False) -> Outcome:
    """Create or update a data service."""
    return save_described(DataService, Class.SERVICE, slug, description, harvested=harvested)


@transaction.atomic
def save_catalogue(description: Mapping[str, Any]) -> Outcome:
    """Say whose hub this is: create or update the one description of the catalogue."""
    lock_feed()
    columns = admitted_columns(Catalogue, description, Class.CATALOGUE, slug=None)
    columns["organisation"] = find_organisation(description["organisation"])
    catalogue = Catalogue.objects.filter(pk=1).first()
    if catalogue is None:
        Catalogue.objects.create(pk=1, **columns)
        return Outcome.CREATED
    return update_row(catalogue, columns)


@transaction.atomic
def describe_dataset(
    slug: str,
    description: Mapping[str, Any],
    schema: Schema | None = None,
    *,
    harvested: bool = False,
    came_from: CameFrom | None = None,
) -> Outcome:
    """Create a dataset or change its description or schema; a description that the standard refuses changes nothing.

    Without a ``schema`` a new dataset has no records here, and an old one keeps those that it has. What is ``harvested``
    from another catalogue may lack what the standard wants of one's own; what is malformed is refused all the same. A
    dataset that ``came_from`` another hub keeps the identity that it has there.
    """
    lock_feed()
    columns = dict(vars(came_from)) if came_from else {}
    columns |= admitted_columns(Dataset, description, Class.DATASET, slug=slug, harvested=harvested)
    columns["organisation"] = find_organisation(description["organisation"])
    dataset = Dataset.objects.select_related("distribution", "organisation").filter(slug=slug).first()
    if why := objection_to_level(dataset, columns["access_level"]):
        raise BadDescription([("access_level", why)])
    if schema is not None or (dataset is not None and dataset.distribution is not None):
        columns["columns"] = []  # the dictionary of records that are served here is their schema
    if dataset is None:
        outcomes = [Outcome.CREATED]
        dataset = Dataset.objects.create(slug=slug, **columns)
    else:
        outcomes = [update_row(dataset, columns)]
    links, is_new = description.get("distributions", []), outcomes == [Outcome.CREATED]
    outcomes += [save_schema(dataset, schema), save_links(dataset, links, is_new=is_new)]
    outcome = min(outcomes, key=list(Outcome).index)
    if outcome is not Outcome.UNCHANGED:
        record_change(Change.Kind.CREATED if outcome is Outcome.CREATED else Change.Kind.DESCRIBED, dataset)
        index_dataset(dataset)  # after the change, which moves the date that it is sorted by
    return outcome


def objection_to_level(dataset: Dataset | None, level: str) -> Text | None:
    """Return why a dataset may not have an access level: a guarded one is never opened. None where it may."""
    return STAYS_CLOSED if dataset is not None and dataset.is_guarded and level not in CLOSED_LEVELS else None


@transaction.atomic
def guard_dataset(slug: str) -> Outcome:
    """Let the records of a dataset be read by grant only, for good; one that is open is closed by it.

    Files that were written of it while it was not guarded are removed.
    """
    lock_feed()
    dataset = Dataset.objects.select_related("distribution", "organisation").filter(slug=slug).first()
    if dataset is None:
        raise DatasetNotFound(dataset=slug)
    if dataset.is_guarded:
        return Outcome.UNCHANGED
    closed = {} if dataset.access_level in CLOSED_LEVELS else {"access_level": "restricted"}
    if not (dataset.access_reason_ko or dataset.access_reason_en):
        closed |= {"access_reason_ko": GUARDED_BECAUSE.ko, "access_reason_en": GUARDED_BECAUSE.en}
    update_row(dataset, {"is_guarded": True, **closed})
    forget_files_of(dataset)
    record_change(Change.Kind.DESCRIBED, dataset)
    index_dataset(dataset)  # after the change, which moves the date that it is sorted by
    return Outcome.CHANGED


@transaction.atomic
def publish_snapshot(
    distribution: Distribution,
    manifest: Manifest,
    *,
    report: Report,
    rejected: int,
    csv_size: int | None = None,
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
        version=next_version(current) if is_latest else None,
        digest=manifest.digest,
        records=manifest.records,
        rejected=rejected,
        csv_size=csv_size,
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
        forget_erased(distribution)
        Dataset.objects.filter(pk=distribution.dataset_id).update(modified_at=snapshot.published_at)
    else:
        snapshot.replaced_at = snapshot.published_at
        snapshot.save(update_fields=["replaced_at"])
    transaction.on_commit(wake_worker)  # its whole files are wanted
    index_dataset(distribution.dataset)
    record_change(Change.Kind.SNAPSHOT_PUBLISHED, distribution.dataset, snapshot_digest=snapshot.digest)
    return snapshot


def next_version(current: Snapshot | None) -> int:
    """Return the version that follows the current snapshot's, which is the last one given and is never forgotten."""
    return 0 if current is None or current.version is None else current.version + 1


@transaction.atomic
def withdraw_dataset(slug: str) -> Outcome:
    """Take a dataset out of every door; nothing is deleted, ``restore_dataset`` brings it back."""
    return set_withdrawn(slug, withdrawn=True)


@transaction.atomic
def restore_dataset(slug: str) -> Outcome:
    return set_withdrawn(slug, withdrawn=False)


@transaction.atomic
def save_quality(dataset: Dataset, *, score: int, band: str, at: dt.datetime) -> None:
    """Keep what a dataset scored; a score is about the description, not part of it, and so no change of the catalogue."""
    lock_feed()
    Dataset.objects.filter(pk=dataset.pk).update(quality_score=score, quality_band=band, assessed_at=at)
    if dataset.quality_band != band:
        index_dataset(dataset)


def set_withdrawn(slug: str, *, withdrawn: bool) -> Outcome:
    lock_feed()
    dataset = Dataset.objects.select_related("organisation").filter(slug=slug).first()
    if dataset is None:
        raise DatasetNotFound(dataset=slug)
    if (dataset.withdrawn_at is not None) == withdrawn:
        return Outcome.UNCHANGED
    update_row(dataset, {"withdrawn_at": timezone.now() if withdrawn else None})
    index_dataset(dataset)
    record_change(Change.Kind.WITHDRAWN if withdrawn else Change.Kind.RESTORED, dataset)
    return Outcome.CHANGED


def save_described(
    model: type[Series | DataService], class_: Class, slug: str, description: Mapping[str, Any], *, harvested: bool
) -> Outcome:
    lock_feed()
    columns = admitted_columns(model, description, class_, slug=slug, harvested=harvested)
    organisation = description.get("organisation")
    columns["organisation"] = find_organisation(organisation) if organisation else None
    row = model.objects.filter(slug=slug).first()
    if row is None:
        model.objects.create(slug=slug, **columns)
        return Outcome.CREATED
    outcome = update_row(row, columns)
    if outcome is Outcome.CHANGED:
        record_described(datasets_that_name(class_, slug))
    return outcome


def datasets_that_name(class_: Class, slug: str) -> DatasetQuerySet:
    """Return the datasets whose descriptions speak of a series or a service."""
    if class_ is Class.SERVICE:
        return Dataset.objects.filter(distributions__access_service=slug).distinct()
    return Dataset.objects.filter(series__icontains=f'"{slug}"')


def record_described(datasets: DatasetQuerySet) -> None:
    """Record that datasets are described anew because something that they speak of is."""
    changed = list(datasets.select_related("organisation"))
    for dataset in changed:
        record_change(Change.Kind.DESCRIBED, dataset)
    index_datasets(changed)  # after the change, which moves the date that they are sorted by


def save_schema(dataset: Dataset, schema: Schema | None) -> Outcome:
    """Give a dataset records with this schema, or change the schema of those that it has."""
    if schema is None:
        return Outcome.UNCHANGED
    document = to_table_schema(schema)
    if dataset.distribution is not None:
        return update_row(dataset.distribution, {"schema": document})
    dataset.distribution = Distribution.objects.create(dataset=dataset, schema=document)
    dataset.save(update_fields=["distribution"])
    return Outcome.CHANGED


def save_links(dataset: Dataset, descriptions: Sequence[Mapping[str, Any]], *, is_new: bool = False) -> Outcome:
    """Bring the distributions that lie elsewhere to what is described; one that is known keeps its identifier."""
    known: dict[str, list[Distribution]] = {}
    for row in () if is_new else dataset.distributions.filter(schema__isnull=True):
        known.setdefault(link_name(describe_row(row, Class.DISTRIBUTION)), []).append(row)
    outcome, new = Outcome.UNCHANGED, []
    for position, description in enumerate(descriptions, start=1):
        columns = row_columns(description, Class.DISTRIBUTION) | {"position": position}
        rows = known.get(link_name(description))
        if rows:
            outcome = Outcome.CHANGED if update_row(rows.pop(0), columns) is Outcome.CHANGED else outcome
        else:
            new.append(Distribution(dataset=dataset, **columns))
            outcome = Outcome.CHANGED
    Distribution.objects.bulk_create(new)
    gone = [row.pk for rows in known.values() for row in rows]
    if gone:
        dataset.distributions.filter(pk__in=gone).delete()
        outcome = Outcome.CHANGED
    return outcome


def link_name(description: Mapping[str, Any]) -> str:
    """Return what tells a link from the others of its dataset from one description to the next."""
    names = ("identifier", "download_url", "access_url")
    return next((description[name] for name in names if description.get(name)), "")


def find_organisation(slug: str) -> Organisation:
    """Return an organisation with what a dataset keeps of it; its other columns are asked for when they are wanted."""
    organisation = Organisation.objects.filter(slug=slug).only("slug").order_by().first()
    if organisation is None:
        raise OrganisationNotFound(organisation=slug)
    return organisation


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


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "column": finding.column,
        "count": finding.count,
        "text": finding.text.as_dict(),
    }
