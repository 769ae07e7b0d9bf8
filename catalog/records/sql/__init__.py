"""SQL across datasets: one SELECT over snapshots, read by a parser, held against allow-lists and written anew.

``parse_sql`` turns a text into a Statement without knowing any dataset: what may stand in it is in ``grammar.py`` and
``functions.py``, what would grow without bounds in ``growth.py``. ``run_sql`` answers a Statement over manifests and
``explain_sql`` tells how; ``stream_sql`` gives all rows of one, for another snapshot. What reaches the engine is
written from the tree; no text of the caller's is handed on.
"""

from catalog.records.sql.explain import Plan, Read, explain_sql
from catalog.records.sql.functions import FUNCTIONS, KINDS, Function
from catalog.records.sql.guarded import GroupedReading, read_grouped
from catalog.records.sql.parse import Statement, parse_sql
from catalog.records.sql.prune import parts_to_read
from catalog.records.sql.run import DEFAULT_ROWS, MAXIMUM_ROWS, Rows, run_sql
from catalog.records.sql.stream import stream_sql
from catalog.records.sql.suppress import Suppression

__all__ = [
    "DEFAULT_ROWS",
    "FUNCTIONS",
    "KINDS",
    "MAXIMUM_ROWS",
    "Function",
    "GroupedReading",
    "Plan",
    "Read",
    "Rows",
    "Statement",
    "Suppression",
    "explain_sql",
    "parse_sql",
    "parts_to_read",
    "read_grouped",
    "run_sql",
    "stream_sql",
]
