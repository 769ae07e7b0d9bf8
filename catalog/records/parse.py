"""From request parameters to a Query. Whatever is unknown is an error that lists what is allowed; nothing is ignored."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import shapely

from catalog.errors import BadExpression, BadValue, Unanswerable, UnknownColumn, UnknownOperator, UnknownParameter
from catalog.records.cql2 import guess_language, named_in, parse_condition, parse_value, refuse_aggregates
from catalog.records.cursor import with_cursor
from catalog.records.expressions import (
    Call,
    ColumnRef,
    Expression,
    Value,
    call,
    columns_of,
    compare,
    has_aggregate,
    require_list,
)
from catalog.records.operators import AGGREGATES, BUCKETS, OPERATORS
from catalog.records.query import MAXIMUM_LIMIT, PARAMETERS, WGS84, Order, Output, Query
from catalog.records.schema import COORDINATE_SYSTEMS, NAME_PATTERN, Column, Schema
from catalog.records.values import FLAGS, read_datetime, read_number, read_value
from catalog.text import Text

OPEN = ("", "..")
LISTS = ("select", "order_by", "group_by", "latest_by")  # may be given several times
NOT = "not__"
LANGUAGES = {"cql2-text": "cql2-text", "cql-text": "cql2-text", "cql2-json": "cql2-json"}
DISTANCE = Column("distance", "number", title=Text(ko="거리", en="Distance"), unit="m")
MOST_OUTPUTS = 200
MOST_CONDITIONS = 200
LONGEST_LIST, LONGEST_VALUE = 20_000, 100_000  # characters


def parse_query(parameters: Sequence[tuple[str, str]], schema: Schema, *, others: Sequence[str] = ()) -> Query:
    """Read a question from (name, value) pairs; every mistake is an error that says what is allowed.

    ``others`` are parameters that are read elsewhere, for the list of what is allowed.
    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    shaped = {name: one_value(name, given.pop(name)) for name in PARAMETERS if name in given}
    refuse_much(given)
    where = [part for name, values in given.items() for part in parse_conditions(name, values, schema, others)]
    if "datetime" in shaped:
        where += parse_interval(shaped["datetime"], schema)
    if "bbox" in shaped:
        where.append(parse_box(shaped["bbox"], schema))
    language = parse_choice("filter-lang", shaped["filter-lang"], LANGUAGES) if "filter-lang" in shaped else ""
    if "filter" in shaped:
        where.append(parse_filter(shaped["filter"], language, schema))
    near = parse_near(shaped["near"], schema) if "near" in shaped else None
    if near:
        where.append(near)
    outputs = parse_select(shaped.get("select", ""), schema, near)
    groups = parse_groups(shaped["group_by"], schema, outputs) if "group_by" in shaped else ()
    if groups and "select" not in shaped:
        outputs = name_apart(make_output(value, "", schema) for value in (*groups, call("count", [])))
    check_groups(outputs, groups)
    query = Query(
        outputs=outputs,
        where=tuple(where),
        group_by=groups,
        distinct=parse_choice("distinct", shaped.get("distinct", "false"), FLAGS),
        latest_by=parse_latest(shaped["latest_by"], schema) if "latest_by" in shaped else (),
        sample=parse_whole("sample", shaped["sample"], 1_000_000) if "sample" in shaped else None,
        crs=parse_crs(shaped["crs"], schema) if "crs" in shaped else WGS84,
        limit=parse_whole("limit", shaped["limit"], MAXIMUM_LIMIT) if "limit" in shaped else None,
        exact_count=parse_choice("count", shaped.get("count", "none"), {"exact": True, "none": False}),
    )
    if "having" in shaped:
        query = dataclasses.replace(query, having=parse_having(shaped["having"], query))
    order = parse_order(shaped.get("order_by", ""), orderable(query, schema, near))
    if near and not order and not query.is_computed:
        order = (Order(near.arguments[0]),)
    query = dataclasses.replace(query, order_by=order)
    return with_cursor(query, shaped["cursor"]) if "cursor" in shaped else query


def one_value(name: str, values: list[str]) -> str:
    if len(values) > 1 and name not in LISTS:
        raise BadValue(parameter=name, value=shortened(", ".join(values)), expected=Text(ko="값 하나", en="one value"))
    together = ",".join(values)
    refuse_long(name, together, LONGEST_LIST if name in LISTS else LONGEST_VALUE)
    return together


def refuse_much(given: Mapping[str, Sequence[str]]) -> None:
    """Refuse more conditions than the engine plans in a moment, and values that are no values any more."""
    count = sum(map(len, given.values()))
    if count > MOST_CONDITIONS:
        reason = Text(
            ko=f"조건은 {MOST_CONDITIONS}개까지 쓸 수 있는데 {count:,}개입니다. 값이 여럿이면 '__in'을 쓰십시오",
            en=f"there are {count:,} conditions, {MOST_CONDITIONS} are allowed; use '__in' for many values",
        )
        raise BadExpression(what=shortened(next(iter(given))), reason=reason)
    for name, values in given.items():
        refuse_long(shortened(name), max(values, key=len), LONGEST_VALUE)


def refuse_long(parameter: str, text: str, length: int) -> None:
    if len(text) > length:
        expected = Text(ko=f"{length:,}자 이하", en=f"at most {length:,} characters")
        raise BadValue(parameter=parameter, value=shortened(text), expected=expected)


def shortened(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"


def parse_conditions(name: str, values: list[str], schema: Schema, others: Sequence[str]) -> list[Expression]:
    """Read ``column=…``, ``column__operator=…`` or ``column__not__operator=…``, given once or several times."""
    column_name, operator_name = split_name(name, schema)
    if column_name not in schema:
        if "__" in name:
            raise UnknownColumn(column=shortened(column_name), allowed=schema.names)
        raise UnknownParameter(parameter=shortened(name), allowed=(*PARAMETERS, *others, *schema.names))
    column = schema[column_name]
    is_negated = operator_name.startswith(NOT)
    operator_name = operator_name.removeprefix(NOT)
    allowed = [known for known, operator in OPERATORS.items() if column.type in operator.types]
    if operator_name not in allowed:
        raise UnknownOperator(column=column_name, operator=shortened(operator_name), allowed=allowed)
    found = list(RIGHT_SIDES[OPERATORS[operator_name].right](name, operator_name, values, column))
    return [call("not", [condition]) for condition in found] if is_negated else found


def parse_plain(name: str, operator: str, values: list[str], column: Column) -> Iterator[Expression]:
    if operator == "eq" and len(values) > 1:
        yield compare("in", column, tuple(read_value(name, value, column) for value in values))
        return
    for value in values:
        yield compare(operator, column, read_value(name, value, column))


def parse_list(name: str, operator: str, values: list[str], column: Column) -> Iterator[Expression]:
    parts = require_list([part.strip() for value in values for part in value.split(",")])
    yield compare(operator, column, tuple(read_value(name, part, column) for part in parts))


def parse_pair(name: str, operator: str, values: list[str], column: Column) -> Iterator[Expression]:
    for value in values:
        bounds = [read_value(name, part.strip(), column) for part in value.split(",")]
        if len(bounds) != 2:
            raise BadValue(parameter=name, value=value, expected=Text(ko="작은 값,큰 값", en="low,high"))
        yield compare(operator, column, *bounds)


def parse_flag(name: str, operator: str, values: list[str], column: Column) -> Iterator[Expression]:
    for value in values:
        condition = call(operator, [ColumnRef(column.name, column.type)])
        yield condition if parse_choice(name, value, FLAGS) else call("not", [condition])


RIGHT_SIDES = {"value": parse_plain, "list": parse_list, "pair": parse_pair, "flag": parse_flag}


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


def parse_filter(text: str, language: str, schema: Schema) -> Expression:
    return refuse_aggregates(parse_condition(text, language or guess_language(text), named_in(schema)))


def parse_having(text: str, query: Query) -> Expression:
    if not query.is_computed:
        reason = Text(ko="'group_by'나 집계와 함께 씁니다", en="it goes with 'group_by' or aggregates")
        raise Unanswerable(parameter="having", reason=reason)
    answer = Schema(columns=tuple(output.column for output in query.outputs), is_answer=True)
    return refuse_aggregates(parse_condition(text, guess_language(text), named_in(answer), parameter="having"))


def split_list(parameter: str, text: str) -> list[str]:
    """Split at the commas outside brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    found = [part.strip() for part in (*parts, text[start:]) if part.strip()]
    if len(found) > MOST_OUTPUTS:
        expected = Text(ko=f"열 {MOST_OUTPUTS}개 이하", en=f"at most {MOST_OUTPUTS} columns")
        raise BadValue(parameter=parameter, value=shortened(text), expected=expected)
    return found


def parse_select(text: str, schema: Schema, near: Call | None) -> tuple[Output, ...]:
    """Read the columns of the answer; without any they are those of the records, and the distance if one was asked."""
    outputs = []
    for part in split_list("select", text):
        value, name = split_name_off(part)
        if near and value == DISTANCE.name and value not in schema:
            outputs.append(Output(near.arguments[0], renamed(DISTANCE, name)))
        else:
            outputs.append(make_output(parse_expression(value, schema), name, schema))
    if outputs:
        return name_apart(outputs)
    distance = [Output(near.arguments[0], DISTANCE)] if near and DISTANCE.name not in schema else []
    return (*(Output(ColumnRef(column.name, column.type), column) for column in schema.columns), *distance)


def split_name_off(part: str) -> tuple[str, str]:
    """Return a value and the name that stands behind it with "as", "" without one."""
    words = part.rsplit(None, 2)
    if len(words) == 3 and words[1].lower() == "as" and not set(words[2]) & set("'\"()"):
        return words[0], words[2]
    return part, ""


def name_apart(outputs: Iterable[Output]) -> tuple[Output, ...]:
    """Return the columns of an answer, each once; two that differ may not have one name."""
    apart: dict[str, Output] = {}
    for output in outputs:
        if apart.setdefault(output.name, output).value != output.value:
            reason = Text(
                ko="두 열의 이름이 같습니다. 'as'로 서로 다른 이름을 붙이십시오",
                en="two columns have this name; give them different ones with 'as'",
            )
            raise BadExpression(what=output.name, reason=reason)
    return tuple(apart.values())


def parse_expression(text: str, schema: Schema, *, parameter: str = "select") -> Expression:
    """Read one column, or a value to compute from columns."""
    if text in schema:
        return ColumnRef(text, schema[text].type)
    if text.isidentifier():
        raise UnknownColumn(column=text, allowed=schema.names)
    return parse_value(text, named_in(schema), parameter=parameter)


def make_output(value: Expression, name: str, schema: Schema) -> Output:
    """Return a column of the answer; what keeps the meaning of a column keeps its titles and unit."""
    if isinstance(value, ColumnRef) and value.name in schema:
        return Output(value, renamed(schema[value.name], name))
    meant = "_".join([value.operator, *columns_of(value)]) if isinstance(value, Call) else "value"
    column = Column(
        name=re.sub(r"_+", "_", meant)[:63].strip("_"),
        type=value.kind,
        title=Text(ko=describe(value, schema, "ko"), en=describe(value, schema, "en")),
        unit=unit_of(value, schema),
    )
    return Output(value, renamed(column, name))


def renamed(column: Column, name: str) -> Column:
    if not name:
        return column
    if not NAME_PATTERN.match(name):
        expected = Text(
            ko="영문 소문자로 시작하고 영문 소문자·숫자·밑줄로 된 이름",
            en="a name of lower-case letters, digits and _ that begins with a letter",
        )
        raise BadValue(parameter="as", value=shortened(name), expected=expected)
    return dataclasses.replace(column, name=name)


KEEPS_UNIT = ("sum", "avg", "min", "max", "median", "quantile", "stddev", "first", "last")


def unit_of(value: Expression, schema: Schema) -> str:
    if isinstance(value, Call) and value.operator in KEEPS_UNIT and isinstance(value.arguments[0], ColumnRef):
        return schema[value.arguments[0].name].unit
    return ""


def describe(value: Expression, schema: Schema, language: str) -> str:
    """Return a title for a computed column, such as "미세먼지 (평균)"."""
    if not isinstance(value, Call) or value.operator not in {**AGGREGATES, **BUCKETS}:
        return ""
    label = {**AGGREGATES, **BUCKETS}[value.operator].label.in_language(language)
    names = [schema[name].title.in_language(language) or name for name in columns_of(value) if name in schema]
    return f"{', '.join(names)} ({label})" if names else label


def parse_groups(text: str, schema: Schema, outputs: Sequence[Output]) -> tuple[Expression, ...]:
    """Read what to group by: names of the answer's columns, columns of the records, or values computed from them."""
    named = {output.name: output.value for output in outputs}
    groups = []
    for part in split_list("group_by", text):
        group = named[part] if part in named else parse_expression(part, schema, parameter="group_by")
        if has_aggregate(group):
            reason = Text(ko="집계로는 묶을 수 없습니다", en="one cannot group by an aggregate")
            raise BadExpression(what=part, reason=reason)
        if group.kind == "geometry":
            reason = Text(ko="도형으로는 묶을 수 없습니다", en="one cannot group by geometries")
            raise BadExpression(what=part, reason=reason)
        groups.append(group)
    return tuple(dict.fromkeys(groups))


def check_groups(outputs: Sequence[Output], groups: Sequence[Expression]) -> None:
    """Refuse an answer that mixes single records with groups, and aggregates of aggregates."""
    for output in outputs:
        refuse_nested(output.value, inside=False)
    if not groups and not any(has_aggregate(output.value) for output in outputs):
        return
    for output in outputs:
        if not is_settled(output.value, groups):
            raise BadExpression(
                what=output.name,
                reason=Text(
                    ko="집계가 아닌 열은 'group_by'에도 있어야 합니다",
                    en="a column that is no aggregate has to stand in 'group_by' too",
                ),
            )


def refuse_nested(value: Expression, *, inside: bool) -> None:
    if isinstance(value, Call):
        is_aggregate = value.operator in AGGREGATES
        if is_aggregate and inside:
            reason = Text(ko="집계 안에 집계를 쓸 수 없습니다", en="an aggregate cannot stand inside another")
            raise BadExpression(what=value.operator, reason=reason)
        for argument in value.arguments:
            refuse_nested(argument, inside=inside or is_aggregate)


def is_settled(value: Expression, groups: Sequence[Expression]) -> bool:
    """Tell whether a value has one result for each group."""
    if value in groups or isinstance(value, Value):
        return True
    if isinstance(value, ColumnRef):
        return False
    return value.operator in AGGREGATES or all(is_settled(argument, groups) for argument in value.arguments)


def orderable(query: Query, schema: Schema, near: Call | None) -> dict[str, Expression]:
    """Return what an answer can be sorted by: its columns, and those of the records where each answers for itself."""
    if query.is_computed:
        return {output.name: ColumnRef(output.name, output.column.type) for output in query.outputs}
    distance = {DISTANCE.name: near.arguments[0]} if near else {}
    columns = {column.name: ColumnRef(column.name, column.type) for column in schema.columns}
    return {**columns, **distance, **{output.name: output.value for output in query.outputs}}


def parse_order(text: str, allowed: Mapping[str, Expression]) -> tuple[Order, ...]:
    orders: dict[Expression, bool] = {}
    for part in split_list("order_by", text):
        name = part.removeprefix("-")
        if name not in allowed:
            raise UnknownColumn(column=name, allowed=tuple(allowed))
        if allowed[name].kind == "geometry":
            raise Unanswerable(
                parameter="order_by", reason=Text(ko="도형으로는 정렬할 수 없습니다", en="geometries have no order")
            )
        orders.setdefault(allowed[name], part.startswith("-"))  # once sorted, again changes nothing
    return tuple(Order(value, descending) for value, descending in orders.items())


def parse_latest(text: str, schema: Schema) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(split_list("latest_by", text)))
    for name in names:
        if name not in schema:
            raise UnknownColumn(column=name, allowed=schema.names)
    if not schema.time:
        raise Unanswerable(
            parameter="latest_by", reason=Text(ko="시간 열이 없습니다", en="the records have no time column")
        )
    return names


def place_of(parameter: str, schema: Schema) -> ColumnRef:
    if schema.geometry is None:
        raise Unanswerable(parameter=parameter, reason=Text(ko="위치 열이 없습니다", en="the records have no place"))
    return ColumnRef(schema.geometry.column, "geometry")


def parse_box(text: str, schema: Schema) -> Expression:
    expected = Text(ko="서,남,동,북 (도)", en="west,south,east,north in degrees")
    place = place_of("bbox", schema)
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
    return Call("in_box", (place, *(Value(side, "number") for side in (west, south, east, north))), "boolean")


def parse_near(text: str, schema: Schema) -> Call:
    """Read "longitude,latitude,metres" as the condition that the distance is not greater."""
    expected = Text(
        ko="경도,위도,미터 (예: 127.03,37.5,500)", en="longitude,latitude,metres, for example 127.03,37.5,500"
    )
    place = place_of("near", schema)
    try:
        longitude, latitude, metres = (read_number(part) for part in text.split(","))
    except ValueError as error:
        raise BadValue(parameter="near", value=text, expected=expected) from error
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90 and 0 <= metres <= 100_000):
        raise BadValue(parameter="near", value=text, expected=expected)
    point = Value(shapely.to_wkb(shapely.Point(longitude, latitude)), "geometry")
    return Call("lte", (Call("distance", (place, point), "number"), Value(metres, "number")), "boolean")


def parse_crs(text: str, schema: Schema) -> str:
    place_of("crs", schema)
    code = text.upper().removeprefix("HTTP://WWW.OPENGIS.NET/DEF/CRS/EPSG/0/").removeprefix("EPSG:")
    if f"EPSG:{code}" not in COORDINATE_SYSTEMS:
        raise BadValue(parameter="crs", value=text, expected=", ".join(COORDINATE_SYSTEMS))
    return f"EPSG:{code}"


def parse_interval(text: str, schema: Schema) -> list[Expression]:
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
            *([] if start in OPEN else [compare("gte", column, read_start(start, column))]),
            *([] if end in OPEN else [read_end(end, column)]),
        ]
    except (ValueError, OverflowError) as error:
        raise BadValue(parameter="datetime", value=text, expected=expected) from error
    if not bounds or bounds[0].arguments[1].value > bounds[-1].arguments[1].value:
        raise BadValue(parameter="datetime", value=text, expected=expected)
    return bounds


def read_start(text: str, column: Column) -> dt.date | dt.datetime:
    moment = read_datetime(text)
    return moment.date() if column.type == "date" else moment


def read_end(text: str, column: Column) -> Call:
    """Return the upper condition; a day without a time is meant whole."""
    moment = read_datetime(text)
    if column.type == "date":
        return compare("lte", column, moment.date())
    if ":" not in text and "T" not in text:
        return compare("lt", column, moment + dt.timedelta(days=1))
    return compare("lte", column, moment)


def parse_whole(parameter: str, text: str, maximum: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= maximum:
        raise BadValue(parameter=parameter, value=text, expected=f"1..{maximum}")
    return int(text)
