"""Whatever is written is answered or refused: any text, any soup of words, any change of a good question."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sql_hub import NOON
from sql_questions import ANSWERED

from catalog.errors import HubError
from catalog.records import Limits
from catalog.records.engine import connect
from catalog.records.sql import parse_sql
from catalog.records.sql.grammar import DIALECT, check_tree, read_tree, write_tree

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


def test_what_is_written_can_be_read_again_and_passes_the_same_check():
    for sql in ANSWERED:
        written = parse_sql(sql, NOON).text
        tree = read_tree(DIALECT.tokenize(written), written)
        check_tree(tree, written)
        assert write_tree(tree) == written


def test_an_error_inside_the_engine_spoils_no_later_question(hub):
    with pytest.raises(duckdb.InternalException), connect((hub.room.store.root,), hub.room.limits) as cursor:
        before = cursor.execute("CREATE TABLE here AS SELECT 1").fetchall()
        raise duckdb.InternalException("as if")
    assert before is not None
    with connect((hub.room.store.root,), hub.room.limits) as cursor, pytest.raises(duckdb.CatalogException):
        cursor.execute("SELECT * FROM here")
    assert hub.records("SELECT 1 AS x") == [{"x": 1}]
