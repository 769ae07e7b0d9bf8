"""The declarative connector against platforms that page, answer, refuse and lie in every way its configuration knows."""

import base64
import datetime as dt
import json

import pytest
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    by_request,
    cut_without_length,
    in_turn,
    redirect,
    reply,
    reply_json,
)
from pydantic import ValidationError

from ingest.connectors import CONNECTORS
from ingest.connectors.envelope import Config, read
from ingest.errors import (
    BadSetup,
    BrokenOff,
    ForbiddenAddress,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    TooLarge,
    UnreadableAnswer,
)
from ingest.sources import parse_config, refuse_plain_secrets

KEY = "aB+c/d9=="
ROWS = [{"id": number, "name": f"정류장 {number}"} for number in range(1, 26)]


def clock():
    return dt.datetime(2026, 2, 28, 15, 20, tzinfo=dt.UTC)


def collect(session, platform, path="/api", **config):
    session.moment = clock()
    return list(read(Config(**{"url": platform.url(path), "records": "data", **config}), session))


def slice_of(start, size, **more):
    return {"data": ROWS[start : start + size], **more}


def numbered(request, first=1, **more):
    page, size = int(request.query["page"]) - first, int(request.query["size"])
    return slice_of(page * size, size, **more)


def by_cursor(request):
    start = int(request.query.get("after", 0))
    return slice_of(start, 10, next=str(start + 10) if start + 10 < len(ROWS) else None)


def by_token(request):
    assert ("sort" in request.query) != ("token" in request.query), "the token stands alone"
    start = int(request.query.get("token", "t0")[1:])
    return slice_of(start, 10, **({"token": f"t{start + 10}"} if start + 10 < len(ROWS) else {}))


def by_link(request):
    start = int(request.query.get("start", 0))
    return slice_of(start, 10, links={"next": f"/api?start={start + 10}" if start + 10 < len(ROWS) else ""})


PAGING = {
    "none": ({"kind": "none"}, lambda request: slice_of(0, 99), 1),
    "none with a total": ({"kind": "none"}, lambda request: slice_of(0, 99, total="25"), 1),
    "page": ({"kind": "page", "size_param": "size", "size": 10}, lambda r: numbered(r, total=25), 3),
    "page from 0": (
        {"kind": "page", "first": 0, "size_param": "size", "size": 10},
        lambda r: numbered(r, first=0, total=25),
        3,
    ),
    "page without a total": ({"kind": "page", "size_param": "size", "size": 10}, numbered, 4),
    "page capped by the platform": (
        {"kind": "page", "size_param": "size", "size": 100},
        lambda r: slice_of((int(r.query["page"]) - 1) * 7, 7, total=25),
        4,
    ),
    "until empty": ({"kind": "until_empty", "size_param": "size", "size": 10}, lambda r: numbered(r, total=25), 4),
    "offset": (
        {"kind": "offset", "param": "skip", "size_param": "size", "size": 10},
        lambda r: slice_of(int(r.query["skip"]), 10, total=25),
        3,
    ),
    "offset capped by the platform": (
        {"kind": "offset", "size": 1000},
        lambda r: slice_of(int(r.query["offset"]), 9),
        4,
    ),
    "cursor": ({"kind": "cursor", "param": "after", "path": "next"}, by_cursor, 3),
    "cursor with a last word": (
        {"kind": "cursor", "param": "after", "path": "next", "more": "more"},
        lambda r: (
            {**by_cursor(r), "next": "99", "more": r.query.get("after") != "20"}
            if r.query.get("after") == "20"
            else {**by_cursor(r), "more": True}
        ),
        3,
    ),
    "next token": ({"kind": "next_token", "param": "token", "path": "token"}, by_token, 3),
    "next link": ({"kind": "next_link", "path": "links.next"}, by_link, 3),
}


@pytest.mark.parametrize(("paging", "answer", "requests"), PAGING.values(), ids=PAGING)
def test_every_row_of_every_page_arrives_once_and_in_order(open_session, paging, answer, requests):
    with HostileServer({"/": by_request(answer)}) as platform:
        rows = collect(open_session(), platform, paging=paging, total="total", key=KEY, params={"sort": "id"})
    assert rows == ROWS
    assert len(platform.requests) == requests
    assert {request.query["serviceKey"] for request in platform.requests} == {KEY}


def test_pages_are_told_apart_in_the_path_where_the_platform_wants_it(open_session):
    def answer(request):
        _, _key, start, end = request.path.split("/")
        return slice_of(int(start) - 1, int(end) - int(start) + 1, total=25)

    config = {"paging": {"kind": "page", "param": None, "size": 10}, "key": "k/1", "key_in": {"place": "path"}}
    with HostileServer({"/": by_request(answer)}) as platform:
        assert collect(open_session(), platform, "/{key}/{start}/{end}", total="total", **config) == ROWS
    assert [request.target for request in platform.requests] == ["/k%2F1/1/10", "/k%2F1/11/20", "/k%2F1/21/30"]


@pytest.mark.parametrize(
    "write",
    ['<{}>; rel="next"', '<http://x/a,b>; rel="last", <{}>; title="a, b"; rel=next', '<{}>;rel="prefetch NEXT"'],
)
def test_the_next_page_is_found_in_the_link_header(open_session, write):
    def answer(request, connection):
        start = int(request.query.get("start", 0))
        link = {"Link": write.format(f"?start={start + 10}")} if start < 20 else {"Link": '</api>; rel="prev"'}
        reply(200, json.dumps(slice_of(start, 10)).encode(), **link)(request, connection)

    with HostileServer({"/": answer}) as platform:
        assert collect(open_session(), platform, paging={"kind": "link_header"}, key=KEY) == ROWS
    assert [request.query["serviceKey"] for request in platform.requests] == [KEY] * 3


def test_a_link_header_to_another_host_is_not_followed(open_session):
    behaviour = reply(200, json.dumps(slice_of(0, 3)).encode(), Link='<http://example.org/>; rel="next"')
    with HostileServer({"/": behaviour}) as platform, pytest.raises(ForbiddenAddress, match="another host"):
        collect(open_session(), platform, paging={"kind": "link_header"})


@pytest.mark.parametrize("document", [{"data": ""}, {"data": []}, {"data": None}, {"total": 0}, {"data": {}}])
@pytest.mark.parametrize("kind", ["none", "page", "offset", "until_empty"])
def test_nothing_is_no_rows(open_session, document, kind):
    with HostileServer({"/": reply_json(document)}) as platform:
        assert collect(open_session(), platform, paging={"kind": kind}, total="total") == []
    assert len(platform.requests) == 1


def test_until_empty_asks_on_whatever_total_is_announced(open_session):
    def page(request):
        return slice_of((int(request.query["page"]) - 1) * 10, 10, total=10)

    with HostileServer({"/": by_request(page)}) as platform:
        assert collect(open_session(), platform, paging={"kind": "until_empty"}, total="total") == ROWS


def test_the_next_page_is_found_in_whichever_line_of_the_link_header_it_stands(open_session):
    lines = '</api?start=10>; rel="next"\r\nLink: </style.css>; rel="preload"'
    first = reply(200, json.dumps(slice_of(0, 10)).encode(), Link=lines)
    with HostileServer({"/": in_turn(first, reply_json(slice_of(10, 15)))}) as platform:
        assert collect(open_session(), platform, paging={"kind": "link_header"}) == ROWS


def test_one_item_as_an_object_and_xml_are_read_alike(open_session):
    for body in (b'{"r": {"data": {"id": "1"}}}', b"<r><data><id>1</id></data></r>"):
        with HostileServer({"/": reply(200, body)}) as platform:
            assert collect(open_session(), platform, records="r.data") == [{"id": "1"}]


def test_the_moment_is_taken_once_and_written_in_the_zone_of_the_platform(open_session):
    with HostileServer({"/": by_request(lambda r: numbered(r, total=25))}) as platform:
        collect(
            open_session(),
            platform,
            "/{now:%Y%m%d}/{area}",
            values={"area": "서울/중구"},
            params={"from": "{now-40m:%H:%M}"},
            headers={"X-Time": "{now:%H%M}"},
            paging={"kind": "page", "size_param": "size", "size": 10},
            total="total",
        )
    assert {r.path for r in platform.requests} == {"/20260301/%EC%84%9C%EC%9A%B8%2F%EC%A4%91%EA%B5%AC"}
    assert {r.query["from"] for r in platform.requests} == {"23:40"}
    assert {r.headers["x-time"] for r in platform.requests} == {"0020"}


ENCODED = "aB%2Bc%2Fd9%3D%3D"
KEYS = {
    "in the query": ({}, KEY, f"/api?serviceKey={ENCODED}", None),
    "under another name": ({"name": "apiKey"}, KEY, f"/api?apiKey={ENCODED}", None),
    "of the portal, decoded": ({"coding": "portal"}, KEY, f"/api?serviceKey={ENCODED}", None),
    "of the portal, encoded": ({"coding": "portal"}, ENCODED, f"/api?serviceKey={ENCODED}", None),
    "encoded once more": ({}, ENCODED, f"/api?serviceKey={ENCODED.replace('%', '%25')}", None),
    "as it is": ({"coding": "as_is"}, ENCODED, f"/api?serviceKey={ENCODED}", None),
    "as it is, but no second parameter": ({"coding": "as_is"}, "a&b=c#d", "/api?serviceKey=a%26b=c%23d", None),
    "in a header": ({"place": "header", "name": "Authorization", "prefix": "Bearer "}, KEY, "/api", f"Bearer {KEY}"),
    "as a password": (
        {"place": "header", "name": "Authorization", "prefix": "Basic ", "coding": "basic"},
        "u:p",
        "/api",
        f"Basic {base64.b64encode(b'u:p').decode()}",
    ),
}


@pytest.mark.parametrize(("key_in", "key", "target", "header"), KEYS.values(), ids=KEYS)
def test_the_key_goes_where_and_how_the_platform_wants_it(open_session, key_in, key, target, header):
    with HostileServer({"/": reply_json(slice_of(0, 1))}) as platform:
        collect(open_session(), platform, key=key, key_in=key_in)
    assert platform.requests[0].target == target
    assert platform.requests[0].headers.get("authorization") == header


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({}, "/api"),
        ({"key_in": {"coding": "as_is"}}, "/api"),
        ({"key_in": {"place": "path"}}, "/{key}/api"),
        ({"key_in": {"place": "header", "name": "X-Key"}}, "/api"),
        ({"key_in": {"place": "header", "name": "X-Key", "coding": "basic"}}, "/api"),
    ],
)
def test_a_key_that_the_platform_repeats_is_never_in_a_message(open_session, config, path):
    spelled = base64.b64encode(KEY.encode()).decode()
    body = {"code": "30", "message": f"key {KEY} or {spelled} is wrong"}
    codes = {"own": {"at": ["code"], "message": ["message"], "success": ["0"], "key": ["30"]}}
    with HostileServer({"/": reply_json(body)}) as platform, pytest.raises(KeyRefused) as raised:
        collect(open_session(), platform, path, key=KEY, codes=codes, **config)
    told = f"{raised.value.text.ko} {raised.value.text.en}"
    assert "30 key *** or" in told
    for secret in (KEY, ENCODED, *([spelled] if config.get("key_in", {}).get("coding") == "basic" else [])):
        assert secret not in told


def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(open_session):
    with HostileServer({"/": reply_json({})}) as platform, pytest.raises(KeyRefused) as raised:
        collect(open_session(), platform, key="secret\r\nX: y", key_in={"place": "header", "name": "X-Key"})
    assert "secret" not in str(raised.value)
    assert not platform.requests


def test_a_key_is_not_carried_to_another_host(open_session):
    with (
        HostileServer({"/": reply_json(slice_of(0, 1))}) as other,
        HostileServer({"/": redirect(other.url("/api", host="localhost") + "?serviceKey=" + ENCODED)}) as platform,
        pytest.raises(ForbiddenAddress),
    ):
        collect(open_session(), platform, key=KEY)
    assert not other.requests


CODES = {
    "own": {
        "at": ["head.code", "error.code"],
        "message": ["head.message"],
        "success": ["00"],
        "empty": ["03", "INFO-200"],
        "temporary": ["01"],
        "quota": ["22"],
        "key": ["30"],
    }
}
RULES = [
    {"when": [{"path": "error.type", "value": "LIMIT"}], "means": "quota"},
    {"when": [{"path": "@status", "value": 404}, {"path": "error", "op": "missing"}], "means": "empty"},
    {"when": [{"path": "notice", "op": "contains", "value": "점검"}], "means": "temporary", "message": "notice"},
]


def coded(code, **more):
    return {"head": {"code": code, "message": "사유 MESSAGE"}, **more}


MEANINGS = {
    "temporary": (coded("01"), 200, PlatformFailure, "1 사유 MESSAGE"),
    "quota": (coded(22), 200, QuotaExceeded, "22 사유"),
    "key": (coded("30"), 200, KeyRefused, "30"),
    "a code of no list": (coded("77"), 200, RequestRefused, "77"),
    "at the other place": ({"error": {"code": "22"}}, 200, QuotaExceeded, "22"),
    "with an error status": (coded("22"), 500, QuotaExceeded, "22"),
    "an error status alone": ({"oops": 1}, 503, PlatformFailure, "HTTP 503"),
    "an error status with a code of success": (coded("00"), 400, RequestRefused, "HTTP 400"),
    "an error status with a page": (b"<html>no</html>", 403, KeyRefused, "HTTP 403"),
    "a rule": ({"error": {"type": "LIMIT", "code": "00"}}, 200, QuotaExceeded, "LIMIT"),
    "a rule on words": (coded("00", notice="시스템 점검 중"), 200, PlatformFailure, "점검"),
    "no code where one should be": ({"data": [{"a": 1}]}, 200, UnreadableAnswer, r"head\.code"),
}


@pytest.mark.parametrize(("body", "status", "error", "words"), MEANINGS.values(), ids=MEANINGS)
def test_an_answer_that_tells_an_error_becomes_that_error(open_session, body, status, error, words):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with HostileServer({"/": reply(status, content)}) as platform, pytest.raises(SourceError, match=words) as raised:
        collect(open_session(limits={"attempts": 2}), platform, codes=CODES, rules=RULES, key=KEY)
    assert type(raised.value) is error
    assert len(platform.requests) == (2 if error is PlatformFailure else 1)


@pytest.mark.parametrize(
    ("body", "status"), [(coded("03"), 200), (coded(" INFO-200 "), 200), (coded("3"), 500), ({"oops": 1}, 404)]
)
def test_a_code_or_a_rule_may_say_that_there_is_nothing(open_session, body, status):
    with HostileServer({"/": reply(status, json.dumps(body).encode())}) as platform:
        assert collect(open_session(), platform, codes=CODES, rules=RULES) == []


def test_an_answer_without_content_is_nothing_where_its_status_says_so(open_session):
    with HostileServer({"/": reply(204, b"")}) as platform:
        assert collect(open_session(), platform) == []


def test_a_passing_error_told_with_status_200_is_repeated(open_session):
    with HostileServer({"/": in_turn(reply_json(coded("01")), reply_json(coded("00", data=ROWS)))}) as platform:
        assert collect(open_session(), platform, codes=CODES) == ROWS


WHOLE = json.dumps({"data": ROWS}).encode()
UNREADABLE = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(WHOLE, 300), BrokenOff, "before the end"),
    "nothing at all": (reply(200, b""), BrokenOff, "before the end"),
    "a DOCTYPE": (reply(200, b"<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>"), UnreadableAnswer, "DOCTYPE"),
    "no records": (reply_json({"rows": []}), UnreadableAnswer, "there is no 'data'; what is there: rows"),
    "a list instead": (reply_json([1, 2]), UnreadableAnswer, "there is no 'data'"),
    "texts for records": (reply_json({"data": ["a"]}), UnreadableAnswer, "a str stands"),
    "a number for records": (reply_json({"data": 7}), UnreadableAnswer, "a int stands"),
    "a total that is no number": (reply_json({"data": [], "total": "many"}), UnreadableAnswer, "many"),
    "a total that is true": (reply_json({"data": [], "total": True}), UnreadableAnswer, "True"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_answer_is_never_taken_for_rows(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 2}), platform, total="total")


def number(request):
    return [{"n": request.number}]


PAGE = {"kind": "page", "size_param": "size", "size": 10}
CURSOR = {"kind": "cursor", "param": "after", "path": "next", "size_param": "limit", "size": 10}
LINK = {"kind": "next_link", "path": "next"}
LIES = {
    "more is announced than comes": (PAGE, lambda r: numbered(r, total=40), IncompleteAnswer, "40 rows but sent 25"),
    "one answer holds fewer": ({}, lambda r: slice_of(0, 9, total=25), IncompleteAnswer, "25 rows but sent 9"),
    "less is announced than comes": (PAGE, lambda r: numbered(r, total=5), IncompleteAnswer, "5 rows but sent 10"),
    "the total changes": (PAGE, lambda r: numbered(r, total=25 + r.number), IncompleteAnswer, "26 → 27"),
    "a page repeats": (PAGE, lambda r: slice_of(0, 10, total=25), RequestRefused, "page 2 is the same"),
    "a page repeats without a total": (PAGE, lambda r: slice_of(0, 10), RequestRefused, "page 2 is the same"),
    "pages without end": (PAGE, lambda r: {"data": number(r)}, TooLarge, "20 pages"),
    "cursors without end": (CURSOR, lambda r: {"data": number(r), "next": r.number}, TooLarge, "20 pages"),
    "a cursor in a circle": (CURSOR, lambda r: {"data": number(r), "next": r.number % 3}, RequestRefused, "circle"),
    "a cursor that is no text": (CURSOR, lambda r: {"data": number(r), "next": {"a": 1}}, UnreadableAnswer, "dict"),
    "a full page without a cursor": (CURSOR, lambda r: slice_of(0, 10), RequestRefused, "no 'next'"),
    "more, but no cursor": ({**CURSOR, "more": "m"}, lambda r: slice_of(0, 3, m=True), RequestRefused, "no 'next'"),
    "a cursor's total": (CURSOR, lambda r: slice_of(0, 3, total=4, next=None), IncompleteAnswer, "4 rows but sent 3"),
    "a link elsewhere": (LINK, lambda r: slice_of(0, 3, next="http://example.org/"), ForbiddenAddress, "another host"),
    "a link to a file": (LINK, lambda r: slice_of(0, 3, next="file:///etc/passwd"), ForbiddenAddress, "another host"),
    "a link to another port": (LINK, lambda r: slice_of(0, 3, next="//127.0.0.1:1/"), ForbiddenAddress, "another host"),
    "a link to itself": (LINK, lambda r: {"data": number(r), "next": "/api?x=1"}, RequestRefused, "circle"),
}


@pytest.mark.parametrize(("paging", "answer", "error", "words"), LIES.values(), ids=LIES)
def test_an_end_that_is_not_proven_is_an_error_when(open_session, paging, answer, error, words):
    with HostileServer({"/": by_request(answer)}) as platform, pytest.raises(error, match=words):
        collect(open_session(), platform, paging=paging or {"kind": "none"}, total="total", max_pages=20)
    assert len(platform.requests) <= 20


def test_a_next_link_that_repeats_the_key_is_asked_with_it_once_and_shown_without(open_session):
    behaviour = by_request(lambda r: slice_of(0, 3, next=f"{r.target}&serviceKey=x" if r.number > 1 else "/api?n=2"))
    with HostileServer({"/": behaviour}) as platform, pytest.raises(RequestRefused) as raised:
        collect(open_session(), platform, paging=LINK, key=KEY)
    assert platform.requests[1].target == f"/api?n=2&serviceKey={ENCODED}"
    assert KEY not in str(raised.value)
    assert ENCODED not in str(raised.value)


def test_a_recorded_answer_is_read_from_a_file_and_a_part_is_none(open_session, tmp_path):
    session = open_session(file_roots=[tmp_path])
    (tmp_path / "a.json").write_text(json.dumps({"data": ROWS, "total": 25, "next": "x"}))
    paging = {"kind": "page"}
    assert list(read(Config(url="a.json", records="data", total="total", paging=paging), session)) == ROWS
    with pytest.raises(BrokenOff, match="one page of several"):
        list(read(Config(url="a.json", records="data", paging=CURSOR), session))
    (tmp_path / "a.json").write_text(json.dumps({"data": ROWS, "total": 26}))
    with pytest.raises(IncompleteAnswer, match="announced 26 rows but sent 25"):
        list(read(Config(url="a.json", records="data", total="total", paging=paging), session))


# Configuration

REFUSED = {
    "no address": ({}, "url: Field required"),
    "a key in the address": ({"url": "http://a/b?apiKey=abc"}, "holds a key"),
    "a key in a parameter": ({"url": "http://a/b", "params": {"serviceKey": "abc"}}, "looks like a key"),
    "a key in a header": ({"url": "http://a/b", "headers": {"Authorization": "Bearer abc"}}, "looks like a key"),
    "a header with a line break": ({"url": "http://a/b", "headers": {"X": "a\r\nY: b"}}, "cannot be sent"),
    "an unknown name": ({"url": "http://a/b", "colour": "red"}, "colour"),
    "an unknown place": ({"url": "http://a/{b}"}, "unknown place '{b}'; allowed: now"),
    "a place of another paging": ({"url": "http://a/{start}"}, "unknown place"),
    "an unknown kind of paging": ({"url": "http://a/b", "paging": {"kind": "magic"}}, "magic"),
    "pages that are not told apart": ({"url": "http://a/b", "paging": {"kind": "page", "param": None}}, "told apart"),
    "a path without a place": ({"url": "http://a/b", "key": "k", "key_in": {"place": "path"}}, "no place {key}"),
    "a place without a key": ({"url": "http://a/{key}", "key_in": {"place": "path"}}, "no key is given"),
    "a key for the path in the query": ({"url": "http://a/{key}", "key": "k"}, "unknown place"),
    "a list for eq": (
        {"url": "http://a/b", "rules": [{"when": [{"path": "a", "value": [1]}], "means": "empty"}]},
        "'in' has a list",
    ),
    "no zone": ({"url": "http://a/b", "timezone": "Asia/Busan"}, "unknown time zone"),
    "an unknown preset": ({"preset": "airkorae"}, "unknown preset 'airkorae'; allowed: airkorea, changwon"),
}


@pytest.mark.parametrize(("config", "words"), REFUSED.values(), ids=REFUSED)
def test_a_configuration_that_would_leak_or_mislead_is_refused(config, words):
    with pytest.raises(ValidationError) as raised:
        Config(**config)
    assert words.replace("url: ", "") in str(raised.value)


def test_an_unknown_preset_in_a_source_is_told_with_its_place():
    with pytest.raises(BadSetup) as raised:
        parse_config("envelope", {"preset": "nowhere"})
    assert "config.preset: unknown preset 'nowhere'; allowed: airkorea" in raised.value.text.en


def test_a_key_written_down_is_refused_and_never_shows():
    with pytest.raises(BadSetup, match=r"config\.key"):
        refuse_plain_secrets("envelope", {"url": "http://a/b", "key": "abc"})
    assert "abc" not in repr(Config(url="http://a/b", key="abc"))
    assert "envelope" in CONNECTORS
