"""The story of one peer: load, start, check each answer, ask alone and sixteen at once, write, stop."""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.peers.data import Data
from tests.benchmarks.peers.limits import RawEngine
from tests.benchmarks.peers.load import Answer, Load, ask, press
from tests.benchmarks.peers.peer import Peer, Request, Running, Way, Written
from tests.benchmarks.peers.processes import Memory, MemoryWatch, cpu_seconds, memory_of, wait_until_idle
from tests.benchmarks.peers.questions import CHECKED, QUESTIONS, Parameters, Question, parameter_sets

SLOW_SECONDS = 20.0  # a question that takes longer alone is not asked sixteen times at once
MOST_SECONDS = 60.0
IDLE_SECONDS = 300.0
EXPORT_ROUNDS = 3
ASKED_ONCE = 100
# Asked again after an upsert, to see what reading a table with folded-in changes costs.
READ_AFTER = ("key", "window", "month")


@dataclass
class Cell:
    """What one way of one question cost; ``verdict`` is "right" or what was wrong. Exports have ``speed`` (MB/s).

    ``computed`` is the processors' time for one answer at sixteen connections (ms), which hardly depends on who else
    uses the machine.
    """

    question: str
    way: str
    verdict: str
    note: str = ""
    alone: Load | None = None
    crowd: Load | None = None
    computed: float | None = None
    memory: Memory = Memory()
    speed: float | None = None
    first_byte: float | None = None
    grown: float | None = None


@dataclass
class Found:
    """Everything about one peer. ``after`` holds p50 alone of some questions before and after an upsert."""

    name: str
    versions: str
    load_seconds: float
    start_seconds: float
    machine_load: float
    idle: Memory = Memory()
    everything: Memory = Memory()
    cells: list[Cell] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    after: dict[str, float] = field(default_factory=dict)

    def cell(self, question: str, way: str | None = None) -> Cell | None:
        """Return the cell of a way, or the fastest of the question; right answers come before fast ones."""
        cells = [one for one in self.cells if one.question == question and way in (None, one.way)]
        return max(cells, key=lambda one: (one.verdict == "right", one.speed or rate(one)), default=None)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Found":
        entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        entry |= {name: Memory(**entry[name]) for name in ("idle", "everything")}
        entry["written"] = [Written(**one) for one in entry["written"]]
        entry["cells"] = [cell_of(one) for one in entry["cells"]]
        return cls(**entry)


def cell_of(entry: dict[str, Any]) -> Cell:
    loads = {name: Load(**entry[name]) if entry[name] else None for name in ("alone", "crowd")}
    return Cell(**{**entry, **loads, "memory": Memory(**entry["memory"])})


def rate(cell: Cell) -> float:
    """Return the answers a second at sixteen connections; alone where sixteen got none in time."""
    return next((load.rate for load in (cell.crowd, cell.alone) if load and load.rate), 0.0)


def measure_peer(peer: Peer, data: Data, raw: RawEngine, names: Sequence[str], seconds: float, folder: Path) -> Found:
    """Measure everything that a peer can do of what is asked."""
    say(f"\n{peer.name}: loading")
    began = time.perf_counter()
    versions = peer.prepare(data, folder)
    loaded = time.perf_counter()
    found = Found(peer.name, versions, loaded - began, 0.0, os.getloadavg()[0])
    with peer.running() as server:
        found.start_seconds = time.perf_counter() - loaded
        say(f"  {versions}; loaded in {found.load_seconds:.0f} s, started in {found.start_seconds:.0f} s")
        wait_until_idle(server.processes, seconds=IDLE_SECONDS)
        found.idle, found.everything = memory_of(server.answering()), memory_of(server.processes())
        for name in filter(QUESTIONS.__contains__, names):
            found.cells += measure_question(peer, server, QUESTIONS[name], data, raw, seconds, folder)
        if "ingest" in names or "upsert" in names:
            try:
                write(peer, server, found, data)
            except (RuntimeError, OSError, subprocess.CalledProcessError, psycopg.Error) as error:
                say(f"  could not write to the end: {error}")  # what was found before shall not be lost
    return found


def measure_question(
    peer: Peer, server: Running, question: Question, data: Data, raw: RawEngine, seconds: float, folder: Path
) -> list[Cell]:
    sets = parameter_sets(question, data)
    cells = []
    try:
        ways = list(peer.ways(question, sets))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        ways = []
        cells.append(Cell(question.name, "", f"could not be asked: {error!r}"))
    for way in ways:
        is_export = question.name == "export"
        cells.append(
            measure_export(server, way, data)
            if is_export
            else measure_way(server, question, way, sets, raw, seconds, folder)
        )
        wait_until_idle(server.processes, seconds=IDLE_SECONDS)
    for cell in cells:
        say(f"  {question.name:8} {cell.way:18} {told(cell)}")
    return cells


def measure_way(
    server: Running,
    question: Question,
    way: Way,
    sets: Sequence[Parameters],
    raw: RawEngine,
    seconds: float,
    folder: Path,
) -> Cell:
    cell = Cell(question.name, way.name, "not checked", way.note)
    times: list[float] = []
    for place in range(min(CHECKED, len(sets))):
        try:
            answer = ask(server.port, way.requests[place])
        except (OSError, TimeoutError) as error:
            cell.verdict = f"no answer: {error!r}"
            return cell
        times.append(answer.seconds)
        cell.verdict = judge(answer, question, way, sets[place], raw)
        if answer.status != 200:
            return cell
        if cell.verdict not in ("right", "not checked") or sum(times) > SLOW_SECONDS:
            break
    usual = min(times)
    few, many = shares(way)
    if usual > SLOW_SECONDS:
        cell.alone = Load(rate=1 / usual, p50=usual * 1e3, p95=max(times) * 1e3)
        return cell
    lasting = max(seconds, min(MOST_SECONDS, 5 * usual))
    with MemoryWatch(server.answering) as watch:
        cell.alone = press(server.port, few, connections=1, seconds=lasting, folder=folder)
        lasting = max(seconds, min(MOST_SECONDS, 12 * usual))
        before = cpu_seconds(server.answering())
        cell.crowd = press(server.port, many, connections=16, seconds=lasting, folder=folder)
        if cell.crowd.answers:
            cell.computed = (cpu_seconds(server.answering()) - before) / cell.crowd.answers * 1e3
    cell.memory = watch.peak
    if cell.alone.refused or cell.crowd.refused:
        cell.verdict += f"; {cell.alone.refused + cell.crowd.refused} refused"
    return cell


def shares(way: Way) -> tuple[Sequence[Request], Sequence[Request]]:
    """Return what is asked alone and what by sixteen; where nothing shall come twice these are apart, and new."""
    if not way.is_fresh:
        return way.requests, way.requests
    quarter = max(CHECKED + 1, len(way.requests) // 4)
    return way.requests[CHECKED:quarter], way.requests[quarter:] or way.requests


def judge(answer: Answer, question: Question, way: Way, asked: Parameters, raw: RawEngine) -> str:
    """Say whether an answer is right, or what is wrong with it."""
    if answer.status != 200:
        return f"status {answer.status}: {answer.content[:200].decode(errors='replace')}"
    if question.compare is None or not way.is_checked:
        return "not checked"
    try:
        ours, right = (
            question.compare(rows, asked) for rows in (way.read(answer.content), raw.answer(question, asked))
        )
    except (KeyError, ValueError, TypeError, IndexError) as error:
        return f"not understood: {error!r}"
    return "right" if ours == right else f"wrong: {str(ours)[:80]} instead of {str(right)[:80]}"


def measure_export(server: Running, way: Way, data: Data) -> Cell:
    """Read the export to its end, or for a minute, and see how much memory the server takes for it."""
    cell = Cell("export", way.name, "not checked", way.note)
    speeds, first_bytes, growths = [], [], []
    for _ in range(EXPORT_ROUNDS):
        before = memory_of(server.answering())
        with MemoryWatch(server.answering) as watch:
            answer = ask(server.port, way.requests[0], most_seconds=MOST_SECONDS)
        if answer.status != 200:
            cell.verdict = f"status {answer.status}: {answer.content[:200].decode(errors='replace')}"
            return cell
        speeds.append(answer.size / answer.seconds / 1e6)
        first_bytes.append(answer.first_byte)
        growths.append(watch.peak.pss - before.pss)
        if answer.seconds >= MOST_SECONDS:
            cell.verdict = f"cut off at {MOST_SECONDS:.0f} s"
            break
        rows = answer.content.count(b"\n")
        complete = rows in (data.more_rows, data.more_rows + 1)
        cell.verdict = "right" if complete else f"wrong: {rows} lines instead of {data.more_rows + 1}"
    cell.speed, cell.first_byte = statistics.median(speeds), statistics.median(first_bytes)
    cell.grown, cell.memory = max(growths), watch.peak
    return cell


def write(peer: Peer, server: Running, found: Found, data: Data) -> None:
    """Let the peer write; the hub is asked before and after, while its upserts are not folded in yet."""
    before = {name: alone(peer, server, name, data) for name in reads_after(peer)}
    for one in peer.write():
        pace = f"{one.rows:,} rows in {one.seconds:.2f} s ({one.rows / one.seconds:,.0f}/s)"
        say(f"  {one.kind:8} {one.way:24} {pace} {one.note}")
        found.written.append(one)
    for name, p50 in before.items():
        found.after[name] = alone(peer, server, name, data) / p50 if p50 else 0.0
        say(f"  {name:8} after the upsert: {found.after[name]:.2f} times as long")


def reads_after(peer: Peer) -> Sequence[str]:
    return READ_AFTER if peer.name.startswith("hub") else ()


def alone(peer: Peer, server: Running, name: str, data: Data) -> float:
    """Return the median of questions that nobody has asked before, each asked once: nothing comes from memory."""
    question = QUESTIONS[name]
    way = next(way for way in peer.ways(question, parameter_sets(question, data)) if way.is_fresh)
    times = [ask(server.port, request).seconds for request in way.requests[-ASKED_ONCE:]]
    return statistics.median(times)


def measure_raw(raw: RawEngine, data: Data, names: Sequence[str], seconds: float) -> Found:
    """Measure the engine in this process, where there is neither HTTP nor a crowd."""
    say(f"\n{raw.name}")
    found = Found(raw.name, raw.versions, 0.0, 0.0, os.getloadavg()[0])
    for name in names:
        if name not in QUESTIONS or name in ("export", "repeat"):
            continue
        question = QUESTIONS[name]
        load = raw.measure(question, parameter_sets(question, data), seconds)
        found.cells.append(Cell(name, "", "right", alone=load))
        say(f"  {name:8} {told(found.cells[-1])}")
    if "export" in names:
        [asked] = parameter_sets(QUESTIONS["export"], data)
        times = [raw.export(asked) for _ in range(EXPORT_ROUNDS)]
        speed = statistics.median(size / took for took, size in times) / 1e6
        found.cells.append(Cell("export", "", "right", speed=speed))
        say(f"  export   {speed:.0f} MB/s")
    if "ingest" in names or "upsert" in names:
        found.written += list(raw.write())
    return found


def told(cell: Cell) -> str:
    parts = [f"c{many} {load.p50:.1f}/{load.p95:.1f} ms {load.rate:,.1f}/s" for many, load in loads(cell).items()]
    if cell.computed is not None:
        parts.append(f"{cell.computed:.2f} ms computed")
    if cell.speed is not None:
        parts.append(
            f"{cell.speed:.1f} MB/s, first byte {(cell.first_byte or 0) * 1e3:.0f} ms, +{cell.grown or 0:.0f} MiB"
        )
    return " | ".join([*parts, cell.verdict])


def loads(cell: Cell) -> Mapping[int, Load]:
    return {many: load for many, load in ((1, cell.alone), (16, cell.crowd)) if load}


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
