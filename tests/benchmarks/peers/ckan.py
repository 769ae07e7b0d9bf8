"""CKAN's datastore: the statements that ``datastore_search`` and ``datastore_search_sql`` put to PostgreSQL.

They run behind the thin view, which is much less than CKAN does around them: what is measured is the least that CKAN can
take. The tables have its serial number and full-text column; the indexes of the readings (key and time, time) are added
by hand, those on text columns are CKAN's own. ``datastore_search`` has equality, full text, sort and offset; everything
else goes through ``datastore_search_sql``, which explains each statement before it runs it.
"""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.peers.cluster import postgresql
from tests.benchmarks.peers.data import FAC_COLUMNS, Data
from tests.benchmarks.peers.dialects import CKAN
from tests.benchmarks.peers.peer import Running, Way, Written
from tests.benchmarks.peers.postgresql import (
    FAC_TYPES,
    OBS_TYPES,
    asked,
    copy_file,
    load,
    thin_request,
    thin_rows,
    timed_copy,
)
from tests.benchmarks.peers.questions import FAC, OBS, PAGE, QUESTIONS, Parameters, Question
from tests.benchmarks.peers.thin_server import thin_server

MOST_ROWS = 32_000  # of one answer
TABLES = f"""
CREATE FUNCTION fill_full_text() RETURNS trigger AS $$
BEGIN
  NEW._full_text := (
    SELECT to_tsvector(string_agg(value, ' '))
    FROM jsonb_each_text(to_jsonb(NEW) - '_id' - '_full_text') WHERE length(value) < 1000);
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TABLE obs (_id serial PRIMARY KEY, _full_text tsvector, {OBS_TYPES});
CREATE TABLE more (_id serial PRIMARY KEY, _full_text tsvector, {OBS_TYPES});
CREATE TABLE fac (_id serial PRIMARY KEY, _full_text tsvector, {FAC_TYPES});
"""


def text_indexes(table: str, columns: Sequence[str]) -> str:
    """Return what CKAN makes for each text column, and for all of them together."""
    single = "".join(f"CREATE INDEX ON {table} USING gin (to_tsvector('english', {name}));" for name in columns)
    return f"{single} CREATE INDEX ON {table} USING gin (_full_text);"


FILL = (
    "UPDATE {table} SET _full_text = (SELECT to_tsvector(string_agg(value, ' ')) "
    "FROM jsonb_each_text(to_jsonb({table}) - '_id' - '_full_text'));"
)
TEXTS = [name for name in FAC_COLUMNS if name not in ("longitude", "latitude", "spaces")]
INDEXES = f"""
CREATE UNIQUE INDEX ON obs (sensor_id, observed_at);
CREATE INDEX ON obs (observed_at, sensor_id);
{FILL.format(table="fac")}
{text_indexes("fac", TEXTS)}
CREATE UNIQUE INDEX ON more (sensor_id, observed_at);
{text_indexes("more", ["sensor_id", "district"])}
"""
TRIGGER = "CREATE TRIGGER full_text BEFORE INSERT OR UPDATE ON more FOR EACH ROW EXECUTE FUNCTION fill_full_text()"


class Ckan:
    """The database as CKAN uses it."""

    name = "ckan"

    def prepare(self, data: Data, folder: Path) -> str:
        self.data, self.folder = data, folder
        return "CKAN's datastore statements on the same PostgreSQL, behind the same view"

    @contextmanager
    def running(self) -> Iterator[Running]:
        with postgresql(self.folder) as cluster:
            self.cluster = cluster
            load(cluster, self.data, TABLES, INDEXES)
            with thin_server(self.folder, statements(self.data), cluster.address, cluster.postmaster) as server:
                yield server

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]:
        if question.name == "export":
            yield Way("dump", [thin_request("copy", "export", one) for one in sets], thin_rows)
            return
        words = question.name in ("word2", "word5")
        names = {"key": "search", "offset": "search", "first": "search", "keyset": "search_sql"}
        way = "LIKE" if words else names.get(question.name, "search_sql")
        yield Way(way, [thin_request("ask", question.name, one) for one in sets], thin_rows)
        if question.name == "key":
            requests = [thin_request("ask", "key-with-total", one) for one in sets]
            yield Way("search with total", requests, thin_rows)
        if words:
            requests = [thin_request("ask", "words-by-q", one) for one in sets]
            yield Way("q=", requests, thin_rows, note="finds whole words only", is_checked=False)

    def write(self) -> Iterator[Written]:
        with psycopg.connect(self.cluster.address) as connection:
            yield timed_copy(connection, "ingest", "COPY with its indexes", "more", self.data.path("more", "csv"))
            began = time.perf_counter()
            rows = connection.execute(FILL.format(table="more")).rowcount
            connection.commit()
            yield Written("ingest", "full text after COPY", rows, time.perf_counter() - began)
            connection.execute(TRIGGER)
            connection.commit()
            yield self.insert_by_api(connection)
            yield self.upsert_by_api(connection)

    def insert_by_api(self, connection: psycopg.Connection[Any]) -> Written:
        """Insert as ``datastore_upsert`` with method=insert does, 1,000 records a call; at most 20,000."""
        connection.execute("TRUNCATE more")
        names = OBS.split(", ")
        statement = f"INSERT INTO more ({OBS}) VALUES ({', '.join(['%s'] * len(names))})"
        began, written = time.perf_counter(), 0
        with self.data.path("more", "csv").open(encoding="utf-8", newline="") as file:
            rows = islice(csv.DictReader(file), 20_000)
            while some := [[row[name] or None for name in names] for row in islice(rows, 1_000)]:
                with connection.cursor() as cursor:
                    cursor.executemany(statement, some)
                connection.commit()
                written += len(some)
        return Written("ingest", "API insert, 1,000 a call", written, time.perf_counter() - began)

    def upsert_by_api(self, connection: psycopg.Connection[Any]) -> Written:
        """Upsert as ``datastore_upsert`` does: two statements a record; at most 5,000 records in the filled table."""
        connection.execute("TRUNCATE more")
        copy_file(connection, "more", self.data.path("more", "csv"))
        connection.commit()
        names = OBS.split(", ")
        values = ", ".join(f"%({name})s" for name in names)
        same = "(sensor_id, observed_at) = (%(sensor_id)s, %(observed_at)s)"
        update = f"UPDATE more SET ({OBS}, _full_text) = ({values}, NULL) WHERE {same}"
        typed = ", ".join(
            f"cast(%({name})s AS {kind})" for name, kind in (part.split() for part in OBS_TYPES.split(", "))
        )
        insert = f"INSERT INTO more ({OBS}) SELECT {typed} WHERE NOT EXISTS (SELECT 1 FROM more WHERE {same})"
        began, written = time.perf_counter(), 0
        with self.data.path("more", "csv").open(encoding="utf-8", newline="") as file:
            rows = islice(csv.DictReader(file), 5_000)
            while some := list(islice(rows, 1_000)):
                with connection.cursor() as cursor:
                    for row in some:
                        record = {name: row[name] or None for name in names} | {"pm10": int(row["pm10"]) + 1}
                        cursor.execute(update, record)
                        cursor.execute(insert, record)
                connection.commit()
                written += len(some)
        return Written("upsert", "API upsert, 1,000 a call", written, time.perf_counter() - began)


def statements(data: Data) -> Mapping[str, Any]:
    offset = "ORDER BY observed_at, sensor_id LIMIT {limit} OFFSET {offset}"
    by_key = "WHERE (sensor_id = %(sensor)s)"
    latest = f"{by_key} ORDER BY observed_at DESC LIMIT {PAGE} OFFSET 0"
    total = f"SELECT count(*) FROM (SELECT _id, {OBS} FROM obs {by_key}) AS t"
    special = {
        "key": search("obs", OBS, latest),
        "key-with-total": search("obs", OBS, latest, total=total),
        "first": search("obs", OBS, offset.format(limit=PAGE, offset=0)),
        "offset": search("obs", OBS, offset.format(limit=PAGE, offset="%(offset)s")),
        "words-by-q": search(
            "fac",
            FAC,
            f"WHERE (_full_text @@ query) ORDER BY rank DESC LIMIT {PAGE} OFFSET 0",
            source="fac, plainto_tsquery('english', %(word)s) query, ts_rank(_full_text, query, 32) rank",
        ),
        "export": dump(data),
    }
    return {name: search_sql(CKAN.statement(question)) for name, question in QUESTIONS.items()} | special


def search(table: str, columns: str, rest: str, *, total: str = "", source: str = "") -> dict[str, Any]:
    """Return ``datastore_search``: the fields, a page as JSON made by the database, the dictionary, maybe the total."""
    page = (
        f"WITH page AS (SELECT * FROM {source or table} {rest}), chosen AS (SELECT _id, {columns} FROM page) "
        "SELECT array_to_json(array_agg(chosen))::text AS j FROM chosen"
    )
    fields = f"SELECT * FROM {table} LIMIT 1"
    dictionary = (
        "SELECT a.attname, d.description FROM pg_attribute a LEFT JOIN pg_description d "
        f"ON d.objoid = a.attrelid AND d.objsubid = a.attnum WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0"
    )
    after = [dictionary, *([total] if total else [])]
    return asked(page, before=[fields], after=after, is_json=True, client_side=True)


def search_sql(statement: str) -> dict[str, Any]:
    """Return ``datastore_search_sql``: the statement is explained, to know its tables, and then run within a limit."""
    limited = f"SELECT * FROM ({statement}) AS told LIMIT {MOST_ROWS + 1}"
    return asked(limited, before=[f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}"], client_side=True)


def dump(data: Data) -> dict[str, Any]:
    """Return the dump of the first tenth: pages of 32,000 records, each going on after the last number."""
    wanted = data.more_rows
    pages = -(-wanted // MOST_ROWS)
    statement = (
        f"COPY (WITH page AS (SELECT * FROM obs WHERE _id > {{page}} * {MOST_ROWS} AND _id <= {wanted} "
        f"ORDER BY _id LIMIT {MOST_ROWS}) SELECT _id, {OBS} FROM page) TO STDOUT csv"
    )
    return {"sql": statement, "pages": pages}
