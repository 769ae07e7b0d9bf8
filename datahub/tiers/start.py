"""Starts the hubs of the three tiers from the bottom up, until the nation has read all that there is."""

import os
import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console
from rich.markup import escape

from datahub.quickstart import check_alive, last_lines, wait_until_open
from datahub.supervisor import Supervisor, open_log
from datahub.tiers.place import Place, web_process, worker_process

READ_SECONDS = 120.0
LOOK_SECONDS = 0.2
GRACE = 10.0


class Desk:
    """Asks the program that works inside one hub; it ends with the block, or with this process."""

    def __init__(self, place: Place, program: str = "desk") -> None:
        self.place, self.program = place, program
        self.log = settings.DATA_DIR / "log" / f"{place.name}-desk.log"

    def __enter__(self) -> Self:
        with open_log(self.log) as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "datahub.tiers", self.program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.place.environment},
                cwd=settings.BASE_DIR,
                start_new_session=True,  # a terminal's Ctrl-C reaches the command alone
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self.process.kill()
        self.close()

    def close(self) -> None:
        if not self.process.stdin.closed:
            self.process.communicate()

    def ask(self, name: str, **values: object) -> Any:  # noqa: ANN401
        """Have something done and return what came of it; what cannot be done is a CommandError."""
        self.send(name, **values)
        return self.receive()

    def send(self, name: str, **values: object) -> None:
        self.process.stdin.write(orjson.dumps({"do": name, **values}) + b"\n")
        self.process.stdin.flush()

    def receive(self) -> Any:  # noqa: ANN401
        line = self.process.stdout.readline()
        if not line:
            raise CommandError(
                f"{last_lines(self.log)}\n'{self.place.name}' 허브를 준비하지 못했습니다: {self.log}\n"
                f"The hub '{self.place.name}' could not be prepared, its log is {self.log}"
            )
        answer = orjson.loads(line)
        if "error" in answer:
            raise CommandError(f"{self.place.name}: {answer['error']}")
        return answer["done"]


@dataclass(frozen=True)
class Tiers:
    """The hubs as they run, each with its desk and what it told of itself when it was prepared."""

    places: Sequence[Place]
    desks: dict[str, Desk]
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    tree: Supervisor | None = None  # None: somebody else runs them

    @property
    def cities(self) -> list[Place]:
        return [place for place in self.places if not place.tier.reads]

    @property
    def readers(self) -> list[Place]:
        return [place for place in self.places if place.tier.reads]

    def check_alive(self) -> None:
        if self.tree is not None:
            check_alive(self.tree)

    def close_desks(self) -> None:
        """End what nobody asks any more."""
        for desk in self.desks.values():
            desk.close()

    @property
    def top(self) -> Place:
        return self.places[-1]


@contextmanager
def running_tiers(places: Sequence[Place], console: Console) -> Iterator[Tiers]:
    """Prepare and start all hubs and let each read those below it; leaving the block ends them."""
    with ExitStack() as stack:
        console.print(f"허브 {len(places)}개를 준비하는 중 · preparing {len(places)} hubs: {places[0].folder.parent}")
        desks = {place.name: stack.enter_context(Desk(place, "founding")) for place in places}
        make_tables(places, desks)
        told = prepare(places, desks, console)
        children = [child for place in places for child in (web_process(place), worker_process(place))]
        tree = stack.enter_context(Supervisor(children, grace=GRACE))
        tiers = Tiers(places, desks, told, tree)
        for place in places:
            wait_until_open(tree, f"{place.name}-web", f"{place.base}/readyz")
        for place in tiers.readers:
            meet_peers(place, tiers)
            console.print(f"[green]✓[/] {place.tier.title.ko} ← {', '.join(place.tier.reads)}")
        yield tiers


@contextmanager
def found_tiers(places: Sequence[Place]) -> Iterator[Tiers]:
    """Open the desks of hubs that another ``quickstart --tiers`` runs."""
    with ExitStack() as stack:
        yield Tiers(places, {place.name: stack.enter_context(Desk(place)) for place in places})


def make_tables(places: Sequence[Place], desks: dict[str, Desk]) -> None:
    """Make the tables of all hubs; those of new ones are made once and copied, which saves some seconds of each."""
    first, *others = places
    is_new = not first.database.exists()
    desks[first.name].ask("make_tables")
    for place in others:
        if is_new and not place.database.exists():
            with closing(sqlite3.connect(first.database)) as made, closing(sqlite3.connect(place.database)) as copy:
                made.backup(copy)
    for place in others:
        desks[place.name].send("make_tables")
    for place in others:
        desks[place.name].receive()


def prepare(places: Sequence[Place], desks: dict[str, Desk], console: Console) -> dict[str, dict[str, Any]]:
    """Bring all hubs at once to what their files say."""
    for place in places:
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in place.environment.items()]
        (place.folder / "hub.env").write_text("".join(lines), encoding="utf-8")
        desks[place.name].send("prepare", hub=place.name)
    told = {place.name: desks[place.name].receive() for place in places}
    for name, one in told.items():
        for run in one["runs"]:
            mark = "[green]✓[/]" if run["state"] == "published" else f"[yellow]![/] {escape(' '.join(run['problem']))}"
            console.print(f"{mark} {name}: {run['source']}  {run['records']:,} 레코드 records", soft_wrap=True)
    return told


def meet_peers(place: Place, tiers: Tiers) -> None:
    """Register the hubs that one reads, with the fingerprints that they told, and wait until it has read each once more."""
    desk = tiers.desks[place.name]
    peers = [peer for peer in tiers.places if peer.name in place.tier.reads]
    desk.ask(
        "meet",
        peers=[
            {
                "name": peer.name,
                "address": peer.base,
                "title": peer.tier.title.ko,
                "fingerprint": tiers.told[peer.name]["fingerprint"],
            }
            for peer in peers
        ],
    )
    before = {peer["name"]: peer["readings"] for peer in desk.ask("tell_peers")}
    desk.ask("read")
    deadline = time.monotonic() + READ_SECONDS
    while True:
        peers_now = desk.ask("tell_peers")
        if all(peer["readings"] > before[peer["name"]] for peer in peers_now):
            return
        if time.monotonic() > deadline or any(peer["failed"] for peer in peers_now):
            problems = [f"{peer['name']}: {told['ko']} {told['en']}" for peer in peers_now for told in peer["problems"]]
            raise CommandError(
                f"'{place.name}' 허브가 이웃을 읽지 못했습니다 · '{place.name}' could not read its peers\n"
                + "\n".join(problems)
            )
        tiers.check_alive()
        time.sleep(LOOK_SECONDS)
