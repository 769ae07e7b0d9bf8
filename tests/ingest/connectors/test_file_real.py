"""The real municipal files, where they are at hand, compared with readings by the standard library alone."""

import csv
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile

import pytest

from ingest.connectors.file import Config, read
from ingest.errors import UnreadableAnswer


def by_standard_library(path, encoding, header_rows=1):
    """Yield header rows and rows as plain lists: blank rows left out, empty cells at the right edge cut to the header."""
    with path.open(encoding=encoding, newline="") as file:
        table = csv.reader(file)
        header = [next(table) for _ in range(header_rows)]
        width = max(position for row in header for position, cell in enumerate(row, 1) if cell.strip())
        yield from header
        yield from (row[:width] for row in table if any(row))


REAL_CSV = [
    ("subway_card_2018_concat.csv", "cp949", 212_749),
    ("subway_card_201911.csv", "cp949", 17_741),
    ("subway_card_202005.csv", "cp949", 18_327),
    ("seoul_air_daily_2018.csv", "cp949", 14_637),
    ("seoul_air_daily_2022.csv", "cp949", 18_250),
    ("parking_std_2021.csv", "cp949", 14_851),
    ("parking_std_2023.csv", "cp949", 14_651),
    ("traffic_camera_std.csv", "cp949", 12_295),
    ("osan_cctv.csv", "utf-8", 567),
    ("osan_bus_stops.csv", "utf-8", 412),
    ("osan_road_congestion_lv6.csv", "utf-8-sig", 3_032),
    ("wifi_std.csv", "cp949", 14_828),
    ("wifi_std_excel_mangled.csv", "cp949", 14_828),
    ("jeju_heat_shelter_20150931.csv", "cp949", 40),
]


@pytest.mark.parametrize(("name", "encoding", "count"), REAL_CSV, ids=[row[0] for row in REAL_CSV])
def test_a_real_csv_is_read_to_the_last_cell(open_session, real_files, name, encoding, count):
    expected = by_standard_library(real_files / name, encoding)
    header = next(expected)
    session = open_session(file_roots=[real_files], limits={"size": 2**26})
    rows = 0
    for row, cells in zip(read(Config(path=name), session), expected, strict=True):
        assert list(row.values()) == cells
        rows += 1
    assert rows == count
    assert list(row) == [cell.strip() for cell in header if cell.strip()]


def test_the_five_header_rows_of_the_bike_stations_give_sensible_names(open_session, real_files):
    name = "bike_stations_2022_06.csv"
    expected = list(by_standard_library(real_files / name, "cp949", header_rows=5))[5:]
    rows = list(read(Config(path=name, header_rows=5), open_session(file_roots=[real_files])))
    assert list(rows[0]) == [
        "대여소번호",
        "보관소(대여소)명",
        "소재지(위치) 자치구",
        "상세주소",
        "위도",
        "경도",
        "설치시기",
        "설치형태 LCD 거치대수",
        "QR 거치대수",
        "운영방식",
    ]
    assert len(rows) == 2653
    assert [list(row.values()) for row in rows] == expected
    assert rows[0]["대여소번호"] == "00102"


def test_the_real_workbook_keeps_codes_and_dates(open_session, real_files):
    name = "kik_admin_dong_20230501.xlsx"
    rows = list(read(Config(path=name), open_session(file_roots=[real_files])))
    assert len(rows) == 8509
    assert [list(row.values()) for row in rows] == by_zip_and_xml(real_files / name)[1:]
    assert rows[0] == {
        "행정동코드": "1100000000",
        "시도명": "서울특별시",
        "시군구명": "",
        "읍면동명": "",
        "생성일자": "19880423",
        "말소일자": "",
    }


def by_zip_and_xml(path):
    """Read the first sheet of a workbook with nothing but zipfile and ElementTree."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as container:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{space}t"))
            for item in ElementTree.fromstring(container.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(container.read("xl/worksheets/sheet1.xml"))
    table = []
    for row in sheet.iter(f"{space}row"):
        cells = [""] * 6
        for cell in row.iter(f"{space}c"):
            value = cell.findtext(f"{space}v", "")
            cells[ord(cell.get("r")[0]) - ord("A")] = shared[int(value)] if cell.get("t") == "s" else value
        table.append(cells)
    return table


@pytest.mark.parametrize(
    ("name", "records", "count"),
    [
        ("changwon_bus_stations.json", "ServiceResult.MsgBody.StationList.row", 3172),
        ("changwon_bus_positions.json", "ServiceResult.MsgBody.BusPositionList.row", 6),
        ("changwon_bus_arrivals.json", "ServiceResult.MsgBody.ArriveInfoList.row", 2),
        ("seoul_openapi_toilet_sample.json", "SearchPublicToiletPOIService.row", 1),
        ("ngsild_keti_offstreetparking.json", None, 1),
    ],
)
def test_a_real_json_document_is_read(open_session, real_files, name, records, count):
    expected = json.loads((real_files / name).read_text("utf-8-sig"))
    for key in (records or "").split(".") if records else ():
        expected = expected[key]
    expected = expected if isinstance(expected, list) else [expected]
    config = Config(path=name, records=records) if records else Config(path=name)
    assert list(read(config, open_session(file_roots=[real_files], limits={"size": 2**24}))) == expected
    assert len(expected) == count


@pytest.mark.parametrize(
    ("name", "count"), [("seoul_gu_2015_juso.geojson", 25), ("skorea_municipalities_2013_simple.geojson", 251)]
)
def test_real_districts_are_read(open_session, real_files, name, count):
    features = json.loads((real_files / name).read_text("utf-8"))["features"]
    rows = list(read(Config(path=name), open_session(file_roots=[real_files])))
    assert len(rows) == count
    assert rows == [{**feature["properties"], "geometry": feature["geometry"]} for feature in features]


def test_the_real_heat_shelters_are_the_same_in_csv_and_xml(open_session, real_files):
    session = open_session(file_roots=[real_files])
    as_csv, as_xml = (
        list(read(Config(path=f"jeju_heat_shelter_20150931.{extension}", **config), session))
        for extension, config in (("csv", {}), ("xml", {"records": "root.Row"}))
    )
    assert as_csv == as_xml
    assert unicodedata.is_normalized("NFC", as_csv[0]["위치"])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"path": "library_std_2017_invalid.json"}, r"1행 583열.*" "2,4주 월요일.*CSV"),
        (
            {"path": "library_std_2017_invalid.xml", "records": "dataGrid.records.record"},
            r"4행 331열.*자료수\(연속간행물\).*CSV",
        ),
    ],
)
def test_the_portals_own_unparseable_downloads_are_refused_with_a_helpful_sentence(
    open_session, real_files, config, words
):
    session = open_session(file_roots=[real_files], limits={"size": 2**24})
    with pytest.raises(UnreadableAnswer) as raised:
        list(read(Config(**config), session))
    assert re.search(words, raised.value.text.ko)
    assert "No program can read it" in raised.value.text.en
