"""Parts and columns that cannot matter are not read, and a plan tells which are."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_hub import AIR_ROWS, plainly


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
