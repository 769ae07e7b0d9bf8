"""The NGSI-LD connector: brokers that count and brokers that do not, normalized entities, history, real samples."""

import json
from pathlib import Path

import pytest
from chained_pages import slice_of, untold
from hostile_server import HTML_LOGIN, HTML_MAINTENANCE, HostileServer, cut_without_length, in_turn, reply, reply_json
from pydantic import ValidationError

from ingest.connectors.ngsild import Config, read
from ingest.errors import (
    BrokenOff,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    TooLarge,
    UnreadableAnswer,
)

TOKEN = "eyJ-secret-token"
CONTEXT = "http://cityhub.example/ngsi-ld/airquality.jsonld"
CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance" / "ngsi-ld"
POINT = {"type": "Point", "coordinates": [127.129, 37.411]}


def entity(number):
    return {
        "id": f"urn:datahub:Air:{number}",
        "type": "Air",
        "pm10": {"type": "Property", "value": number, "unitCode": "GQ", "observedAt": "2018-11-15T20:09:55,000+09:00"},
    }


def row(number):
    return {
        "id": f"urn:datahub:Air:{number}",
        "type": "Air",
        "pm10": number,
        "pm10.unitCode": "GQ",
        "pm10.observedAt": "2018-11-15T20:09:55,000+09:00",
    }


AIR = [entity(number) for number in range(1, 12)]
ROWS = [row(number) for number in range(1, 12)]


def broker_of(entities, *, counts=True, most=1000):
    def act(request, connection):
        capped = {**request.query, "limit": str(min(int(request.query["limit"]), most))}
        _, chosen = slice_of(entities, type("Capped", (), {"query": capped}), "offset", "limit")
        headers = {"NGSILD_Results_Count": len(entities)} if counts else {}
        reply(200, json.dumps(chosen).encode(), Content_Type="application/json", **headers)(request, connection)

    return act


def counted(entities, total):
    return reply(200, json.dumps(entities).encode(), NGSILD_Results_Count=total)


def collect(session, platform, **config):
    settings = {"url": platform.url("/ngsi-ld/v1/"), "type": "Air", "page_size": 4, **config}
    return list(read(Config(**settings), session))


def read_one(session, one, **config):
    with HostileServer({"/": counted([one], 1)}) as platform:
        return collect(session, platform, **{"type": one["type"], **config})


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_every_entity_arrives_once_and_in_order(open_session, count, counts):
    with HostileServer({"/ngsi-ld/v1/entities": broker_of(AIR[:count], counts=counts)}) as broker:
        assert collect(open_session(), broker) == ROWS[:count]


def test_a_broker_that_caps_its_pages_is_read_to_the_end(open_session):
    with HostileServer({"/": broker_of(AIR, counts=False, most=3)}) as broker:
        assert collect(open_session(), broker) == ROWS
    assert [request.query["offset"] for request in broker.requests] == ["0", "3", "6", "9", "11"]


def test_a_request_says_what_the_configuration_says(open_session):
    with HostileServer({"/": counted([], 0)}) as broker:
        collect(
            open_session(),
            broker,
            representation="keyValues",
            context=CONTEXT,
            attrs=["pm10", "location"],
            q="pm10>30",
            tenant="seongnam",
            authorization=f"Bearer {TOKEN}",
            params={"georel": "within"},
        )
    (request,) = broker.requests
    assert request.query == {
        "georel": "within",
        "type": "Air",
        "options": "keyValues",
        "attrs": "pm10,location",
        "q": "pm10>30",
        "count": "true",
        "limit": "4",
        "offset": "0",
    }
    assert request.headers["link"].startswith(f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"')
    assert request.headers["ngsild-tenant"] == "seongnam"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


CONCISE = {
    "id": "urn:datahub:Air:1",
    "type": "Air",
    "pm10": {"value": 30, "unitCode": "GQ", "provider": {"object": "urn:p"}},
    "name": "역삼",
    "location": POINT,
    "street": {"languageMap": {"ko": "길"}},
    "levels": [{"value": 1}, {"value": 2, "datasetId": "urn:d"}],
}


def test_concise_entities_become_the_rows_of_normalized_ones(open_session):
    with HostileServer({"/": counted([CONCISE], 1)}) as broker:
        rows = collect(open_session(), broker, representation="concise")
    assert rows == [
        {
            "id": "urn:datahub:Air:1",
            "type": "Air",
            "pm10": 30,
            "pm10.unitCode": "GQ",
            "pm10.provider": "urn:p",
            "name": "역삼",
            "location": POINT,
            "street.ko": "길",
            "levels": 1,
            "levels@urn:d": 2,
        }
    ]
    assert broker.requests[0].query["options"] == "concise"


def test_one_entity_as_an_object_is_one_row(open_session):
    with HostileServer({"/": reply_json(entity(1))}) as broker:
        assert collect(open_session(), broker) == [row(1)]


ATTRIBUTES = {
    "a property": ({"type": "Property", "value": 5}, {"a": 5}),
    "a property without a value": ({"type": "Property", "value": None}, {"a": None}),
    "an object as value": ({"type": "Property", "value": {"x": 1, "y": {"z": "2"}}}, {"a.x": 1, "a.y.z": "2"}),
    "an object without members": ({"type": "Property", "value": {}}, {"a": None}),
    "a list as value": ({"type": "Property", "value": ["public", "free"]}, {"a": ["public", "free"]}),
    "a place": ({"type": "GeoProperty", "value": POINT}, {"a": POINT}),
    "a relationship": ({"type": "Relationship", "object": "urn:b"}, {"a": "urn:b"}),
    "several relationships": ({"type": "Relationship", "object": ["urn:b", "urn:c"]}, {"a": ["urn:b", "urn:c"]}),
    "a text in languages": (
        {"type": "LanguageProperty", "languageMap": {"ko": "가", "en": "a"}},
        {"a.ko": "가", "a.en": "a"},
    ),
    "a property of a property": (
        {"type": "Property", "value": 5, "accuracy": {"type": "Property", "value": 0.1, "unitCode": "P1"}},
        {"a": 5, "a.accuracy": 0.1, "a.accuracy.unitCode": "P1"},
    ),
    "several instances": (
        [
            {"type": "Property", "value": 5},
            {"type": "Property", "value": 6, "datasetId": "urn:gps"},
        ],
        {"a": 5, "a@urn:gps": 6},
    ),
    "a value alone": (7, {"a": 7}),
    "an object alone": ({"street": "8th"}, {"a.street": "8th"}),
    "an object alone that has a type": (
        {"type": "PostalAddress", "city": "S"},
        {"a.type": "PostalAddress", "a.city": "S"},
    ),
    "a place alone": (POINT, {"a": POINT}),
    "a list alone": ([{"t": 1}], {"a": [{"t": 1}]}),
    "an empty list": ([], {"a": []}),
}


@pytest.mark.parametrize(("attribute", "columns"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_an_attribute_becomes_columns(open_session, attribute, columns):
    one = {"@context": [CONTEXT], "id": "urn:1", "type": "Air", "createdAt": "2026-01-01T00:00:00Z", "a": attribute}
    plain = {"id": "urn:1", "type": "Air", "createdAt": "2026-01-01T00:00:00Z"}
    assert read_one(open_session(), one) == [plain | columns]


def test_two_values_for_one_column_are_never_mixed(open_session):
    attribute = {"type": "Property", "value": {"observedAt": "noon"}, "observedAt": "2026-01-01T00:00:00Z"}
    with pytest.raises(UnreadableAnswer, match=r"two values.*a\.observedAt"):
        read_one(open_session(), {"id": "urn:1", "type": "Air", "a": attribute})


def nested(levels):
    return {"id": "urn:1", "type": "Air", "a": json.loads('{"a":' * levels + "{}" + "}" * levels)}


def test_deeply_nested_values_stay_objects(open_session):
    (found,) = read_one(open_session(), nested(100))
    assert len(found) == 3


def test_values_nested_without_end_are_refused(open_session):
    with pytest.raises(UnreadableAnswer, match="nested too deeply"):
        read_one(open_session(), nested(600))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (
            "airqualityobserved",
            {
                "id": "urn:datahub:AirQualityObserved:6378",
                "createdAt": "2018-11-15T20:10:00,000+09:00",
                "location": {"type": "Point", "coordinates": [127.1293735, 37.4114423]},
                "location.observedAt": "2018-11-15T20:09:55,000+09:00",
                "address.addressTown": "Yatap-dong",
                "airQualityObservation.pm10": 13,
                "airQualityIndexObservation.totalCategory": "좋음",
            },
        ),
        ("offstreetparking", {"name": "yatap_01", "category": ["public", "feeCharged"]}),
        ("weatherforecast", {"id": "urn:datahub:WeatherForecast:6279", "address.addressCountry": "KR"}),
    ],
)
def test_entities_of_the_city_data_hub_become_rows(open_session, real_files, name, columns):
    sample = (real_files / f"ngsild_keti_{name}.json").read_bytes()
    with HostileServer({"/": reply(200, sample, Content_Type="application/json")}) as broker:
        (found,) = collect(open_session(), broker)
    assert {column: found[column] for column in columns} == columns
    assert "@context" not in found


def smart_data_models():
    if not CONFORMANCE.is_dir():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip("the Smart Data Models samples are not here"))]
    return [pytest.param(path, id=path.parent.name) for path in sorted(CONFORMANCE.glob("*/normalized.jsonld"))]


@pytest.mark.parametrize("path", smart_data_models())
def test_normalized_samples_hold_the_values_that_their_simple_twins_hold(open_session, path):
    normalized = json.loads(path.read_bytes())
    simple = json.loads((path.parent / "keyvalues.jsonld").read_bytes())
    (full,) = read_one(open_session(), normalized)
    (bare,) = read_one(open_session(), {**simple, "id": normalized["id"]}, representation="keyValues")
    both = full.keys() & bare.keys()
    assert len(both) >= 5
    unlike = {name for name in both - {"id", "type"} if isinstance(full[name], dict) != isinstance(bare[name], dict)}
    assert not unlike
    assert not any(name.endswith((".type", ".value")) and ".address" not in name for name in full.keys() - bare.keys())


def history(number, *moments):
    return {
        "id": f"urn:{number}",
        "type": "Air",
        "pm10": [
            {"type": "Property", "value": value, "observedAt": moment, "instanceId": f"urn:i:{value}"}
            for value, moment in enumerate(moments)
        ],
    }


def test_the_history_of_an_attribute_is_a_row_for_each_value(open_session):
    with HostileServer(
        {"/ngsi-ld/v1/temporal/entities": broker_of([history(1, "t1", "t2"), history(2, "t3")])}
    ) as broker:
        rows = collect(
            open_session(), broker, history="pm10", since="2026-01-01T00:00:00Z", until="2026-01-02T00:00:00Z"
        )
    assert rows == [
        {"id": "urn:1", "type": "Air", "pm10": 0, "observedAt": "t1"},
        {"id": "urn:1", "type": "Air", "pm10": 1, "observedAt": "t2"},
        {"id": "urn:2", "type": "Air", "pm10": 0, "observedAt": "t3"},
    ]
    asked = broker.requests[0].query
    assert (asked["timerel"], asked["timeAt"], asked["endTimeAt"]) == (
        "between",
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
    )
    assert asked["attrs"] == "pm10"


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        ({"since": "a"}, {"timerel": "after", "timeAt": "a"}),
        ({"until": "b"}, {"timerel": "before", "timeAt": "b"}),
        ({"last": 3}, {"lastN": "3"}),
        ({}, {}),
    ],
)
def test_a_part_of_the_history_is_asked_for_in_the_words_of_the_standard(open_session, config, asked):
    with HostileServer({"/": counted([], 0)}) as broker:
        collect(open_session(), broker, history="pm10", **config)
    query = broker.requests[0].query
    assert {name: query[name] for name in query.keys() & {"timerel", "timeAt", "endTimeAt", "lastN"}} == asked


HISTORIES = {
    "one value alone": ({"type": "Property", "value": 1, "observedAt": "t"}, [(1, "t")]),
    "pairs of value and time": ({"type": "Property", "values": [[1, "t"], [2, "u"]]}, [(1, "t"), (2, "u")]),
    "no value in that time": ([], []),
}


@pytest.mark.parametrize(("attribute", "pairs"), HISTORIES.values(), ids=HISTORIES)
def test_the_history_is_understood_however_it_is_written(open_session, attribute, pairs):
    rows = read_one(open_session(), {"id": "urn:1", "type": "Air", "pm10": attribute}, history="pm10")
    assert [(one["pm10"], one["observedAt"]) for one in rows] == pairs


def test_a_value_without_a_time_is_no_history(open_session):
    one = {"id": "urn:1", "type": "Air", "pm10": [{"type": "Property", "value": 1}]}
    with pytest.raises(UnreadableAnswer, match="observedAt"):
        read_one(open_session(), one, history="pm10")


PROBLEM = {"type": "https://uri.etsi.org/ngsi-ld/errors/BadRequestData", "title": "Bad request", "detail": "no type"}
ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(json.dumps(AIR).encode(), 300), BrokenOff, "before the end"),
    "a problem with status 200": (reply_json(PROBLEM), RequestRefused, "Bad request no type"),
    "a passing problem with status 200": (reply_json({**PROBLEM, "status": 503}), PlatformFailure, "Bad request"),
    "a problem by status": (reply(400, json.dumps(PROBLEM).encode()), RequestRefused, "BadRequestData"),
    "a context not to be had": (reply(504, b"LdContextNotAvailable"), PlatformFailure, "LdContextNotAvailable"),
    "a refusal": (reply(401, b"token"), KeyRefused, "HTTP 401"),
    "an object that is no entity": (reply_json({"results": []}), UnreadableAnswer, "results"),
    "entities that are texts": (reply_json(["urn:1"]), UnreadableAnswer, "list of entities"),
    "entities without type": (reply_json([{"id": "urn:1"}]), UnreadableAnswer, "list of entities"),
    "a number": (reply_json(5), UnreadableAnswer, "int"),
    "the same page for ever": (reply_json(AIR[:4]), RequestRefused, "same as a page before"),
    "an entity again": (in_turn(counted(AIR[:4], 8), counted(AIR[3:7], 8)), BrokenOff, "came twice"),
    "more announced": (
        in_turn(counted(AIR[:4], 11), counted([], 11)),
        IncompleteAnswer,
        "announced 11 rows but sent 4",
    ),
    "less announced": (counted(AIR[:4], 3), IncompleteAnswer, "announced 3"),
    "a changing count": (in_turn(counted(AIR[:4], 11), counted(AIR[4:8], 10)), IncompleteAnswer, "11 → 10"),
    "pages without end": (counted(AIR[:4], 10**9), TooLarge, "pages"),
    "a part of the history": (
        reply(206, b"[]", Content_Range="date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/*"),
        RequestRefused,
        "2026-01-02",
    ),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as broker, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 1}), broker, max_pages=20, authorization=f"Bearer {TOKEN}")


def test_the_token_is_told_to_nobody(open_session, caplog):
    with HostileServer({"/": reply(500, f"invalid {TOKEN}".encode())}) as broker:
        session = open_session(limits={"attempts": 1})
        assert untold(TOKEN, caplog, lambda: collect(session, broker, authorization=f"Bearer {TOKEN}"), PlatformFailure)


@pytest.mark.parametrize(
    "config",
    [
        {"url": "broker"},
        {"url": "http://broker/?a=1"},
        {"type": ""},
        {"context": "airquality.jsonld"},
        {"context": "http://a/>; rel=x\r\nX: y"},
        {"since": "2026"},
        {"history": "pm10", "attrs": ["pm10"]},
        {"history": "pm10", "representation": "keyValues"},
        {"representation": "simplified"},
        {"tenant": "성남"},
        {"colour": "red"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "http://broker.example/ngsi-ld/v1", "type": "Air", **config})
