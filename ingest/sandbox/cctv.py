"""The CCTV sites of the city, with the Korean column names of a municipal file; no camera's picture, no person."""

from datetime import date, datetime
from functools import lru_cache

from ingest.sandbox.city import CITY, DISTRICTS, Row, draw, lot_address, pick, point_in, reference_date, road_address

SITES = 1204
PURPOSES = ("생활방범", "생활방범", "생활방범", "어린이보호", "교통단속", "쓰레기단속", "시설물관리", "재난재해")
VIEWS = ("360도 회전", "북쪽, 동쪽", "교차로 전방, 횡단보도", "남쪽", "공원 출입구, 산책로, 놀이터", "")


def cctv_sites(seed: int, now: datetime) -> tuple[Row, ...]:
    """Return every site; site numbers have leading zeros and some cells hold commas."""
    return sites_of(seed, reference_date(now))


@lru_cache(maxsize=8)
def sites_of(seed: int, reference: date) -> tuple[Row, ...]:
    return tuple(describe_site(seed, number, reference) for number in range(1, SITES + 1))


def describe_site(seed: int, number: int, reference: date) -> Row:
    district = pick(DISTRICTS, draw(seed, "site district", number))
    longitude, latitude = point_in(district, seed, "site", number)
    has_road_address = draw(seed, "site road", number) < 0.9
    installed = 2008 + int(16 * draw(seed, "site year", number)), 1 + int(12 * draw(seed, "site month", number))
    return {
        "관리번호": f"{number:06d}",
        "관리기관명": f"{CITY} 통합관제센터",
        "소재지도로명주소": road_address(district, seed, "site", number) if has_road_address else "",
        "소재지지번주소": lot_address(district, seed, "site", number),
        "설치목적구분": pick(PURPOSES, draw(seed, "site purpose", number)),
        "카메라대수": str(1 + int(5 * draw(seed, "site cameras", number))),
        "카메라화소수(만)": pick(("130", "200", "200", "400", "1,200"), draw(seed, "site pixels", number)),
        "촬영방면정보": pick(VIEWS, draw(seed, "site view", number)),
        "보관일수": "30",
        "설치연월": f"{installed[0]}-{installed[1]:02d}",
        "관리기관전화번호": "041-000-0119",
        "위도": f"{latitude:.7f}",
        "경도": f"{longitude:.7f}",
        "데이터기준일자": reference.isoformat(),
    }
