"""How fast records are typed, written, asked and exported, as ratios to the bare libraries on the same data in one run.

    python -m tests.benchmarks.bench_records [--rows 500000] [--rounds 3]

Read the ratios, not the absolutes: both sides run in turns on one thread, and the best of the rounds counts.
"""

import argparse
import csv
import dataclasses
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from catalog.records import (
    Column,
    DelimitedFile,
    Expectations,
    Geometry,
    Limits,
    LoadMode,
    Manifest,
    Schema,
    Staged,
    Store,
    discard,
    encode,
    parse_query,
    run_query,
    stream_query,
    tabulate,
    validate,
    write_snapshot,
)
from ingest.connectors.file import Config, hand_over
from ingest.http import Session

SCHEMA = Schema(
    columns=(
        Column("id"),
        Column("name"),
        Column("district"),
        Column("pm10", "integer"),
        Column("value", "number"),
        Column("observed_at", "datetime"),
        Column("observed_on", "date"),
        Column("open", "boolean"),
        Column("longitude", "number"),
        Column("latitude", "number"),
    ),
    key=("id",),
    time="observed_at",
    geometry=Geometry("longitude", "latitude"),
)
DUCKDB_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "datetime": "TIMESTAMPTZ",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
ARROW_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "datetime": pa.timestamp("s"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
DISTRICTS = ("강남구", "종로구", "마포구", "송파구", "은평구")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.rows, options.rounds)
        for shuffled in (True, False):
            bench.write_source(shuffled=shuffled)
            manifest = bench.compare_writing()
        bench.compare_upserts(manifest)
        bench.compare_appends()
        bench.compare_export(manifest)
        bench.compare_pages(manifest)


class Bench:
    def __init__(self, folder: Path, rows: int, rounds: int) -> None:
        self.source, self.raw = folder / "source.csv", folder / "raw.parquet"
        self.exported = folder / "exported.csv"
        self.limits, self.store = Limits(spool=folder / "spool"), Store(folder / "store")
        self.rows, self.rounds = rows, rounds
        self.duckdb = duckdb.connect(config={"threads": 1, "memory_limit": "512MiB"})
        self.duckdb.execute("SET TimeZone = 'Etc/GMT-9'")

    def write_source(self, *, shuffled: bool) -> None:
        numbers = list(range(self.rows))
        if shuffled:
            random.Random(1).shuffle(numbers)
        with self.source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(SCHEMA.names)
            for n in numbers:
                day = f"2018-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
                place = f"{126.5 + n * 7919 % 10_007 / 10_007:.6f}", f"{37 + n * 104_729 % 9_973 / 9_973:.6f}"
                values = n % 151, f"{n * 37 % 100_003 / 7:.3f}"
                moment = f"{day} {n % 24:02d}:{n % 60:02d}:00"
                writer.writerow(
                    [f"S{n:07d}", f"주차장 {n % 5000}", DISTRICTS[n % 5], *values, moment, day, "true", *place]
                )
        order = "in no order" if shuffled else "in the order of their key"
        say(f"\n{self.rows:,} rows {order}, {self.source.stat().st_size / 1e6:.0f} MB of CSV\n")

    def compare_writing(self) -> Manifest:
        manifests: list[Manifest] = []
        rows = list(self.dictionaries())
        found = self.take_turns(
            {
                "ours, from dictionaries": lambda: manifests.append(self.write(rows)),
                "ours, rows of the file": lambda: manifests.append(self.write(self.dictionaries())),
                "ours, the file whole": lambda: manifests.append(self.write(self.whole_file())),
                "csv module alone": lambda: sum(1 for _ in self.dictionaries()),
                "duckdb": self.write_with_duckdb,
                "pyarrow": self.write_with_pyarrow,
            }
        )
        say("Typing, checking and writing (thousand rows a second of CPU time)")
        for name, seconds in found.items():
            say(f"  {name:26} {self.rows / seconds / 1e3:10,.0f}   {found['duckdb'] / seconds:6.2f} of duckdb")
        return manifests[-1]

    def dictionaries(self) -> Iterator[Mapping[str, object]]:
        with self.source.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    def whole_file(self) -> Iterator[DelimitedFile]:
        with Session(file_roots=[self.source.parent], spool=self.limits.spool) as http:
            for file in hand_over(Config(path=self.source.name), http):
                yield DelimitedFile(**vars(file), passed=lambda rows: None)

    def write(self, rows: Iterable[Mapping[str, object] | DelimitedFile]) -> Manifest:
        staged = tabulate(rows, SCHEMA, limits=self.limits)
        try:
            validate(staged, Expectations(), previous_rows=None, limits=self.limits)
            assert staged.accepted == self.rows, staged.reasons
            return write_snapshot(staged, self.store, mode=LoadMode.REPLACE, previous=None, limits=self.limits)
        finally:
            discard(staged)

    def write_with_duckdb(self) -> None:
        columns = ", ".join(f"'{column.name}': '{DUCKDB_TYPES[column.type]}'" for column in SCHEMA.columns)
        self.duckdb.execute(
            f"COPY (SELECT * FROM read_csv('{self.source}', header = true, columns = {{{columns}}}) ORDER BY id) "
            f"TO '{self.raw}' (FORMAT parquet, COMPRESSION zstd)"
        )

    def write_with_pyarrow(self) -> None:
        types = {column.name: ARROW_TYPES[column.type] for column in SCHEMA.columns}
        table = pyarrow.csv.read_csv(
            self.source,
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            convert_options=pyarrow.csv.ConvertOptions(column_types=types),
        )
        pq.write_table(table.sort_by("id"), self.raw, compression="zstd")

    def compare_upserts(self, manifest: Manifest) -> None:
        """Upsert a hundredth of the records, half of them changed, and ask before and after."""
        say("\nUpserting a hundredth, half of it changed (milliseconds of CPU time)")
        stop = self.rows // 100
        for name, step in (("neighbours", 1), ("everywhere", 100)):
            wanted = {f"S{n:07d}" for n in range(0, stop * step, step)}
            rows = [row for row in self.dictionaries() if row["id"] in wanted]
            for row in rows[::2]:
                row["pm10"] = "152"
            staged = tabulate(rows, SCHEMA, limits=self.limits)
            after: list[Manifest] = []
            found = self.take_turns(
                {"upsert": lambda staged=staged, after=after: after.append(self.upsert(staged, manifest))}
            )
            discard(staged)
            say(f"  {name:26} {found['upsert'] * 1e3:10.1f}")
            questions = {
                "  first page": [],
                "  one key": [("id", f"S{stop // 2:07d}")],
                "  filter": [("pm10__gt", "149")],
                "  newest": [("order_by", "-observed_at")],
                "  count": [("pm10__gt", "75"), ("count", "exact"), ("limit", "1")],
            }
            for asked, parameters in questions.items():
                query = parse_query(parameters, SCHEMA)
                sides = {
                    side: lambda one=one, query=query: run_query(one, query, self.store, self.limits)
                    for side, one in (("before", manifest), ("after", after[-1]))
                }
                found = self.take_turns(sides, times=10)
                before, then = (found[side] * 1e3 for side in ("before", "after"))
                say(f"  {asked:26} {then:10.1f} {before:10.1f}   {then / before:6.2f} times before")

    def upsert(self, staged: Staged, manifest: Manifest) -> Manifest:
        return write_snapshot(staged, self.store, mode=LoadMode.UPSERT, previous=manifest, limits=self.limits)

    def compare_appends(self, times: int = 500) -> None:
        """Append small answers one after the other, as live data come."""
        manifest, seconds = None, []
        for number in range(times):
            row = {"id": f"T{number:07d}", "pm10": "1", "observed_at": "2018-01-01 09:00"}
            staged = tabulate([row] * 10, dataclasses.replace(SCHEMA, key=()), limits=self.limits)
            started = time.process_time()
            manifest = write_snapshot(staged, self.store, mode=LoadMode.APPEND, previous=manifest, limits=self.limits)
            seconds.append(time.process_time() - started)
            discard(staged)
        middle, most = sorted(seconds)[times // 2] * 1e3, max(seconds) * 1e3
        say(f"\n{times} appends of 10 rows: {middle:.1f} ms each, {most:.1f} at most; {len(manifest.parts)} parts")

    def compare_export(self, manifest: Manifest) -> None:
        file = self.store.path(manifest.parts[0].digest)
        names = ", ".join(f'"{name}"' for name in SCHEMA.names)
        sizes: dict[str, int] = {}

        def export(name: str) -> None:
            sizes[name] = sum(
                map(len, encode(stream_query(manifest, parse_query([], SCHEMA), self.store, self.limits), SCHEMA, name))
            )

        found = self.take_turns(
            {name: lambda name=name: export(name) for name in ("csv", "ndjson", "json", "geojson", "parquet")}
            | {
                "duckdb COPY": lambda: self.duckdb.execute(
                    f"COPY (SELECT {names} FROM read_parquet('{file}')) TO '{self.exported}'"
                )
            }
        )
        sizes["duckdb COPY"] = self.exported.stat().st_size
        say("\nExport of everything (MB a second; thousand rows a second)")
        for name, seconds in found.items():
            ratio = found["duckdb COPY"] / seconds
            amount = f"{sizes[name] / seconds / 1e6:10,.0f} {self.rows / seconds / 1e3:10,.0f}"
            say(f"  {name:26} {amount}   {ratio:6.2f} of duckdb COPY to CSV")

    def compare_pages(self, manifest: Manifest) -> None:
        file = self.store.path(manifest.parts[0].digest)
        start = f"SELECT {', '.join(f'{chr(34)}{name}{chr(34)}' for name in SCHEMA.names)} FROM read_parquet('{file}')"
        middle = f"S{self.rows // 2:07d}"
        box = "longitude BETWEEN 126.9 AND 126.91 AND latitude BETWEEN 37.4 AND 37.41"
        pages = {
            "first page": ([], ""),
            "one key": ([("id", middle)], f"WHERE id = '{middle}'"),
            "filter": ([("pm10__gt", "149")], "WHERE pm10 > 149"),
            "text": ([("name__contains", "장 4999")], "WHERE contains(lower(name), '장 4999')"),
            "box": ([("bbox", "126.9,37.4,126.91,37.41")], f"WHERE {box}"),
            "newest": ([("order_by", "-observed_at")], "ORDER BY observed_at DESC, _row"),
            "count": ([("pm10__gt", "75"), ("count", "exact"), ("limit", "1")], "count"),
        }
        say("\nPages of 100 (milliseconds)")
        for name, (asked, rest) in pages.items():
            query = parse_query(asked, SCHEMA)
            statement = f"{start} {rest} LIMIT 100"
            if rest == "count":
                statement = f"SELECT count(*) FROM read_parquet('{file}') WHERE pm10 > 75"
            found = self.take_turns(
                {
                    "ours": lambda query=query: run_query(manifest, query, self.store, self.limits),
                    "duckdb": lambda statement=statement: self.duckdb.sql(statement).to_arrow_table(),
                },
                times=10,
            )
            ours, raw = (found[side] * 1e3 for side in ("ours", "duckdb"))
            say(f"  {name:26} {ours:10.1f} {raw:10.1f}   {ours / raw:6.2f} times duckdb")

    def take_turns(self, sides: Mapping[str, Callable[[], object]], times: int = 1) -> dict[str, float]:
        """Run all sides in turns and return the best seconds of CPU time of each."""
        best = dict.fromkeys(sides, float("inf"))
        for _ in range(self.rounds * times):
            for name, run in sides.items():
                started = time.process_time()
                run()
                best[name] = min(best[name], time.process_time() - started)
        return best


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
