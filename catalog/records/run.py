"""Answers questions: a frozen Query over a manifest's parts gives a page or a stream of Arrow batches.

Parts that cannot hold an answer are left out by their ranges and boxes before any file is opened. Rows keep one total
order (the sort columns, then the row's number in the snapshot), so a cursor goes on exactly where a page ended.
"""

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from catalog.errors import SnapshotNotFound, TooExpensive
from catalog.records.cursor import encode_cursor
from catalog.records.engine import Limits, connect, count, deadline, identifier
from catalog.records.layout import BOUNDS, ROW
from catalog.records.manifest import Manifest, has_hidden_rows, read_parts
from catalog.records.query import DEFAULT_LIMIT, OPERATORS, Condition, Cursor, Order, Query
from catalog.records.schema import Schema
from catalog.records.store import Store
from catalog.text import Text

BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Page:
    """One page of records; ``next_cursor`` is None on the last page, ``count`` is None unless asked for."""

    rows: pa.Table
    next_cursor: str | None
    count: int | None


def run_query(manifest: Manifest, query: Query, store: Store, limits: Limits) -> Page:
    """Answer a question with one page."""
    require_snapshot(manifest, query)
    wanted = query.limit or DEFAULT_LIMIT
    statement, parameters = build_statement(manifest, query, store, limit=wanted + 1)
    with connect((store.root,), limits) as cursor, deadline(cursor, limits.seconds), engine_errors(limits):
        rows = cursor.sql(statement, params=parameters or None).to_arrow_table()
        total = count_matching(manifest, query, store, cursor) if query.exact_count else None
    has_more = rows.num_rows > wanted
    rows = rows.slice(0, wanted)
    next_cursor = encode_cursor(last_place(rows, manifest, query), query) if has_more else None
    return Page(rows=rows.select(list(query.select)), next_cursor=next_cursor, count=total)


def stream_query(manifest: Manifest, query: Query, store: Store, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Answer a question whole, batch by batch with flat memory; a limit cuts it off.

    The time limit holds for each batch, not for the whole, which lasts as long as the reader takes.
    """
    require_snapshot(manifest, query)
    left = sys.maxsize if query.limit is None else query.limit
    with connect((store.root,), limits) as cursor:
        for statement, parameters in stream_statements(manifest, query, store):
            reader = None
            while left > 0:
                with deadline(cursor, limits.seconds), engine_errors(limits):
                    if reader is None:
                        reader = cursor.sql(statement, params=parameters or None).to_arrow_reader(BATCH_ROWS)
                    batch = next(reader, None)
                if batch is None:
                    break
                yield batch.select(list(query.select)).slice(0, left)
                left -= batch.num_rows


def stream_statements(manifest: Manifest, query: Query, store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """Without a sort, one statement a part keeps order and memory flat; a sort needs all parts at once."""
    if query.order_by:
        yield build_statement(manifest, query, store, limit=query.limit)
        return
    for position in relevant_parts(manifest, query):
        yield build_statement(manifest, query, store, limit=None, positions=[position])


def build_statement(
    manifest: Manifest,
    query: Query,
    store: Store,
    *,
    limit: int | None,
    positions: Iterable[int] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return the statement and parameters that answer ``query``; no value of the question stands in its text.

    Parts keep the order of their rows, so that a page without a sort ends as soon as it is full.
    """
    chosen = relevant_parts(manifest, query) if positions is None else list(positions)
    columns = list(
        dict.fromkeys(
            [*query.select, *(order.column for order in query.order_by), *needed_columns(manifest.schema, query)]
        )
    )
    relation, parameters = read_parts(manifest, store, chosen, columns)
    where, values = build_conditions(manifest.schema, query)
    after, places = build_continuation(query)
    parameters |= values | places
    shown = ", ".join(
        identifier(name) for name in dict.fromkeys([*query.select, *(order.column for order in query.order_by)])
    )
    statement = f"SELECT {shown}, {ROW} FROM ({relation}) AS records"
    if conditions := [*where, *after]:
        statement += " WHERE " + " AND ".join(conditions)
    if query.order_by or any(has_hidden_rows(manifest, position) for position in chosen):
        statement += f" ORDER BY {order_clause(query.order_by)}"
    if limit is not None:
        statement += f" LIMIT {limit:d}"
    return statement, parameters


def needed_columns(schema: Schema, query: Query) -> list[str]:
    names = [condition.column for condition in query.conditions]
    if query.box and schema.geometry:
        names += [schema.geometry.longitude, schema.geometry.latitude] if schema.geometry.is_point else BOUNDS
    return names


def build_conditions(schema: Schema, query: Query) -> tuple[list[str], dict[str, Any]]:
    conditions, parameters = [], {}
    for number, condition in enumerate(query.conditions):
        name = f"value_{number}"
        conditions.append(OPERATORS[condition.operator].sql.format(c=identifier(condition.column), v=f"${name}"))
        parameters[name] = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    if query.box and schema.geometry:
        geometry = schema.geometry
        if geometry.is_point:
            x, y = identifier(geometry.longitude), identifier(geometry.latitude)
            conditions.append(f"{x} BETWEEN $west AND $east AND {y} BETWEEN $south AND $north")
        else:
            conditions.append("_xmin <= $east AND _xmax >= $west AND _ymin <= $north AND _ymax >= $south")
        parameters |= {side: getattr(query.box, side) for side in ("west", "south", "east", "north")}
    return conditions, parameters


def order_clause(orders: Iterable[Order]) -> str:
    """Empty values come last in both directions; the row's number breaks ties."""
    parts = [f"{identifier(order.column)} {'DESC' if order.descending else 'ASC'} NULLS LAST" for order in orders]
    return ", ".join([*parts, ROW])


def build_continuation(query: Query) -> tuple[list[str], dict[str, Any]]:
    """Return the condition "after the cursor's place" in the total order, written out column by column."""
    if query.cursor is None:
        return [], {}
    parameters: dict[str, Any] = {"after_row": query.cursor.row}
    alternatives, equal = [], []
    for number, (order, value) in enumerate(zip(query.order_by, query.cursor.values, strict=True)):
        column, name = identifier(order.column), f"after_{number}"
        if value is None:  # only other empty values can follow
            equal.append(f"{column} IS NULL")
            continue
        parameters[name] = value
        beyond = f"({column} {'<' if order.descending else '>'} ${name} OR {column} IS NULL)"
        alternatives.append(" AND ".join([*equal, beyond]))
        equal.append(f"{column} = ${name}")
    alternatives.append(" AND ".join([*equal, f"{ROW} > $after_row"]))
    return ["(" + " OR ".join(f"({alternative})" for alternative in alternatives) + ")"], parameters


def last_place(rows: pa.Table, manifest: Manifest, query: Query) -> Cursor:
    last = rows.slice(rows.num_rows - 1).to_pylist()[0]
    return Cursor(snapshot=manifest.digest, values=tuple(last[order.column] for order in query.order_by), row=last[ROW])


def count_matching(manifest: Manifest, query: Query, store: Store, cursor: duckdb.DuckDBPyConnection) -> int:
    """Count all records that match, whatever the page; without filters the manifest knows."""
    if not query.conditions and query.box is None:
        return manifest.records
    relation, parameters = read_parts(
        manifest, store, relevant_parts(manifest, query, paging=False), needed_columns(manifest.schema, query)
    )
    where, values = build_conditions(manifest.schema, query)
    return count(cursor, f"({relation}) AS records WHERE {' AND '.join(where)}", parameters | values)


def relevant_parts(manifest: Manifest, query: Query, *, paging: bool = True) -> list[int]:
    """Return the positions of the parts that may hold an answer."""
    positions, start = [], 0
    for position, part in enumerate(manifest.parts):
        end = start + part.rows
        passed = paging and query.cursor is not None and not query.order_by and end - 1 <= query.cursor.row
        if (
            not passed
            and part.rows
            and box_meets(part.box, query, manifest.schema)
            and all(may_match(part.ranges or {}, c) for c in query.conditions)
        ):
            positions.append(position)
        start = end
    return positions


def box_meets(box: tuple[float, float, float, float] | None, query: Query, schema: Schema) -> bool:
    if query.box is None:
        return True
    if box is None:
        return False
    west, south, east, north = box
    return west <= query.box.east and east >= query.box.west and south <= query.box.north and north >= query.box.south


def may_match(ranges: Mapping[str, tuple[Any, Any]], condition: Condition) -> bool:
    """Tell whether a part with these ranges can hold a row that meets the condition; unknown ranges may."""
    bounds = ranges.get(condition.column)
    if bounds is None or condition.operator not in PRUNERS or condition.value is None:
        return True
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    low, high = (comparable(bound, values[0]) for bound in bounds)
    return any(PRUNERS[condition.operator](value, low, high) for value in values)


def comparable(bound: Any, value: Any) -> Any:  # noqa: ANN401
    """Read a range's ISO text back as what the value is."""
    if isinstance(value, dt.datetime):
        return dt.datetime.fromisoformat(bound)
    if isinstance(value, dt.date):
        return dt.date.fromisoformat(bound)
    return bound


PRUNERS = {
    "eq": lambda value, low, high: low <= value <= high,
    "in": lambda value, low, high: low <= value <= high,
    "gt": lambda value, low, high: high > value,
    "gte": lambda value, low, high: high >= value,
    "lt": lambda value, low, high: low < value,
    "lte": lambda value, low, high: low <= value,
}


def require_snapshot(manifest: Manifest, query: Query) -> None:
    """Refuse a cursor of another snapshot, whose rows have other numbers."""
    if query.cursor is not None and query.cursor.snapshot != manifest.digest:
        raise SnapshotNotFound(snapshot=query.cursor.snapshot[:12])


@contextmanager
def engine_errors(limits: Limits) -> Iterator[None]:
    """Tell in our words what the engine gave up on; a batch that is being read says it as an OSError."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise too_long(limits) from error
    except duckdb.OutOfMemoryException as error:
        raise too_much(limits) from error
    except OSError as error:
        if "Out of Memory" in str(error):
            raise too_much(limits) from error
        if "Interrupted" in str(error):
            raise too_long(limits) from error
        raise


def too_long(limits: Limits) -> TooExpensive:
    return TooExpensive(
        reason=Text(
            ko=f"{limits.seconds:g}초 안에 끝나지 않았습니다. 조건을 좁히십시오.",
            en=f"it took longer than {limits.seconds:g} s; narrow it down",
        )
    )


def too_much(limits: Limits) -> TooExpensive:
    return TooExpensive(
        reason=Text(
            ko=f"메모리가 {limits.memory_mib} MiB보다 더 필요합니다. 조건을 좁히거나 정렬을 빼십시오.",
            en=f"it needs more than {limits.memory_mib} MiB of memory; narrow it down or do not sort",
        )
    )
