"""Columns that are new, gone, of another type or under another name: what is told of them, and what holds an answer back."""

from typing import Any

import pytest
from record_rooms import Room

from catalog.records import Column, Expectations, Report, Schema, tabulate, validate
from catalog.records.samples import LONGEST, SAMPLE, SAMPLED_COLUMNS
from catalog.text import Text

SCHEMA = Schema(
    columns=(
        Column("id"),
        Column("spaces", "integer", title=Text(ko="주차면수"), source="면수"),
        Column("opened", "date", source="개장일"),
    )
)
KNOWN = ("id", "면수", "개장일")
GOOD = {"id": "a", "면수": "1", "개장일": "2024-01-01"}
LAX = {"min_rows": 0, "min_share": None, "max_rejected_share": None}


def look(
    room: Room,
    rows: list[dict[str, Any]],
    known: tuple[str, ...] = KNOWN,
    schema: Schema = SCHEMA,
    ignore: tuple[str, ...] = (),
    **expected: Any,
) -> Report:
    staged = tabulate(rows, schema, limits=room.limits, ignore=ignore)
    expectations = Expectations(**(LAX | expected))
    return validate(staged, expectations, previous_rows=None, limits=room.limits, known_columns=known)


def codes(report: Report) -> dict[str, str]:
    return {finding.code: finding.severity for finding in report.findings}


def test_an_answer_as_before_has_not_drifted(shared_room):
    report = look(shared_room, [GOOD])
    assert (report.findings, report.drift) == ([], {})


def test_a_column_that_was_never_seen_holds_the_answer_back(shared_room):
    report = look(shared_room, [GOOD | {"요금": "1,000"}, GOOD | {"요금": "2000"}, GOOD | {"요금": ""}])
    assert codes(report) == {"new-column": "blocking"}
    assert report.drift == {
        "new": [{"name": "요금", "type": "integer", "examples": ["1,000", "2000"]}],
        "missing": [],
        "retyped": [],
        "renamed": [],
    }
    assert report.reason.ko == "전에 없던 열이 왔습니다: 요금. 설명해서 받아들일지, 빼고 공개할지 정해 주십시오."


def test_new_columns_are_left_out_where_that_is_the_rule(shared_room):
    report = look(shared_room, [GOOD | {"요금": "1"}], new_columns="leave-out")
    assert codes(report) == {"unknown-column": "warning"}
    assert [entry["name"] for entry in report.drift["new"]] == ["요금"]


@pytest.mark.parametrize(
    ("known", "ignore"),
    [((), ()), ((*KNOWN, "요금"), ()), (KNOWN, ("요금",))],
    ids=["the first time", "known", "ignored"],
)
def test_a_column_is_not_new_the_first_time_nor_when_it_was_known_or_refused(shared_room, known, ignore):
    report = look(shared_room, [GOOD | {"요금": "1"}], known, ignore=ignore)
    assert codes(report) == ({} if ignore else {"unknown-column": "warning"})
    assert report.drift == {}


def test_known_and_new_columns_are_told_apart(shared_room):
    report = look(shared_room, [GOOD | {"비고": "", "요금": "1"}], (*KNOWN, "비고"))
    assert codes(report) == {"new-column": "blocking", "unknown-column": "warning"}
    assert [finding.column for finding in report.findings] == ["요금", "비고"]


# texts of a new column -> the type that it looks like
LOOKS = [
    (["1", "2,000"], "integer"),
    (["1.5", "2"], "number"),
    (["0101", "1102"], "string"),
    (["20240101", "20240229"], "date"),
    (["2024-01-01 10:00", "2024-01-01 24:00"], "datetime"),
    (["Y", "N"], "boolean"),
    (["가", "나"], "string"),
    (["", None], "string"),
    (["\ud800", "a\0b"], "string"),
]


@pytest.mark.parametrize(("texts", "kind"), LOOKS, ids=[kind for _, kind in LOOKS])
def test_a_new_column_is_told_with_its_type(shared_room, texts, kind):
    report = look(shared_room, [GOOD | {"x": text} for text in texts])
    [entry] = report.drift["new"]
    assert entry["type"] == kind


def test_examples_of_a_new_column_can_be_stored_anywhere(shared_room):
    report = look(shared_room, [GOOD | {"x": "a\0b"}, GOOD | {"x": "\ud800"}, GOOD | {"x": "y" * 5000}])
    [entry] = report.drift["new"]
    assert entry["examples"] == ["a\ufffdb", "?", "y" * LONGEST]


def test_a_column_that_comes_late_and_seldom_is_found(shared_room):
    rows = [GOOD] * 30_000 + [GOOD | {"x": "7"}] + [GOOD] * 10
    report = look(shared_room, rows)
    assert report.drift["new"] == [{"name": "x", "type": "integer", "examples": ["7"]}]


def test_hundreds_of_new_columns_are_told_without_examples_for_all(shared_room):
    report = look(shared_room, [GOOD | {f"x{number:03}": "1" for number in range(SAMPLED_COLUMNS + 50)}])
    assert [finding.count for finding in report.findings] == [SAMPLED_COLUMNS + 50]
    assert "… (+230)" in report.findings[0].text.en
    assert len(report.drift["new"]) == 200


# texts of the column 면수 (a whole number) -> what it looks like now, or None when it has not changed
RETYPED = [
    ("decimals", ["1.5"] * 5 + ["1"] * 5, "number"),
    ("text", ["많음"] * 5, "string"),
    ("dates", ["2024-01-01"] * 6, "date"),
    ("a mixture", ["2024-01-01"] * 6 + ["1"] * 6, "string"),
    ("just enough", ["x"] * 5 + ["1"] * 20, "string"),
    ("too small a share", ["x"] * 5 + ["1"] * 21, None),
    ("too few", ["x"] * 4, None),
    ("empty ones do not count", ["x"] * 5 + [""] * 100, "string"),
    ("good", ["1"] * 50, None),
]


@pytest.mark.parametrize(("texts", "now"), [line[1:] for line in RETYPED], ids=[line[0] for line in RETYPED])
def test_a_column_that_reads_as_another_type_holds_the_answer_back(shared_room, texts, now):
    report = look(shared_room, [GOOD | {"면수": text} for text in texts])
    assert ("retyped-column" in codes(report)) == (now is not None)
    if now is None:
        assert report.drift == {}
        return
    [entry] = report.drift["retyped"]
    assert (entry["name"], entry["column"], entry["declared"], entry["now"]) == ("spaces", "면수", "integer", now)
    assert entry["share"] >= 0.2
    assert report.blocks


def test_what_a_retyped_column_looks_like_is_told_with_examples(shared_room):
    report = look(shared_room, [GOOD | {"면수": f"{number}.5"} for number in range(10)])
    assert report.drift["retyped"][0] == {
        "name": "spaces",
        "column": "면수",
        "declared": "integer",
        "now": "number",
        "examples": ["0.5", "1.5", "2.5"],
        "share": 1.0,
    }
    assert report.reason == Text(
        ko="spaces: 값의 100%가 '정수'(으)로 읽히지 않고 '수'(으)로 보입니다: '0.5', '1.5', '2.5'.",
        en="spaces: 100% of the values no longer read as whole number but look like number: '0.5', '1.5', '2.5'.",
    )


def test_each_of_two_columns_that_changed_is_counted_though_a_row_is_refused_for_one(shared_room):
    report = look(shared_room, [GOOD | {"면수": "x", "개장일": "y"}] * 6)
    assert [entry["name"] for entry in report.drift["retyped"]] == ["spaces", "opened"]


# what the row has instead of 면수 (title: 주차면수), its texts -> the guess
RENAMED = [
    ("the title", {"주차면수": "3"}, "주차면수"),
    ("nearly the old name", {"면수(대)": "3"}, "면수(대)"),
    ("the only one, whatever it is called", {"capacity": "3"}, "capacity"),
    ("not what does not read as a whole number", {"주차면수": "많음"}, None),
    ("the more alike of two", {"주차 면수": "3", "층수": "4"}, "주차 면수"),
    ("neither of two strangers", {"capacity": "3", "floors": "4"}, None),
    ("not an empty one", {"주차면수": ""}, None),
]


@pytest.mark.parametrize(("instead", "guess"), [line[1:] for line in RENAMED], ids=[line[0] for line in RENAMED])
def test_a_missing_column_is_guessed_among_the_new_ones(shared_room, instead, guess):
    row = {name: value for name, value in GOOD.items() if name != "면수"} | instead
    report = look(shared_room, [row] * 3)
    assert report.drift["missing"] == [{"name": "spaces", "column": "면수"}]
    assert report.drift["renamed"] == ([{"from": "spaces", "to": guess}] if guess else [])
    assert codes(report)["missing-column"] == "blocking"


def test_the_first_answer_can_lack_columns_too_and_a_guess_is_told(shared_room):
    report = look(shared_room, [{"id": "a", "주차면수": "3", "개장일": "2024-01-01"}], known=())
    assert report.drift["new"] == []
    assert report.drift["renamed"] == [{"from": "spaces", "to": "주차면수"}]
    assert codes(report) == {"missing-column": "blocking", "unknown-column": "warning"}


def test_the_samples_of_an_endless_answer_stay_small(shared_room):
    staged = tabulate(({"id": "a", "x": str(n), "면수": "z"} for n in range(50_000)), SCHEMA, limits=shared_room.limits)
    assert len(staged.texts.others["x"]) == SAMPLE
    reading = staged.texts.readings["spaces"]
    assert (reading.filled, reading.unread, len(reading.unread_texts)) == (50_000, 50_000, SAMPLE)
