"""What a question computes, as frozen trees: columns, values and calls of operators, each with the kind of its value.

``call`` is the only way to a ``Call``: it checks the kinds against the table (``operators.py``) and reads bare values as
the kind that they are compared with. How a tree becomes SQL is in ``statement.py``.
"""

import datetime as dt
import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import shapely

from catalog.errors import BadExpression, BadValue
from catalog.records.operators import AGGREGATES, ALL, NUMBERS, TIMES
from catalog.records.schema import TYPES, Column
from catalog.records.values import KOREAN_TIME, read_as, read_datetime
from catalog.text import Text

POINTS_OF_A_SHAPE = 10_000
VALUES_OF_A_LIST = 10_000
DEPTH = 30


@dataclass(frozen=True)
class ColumnRef:
    """A column of the records; "" is the place of records that have it in two columns."""

    name: str
    kind: str


@dataclass(frozen=True)
class Value:
    """A typed value: a tuple for a list of values, WKB for a geometry."""

    value: Any
    kind: str


@dataclass(frozen=True)
class Call:
    """An operator of the table at work on its arguments."""

    operator: str
    arguments: "tuple[Expression, ...]"
    kind: str

    @cached_property
    def depth(self) -> int:
        """How many operators stand inside one another."""
        return 1 + max((one.depth for one in self.arguments if isinstance(one, Call)), default=0)


Expression = ColumnRef | Value | Call


@dataclass(frozen=True)
class Bare:
    """A value as a question wrote it, whose kind only its neighbour tells: text, number, flag, or a document of CQL2."""

    value: object


def call(operator: str, arguments: "Sequence[Expression | Bare]") -> Call:
    """Return the operator at work on arguments, once these are checked; what does not fit is a BadExpression or BadValue."""
    row = ALL[operator]
    given = list(arguments)
    if operator == "count" and not given:
        return Call(operator, (), "integer")
    count = 2 if operator in SPANS else len(row.takes)
    if len(given) != count:
        raise BadExpression(
            what=written(operator),
            reason=Text(
                ko=f"인수가 {count}개여야 하는데 {len(given)}개입니다. 예: {row.example}",
                en=f"it takes {count} arguments, not {len(given)}; for example {row.example}",
            ),
        )
    if operator in SPANS:
        return span(operator, *given)
    if operator == "in" and isinstance(given[1], Bare):
        given[1] = Bare(require_list(given[1].value))
    read = read_bare(operator, given)
    if operator == "quantile":
        check_share(read[1])
    if operator == "like":
        check_pattern(read[1])
    return check_size(Call(operator, tuple(read), result_kind(row.gives, [one.kind for one in read])))


def compare(operator: str, column: Column, *values: Any) -> Call:  # noqa: ANN401
    """Return the comparison of a column with values of its type; a tuple is a list."""
    return call(operator, [ColumnRef(column.name, column.type), *(Value(value, column.type) for value in values)])


def result_kind(gives: str, kinds: Sequence[str]) -> str:
    if gives == "same":
        return kinds[0]
    if gives == "widest":
        return "number" if "number" in kinds else "integer"
    return gives


def read_bare(operator: str, given: "Sequence[Expression | Bare]") -> "list[Expression]":
    """Read bare arguments as the kind of the typed argument that they stand beside, and check every kind."""
    takes = ALL[operator].takes
    beside = {takes[at]: one for at, one in reversed(list(enumerate(given))) if not isinstance(one, Bare)}
    read = []
    for at, one in enumerate(given):
        if isinstance(one, Bare):
            neighbour = beside.get(takes[at])
            where = neighbour.name if isinstance(neighbour, ColumnRef) and neighbour.name else written(operator)
            kind = neighbour.kind if neighbour else natural_kind(one.value, takes[at])
            may_be_list = operator == "in" and at == 1
            one = read_list(where, one.value, kind) if may_be_list else read_one(where, one.value, kind)
        read.append(check_kind(operator, at, one, takes[at]))
    families = {family(one.kind) for at, one in enumerate(read) if takes[at] is takes[0]}
    if len(families) > 1:
        raise BadExpression(
            what=written(operator),
            reason=Text(
                ko=f"유형이 서로 달라 함께 쓸 수 없습니다: {', '.join(name_of(one.kind).ko for one in read)}",
                en=f"values of different types cannot meet: {', '.join(name_of(one.kind).en for one in read)}",
            ),
        )
    return read


def written(operator: str) -> str:
    """Return how an operator is written in a question."""
    return ALL[operator].cql2 or operator


def require_list(value: object) -> list[object]:
    if isinstance(value, (list, tuple)) and 0 < len(value) <= VALUES_OF_A_LIST:
        return list(value)
    reason = Text(
        ko=f"오른쪽은 값이 1~{VALUES_OF_A_LIST:,}개인 목록이어야 합니다. 예: line IN ('1호선', '2호선')",
        en=f"on its right stands a list of 1 to {VALUES_OF_A_LIST:,} values; for example line IN ('1호선', '2호선')",
    )
    raise BadExpression(what="in", reason=reason)


def check_share(share: "Expression") -> None:
    if not isinstance(share, Value) or not 0 <= share.value <= 1:
        value = share.value if isinstance(share, Value) else ", ".join(columns_of(share))
        expected = Text(
            ko="0과 1 사이의 수 (예: quantile(pm10, 0.9))", en="a number from 0 to 1, as in quantile(pm10, 0.9)"
        )
        raise BadValue(parameter="quantile", value=value, expected=expected)


def check_pattern(pattern: "Expression") -> None:
    """Refuse patterns that are no text of the question, or that end in the middle of an escape."""
    while isinstance(pattern, Call) and pattern.operator in ("casei", "accenti"):
        pattern = pattern.arguments[0]
    text = pattern.value if isinstance(pattern, Value) else None
    if text is None or (len(text) - len(text.rstrip("\\"))) % 2:
        expected = Text(
            ko="'%'와 '_'가 든 문자. '\\%', '\\_', '\\\\'는 그 글자 자체 (예: name LIKE '%주차장')",
            en="a text with '%' and '_', of which '\\%', '\\_' and '\\\\' are the letters themselves (name LIKE '%주차장')",
        )
        raise BadValue(parameter="like", value=text or "", expected=expected)


def check_size(made: Call) -> Call:
    """Refuse what is nested too deeply: the engine's planning takes seconds for some hundred levels."""
    if made.depth > DEPTH:
        reason = Text(
            ko=f"연산이 {DEPTH}겹보다 깊습니다. 나누어 물으십시오",
            en=f"operations are nested more than {DEPTH} levels deep; ask in parts",
        )
        raise BadExpression(what=written(made.operator), reason=reason)
    return made


def family(kind: str) -> str:
    return {"integer": "number", "date": "datetime"}.get(kind, kind)


def check_kind(operator: str, at: int, one: "Expression", kinds: Sequence[str]) -> "Expression":
    if one.kind not in kinds:
        raise BadExpression(
            what=written(operator),
            reason=Text(
                ko=f"{at + 1}번째 인수의 유형이 맞지 않습니다. 쓸 수 있는 것: {names_of(kinds, 'ko')}. 받은 것: {name_of(one.kind).ko}",
                en=f"argument {at + 1} must be {names_of(kinds, 'en')}, not {name_of(one.kind).en}",
            ),
        )
    return one


def name_of(kind: str) -> Text:
    return TYPES[kind]


def names_of(kinds: Sequence[str], language: str) -> str:
    return ", ".join(name_of(kind).in_language(language) for kind in kinds)


def natural_kind(value: object, kinds: Sequence[str]) -> str:
    """Return the kind of a value that nothing beside it tells: what it looks like, if that is allowed."""
    if isinstance(value, (tuple, list)) and value:
        value = value[0]
    if isinstance(value, bool):
        looks = "boolean"
    elif isinstance(value, (int, float)):
        looks = "integer" if is_whole(value) and "integer" in kinds else "number"
    elif isinstance(value, Mapping):
        looks = "date" if "date" in value else "datetime" if "timestamp" in value else "geometry"
    else:
        looks = "string"
    return looks if looks in kinds else kinds[0]


def read_list(where: str, values: Sequence[object], kind: str) -> Value:
    read = [read_one(where, value, kind) for value in values]
    kinds = {one.kind for one in read}
    if len(kinds) == 1:
        return Value(tuple(one.value for one in read), read[0].kind)
    widest = "number" if "number" in kinds else "datetime"
    return Value(tuple(WIDENED[widest](one.value) for one in read), widest)


def read_one(where: str, value: object, kind: str) -> Value:
    """Read one bare value as a kind; ``where`` is what an error names."""
    if kind == "geometry":
        return Value(read_shape(where, value), kind)
    if isinstance(value, Mapping):
        if kind == "date" and isinstance(value.get("timestamp"), str):  # a moment beside days stays one
            return Value(read_as("datetime", where, value["timestamp"]), "datetime")
        value = value.get("timestamp", value.get("date")) if kind in TIMES else None
    if isinstance(value, bool):
        if kind == "boolean":
            return Value(value, kind)
    elif isinstance(value, (int, float)):
        if kind == "integer" and is_whole(value):
            return Value(int(value), "integer")
        if kind in NUMBERS and not (isinstance(value, int) and kind == "integer") and math.isfinite(value):
            return Value(float(value), "number")
    elif isinstance(value, str):
        return Value(read_as(kind, where, value), kind)
    if value is None:
        expected = Text(ko="값 (빈 값은 IS NULL로 찾습니다)", en="a value (IS NULL finds empty ones)")
        raise BadValue(parameter=where, value="NULL", expected=expected)
    if isinstance(value, (list, tuple)):
        raise BadValue(parameter=where, value="[…]", expected=Text(ko="값 하나", en="one value"))
    shown = int(value) if isinstance(value, float) and value.is_integer() else value
    raise BadValue(parameter=where, value=str(shown)[:200], expected=name_of(kind))


def at_midnight(day: dt.date) -> dt.datetime:
    return day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time.min, KOREAN_TIME)


WIDENED: Mapping[str, Callable[[Any], Any]] = {"number": float, "datetime": at_midnight}


def is_whole(value: float) -> bool:
    """Tell whether a number is an exact whole number; written with a point or exponent only small ones are."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value.is_integer() and abs(value) <= 2**53


SPANS: Mapping[str, tuple[str, str]] = {  # by operator: what is left of it when the end is open, when the start is
    "t_during": ("t_after", "t_before"),
    "t_intersects": ("gte", "lte"),
    "t_disjoint": ("t_before", "t_after"),
}


def span(operator: str, moment: "Expression | Bare", interval: "Expression | Bare") -> Call:
    """Return a comparison with an interval; one with an open end is a comparison with the other."""
    if isinstance(moment, Bare):
        moment = read_one(written(operator), moment.value, natural_kind(moment.value, TIMES))
    check_kind(operator, 0, moment, TIMES)
    start, end = read_interval(operator, interval, moment.kind)
    left, right = SPANS[operator]
    if end is None:
        return Call(left, (moment, start), "boolean")
    if start is None:
        return Call(right, (moment, end), "boolean")
    return Call(operator, (moment, start, end), "boolean")


def read_interval(operator: str, interval: "Expression | Bare", kind: str) -> tuple[Value | None, Value | None]:
    """Read an interval of CQL2, or one moment, as its two ends; an open end is None.

    A day as the end is meant whole where ends are included, as in ``datetime``; elsewhere a day is its first moment.
    """
    document = interval.value if isinstance(interval, Bare) else None
    expected = Text(
        ko="INTERVAL('시작', '끝') (한쪽은 '..'로 열 수 있음)", en="INTERVAL('start', 'end'), of which one may be '..'"
    )
    if isinstance(document, Mapping):
        document = document.get("interval", [document] * 2)
    if not isinstance(document, list) or len(document) != 2 or document == ["..", ".."]:
        raise BadValue(parameter=operator, value=str(document)[:200], expected=expected)
    ends: list[Value | None] = []
    for at, end in enumerate(document):
        text = end.get("timestamp", end.get("date")) if isinstance(end, Mapping) else end
        if text == "..":
            ends.append(None)
            continue
        try:
            found = read_datetime(require_text(text))
        except (ValueError, OverflowError) as error:
            raise BadValue(parameter=operator, value=str(text)[:200], expected=expected) from error
        if at == 1 and is_day(text) and operator != "t_during":
            found = dt.datetime.combine(found, dt.time.max, KOREAN_TIME)
        ends.append(Value(found.date() if kind == "date" else found, kind))
    return ends[0], ends[1]


def require_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def is_day(text: str) -> bool:
    """Tell whether a text is a day without a time."""
    return ":" not in text and "T" not in text


def read_shape(where: str, value: object) -> bytes:
    """Read a GeoJSON geometry or a box of CQL2 (longitude, latitude, WGS 84) as WKB."""
    expected = Text(
        ko="경도·위도 도형 (WKT 또는 GeoJSON, 선이 스스로 엇갈리지 않는 것)",
        en="a geometry in longitude and latitude, as WKT or GeoJSON, that does not cross itself",
    )
    shape = None
    if isinstance(value, Mapping) and "bbox" in value:
        box = value["bbox"]
        flat = isinstance(box, list) and len(box) == 4 and all(type(one) in (int, float) for one in box)
        shape = shapely.box(*box) if flat and box[0] <= box[2] and box[1] <= box[3] else None
    elif isinstance(value, Mapping) and "type" in value:
        shape = from_geojson(value)
    if shape is None or shape.is_empty or not is_on_earth(shape) or not shape.is_valid:
        raise BadValue(parameter=where, value=str(value)[:200], expected=expected)
    if shapely.get_num_coordinates(shape) > POINTS_OF_A_SHAPE:
        reason = Text(
            ko=f"도형의 점은 {POINTS_OF_A_SHAPE:,}개까지입니다", en=f"a geometry may have {POINTS_OF_A_SHAPE:,} points"
        )
        raise BadExpression(what=where, reason=reason)
    return shapely.to_wkb(shapely.force_2d(shape))


def from_geojson(value: Mapping[str, object]) -> shapely.Geometry | None:
    try:
        return shapely.from_geojson(orjson.dumps(value), on_invalid="ignore")
    except orjson.JSONEncodeError:  # nested too deeply
        return None


def is_on_earth(shape: shapely.Geometry) -> bool:
    west, south, east, north = shape.bounds
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def columns_of(*expressions: "Expression | None") -> Iterator[str]:
    """Yield the names of the columns that expressions read."""
    for expression in expressions:
        if isinstance(expression, ColumnRef):
            yield expression.name
        elif isinstance(expression, Call):
            yield from columns_of(*expression.arguments)


def has_aggregate(expression: "Expression") -> bool:
    return calls(expression, AGGREGATES)


def calls(expression: "Expression", operators: Container[str]) -> bool:
    """Tell whether an expression calls one of some operators."""
    if not isinstance(expression, Call):
        return False
    return expression.operator in operators or any(calls(argument, operators) for argument in expression.arguments)


def conjuncts(expression: "Expression | None") -> "Iterator[Expression]":
    """Yield the conditions that must all hold."""
    if isinstance(expression, Call) and expression.operator == "and":
        for argument in expression.arguments:
            yield from conjuncts(argument)
    elif expression is not None:
        yield expression


def as_document(expression: "Expression | None") -> object:
    """Return an expression as lists and values, for its digest."""
    if isinstance(expression, Call):
        return [expression.operator, *(as_document(argument) for argument in expression.arguments)]
    if isinstance(expression, ColumnRef):
        return {"column": expression.name}
    if isinstance(expression, Value):
        value = expression.value
        return {"value": value.hex() if isinstance(value, bytes) else value, "kind": expression.kind}
    return None
