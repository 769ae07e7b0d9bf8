"""The city 한빛시 itself: its districts, streets and places, and the dice that everything else is drawn with.

Nothing here is random: ``draw`` gives the same share for the same seed and words, on every machine, for ever. The
city lies on a rectangle of real ground in Chungcheongnam-do (longitude 126.9 to 127.1, latitude 36.5 to 36.7); its
names, roads and agencies are invented. Its rows are in ``parking.py``, ``air.py``, ``bus.py`` and ``cctv.py``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from hashlib import blake2b
from typing import TypeVar

KST = timezone(timedelta(hours=9), "KST")
DEFAULT_SEED = 44
PROVINCE = "충청남도"
CITY = "한빛시"
AGENCY_CODE = "0449000"
AGENCY_NAME = f"{PROVINCE} {CITY}"
WEST, SOUTH, EAST, NORTH = 126.9, 36.5, 127.1, 36.7

ROADS = (
    "은하로", "별빛로", "햇살길", "달빛로", "가람로", "나루길", "다솜로", "라온길", "마루로", "미리내길", "바람길",
    "새벽로", "시나브로길", "아라로", "온새미로", "한울대로",
)  # fmt: skip
PLACES = (
    "시청", "중앙시장", "시립도서관", "문화회관", "종합운동장", "보건소", "버스터미널", "호수공원", "중앙병원",
    "빛고개", "초등학교", "중학교", "고등학교", "우체국", "경찰서", "소방서", "행정복지센터", "복지관", "농협", "사거리",
    "삼거리", "아파트", "주공아파트", "산업단지", "체육공원", "수목원", "박물관", "기차역", "다리앞", "약수터",
)  # fmt: skip

Row = Mapping[str, str | float | None]
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class District:
    """A 동 of the city: a rectangle with its south-west corner here."""

    number: int
    name: str
    longitude: float
    latitude: float


COLUMNS_OF_DISTRICTS, ROWS_OF_DISTRICTS = 4, 3
DISTRICT_WIDTH = (EAST - WEST) / COLUMNS_OF_DISTRICTS
DISTRICT_HEIGHT = (NORTH - SOUTH) / ROWS_OF_DISTRICTS
DISTRICT_NAMES = (
    "가온동", "나래동", "다솜동", "라온동", "마루동", "미리내동", "새빛동", "아라동", "온누리동", "한울동", "해오름동",
    "은가람동",
)  # fmt: skip
DISTRICTS = tuple(
    District(
        number=number,
        name=name,
        longitude=WEST + DISTRICT_WIDTH * ((number - 1) % COLUMNS_OF_DISTRICTS),
        latitude=SOUTH + DISTRICT_HEIGHT * ((number - 1) // COLUMNS_OF_DISTRICTS),
    )
    for number, name in enumerate(DISTRICT_NAMES, start=1)
)


def draw(seed: int, *words: object) -> float:
    """Draw a share in [0, 1): always the same one for the same seed and words."""
    digest = blake2b("|".join(map(str, (seed, *words))).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(options: Sequence[Choice], share: float) -> Choice:
    """Pick the option at ``share`` of the list; an option listed twice comes twice as often."""
    return options[int(share * len(options))]


def wave(seed: int, name: str, moment: datetime, *, hours: float) -> float:
    """Return a share in [0, 1) that wanders smoothly and takes about ``hours`` from one turn to the next."""
    position = moment.timestamp() / (hours * 3600)
    knot, rest = math.floor(position), position - math.floor(position)
    blend = (1 - math.cos(math.pi * rest)) / 2
    return draw(seed, name, knot) * (1 - blend) + draw(seed, name, knot + 1) * blend


def point_in(district: District, seed: int, *words: object) -> tuple[float, float]:
    """Return a (longitude, latitude) inside ``district``, in degrees of WGS 84."""
    return (
        district.longitude + DISTRICT_WIDTH * draw(seed, "longitude", *words),
        district.latitude + DISTRICT_HEIGHT * draw(seed, "latitude", *words),
    )


def road_address(district: District, seed: int, *words: object) -> str:
    road = pick(ROADS, draw(seed, "road", *words))
    return f"{AGENCY_NAME} {road} {1 + int(280 * draw(seed, 'house', *words))} ({district.name})"


def lot_address(district: District, seed: int, *words: object) -> str:
    plot, part = 1 + int(900 * draw(seed, "plot", *words)), int(20 * draw(seed, "part", *words))
    return f"{AGENCY_NAME} {district.name} {plot}" + (f"-{part}" if part else "")


def reference_date(now: datetime) -> date:
    """Return the day the city's reference files speak of: the first of the month, Korean time."""
    return now.astimezone(KST).date().replace(day=1)
