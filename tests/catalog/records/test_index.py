"""Serving indexes: every answer is the same with and without one, and an index is never seen half."""

import dataclasses
import itertools
import shutil
from pathlib import Path

import naive
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import SCHEMA
from record_rooms import Room, make_schema

from catalog.records import LoadMode, Manifest, parse_query, run_query, stream_query
from catalog.records.index import Index, Indexes, build_index
from catalog.records.index import build as building

SENSORS = dataclasses.replace(
    make_schema(sensor="string", at="datetime", name="string", value="integer", x="number", y="number"),
    key=("sensor", "at"),
    time="at",
    geometry=SCHEMA.geometry,
)
NAMES = (
    "역삼 공영주차장",
    "강남역 CCTV",
    "Seoul Park",
    "서울숲",
    "역전 주차장",
    "ㄱ",
    "",
    None,
    "İstanbul",
    "100% a_b",
)


def readings(count: int) -> list[dict[str, object]]:
    return [
        {
            "sensor": f"S{n % 37:02d}",
            "at": None if n % 101 == 0 and n % 37 == 0 else f"2026-11-{1 + n // 400:02d}T{n % 24:02d}:{n % 4 * 15:02d}:{n // 24 % 60:02d}",
            "name": NAMES[n % len(NAMES)],
            "value": None if n % 13 == 0 else n * 7919 % 101,
            "x": None if n % 17 == 0 else 126.9 + n * 31 % 97 / 500,
            "y": None if n % 17 == 0 else 37.4 + n * 17 % 89 / 500,
        }
        for n in range(count)
    ]  # fmt: skip


def open_index(room: Room, manifest: Manifest, folder: Path) -> Index:
    build_index(manifest, room.store, folder, room.limits)
    found = Indexes(folder, room.limits).find(manifest.digest)
    assert found is not None
    return found


QUESTIONS = [
    [("sensor", "S05"), ("order_by", "-at")],
    [("sensor", "S05"), ("order_by", "at")],
    [("sensor", "S05")],
    [("sensor__in", "S05,S06,nobody"), ("order_by", "-at,sensor")],
    [("sensor", "S05"), ("value__gte", "50"), ("order_by", "-value")],
    [("order_by", "at")],
    [("order_by", "-at")],
    [("order_by", "at,-sensor")],
    [("datetime", "2026-11-02/2026-11-03"), ("order_by", "at")],
    [("datetime", "2026-11-02T03:00/2026-11-02T09:15"), ("order_by", "-value")],
    [("sensor", "S01"), ("datetime", "2026-11-02/2026-11-03"), ("order_by", "-at")],
    [("filter", "T_DURING(at, INTERVAL('2026-11-01T03:00:00', '2026-11-01T09:15:00'))"), ("order_by", "at")],
    [("bbox", "126.95,37.45,127.0,37.5")],
    [("bbox", "126.95,37.45,127.0,37.5"), ("order_by", "-at"), ("value__lt", "30")],
    [("near", "127.0,37.5,1500"), ("select", "sensor,at"), ("order_by", "sensor,at")],
    [("filter", "S_INTERSECTS(location, POLYGON((126.95 37.45, 127 37.45, 127 37.5, 126.95 37.45)))")],
    [("name__contains", "역")],
    [("name__contains", "주차")],
    [("name__contains", "역삼")],
    [("name__contains", "PARK")],
    [("name__contains", "istanbul")],
    [("name__contains", "İ")],
    [("name__contains", "")],
    [("name__startswith", "역전")],
    [("name__contains", "주차"), ("bbox", "126.95,37.45,127.0,37.5"), ("order_by", "-at")],
    [("value__gte", "90")],
    [("value__gte", "90"), ("order_by", "name,-value")],
    [("select", "sensor,count(),avg(value) as mean"), ("group_by", "sensor"), ("order_by", "-mean")],
    [("group_by", "hour(at)")],
    [("latest_by", "sensor"), ("select", "sensor,at")],
    [("sample", "20")],
    [("distinct", "true"), ("select", "name")],
    [],
]


@pytest.fixture(scope="module")
def rooms(shared_room: Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Manifest, Index]], Room]:
    """Snapshots with their indexes: plain, without times, of several parts with upserts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FEWEST_VALUES", 1)
        for module in ("build", "serving"):
            patch.setattr(f"catalog.records.index.{module}.BLOCK", 64)
        keyless = dataclasses.replace(SENSORS, key=())
        timeless = dataclasses.replace(keyless, time="")
        rows = [row for row in readings(1500) if row["at"]]
        first = shared_room.write(rows[:1200], SENSORS)
        changed = [{**row, "value": 1} for row in rows[100:150]] + rows[1200:]
        snapshots = [
            shared_room.write(readings(1500), keyless),
            shared_room.write(readings(1500), timeless),
            shared_room.write(changed, SENSORS, LoadMode.UPSERT, first),
            shared_room.write([], keyless),
        ]
        folder = tmp_path_factory.mktemp("index")
        yield [(manifest, open_index(shared_room, manifest, folder)) for manifest in snapshots], shared_room


@pytest.mark.parametrize("number", range(4), ids=["by time", "without time", "upserted", "empty"])
@pytest.mark.parametrize("question", QUESTIONS, ids=[str(question) for question in QUESTIONS])
def test_an_index_changes_no_answer(rooms, question, number):
    snapshots, room = rooms
    manifest, index = snapshots[number]
    if not manifest.schema.time and any(name in ("datetime", "latest_by") for name, _ in question):
        return
    parameters = [*question, ("count", "exact"), ("limit", "7")]
    for _, page in zip(range(6), itertools.count(), strict=False):
        query = parse_query(parameters, manifest.schema)
        plain = run_query(manifest, query, room.store, room.limits)
        indexed = run_query(manifest, query, room.store, room.limits, index)
        assert indexed.rows.to_pylist() == plain.rows.to_pylist(), page
        assert (indexed.count, indexed.next_cursor) == (plain.count, plain.next_cursor)
        if plain.next_cursor is None:
            break
        parameters = [*[pair for pair in parameters if pair[0] != "cursor"], ("cursor", plain.next_cursor)]
    query = parse_query(question, manifest.schema)
    streams = [
        [row for batch in stream_query(manifest, query, room.store, room.limits, one) for row in batch.to_pylist()]
        for one in (None, index)
    ]
    assert streams[0] == streams[1]


@settings(max_examples=8, deadline=None)
@given(table=naive.rows, questions=st.lists(naive.questions, min_size=4, max_size=8))
def test_an_indexed_table_is_answered_as_a_plain_loop_would(shared_room, tmp_path_factory, table, questions):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FEWEST_VALUES", 1)
        manifest = shared_room.write(table, SCHEMA)
        index = open_index(shared_room, manifest, tmp_path_factory.mktemp("index"))
        for question in questions:
            query = parse_query(question.parameters, SCHEMA)
            page = run_query(manifest, query, shared_room.store, shared_room.limits, index)
            assert page.rows.to_pylist() == naive.answer(table, question)


def test_an_index_is_built_once_and_can_be_thrown_away(shared_room, tmp_path):
    manifest = shared_room.write(readings(300), dataclasses.replace(SENSORS, key=()))
    indexes = Indexes(tmp_path, shared_room.limits)
    assert indexes.find(manifest.digest) is None
    folder = build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    assert build_index(manifest, shared_room.store, tmp_path, shared_room.limits) == folder
    index = indexes.find(manifest.digest)
    shutil.rmtree(folder)
    query = parse_query([("sensor", "S05"), ("order_by", "-at")], manifest.schema)
    assert run_query(manifest, query, shared_room.store, shared_room.limits, index).rows.num_rows > 0
    assert Indexes(tmp_path, shared_room.limits).find(manifest.digest) is None


def test_what_a_builder_that_fails_has_written_is_gone(shared_room, tmp_path, monkeypatch):
    manifest = shared_room.write(readings(300), dataclasses.replace(SENSORS, key=()))

    def fail(*arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(building, "write_rows", fail)
    with pytest.raises(OSError, match="no space left"):
        build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    assert Indexes(tmp_path, shared_room.limits).find(manifest.digest) is None
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_index_of_another_version_is_not_opened(shared_room, tmp_path, monkeypatch):
    manifest = shared_room.write(readings(30), dataclasses.replace(SENSORS, key=()))
    build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    monkeypatch.setattr("catalog.records.index.serving.VERSION", 0)
    assert Indexes(tmp_path, shared_room.limits).find(manifest.digest) is None
