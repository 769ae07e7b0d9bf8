"""Which versions of a dataset's records there are: numbered as they became the current ones, kept for as long as snapshots are.

A version is a number that is never given twice and never moves (``Snapshot.version``), however many older ones are forgotten.
"""

import datetime as dt

from django.db.models import Max, Min, Q, QuerySet

from catalog.errors import NoRecords, VersionNotFound
from catalog.models import Dataset, Snapshot


def current_version(dataset: Dataset) -> Snapshot:
    """Return the version that is the current one."""
    snapshot = dataset.current_snapshot
    if snapshot is None:
        raise NoRecords(dataset=dataset.slug)
    return snapshot


def find_version(dataset: Dataset, number: int) -> Snapshot:
    current = current_version(dataset)
    if current.version == number:
        return current
    snapshot = versions_of(dataset).filter(version=number).first()
    if snapshot is None:
        raise not_kept(dataset, number)
    return snapshot


def version_at(dataset: Dataset, moment: dt.datetime) -> Snapshot:
    """Return the version that was the current one at a time."""
    then = versions_of(dataset).filter(Q(replaced_at=None) | Q(replaced_at__gt=moment), published_at__lte=moment)
    snapshot = then.order_by("-version").first()
    if snapshot is None:
        raise not_kept(dataset, moment.isoformat())
    return snapshot


def first_version_since(dataset: Dataset, moment: dt.datetime) -> Snapshot:
    """Return the first version that was published at a time or later."""
    snapshot = versions_of(dataset).filter(published_at__gte=moment).order_by("version").first()
    if snapshot is None:
        raise not_kept(dataset, moment.isoformat())
    return snapshot


def versions_between(dataset: Dataset, first: int, last: int) -> list[Snapshot]:
    """Return the versions from one to another with the one before them, if there was one; each of them is still kept."""
    before = max(first - 1, 0)
    found = list(versions_of(dataset).filter(version__gte=before, version__lte=last).order_by("version"))
    numbers = [snapshot.version for snapshot in found]
    if numbers != list(range(before, last + 1)):
        raise not_kept(dataset, next(number for number in range(before, last + 1) if number not in numbers))
    return found


def versions_of(dataset: Dataset) -> QuerySet[Snapshot]:
    current_version(dataset)
    return dataset.distribution.snapshots.filter(version__isnull=False)


def not_kept(dataset: Dataset, asked: object) -> VersionNotFound:
    """Return the error that names the versions there are."""
    kept = versions_of(dataset).aggregate(first=Min("version"), last=Max("version"))
    return VersionNotFound(dataset=dataset.slug, version=asked, **kept)
