"""Records: rows with a schema, immutable snapshots, the query language, the engine and the encoders.

Plain Python, no Django; the only room that knows the columnar libraries. The way of a record:
``tabulate`` → ``validate`` → ``write_snapshot`` → ``parse_query`` → ``run_query`` or ``stream_query`` → ``encode``.
"""

from catalog.records.boundaries import read_districts
from catalog.records.columns import DelimitedFile
from catalog.records.compress import CODINGS, compress
from catalog.records.cursor import snapshot_of_cursor
from catalog.records.districts import Districts
from catalog.records.encode import (
    ENCODINGS,
    FORMATS,
    FORMULAS,
    Format,
    as_dictionaries,
    encode,
    media_type_of,
)
from catalog.records.engine import Limits
from catalog.records.index import Index, Indexes, Later, build_index, index_of, is_little, what_came_later
from catalog.records.manifest import Manifest, Part
from catalog.records.operators import AGGREGATES, BUCKETS, FUNCTIONS, OPERATORS
from catalog.records.parse import parse_query
from catalog.records.places import KOREA, Area
from catalog.records.query import MAXIMUM_LIMIT, PARAMETERS, Query, answer_schema, uses_districts
from catalog.records.reasons import REASONS, explain
from catalog.records.reproject import reproject
from catalog.records.run import Page, run_on, run_query, stream_on, stream_query
from catalog.records.schema import TYPES, Column, Geometry, Schema, from_table_schema, to_table_schema
from catalog.records.size import estimate_size
from catalog.records.snapshot import LoadMode, write_snapshot
from catalog.records.sources import Member, SnapshotSource, Source, Taken, UnionSource
from catalog.records.staged import Staged, UnreadableRow, discard
from catalog.records.store import Store
from catalog.records.tabulate import tabulate
from catalog.records.units import factor_between
from catalog.records.validate import CHECK_TITLES, Expectations, Finding, Report, validate
from catalog.records.values import read_as

__all__ = [
    "AGGREGATES",
    "BUCKETS",
    "CHECK_TITLES",
    "CODINGS",
    "ENCODINGS",
    "FORMATS",
    "FORMULAS",
    "FUNCTIONS",
    "KOREA",
    "MAXIMUM_LIMIT",
    "OPERATORS",
    "PARAMETERS",
    "REASONS",
    "TYPES",
    "Area",
    "Column",
    "DelimitedFile",
    "Districts",
    "Expectations",
    "Finding",
    "Format",
    "Geometry",
    "Index",
    "Indexes",
    "Later",
    "Limits",
    "LoadMode",
    "Manifest",
    "Member",
    "Page",
    "Part",
    "Query",
    "Report",
    "Schema",
    "SnapshotSource",
    "Source",
    "Staged",
    "Store",
    "Taken",
    "UnionSource",
    "UnreadableRow",
    "answer_schema",
    "as_dictionaries",
    "build_index",
    "compress",
    "discard",
    "encode",
    "estimate_size",
    "explain",
    "factor_between",
    "from_table_schema",
    "index_of",
    "is_little",
    "media_type_of",
    "parse_query",
    "read_as",
    "read_districts",
    "reproject",
    "run_on",
    "run_query",
    "snapshot_of_cursor",
    "stream_on",
    "stream_query",
    "tabulate",
    "to_table_schema",
    "uses_districts",
    "validate",
    "what_came_later",
    "write_snapshot",
]
