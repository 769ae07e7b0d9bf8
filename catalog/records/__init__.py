"""Records: rows with a schema, immutable snapshots, the query language, the engine and the encoders.

Plain Python, no Django; the only room that knows the columnar libraries. The way of a record:
``tabulate`` → ``validate`` → ``write_snapshot`` → ``parse_query`` → ``run_query`` or ``stream_query`` → ``encode``.
"""

from catalog.records.boundaries import read_districts
from catalog.records.changed_rows import (
    CHANGE_TYPE,
    ChangeType,
    RowFile,
    changed_parts,
    file_of_part,
    write_changes,
    write_visible_rows,
)
from catalog.records.checks import CHECK_TITLES
from catalog.records.columns import DelimitedFile
from catalog.records.compress import CODINGS, compress
from catalog.records.cursor import snapshot_of_cursor
from catalog.records.districts import Districts, codes_at
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
from catalog.records.erase import (
    ERASABLE,
    Erased,
    count_erasable,
    digest_of_values,
    erase_rows,
    leave_out_erased,
)
from catalog.records.expectations import SEVERITIES, WITHIN, Expectations, find_contradictions
from catalog.records.findings import Finding, Report
from catalog.records.index import Index, Indexes, Later, build_index, index_of, is_little, what_came_later
from catalog.records.infer import Inferred, infer_schema, infer_type
from catalog.records.inferred import InferredColumn
from catalog.records.manifest import Manifest, Part, has_hidden_rows
from catalog.records.operators import AGGREGATES, BUCKETS, FUNCTIONS, OPERATORS
from catalog.records.parse import parse_query
from catalog.records.parts import has_told_rows
from catalog.records.personal_data import (
    FoundPersonalData,
    count_values,
    find_personal_data,
    forget_examples,
    hide_personal_data,
    is_name_of_person,
)
from catalog.records.personal_kinds import mask_text
from catalog.records.places import KOREA, Area, Outline
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
from catalog.records.told_rows import ToldRows
from catalog.records.typed_rows import TypedRows
from catalog.records.units import factor_between
from catalog.records.validate import validate
from catalog.records.values import read_as

__all__ = [
    "AGGREGATES",
    "BUCKETS",
    "CHANGE_TYPE",
    "CHECK_TITLES",
    "CODINGS",
    "ENCODINGS",
    "ERASABLE",
    "FORMATS",
    "FORMULAS",
    "FUNCTIONS",
    "KOREA",
    "MAXIMUM_LIMIT",
    "OPERATORS",
    "PARAMETERS",
    "REASONS",
    "SEVERITIES",
    "TYPES",
    "WITHIN",
    "Area",
    "ChangeType",
    "Column",
    "DelimitedFile",
    "Districts",
    "Erased",
    "Expectations",
    "Finding",
    "Format",
    "FoundPersonalData",
    "Geometry",
    "Index",
    "Indexes",
    "Inferred",
    "InferredColumn",
    "Later",
    "Limits",
    "LoadMode",
    "Manifest",
    "Member",
    "Outline",
    "Page",
    "Part",
    "Query",
    "Report",
    "RowFile",
    "Schema",
    "SnapshotSource",
    "Source",
    "Staged",
    "Store",
    "Taken",
    "ToldRows",
    "TypedRows",
    "UnionSource",
    "UnreadableRow",
    "answer_schema",
    "as_dictionaries",
    "build_index",
    "changed_parts",
    "codes_at",
    "compress",
    "count_erasable",
    "count_values",
    "digest_of_values",
    "discard",
    "encode",
    "erase_rows",
    "estimate_size",
    "explain",
    "factor_between",
    "file_of_part",
    "find_contradictions",
    "find_personal_data",
    "forget_examples",
    "from_table_schema",
    "has_hidden_rows",
    "has_told_rows",
    "hide_personal_data",
    "index_of",
    "infer_schema",
    "infer_type",
    "is_little",
    "is_name_of_person",
    "leave_out_erased",
    "mask_text",
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
    "write_changes",
    "write_snapshot",
    "write_visible_rows",
]
