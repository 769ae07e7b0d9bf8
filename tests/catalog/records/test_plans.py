"""Plans of the engine: where a key or a time is given no question reads everything, with an index or without."""

import dataclasses

import pytest
from record_rooms import Room, make_schema

from catalog.records import Manifest, parse_query, parts
from catalog.records.index import Index, Indexes, build_index
from catalog.records.run import build_statement
from catalog.records.sources import SnapshotSource

SCHEMA = dataclasses.replace(
    make_schema(sensor="string", at="datetime", value="integer"), key=("sensor", "at"), time="at"
)
ROWS = [
    {"sensor": f"S{n % 40:02d}", "at": f"2026-11-{1 + n // 2000:02d}T{n // 84 % 24:02d}:{n % 60:02d}", "value": str(n)}
    for n in range(20_000)
]
GROUP_ROWS = 2048


@pytest.fixture(scope="module")
def manifest(shared_room: Room) -> Manifest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROW_GROUP_ROWS", GROUP_ROWS)
        patch.setattr(parts, "PART_ROWS", 8_000)
        return shared_room.write(ROWS, SCHEMA)


@pytest.fixture(scope="module")
def index(shared_room: Room, manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("index")
    build_index(manifest, shared_room.store, folder, shared_room.limits)
    found = Indexes(folder, shared_room.limits).find(manifest.digest)
    assert found is not None
    return found


def plan_of(source: SnapshotSource, *parameters: tuple[str, str]) -> str:
    query = parse_query(parameters, source.schema)
    best = source.best_for(query)
    statement, values = build_statement(best, query, limit=10)
    with best.cursor() as cursor:
        [(_, plan)] = cursor.execute(f"EXPLAIN {statement}", values).fetchall()
    return plan


BOUNDS = [
    [("sensor", "S07")],
    [("sensor", "S07"), ("order_by", "-at")],
    [("sensor__in", "S07,S08"), ("order_by", "value")],
    [("datetime", "2026-11-03/2026-11-04"), ("order_by", "-value")],
    [("at__gte", "2026-11-03"), ("at__lt", "2026-11-04"), ("select", "count()")],
    [("filter", "T_AFTER(at, TIMESTAMP('2026-11-09T00:00:00+09:00'))"), ("group_by", "sensor")],
    [("filter", "sensor = 'S07' AND value > 5"), ("order_by", "value")],
]


@pytest.mark.parametrize("parameters", BOUNDS, ids=str)
@pytest.mark.parametrize("indexed", [False, True], ids=["parts", "index"])
def test_a_bound_on_key_or_time_is_known_to_the_scan_itself(
    shared_room: Room, manifest: Manifest, index: Index, parameters: list[tuple[str, str]], indexed: bool
) -> None:
    source = SnapshotSource(manifest, shared_room.store, shared_room.limits, index if indexed else None)
    plan = plan_of(source, *parameters)
    for scan in plan.split("SCAN")[1:]:
        assert "Filters" in scan or "Optional" in scan, plan


def test_parts_outside_a_span_of_time_or_keys_are_not_opened(shared_room: Room, manifest: Manifest) -> None:
    source = SnapshotSource(manifest, shared_room.store, shared_room.limits)
    every = range(len(manifest.parts))
    assert list(source.places(parse_query([], SCHEMA))) == list(every)
    assert len(source.places(parse_query([("sensor", "S07")], SCHEMA))) == 1
    assert source.places(parse_query([("at__gte", "2027-01-01")], SCHEMA)) == []
