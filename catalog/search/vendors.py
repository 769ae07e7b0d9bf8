"""The table of tokens, which each database has in its own kind: FTS5 in SQLite, tsvector with GIN in PostgreSQL.

Both hold the same tokens in the same places and answer the same expressions with the same entries; the migration makes
the table. No ranking is asked of them: what they would compute depends on the database and changes with every dataset.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import orjson
from django.db import connection

from catalog.search.bits import Bits, bits_of
from catalog.search.expression import Expression, spell
from catalog.search.ids import split_ids

TABLE = "catalog_searchtokens"


class Where(StrEnum):
    """How far a word may lie from the title; each place includes those before it."""

    TITLE = "title"  # titles and their initials
    NAMES = "names"  # and keywords, columns, organisation, names of codes
    ANYWHERE = "anywhere"  # and the description


@dataclass(frozen=True)
class Tokens:
    """The tokens of one entry, by place."""

    title: frozenset[str]
    initials: frozenset[str]
    names: frozenset[str]
    text: frozenset[str]


class Vendor(Protocol):
    """What a database must be able to do."""

    def match(self, asked: Sequence[tuple[Where, Expression]]) -> list[Bits]:
        """Return for each expression the entries that it holds of, all with one statement."""

    def select_numbers(self, entries: Iterable[int]) -> tuple[str, Any]:
        """Return a statement that selects entries by their numbers, however many, and its one value."""

    def write(self, rows: Mapping[int, Tokens]) -> None:
        """Write the tokens of entries, instead of those that they had."""

    def delete(self, entries: Sequence[int]) -> None: ...

    def clear(self) -> None: ...

    def holds(self, rows: Mapping[int, Tokens]) -> set[int]:
        """Return those of the entries that have exactly these tokens."""

    def count(self) -> int: ...


def vendor() -> Vendor:
    return VENDORS[connection.vendor]


class Fts5:
    """SQLite: a virtual table with a column for each place. It splits at spaces, so a token is what ``tokens.py`` says."""

    PLACES = {Where.TITLE: "{title initials}", Where.NAMES: "{title initials names}", Where.ANYWHERE: ""}

    def match(self, asked: Sequence[tuple[Where, Expression]]) -> list[Bits]:
        statement = f"SELECT group_concat(rowid) FROM {TABLE} WHERE {TABLE} MATCH %s"
        return take_columns(statement, [self.spell(where, expression) for where, expression in asked])

    def select_numbers(self, entries: Iterable[int]) -> tuple[str, Any]:
        return "SELECT value FROM json_each(%s)", orjson.dumps(list(entries)).decode()

    def spell(self, where: Where, expression: Expression) -> str:
        words = spell(expression, token='"{}"'.format, conjunction=" AND ", disjunction=" OR ")
        return f"{self.PLACES[where]}: ({words})" if self.PLACES[where] else words

    def write(self, rows: Mapping[int, Tokens]) -> None:
        self.delete(list(rows))
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {TABLE} (rowid, title, initials, names, text) VALUES (%s, %s, %s, %s, %s)",
                [(entry, *map(in_order, places(tokens))) for entry, tokens in rows.items()],
            )

    def delete(self, entries: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(f"DELETE FROM {TABLE} WHERE rowid = %s", [(entry,) for entry in entries])

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {TABLE}")

    def holds(self, rows: Mapping[int, Tokens]) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT rowid, title, initials, names, text FROM {TABLE} WHERE rowid IN (SELECT value FROM json_each(%s))",
                [orjson.dumps(list(rows)).decode()],
            )
            found = {entry: tuple(stored) for entry, *stored in cursor.fetchall()}
        return {entry for entry, tokens in rows.items() if found.get(entry) == tuple(map(in_order, places(tokens)))}

    def count(self) -> int:
        return count_rows()


class Tsvector:
    """PostgreSQL: one column for each of ``Where``, without positions."""

    def match(self, asked: Sequence[tuple[Where, Expression]]) -> list[Bits]:
        statements = [
            f"SELECT string_agg(entry_id::text, ',') FROM {TABLE} WHERE {where} @@ %s::tsquery" for where, _ in asked
        ]
        return take_columns(statements, [self.spell(expression) for _, expression in asked])

    def select_numbers(self, entries: Iterable[int]) -> tuple[str, Any]:
        return "SELECT unnest(%s::integer[])", list(entries)

    def spell(self, expression: Expression) -> str:
        return spell(expression, token="'{}'".format, conjunction=" & ", disjunction=" | ")

    def write(self, rows: Mapping[int, Tokens]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {TABLE} (entry_id, title, names, anywhere) VALUES (%s, array_to_tsvector(%s::text[]), "
                "array_to_tsvector(%s::text[]), array_to_tsvector(%s::text[])) ON CONFLICT (entry_id) DO UPDATE "
                "SET title = EXCLUDED.title, names = EXCLUDED.names, anywhere = EXCLUDED.anywhere",
                [(entry, *map(sorted, within(tokens))) for entry, tokens in rows.items()],
            )

    def delete(self, entries: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {TABLE} WHERE entry_id = ANY(%s)", [list(entries)])

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {TABLE}")

    def holds(self, rows: Mapping[int, Tokens]) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT entry_id, tsvector_to_array(title), tsvector_to_array(names), tsvector_to_array(anywhere) "
                f"FROM {TABLE} WHERE entry_id = ANY(%s)",
                [list(rows)],
            )
            found = {entry: tuple(map(frozenset, stored)) for entry, *stored in cursor.fetchall()}
        return {entry for entry, tokens in rows.items() if found.get(entry) == within(tokens)}

    def count(self) -> int:
        return count_rows()


VENDORS: Mapping[str, Vendor] = {"sqlite": Fts5(), "postgresql": Tsvector()}


def take_columns(statements: str | Sequence[str], values: Sequence[str]) -> list[Bits]:
    """Ask a statement, or one for each value, as the columns of a single row, and read each as entries."""
    each = [statements] * len(values) if isinstance(statements, str) else statements
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"({statement})" for statement in each), values)
        return [bits_of(split_ids(column)) for column in cursor.fetchone()]


def count_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        return cursor.fetchone()[0]


def places(tokens: Tokens) -> tuple[frozenset[str], ...]:
    return tokens.title, tokens.initials, tokens.names, tokens.text


def within(tokens: Tokens) -> tuple[frozenset[str], ...]:
    """Return the tokens of each ``Where``."""
    title = tokens.title | tokens.initials
    names = title | tokens.names
    return title, names, names | tokens.text


def in_order(tokens: Iterable[str]) -> str:
    return " ".join(sorted(tokens))
