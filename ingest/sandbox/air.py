"""The air over the city: ten stations, hourly readings of six pollutants, the last 24 hours.

Names and habits are those of AirKorea: gases in ppm, dust in ㎍/㎥, midnight told as 24:00 of the day that ends, ``-``
and a Flag where a reading failed, and ``dmX`` for the *latitude*, ``dmY`` for the longitude.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.sandbox.city import DISTRICTS, KST, Row, draw, pick, point_in, wave

HOURS = 24
FAILURES = ("통신장애", "통신장애", "점검및교정", "자료이상")


@dataclass(frozen=True)
class Pollutant:
    """A pollutant: its usual level, its decimals, and where the grades 1 to 4 end (the last is the end of the scale)."""

    name: str
    usual: float
    decimals: int
    grade_ends: tuple[float, float, float, float]
    peak_hour: int  # traffic peaks in the morning, ozone in the afternoon


POLLUTANTS = (
    Pollutant("so2", 0.003, 3, (0.02, 0.05, 0.15, 1.0), 9),
    Pollutant("co", 0.4, 1, (2, 9, 15, 50), 8),
    Pollutant("o3", 0.035, 3, (0.03, 0.09, 0.15, 0.6), 15),
    Pollutant("no2", 0.018, 3, (0.03, 0.06, 0.2, 2.0), 8),
    Pollutant("pm10", 38, 0, (30, 80, 150, 600), 10),
    Pollutant("pm25", 19, 0, (15, 35, 75, 500), 9),
)
INDEX_ENDS = (50, 100, 250, 500)  # of the 통합대기환경지수, for the same four grades


@dataclass(frozen=True)
class Station:
    """A measuring station; roadside ones stand in the traffic and read higher."""

    code: str
    name: str
    is_roadside: bool


STATIONS = tuple(
    Station(
        code=f"0449{number:02d}",
        name=district.name.removesuffix("동") + ("대로" if number in (3, 8) else "동"),
        is_roadside=number in (3, 8),
    )
    for number, district in enumerate(DISTRICTS[:10], start=1)
)


def air_quality(seed: int, now: datetime) -> tuple[Row, ...]:
    """Return the readings of the last 24 full hours, newest first, as the platform lists them."""
    last = now.astimezone(KST).replace(minute=0, second=0, microsecond=0)
    return tuple(row for back in range(HOURS) for row in readings_at(seed, last - timedelta(hours=back)))


@lru_cache(maxsize=4 * HOURS)
def readings_at(seed: int, hour: datetime) -> tuple[Row, ...]:
    return tuple(read_station(seed, number, hour) for number in range(len(STATIONS)))


def read_station(seed: int, number: int, hour: datetime) -> Row:
    station = STATIONS[number]
    longitude, latitude = point_in(DISTRICTS[number], seed, "station", number)
    levels = {pollutant: measure(seed, station, pollutant, hour) for pollutant in POLLUTANTS}
    flags = {pollutant: find_failure(seed, station, pollutant, hour) for pollutant in POLLUTANTS}
    index = None if any(flags.values()) else air_index(levels)
    return {
        "sidoName": "충남",
        "stationCode": station.code,
        "stationName": station.name,
        "mangName": "도로변대기" if station.is_roadside else "도시대기",
        "dmX": f"{latitude:.6f}",
        "dmY": f"{longitude:.6f}",
        "dataTime": write_time(hour),
        **{f"{p.name}Value": "-" if flags[p] else f"{levels[p]:.{p.decimals}f}" for p in POLLUTANTS},
        **{f"{p.name}Grade": None if flags[p] else str(grade_of(levels[p], p.grade_ends)) for p in POLLUTANTS},
        **{f"{p.name}Flag": flags[p] for p in POLLUTANTS},
        "khaiValue": "-" if index is None else str(index),
        "khaiGrade": None if index is None else str(grade_of(index, INDEX_ENDS)),
    }


def measure(seed: int, station: Station, pollutant: Pollutant, hour: datetime) -> float:
    day = (1 + math.cos((hour.hour - pollutant.peak_hour) * math.pi / 12)) / 2
    weather = wave(seed, f"air {pollutant.name}", hour, hours=30)
    place = (1.3 if station.is_roadside else 1.0) * (0.85 + 0.3 * draw(seed, "air place", station.code, pollutant.name))
    noise = 0.9 + 0.2 * draw(seed, "air noise", station.code, pollutant.name, hour.isoformat())
    return round(pollutant.usual * (0.3 + 0.6 * day + 1.2 * weather**2) * place * noise, pollutant.decimals)


def find_failure(seed: int, station: Station, pollutant: Pollutant, hour: datetime) -> str | None:
    """Return why there is no reading: now and then the line of a station is down, now and then one instrument."""
    if draw(seed, "air line", station.code, hour.isoformat()) < 0.01:
        return "통신장애"
    share = draw(seed, "air instrument", station.code, pollutant.name, hour.isoformat())
    return pick(FAILURES, share / 0.01) if share < 0.01 else None


def grade_of(value: float, ends: tuple[float, ...]) -> int:
    """Return the grade, 1 좋음 to 4 매우나쁨."""
    return 1 + sum(value > end for end in ends[:3])


def air_index(levels: Mapping[Pollutant, float]) -> int:
    """Return the 통합대기환경지수: the worst pollutant's index, raised when two or more are bad."""
    indices = [index_of(value, pollutant) for pollutant, value in levels.items()]
    bad = sum(index > INDEX_ENDS[1] for index in indices)
    return max(indices) + (75 if bad >= 3 else 50 if bad == 2 else 0)


def index_of(value: float, pollutant: Pollutant) -> int:
    grade = grade_of(value, pollutant.grade_ends)
    starts, ends = (0.0, *pollutant.grade_ends), (0, *INDEX_ENDS)
    share = (value - starts[grade - 1]) / (starts[grade] - starts[grade - 1])
    return round(ends[grade - 1] + share * (ends[grade] - ends[grade - 1]))


def write_time(hour: datetime) -> str:
    """Write the hour as AirKorea does: midnight is 24:00 of the day before."""
    if hour.hour == 0:
        return f"{hour - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{hour:%Y-%m-%d %H:%M}"
