"""What a question costs as the table grows: ``python -m tests.benchmarks.bench_growth [--large] [--svg PATH]``.

Readings of the same 200 sensors over more and more days (and a tenth as many facilities) are published by the hub's
own writing path and asked in this process through all middleware, each different set of parameters once, so that nothing
is answered from memory. Milliseconds are p50 computed by the process; flat means that the last column stays near 1 while the
rows grow a hundredfold.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.own_hub import Cost, build_indexes, cost_of_asking, open_hub
from tests.benchmarks.peers.data import Data, write_data
from tests.benchmarks.peers.hub import AIR, ASKED, FACILITIES, address_of
from tests.benchmarks.peers.questions import QUESTIONS, parameter_sets

SIZES = (100_000, 1_000_000, 10_000_000)
LARGE = 100_000_000
SENSORS = 200
ASKED_ABOUT: Mapping[str, str] = {  # the colour of each line
    "key": "#0b6e99",
    "window": "#c2410c",
    "box": "#15803d",
    "count": "#7e22ce",
    "day": "#a16207",
}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 400, 60, 240, 20, 50
Costs = Mapping[str, Sequence[Cost]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], default=list(SIZES))
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} rows too: 20 GB of disk, much patience")
    parser.add_argument("--svg", type=Path, help="draw the table into this file")
    options = parser.parse_args()
    sizes = [*options.sizes, *([LARGE] if options.large else [])]
    costs: dict[str, list[Cost]] = {name: [] for name in ASKED_ABOUT}
    with tempfile.TemporaryDirectory(prefix="hub-growth-") as folder:
        open_hub(Path(folder))
        for size in sizes:
            for name, cost in measure(Data(Path(folder) / f"data-{size}", size, size // 10, SENSORS)):
                costs[name].append(cost)
    print_table(sizes, costs)
    if options.svg:
        options.svg.write_text(drawing(sizes, costs), encoding="utf-8")


def measure(data: Data) -> Iterator[tuple[str, Cost]]:
    """Publish the data in the place of what was there, and ask about it."""
    from catalog.records import LoadMode
    from tests.benchmarks.peers.hub_writes import publish  # needs Django to be set up

    began = time.perf_counter()
    write_data(data, ("obs", "fac"))
    for slug, table in ((AIR, "obs"), (FACILITIES, "fac")):
        publish(slug, data.path(table, "parquet"), LoadMode.REPLACE)
        data.path(table, "parquet").unlink()
    published = time.perf_counter()
    build_indexes()
    say(
        f"{data.rows:,} readings published in {published - began:.0f} s, indexed in {time.perf_counter() - published:.0f} s"
    )
    for name in ASKED_ABOUT:
        slug, told = ASKED[name]
        cost = cost_of_asking([address_of(slug, told, one) for one in parameter_sets(QUESTIONS[name], data)])
        say(
            f"  {name:8} {cost.p50:.1f} / {cost.p95:.1f} ms, {cost.computed_p50:.1f} / {cost.computed_p95:.1f} ms computed"
        )
        yield name, cost


def print_table(sizes: Sequence[int], costs: Costs) -> None:
    print(f"| question | {' | '.join(f'{size:,} rows' for size in sizes)} | last through first |")
    print(f"|{'---|' * (len(sizes) + 2)}")
    for name, row in costs.items():
        times = " | ".join(f"{cost.computed_p50:.1f}" for cost in row)
        print(f"| {QUESTIONS[name].title} | {times} | {row[-1].computed_p50 / row[0].computed_p50:.2f} |")


def drawing(sizes: Sequence[int], costs: Costs) -> str:
    """Draw milliseconds over rows, both in powers of ten."""
    most = max(cost.computed_p50 for row in costs.values() for cost in row)
    least = min(cost.computed_p50 for row in costs.values() for cost in row)
    low, high = math.floor(math.log10(least)), max(math.ceil(math.log10(most)), math.floor(math.log10(least)) + 1)
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def across(size: int) -> float:
        return LEFT + (math.log10(size) - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def up(milliseconds: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(milliseconds) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13" '
        'role="img" aria-label="Milliseconds of each question as the table grows">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for power in range(low, high + 1):
        y = up(10.0**power)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#d4d4d4"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>')
    for size in sizes:
        text = f"{size:,}"
        parts.append(f'<text x="{across(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{text}</text>')
    ends = sorted((up(row[-1].computed_p50), name) for name, row in costs.items())
    places: dict[str, float] = {}
    for y, name in ends:
        places[name] = max(y, max(places.values(), default=0.0) + 16)
    for name, row in costs.items():
        points = " ".join(
            f"{across(size):.1f},{up(cost.computed_p50):.1f}" for size, cost in zip(sizes, row, strict=True)
        )
        colour = ASKED_ABOUT[name]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        label = f'<text x="{WIDTH - RIGHT + 8}" y="{places[name] + 4:.1f}" fill="{colour}">'
        parts.append(f"{label}{QUESTIONS[name].title}</text>")
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">rows of the table</text>')
    return "\n".join([*parts, "</svg>\n"])


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
