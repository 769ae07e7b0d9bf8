"""The connector of Seoul's open API: keys in paths, positions from 1, and errors that look like answers."""

import json
import logging
import traceback
from urllib.parse import unquote

import pytest
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    by_request,
    cut_without_length,
    in_turn,
    reply,
    reply_json,
)
from pydantic import ValidationError

from ingest.connectors.seoul import CODES, Config, read
from ingest.errors import (
    BrokenOff,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    TooLarge,
    UnreadableAnswer,
)

KEY = "6b4f/한+key"
ENCODED_KEY = "6b4f%2F%ED%95%9C%2Bkey"
STOPS = [{"STOP_NO": f"{number:05}", "NAME": f"정류장 {number}", "X": 126.9 + number / 1000} for number in range(1, 24)]


def envelope(rows, total, code="INFO-000", message="정상 처리되었습니다"):
    return {"busStopInfo": {"list_total_count": total, "RESULT": {"CODE": code, "MESSAGE": message}, "row": rows}}


def bare(code, message="메시지"):
    return {"RESULT": {"CODE": code, "MESSAGE": message}}


def to_xml(document):
    def build(tag, value):
        if isinstance(value, list):
            return "".join(build(tag, item) for item in value)
        inside = "".join(build(*pair) for pair in value.items()) if isinstance(value, dict) else str(value)
        return f"<{tag}>{inside}</{tag}>"

    return ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + build(*next(iter(document.items())))).encode()


def positions_of(rows, write=None, total=len):
    def page(request):
        start, end = map(int, request.path.split("/")[5:7])
        chosen = rows[start - 1 : end]
        answer = envelope(chosen, total(rows)) if chosen else bare("INFO-200", "해당하는 데이터가 없습니다.")
        return write(answer) if write else answer

    return by_request(page)


def collect(session, platform, **config):
    settings = {"url": platform.url("/api"), "key": KEY, "service": "busStopInfo", "page_size": 5, **config}
    return list(read(Config(**settings), session))


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 23])
def test_every_row_arrives_once_and_in_order(open_session, count):
    with HostileServer({"/": positions_of(STOPS[:count])}) as platform:
        assert collect(open_session(), platform) == STOPS[:count]


@pytest.mark.parametrize("count", [0, 1, 23])
def test_rows_of_xml_are_text(open_session, count):
    with HostileServer({"/": positions_of(STOPS[:count], write=to_xml)}) as platform:
        rows = collect(open_session(), platform, format="xml")
    assert rows == [{name: str(value) for name, value in row.items()} for row in STOPS[:count]]


def test_positions_count_from_one_and_both_ends_are_meant(open_session):
    with HostileServer({"/": positions_of(STOPS[:11])}) as platform:
        collect(open_session(), platform, filters=["강남/구", "", "2"])
    assert [request.target.removeprefix(f"/api/{ENCODED_KEY}") for request in platform.requests] == [
        f"/json/busStopInfo/{start}/{start + 4}/%EA%B0%95%EB%82%A8%2F%EA%B5%AC/%20/2" for start in (1, 6, 11)
    ]


@pytest.mark.parametrize("as_xml", [False, True])
@pytest.mark.parametrize(("code", "error"), [*CODES.items(), ("ERROR-999", RequestRefused)])
def test_a_code_of_the_table_becomes_its_error(open_session, code, error, as_xml):
    told = to_xml(bare(code)) if as_xml else json.dumps(bare(code)).encode()
    with HostileServer({"/": reply(200, told)}) as platform, pytest.raises(SourceError) as raised:
        collect(open_session(limits={"attempts": 2}), platform)
    assert type(raised.value) is error
    assert f"{code} 메시지" in raised.value.text.ko
    assert len(platform.requests) == (2 if error is PlatformFailure else 1)


def test_an_error_inside_the_envelope_is_an_error_too(open_session):
    with HostileServer({"/": reply_json(envelope([], 0, code="INFO-100"))}) as platform, pytest.raises(KeyRefused):
        collect(open_session(), platform)


@pytest.mark.parametrize("count", [0, 4, 5, 10, 23])
def test_a_total_that_is_that_of_each_page_ends_nothing_and_the_name_may_be_another(open_session, count):
    def bicycles(request):
        start, end = map(int, request.path.split("/")[5:7])
        chosen = STOPS[:count][start - 1 : end]
        inside = envelope(chosen, len(chosen))["busStopInfo"]
        return {"rentBikeStatus": inside} if chosen else bare("INFO-200")

    with HostileServer({"/": by_request(bicycles)}) as platform:
        assert collect(open_session(), platform, service="bikeList") == STOPS[:count]


def test_no_data_is_no_error(open_session):
    with HostileServer({"/": reply_json(bare("INFO-200"))}) as platform:
        assert collect(open_session(), platform) == []


def test_the_key_in_the_path_is_masked_wherever_it_could_show(open_session, caplog):
    caplog.set_level(logging.DEBUG)
    kept = []
    session = open_session(archive=kept.append, limits={"attempts": 2})
    fail = in_turn(reply_json(envelope(STOPS[:5], 23)), reply(500, f"bad key {ENCODED_KEY}".encode()))
    with HostileServer({"/": fail}) as platform, pytest.raises(PlatformFailure) as raised:
        collect(session, platform)
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value.values) + repr(kept)
    assert KEY not in told
    assert ENCODED_KEY not in told
    assert "/***/json/busStopInfo/6/10" in str(raised.value)


ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(json.dumps(envelope(STOPS, 23)).encode(), 300), BrokenOff, "before the end"),
    "another service": (reply_json({"other": {"row": []}}), UnreadableAnswer, "busStopInfo.*other"),
    "no count": (
        reply_json({"busStopInfo": {"RESULT": {"CODE": "INFO-000"}, "row": []}}),
        UnreadableAnswer,
        "list_total",
    ),
    "a list": (reply_json([]), UnreadableAnswer, "busStopInfo"),
    "a refusal by status": (reply(403, b"no"), KeyRefused, "HTTP 403"),
    "more announced": (positions_of(STOPS, total=lambda rows: 24), IncompleteAnswer, "announced 24 rows but sent 23"),
    "less announced": (positions_of(STOPS, total=lambda rows: 17), IncompleteAnswer, "announced 17 rows but sent 20"),
    "a shrinking count": (
        in_turn(reply_json(envelope(STOPS[:5], 23)), reply_json(envelope(STOPS[5:10], 22))),
        IncompleteAnswer,
        "23 → 22",
    ),
    "a page again": (reply_json(envelope(STOPS[:5], 23)), RequestRefused, "page 2 is the same"),
    "nothing on the way": (
        in_turn(reply_json(envelope(STOPS[:5], 23)), reply_json(bare("INFO-200"))),
        IncompleteAnswer,
        "sent 5",
    ),
    "pages without end": (reply_json(envelope(STOPS[:5], 10**9)), TooLarge, "pages"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 2}), platform)


@pytest.mark.parametrize(
    "config",
    [{"key": ""}, {"service": "a/b"}, {"page_size": 1001}, {"url": "ftp://seoul"}, {"url": "seoul.json"}, {"x": 1}],
)
def test_a_configuration_the_platform_would_refuse_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"key": "k", "service": "busStopInfo", **config})


def test_the_key_does_not_show_in_the_configuration():
    assert "planted" not in repr(Config(key="planted", service="s"))


# Live services


def live(request):
    station = unquote(request.path.rstrip("/").rsplit("/", 1)[-1])
    start, end = map(int, request.path.split("/")[5:7])
    if station == "없는역":
        return {"status": 500, "code": "INFO-200", "message": "해당하는 데이터가 없습니다.", "total": 0}
    trains = [{"statnNm": station, "btrainNo": f"{number}"} for number in range(1, 8)]
    told = {"status": 200, "code": "INFO-000", "message": "정상 처리되었습니다.", "total": len(trains)}
    return {"errorMessage": told, "realtimeArrivalList": trains[start - 1 : end]}


def test_trains_of_several_stations_are_asked_for_one_station_after_the_other(open_session):
    with HostileServer({"/": by_request(live)}) as platform:
        rows = collect(open_session(), platform, service="realtimeStationArrival", each=["강남", "없는역", "서울"])
    assert [(row["statnNm"], row["btrainNo"]) for row in rows] == [
        (station, f"{number}") for station in ("강남", "서울") for number in range(1, 8)
    ]


def test_the_city_data_of_a_place_is_one_record_with_dotted_columns(open_session):
    def place(request):
        name = unquote(request.path.rstrip("/").rsplit("/", 1)[-1])
        inside = {"AREA_NM": name, "WEATHER": {"TEMP": "3.1"}, "ROADS": [{"ROAD_NM": "세종대로"}]}
        return {"CITYDATA": inside, "RESULT": {"RESULT.CODE": "INFO-000", "RESULT.MESSAGE": "정상 처리되었습니다."}}

    with HostileServer({"/": by_request(place)}) as platform:
        rows = collect(open_session(), platform, service="citydata", each=["광화문·덕수궁", "강남역"])
    assert rows == [
        {"AREA_NM": name, "WEATHER.TEMP": "3.1", "ROADS": [{"ROAD_NM": "세종대로"}]}
        for name in ("광화문·덕수궁", "강남역")
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 500, "code": "ERROR-337", "message": "하루 호출 한도"}, QuotaExceeded),
        ({"status": 500, "code": "INFO-100", "message": "인증키"}, KeyRefused),
        ({"CITYDATA": {}, "RESULT": {"RESULT.CODE": "ERROR-500", "RESULT.MESSAGE": "서버"}}, PlatformFailure),
        (
            {"errorMessage": {"code": "INFO-000", "message": "", "total": 3}, "realtimeArrivalList": []},
            IncompleteAnswer,
        ),
        ({"errorMessage": {"code": "INFO-000", "message": "", "total": 2}, "one": [1, 2]}, UnreadableAnswer),
    ],
)
def test_live_services_say_their_errors_in_other_words(open_session, answer, error):
    with HostileServer({"/": reply_json(answer)}) as platform, pytest.raises(error):
        collect(open_session(limits={"attempts": 1}), platform)
