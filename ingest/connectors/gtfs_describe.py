"""What a GTFS table's columns are by the reference (gtfs.org): types, names, units; and which columns tell records apart."""

import time
from collections.abc import Callable, Mapping

from ingest.connectors import file, file_describe
from ingest.connectors.delimited import Layout, hand_over_delimited
from ingest.connectors.described import Checked, Described, DescribedColumn
from ingest.connectors.gtfs import Config, fetch_table
from ingest.errors import Text
from ingest.http import Session

KEYS: Mapping[str, tuple[str, ...]] = {
    "agency": ("agency_id",),
    "stops": ("stop_id",),
    "routes": ("route_id",),
    "trips": ("trip_id",),
    "stop_times": ("trip_id", "stop_sequence"),
    "calendar": ("service_id",),
    "calendar_dates": ("service_id", "date"),
    "fare_attributes": ("fare_id",),
    "shapes": ("shape_id", "shape_pt_sequence"),
    "frequencies": ("trip_id", "start_time"),
    "pathways": ("pathway_id",),
    "levels": ("level_id",),
}
# Times of day go beyond 24:00 in a timetable, so that they stay text.
COLUMNS: Mapping[str, tuple[str, str, Text]] = {
    "stop_name": ("string", "", Text(ko="정류장 이름", en="Name of the stop")),
    "stop_desc": ("string", "", Text(ko="정류장 설명", en="Description of the stop")),
    "stop_lat": ("number", "deg", Text(ko="위도", en="Latitude")),
    "stop_lon": ("number", "deg", Text(ko="경도", en="Longitude")),
    "location_type": (
        "integer",
        "",
        Text(ko="지점 유형(0 정류장, 1 역, 2 출입구)", en="Kind of place (0 stop, 1 station)"),
    ),
    "parent_station": ("string", "", Text(ko="상위 역", en="Station that it belongs to")),
    "wheelchair_boarding": ("integer", "", Text(ko="휠체어 승차(0 모름, 1 가능, 2 불가)", en="Wheelchair boarding")),
    "agency_name": ("string", "", Text(ko="운영 기관", en="Agency")),
    "agency_url": ("string", "", Text(ko="운영 기관 주소", en="Address of the agency")),
    "agency_timezone": ("string", "", Text(ko="시간대", en="Time zone")),
    "route_short_name": ("string", "", Text(ko="노선 번호", en="Short name of the route")),
    "route_long_name": ("string", "", Text(ko="노선 이름", en="Long name of the route")),
    "route_type": ("integer", "", Text(ko="교통수단(0 노면전차, 1 지하철, 2 철도, 3 버스)", en="Means of transport")),
    "route_color": ("string", "", Text(ko="노선 색(16진수)", en="Colour of the route")),
    "trip_headsign": ("string", "", Text(ko="행선지", en="Destination shown")),
    "direction_id": ("integer", "", Text(ko="방향(0, 1)", en="Direction (0, 1)")),
    "arrival_time": ("string", "", Text(ko="도착 시각(24시 초과 가능)", en="Arrival (may exceed 24:00)")),
    "departure_time": ("string", "", Text(ko="출발 시각(24시 초과 가능)", en="Departure (may exceed 24:00)")),
    "stop_sequence": ("integer", "", Text(ko="정차 순서", en="Order of the stop")),
    "pickup_type": ("integer", "", Text(ko="승차 방식", en="Pickup")),
    "drop_off_type": ("integer", "", Text(ko="하차 방식", en="Drop-off")),
    "shape_dist_traveled": ("number", "", Text(ko="출발점부터의 거리", en="Distance travelled")),
    "monday": ("integer", "", Text(ko="월요일 운행", en="Monday")),
    "tuesday": ("integer", "", Text(ko="화요일 운행", en="Tuesday")),
    "wednesday": ("integer", "", Text(ko="수요일 운행", en="Wednesday")),
    "thursday": ("integer", "", Text(ko="목요일 운행", en="Thursday")),
    "friday": ("integer", "", Text(ko="금요일 운행", en="Friday")),
    "saturday": ("integer", "", Text(ko="토요일 운행", en="Saturday")),
    "sunday": ("integer", "", Text(ko="일요일 운행", en="Sunday")),
    "start_date": ("date", "", Text(ko="시작일", en="First day")),
    "end_date": ("date", "", Text(ko="종료일", en="Last day")),
    "date": ("date", "", Text(ko="날짜", en="Day")),
    "exception_type": ("integer", "", Text(ko="예외(1 추가, 2 제외)", en="Exception (1 added, 2 removed)")),
    "price": ("number", "", Text(ko="요금", en="Price")),
    "amount": ("number", "", Text(ko="요금", en="Amount")),
    "currency_type": ("string", "", Text(ko="통화", en="Currency")),
    "payment_method": ("integer", "", Text(ko="지불 시점(0 승차 후, 1 승차 전)", en="Payment")),
    "shape_pt_lat": ("number", "deg", Text(ko="위도", en="Latitude")),
    "shape_pt_lon": ("number", "deg", Text(ko="경도", en="Longitude")),
    "shape_pt_sequence": ("integer", "", Text(ko="점의 순서", en="Order of the point")),
    "start_time": ("string", "", Text(ko="시작 시각", en="Start")),
    "end_time": ("string", "", Text(ko="종료 시각", en="End")),
    "headway_secs": ("integer", "s", Text(ko="배차 간격", en="Headway")),
    "min_transfer_time": ("integer", "s", Text(ko="최소 환승 시간", en="Least time to change")),
    "transfer_type": ("integer", "", Text(ko="환승 유형", en="Kind of transfer")),
    "level_index": ("number", "", Text(ko="층", en="Level")),
    "geometry": ("geometry", "", Text(ko="위치", en="Place")),
}


def check(config: Config, http: Session, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Prove that the feed is there."""
    return file_describe.check(file.Config(path=config.path), http, clock)


def describe(config: Config, http: Session) -> Described:
    """Describe the table; identifiers (``…_id``) are text by the reference."""
    names = list(hand_over_delimited(fetch_table(config, http), Layout(), delimiter=",").names)
    if config.table == "shapes" and config.lines:
        columns = (DescribedColumn("shape_id", "string"), DescribedColumn("geometry", "geometry"))
        return Described(columns=columns, key=("shape_id",), crs="EPSG:4326", format="GTFS")
    has_point = config.table == "stops" and config.points
    columns = tuple(map(describe_column, [*names, *(["geometry"] if has_point else [])]))
    key = KEYS.get(config.table, ())
    return Described(columns=columns, key=key if set(key) <= set(names) else (), crs="EPSG:4326", format="GTFS")


def describe_column(name: str) -> DescribedColumn:
    kind, unit, title = COLUMNS.get(name, ("string" if name.endswith("_id") else "", "", Text()))
    return DescribedColumn(name, kind, title, unit=unit)
