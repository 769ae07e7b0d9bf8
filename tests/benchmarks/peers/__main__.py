"""``python -m tests.benchmarks.peers``: build the data, measure everyone in turn, write the report.

With ``--folder`` everything is kept: data, databases and what was found, so that single peers or questions can be
measured again; the report then also tells what earlier calls found of the others.
"""

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.peers.ckan import Ckan
from tests.benchmarks.peers.data import Data, write_data
from tests.benchmarks.peers.datasette import Datasette
from tests.benchmarks.peers.hub import Hub
from tests.benchmarks.peers.limits import BareView, RawEngine
from tests.benchmarks.peers.load import install_wrk
from tests.benchmarks.peers.measure import Found, measure_peer, measure_raw, say
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.peers.postgresql import PostgreSQL
from tests.benchmarks.peers.questions import QUESTIONS
from tests.benchmarks.peers.report import write_report
from tests.benchmarks.peers.roapi import Roapi

WRITES = ("ingest", "upsert")
PEERS: Mapping[str, Callable[[Mapping[str, str]], Peer]] = {
    "hub": lambda settings: Hub(settings),
    "datasette": lambda settings: Datasette(),
    "ckan": lambda settings: Ckan(),
    "postgresql": lambda settings: PostgreSQL(),
    "roapi": lambda settings: Roapi(),
    "bare view": lambda settings: BareView(),
}
RAW = RawEngine.name
EVERYONE = (*PEERS, RAW)


def main() -> None:
    options = read_options()
    install_wrk()
    with tempfile.TemporaryDirectory(prefix="hub-peers-") as temporary:
        folder = options.folder.resolve() if options.folder else Path(temporary)
        data = Data(folder / f"data-{options.rows}-{options.facilities}", options.rows, options.facilities)
        say(f"data: {data.rows:,} readings, {data.facilities:,} facilities in {folder}")
        write_data(data)
        results = folder / f"results-{data.rows}-{data.facilities}"
        # The web server's options of the hub, which the thin views share, stand in its settings.
        os.environ |= {"DJANGO_SETTINGS_MODULE": "datahub.settings", "HUB_DATA_DIR": str(folder / "settings")}
        raw = RawEngine(data, folder)
        for name in options.peers:
            try:
                if name == RAW:
                    found = measure_raw(raw, data, options.questions, options.seconds)
                else:
                    peer = PEERS[name](options.settings)
                    found = measure_peer(peer, data, raw, options.questions, options.seconds, folder)
                keep(found, results / f"{found.name}.json", set(options.questions))
            except Exception:  # an hour of others' figures shall not be lost with one peer
                say(f"{name} could not be measured:\n{traceback.format_exc()}")
        raw.close()
        report = write_report(read_results(results), data, options.seconds)
    if options.out:
        options.out.write_text(report, encoding="utf-8")
        say(f"\n{options.out}")
    else:
        sys.stdout.write(report)


def read_results(folder: Path) -> dict[str, Found]:
    """Return what was found of everyone, by name: the usual ones in their order, then the hub with other settings."""
    everyone = {path.stem: Found.read(path) for path in sorted(folder.glob("*.json"))}
    return {name: everyone[name] for name in (*(one for one in EVERYONE if one in everyone), *everyone)}


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="readings (default: 10,000,000)")
    parser.add_argument("--facilities", type=int, default=300_000, help="facilities (default: 300,000)")
    parser.add_argument("--peers", type=names_of(EVERYONE), default=list(EVERYONE), help=", ".join(EVERYONE))
    everything = (*QUESTIONS, *WRITES)
    parser.add_argument("--questions", type=names_of(everything), default=list(everything), help=", ".join(everything))
    parser.add_argument("--seconds", type=float, default=5, help="how long each figure is measured (default: 5)")
    parser.add_argument("--out", type=Path, help="where the report goes (default: standard output)")
    parser.add_argument("--folder", type=Path, help="keep everything here and use what lies there")
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the hub, as HUB_QUERY_MEMORY_MIB=256",
    )
    options = parser.parse_args()
    options.settings = dict(text.split("=", 1) for text in options.setting)
    return options


def names_of(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Return the reader of a list of names separated by commas."""

    def read(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")]
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return names

    return read


def keep(found: Found, path: Path, asked: set[str]) -> None:
    """Save what was found; what an earlier call found of other questions stays."""
    if path.is_file():
        old = Found.read(path)
        found.cells = [cell for cell in old.cells if cell.question not in asked] + found.cells
        found.written = found.written or old.written
        found.after = found.after or old.after
    found.save(path)


if __name__ == "__main__":
    main()
