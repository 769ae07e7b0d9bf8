"""Answers in SQL are those of the engine over plain tables; their columns have names, types and places."""

import datetime as dt
import re
from pathlib import Path

import pytest
from record_rooms import make_schema, texts
from sql_hub import AIR_ROWS, NOON, plainly
from sql_questions import ANSWERED

from catalog.errors import BadSql
from catalog.records import as_dictionaries, encode
from catalog.records.schema import from_table_schema
from catalog.records.sql import FUNCTIONS, KINDS, Rows, parse_sql, run_sql

API = Path(__file__).parents[3] / "docs" / "api.md"


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
