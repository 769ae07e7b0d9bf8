"""How fast the connectors read, next to a bare loop: ``python -m tests.benchmarks.bench_connectors [--rows N] [NAME ...]``.

A platform on loopback hands out prepared answers: pages of 1,000 records with twelve columns, files of all of them, a table
of a PostgreSQL, messages in an inbox. *Bare* fetches them with ``httpx2`` (or the database's driver), reads them with ``orjson`` or ``pyarrow`` and
writes Parquet with ``pyarrow``: no proof of the end, no caps, no types, no refused records. *Read* is the connector alone;
*typed* also types, checks and stages every record, as a run does before it publishes. The last two columns tell how many
times as long that takes as the bare loop.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datahub.apps import YOUNG
from tests.benchmarks.connector_databases import SELECT, bare_rows, filled_database
from tests.benchmarks.connector_files import FILES, bare_file
from tests.benchmarks.connector_inbox import CONFIG, bare_messages, filled_inbox
from tests.benchmarks.connector_pages import COLUMNS, DIALECTS, PAGE, bare_pages, rows_of

ROUNDS = 3
DATABASE, INBOX = "sql (PostgreSQL)", "mqtt (its inbox)"
NAMES = (*DIALECTS, *FILES, DATABASE, INBOX)


@dataclass(frozen=True)
class Trial:
    """What is read in turn: a connector with its configuration, and the bare loop beside it.

    ``identifier`` is what the platform calls the column ``id``.
    """

    connector: str
    config: Mapping[str, Any]
    bare: Callable[[], int]
    identifier: str = "id"
    inbox: Sequence[Path] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which connectors; all by default")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.rows)
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
    print(f"{options.rows:,} records of {len(COLUMNS)} columns, best of {ROUNDS}; records a second")
    print("| connector | bare | read | typed | read, times bare | typed, times bare |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="hub-connectors-") as folder:
        for name in options.names or NAMES:
            with trial_of(name, options.rows, Path(folder)) as trial:
                measure(name, trial, options.rows, Path(folder))


@contextmanager
def trial_of(name: str, rows: int, folder: Path) -> Iterator[Trial]:
    if name == DATABASE:
        with filled_database(rows, folder) as address:
            place = urlsplit(address)
            config = {
                "url": f"postgresql://{place.username}@{place.hostname}:{place.port}{place.path}",
                "password": place.password,
                "query": SELECT,
                "tls": "none",
            }
            yield Trial("sql", config, lambda: bare_rows(address, folder))
        return
    if name == INBOX:
        inbox = filled_inbox(rows, folder)
        yield Trial("mqtt", CONFIG, lambda: bare_messages(inbox, folder), inbox=inbox)
        return
    with served(name, rows) as base:
        if name in FILES:
            file = FILES[name]
            address = base + file.path
            yield Trial(file.connector, file.config(address), lambda: bare_file(file, address, folder), file.identifier)
        else:
            dialect = DIALECTS[name]
            addresses = [dialect.address(base, start) for start in range(0, rows, PAGE)]
            yield Trial(
                dialect.connector,
                dialect.config(base),
                lambda: bare_pages(dialect, addresses, folder),
                dialect.identifier,
            )


@contextmanager
def served(name: str, rows: int) -> Iterator[str]:
    """Serve from a process of its own; yield its address."""
    serving = [sys.executable, "-m", "tests.benchmarks.bench_connectors", "--serve", name, "--rows", str(rows)]
    server = subprocess.Popen(serving, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.kill()
        server.wait()


def measure(name: str, trial: Trial, rows: int, folder: Path) -> None:
    """Read in turn, so that a change of the machine's pace concerns all of them; print the best of each."""
    ways = ways_of(trial, folder)
    gc.freeze()  # what is loaded is passed over by all of them, as in every process of the hub
    gc.set_threshold(YOUNG)
    best = dict.fromkeys(ways, float("inf"))
    try:
        for _ in range(ROUNDS):
            for way, work in ways.items():
                began = time.perf_counter()
                done = work()
                best[way] = min(best[way], time.perf_counter() - began)
                if done != rows:
                    raise RuntimeError(f"{name}, {way}: {done:,} of {rows:,} records")
    finally:
        gc.unfreeze()
    speeds = " | ".join(f"{rows / seconds:,.0f}" for seconds in best.values())
    ratios = " | ".join(f"{best[way] / best['bare']:.2f}" for way in ("read", "typed"))
    print(f"| {name} | {speeds} | {ratios} |", flush=True)


def ways_of(trial: Trial, folder: Path) -> Mapping[str, Callable[[], int]]:
    # The hub's own modules are loaded here: the process that serves does without them.
    from catalog import records
    from catalog.records import Column, Limits, Schema, discard, tabulate
    from ingest.connectors import CONNECTORS, ByColumn, DelimitedFile, gathered
    from ingest.http import Session

    connector = CONNECTORS[trial.connector]
    config = connector.config.model_validate(trial.config)
    kinds = {"at": "datetime", "pm10": "integer", "pm25": "integer", "o3": "number"}
    kinds |= {"longitude": "number", "latitude": "number"}
    source = {"id": trial.identifier}
    schema = Schema(
        columns=tuple(Column(column, kinds.get(column, "string"), source=source.get(column, "")) for column in COLUMNS)
    )

    def session() -> Session:
        return Session(allow_private=True, spool=folder, inbox=trial.inbox)

    def taken(piece: object) -> object:
        """Return what is handed over as the pipeline passes it on."""
        if isinstance(piece, ByColumn):
            return records.ToldRows(piece.shapes, piece.shape_of, piece.columns)
        return (
            records.DelimitedFile(**vars(piece), passed=lambda count: None)
            if isinstance(piece, DelimitedFile)
            else piece
        )

    def read() -> int:
        with session() as http:
            return sum(1 for _ in connector.read(config, http))

    def typed() -> int:
        with session() as http:
            found = gathered((connector.hand_over or connector.read)(config, http))
            staged = tabulate(map(taken, found), schema, limits=Limits(spool=folder, memory_mib=256), area=None)
        discard(staged)
        return staged.accepted

    return {"bare": trial.bare, "read": read, "typed": typed}


def serve(name: str, rows: int) -> None:
    """Serve the prepared answers of one platform, each connection as long as it is kept, and print the port."""
    import socketserver

    dialect, answers = DIALECTS.get(name), {}
    if dialect is None:
        answers[place_of(FILES[name].path)] = FILES[name].content(rows)
    else:
        for start in range(0, rows, PAGE):
            page = dialect.page(rows_of(start, min(start + PAGE, rows)), start, rows)
            answers[place_of(dialect.address("", start))] = page
        answers |= {place_of(path): answer for path, answer in dialect.extra(rows).items()}
    told = "".join(f"{key}: {value}\r\n" for key, value in (dialect.headers(rows) if dialect else {}).items())

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while line := self.rfile.readline():
                target = line.split(b" ")[1].decode()
                while self.rfile.readline().strip():
                    pass
                body = answers.get(place_of(target))
                status = "200 OK" if body is not None else "404 Not Found"
                head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{told}Content-Length: {len(body or b'')}\r\n\r\n"
                self.wfile.write(head.encode() + (body or b""))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


def place_of(target: str) -> str:
    """Return the path of a page and where it starts, whatever else a connector asks for beside."""
    path, _, query = target.partition("?")
    wanted = {"page", "pageNo", "offset", "resultOffset", "$skip", "%24skip"}
    given = dict(pair.split("=") for pair in query.split("&") if "=" in pair)
    start = next((value for name, value in given.items() if name in wanted), "")
    if path.startswith(("/oapif", "/sta", "/ckan", "/ngsild")) and start in ("", "0"):
        start = ""
    return f"{path.rstrip('/')}?{start}"


if __name__ == "__main__":
    main()
