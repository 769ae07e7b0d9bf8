"""Which parts of a snapshot may hold an answer, told by their ranges and boxes before any file is opened."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog.records.expressions import Call, ColumnRef, Expression, Value, conjuncts
from catalog.records.manifest import Manifest, Part
from catalog.records.query import Query
from catalog.records.statement import near_place


def relevant_parts(manifest: Manifest, query: Query, *, paging: bool = True) -> list[int]:
    """Return the positions of the parts that may hold an answer; with ``paging`` only those from the cursor on."""
    conditions = [part for condition in query.where for part in conjuncts(condition)]
    by_row = paging and query.cursor is not None and not query.is_reordered
    positions, start = [], 0
    for position, part in enumerate(manifest.parts):
        end = start + part.rows
        passed = by_row and end - 1 <= query.cursor.row
        if part.rows and not passed and all(may_hold(part, condition) for condition in conditions):
            positions.append(position)
        start = end
    return positions


def may_hold(part: Part, condition: Expression) -> bool:
    """Tell whether a part can hold a record that meets a condition; what is not known may be."""
    if near := near_place(condition):
        return boxes_meet(part.box, *(side.value for side in near[1:]))
    return all(may_match(part, *bound) for bound in bounds_of(condition))


def bounds_of(condition: Expression) -> Iterator[tuple[str, str, Any]]:
    """Yield the comparisons of a column with a value that a condition consists of, as column, operator and value."""
    if not (isinstance(condition, Call) and condition.arguments and isinstance(condition.arguments[0], ColumnRef)):
        return
    column, *values = condition.arguments
    if not all(isinstance(value, Value) and value.value is not None for value in values):
        return
    name = condition.operator
    if name in ("between", "t_during", "t_intersects"):
        yield column.name, "gte", values[0].value
        yield column.name, "lte", values[1].value
    elif COMPARED.get(name):
        yield column.name, COMPARED[name], values[0].value


COMPARED: Mapping[str, str] = {
    **{name: name for name in ("eq", "in", "gt", "gte", "lt", "lte")},
    "t_after": "gt",
    "t_before": "lt",
    "t_equals": "eq",
}
PRUNERS: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "eq": lambda value, low, high: low <= value <= high,
    "in": lambda value, low, high: low <= value <= high,
    "gt": lambda value, low, high: high > value,
    "gte": lambda value, low, high: high >= value,
    "lt": lambda value, low, high: low < value,
    "lte": lambda value, low, high: low <= value,
}


def may_match(part: Part, column: str, operator: str, value: object) -> bool:
    bounds = (part.ranges or {}).get(column)
    if bounds is None:
        return True
    values = value if isinstance(value, tuple) else (value,)
    low, high = (comparable(bound, values[0]) for bound in bounds)
    try:
        return any(PRUNERS[operator](one, low, high) for one in values)
    except TypeError:  # a day and a moment
        return True


def comparable(bound: Any, value: object) -> Any:  # noqa: ANN401
    """Read a range's ISO text back as what the value is."""
    if isinstance(value, dt.datetime):
        return dt.datetime.fromisoformat(bound)
    if isinstance(value, dt.date):
        return dt.date.fromisoformat(bound)
    return bound


def boxes_meet(
    box: tuple[float, float, float, float] | None, west: float, south: float, east: float, north: float
) -> bool:
    return box is not None and box[0] <= east and box[2] >= west and box[1] <= north and box[3] >= south
