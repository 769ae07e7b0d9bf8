"""What an upsert replaces is found whatever the keys are, and in whatever pieces parts and staged rows lie."""

import datetime as dt
import importlib

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import make_schema

from catalog.records import LoadMode, discard, parts, replaced, tabulate, validate
from catalog.records.replaced import Comparison, find_replaced, mixed
from catalog.records.validate import Expectations

tabulating = importlib.import_module("catalog.records.tabulate")  # the package shows the function under this name

KEYS = {
    "string": [f"S{number:03}" for number in range(40)],
    "integer": [*range(-20, 20)],
    "number": [number / 4 - 5 for number in range(40)],
    "date": [f"2018-01-{day + 1:02}" for day in range(31)],
    "datetime": [f"2018-01-01 {hour:02}:{minute:02}" for hour in range(20) for minute in (0, 30)],
    "time": [f"{hour:02}:{minute:02}" for hour in range(20) for minute in (0, 30)],
    "boolean": ["true", "false"],
}


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(parts, "ROW_GROUP_ROWS", 7)
    monkeypatch.setattr(replaced, "SLICE_ROWS", 5)
    monkeypatch.setattr(tabulating, "BLOCK_ROWS", 3)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_every_type_are_found(shared_room, small_pieces, kind):
    schema = make_schema(id=kind, value="integer", key=("id",))
    keys = KEYS[kind]
    first = shared_room.write([{"id": key, "value": 0} for key in keys], schema)
    coming = [{"id": key, "value": number % 2} for number, key in enumerate(keys[::2])]
    second = shared_room.write(coming, schema, LoadMode.UPSERT, first)
    assert second.records == len(keys)
    expected = dict.fromkeys(keys, 0) | {row["id"]: row["value"] for row in coming}
    assert sum(row["value"] for row in shared_room.stream(second)) == sum(expected.values())
    third = shared_room.write(coming, schema, LoadMode.UPSERT, second)
    assert third == second


pairs = st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 6))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(pairs, st.sampled_from([None, 1, 2]), min_size=1, max_size=20), min_size=2, max_size=6))
def test_upserts_by_two_columns_do_what_a_dictionary_does(shared_room, steps):
    schema = make_schema(name="string", number="integer", value="integer", key=("name", "number"))
    expected, manifest = {}, None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROW_GROUP_ROWS", 7)
        patch.setattr(replaced, "SLICE_ROWS", 5)
        patch.setattr(tabulating, "BLOCK_ROWS", 3)
        for step in steps:
            rows = [{"name": name, "number": number, "value": value} for (name, number), value in step.items()]
            manifest = shared_room.write(rows, schema, LoadMode.UPSERT, manifest)
            expected |= step
            found = {(row["name"], row["number"]): row["value"] for row in shared_room.stream(manifest)}
            assert found == expected
            assert manifest.records == len(expected)


def test_keys_of_one_hash_are_told_apart(shared_room, monkeypatch):
    monkeypatch.setattr(replaced, "MIX", np.uint64(0))
    schema = make_schema(name="string", number="integer", value="integer", key=("name", "number"))
    rows = [{"name": name, "number": number, "value": 0} for name in "abc" for number in range(5)]
    first = shared_room.write(rows, schema)
    changed = [row | {"value": row["number"]} for row in rows[3:8]]
    second = shared_room.write(changed, schema, LoadMode.UPSERT, first)
    assert [part.rows for part in second.parts] == [15, 4]
    assert sum(row["value"] for row in shared_room.stream(second)) == 10


def test_zeros_of_either_sign_are_one_key(shared_room):
    schema = make_schema(id="number", value="integer", key=("id",))
    first = shared_room.write([{"id": number, "value": 0} for number in ("0.0", "1.5", "2.5")], schema)
    second = shared_room.write([{"id": "-0.0", "value": 1}], schema, LoadMode.UPSERT, first)
    assert second.records == 3


def test_a_missing_value_is_the_same_as_a_missing_one_and_no_other(shared_room):
    schema = make_schema(id="integer", name="string", at="datetime", key=("id",))
    rows = [{"id": 1}, {"id": 2, "name": "가"}, {"id": 3, "at": "2018-01-01 09:00"}, {"id": 4}, {"id": 5}]
    first = shared_room.write(rows, schema)
    assert shared_room.write(rows[:2], schema, LoadMode.UPSERT, first) == first
    coming = [{"id": 1, "name": "나"}, {"id": 2}]
    second = shared_room.write(coming, schema, LoadMode.UPSERT, first)
    assert [part.rows for part in second.parts] == [5, 2]


def test_only_row_groups_that_can_have_the_keys_are_read(shared_room, small_pieces, monkeypatch):
    schema = make_schema(id="integer", value="integer", key=("id",))
    first = shared_room.write([{"id": number, "value": 0} for number in range(70)], schema)
    read = []
    whole = pq.ParquetFile.read_row_groups

    def told(self: pq.ParquetFile, groups: list[int], columns: list[str], **options: bool) -> object:
        read.append((groups, columns))
        return whole(self, groups, columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", told)
    shared_room.write([{"id": number, "value": 1} for number in (15, 20, 22)], schema, LoadMode.UPSERT, first)
    assert read == [([2, 3], ["id"]), ([2, 3], ["value"])]


def test_the_column_that_tells_rows_apart_is_read_first_the_next_time(shared_room):
    schema = make_schema(id="integer", name="string", value="integer", key=("id",))
    first = shared_room.write([{"id": number, "name": "가", "value": 0} for number in range(9)], schema)
    staged = tabulate([{"id": 3, "name": "가", "value": 1}], schema, limits=shared_room.limits)
    comparison = Comparison(staged)
    with pq.ParquetFile(shared_room.store.path(first.parts[0].digest)) as file:
        same = comparison.compare(file, [0], np.array([3]), range(1), np.array([0]))
    discard(staged)
    assert same.tolist() == [False]
    assert comparison.told == {"name": 0, "value": 1}


def test_rows_that_are_found_are_counted_over_the_whole_part_and_answer(shared_room, small_pieces):
    schema = make_schema(at="datetime", value="integer", key=("at",))
    start = dt.datetime(2018, 1, 1)
    rows = [{"at": str(start + dt.timedelta(hours=number)), "value": 0} for number in range(50)]
    first = shared_room.write(rows, schema)
    coming = [rows[41], rows[3] | {"value": 1}, {"at": "2019-01-01 00:00", "value": 5}, rows[30] | {"value": 2}]
    staged = tabulate(coming + rows[10:14], schema, limits=shared_room.limits)
    validate(staged, Expectations(), previous_rows=None, limits=shared_room.limits)
    found = find_replaced(staged, first, shared_room.store)
    discard(staged)
    assert found.unchanged.tolist() == [0, 4, 5, 6, 7]
    assert {at: rows.tolist() for at, rows in found.replaced.items()} == {0: [3, 30]}


def test_numbers_of_rows_differ_when_any_column_does():
    rows = [(first, second) for first in range(-30, 30) for second in range(1 << 40, (1 << 40) + 60)]
    words = [np.array(column) for column in zip(*rows, strict=True)]
    assert len(np.unique(mixed(words))) == len(rows)
