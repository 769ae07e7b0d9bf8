"""The table of services: what each offers, where, in which dialect, and which columns its faults touch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.text import Text
from ingest.sandbox.air import POLLUTANTS, air_quality
from ingest.sandbox.bus import bus_stops
from ingest.sandbox.cctv import cctv_sites
from ingest.sandbox.city import Row
from ingest.sandbox.parking import parking_availability, parking_lots


@dataclass(frozen=True, kw_only=True)
class Service:
    """Rows on offer under a name; the kinds below say in which dialect."""

    name: str
    title: Text
    rows: Callable[[int, datetime], Sequence[Row]]
    number_columns: tuple[str, ...]  # where the fault ``wrong-types`` writes text
    renamed_column: tuple[str, str]  # what the fault ``renamed-column`` renames


@dataclass(frozen=True, kw_only=True)
class DatagokrService(Service):
    """An operation at data.go.kr, and how it words its envelope; no two agencies do it alike."""

    path: str
    ok_code: str = "00"
    ok_message: str = "NORMAL SERVICE."
    has_bare_items: bool = False  # JSON: ``items`` is the list itself, as at AirKorea
    has_text_counts: bool = False  # JSON: "totalCount": "320"


@dataclass(frozen=True, kw_only=True)
class SeoulService(Service):
    """A service at Seoul's open data; further path segments filter by these columns, in order."""

    code: str
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileService(Service):
    """A file: the encoding at each address, and the name a browser is told (``{date}`` is the reference date)."""

    encodings: Mapping[str, str]
    file_name: str


DATAGOKR_SERVICES = (
    DatagokrService(
        name="parking-lots",
        title=Text(ko="주차장 표준데이터 (기준 정보)", en="Car parks (reference list)"),
        rows=parking_lots,
        number_columns=("prkcmprt",),
        renamed_column=("prkcmprt", "prkcmprtCo"),
        path="/datagokr/ParkingService/getParkingLots",
        has_text_counts=True,
    ),
    DatagokrService(
        name="parking-availability",
        title=Text(ko="실시간 주차 가능 대수 (1분마다)", en="Live parking availability (every minute)"),
        rows=parking_availability,
        number_columns=("avblPklotCo", "occpPklotCo"),
        renamed_column=("avblPklotCo", "emptyPklotCo"),
        path="/datagokr/ParkingService/getParkingAvailability",
        ok_code="0",
        ok_message="OK",
    ),
    DatagokrService(
        name="air-quality",
        title=Text(ko="시간별 대기질 측정값 (최근 24시간)", en="Hourly air-quality readings (last 24 hours)"),
        rows=air_quality,
        number_columns=tuple(f"{pollutant.name}Value" for pollutant in POLLUTANTS),
        renamed_column=("pm10Value", "pm10Val"),
        path="/datagokr/AirQualityService/getHourlyReadings",
        ok_message="NORMAL_CODE",
        has_bare_items=True,
    ),
)
SEOUL_SERVICES = (
    SeoulService(
        name="bus-stops",
        title=Text(ko="버스정류장 위치", en="Bus stops"),
        rows=bus_stops,
        number_columns=("XCRD", "YCRD"),
        renamed_column=("STOPS_NM", "STTN_NM"),
        code="busStopInfo",
        filters=("STOPS_TYPE", "ADMDONG_NM"),
    ),
)
FILE_SERVICES = (
    FileService(
        name="cctv",
        title=Text(ko="CCTV 설치 현황 (CSV 파일)", en="CCTV sites (CSV file)"),
        rows=cctv_sites,
        number_columns=("카메라대수", "보관일수"),
        renamed_column=("카메라대수", "카메라 대수(대)"),
        encodings={"/files/cctv.csv": "cp949", "/files/cctv-utf8.csv": "utf-8-sig"},
        file_name="한빛시_CCTV설치현황_{date:%Y%m%d}.csv",
    ),
)
SERVICES: Mapping[str, Service] = {
    service.name: service for service in (*DATAGOKR_SERVICES, *SEOUL_SERVICES, *FILE_SERVICES)
}
