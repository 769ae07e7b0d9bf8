"""The database becomes another one: yesterday's backup is restored (C20), or an update changes it under a running hub (C19)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_server import HostileServer, Request, reply_json
from hub_processes import manage
from killed_servers import Postgresql, postgresql
from own_hub import OwnHub, wait_until
from whole_hub import (
    AT_LAST,
    CURRENT,
    HUB_FILE,
    ROWS,
    Platform,
    assert_once,
    declare,
    enter,
    ever_new_platform,
    hub_on,
    logs,
    serving,
    states,
    wait_hurrying,
    was_logged,
)

import ingest.migrations

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
OBSERVATIONS = """
[[datasets]]
slug = "air"
organisation = "hanbit-city"
title = { ko = "대기" }
description = { ko = "시험" }
theme = "environment"
licence = "kogl-1"
access_level = "public"
key = ["id"]
columns = [{ name = "id", required = true }, { name = "t", type = "datetime" }]

[[sources]]
slug = "air"
dataset = "air"
connector = "envelope"
mode = "upsert"
allow_private = true
[sources.config]
url = "ADDRESS"
params = { since = "{since:%Y%m%d%H%M%S}", until = "{until:%Y%m%d%H%M%S}" }
records = "data"
incremental = { field = "t", initial = "2024-03-01" }
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgresql]:
    with postgresql() as server:
        yield server


# C20


class Observations:
    """An API that is asked for what is new since a moment; there is one observation a day."""

    def __init__(self) -> None:
        self.days = 0
        self.since: list[str] = []

    def __call__(self, request: Request, connection: object) -> None:
        self.since.append(request.query["since"])
        moments = {f"d{day:02}": f"202403{day:02}120000" for day in range(1, self.days + 1)}
        found = [{"id": name, "t": at} for name, at in moments.items() if at >= request.query["since"]]
        reply_json({"data": found})(request, connection)


@pytest.mark.parametrize("with_folder", [False, True], ids=["the database alone", "the data folder too"])
def test_after_yesterdays_backup_pulling_goes_on_from_there_and_each_record_comes_once(
    cluster: Postgresql, tmp_path: Path, with_folder: bool
) -> None:
    observations, backup = Observations(), tmp_path / "backup"
    with hub_on(cluster, tmp_path) as hub, HostileServer({"/": observations}) as server:
        address = server.url("/observations")
        (tmp_path / "hub.toml").write_text(HUB_FILE + OBSERVATIONS.replace("ADDRESS", address), encoding="utf-8")
        hub.manage("apply", tmp_path / "hub.toml")
        observations.days = 10
        pull(hub, "air")
        database, data, of_yesterday = hub.database["dbname"], Path(hub.environment["HUB_DATA_DIR"]), hub.rows(CURRENT)
        backup.mkdir()
        cluster.tool("pg_dump", "--format=custom", "--file", backup / "database", database)
        shutil.copytree(data, backup / "data")

        observations.days = 15
        pull(hub, "air")
        observations.days = 20
        pull(hub, "air")
        assert [records for _, _, records in hub.rows(CURRENT)] == [20]

        cluster.tool("dropdb", "--force", database)
        cluster.tool("createdb", database)
        cluster.tool("pg_restore", "--dbname", database, backup / "database")
        if with_folder:
            shutil.rmtree(data)
            shutil.copytree(backup / "data", data)
        assert hub.rows(CURRENT) == of_yesterday
        assert ids(hub, "air") == [f"d{day:02}" for day in range(1, 11)]  # what yesterday's rows name is all there

        pull(hub, "air")
        assert observations.since[-1] == observations.since[1] != observations.since[2]
        assert ids(hub, "air") == [f"d{day:02}" for day in range(1, 21)]
        pull(hub, "air")
        assert ids(hub, "air") == [f"d{day:02}" for day in range(1, 21)]
        assert set(states(hub)) <= {"published", "unchanged"}, logs(hub)
        assert hub.rows("SELECT min(sequence), max(sequence) - count(*) FROM catalog_change") == [(1, 0)]


def pull(hub: OwnHub, slug: str) -> None:
    hub.do("enter", slug)
    ((run_id,),) = hub.rows("SELECT id FROM ingest_run WHERE state = 'waiting'")
    hub.do("pull", run_id)


def ids(hub: OwnHub, slug: str) -> list[str]:
    hub.do("write_ids", slug, str(hub.folder / "ids"))
    return sorted((hub.folder / "ids").read_text().split())


# C19

NEXT_SETTINGS = """
from datahub.settings import *
MIGRATION_MODULES = {"ingest": "next_migrations"}
"""
NEXT_MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("ingest", "LAST")]
    operations = [migrations.RunSQL("FORWARDS", "BACKWARDS")]
"""
LAST = sorted(path.stem for path in Path(ingest.migrations.__file__).parent.glob("[0-9]*.py"))[-1]
ADDS = ("ALTER TABLE ingest_run ADD COLUMN mood text", "ALTER TABLE ingest_run DROP COLUMN mood")
RENAMES = ("ALTER TABLE ingest_run RENAME pages TO sheets", "ALTER TABLE ingest_run RENAME sheets TO pages")


def next_version(folder: Path, hub: OwnHub, statements: tuple[str, str]) -> dict[str, str]:
    """Return the environment of the next version of the program, which has one migration more."""
    (folder / "next_migrations").mkdir()
    (folder / "next_settings.py").write_text(NEXT_SETTINGS, encoding="utf-8")
    own = Path(ingest.migrations.__file__).parent
    (folder / "next_migrations" / "__init__.py").write_text(f"__path__.append({str(own)!r})\n", encoding="utf-8")
    forwards, backwards = statements
    text = NEXT_MIGRATION.replace("LAST", LAST).replace("FORWARDS", forwards).replace("BACKWARDS", backwards)
    (folder / "next_migrations" / "9999_next.py").write_text(text, encoding="utf-8")
    path = f"{folder}:{hub.environment['PYTHONPATH']}"
    return hub.environment | {"DJANGO_SETTINGS_MODULE": "next_settings", "PYTHONPATH": path}


def migrate(environment: dict[str, str], target: str) -> None:
    done = manage(environment, "migrate", "ingest", target, "-v", "0")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def platform() -> Iterator[Platform]:
    with ever_new_platform() as platform:
        yield platform


def test_an_update_lets_the_old_worker_finish_and_take_nothing_new_up(
    cluster: Postgresql, platform: Platform, tmp_path: Path
) -> None:
    with hub_on(cluster, tmp_path) as hub:
        declare(hub, platform, lots="append")
        platform.free.clear()
        with serving(hub):
            enter(hub, "lots", 1)
            assert wait_until(lambda: platform.asked == 1, AT_LAST), logs(hub)
            environment = next_version(tmp_path, hub, ADDS)
            migrate(environment, "9999_next")
            platform.free.set()
            assert wait_until(lambda: states(hub) == {"published": 1}, AT_LAST), logs(hub)
            enter(hub, "lots", 2)
            assert wait_until(lambda: was_logged(hub, "the database is of another version"), AT_LAST), logs(hub)
            assert states(hub) == {"published": 1, "waiting": 1}
        with serving(hub, environment):
            wait_hurrying(hub, lambda: states(hub) == {"published": 2})
        assert hub.rows("SELECT DISTINCT attempt, error_code FROM ingest_run") == [(1, "")]
        assert_once(hub, 2)


def test_an_update_that_the_old_worker_cannot_work_with_publishes_nothing_until_it_can(
    cluster: Postgresql, platform: Platform, tmp_path: Path
) -> None:
    with hub_on(cluster, tmp_path) as hub:
        declare(hub, platform, lots="append")
        with serving(hub) as web:
            enter(hub, "lots", 1)
            assert wait_until(lambda: states(hub) == {"published": 1}, AT_LAST), logs(hub)
            before = hub.rows(CURRENT)
            platform.free.clear()
            enter(hub, "lots", 2)
            assert wait_until(lambda: platform.asked == 2, AT_LAST), logs(hub)
            environment = next_version(tmp_path, hub, RENAMES)
            migrate(environment, "9999_next")
            platform.free.set()
            assert wait_until(lambda: was_logged(hub, "met a fault of the hub itself"), AT_LAST), logs(hub)
            assert hub.rows(CURRENT) == before
            assert web.count("lots") == ROWS

            migrate(environment, LAST)  # the update is taken back, as one that failed would be
            hub.end_leases()
            wait_hurrying(hub, lambda: states(hub) == {"published": 2})
            assert wait_until(lambda: web.count("lots") == 2 * ROWS, AT_LAST), logs(hub)
        assert_once(hub, 2)
