"""The car parks of the city: the reference list, and how full each one is this minute.

The reference list has the 33 columns of the national standard data for car parks (전국주차장정보표준데이터) under the
names of its API, misspellings included (``weekdayOperColseHhmm``, ``satOperOperOpenHhmm``, ``holidayCloseOpenHhmm``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from ingest.sandbox.city import (
    AGENCY_CODE,
    AGENCY_NAME,
    CITY,
    DISTRICTS,
    KST,
    PLACES,
    Row,
    draw,
    lot_address,
    pick,
    point_in,
    reference_date,
    road_address,
    wave,
)

LOTS = 320
KINDS = ("노외", "노외", "노외", "노상", "노상", "부설")
KIND_CODES: Mapping[str, int] = {"노상": 1, "노외": 2, "부설": 3}
CHARGES = ("무료", "무료", "유료", "유료", "유료", "혼합")
SIZES = (8, 12, 20, 24, 35, 48, 60, 85, 120, 180, 260, 410)
ALWAYS, OFFICE, LONG = ("00:00", "24:00"), ("09:00", "18:00"), ("07:00", "22:00")
OPENING = (ALWAYS, ALWAYS, OFFICE, LONG)
CHARGE_NAMES = ("basicCharge", "addUnitTime", "addUnitCharge", "dayCmmtktAdjTime", "dayCmmtkt", "monthCmmtkt", "metpay")
PAYMENTS = ("카드", "카드+현금", "카드, 현금, 모바일", "-")
NOTES = ("-", "-", "-", "장애인 주차구역 있음", "전기차 충전기 2기, 대형차 주차 불가", "명절 연휴 무료 개방")


@dataclass(frozen=True)
class Rhythm:
    """When a car park is busiest: the hour of its peak on working days and on weekends, and how busy then."""

    weekday_hour: float
    weekday_peak: float
    weekend_hour: float
    weekend_peak: float


RHYTHMS = (
    Rhythm(weekday_hour=13, weekday_peak=0.95, weekend_hour=14, weekend_peak=0.35),  # offices
    Rhythm(weekday_hour=17, weekday_peak=0.75, weekend_hour=15, weekend_peak=1.05),  # market and parks
    Rhythm(weekday_hour=2, weekday_peak=0.90, weekend_hour=3, weekend_peak=0.95),  # homes
)


def parking_lots(seed: int, now: datetime) -> tuple[Row, ...]:
    """Return the reference list; it changes with its reference date, once a month."""
    return lots_of(seed, reference_date(now))


@lru_cache(maxsize=8)
def lots_of(seed: int, reference: date) -> tuple[Row, ...]:
    return tuple(describe_lot(seed, number, reference) for number in range(1, LOTS + 1))


def describe_lot(seed: int, number: int, reference: date) -> Row:
    district = pick(DISTRICTS, draw(seed, "lot district", number))
    kind = pick(KINDS, draw(seed, "lot kind", number))
    longitude, latitude = point_in(district, seed, "lot", number)
    has_point = draw(seed, "lot point", number) >= 0.02  # real lists leave some blank
    weekday = pick(OPENING, draw(seed, "lot opening", number))
    weekend = weekday if draw(seed, "lot weekend", number) < 0.8 else ("", "")
    return {
        "prkplceNo": f"044-{KIND_CODES[kind]}-{number:06d}",
        "prkplceNm": f"{district.name} {pick(PLACES, draw(seed, 'lot place', number))} 제{number}{kind}주차장",
        "prkplceSe": pick(("공영", "공영", "공영", "민영"), draw(seed, "lot owner", number)),
        "prkplceType": kind,
        "rdnmadr": road_address(district, seed, "lot", number),
        "lnmadr": lot_address(district, seed, "lot", number),
        "prkcmprt": str(pick(SIZES, draw(seed, "lot size", number))),
        "feedingSe": pick(("1", "2", "3", "4", "기타"), draw(seed, "lot grade", number)),
        "enforceSe": pick(("미시행", "미시행", "미시행", "2부제", "요일제"), draw(seed, "lot enforce", number)),
        "operDay": "평일+토요일+공휴일" if weekend[0] else "평일",
        "weekdayOperOpenHhmm": weekday[0],
        "weekdayOperColseHhmm": weekday[1],
        "satOperOperOpenHhmm": weekend[0],
        "satOperCloseHhmm": weekend[1],
        "holidayOperOpenHhmm": weekend[0],
        "holidayCloseOpenHhmm": weekend[1],
        **describe_charges(seed, number),
        "spcmnt": pick(NOTES, draw(seed, "lot note", number)),
        "institutionNm": f"{CITY} 교통정책과",
        "phoneNumber": f"041-000-{1000 + number}" if draw(seed, "lot phone", number) >= 0.05 else "-",
        "latitude": f"{latitude:.7f}" if has_point else "",
        "longitude": f"{longitude:.7f}" if has_point else "",
        "referenceDate": reference.isoformat(),
        "insttCode": AGENCY_CODE,
        "insttNm": AGENCY_NAME,
    }


def describe_charges(seed: int, number: int) -> Row:
    charge = pick(CHARGES, draw(seed, "lot charge", number))
    if charge == "무료":
        return {"parkingchrgeInfo": charge, "basicTime": "0", **dict.fromkeys(CHARGE_NAMES, "")}
    step = pick((300, 400, 500), draw(seed, "lot step", number))
    day = 10 * step * pick((1, 2, 3), draw(seed, "lot day", number))
    has_month = draw(seed, "lot month", number) < 0.5
    month = f"{10 * day:,}" if has_month else "-"
    payment = pick(PAYMENTS, draw(seed, "lot pay", number))
    values = (str(2 * step), "10", str(step), "", f"{day:,}", month, payment)
    return {"parkingchrgeInfo": charge, "basicTime": "30", **dict(zip(CHARGE_NAMES, values, strict=True))}


def parking_availability(seed: int, now: datetime) -> tuple[Row, ...]:
    """Return how full every lot is at the minute of ``now``; a lot whose line is down says ``-``."""
    return availability_at(seed, now.astimezone(KST).replace(second=0, microsecond=0))


@lru_cache(maxsize=8)
def availability_at(seed: int, minute: datetime) -> tuple[Row, ...]:
    return tuple(
        observe_lot(seed, number, lot, minute) for number, lot in enumerate(parking_lots(seed, minute), start=1)
    )


def observe_lot(seed: int, number: int, lot: Row, minute: datetime) -> Row:
    capacity = int(str(lot["prkcmprt"]))
    is_down = draw(seed, "lot outage", number, minute.strftime("%Y%m%d%H")) < 0.01
    taken = round(capacity * occupied_share(seed, number, minute))
    status = "통신장애" if is_down else "만차" if taken == capacity else "운영중"
    return {
        "rnum": str(number),
        "prkplceNo": lot["prkplceNo"],
        "prkplceNm": lot["prkplceNm"],
        "prkcmprt": lot["prkcmprt"],
        "occpPklotCo": "-" if is_down else str(taken),
        "avblPklotCo": "-" if is_down else str(capacity - taken),
        "sttus": status,
        "observDt": minute.strftime("%Y%m%d%H%M%S"),
    }


def occupied_share(seed: int, number: int, minute: datetime) -> float:
    rhythm = pick(RHYTHMS, draw(seed, "lot rhythm", number))
    is_weekend = minute.weekday() >= 5
    peak_hour = rhythm.weekend_hour if is_weekend else rhythm.weekday_hour
    peak = rhythm.weekend_peak if is_weekend else rhythm.weekday_peak
    swing = (1 + math.cos((minute.hour + minute.minute / 60 - peak_hour) * math.pi / 12)) / 2
    weather = 0.2 * (wave(seed, f"lot {number}", minute, hours=3) - 0.5)
    coming_and_going = 0.06 * (draw(seed, "lot minute", number, minute.isoformat()) - 0.5)
    return min(1.0, max(0.0, 0.1 + (peak - 0.1) * swing + weather + coming_and_going))
