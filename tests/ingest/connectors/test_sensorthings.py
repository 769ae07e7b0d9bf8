"""The SensorThings connector: sets with next links, expanded entities, intervals, and links that lie."""

import base64
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
    reply,
    reply_json,
)
from pydantic import ValidationError

from ingest.connectors.sensorthings import Config, read
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

ROOT = "/FROST/v1.1"
SET = f"{ROOT}/Datastreams(5)/Observations"
TOKEN = "secret-token-77"
POINT = {"type": "Point", "coordinates": [127.1, 37.4]}


def observation(number):
    return {
        "@iot.selfLink": f"http://x/Observations({number})",
        "@iot.id": number,
        "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z",
        "resultTime": "2026-01-01T01:00:00Z",
        "result": number / 2,
        "Datastream@iot.navigationLink": f"http://x/Observations({number})/Datastream",
    }


def row(number):
    return {
        "@iot.id": number,
        "phenomenonTime": "2026-01-01T00:00:00Z",
        "phenomenonTime.end": "2026-01-01T01:00:00Z",
        "resultTime": "2026-01-01T01:00:00Z",
        "result": number / 2,
    }


SEEN = [observation(number) for number in range(1, 12)]
ROWS = [row(number) for number in range(1, 12)]


def page(entities, *, next=None, count=None):
    return {
        "value": entities,
        **({} if count is None else {"@iot.count": count}),
        **({} if next is None else {"@iot.nextLink": next}),
    }


def pages_of(entities):
    def answer(request):
        start, chosen = slice_of(entities, request, "$skip", "$top")
        end = start + len(chosen)
        link = f"{SET}?$top={request.query['$top']}&$skip={end}" if end < len(entities) else None
        return page(chosen, next=link, count=len(entities) if request.query.get("$count") else None)

    return by_request(answer)


def collect(session, server, **config):
    settings = {"url": server.url(ROOT + "/"), "entities": "Datastreams(5)/Observations", "page_size": 4, **config}
    return list(read(Config(**settings), session))


def one_row(open_session, entity):
    with HostileServer({"/": reply_json(page([entity]))}) as server:
        (found,) = collect(open_session(), server)
    return found


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_every_observation_arrives_once_and_in_order(open_session, count, counted):
    with HostileServer({SET: pages_of(SEEN[:count])}) as server:
        assert collect(open_session(), server, count=counted) == ROWS[:count]


def test_a_question_says_what_the_configuration_says(open_session):
    with HostileServer({"/": reply_json(page([]))}) as server:
        collect(
            open_session(),
            server,
            expand="Datastream($select=name)",
            filter="result gt 5",
            select="result",
            orderby="phenomenonTime desc",
            params={"$resultFormat": "x"},
            authorization=f"Bearer {TOKEN}",
        )
    (request,) = server.requests
    assert request.query == {
        "$resultFormat": "x",
        "$top": "4",
        "$expand": "Datastream($select=name)",
        "$filter": "result gt 5",
        "$select": "result",
        "$orderby": "phenomenonTime desc",
        "$count": "true",
    }
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


ENTITIES = {
    "an instant": (
        {"@iot.id": 1, "phenomenonTime": "2026-01-01T00:00:00Z", "resultTime": None, "result": 5},
        {
            "@iot.id": 1,
            "phenomenonTime": "2026-01-01T00:00:00Z",
            "phenomenonTime.end": None,
            "resultTime": None,
            "result": 5,
        },
    ),
    "no time": ({"@iot.id": 1, "validTime": None}, {"@iot.id": 1, "validTime": None, "validTime.end": None}),
    "a datastream": (
        {
            "@iot.id": "a-1",
            "unitOfMeasurement": {"name": "마이크로그램", "symbol": "µg/m³"},
            "observedArea": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]},
            "resultTime": "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z",
        },
        {
            "@iot.id": "a-1",
            "unitOfMeasurement.name": "마이크로그램",
            "unitOfMeasurement.symbol": "µg/m³",
            "observedArea": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]},
            "resultTime": "2026-01-01T00:00:00Z",
            "resultTime.end": "2026-02-01T00:00:00Z",
        },
    ),
    "a location": ({"@iot.id": 1, "location": POINT}, {"@iot.id": 1, "location": POINT}),
    "a location as a feature": (
        {"@iot.id": 1, "location": {"type": "Feature", "geometry": POINT, "properties": {}}},
        {"@iot.id": 1, "location": POINT},
    ),
    "a result with parts": (
        {"@iot.id": 1, "result": {"u": 1, "v": 2}, "parameters": {}},
        {"@iot.id": 1, "result.u": 1, "result.v": 2, "parameters": None},
    ),
    "a result that is a list": ({"@iot.id": 1, "result": [1, 2]}, {"@iot.id": 1, "result": [1, 2]}),
    "an expanded entity": (
        {
            "@iot.id": 1,
            "result": 5,
            "Datastream": {
                "@iot.id": 7,
                "@iot.selfLink": "x",
                "name": "미세먼지",
                "Thing": {"@iot.id": 9, "name": "야탑"},
            },
        },
        {
            "@iot.id": 1,
            "result": 5,
            "Datastream.@iot.id": 7,
            "Datastream.name": "미세먼지",
            "Datastream.Thing.@iot.id": 9,
            "Datastream.Thing.name": "야탑",
        },
    ),
    "an expanded set": (
        {
            "@iot.id": 1,
            "Locations": [{"@iot.id": 2, "@iot.selfLink": "x", "location": POINT}],
            "Locations@iot.count": 1,
        },
        {"@iot.id": 1, "Locations": [{"@iot.id": 2, "location": POINT}]},
    ),
}


@pytest.mark.parametrize(("entity", "expected"), ENTITIES.values(), ids=ENTITIES)
def test_an_entity_becomes_a_row(open_session, entity, expected):
    assert one_row(open_session, entity) == expected


def test_one_entity_without_a_list_is_one_row(open_session):
    with HostileServer({"/": reply_json({"@iot.id": 1, "name": "a"})}) as server:
        assert collect(open_session(), server, entities="Things(1)") == [{"@iot.id": 1, "name": "a"}]


def test_an_expanded_set_that_was_cut_is_read_to_its_end(open_session):
    thing = {
        "@iot.id": 1,
        "Datastreams": [{"@iot.id": 1}, {"@iot.id": 2}],
        "Datastreams@iot.nextLink": f"{ROOT}/Things(1)/Datastreams?$skip=2",
        "Datastreams@iot.count": 5,
    }
    rest = in_turn(
        reply_json(page([thing])),
        reply_json(page([{"@iot.id": 3}, {"@iot.id": 4}], next=f"{ROOT}/Things(1)/Datastreams?$skip=4", count=5)),
        reply_json(page([{"@iot.id": 5}], count=5)),
    )
    with HostileServer({"/": rest}) as server:
        (found,) = collect(open_session(), server, entities="Things")
    assert [one["@iot.id"] for one in found["Datastreams"]] == [1, 2, 3, 4, 5]


def test_who_asks_for_the_latest_value_gets_no_more(open_session):
    stream = {"@iot.id": 1, "Observations": [{"@iot.id": 9}], "Observations@iot.nextLink": f"{ROOT}/x?$skip=1&$top=1"}
    with HostileServer({"/": reply_json(page([stream]))}) as server:
        (found,) = collect(open_session(), server, expand="Observations($orderby=resultTime desc;$top=1)")
    assert found == {"@iot.id": 1, "Observations": [{"@iot.id": 9}]}
    assert len(server.requests) == 1


def test_an_expanded_set_that_is_short_of_its_count_is_an_error(open_session):
    thing = {"@iot.id": 1, "Datastreams": [{"name": "a"}], "Datastreams@iot.count": 2}
    with (
        HostileServer({"/": reply_json(page([thing]))}) as server,
        pytest.raises(IncompleteAnswer, match="announced 2"),
    ):
        collect(open_session(), server)


def test_an_expanded_set_that_goes_on_elsewhere_is_refused(open_session):
    thing = {"@iot.id": 1, "Datastreams": [{"@iot.id": 1}], "Datastreams@iot.nextLink": "http://169.254.169.254/"}
    with (
        HostileServer({"/": reply_json(page([thing]))}) as server,
        pytest.raises(ForbiddenAddress, match="another host"),
    ):
        collect(open_session(), server)


def test_entities_nested_in_entities_end(open_session):
    entity = {"@iot.id": 0}
    for number in range(1, 60):
        entity = {"@iot.id": number, "Thing": entity}
    assert one_row(open_session, entity)["Thing.Thing.Thing.@iot.id"] == 56


def to(link):
    return reply_json(page(SEEN[:4], next=link))


ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(json.dumps(page(SEEN)).encode(), 300), BrokenOff, "before the end"),
    "an error with status 200": (
        reply_json({"code": 400, "type": "error", "message": "Unknown path"}),
        RequestRefused,
        "Unknown path",
    ),
    "an error inside": (reply_json({"error": {"code": 503, "message": "busy"}}), PlatformFailure, "503 busy"),
    "an error that is a text": (reply_json({"error": "no"}), RequestRefused, "no"),
    "an error by status": (reply(404, b'{"message": "Not a valid path"}'), RequestRefused, "Not a valid path"),
    "a refusal": (reply(401, b"no"), KeyRefused, "HTTP 401"),
    "a list": (reply_json([]), UnreadableAnswer, "list"),
    "no list of entities": (reply_json({"value": {}}), UnreadableAnswer, "value"),
    "entities that are texts": (reply_json(page(["a"])), UnreadableAnswer, "entity 1 is no object"),
    "another host": (to("http://169.254.169.254/v1.1"), ForbiddenAddress, "another host"),
    "another port": (to("http://127.0.0.1:1/v1.1"), ForbiddenAddress, "another host"),
    "a link that is a number": (to(5), ForbiddenAddress, "none"),
    "an empty link": (to(""), ForbiddenAddress, "none"),
    "the same page for ever": (to(f"{SET}?$skip=4"), RequestRefused, "same as a page before"),
    "a circle": (
        in_turn(to(f"{SET}?$skip=4"), reply_json(page(SEEN[4:8], next=f"{SET}?$skip=4"))),
        RequestRefused,
        "circle",
    ),
    "an observation again": (in_turn(to(f"{SET}?$skip=4"), reply_json(page(SEEN[3:7]))), BrokenOff, "'4' came twice"),
    "more announced": (reply_json(page(SEEN[:4], count=11)), IncompleteAnswer, "announced 11 rows but sent 4"),
    "less announced": (reply_json(page(SEEN[:4], count=3)), IncompleteAnswer, "announced 3"),
    "a changing count": (
        in_turn(
            reply_json(page(SEEN[:4], next=f"{SET}?$skip=4", count=11)),
            reply_json(page(SEEN[4:8], next=f"{SET}?$skip=8", count=12)),
        ),
        IncompleteAnswer,
        "11 → 12",
    ),
    "pages without end": (
        by_request(lambda request: page([observation(request.number)], next=f"{SET}?$skip={request.number}")),
        TooLarge,
        "20 pages",
    ),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as server, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 1}), server, max_pages=20, authorization=f"Bearer {TOKEN}")


BASIC = base64.b64encode(f"city:{TOKEN}".encode()).decode()


@pytest.mark.parametrize("authorization", [TOKEN, f"Bearer {TOKEN}", f"Basic {BASIC}"])
def test_a_secret_is_told_to_nobody(open_session, caplog, authorization):
    behaviour = in_turn(to(f"{SET}?$skip=4"), reply(500, f"refused {TOKEN} {BASIC}".encode()))
    with HostileServer({"/": behaviour}) as server:
        session = open_session(limits={"attempts": 1})
        assert untold(TOKEN, caplog, lambda: collect(session, server, authorization=authorization), PlatformFailure)
    assert [request.headers["authorization"] for request in server.requests] == [authorization] * 2


def test_a_secret_that_no_header_can_carry_is_refused(open_session):
    with HostileServer({}) as server, pytest.raises(BadSetup, match="no header can carry"):
        collect(open_session(), server, authorization="Bearer 열쇠")


@pytest.mark.parametrize(
    "config",
    [
        {"url": "frost"},
        {"url": "http://a/v1.1?x=1"},
        {"entities": "../admin"},
        {"entities": "Things?$top=1"},
        {"entities": "Things/"},
        {"page_size": 0},
        {"colour": "red"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "http://city.example/v1.1", "entities": "Things", **config})
