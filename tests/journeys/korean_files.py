"""The real municipal files, read independently of the hub: by csv, json and lxml alone, column by column.

One table a dataset tells which heading a column of ours must come from and how its cells read; nothing here looks into
the hub file. ``TRUTH`` gives what must be published and what must be refused, row by row.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

DATA = Path(__file__).parents[3] / "shared" / "data" / "korea"
EMPTY = ("", "-", "null")
Record = dict[str, Any]
Cell = Callable[[Any], Any]


@dataclass(frozen=True)
class Truth:
    """What a dataset must hold: ``records`` in order, ``refused`` by the row's number in the file, ``raw`` rows."""

    records: list[Record]
    refused: Mapping[int, str]
    raw: Sequence[Mapping[str, Any]]

    @property
    def rows(self) -> int:
        return len(self.raw)


def text(cell: str | None) -> str | None:
    plain = unicodedata.normalize("NFC", cell or "").strip()
    return None if plain in EMPTY else plain


def whole(cell: str | None) -> int | None:
    plain = text(cell)
    if plain is None:
        return None
    value = Decimal(plain.replace(",", ""))
    assert value == value.to_integral_value(), plain
    return int(value)


def number(cell: Any) -> float | None:
    plain = text(str(cell))
    return None if plain is None else float(plain.replace(",", ""))


def day(cell: str | None) -> str | None:
    plain = text(cell)
    if plain is None:
        return None
    digits = plain.replace("-", "")
    assert len(digits) == 8, plain
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def korean_moment(cell: str) -> str:
    """``2024-09-02 14:54:30`` as it is said in Korea."""
    seconds = "" if cell.count(":") == 2 else ":00"
    return f"{cell.replace(' ', 'T')}{seconds}+09:00"


def one_step(read: Cell) -> Cell:
    """Read a number; '200+400', a fee in two steps, is none."""
    return lambda cell: None if "+" in cell else read(cell)


def as_it_is(cell: Any) -> Any:
    return cell


NATIONAL = {  # the ending that national standard data has in common
    "latitude": ("위도", number),
    "longitude": ("경도", number),
    "reference_date": ("데이터기준일자", day),
    "provider_code": ("제공기관코드", text),
    "provider": ("제공기관명", text),
}
PARKING = {
    "lot_id": ("주차장관리번호", text),
    "name": ("주차장명", text),
    "ownership": ("주차장구분", text),
    "kind": ("주차장유형", text),
    "road_address": ("소재지도로명주소", text),
    "lot_address": ("소재지지번주소", text),
    "spaces": ("주차구획수", whole),
    "charge_zone": ("급지구분", text),
    "alternate_day_rule": ("부제시행구분", text),
    "operating_days": ("운영요일", text),
    "weekday_open": ("평일운영시작시각", text),
    "weekday_close": ("평일운영종료시각", text),
    "saturday_open": ("토요일운영시작시각", text),
    "saturday_close": ("토요일운영종료시각", text),
    "holiday_open": ("공휴일운영시작시각", text),
    "holiday_close": ("공휴일운영종료시각", text),
    "charge": ("요금정보", text),
    "base_minutes": ("주차기본시간", number),
    "base_fee": ("주차기본요금", whole),
    "added_minutes": ("추가단위시간", one_step(number)),
    "added_minutes_text": ("추가단위시간", text),
    "added_fee": ("추가단위요금", one_step(whole)),
    "added_fee_text": ("추가단위요금", text),
    "day_ticket_period": ("1일주차권요금적용시간", number),
    "day_ticket_fee": ("1일주차권요금", whole),
    "month_ticket_fee": ("월정기권요금", whole),
    "payment": ("결제방법", text),
    "note": ("특기사항", text),
    "operator": ("관리기관명", text),
    "phone": ("전화번호", text),
    **NATIONAL,
}
CAMERAS = {
    "camera_id": ("무인교통단속카메라관리번호", text),
    "province": ("시도명", text),
    "municipality": ("시군구명", text),
    "road_kind": ("도로종류", text),
    "road_number": ("도로노선번호", text),
    "road_name": ("도로노선명", text),
    "road_direction": ("도로노선방향", text),
    "road_address": ("소재지도로명주소", text),
    "lot_address": ("소재지지번주소", text),
    "place": ("설치장소", text),
    "enforcement": ("단속구분", text),
    "speed_limit": ("제한속도", whole),
    "section_position": ("단속구간위치구분", text),
    "section_length": ("과속단속구간길이", number),
    "protected_zone": ("보호구역구분", text),
    "installed_year": ("설치년도", whole),
    "operator": ("관리기관명", text),
    "phone": ("관리기관전화번호", text),
    **NATIONAL,
}
WIFI = {
    "place": ("설치장소명", text),
    "place_detail": ("설치장소상세", text),
    "province": ("설치시도명", text),
    "municipality": ("설치시군구명", text),
    "facility_kind": ("설치시설구분", text),
    "carrier": ("서비스제공사명", text),
    "ssid": ("와이파이SSID", text),
    "installed": ("설치년월", text),
    "road_address": ("소재지도로명주소", text),
    "lot_address": ("소재지지번주소", text),
    "operator": ("관리기관명", text),
    "phone": ("관리기관전화번호", text),
    "latitude": ("위도", number),
    "longitude": ("경도", number),
    "reference_date": ("데이터기준일자", day),
}
AIR = {
    "observed_on": ("측정일시", day),
    "station": ("측정소명", text),
    "no2": ("이산화질소농도(ppm)", number),
    "o3": ("오존농도(ppm)", number),
    "co": ("일산화탄소농도(ppm)", number),
    "so2": ("아황산가스농도(ppm)", number),
    "pm10": ("미세먼지농도(㎍/㎥)", number),
    "pm25": ("초미세먼지농도(㎍/㎥)", number),
}
SUBWAY = {
    "date": ("사용일자", day),
    "line": ("노선명", text),
    "station_id": ("역ID", text),
    "station": ("역명", text),
    "boardings": ("승차총승객수", whole),
    "alightings": ("하차총승객수", whole),
    "registered_on": ("등록일자", day),
}
BIKES = {  # by position: the five header rows tell each name in pieces
    "station_id": (0, text),
    "name": (1, text),
    "district": (2, text),
    "address": (3, text),
    "latitude": (4, number),
    "longitude": (5, number),
    "installed_on": (6, day),
    "lcd_racks": (7, whole),
    "qr_racks": (8, whole),
    "operation": (9, text),
}
OSAN_CCTV = {
    "kind": ("CCTV 유형코드", text),
    "road_address": ("설치위치_도로명주소", text),
    "latitude": ("설치위치_위도", number),
    "longitude": ("설치위치_경도", number),
}
OSAN_STOPS = {
    "stop_id": ("정류장 ID", text),
    "name": ("정류장명", text),
    "longitude": ("정류장 위치_경도", number),
    "latitude": ("정류장 위치_위도", number),
}
SHELTERS = {
    "address": ("위치", text),
    "name": ("쉼터명칭", text),
    "kind": ("쉼터유형", text),
    "capacity": ("이용가능인원", whole),
}
CHANGWON = {
    "station_id": ("STATION_ID", text),
    "name": ("STATION_NM", text),
    "sub_name": ("STATION_SUB_NM", text),
    "longitude": ("LOCAL_X", number),
    "latitude": ("LOCAL_Y", number),
    "mobile_number": ("MOBI_NUM", text),
    "government_code": ("GOV_NM", text),
    "updated_at": ("UPD", korean_moment),
}
TOILETS = {
    "toilet_id": ("POI_ID", text),
    "name": ("FNAME", text),
    "kind": ("ANAME", text),
    "remark": ("CNAME", text),
    "given_longitude": ("X_WGS84", number),
    "given_latitude": ("Y_WGS84", number),
    "registered_on": ("INSERTDATE", day),
    "updated_on": ("UPDATEDATE", day),
}
DISTRICTS = {
    "district_code": ("SIG_CD", text),
    "name": ("SIG_KOR_NM", text),
    "name_en": ("SIG_ENG_NM", text),
    "feature_number": ("ESRI_PK", as_it_is),
    "shape_area": ("SHAPE_AREA", number),
    "shape_length": ("SHAPE_LEN", number),
    "geometry": ("geometry", as_it_is),
}
KAC = {
    "airport": ("aprKor", text),
    "airport_en": ("aprEng", text),
    "lot": ("parkingAirportCodeName", text),
    "spaces": ("parkingFullSpace", whole),
    "parked": ("parkingIstay", whole),
    "entered": ("parkingIincnt", whole),
    "exited": ("parkingIoutcnt", whole),
    "observed_on": ("parkingGetdate", day),
    "observed_time": ("parkingGettime", text),
}
INCHEON = {
    "lot": ("floor", text),
    "parked": ("parking", whole),
    "spaces": ("parkingarea", whole),
    "observed_at": ("datetm", korean_moment),
}


def csv_rows(*names: str, encoding: str = "cp949", header_rows: int = 1) -> list[dict[Any, str]]:
    """Rows of CSV files by heading (by position when there are several header rows); blank rows are none."""
    rows: list[dict[Any, str]] = []
    for name in names:
        content = (DATA / name).read_bytes().decode(encoding)
        table = list(csv.reader(io.StringIO(content, newline="")))
        heading: Sequence[Any] = [cell for cell in table[0] if cell] if header_rows == 1 else range(len(table[0]))
        for cells in table[header_rows:]:
            if any(cells):
                assert not any(cells[len(heading) :]), cells
                rows.append(dict(zip(heading, cells, strict=False)))
    return rows


def json_rows(name: str, *path: str) -> list[dict[str, Any]]:
    document = json.loads((DATA / name).read_bytes())
    for key in path:
        document = document[key]
    return document


def xml_rows(name: str, path: str) -> list[dict[str, str]]:
    return [
        {child.tag: child.text or "" for child in item} for item in etree.parse(DATA / name).getroot().iterfind(path)
    ]


def features(name: str) -> list[dict[str, Any]]:
    return [feature["properties"] | {"geometry": feature["geometry"]} for feature in json_rows(name, "features")]


def read_rows(rows: Sequence[Mapping[Any, Any]], columns: Mapping[str, tuple[Any, Cell]]) -> Iterator[Record]:
    return ({name: read(row[heading]) for name, (heading, read) in columns.items()} for row in rows)


def why_refused(record: Record) -> str | None:
    """Say what is wrong with a record's place."""
    latitude, longitude = record.get("latitude"), record.get("longitude")
    if (latitude is None) != (longitude is None):
        return "half-coordinate"
    if latitude is None or in_korea(latitude, longitude):
        return None
    return "swapped-coordinates" if in_korea(longitude, latitude) else "outside-area"


def in_korea(latitude: float, longitude: float) -> bool:
    return 33 <= latitude <= 39 and 124 <= longitude <= 132


def truth(
    rows: Sequence[Mapping[Any, Any]], columns: Mapping[str, tuple[Any, Cell]], *, sorted_by: Sequence[str] = ()
) -> Truth:
    read = list(read_rows(rows, columns))
    refused = {row: why for row, record in enumerate(read, start=1) if (why := why_refused(record))}
    records = [record for row, record in enumerate(read, start=1) if row not in refused]
    records.sort(key=lambda record: [record[name] for name in sorted_by])
    return Truth(records, refused, rows)


TRUTH: Mapping[str, Callable[[], Truth]] = {
    "parking-lots": lambda: truth(csv_rows("parking_std_2023.csv"), PARKING),
    "traffic-cameras": lambda: truth(csv_rows("traffic_camera_std.csv"), CAMERAS),
    "public-wifi": lambda: truth(csv_rows("wifi_std.csv"), WIFI),
    "seoul-air-daily": lambda: truth(
        csv_rows("seoul_air_daily_2018.csv", "seoul_air_daily_2022.csv"), AIR, sorted_by=["observed_on", "station"]
    ),
    "subway-ridership": lambda: truth(
        csv_rows("subway_card_2018_concat.csv"), SUBWAY, sorted_by=["date", "line", "station_id"]
    ),
    "bike-stations": lambda: truth(
        csv_rows("bike_stations_2022_06.csv", header_rows=5), BIKES, sorted_by=["station_id"]
    ),
    "osan-cctv": lambda: truth(csv_rows("osan_cctv.csv", encoding="utf-8"), OSAN_CCTV),
    "osan-bus-stops": lambda: truth(
        csv_rows("osan_bus_stops.csv", encoding="utf-8"), OSAN_STOPS, sorted_by=["stop_id"]
    ),
    "jeju-heat-shelters": lambda: truth(
        csv_rows("jeju_heat_shelter_20150931.csv"), SHELTERS, sorted_by=["address", "name"]
    ),
    "changwon-bus-stations": lambda: truth(
        json_rows("changwon_bus_stations.json", "ServiceResult", "MsgBody", "StationList", "row"),
        CHANGWON,
        sorted_by=["station_id"],
    ),
    "seoul-toilets": lambda: truth(
        json_rows("seoul_openapi_toilet_sample.json", "SearchPublicToiletPOIService", "row"), TOILETS
    ),
    "seoul-districts": lambda: truth(features("seoul_gu_2015_juso.geojson"), DISTRICTS, sorted_by=["district_code"]),
    "airport-parking-kac": lambda: truth(
        xml_rows("datagokr_kac_airport_parking.xml", "body/items/item"), KAC, sorted_by=["airport", "lot"]
    ),
    "airport-parking-incheon": lambda: truth(
        json_rows("datagokr_incheon_airport_parking.json", "response", "body", "items", "item"),
        INCHEON,
        sorted_by=["lot"],
    ),
}


def parking_lots_2021() -> Truth:
    return truth(csv_rows("parking_std_2021.csv"), PARKING)
