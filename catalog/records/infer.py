"""What an answer is, inferred over all of its rows and in bounded memory: its columns, and the schema they propose.

Nothing is guessed from the first rows: a code whose first zero comes in row 200,000 is a code. How columns are counted is in
``tallies.py``, what the counts mean in ``inferred.py``, names, places, time and key in ``proposal.py``.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from catalog.records.columns import DelimitedFile
from catalog.records.engine import Limits, connect
from catalog.records.findings import Finding
from catalog.records.inferred import InferredColumn, judge
from catalog.records.proposal import propose
from catalog.records.schema import Column, Schema
from catalog.records.staged import UnreadableRow
from catalog.records.tabulate import BLOCK_ROWS, blocks
from catalog.records.tallies import Tallies, readable_texts

LIMITS = Limits(spool=Path(tempfile.gettempdir()), memory_mib=128)


@dataclass(frozen=True)
class Inferred:
    """What was found: ``schema`` is a proposal (None when there are no columns), ``keys`` are columns that could be its key.

    ``crs_guesses`` are the coordinate systems that the numbers allow, the likeliest first; with one alone it is certain.
    ``unreadable`` counts rows that never became a record, ``left_out`` columns beyond those that are counted.
    """

    rows: int
    columns: tuple[InferredColumn, ...]
    schema: Schema | None
    keys: tuple[str, ...] = ()
    crs_guesses: tuple[str, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)
    left_out: int = 0
    findings: tuple[Finding, ...] = ()


def no_names(sources: Sequence[str]) -> Mapping[str, str]:
    """Know no better name for any column."""
    return {}


def infer_schema(
    rows: Iterable[Mapping[str, object] | UnreadableRow | DelimitedFile],
    *,
    limits: Limits = LIMITS,
    names: Callable[[Sequence[str]], Mapping[str, str]] = no_names,
    told: Mapping[str, Column] | None = None,
) -> Inferred:
    """Infer every column over all rows and propose a schema.

    ``names`` is asked for names of columns by their names at the platform; ``told`` is what the platform says of them: its
    types count where the values agree.
    """
    with connect((), limits) as cursor:
        tallies = Tallies(cursor)
        for block in blocks(rows):
            tallies.add(block)
    columns = tuple(judge(name, tally, tallies.rows) for name, tally in tallies.columns.items() if name)
    proposal = propose(columns, names([column.source for column in columns]), told or {})
    return Inferred(
        rows=tallies.rows,
        columns=columns,
        schema=proposal.schema,
        keys=proposal.keys,
        crs_guesses=proposal.crs_guesses,
        unreadable=dict(tallies.unreadable),
        left_out=len(tallies.left_out),
        findings=(*(finding for column in columns for finding in column.findings), *proposal.findings),
    )


def infer_type(texts: Iterable[object], *, name: str = "", limits: Limits = LIMITS) -> InferredColumn:
    """Infer the type of one column from its values alone; a ``name`` lets a number be seen as a code or a date."""
    with connect((), limits) as cursor:
        tallies = Tallies(cursor)
        piece: list[object] = []
        for text in texts:
            piece.append(text)
            if len(piece) == BLOCK_ROWS:
                add_piece(tallies, name, piece)
                piece = []
        add_piece(tallies, name, piece)
    return judge(name, tallies.columns[name], tallies.rows)


def add_piece(tallies: Tallies, name: str, piece: list[object]) -> None:
    tallies.rows += len(piece)
    tallies.add_texts({name: readable_texts(piece) if piece else pa.array([], pa.string())})
