"""From what a platform said (dictionaries of text) to typed rows, with every refused row kept and its reason.

One table (``PARSERS``) says how each type is read. Rows travel in blocks through the columnar engine; typed rows go to
a staging file on disk, refused ones to another, so memory stays flat whatever the size. Nothing is published here: see
``validate.py`` and ``snapshot.py``.
"""

import gzip
import itertools
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


KOREA = Area(west=124.0, south=33.0, east=132.0, north=39.0)


@dataclass(frozen=True)
class UnreadableRow:
    """A row that never became a dictionary (a CSV line with too many fields, say)."""

    code: str
    raw: object


@dataclass(frozen=True)
class Parser:
    """How a text (``@`` stands for it) becomes a typed value, the type's name in files, and the reason when it cannot.

    ``clean`` is done to the text first; ``form`` is the Unicode form (NFKC turns full-width digits to plain ones).
    """

    sql: str
    arrow: pa.DataType
    reason: str
    clean: str = "@"
    form: str = "NFC"


DIGITS = r"[+-]?(\d{1,3}(,\d{3})+|\d+)"
NUMBER = r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
DATETIME_FORMATS = [
    f"{day}{between}{time}"
    for day, between, times in (
        ("%Y%m%d", "", ("%H%M%S", "%H%M")),
        ("%Y%m%d", " ", ("%H:%M:%S", "%H:%M", "%H%M")),
        ("%Y-%m-%d", " ", ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M")),
        ("%Y-%m-%d", "T", ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M")),
        ("%Y-%m-%d", "_", ("%H:%M:%S", "%H:%M")),
        ("%Y/%m/%d", " ", ("%H:%M:%S", "%H:%M")),
        ("%Y.%m.%d", " ", ("%H:%M:%S", "%H:%M")),
    )
    for time in times
]
FORMATS_SQL = "[" + ", ".join(f"'{pattern}'" for pattern in DATETIME_FORMATS) + "]"

PARSERS: Mapping[str, Parser] = {
    "string": Parser(sql="@", arrow=pa.string(), reason=""),
    "integer": Parser(
        sql=rf"CASE WHEN regexp_full_match(@, '{DIGITS}(\.0*)?') "
        r"THEN try_cast(regexp_replace(replace(@, ',', ''), '\.0*$', '') AS BIGINT) END",
        arrow=pa.int64(),
        reason="not-integer",
        form="NFKC",
    ),
    "number": Parser(
        sql=f"CASE WHEN regexp_full_match(@, '{NUMBER}') THEN try_cast(replace(@, ',', '') AS DOUBLE) END",
        arrow=pa.float64(),
        reason="not-number",
        form="NFKC",
    ),
    "boolean": Parser(
        clean="lower(@)",
        sql="CASE WHEN @ IN ('true', 't', 'y', 'yes', '1', '예', 'o') THEN true "
        "WHEN @ IN ('false', 'f', 'n', 'no', '0', '아니오', 'x') THEN false END",
        arrow=pa.bool_(),
        reason="not-boolean",
    ),
    "date": Parser(
        sql=r"CASE WHEN regexp_full_match(@, '\d{8}') THEN try_strptime(@, '%Y%m%d')::DATE "
        r"WHEN regexp_full_match(@, '\d{4}[-./]\d{1,2}[-./]\d{1,2}\.?') "
        r"THEN try_cast(regexp_replace(@, '^(\d+)[-./](\d+)[-./](\d+)\.?$', '\1-\2-\3') AS DATE) END",
        arrow=pa.date32(),
        reason="not-date",
    ),
    "datetime": Parser(
        clean=r"regexp_replace(@, ',(\d{3})', '.\1')",
        sql=r"CASE WHEN regexp_matches(@, '\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$') "
        r"THEN try_cast(regexp_replace(@, '([+-]\d{2})(\d{2})$', '\1:\2') AS TIMESTAMPTZ) "
        r"WHEN regexp_matches(@, '\D24:?00(:?00)?$|^\d{8}2400(00)?$') THEN timezone('Asia/Seoul', try_strptime("
        rf"regexp_replace(@, '24(:?00(:?00)?)$', '00\1'), {FORMATS_SQL}) + INTERVAL 1 DAY) "
        rf"ELSE timezone('Asia/Seoul', try_strptime(@, {FORMATS_SQL})) END",
        arrow=pa.timestamp("us", tz="Asia/Seoul"),
        reason="not-datetime",
    ),
    "time": Parser(
        sql=r"CASE WHEN regexp_full_match(@, '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?') OR @ IN ('24:00', '24:00:00') "
        r"THEN CASE WHEN @[2] = ':' THEN '0' || @ ELSE @ END END",
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
    """
    limits.spool.mkdir(parents=True, exist_ok=True)
    stem = limits.spool / f"staged-{uuid.uuid4().hex}"
    staged = Staged(
        schema=schema,
        path=stem.with_suffix(".parquet"),
        refused_path=stem.with_suffix(".ndjson.gz"),
        ignored=frozenset(ignore),
    )
    question = typing_question(schema, area)
    with (
        connect((limits.spool,), limits) as cursor,
        pq.ParquetWriter(staged.path, staging_schema(schema), compression="zstd", compression_level=1) as accepted,
        RefusedFile(staged) as refused,
    ):
        for number, block in enumerate(blocks(rows)):
            tabulate_block(block, number * BLOCK_ROWS, staged, question, cursor, accepted, refused, area)
    return staged


def discard(staged: Staged) -> None:
    """Remove the staging files."""
    staged.path.unlink(missing_ok=True)
    staged.refused_path.unlink(missing_ok=True)


def blocks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while block := list(itertools.islice(iterator, BLOCK_ROWS)):
        yield block


def tabulate_block(
    block: Sequence[Mapping[str, object] | UnreadableRow],
    before: int,
    staged: Staged,
    question: str,
    cursor: duckdb.DuckDBPyConnection,
    accepted: pq.ParquetWriter,
    refused: "RefusedFile",
    area: Area | None,
) -> None:
    staged.rows += len(block)
    readable: list[Mapping[str, object]] = []
    numbers: list[int] = []
    for number, row in enumerate(block, start=before + 1):
        if isinstance(row, UnreadableRow):
            refused.write(number, row.code, "", "", row.raw)
        else:
            readable.append(row)
            numbers.append(number)
    staged.seen.update(*readable)
    if not readable:
        return
    texts = {"_n": pa.array(range(len(readable)), pa.int64())}
    for position, column in enumerate(staged.schema.columns):
        name = column.source_name
        texts[f"t{position}"] = text_array([row.get(name) for row in readable], PARSERS[column.type].form)
    cursor.register("_block", pa.table(texts))
    typed = cursor.sql(question, params=typing_parameters(staged.schema)).to_arrow_table()
    cursor.unregister("_block")
    typed, misplaced = place(typed, staged.schema, area)
    reasons = merge_reasons(typed.column("_reason").to_pylist(), misplaced)
    good = pa.array([reason is None for reason in reasons])
    for index, reason in enumerate(reasons):
        if reason is not None:
            code, name = reason
            row = readable[index]
            refused.write(numbers[index], code, name, offending_value(row, staged.schema, name), row)
    typed = typed.append_column(ROW, pa.array(numbers, pa.int64())).filter(good)
    staged.accepted += typed.num_rows
    accepted.write_table(typed.select(staging_schema(staged.schema).names).cast(staging_schema(staged.schema)))


def text_array(values: list[object], form: str) -> pa.Array:
    """Return the values as trimmed text in a Unicode form; dictionaries (geometries) become JSON text."""
    array = pa.array(
        [value if value is None or type(value) is str else as_text(value) for value in values], pa.string()
    )
    return pc.utf8_trim_whitespace(pc.utf8_normalize(array, form=form))


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return orjson.dumps(value).decode()
    return str(value)


def typing_question(schema: Schema, area: Area | None) -> str:
    """Return the statement that types one block; values of the schema (lists, limits) are parameters."""
    present, parsed, checks = [], [], []
    for position, column in enumerate(schema.columns):
        parser, t = PARSERS[column.type], f"t{position}"
        cleaned = parser.clean.replace("@", t)
        present.append(f"CASE WHEN list_contains($missing_{position}, {t}) THEN NULL ELSE {cleaned} END AS {t}")
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
    if parser.reason and column.type != "geometry":
        checks.append((f"{t} IS NOT NULL AND {v} IS NULL", parser.reason, position))
    if required:
        checks.append((f"{t} IS NULL", "missing-value", position))
    if column.enum:
        checks.append((f"{t} IS NOT NULL AND NOT list_contains($enum_{position}, {t})", "not-in-list", position))
    if column.minimum is not None:
        checks.append((f"{v} < $minimum_{position}", "below-minimum", position))
    if column.maximum is not None:
        checks.append((f"{v} > $maximum_{position}", "above-maximum", position))
    return checks


def typing_parameters(schema: Schema) -> dict[str, object]:
    parameters: dict[str, object] = {}
    for position, column in enumerate(schema.columns):
        parameters[f"missing_{position}"] = list(schema.missing_of(column))
        if column.enum:
            parameters[f"enum_{position}"] = list(column.enum)
        if column.minimum is not None:
            parameters[f"minimum_{position}"] = column.minimum
        if column.maximum is not None:
            parameters[f"maximum_{position}"] = column.maximum
    return parameters


Reason = tuple[str, str] | None


def merge_reasons(typed: list[str | None], misplaced: Mapping[int, tuple[str, str]]) -> list[Reason]:
    """Put a row's first reason together: a bad value comes before a bad place."""
    return [misplaced.get(index) if reason is None else split_reason(reason) for index, reason in enumerate(typed)]


def split_reason(reason: str) -> tuple[str, str]:
    code, _, position = reason.rpartition(":")
    return code, position


def place(typed: pa.Table, schema: Schema, area: Area | None) -> tuple[pa.Table, dict[int, tuple[str, str]]]:
    """Bring places to WGS 84 and return the rows whose place is wrong, with the reason."""
    if schema.geometry is None:
        return typed, {}
    if schema.geometry.is_point:
        return place_points(typed, schema, schema.geometry, area)
    return place_geometries(typed, schema, schema.geometry, area)


def place_points(
    typed: pa.Table, schema: Schema, geometry: Geometry, area: Area | None
) -> tuple[pa.Table, dict[int, tuple[str, str]]]:
    x, y = (
        typed.column(name).to_numpy(zero_copy_only=False).astype(float)
        for name in (geometry.longitude, geometry.latitude)
    )
    half = np.isnan(x) != np.isnan(y)
    if geometry.crs != "EPSG:4326":
        x, y = to_wgs84(x, y, geometry.crs)
        typed = replace_column(typed, geometry.longitude, pa.array(x, pa.float64(), from_pandas=True))
        typed = replace_column(typed, geometry.latitude, pa.array(y, pa.float64(), from_pandas=True))
    wrong = dict.fromkeys(
        np.flatnonzero(half).tolist(), ("half-coordinate", str(schema.names.index(geometry.longitude)))
    )
    if area is not None:
        outside = ~np.isnan(x) & ~np.isnan(y) & ~inside(x, y, area)
        swapped = outside & inside(y, x, area)
        column = str(schema.names.index(geometry.longitude))
        for index in np.flatnonzero(outside).tolist():
            wrong[index] = ("swapped-coordinates" if swapped[index] else "outside-area", column)
    return typed, wrong


def inside(x: np.ndarray, y: np.ndarray, area: Area) -> np.ndarray:
    return (area.west <= x) & (x <= area.east) & (area.south <= y) & (y <= area.north)


def to_wgs84(x: np.ndarray, y: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Transform projected coordinates (x east, y north, metres) to degrees; NaN stays NaN."""
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform(x, y)
    unknown = np.isnan(x) | np.isnan(y)
    nowhere = ~unknown & ~(np.isfinite(longitude) & np.isfinite(latitude))
    return tuple(np.where(unknown, np.nan, np.where(nowhere, 0.0, degrees)) for degrees in (longitude, latitude))


def place_geometries(
    typed: pa.Table, schema: Schema, geometry: Geometry, area: Area | None
) -> tuple[pa.Table, dict[int, tuple[str, str]]]:
    texts = typed.column(geometry.column).to_pylist()
    shapes = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    if geometry.crs != "EPSG:4326":
        transformer = pyproj.Transformer.from_crs(geometry.crs, "EPSG:4326", always_xy=True)
        shapes = shapely.transform(
            shapes, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
        )
    bounds = shapely.bounds(shapes)
    column = str(schema.names.index(geometry.column))
    wrong: dict[int, tuple[str, str]] = {}
    for index, (text, shape) in enumerate(zip(texts, shapes, strict=True)):
        if text is not None and shape is None:
            wrong[index] = ("not-geometry", column)
    if area is not None:
        known = ~np.isnan(bounds[:, 0])
        fits = inside(bounds[:, 0], bounds[:, 1], area) & inside(bounds[:, 2], bounds[:, 3], area)
        wrong |= dict.fromkeys(np.flatnonzero(known & ~fits).tolist(), ("outside-area", column))
    typed = replace_column(typed, geometry.column, pa.array(shapely.to_wkb(shapes), pa.binary()))
    for position, name in enumerate(BOUNDS):
        typed = typed.append_column(name, pa.array(bounds[:, position], pa.float64(), from_pandas=True))
    return typed, wrong


def replace_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def offending_value(row: Mapping[str, object], schema: Schema, position: str) -> str:
    """Return the refused value as it came, at most 200 characters of it; for a place both coordinates."""
    column = schema.columns[int(position)]
    geometry = schema.geometry
    if geometry and geometry.is_point and column.name == geometry.longitude:
        parts = [row.get(schema[name].source_name) for name in (geometry.latitude, geometry.longitude)]
        return ", ".join("" if part is None else str(part) for part in parts)[:200]
    value = row.get(column.source_name)
    return "" if value is None else as_text(value)[:200]


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
        self.file = gzip.GzipFile(self.staged.refused_path, "ab", mtime=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def write(self, number: int, code: str, position: str, value: str, raw: object) -> None:
        column = self.staged.schema.columns[int(position)].name if position else ""
        self.write_named(number, code, column, value, raw)

    def write_named(self, number: int, code: str, column: str, value: str, raw: object) -> None:
        sentence = explain(code, value)
        entry = {
            "row": number,
            "reason": code,
            "column": column,
            "value": value,
            "sentence": sentence.as_dict(),
            "record": raw if isinstance(raw, Mapping) else {"fields": raw},
        }
        self.file.write(orjson.dumps(entry, default=str, option=orjson.OPT_APPEND_NEWLINE))
        self.staged.refused += 1
        self.staged.reasons[code, column] += 1
        kept = self.staged.samples.setdefault((code, column), [])
        if len(kept) < self.samples:
            kept.append({"row": number, "value": value})
