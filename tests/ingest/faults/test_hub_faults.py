"""The hub itself fails: a full or broken disk at any step, a queue that was emptied, a broker that is away.

The identifiers are those of the list in docs/faults.md. That workers are killed and frozen is in ``tests/ingest/test_crashes.py``.
"""

import errno
import itertools
import os
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hostile_server import unused_port
from kombu import Connection
from own_hub import own_hub, wait_until
from pulling import lots, make_source, published, pull, records, write_lots
from pytest_django import DjangoDbBlocker

from catalog.models import Change, Snapshot
from catalog.storage import record_store
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import HINT_AGAIN, offer_run, sweep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
OLD, NEW = lots(1, 2, 3), lots(*range(100, 900))


@pytest.fixture
def lots_file(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", OLD)


@pytest.fixture
def source(lots_file: Path) -> Source:
    """A source that is published, and whose platform has something new."""
    source = make_source(lots_file)
    assert pull(source).state == State.PUBLISHED
    write_lots(lots_file, NEW)
    return source


# C13: the disk


class Broken:
    """A function of the system that fails at its ``call``-th call and counts how often it was called."""

    def __init__(self, act: Callable[..., Any], call: int, number: int) -> None:
        self.act, self.call, self.number, self.calls = act, call, number, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.call:
            raise OSError(self.number, os.strerror(self.number))
        return self.act(*arguments, **options)


def assert_harmless(run: Run, source: Source, before: object) -> None:
    """The run waits for another try with a sentence, what was published is served on, and nothing half-written lies about."""
    assert (run.state, run.error_code, run.lease_until) == (State.WAITING, "hub-unavailable", None), run.error_en
    assert any("가" <= letter <= "힣" for letter in run.error_ko)
    assert published(source) == before
    assert len(records(source)) == len(OLD)
    assert Change.objects.filter(kind="snapshot-published").count() == 1


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes: every writer, native ones too, gets EFBIG."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def pull_until_well(source: Source, faults: Iterator[Any]) -> int:
    """Pull under one fault after the other until one does no harm any more; return how many did."""
    before, harmed = published(source), 0
    for fault in faults:
        with fault:
            run = pull(source)
        if run.state == State.PUBLISHED:
            break
        assert_harmless(run, source, before)
        harmed += 1
    assert len(records(source)) == len(NEW)
    assert Snapshot.objects.count() == 2
    return harmed


@contextmanager
def failing(where: Any, name: str, call: int, number: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, name, Broken(getattr(where, name), call, number))
        yield


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("name", ["fsync", "replace", "mkdir"])
def test_a_disk_that_fails_at_any_call_leaves_what_is_published_and_the_run_is_done_later(
    source: Source, name: str, number: int
) -> None:
    harmed = pull_until_well(source, (failing(os, name, call, number) for call in itertools.count(1)))
    assert harmed >= 2


@pytest.fixture(scope="module")  # before the test's transaction, in which this cannot be changed
def database_elsewhere(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Give the database another disk than the files: what SQLite would write before the transaction ends stays in memory."""
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("PRAGMA temp_store = MEMORY")
            cursor.execute("PRAGMA cache_spill = OFF")


@pytest.mark.usefixtures("database_elsewhere")
def test_a_disk_that_is_full_at_any_byte_leaves_what_is_published_and_the_run_is_done_later(
    source: Source, settings: Any
) -> None:
    harmed = pull_until_well(source, (files_of_at_most(size) for size in (0, 100, *(2**n for n in range(10, 24)))))
    assert harmed >= 5
    assert list(settings.SPOOL_DIR.iterdir()) == []
    parts = {part.digest for snapshot in Snapshot.objects.all() for part in snapshot.manifest.parts}
    assert parts <= set(record_store().digests())


# C8, C9, C10: the queue


def messages(url: str) -> int:
    with Connection(url) as broker, broker.SimpleQueue("celery") as queue:
        return queue.qsize()


def empty_queue(url: str) -> None:
    with Connection(url) as broker, broker.SimpleQueue("celery") as queue:
        queue.clear()


def test_a_queue_that_was_emptied_is_filled_again_and_every_run_is_done_once(
    source: Source, own_queue: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = offer_run(source)
    assert messages(own_queue) == 1
    empty_queue(own_queue)
    assert sweep(timezone.now()) == 0  # its message is on the way, for all one knows
    Run.objects.filter(pk=run.pk).update(hinted_at=F("hinted_at") - HINT_AGAIN, due_at=F("due_at") - 2 * HINT_AGAIN)
    assert sweep(timezone.now()) == 1
    assert messages(own_queue) == 1
    for _ in range(2):
        pull_run(run.pk)
    assert Snapshot.objects.count() == 2
    assert sweep(timezone.now() + 2 * HINT_AGAIN) == 0


@contextmanager
def queue_at(url: str) -> Iterator[None]:
    """Send hints elsewhere; the library, which tries for seconds by default when nobody is there, tries once more."""
    conf = current_app.conf
    names = ("broker_url", "broker_read_url", "broker_write_url", "broker_transport_options")
    kept = {name: conf[name] for name in names}
    conf.update(dict.fromkeys(names[:3], url), broker_transport_options={"max_retries": 1})
    current_app._pool = current_app.amqp._producer_pool = None
    yield
    conf.update(kept)
    current_app._pool = current_app.amqp._producer_pool = None


def test_a_steward_who_asks_for_a_run_while_the_broker_is_away_gets_it_once_the_broker_is_back(
    source: Source, admin_client: Client, own_queue: str, django_capture_on_commit_callbacks: Any
) -> None:
    with queue_at(f"redis://127.0.0.1:{unused_port()}/0"), django_capture_on_commit_callbacks(execute=True):
        response = admin_client.post(reverse("admin:ingest_source_run", args=[source.pk]))
    run = Run.objects.latest("pk")
    assert response.url == reverse("admin:ingest_run_change", args=[run.pk])
    assert admin_client.get(response.url).status_code == 200
    assert (run.state, run.hinted_at) == (State.WAITING, None)

    assert sweep(timezone.now()) == 1
    assert messages(own_queue) == 1
    pull_run(run.pk)
    assert len(records(source)) == len(NEW)


def test_a_queue_that_has_no_room_takes_no_hint_and_says_so(
    source: Source, tmp_path: Path, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:  # C9
    program, port = shutil.which("redis-server"), unused_port()
    if program is None:
        pytest.skip("redis-server is not installed")
    full = ["--maxmemory", "1", "--maxmemory-policy", "noeviction", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen([program, "--port", str(port), *full], stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: listens(port), 10)
        with queue_at(f"redis://127.0.0.1:{port}/0"), django_capture_on_commit_callbacks(execute=True):
            run = offer_run(source)
    finally:
        server.kill()
        server.wait()
    assert (run.state, run.hinted_at) == (State.WAITING, None)
    assert f"run {run.pk} waits for the sweeper" in caplog.text
    assert len(records(source)) == len(OLD)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


# C18: the worker is asked to end


@pytest.mark.journey
def test_a_worker_that_is_asked_to_end_while_it_publishes_finishes_and_ends_well(tmp_path: Path) -> None:
    with own_hub(tmp_path) as hub:
        hub.do("make_lots", str(write_lots(tmp_path / "lots.csv", NEW)))
        worker = hub.start("work_as_celery_and_publish_slowly", str(tmp_path / "publishing"), 1.0)
        assert wait_until((tmp_path / "publishing").exists, 60), hub.log
        hub.kill(worker, signal.SIGTERM)
        assert hub.wait(worker) == 0, hub.log
        assert hub.rows("SELECT state, attempt, accepted FROM ingest_run") == [("published", 1, len(NEW))]
        assert hub.rows("SELECT count(*) FROM catalog_snapshot") == [(1,)]
