"""Folding: few parts whatever comes, every row written again only a few times, and never too much at once."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import make_schema

from catalog.records import LoadMode, Manifest, fold, parts
from catalog.records.fold import choose_parts

PLAIN = make_schema(batch="integer", value="integer")
KEYED = make_schema(id="integer", value="string", key=("id",))


def append_sizes(count: int, rows: int, *, kept: int = fold.FOLD_PARTS) -> tuple[list[int], list[int]]:
    """Append ``count`` times as a snapshot is written, and return the sizes of its parts and of every fold."""
    sizes: list[int] = []
    folds = []
    for _ in range(count):
        sizes.append(rows)
        end = max(0, len(sizes) - kept)
        if end >= fold.FOLD_PARTS and (chosen := choose_parts(sizes[:end])):
            start, stop = chosen
            folds.append(sum(sizes[start:stop]))
            sizes[start:stop] = [folds[-1]]
    return sizes, folds


@pytest.mark.parametrize("rows", [1, 10, 100])
def test_an_append_every_ten_seconds_for_a_day_leaves_few_parts(rows):
    sizes, folds = append_sizes(8_640, rows)
    assert sum(sizes) == 8_640 * rows
    assert len(sizes) < 40
    assert sum(folds) <= sum(sizes) * math.log(8_640, 2)
    assert max(folds) <= fold.FOLD_ROWS


@pytest.mark.parametrize("rows", [1_000, 30_000, 150_000])
def test_large_appends_are_folded_into_full_parts(rows):
    sizes, folds = append_sizes(2_000, rows)
    assert sum(sizes) == 2_000 * rows
    assert len(sizes) < 2 * sum(sizes) / parts.PART_ROWS + 80
    assert sum(folds) <= sum(sizes) * math.log(sum(sizes), 2)
    assert max(folds) <= parts.PART_ROWS
    assert sum(size > fold.FOLD_ROWS for size in folds) <= sum(sizes) / parts.PART_ROWS * 2 + 1


@given(st.lists(st.sampled_from([1, 7, 900, 40_000, 99_999, 150_000, 700_000, 1_000_000]), max_size=80))
def test_what_is_chosen_are_neighbours_that_fit_together(sizes):
    chosen = choose_parts(sizes)
    if chosen is None:
        return
    start, end = chosen
    assert 0 <= start < end - 1 < len(sizes)
    assert sum(sizes[start:end]) <= parts.PART_ROWS


@pytest.fixture
def small_folds(monkeypatch):
    monkeypatch.setattr(fold, "FOLD_PARTS", 3)
    monkeypatch.setattr(fold, "FOLD_ROWS", 40)


def test_appends_are_folded_as_they_come_and_nothing_is_lost(shared_room, small_folds):
    manifest = None
    for batch in range(40):
        manifest = shared_room.write([{"batch": batch, "value": 1}], PLAIN, LoadMode.APPEND, manifest)
    assert len(manifest.parts) < 10
    assert [row["batch"] for row in shared_room.stream(manifest)] == list(range(40))


def test_parts_that_are_mostly_hidden_are_folded_like_small_ones(shared_room, small_folds):
    everything = [{"id": number, "value": "old"} for number in range(60)]
    manifest = shared_room.write(everything, KEYED)
    for first in range(0, 57, 3):
        rows = [{"id": number, "value": "new"} for number in range(first, first + 3)]
        manifest = shared_room.write(rows, KEYED, LoadMode.UPSERT, manifest)
    assert len(manifest.parts) < 8
    assert sum(part.rows for part in manifest.parts) < 2 * 60
    assert {row["id"]: row["value"] for row in shared_room.stream(manifest)} == {
        number: "new" if number < 57 else "old" for number in range(60)
    }


def test_snapshots_whose_later_keys_hide_earlier_ones_are_read_and_written_anew(shared_room):
    """Upserts were once written so; their keys are compared when reading."""
    old = shared_room.write([{"id": number, "value": "old"} for number in range(6)], KEYED)
    new = shared_room.write([{"id": number, "value": "new"} for number in (2, 9)], KEYED)
    hiding = dataclasses.replace(new.parts[0], hides=True)
    manifest = Manifest(KEYED, (*old.parts, hiding), 7)
    expected = dict.fromkeys(range(6), "old") | {2: "new", 9: "new"}
    upserted = shared_room.write([{"id": 1, "value": "newer"}], KEYED, LoadMode.UPSERT, manifest)
    assert shared_room.write([{"id": 2, "value": "new"}], KEYED, LoadMode.UPSERT, manifest).records == 7
    for snapshot, records in ((manifest, expected), (upserted, expected | {1: "newer"})):
        assert {row["id"]: row["value"] for row in shared_room.stream(snapshot)} == records
        assert snapshot.records == 7
    assert not any(part.hides for part in upserted.parts)


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 30), st.sampled_from("ab"), min_size=1, max_size=9), min_size=8, max_size=20
    )
)
def test_upserts_that_are_folded_do_what_a_dictionary_does(shared_room, steps):
    expected, manifest = {}, None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "FOLD_PARTS", 3)
        patch.setattr(fold, "FOLD_ROWS", 20)
        for values in steps:
            rows = [{"id": key, "value": value} for key, value in values.items()]
            manifest = shared_room.write(rows, KEYED, LoadMode.UPSERT, manifest)
            expected |= values
            assert {row["id"]: row["value"] for row in shared_room.stream(manifest)} == expected
            assert manifest.records == len(expected)
            assert len(manifest.parts) < 9
