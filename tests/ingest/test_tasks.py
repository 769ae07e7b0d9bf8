"""Celery's doors: they may run twice without harm, and real workers that are killed in the middle of a run lose nothing."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.utils import timezone
from own_hub import ROOT, OwnHub, own_hub, wait_until
from pulling import lots, make_source, write_lots

from ingest.models import Run, Source
from ingest.runs import enter_run
from ingest.sandbox.server import running
from ingest.sandbox.world import World
from ingest.tasks import pull, tick, tidy

CELERY = [sys.executable, "-m", "celery", "-A", "datahub.celery"]
WORKER = ["worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]


@pytest.mark.django_db
def test_every_task_may_run_twice(tmp_path, settings, own_queue):
    settings.FILE_ROOTS = [tmp_path]
    source = make_source(write_lots(tmp_path / "lots.csv", lots(1, 2)), schedule="every 1 minute")
    Source.objects.filter(pk=source.pk).update(next_at=timezone.now())
    for _ in range(2):
        tick()
    run = Run.objects.get()
    for _ in range(2):
        pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.PUBLISHED, 1)
    assert enter_run(source) != run
    for _ in range(2):
        tidy()
    assert source.distribution.snapshots.count() == 1


@contextlib.contextmanager
def celery(hub: OwnHub, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a Celery program as a process group of its own; the whole group is killed at the end."""
    with (hub.folder / "celery.log").open("ab") as log:
        process = subprocess.Popen(
            [*CELERY, *arguments], env=hub.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Start a Redis on a free port and make sure that it is this one that answers there."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--daemonize", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        with contextlib.closing(redis.Redis(port=port)) as client:
            assert wait_until(lambda: answers(client, server.pid), 10)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


def answers(client: redis.Redis, process: int) -> bool:
    try:
        return client.info("server")["process_id"] == process
    except redis.ConnectionError:
        return False


@pytest.fixture(params=["sqlitelease", "redis"])
def broker(request, tmp_path) -> Iterator[str]:
    if request.param == "sqlitelease":
        yield f"sqlitelease:///{tmp_path / 'broker.sqlite3'}"
        return
    with redis_server(tmp_path) as url:
        yield url


SLUG = "hanbit-parking-lots"
# of this one source: the hub has others, and the schedule of one of them comes round every minute
STATE = f"SELECT state, attempt, rows FROM ingest_run WHERE source_id = (SELECT id FROM ingest_source WHERE slug = '{SLUG}')"
SNAPSHOTS = f"""SELECT records, rejected FROM catalog_snapshot WHERE distribution_id =
    (SELECT distribution_id FROM ingest_source WHERE slug = '{SLUG}')"""
TOLD = f"SELECT count(*) FROM catalog_change WHERE kind = 'snapshot-published' AND dataset_slug = '{SLUG}'"


@pytest.mark.journey
def test_a_worker_killed_in_the_middle_of_a_run_costs_nothing_but_time(tmp_path, broker):
    world = World()
    with (
        running(world, drip_seconds=0.2) as sandbox,
        own_hub(tmp_path, HUB_RUN_LEASE_SECONDS="5", HUB_BROKER_URL=broker, SANDBOX_KEY=world.key) as hub,
        celery(hub, "beat", "--schedule", str(tmp_path / "beat"), "--pidfile="),
    ):
        port = sandbox.url.rpartition(":")[2]
        hub.manage("apply", "ingest/sandbox/hub.toml", "--set", f"sandbox_port={port}")

        def log() -> str:
            return (tmp_path / "celery.log").read_text(encoding="utf-8", errors="replace")[-6000:]

        def is_in(state: str) -> bool:
            return [row[0] for row in hub.rows(STATE)] == [state]

        world.faults.switch_on("*", "slow")
        with celery(hub, *WORKER):
            hub.manage("run_source", SLUG)
            assert wait_until(lambda: is_in("running"), 90), log()
            time.sleep(1)
        assert is_in("running")  # the dead worker's lease is still there
        assert hub.rows(SNAPSHOTS) == []

        world.faults.switch_off("*")
        with celery(hub, *WORKER):
            assert wait_until(lambda: is_in("published"), 120), log()
        assert hub.rows(STATE) == [("published", 2, 320)]
        assert hub.rows(SNAPSHOTS) == [(320, 0)]
        assert hub.rows(TOLD) == [(1,)]
        assert world.key not in (tmp_path / "celery.log").read_text(encoding="utf-8", errors="replace")
        assert "Traceback" not in log()
        assert "No hostname was supplied" not in log()
