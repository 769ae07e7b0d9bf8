"""Erasing: the rows are in no file of the rest, hidden ones included, and all others stay as they were."""

from collections.abc import Mapping, Sequence

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import Room, make_schema

from catalog.records import (
    Erased,
    LoadMode,
    Manifest,
    count_erasable,
    digest_of_values,
    discard,
    erase_rows,
    leave_out_erased,
)

KEYED = make_schema(id="string", number="integer", note="string", key=("id",))
PLAIN = make_schema(id="string", number="integer", note="string")


def people(*names: str, note: str = "") -> list[dict[str, str]]:
    return [{"id": name, "number": str(len(name)), "note": note} for name in names]


def whom(*told: tuple[str, str]) -> Erased:
    values = tuple(value for _, value in told)
    return Erased(tuple(name for name, _ in told), "salt", frozenset([digest_of_values("salt", values)]))


def in_files(room: Room, manifest: Manifest) -> list[str]:
    """Return the identifiers that lie in the files of a snapshot, whoever sees them."""
    tables = (pq.read_table(room.store.path(part.digest)) for part in manifest.parts)
    return sorted(name for table in tables for name in table.column("id").to_pylist())


def test_a_record_goes_and_the_others_keep_their_order(room: Room) -> None:
    manifest = room.write(people("홍길동", "김", "이순신", "박"), PLAIN)
    left, seen = erase_rows(manifest, whom(("id", "이순신")), room.store, room.limits)
    assert seen == 1
    assert [row["id"] for row in room.stream(left)] == ["홍길동", "김", "박"]
    assert left.records == 3
    assert left.digest != manifest.digest


def test_what_an_upsert_replaced_goes_from_the_file_as_well(room: Room) -> None:
    first = room.write(people(*"abcdefgh", note="전화 010"), KEYED)
    second = room.write(people("c", note="새 메모"), KEYED, LoadMode.UPSERT, first)
    assert in_files(room, second).count("c") == 2
    left, seen = erase_rows(second, whom(("id", "c")), room.store, room.limits)
    assert seen == 1
    assert in_files(room, left) == [*"abdefgh"]
    assert [row["id"] for row in room.stream(left)] == [*"abdefgh"]
    hidden = whom(("id", "c"), ("note", "전화 010"))  # nobody sees this one any more
    left, seen = erase_rows(second, hidden, room.store, room.limits)
    assert (seen, left.records) == (0, second.records)
    assert in_files(room, left).count("c") == 1


def test_parts_that_hold_nothing_of_it_stay_the_same_files(room: Room) -> None:
    first = room.write(people("a", "b"), PLAIN)
    second = room.write(people("c", "d"), PLAIN, LoadMode.APPEND, first, is_part=True)
    left, _ = erase_rows(second, whom(("id", "c")), room.store, room.limits)
    assert left.parts[0] == second.parts[0]
    assert left.parts[1].digest != second.parts[1].digest
    nothing, seen = erase_rows(second, whom(("id", "z")), room.store, room.limits)
    assert (nothing, seen) == (second, 0)


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ([("id", "aa")], 1),
        ([("number", "2")], 2),
        ([("number", "2"), ("id", "bb")], 1),
        ([("id", "bb"), ("number", "1")], 0),
        ([("id", "a\x1fa")], 0),
    ],
)
def test_who_is_meant_is_told_by_texts_and_whole_numbers(
    room: Room, told: Sequence[tuple[str, str]], seen: int
) -> None:
    manifest = room.write(people("aa", "bb", "c"), PLAIN)
    assert count_erasable(manifest, whom(*told), room.store, room.limits) == seen
    assert erase_rows(manifest, whom(*told), room.store, room.limits)[1] == seen


def test_the_last_record_leaves_an_empty_snapshot(room: Room) -> None:
    left, seen = erase_rows(room.write(people("a"), PLAIN), whom(("id", "a")), room.store, room.limits)
    assert (seen, left.records, left.parts, room.stream(left)) == (1, 0, (), [])


def test_a_snapshot_of_other_columns_is_left_as_it_is(room: Room) -> None:
    manifest = room.write([{"x": "1.5"}], make_schema(x="number"))
    for told in ([("id", "a")], [("x", "1.5")]):
        assert erase_rows(manifest, whom(*told), room.store, room.limits) == (manifest, 0)


def test_an_answer_that_brings_it_again_loses_it(room: Room) -> None:
    staged = room.stage(people("a", "b", "c", "b"), PLAIN)
    try:
        assert leave_out_erased(staged, []) == 0
        assert leave_out_erased(staged, [whom(("id", "b")), whom(("number", "9"))]) == 2
        assert (staged.rows, staged.accepted, staged.refused) == (2, 2, 0)
        assert staged.read(["id"]).read_all().column("id").to_pylist() == ["a", "c"]
        assert leave_out_erased(staged, [whom(("id", "b"))]) == 0
    finally:
        discard(staged)


ROWS = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("abcd"), "number": st.sampled_from("123"), "note": st.just("")})
)
TOLD = st.one_of(
    st.sampled_from("abcde").map(lambda name: [("id", name)]),
    st.tuples(st.sampled_from("abc"), st.sampled_from("123")).map(lambda pair: [("id", pair[0]), ("number", pair[1])]),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(ROWS, min_size=1, max_size=4), told=TOLD)
def test_what_is_left_is_what_a_loop_would_leave(
    shared_room: Room, pieces: list[list[Mapping[str, str]]], told: list[tuple[str, str]]
) -> None:
    manifest = None
    for rows in pieces:
        manifest = shared_room.write(rows, PLAIN, LoadMode.APPEND, manifest, is_part=True)
    left, seen = erase_rows(manifest, whom(*told), shared_room.store, shared_room.limits)
    every = [row for rows in pieces for row in rows]
    kept = [row for row in every if any(row[name] != value for name, value in told)]
    assert seen == len(every) - len(kept)
    assert [(row["id"], str(row["number"])) for row in shared_room.stream(left)] == [
        (row["id"], row["number"]) for row in kept
    ]
