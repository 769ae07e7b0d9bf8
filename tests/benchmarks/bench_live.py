"""What a day of live data does to questions: ``python -m tests.benchmarks.bench_live [--appends 8640] [--rows 1000000]``.

A table of readings gets an append every 10 seconds for a day, one after the other as fast as they go, each typed, checked,
written and published as a run does; the last five minutes' come after the last serving index, as in a hub that is asked
at any moment. Then the keyed and the windowed question, about the table and about the day that came, are asked of it and of
the same rows published in one piece, with its own index. The goal is a p95 within twice that of the compacted table.
"""

import argparse
import datetime as dt
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.conf import settings
from django.test import Client

from tests.benchmarks.own_hub import Cost, build_indexes, cost_of_asking, open_hub
from tests.benchmarks.peers.data import DISTRICTS, Data, write_data
from tests.benchmarks.peers.hub import AIR, ASKED, address_of
from tests.benchmarks.peers.questions import QUESTIONS, parameter_sets

SENSORS = 200
EVERY = dt.timedelta(seconds=10)
REPORTING = 4  # sensors that are heard at each append: each of the 200 every 8 minutes
GOAL = 2.0
SETS = 200
SOME = 500  # appends between two lines of progress
LATE = 30  # appends after the last index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--appends", type=int, default=8_640)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table before the day")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-live-") as folder:
        open_hub(Path(folder))
        data = Data(Path(folder) / "data", options.rows, 1_000, SENSORS)
        write_data(data, ("obs",))
        measure(data, options.appends)


def measure(data: Data, appends: int) -> None:
    from catalog.records import LoadMode
    from tests.benchmarks.peers.hub_writes import publish, publish_rows  # needs Django to be set up

    publish(AIR, data.path("obs", "parquet"), LoadMode.REPLACE)
    build_indexes()
    times = []
    for number in range(appends):
        if number == appends - LATE:
            index_anew()
        began = time.perf_counter()
        publish_rows(AIR, readings(data, number), LoadMode.APPEND)
        times.append(time.perf_counter() - began)
        if number % SOME == SOME - 1:
            some = times[-SOME:]
            say(f"{number + 1:,} appends: {statistics.median(some) * 1e3:.0f} ms each, at most {max(some) * 1e3:.0f}")
    live, live_parts = ask_all(data, appends), parts_of(AIR)
    publish(AIR, in_one_piece(data), LoadMode.REPLACE)
    index_anew()
    compact, compact_parts = ask_all(data, appends), parts_of(AIR)
    if times:
        print(f"{appends:,} appends, p50 {statistics.median(times) * 1e3:.0f} ms, at most {max(times) * 1e3:.0f} ms")
    print(f"parts: {live_parts} live, {compact_parts} compacted\n")
    print_table(live, compact)


def index_anew() -> None:
    """Build the index of what is published now, however young the one before is, which would make the hub wait."""
    shutil.rmtree(settings.INDEX_DIR, ignore_errors=True)
    build_indexes()


def readings(data: Data, number: int) -> Iterator[Mapping[str, object]]:
    """Yield the rows of one append, as a platform says them."""
    moment = (data.end + EVERY * number).isoformat() + "+09:00"
    for place in range(REPORTING):
        sensor = (number * REPORTING + place) % SENSORS
        yield {
            "sensor_id": f"S{sensor:04}",
            "district": DISTRICTS[sensor % len(DISTRICTS)],
            "observed_at": moment,
            "pm10": str(5 + number * 7 % 146),
            "pm25": str(3 + number * 5 % 80),
            "temperature": "21.5",
            "humidity": "40.0",
        }


def ask_all(data: Data, appends: int) -> dict[str, Cost]:
    """Ask about the whole time, and about the end of the day that came."""
    asked = {
        QUESTIONS[name].title: [address_of(AIR, ASKED[name][1], one) for one in parameter_sets(QUESTIONS[name], data)]
        for name in ("key", "window")
    }
    now, told = data.end + EVERY * appends, ASKED["window"][1]
    ends = [now - dt.timedelta(seconds=30 * place) for place in range(SETS)]
    asked["6 h window at the end of the day"] = [
        address_of(AIR, told, {"start": end - dt.timedelta(hours=6), "end": end}) for end in ends
    ]
    return {title: cost_of_asking(addresses) for title, addresses in asked.items()}


def in_one_piece(data: Data) -> Path:
    """Write all that the hub has now into one file, as it gives it to anyone."""
    file = data.folder / "everything.parquet"
    answer = Client(SERVER_NAME="localhost").get(f"/api/v1/datasets/{AIR}/records.parquet")
    with file.open("wb") as target:
        target.writelines(answer.streaming_content)
    return file


def parts_of(slug: str) -> int:
    from tests.benchmarks.peers.hub_writes import find_distribution

    snapshot = find_distribution(slug).current_snapshot
    return snapshot.parts.count() if snapshot else 0


def print_table(live: Mapping[str, Cost], compact: Mapping[str, Cost]) -> None:
    print("| question | live p50 / p95 ms | compacted p50 / p95 ms | p95 ratio | computed p95 ratio | goal | met |")
    print(f"|{'---|' * 7}")
    for title, now in live.items():
        then = compact[title]
        ratio = now.computed_p95 / then.computed_p95
        print(
            f"| {title} | {now.p50:.1f} / {now.p95:.1f} | {then.p50:.1f} / {then.p95:.1f} | {now.p95 / then.p95:.2f} "
            f"| {ratio:.2f} | <= {GOAL:g} | {'yes' if ratio <= GOAL else 'no'} |"
        )


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
