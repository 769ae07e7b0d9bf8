"""Where a source's records may lie: what its expectations say, as a shape; municipalities have those of the hub's boundaries."""

import shapely

from catalog.districts import known_districts
from catalog.records import KOREA, Area, Outline
from catalog.text import Text
from ingest.errors import BadSetup

MARGIN = 0.01  # degrees, about a kilometre: outlines are simplified, and piers and bridges reach beyond them
NO_BOUNDARIES = Text(
    ko="이 허브에는 시군구 경계 데이터셋이 정해져 있지 않아(HUB_BOUNDARIES) 행정구역 코드를 쓸 수 없습니다",
    en="no dataset of boundaries is set in this hub (HUB_BOUNDARIES), so that codes of regions mean nothing",
)
UNKNOWN = Text(
    ko="경계 데이터셋에 '{region}' 코드의 지역이 없습니다", en="the boundaries hold no region with the code '{region}'"
)


def area_of(within: str | Area) -> Area | Outline | None:
    """Return the area that ``within`` names, None for anywhere on Earth."""
    if isinstance(within, Area):
        return within
    if within == "anywhere":
        return None
    return KOREA if within == "korea" else outline_of(within)


def outline_of(region: str) -> Outline:
    districts = known_districts()
    if districts is None:
        raise BadSetup(where="expectations.within", problem=NO_BOUNDARIES)
    shapes = districts.shapes_of(region)
    if not shapes:
        raise BadSetup(where="expectations.within", problem=UNKNOWN.format(region=region))
    return Outline(shapely.union_all(shapes).buffer(MARGIN))
