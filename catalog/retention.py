"""What is kept no longer: old snapshots, and the files that no snapshot names any more."""

import datetime as dt

from django.conf import settings
from django.db import models, transaction

from catalog.models import Snapshot, SnapshotPart
from catalog.storage import record_store

GUARDED_READ = dt.timedelta(hours=1)  # the longest that an answer from a guarded dataset may take


@transaction.atomic
def forget_old_snapshots(now: dt.datetime) -> int:
    """Delete snapshots that were replaced longer ago than the retention; the current ones always stay.

    Those of guarded datasets go as soon as nobody can be reading them any more: what was erased must be gone.
    """
    is_old = models.Q(replaced_at__lt=now - dt.timedelta(days=settings.SNAPSHOT_DAYS))
    is_guarded = models.Q(distribution__dataset__is_guarded=True, replaced_at__lt=now - GUARDED_READ)
    old = Snapshot.objects.filter(is_old | is_guarded)
    forgotten = old.count()
    old.delete()
    return forgotten


def collect_orphan_parts() -> int:
    """Remove files of parts and of their hidden rows that no snapshot names and that are older than any running write."""
    return record_store().collect_orphans(named_parts())


def count_orphan_parts(age: dt.timedelta) -> int:
    """Return how many files no snapshot names although they are older than this."""
    return record_store().count_orphans(named_parts(), older_than_seconds=age.total_seconds())


def named_parts() -> set[str]:
    named = SnapshotPart.objects.order_by()
    return {digest for name in ("digest", "hidden") for digest in named.values_list(name, flat=True).distinct()}
