"""Serving indexes of the current snapshots: which are open, which are due to be built, which can go.

They lie on the host that answers, so every host with a web server has a worker that builds them. Nothing is written down
about them: a folder that stands is an index, and what is missing is built by the next sweep.
"""

import datetime as dt
import fcntl
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from catalog.generation import LookedUp
from catalog.models import Dataset, Snapshot
from catalog.records import Index, Later, Limits, Manifest, build_index, index_of, is_little, what_came_later
from catalog.storage import question_limits, record_store, serving_indexes

BUILD_MEMORY_MIB = 1024
REST = 20  # times as long as the last building took: meanwhile the older index answers with what came later
REST_WITHOUT = 2  # the same, when what came later is too much for the older index
FAILED: dict[str, float] = {}  # the snapshots whose index this process could not build, and when
FAILED_SECONDS = 3600.0
KEPT_SECONDS = 3600.0  # after a newer snapshot came: who pages through the old one goes on as quickly
LOOKED_BACK = 200  # snapshots
BASES = LookedUp(1000)
LATER = LookedUp(
    8, for_ever=True, weigh=lambda later: later.weight if later else 0, most_weight=64 << 20
)  # of each web process
logger = logging.getLogger(__name__)


def serve(snapshot: Snapshot, manifest: Manifest) -> tuple[Index | None, Later | None]:
    """Return the index that answers for a snapshot: its own, or that of an older one with what came later."""
    if index := find_index(snapshot):
        return index, None
    base = BASES.get(snapshot.pk, lambda: find_base(snapshot)) if settings.INDEX_RECORDS else ""
    index = serving_indexes().find(base) if base else None
    if index is None:
        return None, None
    later = LATER.get(
        (snapshot.digest, base),
        lambda: what_came_later(manifest, index, record_store(), question_limits()),
    )
    return (index, later) if later else (None, None)


def find_index(snapshot: Snapshot) -> Index | None:
    """Return the index of a snapshot itself, None when it has none or none are wanted."""
    return serving_indexes().find(snapshot.digest) if settings.INDEX_RECORDS else None


def find_base(snapshot: Snapshot) -> str:
    """Return the digest of the newest older snapshot of the same records that has an index, "" when none has."""
    if not any(settings.INDEX_DIR.glob("??")):  # a host without indexes asks the database nothing
        return ""
    older = Snapshot.objects.filter(distribution_id=snapshot.distribution_id, pk__lt=snapshot.pk).order_by("-pk")
    digests = older.values_list("digest", flat=True)[:LOOKED_BACK]
    return next((digest for digest in digests if index_of(settings.INDEX_DIR, digest)), "")


def build_due_indexes() -> int:
    """Build the indexes that are due, one after the other, unless another process of this host does; return how many.

    One that cannot be built, for whatever reason, stands in nobody's way: it is tried again after the others, in an hour.
    """
    built, began = 0, time.monotonic()
    with only_builder() as is_free:
        for snapshot in due_snapshots() if is_free else ():
            if time.monotonic() - began > settings.CELERY_TASK_SOFT_TIME_LIMIT / 2:  # the next one wants its time too
                break
            started = time.monotonic()
            try:
                folder = build_index(snapshot.manifest, record_store(), settings.INDEX_DIR, building_limits())
            except Exception:
                logger.exception("no index of snapshot %s: its %s records", snapshot.digest, snapshot.records)
                FAILED[snapshot.digest] = time.monotonic()
                break
            logger.info("index of %s records built in %.1f s: %s", snapshot.records, time.monotonic() - started, folder)
            built += 1
    return built


def due_snapshots() -> Iterator[Snapshot]:
    """Yield the current snapshots without an index that are large enough and not replaced all the time.

    Guarded ones have none: what is erased must not live on in copies.
    """
    if not settings.INDEX_RECORDS:
        return
    current = Snapshot.objects.filter(
        pk=F("distribution__current_snapshot"), records__gte=settings.INDEX_RECORDS
    ).filter(distribution__dataset__in=Dataset.objects.current().filter(is_guarded=False))
    for snapshot in current.order_by("records").iterator():
        has_failed = time.monotonic() - FAILED.get(snapshot.digest, -FAILED_SECONDS) < FAILED_SECONDS
        if not (has_failed or index_of(settings.INDEX_DIR, snapshot.digest) or is_resting(snapshot)):
            yield snapshot


def is_resting(snapshot: Snapshot) -> bool:
    """Tell whether an older snapshot of the same records was indexed only a moment ago, as long as that took."""
    earlier = snapshot.distribution.snapshots.exclude(pk=snapshot.pk).order_by("-pk").values_list("digest", flat=True)
    standing = [found for digest in earlier[:LOOKED_BACK] if (found := index_of(settings.INDEX_DIR, digest))]
    if not standing:
        return False
    rest = REST if is_little(snapshot.manifest, standing[0].meta) else REST_WITHOUT
    return any(time.time() - found.built_at < rest * found.seconds for found in standing)


def collect_indexes() -> int:
    """Remove the indexes of snapshots that were replaced a while ago, and what was left half built; return how many went."""
    is_current = Q(pk=F("distribution__current_snapshot"))
    is_young = Q(replaced_at__gt=timezone.now() - dt.timedelta(seconds=KEPT_SECONDS))
    current = set(Snapshot.objects.filter(is_current | is_young).values_list("digest", flat=True))
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
