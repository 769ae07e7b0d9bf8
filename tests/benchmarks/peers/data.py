"""The tables that everyone is asked about: air readings of sensors, and facilities with Korean names and addresses.

Both are made by arithmetic on the row's number, so that the same sizes give the same rows on every machine: readings of
41.7 days at one every 12 minutes and sensor, in order of time, with naive Korean local time in the Parquet files and the
offset written out in the CSV files. ``more`` holds as many rows as a tenth of the readings, all later than these;
``changed`` a hundredth of them with other values, and ``again`` the same with others still.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

START = dt.datetime(2026, 10, 1)
STEP_MINUTES = 12
READINGS = 5_000  # of each sensor: 41.7 days, whatever the size, so that there are 30 days to ask about
OBS_COLUMNS = ("sensor_id", "district", "observed_at", "pm10", "pm25", "temperature", "humidity")
FAC_COLUMNS = ("facility_id", "kind", "name", "address", "district", "longitude", "latitude", "spaces")
WEST, SOUTH, WIDTH, HEIGHT = 126.8, 37.42, 0.4, 0.28
DISTRICTS = (
    "강남구", "강동구", "강북구", "강서구", "관악구", "광진구", "구로구", "금천구", "노원구", "도봉구", "동대문구", "동작구", "마포구",
    "서대문구", "서초구", "성동구", "성북구", "송파구", "양천구", "영등포구", "용산구", "은평구", "종로구", "중구", "중랑구",
)  # fmt: skip
NEIGHBOURHOODS = (
    "역삼", "개포", "청담", "삼성", "대치", "논현", "신사", "세곡", "자곡", "율현", "일원", "수서", "도곡", "서초", "잠원", "반포", "방배",
    "양재", "우면", "내곡", "잠실", "신천", "풍납", "송파", "석촌", "삼전", "가락", "문정", "장지", "방이", "오금", "거여", "마천", "성내",
    "천호", "암사", "명일", "고덕", "상일", "둔촌", "강일", "망원", "합정", "서교", "연남", "성산", "상암", "공덕", "아현", "도화", "염리",
    "대흥", "신수", "창전", "상수", "화곡", "발산", "가양", "등촌", "염창", "신정", "신월", "당산", "문래", "대림", "신길", "상도", "흑석",
    "사당", "봉천", "신림", "시흥", "독산", "가산",
)  # fmt: skip
KINDS = (("주차장", "공영주차장"), ("CCTV", "방범 CCTV"), ("주차장", "노외주차장"), ("CCTV", "교통 CCTV"))
TABLES = ("obs", "fac", "more", "changed", "again")
MOST_NUMBERS = 900  # a facility is called "역삼동 제1 공영주차장" to "역삼동 제900 공영주차장"


@dataclass(frozen=True)
class Data:
    """The files of one size in a folder; ``rows`` is rounded to whole readings of all sensors.

    Larger tables have more sensors over the same days; with ``same_sensors`` they have these over more days.
    """

    folder: Path
    asked_rows: int
    facilities: int
    same_sensors: int = 0

    @property
    def sensors(self) -> int:
        return self.same_sensors or max(25, self.asked_rows // READINGS)

    @property
    def readings(self) -> int:
        return max(20, self.asked_rows // self.sensors)

    @property
    def rows(self) -> int:
        return self.sensors * self.readings

    @property
    def end(self) -> dt.datetime:
        return START + dt.timedelta(minutes=STEP_MINUTES * self.readings)

    @property
    def more_rows(self) -> int:
        return self.sensors * max(1, self.readings // 10)

    @property
    def exported_until(self) -> dt.datetime:
        """The end of the first tenth of the readings: 1,000,000 rows of 10,000,000."""
        return START + dt.timedelta(minutes=STEP_MINUTES * max(1, self.readings // 10))

    def path(self, table: str, suffix: str) -> Path:
        return self.folder / f"{table}.{suffix}"


def write_data(data: Data, wanted: Sequence[str] = TABLES) -> None:
    """Write the wanted tables as Parquet and CSV, unless they lie there already."""
    data.folder.mkdir(parents=True, exist_ok=True)
    note, size = data.folder / "size.json", [data.rows, data.facilities, *wanted]
    if note.is_file() and json.loads(note.read_text()) == size:
        return
    connection = duckdb.connect()
    later = data.rows + data.more_rows
    tables = {
        "obs": (readings(data, f"range({data.rows})"), OBS_COLUMNS),
        "more": (readings(data, f"range({data.rows}, {later})"), OBS_COLUMNS),
        "changed": (readings(data, f"range(0, {data.rows}, 100)", change=1000), OBS_COLUMNS),
        "again": (readings(data, f"range(0, {data.rows}, 100)", change=2000), OBS_COLUMNS),
        "fac": (facilities(data), FAC_COLUMNS),
    }
    for name in wanted:
        statement, columns = tables[name]
        parquet, csv = data.path(name, "parquet"), data.path(name, "csv")
        connection.execute(f"COPY ({statement}) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)")
        written = ", ".join(csv_value(column) for column in columns)
        connection.execute(f"COPY (SELECT {written} FROM read_parquet('{parquet}')) TO '{csv}' (HEADER)")
    connection.close()
    note.write_text(json.dumps(size))


def readings(data: Data, numbers: str, change: int = 0) -> str:
    """Return the statement of the readings with these numbers."""
    return f"""
        WITH numbered AS (
            SELECT range AS n, range // {data.sensors} AS reading, range % {data.sensors} AS sensor,
                   range * 2654435761 % 4294967296 AS chance
            FROM {numbers}
        )
        SELECT format('S{{:04d}}', sensor) AS sensor_id, {texts(DISTRICTS)}[sensor % {len(DISTRICTS)} + 1] AS district,
               TIMESTAMP '{START}' + to_minutes(CAST(reading * {STEP_MINUTES} + sensor % {STEP_MINUTES} AS BIGINT))
                   AS observed_at,
               CAST(5 + (chance >> 16) % 146 + {change} AS INTEGER) AS pm10,
               CASE WHEN n % 997 <> 0 THEN CAST(3 + (chance >> 8) % 80 AS INTEGER) END AS pm25,
               round((chance >> 4) % 400 / 10 - 10, 1) AS temperature, round((chance >> 12) % 1000 / 10, 1) AS humidity
        FROM numbered ORDER BY observed_at, sensor_id"""


def facilities(data: Data) -> str:
    neighbourhood = f"{texts(NEIGHBOURHOODS)}[chance % {len(NEIGHBOURHOODS)} + 1]"
    return f"""
        WITH numbered AS (
            SELECT range AS n, range * 2654435761 % 4294967296 AS chance, range * 40503 % 4294967291 AS other
            FROM range({data.facilities})
        ), placed AS (
            SELECT *, {neighbourhood} AS dong, {texts(DISTRICTS)}[(chance >> 7) % {len(DISTRICTS)} + 1] AS gu FROM numbered
        )
        SELECT format('F{{:07d}}', n) AS facility_id, {texts([kind for kind, _ in KINDS])}[n % {len(KINDS)} + 1] AS kind,
               format('{{}}동 제{{}} {{}}', dong, (chance >> 5) % {MOST_NUMBERS} + 1,
                      {texts([name for _, name in KINDS])}[n % {len(KINDS)} + 1]) AS name,
               format('서울특별시 {{}} {{}}동 {{}}-{{}}', gu, dong, n % 997 + 1, n % 89 + 1) AS address, gu AS district,
               round({WEST} + chance % 100003 / 100003 * {WIDTH}, 6) AS longitude,
               round({SOUTH} + other % 99991 / 99991 * {HEIGHT}, 6) AS latitude,
               CAST(1 + (chance >> 11) % 400 AS INTEGER) AS spaces
        FROM placed ORDER BY n"""


def texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def csv_value(column: str) -> str:
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%S+09:00') AS {column}" if column == "observed_at" else column
