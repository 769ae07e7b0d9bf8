"""A long day in ten minutes: ``python -m tests.benchmarks.bench_soak [--sources N] [--minutes M] [--seed S]``.

Sources of one platform, each a log that grows while it is read, are pulled every minute by real Celery workers and a real
beat on a hub of its own. The platform fails every tenth request (status 500, 429, a cut answer, a hang-up, silence), one
worker is killed again and again, the other one is frozen past its lease. At the end every source must hold each record of
its log up to where it was read, once; no run may be left open; and the worker that was never killed should be as large as
it was at the beginning. Ends with code 1 when something is amiss.
"""

import argparse
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 12
GROWTH = 3.0  # records a second, of each log
MOST_ROWS = 500  # of one answer
FAULTS = ("500", "429", "cut", "hang up", "silence")
FAULT_SHARE = 0.1
PAUSES = (8, 25)  # seconds from one blow to the next; a worker takes some to start
PATIENCE = 600  # seconds for what is left once nothing is broken on purpose any more
HEAD = '[[organisations]]\nslug = "city"\nname = { ko = "시" }\n'
PART = """
[[datasets]]
slug = "log-{at}"
organisation = "city"
title = {{ ko = "기록 {at}" }}
description = {{ ko = "자라는 기록" }}
theme = "transport"
licence = "kogl-1"
access_level = "public"
columns = [{{ name = "number", type = "integer", required = true }}, {{ name = "said" }}]

[[sources]]
slug = "log-{at}"
dataset = "log-{at}"
connector = "envelope"
mode = "append"
schedule = "* * * * *"
allow_private = true
raw_days = 1
[sources.config]
url = "http://127.0.0.1:{port}/log/{at}"
records = "data"
total = "total"
params = {{ since = "{{since}}" }}
incremental = {{ field = "number", kind = "integer", initial = 1 }}
[sources.expectations]
min_rows = 0
"""


@dataclass
class Platform:
    """Logs that grow with time; some answers go wrong while ``is_wicked``."""

    chance: random.Random
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    is_wicked: bool = True
    told: Counter[str] = field(default_factory=Counter)

    def length(self) -> int:
        return int(((self.ended or time.monotonic()) - self.began) * GROWTH)

    def rows(self, since: int) -> list[dict[str, object]]:
        """Return what came from ``since`` on, that included, as the connectors ask."""
        return [{"number": at, "said": f"기록 {at}"} for at in range(since, min(self.length() + 1, since + MOST_ROWS))]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        since = int(parse_qs(urlsplit(handler.path).query)["since"][0])
        rows = self.rows(since)
        body = json.dumps({"data": rows, "total": len(rows)}).encode()
        fault = self.chance.choice(FAULTS) if self.is_wicked and self.chance.random() < FAULT_SHARE else "well"
        self.told[fault] += 1
        if fault == "silence":
            time.sleep(2)
        if fault in ("silence", "hang up"):
            handler.close_connection = True
            return
        handler.send_response(int(fault) if fault.isdecimal() else 200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        handler.close_connection = fault == "cut"


@dataclass
class Hub:
    """The processes of a hub in a folder; a worker that was killed is started again."""

    folder: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def start(self, name: str, *options: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "datahub.celery", *options],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self, name: str) -> None:
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        self.start(name, "worker", "--concurrency", "2", "-n", f"{name}@soak", *quiet)

    def signal(self, name: str, number: int) -> None:
        os.killpg(self.processes[name].pid, number)

    def kill(self, name: str) -> None:
        self.signal(name, signal.SIGKILL)
        self.processes.pop(name).wait()

    def memory(self, name: str) -> float:
        """Return the resident megabytes of a process and its children."""
        group = str(self.processes[name].pid)
        pages = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                if fields[2] == group:
                    pages += int(stat.with_name("statm").read_text().split()[1])
            except OSError:
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def rows(self, question: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.folder / "hub.sqlite3", timeout=60)
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        for name in list(self.processes):
            self.signal(name, signal.SIGCONT)
            self.kill(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    platform = Platform(random.Random(options.seed))
    with tempfile.TemporaryDirectory(prefix="hub-soak-") as folder, Served(platform) as port:
        hub = Hub(Path(folder), environment_of(Path(folder)))
        try:
            hub.manage("migrate", "--verbosity", "0")
            text = HEAD + "".join(PART.format(at=at, port=port) for at in range(options.sources))
            (hub.folder / "hub.toml").write_text(text, encoding="utf-8")
            hub.manage("apply", str(hub.folder / "hub.toml"), "--verbosity", "0")
            faults = soak(hub, platform, options.minutes * 60, random.Random(options.seed + 1))
        finally:
            hub.close()
        is_well = report(hub, platform, faults)
        if not is_well:
            for log in sorted(hub.folder.glob("*.log")):
                say(f"── {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
    raise SystemExit(0 if is_well else 1)


def environment_of(folder: Path) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "datahub.settings",
        "HUB_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'hub.sqlite3'}",
        "HUB_BROKER_URL": f"sqlitelease:///{folder / 'broker.sqlite3'}",
        "HUB_RUN_LEASE_SECONDS": str(LEASE_SECONDS),
        "HUB_HOST_PER_SECOND": "0",
        "HUB_HOST_RUNS": "0",
        "HUB_LOG_LEVEL": "WARNING",
    }


class Served:
    """The platform on a port of its own while the block lasts."""

    def __init__(self, platform: Platform) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                platform.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def __enter__(self) -> int:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_address[1]

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()


def soak(hub: Hub, platform: Platform, seconds: float, chance: random.Random) -> Counter[str]:
    """Let the hub work while things break; then let it finish. Return what was done to it, and the memory seen."""
    hub.start("beat", "beat", "--schedule", str(hub.folder / "beat-schedule"), "--pidfile=")
    for name in ("steady", "victim"):
        hub.start_worker(name)
    done: Counter[str] = Counter()
    sizes: list[float] = []
    ends = time.monotonic() + seconds
    for at in itertools.count():
        if time.monotonic() > ends:
            break
        time.sleep(chance.uniform(*PAUSES))
        if chance.random() < 0.8:
            hub.kill("victim")
            hub.start_worker("victim")
            done["workers killed"] += 1
        else:
            hub.signal("steady", signal.SIGSTOP)
            time.sleep(LEASE_SECONDS * 1.3)
            hub.signal("steady", signal.SIGCONT)
            done["workers frozen past their lease"] += 1
        sizes.append(hub.memory("steady"))
        if at % 10 == 0:
            say(f"{ends - time.monotonic():.0f} s to go: {states(hub)}, steady worker {sizes[-1]:.0f} MB")
    platform.is_wicked, platform.ended = False, time.monotonic()
    hub.kill("beat")
    finish(hub)
    third = max(len(sizes) // 3, 1)
    done["steady worker, MB at first"] = round(max(sizes[:third]))
    done["steady worker, MB at last"] = round(max(sizes[-third:]))
    return done


def finish(hub: Hub) -> None:
    """Wait until every run is over; what was put off is due at once, and somebody sweeps."""
    ends = time.monotonic() + PATIENCE
    tick = "from ingest.tasks import tick; from ingest.models import Run, Source; from django.utils import timezone; "
    tick += "Source.objects.update(is_enabled=False); Run.objects.filter(state='waiting').update(due_at=timezone.now()); tick()"
    while time.monotonic() < ends and hub.rows(
        "SELECT 1 FROM ingest_run WHERE state IN ('waiting', 'running') LIMIT 1"
    ):
        hub.manage("shell", "--verbosity", "0", "-c", tick)
        time.sleep(3)


def states(hub: Hub) -> str:
    counts = hub.rows("SELECT state, count(*) FROM ingest_run GROUP BY 1 ORDER BY 1")
    return ", ".join(f"{number} {state}" for state, number in counts) or "no runs yet"


def report(hub: Hub, platform: Platform, done: Counter[str]) -> bool:
    """Print what happened, and whether every record is there once."""
    script = "import sys, json; from tests.benchmarks.bench_soak import wrong_logs; print(json.dumps(wrong_logs()))"
    asked = [sys.executable, "-c", f"import django; django.setup(); {script}"]
    found = subprocess.run(asked, cwd=ROOT, env=hub.environment, check=True, capture_output=True, text=True)
    checked, records, wrong = json.loads(found.stdout.splitlines()[-1])
    still_open = hub.rows("SELECT count(*) FROM ingest_run WHERE state IN ('waiting', 'running')")[0][0]
    done |= Counter({f"answers: {name}": number for name, number in platform.told.items()})
    for name, number in sorted(done.items()):
        print(f"{name}: {number:,}")
    print(f"runs: {states(hub)}; left open: {still_open}")
    print(f"{checked} sources, {records:,} records, each once: {', '.join(wrong[:5]) or 'yes'}")
    return not wrong and not still_open and records > 0


def wrong_logs() -> tuple[int, int, list[str]]:
    """Return how many sources there are, how many records they hold, and those whose log is not 1, 2, 3 … up to where it was read."""
    import pyarrow.parquet as pq

    from catalog.storage import record_store
    from ingest.models import Source

    total, wrong, sources = 0, [], Source.objects.select_related("distribution__current_snapshot")
    for source in sources:
        snapshot = source.distribution.current_snapshot
        parts = snapshot.manifest.parts if snapshot else ()
        paths = [record_store().path(part.digest) for part in parts]
        numbers = sorted(value for path in paths for value in pq.read_table(path, columns=["number"])[0].to_pylist())
        total += len(numbers)
        if numbers != list(range(1, len(numbers) + 1)):
            wrong.append(f"{source.slug}: {len(numbers)} records, {len(set(numbers))} different, up to {max(numbers)}")
    return len(sources), total, wrong


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
