"""Changes between snapshots, against a count of rows in Python; and that what both share costs nothing."""

import datetime as dt
import random
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from record_rooms import Room, make_schema

from catalog.records import (
    ChangeType,
    LoadMode,
    Manifest,
    RowFile,
    Schema,
    Store,
    changed_parts,
    has_hidden_rows,
    write_changes,
    write_visible_rows,
)

KEYED = make_schema(id="integer", value="string", at="datetime", key=("id",))
PLAIN = make_schema(id="integer", value="string", at="datetime")
Row = tuple[object, ...]
CAME = (ChangeType.INSERT, ChangeType.AFTER)


def rows_of(room: Room, manifest: Manifest) -> Counter[Row]:
    return Counter(tuple(row.values()) for row in room.stream(manifest))


def read(file: RowFile, room: Room, target: Store) -> list[Row]:
    path = (room.store if file.is_part else target).path(file.digest)
    rows = pq.read_table(path).select(["id", "value", "at"]).to_pylist()
    assert len(rows) == file.rows
    return [tuple(row.values()) for row in rows]


def changed(room: Room, old: Manifest, new: Manifest, target: Store) -> dict[ChangeType, Counter[Row]]:
    files = changed_parts(old, new)
    if files is None:
        files = write_changes(old, new, room.store, target, room.limits)
        for file in files:
            told = pq.read_table(target.path(file.digest)).column("_change_type").unique().to_pylist()
            assert told == [file.change]
    found: dict[ChangeType, Counter[Row]] = {kind: Counter() for kind in ChangeType}
    for file in files:
        found[ChangeType(file.change)].update(read(file, room, target))
    return found


@pytest.mark.parametrize(("schema", "modes"), [(KEYED, ["upsert", "replace"]), (PLAIN, ["append", "replace"])])
def test_changes_lead_from_one_snapshot_to_the_next(
    shared_room: Room, tmp_path: Path, schema: Schema, modes: list[str]
) -> None:
    chance, target = random.Random(7), Store(tmp_path)
    manifest = Manifest(schema=schema, parts=(), records=0)
    for turn in range(21):  # many small parts, so that some are joined
        mode = modes[turn == 19]
        keys = chance.sample(range(30), 5) if mode == "upsert" else chance.sample(range(30), 12)
        moment = "2026-08-01 09:00" if chance.random() < 0.5 else ""
        rows = [{"id": str(key), "value": chance.choice(["가", "나", ""]), "at": moment} for key in keys]
        if schema is PLAIN:
            rows += rows[:2]
        new = shared_room.write(rows, schema, mode=LoadMode(mode), previous=manifest if turn else None)
        found = changed(shared_room, manifest, new, target)
        before, after = rows_of(shared_room, manifest), rows_of(shared_room, new)
        gone, come = before - after, after - before
        assert found[ChangeType.DELETE] + found[ChangeType.BEFORE] == gone
        assert found[ChangeType.INSERT] + found[ChangeType.AFTER] == come
        if schema.key:
            both = {row[0] for row in gone} & {row[0] for row in come}
            for kind in ChangeType:
                is_update = kind in (ChangeType.BEFORE, ChangeType.AFTER)
                assert all((row[0] in both) == is_update for row in found[kind])
        else:
            assert not found[ChangeType.BEFORE] + found[ChangeType.AFTER]
        manifest = new


def test_the_same_snapshot_has_no_changes_and_an_added_part_is_one_as_it_lies(shared_room: Room) -> None:
    first = shared_room.write([{"id": "1", "value": "가", "at": ""}], PLAIN)
    second = shared_room.write([{"id": "2", "value": "나", "at": ""}], PLAIN, mode=LoadMode.APPEND, previous=first)
    assert changed_parts(first, first) == []
    [added] = changed_parts(first, second)
    assert (added.digest, added.change, added.is_part) == (second.parts[1].digest, "insert", True)
    [taken] = changed_parts(second, first)
    assert (taken.digest, taken.change) == (second.parts[1].digest, "delete")


def test_shared_parts_are_not_opened(shared_room: Room, tmp_path: Path) -> None:
    first = shared_room.write([{"id": f"{at}", "value": "가", "at": ""} for at in range(100)], KEYED)
    rows = [{"id": f"{at}", "value": "나", "at": ""} for at in (200, 201)]
    second = shared_room.write(rows, KEYED, mode=LoadMode.UPSERT, previous=first)
    third = shared_room.write([{"id": "200", "value": "다", "at": ""}], KEYED, mode=LoadMode.UPSERT, previous=second)
    assert third.parts[0] == first.parts[0]
    path = shared_room.store.path(first.parts[0].digest)
    hidden = path.rename(path.with_suffix(".away"))
    try:
        found = changed(shared_room, second, third, Store(tmp_path))
    finally:
        hidden.rename(path)
    assert found[ChangeType.BEFORE] == Counter([(200, "나", None)])
    assert found[ChangeType.AFTER] == Counter([(200, "다", None)])
    assert not found[ChangeType.INSERT] + found[ChangeType.DELETE]


def test_equal_changes_are_equal_files_with_their_ranges(shared_room: Room, tmp_path: Path) -> None:
    first = shared_room.write([{"id": f"{at}", "value": "가", "at": "2026-08-01 09:00"} for at in range(50)], KEYED)
    rows = [{"id": f"{at}", "value": "나", "at": "2026-08-02 09:00"} for at in range(10, 20)]
    second = shared_room.write(rows, KEYED, mode=LoadMode.UPSERT, previous=first)
    files = write_changes(first, second, shared_room.store, Store(tmp_path / "a"), shared_room.limits)
    assert files == write_changes(first, second, shared_room.store, Store(tmp_path / "b"), shared_room.limits)
    before, after = files
    assert (before.ranges["id"], after.ranges["value"]) == ((10, 19), ("나", "나"))
    assert dt.datetime.fromisoformat(before.ranges["at"][0]).date() == dt.date(2026, 8, 1)
    [file] = write_visible_rows(second, 0, shared_room.store, Store(tmp_path), shared_room.limits)
    assert has_hidden_rows(second, 0) and not has_hidden_rows(second, 1)
    assert [row[0] for row in read(file, shared_room, Store(tmp_path))] == [*range(10), *range(20, 50)]


def test_a_part_with_all_rows_hidden_has_no_file(shared_room: Room, tmp_path: Path) -> None:
    first = shared_room.write([{"id": "1", "value": "가", "at": ""}], PLAIN)
    hiding = Manifest(KEYED, (first.parts[0], *(Manifest.from_dict(first.as_dict()).parts)), 1)
    entry = hiding.as_dict()
    entry["parts"][1]["hides"] = True
    manifest = Manifest.from_dict(entry)
    assert write_visible_rows(manifest, 0, shared_room.store, Store(tmp_path), shared_room.limits) == []
