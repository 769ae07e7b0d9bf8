"""Answers questions: a frozen Query over a manifest's parts gives a page or a stream of Arrow batches.

Parts that cannot hold an answer are left out by their ranges and boxes before any file is opened. Rows keep one total
order (the sort columns, then the row's number in the snapshot), so a cursor goes on exactly where a page ended.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pyarrow as pa

from catalog.errors import BadExpression, SnapshotNotFound, TooExpensive
from catalog.records.admission import FACTORS
from catalog.records.cursor import encode_cursor
from catalog.records.encode.json import FEW, json_array, json_of_columns
from catalog.records.engine import Limits, count, deadline, identifier, names_of
from catalog.records.expressions import Call, Expression, columns_of
from catalog.records.index import Index
from catalog.records.index.found import Located
from catalog.records.index.lookup import look_up
from catalog.records.index.merge import Merged, look_up_in_both
from catalog.records.layout import BOUNDS, ROW
from catalog.records.manifest import Manifest
from catalog.records.query import DEFAULT_LIMIT, WGS84, Cursor, Query, answer_schema
from catalog.records.reproject import Rows, reproject
from catalog.records.schema import Schema
from catalog.records.sources import Places, SnapshotSource, Source, Statement
from catalog.records.statement import Writer, shown
from catalog.records.store import Store
from catalog.text import Text

BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Page:
    """One page of records; ``next_cursor`` is None on the last page, ``count`` is None unless asked for."""

    found: pa.Table | Located | Merged
    next_cursor: str | None
    count: int | None

    @cached_property
    def rows(self) -> pa.Table:
        return self.found if isinstance(self.found, pa.Table) else self.found.table()

    def json(self, schema: Schema) -> bytes:
        """Write the records as a JSON list; ``schema`` is that of the answer."""
        if not isinstance(self.found, pa.Table) and len(self.found) < FEW:
            return json_of_columns(self.found.values(schema), schema)
        return json_array(self.rows, schema)


def run_query(manifest: Manifest, query: Query, store: Store, limits: Limits, index: Index | None = None) -> Page:
    """Answer a question about one snapshot with a page; an index of it makes it faster and nothing else."""
    return run_on(SnapshotSource(manifest, store, limits, index), query)


def run_on(source: Source, query: Query) -> Page:
    """Answer a question with one page."""
    require_source(source, query)
    wanted = query.limit or DEFAULT_LIMIT
    with engine_errors(source.limits):
        looked_up = look_up_in(source, query, wanted + 1) if isinstance(source, SnapshotSource) else None
    if looked_up:
        found, total = looked_up
        if query.exact_count and total is None:
            total = count_all(source, query)
        return page_of(found, total, source, query, wanted)
    rows, total = scan(source, query, wanted + 1)
    has_more = rows.num_rows > wanted
    rows = rows.slice(0, wanted)
    next_cursor = encode_cursor(next_place(rows, source.name, query), query) if has_more else None
    return Page(answer_rows(rows, source.schema, query), next_cursor, total if query.exact_count else None)


def look_up_in(source: SnapshotSource, query: Query, limit: int) -> tuple[Located | Merged, int | None] | None:
    if source.index is None:
        return None
    if source.later is None:
        return look_up(source.index, source.schema, query, limit)
    return look_up_in_both(source.index, source.later, source.schema, query, limit)


def page_of(found: Located | Merged, total: int | None, source: Source, query: Query, wanted: int) -> Page:
    """Return the page of records that were looked up."""
    page = found.slice(0, wanted)
    next_cursor = encode_cursor(Cursor(source.name, *page.last_place()), query) if len(found) > wanted else None
    rows = page if query.crs == WGS84 else answer_rows(page.table(), source.schema, query)
    return Page(rows, next_cursor, total if query.exact_count else None)


def scan(source: Source, query: Query, limit: int) -> tuple[pa.Table, int | None]:
    """Return the first records from the question's place on, and the number of all if it is asked for."""
    best, limits = source.best_for(query), source.limits
    places = best.places(query)
    statement, parameters = build_statement(best, query, limit=limit, places=places)
    with limits.admitted(cost_of(best, query, places)):
        with best.cursor() as cursor, deadline(cursor, limits), engine_errors(limits):
            rows = cursor.sql(statement, params=parameters or None).to_arrow_table()
        if not query.exact_count:
            return rows, None
        with source.cursor() as cursor, deadline(cursor, limits), engine_errors(limits):
            return rows, count_matching(source, query, cursor)


def count_all(source: Source, query: Query) -> int:
    """Return the number of all records of the answer."""
    limits = source.limits
    with (
        limits.admitted(cost_of(source, query, source.places(query))),
        source.cursor() as cursor,
        deadline(cursor, limits),
        engine_errors(limits),
    ):
        return count_matching(source, query, cursor)


def cost_of(source: Source, query: Query, places: Places, *, whole: bool = False) -> float:
    """Return what a question costs, as ``admission.py`` counts; a page of records as they lie ends long before the end."""
    kind = "group" if query.is_computed else "sort" if query.is_reordered else "export" if whole else "scan"
    if kind == "scan" and not query.where and not query.exact_count:
        kind = "lookup"
    return source.effort(query, places) * max(len(needed_columns(source.schema, query)), 1) * FACTORS[kind]


def answer_rows(rows: Rows, schema: Schema, query: Query) -> Rows:
    """Return the columns of the answer alone, places in the coordinate system that was asked for."""
    chosen = rows.select(list(query.select))
    return chosen if query.crs == WGS84 else reproject(chosen, answer_schema(schema, query), query.crs)


def stream_query(
    manifest: Manifest, query: Query, store: Store, limits: Limits, index: Index | None = None
) -> Iterator[pa.RecordBatch]:
    """Answer a question about one snapshot whole, batch by batch."""
    return stream_on(SnapshotSource(manifest, store, limits, index), query)


def stream_on(source: Source, query: Query) -> Iterator[pa.RecordBatch]:
    """Answer a question whole, batch by batch with flat memory; a limit cuts it off.

    The time limit holds for each batch, not for the whole, which lasts as long as the reader takes.
    """
    require_source(source, query)
    best, limits = source.best_for(query), source.limits
    left = sys.maxsize if query.limit is None else query.limit
    with limits.admitted(cost_of(best, query, best.places(query), whole=True)), best.cursor() as cursor:
        for statement, parameters in stream_statements(best, query):
            reader = None
            while left > 0:
                with deadline(cursor, limits), engine_errors(limits):
                    if reader is None:
                        reader = cursor.sql(statement, params=parameters or None).to_arrow_reader(BATCH_ROWS)
                    batch = next(reader, None)
                if batch is None:
                    break
                yield answer_rows(batch, source.schema, query).slice(0, left)
                left -= batch.num_rows


def stream_statements(source: Source, query: Query) -> Iterator[Statement]:
    """Without a sort, one statement a part keeps order and memory flat; a sort needs all parts at once."""
    places = source.places(query)
    for chosen in [places] if query.is_reordered else ([place] for place in places):
        yield build_statement(source, query, limit=query.limit if query.is_reordered else None, places=chosen)


def build_statement(source: Source, query: Query, *, limit: int | None, places: Places | None = None) -> Statement:
    """Return the statement and parameters that answer ``query``; no value of the question stands in its text.

    Parts keep the order of their rows, so that a page without a sort ends as soon as it is full.
    """
    chosen = source.places(query) if places is None else places
    relation, parameters = source.read(needed_columns(source.schema, query), chosen)
    writer = Writer(source.schema)
    records = write_source(query, writer, relation)
    if query.is_computed:
        statement = write_computed(query, writer, records)
        if limit is not None:
            statement += f" LIMIT {limit:d} OFFSET {query.cursor.row if query.cursor else 0:d}"
    else:
        in_order = not (query.latest_by or query.sample) and source.keeps_order(chosen)
        statement = write_records(query, writer, records, keeps_order=in_order)
        if limit is not None:
            statement += f" LIMIT {limit:d}"
    return statement, parameters | writer.parameters


def needed_columns(schema: Schema, query: Query) -> list[str]:
    """Return the columns of the records that a question looks at."""
    orders = () if query.is_computed else (order.value for order in query.order_by)
    looked_at = (*(output.value for output in query.outputs), *query.where, *query.group_by, *orders)
    names = dict.fromkeys([*columns_of(*looked_at), *query.latest_by])
    geometry = schema.geometry
    if geometry and ("" in names or geometry.column in names):  # "" is the place of records that have it in two columns
        names |= dict.fromkeys([geometry.longitude, geometry.latitude] if geometry.is_point else BOUNDS)
    if query.latest_by or any(map(needs_time, looked_at)):
        names[schema.time] = None
    return [name for name in names if name]


def needs_time(value: Expression) -> bool:
    if not isinstance(value, Call):
        return False
    return value.operator in ("first", "last") or any(map(needs_time, value.arguments))


def write_source(query: Query, writer: Writer, relation: str) -> str:
    """Write what the answer is taken from: the records that match, narrowed to the latest of each key and to a sample."""
    source = f"({relation}) AS records"
    if query.where:
        source += " WHERE " + " AND ".join(writer.write(condition) for condition in query.where)
    if query.latest_by:
        latest = f"row_number() OVER (PARTITION BY {names_of(query.latest_by)} ORDER BY {identifier(writer.schema.time)} DESC NULLS LAST, {ROW} DESC)"
        source = f"(SELECT * FROM {source} QUALIFY {latest} = 1) AS records"
    if query.sample is not None:
        source = f"(SELECT * FROM {source} ORDER BY hash({ROW}), {ROW} LIMIT {query.sample:d}) AS records"
    return source


def write_records(query: Query, writer: Writer, source: str, *, keeps_order: bool) -> str:
    """Write the question for records as they are, each with its number and the values that it is sorted by."""
    columns = [f"{shown(output.value, writer)} AS {identifier(output.name)}" for output in query.outputs]
    columns += [f"{shown(order.value, writer)} AS _order_{at}" for at, order in enumerate(query.order_by)]
    statement = f"SELECT {', '.join([*columns, ROW])} FROM {source}"
    if query.cursor is not None:
        narrowed = bool(query.where) and not (query.latest_by or query.sample)
        statement += f" {'AND' if narrowed else 'WHERE'} {write_continuation(query, writer)}"
    if query.order_by or not keeps_order:
        orders = [f"_order_{at} {direction(order.descending)}" for at, order in enumerate(query.order_by)]
        statement += f" ORDER BY {', '.join([*orders, ROW])}"
    return statement


def direction(descending: bool) -> str:
    """Empty values come last in both directions."""
    return f"{'DESC' if descending else 'ASC'} NULLS LAST"


def write_computed(query: Query, writer: Writer, source: str) -> str:
    """Write the question for groups or different records; all columns break ties, so that pages follow one another."""
    columns = ", ".join(f"{shown(output.value, writer)} AS {identifier(output.name)}" for output in query.outputs)
    statement = f"SELECT {'DISTINCT ' if query.distinct else ''}{columns} FROM {source}"
    if query.group_by:
        statement += f" GROUP BY {', '.join(writer.write_group(group) for group in query.group_by)}"
    statement = f"SELECT * FROM ({statement}) AS answer"
    if query.having is not None:
        statement += f" WHERE {writer.write(query.having)}"
    orders = {order.value.name: order.descending for order in query.order_by}
    orders |= {name: False for name in query.select if name not in orders}
    sorted_by = (f"{identifier(name)} {direction(descending)}" for name, descending in orders.items())
    return f"{statement} ORDER BY {', '.join(sorted_by)}"


def write_continuation(query: Query, writer: Writer) -> str:
    """Write the condition "after the cursor's place" in the total order, column by column."""
    alternatives, equal = [], []
    for order, value in zip(query.order_by, query.cursor.values, strict=True):
        column = shown(order.value, writer)
        if value is None:  # only other empty values can follow
            equal.append(f"{column} IS NULL")
            continue
        name = writer.parameter(value)
        beyond = f"({column} {'<' if order.descending else '>'} {name} OR {column} IS NULL)"
        alternatives.append(" AND ".join([*equal, beyond]))
        equal.append(f"{column} = {name}")
    alternatives.append(" AND ".join([*equal, f"{ROW} > {writer.parameter(query.cursor.row)}"]))
    return "(" + " OR ".join(f"({alternative})" for alternative in alternatives) + ")"


def next_place(rows: pa.Table, name: str, query: Query) -> Cursor:
    if query.is_computed:
        return Cursor(name, (), (query.cursor.row if query.cursor else 0) + rows.num_rows)
    names = [*(f"_order_{at}" for at in range(len(query.order_by))), ROW]
    *values, row = (rows.column(name)[rows.num_rows - 1].as_py() for name in names)
    return Cursor(name, tuple(values), row)


def count_matching(source: Source, query: Query, cursor: duckdb.DuckDBPyConnection) -> int:
    """Count all records of the answer, whatever the page; without conditions the manifest knows."""
    if not (query.where or query.is_computed or query.latest_by or query.sample):
        return source.records
    places = source.places(query, paging=False)
    relation, parameters = source.read(needed_columns(source.schema, query), places)
    writer = Writer(source.schema)
    records = write_source(query, writer, relation)
    if query.is_computed:
        records = f"({write_computed(query, writer, records)})"
    return count(cursor, records, parameters | writer.parameters)


def require_source(source: Source, query: Query) -> None:
    """Refuse a cursor of other records, whose rows have other numbers."""
    if query.cursor is not None and query.cursor.snapshot != source.name:
        raise SnapshotNotFound(snapshot=query.cursor.snapshot[:12])


@contextmanager
def engine_errors(limits: Limits) -> Iterator[None]:
    """Tell in our words what the engine gave up on; a batch that is being read says it as an OSError."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise too_long(limits) from error
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        reason = Text(ko="계산한 값이 정수의 범위를 넘습니다", en="a computed value is too large for a whole number")
        raise BadExpression(what="select", reason=reason) from error
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
