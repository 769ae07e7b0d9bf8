"""Builds the index of a snapshot, beside the place where it will stand: nobody sees a half one."""

import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.ipc

from catalog.records.engine import Limits, connect, identifier, names_of, text_literal
from catalog.records.index.columns import write_columns
from catalog.records.index.layout import TABLE, TIMES, VERSION, Meta, as_numbers, folder_of
from catalog.records.index.positions import cell_postings, gram_pairs, make_postings, write_postings
from catalog.records.index.table import write_table
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest
from catalog.records.schema import Schema
from catalog.records.store import Store, sync_to_disk

BATCH = 122_880  # rows
FEWEST_VALUES, MOST_VALUES = 2, 1_000_000  # of a column that rows are looked up by
MOST_KEYS = 4
FEWEST_TEXTS = 20  # different ones, of a column whose pairs of letters are worth an index
MOST_TEXTS = 3_000_000  # rows whose pairs of letters are indexed
MOST_PLACES = 20_000_000
PLACES_A_CELL = 32
MOST_LETTERS = 60_000_000  # of all texts whose pairs of letters are indexed; each costs 12 bytes while building


def build_index(manifest: Manifest, store: Store, root: Path, limits: Limits) -> Path:
    """Build the index of a snapshot unless it stands already, and return its folder."""
    target = folder_of(root, manifest.digest)
    if Meta.find(target):
        return target
    shutil.rmtree(target, ignore_errors=True)  # of another version, or broken
    started = time.monotonic()
    folder = root / f".building-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        with connect((store.root, root), limits) as cursor:
            cursor.execute(f"ATTACH {text_literal(str(folder / TABLE))} AS built")
            try:
                write_table(manifest, store, cursor)
                write_index(manifest, folder, cursor, started)
            finally:
                cursor.execute("DETACH built")
        for path in folder.iterdir():
            sync_to_disk(path)  # a power cut may take an index, but not a piece of one
        target.parent.mkdir(exist_ok=True)
        folder.rename(target)
    except OSError:
        if not target.is_dir():  # else another worker was faster
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target


def write_index(manifest: Manifest, folder: Path, cursor: duckdb.DuckDBPyConnection, started: float) -> None:
    """Write everything but the table, reading from this."""
    schema = manifest.schema
    rows = write_rows(schema, folder, cursor)
    keys = [name for name in key_columns(schema, cursor) if write_keys(name, folder, cursor)]
    cell = write_places(schema, rows, folder, cursor)
    chosen = text_columns(schema, cursor) if rows <= MOST_TEXTS else []
    texts = [name for name in chosen if write_texts(name, folder, cursor)]
    is_numbered = not cursor.execute(f"SELECT 1 FROM built.rows WHERE {ROW} != rowid LIMIT 1").fetchall()
    seconds = time.monotonic() - started
    parts = tuple((part.digest, part.rows, part.hidden) for part in manifest.parts)
    Meta(VERSION, rows, schema.time, is_numbered, tuple(keys), tuple(texts), cell, seconds, parts).write(folder)


def write_rows(schema: Schema, folder: Path, cursor: duckdb.DuckDBPyConnection) -> int:
    """Write the columns of the rows, and their times as numbers; return how many rows there are."""
    reader = cursor.sql(f"SELECT {names_of([*content_names(schema), ROW])} FROM built.rows").to_arrow_reader(BATCH)
    times: list[np.ndarray] = []

    def watched() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            if schema.time:
                times.append(as_numbers(batch.column(schema.time)))
            yield batch

    rows = write_columns(folder, reader.schema, watched())
    if schema.time:
        np.save(folder / TIMES, np.concatenate(times) if times else np.array([], np.int64))
    return rows


def key_columns(schema: Schema, cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the columns that rows are worth looking up by: those of the key first, then texts, then whole numbers."""
    plain = [column.name for column in schema.columns if column.type in ("string", "integer")]
    found = distinct_values(plain, cursor)
    worth = [name for name in plain if FEWEST_VALUES <= found[name] <= MOST_VALUES * 1.1]
    worth.sort(key=lambda name: (name not in schema.key, schema[name].type != "string", -found[name]))
    return worth[:MOST_KEYS]


def distinct_values(names: Sequence[str], cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    if not names:
        return {}
    counts = ", ".join(f"approx_count_distinct({identifier(name)})" for name in names)
    [found] = cursor.execute(f"SELECT {counts} FROM built.rows").fetchall()
    return dict(zip(names, found, strict=True))


def write_keys(name: str, folder: Path, cursor: duckdb.DuckDBPyConnection) -> bool:
    column = identifier(name)
    runs = cursor.sql(f"SELECT {column}, count(*) AS n FROM built.rows WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 1").to_arrow_table()  # fmt: skip
    if runs.num_rows > MOST_VALUES:
        return False
    reader = cursor.sql(f"SELECT rowid FROM built.rows WHERE {column} IS NOT NULL ORDER BY {column}, rowid").to_arrow_reader(BATCH)  # fmt: skip
    positions = [batch.column(0).to_numpy().astype(np.uint32) for batch in reader]
    starts = np.concatenate([[0], np.cumsum(runs.column("n").to_numpy())])
    np.save(folder / f"key-{name}.codes.npy", np.arange(runs.num_rows, dtype=np.uint64))
    np.save(folder / f"key-{name}.starts.npy", starts.astype(np.int64))
    found = np.concatenate(positions) if positions else np.array([], np.uint32)
    np.save(folder / f"key-{name}.positions.npy", found)
    [(rows,)] = cursor.execute("SELECT count(*) FROM built.rows").fetchall()
    ranks = np.full(rows, runs.num_rows, np.uint32)
    ranks[found] = np.repeat(np.arange(runs.num_rows, dtype=np.uint32), runs.column("n").to_numpy())
    np.save(folder / f"key-{name}.ranks.npy", ranks)
    values = runs.select([0]).combine_chunks()
    with pa.OSFile(str(folder / f"key-{name}.arrow"), "wb") as file, pa.ipc.new_file(file, values.schema) as writer:
        writer.write_table(values)
    return True


def write_places(schema: Schema, rows: int, folder: Path, cursor: duckdb.DuckDBPyConnection) -> float:
    """Write the cells of points and return their size in degrees, 0 when there are none."""
    geometry = schema.geometry
    if geometry is None or not geometry.is_point or rows > MOST_PLACES:
        return 0.0
    names = names_of([geometry.longitude, geometry.latitude])
    found = cursor.sql(f"SELECT {names} FROM built.rows").to_arrow_table()
    longitudes, latitudes = (np.asarray(column.to_numpy(), float) for column in found.columns)
    known = np.isfinite(longitudes) & np.isfinite(latitudes)
    if not known.any():
        return 0.0
    width, height = np.ptp(longitudes[known]), np.ptp(latitudes[known])
    cell = float(np.clip(np.sqrt(max(width * height, 1e-6) * PLACES_A_CELL / known.sum()), 0.0005, 1.0))
    write_postings(folder, "cells", cell_postings(longitudes, latitudes, cell))
    return cell


def text_columns(schema: Schema, cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the columns of texts that differ much and are not too many letters together."""
    names = [column.name for column in schema.columns if column.type == "string"]
    found = distinct_values(names, cursor)
    chosen, letters = [], 0
    for name in sorted((name for name in names if found[name] >= FEWEST_TEXTS), key=lambda name: -found[name]):
        [(length,)] = cursor.execute(f"SELECT coalesce(sum(length({identifier(name)})), 0) FROM built.rows").fetchall()
        if letters + length <= MOST_LETTERS:
            chosen.append(name)
            letters += length
    return chosen


def write_texts(name: str, folder: Path, cursor: duckdb.DuckDBPyConnection) -> bool:
    reader = cursor.sql(f"SELECT lower({identifier(name)}) AS text FROM built.rows").to_arrow_reader(BATCH)
    first, codes, positions = 0, [], []
    for batch in reader:
        found = gram_pairs(batch.column(0), first)
        codes.append(found[0])
        positions.append(found[1])
        first += batch.num_rows
    if codes:
        write_postings(folder, f"text-{name}", make_postings(np.concatenate(codes), np.concatenate(positions)))
    return bool(codes)
