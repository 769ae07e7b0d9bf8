"""What became of an answer: typed rows on disk, not yet published, and every refused row with its reason."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from catalog.records.layout import staging_schema
from catalog.records.personal_proofs import HIDDEN
from catalog.records.reasons import explain
from catalog.records.samples import Samples
from catalog.records.schema import Schema


@dataclass(frozen=True)
class UnreadableRow:
    """A row that never became a dictionary (a CSV line with too many fields, say)."""

    code: str
    raw: object


@dataclass
class Staged:
    """Typed rows on disk, not yet published, and the account of what was refused.

    ``rows`` counts what came, ``accepted`` and ``refused`` what became of it: always ``rows = accepted + refused``.
    The rows lie in ``path`` as Arrow batches, four times as fast to write and to read as Parquet.
    ``reasons`` counts (reason, column); ``samples`` keeps the first few refused values of each. ``mended`` and
    ``mended_samples`` tell the same of the places that were mended by rule. ``texts`` are what ``drift.py`` judges by.
    ``closed`` are the columns of which no sentence tells a value (``told``).
    """

    schema: Schema
    path: Path
    refused_path: Path
    rows: int = 0
    accepted: int = 0
    refused: int = 0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    ignored: frozenset[str] = frozenset()
    mended: Counter[tuple[str, str]] = field(default_factory=Counter)
    mended_samples: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    texts: Samples = field(default_factory=Samples)
    closed: set[str] = field(default_factory=set)
    order: "Order" = field(init=False)

    def __post_init__(self) -> None:
        self.order = Order(self.schema)

    def read(self, columns: Sequence[str] | None = None, batches: range | None = None) -> pa.RecordBatchReader:
        """Return the accepted rows as they came, or some batches of them; a reader can be read once."""
        shape = staging_schema(self.schema)
        names = list(columns) if columns is not None else shape.names
        wanted = pa.schema([shape.field(name) for name in names])
        return pa.RecordBatchReader.from_batches(wanted, read_batches(self.path, shape, names, batches))

    @property
    def bytes_a_row(self) -> int:
        """How much an accepted row takes in the staging file, on average."""
        return self.path.stat().st_size // max(self.accepted, 1)

    @contextmanager
    def opened(self) -> Iterator[pa.ipc.RecordBatchFileReader]:
        """Yield the staging file to fetch batches from; what is not looked at is not read."""
        with pa.memory_map(str(self.path)) as source, pa.ipc.open_file(source) as file:
            yield file

    def told(self, value: str, *columns: str) -> str:
        """Return a value of some columns as a sentence may tell it."""
        return HIDDEN if self.closed.intersection(columns) else value

    @property
    def missing_columns(self) -> tuple[str, ...]:
        """Declared columns that no row of the answer had; empty when there were no rows to judge by."""
        if not self.seen:
            return ()
        return tuple(column.source_name for column in self.schema.columns if column.source_name not in self.seen)

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Columns of the answer that are neither declared nor knowingly ignored."""
        return tuple(sorted(self.seen - self.declared - self.ignored - {""}))

    @property
    def declared(self) -> set[str]:
        """The names that the schema gives the columns at the platform."""
        return {column.source_name for column in self.schema.columns}


def read_batches(path: Path, shape: pa.Schema, names: Sequence[str], batches: range | None) -> Iterator[pa.RecordBatch]:
    options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=[shape.get_field_index(name) for name in names])
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source, options=options) as file:
        for number in range(file.num_record_batches) if batches is None else batches:
            yield file.get_batch(number).select(list(names))


@contextmanager
def open_staging(path: Path, schema: Schema) -> Iterator[pa.ipc.RecordBatchFileWriter]:
    """Open a staging file for writing: read a few times and then removed, so that packing it would cost more than it saves."""
    shape = staging_schema(schema)
    with pa.OSFile(str(path), "wb") as target, pa.ipc.new_file(target, shape) as file:
        yield file


class Order:
    """Tells whether rows came in the order of a snapshot (``is_kept``), and with keys that all differ (``is_strict``).

    Then they need neither be sorted nor looked through for repeated keys.
    """

    def __init__(self, schema: Schema) -> None:
        self.names = list(schema.sorted_by or schema.key)
        self.is_kept = True
        self.is_strict = bool(schema.key) and set(self.names) <= set(schema.key)
        self.last: pa.Table | None = None

    def add(self, table: pa.Table) -> None:
        if not self.is_kept or not self.names:
            return
        rows = table.select(self.names)
        if self.last is not None:
            rows = pa.concat_tables([self.last, rows])
        self.last = rows.slice(rows.num_rows - 1)
        equal, less = True, False
        for column in rows.columns:
            if column.null_count:
                self.is_kept = self.is_strict = False
                return
            before, after = column.slice(0, rows.num_rows - 1), column.slice(1)
            less = pc.or_(less, pc.and_(equal, pc.less(before, after)))
            equal = pc.and_(equal, pc.equal(before, after))
        self.is_strict = self.is_strict and holds(less)
        self.is_kept = holds(pc.or_(less, equal))
        self.is_strict = self.is_strict and self.is_kept


def holds(statement: pa.ChunkedArray) -> bool:
    return pc.all(statement, min_count=0).as_py()


def discard(staged: Staged) -> None:
    """Remove the staging files."""
    staged.path.unlink(missing_ok=True)
    staged.refused_path.unlink(missing_ok=True)


class RefusedFile:
    """Writes refused records as compressed JSON lines: row number, reason, column, value, the raw record."""

    def __init__(self, staged: Staged, *, samples: int = 5) -> None:
        self.staged = staged
        self.samples = samples

    def __enter__(self) -> Self:
        self.target = self.staged.refused_path.open("ab")
        self.file = gzip.GzipFile("", "ab", 6, self.target, mtime=0)  # no name and no time: equal records, equal bytes
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        self.target.close()

    def write(self, number: int, code: str, column: str, value: str, raw: object) -> None:
        value = value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
        entry = {
            "row": number,
            "reason": code,
            "column": column,
            "value": value,
            "sentence": explain(code, value).as_dict(),
            "record": raw if isinstance(raw, Mapping) else {"fields": raw},
        }
        self.file.write(dump_json(entry) + b"\n")
        self.staged.refused += 1
        self.staged.reasons[code, column] += 1
        kept = self.staged.samples.setdefault((code, column), [])
        if len(kept) < self.samples:
            kept.append({"row": number, "value": value})


def dump_json(value: object) -> bytes:
    """Write JSON fast; numbers beyond 64 bits and broken text, which the fast way refuses, slowly and escaped."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return json.dumps(value, default=str).encode()
