"""A dataset with a column of every type, its rows as a platform gives them, and as a reader should see them.

The expected rows are written by hand, not read through the hub.
"""

from typing import Any

from builders import make_dataset, publish_rows

from catalog.models import Dataset
from catalog.records import Column, Geometry, Schema
from catalog.text import Text

SCHEMA = Schema(
    columns=(
        Column("station_id", title=Text(ko="측정소 번호", en="Station number"), required=True),
        Column("district", title=Text(ko="자치구", en="District")),
        Column("pm10", "integer", title=Text(ko="미세먼지", en="PM10"), unit="ug/m3"),
        Column("ozone", "number", title=Text(ko="오존", en="Ozone"), unit="ppm"),
        Column("is_open", "boolean", title=Text(ko="개방", en="Open")),
        Column("built_on", "date", title=Text(ko="설치일", en="Built")),
        Column("observed_at", "datetime", title=Text(ko="측정 시각", en="Observed")),
        Column("opens", "time", title=Text(ko="여는 시각", en="Opens")),
        Column("longitude", "number", title=Text(ko="경도", en="Longitude")),
        Column("latitude", "number", title=Text(ko="위도", en="Latitude")),
    ),
    key=("station_id",),
    time="observed_at",
    geometry=Geometry(longitude="longitude", latitude="latitude"),
)
ROWS = [
    {"station_id": "0101", "district": "강남구", "pm10": "34", "ozone": "0.021", "is_open": "Y", "built_on": "20180101",
     "observed_at": "2018-01-01 09:00", "opens": "09:00", "longitude": "127.05", "latitude": "37.51"},
    {"station_id": "0102", "district": "종로구", "pm10": "81", "ozone": "0.004", "is_open": "N", "built_on": "2018-02-01",
     "observed_at": "2018-01-02 00:00", "opens": "08:30", "longitude": "126.98", "latitude": "37.57"},
    {"station_id": "0103", "district": "강남구", "pm10": "", "ozone": "", "is_open": "", "built_on": "",
     "observed_at": "", "opens": "", "longitude": "", "latitude": ""},
    {"station_id": "0104", "district": "중구, \"을지로\"\n3가", "pm10": "120", "ozone": "0.1", "is_open": "Y", "built_on": "2019.03.05",
     "observed_at": "2018-01-03 23:59:59", "opens": "24:00", "longitude": "126.99", "latitude": "37.565"},
    {"station_id": "0105", "district": "a%b_C'; DROP TABLE catalog_dataset; --", "pm10": "-5", "ozone": "1e-3", "is_open": "0",
     "built_on": "2017/12/31", "observed_at": "20180104120000", "opens": "7:05", "longitude": "129.07", "latitude": "35.18"},
]  # fmt: skip
RECORDS: list[dict[str, Any]] = [
    {"station_id": "0101", "district": "강남구", "pm10": 34, "ozone": 0.021, "is_open": True, "built_on": "2018-01-01",
     "observed_at": "2018-01-01T09:00:00+09:00", "opens": "09:00", "longitude": 127.05, "latitude": 37.51},
    {"station_id": "0102", "district": "종로구", "pm10": 81, "ozone": 0.004, "is_open": False, "built_on": "2018-02-01",
     "observed_at": "2018-01-02T00:00:00+09:00", "opens": "08:30", "longitude": 126.98, "latitude": 37.57},
    {"station_id": "0103", "district": "강남구", "pm10": None, "ozone": None, "is_open": None, "built_on": None,
     "observed_at": None, "opens": None, "longitude": None, "latitude": None},
    {"station_id": "0104", "district": "중구, \"을지로\"\n3가", "pm10": 120, "ozone": 0.1, "is_open": True, "built_on": "2019-03-05",
     "observed_at": "2018-01-03T23:59:59+09:00", "opens": "24:00", "longitude": 126.99, "latitude": 37.565},
    {"station_id": "0105", "district": "a%b_C'; DROP TABLE catalog_dataset; --", "pm10": -5, "ozone": 0.001, "is_open": False,
     "built_on": "2017-12-31", "observed_at": "2018-01-04T12:00:00+09:00", "opens": "07:05", "longitude": 129.07,
     "latitude": 35.18},
]  # fmt: skip
IDS = [record["station_id"] for record in RECORDS]


def make_air_stations(slug: str = "air-stations", **description: Any) -> Dataset:
    dataset = make_dataset(slug, schema=SCHEMA, **description)
    publish_rows(dataset, ROWS)
    dataset.refresh_from_db()
    return dataset
