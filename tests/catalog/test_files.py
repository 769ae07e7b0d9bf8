"""Whole-snapshot files: which are written when, what is in them, what happens when a worker dies, what is dropped."""

import csv
import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from builders import ROWS, make_dataset, publish_rows
from celery import current_app
from django.conf import LazySettings
from django.db import OperationalError
from django.utils import timezone
from kombu import Connection

from catalog import file_leases, write_file
from catalog.errors import TooBusy
from catalog.file_leases import ATTEMPTS, FileHeartbeat, Lease, LostLease, count_working, finish, take_next
from catalog.files import (
    NEXT_FILE_AFTER,
    WRITTEN_UNASKED,
    YOUNGEST_ORPHAN,
    collect_orphan_files,
    enter_missing_files,
    file_store,
    find_file,
    find_snapshot,
    forget_files,
    whole_formats,
)
from catalog.models import Snapshot, SnapshotFile
from catalog.publish import withdraw_dataset
from catalog.retention import forget_old_snapshots
from catalog.tasks import tidy_files
from catalog.tasks import write_file as write_file_task
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db
State = SnapshotFile.State
NAMES = ["station_id", "district", "pm10", "observed_on"]


@pytest.fixture
def snapshot() -> Snapshot:
    return publish_rows(make_dataset())


def write_all() -> None:
    """Be a worker until nothing is left to write."""
    for _ in range(20):
        write_next_file()


def states() -> dict[str, str]:
    return dict(SnapshotFile.objects.values_list("format", "state"))


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds, time.time() - seconds))


def test_a_current_snapshot_gets_its_files_without_being_asked_for(snapshot: Snapshot) -> None:
    write_all()
    assert states() == dict.fromkeys(WRITTEN_UNASKED, "ready")
    for row in SnapshotFile.objects.all():
        content = file_store(row.format).path(row.digest).read_bytes()
        assert (row.digest, row.size, row.records) == (hashlib.sha256(content).hexdigest(), len(content), 3)


def test_the_files_hold_what_the_records_are_and_no_column_of_ours(snapshot: Snapshot) -> None:
    write_all()
    paths = {row.format: file_store(row.format).path(row.digest) for row in SnapshotFile.objects.all()}
    with paths["csv"].open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [NAMES, *(list(row.values()) for row in ROWS)]
    table = pq.read_table(paths["parquet"])
    assert table.column_names == NAMES
    assert table["pm10"].to_pylist() == [34, 81, None]


def test_publishing_wakes_a_worker_after_the_commit(
    own_queue: str, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    dataset = make_dataset()
    with django_capture_on_commit_callbacks(execute=True):
        publish_rows(dataset)
    with Connection(own_queue) as connection:
        message = connection.default_channel.basic_get(current_app.conf.task_default_queue)
    assert message.headers["task"] == "catalog.tasks.write_file"


def test_a_broker_that_is_gone_does_not_keep_anything_from_being_published(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: (_ for _ in ()).throw(OSError("gone")))
    file_leases.wake_worker()
    assert "wait for the schedule" in caplog.text


def test_larger_snapshots_are_written_when_somebody_asks(snapshot: Snapshot, settings: LazySettings) -> None:
    settings.FILE_RECORDS = 2
    write_all()
    assert states() == {}
    assert find_file(snapshot, "parquet") is None
    assert find_file(snapshot, "parquet") is None
    write_all()
    assert states() == {"parquet": "ready"}
    assert find_file(snapshot, "parquet").size > 0


def test_formats_of_places_are_offered_where_there_are_places(snapshot: Snapshot) -> None:
    assert whole_formats(snapshot) == ["csv", "parquet"]


def test_withdrawn_datasets_get_no_files(snapshot: Snapshot) -> None:
    withdraw_dataset("air-quality")
    write_all()
    assert states() == {}


def test_data_that_changes_every_few_seconds_gets_files_now_and_then(snapshot: Snapshot) -> None:
    write_all()
    dataset = snapshot.distribution.dataset
    publish_rows(dataset, ROWS[:1])
    newest = publish_rows(dataset, ROWS[:2])
    now = timezone.now()
    assert enter_missing_files(now) == 0
    assert enter_missing_files(now + NEXT_FILE_AFTER) == 2
    assert set(SnapshotFile.objects.filter(state=State.WAITING).values_list("snapshot", flat=True)) == {newest.pk}


def test_a_replaced_snapshot_keeps_its_files_and_gets_those_that_are_asked_for(snapshot: Snapshot) -> None:
    write_all()
    before = find_file(snapshot, "csv")
    content = before.path.read_bytes()
    publish_rows(snapshot.distribution.dataset, ROWS[:1])
    write_all()
    assert find_file(snapshot, "csv") == before
    assert before.path.read_bytes() == content
    SnapshotFile.objects.all().delete()
    assert find_file(snapshot, "csv") is None
    write_all()
    assert find_file(snapshot, "csv").digest == before.digest


def test_the_same_records_published_again_have_the_same_file(snapshot: Snapshot) -> None:
    write_all()
    dataset = snapshot.distribution.dataset
    publish_rows(dataset, ROWS[:1])
    again = publish_rows(dataset)
    assert (again.digest, again.pk) != (snapshot.digest, snapshot.pk)
    assert find_file(again, "csv").digest == find_file(snapshot, "csv").digest
    SnapshotFile.objects.create(snapshot=again, format="csv", created_at=timezone.now())
    write_all()
    assert set(SnapshotFile.objects.filter(format="csv").values_list("state", flat=True)) == {"ready"}


def test_a_file_that_the_disk_lost_is_written_again(snapshot: Snapshot) -> None:
    write_all()
    lost = find_file(snapshot, "csv")
    lost.path.unlink()
    assert find_file(snapshot, "csv") is None
    write_all()
    assert find_file(snapshot, "csv").digest == lost.digest


# Who may write


def test_only_so_many_files_are_written_at_once(snapshot: Snapshot, settings: LazySettings) -> None:
    now = timezone.now()
    enter_missing_files(now)
    first = take_next(now)
    assert first is not None
    assert take_next(now) is None
    settings.FILE_WRITERS = 2
    second = take_next(now)
    assert second is not None
    assert second.pk != first.pk
    assert count_working(now) == 2


def test_two_that_found_room_for_one_at_the_same_moment_agree_who_writes(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    enter_missing_files(now)
    count = file_leases.count_working
    first = take_next(now)
    monkeypatch.setattr(
        file_leases, "count_working", lambda now, before=None: count(now, before=before) if before else 0
    )
    assert take_next(now) is None
    waiting = SnapshotFile.objects.exclude(pk=first.pk).get()
    assert (waiting.state, waiting.attempt) == (State.WAITING, 0)


def test_a_dead_workers_file_is_taken_again_and_a_zombie_ends_nothing(snapshot: Snapshot) -> None:
    now = timezone.now()
    enter_missing_files(now)
    zombie = take_next(now)
    SnapshotFile.objects.filter(pk=zombie.pk).update(lease_until=now - dt.timedelta(seconds=1))
    heir = take_next(now)
    assert (heir.pk, heir.fence) == (zombie.pk, zombie.fence + 1)
    with pytest.raises(LostLease):
        finish(zombie, FileHeartbeat(zombie).progress, digest="0" * 64)
    assert not file_leases.renew(zombie, FileHeartbeat(zombie).progress)
    assert file_leases.renew(heir, FileHeartbeat(heir).progress)


def test_what_a_dead_worker_left_in_the_spool_is_removed(snapshot: Snapshot, settings: LazySettings) -> None:
    now = timezone.now()
    enter_missing_files(now)
    dead = take_next(now)
    left = write_file.piece(dead)
    left.write_text("half")
    SnapshotFile.objects.filter(pk=dead.pk).update(lease_until=now - dt.timedelta(seconds=1))
    write_all()
    assert list(settings.SPOOL_DIR.glob("snapshotfile-*")) == []
    assert set(states().values()) == {"ready"}


def test_a_file_whose_workers_die_again_and_again_is_given_up_with_its_reason(snapshot: Snapshot) -> None:
    now = timezone.now()
    enter_missing_files(now)
    lease = take_next(now)
    SnapshotFile.objects.filter(pk=lease.pk).update(lease_until=now - dt.timedelta(seconds=1), attempt=ATTEMPTS)
    write_all()
    row = SnapshotFile.objects.get(pk=lease.pk)
    assert (row.state, row.error_code, str(ATTEMPTS) in row.error_ko) == (State.FAILED, "worker-lost", True)


# What goes wrong


def break_stream(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*_: object, **__: object) -> Iterator[bytes]:
        yield b"some"
        raise error

    monkeypatch.setattr(write_file, "stream", broken)


@pytest.mark.parametrize(
    ("error", "state", "attempt"),
    [
        (TooBusy(retry_after=3), State.WAITING, 0),
        (OSError("no disk"), State.WAITING, 1),
        (OperationalError("no database"), State.WAITING, 1),
        (ZeroDivisionError(), State.FAILED, 1),
    ],
)
def test_what_goes_wrong_waits_or_fails(
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: str,
    attempt: int,
    settings: LazySettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_stream(monkeypatch, error)
    write_next_file()
    row = SnapshotFile.objects.order_by("created_at", "pk").first()
    assert (row.state, row.attempt, row.digest) == (state, attempt, "")
    assert list(settings.SPOOL_DIR.glob("snapshotfile-*")) == []
    assert list(settings.FILE_DIR.rglob("*.csv")) == []


def test_a_disk_that_stays_broken_is_given_up_and_tried_again_an_hour_later(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        break_stream(patch, OSError("no disk"))
        write_all()
    assert set(states().values()) == {"failed"}
    forget_files(timezone.now())
    assert set(states().values()) == {"failed"}
    forget_files(timezone.now() + dt.timedelta(hours=2))
    SnapshotFile.objects.all().delete()
    write_all()
    assert set(states().values()) == {"ready"}


def test_a_file_with_too_few_records_is_never_ready(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(write_file, "stream", lambda *_, **__: iter([b"only this"]))
    write_all()
    assert set(states().values()) == {"failed"}
    assert "0 of 3 records were written" in caplog.text


def test_a_file_that_has_no_room_fails_and_says_so(snapshot: Snapshot, settings: LazySettings) -> None:
    settings.FILE_MIB = 0
    write_all()
    assert set(SnapshotFile.objects.values_list("error_code", flat=True)) == {"no-room"}


def test_a_file_may_not_take_longer_than_the_task(snapshot: Snapshot, settings: LazySettings) -> None:
    settings.CELERY_TASK_SOFT_TIME_LIMIT = 0
    write_all()
    assert set(SnapshotFile.objects.values_list("error_code", flat=True)) == {"too-long"}


# What is dropped


def test_files_go_with_their_snapshot(snapshot: Snapshot, settings: LazySettings) -> None:
    write_all()
    paths = [file_store(row.format).path(row.digest) for row in SnapshotFile.objects.all()]
    publish_rows(snapshot.distribution.dataset, ROWS[:1])
    assert forget_old_snapshots(timezone.now() + dt.timedelta(days=settings.SNAPSHOT_DAYS + 1)) == 1
    assert collect_orphan_files() == 0  # too young: it could belong to a commit that is on its way
    for path in paths:
        age(path, YOUNGEST_ORPHAN + 60)
    assert collect_orphan_files() == 2
    assert not any(path.exists() for path in paths)


def test_replaced_snapshots_files_make_room_the_oldest_first(snapshot: Snapshot, settings: LazySettings) -> None:
    dataset = snapshot.distribution.dataset
    snapshots = [snapshot, publish_rows(dataset, ROWS[:1]), publish_rows(dataset, ROWS[:2])]
    for number, one in enumerate(snapshots):
        SnapshotFile.objects.create(
            snapshot=one,
            format="csv",
            state=State.READY,
            size=3 * 2**20,
            digest=f"{number}" * 64,
            created_at=timezone.now(),
            finished_at=timezone.now() + dt.timedelta(minutes=number),
        )
    settings.FILE_MIB = 12
    forget_files(timezone.now())
    assert SnapshotFile.objects.count() == 3
    settings.FILE_MIB = 10
    forget_files(timezone.now())
    assert set(SnapshotFile.objects.values_list("snapshot", flat=True)) == {one.pk for one in snapshots[1:]}
    settings.FILE_MIB = 1
    forget_files(timezone.now())
    assert SnapshotFile.objects.get().snapshot == snapshots[2]


def test_every_task_may_run_twice(snapshot: Snapshot) -> None:
    for _ in range(4):
        write_file_task()
        tidy_files()
    assert states() == dict.fromkeys(WRITTEN_UNASKED, "ready")


def test_a_lease_tells_its_kind() -> None:
    assert write_file.piece(Lease(SnapshotFile, 7, 3)).name == "snapshotfile-7-3"


def test_a_snapshot_is_found_by_its_whole_digest(snapshot: Snapshot) -> None:
    dataset = snapshot.distribution.dataset
    dataset.distribution = snapshot.distribution
    assert find_snapshot(dataset, snapshot.digest) == snapshot
