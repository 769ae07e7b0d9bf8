"""Values as a platform told them (any value of JSON), and rows that come as columns of them.

``told_array`` makes a column of what came; ``ToldRows`` are the rows of a page of an answer by column, which is several
times as fast as a dictionary for each of them. What the values mean, ``tabulate.py`` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.schema import Column
from catalog.records.staged import dump_json
from catalog.records.typed_rows import is_number

Kept = tuple[frozenset[type], pa.DataType]

KEPT_TYPES: Mapping[str, Kept] = {  # of JSON: what a column of a type takes as it is
    "integer": (frozenset({int}), pa.int64()),
    "number": (frozenset({int, float}), pa.float64()),
    "boolean": (frozenset({bool}), pa.bool_()),
}


@dataclass(frozen=True)
class ToldRows:
    """Rows by column; a value is None where its row does not have the column.

    ``shapes`` are the columns that rows have, in their order; ``shape_of`` says of each row which of them is its own.
    """

    shapes: Sequence[tuple[str, ...]]
    shape_of: Sequence[int]
    columns: Mapping[str, Sequence[object]]

    @property
    def rows(self) -> int:
        return len(self.shape_of)

    def row(self, index: int) -> dict[str, object]:
        """Return one row as it came."""
        return {name: self.columns[name][index] for name in self.shapes[self.shape_of[index]]}

    def column(self, name: str) -> Sequence[object]:
        return self.columns[name] if name in self.columns else [None] * self.rows


def kept_types(column: Column, missing: Sequence[str]) -> Kept | None:
    """Return which values of a column need not become text; None where a list or a mark for missing ones is held against it."""
    return None if column.enum or any(map(is_number, missing)) else KEPT_TYPES.get(column.type)


def told_array(values: Sequence[object], kept: Kept | None = None) -> pa.Array:
    """Return the values, numbers and flags as such where all of them may be ``kept``, else as text, geometries as JSON text."""
    kinds = frozenset(map(type, values)) - {type(None)}
    try:
        if kept and kinds and kinds <= kept[0]:
            return finite(pa.array(values, kept[1]))
        if kinds == {int}:
            return pa.array(values, pa.int64()).cast(pa.string())
    except (OverflowError, pa.ArrowInvalid):  # larger than the type holds, or holds exactly
        pass
    if kinds <= {str}:
        return pa.array(values, pa.string())
    return pa.array([value if value is None else as_text(value) for value in values], pa.string())


def finite(values: pa.Array) -> pa.Array:
    """Refuse what is no number: only a text can tell which it was."""
    if pa.types.is_floating(values.type) and not pc.all(pc.is_finite(values), min_count=0).as_py():
        raise pa.ArrowInvalid("not finite")
    return values


def join_arrays(parts: Sequence[pa.Array]) -> pa.Array | None:
    """Return told columns one after the other; None where some are text and others are not, apart from empty ones."""
    kinds = {part.type for part in parts if part.null_count < len(part)} or {parts[0].type}
    if len(kinds) > 1:
        return None
    (kind,) = kinds
    return pa.concat_arrays([part if part.type == kind else pa.nulls(len(part), kind) for part in parts])


def as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return dump_json(value).decode()
    return str(value)
