"""Each connector that goes on from where it was, against its platform: the second run asks only for what is new."""

import datetime as dt
import json

import pytest
from hostile_server import HostileServer, by_request, in_turn, reply
from pydantic import ValidationError

from ingest.connectors import CONNECTORS
from ingest.errors import BadSetup, SourceError
from ingest.http import Span

KST = dt.timezone(dt.timedelta(hours=9))
NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=KST)
SPAN = Span(dt.datetime(2026, 2, 1, tzinfo=dt.UTC), dt.datetime(2026, 2, 2, tzinfo=dt.UTC))
TIMES = ["2026-03-10T00:00:00Z", "2026-03-10T01:00:00Z"]


def observations(request):
    return {"value": [{"@iot.id": n, "phenomenonTime": time, "result": n} for n, time in enumerate(TIMES)]}


def layer(request):
    if not request.path.endswith("/query"):
        fields = [{"name": "OBJECTID", "type": "esriFieldTypeOID"}, {"name": "edited", "type": "esriFieldTypeDate"}]
        return {
            "fields": fields,
            "objectIdField": "OBJECTID",
            "advancedQueryCapabilities": {"supportsPagination": True},
        }
    if "returnCountOnly" in request.query:
        return {"count": 2}
    edited = [int(dt.datetime.fromisoformat(time).timestamp() * 1000) for time in TIMES]
    rows = [{"attributes": {"OBJECTID": n + 1, "edited": moment}} for n, moment in enumerate(edited)]
    return {"features": rows, "spatialReference": {"wkid": 4326}}


def parks(request):
    features = [
        {"type": "Feature", "id": n, "geometry": None, "properties": {"changed": time}} for n, time in enumerate(TIMES)
    ]
    return {"type": "FeatureCollection", "features": features}


def entities(request):
    return [
        {"id": f"urn:{n}", "type": "Air", "modifiedAt": time, "pm10": {"type": "Property", "value": n}}
        for n, time in enumerate(TIMES)
        if request.query.get("offset") == "0"
    ]


def values(request):
    history = [{"type": "Property", "value": n, "observedAt": time} for n, time in enumerate(TIMES)]
    return [{"id": "urn:1", "type": "Air", "pm10": history}] if request.query.get("offset") == "0" else []


BROKER = {"url": "/ngsi-ld/v1", "type": "Air", "count": False}
REACHED = "2026-03-10T01:00:00+00:00"
# Connector, what it answers, configuration, position left, what the second run asks, what a run for a span asks.
PLATFORMS = {
    "sensorthings": (
        observations,
        {"url": "/v1.1", "entities": "Observations", "count": False, "filter": "result ge 0", "incremental": {"overlap": "1h"}},
        REACHED,
        {"$filter": "(result ge 0) and phenomenonTime ge 2026-03-10T00:00:00.000000Z", "$orderby": "phenomenonTime asc"},
        {"$filter": "(result ge 0) and phenomenonTime ge 2026-02-01T00:00:00.000000Z and not (phenomenonTime ge 2026-02-02T00:00:00.000000Z)"},
    ),
    "sensorthings by number": (
        observations,
        {"url": "/v1.1", "entities": "Observations", "count": False, "incremental": {"field": "@iot.id", "kind": "integer"}},
        1,
        {"$filter": "id ge 2", "$orderby": "id asc"},
        None,
    ),
    "arcgis": (
        layer,
        {"url": "/FeatureServer/0", "where": "use = 1", "geometry": False, "incremental": {"field": "edited"}},
        REACHED,
        {"where": "(use = 1) AND edited >= TIMESTAMP '2026-03-10 01:00:00'"},
        {"where": "(use = 1) AND edited >= TIMESTAMP '2026-02-01 00:00:00' AND edited < TIMESTAMP '2026-02-02 00:00:00'"},
    ),
    "oapif": (
        parks,
        {"url": "/api", "collection": "parks", "incremental": {"field": "changed"}},
        REACHED,
        {"datetime": "2026-03-10T01:00:00Z/.."},
        {"datetime": "2026-02-01T00:00:00Z/2026-02-02T00:00:00Z"},
    ),
    "ngsild": (
        entities,
        {**BROKER, "incremental": {}},
        REACHED,
        {"timerel": "after", "timeAt": "2026-03-10T00:59:59.999Z", "timeproperty": "modifiedAt", "options": "sysAttrs"},
        {"timerel": "between", "timeAt": "2026-01-31T23:59:59.999Z", "endTimeAt": "2026-02-02T00:00:00.000Z"},
    ),
    "ngsild history": (
        values,
        {**BROKER, "history": "pm10", "incremental": {"overlap": "1h"}},
        REACHED,
        {"timerel": "after", "timeAt": "2026-03-09T23:59:59.999Z", "attrs": "pm10"},
        {"timerel": "between", "timeAt": "2026-01-31T23:59:59.999Z", "endTimeAt": "2026-02-02T00:00:00.000Z"},
    ),
}  # fmt: skip


def config_of(name, platform, config):
    connector = CONNECTORS[name.split()[0]]
    return connector, connector.config(**config | {"url": platform.url(config["url"])})


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_second_run_asks_from_where_the_first_one_was(open_session, name):
    answer, config, left, second, _ = PLATFORMS[name]
    with HostileServer({"/": by_request(answer)}) as platform:
        connector, typed = config_of(name, platform, config)
        first = open_session(moment=NOON)
        assert len(list(connector.read(typed, first))) == 2
        assert first.left["reached"] == left
        platform.requests.clear()
        again = open_session(moment=NOON, position=first.left)
        assert len(list(connector.read(typed, again))) == 2
        assert again.left == first.left
        asked = [
            request.query for request in platform.requests if request.path.endswith("/query") or "?" in request.target
        ]
        asked = [query for query in asked if query.get("f") != "json" or "where" in query]
        assert asked
        assert all(
            query.items() >= second.items() for query in asked if "$orderby" not in second or "$orderby" in query
        )


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_span_is_asked_for_with_both_its_ends_and_leaves_the_position(open_session, name):
    answer, config, _, _, asked = PLATFORMS[name]
    with HostileServer({"/": by_request(answer)}) as platform:
        connector, typed = config_of(name, platform, config)
        session = open_session(moment=NOON, span=SPAN, position={"kept": 1})
        if asked is None:
            with pytest.raises(BadSetup):
                list(connector.read(typed, session))
            return
        list(connector.read(typed, session))
        assert session.left == {"kept": 1}
        assert any(request.query.items() >= asked.items() for request in platform.requests)


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_answer_that_is_none_leaves_the_position(open_session, name):
    _, config, _, _, _ = PLATFORMS[name]
    with HostileServer({"/": reply(400, b"{}")}) as platform:
        connector, typed = config_of(name, platform, config)
        session = open_session(moment=NOON, position={"kept": 1})
        with pytest.raises(SourceError):
            list(connector.read(typed, session))
        assert session.left == {"kept": 1}


# CKAN's datastore: the rows behind the last one


class Datastore:
    def __init__(self, *numbers):
        self.rows = [{"_id": number, "name": f"주차장 {number}"} for number in numbers]
        self.offsets = []

    def answer(self, request):
        if request.path.endswith("package_show"):
            resource = {"id": "r", "name": "lots", "datastore_active": True}
            return {"success": True, "result": {"resources": [resource]}}
        start, size = int(request.query["offset"]), int(request.query["limit"])
        self.offsets.append(start)
        return {"success": True, "result": {"records": self.rows[start : start + size], "total": len(self.rows)}}

    def pull(self, platform, open_session, position):
        connector = CONNECTORS["ckan"]
        config = {"url": platform.url(), "dataset": "d", "take": "datastore", "page_size": 2}
        config |= {"incremental": {"field": "_id", "kind": "integer"}}
        session = open_session(position=position)
        names = [row["name"][4:] for row in connector.read(connector.config(**config), session)]
        return names, session.left


def test_a_datastore_is_read_behind_its_last_row_and_anew_when_that_has_moved(open_session):
    store = Datastore(1, 2, 3)
    with HostileServer({"/": by_request(store.answer)}) as platform:
        names, left = store.pull(platform, open_session, {})
        assert (names, left) == (["1", "2", "3"], {"resource": "r", "rows": 3, "reached": 3})
        assert store.pull(platform, open_session, left) == ([], left)

        store.rows += Datastore(4, 5, 6).rows
        store.offsets.clear()
        names, left = store.pull(platform, open_session, left)
        assert (names, store.offsets) == (["4", "5", "6"], [2, 4])

        del store.rows[0]
        assert store.pull(platform, open_session, left)[0] == ["2", "3", "4", "5", "6"]
        store.rows.clear()
        assert store.pull(platform, open_session, left) == ([], {})


# What is refused


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("sensorthings", {"url": "http://x", "entities": "Things", "incremental": {"kind": "text"}}, "datetime or integer"),
        ("arcgis", {"url": "http://x/0", "incremental": {}}, "must name a field"),
        ("arcgis", {"url": "http://x/0", "incremental": {"field": "a = 1 OR"}}, "no name of a field"),
        ("arcgis", {"url": "http://x/0", "incremental": {"field": "a"}, "fields": ["b"]}, "must name a field"),
        ("arcgis", {"url": "http://x/0", "incremental": {"field": "a"}, "dates": "epoch"}, "epoch-ms"),
        ("oapif", {"url": "http://x", "collection": "c", "service": "wfs", "incremental": {"field": "a"}}, "OGC API Features"),
        ("oapif", {"url": "http://x", "collection": "c", "incremental": {}}, "needs field"),
        ("ngsild", {"url": "http://x", "type": "A", "incremental": {"kind": "integer", "field": "n"}}, "by times"),
        ("ckan", {"url": "http://x", "dataset": "d", "incremental": {"field": "changed"}}, "row numbers"),
        ("ckan", {"url": "http://x", "dataset": "d", "incremental": {"field": "_id", "kind": "integer"}}, "datastore"),
        ("sql", {"incremental": {}}, "must name the column"),
        ("sql", {"incremental": {"field": "a"}, "cursor_column": "a"}, "mean nothing"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_go_on_is_refused(name, config, words):
    if name == "sql":
        config = {"url": "postgresql://u@h/d", "password": "p", "query": "SELECT 1", **config}
    with pytest.raises(ValidationError, match=words):
        CONNECTORS[name].config(**config)


@pytest.mark.parametrize("name", [name for name in PLATFORMS if name != "sensorthings by number"])
def test_what_may_come_twice_is_known(name):
    config = CONNECTORS[name.split()[0]].config(**PLATFORMS[name][1] | {"url": "http://x/0"})
    assert (config.overlaps, config.takes_spans) == (True, True)


# Places in the body of a POST


def test_a_body_is_filled_too(open_session):
    connector = CONNECTORS["envelope"]
    bodies = []

    def answer(request, wire):
        bodies.append(request)
        reply(200, json.dumps([{"n": 7}, {"n": 9}]).encode())(request, wire)

    with HostileServer({"/": in_turn(answer)}) as platform:
        config = connector.config(
            url=platform.url("/{since}/x"),
            method="POST",
            sent={"filter": [{"after": "{since}"}]},
            incremental={"field": "n", "kind": "integer", "initial": 5, "overlap": 1},
        )
        first = open_session(moment=NOON)
        assert [row["n"] for row in connector.read(config, first)] == [7, 9]
        again = open_session(moment=NOON, position=first.left)
        list(connector.read(config, again))
    assert [request.path for request in bodies] == ["/5/x", "/9/x"]
