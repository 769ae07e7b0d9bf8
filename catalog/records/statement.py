"""From expressions to SQL: identifiers are quoted, every value is a parameter, no text of a question stands in a statement."""

import math
from dataclasses import dataclass, field
from typing import Any

import shapely

from catalog.records.engine import identifier
from catalog.records.expressions import Call, ColumnRef, Expression, Value
from catalog.records.layout import BOUNDS, ROW
from catalog.records.operators import ALL, ARITHMETIC, PLACES
from catalog.records.schema import Schema

SQL_KINDS = {"integer": "BIGINT", "number": "DOUBLE"}
DEGREE_METRES = 110_570.0  # a degree is never shorter: of latitude at the equator, of longitude there times its cosine
SHORT = 200  # values of a list that are written one by one
NEAR_ITS_SHAPE = ("s_intersects", "s_within", "s_equals", "s_touches", "s_crosses", "s_overlaps", "s_contains")


@dataclass
class Writer:
    """Writes expressions about the records of one schema; ``parameters`` gathers their values on the way."""

    schema: Schema
    parameters: dict[str, Any] = field(default_factory=dict)
    names: dict[tuple[type, str], str] = field(default_factory=dict)

    def write(self, expression: Expression) -> str:
        if isinstance(expression, Value):
            return self.parameter(expression.value)
        if isinstance(expression, ColumnRef):
            return self.write_column(expression)
        if expression.operator == "in_box":
            return self.write_box(*expression.arguments)
        condition = self.write_call(expression)
        near = near_place(expression)
        return f"({self.write_box(*near)} AND {condition})" if near else condition

    def write_call(self, expression: Call) -> str:
        if expression.operator == "distance":
            return self.write_spatial("hub_distance({0}, {1})", expression.arguments)
        row = ALL[expression.operator]
        if row.takes[0] == PLACES:
            return f"({self.write_spatial(row.sql, expression.arguments)})"
        if not expression.arguments:  # of all operators only count() has none
            return "count(*)"
        if expression.operator == "in" and is_short_list(expression.arguments[1]):
            values = ", ".join(self.parameter(value) for value in expression.arguments[1].value)
            return f"({self.write_finite(expression.arguments[0])} IN ({values}))"  # a scan knows it, as no other list
        # Within a computation infinity goes on; only where the result is used it has to be a number.
        write = self.write if expression.operator in ARITHMETIC else self.write_finite
        arguments = [write(argument) for argument in expression.arguments]
        kind, key = SQL_KINDS.get(expression.kind, ""), row.key.format(*arguments)
        time = identifier(self.schema.time) if self.schema.time else ROW
        has_fractions = bool(expression.arguments) and expression.arguments[0].kind == "number"
        sql = (has_fractions and row.of_fractions) or row.sql
        return f"({sql.format(*arguments, kind=kind, time=time, row=ROW, key=key)})"

    def write_finite(self, expression: Expression) -> str:
        """Write a value that is empty where it is no number any more (beyond all limits, or the root of a debt)."""
        written = self.write(expression)
        if isinstance(expression, Call) and expression.kind == "number" and expression.operator != "distance":
            return f"CASE WHEN isfinite({written}) THEN {written} END"
        return written

    def write_group(self, expression: Expression) -> str:
        """Write what to group by: where there is a key that is cheaper than the value itself, that."""
        key = ALL[expression.operator].key if isinstance(expression, Call) and expression.operator in ALL else ""
        if not key:
            return self.write(expression)
        return key.format(*(self.write(argument) for argument in expression.arguments))

    def parameter(self, value: object) -> str:
        """Return the name of a value; the same value has one name, so that equal expressions are written alike."""
        name = f"v{len(self.parameters)}"
        if not isinstance(value, (tuple, bytes)):
            name = self.names.setdefault((type(value), str(value)), name)
        self.parameters[name] = list(value) if isinstance(value, tuple) else value
        return f"${name}"

    def write_column(self, column: ColumnRef) -> str:
        if column.name:
            return identifier(column.name)
        longitude, latitude = self.point
        return f"hub_point({longitude}, {latitude})"

    @property
    def point(self) -> tuple[str, str]:
        geometry = self.schema.geometry
        return identifier(geometry.longitude), identifier(geometry.latitude)

    def write_box(self, place: Expression, *sides: Value) -> str:
        west, south, east, north = (self.parameter(side.value) for side in sides)
        if self.schema.geometry.is_point:
            x, y = self.point
            return f"({x} BETWEEN {west} AND {east} AND {y} BETWEEN {south} AND {north})"
        xmin, ymin, xmax, ymax = BOUNDS
        return f"({xmin} <= {east} AND {xmax} >= {west} AND {ymin} <= {north} AND {ymax} >= {south})"

    def write_spatial(self, sql: str, arguments: tuple[Expression, ...]) -> str:
        """Write a call on geometries; one on a point in two columns takes these as they are."""
        first, *rest = arguments
        if isinstance(first, ColumnRef) and not first.name:
            sql = sql.replace("({0}", "_xy({0}", 1)
            return sql.format(", ".join(self.point), *(self.write(argument) for argument in rest))
        return sql.format(*(self.write(argument) for argument in arguments))


def is_short_list(expression: Expression) -> bool:
    return isinstance(expression, Value) and isinstance(expression.value, tuple) and 0 < len(expression.value) <= SHORT


def near_place(expression: Expression) -> tuple[Expression, Value, Value, Value, Value] | None:
    """Return the records' place and the box outside which a condition on it cannot hold, None when there is none."""
    if not isinstance(expression, Call) or len(expression.arguments) < 2:
        return None
    place, shape, *rest = expression.arguments
    if expression.operator in ("lt", "lte") and isinstance(place, Call) and place.operator == "distance":
        (place, shape), rest = place.arguments, [shape]
    elif expression.operator == "in_box":
        return expression.arguments
    elif expression.operator not in (*NEAR_ITS_SHAPE, "s_dwithin"):
        return None
    if not (isinstance(place, ColumnRef) and isinstance(shape, Value)):
        return None
    metres = rest[0].value if rest and isinstance(rest[0], Value) else 0.0
    if rest and not isinstance(rest[0], Value):
        return None
    sides = widened(shapely.from_wkb(shape.value).bounds, metres)
    return (place, *(Value(side, "number") for side in sides))


def widened(bounds: tuple[float, float, float, float], metres: float) -> tuple[float, float, float, float]:
    """Return a box with a margin of at least ``metres`` on each side; towards the poles it is the whole circle."""
    west, south, east, north = bounds
    if not metres:
        return bounds
    margin = metres / DEGREE_METRES
    south, north = south - margin, north + margin
    furthest = max(abs(south), abs(north))
    if furthest > 80:
        return (-180.0, south, 180.0, north)
    margin /= math.cos(math.radians(furthest))
    return (west - margin, south, east + margin, north)


def shown(value: Expression, writer: Writer) -> str:
    """Write a value as a column of the answer."""
    return writer.write_finite(value)
