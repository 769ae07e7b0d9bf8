import dataclasses
import datetime as dt
import importlib
import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import Room, make_schema

from catalog.errors import BadSchema
from catalog.records import Column, Geometry, LoadMode, Manifest, Schema, Store, fold, parts, snapshot
from catalog.records.store import file_digest
from catalog.text import Text

APPEND, REPLACE, UPSERT = LoadMode.APPEND, LoadMode.REPLACE, LoadMode.UPSERT
KEYED = make_schema(id="integer", value="string", at="datetime", key=("id",))
PLAIN = make_schema(batch="integer", value="integer")


def keyed(*values: tuple[int, str]) -> list[dict[str, str]]:
    return [{"id": str(key), "value": value, "at": "2018-01-01 09:00"} for key, value in values]


def visible(room: Room, manifest: Manifest) -> dict[int, str]:
    rows = room.stream(manifest)
    found = {row["id"]: row["value"] for row in rows}
    assert len(found) == len(rows), "a key is visible twice"
    assert manifest.records == len(rows)
    return found


def test_a_snapshot_keeps_what_was_typed(shared_room):
    manifest = shared_room.write(keyed((2, "나"), (1, "가")), KEYED)
    kst = dt.timezone(dt.timedelta(hours=9))
    assert shared_room.stream(manifest) == [
        {"id": 1, "value": "가", "at": dt.datetime(2018, 1, 1, 9, tzinfo=kst)},
        {"id": 2, "value": "나", "at": dt.datetime(2018, 1, 1, 9, tzinfo=kst)},
    ]


ORDERS = [
    ("as it came", make_schema(a="integer", b="integer"), [0, 1, 2, 3]),
    ("by key", make_schema(a="integer", b="integer", key=("b",)), [3, 2, 1, 0]),
    ("as declared", make_schema(a="integer", b="integer", key=("b",), sorted_by=("a",)), [1, 3, 0, 2]),
]


@pytest.mark.parametrize(("schema", "order"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
def test_records_lie_as_declared_or_by_key_or_as_they_came(shared_room, schema, order):
    rows = [{"a": "7", "b": "40"}, {"a": "5", "b": "30"}, {"a": "9", "b": "20"}, {"a": "6", "b": "10"}]
    manifest = shared_room.write(rows, schema)
    assert [row["b"] for row in shared_room.stream(manifest)] == [int(rows[index]["b"]) for index in order]


@pytest.mark.parametrize(("mode", "previous"), [(REPLACE, False), (APPEND, True)])
def test_wide_rows_are_fetched_into_the_order_that_narrow_ones_are_sorted_into(
    shared_room, mode, previous, monkeypatch
):
    schema = make_schema(day="date", text="string", n="integer", sorted_by=("day", "text"))
    rows = [
        {
            "day": f"2026-11-{at * 7 % 11 + 1:02}" if at % 5 else "",
            "text": "가나다"[: at % 4],
            "n": at if at % 9 else "bad",
        }
        for at in range(1000)
    ]
    before = shared_room.write(rows[:10], schema) if previous else None
    sorted_ones = shared_room.write(rows, schema, mode, before)
    monkeypatch.setattr(importlib.import_module("catalog.records.tabulate"), "BLOCK_ROWS", 64)
    monkeypatch.setattr(snapshot, "WIDE", 0)
    monkeypatch.setattr(snapshot, "GATHERED_BYTES", 700)
    assert shared_room.write(rows, schema, mode, before) == sorted_ones


def test_wide_rows_beyond_the_engines_memory_are_sorted(room):
    columns = {f"t{at}": "string" for at in range(20)}
    rows = ({"id": at * 7 % 9001, **dict.fromkeys(columns, f"{at} " * 60)} for at in range(9001))
    small = Room(room.limits.spool.parent, memory_mib=24)
    manifest = small.write(rows, make_schema(id="integer", **columns, key=("id",)))
    assert [row["id"] for row in small.ask(manifest, ("limit", "3"))] == [0, 1, 2]
    assert manifest.records == 9001


def test_the_same_input_gives_the_same_digest(shared_room):
    rows = keyed(*((number, f"값 {number}") for number in range(500)))
    first, second = (shared_room.write(rows, KEYED) for _ in range(2))
    assert first == second
    assert first.digest == second.digest


ELSEWHERE = """
import sys
from pathlib import Path
from record_rooms import Room, make_schema

schema = make_schema(id="integer", value="string", at="datetime", key=("id",))
rows = [{"id": str(n), "value": f"값 {n}", "at": "2018-01-01 09:00"} for n in range(500)]
print(Room(Path(sys.argv[1])).write(rows, schema).digest)
"""


def in_a_fresh_process(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"},
    )


def test_another_process_gives_the_same_digest(shared_room, tmp_path):
    here = shared_room.write(keyed(*((number, f"값 {number}") for number in range(500))), KEYED)
    done = in_a_fresh_process(ELSEWHERE, tmp_path)
    assert done.stdout.strip() == here.digest, done.stderr


DIFFERENT = [
    ("another value", keyed((1, "나")), KEYED),
    ("another row", keyed((1, "가"), (2, "가")), KEYED),
    ("an empty value", [{"id": "1", "at": "2018-01-01 09:00"}], KEYED),
    ("another title", keyed((1, "가")), dataclasses.replace(KEYED, columns=(*KEYED.columns[:2], Column("at", "datetime", title=Text(ko="일시"))))),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "schema"), [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_another_input_gives_another_digest(shared_room, rows, schema):
    assert shared_room.write(rows, schema).digest != shared_room.write(keyed((1, "가")), KEYED).digest


def test_parts_are_named_by_their_content(room):
    manifest = room.write(keyed((1, "가")), KEYED)
    [part] = manifest.parts
    path = room.store.path(part.digest)
    assert (file_digest(path), path.stat().st_size) == (part.digest, part.size)
    assert pq.read_table(path).column_names == ["_row", "id", "value", "at"]


def test_large_answers_are_cut_into_parts_that_count_on(shared_room, monkeypatch):
    monkeypatch.setattr(parts, "PART_ROWS", 100)
    manifest = shared_room.write([{"batch": 1, "value": number} for number in range(250)], PLAIN)
    assert [part.rows for part in manifest.parts] == [100, 100, 50]
    assert [row["value"] for row in shared_room.stream(manifest)] == list(range(250))
    assert [row["value"] for page in shared_room.walk(manifest, ("limit", "30")) for row in page] == list(range(250))


# --- append


def test_appending_adds_and_leaves_the_old_parts_alone(shared_room):
    first = shared_room.write([{"batch": 1, "value": 1}], PLAIN)
    second = shared_room.write([{"batch": 2, "value": 2}], PLAIN, APPEND, first)
    assert second.parts[: len(first.parts)] == first.parts
    assert second.records == 2
    assert [row["value"] for row in shared_room.stream(second)] == [1, 2]


def test_appending_the_same_again_changes_nothing(shared_room):
    first = shared_room.write([{"batch": 1, "value": 1}], PLAIN, APPEND)
    second = shared_room.write([{"batch": 2, "value": 2}], PLAIN, APPEND, first)
    for batch in (1, 2):
        assert shared_room.write([{"batch": batch, "value": batch}], PLAIN, APPEND, second) == second


def test_appending_nothing_changes_nothing(shared_room):
    first = shared_room.write([{"batch": 1, "value": 1}], PLAIN)
    assert shared_room.write([], PLAIN, APPEND, first) == first


@settings(max_examples=4, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=6, max_size=12),
    part_rows=st.integers(5, 40),
    ordered=st.booleans(),
)
def test_appended_answers_are_all_there_however_often_they_are_folded(shared_room, sizes, part_rows, ordered):
    schema = dataclasses.replace(PLAIN, sorted_by=("value",)) if ordered else PLAIN
    expected, manifest = [], None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "FOLD_PARTS", 3)
        patch.setattr(parts, "PART_ROWS", part_rows)
        for number, size in enumerate(sizes):
            rows = [{"batch": number, "value": size - place} for place in range(size)]
            expected += rows
            manifest = shared_room.write(rows, schema, APPEND, manifest)
            again = shared_room.write(rows, schema, APPEND, manifest)
            assert again == manifest, "an answer that comes again at once was added twice"
    found = shared_room.stream(manifest)
    assert manifest.records == len(found)
    assert sorted(found, key=str) == sorted(expected, key=str)
    if not ordered:
        assert found == expected
    assert len(manifest.parts) <= len(expected) // part_rows + 2 * 3 + 6


def test_where_only_new_rows_come_equal_ones_are_added_each_time_also_when_they_are_folded(shared_room, monkeypatch):
    monkeypatch.setattr(fold, "FOLD_PARTS", 3)
    rows, manifest = [{"batch": 1, "value": 2}], None
    for count in range(1, 12):
        manifest = shared_room.write(rows, PLAIN, APPEND, manifest, is_part=True)
        assert (manifest.records, len(shared_room.stream(manifest))) == (count, count)
    again = shared_room.write([{"batch": 3, "value": 4}], PLAIN, APPEND, manifest)
    assert [row["batch"] for row in shared_room.stream(again)] == [1] * 11 + [3]


def test_folding_keeps_full_parts_and_the_last_ones(shared_room, monkeypatch):
    monkeypatch.setattr(fold, "FOLD_PARTS", 2)
    monkeypatch.setattr(parts, "PART_ROWS", 10)
    manifest = shared_room.write([{"batch": 0, "value": number} for number in range(10)], PLAIN)
    full = manifest.parts[0]
    for batch in range(1, 5):
        manifest = shared_room.write([{"batch": batch, "value": batch}], PLAIN, APPEND, manifest)
    assert manifest.parts[0] == full
    assert [part.rows for part in manifest.parts] == [10, 2, 1, 1]


# --- upsert


def test_an_upsert_hides_what_it_replaces(shared_room):
    first = shared_room.write(keyed(*((number, "old") for number in range(20))), KEYED)
    second = shared_room.write(keyed((3, "new"), (99, "new")), KEYED, UPSERT, first)
    assert [part.digest for part in second.parts][:1] == [part.digest for part in first.parts]
    assert [bool(part.hidden) for part in second.parts] == [True, False]
    assert visible(shared_room, second) == dict.fromkeys(range(20), "old") | {3: "new", 99: "new"}
    assert visible(shared_room, first) == dict.fromkeys(range(20), "old")


def test_an_upsert_of_unchanged_records_gives_an_equal_manifest(shared_room):
    first = shared_room.write(keyed(*((number, "old") for number in range(20))), KEYED)
    assert shared_room.write(keyed((3, "old"), (4, "old")), KEYED, UPSERT, first) == first
    second = shared_room.write(keyed((3, "new")), KEYED, UPSERT, first)
    assert shared_room.write(keyed((3, "new"), (4, "old")), KEYED, UPSERT, second) == second


def test_an_upsert_that_only_changes_a_title_shows_the_new_title(shared_room):
    first = shared_room.write(keyed((1, "a")), KEYED)
    titled = dataclasses.replace(KEYED, columns=(Column("id", "integer", title=Text(ko="번호")), *KEYED.columns[1:]))
    second = shared_room.write(keyed((1, "a")), titled, UPSERT, first)
    assert (second.parts, second.schema) == (first.parts, titled)
    assert second.digest != first.digest


def test_an_empty_value_is_a_value_that_an_upsert_can_bring_and_take(shared_room):
    first = shared_room.write(keyed(*((number, "old") for number in range(20))), KEYED)
    second = shared_room.write(keyed((3, "")), KEYED, UPSERT, first)
    assert visible(shared_room, second)[3] is None
    assert shared_room.write(keyed((3, "")), KEYED, UPSERT, second) == second
    third = shared_room.write(keyed((3, "old")), KEYED, UPSERT, second)
    assert visible(shared_room, third) == visible(shared_room, first)


def test_a_value_may_go_back_and_forth(shared_room):
    manifest = shared_room.write(keyed(*((number, "old") for number in range(20))), KEYED)
    for value in ("a", "b", "a", "b", "a"):
        manifest = shared_room.write(keyed((3, value)), KEYED, UPSERT, manifest)
        assert visible(shared_room, manifest)[3] == value
    assert [part.rows for part in manifest.parts] == [20, 1], "a part whose rows are all replaced is left out"


def test_an_upsert_replaces_every_record_of_a_key_that_was_appended_twice(shared_room):
    first = shared_room.write(keyed(*((number, "old") for number in range(20))), KEYED)
    second = shared_room.write(keyed((3, "twice")), KEYED, APPEND, first)
    assert second.records == 21
    third = shared_room.write(keyed((3, "new")), KEYED, UPSERT, second)
    assert visible(shared_room, third) == dict.fromkeys(range(20), "old") | {3: "new"}


def test_an_upsert_needs_a_key(shared_room):
    with pytest.raises(BadSchema) as caught:
        shared_room.write([{"batch": 1}], PLAIN, UPSERT)
    assert caught.value.text.ko == "열 정의가 잘못되었습니다 (primaryKey): 'upsert' 방식에는 키 열이 있어야 합니다"


batches_of_keys = st.lists(
    st.tuples(st.sampled_from([UPSERT, UPSERT, UPSERT, REPLACE]), st.dictionaries(st.integers(0, 12), st.sampled_from("abc"), max_size=8)),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(batches_of_keys)
def test_upserts_and_replacements_do_what_a_dictionary_does(shared_room, steps):
    """Folding every three parts; every snapshot of the sequence stays readable."""
    expected, manifest, history = {}, None, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "FOLD_PARTS", 3)
        for mode, values in steps:
            expected = (expected if mode is UPSERT else {}) | values
            manifest = shared_room.write(keyed(*values.items()), KEYED, mode, manifest)
            assert shared_room.write(keyed(*values.items()), KEYED, mode, manifest).digest == manifest.digest
            assert len(manifest.parts) <= 3
            history.append((manifest, dict(expected)))
    for manifest, expected in history:
        assert visible(shared_room, manifest) == expected


def test_after_many_upserts_there_are_few_parts(shared_room):
    expected = dict.fromkeys(range(100), "old")
    manifest = shared_room.write(keyed(*expected.items()), KEYED)
    for number in range(20):
        expected[number * 7 % 100] = f"new {number}"
        manifest = shared_room.write(keyed((number * 7 % 100, f"new {number}")), KEYED, UPSERT, manifest)
        assert len(manifest.parts) <= fold.FOLD_PARTS
    assert visible(shared_room, manifest) == expected


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LoadMode), st.lists(st.integers(0, 6), max_size=5, unique=True)), max_size=8))
def test_all_modes_together_do_what_a_list_does(shared_room, steps):
    expected, manifest = [], None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "FOLD_PARTS", 2)
        for number, (mode, keys) in enumerate(steps):
            rows = [(key, f"step {number}") for key in keys]
            kept = {REPLACE: [], APPEND: expected, UPSERT: [row for row in expected if row[0] not in keys]}
            expected = kept[mode] + rows
            manifest = shared_room.write(keyed(*rows), KEYED, mode, manifest)
            found = [(row["id"], row["value"]) for row in shared_room.stream(manifest)]
            assert sorted(found) == sorted(expected)
            assert manifest.records == len(expected)
            assert shared_room.page(manifest, ("count", "exact"), ("value__ne", "x")).count == len(expected)


# --- other shapes

OTHER_SHAPES = [
    ("a column more", make_schema(id="integer", value="string", at="datetime", more="string", key=("id",))),
    ("a column less", make_schema(id="integer", value="string", key=("id",))),
    ("another order", make_schema(id="integer", at="datetime", value="string", key=("id",))),
    ("another type", make_schema(id="integer", value="number", at="datetime", key=("id",))),
    ("a type kept alike", make_schema(id="integer", value="time", at="datetime", key=("id",))),
    ("another key", make_schema(id="integer", value="string", at="datetime", key=("id", "value"))),
]


@pytest.mark.parametrize("mode", [APPEND, UPSERT])
@pytest.mark.parametrize("schema", [row[1] for row in OTHER_SHAPES], ids=[row[0] for row in OTHER_SHAPES])
def test_records_of_another_shape_are_not_added(shared_room, schema, mode):
    first = shared_room.write(keyed((1, "a")), KEYED)
    with pytest.raises(BadSchema) as caught:
        shared_room.write([], schema, mode, first)
    assert "mode 'replace'" in caught.value.text.en
    assert "'replace' 방식" in caught.value.text.ko


def test_records_with_another_place_are_not_added(shared_room):
    columns = (Column("x", "number"), Column("y", "number"), Column("z", "number"))
    first = shared_room.write([{"x": "127", "y": "37"}], Schema(columns=columns, geometry=Geometry("x", "y")))
    for geometry in (None, Geometry("z", "y")):
        with pytest.raises(BadSchema):
            shared_room.write([], Schema(columns=columns, geometry=geometry), APPEND, first)
    delivered = Schema(columns=columns, geometry=Geometry("x", "y", crs="EPSG:5181"))
    assert shared_room.write([{"x": "200000", "y": "500000"}], delivered, APPEND, first).records == 2


def test_a_replacement_may_have_any_shape(shared_room):
    first = shared_room.write(keyed((1, "a")), KEYED)
    assert shared_room.write([{"batch": 1, "value": 1}], PLAIN, REPLACE, first).schema == PLAIN


# --- empty snapshots


def test_a_snapshot_may_be_empty(shared_room):
    manifest = shared_room.write([], KEYED)
    assert (manifest.parts, manifest.records) == ((), 0)
    assert shared_room.stream(manifest) == []
    page = shared_room.page(manifest, ("order_by", "-value"), ("count", "exact"), ("id__gt", "3"))
    assert (page.rows.num_rows, page.next_cursor, page.count) == (0, None, 0)
    assert page.rows.column_names == ["id", "value", "at"]


@pytest.mark.parametrize("mode", list(LoadMode))
def test_records_can_be_added_to_an_empty_snapshot(shared_room, mode):
    empty = shared_room.write([], KEYED)
    manifest = shared_room.write(keyed((1, "a"), (2, "b")), KEYED, mode, empty)
    assert visible(shared_room, manifest) == {1: "a", 2: "b"}


# --- manifests

RANGES = [
    ("numbers", "integer", ["3", "-7", "12"], (-7, 12)),
    ("fractions", "number", ["0.5", "-1e300", "2"], (-1e300, 2.0)),
    ("big numbers", "integer", [str(2**62), str(2**62 + 1)], (2**62, 2**62 + 1)),
    ("texts", "string", ["나", "가", "a"], ("a", "나")),
    ("dates", "date", ["2018-01-31", "0001-01-01", "9999-12-31"], ("0001-01-01", "9999-12-31")),
    ("moments", "datetime", ["2018-01-01 09:00", "2018-01-01T00:30Z"], ("2018-01-01T09:00:00+09:00", "2018-01-01T09:30:00+09:00")),
    ("times", "time", ["9:05", "24:00"], ("09:05", "24:00")),
    ("some empty", "integer", ["", "5", "-"], (5, 5)),
    ("all empty", "integer", ["", "-"], None),
    ("yes and no", "boolean", ["Y", "N"], None),
    ("64 letters", "string", ["가" * 64], ("가" * 64, "가" * 64)),
    ("65 letters", "string", ["a", "가" * 65], None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "bounds"), [row[1:] for row in RANGES], ids=[row[0] for row in RANGES])
def test_a_part_knows_the_least_and_greatest_value_of_its_columns(shared_room, kind, values, bounds):
    manifest = shared_room.write([{"v": value} for value in values], make_schema(v=kind))
    assert manifest.parts[0].ranges == ({} if bounds is None else {"v": bounds})


def test_ranges_are_gathered_over_all_batches_of_a_part(shared_room, monkeypatch):
    monkeypatch.setattr(parts, "ROW_GROUP_ROWS", 2048)
    manifest = shared_room.write([{"batch": 1, "value": number % 4999} for number in range(10_000)], PLAIN)
    assert manifest.parts[0].ranges == {"batch": (1, 1), "value": (0, 4998)}


def test_a_part_knows_its_box(shared_room):
    schema = Schema(columns=(Column("x", "number"), Column("y", "number")), geometry=Geometry("x", "y"))
    rows = [{"x": "127.5", "y": "37.1"}, {"x": "126.5", "y": "37.9"}, {}]
    assert shared_room.write(rows, schema).parts[0].box == (126.5, 37.1, 127.5, 37.9)
    assert shared_room.write([{}], schema).parts[0].box is None


def test_a_part_of_shapes_knows_the_box_around_all_of_them(shared_room):
    schema = Schema(columns=(Column("shape", "geometry"),), geometry=Geometry(column="shape"))
    rows = [
        {"shape": {"type": "LineString", "coordinates": [[126, 37], [127, 36]]}},
        {"shape": {"type": "Point", "coordinates": [128, 36.5]}},
        {},
    ]
    [part] = shared_room.write(rows, schema).parts
    assert (part.box, part.ranges) == ((126.0, 36.0, 128.0, 37.0), {})


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "s": st.text(max_size=5),
                "i": st.integers(-(2**63), 2**63 - 1),
                "n": st.floats(allow_nan=False, allow_infinity=False),
                "d": st.dates(),
                "x": st.floats(124, 132),
                "y": st.floats(33, 39),
            },
        ),
        max_size=6,
    )
)
def test_a_manifest_comes_back_from_json(shared_room, rows):
    schema = Schema(
        columns=(Column("s"), Column("i", "integer"), Column("n", "number"), Column("d", "date"), Column("x", "number"), Column("y", "number")),
        geometry=Geometry("x", "y"),
    )  # fmt: skip
    manifest = shared_room.write(rows, schema)
    again = Manifest.from_dict(json.loads(json.dumps(manifest.as_dict())))
    assert again == manifest
    assert again.digest == manifest.digest
    assert again.as_dict() == manifest.as_dict()


# --- crashes


def half_files(room: Room) -> list[str]:
    """Return files of the store whose content is not what their name says, and what lies in the spool."""
    wrong = [digest for digest in room.store.digests() if file_digest(room.store.path(digest)) != digest]
    return wrong + [path.name for path in room.limits.spool.glob("*") if path.is_file()]


def test_a_write_that_fails_leaves_nothing_half_done(room, monkeypatch):
    monkeypatch.setattr(parts, "PART_ROWS", 100)
    first = room.write([{"batch": 0, "value": 0}], PLAIN)

    def full_disk(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(parts.PartWriter, "append", full_disk)
    with pytest.raises(OSError, match="disk full"):
        room.write([{"batch": 1, "value": number} for number in range(250)], PLAIN, APPEND, first)
    assert half_files(room) == []
    assert room.stream(first) == [{"batch": 0, "value": 0}]


KILLED = """
import os, sys
from pathlib import Path
from catalog.records import Store, parts
from record_rooms import Room, make_schema

parts.PART_ROWS = 100
keep = Store.keep
kept = []

def keep_one_then_die(store, written):
    if kept:
        os._exit(9)
    kept.append(keep(store, written))
    return kept[0]

Store.keep = keep_one_then_die
Room(Path(sys.argv[1])).write([{"batch": 1, "value": n} for n in range(250)], make_schema(batch="integer", value="integer"))
"""


def test_a_killed_write_leaves_whole_files_that_are_collected(room):
    first = room.write([{"batch": 0, "value": 0}], PLAIN)
    done = in_a_fresh_process(KILLED, room.store.root.parent)
    assert done.returncode == 9, done.stderr
    digests = list(room.store.digests())
    assert len(digests) == 2
    assert all(file_digest(room.store.path(digest)) == digest for digest in digests)
    assert room.stream(first) == [{"batch": 0, "value": 0}]
    assert room.store.collect_orphans({part.digest for part in first.parts}) == 0, "it may belong to a running write"
    assert room.store.collect_orphans({part.digest for part in first.parts}, older_than_seconds=-1) == 1
    assert room.stream(first) == [{"batch": 0, "value": 0}]


def test_two_stores_give_the_same_files(tmp_path):
    rooms = [Room(tmp_path / name) for name in ("one", "two")]
    manifests = [room.write(keyed((1, "a"), (2, "b")), KEYED) for room in rooms]
    assert manifests[0] == manifests[1]
    assert sorted(rooms[0].store.digests()) == sorted(Store(rooms[1].store.root).digests())


def test_equal_rows_make_an_equal_part_in_whatever_pieces_they_come(shared_room, monkeypatch):
    schema = make_schema(id="integer", name="string", key=("id",))
    rows = [{"id": number, "name": f"이름 {number % 700}"} for number in range(9_000)]
    whole = shared_room.write(rows, schema)
    monkeypatch.setattr(importlib.import_module("catalog.records.tabulate"), "BLOCK_ROWS", 1_234)
    assert shared_room.write(rows, schema) == whole
    assert shared_room.write(rows[::-1], schema) == whole


def test_ranges_tell_moments_in_korean_time(shared_room):
    schema = make_schema(at="datetime", on="date")
    rows = [{"at": "2018-01-01T00:00:00Z", "on": "2018-01-01"}, {"at": "2018-01-02 09:00", "on": "2017-01-01"}]
    assert shared_room.write(rows, schema).parts[0].ranges == {
        "at": ("2018-01-01T09:00:00+09:00", "2018-01-02T09:00:00+09:00"),
        "on": ("2017-01-01", "2018-01-01"),
    }


def test_a_column_that_is_empty_or_too_long_has_no_range(shared_room, monkeypatch):
    monkeypatch.setattr(parts, "ROW_GROUP_ROWS", 2)
    schema = make_schema(id="integer", empty="string", long="string", partly="integer")
    rows = [{"id": number, "long": "가" * 5_000 if number < 2 else "가"} for number in range(4)]
    rows[3]["partly"] = 7
    assert shared_room.write(rows, schema).parts[0].ranges == {"id": (0, 3), "partly": (7, 7)}
