"""What a WHERE says about one table alone, held against the ranges of its parts: parts that cannot hold such rows are not read.

Only plain comparisons of a column with a value count, joined by AND. They are never true of an empty value, so leaving
rows out early changes no join but an ASOF join, which chooses among them.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlglot import exp

from catalog.records.manifest import Manifest

KOREAN_TIME = dt.timezone(dt.timedelta(hours=9))
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<offset>Z|[+-]\d\d(:?\d\d)?)?")
OPERATORS: Mapping[type[exp.Expr], str] = {exp.EQ: "=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
TURNED = {"=": "=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
# operator: whether a part whose values lie between low and high can hold one that meets it
CAN_HOLD: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "=": lambda value, low, high: low <= value <= high,
    ">": lambda value, low, high: high > value,
    ">=": lambda value, low, high: high >= value,
    "<": lambda value, low, high: low < value,
    "<=": lambda value, low, high: low <= value,
}


@dataclass(frozen=True)
class Bound:
    """A comparison that every row of an answer meets; several values are alternatives."""

    column: str
    operator: str
    values: tuple[str | Decimal, ...]


def find_bounds(table: exp.Table) -> Iterator[Bound]:
    """Yield what the WHERE of a table's own SELECT says about it."""
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if select is None or where is None or not is_source(table, select):
        return
    is_alone = not select.args.get("joins") and not table.args.get("joins")
    owner = (table.alias or table.name).lower()
    for condition in conjuncts(where.this):
        for column, operator, values in comparisons(condition):
            if column.table.lower() == owner or (not column.table and is_alone):
                yield Bound(column.name.lower(), operator, values)


def is_source(table: exp.Table, select: exp.Select) -> bool:
    """Tell whether a table stands plainly in FROM or JOIN, and no ASOF join chooses among its rows."""
    joins = select.args.get("joins") or []
    plain = isinstance(table.parent, (exp.From, exp.Join)) and table.parent.parent is select
    return plain and not any(join.method for join in joins)


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    waiting = [condition]
    while waiting:
        node = waiting.pop().unnest()
        if isinstance(node, exp.And):
            waiting += [node.this, node.expression]
        else:
            yield node


def comparisons(node: exp.Expr) -> Iterator[tuple[exp.Column, str, tuple[str | Decimal, ...]]]:
    if type(node) in OPERATORS:
        operator, left, right = OPERATORS[type(node)], node.this, node.expression
        if isinstance(right, exp.Column):
            operator, left, right = TURNED[operator], right, left
        found = [(operator, [right])]
    elif isinstance(node, exp.Between):
        left, found = node.this, [(">=", [node.args["low"]]), ("<=", [node.args["high"]])]
    elif isinstance(node, exp.In) and node.expressions:
        left, found = node.this, [("=", node.expressions)]
    else:
        return
    for operator, parts in found:
        values = tuple(value_of(part) for part in parts)
        if isinstance(left, exp.Column) and None not in values:
            yield left, operator, values


def value_of(node: exp.Expr) -> str | Decimal | None:
    """Return a value as it is written, None for what must be computed."""
    node = node.unnest()
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        return -Decimal(node.this.name)
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else Decimal(node.name)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        said, kind = node.this.name, node.args["to"].this
        moment = MOMENT.fullmatch(said)
        if (kind == exp.DType.DATE and DAY.fullmatch(said)) or (kind == exp.DType.TIMESTAMPTZ and moment):
            return said
        if kind == exp.DType.TIMESTAMP and moment and not moment["offset"]:
            return said
    return None


def parts_to_read(manifest: Manifest, bounds: tuple[Bound, ...]) -> list[int]:
    """Return the positions of the parts that can hold rows that meet all bounds."""
    usable = [
        (bound, values)
        for bound in bounds
        if bound.column in manifest.schema
        and (values := typed(bound.values, manifest.schema[bound.column].type)) is not None
    ]
    return [
        position
        for position, part in enumerate(manifest.parts)
        if part.rows and all(can_hold(part.ranges or {}, manifest, bound, values) for bound, values in usable)
    ]


def can_hold(ranges: Mapping[str, tuple[Any, Any]], manifest: Manifest, bound: Bound, values: tuple[Any, ...]) -> bool:
    if bound.column not in ranges:
        return True
    limits = typed(tuple(as_written(limit) for limit in ranges[bound.column]), manifest.schema[bound.column].type)
    return limits is None or any(CAN_HOLD[bound.operator](value, *limits) for value in values)


def as_written(limit: object) -> str | Decimal:
    return limit if isinstance(limit, str) else Decimal(str(limit))


def typed(values: tuple[str | Decimal, ...], kind: str) -> tuple[Any, ...] | None:
    """Return values as a column of this type compares them, None where the engine may compare in another way."""
    reader = READERS.get(kind)
    if reader is None:
        return None
    found = tuple(reader(value) for value in values)
    return None if None in found else found


def read_text(value: str | Decimal) -> str | None:
    return value if isinstance(value, str) else None


def read_number(value: str | Decimal) -> Decimal | None:
    return value if isinstance(value, Decimal) and abs(value) < 2**53 else None  # beyond, the engine may round


def read_double(value: str | Decimal) -> float | None:
    return float(value) if isinstance(value, Decimal) else None


def read_day(value: str | Decimal) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) and DAY.fullmatch(value) else None
    except ValueError:
        return None


def read_moment(value: str | Decimal) -> dt.datetime | None:
    if not isinstance(value, str) or not (DAY.fullmatch(value) or MOMENT.fullmatch(value)):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=KOREAN_TIME)


READERS: Mapping[str, Callable[[str | Decimal], Any]] = {
    "string": read_text,
    "integer": read_number,
    "number": read_double,
    "date": read_day,
    "datetime": read_moment,
}
