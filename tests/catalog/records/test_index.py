"""Serving indexes: every answer is the same with and without one, and an index is never seen half."""

import dataclasses
import itertools
import shutil
from pathlib import Path

import naive
import naive_expressions
import naive_groups
import pytest
import test_cql2
import test_groups
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import SCHEMA
from record_rooms import IndexedRoom, Room, make_schema

from catalog.errors import BadExpression
from catalog.records import LoadMode, Manifest, parse_query, parts, run_query, stream_query
from catalog.records.expressions import ColumnRef, compare
from catalog.records.index import Index, Indexes, build_index, index_of, layout, what_came_later
from catalog.records.index import build as building
from catalog.records.index import table as slices
from catalog.records.index.layout import META
from catalog.records.query import Order
from catalog.records.run import run_on, stream_on
from catalog.records.sources import SnapshotSource
from catalog.records.window import Window, look_through

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
    [("filter", "S_DWITHIN(location, POINT(127 37.5), 20037508, 'm')")],
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
    [("value__gte", "90"), ("order_by", "-at")],
    [("value__lt", "10"), ("sensor", "S05"), ("order_by", "at")],
    [("name", "역전 주차장"), ("order_by", "at")],
    [("name", "서울숲")],
    [("name__contains", "주차장"), ("value__gte", "50")],
    [("order_by", "-sensor")],
    [("order_by", "sensor,-at")],
    [("order_by", "-value"), ("datetime", "2026-11-01/2026-11-02")],
    [("order_by", "-x,sensor"), ("x__gte", "127")],
    [("order_by", "-y"), ("y__gte", "37.4"), ("sensor", "S07")],
    [("select", "at as when,sensor as who"), ("sensor", "S03"), ("order_by", "at")],
    [("select", "sensor,count(),avg(value) as mean"), ("group_by", "sensor"), ("order_by", "-mean")],
    [("group_by", "hour(at)")],
    [("latest_by", "sensor"), ("select", "sensor,at")],
    [("sample", "20")],
    [("distinct", "true"), ("select", "name")],
    [],
]


@pytest.fixture(scope="module")
def rooms(shared_room: Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Manifest, Index]], Room]:
    """Snapshots with their indexes, each of several parts: plain, without times, with upserts, empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", 400)
        patch.setattr(building, "FEWEST_TEXTS", 1)
        patch.setattr(slices, "SLICE_ROWS", 100)
        patch.setattr(building, "BATCH", 64)
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


ORDERS = [
    (),
    (Order(ColumnRef("at", "datetime")),),
    (Order(ColumnRef("at", "datetime"), descending=True), Order(ColumnRef("sensor", "string"))),
    (Order(ColumnRef("sensor", "string")),),
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("sensor", ["", "S05"])
def test_a_window_on_an_index_shows_the_same_rows(
    rooms: tuple[list[tuple[Manifest, Index]], Room], order: tuple[Order, ...], sensor: str
) -> None:
    for manifest, index in rooms[0]:
        if not manifest.schema.time:
            continue
        conditions = (compare("eq", manifest.schema["sensor"], sensor),) if sensor else ()
        for offset in (0, 1, 30, 995, manifest.records - 3):
            window = Window(("sensor", "value"), conditions, order_by=order, offset=max(offset, 0), limit=20)
            plain = look_through(manifest, window, rooms[1].store, rooms[1].limits)
            indexed = look_through(manifest, window, rooms[1].store, rooms[1].limits, index)
            assert indexed.rows.to_pylist() == plain.rows.to_pylist()
            assert (indexed.numbers, indexed.total) == (plain.numbers, plain.total)


@settings(max_examples=8, deadline=None)
@given(table=naive.rows, questions=st.lists(naive.questions, min_size=4, max_size=8))
def test_an_indexed_table_is_answered_as_a_plain_loop_would(shared_room, tmp_path_factory, table, questions):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FEWEST_TEXTS", 1)
        patch.setattr(slices, "SLICE_ROWS", 100)
        manifest = shared_room.write(table, SCHEMA)
        index = open_index(shared_room, manifest, tmp_path_factory.mktemp("index"))
        for question in questions:
            query = parse_query(question.parameters, SCHEMA)
            page = run_query(manifest, query, shared_room.store, shared_room.limits, index)
            assert page.rows.to_pylist() == naive.answer(table, question)


@pytest.fixture(scope="module")
def indexed_room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FEWEST_TEXTS", 1)
        patch.setattr(slices, "SLICE_ROWS", 100)
        patch.setattr(building, "BATCH", 64)
        yield IndexedRoom(tmp_path_factory.mktemp("indexed"))


@settings(max_examples=5, deadline=None, phases=test_cql2.AS_FOUND)
@given(table=naive.rows, trees=st.lists(naive_expressions.conditions(), min_size=3, max_size=6))
def test_an_indexed_table_meets_conditions_as_a_plain_walk_would(indexed_room, table, trees):
    table = test_cql2.numbered(table)
    manifest = indexed_room.write(table, test_cql2.NUMBERED)
    for tree in trees:
        test_cql2.check(indexed_room, manifest, table, tree)


@settings(max_examples=5, deadline=None, phases=test_groups.AS_FOUND)
@given(
    table=naive.rows,
    groups=st.lists(st.lists(naive_groups.groups, max_size=2, unique=True), min_size=2, max_size=4),
    aggregates=st.lists(naive_groups.aggregates, min_size=1, max_size=4, unique=True),
)
def test_an_indexed_table_is_grouped_as_a_plain_loop_would(indexed_room, table, groups, aggregates):
    manifest = indexed_room.write(table, SCHEMA)
    for group in groups:
        test_groups.check(indexed_room, manifest, table, group, aggregates)


def test_what_an_index_cannot_compute_is_told_as_without_one(rooms):
    snapshots, room = rooms
    manifest, index = snapshots[0]
    query = parse_query([("filter", "sensor = 'S05' AND value * 9223372036854775807 > 1")], manifest.schema)
    for one in (None, index):
        with pytest.raises(BadExpression):
            run_query(manifest, query, room.store, room.limits, one)


def test_an_index_that_was_let_go_of_while_it_is_read_is_found_again(shared_room, tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.records.run.BATCH_ROWS", 64)
    schema = dataclasses.replace(SENSORS, key=())
    first, other = (shared_room.write(readings(count), schema) for count in (3000, 50))
    for manifest in (first, other):
        build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    indexes = Indexes(tmp_path, shared_room.limits, most=1)
    query = parse_query([("filter", "S_WITHIN(location, BBOX(126, 37, 128, 38))"), ("order_by", "value")], schema)
    whole = shared_room.stream(first, ("filter", "S_WITHIN(location, BBOX(126, 37, 128, 38))"), ("order_by", "value"))
    stream = stream_query(first, query, shared_room.store, shared_room.limits, indexes.find(first.digest))
    found = next(stream).to_pylist()
    assert indexes.find(other.digest) is not None
    assert list(indexes.opened) == [other.digest]
    again = indexes.find(first.digest)
    assert run_query(first, query, shared_room.store, shared_room.limits, again).rows.to_pylist() == whole[:100]
    assert found + [row for batch in stream for row in batch.to_pylist()] == whole


def test_no_more_indexes_stay_open_than_their_caches_have_room(shared_room, tmp_path, monkeypatch):
    manifests = [shared_room.write(readings(count), dataclasses.replace(SENSORS, key=())) for count in (40, 50, 60)]
    indexes = Indexes(tmp_path, shared_room.limits)
    for manifest in manifests:
        build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
        assert indexes.find(manifest.digest) is not None
    assert len(indexes.opened) == 3
    monkeypatch.setattr("catalog.records.index.serving.CACHES", 0)
    assert indexes.find(manifests[0].digest) is not None
    assert list(indexes.opened) == [manifests[0].digest]


def later_snapshots(room: Room) -> list[tuple[str, Manifest, list[Manifest]]]:
    """Return indexed snapshots with newer ones: added to, replaced in part, folded, all of that."""
    keyless = dataclasses.replace(SENSORS, key=())
    timeless = dataclasses.replace(keyless, time="")
    rows = [row for row in readings(1500) if row["at"]]
    cases = []
    for name, schema in (("added by time", keyless), ("added", timeless)):
        base = room.write(rows[:1000], schema)
        once = room.write(rows[1000:1100], schema, LoadMode.APPEND, base)
        cases.append((name, base, [once, room.write(rows[1100:1150], schema, LoadMode.APPEND, once)]))
    base = room.write(rows[:1000], SENSORS)
    changed = [{**row, "value": 1} for row in rows[100:150]]
    once = room.write(changed + rows[1000:1050], SENSORS, LoadMode.UPSERT, base)
    again = [{**row, "value": 2} for row in rows[120:200]] + [{**row, "value": 3} for row in rows[1000:1020]]
    twice = room.write(again, SENSORS, LoadMode.UPSERT, once)
    cases.append(("replaced", base, [once, twice]))
    cases.append(("replaced since", once, [twice]))
    return cases


@pytest.fixture(scope="module")
def later(shared_room: Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[SnapshotSource], Room]:
    folder = tmp_path_factory.mktemp("index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", 400)
        patch.setattr(building, "FEWEST_TEXTS", 1)
        patch.setattr(slices, "SLICE_ROWS", 100)
        found = []
        for _, base, newer in later_snapshots(shared_room):
            index = open_index(shared_room, base, folder)
            for manifest in newer:
                since = what_came_later(manifest, index, shared_room.store, shared_room.limits)
                assert since is not None
                found.append(SnapshotSource(manifest, shared_room.store, shared_room.limits, index, since))
        assert any(source.later.replaced.num_rows for source in found)
        yield found, shared_room


@pytest.mark.parametrize("question", QUESTIONS, ids=[str(question) for question in QUESTIONS])
def test_the_index_of_an_older_snapshot_answers_with_what_came_later(later, question):
    for source in later[0]:
        if not source.schema.time and any(name in ("datetime", "latest_by") for name, _ in question):
            continue
        plain = SnapshotSource(source.manifest, source.store, source.limits)
        parameters = [*question, ("count", "exact"), ("limit", "7")]
        for _ in range(4):
            query = parse_query(parameters, source.schema)
            expected, found = run_on(plain, query), run_on(source, query)
            assert found.rows.to_pylist() == expected.rows.to_pylist()
            assert (found.count, found.next_cursor) == (expected.count, expected.next_cursor)
            if expected.next_cursor is None:
                break
            kept = [pair for pair in parameters if pair[0] != "cursor"]
            parameters = [*kept, ("cursor", expected.next_cursor)]
        query = parse_query(question, source.schema)
        streams = [[row for batch in stream_on(one, query) for row in batch.to_pylist()] for one in (plain, source)]
        assert streams[0] == streams[1]


def test_too_much_that_came_later_or_another_table_is_read_from_its_parts(shared_room, tmp_path, monkeypatch):
    keyless = dataclasses.replace(SENSORS, key=())
    base = shared_room.write(readings(300), keyless)
    index = open_index(shared_room, base, tmp_path)
    store, limits = shared_room.store, shared_room.limits
    added = shared_room.write(readings(340)[300:], keyless, LoadMode.APPEND, base)
    assert what_came_later(added, index, store, limits) is not None
    assert what_came_later(shared_room.write(readings(340), keyless), index, store, limits) is None
    other = dataclasses.replace(keyless, time="")
    assert what_came_later(shared_room.write(readings(300), other), index, store, limits) is None
    monkeypatch.setattr("catalog.records.index.later.MOST_ROWS", 10)
    assert what_came_later(added, index, store, limits) is None


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


@pytest.mark.parametrize("meta", [b'{"version": 0}', b'{"vers', b""], ids=["of another version", "cut", "empty"])
def test_an_index_that_cannot_be_read_is_not_opened_and_built_again(shared_room, tmp_path, meta):
    manifest = shared_room.write(readings(30), dataclasses.replace(SENSORS, key=()))
    folder = build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    (folder / META).write_bytes(meta)
    assert index_of(tmp_path, manifest.digest) is None
    assert Indexes(tmp_path, shared_room.limits).find(manifest.digest) is None
    build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    assert Indexes(tmp_path, shared_room.limits).find(manifest.digest) is not None


@pytest.mark.parametrize("name", [layout.TABLE, layout.TIMES, "columns.arrow", "column-0.values", "column-0.letters"])
def test_an_index_with_a_broken_file_is_not_opened(shared_room, tmp_path, name):
    manifest = shared_room.write(readings(30), dataclasses.replace(SENSORS, key=()))
    folder = build_index(manifest, shared_room.store, tmp_path, shared_room.limits)
    for content in (b"", b"broken" * 1000):
        (folder / name).write_bytes(content)
        assert Indexes(tmp_path, shared_room.limits).find(manifest.digest) is None
