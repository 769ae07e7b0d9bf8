"""What may be expected of a whole answer: each line of the table says what is expected, what came and what is found."""

import datetime as dt
from typing import Any

import pytest
from record_rooms import Room

from catalog.records import (
    CHECK_TITLES,
    SEVERITIES,
    Column,
    Expectations,
    Geometry,
    Report,
    Schema,
    find_contradictions,
    tabulate,
    validate,
)
from catalog.records.checks import CHECKS
from catalog.records.expectations import Anonymity, Box, Range, read_age

SCHEMA = Schema(
    columns=(
        Column("id"),
        Column("name"),
        Column("n", "integer"),
        Column("at", "datetime"),
        Column("day", "date"),
        Column("lon", "number"),
        Column("lat", "number"),
    ),
    geometry=Geometry(longitude="lon", latitude="lat"),
    time="at",
)
NOON = dt.datetime.fromisoformat("2024-05-03T12:00:00+09:00")
LAX = {"min_rows": 0, "min_share": None, "max_rejected_share": None}


def row(**values: Any) -> dict[str, Any]:
    return {column.name: None for column in SCHEMA.columns} | values


def rows(column: str, *values: Any) -> list[dict[str, Any]]:
    return [row(**{column: value}) for value in values]


def inspect(room: Room, answer: list[dict[str, Any]], previous: int | None = None, **expected: Any) -> Report:
    expectations = Expectations(**(LAX | expected))
    staged = tabulate(answer, SCHEMA, limits=room.limits, swapped=expectations.swapped, outside=expectations.outside)
    return validate(staged, expectations, previous_rows=previous, limits=room.limits, moment=NOON)


OVER_A_DAY = {"max_age": "1d"}
PEOPLE = Anonymity(columns=("name", "n"), k=3)
# what is expected, what came, how many there were before -> (code, count, column, a piece of the sentence) or nothing
FOUND = [
    ("as many more as may be", {"max_share": 1.5}, rows("n", *range(15)), 10, None),
    ("more than may be", {"max_share": 1.5}, rows("n", *range(16)), 10, ("far-more-rows", 16, "", "Up from 10 records to 16; at most 150%")),
    ("more than nothing", {"max_share": 1.5}, rows("n", 1), 0, None),
    ("filled enough", {"not_empty": {"name": 0.5}}, rows("name", "a", "-"), None, None),
    ("too often empty", {"not_empty": {"name": 0.5, "id": 0}}, rows("name", "a", "", "-"), None,
     ("too-empty", 2, "name", "only 1 of 3 records have a value; at least 50%")),
    ("nothing to be filled", {"not_empty": {"name": 1}}, [], None, None),
    ("values that differ", {"unique": (("id", "n"),)}, [row(id="a", n=1), row(id="a", n=2)], None, None),
    ("empty ones are not compared", {"unique": (("id", "n"),)}, [row(id="a"), row(id="a")], None, None),
    ("a value that comes again", {"unique": (("name",), ("id", "n"))}, [row(id="a", n=1), row(id="b", n=1), row(id="b", n=1)], None,
     ("not-unique", 1, "id", "id, n: should be unique, but comes again in 1 records: 'b, 1'")),
    ("within the range", {"ranges": {"n": Range(0, 5)}}, rows("n", 0, 5, None), None, None),
    ("below the range", {"ranges": {"n": Range(minimum=0)}}, rows("n", 3, -7), None, ("out-of-range", 1, "n", "1 values lie outside 0…: -7 (row 2)")),
    ("above the range", {"ranges": {"n": Range(0, 5)}}, rows("n", 3, 6, 9), None,
     ("out-of-range", 2, "n", "2 values lie outside 0…5: 6 (row 2); at most 0% may")),
    ("as many outside as may be", {"ranges": {"n": Range(0, 5, outside=0.5)}}, rows("n", 3, 6, None), None, None),
    ("listed values", {"values": {"name": ("가", "나")}}, rows("name", "가", "나", None), None, None),
    ("listed numbers", {"values": {"n": ("1", "2")}}, rows("n", 1, 2), None, None),
    ("a value that is not listed", {"values": {"name": ("가",)}}, rows("name", "가", "다", "{다}"), None,
     ("unlisted-value", 2, "name", "2 values are not in the list: '{다}', '다' (first in row 2)")),
    ("fresh", OVER_A_DAY, rows("at", "2024-05-02 12:00", "2020-01-01 00:00"), None, None),
    ("stale", OVER_A_DAY, rows("at", "2024-05-02 11:59"), None,
     ("stale", 0, "at", "the newest value is of 2024-05-02 11:59; it should not be older than 1d")),
    ("a fresh day", OVER_A_DAY | {"age_of": "day"}, rows("day", "2024-05-03"), None, None),
    ("a stale day", OVER_A_DAY | {"age_of": "day"}, rows("day", "2024-05-02"), None, ("stale", 0, "day", "2024-05-02 00:00")),
    ("an age that nothing tells", OVER_A_DAY, rows("n", 1), None, ("stale", 0, "at", "holds no value")),
    ("no records to be old", OVER_A_DAY, [], None, None),
    ("groups that are large enough", {"k_anonymity": PEOPLE}, [row(name="a", n=1)] * 3 + [row(name="b", n=None)] * 4, None, None),
    ("groups that are too small", {"k_anonymity": PEOPLE}, [row(name="a", n=1)] * 3 + [row(name="secret", n=2)] * 2 + [row(name="b")], None,
     ("small-group", 2, "name", "2 combinations (3 records) are shared by fewer than 3 records")),
    ("counts that are large enough", {"small_cells": {"n": 5}}, rows("n", 0, 5, None), None, None),
    ("counts that are too small", {"small_cells": {"n": 5}}, rows("n", 0, 1, 4, 5), None, ("small-cell", 2, "n", "2 counts lie between 1 and 4")),
    ("swapped and put right", {"swapped": "mend"}, [row(lon=127, lat=37), row(lon=37.5, lat=127)], None,
     ("swapped-mended", 1, "lon", "of 1 record were swapped and put right: '127, 37.5' (row 2)")),
    ("elsewhere and emptied", {"outside": "empty"}, [row(lon=127, lat=37), row(lon=0, lat=0)], None,
     ("outside-emptied", 1, "lon", "of 1 record lies elsewhere and was left empty: '0, 0' (row 2)")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "answer", "previous", "found"), [line[1:] for line in FOUND], ids=[line[0] for line in FOUND]
)
def test_what_is_not_as_expected_is_found(shared_room, expected, answer, previous, found):
    findings = inspect(shared_room, answer, previous, **expected).findings
    if found is None:
        assert findings == []
        return
    [finding] = findings
    code, count, column, sentence = found
    assert (finding.code, finding.count, finding.column) == (code, count, column)
    assert sentence in finding.text.en
    assert finding.text.ko not in ("", finding.text.en)


def test_a_finding_about_few_people_quotes_none_of_them(shared_room):
    [finding] = inspect(shared_room, [row(name="secret", n=2)], k_anonymity=PEOPLE).findings
    assert "secret" not in f"{finding.text.ko}{finding.text.en}"


@pytest.mark.parametrize(
    ("expected", "answer", "previous", "found"),
    [line[1:] for line in FOUND if line[4]],
    ids=[line[0] for line in FOUND if line[4]],
)
def test_a_steward_says_whether_a_check_warns_or_blocks(shared_room, expected, answer, previous, found):
    [name] = [check.expectation for check in CHECKS if check.code == found[0]]
    for severity, blocks in ((None, SEVERITIES[name] == "block"), ("warn", False), ("block", True)):
        chosen = {} if severity is None else {"severity": {name: severity}}
        assert inspect(shared_room, answer, previous, **expected, **chosen).blocks == blocks


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("min_rows", [], {"min_rows": 1}),
        ("min_share", [], {"min_share": 0.5}),
        ("max_rejected_share", rows("n", "x"), {"max_rejected_share": 0.5}),
        ("missing_columns", [{"id": "a"}], {}),
        ("retyped_columns", rows("n", *"abcdefg"), {}),
    ],
)
def test_what_blocked_always_can_be_made_to_warn(shared_room, name, answer, expected):
    assert inspect(shared_room, answer, 10, **expected).blocks
    report = inspect(shared_room, answer, 10, **expected, severity={name: "warn"})
    assert not report.blocks
    assert report.findings


def test_every_check_belongs_to_an_expectation_and_has_a_title_of_its_own():
    assert {check.expectation for check in CHECKS} == {*SEVERITIES, "new_columns"}
    assert len(CHECK_TITLES) == len(CHECKS)


AGES = [
    ("2h", dt.timedelta(hours=2)),
    ("3d", dt.timedelta(days=3)),
    ("1.5 h", dt.timedelta(minutes=90)),
    ("90s", dt.timedelta(seconds=90)),
    ("2w", dt.timedelta(weeks=2)),
    ("PT90M", dt.timedelta(minutes=90)),
    ("P1DT12H", dt.timedelta(hours=36)),
    ("P2W", dt.timedelta(weeks=2)),
    ("P", None),
    ("P1DT", None),
    ("P1M", None),
    ("two days", None),
    ("", None),
    ("-2h", None),
]


@pytest.mark.parametrize(("text", "age"), AGES)
def test_a_length_of_time_is_read_or_refused(text, age):
    assert read_age(text) == age


CONTRADICTIONS = [
    ({"min_rows": -1}, "min_rows", "at least 0"),
    ({"min_share": 1.2}, "min_share", "between 0 and 1"),
    ({"max_share": 0.5}, "max_share", "at least 1"),
    ({"not_empty": {"name": 2}}, "not_empty.name", "between 0 and 1"),
    ({"not_empty": {"nom": 1}}, "not_empty", "'nom' is no column that can be used here; these can: id, name"),
    ({"ranges": {"name": Range(1)}}, "ranges", "these can: n, lon, lat"),
    ({"ranges": {"n": Range()}}, "ranges.n", "needs a minimum or a maximum"),
    ({"ranges": {"n": Range(2, 1)}}, "ranges.n", "greater than the maximum"),
    ({"ranges": {"n": Range(1, 2, 3)}}, "ranges.n.outside", "between 0 and 1"),
    ({"values": {"nom": ("a",)}}, "values", "'nom' is no column"),
    ({"unique": (("id", "nom"),)}, "unique.0", "'nom' is no column"),
    ({"unique": ((),)}, "unique.0", "at least one column"),
    ({"k_anonymity": Anonymity(())}, "k_anonymity.columns", "at least one column"),
    ({"k_anonymity": Anonymity(("id",), 1)}, "k_anonymity.k", "at least 2"),
    ({"small_cells": {"name": 5}}, "small_cells", "'name' is no column that can be used here; these can: n"),
    ({"small_cells": {"n": 1}}, "small_cells.n", "at least 2"),
    ({"max_age": "soon"}, "max_age", "'soon' is no length of time; write it as 2h, 3d or PT90M"),
    ({"age_of": "at"}, "age_of", "goes with max_age"),
    ({"max_age": "2h", "age_of": "n"}, "age_of", "these can: at, day"),
    ({"within": "seoul"}, "within", "must be 'korea', 'anywhere', a region's code (2, 5 or 10 digits)"),
    ({"within": "1168"}, "within", "must be 'korea'"),
    ({"within": Box(127, 36, 126, 37)}, "within", "a box of west, south, east and north"),
    ({"severity": {"min_row": "warn"}}, "severity.min_row", "unknown; allowed: missing_columns, retyped_columns"),
]


@pytest.mark.parametrize(
    ("expected", "where", "sentence"), CONTRADICTIONS, ids=[str(line[0]) for line in CONTRADICTIONS]
)
def test_an_expectation_that_means_nothing_is_refused_with_its_place(expected, where, sentence):
    [(found, text)] = find_contradictions(Expectations(**expected), SCHEMA)
    assert found == where
    assert sentence in text.en
    assert text.ko


def test_expectations_that_mean_something_contradict_nothing():
    for _, expected, _, _, _ in FOUND:
        assert list(find_contradictions(Expectations(**expected), SCHEMA)) == []
    for within in ("korea", "anywhere", "11", "44130", "1168000000", Box(126, 36, 127, 37)):
        assert list(find_contradictions(Expectations(within=within), SCHEMA)) == []


def test_places_that_must_be_there_cannot_be_emptied():
    needed = Schema(columns=(Column("x", "number", required=True), Column("y", "number")), geometry=Geometry("x", "y"))
    [(where, text)] = find_contradictions(Expectations(outside="empty"), needed)
    assert (where, "'x' is required" in text.en) == ("outside", True)


def test_an_age_needs_a_column_that_tells_it():
    [(where, text)] = find_contradictions(Expectations(max_age="2h"), Schema(columns=(Column("id"),)))
    assert (where, "no time column" in text.en) == ("max_age", True)
