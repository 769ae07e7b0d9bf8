"""Made-up twins of the faults that real municipal files have: each is borne or refused, and every value comes out right.

``test_korean_files.py`` proves the same on the real files, which are not ours to ship. All of it is invented: a city
called 새빛시, written into the test's own folder, declared by a hub file, pulled, and asked through the public API.
"""

import csv
import gzip
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from ingest.apply import apply_hub_file
from ingest.hub_file import read_hub_file
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.raw import rejected_path
from ingest.runs import offer_run

pytestmark = pytest.mark.django_db(transaction=True)

HUB = """
[[organisations]]
slug = "saebit"
name = {{ ko = "새빛시", en = "Saebit City" }}
region = "41"

[[datasets]]
slug = "twin"
organisation = "saebit"
title = {{ ko = "지어낸 자료", en = "Made-up data" }}
description = {{ ko = "시험용으로 지어낸 자료입니다.", en = "Made up for a test." }}
theme = "transport"
licence = "cc0-1.0"
access_level = "public"
{dataset}
columns = [
{columns}
]
"""
SOURCE = """
[[sources]]
slug = "{slug}"
dataset = "twin"
connector = "{connector}"
config = {config}
{more}
"""
PLACE = 'geometry = { longitude = "longitude", latitude = "latitude" }'
LATITUDE, LONGITUDE = ("latitude", "number", "위도"), ("longitude", "number", "경도")


@dataclass(frozen=True)
class Twin:
    """A file with a fault: its bytes, how the hub file declares it, and the records and refusals that are right."""

    files: Mapping[str, bytes]
    columns: Sequence[tuple[str, ...]]  # name, type, name in the file, and what else is declared
    config: str
    records: Sequence[Mapping[str, Any]]
    refused: Mapping[int, str] = field(default_factory=dict)
    dataset: str = ""
    source: str = ""
    connector: str = "file"


def lines(*rows: str, newline: str = "\n", encoding: str = "cp949") -> bytes:
    return "".join(row + newline for row in rows).encode(encoding)


SHELTERS = [
    {"name": "가람경로당", "capacity": 36},
    {"name": "나루마을회관", "capacity": 5},
]
STOPS = [("name", "string", "이름"), ("capacity", "integer", "인원")]

TWINS = {
    "cp949": Twin(
        {"a.csv": lines("이름,인원", "가람경로당,36", "나루마을회관,5")}, STOPS, '{ path = "a.csv" }', SHELTERS
    ),
    "utf-8 with a byte order mark and CRLF": Twin(
        {"a.csv": lines("이름,인원", "가람경로당,36", "나루마을회관,5", newline="\r\n", encoding="utf-8-sig")},
        STOPS,
        '{ path = "a.csv" }',
        SHELTERS,
    ),
    "newlines by CR alone": Twin(
        {"a.csv": lines("이름,인원", "가람경로당,36", "나루마을회관,5", newline="\r")},
        STOPS,
        '{ path = "a.csv" }',
        SHELTERS,
    ),
    "a blank line at the end and between": Twin(
        {"a.csv": lines("이름,인원", "가람경로당,36", "", "나루마을회관,5", ",", "")},
        STOPS,
        '{ path = "a.csv" }',
        SHELTERS,
    ),
    "an empty column at the right edge of header and rows": Twin(
        {"a.csv": lines("이름,인원,", "가람경로당,36,", "나루마을회관,5,")}, STOPS, '{ path = "a.csv" }', SHELTERS
    ),
    "rows with one field more in the middle of the year, counts as floats before": Twin(
        {
            "ridership.csv": lines(
                '"사용일자","노선명","역ID","승차"',
                '"20180101","1호선","0150","5893.0",""',
                '"20180102","1호선","0150","1,958.0",""',
                '"20181231","2호선","2616","7986"',
            )
        },
        [
            ("date", "date", "사용일자"),
            ("line", "string", "노선명"),
            ("station_id", "string", "역ID"),
            ("boardings", "integer", "승차"),
        ],
        '{ path = "ridership.csv" }',
        [
            {"date": "2018-01-01", "line": "1호선", "station_id": "0150", "boardings": 5893},
            {"date": "2018-01-02", "line": "1호선", "station_id": "0150", "boardings": 1958},
            {"date": "2018-12-31", "line": "2호선", "station_id": "2616", "boardings": 7986},
        ],
        dataset='key = ["date", "station_id"]\ntime = "date"',
    ),
    "five header rows with merged cells and newlines in quotes": Twin(
        {
            "bikes.csv": lines(
                '"대여소\n번호",대여소명,소재지(위치),,"설치\n시기",설치형태,',
                ",,,,,LCD,QR",
                ",,자치구,상세주소,,,",
                ',,,,,"거치\n대수","거치\n대수"',
                ",,,,,,",
                "00102,가람역 1번출구 앞,동구,가람로 72,2022-05-03,,15",
                '00103,나루시장,서구,"나루동 18-1\n (시장 뒤)",,31 ,',
            )
        },
        [
            ("station_id", "string", "대여소번호"),
            ("name", "string", "대여소명"),
            ("district", "string", "소재지(위치) 자치구"),
            ("address", "string", "상세주소"),
            ("installed_on", "date", "설치시기"),
            ("lcd_racks", "integer", "설치형태 LCD 거치대수"),
            ("qr_racks", "integer", "QR 거치대수"),
        ],
        '{ path = "bikes.csv", header_rows = 5 }',
        [
            {
                "station_id": "00102",
                "name": "가람역 1번출구 앞",
                "district": "동구",
                "address": "가람로 72",
                "installed_on": "2022-05-03",
                "lcd_racks": None,
                "qr_racks": 15,
            },
            {
                "station_id": "00103",
                "name": "나루시장",
                "district": "서구",
                "address": "나루동 18-1\n (시장 뒤)",
                "installed_on": None,
                "lcd_racks": 31,
                "qr_racks": None,
            },
        ],
        dataset='key = ["station_id"]',
    ),
    "swapped, half and far-away coordinates, and none": Twin(
        {
            "cctv.csv": lines(
                "유형,위도,경도",
                " B,37.15,127.07",
                "A,127.07,37.15",
                "A,37.15,",
                "C,37.15,172.05",
                "C,,",
                "C,37.16,1270684941",
                "BC,37.16,127.06",
                "",
                newline="\r\n",
                encoding="utf-8",
            )
        },
        [("kind", "string", "유형"), LATITUDE, LONGITUDE],
        '{ path = "cctv.csv" }',
        [
            {"kind": "B", "latitude": 37.15, "longitude": 127.07},
            {"kind": "C", "latitude": None, "longitude": None},
            {"kind": "BC", "latitude": 37.16, "longitude": 127.06},
        ],
        refused={2: "swapped-coordinates", 3: "half-coordinate", 4: "outside-area", 6: "outside-area"},
        dataset=PLACE,
        source="expectations = { max_rejected_share = 0.9 }",
    ),
    "codes with and without padding, two codes in one, a zero that means none": Twin(
        {"cameras.csv": lines("관리번호,단속구분,제한속도", "029,4,0", "030,04,60", "031,01+02,110")},
        [
            ("camera_id", "string", "관리번호"),
            ("enforcement", "string", "단속구분"),
            ("speed_limit", "integer", "제한속도"),
        ],
        '{ path = "cameras.csv" }',
        [
            {"camera_id": "029", "enforcement": "4", "speed_limit": 0},
            {"camera_id": "030", "enforcement": "04", "speed_limit": 60},
            {"camera_id": "031", "enforcement": "01+02", "speed_limit": 110},
        ],
    ),
    "months written in many ways stay text, dates are dates": Twin(
        {
            "wifi.csv": lines(
                "장소,설치년월,기준일",
                "민원실,2012-05,2016-05-31",
                "의회,Sep-14,20160531",
                "공원,2016년 07월 01일,2016.5.31",
                "역,15-Jan,2015-02-30",
            )
        },
        [("place", "string", "장소"), ("installed", "string", "설치년월"), ("reference_date", "date", "기준일")],
        '{ path = "wifi.csv" }',
        [
            {"place": "민원실", "installed": "2012-05", "reference_date": "2016-05-31"},
            {"place": "의회", "installed": "Sep-14", "reference_date": "2016-05-31"},
            {"place": "공원", "installed": "2016년 07월 01일", "reference_date": "2016-05-31"},
        ],
        refused={4: "not-date"},
    ),
    "a fee in two steps beside the number column": Twin(
        {"fees.csv": lines("이름,추가요금", "동문,200", "서문,200+400", "남문,-", '북문,"1,000"')},
        [
            ("name", "string", "이름"),
            ("added_fee", "integer", "추가요금", 'missing = ["", "-", "200+400"]'),
            ("added_fee_text", "string", "추가요금"),
        ],
        '{ path = "fees.csv" }',
        [
            {"name": "동문", "added_fee": 200, "added_fee_text": "200"},
            {"name": "서문", "added_fee": None, "added_fee_text": "200+400"},
            {"name": "남문", "added_fee": None, "added_fee_text": None},
            {"name": "북문", "added_fee": 1000, "added_fee_text": "1,000"},
        ],
    ),
    "times of day with 24:00 as the end": Twin(
        {"hours.csv": lines("이름,시작,종료", "동문,9:00,24:00", "서문,00:00,23:59", "남문,25:00,26:00")},
        [("name", "string", "이름"), ("opens", "time", "시작"), ("closes", "time", "종료")],
        '{ path = "hours.csv" }',
        [
            {"name": "동문", "opens": "09:00", "closes": "24:00"},
            {"name": "서문", "opens": "00:00", "closes": "23:59"},
        ],
        refused={3: "not-time"},
        source="expectations = { max_rejected_share = 0.5 }",
    ),
    "two years in two files, measurements missing": Twin(
        {
            "2018.csv": lines("측정일시,측정소명,미세먼지농도(㎍/㎥)", "20180101,동구,34", "20180101,서구,"),
            "2022.csv": lines("측정일시,측정소명,미세먼지농도(㎍/㎥)", "20220101,동구,0"),
        },
        [
            ("observed_on", "date", "측정일시"),
            ("station", "string", "측정소명"),
            ("pm10", "number", "미세먼지농도(㎍/㎥)"),
        ],
        '{ path = ["2018.csv", "2022.csv"] }',
        [
            {"observed_on": "2018-01-01", "station": "동구", "pm10": 34},
            {"observed_on": "2018-01-01", "station": "서구", "pm10": None},
            {"observed_on": "2022-01-01", "station": "동구", "pm10": 0},
        ],
        dataset='key = ["observed_on", "station"]',
    ),
    "JSON made from XML: every value text, null as a word, an index": Twin(
        {
            "stations.json": json.dumps(
                {
                    "Result": {
                        "row": [
                            {
                                "@index": "1",
                                "ID": "0379",
                                "SUB": "null",
                                "X": "128.6820879",
                                "Y": "35.2",
                                "UPD": "2024-09-02 14:54:30",
                            },
                            {
                                "@index": "2",
                                "ID": "0380",
                                "SUB": "남문",
                                "X": "128.5",
                                "Y": "35.1",
                                "UPD": "20240902145430",
                            },
                        ]
                    }
                },
                ensure_ascii=False,
            ).encode()
        },
        [
            ("station_id", "string", "ID"),
            ("sub_name", "string", "SUB"),
            ("longitude", "number", "X"),
            ("latitude", "number", "Y"),
            ("updated_at", "datetime", "UPD"),
        ],
        '{ path = "stations.json", records = "Result.row" }',
        [
            {
                "station_id": "0379",
                "sub_name": None,
                "longitude": 128.6820879,
                "latitude": 35.2,
                "updated_at": "2024-09-02T14:54:30+09:00",
            },
            {
                "station_id": "0380",
                "sub_name": "남문",
                "longitude": 128.5,
                "latitude": 35.1,
                "updated_at": "2024-09-02T14:54:30+09:00",
            },
        ],
        dataset=PLACE,
        source='ignore = ["@index"]',
    ),
    "an XML answer of data.go.kr, recorded": Twin(
        {
            "answer.xml": (
                '<?xml version="1.0" encoding="UTF-8"?><response><header><resultCode>00</resultCode></header><body>'
                "<items><item><airport>새빛공항</airport><lot>P1</lot><stay>485</stay></item>"
                "<item><airport>새빛공항</airport><lot>P2</lot><stay/></item></items></body></response>"
            ).encode()
        },
        [("airport", "string", "airport"), ("lot", "string", "lot"), ("parked", "integer", "stay")],
        '{ url = "answer.xml", format = "xml" }',
        [
            {"airport": "새빛공항", "lot": "P1", "parked": 485},
            {"airport": "새빛공항", "lot": "P2", "parked": None},
        ],
        connector="datagokr",
    ),
    "a JSON answer of data.go.kr with one object instead of a list": Twin(
        {
            "answer.json": json.dumps(
                {
                    "response": {
                        "header": {"resultCode": "00"},
                        "body": {"items": {"item": {"floor": "T1", "datetm": "2026-04-25 09:20"}}},
                    }
                }
            ).encode()
        },
        [("lot", "string", "floor"), ("observed_at", "datetime", "datetm")],
        '{ url = "answer.json" }',
        [{"lot": "T1", "observed_at": "2026-04-25T09:20:00+09:00"}],
        connector="datagokr",
    ),
    "polygons": Twin(
        {
            "gu.geojson": json.dumps(
                {
                    "type": "FeatureCollection",
                    "features": [
                        {
                            "type": "Feature",
                            "properties": {"SIG_CD": "11740", "NM": "동구"},
                            "geometry": {
                                "type": "Polygon",
                                "coordinates": [
                                    [
                                        [127.05181987399999, 37.5],
                                        [127.1, 37.5],
                                        [127.1, 37.6],
                                        [127.05181987399999, 37.5],
                                    ]
                                ],
                            },
                        }
                    ],
                }
            ).encode()
        },
        [("code", "string", "SIG_CD"), ("name", "string", "NM"), ("geometry", "geometry", "geometry")],
        '{ path = "gu.geojson" }',
        [
            {
                "code": "11740",
                "name": "동구",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[127.05181987399999, 37.5], [127.1, 37.5], [127.1, 37.6], [127.05181987399999, 37.5]]
                    ],
                },
            }
        ],
        dataset='geometry = { column = "geometry" }',
    ),
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: LazySettings) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    settings.FILE_ROOTS = [folder]
    return folder


def declare(folder: Path, columns: Sequence[tuple[str, ...]], *sources: str, dataset: str = "") -> None:
    """Write a hub file beside the files and apply it."""
    shown = "\n".join(declared(*column) for column in columns)
    path = folder / "hub.toml"
    path.write_text(HUB.format(dataset=dataset, columns=shown) + "".join(sources), encoding="utf-8")
    apply_hub_file(read_hub_file(path))


def declared(name: str, kind: str, source: str, *more: str) -> str:
    parts = [f'name = "{name}"', f'type = "{kind}"', f'source = "{source}"', *more]
    return f'  {{ {", ".join(parts)}, title = {{ ko = "{source}", en = "{name}" }} }},'


def source(config: str, *, slug: str = "twin", connector: str = "file", more: str = "") -> str:
    return SOURCE.format(slug=slug, connector=connector, config=config, more=more)


def pull(slug: str = "twin") -> Run:
    run = offer_run(Source.objects.get(slug=slug))
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def get(client: Client, path: str, **parameters: object) -> dict[str, Any]:
    response = client.get(f"/api/v1/{path}", parameters)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def records(client: Client, **parameters: object) -> list[dict[str, Any]]:
    return get(client, "datasets/twin/records", **parameters)["records"]


def refused(run: Run) -> list[dict[str, Any]]:
    path = rejected_path(run)
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()] if path else []


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_a_file_is_read_as_a_person_would(twin: Twin, files: Path, client: Client) -> None:
    for name, content in twin.files.items():
        (files / name).write_bytes(content)
    made = source(twin.config, connector=twin.connector, more=twin.source)
    declare(files, twin.columns, made, dataset=twin.dataset)
    run = pull()
    assert run.state == Run.State.PUBLISHED, run.error_en
    assert records(client) == twin.records
    assert {entry["row"]: entry["reason"] for entry in refused(run)} == twin.refused
    assert (run.accepted, run.rejected) == (len(twin.records), len(twin.refused))
    assert run.rows == run.accepted + run.rejected
    content = b"".join(client.get("/api/v1/datasets/twin/records.csv").streaming_content).decode()
    assert len(list(csv.DictReader(io.StringIO(content, newline="")))) == len(twin.records)


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_pulling_it_again_changes_nothing(twin: Twin, files: Path, client: Client) -> None:
    for name, content in twin.files.items():
        (files / name).write_bytes(content)
    made = source(twin.config, connector=twin.connector, more=twin.source)
    declare(files, twin.columns, made, dataset=twin.dataset)
    pull()
    before = get(client, "changes"), get(client, "datasets/twin")
    declare(files, twin.columns, made, dataset=twin.dataset)
    assert pull().state == Run.State.UNCHANGED
    assert (get(client, "changes"), get(client, "datasets/twin")) == before


def test_what_was_refused_keeps_the_row_as_it_came(files: Path) -> None:
    twin = TWINS["swapped, half and far-away coordinates, and none"]
    (files / "cctv.csv").write_bytes(twin.files["cctv.csv"])
    declare(files, twin.columns, source(twin.config, more=twin.source), dataset=twin.dataset)
    kept = refused(pull())
    assert kept[0]["record"] == {"유형": "A", "위도": "127.07", "경도": "37.15"}
    assert kept[0]["sentence"]["ko"] == "위도와 경도가 서로 바뀌었습니다: '127.07, 37.15'"


def northing(latitude: float) -> float:
    """Northing of EPSG:5181 on its meridian: the arc of the GRS 80 ellipsoid from 38° N (Snyder 1987, 3-21)."""
    flattening = 1 / 298.257222101
    e2 = flattening * (2 - flattening)

    def arc(phi: float) -> float:
        return 6_378_137 * (
            (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256) * phi
            - (3 * e2 / 8 + 3 * e2**2 / 32 + 45 * e2**3 / 1024) * math.sin(2 * phi)
            + (15 * e2**2 / 256 + 45 * e2**3 / 1024) * math.sin(4 * phi)
            - (35 * e2**3 / 3072) * math.sin(6 * phi)
        )

    return 500_000 + arc(math.radians(latitude)) - arc(math.radians(38))


def test_projected_coordinates_become_degrees_to_the_millimetre(files: Path, client: Client) -> None:
    rows = [("0", 200_000, northing(38)), ("1", 200_000, northing(37.5)), ("2", 200_000, northing(33.25))]
    (files / "toilets.json").write_text(json.dumps({"row": [{"ID": i, "X": x, "Y": y} for i, x, y in rows]}))
    columns = [("toilet_id", "string", "ID"), ("longitude", "number", "X"), ("latitude", "number", "Y")]
    place = 'geometry = { longitude = "longitude", latitude = "latitude", crs = "EPSG:5181" }'
    declare(files, columns, source('{ path = "toilets.json", records = "row" }'), dataset=place)
    pull()
    found = records(client)
    assert [record["longitude"] for record in found] == pytest.approx([127, 127, 127], abs=1e-8)
    assert [record["latitude"] for record in found] == pytest.approx([38, 37.5, 33.25], abs=1e-8)
    assert [record["toilet_id"] for record in records(client, bbox="126.9,37.4,127.1,37.6")] == ["1"]


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_the_later_release_is_current_in_whatever_order_they_come(
    order: tuple[str, str], files: Path, client: Client
) -> None:
    (files / "first.csv").write_bytes(lines("이름,인원", "가람경로당,36"))
    (files / "second.csv").write_bytes(lines("이름,인원", "가람경로당,40", "나루마을회관,5"))
    declare(
        files,
        STOPS,
        source('{ path = "first.csv" }', slug="first", more='slot = "2021-05-28"'),
        source('{ path = "second.csv" }', slug="second", more='slot = "2022-12-19"'),
    )
    states = [pull(slug).state for slug in (*order, *order)]
    assert states == [Run.State.PUBLISHED, Run.State.PUBLISHED, Run.State.UNCHANGED, Run.State.UNCHANGED]
    assert records(client) == [{"name": "가람경로당", "capacity": 40}, {"name": "나루마을회관", "capacity": 5}]
    releases = {entry["valid_at"][:10]: entry for entry in get(client, "datasets/twin/snapshots")["snapshots"]}
    assert {day: (entry["records"], entry["is_current"]) for day, entry in releases.items()} == {
        "2021-05-28": (1, False),
        "2022-12-19": (2, True),
    }


def test_whoever_reads_the_earlier_release_reads_it_to_its_end(files: Path, client: Client) -> None:
    (files / "first.csv").write_bytes(lines("이름,인원", "가람경로당,36", "나루마을회관,4"))
    (files / "second.csv").write_bytes(lines("이름,인원", "가람경로당,40", "나루마을회관,5"))
    declare(
        files,
        STOPS,
        source('{ path = "first.csv" }', slug="first", more='slot = "2021-05-28"'),
        source('{ path = "second.csv" }', slug="second", more='slot = "2022-12-19"'),
    )
    pull("first")
    page = get(client, "datasets/twin/records", limit=1)
    pull("second")
    rest = json.loads(client.get(page["next"]).content)
    assert page["records"] + rest["records"] == [
        {"name": "가람경로당", "capacity": 36},
        {"name": "나루마을회관", "capacity": 4},
    ]


BROKEN = {
    "JSON with doubled quotes around values": (
        "data.json",
        '{"records":[{"이름":"가람도서관","휴관일":""2,4주 월요일"","인원":"5"}]}',
        '{ path = "data.json", records = "records" }',
    ),
    "XML with brackets in element names": (
        "data.xml",
        '<?xml version="1.0" encoding="UTF-8"?><grid><record><이름>가람도서관</이름><자료수(도서)>5</자료수(도서)></record></grid>',
        '{ path = "data.xml", records = "grid.record" }',
    ),
    "XML whose elements are not closed": (
        "data.xml",
        '<?xml version="1.0" encoding="UTF-8"?><grid><record><이름>가람도서관</이름><인원><인원/></record></grid>',
        '{ path = "data.xml", records = "grid.record" }',
    ),
    "a CSV in no known encoding": (
        "data.csv",
        "이름,인원\n가람도서관,5\n".encode("cp949") + b"\xff\xfe\xff\n",
        '{ path = "data.csv" }',
    ),
    "a CSV with a quote that is never closed": (
        "data.csv",
        '이름,인원\n"가람도서관,5\n나루도서관,6\n',
        '{ path = "data.csv" }',
    ),
    "a web page under the name of a CSV": (
        "data.csv",
        "<!DOCTYPE html><html><body>로그인이 필요합니다</body></html>",
        '{ path = "data.csv" }',
    ),
}


@pytest.mark.parametrize(("name", "content", "config"), BROKEN.values(), ids=BROKEN)
def test_what_nobody_can_read_is_refused_with_a_sentence_and_harms_nothing(
    name: str, content: str | bytes, config: str, files: Path, client: Client
) -> None:
    (files / "good.csv").write_bytes(lines("이름,인원", "가람경로당,36", "나루마을회관,5"))
    (files / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    declare(files, STOPS, source('{ path = "good.csv" }'), source(config, slug="broken"))
    pull()
    before = get(client, "changes"), get(client, "datasets/twin/records")
    run = pull("broken")
    assert (run.state, run.error_code) == (Run.State.FAILED, "unreadable-answer")
    assert name in run.error_ko
    assert name in run.error_en
    assert len(run.error_ko) > 40
    assert (get(client, "changes"), get(client, "datasets/twin/records")) == before
    assert before[1]["records"] == SHELTERS


def test_a_file_that_lost_a_column_is_held_back(files: Path, client: Client) -> None:
    (files / "a.csv").write_bytes(lines("이름,인원", "가람경로당,36", "나루마을회관,5"))
    declare(files, STOPS, source('{ path = "a.csv" }'))
    pull()
    (files / "a.csv").write_bytes(lines("이름,이용인원", "가람경로당,36", "나루마을회관,5"))
    run = pull()
    assert run.state == Run.State.HELD
    assert "인원" in run.error_ko
    assert "이용인원" in run.error_ko
    assert records(client) == SHELTERS


def test_a_file_outside_the_file_roots_is_not_read(files: Path, tmp_path: Path, client: Client) -> None:
    (tmp_path / "secret.csv").write_bytes(lines("이름,인원", "가람경로당,36"))
    declare(files, STOPS, source('{ path = "../secret.csv" }'))
    run = pull()
    assert (run.state, run.error_code) == (Run.State.FAILED, "forbidden-address")
