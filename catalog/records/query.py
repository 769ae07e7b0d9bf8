"""The question: from request parameters to a frozen Query, and the one table of operators.

``column=value`` and ``column__operator=value`` filter; ``select``, ``order_by``, ``bbox``, ``datetime``, ``limit``,
``cursor`` and ``count`` shape the answer. Whatever is unknown is an error that lists what is allowed; nothing is ignored.
How a Query is answered is in ``run.py``.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.errors import BadCursor, BadValue, Unanswerable, UnknownColumn, UnknownOperator, UnknownParameter
from catalog.records.schema import Column, Schema
from catalog.text import Text

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000
KOREAN_TIME = dt.timezone(dt.timedelta(hours=9))  # the same through all years, see engine.py


@dataclass(frozen=True)
class Operator:
    """One comparison: its condition (``{c}`` the column, ``{v}`` the value), label, and the types it works on."""

    sql: str
    label: Text
    types: tuple[str, ...]
    example: str
    takes: str = "value"  # value, list or flag


ORDERED = ("integer", "number", "date", "datetime", "time", "string")
ANY = (*ORDERED, "boolean")
OPERATORS: Mapping[str, Operator] = {
    "eq": Operator("{c} = {v}", Text(ko="같다", en="equals"), ANY, "district=강남구"),
    "ne": Operator("{c} IS DISTINCT FROM {v}", Text(ko="다르다", en="differs"), ANY, "district__ne=강남구"),
    "gt": Operator("{c} > {v}", Text(ko="크다", en="greater than"), ORDERED, "pm10__gt=80"),
    "gte": Operator("{c} >= {v}", Text(ko="크거나 같다", en="at least"), ORDERED, "pm10__gte=80"),
    "lt": Operator("{c} < {v}", Text(ko="작다", en="less than"), ORDERED, "pm10__lt=30"),
    "lte": Operator("{c} <= {v}", Text(ko="작거나 같다", en="at most"), ORDERED, "observed_on__lte=2018-06-30"),
    "in": Operator("list_contains({v}, {c})", Text(ko="목록에 있다", en="is one of"), ANY, "line__in=1호선,2호선", takes="list"),
    "contains": Operator("contains(lower({c}), lower({v}))", Text(ko="글자를 포함한다", en="contains the text"), ("string",), "name__contains=주차"),
    "isnull": Operator("({c} IS NULL) = {v}", Text(ko="비어 있다", en="is empty"), (*ANY, "geometry"), "pm10__isnull=true", takes="flag"),
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One filter on one column; ``value`` is typed (a tuple for ``in``, a bool for ``isnull``)."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Order:
    column: str
    descending: bool = False


@dataclass(frozen=True)
class Box:
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins: after the record with these sort values and this row, in this snapshot."""

    snapshot: str
    values: tuple[Any, ...]
    row: int


@dataclass(frozen=True)
class Query:
    """A question about the records of one distribution, checked against its schema."""

    select: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    order_by: tuple[Order, ...] = ()
    box: Box | None = None
    limit: int | None = None
    cursor: Cursor | None = None
    exact_count: bool = False

    @property
    def digest(self) -> str:
        """A short name of the question without its place (limit and cursor)."""
        content = [self.select, [[c.column, c.operator, c.value] for c in self.conditions],
                   [[o.column, o.descending] for o in self.order_by],
                   [self.box.west, self.box.south, self.box.east, self.box.north] if self.box else None]  # fmt: skip
        return hashlib.sha256(orjson.dumps(content, default=str)).hexdigest()[:16]


PARAMETERS: Mapping[str, Text] = {
    "select": Text(ko="보여 줄 열, 쉼표로 구분", en="columns to show, separated by commas"),
    "order_by": Text(
        ko="정렬할 열, 앞에 '-'를 붙이면 내림차순", en="columns to sort by; '-' before a name reverses it"
    ),
    "bbox": Text(ko="서,남,동,북 (WGS 84 도)", en="west,south,east,north (degrees, WGS 84)"),
    "datetime": Text(
        ko="기간 '시작/끝' (끝 포함, '..'은 열린 끝)", en="interval 'start/end' (end included, '..' is open)"
    ),
    "limit": Text(ko="한 쪽의 레코드 수 (1~10,000)", en="records on a page (1 to 10,000)"),
    "cursor": Text(ko="다음 쪽의 위치; 'next'의 값을 그대로", en="where the next page begins, as 'next' gives it"),
    "count": Text(ko="'exact'이면 조건에 맞는 전체 수를 셈", en="'exact' counts all matching records"),
}


def parse_query(parameters: Sequence[tuple[str, str]], schema: Schema) -> Query:
    """Read a question from (name, value) pairs; every mistake is an error that says what is allowed."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    shaped = {name: one_value(name, given.pop(name)) for name in PARAMETERS if name in given}
    conditions = [condition for name, values in given.items() for condition in parse_conditions(name, values, schema)]
    if "datetime" in shaped:
        conditions += parse_interval(shaped["datetime"], schema)
    query = Query(
        select=parse_select(shaped.get("select", ""), schema),
        conditions=tuple(conditions),
        order_by=parse_order(shaped.get("order_by", ""), schema),
        box=parse_box(shaped["bbox"], schema) if "bbox" in shaped else None,
        limit=parse_limit(shaped["limit"]) if "limit" in shaped else None,
        exact_count=parse_choice("count", shaped.get("count", "none"), {"exact": True, "none": False}),
    )
    if "cursor" in shaped:
        return with_cursor(query, shaped["cursor"], schema)
    return query


def one_value(name: str, values: list[str]) -> str:
    if len(values) > 1 and name not in ("select", "order_by"):
        raise BadValue(parameter=name, value=values, expected=Text(ko="값 하나", en="one value"))
    return ",".join(values)


def parse_conditions(name: str, values: list[str], schema: Schema) -> list[Condition]:
    column_name, separator, operator_name = name.rpartition("__") if "__" in name else (name, "", "eq")
    if column_name not in schema:
        if separator:
            raise UnknownColumn(column=column_name, allowed=schema.names)
        raise UnknownParameter(parameter=name, allowed=(*PARAMETERS, "format", "bom", *schema.names))
    column = schema[column_name]
    allowed = [known for known, operator in OPERATORS.items() if column.type in operator.types]
    if operator_name not in allowed:
        raise UnknownOperator(column=column_name, operator=operator_name, allowed=allowed)
    operator = OPERATORS[operator_name]
    if operator.takes == "list":
        parts = [part.strip() for value in values for part in value.split(",")]
        return [Condition(column_name, operator_name, tuple(read_value(name, part, column) for part in parts))]
    if operator.takes == "flag":
        return [Condition(column_name, operator_name, parse_choice(name, value, FLAGS)) for value in values]
    if operator_name == "eq" and len(values) > 1:
        return [Condition(column_name, "in", tuple(read_value(name, value, column) for value in values))]
    return [Condition(column_name, operator_name, read_value(name, value, column)) for value in values]


FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse_choice(parameter: str, value: str, choices: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if value not in choices:
        raise BadValue(parameter=parameter, value=value, expected=", ".join(choices))
    return choices[value]


def read_value(parameter: str, text: str, column: Column) -> Any:  # noqa: ANN401
    """Read a filter value as the column's type."""
    reader, expected = READERS[column.type]
    try:
        return reader(text)
    except (ValueError, OverflowError) as error:
        raise BadValue(parameter=parameter, value=text, expected=expected) from error


def read_integer(text: str) -> int:
    number = int(require_match(INTEGER, text).group())
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def read_number(text: str) -> float:
    number = float(require_match(NUMBER, text).group())
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def read_boolean(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise ValueError(text)
    return FLAGS[text.lower()]


def read_datetime(text: str) -> dt.datetime:
    """Read an ISO date-time; without an offset it is Korean time (a ``+`` that a URL turned into a space is mended)."""
    moment = dt.datetime.fromisoformat(LOST_PLUS.sub(r"\1+", text.strip()))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=KOREAN_TIME)
    return moment.astimezone(KOREAN_TIME)  # raises outside the years 1 to 9999


def read_time(text: str) -> str:
    """Return the time as it is published: two digits, seconds only when there are some."""
    hour, minute, second = require_match(TIME, text).groups()
    return f"{int(hour):02d}:{minute}" + (f":{second}" if second not in (None, "00") else "")


def read_text(text: str) -> str:
    """Return the text in the Unicode form of the records; a NUL or half a surrogate pair is in none of them."""
    if "\0" in text:
        raise ValueError("NUL")
    text.encode()
    return unicodedata.normalize("NFC", text)


def require_match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return match


# Narrower than int() and float(), which also read "1_000" and "infinity".
INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
TIME = re.compile(r"([01]?[0-9]|2[0-3]|24(?=:00(?::00)?\Z)):([0-5][0-9])(?::([0-5][0-9]))?")
LOST_PLUS = re.compile(r"([T ][0-9]{2}:?[0-9]{2}\S*) (?=[0-9]{2}(?::?[0-9]{2})?\Z)")

READERS: Mapping[str, tuple[Callable[[str], Any], Text]] = {
    "string": (read_text, Text(ko="문자", en="text")),
    "time": (read_time, Text(ko="HH:MM 또는 HH:MM:SS", en="HH:MM or HH:MM:SS")),
    "integer": (read_integer, Text(ko="정수", en="a whole number")),
    "number": (read_number, Text(ko="수", en="a number")),
    "boolean": (read_boolean, Text(ko="true 또는 false", en="true or false")),
    "date": (dt.date.fromisoformat, Text(ko="YYYY-MM-DD", en="YYYY-MM-DD")),
    "datetime": (read_datetime, Text(ko="YYYY-MM-DDTHH:MM:SS+09:00", en="YYYY-MM-DDTHH:MM:SS+09:00")),
}


def parse_select(text: str, schema: Schema) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in schema:
            raise UnknownColumn(column=name, allowed=schema.names)
    return names or schema.names


def parse_order(text: str, schema: Schema) -> tuple[Order, ...]:
    orders = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name = part.removeprefix("-")
        if name not in schema:
            raise UnknownColumn(column=name, allowed=schema.names)
        if schema[name].type == "geometry":
            raise Unanswerable(
                parameter="order_by", reason=Text(ko="도형으로는 정렬할 수 없습니다", en="geometries have no order")
            )
        orders.append(Order(name, descending=part.startswith("-")))
    return tuple(orders)


def parse_box(text: str, schema: Schema) -> Box:
    expected = Text(ko="서,남,동,북 (도)", en="west,south,east,north in degrees")
    if schema.geometry is None:
        raise Unanswerable(parameter="bbox", reason=Text(ko="위치 열이 없습니다", en="the records have no place"))
    try:
        west, south, east, north = (read_number(part) for part in text.split(","))
    except ValueError as error:
        raise BadValue(parameter="bbox", value=text, expected=expected) from error
    if (
        west > east
        or south > north
        or not (-180 <= west <= 180 and -180 <= east <= 180 and south >= -90 and north <= 90)
    ):
        raise BadValue(parameter="bbox", value=text, expected=expected)
    return Box(west, south, east, north)


def parse_interval(text: str, schema: Schema) -> list[Condition]:
    """Read ``start/end``, ``start/..``, ``../end`` or one moment; a day as the end means the whole day."""
    expected = Text(
        ko="시작/끝, 예: 2018-01-01/2018-01-31 또는 2018-01-01/..",
        en="start/end, for example 2018-01-01/2018-01-31 or 2018-01-01/..",
    )
    if not schema.time:
        raise Unanswerable(
            parameter="datetime", reason=Text(ko="시간 열이 없습니다", en="the records have no time column")
        )
    column = schema[schema.time]
    start, slash, end = text.partition("/")
    if not slash:
        end = start
    try:
        bounds = [
            *([] if start in OPEN else [Condition(column.name, "gte", read_start(start, column))]),
            *([] if end in OPEN else [read_end(end, column)]),
        ]
    except (ValueError, OverflowError) as error:
        raise BadValue(parameter="datetime", value=text, expected=expected) from error
    if not bounds or bounds[0].value > bounds[-1].value:
        raise BadValue(parameter="datetime", value=text, expected=expected)
    return bounds


OPEN = ("", "..")


def read_start(text: str, column: Column) -> dt.date | dt.datetime:
    moment = read_datetime(text)
    return moment.date() if column.type == "date" else moment


def read_end(text: str, column: Column) -> Condition:
    """Return the upper condition; a day without a time is meant whole."""
    moment = read_datetime(text)
    if column.type == "date":
        return Condition(column.name, "lte", moment.date())
    if ":" not in text and "T" not in text:
        return Condition(column.name, "lt", moment + dt.timedelta(days=1))
    return Condition(column.name, "lte", moment)


def parse_limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAXIMUM_LIMIT:
        raise BadValue(parameter="limit", value=text, expected=f"1..{MAXIMUM_LIMIT}")
    return int(text)


def encode_cursor(cursor: Cursor, query: Query) -> str:
    """Write a cursor as opaque text that only fits the same question."""
    content = [cursor.snapshot, query.digest, [json_ready(value) for value in cursor.values], cursor.row]
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def json_ready(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def snapshot_of_cursor(text: str) -> str:
    """Return the digest of the snapshot that a cursor goes on in."""
    try:
        snapshot, *_ = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return require_type(snapshot, str)
    except (ValueError, TypeError) as error:
        raise BadCursor from error


def with_cursor(query: Query, text: str, schema: Schema) -> Query:
    """Return the question going on where a cursor points; whatever is not a cursor of ours is a BadCursor."""
    try:
        snapshot, digest, values, row = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if digest != query.digest or not isinstance(snapshot, str) or not isinstance(values, list):
            raise BadCursor
        columns = [schema[order.column] for order in query.order_by]
        places = tuple(read_place(value, column) for value, column in zip(values, columns, strict=True))
        cursor = Cursor(snapshot, places, require_type(row, int))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadCursor from error
    return dataclasses.replace(query, cursor=cursor)


def read_place(value: object, column: Column) -> Any:  # noqa: ANN401
    """Read a sort value back as the column's type, as ``encode_cursor`` wrote it."""
    if value is None:
        return None
    if column.type == "date":
        return dt.date.fromisoformat(require_type(value, str))
    if column.type == "datetime":
        return dt.datetime.fromisoformat(require_type(value, str)).astimezone(KOREAN_TIME)
    return require_type(value, {"integer": int, "number": float, "boolean": bool}.get(column.type, str))


def require_type(value: Any, kind: type) -> Any:  # noqa: ANN401
    if type(value) is not kind or (kind is int and not -(2**63) <= value < 2**63):
        raise ValueError(value)
    return value
