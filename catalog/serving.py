"""Serving indexes of the current snapshots: which are open, which are due to be built, which can go.

They lie on the host that answers, so every host with a web server has a worker that builds them. Nothing is written down
about them: a folder that stands is an index, and what is missing is built by the next sweep.
"""

import fcntl
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db.models import F

from catalog.models import Dataset, Snapshot
from catalog.records import Index, Limits, build_index, index_of
from catalog.storage import question_limits, record_store, serving_indexes

BUILD_MEMORY_MIB = 1024
REST = 20  # times as long as the last building took: what is published more often is served from its parts meanwhile
KEPT_SECONDS = 3600.0  # after a newer snapshot came: who pages through the old one goes on as quickly
logger = logging.getLogger(__name__)


def find_index(snapshot: Snapshot) -> Index | None:
    """Return the index of a snapshot, None when it has none."""
    return serving_indexes().find(snapshot.digest)


def build_due_indexes() -> int:
    """Build the indexes that are due, one after the other, unless another process of this host does; return how many."""
    built = 0
    with only_builder() as is_free:
        for snapshot in due_snapshots() if is_free else ():
            started = time.monotonic()
            folder = build_index(snapshot.manifest, record_store(), settings.INDEX_DIR, building_limits())
            logger.info("index of %s records built in %.1f s: %s", snapshot.records, time.monotonic() - started, folder)
            built += 1
    return built


def due_snapshots() -> Iterator[Snapshot]:
    """Yield the current snapshots without an index that are large enough and not replaced all the time."""
    if not settings.INDEX_RECORDS:
        return
    current = Snapshot.objects.filter(
        pk=F("distribution__current_snapshot"), records__gte=settings.INDEX_RECORDS
    ).filter(distribution__dataset__in=Dataset.objects.current())
    for snapshot in current.order_by("records").iterator():
        if not index_of(settings.INDEX_DIR, snapshot.digest) and not is_resting(snapshot):
            yield snapshot


def is_resting(snapshot: Snapshot) -> bool:
    """Tell whether an older snapshot of the same records was indexed only a moment ago, as long as that took."""
    earlier = snapshot.distribution.snapshots.exclude(pk=snapshot.pk).values_list("digest", flat=True)[:50]
    ages = [(built, seconds) for digest in earlier for built, seconds in index_of(settings.INDEX_DIR, digest)]
    return any(time.time() - built < REST * seconds for built, seconds in ages)


def collect_indexes() -> int:
    """Remove the indexes that no current snapshot needs, and what was left half built; return how many went."""
    current = set(Snapshot.objects.filter(pk=F("distribution__current_snapshot")).values_list("digest", flat=True))
    removed = 0
    for folder in [*settings.INDEX_DIR.glob("??/*"), *settings.INDEX_DIR.glob(".building-*")]:
        if folder.name not in current and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def building_limits() -> Limits:
    return Limits(spool=question_limits().spool, memory_mib=BUILD_MEMORY_MIB)


@contextmanager
def only_builder() -> Iterator[bool]:
    """Hold the host's one place for builders; yield whether it was free. The lock dies with its process."""
    settings.INDEX_DIR.mkdir(parents=True, exist_ok=True)
    with Path(settings.INDEX_DIR, ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
