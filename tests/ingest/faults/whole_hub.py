"""A whole hub of a test's own, web server, worker and schedule, on a cluster of its own; and what must be true of it at last.

Nothing is expected within a time, only at last.
"""

import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostile_server import HostileServer, Request, reply, unused_port
from hub_processes import running
from killed_servers import Postgresql
from own_hub import OwnHub, own_hub, wait_until

AT_LAST = 150  # seconds
ROWS = 50
CURRENT = """
    SELECT ds.slug, s.digest, s.records FROM catalog_distribution d JOIN catalog_dataset ds ON ds.id = d.dataset_id
    JOIN catalog_snapshot s ON s.id = d.current_snapshot_id ORDER BY 1
"""
HUB_FILE = """
[[organisations]]
slug = "hanbit-city"
name = { ko = "한빛시" }
"""
DATASET = """
[[datasets]]
slug = "SLUG"
organisation = "hanbit-city"
title = { ko = "SLUG" }
description = { ko = "시험" }
theme = "transport"
licence = "kogl-1"
access_level = "public"
columns = [{ name = "id", required = true }, { name = "number", type = "integer" }]

[[sources]]
slug = "SLUG"
dataset = "SLUG"
connector = "file"
mode = "MODE"
allow_private = true
config = { path = "ADDRESS" }
expectations = { min_share = 0.0 }
"""


class Platform:
    """Never says the same twice; while it is not ``free`` it lets everybody wait for an answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.lock, self.free = threading.Lock(), threading.Event()
        self.free.set()

    def __call__(self, request: Request, connection: Any) -> None:
        with self.lock:
            self.asked += 1
            number = self.asked
        time.sleep(0.1)
        self.free.wait(AT_LAST)
        text = "id,number\n" + "".join(f"{number}-{row},{row}\n" for row in range(ROWS))
        reply(200, text.encode(), Content_Type="text/csv")(request, connection)


@contextmanager
def ever_new_platform() -> Iterator[Platform]:
    platform = Platform()
    with HostileServer({"/": platform}) as server:
        platform.url = server.url("/lots.csv")
        try:
            yield platform
        finally:
            platform.free.set()


@contextmanager
def hub_on(cluster: Postgresql, folder: Path, **environment: str) -> Iterator[OwnHub]:
    """Make a hub in ``folder`` with a database of its own in the cluster."""
    name = f"hub_{unused_port()}"
    cluster.tool("createdb", name)
    with own_hub(folder, DATABASE_URL=cluster.url(name), HUB_DATA_DIR=str(folder / "data"), **environment) as hub:
        hub.database = cluster.place | {"dbname": name}
        yield hub


@dataclass(frozen=True)
class Web:
    """The open door of a hub that serves."""

    port: int

    def get(self, path: str) -> tuple[int, Any]:
        """Return the status and document of an answer; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, None

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def count(self, slug: str) -> int | None:
        status, document = self.get(f"/api/v1/datasets/{slug}/records?count=exact&limit=1")
        return document["count"] if status == 200 else None


@contextmanager
def serving(hub: OwnHub, environment: dict[str, str] | None = None) -> Iterator[Web]:
    """Run the web server, the worker and the schedule of a hub, or of another version of it."""
    web = Web(unused_port())
    with running(environment or hub.environment, hub.folder / "serve", "serve", "--port", str(web.port)):
        assert wait_until(web.is_ready, AT_LAST), logs(hub)
        yield web


def logs(hub: OwnHub) -> str:
    files = sorted((hub.folder / "data" / "log").glob("*.log"))
    return "\n".join(f"-- {file.name}\n{file.read_text(errors='replace')[-6000:]}" for file in files) + hub.log


def was_logged(hub: OwnHub, words: str) -> bool:
    return words in (hub.folder / "data" / "log" / "worker.log").read_text(errors="replace")


def declare(hub: OwnHub, platform: Platform, **modes: str) -> None:
    """Declare a dataset and its source for each slug and its mode."""
    made = [
        DATASET.replace("SLUG", slug).replace("MODE", mode).replace("ADDRESS", platform.url)
        for slug, mode in modes.items()
    ]
    (hub.folder / "hub.toml").write_text(HUB_FILE + "".join(made), encoding="utf-8")
    hub.manage("apply", hub.folder / "hub.toml")


def enter(hub: OwnHub, slug: str, day: int, slots: int = 1) -> None:
    hub.do("enter_slots", slug, [f"2024-05-{day:02}T{hour:02}:00:00+09:00" for hour in range(slots)])
    hub.do("take_care", 1)


def hurry(hub: OwnHub) -> None:
    """Let the pauses between attempts, and those after which a run is offered again, be over, as if time had passed."""
    with contextlib.closing(hub.connect()) as connection:
        connection.cursor().execute(
            "UPDATE ingest_run SET hinted_at = NULL, due_at = '2024-06-01 00:00:00+00:00' WHERE state = 'waiting'"
        )
        connection.commit()
    hub.do("take_care", 1)


def states(hub: OwnHub) -> dict[str, int]:
    return dict(hub.rows("SELECT state, count(*) FROM ingest_run GROUP BY 1"))


def done(hub: OwnHub) -> int:
    return states(hub).get("published", 0)


def wait_hurrying(hub: OwnHub, is_so: Callable[[], bool]) -> None:
    """Wait until ``is_so()`` holds, without the pauses of a hub that has time."""
    deadline = time.monotonic() + AT_LAST
    while not is_so():
        assert time.monotonic() < deadline, f"{states(hub)}\n{logs(hub)}"
        hurry(hub)
        time.sleep(0.5)


def assert_once(hub: OwnHub, runs: int) -> None:
    """Each run is published, by one snapshot and one change; nothing is told of a version that is not there."""
    assert states(hub) == {"published": runs}, logs(hub)
    assert hub.rows("SELECT count(*), count(DISTINCT digest) FROM catalog_snapshot") == [(runs, runs)]
    assert set(hub.rows("SELECT snapshot_digest FROM ingest_run")) == set(
        hub.rows("SELECT digest FROM catalog_snapshot")
    )
    assert hub.rows("SELECT count(*) FROM catalog_change WHERE kind = 'snapshot-published'") == [(runs,)]
    (sequences,) = hub.rows("SELECT min(sequence), max(sequence) - count(*) FROM catalog_change")
    assert sequences == (1, 0)
    assert hub.rows("SELECT count(*) FROM ingest_run WHERE lease_until IS NOT NULL") == [(0,)]
    for slug, _, records in hub.rows(CURRENT):
        path = hub.folder / f"ids-{slug}"
        hub.do("write_ids", slug, str(path))
        ids = path.read_text().split()
        source = f"SELECT count(*), s.mode FROM ingest_run r JOIN ingest_source s ON s.id = r.source_id WHERE s.slug = '{slug}' GROUP BY 2"
        ((answers, mode),) = hub.rows(source)
        answers = answers if mode == "append" else 1
        assert len(set(ids)) == len(ids) == records == answers * ROWS, slug
        assert len({name.split("-")[0] for name in ids}) == answers, slug  # whole answers, not pieces of more
