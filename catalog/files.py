"""Whole-snapshot files: which there should be, which there are, and which may go. They are written in ``write_file.py``.

Files of current snapshots are written without being asked for, up to a number of records; all others when somebody asks.
Every one can be written again from the parts of its snapshot, so what takes too much room is dropped without harm.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.utils import timezone

from catalog.access import Viewer
from catalog.errors import NoRecords, SnapshotNotFound, UnknownFormat
from catalog.file_leases import wake_worker
from catalog.models import Dataset, Distribution, Export, Snapshot, SnapshotFile, WrittenFile
from catalog.read import VERSION, Question, ask
from catalog.records import FORMATS, Store, from_table_schema
from catalog.shared_files import collect_shared, forget_shared

WRITTEN_UNASKED = ("csv", "parquet")
WHOLE_FORMATS = (*WRITTEN_UNASKED, "geojson")
NEXT_FILE_AFTER = dt.timedelta(minutes=10)  # data that changes every few seconds gets whole files this often
ENTERED_AT_ONCE = 100
FAILED_FOR = dt.timedelta(hours=1)
YOUNGEST_ORPHAN = 900.0  # seconds; far longer than from a file's last byte to the commit that names it
State = SnapshotFile.State


@dataclass(frozen=True)
class FinishedFile:
    """A finished file: where it lies and what is known of its content."""

    path: Path
    digest: str
    size: int
    written_at: dt.datetime


def file_store(format_name: str) -> Store:
    return Store(settings.FILE_DIR, suffix=f".{format_name}")


def whole_formats(snapshot: Snapshot) -> list[str]:
    """Return the formats in which the whole of a snapshot can be had."""
    has_place = from_table_schema(snapshot.schema).geometry is not None
    return [name for name in WHOLE_FORMATS if has_place or not FORMATS[name].needs_place]


def find_snapshot(dataset: Dataset, digest: str) -> Snapshot:
    """Return a kept snapshot of a dataset by its whole digest."""
    if dataset.distribution is None:
        raise NoRecords(dataset=dataset.slug)
    snapshot = dataset.distribution.snapshots.filter(digest=digest).first()
    if snapshot is None:
        raise SnapshotNotFound(snapshot=digest[:12])
    return snapshot


def find_file(snapshot: Snapshot, format_name: str) -> FinishedFile | None:
    """Return a whole file that is ready; None when it is not there, and then it is asked for."""
    if format_name not in (allowed := whole_formats(snapshot)):
        raise UnknownFormat(format=format_name, allowed=allowed)
    for row in ready_files([snapshot]).filter(format=format_name):
        path = file_store(format_name).path(row.digest)
        if path.is_file():
            return FinishedFile(path, row.digest, row.size, row.finished_at)
        SnapshotFile.objects.filter(pk=row.pk, state=State.READY).update(state=State.WAITING, digest="", attempt=0)
    _, is_new = SnapshotFile.objects.get_or_create(
        snapshot=snapshot, format=format_name, defaults={"created_at": timezone.now()}
    )
    if is_new:
        wake_worker()
    return None


def ready_files_by_snapshot(snapshots: Iterable[Snapshot]) -> Mapping[tuple[str, str], SnapshotFile]:
    """Return the files that are ready of snapshots of one dataset, by snapshot digest and format: one query for all."""
    return {(row.snapshot.digest, row.format): row for row in ready_files(list(snapshots))}


def ready_files(snapshots: Sequence[Snapshot]) -> QuerySet[SnapshotFile]:
    """Return the files of snapshots of one dataset; the same content published twice has the same file."""
    return SnapshotFile.objects.filter(
        snapshot__distribution__in={snapshot.distribution_id for snapshot in snapshots},
        snapshot__digest__in={snapshot.digest for snapshot in snapshots},
        state=State.READY,
    ).select_related("snapshot")


def enter_missing_files(now: dt.datetime) -> int:
    """Ask for the files that current snapshots lack; one dataset gets no new file sooner than ``NEXT_FILE_AFTER``."""
    entered = 0
    for format_name in WRITTEN_UNASKED:
        same = SnapshotFile.objects.filter(snapshot=OuterRef("current_snapshot"), format=format_name)
        young = SnapshotFile.objects.filter(
            snapshot__distribution=OuterRef("pk"), format=format_name, created_at__gt=now - NEXT_FILE_AFTER
        )
        lacking = Distribution.objects.filter(
            ~Exists(same),
            ~Exists(young),
            current_snapshot__records__lte=settings.FILE_RECORDS,
            dataset__withdrawn_at=None,
            dataset__is_guarded=False,
        )
        for snapshot_id in list(lacking.values_list("current_snapshot", flat=True)[:ENTERED_AT_ONCE]):
            _, is_new = SnapshotFile.objects.get_or_create(
                snapshot_id=snapshot_id, format=format_name, defaults={"created_at": now}
            )
            entered += is_new
    return entered


def question_of_file(row: SnapshotFile) -> Question:
    """Return the question whose answer the whole file is; who may have the file is asked when it is served."""
    dataset = Dataset.objects.select_related("organisation", "distribution").get(distribution=row.snapshot.distribution)
    return ask_snapshot(dataset, row.snapshot.digest, [], get_user_model()(is_staff=True), row.format)


def ask_snapshot(
    dataset: Dataset, digest: str, parameters: Sequence[tuple[str, str]], viewer: Viewer, format_name: str
) -> Question:
    """Put a question to one snapshot, whichever is the current one by now."""
    pinned = [(name, value) for name, value in parameters if name not in VERSION]
    return ask(dataset, [*pinned, ("snapshot", digest)], viewer, accepted_format=format_name)


def equal_file(row: SnapshotFile) -> SnapshotFile | None:
    """Return the ready file of an equal snapshot of the same dataset, whose content this one has too."""
    others = ready_files([row.snapshot]).filter(format=row.format).exclude(pk=row.pk)
    return next((other for other in others if file_store(other.format).has(other.digest)), None)


def room_for_files() -> int:
    """Return how many bytes whole files may still take."""
    return settings.FILE_MIB * 2**20 - bytes_of(SnapshotFile.objects.filter(state=State.READY)) - bytes_of_exports()


def bytes_of_exports() -> int:
    return bytes_of(Export.objects.filter(state=State.READY))


def bytes_of(rows: QuerySet[WrittenFile]) -> int:
    return rows.aggregate(total=Sum("size"))["total"] or 0


def forget_files(now: dt.datetime) -> None:
    """Forget failures after a while, and replaced snapshots' files, the oldest first, while four fifths of the room are full."""
    SnapshotFile.objects.filter(state=State.FAILED, finished_at__lt=now - FAILED_FOR).delete()
    surplus = settings.FILE_MIB * 2**20 // 5 - room_for_files()
    replaced = SnapshotFile.objects.filter(state=State.READY).exclude(
        snapshot=F("snapshot__distribution__current_snapshot")
    )
    for pk, size in list(replaced.order_by("finished_at").values_list("pk", "size")) if surplus > 0 else ():
        if surplus > 0:
            SnapshotFile.objects.filter(pk=pk).delete()
            surplus -= size


def forget_files_of(dataset: Dataset) -> None:
    """Forget the whole files, exports and shared files of a dataset, and remove from the disk what no other dataset's are."""
    gone: set[tuple[str, str]] = set()
    for rows in (
        SnapshotFile.objects.filter(snapshot__distribution__dataset=dataset),
        Export.objects.filter(dataset=dataset),
    ):
        gone |= set(rows.exclude(digest="").values_list("format", "digest"))
        rows.delete()
    transaction.on_commit(lambda: remove_files(gone))
    transaction.on_commit(lambda: forget_shared(dataset.pk))


def remove_files(named: Iterable[tuple[str, str]]) -> None:
    """Remove files at once that no row names any more."""
    for format_name, digest in named:
        if digest not in digests_named(format_name):
            file_store(format_name).path(digest).unlink(missing_ok=True)


def collect_orphan_files() -> int:
    """Remove the files that no row names any more, and the shared ones that nobody asks for."""
    orphans = (
        file_store(name).collect_orphans(digests_named(name), older_than_seconds=YOUNGEST_ORPHAN)
        for name in formats_on_disk()
    )
    return sum(orphans) + collect_shared()


def digests_named(format_name: str) -> Collection[str]:
    return {
        digest
        for kind in (SnapshotFile, Export)
        for digest in kind.objects.filter(format=format_name).exclude(digest="").values_list("digest", flat=True)
    }


def formats_on_disk() -> Iterator[str]:
    """Yield the formats of all files, those that this version writes no more included."""
    yield from {path.suffix[1:] for path in settings.FILE_DIR.glob("??/*.*")}
