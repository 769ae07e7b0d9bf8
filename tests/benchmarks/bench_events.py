"""Events of an integrated platform while the hub is being killed: ``python -m tests.benchmarks.bench_events [--rate R]
[--minutes M] [--seed S] [--no-kills]``.

A hub of its own with all its processes takes events at a fixed rate over persistent connections: occurrences with three to
five messages each, some of them sent in the wrong order or twice. Meanwhile its web processes and its workers are killed
again and again. What was not acknowledged is sent again. At the end every acknowledged event must be there once, and every
occurrence must have the status that its last message told. Prints the times to acknowledge an event, on the clock of the
sender, and the share of them in the quiet between two kills. Ends with code 1 when an event is lost.
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEY = "plat_" + "b" * 43
SENDERS = 16
PAUSES = (6, 14)  # seconds from one kill to the next
UNQUIET = 3.0  # seconds after a kill that are not counted as quiet
PATIENCE = 180
HUB_FILE = """
[[organisations]]
slug = "city"
name = { ko = "시" }
region = "44130"

[[platforms]]
slug = "bench"
organisation = "city"
title = "시험 플랫폼"
"""


@dataclass
class Told:
    """What the senders have seen: acknowledged messages by digest, the last status of each occurrence, and times."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    times: list[tuple[float, float]] = field(default_factory=list)  # moment, seconds
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def occurrences(sender: int, seed: int) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Yield occurrences without end: their number, and (status, message) in the order in which they are sent."""
    chance = random.Random(seed * 1000 + sender)
    number = 0
    while True:
        number += 1
        name = f"20261101{sender:03}{number:08}"
        statuses = ["10", *["40"] * chance.randrange(1, 4), chance.choice(["50", "90", "91"])]
        told = [(status, message(name, status, step)) for step, status in enumerate(statuses)]
        if chance.random() < 0.2:
            chance.shuffle(told)
        if chance.random() < 0.1:
            told.append(told[0])
        yield name, told


def message(number: str, status: str, step: int) -> bytes:
    moment = f"202611011200{step:02}"
    body = {
        "startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "evtId": "112UC120", "evtNm": "112 긴급출동", "evtGrad": "10",
        "ocrNbr": number, "ocrSts": status, "ocrLc": {"crdntX": "127.1", "crdntY": "36.5", "crdntZ": "0"},
        "ocrPlc": "시청 앞", "ocrEvtCn": "신고 접수", "ocrEvtTime": "20261101120000", "ocrEvtStsTime": moment,
        "ocrEvtStsUsr": {"ocrEvtUsrId": "op1", "ocrEvtUsrNm": "관제"}, "ocrEvtItemCnt": "1",
        "ocrEvtItem": [{"key": "IMAGE_URL", "val": "rtsp://10.0.0.1/1"}],
    }  # fmt: skip
    header = {
        "svcTy": "EVENT", "hdCnt": "14", "apSeq": {"apCurrent": "1", "apTotal": "1"}, "cmnMtd": "1", "sendCd": "B4400000000",
        "rcvCd": "B4400000000", "encAt": "N", "tranTy": "HTTP", "reqDate": moment, "sysCd": "IPC", "body": body,
    }  # fmt: skip
    return json.dumps(header, ensure_ascii=False).encode()


class Sender(threading.Thread):
    """Sends its share of the events over one connection, each until it is acknowledged, in step with the clock."""

    def __init__(self, at: int, port: int, pace: float, ends: float, told: Told, seed: int) -> None:
        super().__init__(daemon=True)
        self.at, self.port, self.pace, self.ends, self.told, self.seed = at, port, pace, ends, told, seed
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        due = time.monotonic() + self.pace * self.at / SENDERS
        for name, messages in occurrences(self.at, self.seed):
            for _, content in messages:
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due + self.pace, time.monotonic() - 2.0)  # what was missed in a pause is made up for, in part
                self.send(content)
            with self.told.lock:
                self.told.last[name] = next(status for status, _ in messages if status not in ("10", "40"))
            if time.monotonic() > self.ends:
                return

    def send(self, content: bytes) -> None:
        first = time.monotonic()
        while True:
            began = time.monotonic()
            try:
                answer = self.post(content)
            except (OSError, http.client.HTTPException):
                self.connection = None
                self.count("broken connections")
                time.sleep(0.05)
                continue
            if answer.get("result") == "0":
                break
            self.count(f"answers {answer.get('code')}")
            time.sleep(0.2)
        with self.told.lock:
            self.told.acknowledged[hashlib.sha256(content).hexdigest()] = "1"
            self.told.times.append((first, time.monotonic() - began))
            self.told.counts["acknowledged"] += 1

    def post(self, content: bytes) -> dict[str, str]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Content-Type": "application/json", "X-Scsns-Secret": KEY}
        self.connection.request("POST", "/integrationPlatformEvent", content, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        return json.loads(said) if answer.status in (200, 503) else {"code": f"status {answer.status}"}

    def count(self, what: str) -> None:
        with self.told.lock:
            self.told.counts[what] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--no-kills", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-events-") as name:
        folder = Path(name)
        environment = environment_of(folder)
        prepare(folder, environment)
        port = free_port()
        with (folder / "hub.log").open("wb") as log:
            command = [sys.executable, "manage.py", "serve", "--port", str(port)]
            hub = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(port)
            told, kills = soak(hub.pid, port, options)
            is_well = report(folder, told, kills, options)
        finally:
            os.killpg(hub.pid, signal.SIGTERM)
            try:
                hub.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(hub.pid, signal.SIGKILL)
        if not is_well:
            say((folder / "hub.log").read_text(encoding="utf-8", errors="replace")[-4000:])
    raise SystemExit(0 if is_well else 1)


def soak(hub: int, port: int, options: argparse.Namespace) -> tuple[Told, list[tuple[float, str]]]:
    """Send at the rate that was asked for while processes are killed; return what was told, and when what was killed."""
    told, kills = Told(), []
    chance = random.Random(options.seed)
    ends = time.monotonic() + options.minutes * 60
    senders = [Sender(at, port, SENDERS / options.rate, ends, told, options.seed) for at in range(SENDERS)]
    for sender in senders:
        sender.start()
    while time.monotonic() < ends:
        time.sleep(min(chance.uniform(*PAUSES), max(ends - time.monotonic(), 0.1)))
        if options.no_kills or time.monotonic() > ends - UNQUIET:
            continue
        victims = {kind: processes_of(hub, kind) for kind in ("granian", "celery")}
        kind = chance.choice(sorted(victims))
        if victims[kind]:
            os.kill(chance.choice(victims[kind]), signal.SIGKILL)
            kills.append((time.monotonic(), kind))
    for sender in senders:
        sender.join(60)
    return told, kills


def processes_of(hub: int, kind: str) -> list[int]:
    """Return the processes of a kind that descend from the hub."""
    parents, commands = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid = int(stat.parent.name)
            parents[pid] = int(stat.read_text().rpartition(")")[2].split()[1])
            commands[pid] = stat.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, ValueError):
            continue
    ours = {hub}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return [pid for pid in sorted(ours - {hub}) if kind in commands.get(pid, "")]


def report(folder: Path, told: Told, kills: list[tuple[float, str]], options: argparse.Namespace) -> bool:
    """Wait until everything is taken, then compare what is there with what was acknowledged."""
    ends = time.monotonic() + PATIENCE
    began = time.monotonic()
    while time.monotonic() < ends and (not is_taken(folder) or rows(folder, WAITING)[0][0]):
        time.sleep(1)
    stored = Counter(
        digest for (digest,) in rows(folder, "SELECT digest FROM ingest_platformmessage WHERE state = 'processed'")
    )
    lost = [digest for digest in told.acknowledged if stored[digest] != 1]
    statuses = dict(rows(folder, "SELECT number, status FROM ingest_occurrence"))
    wrong = [name for name, status in told.last.items() if statuses.get(name) != status]
    states = dict(rows(folder, "SELECT state, count(*) FROM ingest_platformmessage GROUP BY 1"))
    times = sorted(seconds for _, seconds in told.times)
    quiet = sorted(s for at, s in told.times if not any(0 <= at - kill < UNQUIET for kill, _ in kills))
    print(
        f"{len(times):,} events acknowledged in {options.minutes:g} min, {len(times) / options.minutes / 60:,.0f} a second"
    )
    print(f"kills: {dict(Counter(kind for _, kind in kills))}; {dict(told.counts)}")
    for name, seen in (("all", times), ("quiet", quiet)):
        p50, p95, p99 = (statistics.quantiles(seen, n=100)[at] * 1e3 for at in (49, 94, 98))
        print(
            f"time to acknowledge, {name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, most {seen[-1] * 1e3:.0f} ms"
        )
    print(f"messages: {states}; the last was taken {time.monotonic() - began:.0f} s after the end")
    print(
        f"acknowledged but not there once: {len(lost)}; occurrences: {len(statuses):,}, with a wrong status: {len(wrong)}"
    )
    return not lost and not wrong and bool(times)


WAITING = "SELECT count(*) FROM ingest_platformmessage WHERE state = 'waiting'"


def is_taken(folder: Path) -> bool:
    return all(not path.stat().st_size for path in (folder / "inbox" / "platform.bench").glob("*.*n"))


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "hub.sqlite3", timeout=60)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def prepare(folder: Path, environment: dict[str, str]) -> None:
    (folder / "hub.toml").write_text(HUB_FILE, encoding="utf-8")
    for arguments in (["migrate", "--verbosity", "0"], ["apply", str(folder / "hub.toml"), "--verbosity", "0"]):
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
        )
    connection = sqlite3.connect(folder / "hub.sqlite3")
    connection.execute("UPDATE ingest_platform SET key_digest = ?", [hashlib.sha256(KEY.encode()).hexdigest()])
    connection.commit()
    connection.close()


def environment_of(folder: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DATABASE_"))} | {
        "HUB_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'hub.sqlite3'}",
        "HUB_LOG_LEVEL": "WARNING",
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port: int) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise SystemExit("the hub does not become ready")


def say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
