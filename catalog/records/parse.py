"""From request parameters to a Query. Whatever is unknown is an error that lists what is allowed; nothing is ignored."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.errors import BadValue, Unanswerable, UnknownColumn, UnknownOperator, UnknownParameter
from catalog.records.cursor import with_cursor
from catalog.records.query import MAXIMUM_LIMIT, OPERATORS, PARAMETERS, Box, Condition, Order, Query
from catalog.records.schema import Column, Schema
from catalog.records.values import FLAGS, read_datetime, read_number, read_value
from catalog.text import Text

OPEN = ("", "..")


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
    column_name, operator_name = split_name(name, schema)
    if column_name not in schema:
        if "__" in name:
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


def split_name(name: str, schema: Schema) -> tuple[str, str]:
    """Return column and operator of ``column__operator``; a column's own name may end with an underscore."""
    known = [column for column in schema.names if name.startswith(f"{column}__")]
    if known:
        column = max(known, key=len)
        return column, name.removeprefix(f"{column}__")
    column, separator, operator = name.partition("__")
    return column, operator if separator else "eq"


def parse_choice(parameter: str, value: str, choices: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if value not in choices:
        raise BadValue(parameter=parameter, value=value, expected=", ".join(choices))
    return choices[value]


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
