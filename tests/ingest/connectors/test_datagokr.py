"""The data.go.kr connector against the portal's habits, its error table, and pages that lie."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    by_request,
    cut_without_length,
    gateway_error,
    in_turn,
    reply,
    reply_json,
)
from pydantic import ValidationError

from ingest.connectors.datagokr import CODES, Config, normal_code, plain_key, read
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

KEY = "aB+c/d9=="
ENCODED_KEY = "aB%2Bc%2Fd9%3D%3D"
LOTS = [{"prkplceNo": f"44-{number:03}", "prkcmprt": str(number)} for number in range(1, 26)]


def envelope(items, code="00", message="NORMAL SERVICE.", **body):
    return {"response": {"header": {"resultCode": code, "resultMsg": message}, "body": {"items": items, **body}}}


def to_xml(document, name="response"):
    """Write a JSON answer as the portal writes it in XML."""

    def build(tag, value):
        if isinstance(value, list):
            return "".join(build(tag, item) for item in value)
        inside = "".join(build(*pair) for pair in value.items()) if isinstance(value, dict) else str(value)
        return f"<{tag}>{inside}</{tag}>"

    return ('<?xml version="1.0" encoding="UTF-8"?>' + build(name, document[name])).encode()


def pages_of(rows, *, write=None, cap=100):
    """Return a behaviour that serves rows by pageNo and numOfRows, never more than ``cap`` at a time."""

    def page(request):
        size = min(int(request.query["numOfRows"]), cap)
        start = (int(request.query["pageNo"]) - 1) * size
        answer = envelope(
            {"item": rows[start : start + size]},
            totalCount=str(len(rows)),
            pageNo=request.query["pageNo"],
            numOfRows=size,
        )
        return write(answer) if write else answer

    return by_request(page)


def collect(session, platform, **config):
    return list(read(Config(**{"url": platform.url("/api"), "service_key": KEY, "page_size": 10, **config}), session))


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
def test_every_row_of_every_page_arrives_once_and_in_order(open_session, form, count):
    rows = LOTS[:count]
    with HostileServer({"/": pages_of(rows, write=to_xml if form == "xml" else None)}) as platform:
        assert collect(open_session(), platform, format=form) == rows
    assert len(platform.requests) == max(1, -(-count // 10))
    assert {request.query["_type"] for request in platform.requests} == {form}


def test_a_platform_that_caps_its_pages_is_paged_to_the_end(open_session):
    with HostileServer({"/": pages_of(LOTS, cap=7)}) as platform:
        assert collect(open_session(), platform) == LOTS


def test_parameters_go_out_under_the_names_of_the_api(open_session):
    with HostileServer({"/": reply_json(envelope({"item": LOTS[:2]}))}) as platform:
        collect(
            open_session(),
            platform,
            params={"sidoName": "서울"},
            key_param="ServiceKey",
            type_param="returnType",
            page_param="pageIndex",
            size_param="pageUnit",
        )
    assert platform.requests[0].query == {
        "sidoName": "서울",
        "ServiceKey": KEY,
        "returnType": "json",
        "pageIndex": "1",
        "pageUnit": "10",
    }


@pytest.mark.parametrize("given", [KEY, ENCODED_KEY])
def test_a_key_in_either_form_is_encoded_once(open_session, given):
    with HostileServer({"/": reply_json(envelope(""))}) as platform:
        collect(open_session(), platform, service_key=given)
    assert f"serviceKey={ENCODED_KEY}&" in platform.requests[0].target
    assert plain_key(given) == KEY


ONE = LOTS[0]
HABITS = {
    "a list of items": (envelope({"item": [ONE, ONE]}), [ONE, ONE]),
    "one item as an object": (envelope({"item": ONE}, totalCount="1"), [ONE]),
    "items is itself the list": (envelope([ONE, ONE], totalCount=2), [ONE, ONE]),
    "no items as an empty text": (envelope("", totalCount=0), []),
    "no items as blank text": (envelope(" \n ", totalCount="0"), []),
    "no items as null": (envelope(None, totalCount=0), []),
    "no items as an empty item": (envelope({"item": ""}, totalCount=0), []),
    "no items as an empty object": (envelope({}, totalCount=0), []),
    "an empty body": ({"response": {"header": {"resultCode": "00"}, "body": ""}}, []),
    "no data by its code": (envelope("", code="03", message="NODATA_ERROR"), []),
    "no data and no body": ({"response": {"header": {"resultCode": "03", "resultMsg": "NO_DATA"}}}, []),
    "no response around it": (envelope({"item": [ONE]})["response"], [ONE]),
    "success as 0": (envelope({"item": [ONE]}, code="0"), [ONE]),
    "success as 000": (envelope({"item": [ONE]}, code="000"), [ONE]),
    "success as a number": (envelope({"item": [ONE]}, code=0), [ONE]),
    "success as OK": (envelope({"item": [ONE]}, message="OK"), [ONE]),
    "no count and no page number": (envelope({"item": [ONE]}), [ONE]),
    "a count with a comma": (envelope({"item": [ONE]}, totalCount=" 1 "), [ONE]),
    "item straight in the body": ({"header": {"resultCode": "00"}, "body": {"item": [ONE], "totalCount": 1}}, [ONE]),
    "odcloud": ({"currentCount": 1, "data": [ONE], "matchCount": 1, "page": 1, "perPage": 10, "totalCount": 9}, [ONE]),
    "values that are no text": (envelope({"item": [{"a": 1, "b": None, "c": 0.5}]}), [{"a": 1, "b": None, "c": 0.5}]),
}


@pytest.mark.parametrize(("document", "rows"), HABITS.values(), ids=HABITS)
def test_a_habit_of_the_portal_is_understood(open_session, document, rows):
    with HostileServer({"/": reply_json(document)}) as platform:
        assert collect(open_session(), platform) == rows


def test_json_with_a_byte_order_mark_is_understood(open_session):
    body = b"\xef\xbb\xbf" + json.dumps(envelope({"item": [ONE]})).encode()
    with HostileServer({"/": reply(200, body)}) as platform:
        assert collect(open_session(), platform) == [ONE]


def test_xml_labelled_euc_kr_is_decoded_by_proof(open_session):
    answer = to_xml(envelope({"item": [{"name": "똠방각하"}]})).decode().replace("UTF-8", "EUC-KR")
    for body in (answer.encode("cp949"), answer.encode("utf-8")):
        with HostileServer({"/": reply(200, body)}) as platform:
            assert collect(open_session(), platform, format="xml") == [{"name": "똠방각하"}]


MEANINGS = {**CODES, "77": RequestRefused, "NO_KEY": RequestRefused}


@pytest.mark.parametrize(
    ("place", "code", "error"),
    [
        *(("header", code, error) for code, error in MEANINGS.items()),
        *(("gateway", code, error) for code, error in MEANINGS.items()),
        ("gateway with 403", "22", QuotaExceeded),
        ("header with 429", "22", QuotaExceeded),
        ("header in XML", "30", KeyRefused),
    ],
)
def test_a_code_of_the_table_becomes_its_error(open_session, code, error, place):
    told = envelope("", code=code, message="사유 MESSAGE")
    behaviour = {
        "header": reply_json(told),
        "gateway": reply(200, gateway_error(code, "사유 MESSAGE")),
        "gateway with 403": reply(403, gateway_error(code, "사유 MESSAGE")),
        "header with 429": reply(429, json.dumps(told).encode()),
        "header in XML": reply(200, to_xml(told)),
    }[place]
    with HostileServer({"/": behaviour}) as platform, pytest.raises(SourceError) as raised:
        collect(open_session(limits={"attempts": 2}), platform)
    assert type(raised.value) is error
    assert f"{code} 사유 MESSAGE" in raised.value.text.ko
    assert len(platform.requests) == (2 if error is PlatformFailure else 1)


@pytest.mark.parametrize(
    ("told", "code"), [("0", "00"), (" 00 ", "00"), ("000", "00"), ("3", "03"), ("22", "22"), ("-401", "-401")]
)
def test_codes_are_written_alike(told, code):
    assert normal_code(told) == code


def test_a_passing_error_told_with_status_200_is_repeated(open_session):
    busy = in_turn(reply_json(envelope("", code="01")), reply(200, gateway_error("04", "HTTP")), pages_of(LOTS[:3]))
    with HostileServer({"/": busy}) as platform:
        assert collect(open_session(), platform) == LOTS[:3]


def test_a_status_without_an_envelope_is_told_as_the_status(open_session):
    body = '{"code": -401, "msg": "유효하지 않은 인증키 입니다."}'.encode()
    with HostileServer({"/": reply(401, body)}) as platform, pytest.raises(KeyRefused, match="유효하지 않은"):
        collect(open_session(), platform)


def test_a_key_that_the_portal_repeats_is_masked(open_session):
    body = gateway_error("30", f"SERVICE KEY {KEY.replace('+', ' ')} IS NOT REGISTERED ERROR.")
    with HostileServer({"/": reply(200, body)}) as platform, pytest.raises(KeyRefused) as raised:
        collect(open_session(), platform)
    assert "SERVICE KEY *** IS NOT" in str(raised.value)
    assert "serviceKey=***" in str(raised.value)


WHOLE = json.dumps(envelope({"item": LOTS}, totalCount=25)).encode()
UNREADABLE = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a login page after remarks": (reply(200, b"<!-- a --> <!-- b -->" + HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "nothing but remarks": (reply(200, b"<!---->" * 150), UnreadableAnswer, "line 1"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "시스템 점검 안내"),
    "half a document": (cut_without_length(WHOLE, 400), BrokenOff, "before the end"),
    "half a document of XML": (cut_without_length(to_xml(envelope({"item": LOTS})), 400), BrokenOff, "before the end"),
    "XML cut between elements": (reply(200, b"<response><header></header>"), BrokenOff, "before the end"),
    "nothing": (reply(200, b""), BrokenOff, "before the end"),
    "a doubled quote": (reply(200, b'{"response": {"a": ""b""}}'), UnreadableAnswer, r"line 1, column \d+.*a"),
    "not a number": (reply(200, b'{"response": NaN}'), UnreadableAnswer, "NaN"),
    "endless depth": (reply(200, b"[" * 100_000), UnreadableAnswer, "depth"),
    "endless depth of XML": (reply(200, b"<a>" * 100_000), UnreadableAnswer, "."),
    "XML that is not well-formed": (
        reply(200, "<response><가(나)/></response>".encode()),
        UnreadableAnswer,
        r"가\(나\)",
    ),
    "a DOCTYPE": (reply(200, b"<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>"), UnreadableAnswer, "DOCTYPE"),
    "a list": (reply_json([1]), UnreadableAnswer, "no items"),
    "another envelope": (reply_json({"result": {"rows": []}}), UnreadableAnswer, "result"),
    "a body without items": (
        reply_json({"header": {"resultCode": "00"}, "body": {"list": []}}),
        UnreadableAnswer,
        "list",
    ),
    "items that are texts": (reply_json(envelope({"item": ["a"]})), UnreadableAnswer, "str"),
    "a count that is no number": (reply_json(envelope([ONE], totalCount="many")), UnreadableAnswer, "many"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_answer_of_the_portal_is_never_taken_for_rows(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 2}), platform)


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
BILLION_LAUGHS = f'<!DOCTYPE r [<!ENTITY a0 "ha">{ENTITIES}]><r x="&a9;">&a9;</r>'
FILE_READER = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><response><body>&x;</body></response>'


@pytest.mark.parametrize("document", [BILLION_LAUGHS, FILE_READER])
def test_entities_are_neither_expanded_nor_fetched(open_session, document):
    with HostileServer({"/": reply(200, document.encode())}) as platform, pytest.raises(UnreadableAnswer):
        collect(open_session(), platform, format="xml")


# Counting


def total_by_page(totals):
    """Serve ten rows a page, announcing another total each time."""
    return by_request(
        lambda request: envelope(
            {"item": LOTS[(page := int(request.query["pageNo"]) - 1) * 10 : page * 10 + 10]},
            totalCount=totals[min(page, len(totals) - 1)],
        )
    )


LIES = {
    "more is announced than comes": (total_by_page([40]), IncompleteAnswer, "announced 40 rows but sent 25"),
    "less is announced than comes": (total_by_page([15]), IncompleteAnswer, "announced 15 rows but sent 20"),
    "the count shrinks": (total_by_page([25, 24]), IncompleteAnswer, "25 → 24"),
    "the count grows": (total_by_page([25, 26]), IncompleteAnswer, "25 → 26"),
    "the count vanishes": (total_by_page([25, None]), IncompleteAnswer, "25 → 0"),
    "a page says there is nothing": (
        in_turn(reply_json(envelope(LOTS[:10], totalCount=25)), reply_json(envelope("", code="03"))),
        IncompleteAnswer,
        "sent 10",
    ),
    "rows are announced but none comes": (reply_json(envelope("", totalCount=10**9)), IncompleteAnswer, "sent 0"),
    "a page repeats": (reply_json(envelope(LOTS[:10], totalCount=25)), RequestRefused, "page 2 is the same"),
    "an earlier page comes again": (
        in_turn(*(reply_json(envelope(LOTS[n : n + 5], totalCount=25)) for n in (0, 5, 0))),
        RequestRefused,
        "page 3 is the same",
    ),
    "no count but a full page": (reply_json(envelope(LOTS[:10])), RequestRefused, "raise page_size"),
    "pages without end": (
        by_request(lambda request: envelope([{"n": request.number}], totalCount=10**9)),
        TooLarge,
        "10000 pages",
    ),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), LIES.values(), ids=LIES)
def test_an_end_that_is_not_proven_is_an_error_when(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error, match=words):
        collect(open_session(), platform)
    assert len(platform.requests) < 6


def test_a_page_that_fails_in_the_middle_is_asked_again_and_no_row_comes_twice(open_session):
    proper = pages_of(LOTS)
    flaky = {"n": 0}

    def second_page_fails_once(request, connection):
        if request.query["pageNo"] == "2" and not flaky["n"]:
            flaky["n"] = 1
            return cut_without_length(WHOLE, 99)(request, connection)
        return proper(request, connection)

    with HostileServer({"/": second_page_fails_once}) as platform:
        assert collect(open_session(), platform) == LOTS
    assert [request.query["pageNo"] for request in platform.requests] == ["1", "2", "2", "3"]


def test_a_quota_that_ends_between_pages_stops_at_once(open_session):
    used_up = in_turn(reply_json(envelope(LOTS[:10], totalCount=25)), reply(200, gateway_error("22", "LIMITED")))
    with HostileServer({"/": used_up}) as platform, pytest.raises(QuotaExceeded):
        collect(open_session(), platform)
    assert len(platform.requests) == 2


# Configuration and recorded answers


@pytest.mark.parametrize(
    "config",
    [
        {"url": "http://a/b?serviceKey=abc"},
        {"url": "http://a/b?x=1&ServiceKey=abc"},
        {"url": "http://a/b", "page_size": 0},
        {"url": "http://a/b", "colour": "red"},
        {"url": ""},
    ],
)
def test_a_configuration_that_would_leak_or_mislead_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**config)


def test_a_key_does_not_show_in_the_configuration():
    assert "abc" not in repr(Config(url="http://a/b", service_key="abc"))


def record(folder, name, body):
    (folder / name).write_bytes(body)
    return Config(url=name)


@pytest.mark.parametrize(("name", "write"), [("answer.xml", to_xml), ("answer.json", lambda d: json.dumps(d).encode())])
def test_a_recorded_answer_is_read_from_a_file(open_session, tmp_path, name, write):
    config = record(tmp_path, name, write(envelope({"item": LOTS})))
    assert list(read(config, open_session(file_roots=[tmp_path]))) == LOTS


def test_a_recorded_answer_that_is_only_a_part_is_incomplete(open_session, tmp_path):
    config = record(tmp_path, "answer.json", json.dumps(envelope({"item": LOTS}, totalCount=26)).encode())
    with pytest.raises(IncompleteAnswer, match="announced 26 rows but sent 25"):
        list(read(config, open_session(file_roots=[tmp_path])))


def test_the_recorded_answer_of_the_airports_corporation_is_read(open_session, real_files):
    name = "datagokr_kac_airport_parking.xml"
    expected = [
        {field.tag: field.text for field in item}
        for item in ElementTree.parse(real_files / name).getroot().iter("item")
    ]
    rows = list(read(Config(url=name), open_session(file_roots=[real_files])))
    assert rows == expected
    assert [row["aprKor"] for row in rows] == ["김포국제공항", "김해국제공항", "제주국제공항"]


def test_the_recorded_answer_of_incheon_airport_is_read(open_session, real_files):
    name = "datagokr_incheon_airport_parking.json"
    expected = json.loads((real_files / name).read_text("utf-8"))["response"]["body"]["items"]["item"]
    assert list(read(Config(url=name), open_session(file_roots=[real_files]))) == expected
    assert len(expected) == 2
