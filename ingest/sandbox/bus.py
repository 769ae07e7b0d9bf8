"""The bus stops of the city, with the column names of Seoul's bus-stop service; more rows than one call may fetch."""

from datetime import date, datetime
from functools import lru_cache

from ingest.sandbox.city import DISTRICTS, PLACES, Row, draw, pick, point_in, reference_date

STOPS = 2317
KINDS = ("일반차로", "일반차로", "일반차로", "일반차로", "중앙차로", "마을버스")
BEARINGS = ("", "", "앞", "입구", "후문", "건너편")


def bus_stops(seed: int, now: datetime) -> tuple[Row, ...]:
    """Return every stop; codes keep their leading zeros, coordinates are JSON numbers as at Seoul."""
    return stops_of(seed, reference_date(now))


@lru_cache(maxsize=8)
def stops_of(seed: int, reference: date) -> tuple[Row, ...]:
    return tuple(describe_stop(seed, number, reference) for number in range(1, STOPS + 1))


def describe_stop(seed: int, number: int, reference: date) -> Row:
    district = DISTRICTS[number % len(DISTRICTS)]
    longitude, latitude = point_in(district, seed, "stop", number)
    place, bearing = pick(PLACES, draw(seed, "stop place", number)), pick(BEARINGS, draw(seed, "stop bearing", number))
    installed = 2006 + int(18 * draw(seed, "stop year", number)), 1 + int(12 * draw(seed, "stop month", number))
    return {
        "NODE_ID": f"0449{number:05d}",
        "STOPS_NO": f"{district.number:02d}{number:04d}",
        "STOPS_NM": f"{district.name.removesuffix('동')}{place}{bearing}",
        "XCRD": round(longitude, 8),
        "YCRD": round(latitude, 8),
        "STOPS_TYPE": pick(KINDS, draw(seed, "stop kind", number)),
        "ADMDONG_NM": district.name,
        "SHELTER_YN": "Y" if draw(seed, "stop shelter", number) < 0.6 else "N",
        "BIT_YN": "Y" if draw(seed, "stop display", number) < 0.4 else "N",
        "INSTL_YMD": f"{installed[0]}{installed[1]:02d}15" if draw(seed, "stop dated", number) < 0.9 else "",
        "DATA_YMD": f"{reference:%Y%m%d}",
    }
