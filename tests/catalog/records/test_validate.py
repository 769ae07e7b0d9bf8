import datetime as dt

import pytest
from record_rooms import Room, make_schema, refused_lines

from catalog.records import (
    CHECK_TITLES,
    REASONS,
    Column,
    Expectations,
    Report,
    Schema,
    UnreadableRow,
    tabulate,
    validate,
)
from catalog.text import Text

GOOD, BAD = {"v": "1"}, {"v": "x"}
LAX = {"min_rows": 0, "min_share": None, "max_rejected_share": None}


def check(room: Room, rows, *, schema=None, previous=None, ignore=(), **expectations) -> Report:
    staged = tabulate(rows, schema or make_schema(v="integer"), limits=room.limits, ignore=ignore)
    return validate(staged, Expectations(**(LAX | expectations)), previous_rows=previous, limits=room.limits)


# rows, expectations, size of the snapshot before -> codes of the blocking findings
CHECKS = [
    ("as expected", [GOOD] * 10, {"min_rows": 10}, None, []),
    ("one too few", [GOOD] * 9, {"min_rows": 10}, None, ["too-few-rows"]),
    ("refused rows do not count", [GOOD] * 9 + [BAD], {"min_rows": 10}, None, ["too-few-rows"]),
    ("nothing at all", [], {"min_rows": 1}, None, ["too-few-rows"]),
    ("nothing expected", [], {"min_rows": 0}, None, []),
    ("half of last time", [GOOD] * 5, {"min_share": 0.5}, 10, []),
    ("less than half of last time", [GOOD] * 4, {"min_share": 0.5}, 10, ["far-fewer-rows"]),
    ("nothing to compare with", [GOOD], {"min_share": 0.5}, None, []),
    ("more than last time", [GOOD] * 20, {"min_share": 0.9}, 10, []),
    ("nothing last time", [GOOD], {"min_share": 0.9}, 0, []),
    ("share not looked at", [GOOD], {"min_share": None}, 1000, []),
    ("a fifth refused", [GOOD] * 8 + [BAD] * 2, {"max_rejected_share": 0.2}, None, []),
    ("more than a fifth refused", [GOOD] * 7 + [BAD] * 3, {"max_rejected_share": 0.2}, None, ["too-many-refused"]),
    ("all refused", [BAD], {"max_rejected_share": 0.99}, None, ["too-many-refused"]),
    ("refusals not looked at", [BAD] * 4, {"max_rejected_share": None}, None, []),
    ("no refusals allowed", [GOOD, BAD], {"max_rejected_share": 0.0}, None, ["too-many-refused"]),
    ("a renamed column", [{"w": "1"}], {}, None, ["missing-column"]),
    ("an extra column", [{"v": "1", "w": "1"}], {}, None, []),
    ("several at once", [{"w": "1"}], {"min_rows": 5, "min_share": 0.5}, 10, ["missing-column", "too-few-rows", "far-fewer-rows"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expectations", "previous", "blocking"), [row[1:] for row in CHECKS], ids=[row[0] for row in CHECKS]
)
def test_an_answer_is_held_back_when_it_is_not_what_was_promised(shared_room, rows, expectations, previous, blocking):
    report = check(shared_room, rows, previous=previous, **expectations)
    assert [finding.code for finding in report.findings if finding.severity == "blocking"] == blocking
    assert report.blocks == bool(blocking)


SENTENCES = [
    (
        [GOOD] * 1200 + [BAD],
        {"min_rows": 2000},
        None,
        "공개할 수 있는 레코드가 1,200개뿐입니다. 최소 2,000개가 필요합니다.",
        "Only 1,200 of at least 2,000 expected records could be published.",
    ),
    (
        [GOOD],
        {"min_share": 0.005},
        12_345,
        "레코드가 지난번 12,345개에서 1개로 줄었습니다. 최소 비율은 0.5%입니다.",
        "Down from 12,345 records to 1; at least 0.5% of them are expected.",
    ),
    (
        [GOOD, BAD, BAD],
        {"max_rejected_share": 0.07},
        None,
        "3행 가운데 2행이 거절되었습니다. 허용 비율은 7%입니다.",
        "2 of 3 rows were refused; at most 7% may be.",
    ),
    (
        [{"값": "1", "비고": ""}],
        {},
        None,
        "원천 자료에 있어야 할 열이 없습니다: v. 이름이 바뀐 열일 수 있습니다: 값, 비고.",
        "The source no longer has: v. Perhaps renamed to: 값, 비고.",
    ),
]


@pytest.mark.parametrize(("rows", "expectations", "previous", "korean", "english"), SENTENCES)
def test_the_reason_for_holding_back_is_a_sentence_in_both_languages(
    shared_room, rows, expectations, previous, korean, english
):
    report = check(shared_room, rows, previous=previous, **expectations)
    assert report.reason == Text(ko=korean, en=english)


def test_several_reasons_stand_one_after_the_other(shared_room):
    report = check(shared_room, [BAD], min_rows=1, max_rejected_share=0.5)
    assert report.reason.en == (
        "Only 0 of at least 1 expected records could be published. 1 of 1 rows were refused; at most 50% may be."
    )


WARNINGS = [
    (
        [{"v": "점검중"}, GOOD, {"v": "5.5"}],
        "not-integer",
        "v",
        2,
        "2개 레코드를 공개하지 않았습니다: v: 정수가 아닙니다: '점검중' (1번째 행)",
        "2 records not published: v: not a whole number: '점검중' (row 1)",
    ),
    (
        [GOOD, UnreadableRow("too-few-fields", ["1"])],
        "too-few-fields",
        "",
        1,
        "1개 레코드를 공개하지 않았습니다: 머리글보다 칸이 적습니다 (2번째 행)",
        "1 record not published: the row has fewer fields than the header (row 2)",
    ),
    (
        [{"v": "1", "비고": "", "기타": ""}],
        "unknown-column",
        "기타",
        2,
        "설명되지 않은 열은 공개하지 않았습니다: 기타, 비고.",
        "Columns that are not described were left out: 기타, 비고.",
    ),
]


@pytest.mark.parametrize(("rows", "code", "column", "count", "korean", "english"), WARNINGS)
def test_what_was_left_out_is_a_warning_with_an_example(shared_room, rows, code, column, count, korean, english):
    [finding] = check(shared_room, rows).findings
    assert (finding.code, finding.severity, finding.column, finding.count) == (code, "warning", column, count)
    assert finding.text == Text(ko=korean, en=english)


def test_braces_in_data_cannot_break_a_sentence(shared_room):
    [finding] = check(shared_room, [{"v": "{count} {0}"}]).findings
    assert "'{count} {0}'" in finding.text.en


def test_ignored_columns_are_no_finding(shared_room):
    assert check(shared_room, [{"v": "1", "rnum": "7"}], ignore=("rnum",)).findings == []


def test_every_finding_has_a_title_or_a_reason(shared_room):
    codes = {
        finding.code
        for _, rows, more, previous, _ in CHECKS
        for finding in check(shared_room, rows, previous=previous, **more).findings
    }
    assert codes <= set(CHECK_TITLES) | set(REASONS)
    assert all(text.ko and text.en for text in (*CHECK_TITLES.values(), *REASONS.values()))


TWO_KEYS = make_schema(station="string", on="date", pm10="integer", key=("station", "on"))
REPEATED = [
    {"station": "0101", "on": "2018-01-01", "pm10": "1"},
    {"station": "0102", "on": "2018-01-01", "pm10": "2"},
    {"station": "0101", "on": "20180101", "pm10": "3"},
    {"station": "0101", "on": "2018-01-02", "pm10": "4"},
    {"station": "0101", "on": "2018.01.01", "pm10": "5"},
]


@pytest.mark.parametrize(("keep", "kept", "refused"), [("first", [1, 2, 4], [3, 5]), ("last", [2, 4, 5], [1, 3])])
def test_of_records_with_one_key_the_first_or_the_last_stays(shared_room, keep, kept, refused):
    staged = shared_room.stage(REPEATED, TWO_KEYS, keep=keep)
    assert staged.read().read_all().column("pm10").to_pylist() == kept
    assert staged.read().read_all().column("_row").to_pylist() == kept
    assert [line["row"] for line in refused_lines(staged)] == refused
    assert (staged.rows, staged.accepted, staged.refused) == (5, 3, 2)
    assert dict(staged.reasons) == {("duplicate-key", "station"): 2}


def test_a_refused_repetition_shows_its_key_and_its_typed_values(shared_room):
    schema = Schema(
        columns=(
            Column("id", source="관리번호"),
            Column("n", "integer"),
            Column("x", "number"),
            Column("at", "datetime"),
            Column("place", "geometry"),
            Column("empty"),
        ),
        key=("id", "n"),
    )
    row = {"관리번호": "가'나\"", "n": "9007199254740993", "x": "0.1", "at": "2018-01-01 09:20", "place": None}
    staged = shared_room.stage([row, row], schema)
    [line] = refused_lines(staged)
    assert (line["row"], line["reason"], line["column"], line["value"]) == (
        2,
        "duplicate-key",
        "id",
        "가'나\", 9007199254740993",
    )
    record = line["record"]
    assert dt.datetime.fromisoformat(record.pop("at")) == dt.datetime.fromisoformat("2018-01-01T09:20+09:00")
    assert record == {"id": "가'나\"", "n": 9007199254740993, "x": 0.1, "empty": None}


def test_repetitions_come_after_the_rows_that_were_refused_before(shared_room):
    schema = make_schema(id="string", n="integer", key=("id",))
    staged = shared_room.stage([{"id": "a", "n": "1"}, {"id": "a", "n": "x"}, {"id": "a", "n": "3"}], schema)
    assert [(line["row"], line["reason"]) for line in refused_lines(staged)] == [
        (2, "not-integer"),
        (3, "duplicate-key"),
    ]
    assert (staged.accepted, staged.refused) == (1, 2)


def test_many_repetitions_are_told_across_blocks(shared_room):
    schema = make_schema(id="integer", key=("id",))
    staged = shared_room.stage(({"id": number % 10} for number in range(45_000)), schema)
    assert (staged.accepted, staged.refused) == (10, 44_990)
    assert [line["row"] for line in refused_lines(staged)] == list(range(11, 45_001))


def test_without_repetitions_nothing_is_written_again(shared_room):
    staged = tabulate(REPEATED[:2], TWO_KEYS, limits=shared_room.limits)
    before = staged.path.stat().st_mtime_ns
    validate(staged, Expectations(), previous_rows=None, limits=shared_room.limits)
    assert staged.path.stat().st_mtime_ns == before


def test_a_folder_with_a_quote_in_its_name_is_a_folder(tmp_path):
    room = Room(tmp_path / "it's [한글] a=1")
    manifest = room.write(REPEATED, TWO_KEYS)
    assert [row["pm10"] for row in room.ask(manifest)] == [1, 4, 2]
