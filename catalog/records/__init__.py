"""Records: rows with a schema, immutable snapshots, the query language, the engine and the encoders.

Plain Python, no Django; the only room that knows the columnar libraries. The way of a record:
``tabulate`` → ``validate`` → ``write_snapshot`` → ``parse_query`` → ``run_query`` or ``stream_query`` → ``encode``.
"""

from catalog.records.cursor import snapshot_of_cursor
from catalog.records.encode import FORMATS, Format, as_dictionaries, encode
from catalog.records.engine import Limits
from catalog.records.manifest import Manifest, Part
from catalog.records.parse import parse_query
from catalog.records.places import KOREA, Area
from catalog.records.query import MAXIMUM_LIMIT, OPERATORS, PARAMETERS, Query
from catalog.records.reasons import REASONS, explain
from catalog.records.run import Page, run_query, stream_query
from catalog.records.schema import TYPES, Column, Geometry, Schema, from_table_schema, to_table_schema
from catalog.records.size import estimate_size
from catalog.records.snapshot import LoadMode, write_snapshot
from catalog.records.staged import Staged, UnreadableRow, discard
from catalog.records.store import Store
from catalog.records.tabulate import tabulate
from catalog.records.validate import CHECK_TITLES, Expectations, Finding, Report, validate

__all__ = [
    "CHECK_TITLES",
    "FORMATS",
    "KOREA",
    "MAXIMUM_LIMIT",
    "OPERATORS",
    "PARAMETERS",
    "REASONS",
    "TYPES",
    "Area",
    "Column",
    "Expectations",
    "Finding",
    "Format",
    "Geometry",
    "Limits",
    "LoadMode",
    "Manifest",
    "Page",
    "Part",
    "Query",
    "Report",
    "Schema",
    "Staged",
    "Store",
    "UnreadableRow",
    "as_dictionaries",
    "discard",
    "encode",
    "estimate_size",
    "explain",
    "from_table_schema",
    "parse_query",
    "run_query",
    "snapshot_of_cursor",
    "stream_query",
    "tabulate",
    "to_table_schema",
    "validate",
    "write_snapshot",
]
