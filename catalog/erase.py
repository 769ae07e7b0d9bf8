"""Erasing as a change of the catalogue: what is left of a dataset's records is published, all that was there before goes.

Which rows go is told in ``records/erase.py``. Snapshots, whole files and exports go at once; parts that no snapshot names
any more are collected within a day (``retention.py``), and indexes within the hour (``serving.py``).
"""

from django.db import transaction
from django.utils import timezone

from catalog.feed import lock_feed, record_change
from catalog.files import forget_files_of
from catalog.models import Change, Distribution, Snapshot


@transaction.atomic
def forget_other_versions(distribution: Distribution, *, is_clean: bool = True) -> int:
    """Keep no version but the current one and tell the followers of the feed; return how many versions went.

    One that is not ``is_clean`` goes as well once it is replaced.
    """
    lock_feed()
    current = Distribution.objects.select_related("current_snapshot").get(pk=distribution.pk).current_snapshot
    distribution.erased_at = current.published_at if current and is_clean else timezone.now()
    Distribution.objects.filter(pk=distribution.pk).update(erased_at=distribution.erased_at)
    others = distribution.snapshots.exclude(pk=current.pk) if current else distribution.snapshots.all()
    forgotten = others.count()
    others.delete()
    forget_files_of(distribution.dataset)
    record_change(Change.Kind.ERASED, distribution.dataset, snapshot_digest=current.digest if current else "")
    return forgotten


def forget_erased(distribution: Distribution) -> None:
    """Delete what was published before records were erased and has been replaced since."""
    if distribution.erased_at is not None:
        replaced = Snapshot.objects.filter(distribution=distribution, published_at__lt=distribution.erased_at)
        replaced.exclude(pk=distribution.current_snapshot_id).delete()
