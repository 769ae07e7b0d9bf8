"""The rules of going on from where the last run was: what is asked for next, and how far that leaves the source."""

import datetime as dt

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from catalog.records import Column, Limits, Schema, tabulate
from ingest.connectors.cursor_values import read_value, stored
from ingest.connectors.progress import WINDOWS_AT_ONCE, Cursor, Window, move, moved_by, plan_windows, read_new
from ingest.errors import BadSetup, BrokenOff, QuotaExceeded
from ingest.http import Session, Span

KST = dt.timezone(dt.timedelta(hours=9))
NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=KST)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=KST)


def reached(cursor: Cursor, value: object) -> dict[str, object]:
    return {"by": moved_by(cursor), "reached": value}


def windows(cursor: Cursor, position: dict[str, object], span: Span | None = None) -> list[tuple[object, object]]:
    return [(window.since, window.until) for window in plan_windows(cursor, position, NOON, span).windows]


# What is asked for next


@pytest.mark.parametrize(
    ("cursor", "position", "expected"),
    [
        ({"field": "t"}, None, [(None, None)]),
        ({"field": "t", "initial": "2026-03-01"}, None, [("2026-03-01 00:00", None)]),
        ({"field": "t"}, "2026-03-10T11:00:00+09:00", [("2026-03-10 11:00", None)]),
        ({"field": "t", "overlap": "2h"}, "2026-03-10T11:00:00+09:00", [("2026-03-10 09:00", None)]),
        ({"field": "t", "overlap": "2h"}, "2026-03-11T12:00:00+09:00", [("2026-03-10 10:00", None)]),  # A24
        ({"field": "t", "overlap": "3d", "initial": "2026-03-09"}, "2026-03-10", [("2026-03-09 00:00", None)]),
        ({"field": "t", "kind": "date", "overlap": "3d"}, "2026-03-10", [("2026-03-07 00:00", None)]),
        (
            {"initial": "2026-03-10 10:00", "step": "1h"},
            None,
            [("2026-03-10 10:00", "2026-03-10 11:00"), ("2026-03-10 11:00", "2026-03-10 12:00")],
        ),
        (
            {"initial": "2026-03-01", "step": "1h", "delay": "30m"},
            "2026-03-10T10:00:00+09:00",
            [("2026-03-10 10:00", "2026-03-10 11:00"), ("2026-03-10 11:00", "2026-03-10 11:30")],
        ),
        (
            {"initial": "2026-03-01", "step": "1h", "overlap": "1h"},
            "2026-03-10T11:30:00+09:00",
            [("2026-03-10 10:30", "2026-03-10 11:30"), ("2026-03-10 11:30", "2026-03-10 12:00")],
        ),
        (
            {"initial": "2026-03-01", "delay": "0s"},
            "2026-03-10T11:50:00+09:00",
            [("2026-03-10 11:50", "2026-03-10 12:00")],
        ),
        ({"initial": "2026-03-01", "delay": "1h"}, "2026-03-10T11:50:00+09:00", []),
        ({"initial": "2026-03-01", "delay": "1h"}, "2026-03-12T00:00:00+09:00", []),  # the clock went back
        (
            {"kind": "date", "initial": "2026-03-08", "step": "1d"},
            None,
            [("2026-03-08 00:00", "2026-03-09 00:00"), ("2026-03-09 00:00", "2026-03-10 00:00")],  # whole days only
        ),
    ],
)
def test_a_run_begins_where_the_last_one_was_less_the_overlap(cursor, position, expected):
    cursor = Cursor(**cursor)
    known = {} if position is None else reached(cursor, position)
    assert windows(cursor, known) == [(since and at(since), until and at(until)) for since, until in expected]


@pytest.mark.parametrize(
    ("cursor", "position", "since"),
    [
        ({"kind": "integer", "field": "n"}, None, None),
        ({"kind": "integer", "field": "n", "initial": 7}, None, 7),
        ({"kind": "integer", "field": "n"}, 41, 42),
        ({"kind": "integer", "field": "n", "overlap": 10}, 41, 32),
        ({"kind": "integer", "field": "n", "overlap": 100, "initial": 0}, 41, 0),
        ({"kind": "text", "field": "n"}, "b", "b"),
    ],
)
def test_numbers_go_on_behind_the_last_one_and_texts_from_it(cursor, position, since):
    cursor = Cursor(**cursor)
    assert windows(cursor, {} if position is None else reached(cursor, position)) == [(since, None)]


def test_what_was_reached_by_another_column_counts_for_nothing():
    assert windows(Cursor(field="new"), reached(Cursor(field="old"), "2026-03-01")) == [(None, None)]


def test_many_windows_are_read_in_several_runs():
    cursor = Cursor(initial="2020-01-01", step="1h")
    plan = plan_windows(cursor, {}, NOON, None)
    assert (len(plan.windows), plan.has_more) == (WINDOWS_AT_ONCE, True)
    left = move(cursor, {}, plan.windows[-1].until, NOON)
    again = plan_windows(cursor, left, NOON, None)
    assert again.windows[0].since == plan.windows[-1].until


@pytest.mark.parametrize(
    ("cursor", "since", "until", "expected"),
    [
        ({"field": "t"}, "2026-02-01", "2026-02-03", [("2026-02-01", "2026-02-03")]),
        ({"initial": "2026-03-01", "step": "1d"}, "2026-02-01", "2026-02-02 12:00", [("2026-02-01", "2026-02-02"), ("2026-02-02", "2026-02-02 12:00")]),
        ({"field": "t", "kind": "date"}, "2026-02-01 10:00", "2026-02-02 12:00", [("2026-02-01", "2026-02-03")]),
    ],
)  # fmt: skip
def test_a_span_is_asked_for_as_it_is_given_whatever_was_reached(cursor, since, until, expected):
    cursor = Cursor(**cursor)
    found = windows(cursor, reached(cursor, "2026-03-10"), Span(at(since), at(until)))
    assert found == [(at(begin), at(end)) for begin, end in expected]


@pytest.mark.parametrize("cursor", [{"kind": "integer", "field": "n"}, {"initial": "2020-01-01", "step": "1m"}])
def test_a_span_that_cannot_be_asked_for_is_refused(cursor):
    with pytest.raises(BadSetup):
        plan_windows(Cursor(**cursor), {}, NOON, Span(at("2026-02-01"), at("2026-02-03")))


# How far that leaves the source


@pytest.mark.parametrize(
    ("cursor", "was", "seen", "expected"),
    [
        ({"field": "t"}, None, None, None),
        ({"field": "t"}, None, "2026-03-10 11:00", "2026-03-10T02:00:00+00:00"),
        ({"field": "t"}, "2026-03-10T11:00:00+09:00", None, "2026-03-10T11:00:00+09:00"),  # an empty answer
        ({"field": "t"}, "2026-03-10T11:00:00+09:00", "2026-03-10 10:00", "2026-03-10T11:00:00+09:00"),
        ({"field": "t"}, None, "2026-03-11 12:00", "2026-03-10T03:00:00+00:00"),  # A24: never beyond the run's moment
        ({"field": "t", "kind": "date"}, None, "2026-03-12", "2026-03-10"),
        ({"field": "n", "kind": "integer"}, 41, "57", 57),
        ({"field": "n", "kind": "text"}, "a", "b", "b"),
    ],
)
def test_the_position_is_the_highest_value_never_beyond_now_and_never_backwards(cursor, was, seen, expected):
    cursor = Cursor(**cursor)
    before = {} if was is None else reached(cursor, was)
    left = move(cursor, before, None if seen is None else cursor.read(seen), NOON)
    assert left.get("reached") == expected


def rows_of(*values: object) -> list[dict[str, object]]:
    return [{"t": value} for value in values]


def left_by(cursor: Cursor, rows: list[dict[str, object]], **session: object) -> object:
    with Session(moment=NOON, **session) as http:
        list(read_new(cursor, http, lambda window: rows))
        return http.left.get("reached")


def test_values_that_are_missing_or_unreadable_move_nothing():
    rows = rows_of("2026-03-09 10:00", None, "", "점검중", "2026-03-09 09:00")
    assert left_by(Cursor(field="t"), rows) == "2026-03-09T01:00:00+00:00"


@pytest.mark.parametrize(
    ("rows", "where"), [([{"u": 1}], "incremental.field"), (rows_of("점검중"), "incremental.kind")]
)
def test_a_column_that_tells_nothing_is_refused_with_what_is_there(rows, where):
    with pytest.raises(BadSetup) as refused:
        left_by(Cursor(field="t"), rows)
    assert refused.value.values["where"] == where


def test_a_column_that_is_empty_everywhere_moves_nothing():
    assert left_by(Cursor(field="t"), rows_of(None, "")) is None


def test_a_run_that_makes_up_for_a_span_leaves_the_position():
    cursor = Cursor(field="t")
    span = Span(at("2026-02-01"), at("2026-02-02"))
    before = reached(cursor, "2026-01-01T00:00:00+00:00")
    assert left_by(cursor, rows_of("2026-02-01 10:00"), span=span, position=before) == before["reached"]


def test_a_page_that_fails_leaves_the_position():
    def broken(window: Window):
        yield {"t": "2026-03-09"}
        raise BrokenOff(address="x", reason="y")

    with Session(moment=NOON) as http:
        with pytest.raises(BrokenOff):
            list(read_new(Cursor(field="t"), http, broken))
        assert http.left == {}


def test_whole_windows_count_when_the_calls_of_the_day_are_used_up():
    def limited(window: Window):
        yield {"day": str(window.since)}
        if window.since >= at("2026-03-03"):
            raise QuotaExceeded(address="x", answer="22")

    cursor = Cursor(initial="2026-03-01", step="1d")
    with Session(moment=NOON) as http:
        assert len(list(read_new(cursor, http, limited))) == 2
        assert read_value(http.left["reached"], "datetime", None, "UTC") == at("2026-03-03")
        assert [code for code, _ in http.told] == ["read-in-part"]
    with (
        Session(moment=NOON, position=reached(cursor, "2026-03-03T00:00:00+09:00")) as http,
        pytest.raises(QuotaExceeded),
    ):
        list(read_new(cursor, http, limited))


def test_a_span_is_not_whole_when_the_calls_of_the_day_end_within_it():
    def limited(window: Window):
        yield {"day": str(window.since)}
        if window.since >= at("2026-03-03"):
            raise QuotaExceeded(address="x", answer="22")

    cursor, span = Cursor(initial="2026-01-01", step="1d"), Span(at("2026-03-01"), at("2026-03-05"))
    with Session(moment=NOON, span=span) as http, pytest.raises(QuotaExceeded):
        list(read_new(cursor, http, limited))


# Values


TIMES = [
    ("2026-03-10 11:05", "2026-03-10 11:05"),
    ("2026-03-10T11:05:06.25Z", "2026-03-10 20:05:06.250"),
    ("2026-03-10T11:05:06,000+09:00", "2026-03-10 11:05:06"),
    ("2026-03-10 11:05:06+0000", "2026-03-10 20:05:06"),
    ("2026.3.10. 9:05", "2026-03-10 09:05"),
    ("2026/03/10_09:05:06", "2026-03-10 09:05:06"),
    ("20260310110506", "2026-03-10 11:05:06"),
    ("202603101105", "2026-03-10 11:05"),
    ("20260310 110506", "2026-03-10 11:05:06"),
    ("２０２６-03-10 11:05", "2026-03-10 11:05"),
    ("2026-03-10 24:00", "2026-03-11 00:00"),
]


@pytest.mark.parametrize(("text", "expected"), TIMES)
def test_times_are_read_as_the_rows_are(text, expected):
    assert read_value(text, "datetime", None, "Asia/Seoul") == at(expected)


def test_the_records_read_the_same_times_alike(tmp_path):
    schema = Schema(columns=(Column("t", "datetime"),))
    staged = tabulate(({"t": text} for text, _ in TIMES), schema, limits=Limits(spool=tmp_path), area=None)
    assert staged.read().read_all().column("t").to_pylist() == [at(expected) for _, expected in TIMES]


@pytest.mark.parametrize(
    ("value", "kind", "format", "expected"),
    [
        (1773108300, "datetime", "epoch", "2026-03-10T02:05:00+00:00"),
        ("1773108300000", "datetime", "epoch-ms", "2026-03-10T02:05:00+00:00"),
        ("10/03/26 11-05", "datetime", "%d/%m/%y %H-%M", "2026-03-10T02:05:00+00:00"),
        ("20260310", "date", None, "2026-03-10"),
        ("2026-03-09T23:00:00Z", "date", None, "2026-03-10"),
        ("0041", "integer", None, 41),
        (41.0, "integer", None, 41),
        (41, "text", None, "41"),
    ],
)
def test_a_value_is_kept_so_that_it_can_be_read_again(value, kind, format, expected):
    found = read_value(value, kind, format, "Asia/Seoul")
    assert stored(found, kind) == expected
    assert read_value(expected, kind, None, "Asia/Seoul") == found


@pytest.mark.parametrize("value", ["점검중", "2026-13-01 00:00", "2026-03-10 25:00", "", True, [1], 10**30])
@pytest.mark.parametrize("kind", ["datetime", "date"])
def test_what_is_no_time_is_none(value, kind):
    with pytest.raises(ValueError):
        read_value(value, kind, None, "Asia/Seoul")


# Configuration


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"overlap": "two hours"}, "30s, 10m, 2h"),
        ({"overlap": -3, "kind": "integer"}, "whole number"),
        ({"overlap": "2h", "kind": "integer"}, "whole number"),
        ({"overlap": "2h", "kind": "text"}, "no overlap"),
        ({"step": "1d", "kind": "integer"}, "mean nothing"),
        ({"format": "%Y", "kind": "text"}, "format means nothing"),
        ({"overlap": "2h", "kind": "date"}, "whole days"),
        ({"step": "0s", "initial": "2026-01-01"}, "longer than nothing"),
        ({"step": "1h"}, "initial"),
        ({"delay": "1h"}, "initial"),
        ({"initial": "soon"}, "no time"),
        ({"overlap": "30d", "step": "1m", "initial": "2026-01-01"}, "never get past"),
        ({"timezone": "Seoul"}, "time zone"),
        ({"format": "iso"}, "pattern"),
    ],
)
def test_a_cursor_that_cannot_work_is_refused(config, words):
    with pytest.raises(ValidationError, match=words):
        Cursor(field="t", **config)


@pytest.mark.parametrize(
    ("config", "repeats"),
    [
        ({"field": "t"}, True),
        ({"field": "t", "kind": "date"}, True),
        ({"field": "t", "kind": "text"}, True),
        ({"field": "t", "kind": "integer"}, False),
        ({"field": "t", "kind": "integer", "overlap": 5}, True),
        ({"field": "t", "delay": "5m", "initial": "2026-01-01"}, False),
        ({"field": "t", "delay": "5m", "overlap": "1h", "initial": "2026-01-01"}, True),
    ],
)
def test_it_is_known_whether_records_come_twice(config, repeats):
    assert Cursor(**config).repeats is repeats


# Everything together: a platform that writes late, runs that fail, clocks that step


EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
OVERLAP_HOURS = 12
CURSORS = (
    Cursor(field="t", overlap=f"{OVERLAP_HOURS}h"),
    Cursor(field="t", overlap=f"{OVERLAP_HOURS}h", step="5h", initial="2025-12-31T00:00:00Z"),
)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, list[tuple[int, int]], bool]]:
    """Runs, each with the hours since the one before, how wrong the clock is, late rows (how late, key), and its end."""
    late = st.tuples(st.integers(0, 3), st.integers(0, 9))
    run = st.tuples(st.integers(0, 4), st.integers(-2, 2), st.lists(late, max_size=4), st.booleans())
    return draw(st.lists(run, min_size=1, max_size=12))


@pytest.mark.parametrize("cursor", CURSORS, ids=["by value", "by windows"])
@given(history=histories())
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_runs_gives_the_table_of_one_read_of_everything(cursor, history):
    now, position, number = EPOCH, {}, 0
    platform: dict[int, tuple[dt.datetime, int]] = {}
    table: dict[int, tuple[dt.datetime, int]] = {}

    def read(window: Window):
        for key, (moment, value) in platform.items():
            if (window.since is None or moment >= window.since) and (window.until is None or moment < window.until):
                yield {"key": key, "t": moment.isoformat(), "value": value}

    for passed, wrong, rows, succeeds in [*history, (4, 0, [], True)]:
        now += passed * HOUR
        for hours_late, key in rows:
            number += 1
            platform[key] = (now - hours_late * HOUR, number)

        with Session(position=position, moment=now + wrong * HOUR) as http:
            found = list(read_new(cursor, http, read))
            if succeeds:
                table |= {row["key"]: (dt.datetime.fromisoformat(row["t"]), row["value"]) for row in found}
                position = http.left
    assert table == platform
