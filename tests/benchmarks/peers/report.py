"""The report: a Markdown page of ratios, goals, latencies, memory and writes, from what was found of each peer."""

import datetime as dt
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.peers.data import Data
from tests.benchmarks.peers.measure import Cell, Found, rate
from tests.benchmarks.peers.questions import QUESTIONS

HUB, RAW, BARE = "hub", "raw engine", "bare view"
FRESH = "no repeats"  # the way of the hub that goals are about, where it has one: see hub.py


@dataclass(frozen=True)
class Goal:
    """What the hub shall be: at least ``ratio`` times a peer's way (answers a second at 16, MB/s or rows a second)."""

    question: str
    peer: str
    way: str | None
    ratio: float


@dataclass(frozen=True)
class Bound:
    """Something that shall be at most ``most``: a figure of the hub, or one figure of it through another."""

    question: str
    title: str
    most: float
    figure: Callable[["Figures"], float | None]
    unit: str = "x"


Figures = Mapping[str, Found]
GOALS = (
    Goal("key", "datasette", None, 15),
    Goal("key", "ckan", "search", 15),
    Goal("key", BARE, None, 0.4),
    Goal("window", "datasette", None, 100),
    Goal("window", "ckan", None, 8),
    Goal("day", "datasette", None, 200),
    Goal("day", "ckan", None, 35),
    Goal("month", "datasette", None, 150),
    Goal("month", "ckan", None, 15),
    Goal("repeat", BARE, None, 0.8),
    Goal("box", "datasette", "R*Tree SQL", 5),
    Goal("box", "ckan", None, 100),
    Goal("word2", "datasette", "LIKE", 40),
    Goal("word5", "datasette", "FTS", 2),
    Goal("word2", "ckan", "LIKE", 200),
    Goal("word2", "ckan", "q=", 30),
    Goal("offset", "datasette", None, 40),
    Goal("offset", "ckan", None, 8),
    Goal("keyset", "datasette", None, 3),
    Goal("keyset", "ckan", None, 6),
    Goal("count", "datasette", None, 25),
    Goal("count", "ckan", None, 60),
    Goal("export", "datasette", None, 300),
    Goal("export", "ckan", None, 7),
    Goal("export", RAW, None, 0.8),
)
WRITE_GOALS = (
    Goal("ingest", "datasette", "sqlite-utils", 80),
    Goal("ingest", "ckan", "COPY with its indexes", 40),
    Goal("ingest", RAW, None, 0.6),
    Goal("upsert", "datasette", "sqlite-utils", 16),
    Goal("upsert", "ckan", "API upsert, 1,000 a call", 200),
)
# The hub's writes that are held against others: all begin with a CSV file, but CKAN's API takes records.
HUB_WRITES = {"ingest": "a run, from CSV", "upsert": "typed rows"}


def times_raw(question: str) -> Callable[[Figures], float | None]:
    return lambda found: ratio(p50(found, HUB, question), p50(found, RAW, question))


def after(question: str) -> Callable[[Figures], float | None]:
    return lambda found: found[HUB].after.get(question) if HUB in found else None


def of_export(name: str) -> Callable[[Figures], float | None]:
    def figure(found: Figures) -> float | None:
        cell = found[HUB].cell("export") if HUB in found else None
        return getattr(cell, name) if cell else None

    return figure


BOUNDS = (
    Bound("window", "time alone through raw engine time", 1.3, times_raw("window")),
    Bound("day", "time alone through raw engine time", 1.3, times_raw("day")),
    Bound("month", "time alone through raw engine time", 1.2, times_raw("month")),
    Bound("count", "time alone through raw engine time", 1.2, times_raw("count")),
    Bound(
        "keyset",
        "time alone through that of the first page",
        1.5,
        lambda found: ratio(p50(found, HUB, "keyset"), p50(found, HUB, "first")),
    ),
    Bound("export", "memory added", 64, of_export("grown"), unit=" MiB"),
    Bound("export", "first byte", 0.3, of_export("first_byte"), unit=" s"),
    Bound("key", "time after upserts through that before", 1.3, after("key")),
    Bound("window", "time after upserts through that before", 1.3, after("window")),
    Bound("month", "time after upserts through that before", 1.3, after("month")),
)


def write_report(found: Figures, data: Data, seconds: float) -> str:
    return "\n".join(
        [
            "# The hub next to its peers",
            "",
            *introduction(found, data, seconds),
            "",
            "## Ratios and goals",
            "",
            "How many times as many answers a second the hub gives at 16 connections (exports: bytes a second; writes: rows a "
            "second), and the goal. Where a peer has several ways and the goal names none, its fastest right one counts. "
            "By computing: how many times as much processor time the peer takes for an answer, which hardly "
            "depends on who else used the machine. The hub keeps answers: the ratios are of questions that never come twice, "
            "but for the column with repeats, where the same 200 come again and again, as they do for the peers.",
            "",
            *goals(found),
            "",
            "## Against the limits",
            "",
            *bounds(found),
            "",
            "## Every question",
            "",
            "Milliseconds are p50 / p95. Memory is the peak of the processes that answer (web and database servers) while they "
            "were asked: shared pages counted once (PSS), and once in each process (RSS). The client's share is how much of one core "
            "the load generator took.",
            "",
            *questions(found),
            "",
            "## CSV export of a tenth of the table",
            "",
            *exports(found),
            "",
            "## Writing",
            "",
            *writes(found),
            "",
            "## Memory at rest",
            "",
            *memories(found),
            "",
        ]
    )


def introduction(found: Figures, data: Data, seconds: float) -> Iterator[str]:
    cores, memory = os.cpu_count(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    yield (
        f"{data.rows:,} readings of {data.sensors:,} sensors, {data.facilities:,} facilities. {platform.system()}, {cores} cores, "
        f"{memory:.0f} GiB, Python {platform.python_version()}, {dt.date.today()}. One server at a time on loopback, wrk "
        f"on the same cores, {seconds:g} s a figure and longer for slow questions. 200 sets of parameters a question, the same "
        "for everyone, which come again within a figure; the hub, which keeps answers, is also asked without repeats. "
        "The engine in process is one thread and one caller."
    )
    yield ""
    yield from table(
        ("who", "what", "loaded in", "machine load before"),
        [(one.name, one.versions, f"{one.load_seconds:.0f} s", f"{one.machine_load:.1f}") for one in found.values()],
    )


def goals(found: Figures) -> Iterator[str]:
    rows = []
    for goal in (*GOALS, *WRITE_GOALS):
        value, remark = measured(goal, found)
        against = f"{goal.peer}{f' ({goal.way})' if goal.way else ''}"
        title = QUESTIONS[goal.question].title if goal.question in QUESTIONS else goal.question
        met = verdict(value, goal.ratio)
        others = (shown(thrift(goal, found)), shown(with_repeats(goal, found)))
        rows.append((title, against, shown(value), f"{goal.ratio:g}x", met, *others, remark))
    yield from table(("question", "against", "hub is", "goal", "met", "by computing", "with repeats", "remark"), rows)


def measured(goal: Goal, found: Figures) -> tuple[float | None, str]:
    """Return the ratio that a goal is about, or None where one side is missing, and what is to be said of it."""
    if HUB not in found or goal.peer not in found:
        return None, "not measured"
    if goal in WRITE_GOALS:
        ours = written_rate(found[HUB], goal.question, HUB_WRITES[goal.question])
        return ratio(ours, written_rate(found[goal.peer], goal.question, goal.way)), ""
    hub, peer = hub_cell(found, goal.question), found[goal.peer].cell(goal.question, goal.way)
    if goal.peer == BARE:
        peer = found[BARE].cell("repeat")
    remarks = [f"hub: {hub.verdict}" if hub and not is_right(hub) else ""]
    remarks.append(f"{goal.peer}: {peer.verdict}" if peer and not is_right(peer) else "")
    if hub is None or peer is None:
        return None, "not measured"
    if peer.alone and not (peer.crowd and peer.crowd.rate):
        remarks.append("too slow to be asked sixteen times at once: its rate alone")
    ours, theirs = (cell.speed if goal.question == "export" else rate(cell) for cell in (hub, peer))
    return ratio(ours, theirs), "; ".join(filter(None, remarks))


def hub_cell(found: Figures, question: str) -> Cell | None:
    """Return how the hub did without a question coming twice, else how it did."""
    return (found[HUB].cell(question, FRESH) or found[HUB].cell(question)) if HUB in found else None


def with_repeats(goal: Goal, found: Figures) -> float | None:
    """Return the ratio when the 200 questions come again and again, as they do for everyone else."""
    if HUB not in found or goal.peer not in found or goal.question not in QUESTIONS:
        return None
    hub = next((one for one in found[HUB].cells if one.question == goal.question and one.way != FRESH), None)
    peer = found[BARE].cell("repeat") if goal.peer == BARE else found[goal.peer].cell(goal.question, goal.way)
    return ratio(rate(hub), rate(peer)) if hub and peer else None


def thrift(goal: Goal, found: Figures) -> float | None:
    """Return how many times as much a peer's processes compute for one answer."""
    question = "repeat" if goal.peer == BARE else goal.question
    peer = found[goal.peer].cell(question, goal.way) if goal.peer in found else None
    theirs, ours = (cell.computed if cell else None for cell in (peer, hub_cell(found, goal.question)))
    return ratio(theirs, ours)


def is_right(cell: Cell) -> bool:
    return cell.verdict in ("right", "not checked")


def bounds(found: Figures) -> Iterator[str]:
    rows = []
    for bound in BOUNDS:
        value = bound.figure(found)
        met = "-" if value is None else "yes" if value <= bound.most else f"no, {value / bound.most:.2f} times"
        text = "-" if value is None else f"{value:.2f}{bound.unit}"
        rows.append((QUESTIONS[bound.question].title, bound.title, text, f"<= {bound.most:g}{bound.unit}", met))
    yield from table(("question", "figure of the hub", "is", "goal", "met"), rows)


def questions(found: Figures) -> Iterator[str]:
    rows = []
    for question in QUESTIONS.values():
        for one in found.values():
            cells = [cell for cell in one.cells if cell.question == question.name and cell.speed is None]
            rows += [row_of(question.title, one.name, cell) for cell in cells if question.name != "export"]
    yield from table(
        ("question", "who", "way", "alone", "sixteen", "answers/s", "PSS / RSS MiB", "client's share", "answers"), rows
    )


def row_of(title: str, name: str, cell: Cell) -> tuple[str, ...]:
    return (
        title,
        name,
        cell.way,
        f"{cell.alone.p50:,.1f} / {cell.alone.p95:,.1f}" if cell.alone else "-",
        f"{cell.crowd.p50:,.1f} / {cell.crowd.p95:,.1f}" if cell.crowd and cell.crowd.rate else "-",
        f"{rate(cell):,.1f}",
        f"{cell.computed:,.2f}" if cell.computed is not None else "-",
        f"{cell.memory.pss:,.0f} / {cell.memory.rss:,.0f}" if cell.memory.pss else "-",
        f"{cell.crowd.client_share:.0%}" if cell.crowd else "-",
        f"{cell.verdict}{f' ({cell.note})' if cell.note else ''}".replace("|", "\\|").replace("\n", " "),
    )


def exports(found: Figures) -> Iterator[str]:
    rows = [
        (
            one.name,
            cell.way,
            f"{cell.speed or 0:.1f}",
            f"{cell.first_byte * 1e3:,.0f}" if cell.first_byte is not None else "-",
            f"{cell.grown:+,.0f}" if cell.grown is not None else "-",
            cell.verdict,
        )
        for one in found.values()
        for cell in one.cells
        if cell.question == "export"
    ]
    yield from table(("who", "way", "MB/s", "first byte, ms", "memory (PSS), MiB", "answer"), rows)


def writes(found: Figures) -> Iterator[str]:
    rows = [
        (row.kind, one.name, row.way, f"{row.rows:,}", f"{row.seconds:.2f}", f"{row.rows / row.seconds:,.0f}", row.note)
        for kind in ("ingest", "upsert")
        for one in found.values()
        for row in one.written
        if row.kind == kind
    ]
    yield from table(("what", "who", "way", "rows", "s", "rows/s", "note"), rows)


def memories(found: Figures) -> Iterator[str]:
    rows = [
        (one.name, f"{one.idle.pss:,.0f}", f"{one.idle.rss:,.0f}", f"{one.everything.pss:,.0f}")
        for one in found.values()
        if one.idle.pss
    ]
    yield from table(("who", "answering: PSS, MiB", "RSS, MiB", "with workers and all else: PSS, MiB"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def written_rate(found: Found, kind: str, way: str | None) -> float | None:
    rates = [one.rows / one.seconds for one in found.written if one.kind == kind and way in (None, one.way)]
    return max(rates, default=None)


def p50(found: Figures, name: str, question: str) -> float | None:
    cell = hub_cell(found, question) if name == HUB else found[name].cell(question) if name in found else None
    return cell.alone.p50 if cell and cell.alone else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours and theirs else None


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}x" if value >= 20 else f"{value:.3g}x"


def verdict(value: float | None, wanted: float) -> str:
    if value is None:
        return "-"
    return "yes" if value >= wanted else f"no, {value / wanted:.0%} of it"
