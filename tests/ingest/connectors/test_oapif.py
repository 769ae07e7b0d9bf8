"""The connector of OGC API Features: next links that lie, counts that do not agree, errors that look like answers."""

import json

import pytest
from chained_pages import slice_of, untold
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

from ingest.connectors.oapif import Config, read
from ingest.errors import (
    BadSetup,
    BrokenOff,
    ForbiddenAddress,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    TooLarge,
    UnreadableAnswer,
)

KEY = "open+sesame/9=="
ITEMS = "/api/collections/parks/items"


def feature(number):
    point = {"type": "Point", "coordinates": [127 + number / 100, 37.5]}
    return {"type": "Feature", "id": number, "geometry": point, "properties": {"이름": f"공원 {number}", "code": "007"}}


def row(number):
    return {"id": number, "이름": f"공원 {number}", "code": "007", "geometry": feature(number)["geometry"]}


PARKS = [feature(number) for number in range(1, 12)]
ROWS = [row(number) for number in range(1, 12)]


def collection(features, *, next=None, **members):
    links = [{"rel": "self", "href": "x"}] + (
        [{"rel": "next", "href": next, "type": "application/geo+json"}] if next else []
    )
    return {"type": "FeatureCollection", "features": features, "links": links, **members}


def pages_of(features, *, counted=True, absolute=None):
    def page(request):
        start, chosen = slice_of(features, request, "offset", "limit")
        end = start + len(chosen)
        link = f"{absolute or ''}{ITEMS}?offset={end}&limit={request.query['limit']}"
        counts = {"numberMatched": len(features), "numberReturned": len(chosen)} if counted else {}
        return collection(chosen, next=link if end < len(features) else None, **counts)

    return by_request(page)


def collect(session, platform, **config):
    settings = {"url": platform.url("/api/"), "collection": "parks", "page_size": 4, **config}
    return list(read(Config(**settings), session))


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_every_feature_arrives_once_and_in_order(open_session, count, counted):
    with HostileServer({ITEMS: pages_of(PARKS[:count], counted=counted)}) as platform:
        assert collect(open_session(), platform) == ROWS[:count]
    assert len(platform.requests) == max(1, -(-count // 4))


def test_filters_go_out_with_the_first_page_and_links_are_followed_as_they_are(open_session):
    with HostileServer({ITEMS: pages_of(PARKS[:5])}) as platform:
        collect(
            open_session(),
            platform,
            bbox=[126.5, 37, 127.5, 38],
            datetime="2026-01-01T00:00:00Z/..",
            params={"code": "007"},
        )
    first, second = platform.requests
    assert first.query == {
        "code": "007",
        "limit": "4",
        "bbox": "126.5,37,127.5,38",
        "datetime": "2026-01-01T00:00:00Z/..",
    }
    assert second.target == f"{ITEMS}?offset=4&limit=4"
    assert "application/geo+json" in second.headers["accept"]


def test_a_collection_with_a_strange_name_is_quoted(open_session):
    with HostileServer({"/": reply_json(collection([]))}) as platform:
        assert collect(open_session(), platform, collection="시설/공원 1") == []
    assert platform.requests[0].path == "/api/collections/%EC%8B%9C%EC%84%A4%2F%EA%B3%B5%EC%9B%90%201/items"


def test_an_empty_last_page_ends_the_data(open_session):
    pages = in_turn(reply_json(collection(PARKS[:4], next=f"{ITEMS}?offset=4")), reply_json(collection([])))
    with HostileServer({ITEMS: pages}) as platform:
        assert collect(open_session(), platform) == ROWS[:4]


def test_features_without_geometry_or_identifier_are_rows_too(open_session):
    features = [{"type": "Feature", "geometry": None, "properties": None}, {"type": "Feature", "properties": {"a": 1}}]
    with HostileServer({ITEMS: reply_json(collection(features))}) as platform:
        assert collect(open_session(), platform) == [{"geometry": None}, {"a": 1, "geometry": None}]


@pytest.mark.parametrize("place", [{}, {"key_param": "key"}, {"key_header": "X-Api-Key"}])
def test_the_key_goes_with_every_page_and_is_told_to_nobody(open_session, caplog, place):
    pages = in_turn(reply_json(collection(PARKS[:4], next=f"{ITEMS}?offset=4")), reply(500, f"no {KEY}".encode()))
    with HostileServer({ITEMS: pages}) as platform:
        session = open_session(limits={"attempts": 1})
        assert untold(KEY, caplog, lambda: collect(session, platform, key=KEY, **place), PlatformFailure)
    for request in platform.requests:
        sent = request.query.get("key") or request.headers.get("x-api-key") or request.headers.get("authorization")
        assert sent == KEY


@pytest.mark.parametrize("key", ["열쇠", "abc\r\nX-Other: 1", "abc\n"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(open_session, key):
    with HostileServer({}) as platform, pytest.raises(BadSetup) as raised:
        collect(open_session(), platform, key=key)
    assert key.strip() not in str(raised.value)
    assert not platform.requests


def test_a_link_that_repeats_the_key_does_not_get_it_twice(open_session):
    pages = in_turn(reply_json(collection(PARKS[:4], next=f"{ITEMS}?offset=4&key=abc")), reply_json(collection([])))
    with HostileServer({ITEMS: pages}) as platform:
        collect(open_session(), platform, key="abc", key_param="key")
    assert platform.requests[1].target == f"{ITEMS}?offset=4&key=abc"


def to(link):
    return reply_json(collection(PARKS[:4], next=link))


ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(json.dumps(collection(PARKS)).encode(), 300), BrokenOff, "before the end"),
    "an error with status 200": (
        reply_json({"code": "InvalidParameterValue", "description": "bbox"}),
        RequestRefused,
        "InvalidParameterValue bbox",
    ),
    "a problem with status 200": (reply_json({"title": "Bad", "detail": "limit"}), RequestRefused, "Bad limit"),
    "an error by status": (reply(400, b'{"code": "InvalidParameterValue"}'), RequestRefused, "InvalidParameterValue"),
    "a forbidden door": (reply(403, b"no"), KeyRefused, "HTTP 403"),
    "a list": (reply_json([]), UnreadableAnswer, "no list of features"),
    "features that are none": (reply_json(collection([1])), UnreadableAnswer, "feature 1"),
    "features that are no list": (
        reply_json({"type": "FeatureCollection", "features": {}}),
        UnreadableAnswer,
        "features",
    ),
    "properties that are a list": (reply_json(collection([{"properties": []}])), UnreadableAnswer, "feature 1"),
    "another host": (to("http://169.254.169.254/latest"), ForbiddenAddress, "another host"),
    "another port": (to("http://127.0.0.1:1/api"), ForbiddenAddress, "another host"),
    "another scheme": (to("file:///etc/passwd"), ForbiddenAddress, "another host"),
    "a login in the link": (to("http://me:word@127.0.0.1/api"), ForbiddenAddress, "another host"),
    "a link that is a number": (to(5), ForbiddenAddress, "none"),
    "a link that is no address": (to("http://[::1"), ForbiddenAddress, "none"),
    "the same page for ever": (to(f"{ITEMS}?offset=4"), RequestRefused, "same as a page before"),
    "a circle": (
        in_turn(to(f"{ITEMS}?a=1"), reply_json(collection(PARKS[4:8], next=f"{ITEMS}?a=1"))),
        RequestRefused,
        "circle",
    ),
    "a feature again": (
        in_turn(to(f"{ITEMS}?a=1"), reply_json(collection(PARKS[3:8]))),
        BrokenOff,
        "record '4' came twice",
    ),
    "more announced": (
        reply_json(collection(PARKS[:4], numberMatched=11)),
        IncompleteAnswer,
        "announced 11 rows but sent 4",
    ),
    "less announced": (reply_json(collection(PARKS[:4], numberMatched=3)), IncompleteAnswer, "announced 3"),
    "less than it says": (reply_json(collection(PARKS[:4], numberReturned=5)), IncompleteAnswer, "announced 5"),
    "a changing count": (
        in_turn(
            reply_json(collection(PARKS[:4], next=f"{ITEMS}?a=1", numberMatched=11)),
            reply_json(collection(PARKS[4:8], next=f"{ITEMS}?a=2", numberMatched=12)),
        ),
        IncompleteAnswer,
        "11 → 12",
    ),
    "pages without end": (
        reply_json(collection(PARKS[:4], next=f"{ITEMS}?a=1", numberMatched=10**9)),
        TooLarge,
        "pages",
    ),
    "new pages without end": (
        by_request(
            lambda request: collection([feature(request.number)], next=f"{ITEMS}?offset={request.number}&limit=1")
        ),
        TooLarge,
        "20 pages",
    ),
    "another host by a redirect with the key": (redirect("http://169.254.169.254/"), ForbiddenAddress, "169.254"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 1}), platform, key="k-e-y", max_pages=20)


def test_a_link_from_the_guarded_to_the_plain_door_is_refused(open_session, monkeypatch):
    from_https = "https://city.example/api/collections/parks/items"
    session = open_session()
    answer = collection(PARKS[:4], next="http://city.example/api/collections/parks/items?offset=4")
    with HostileServer({"/": reply_json(answer)}) as platform:
        spooled = session.fetch(platform.url("/"))
    monkeypatch.setattr(session, "read", lambda address, parse, **options: parse(spooled))
    with pytest.raises(ForbiddenAddress, match="https to http"):
        list(read(Config(url=from_https.partition("/collections")[0], collection="parks"), session))


@pytest.mark.parametrize(
    "config",
    [
        {"url": "ftp://city"},
        {"url": "api.json"},
        {"url": "http://city/api?f=json"},
        {"collection": ""},
        {"bbox": [1, 2, 3]},
        {"bbox": [127, 38, 128, 37]},
        {"bbox": [127, 37, 128, 100]},
        {"page_size": 0},
        {"output": "gml"},
        {"sort_by": "name"},
        {"service": "wfs", "datetime": "2026"},
        {"service": "wms"},
        {"colour": "red"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "http://city.example/api", "collection": "parks", **config})


def test_the_key_does_not_show_in_the_configuration():
    assert "planted" not in repr(Config(url="http://city.example", collection="c", key="planted"))
