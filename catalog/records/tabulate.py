"""From what a platform said (dictionaries of text) to typed rows, with every refused row kept and its reason.

One table (``PARSERS``) says how each type is read. Rows travel in blocks through the columnar engine; typed rows go to
a staging file on disk, refused ones to another, so memory stays flat whatever the size. Nothing is published here: see
``validate.py`` and ``snapshot.py``.
"""

import gzip
import itertools
import json
import unicodedata
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely

from catalog.records.engine import Limits, connect, identifier
from catalog.records.reasons import explain
from catalog.records.schema import Column, Geometry, Schema

BLOCK_ROWS = 20_000
ROW = "_row"
BOUNDS = ("_xmin", "_ymin", "_xmax", "_ymax")


@dataclass(frozen=True)
class Area:
    """A box in degrees of WGS 84 that coordinates must lie in."""

    west: float
    south: float
    east: float
    north: float


EARTH = Area(west=-180.0, south=-90.0, east=180.0, north=90.0)
KOREA = Area(west=124.0, south=33.0, east=132.0, north=39.0)


@dataclass(frozen=True)
class UnreadableRow:
    """A row that never became a dictionary (a CSV line with too many fields, say)."""

    code: str
    raw: object


@dataclass(frozen=True)
class Parser:
    """How a text (``@`` stands for it) becomes a typed value, the type's name in files, and the reason when it cannot.

    ``valid`` is what else must hold for a value (``@``); ``form`` is the Unicode form of the text (NFKC turns full-width
    digits to plain ones).
    """

    sql: str
    arrow: pa.DataType
    reason: str
    valid: str = ""
    form: str = "NFKC"


DIGITS = r"[+-]?(\d{1,3}(,\d{3})+|\d+)"
NUMBER = r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
DAY = r"(\d{4})[-./] ?(\d\d?)[-./] ?(\d\d?)\.?"
OFFSET = r" ?(Z|[+-]\d\d(?::?\d\d)?)?"
# What the engine reads by itself, then (shape, the same written as the engine reads it). Without an offset it is Korean
# Standard Time, the engine's own (see engine.py), which also reads 24:00 as the next midnight.
ISO_DATETIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?"
DATETIME_SHAPES = (
    (rf"(\d{{4}})(\d\d)(\d\d)[ T]?(\d\d)(\d\d)(\d\d){OFFSET}", r"\1-\2-\3 \4:\5:\6\7"),
    (rf"(\d{{4}})(\d\d)(\d\d)[ T]?(\d\d)(\d\d){OFFSET}", r"\1-\2-\3 \4:\5\6"),
    (rf"(\d{{4}})(\d\d)(\d\d)[ T_](\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?){OFFSET}", r"\1-\2-\3 \4\5"),
    (rf"{DAY}[ T_](\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?){OFFSET}", r"\1-\2-\3 \4\5"),
)


def datetime_sql() -> str:
    cases = [f"WHEN regexp_full_match(@, '{ISO_DATETIME}') THEN try_cast(@ AS TIMESTAMPTZ)"]
    cases += [
        f"WHEN regexp_full_match(@, '{shape}') "
        f"THEN try_cast(replace(regexp_replace(@, '^{shape}$', '{written}'), ',', '.') AS TIMESTAMPTZ)"
        for shape, written in DATETIME_SHAPES
    ]
    return f"CASE {' '.join(cases)} END"


# The years 1 to 9999, in UTC and in Korea: what dates in Python can hold.
DATES = "@ >= DATE '0001-01-01'"
MOMENTS = "@ BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 14:59:59.999999+00'"

PARSERS: Mapping[str, Parser] = {
    "string": Parser(sql="@", arrow=pa.string(), reason="not-text", valid="NOT contains(@, chr(0))", form="NFC"),
    "integer": Parser(
        sql=rf"CASE WHEN regexp_full_match(@, '{DIGITS}(\.0*)?') "
        r"THEN try_cast(regexp_replace(replace(@, ',', ''), '\.0*$', '') AS BIGINT) END",
        arrow=pa.int64(),
        reason="not-integer",
    ),
    "number": Parser(
        sql=f"CASE WHEN regexp_full_match(@, '{NUMBER}') THEN try_cast(replace(@, ',', '') AS DOUBLE) END",
        arrow=pa.float64(),
        reason="not-number",
        valid="isfinite(@)",
    ),
    "boolean": Parser(
        sql="CASE WHEN lower(@) IN ('true', 't', 'y', 'yes', '1', '예', 'o') THEN true "
        "WHEN lower(@) IN ('false', 'f', 'n', 'no', '0', '아니오', 'x') THEN false END",
        arrow=pa.bool_(),
        reason="not-boolean",
    ),
    "date": Parser(
        sql=r"CASE WHEN regexp_full_match(@, '\d{8}') THEN try_strptime(@, '%Y%m%d')::DATE "
        rf"WHEN regexp_full_match(@, '{DAY}([ T]00:00(:00(\.0+)?)?)?') "
        rf"THEN try_cast(regexp_replace(@, '^{DAY}.*$', '\1-\2-\3') AS DATE) END",
        arrow=pa.date32(),
        reason="not-date",
        valid=DATES,
    ),
    "datetime": Parser(
        sql=datetime_sql(), arrow=pa.timestamp("us", tz="Asia/Seoul"), reason="not-datetime", valid=MOMENTS
    ),
    # Written one way only (two digits, seconds only when there are some), so that equal times are equal texts.
    "time": Parser(
        sql=r"CASE WHEN regexp_full_match(@, '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?') "
        r"THEN regexp_replace(CASE WHEN @[2] = ':' THEN '0' || @ ELSE @ END, '^(.....):00$', '\1') END",
        arrow=pa.string(),
        reason="not-time",
    ),
    "geometry": Parser(sql="@", arrow=pa.binary(), reason="not-geometry"),
}


@dataclass
class Staged:
    """Typed rows on disk, not yet published, and the account of what was refused.

    ``rows`` counts what came, ``accepted`` and ``refused`` what became of it: always ``rows = accepted + refused``.
    ``reasons`` counts (reason, column); ``samples`` keeps the first few refused values of each.
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

    @property
    def missing_columns(self) -> tuple[str, ...]:
        """Declared columns that no row of the answer had; empty when there were no rows to judge by."""
        if not self.seen:
            return ()
        return tuple(column.source_name for column in self.schema.columns if column.source_name not in self.seen)

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Columns of the answer that are neither declared nor knowingly ignored."""
        declared = {column.source_name for column in self.schema.columns}
        return tuple(sorted(self.seen - declared - self.ignored - {""}))


def tabulate(
    rows: Iterable[Mapping[str, object] | UnreadableRow],
    schema: Schema,
    *,
    limits: Limits,
    area: Area | None = KOREA,
    ignore: Collection[str] = (),
) -> Staged:
    """Type all rows, write them to a staging file in ``limits.spool`` and return the account.

    The caller removes the two files when done (``discard``). An answer of any size needs one block of memory.
    Without an ``area`` places may lie anywhere on Earth.
    """
    limits.spool.mkdir(parents=True, exist_ok=True)
    stem = limits.spool / f"staged-{uuid.uuid4().hex}"
    staged = Staged(
        schema=schema,
        path=stem.with_suffix(".parquet"),
        refused_path=stem.with_suffix(".ndjson.gz"),
        ignored=frozenset(ignore),
    )
    try:
        with (
            connect((limits.spool,), limits) as cursor,
            pq.ParquetWriter(staged.path, staging_schema(schema), compression="zstd", compression_level=1) as accepted,
            RefusedFile(staged) as refused,
        ):
            typist = Typist(staged, cursor, accepted, refused, area)
            for block in blocks(rows):
                typist.write(block)
    except BaseException:
        discard(staged)
        raise
    return staged


def discard(staged: Staged) -> None:
    """Remove the staging files."""
    staged.path.unlink(missing_ok=True)
    staged.refused_path.unlink(missing_ok=True)


def blocks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while block := list(itertools.islice(iterator, BLOCK_ROWS)):
        yield block


class Typist:
    """Types one block after the other: what can be read goes to ``accepted``, the rest to ``refused``."""

    def __init__(
        self,
        staged: Staged,
        cursor: duckdb.DuckDBPyConnection,
        accepted: pq.ParquetWriter,
        refused: "RefusedFile",
        area: Area | None,
    ) -> None:
        self.staged, self.cursor, self.accepted, self.refused, self.area = staged, cursor, accepted, refused, area
        self.question = typing_question(staged.schema)
        self.parameters = typing_parameters(staged.schema)

    def write(self, block: Sequence[Mapping[str, object] | UnreadableRow]) -> None:
        try:
            readable = [row for row in block if type(row) is not UnreadableRow]
            texts = text_table(readable, self.staged.schema)
        except UnicodeEncodeError:  # half a surrogate pair is no text
            block = [row if is_text(row, self.staged.schema) else UnreadableRow("not-text", row) for row in block]
            readable = [row for row in block if type(row) is not UnreadableRow]
            texts = text_table(readable, self.staged.schema)
        first = self.staged.rows + 1
        numbers = range(first, first + len(block))
        if len(readable) < len(block):
            self.refuse_unreadable(block, numbers)
            numbers = [number for number, row in zip(numbers, block, strict=True) if type(row) is not UnreadableRow]
        self.staged.rows += len(block)
        self.staged.seen.update(*readable)
        if readable:
            self.write_readable(readable, numbers, texts)

    def refuse_unreadable(self, block: Sequence[object], numbers: Iterable[int]) -> None:
        for number, row in zip(numbers, block, strict=True):
            if isinstance(row, UnreadableRow):
                self.refused.write(number, row.code, "", "", row.raw)

    def write_readable(self, rows: Sequence[Mapping[str, object]], numbers: Sequence[int], texts: pa.Table) -> None:
        schema = self.staged.schema
        self.cursor.register("_block", texts)
        typed = self.cursor.sql(self.question, params=self.parameters).to_arrow_table()
        self.cursor.unregister("_block")
        typed, misplaced = place(typed, schema, self.area)
        typed = typed.append_column(ROW, pa.array(numbers, pa.int64()))
        if wrong := reasons_of(typed.column("_reason"), misplaced):
            for index, (code, position) in sorted(wrong.items()):
                column, row = schema.columns[position], rows[index]
                self.refused.write(numbers[index], code, column.name, offending_value(row, schema, column), row)
            good = np.ones(typed.num_rows, dtype=bool)
            good[list(wrong)] = False
            typed = typed.filter(pa.array(good))
        self.staged.accepted += typed.num_rows
        self.accepted.write_table(typed.select(staging_schema(schema).names).cast(staging_schema(schema)))


def text_table(rows: Sequence[Mapping[str, object]], schema: Schema) -> pa.Table:
    """Return the declared columns of the rows as text; a column that a row does not have is null."""
    texts = {"_n": pa.array(np.arange(len(rows)))}
    for position, column in enumerate(schema.columns):
        name = column.source_name
        texts[f"t{position}"] = text_array([row.get(name) for row in rows], PARSERS[column.type].form)
    return pa.table(texts)


def text_array(values: Sequence[object], form: str) -> pa.Array:
    """Return the values as trimmed text in a Unicode form; dictionaries (geometries) become JSON text."""
    try:
        array = pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        array = pa.array([value if value is None else as_text(value) for value in values], pa.string())
    return pc.utf8_trim_whitespace(pc.utf8_normalize(array, form=form))


def as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return dump_json(value).decode()
    return str(value)


def is_text(row: Mapping[str, object] | UnreadableRow, schema: Schema) -> bool:
    """Tell whether every declared value of a row can be written as UTF-8."""
    if isinstance(row, UnreadableRow):
        return True
    try:
        for column in schema.columns:
            as_text(row.get(column.source_name)).encode()
    except UnicodeEncodeError:
        return False
    return True


def dump_json(value: object) -> bytes:
    """Write JSON fast; numbers beyond 64 bits and broken text, which the fast way refuses, slowly and escaped."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return json.dumps(value, default=str).encode()


def typing_question(schema: Schema) -> str:
    """Return the statement that types one block; values of the schema (lists, limits) are parameters."""
    present, parsed, checks = [], [], []
    for position, column in enumerate(schema.columns):
        parser, t = PARSERS[column.type], f"t{position}"
        present.append(f"CASE WHEN list_contains($missing_{position}, {t}) THEN NULL ELSE {t} END AS {t}")
        parsed.append(f"{parser.sql.replace('@', t)} AS v{position}")
        checks += column_checks(column, position, parser, required=column.required or column.name in schema.key)
    cases = " ".join(f"WHEN {condition} THEN '{code}:{position}'" for condition, code, position in checks)
    named = ", ".join(f"v{position} AS {identifier(column.name)}" for position, column in enumerate(schema.columns))
    return (
        f"WITH present AS (SELECT _n, {', '.join(present)} FROM _block), "
        f"parsed AS (SELECT *, {', '.join(parsed)} FROM present) "
        f"SELECT {named}, {f'CASE {cases} END' if cases else 'NULL::VARCHAR'} AS _reason FROM parsed ORDER BY _n"
    )


def column_checks(column: Column, position: int, parser: Parser, *, required: bool) -> list[tuple[str, str, int]]:
    """Return (condition, reason, position) of everything that may be wrong with a value of the column."""
    t, v = f"t{position}", f"v{position}"
    checks = []
    if column.type != "geometry":  # these are read in ``place``
        checks.append((f"{t} IS NOT NULL AND {v} IS NULL", parser.reason, position))
    if parser.valid:
        checks.append((f"NOT ({parser.valid.replace('@', v)})", parser.reason, position))
    if required:
        checks.append((f"{t} IS NULL", "missing-value", position))
    if column.enum:
        listed = f"list_contains($enum_{position}, {t}) OR list_contains($enum_{position}, {v}::VARCHAR)"
        checks.append((f"{t} IS NOT NULL AND NOT ({listed})", "not-in-list", position))
    if column.minimum is not None:
        checks.append((f"{v} < $minimum_{position}", "below-minimum", position))
    if column.maximum is not None:
        checks.append((f"{v} > $maximum_{position}", "above-maximum", position))
    return checks


def typing_parameters(schema: Schema) -> dict[str, object]:
    """Return the lists and limits of the schema; texts in the Unicode form of the values they are compared with."""
    parameters: dict[str, object] = {}
    for position, column in enumerate(schema.columns):
        form = PARSERS[column.type].form
        parameters[f"missing_{position}"] = [unicodedata.normalize(form, text) for text in schema.missing_of(column)]
        if column.enum:
            parameters[f"enum_{position}"] = [unicodedata.normalize(form, text) for text in column.enum]
        if column.minimum is not None:
            parameters[f"minimum_{position}"] = column.minimum
        if column.maximum is not None:
            parameters[f"maximum_{position}"] = column.maximum
    return parameters


Wrong = dict[int, tuple[str, int]]  # row of the block: (reason, position of the column)


def reasons_of(typed: pa.ChunkedArray, misplaced: Wrong) -> Wrong:
    """Return each refused row's first reason: a bad value comes before a bad place."""
    if typed.null_count == len(typed):
        return misplaced
    found = ((index, reason.rpartition(":")) for index, reason in enumerate(typed.to_pylist()) if reason is not None)
    return misplaced | {index: (code, int(position)) for index, (code, _, position) in found}


def place(typed: pa.Table, schema: Schema, area: Area | None) -> tuple[pa.Table, Wrong]:
    """Read geometries, bring places to WGS 84, and return the rows whose place is wrong, with the reason."""
    wrong: Wrong = {}
    for position, column in enumerate(schema.columns):
        if column.type == "geometry":
            typed, bad = place_geometries(typed, schema, position, area)
            wrong = bad | wrong
    if schema.geometry and schema.geometry.is_point:
        typed, bad = place_points(typed, schema, schema.geometry, area)
        wrong = bad | wrong
    return typed, wrong


def place_points(typed: pa.Table, schema: Schema, geometry: Geometry, area: Area | None) -> tuple[pa.Table, Wrong]:
    x, y = (
        typed.column(name).to_numpy(zero_copy_only=False).astype(float)
        for name in (geometry.longitude, geometry.latitude)
    )
    half = np.isnan(x) != np.isnan(y)
    if geometry.crs != "EPSG:4326":
        x, y = to_wgs84(x, y, geometry.crs)
        typed = replace_column(typed, geometry.longitude, pa.array(x, pa.float64(), from_pandas=True))
        typed = replace_column(typed, geometry.latitude, pa.array(y, pa.float64(), from_pandas=True))
    position = schema.names.index(geometry.longitude)
    wrong: Wrong = dict.fromkeys(np.flatnonzero(half).tolist(), ("half-coordinate", position))
    known = ~np.isnan(x) & ~np.isnan(y)
    return typed, wrong | find_misplaced(known, (x, y, x, y), area, position)


def find_misplaced(known: np.ndarray, box: Sequence[np.ndarray], area: Area | None, position: int) -> Wrong:
    """Return the known places (boxes: west, south, east, north) that do not lie in the area."""
    west, south, east, north = box
    lost = np.flatnonzero(known & ~(inside(west, south, area or EARTH) & inside(east, north, area or EARTH)))
    if area is None:
        return dict.fromkeys(lost.tolist(), ("no-place", position))
    swapped = inside(south, west, area) & inside(north, east, area)
    return {index: ("swapped-coordinates" if swapped[index] else "outside-area", position) for index in lost.tolist()}


def inside(x: np.ndarray, y: np.ndarray, area: Area) -> np.ndarray:
    return (area.west <= x) & (x <= area.east) & (area.south <= y) & (y <= area.north)


def to_wgs84(x: np.ndarray, y: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Transform projected coordinates (x east, y north, metres) to degrees; NaN stays NaN, nowhere is infinite."""
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform(x, y)
    unknown = np.isnan(x) | np.isnan(y)
    nowhere = ~unknown & ~(np.isfinite(longitude) & np.isfinite(latitude))
    return tuple(np.where(unknown, np.nan, np.where(nowhere, np.inf, degrees)) for degrees in (longitude, latitude))


def place_geometries(typed: pa.Table, schema: Schema, position: int, area: Area | None) -> tuple[pa.Table, Wrong]:
    """Turn a column of GeoJSON text into WKB; the schema's own geometry also gets its bounds and must lie in the area."""
    name = schema.columns[position].name
    texts = typed.column(name).to_pylist()
    with np.errstate(over="ignore"):
        shapes = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    geometry = schema.geometry
    if geometry and geometry.crs != "EPSG:4326":
        shapes = shapely.transform(
            shapes,
            lambda points: np.column_stack([*to_wgs84(points[:, 0], points[:, 1], geometry.crs), points[:, 2:]]),
            include_z=True,
        )
    given = np.array([text is not None for text in texts], dtype=bool)
    unread = given & (shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong: Wrong = dict.fromkeys(np.flatnonzero(unread).tolist(), ("not-geometry", position))
    typed = replace_column(typed, name, pa.array(shapely.to_wkb(shapes), pa.binary()))
    if geometry and geometry.column == name:
        bounds = shapely.bounds(shapes)
        wrong |= find_misplaced(given & ~unread, bounds.T, area, position)
        for side, bound in zip(BOUNDS, bounds.T, strict=True):
            typed = typed.append_column(side, pa.array(bound, pa.float64(), from_pandas=True))
    return typed, wrong


def replace_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def offending_value(row: Mapping[str, object], schema: Schema, column: Column) -> str:
    """Return the refused value as it came, at most 200 characters of it; for a place both coordinates."""
    geometry = schema.geometry
    columns = [column]
    if geometry and geometry.is_point and column.name == geometry.longitude:
        columns = [schema[geometry.latitude], schema[geometry.longitude]]
    values = [row.get(column.source_name) for column in columns]
    return ", ".join("" if value is None else as_text(value) for value in values)[:200]


def staging_schema(schema: Schema) -> pa.Schema:
    """Return the columns of a staging file: the row number in the answer, the typed columns, bounds of geometries."""
    fields = [pa.field(ROW, pa.int64())]
    fields += [pa.field(column.name, PARSERS[column.type].arrow) for column in schema.columns]
    if schema.geometry and not schema.geometry.is_point:
        fields += [pa.field(name, pa.float64()) for name in BOUNDS]
    return pa.schema(fields)


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
