"""The columns of an answer: the engine's types as the hub's, so that every encoder can write them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalog.errors import BadSql
from catalog.records.parsers import PARSERS
from catalog.records.schema import Column, Geometry, Schema
from catalog.records.sql.refusal import bad_sql
from catalog.text import Text

NINE_HOURS = pa.scalar(9 * 3_600_000_000, pa.duration("us"))
DAYS = (-719_162, 2_932_896)  # the years 1 to 9999, in days of 1970
MOMENTS = (-62_135_596_800_000_000, 253_402_268_399_999_999)  # the same in microseconds, in UTC and in Korea
MICROSECOND = pa.timestamp("us")


@dataclass(frozen=True)
class AnswerSchema(Schema):
    """The columns of an answer, named as the caller likes; a published schema has stricter names."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})


@dataclass(frozen=True)
class Shape:
    """What becomes of an engine's type: the hub's type, and how the values change."""

    type: str
    change: Callable[[pa.Array, str], pa.Array]


def answer_schema(columns: pa.Schema) -> AnswerSchema:
    """Return the schema of an answer; a column of a type that the hub does not have is refused."""
    names = list(distinct_names(columns.names))
    shaped = [Column(name, shape_of(field).type) for name, field in zip(names, columns, strict=True)]
    return AnswerSchema(columns=tuple(shaped), geometry=find_geometry(shaped), is_answer=True)


def shaped_batch(batch: pa.RecordBatch, schema: AnswerSchema) -> pa.RecordBatch:
    """Return a batch with the hub's types and the answer's names."""
    columns = [
        shape_of(field).change(values, column.name)
        for field, values, column in zip(batch.schema, batch.columns, schema.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(schema))


def arrow_schema(schema: AnswerSchema) -> pa.Schema:
    return pa.schema((column.name, PARSERS[column.type].arrow) for column in schema.columns)


def distinct_names(names: Sequence[str]) -> Iterator[str]:
    """Yield the names, those that have been there (in any case) with a number."""
    taken: set[str] = set()
    for name in names:
        chosen, number = name, 2
        while chosen.lower() in taken:
            chosen, number = f"{name}_{number}", number + 1
        taken.add(chosen.lower())
        yield chosen


def find_geometry(columns: Sequence[Column]) -> Geometry | None:
    """Return where the records of an answer lie: its first geometry, else ``longitude`` and ``latitude``."""
    shapes = [column.name for column in columns if column.type == "geometry"]
    if shapes:
        return Geometry(column=shapes[0])
    numbers = {column.name for column in columns if column.type == "number"}
    return Geometry(longitude="longitude", latitude="latitude") if {"longitude", "latitude"} <= numbers else None


def shape_of(field: pa.Field) -> Shape:
    kind = field.type
    for fits, shape in SHAPES:
        if fits(kind):
            return shape
    raise bad_sql(
        Text(
            ko=f"'{field.name}' 열의 유형({kind})은 답할 수 없습니다. 목록이나 행 대신 값 하나가 되게 하십시오",
            en=f"the column '{field.name}' has the type {kind}, which no answer has; make it one value, not a list or a row",
        )
    )


def whole_numbers(values: pa.Array, name: str) -> pa.Array:
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise bad_sql(
            Text(
                ko=f"'{name}' 열에 64비트를 넘는 정수가 있습니다. CAST(… AS DOUBLE)로 바꾸십시오",
                en=f"the column '{name}' holds whole numbers beyond 64 bits; use CAST(… AS DOUBLE)",
            )
        ) from error


def numbers(values: pa.Array, name: str) -> pa.Array:
    """Return floating-point numbers; infinite ones and what is no number become empty, as in published records."""
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.string())  # read from text a number is the nearest one; cast it may be the one beside
    found = values.cast(pa.float64())
    return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))


def days(values: pa.Array, name: str) -> pa.Array:
    found = values.cast(pa.date32())
    require_within(found.cast(pa.int32()), DAYS, name)
    return found


def moments(values: pa.Array, name: str) -> pa.Array:
    found = as_microseconds(values, name)
    require_within(found.cast(pa.int64()), MOMENTS, name)
    return found.cast(pa.timestamp("us", tz="UTC")).cast(PARSERS["datetime"].arrow)


def local_moments(values: pa.Array, name: str) -> pa.Array:
    """Return moments of times without an offset, which are Korean."""
    found = as_microseconds(values, name)
    require_within(found.cast(pa.int64()), MOMENTS, name)
    return moments(pc.subtract(found, NINE_HOURS), name)


def as_microseconds(values: pa.Array, name: str) -> pa.Array:
    try:
        plain = values.cast(pa.timestamp(values.type.unit))
        return plain.cast(MICROSECOND, safe=values.type.unit != "ns")
    except pa.ArrowInvalid as error:
        raise out_of_time(name) from error


def require_within(values: pa.Array, limits: tuple[int, int], name: str) -> None:
    found = pc.min_max(values).as_py()
    if found["min"] is not None and not limits[0] <= found["min"] <= found["max"] <= limits[1]:
        raise out_of_time(name)


def out_of_time(name: str) -> BadSql:
    return bad_sql(
        Text(
            ko=f"'{name}' 열에 1년부터 9999년까지를 벗어난 때가 있습니다",
            en=f"the column '{name}' holds times outside the years 1 to 9999",
        )
    )


def times_of_day(values: pa.Array, name: str) -> pa.Array:
    """Return times as published records have them: with seconds only where there are some."""
    texts = [None if value is None else value.isoformat() for value in values.to_pylist()]
    return pa.array(
        [text and text.removesuffix(":00") if text and len(text) == 8 else text for text in texts], pa.string()
    )


def texts(values: pa.Array, name: str) -> pa.Array:
    return values.cast(pa.string())


def geometries(values: pa.Array, name: str) -> pa.Array:
    found = values.cast(pa.binary())
    try:
        shapely.from_wkb(np.array(found.to_pylist(), dtype=object))
    except shapely.GEOSException as error:
        raise bad_sql(
            Text(ko=f"'{name}' 열은 도형이 아닙니다", en=f"the column '{name}' is no geometry any more")
        ) from error
    return found


def durations(values: pa.Array, name: str) -> pa.Array:
    """Return intervals as ISO 8601 durations."""
    return pa.array([None if value is None else iso_duration(*value) for value in values.to_pylist()], pa.string())


def iso_duration(months: int, days: int, nanoseconds: int) -> str:
    """Write an interval; each part has its own sign, as the engine keeps them apart."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    whole_years = abs(months) // 12 * (1 if months >= 0 else -1)
    left = months - whole_years * 12
    date = "".join(f"{number}{unit}" for number, unit in ((whole_years, "Y"), (left, "M"), (days, "D")) if number)
    time = "".join(f"{sign}{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction:
        time += f"{sign}{seconds}{fraction}S"
    return f"P{date}{'T' if time else ''}{time}" if date or time else "PT0S"


def is_whole_decimal(kind: pa.DataType) -> bool:
    return pa.types.is_decimal(kind) and kind.scale == 0


def is_local(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is None


SHAPES: Sequence[tuple[Callable[[pa.DataType], bool], Shape]] = (
    (pa.types.is_boolean, Shape("boolean", lambda values, name: values)),
    (pa.types.is_integer, Shape("integer", whole_numbers)),
    (is_whole_decimal, Shape("integer", whole_numbers)),
    (pa.types.is_decimal, Shape("number", numbers)),
    (pa.types.is_floating, Shape("number", numbers)),
    (pa.types.is_date, Shape("date", days)),
    (is_local, Shape("datetime", local_moments)),
    (pa.types.is_timestamp, Shape("datetime", moments)),
    (pa.types.is_time, Shape("time", times_of_day)),
    (lambda kind: kind == pa.month_day_nano_interval(), Shape("string", durations)),
    (
        lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind),
        Shape("string", texts),
    ),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), Shape("geometry", geometries)),
)
