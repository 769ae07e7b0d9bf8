"""Conditions and computed values as trees: written as CQL2 text and JSON, and computed by a plain walk in Python.

A tree is a tuple: ``("column", name)``, ``("value", kind, value)``, ``("place", geometry)``, ``("list", kind, values)``,
``("interval", start, end)`` or ``(operator, *arguments)`` with an operator of the table. None is an empty value.
"""

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import naive
import pyproj
import shapely
from hypothesis import strategies as st

from catalog.records.operators import ALL, TIMES

Tree = tuple[Any, ...]
KST = naive.KST
EARTH = pyproj.Geod(ellps="WGS84")
PLANE = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:5179", always_xy=True)
INFIX = {"and": "AND", "or": "OR", "eq": "=", "differs": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
         "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulo": "%", "div": "div", "power": "^",
         "like": "LIKE", "in": "IN"}  # fmt: skip


class TooLarge(Exception):
    """A whole number beyond 64 bits; the engine refuses the question."""


# --- written as text and as JSON


def as_text(tree: Tree) -> str:
    name, *rest = tree
    if name == "column":
        return rest[0]
    if name == "value":
        return literal(*rest)
    if name == "place":
        return rest[0].wkt
    if name == "list":
        return f"({', '.join(literal(rest[0], value) for value in rest[1])})"
    if name == "interval":
        return f"INTERVAL({', '.join(quoted('..' if end is None else moment_text(end)) for end in rest)})"
    written = [as_text(one) for one in rest]
    if name in INFIX:
        return f"({written[0]} {INFIX[name]} {written[1]})"
    if name == "not":
        return f"(NOT {written[0]})"
    if name == "isnull":
        return f"({written[0]} IS NULL)"
    if name == "between":
        return f"({written[0]} BETWEEN {written[1]} AND {written[2]})"
    if name in ("s_dwithin", "s_beyond"):
        written.append("'m'")
    return f"{name.upper()}({', '.join(written)})"


def literal(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "TRUE" if value else "FALSE"
    if kind in ("integer", "number"):
        return repr(value)
    if kind in TIMES:
        return f"{'DATE' if kind == 'date' else 'TIMESTAMP'}({quoted(moment_text(value))})"
    return quoted(value)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def moment_text(moment: dt.date) -> str:
    return moment.isoformat()


def as_json(tree: Tree) -> Any:
    name, *rest = tree
    if name == "column":
        return {"property": rest[0]}
    if name == "value":
        return plain(*rest)
    if name == "place":
        return shapely.geometry.mapping(rest[0])
    if name == "list":
        return [plain(rest[0], value) for value in rest[1]]
    if name == "interval":
        return {"interval": [".." if end is None else moment_text(end) for end in rest]}
    row = ALL[name]
    unit = ["meters"] if name in ("s_dwithin", "s_beyond") else []
    return {"op": row.cql2 or name, "args": [*map(as_json, rest), *unit]}


def plain(kind: str, value: Any) -> Any:
    if kind in TIMES:
        return {"date" if kind == "date" else "timestamp": moment_text(value)}
    return value


# --- computed


def compute(tree: Tree, row: naive.Row) -> Any:
    """Return a value; infinity goes on within a computation, where it is used it is empty."""
    name, *rest = tree
    if name == "column":
        if rest[0] == "location":
            return None if row["x"] is None else shapely.Point(row["x"], row["y"])
        return row[rest[0]]
    if name in ("value", "list"):
        return rest[1]
    if name == "place":
        return rest[0]
    if name == "interval":
        return tuple(rest)
    if name in ("and", "or"):
        return LOGIC[name](compute(rest[0], row), compute(rest[1], row))
    given = [compute(one, row) for one in rest]
    if name not in ARITHMETIC:
        given = [None if isinstance(one, float) and not math.isfinite(one) else one for one in given]
    if name == "isnull":
        return given[0] is None
    if any(one is None for one in given):
        return None
    return COMPUTED[name](*given)


def logical_and(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def logical_or(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False


LOGIC = {"and": logical_and, "or": logical_or}


def whole(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise TooLarge
    return number


def exact_or_float(of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Compute whole numbers exactly and everything else as floating point does."""

    def computed(one: float, other: float) -> float | None:
        if isinstance(one, int) and isinstance(other, int):
            return whole(of(one, other))
        return of(float(one), float(other))

    return computed


def divided(one: float, other: float) -> float | None:
    return None if other == 0 else float(one) / float(other)


def remainder(one: float, other: float) -> float | None:
    if other == 0:
        return None
    if isinstance(one, int) and isinstance(other, int):
        whole_division(one, other)  # what the processor divides to get there
        return one - whole(abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)) * other
    one, other = float(one), float(other)
    return math.nan if not math.isfinite(one) else math.fmod(one, other)


def whole_division(one: int, other: int) -> int | None:
    if other == 0:
        return None
    return whole(abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1))


def raised(one: float, other: float) -> float | None:
    if one == 0 and other < 0:
        return None
    try:
        found = float(one) ** float(other)
    except OverflowError:
        odd = float(other).is_integer() and float(other) % 2 == 1
        return -math.inf if one < 0 and odd else math.inf
    return math.nan if isinstance(found, complex) else found


def numbers_alike(of: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Compare as the engine does: a whole number beside another kind of number is one, a day its first moment."""

    def compared(one: Any, other: Any) -> bool:
        return of(*alike(one, other))

    return compared


def alike(one: Any, other: Any) -> tuple[Any, Any]:
    if isinstance(one, float) or isinstance(other, float):
        return float(one), float(other)
    if isinstance(one, dt.datetime) != isinstance(other, dt.datetime):
        return at_midnight(one), at_midnight(other)
    return one, other


def at_midnight(day: dt.date) -> dt.datetime:
    return day if isinstance(day, dt.datetime) else dt.datetime(day.year, day.month, day.day, tzinfo=KST)


def without_accents(text: str) -> str:
    bare = "".join(letter for letter in unicodedata.normalize("NFD", text) if unicodedata.category(letter) != "Mn")
    return unicodedata.normalize("NFC", bare)


def ends_of(span: tuple[Any, Any], moment: Any, *, to_the_end: bool) -> tuple[Any, Any]:
    """Return the ends as what the moment is; a day that ends a span is meant whole where ends are included."""
    start, end = span
    if isinstance(moment, dt.datetime):
        if to_the_end and end is not None and not isinstance(end, dt.datetime):
            end = dt.datetime.combine(end, dt.time.max, KST)
        return (None if start is None else at_midnight(start)), (None if end is None else at_midnight(end))
    return as_day(start), as_day(end)


def as_day(moment: Any) -> Any:
    return moment.astimezone(KST).date() if isinstance(moment, dt.datetime) else moment


def during(moment: Any, span: tuple[Any, Any]) -> bool:
    start, end = ends_of(span, moment, to_the_end=False)
    return (start is None or moment > start) and (end is None or moment < end)


def meets(moment: Any, span: tuple[Any, Any]) -> bool:
    start, end = ends_of(span, moment, to_the_end=True)
    return (start is None or moment >= start) and (end is None or moment <= end)


def metres(one: shapely.Geometry, other: shapely.Geometry) -> float:
    if one.geom_type == other.geom_type == "Point":
        return EARTH.inv(one.x, one.y, other.x, other.y)[2]
    on_plane = [shapely.transform(shape, PLANE.transform, interleaved=False) for shape in (one, other)]
    return shapely.distance(*on_plane)


def predicate(of: Callable[[shapely.Geometry, shapely.Geometry], Any]) -> Callable[[Any, Any], bool]:
    return lambda one, other: bool(of(one, other))


ARITHMETIC = ("add", "subtract", "multiply", "divide", "modulo", "div", "power")
COMPUTED: Mapping[str, Callable[..., Any]] = {
    "eq": numbers_alike(lambda one, other: one == other),
    "ne": numbers_alike(lambda one, other: one != other),
    "differs": numbers_alike(lambda one, other: one != other),
    "gt": numbers_alike(lambda one, other: one > other),
    "gte": numbers_alike(lambda one, other: one >= other),
    "lt": numbers_alike(lambda one, other: one < other),
    "lte": numbers_alike(lambda one, other: one <= other),
    "t_after": numbers_alike(lambda one, other: one > other),
    "t_before": numbers_alike(lambda one, other: one < other),
    "t_equals": numbers_alike(lambda one, other: one == other),
    "between": lambda one, low, high: (lambda a, b: a >= b)(*alike(one, low)) and (lambda a, b: a <= b)(*alike(one, high)),
    "in": lambda one, values: any(left == right for left, right in (alike(one, value) for value in values)),
    "contains": lambda text, part: part.lower() in text.lower(),
    "startswith": lambda text, part: text.lower().startswith(part.lower()),
    "like": lambda text, pattern: naive.is_like(text, pattern),
    "not": lambda one: not one,
    "add": exact_or_float(lambda one, other: one + other),
    "subtract": exact_or_float(lambda one, other: one - other),
    "multiply": exact_or_float(lambda one, other: one * other),
    "divide": divided,
    "modulo": remainder,
    "div": whole_division,
    "power": raised,
    "casei": str.lower,
    "accenti": without_accents,
    "t_during": during,
    "t_intersects": meets,
    "t_disjoint": lambda moment, span: not meets(moment, span),
    "s_intersects": predicate(shapely.intersects),
    "s_within": predicate(shapely.within),
    "s_contains": predicate(shapely.contains),
    "s_disjoint": predicate(shapely.disjoint),
    "s_equals": predicate(shapely.equals),
    "s_touches": predicate(shapely.touches),
    "s_crosses": predicate(shapely.crosses),
    "s_overlaps": predicate(shapely.overlaps),
    "s_dwithin": lambda one, other, within: bool(metres(one, other) <= within),
    "s_beyond": lambda one, other, within: bool(metres(one, other) > within),
}  # fmt: skip


# --- generated: bracket depth stays below what a text may have

COLUMNS = {column.type: ("column", column.name) for column in naive.SCHEMA.columns}
PLACES = [
    shapely.Point(127.0, 37.5),
    shapely.box(126.5, 37.0, 127.05, 37.5),
    shapely.box(124.0, 33.0, 127.0, 39.0),
    shapely.LineString([(126.0, 37.5), (128.0, 37.5)]),
    shapely.MultiPoint([(127.1, 37.5), (126.9, 37.4)]),
    shapely.Polygon([(124, 32), (133, 32), (133, 40), (124, 40)], [[(126.95, 37.3), (127.05, 37.3), (127.05, 37.6), (126.95, 37.6)]]),
]  # fmt: skip
PATTERNS = ["%", "_", "강%", "%구", "a_", "100\\%", "%\\_%", "", "É", "%e%", "'%"]


def values_of(kind: str) -> st.SearchStrategy[Tree]:
    column = COLUMNS[kind][1]
    values = naive.VALUES[column]
    if kind == "integer":
        values = [*values, 7, -3]
    return st.sampled_from(values).map(lambda value: ("value", kind, value))


def texts(depth: int) -> st.SearchStrategy[Tree]:
    return st.just(COLUMNS["string"]) if depth == 0 else st.one_of(
        texts(0), st.tuples(st.sampled_from(["casei", "accenti"]), texts(depth - 1))
    )  # fmt: skip


def wholes(depth: int) -> st.SearchStrategy[Tree]:
    """Whole numbers: a column or a computation, never a bare value alone."""
    if depth == 0:
        return st.just(COLUMNS["integer"])
    operators = st.sampled_from(["add", "subtract", "multiply", "modulo", "div"])
    small = st.sampled_from([-3, -1, 0, 1, 2, 7]).map(lambda value: ("value", "integer", value))
    return st.one_of(wholes(0), st.tuples(operators, wholes(depth - 1), small | wholes(0)))


def numbers(depth: int) -> st.SearchStrategy[Tree]:
    if depth == 0:
        return st.just(COLUMNS["number"])
    operators = st.sampled_from(["add", "subtract", "multiply", "divide", "modulo", "power"])
    right = values_of("number") | numbers(0) | wholes(0)
    return st.one_of(numbers(0), st.tuples(operators, numbers(depth - 1), right))


def moments() -> st.SearchStrategy[Tree]:
    return st.sampled_from([COLUMNS["date"], COLUMNS["datetime"]])


def spans() -> st.SearchStrategy[Tree]:
    ends = st.sampled_from([*naive.VALUES["d"], *naive.VALUES["t"]])
    return st.tuples(st.just("interval"), ends | st.none(), ends | st.none()).filter(
        lambda span: span[1] is not None or span[2] is not None
    )


ORDER = st.sampled_from(["eq", "differs", "gt", "gte", "lt", "lte"])
PAIRS = st.sampled_from(["eq", "differs"])


def comparisons() -> st.SearchStrategy[Tree]:
    sides = {"string": texts(2), "integer": wholes(2), "number": numbers(2), "date": st.just(COLUMNS["date"]),
             "datetime": st.just(COLUMNS["datetime"]), "time": st.just(COLUMNS["time"])}  # fmt: skip
    plain_ones = [st.tuples(ORDER, side, values_of(kind)) for kind, side in sides.items()]
    between = [st.tuples(st.just("between"), side, values_of(kind), values_of(kind)) for kind, side in sides.items()]
    lists = [
        st.tuples(st.just("in"), side, st.lists(values_of(kind), min_size=1, max_size=3).map(
            lambda values: ("list", values[0][1], tuple(value[2] for value in values))))
        for kind, side in sides.items()
    ]  # fmt: skip
    patterns = st.sampled_from(PATTERNS).map(lambda text: ("value", "string", text))
    either_time = values_of("date") | values_of("datetime")
    return st.one_of(
        *plain_ones,
        *between,
        *lists,
        st.tuples(ORDER, wholes(1), numbers(1)),
        st.tuples(ORDER, moments(), moments()),
        st.tuples(PAIRS, st.just(COLUMNS["boolean"]), values_of("boolean")),
        st.tuples(st.just("isnull"), st.one_of(st.sampled_from(list(COLUMNS.values())), numbers(1), wholes(1))),
        st.tuples(st.just("like"), texts(1), patterns | st.tuples(st.just("casei"), patterns)),
        st.tuples(st.sampled_from(["contains", "startswith"]), texts(0), values_of("string")),
        st.tuples(st.sampled_from(["t_after", "t_before", "t_equals"]), moments(), either_time | moments()),
        st.tuples(st.sampled_from(["t_during", "t_intersects", "t_disjoint"]), moments(), spans()),
        places(),
        st.just(COLUMNS["boolean"]),
    )


def places() -> st.SearchStrategy[Tree]:
    place, shape = st.just(("column", "location")), st.sampled_from(PLACES).map(lambda shape: ("place", shape))
    predicates = st.sampled_from([name for name in COMPUTED if name.startswith("s_") and "with" not in name and name != "s_beyond"])  # fmt: skip
    far = st.sampled_from([0, 1, 5000, 20_000, 300_000]).map(lambda metres: ("value", "integer", metres))
    return st.one_of(
        st.tuples(predicates | st.just("s_within"), place, shape),
        st.tuples(predicates | st.just("s_within"), shape, place),
        st.tuples(st.sampled_from(["s_dwithin", "s_beyond"]), place, shape, far),
    )


def conditions(depth: int = 3) -> st.SearchStrategy[Tree]:
    if depth == 0:
        return comparisons()
    inner = conditions(depth - 1)
    return st.one_of(
        comparisons(),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("not"), inner),
        st.tuples(PAIRS, comparisons(), comparisons()),
    )
