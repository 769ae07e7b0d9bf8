"""What is refused in SQL says why and where, and costs nothing."""

import contextlib
from collections.abc import Iterator

import pytest
from sql_hub import NOON
from sql_questions import ANSWERED, REFUSED

from catalog.errors import BadSql, HubError, TooExpensive
from catalog.records import Limits
from catalog.records.sql import parse as parse_module
from catalog.records.sql import parse_sql
from catalog.records.sql.grammar import STEPS_PER_TOKEN, Grammar
from catalog.records.sql.parse import MOST_CHARACTERS, MOST_TOKENS


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


def places(sql: str) -> Iterator[tuple[str, tuple[int, int]]]:
    yield from parse_sql(sql, NOON).places.items()


def test_places_are_lines_and_columns_from_one():
    assert dict(places("SELECT a,\n  b FROM air")) == {"a": (1, 8), "b": (2, 3)}
