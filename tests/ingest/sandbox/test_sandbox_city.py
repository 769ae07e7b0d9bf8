"""The city's data: the same for the same seed and moment, another when the clock moves, and plausible."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sandbox_asking import EXAMPLES, NOON, ask, make_world, rows_of

from ingest.sandbox.city import EAST, KST, NORTH, SOUTH, WEST, draw
from ingest.sandbox.services import SERVICES

HOW_MANY = {"parking-lots": 320, "parking-availability": 320, "air-quality": 240, "bus-stops": 2317, "cctv": 1204}
KEYS = {
    "parking-lots": ("prkplceNo",),
    "parking-availability": ("prkplceNo", "observDt"),
    "air-quality": ("stationCode", "dataTime"),
    "bus-stops": ("NODE_ID",),
    "cctv": ("관리번호",),
}
PLACES = {
    "parking-lots": ("longitude", "latitude"),
    "air-quality": ("dmY", "dmX"),
    "bus-stops": ("XCRD", "YCRD"),
    "cctv": ("경도", "위도"),
}
WINTER_NIGHT = datetime(2026, 12, 31, 23, 59, 59, tzinfo=KST)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("now", [NOON, WINTER_NIGHT])
def test_every_row_has_its_key_and_there_are_as_many_as_told(name: str, now: datetime) -> None:
    rows = SERVICES[name].rows(44, now)

    assert len(rows) == HOW_MANY[name]
    assert len({tuple(row[column] for column in KEYS[name]) for row in rows}) == len(rows)
    assert len({tuple(row) for row in rows}) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_frozen_clock_gives_the_same_answer_to_the_byte(name: str) -> None:
    assert ask(EXAMPLES[name], make_world()).body == ask(EXAMPLES[name], make_world()).body


@pytest.mark.parametrize("name", SERVICES)
def test_another_seed_is_another_city(name: str) -> None:
    assert ask(EXAMPLES[name], make_world(seed=45)).body != ask(EXAMPLES[name]).body


def test_the_dice_fall_the_same_on_every_machine() -> None:
    """The digest is of the answer as first released: a change here changes what everybody's tests compare with."""
    assert draw(44, "a", 1) == pytest.approx(0.2823104334982752)
    assert sha256(ask(EXAMPLES["parking-lots"]).body).hexdigest()[:16] == "b80cf6bce835f908"


@pytest.mark.parametrize(
    ("name", "later", "changes"),
    [
        ("parking-availability", timedelta(seconds=20), False),
        ("parking-availability", timedelta(minutes=1), True),
        ("air-quality", timedelta(minutes=1), False),
        ("air-quality", timedelta(hours=1), True),
        ("parking-lots", timedelta(days=1), False),
        ("parking-lots", timedelta(days=31), True),
        ("bus-stops", timedelta(days=1), False),
        ("bus-stops", timedelta(days=31), True),
        ("cctv", timedelta(days=1), False),
        ("cctv", timedelta(days=31), True),
    ],
)
def test_data_move_with_the_clock(name: str, later: timedelta, changes: bool) -> None:
    assert (ask(EXAMPLES[name], make_world(NOON + later)).body != ask(EXAMPLES[name]).body) is changes


def test_most_car_parks_move_within_five_minutes() -> None:
    now, later = (
        [row["avblPklotCo"] for row in rows_of(EXAMPLES["parking-availability"], make_world(at))]
        for at in (NOON, NOON + timedelta(minutes=5))
    )

    assert sum(one != other for one, other in zip(now, later, strict=True)) > 160


def test_the_hours_that_stay_in_the_window_keep_their_readings() -> None:
    now, later = (
        {(row["stationCode"], row["dataTime"]): row for row in rows_of(EXAMPLES["air-quality"], make_world(at))}
        for at in (NOON, NOON + timedelta(hours=5))
    )

    assert len(now.keys() & later.keys()) == 190
    assert all(now[key] == later[key] for key in now.keys() & later.keys())


def test_a_clock_in_another_zone_tells_korean_time() -> None:
    abroad = make_world(NOON.astimezone())

    assert rows_of(EXAMPLES["parking-availability"], abroad)[0]["observDt"] == "20260425120000"


def test_taken_and_free_spaces_make_the_whole() -> None:
    rows = [row for row in rows_of(EXAMPLES["parking-availability"]) if row["sttus"] != "통신장애"]

    assert all(int(row["occpPklotCo"]) + int(row["avblPklotCo"]) == int(row["prkcmprt"]) for row in rows)
    assert all((row["sttus"] == "만차") == (row["avblPklotCo"] == "0") for row in rows)


@pytest.mark.parametrize("name", PLACES)
def test_places_lie_in_the_city(name: str) -> None:
    longitude, latitude = PLACES[name]
    placed = [row for row in SERVICES[name].rows(44, NOON) if row[longitude]]

    assert len(placed) > 0.9 * HOW_MANY[name]
    assert all(WEST <= float(row[longitude]) <= EAST and SOUTH <= float(row[latitude]) <= NORTH for row in placed)
