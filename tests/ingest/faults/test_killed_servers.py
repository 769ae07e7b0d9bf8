"""The servers that the hub stands on are killed in the middle of runs, and come back: PostgreSQL (C11) and Redis (C7)."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_processes import processes_of
from killed_servers import KilledServer, Postgresql, postgresql, redis_server
from own_hub import OwnHub, own_hub, wait_until
from whole_hub import (
    AT_LAST,
    CURRENT,
    ROWS,
    Platform,
    assert_once,
    declare,
    done,
    enter,
    ever_new_platform,
    hub_on,
    hurry,
    logs,
    serving,
    states,
    wait_hurrying,
    was_logged,
)

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
LOAD = {f"replace-{n}": "replace" for n in range(4)} | {f"append-{n}": "append" for n in range(8)}
SLOTS = 2


@pytest.fixture
def platform() -> Iterator[Platform]:
    with ever_new_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgresql]:
    with postgresql() as server:
        yield server


def test_a_run_whose_database_is_killed_says_so_and_is_published_once_it_is_back(
    cluster: Postgresql, platform: Platform, tmp_path: Path
) -> None:  # C11
    with hub_on(cluster, tmp_path) as hub:
        declare(hub, platform, lots="append")
        with serving(hub) as web:
            enter(hub, "lots", 1)
            assert wait_until(lambda: states(hub) == {"published": 1}, AT_LAST), logs(hub)
            before = hub.rows(CURRENT)
            assert web.count("lots") == ROWS

            platform.free.clear()
            enter(hub, "lots", 2)
            assert wait_until(lambda: platform.asked == 2, AT_LAST), logs(hub)
            cluster.kill()
            platform.free.set()
            assert wait_until(lambda: was_logged(hub, "met a database that does not answer"), AT_LAST), logs(hub)
            assert web.get("/readyz")[0] == 503
            assert web.get("/healthz")[0] == 200

            platform.free.clear()  # the next attempt gets no further, however slow this day is
            cluster.start()
            waits = "SELECT error_code, error_ko, error_en FROM ingest_run WHERE state = 'waiting' AND error_code != ''"
            told: list[tuple[str, str, str]] = []
            assert wait_until(lambda: told.extend(hub.rows(waits)) or told, AT_LAST), logs(hub)
            ((code, korean, english),) = told
            assert (code, "데이터베이스가 응답하지 않음" in korean) == ("hub-unavailable", True)
            assert "the database does not answer" in english
            assert hub.rows(CURRENT) == before
            assert wait_until(lambda: web.count("lots") == ROWS, AT_LAST), logs(hub)  # without being started again

            platform.free.set()
            hurry(hub)
            assert wait_until(lambda: states(hub) == {"published": 2}, AT_LAST), logs(hub)
            assert hub.rows("SELECT attempt, error_code FROM ingest_run ORDER BY slot") == [(1, ""), (2, "")]
            assert wait_until(lambda: web.count("lots") == 2 * ROWS, AT_LAST), logs(hub)
        assert_once(hub, 2)


def test_runs_whose_database_is_killed_again_and_again_are_each_published_once(
    cluster: Postgresql, platform: Platform, tmp_path: Path
) -> None:  # C11
    quick = {"HUB_RUN_LEASE_SECONDS": "10", "HUB_HOST_RUNS": "0"}
    with hub_on(cluster, tmp_path, **quick) as hub:
        pull_under_kills(hub, platform, cluster, kills=2)  # a run is tried four times


def test_runs_whose_redis_is_killed_again_and_again_are_each_published_once(platform: Platform, tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:  # C7
        quick = {"HUB_BROKER_URL": f"redis://127.0.0.1:{server.port}/0", "HUB_HOST_RUNS": "0"}
        with own_hub(tmp_path, HUB_DATA_DIR=str(tmp_path / "data"), **quick) as hub:
            pull_under_kills(hub, platform, server, kills=3)


def test_a_hub_whose_processes_are_all_killed_at_once_does_each_run_once_after_its_next_start(
    platform: Platform, tmp_path: Path
) -> None:  # C2
    with own_hub(tmp_path, HUB_DATA_DIR=str(tmp_path / "data"), HUB_HOST_RUNS="0") as hub:
        declare(hub, platform, one="append", other="append", third="replace")
        platform.free.clear()
        with serving(hub):
            for slug in ("one", "other", "third"):
                enter(hub, slug, 1, slots=2)
            assert wait_until(lambda: platform.asked >= 2, AT_LAST), logs(hub)
            serves = set(processes_of(hub.environment)) - {hub.nursery.pid}
            assert len(serves) > 3  # the supervisor, the web server, the worker and its hands, the schedule
            for process in serves:
                os.kill(process, signal.SIGKILL)
            assert wait_until(lambda: not serves & set(processes_of(hub.environment)), AT_LAST)
        assert hub.rows(CURRENT) == []
        platform.free.set()
        with serving(hub):
            hub.end_leases()
            wait_hurrying(hub, lambda: done(hub) == 6)
        assert_once(hub, 6)


def pull_under_kills(hub: OwnHub, platform: Platform, server: KilledServer, *, kills: int) -> None:
    """Let a hub do many runs while the server is killed, each time when a few more of them are over."""
    chance = random.Random(20241123)
    declare(hub, platform, **LOAD)
    total = len(LOAD) * SLOTS
    for slug in LOAD:
        hub.do("enter_slots", slug, [f"2024-05-01T{hour:02}:00:00+09:00" for hour in range(SLOTS)])
    with serving(hub) as web:
        for kill in range(kills):
            over = total * kill // (kills + 1)
            wait_hurrying(hub, lambda over=over: done(hub) > over)
            wait_hurrying(hub, lambda: "running" in states(hub) or done(hub) == total)
            time.sleep(chance.uniform(0, 0.3))
            server.kill()
            time.sleep(chance.uniform(0.1, 1.5))
            server.start()
            assert_whole(hub)
        wait_hurrying(hub, lambda: done(hub) == total)
        assert wait_until(web.is_ready, AT_LAST), logs(hub)
        assert wait_until(lambda: web.count("append-0") == SLOTS * ROWS, AT_LAST), logs(hub)
        enter(hub, "append-0", 2)  # nobody is deaf by now
        assert wait_until(lambda: done(hub) == total + 1, AT_LAST), logs(hub)
    assert_once(hub, total + 1)


def assert_whole(hub: OwnHub) -> None:
    """What is published at this moment is what finished runs have published, all of it."""
    finished = {digest for (digest,) in hub.rows("SELECT snapshot_digest FROM ingest_run WHERE state = 'published'")}
    assert {digest for _, digest, _ in hub.rows(CURRENT)} <= finished
    assert {records % ROWS for _, _, records in hub.rows(CURRENT)} <= {0}
    assert "failed" not in states(hub), hub.rows("SELECT error_en FROM ingest_run WHERE state = 'failed'")
