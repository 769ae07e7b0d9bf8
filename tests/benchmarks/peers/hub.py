"""The hub as ``manage.py serve`` runs it: embedded defaults, all middleware, a data folder of its own.

It is loaded through its own writing path (``hub_writes.py``) and asked in the language of its records; the offset, which
that language does not have, is asked at its CKAN door.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, permutations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tests.benchmarks.peers.cluster import ROOT
from tests.benchmarks.peers.data import FAC_COLUMNS, OBS_COLUMNS, START, Data
from tests.benchmarks.peers.dialects import as_texts
from tests.benchmarks.peers.load import ask
from tests.benchmarks.peers.peer import Request, Running, Way, Written
from tests.benchmarks.peers.processes import free_port, is_running, started, tree_of, wait_for
from tests.benchmarks.peers.questions import CHECKED, GROUPS, PAGE, Parameters, Question, Rows, keyset_step

FRESH = "no repeats"  # the way in which no question comes twice
MOST_FRESH = 40_000
SHORTER = 60
RECORDS = "/api/v1/datasets/{}/records"
AIR, FACILITIES = "bench-air", "bench-facilities"
COLUMNS: Mapping[str, Sequence[str]] = {AIR: OBS_COLUMNS, FACILITIES: FAC_COLUMNS}
BETWEEN = {"observed_at__gte": "{start}", "observed_at__lt": "{end}"}
HOURS = {
    "select": "district,hour(observed_at) as hour,avg(pm10) as pm10",
    "group_by": "district,hour",
    "order_by": "district,hour",
    **BETWEEN,
    "limit": str(GROUPS),
}
IN_ORDER = {"order_by": "observed_at,sensor_id", "limit": str(PAGE)}
WORD = {"name__contains": "{word}", "limit": str(PAGE)}
BUILDS_INDEXES = bool(list(ROOT.glob("*/management/commands/build_indexes.py")))
HUB_FILE = Path(__file__).with_name("hub.toml")
ASKED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "key": (AIR, {"sensor_id": "{sensor}", "order_by": "-observed_at", "limit": str(PAGE)}),
    "window": (AIR, {**BETWEEN, "order_by": "-pm10", "limit": str(PAGE)}),
    "day": (AIR, HOURS),
    "month": (AIR, HOURS),
    "repeat": (AIR, HOURS),
    "box": (FACILITIES, {"bbox": "{west},{south},{east},{north}", "limit": str(PAGE)}),
    "word2": (FACILITIES, WORD),
    "word5": (FACILITIES, WORD),
    "first": (AIR, IN_ORDER),
    "keyset": (AIR, IN_ORDER),
    "count": (AIR, {"district": "{district}", "pm10__gte": "{least}", "count": "exact", "limit": "1"}),
    "export": (AIR, BETWEEN),
}
# Quotas are counted and never reached; no bulk files are written by the worker while others are measured.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "datahub.settings",
    "HUB_LOG_LEVEL": "ERROR",
    "HUB_KEY_PER_MINUTE": "1000000000",
    "HUB_KEY_PER_DAY": "1000000000",
    "HUB_FILE_RECORDS": "0",
    "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(),
}


class Hub:
    """The hub; ``settings`` are added to its environment, and to its name."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings
        self.name = " ".join(["hub", *(f"{name}={value}" for name, value in settings.items())])
        self.headers: Mapping[str, str] = {}

    def prepare(self, data: Data, folder: Path) -> str:
        self.data, self.folder = data, folder / f"hub-{time.strftime('%H%M%S')}"
        self.folder.mkdir()
        self.environment = {
            **os.environ,
            **ENVIRONMENT,
            "HUB_DATA_DIR": str(self.folder / "var"),
            "HUB_FILE_ROOTS": str(data.folder),
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }
        self.manage("migrate", "-v0")
        self.manage("apply", str(HUB_FILE), "--base", str(data.folder), "-v0")
        for slug, table in ((AIR, "obs"), (FACILITIES, "fac")):
            self.writes("load", slug, str(data.path(table, "parquet")))
        self.headers = prepare_hub(self)
        return "urban-data-hub of this tree: embedded defaults, all middleware, a key, quotas that are counted"

    @contextmanager
    def running(self) -> Iterator[Running]:
        self.port = free_port()
        argv = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        log = self.folder / "serve.log"
        with started(argv, log, environment=self.environment, folder=ROOT) as process:
            wait_for(self.port, "/healthz", process)
            yield Running(self.port, lambda: tree_of(process.pid), lambda: web_servers(process.pid))

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]:
        if question.name == "offset":
            yield Way("CKAN door", list(self.by_offset(sets)), lambda content: json.loads(content)["result"]["records"])
        elif question.name == "keyset":
            places = list(self.by_cursor(len(sets)))
            yield Way("cursor", places, records)
            shorter = [other_length(one, PAGE - less) for less in range(1, SHORTER) for one in places]
            yield Way(FRESH, [*places[:CHECKED], *shorter], records, is_fresh=True)
        else:
            read = counted if question.name == "count" else records
            suffix = ".csv" if question.name == "export" else ""
            slug, told = ASKED[question.name]
            yield Way("", [self.request(slug, told, one, suffix) for one in sets], read)
            if question.name not in ("export", "repeat"):
                yield Way(FRESH, self.fresh(slug, told, sets), read, is_fresh=True)

    def request(self, slug: str, told: Mapping[str, str], one: Parameters, suffix: str = "") -> Request:
        return Request(address_of(slug, told, one, suffix), headers=self.headers)

    def fresh(self, slug: str, told: Mapping[str, str], sets: Sequence[Parameters]) -> list[Request]:
        """Return requests of which none is like another, but that the first are those that are checked."""
        requests = (self.request(slug, other, one) for other in reworded(slug, told) for one in sets)
        checked = list(islice(requests, CHECKED))
        others = {request.path: request for request in islice(requests, 2 * MOST_FRESH)}
        for request in checked:
            others.pop(request.path, None)
        return [*checked, *islice(others.values(), MOST_FRESH)]

    def by_offset(self, sets: Sequence[Parameters]) -> Iterator[Request]:
        package = Request(f"/api/3/action/package_show?id={AIR}", headers=self.headers)
        resources = json.loads(ask(self.port, package).content)["result"]["resources"]
        [identifier] = [resource["id"] for resource in resources if resource.get("datastore_active")]
        for one in sets:
            asked = {
                "resource_id": identifier,
                "sort": "observed_at,sensor_id",
                "limit": PAGE,
                "offset": one["offset"],
                "include_total": "false",
            }
            yield Request(f"/api/3/action/datastore_search?{urlencode(asked)}", headers=self.headers)

    def by_cursor(self, pages: int) -> Iterator[Request]:
        """Page through the table in great steps and go on from each place with a page of 100."""
        slug, told = ASKED["keyset"]
        request = self.request(slug, {**told, "limit": str(keyset_step(self.data))}, {})
        for _ in range(pages):
            following = urlsplit(json.loads(ask(self.port, request).content)["next"])
            request = Request(f"{following.path}?{following.query}", headers=self.headers)
            cursor = parse_qs(following.query)["cursor"][0]
            yield self.request(slug, {**told, "cursor": cursor}, {})

    def write(self) -> Iterator[Written]:
        found = self.writes("pull", "bench-air-more")
        yield Written("ingest", "a run, from CSV", found["rows"], found["seconds"], "typed, checked, published")
        self.manage("build_indexes")  # as its worker would before long
        visible = Visible(self)
        found = self.writes("upsert", AIR, str(self.data.path("changed", "parquet")))
        note = f"written in {found['writing']:.2f} s, published in {found['publishing']:.2f} s, "
        note += f"asked over HTTP with the new values after {visible.since(found['began']):.2f} s"
        yield Written("upsert", "typed rows", found["rows"], found["seconds"], note)
        found = self.writes("pull", "bench-air-again")
        yield Written("upsert", "a run, from CSV", found["rows"], found["seconds"], "typed, checked, published")

    def manage(self, *arguments: str) -> str:
        return self.run(["manage.py", *arguments])

    def writes(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.run(["-m", "tests.benchmarks.peers.hub_writes", *arguments]).splitlines()[-1])

    def run(self, arguments: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout


class Visible:
    """Asks for a row that is about to change, until it has."""

    def __init__(self, hub: Hub) -> None:
        told = {"sensor_id": "S0000", "observed_at": "{start}", "select": "pm10"}
        self.request, self.port = hub.request(AIR, told, {"start": START}), hub.port
        self.seen_at = 0.0
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self) -> None:
        end = time.time() + 600
        while time.time() < end and not self.seen_at:
            found = records(ask(self.port, self.request).content)
            if found and int(str(found[0]["pm10"])) >= 1000:
                self.seen_at = time.time()
            time.sleep(0.02)

    def since(self, began: float) -> float:
        self.thread.join()
        return self.seen_at - began


def prepare_hub(hub: Hub) -> Mapping[str, str]:
    """Do what a steward does before others ask: build the serving indexes, issue a key. Returns the headers to ask with."""
    if BUILDS_INDEXES:
        hub.manage("build_indexes")
    hub.manage("createsuperuser", "--noinput", "--username", "bench", "--email", "bench@hub.example")
    key = hub.manage("issue_key", "--user", "bench", "--label", "benchmark").split()[-1]
    return {"Authorization": f"Bearer {key}"}


def address_of(slug: str, told: Mapping[str, str], one: Parameters, suffix: str = "") -> str:
    values = as_texts(one, offset="+09:00")
    filled = {name: value.format(**values) for name, value in told.items()}
    return f"{RECORDS.format(slug)}{suffix}?{urlencode(filled, quote_via=quote)}"


def reworded(slug: str, told: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Yield the same question with its columns in every order, then for a little less: as much work, another question."""
    columns = told["select"].split(",") if "select" in told else COLUMNS[slug]
    limit = int(told["limit"])
    for less in range(max(1, limit // 5)):
        for order in permutations(columns):
            yield {**told, "select": ",".join(order), "limit": str(limit - less)}


def other_length(request: Request, limit: int) -> Request:
    """Return the same page a little shorter: another question to a cursor, which fits no other columns."""
    return Request(request.path.replace(f"limit={PAGE}", f"limit={limit}"), headers=request.headers)


def web_servers(supervisor: int) -> list[int]:
    return tree_of(*(one for one in tree_of(supervisor) if is_running(one, "granian")))


def records(content: bytes) -> Rows:
    return json.loads(content)["records"]


def counted(content: bytes) -> Rows:
    return [{"n": json.loads(content)["count"]}]
