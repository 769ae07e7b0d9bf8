"""SQL across datasets: what is answered is what the engine says over plain tables; what is refused says why and costs nothing."""

import contextlib
import datetime as dt
import functools
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_rooms import Room, make_schema, texts

from catalog.errors import BadSql, HubError, TooExpensive
from catalog.records import Limits, LoadMode, Manifest, as_dictionaries, encode
from catalog.records.engine import KOREAN_STANDARD_TIME, connect
from catalog.records.schema import from_table_schema
from catalog.records.sql import FUNCTIONS, KINDS, Rows, explain_sql, parse_sql, run_sql
from catalog.records.sql import parse as parse_module
from catalog.records.sql.grammar import DIALECT, STEPS_PER_TOKEN, Grammar, check_tree, read_tree, write_tree
from catalog.records.sql.parse import MOST_CHARACTERS, MOST_NESTING, MOST_TOKENS

API = Path(__file__).parents[3] / "docs" / "api.md"
NOON = dt.datetime(2026, 1, 15, 3, 0, tzinfo=dt.UTC)  # in Korea
KOREA = dt.timezone(dt.timedelta(hours=9))

AIR = make_schema(
    station="string", observed_at="datetime", pm10="integer", ozone="number", is_open="boolean", built_on="date",
    opens="time", key=("station", "observed_at"), sorted_by=("observed_at",),
)  # fmt: skip
AIR_ROWS: list[dict[str, Any]] = [
    {
        "station": f"s{number % 4}",
        "observed_at": dt.datetime(2026, 1, 1 + number // 24, number % 24, tzinfo=KOREA),
        "pm10": None if number % 7 == 0 else number * 13 % 97,
        "ozone": None if number % 11 == 0 else round(number * 0.37 % 3, 3),
        "is_open": [True, False, None][number % 3],
        "built_on": dt.date(2020, 1, 1) + dt.timedelta(days=number % 5),
        "opens": "09:00" if number % 2 else "10:30",
    }
    for number in range(120)
]
STATIONS = make_schema(station="string", district="string", people="integer", key=("station",))
STATION_ROWS: list[dict[str, Any]] = [
    {"station": "s0", "district": "강남구", "people": 9_007_199_254_740_993},
    {"station": "s1", "district": "종로구", "people": 120},
    {"station": "s2", "district": "강남구", "people": None},
    {"station": "s9", "district": "a'b\"c; --", "people": 7},
]
CHANGED = {"station": "s1", "district": "중구", "people": 130}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> "Hub":
    return Hub(tmp_path_factory.mktemp("sql"))


class Hub:
    """Datasets in a room, and the same rows as plain tables of a plain engine."""

    def __init__(self, folder) -> None:
        self.room = Room(folder / "records")
        for place in (folder, self.room.store.root):
            place.mkdir(parents=True, exist_ok=True)
            (place / "canary.csv").write_text("secret\nleaked\n", encoding="utf-8")
        air = functools.reduce(
            lambda before, rows: self.room.write(texts(rows), AIR, LoadMode.APPEND, before),
            [AIR_ROWS[:48], AIR_ROWS[48:96], AIR_ROWS[96:]],
            None,
        )
        stations = self.room.write(texts(STATION_ROWS), STATIONS)
        stations = self.room.write(texts([CHANGED]), STATIONS, LoadMode.UPSERT, stations)
        self.manifests: dict[str, Manifest] = {"air": air, "air-stations": stations}
        self.plain = duckdb.connect()
        self.plain.execute(f"SET TimeZone = '{KOREAN_STANDARD_TIME}'")
        self.plain.execute(
            "CREATE TABLE air (station VARCHAR, observed_at TIMESTAMPTZ, pm10 BIGINT, ozone DOUBLE, is_open BOOLEAN, "
            "built_on DATE, opens VARCHAR)"
        )
        self.plain.executemany("INSERT INTO air VALUES (?, ?, ?, ?, ?, ?, ?)", [list(row.values()) for row in AIR_ROWS])
        self.plain.execute("CREATE TABLE air_stations (station VARCHAR, district VARCHAR, people BIGINT)")
        current = [CHANGED if row["station"] == "s1" else row for row in STATION_ROWS]
        self.plain.executemany("INSERT INTO air_stations VALUES (?, ?, ?)", [list(row.values()) for row in current])

    def ask(self, sql: str, *, rows: int = 1_000, limits: Limits | None = None) -> Rows:
        statement = parse_sql(sql, NOON)
        return run_sql(statement, self.known(statement), self.room.store, limits or self.room.limits, rows=rows)

    def known(self, statement) -> dict[str, Manifest]:
        missing = set(statement.datasets) - set(self.manifests)
        if missing:
            raise HubError(missing=sorted(missing))
        return {slug: self.manifests[slug] for slug in statement.datasets}

    def records(self, sql: str) -> list[dict[str, Any]]:
        answer = self.ask(sql)
        return list(as_dictionaries(answer.rows, answer.schema))

    def explain(self, sql: str):
        statement = parse_sql(sql, NOON)
        return explain_sql(statement, self.known(statement), self.room.store, self.room.limits, rows=10)


def plainly(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [[plain(value) for value in row.values()] for row in rows]


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=KOREA)).astimezone(dt.UTC)
    return round(value, 9) if isinstance(value, float) else value


# Each is asked of the hub and, as it stands, of the plain engine.
ANSWERED = [
    "SELECT * FROM air ORDER BY observed_at LIMIT 7 OFFSET 3",
    "FROM air_stations ORDER BY station",
    "SELECT * EXCLUDE (people) FROM air_stations ORDER BY ALL",
    "SELECT DISTINCT station, opens FROM air ORDER BY 1, 2",
    "SELECT DISTINCT ON (station) station, pm10 FROM air ORDER BY station, observed_at DESC",
    "SELECT pm10 + 1, -pm10, pm10 * 2.5, pm10 / 7, pm10 // 7, pm10 % 7, pm10 ** 2, pm10 ^ 2 FROM air ORDER BY observed_at",
    "SELECT station || '-' || opens, 'it''s \\ \"x\"', '한글 %' FROM air ORDER BY observed_at LIMIT 3",
    "SELECT count(*) FROM air WHERE station = 's1' AND (pm10 > 20 OR pm10 IS NULL) AND NOT is_open",
    "SELECT count(*) FROM air WHERE observed_at BETWEEN '2026-01-02' AND TIMESTAMPTZ '2026-01-03 12:00:00+09:00'",
    "SELECT count(*) FROM air WHERE pm10 NOT BETWEEN 10 AND 50 AND station NOT IN ('s0', 's1') AND station LIKE 's_'",
    "SELECT count(*) FROM air WHERE station ILIKE 'S%' AND station NOT LIKE '%\\_%' ESCAPE '\\' AND station SIMILAR TO 's[12]'",
    "SELECT count(*) FROM air WHERE is_open IS DISTINCT FROM TRUE AND is_open IS NOT NULL",
    "SELECT station, avg(pm10), sum(pm10), min(ozone), max(ozone), count(pm10), count(*) FROM air GROUP BY station ORDER BY station",
    "SELECT station, is_open, count(*) n FROM air GROUP BY ALL HAVING count(*) > 5 ORDER BY ALL",
    "SELECT station, opens, sum(pm10) FROM air GROUP BY ROLLUP (station, opens) ORDER BY 1, 2, 3",
    "SELECT station, opens, sum(pm10) FROM air GROUP BY GROUPING SETS ((station, opens), (station), ()) ORDER BY 1, 2, 3",
    "SELECT count(DISTINCT station), sum(pm10) FILTER (WHERE is_open), string_agg(station, ', ' ORDER BY station, pm10) FROM air",
    "SELECT median(pm10), mode(station), quantile_cont(pm10, 0.9), quantile_disc(pm10, 0.1), stddev(ozone), corr(pm10, ozone) FROM air",
    "SELECT arg_max(station, pm10 ORDER BY station), first(station ORDER BY observed_at), last(pm10 ORDER BY observed_at) FROM air",
    "SELECT a.station, s.district, a.pm10 FROM air a JOIN air_stations s ON s.station = a.station ORDER BY a.observed_at",
    "SELECT a.station, s.district FROM air a LEFT JOIN air_stations s USING (station) WHERE s.district IS NULL ORDER BY 1",
    "SELECT s.station, a.pm10 FROM air a RIGHT JOIN air_stations s ON a.station = s.station AND a.pm10 > 90 ORDER BY 1, 2",
    "SELECT a.station, s.station FROM air a FULL JOIN air_stations s ON a.station = s.station AND a.pm10 = 13 ORDER BY ALL",
    "SELECT count(*) FROM air a, air_stations s WHERE a.station = s.station",
    "SELECT count(*) FROM air CROSS JOIN air_stations",
    "SELECT count(*) FROM air NATURAL JOIN air_stations",
    "SELECT station FROM air_stations s SEMI JOIN air a USING (station) ORDER BY 1",
    "SELECT station FROM air_stations s ANTI JOIN air a USING (station) ORDER BY 1",
    "SELECT a.observed_at, b.observed_at FROM air a ASOF JOIN air b ON a.station = b.station AND a.observed_at > b.observed_at "
    "ORDER BY 1",
    "SELECT a.pm10, b.pm10 FROM air a ASOF LEFT JOIN air b ON a.station = b.station AND a.observed_at > b.observed_at "
    "WHERE b.observed_at < '2026-01-02' ORDER BY ALL",
    "SELECT x.station FROM (air x JOIN air_stations y ON x.station = y.station) ORDER BY x.observed_at LIMIT 3",
    "WITH daily AS (SELECT station, date_trunc('day', observed_at) AS day, avg(pm10) AS mean FROM air GROUP BY ALL) "
    "SELECT station, day, mean - lag(mean) OVER (PARTITION BY station ORDER BY day) FROM daily ORDER BY 1, 2",
    "WITH a AS (SELECT 1 AS x), b(y) AS (SELECT x + 1 FROM a), c AS MATERIALIZED (SELECT y FROM b) SELECT * FROM a, b, c",
    "WITH air AS (SELECT station FROM air WHERE pm10 > 90) SELECT count(*) FROM air",
    "WITH a AS (SELECT 1 AS x) SELECT (WITH a AS (SELECT 2 AS x) SELECT x FROM a), x FROM a",
    "SELECT row_number() OVER (ORDER BY observed_at), rank() OVER w, dense_rank() OVER w, ntile(3) OVER w, cume_dist() OVER w "
    "FROM air WINDOW w AS (PARTITION BY station ORDER BY pm10) ORDER BY 1",
    "SELECT avg(pm10) OVER (PARTITION BY station ORDER BY observed_at ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM air "
    "ORDER BY station, observed_at",
    "SELECT sum(pm10) OVER (ORDER BY observed_at RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND INTERVAL '1 hour' FOLLOWING) "
    "FROM air ORDER BY observed_at",
    "SELECT first_value(pm10) OVER w, nth_value(pm10, 2) OVER w, lead(pm10, 1, -1) OVER (ORDER BY observed_at) FROM air "
    "WINDOW w AS (ORDER BY observed_at ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) ORDER BY observed_at",
    "SELECT last_value(pm10 IGNORE NULLS) OVER (ORDER BY observed_at) FROM air ORDER BY observed_at",
    "SELECT station, observed_at FROM air QUALIFY row_number() OVER (PARTITION BY station ORDER BY pm10 DESC, observed_at) = 1 "
    "ORDER BY 1",
    "SELECT station FROM air_stations UNION SELECT station FROM air ORDER BY 1",
    "SELECT station FROM air_stations UNION ALL SELECT 'x' ORDER BY 1",
    "SELECT station, 1 AS n FROM air_stations UNION ALL BY NAME SELECT 2 AS n, 'y' AS station ORDER BY 1",
    "SELECT station FROM air EXCEPT SELECT station FROM air_stations ORDER BY 1",
    "(SELECT station FROM air) INTERSECT (SELECT station FROM air_stations) ORDER BY 1",
    "SELECT station, (SELECT max(pm10) FROM air a WHERE a.station = s.station) FROM air_stations s ORDER BY 1",
    "SELECT station FROM air_stations s WHERE EXISTS (SELECT 1 FROM air a WHERE a.station = s.station AND a.pm10 > 95) ORDER BY 1",
    "SELECT count(*) FROM air WHERE pm10 >= ALL (SELECT pm10 FROM air WHERE pm10 IS NOT NULL)",
    "SELECT count(*) FROM air WHERE station = ANY (SELECT station FROM air_stations WHERE people > 100)",
    "SELECT count(*) FROM air WHERE (station, opens) IN (('s1', '09:00'), ('s2', '10:30'))",
    "SELECT x.n, x.name FROM (VALUES (1, '가'), (2, '나')) AS x(n, name) ORDER BY 1",
    "SELECT CASE WHEN pm10 > 80 THEN '나쁨' WHEN pm10 > 30 THEN '보통' ELSE '좋음' END c, count(*) FROM air GROUP BY c ORDER BY c",
    "SELECT CASE station WHEN 's1' THEN 1 END, if(is_open, 1, 2), coalesce(pm10, -1), nullif(pm10, 13) FROM air ORDER BY observed_at",
    "SELECT CAST(pm10 AS VARCHAR), pm10::DOUBLE, ozone::DECIMAL(10, 2), TRY_CAST(station AS INTEGER), '7'::BIGINT FROM air "
    "ORDER BY observed_at",
    "SELECT observed_at::DATE, CAST(built_on AS TIMESTAMP), built_on + INTERVAL 1 MONTH, observed_at - INTERVAL '90 minutes' "
    "FROM air ORDER BY observed_at",
    "SELECT extract(hour FROM observed_at), date_part('isodow', observed_at), year(built_on), date_diff('day', built_on, DATE '2026-01-01') "
    "FROM air ORDER BY observed_at",
    "SELECT time_bucket(INTERVAL 6 HOUR, observed_at), count(*) FROM air GROUP BY 1 ORDER BY 1",
    "SELECT strftime(observed_at, '%Y-%m-%d %H'), observed_at AT TIME ZONE 'UTC', last_day(built_on) FROM air ORDER BY observed_at",
    "SELECT people, people + 1 FROM air_stations ORDER BY station",
    "SELECT district, length(district), upper(district) FROM air_stations WHERE district = 'a''b\"c; --'",
    "SELECT TRUE, FALSE, NULL, 1.5, .5, 1e3, 10000000000",
    "SELECT s.* FROM \"air_stations\" AS s WHERE s.people = (SELECT min(people) FROM air_stations) -- a comment",
    "select station /* of air */ from AIR where STATION = 's1' order by OBSERVED_AT limit 1;",
]  # fmt: skip


@pytest.mark.parametrize("sql", ANSWERED)
def test_the_answer_is_that_of_the_engine_over_plain_tables(hub, sql):
    expected = self_dedup(hub.plain.sql(sql).to_arrow_table()).to_pylist()
    answer = hub.ask(sql)
    assert plainly(answer.rows.to_pylist()) == plainly(expected)
    assert expected


def self_dedup(table):
    return table.rename_columns([f"c{number}" for number in range(table.num_columns)])


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_every_function_exists_in_the_engine_and_its_example_can_be_read(hub, function):
    known = hub.plain.sql(f"SELECT count(*) FROM duckdb_functions() WHERE function_name = '{function.name}'").fetchall()
    is_syntax = function.name in ("coalesce", "ifnull", "if", "today")
    assert known[0][0] or is_syntax or function.kind == "window"
    assert parse_sql(f"SELECT {function.example} FROM air", NOON).datasets == ("air",)
    assert function.name in function.example
    assert function.kind in KINDS
    assert function.label.ko and function.label.en


def test_names_may_be_written_with_hyphens_or_underscores(hub):
    for name in ('"air-stations"', "air_stations", '"AIR-Stations"', "Air_Stations", "'air-stations'"):
        assert hub.records(f"SELECT count(*) AS n FROM {name}") == [{"n": 4}]
    assert hub.records('SELECT "air-stations".station FROM "air-stations" ORDER BY 1 LIMIT 1') == [{"station": "s0"}]


def test_an_upserted_snapshot_shows_what_is_current(hub):
    assert any(part.hides or part.hidden for part in hub.manifests["air-stations"].parts)
    rows = hub.records("SELECT station, people FROM air_stations WHERE station = 's1'")
    assert rows == [{"station": "s1", "people": 130}]


@pytest.mark.parametrize(("sql", "names"), [
    ("SELECT avg(pm10), count(*), pm10 + 1, 1 FROM air GROUP BY pm10", ["avg_pm10", "count", "column_3", "column_4"]),
    ("SELECT sum(a.pm10) OVER () FROM air a", ["sum_pm10"]),
    ("SELECT pm10, pm10, PM10 FROM air", ["pm10", "pm10_1", "pm10_2"]),
    ("SELECT a.station, s.station FROM air a, air_stations s", ["station", "station_1"]),
    ('SELECT pm10 AS "미세 먼지", station 측정소 FROM air', ["미세 먼지", "측정소"]),
    ("SELECT count(*) FROM air UNION ALL SELECT 1", ["count"]),
])  # fmt: skip
def test_every_column_of_an_answer_has_a_name_of_its_own(hub, sql, names):
    assert list(hub.ask(sql, rows=1).schema.names) == names


@pytest.mark.parametrize(("sql", "kind", "value"), [
    ("SELECT sum(pm10) AS x FROM air WHERE pm10 = 13", "integer", 13),
    ("SELECT ozone::DECIMAL(10, 3) AS x FROM air WHERE ozone = 0.37", "number", 0.37),
    ("SELECT 12::DECIMAL(5, 0) AS x", "integer", 12),
    ("SELECT 1.0 / 0 AS x", "number", None),
    ("SELECT NULL AS x", "string", None),
    ("SELECT TIMESTAMP '2026-01-01 09:00' AS x", "datetime", "2026-01-01T09:00:00+09:00"),
    ("SELECT TIMESTAMPTZ '2026-01-01 09:00:00.5+00' AS x", "datetime", "2026-01-01T18:00:00.500000+09:00"),
    ("SELECT DATE '0001-01-01' AS x", "date", "0001-01-01"),
    ("SELECT TIME '09:00' AS x", "time", "09:00"),
    ("SELECT TIME '09:00:07' AS x", "time", "09:00:07"),
    ("SELECT INTERVAL '14 months' + INTERVAL '3 days' + INTERVAL '90 minutes' AS x", "string", "P1Y2M3DT1H30M"),
    ("SELECT INTERVAL '-1.5 seconds' AS x", "string", "PT-1.5S"),
    ("SELECT INTERVAL 0 DAY AS x", "string", "PT0S"),
    ("SELECT now() AS x", "datetime", "2026-01-15T12:00:00+09:00"),
    ("SELECT CURRENT_TIMESTAMP AS x", "datetime", "2026-01-15T12:00:00+09:00"),
    ("SELECT today() AS x", "date", "2026-01-15"),
    ("SELECT CURRENT_DATE - 1 AS x", "date", "2026-01-14"),
    ("SELECT opens AS x FROM air LIMIT 1", "string", "10:30"),
])  # fmt: skip
def test_values_have_the_types_of_the_hub(hub, sql, kind, value):
    answer = hub.ask(sql)
    assert answer.schema["x"].type == kind
    assert [row["x"] for row in as_dictionaries(answer.rows, answer.schema)][:1] == [value]


@pytest.mark.parametrize("format_name", ["json", "ndjson", "csv", "parquet", "arrow", "xlsx"])
def test_every_encoder_writes_an_answer(hub, format_name):
    answer = hub.ask('SELECT *, pm10::DECIMAL(5, 1) AS "수" FROM air', rows=200)
    chunks = list(encode(answer.rows.to_batches(), answer.schema, format_name))
    assert all(chunks)
    assert (
        list(encode(hub.ask("SELECT * FROM air WHERE 1 = 0").rows.to_batches(), answer.schema, format_name)) is not None
    )


def test_a_limit_outside_cuts_and_says_so(hub):
    cut = hub.ask("SELECT * FROM air ORDER BY observed_at DESC", rows=5)
    assert (cut.rows.num_rows, cut.truncated) == (5, True)
    assert cut.rows["observed_at"][0].as_py() == AIR_ROWS[-1]["observed_at"]
    whole = hub.ask("SELECT * FROM air", rows=120)
    assert (whole.rows.num_rows, whole.truncated) == (120, False)


CTES = [
    "c0 AS (SELECT 1 AS x FROM air)",
    *(f"c{n} AS (SELECT 1 AS x FROM c{n - 1} a, c{n - 1} b)" for n in range(1, 22)),
]
DOUBLING = f"WITH {', '.join(CTES)} SELECT * FROM c21"
REFUSED = [
    # statements
    ("DROP TABLE air", "'DROP'"),
    ("INSERT INTO air SELECT * FROM air", "'INSERT'"),
    ("UPDATE air SET pm10 = 1", "'UPDATE'"),
    ("DELETE FROM air", "'DELETE'"),
    ("CREATE TABLE x AS SELECT 1", "'CREATE'"),
    ("CREATE MACRO f(a) AS a", "'CREATE'"),
    ("COPY (SELECT 1) TO 'x.csv'", "'COPY'"),
    ("COPY air FROM '/etc/passwd'", "'COPY'"),
    ("EXPORT DATABASE 'x'", "'EXPORT'"),
    ("IMPORT DATABASE 'x'", "'IMPORT'"),
    ("ATTACH 'x.db'", "'ATTACH'"),
    ("DETACH memory", "'DETACH'"),
    ("INSTALL httpfs", "'INSTALL'"),
    ("LOAD httpfs", "'LOAD'"),
    ("CALL pragma_version()", "'CALL'"),
    ("PRAGMA database_list", "'PRAGMA'"),
    ("SET memory_limit = '64GB'", "'SET'"),
    ("RESET memory_limit", "'RESET'"),
    ("SET VARIABLE x = 1", "'SET'"),
    ("EXPLAIN SELECT 1", "'EXPLAIN'"),
    ("DESCRIBE air", "'DESCRIBE'"),
    ("SUMMARIZE air", "'SUMMARIZE'"),
    ("SHOW TABLES", "'SHOW'"),
    ("PIVOT air ON station USING sum(pm10)", "'PIVOT'"),
    ("TABLE duckdb_settings", "'TABLE'"),
    ("CHECKPOINT", "'CHECKPOINT'"),
    ("BEGIN", "'BEGIN'"),
    ("PREPARE p AS SELECT 1", "'PREPARE'"),
    ("EXECUTE p", "'EXECUTE'"),
    ("USE memory", "'USE'"),
    ("VACUUM", "'VACUUM'"),
    ("SELECT 1; SELECT 2", "only one statement"),
    ("SELECT 1; DROP TABLE air", "only one statement"),
    ("; SELECT 1", "only one statement"),
    ("", "empty"),
    (" ;; ", "empty"),
    ("-- nothing", "empty"),
    # files and table functions
    ("SELECT * FROM read_csv('/etc/passwd')", "table functions and files"),
    ("SELECT * FROM read_csv_auto('/etc/passwd')", "table functions and files"),
    ("SELECT * FROM read_parquet('*.parquet')", "table functions and files"),
    ("SELECT * FROM read_json('x.json')", "table functions and files"),
    ("SELECT * FROM read_text('/etc/passwd')", "table functions and files"),
    ("SELECT * FROM read_blob('/etc/passwd')", "table functions and files"),
    ("SELECT * FROM glob('/etc/*')", "table functions and files"),
    ("SELECT * FROM sniff_csv('x.csv')", "table functions and files"),
    ("SELECT * FROM parquet_metadata('x')", "table functions and files"),
    ("SELECT * FROM parquet_file_metadata('x')", "table functions and files"),
    ("SELECT * FROM duckdb_settings()", "table functions and files"),
    ("SELECT * FROM duckdb_secrets()", "table functions and files"),
    ("SELECT * FROM pragma_database_list()", "table functions and files"),
    ("SELECT * FROM query('SELECT 1')", "table functions and files"),
    ("SELECT * FROM query_table('air')", "table functions and files"),
    ("SELECT * FROM range(1000000000)", "table functions and files"),
    ("SELECT * FROM generate_series(1, 10)", "table functions and files"),
    ("SELECT * FROM unnest([1, 2])", "'UNNEST' cannot"),
    ("SELECT * FROM information_schema.tables", "'DB' cannot"),
    ("SELECT * FROM main.air", "'DB' cannot"),
    ("SELECT * FROM memory.main.air", "cannot be used"),
    ("SELECT * FROM air, LATERAL (SELECT 1)", "'LATERAL'"),
    ("SELECT * FROM air TABLESAMPLE 10%", "'SAMPLE'"),
    ("SELECT * FROM air USING SAMPLE 10", "'SAMPLE'"),
    ("SELECT * FROM air PIVOT (sum(pm10) FOR station IN ('s1'))", "'PIVOTS'"),
    ("SELECT * FROM air UNPIVOT (v FOR n IN (pm10))", "'PIVOTS'"),
    ("SELECT * FROM air POSITIONAL JOIN air_stations", "'POSITIONAL'"),
    ("SELECT * INTO stolen FROM air", "'INTO'"),
    ("SELECT * FROM air FOR UPDATE", "'LOCKS'"),
    # functions
    ("SELECT getenv('HOME')", "function 'getenv'"),
    ("SELECT current_setting('memory_limit')", "function 'current_setting'"),
    ("SELECT getvariable('x')", "function 'getvariable'"),
    ("SELECT version()", "function 'version'"),
    ("SELECT current_user", "cannot be used"),
    ("SELECT current_schemas(true)", "function 'current_schemas'"),
    ("SELECT random()", "function 'random'"),
    ("SELECT uuid()", "function 'uuid'"),
    ("SELECT nextval('s')", "function 'nextval'"),
    ("SELECT error('x')", "function 'error'"),
    ("SELECT repeat('x', 3000000000)", "function 'repeat'"),
    ("SELECT format('{:1000000000}', 1)", "function 'format'"),
    ("SELECT printf('%1000000000d', 1)", "function 'printf'"),
    ("SELECT levenshtein(station, station) FROM air", "function 'levenshtein'"),
    ("SELECT read_text('/etc/passwd')", "function 'read_text'"),
    ("SELECT unnest(pm10) FROM air", "cannot be used"),
    ("SELECT list(pm10) FROM air", "function 'list'"),
    ("SELECT array_agg(pm10) FROM air", "function 'array_agg'"),
    ("SELECT struct_pack(a := 1)", "function 'struct_pack'"),
    ("SELECT row(1, 2)", "function 'row'"),
    ("SELECT json_serialize_sql('SELECT 1')", "function 'json_serialize_sql'"),
    ("SELECT \"getenv\"('HOME')", "function 'getenv'"),
    ("SELECT GetEnv ('HOME')", "function 'GetEnv'"),
    ("SELECT main.getenv('HOME')", "cannot be used"),
    ("SELECT 'HOME'.getenv()", "cannot be used"),
    ("SELECT sum()", "has 0 arguments"),
    ("SELECT max(pm10, 3) FROM air", "has 2 arguments"),
    ("SELECT COLUMNS(*) FROM air", "function 'COLUMNS'"),
    ("SELECT COLUMNS('p.*') FROM air", "function 'COLUMNS'"),
    ("SELECT max(*) FROM air", "'*'"),
    ("SELECT * REPLACE (1 AS pm10) FROM air", "'REPLACE'"),
    ("SELECT * LIKE 'p%' FROM air", "'*'"),
    ("SELECT * , * FROM air", "once for each table"),
    ("SELECT a.*, a.* FROM air a", "once for each table"),
    ("SELECT *, a.* FROM air a", "once for each table"),
    # values that are no values
    ("SELECT [1, 2]", "'[ ]'"),
    ("SELECT {'a': 1}", "'{ }'"),
    ("SELECT (1, 2)", "'(a, b)'"),
    ("SELECT station[1] FROM air", "'[ ]'"),
    ("SELECT station[1:2] FROM air", "'[ ]'"),
    ("SELECT a.b.c FROM air a", "cannot be used"),
    ("SELECT [x FOR x IN pm10] FROM air", "cannot be used|syntax"),
    ("SELECT count(x -> x + 1) FROM air", "cannot be used"),
    ("SELECT count(lambda x: x) FROM air", "cannot be used|syntax"),
    ("SELECT station -> 'a' FROM air", "cannot be used"),
    ("SELECT MAP {'a': 1}", "cannot be used|syntax"),
    ("SELECT ARRAY(SELECT 1)", "cannot be used|function"),
    ("SELECT air FROM air", "name of a table"),
    ("SELECT x FROM (SELECT 1 AS a) x", "name of a table"),
    ("SELECT c FROM (WITH c AS (SELECT 1) SELECT * FROM c)", "name of a table"),
    ("SELECT _part_0 FROM (SELECT 1 AS a)", "'_part_0'"),
    ("SELECT * FROM _data_0", "'_data_0'"),
    ("WITH _cte_1 AS (SELECT 1) SELECT * FROM _cte_1", "'_cte_1'"),
    ("SELECT ?", "cannot be used"),
    ("SELECT $1", "cannot be used"),
    ("SELECT $part_0", "cannot be used"),
    ("SELECT :x", "syntax"),
    ("SELECT #1 FROM air", "cannot be used|closed|syntax"),
    ("SELECT E'a'", "cannot be used|syntax"),
    ("SELECT $$a$$", "'$$ $$'"),
    ("SELECT X'AA'", "cannot be used|syntax"),
    ("SELECT 0x1F", "'0x1F'"),
    ("SELECT 1x", "'1x'"),
    ("SELECT 'a' COLLATE NOCASE", "'COLLATE'"),
    ("SELECT station ~ 's' FROM air", "cannot be used"),
    ("SELECT station GLOB 's*' FROM air", "cannot be used"),
    ("SELECT pm10 & 1 FROM air", "cannot be used"),
    ("SELECT ~pm10 FROM air", "cannot be used"),
    # types
    ("SELECT 'x'::BLOB", "type cannot be used"),
    ("SELECT '1'::HUGEINT", "type cannot be used"),
    ("SELECT '[1]'::INTEGER[]", "type cannot be used"),
    ("SELECT '{}'::JSON", "type cannot be used"),
    ("SELECT NULL::STRUCT(a INTEGER)", "type cannot be used"),
    ("SELECT 'x'::regclass", "type cannot be used"),
    ("SELECT 'x'::\"VARCHAR\"\"; DROP\"", "type cannot be used|syntax"),
    # growth
    ("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r", "'RECURSIVE'"),
    ("SELECT lpad(station, 1000000000, 'x') FROM air", "at most 200"),
    ("SELECT rpad(station, pm10, 'x') FROM air", "at most 200"),
    ("SELECT replace(station, 's', station) FROM air", "texts in quotes"),
    ("SELECT replace(station, 's', '" + "x" * 2000 + "') FROM air", "too long"),
    ("SELECT replace(replace(replace(replace('a','a','" + "b" * 9 + "'),'b','" + "c" * 9 + "'),'c','" + "d" * 9 + "'),'d','" + "e" * 9 + "')", "too long"),
    ("SELECT " + "regexp_replace(" * 12 + "station" + ", '', 'a', 'g')" * 12 + " FROM air", "too long"),
    ("SELECT regexp_replace(string_agg(station, ','), 's', 'xxx', 'g') FROM air", "beside string_agg"),
    ("SELECT 1 FROM air GROUP BY CUBE (station, pm10)", "'CUBE'"),
    ("SELECT 1 FROM air GROUP BY ROLLUP (station), ROLLUP (pm10)", "only one ROLLUP"),
    (DOUBLING, "more than 100 times"),
    ("SELECT 1 FROM " + " CROSS JOIN ".join(f"(SELECT 1) a{n}" for n in range(102)), "more than 100 times"),
    ("WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", "same name twice"),
    # shape
    ("SELECT " + "(" * (MOST_NESTING + 1) + "1" + ")" * (MOST_NESTING + 1), "nested too deeply"),
    ("SELECT " + "(" * 10_000 + "1" + ")" * 10_000, "nested too deeply|characters"),
    ("SELECT " + "[" * 1_000, "nested too deeply"),
    ("SELECT " + "NOT " * 1_900 + "TRUE", "nested too deeply"),
    ("SELECT " + "- " * 1_900 + "1", "nested too deeply"),
    ("SELECT 1" + "::BIGINT" * 900, "nested too deeply"),
    ("SELECT " + "CASE WHEN " * 900 + "1", "nested too deeply|syntax"),
    ("SELECT 1" + "+1" * 2_000, "words"),
    ("SELECT '" + "x" * 1_000_000 + "'", "characters"),
    ("SELECT 1 AS \"a\x00b\"", "control character"),
    ("SELECT 'a\x00'", "control character"),
    ("SELECT 'a\ud800'", "control character"),
    ("SELECT ‘a’ FROM air", "straight single quotes"),
    ("SELECT “a” FROM air", "straight single quotes"),
    ("SELECT ＇a＇ FROM air", "straight single quotes"),
    ("SELECT `a` FROM air", "straight single quotes|closed"),
    ("SELECT 'abc", "not closed"),
    ("SELECT \"abc", "not closed"),
    ("SELECT 1 /* abc", "not closed|syntax|cannot"),
    ("SELECT 1 FROM", "syntax"),
    ("SELECT FROM air", "no column|syntax"),
    ("SELECT 1 WHERE", "syntax"),
    ("SELECT (1", "syntax"),
    ("SELECT 1)", "syntax"),
    ("SELECT 1 FROM air LIMIT -1", "whole number"),
    ("SELECT 1 FROM air LIMIT 10%", "cannot be used"),
    ("SELECT 1 FROM air LIMIT (SELECT 1)", "whole number"),
    ("SELECT 1 FROM air LIMIT 99999999999999999999", "whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "reason"), REFUSED, ids=[sql[:60] for sql, _ in REFUSED])
def test_what_is_not_allowed_is_refused_before_any_dataset_is_looked_up(sql, reason):
    with pytest.raises(BadSql) as caught:
        parse_sql(sql, NOON)
    assert any(part in caught.value.text.en for part in reason.split("|")), caught.value.text.en
    assert caught.value.text.ko


@pytest.mark.parametrize("sql", [
    "SELECT * FROM '/etc/passwd'", "SELECT * FROM 'canary.csv'", 'SELECT * FROM "canary.csv"', "SELECT * FROM '*.parquet'",
    "SELECT * FROM 'https://example.org/x.csv'", "SELECT * FROM sqlite_master", "SELECT * FROM duckdb_tables",
    "SELECT * FROM pg_catalog", "SELECT * FROM STDIN", "SELECT * FROM hub",
])  # fmt: skip
def test_every_table_is_the_name_of_a_dataset(hub, sql):
    # The engine of Python also knows tables by the names of variables; ``hub`` is one.
    with pytest.raises(HubError) as caught:
        hub.ask(sql)
    assert caught.value.values["missing"]


# Read by the parser, refused by the engine: told with the place of the name.
MISTAKEN = [
    ("SELECT nope FROM air", "nope", (1, 8)),
    ("SELECT station,\n       nope\nFROM air", "nope", (2, 8)),
    ("SELECT pm10, count(*) FROM air GROUP BY station", "GROUP BY", (1, 8)),
    ("SELECT sum(station) FROM air", "sum(VARCHAR)", None),
    ("SELECT CAST(station AS BIGINT) FROM air", "Could not convert string 's", None),
    ("SELECT (SELECT pm10 FROM air)", "More than one row", None),
    ("SELECT pm10 + 9223372036854775807 FROM air", "Overflow", None),
    ("SELECT sum(pm10) * 9223372036854775807 FROM air", "beyond 64 bits", None),
    ("SELECT DATE '2026-13-01'", "out of range", None),
    ("SELECT date_trunc('nope', observed_at) FROM air", "nope", None),
    ("SELECT regexp_matches(station, '(') FROM air", "missing )", None),
    ("SELECT b.pm10 FROM air a", '"b"', None),
    ("SELECT _row FROM air", "_row", (1, 8)),
    ("SELECT filename FROM air", "filename", (1, 8)),
    ("SELECT rowid FROM air", "rowid", (1, 8)),
    ("SELECT file_row_number FROM air", "file_row_number", (1, 8)),
    ("SELECT unnamed_subquery FROM (SELECT 1 AS a)", "unnamed_subquery", (1, 8)),
    ("SELECT valueslist FROM (VALUES (1))", "valueslist", (1, 8)),
    ("SELECT TIMESTAMP '290000-01-01 00:00'", "years 1 to 9999", None),
    ("SELECT DATE '10000-01-01'", "years 1 to 9999", None),
    ("SELECT 'infinity'::TIMESTAMPTZ", "years 1 to 9999", None),
    ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", "", None),
]


@pytest.mark.parametrize(("sql", "said", "place"), MISTAKEN, ids=[sql for sql, _, _ in MISTAKEN])
def test_mistakes_that_the_engine_finds_are_told_in_the_callers_names(hub, sql, said, place):
    with pytest.raises(HubError) as caught:
        hub.ask(sql)
    if not said:  # 'b' comes later: then it means a dataset
        assert caught.value.values["missing"] == ["b"]
        return
    error = caught.value
    assert isinstance(error, BadSql)
    assert said in error.text.en
    assert (
        "_data_" not in error.text.en and str(hub.room.store.root) not in error.text.en and "LINE" not in error.text.en
    )
    if place:
        assert (error.values["line"], error.values["column"]) == place


def test_a_mistake_of_syntax_tells_its_place():
    with pytest.raises(BadSql) as caught:
        parse_sql("SELECT station,\n  pm10 FROM air\nWHERE pm10 >> > 3", NOON)
    assert caught.value.values["line"] == 3
    with pytest.raises(BadSql) as caught:
        parse_sql("SELECT 1,\n   getenv('HOME')", NOON)
    assert (caught.value.values["line"], caught.value.values["column"]) == (2, 4)


BOMBS = [
    "SELECT count(*) FROM air a, air b, air c, air d, air e, air f WHERE a.pm10 + b.pm10 + c.pm10 + d.pm10 + e.pm10 + f.pm10 = 7",
    "SELECT a.*, b.*, c.*, d.* FROM air a, air b, air c, air d ORDER BY a.ozone + b.ozone + c.ozone * d.ozone, a.observed_at",
    "SELECT string_agg(a.station, ',') FROM air a, air b, air c, air d",
    "SELECT max(length(x)) FROM "
    + "(SELECT x || x AS x FROM " * 18
    + "(SELECT a.observed_at || a.station AS x FROM air a)"
    + ")" * 18,
    "SELECT median(a.ozone + b.ozone) OVER (ORDER BY a.observed_at ROWS BETWEEN 100000 PRECEDING AND CURRENT ROW) "
    "FROM air a, air b, air c ORDER BY 1",
    "SELECT count(DISTINCT a.ozone + b.ozone * c.ozone - d.pm10) FROM air a, air b, air c, air d",
]


@pytest.mark.parametrize("sql", BOMBS)
def test_time_and_memory_of_a_question_are_capped(hub, sql):
    limits = Limits(spool=hub.room.limits.spool, memory_mib=64, seconds=1.0)
    with pytest.raises(TooExpensive):
        hub.ask(sql, limits=limits)
    assert hub.ask("SELECT 1 AS x", limits=limits).rows.num_rows == 1


def test_an_answer_of_too_many_bytes_is_not_given(hub, monkeypatch):
    monkeypatch.setattr("catalog.records.sql.run.MOST_BYTES", 1_000)
    with pytest.raises(TooExpensive):
        hub.ask("SELECT * FROM air")


PATTERNS = ["(a+)+$", "(a|a)*b", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}", "((a{0,30}){0,30})"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_takes_exponential_time(hub, pattern):
    hub.ask(f"SELECT regexp_matches('{'a' * 5_000}!', '{pattern}')", limits=Limits(hub.room.limits.spool, seconds=5.0))


class TestPruning:
    """Parts that cannot hold an answer are not opened; the answer is the same."""

    CASES = [
        ("observed_at < '2026-01-02'", 1),
        ("observed_at >= TIMESTAMPTZ '2026-01-05 00:00:00+09:00'", 1),
        ("observed_at BETWEEN '2026-01-01' AND '2026-01-03'", 2),
        ("'2026-01-02' > observed_at", 1),
        ("observed_at = '2026-01-01 05:00'", 1),
        ("observed_at IN ('2026-01-01', '2026-01-05 01:00')", 2),
        ("(observed_at > DATE '2026-01-04' AND pm10 > 5) AND ozone > -1", 2),
        ("pm10 > 1000", 0),
        ("ozone < -0.5", 0),
        ("station = 'zzz'", 0),
        ("built_on > '2030-01-01'", 0),
        ("observed_at < '2026-01-02' OR pm10 = 1", 3),
        ("NOT observed_at < '2026-01-02'", 3),
        ("pm10 + 0 > 1000", 3),
        ("observed_at < '2026-1-2'", 3),
        ("pm10 > '1000'", 3),
        ("pm10 IS NULL", 3),
        ("observed_at::DATE = DATE '2026-01-01'", 3),
    ]

    @pytest.mark.parametrize(("condition", "parts"), CASES)
    def test_conditions_on_one_table_choose_its_parts(self, hub, condition, parts):
        [read] = hub.explain(f"SELECT * FROM air WHERE {condition}").reads
        assert (read.parts_read, read.parts) == (parts, 3)
        sql = f"SELECT count(*) FROM air WHERE {condition}"
        try:
            expected = hub.plain.sql(sql).fetchall()[0][0]
        except duckdb.Error:
            return
        assert hub.ask(sql).rows.to_pylist() == [{"count": expected}]

    @pytest.mark.parametrize(("sql", "parts"), [
        ("SELECT 1 FROM air a JOIN air b USING (station) WHERE a.observed_at < '2026-01-02'", [1, 3]),
        ("SELECT 1 FROM air a LEFT JOIN air b USING (station) WHERE b.observed_at < '2026-01-02'", [3, 1]),
        ("SELECT 1 FROM air a ASOF JOIN air b ON a.observed_at > b.observed_at WHERE b.observed_at < '2026-01-02'", [3, 3]),
        ("SELECT 1 FROM air a JOIN air b ON a.observed_at < '2026-01-02'", [3, 3]),
        ("SELECT (SELECT count(*) FROM air b WHERE a.observed_at < '2026-01-02') FROM air a", [3, 3]),
        ("WITH x AS (SELECT * FROM air WHERE observed_at < '2026-01-02') SELECT 1 FROM x, air", [3, 1]),
        ("SELECT 1 FROM (SELECT * FROM air) t WHERE t.observed_at < '2026-01-02'", [3]),
    ])  # fmt: skip
    def test_a_condition_counts_for_the_table_that_it_names(self, hub, sql, parts):
        assert sorted(read.parts_read for read in hub.explain(sql).reads) == sorted(parts)

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["pm10", "ozone", "station", "observed_at", "built_on"]),
                st.sampled_from(["=", "<", "<=", ">", ">="]),
                st.sampled_from(AIR_ROWS),
                st.booleans(),
            ),
            min_size=1, max_size=3,
        ),
        st.sampled_from(["", "LEFT", "FULL", "RIGHT"]),
    )  # fmt: skip
    def test_leaving_parts_out_never_changes_an_answer(self, hub, conditions, side):
        written = [
            f"{'a' if left else 'b'}.{column} {operator} {literal(row[column])}"
            for column, operator, row, left in conditions
            if row[column] is not None
        ] or ["TRUE"]
        sql = (
            f"SELECT count(*), sum(a.pm10), sum(b.pm10) FROM air a {side} JOIN air b ON a.station = b.station AND a.pm10 = b.pm10 "
            f"WHERE {' AND '.join(written)}"
        )
        expected = hub.plain.sql(sql).to_arrow_table().to_pylist()
        assert plainly(hub.ask(sql).rows.to_pylist()) == plainly(expected)


def literal(value: object) -> str:
    return f"{value}" if isinstance(value, (int, float)) else f"'{value}'"


def test_a_plan_tells_datasets_snapshots_parts_and_steps_but_no_path(hub):
    plan = hub.explain(
        "SELECT s.district, avg(a.pm10) FROM air a JOIN air_stations s USING (station) WHERE a.observed_at < '2026-01-02' GROUP BY 1"
    )
    assert [(read.dataset, read.parts_read, read.parts) for read in plan.reads] == [
        ("air", 1, 3),
        ("air-stations", 2, 2),
    ]
    assert plan.reads[0].snapshot == hub.manifests["air"].digest
    assert any("JOIN" in step for step in plan.steps)
    assert any("not replaced since" in step for step in plan.steps)
    told = " ".join([plan.statement, *plan.steps])
    assert "/" not in told.replace("READ_PARQUET", "") and ".parquet" not in told and "_data_" not in told


def test_only_the_columns_that_are_used_are_read(hub):
    plan = hub.explain("SELECT sum(pm10) FROM air")
    reads = [step for step in plan.steps if "PARQUET" in step]
    assert reads and all("Projections: pm10" in step for step in reads)


def test_the_same_question_has_the_same_digest_and_another_one_another():
    def digest(sql: str, moment: dt.datetime = NOON) -> str:
        return parse_sql(sql, moment).digest

    assert (
        digest("SELECT station FROM air") == digest("select  station\nfrom air -- x") != digest("SELECT pm10 FROM air")
    )
    assert digest("SELECT 1 FROM air") != digest("SELECT 1 FROM air_stations")
    later = NOON + dt.timedelta(hours=1)
    assert digest("SELECT now()") != digest("SELECT now()", later)
    assert digest("SELECT today()") == digest("SELECT today()", later)


def test_what_is_written_can_be_read_again_and_passes_the_same_check():
    for sql in ANSWERED:
        written = parse_sql(sql, NOON).text
        tree = read_tree(DIALECT.tokenize(written), written)
        check_tree(tree, written)
        assert write_tree(tree) == written


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
@example("'; DROP TABLE air; --")
@example("\\'")
@example("$part_0")
@example("'' OR 1=1")
def test_a_text_stays_the_text_that_it_is(hub, text):
    quoted = text.replace("'", "''")
    assert hub.records(f"SELECT '{quoted}' AS x") == [{"x": text}]
    if text.strip() and not text.lower().startswith(("_data_", "_cte_", "_part_")):
        name = text.replace('"', '""')
        assert [list(row.values()) for row in hub.records(f'SELECT 1 AS "{name}"')] == [[1]]


class CountingGrammar:
    """Remembers how many steps each parse took."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int]] = []

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parse = Grammar.parse
        taken = self.taken

        def watched(grammar, tokens, text):
            try:
                return parse(grammar, tokens, text)
            finally:
                taken.append((grammar.steps, len(tokens)))

        monkeypatch.setattr(Grammar, "parse", watched)


@pytest.mark.parametrize("sql", [sql for sql, _ in REFUSED] + ANSWERED, ids=lambda sql: sql[:50])
def test_reading_takes_a_bounded_number_of_steps(sql, monkeypatch):
    counting = CountingGrammar()
    counting.watch(monkeypatch)
    with contextlib.suppress(BadSql):
        parse_sql(sql, NOON)
    for steps, tokens in counting.taken:
        assert tokens <= MOST_TOKENS
        assert steps <= STEPS_PER_TOKEN * (tokens + 1) + 1
        assert steps <= 4 * tokens + 4  # what has been seen; the cap is far above it


def test_a_text_that_is_too_long_is_not_even_cut_into_words(monkeypatch):
    monkeypatch.setattr(parse_module, "read_tokens", lambda text: pytest.fail("it was read"))
    with pytest.raises(BadSql):
        parse_sql("(" * (MOST_CHARACTERS + 1), NOON)
    with pytest.raises(BadSql):
        parse_sql("(" * (MOST_TOKENS + 1), NOON)


SOUP = """SELECT FROM WHERE GROUP BY ORDER LIMIT JOIN ON USING WITH AS UNION ALL CASE WHEN THEN END OVER PARTITION ( ( ( ) ) ) , , . * + -
/ = < > || :: [ ] { } ' " ; $ ? : -> ~ air air_stations a station pm10 observed_at _row 1 2 '/etc/passwd' 'canary.csv' "x y" 's1' NULL count sum
max read_csv glob getenv COLUMNS unnest NOT IN EXISTS BETWEEN AND OR LIKE IS DISTINCT INTERVAL DATE CAST VARCHAR BLOB VALUES LATERAL
RECURSIVE PIVOT COPY ATTACH PRAGMA SET INTO FILTER QUALIFY WINDOW ROWS RANGE lambda x -- /* */ E'a' $$a$$ 한글 ‘ ’"""
WORDS = SOUP.split()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(lambda words: " ".join(["SELECT", *words])))
def test_any_soup_of_words_is_answered_or_refused_and_opens_no_file(hub, sql):
    limits = Limits(spool=hub.room.limits.spool, memory_mib=128, seconds=5.0)
    try:
        answer = hub.ask(sql, rows=5, limits=limits)
    except HubError as error:
        assert error.text.ko
    else:
        assert "leaked" not in str(answer.rows.to_pylist())
        assert answer.rows.num_rows <= 5


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
@example("\x00")
@example("SELECT\u00a01")
@example("SELECT 1\u3000FROM air")
def test_any_text_is_answered_or_refused(hub, text):
    for sql in (text, f"SELECT {text}", f"SELECT * FROM {text}"):
        try:
            hub.ask(sql, rows=5)
        except HubError as error:
            assert error.text.ko


mutations = st.lists(st.tuples(st.integers(0, 200), st.sampled_from([*WORDS, ""])), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(ANSWERED), mutations)
def test_any_change_of_a_good_question_is_answered_or_refused(hub, sql, changes):
    words = sql.split(" ")
    for place, word in changes:
        words[place % len(words)] = word
    try:
        hub.ask(" ".join(words), rows=5, limits=Limits(spool=hub.room.limits.spool, memory_mib=128, seconds=5.0))
    except HubError as error:
        assert error.text.ko


def test_an_error_inside_the_engine_spoils_no_later_question(hub):
    with pytest.raises(duckdb.InternalException), connect((hub.room.store.root,), hub.room.limits) as cursor:
        before = cursor.execute("CREATE TABLE here AS SELECT 1").fetchall()
        raise duckdb.InternalException("as if")
    assert before is not None
    with connect((hub.room.store.root,), hub.room.limits) as cursor, pytest.raises(duckdb.CatalogException):
        cursor.execute("SELECT * FROM here")
    assert hub.records("SELECT 1 AS x") == [{"x": 1}]


@pytest.mark.parametrize("sql", re.findall(r"```sql\n(.*?)```", API.read_text(encoding="utf-8"), re.DOTALL))
def test_the_examples_of_the_documents_can_be_asked(hub, sql):
    days = [dt.date(2018, 3, day) for day in range(1, 15)]
    air = make_schema(observed_on="date", station="string", pm10="integer")
    rides = make_schema(date="date", line="string", station="string", boardings="integer")
    manifests = {
        "seoul-air-daily": hub.room.write(
            texts({"observed_on": day, "station": "중구", "pm10": day.day * 9} for day in days), air
        ),
        "subway-ridership": hub.room.write(
            texts(
                {"date": day, "line": "2호선", "station": name, "boardings": day.day * 100}
                for day in days
                for name in "가나다라마바"
            ),
            rides,
        ),
    }
    statement = parse_sql(sql, NOON)
    assert run_sql(statement, manifests, hub.room.store, hub.room.limits, rows=10).rows.num_rows > 2


def test_an_answer_knows_where_its_records_lie(hub):
    place = hub.ask("SELECT 127.0 AS longitude, 37.5 AS latitude, 'x' AS name")
    assert place.schema.geometry.is_point
    assert hub.ask("SELECT 1 AS x").schema.geometry is None


def test_geometries_pass_through(shared_room):
    schema = from_table_schema(
        {
            "fields": [{"name": "name", "type": "string"}, {"name": "shape", "type": "geojson"}],
            "geometry": {"column": "shape"},
        }
    )
    polygon = '{"type": "Polygon", "coordinates": [[[127, 37], [127.1, 37], [127.1, 37.1], [127, 37]]]}'
    manifest = shared_room.write([{"name": "a", "shape": polygon}], schema)

    def ask(sql: str) -> Rows:
        return run_sql(parse_sql(sql, NOON), {"areas": manifest}, shared_room.store, shared_room.limits, rows=10)

    answer = ask("SELECT name, shape FROM areas")
    assert (answer.schema["shape"].type, answer.schema.geometry.column) == ("geometry", "shape")
    assert b'"Polygon"' in b"".join(encode(answer.rows.to_batches(), answer.schema, "geojson"))
    with pytest.raises(BadSql):
        ask("SELECT CASE WHEN name = 'b' THEN shape ELSE 'abc' END AS shape FROM areas")
    with pytest.raises(BadSql):
        ask("SELECT _xmin FROM areas")


def places(sql: str) -> Iterator[tuple[str, tuple[int, int]]]:
    yield from parse_sql(sql, NOON).places.items()


def test_places_are_lines_and_columns_from_one():
    assert dict(places("SELECT a,\n  b FROM air")) == {"a": (1, 8), "b": (2, 3)}
