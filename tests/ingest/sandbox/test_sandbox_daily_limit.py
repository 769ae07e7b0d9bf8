"""The daily limit: counted for each service and key, in Korean days."""

from datetime import UTC, datetime

from sandbox_asking import AIR, LOTS, STOPS, ask, code_of, make_world

from ingest.sandbox.city import KST
from ingest.sandbox.world import Budget, World


def clocked_world(*moments: datetime, limit: int) -> World:
    clock = iter(moments)
    return World(clock=lambda: next(clock), budget=Budget(limit))


def test_calls_beyond_the_limit_are_refused() -> None:
    world = make_world(daily_limit=2)

    assert [code_of(ask(LOTS, world)) for _ in range(4)] == ["00", "00", "22", "22"]


def test_the_limit_is_counted_for_each_service() -> None:
    world = make_world(daily_limit=1)

    assert [code_of(ask(url, world)) for url in (LOTS, AIR, f"{STOPS}/1/5/")] == ["00", "00", "INFO-000"]
    assert [code_of(ask(url, world)) for url in (LOTS, AIR, f"{STOPS}/1/5/")] == ["22", "22", "ERROR-337"]


def test_a_call_with_a_wrong_key_costs_nothing() -> None:
    world = make_world(daily_limit=1)

    assert [code_of(ask(LOTS.replace("sandbox-key", "nobody"), world)) for _ in range(3)] == ["30", "30", "30"]
    assert code_of(ask(LOTS, world)) == "00"


def test_the_budget_is_new_at_midnight_in_korea() -> None:
    before, after = datetime(2026, 4, 25, 23, 59, 59, tzinfo=KST), datetime(2026, 4, 26, tzinfo=KST)
    world = clocked_world(before, before, after, after, limit=1)

    assert [code_of(ask(LOTS, world)) for _ in range(4)] == ["00", "22", "00", "22"]


def test_midnight_elsewhere_changes_nothing() -> None:
    before, after = (datetime(2026, 4, day, hour, tzinfo=UTC) for day, hour in ((24, 23), (25, 1)))
    world = clocked_world(before, after, limit=1)

    assert [code_of(ask(LOTS, world)) for _ in range(2)] == ["00", "22"]
