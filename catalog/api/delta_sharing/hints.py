"""Predicate hints: which files can hold no row that is asked for. The client filters by itself, so whatever is unclear stays.

Understood are ``jsonPredicateHints``, the tree of operators of the protocol; ``predicateHints`` (SQL) have been given up there.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from catalog.records import RowFile, Schema

Tree = Mapping[str, Any]
# operator: whether a value between two bounds can meet it
COMPARED: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "equal": lambda low, high, value: low <= value <= high,
    "lessThan": lambda low, high, value: low < value,
    "lessThanOrEqual": lambda low, high, value: low <= value,
    "greaterThan": lambda low, high, value: high > value,
    "greaterThanOrEqual": lambda low, high, value: high >= value,
}
MIRRORED: Mapping[str, str] = {
    "equal": "equal",
    "lessThan": "greaterThan",
    "lessThanOrEqual": "greaterThanOrEqual",
    "greaterThan": "lessThan",
    "greaterThanOrEqual": "lessThanOrEqual",
}
READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "date": dt.date.fromisoformat,
}
DEEPEST = 50


def read_hints(text: str | None) -> Tree | None:
    """Return the tree of conditions; None where it is not one."""
    if not text:
        return None
    try:
        tree = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return tree if isinstance(tree, dict) else None


def may_hold(file: RowFile, tree: object, schema: Schema, depth: int = 0) -> bool:
    """Tell whether a file may hold rows that meet a condition."""
    if not isinstance(tree, dict) or depth > DEEPEST:
        return True
    name, children = tree.get("op"), tree.get("children")
    if not isinstance(children, list):
        return True
    if name == "and":
        return all(may_hold(file, child, schema, depth + 1) for child in children)
    if name == "or":
        return not children or any(may_hold(file, child, schema, depth + 1) for child in children)
    if name == "in" and len(children) > 1:
        return any(may_compare(file, "equal", [children[0], child], schema) for child in children[1:])
    return name not in COMPARED or may_compare(file, name, children, schema)


def may_compare(file: RowFile, name: str, children: Sequence[object], schema: Schema) -> bool:
    """Tell whether a file may hold a value that compares so; only columns against literals are looked at."""
    if len(children) != 2 or not all(isinstance(child, dict) for child in children):
        return True
    column, literal = children
    if column.get("op") == "literal":
        column, literal, name = literal, column, MIRRORED[name]
    named = column.get("name")
    if column.get("op") != "column" or literal.get("op") != "literal" or not isinstance(named, str):
        return True
    named = named.lower()
    bounds = file.ranges.get(named)
    if named not in schema or bounds is None or schema[named].type not in READERS:
        return True
    reader = READERS[schema[named].type]
    try:
        value = reader(literal.get("value"))
        low, high = (reader(bound) for bound in bounds)
    except (TypeError, ValueError):
        return True
    return COMPARED[name](low, high, value)
