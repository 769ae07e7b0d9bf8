"""Every preset of a Korean platform against answers as that platform gives them: made up here, and the recorded ones."""

import json

import pytest
from hostile_server import HostileServer, gateway_error, reply

from ingest.connectors.envelope import Config, read
from ingest.connectors.presets import preset_names, read_preset
from ingest.errors import IncompleteAnswer, KeyRefused, PlatformFailure, QuotaExceeded

KEY = "aB+c/d9=="


def portal(items, total):
    return {"response": {"header": {"resultCode": "00"}, "body": {"items": items, "totalCount": total, "pageNo": 1}}}


def changwon(rows, count, success="Yes", code="00"):
    return (
        f"<ServiceResult><ComMessageHeader><SuccessYN>{success}</SuccessYN><ReturnCode>{code}</ReturnCode><ErrMsg/>"
        f"</ComMessageHeader><MsgHeader><rowCount>{count}</rowCount></MsgHeader><MsgBody><StationList>{rows}</StationList>"
        "</MsgBody></ServiceResult>"
    )


AIR = {"stationName": "중구", "pm10Value": "-", "dataTime": "2026-03-01 24:00", "pm10Flag": "통신장애"}
BUS = {"nodeid": "DJB8001793", "arrtime": 816, "routeno": 5}
LOT = {"prkplceNm": "공영주차장", "latitude": "37.5"}
ARRIVAL = {"routeId": 233000031, "plateNo1": ""}
LINK = {"linkId": "1", "speed": "33.0"}
CAMERA = {"cctvname": "경부선", "coordx": 127.1}
GWANGJU = {"LINE_NAME": "수완03", "REMAIN_MIN": 3}

ANSWERS = {
    "airkorea": ("airkorea", portal([AIR, AIR], 2), [AIR, AIR]),
    "airkorea: nothing": ("airkorea", portal([], 0), []),
    "tago": ("tago", portal({"item": [BUS, BUS]}, 2), [BUS, BUS]),
    "tago: one": ("tago", portal({"item": BUS}, 1), [BUS]),
    "tago: nothing": ("tago", portal("", 0), []),
    "standard": ("standard", portal([LOT], "1"), [LOT]),
    "standard: nothing": ("standard", {"response": {"header": {"resultCode": "03"}}}, []),
    "datagokr": ("datagokr", portal({"item": [LOT]}, 1), [LOT]),
    "gyeonggi": (
        "gyeonggi",
        {"response": {"msgHeader": {"resultCode": 0}, "msgBody": {"busArrivalList": [ARRIVAL, ARRIVAL]}}},
        [ARRIVAL, ARRIVAL],
    ),
    "gyeonggi: one": (
        "gyeonggi",
        {"response": {"msgHeader": {"resultCode": 0}, "msgBody": {"busArrivalItem": ARRIVAL}}},
        [ARRIVAL],
    ),
    "gyeonggi: nothing": (
        "gyeonggi",
        {"response": {"msgHeader": {"resultCode": 4, "resultMessage": "결과가 존재하지 않습니다."}}},
        [],
    ),
    "incheon": (
        "incheon",
        "<ServiceResult><comMsgHeader/><msgHeader><resultCode>0</resultCode><totalCount>1</totalCount></msgHeader>"
        "<msgBody><itemList><BSTOPID>163000123</BSTOPID><LASTCARYN>0</LASTCARYN></itemList></msgBody></ServiceResult>",
        [{"BSTOPID": "163000123", "LASTCARYN": "0"}],
    ),
    "incheon: in capitals": (
        "incheon",
        "<ServiceResult><MSGHEADER><RESULTCODE>0</RESULTCODE><TOTALCOUNT>1</TOTALCOUNT></MSGHEADER><MSGBODY><ITEMLIST><BSTOPID>1</BSTOPID>"
        "</ITEMLIST></MSGBODY></ServiceResult>",
        [{"BSTOPID": "1"}],
    ),
    "incheon: nothing": (
        "incheon",
        "<ServiceResult><msgHeader><resultCode>0</resultCode><totalCount>0</totalCount></msgHeader><msgBody/>"
        "</ServiceResult>",
        [],
    ),
    "changwon": (
        "changwon",
        changwon('<row index="1"><STATION_ID>1</STATION_ID></row><row index="2"><STATION_ID>2</STATION_ID></row>', 2),
        [{"@index": "1", "STATION_ID": "1"}, {"@index": "2", "STATION_ID": "2"}],
    ),
    "changwon: nothing": ("changwon", changwon("", 0), []),
    "gwangju": (
        "gwangju",
        {"RESULT": {"RESULT_CODE": "SUCCESS"}, "ARRIVE_LIST": [GWANGJU, GWANGJU]},
        [GWANGJU, GWANGJU],
    ),
    "gwangju: XML": (
        "gwangju",
        "<ARRIVE_INFO><RESULT><RESULT_CODE>SUCCESS</RESULT_CODE></RESULT><ARRIVE_LIST><ARRIVE><LINE_NAME>수완03"
        "</LINE_NAME></ARRIVE></ARRIVE_LIST></ARRIVE_INFO>",
        [{"LINE_NAME": "수완03"}],
    ),
    "its": ("its", {"header": {"resultCode": 0}, "body": {"totalCount": 2, "items": [LINK, LINK]}}, [LINK, LINK]),
    "its: cameras": ("its", {"response": {"coordtype": 1, "data": [CAMERA], "datacount": 1}}, [CAMERA]),
    "its: one camera": ("its", {"response": {"coordtype": 1, "data": CAMERA, "datacount": 1}}, [CAMERA]),
}
FURTHER = {"datagokr": {"values": {"service": "s", "operation": "o"}}}


def collect(session, preset, body, status=200):
    content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    with HostileServer({"/": reply(status, content)}) as platform:
        path = read_preset(preset)["url"].partition("://")[2].partition("/")[2]
        config = Config(preset=preset, url=platform.url(f"/{path}"), key=KEY, **FURTHER.get(preset, {}))
        rows = list(read(config, session))
    return rows, platform.requests


@pytest.mark.parametrize(("preset", "body", "rows"), ANSWERS.values(), ids=ANSWERS)
def test_a_preset_reads_an_answer_of_its_platform(open_session, preset, body, rows):
    received, requests = collect(open_session(), preset, body)
    assert received == rows
    assert len(requests) <= 2
    assert KEY in requests[0].query.values()
    assert "{" not in requests[0].target


def test_every_preset_parses_and_is_shown_above():
    assert {preset for preset, _, _ in ANSWERS.values()} == set(preset_names())
    for name in preset_names():
        assert Config(preset=name, **FURTHER.get(name, {})).records


@pytest.mark.parametrize("preset", [name for name in preset_names() if name != "its"])
@pytest.mark.parametrize(("code", "error"), [("22", QuotaExceeded), ("30", KeyRefused), ("04", PlatformFailure)])
def test_an_error_of_the_gateway_is_told_whatever_the_platform(open_session, no_pauses, preset, code, error):
    with pytest.raises(error, match=f"{code} LIMITED"):
        collect(open_session(), preset, gateway_error(code, "LIMITED"))


@pytest.mark.parametrize(
    ("preset", "body", "error"),
    [
        ("gyeonggi", {"response": {"msgHeader": {"resultCode": 8, "resultMessage": "초과"}}}, QuotaExceeded),
        ("changwon", changwon("", 0, "No", "30"), KeyRefused),
        ("changwon", changwon("", 0, "No"), PlatformFailure),
        ("changwon", changwon('<row index="1"><A>1</A></row>', 2), IncompleteAnswer),
        ("its", {"header": {"resultCode": 22, "resultMsg": "LIMITED"}}, QuotaExceeded),
        ("airkorea", {"response": {"header": {"resultCode": "30", "resultMsg": "no"}}}, KeyRefused),
        (
            "tago",
            {"response": {"header": {"resultCode": "0"}, "body": {"items": "", "totalCount": 5}}},
            IncompleteAnswer,
        ),
    ],
)
def test_an_error_in_the_words_of_the_platform_is_told(open_session, no_pauses, preset, body, error):
    with pytest.raises(error):
        collect(open_session(), preset, body)


def test_given_values_lie_on_top_of_the_preset():
    config = Config(
        preset="airkorea",
        params={"sidoName": "서울"},
        paging={"size": 100},
        codes={"portal": {"empty": ["03", "07"]}},
        columns={"name": "stationName"},
    )
    assert config.params == {"returnType": "json", "ver": "1.0", "sidoName": "서울"}
    assert (config.paging.kind, config.paging.param, config.paging.size) == ("page", "pageNo", 100)
    assert config.codes["portal"].meaning_of("7") == "empty"
    assert config.codes["portal"].meaning_of("22") == "quota"
    assert config.columns["name"].path == "stationName"


def test_paging_of_another_kind_replaces_that_of_the_preset():
    config = Config(preset="airkorea", paging={"kind": "offset"})
    assert (config.paging.param, config.paging.size_param) == ("offset", None)


@pytest.mark.parametrize(
    ("name", "count", "first"),
    [
        ("changwon_bus_stations.json", 3172, {"STATION_ID": "379000792", "STATION_SUB_NM": "null"}),
        ("changwon_bus_positions.json", 6, {"ARRV_STATION_ID": "379002621"}),
        ("changwon_bus_arrivals.json", 2, {"ROUTE_ID": "379030060"}),
        ("datagokr_incheon_airport_parking.json", 2, {"floor": "T1 단기주차장"}),
        ("datagokr_kac_airport_parking.xml", 3, {"aprKor": "김포국제공항"}),
    ],
)
def test_a_recorded_answer_is_read_by_its_preset(open_session, real_files, name, count, first):
    preset = name.partition("_")[0]
    rows = list(read(Config(preset=preset, url=name), open_session(file_roots=[real_files], limits={"size": 2**24})))
    assert len(rows) == count
    assert first.items() <= rows[0].items()
