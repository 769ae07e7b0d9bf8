"""Puts a Statement to the engine, and tells in the caller's names what the engine could not make sense of."""

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import duckdb

from catalog.records.engine import Limits, connect, deadline
from catalog.records.manifest import Manifest
from catalog.records.run import engine_errors
from catalog.records.sql.parse import Statement
from catalog.records.sql.refusal import bad_sql
from catalog.records.sql.rewrite import EVERY_COLUMN, write_statement
from catalog.records.sql.suppress import Suppression
from catalog.records.store import Store
from catalog.text import Text

# What the engine says about a question that makes no sense to it; anything else is our fault.
MISTAKES = re.compile(
    r"(?:Binder|Catalog|Conversion|Invalid Input|Invalid Type|Not implemented|Out of Range|Parser|Syntax|Mismatch Type) Error: "
)
QUOTED = re.compile(r'"([^"]+)"')
PATH = re.compile(r"(?<![\w/])/\w[^\s'\"]*")
LONGEST_MESSAGE = 500
LOOKS_EVERY = 0.5  # seconds between two looks whether to stop


@contextmanager
def ask_engine(
    statement: Statement,
    manifests: Mapping[str, Manifest],
    store: Store,
    limits: Limits,
    *,
    rows: int | None,
    plan: bool = False,
    suppression: Suppression | None = None,
    stopped: Callable[[], bool] | None = None,
    columns: Mapping[str, Collection[str]] = EVERY_COLUMN,
) -> Iterator[duckdb.DuckDBPyRelation]:
    """Give the engine's answer while it may be read: one row more than asked for, to tell that there are more.

    ``rows``: None for all. ``plan``: how it would be answered instead. ``suppression``: each row tells whether it is to
    be hidden. ``stopped`` is asked again and again; as soon as it says so, the engine is interrupted.
    ``columns``: of these datasets there are no others.
    """
    limit = None if rows is None else rows + 1
    text, parameters = write_statement(
        statement, manifests, store, limit=limit, suppression=suppression, columns=columns
    )
    with (
        connect((store.root,), limits) as cursor,
        deadline(cursor, limits),
        interrupted(cursor, stopped),
        engine_errors(limits),
        mistakes(statement),
    ):
        yield cursor.sql(f"EXPLAIN (FORMAT JSON) {text}" if plan else text, params=parameters or None)


@contextmanager
def interrupted(cursor: duckdb.DuckDBPyConnection, stopped: Callable[[], bool] | None) -> Iterator[None]:
    """Interrupt whatever runs on ``cursor`` once ``stopped`` says so, as a deadline does."""
    if stopped is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOKS_EVERY):
            if stopped():
                cursor.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


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
