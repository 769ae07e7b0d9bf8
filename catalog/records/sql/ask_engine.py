"""Puts a Statement to the engine, and tells in the caller's names what the engine could not make sense of."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from catalog.records.engine import Limits, connect, deadline
from catalog.records.manifest import Manifest
from catalog.records.run import engine_errors
from catalog.records.sql.parse import Statement
from catalog.records.sql.refusal import bad_sql
from catalog.records.sql.rewrite import write_statement
from catalog.records.store import Store
from catalog.text import Text

# What the engine says about a question that makes no sense to it; anything else is our fault.
MISTAKES = re.compile(
    r"(?:Binder|Catalog|Conversion|Invalid Input|Invalid Type|Not implemented|Out of Range|Parser|Syntax|Mismatch Type) Error: "
)
QUOTED = re.compile(r'"([^"]+)"')
PATH = re.compile(r"(?<![\w/])/\w[^\s'\"]*")
LONGEST_MESSAGE = 500


@contextmanager
def ask_engine(
    statement: Statement,
    manifests: Mapping[str, Manifest],
    store: Store,
    limits: Limits,
    *,
    rows: int,
    plan: bool = False,
) -> Iterator[duckdb.DuckDBPyRelation]:
    """Give the engine's answer while it may be read: one row more than asked for, to tell that there are more.

    ``plan``: how it would be answered instead.
    """
    text, parameters = write_statement(statement, manifests, store, limit=rows + 1)
    with (
        connect((store.root,), limits) as cursor,
        deadline(cursor, limits.seconds),
        engine_errors(limits),
        mistakes(statement),
    ):
        yield cursor.sql(f"EXPLAIN (FORMAT JSON) {text}" if plan else text, params=parameters or None)


@contextmanager
def mistakes(statement: Statement) -> Iterator[None]:
    """Tell in the caller's names what the engine could not make sense of; a batch that is being read says it as an OSError."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        found = MISTAKES.search(str(error))
        if found is None:
            raise
        said = readable(str(error)[found.end() :], statement)
        named = (statement.places.get(name.lower()) for name in QUOTED.findall(said))
        place = next((place for place in named if place), None)
        raise bad_sql(Text(ko=f"엔진이 알린 것: {said}", en=f"the engine says: {said}"), place) from error


def readable(message: str, statement: Statement) -> str:
    """Return the engine's sentence without the statement that it shows, our names and anything like a path."""
    sentence = message.partition("\n\nLINE ")[0].partition('\n\nUse "SET')[0].partition("Did you mean")[0]
    return PATH.sub("…", " ".join(statement.in_callers_names(sentence).split()))[:LONGEST_MESSAGE]
