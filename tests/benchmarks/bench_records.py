"""How fast records are typed, written, asked and exported, as ratios to the bare libraries on the same data in one run.

    python -m tests.benchmarks.bench_records [--rows 500000] [--rounds 3]

Read the ratios, not the absolutes: both sides run in turns on one thread, and the best of the rounds counts.
"""

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from catalog.records import (
    Column,
    Expectations,
    Geometry,
    Limits,
    LoadMode,
    Manifest,
    Schema,
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
        bench.write_source()
        manifest = bench.compare_writing()
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

    def write_source(self) -> None:
        with self.source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(SCHEMA.names)
            for n in range(self.rows):
                day = f"2018-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
                place = f"{126.5 + n * 7919 % 10_007 / 10_007:.6f}", f"{37 + n * 104_729 % 9_973 / 9_973:.6f}"
                values = n % 151, f"{n * 37 % 100_003 / 7:.3f}"
                moment = f"{day} {n % 24:02d}:{n % 60:02d}:00"
                writer.writerow(
                    [f"S{n:07d}", f"주차장 {n % 5000}", DISTRICTS[n % 5], *values, moment, day, "true", *place]
                )
        say(f"{self.rows:,} rows, {self.source.stat().st_size / 1e6:.0f} MB of CSV\n")

    def compare_writing(self) -> Manifest:
        manifests: list[Manifest] = []
        rows = list(self.dictionaries())
        found = self.take_turns(
            {
                "ours, from dictionaries": lambda: manifests.append(self.write(rows)),
                "ours, from the file": lambda: manifests.append(self.write(self.dictionaries())),
                "csv module alone": lambda: sum(1 for _ in self.dictionaries()),
                "duckdb": self.write_with_duckdb,
                "pyarrow": self.write_with_pyarrow,
            }
        )
        say("Typing, checking and writing (thousand rows a second)")
        for name, seconds in found.items():
            say(f"  {name:26} {self.rows / seconds / 1e3:10,.0f}   {found['duckdb'] / seconds:6.2f} of duckdb")
        return manifests[-1]

    def dictionaries(self) -> Iterator[Mapping[str, object]]:
        with self.source.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    def write(self, rows: Iterator[Mapping[str, object]] | list[Mapping[str, object]]) -> Manifest:
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
        """Run all sides in turns and return the best seconds of each."""
        best = dict.fromkeys(sides, float("inf"))
        for _ in range(self.rounds * times):
            for name, run in sides.items():
                started = time.perf_counter()
                run()
                best[name] = min(best[name], time.perf_counter() - started)
        return best


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
