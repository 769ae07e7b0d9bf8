"""The ArcGIS connector: a layer that counts, pages or lists its objects, and says its errors with status 200."""

import json

import pytest
from chained_pages import slice_of, untold
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    by_request,
    cut_without_length,
    reply,
    reply_json,
)
from pydantic import ValidationError

from ingest.connectors.arcgis import CODES, Config, read
from ingest.connectors.esri import read_geometry
from ingest.errors import (
    BrokenOff,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    TooLarge,
    UnreadableAnswer,
)

TOKEN = "arcgis-token/1+2"
LAYER = "/arcgis/rest/services/city/FeatureServer/0"
KINDS = {"type": "codedValue", "codedValues": [{"code": 1, "name": "공영"}, {"code": 2, "name": "민영"}]}
FIELDS = [
    {"name": "OBJECTID", "type": "esriFieldTypeOID"},
    {"name": "name", "type": "esriFieldTypeString"},
    {"name": "kind", "type": "esriFieldTypeSmallInteger", "domain": KINDS},
    {"name": "opened", "type": "esriFieldTypeDate"},
]


def lot(number):
    attributes = {"OBJECTID": number, "name": f"주차장 {number}", "kind": 1, "opened": 1577836800000 + number * 1000}
    return {"attributes": attributes, "geometry": {"x": 127 + number / 100, "y": 37.5}}


def row(number):
    return {
        "OBJECTID": number,
        "name": f"주차장 {number}",
        "kind": 1,
        "opened": f"2020-01-01T00:00:{number:02}Z",
        "geometry": {"type": "Point", "coordinates": [127 + number / 100, 37.5]},
    }


LOTS = [lot(number) for number in range(1, 12)]
ROWS = [row(number) for number in range(1, 12)]


def layer(*, pages=True, most=1000, **members):
    return {
        "fields": FIELDS,
        "objectIdField": "OBJECTID",
        "geometryType": "esriGeometryPoint",
        "capabilities": "Map,Query,Data",
        "maxRecordCount": most,
        "advancedQueryCapabilities": {"supportsPagination": pages},
        **members,
    }


def rows_of(features, **members):
    return {"features": features, "spatialReference": {"wkid": 4326, "latestWkid": 4326}, **members}


def service(lots=LOTS, *, rows=None, count=None, ids=None, **members):
    """Return a layer; ``rows``, ``count`` and ``ids`` answer instead of it."""

    def answer(request):
        query = request.query
        if not request.path.endswith("/query"):
            return layer(**members)
        if "returnCountOnly" in query:
            return {"count": len(lots)} if count is None else count
        if "returnIdsOnly" in query:
            return {"objectIds": [one["attributes"]["OBJECTID"] for one in reversed(lots)]} if ids is None else ids
        if rows is not None:
            return rows(request) if callable(rows) else rows
        if "objectIds" in query:
            wanted = set(map(int, query["objectIds"].split(",")))
            return rows_of([one for one in lots if one["attributes"]["OBJECTID"] in wanted])
        start, chosen = slice_of(lots, request, "resultOffset", "resultRecordCount")
        return rows_of(chosen, exceededTransferLimit=start + len(chosen) < len(lots))

    return by_request(answer)


def collect(session, server, **config):
    return list(read(Config(**{"url": server.url(LAYER + "/"), "page_size": 4, **config}), session))


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_every_object_arrives_once_and_in_order(open_session, count, pages):
    with HostileServer({LAYER: service(LOTS[:count], pages=pages)}) as server:
        assert collect(open_session(), server) == ROWS[:count]
    asked = [request.query for request in server.requests if "outFields" in request.query]
    assert len(asked) == -(-count // 4)
    assert all(("resultOffset" in query) == pages and ("objectIds" in query) != pages for query in asked)


def test_a_server_that_caps_its_pages_is_read_to_the_end(open_session):
    with HostileServer({LAYER: service(most=3)}) as server:
        assert collect(open_session(), server, page_size=1000) == ROWS
    sizes = [request.query.get("resultRecordCount") for request in server.requests]
    assert sizes == [None, None, "3", "3", "3", "3"]


def test_a_server_that_caps_its_pages_without_a_word_is_read_to_the_end(open_session):
    def three(request):
        start = int(request.query["resultOffset"])
        return rows_of(LOTS[start : start + 3])

    with HostileServer({LAYER: service(rows=three)}) as server:
        assert collect(open_session(), server, page_size=1000) == ROWS


def test_lists_of_long_ids_fit_into_an_address(open_session):
    lots = [lot(10**9 + number) for number in range(1, 400)]
    with HostileServer({LAYER: service(lots, pages=False)}) as server:
        rows = collect(open_session(), server, page_size=1000, dates="epoch")
    assert [one["OBJECTID"] for one in rows] == [one["attributes"]["OBJECTID"] for one in lots]
    assert max(len(request.target) for request in server.requests) < 2000


def test_a_question_says_what_the_configuration_says(open_session):
    with HostileServer({LAYER: service(LOTS[:1])}) as server:
        rows = collect(
            open_session(), server, where="kind = 1", fields=["name"], geometry=False, token=TOKEN, params={"time": "0"}
        )
    assert rows == [{"name": "주차장 1"}]
    assert server.requests[0].query == {"f": "json", "token": TOKEN}
    assert server.requests[-1].query == {
        "f": "json",
        "time": "0",
        "where": "kind = 1",
        "token": TOKEN,
        "outFields": "name,OBJECTID",
        "returnGeometry": "false",
        "outSR": "4326",
        "resultOffset": "0",
        "resultRecordCount": "4",
        "orderByFields": "OBJECTID ASC",
    }


def first_row(open_session, attributes, *, config=None, **members):
    one = {**LOTS[0], "attributes": LOTS[0]["attributes"] | attributes}
    with HostileServer({LAYER: service([one], **members)}) as server:
        (found,) = collect(open_session(), server, **(config or {}))
    return found


DATES = {
    "a moment": (1577836800123, "2020-01-01T00:00:00.123Z"),
    "the beginning": (0, "1970-01-01T00:00:00Z"),
    "before the beginning": (-86400000, "1969-12-31T00:00:00Z"),
    "a fraction": (1577836800000.0, "2020-01-01T00:00:00Z"),
    "nothing": (None, None),
    "no moment of ours": (10**18, 10**18),
    "a text": ("2020-01-01", "2020-01-01"),
}


@pytest.mark.parametrize(("milliseconds", "text"), DATES.values(), ids=DATES)
def test_a_date_is_written_as_text_in_utc(open_session, milliseconds, text):
    assert first_row(open_session, {"opened": milliseconds})["opened"] == text


def test_a_date_stays_a_number_where_that_is_wanted(open_session):
    assert first_row(open_session, {}, config={"dates": "epoch"})["opened"] == 1577836801000


@pytest.mark.parametrize(("code", "text"), [(1, "공영"), (2, "민영"), (9, 9), (None, None)])
def test_a_code_becomes_its_text_where_that_is_wanted(open_session, code, text):
    assert first_row(open_session, {"kind": code}, config={"domains": "text"})["kind"] == text
    assert first_row(open_session, {"kind": code})["kind"] == code


def test_a_subtype_has_codes_of_its_own(open_session):
    own = {"kind": {"type": "codedValue", "codedValues": [{"code": 1, "name": "노상"}]}}
    types = [
        {"id": 7, "name": "도로", "domains": own},
        {"id": 8, "name": "건물", "domains": {"kind": {"type": "inherited"}}},
    ]
    members = {"types": types, "typeIdField": "type"}
    config = {"domains": "text", "fields": ["type", "kind"], "geometry": False}
    first = first_row(open_session, {"type": 7}, config=config, **members)
    other = first_row(open_session, {"type": 8}, config=config, **members)
    assert first == {"kind": "노상", "type": "도로"}
    assert other == {"kind": "공영", "type": "건물"}


def test_a_range_is_no_list_of_codes(open_session):
    fields = [*FIELDS[:2], {**FIELDS[2], "domain": {"type": "range", "range": [0, 9]}}, FIELDS[3]]
    assert first_row(open_session, {}, config={"domains": "text"}, fields=fields)["kind"] == 1


def test_a_table_has_no_geometry(open_session):
    with HostileServer({LAYER: service([{"attributes": LOTS[0]["attributes"]}], geometryType=None)}) as server:
        (found,) = collect(open_session(), server)
    assert "geometry" not in found


OUTER = [[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 1]]
FAR = [[10, 10], [10, 12], [12, 12], [10, 10]]
GEOMETRIES = {
    "a point": ({"x": 1, "y": 2}, ("Point", [1, 2])),
    "a point with height": ({"x": 1, "y": 2, "z": 3}, ("Point", [1, 2, 3])),
    "a point with a measure": ({"x": 1, "y": 2, "m": 3}, ("Point", [1, 2])),
    "points": ({"points": [[1, 2], [3, 4]]}, ("MultiPoint", [[1, 2], [3, 4]])),
    "a line": ({"paths": [[[1, 2], [3, 4]]]}, ("LineString", [[1, 2], [3, 4]])),
    "lines with height and measure": (
        {"hasZ": True, "hasM": True, "paths": [[[1, 2, 5, 9], [3, 4, 5, 9]], [[1, 1, 0, 0], [2, 2, 0, None]]]},
        ("MultiLineString", [[[1, 2, 5], [3, 4, 5]], [[1, 1, 0], [2, 2, 0]]]),
    ),
    "a line with a measure": ({"hasM": True, "paths": [[[1, 2, 9], [3, 4, None]]]}, ("LineString", [[1, 2], [3, 4]])),
    "a polygon": ({"rings": [OUTER]}, ("Polygon", [OUTER[::-1]])),
    "a polygon with a hole": ({"rings": [HOLE, OUTER]}, ("Polygon", [OUTER[::-1], HOLE[::-1]])),
    "two polygons and a hole": (
        {"rings": [FAR, OUTER, HOLE]},
        ("MultiPolygon", [[FAR[::-1]], [OUTER[::-1], HOLE[::-1]]]),
    ),
    "a hole in nothing": ({"rings": [HOLE]}, ("Polygon", [HOLE])),
}


@pytest.mark.parametrize(("geometry", "expected"), GEOMETRIES.values(), ids=GEOMETRIES)
def test_a_geometry_of_esri_becomes_geojson(geometry, expected):
    kind, coordinates = expected
    assert read_geometry(geometry) == {"type": kind, "coordinates": coordinates}


@pytest.mark.parametrize(
    "geometry",
    [None, {}, {"x": None, "y": None}, {"x": "NaN", "y": "NaN"}, {"rings": []}, {"paths": [[]]}, {"points": []}],
)
def test_an_empty_geometry_is_none(geometry):
    assert read_geometry(geometry) is None


@pytest.mark.parametrize(
    "geometry",
    [
        {"curveRings": [1]},
        {"x": "a", "y": 1},
        {"rings": [[["a", 1]]]},
        {"rings": [5]},
        {"rings": 5},
        {"xmin": 1},
        [],
        5,
    ],
)
def test_a_geometry_that_is_not_understood_is_an_error(open_session, geometry):
    answer = rows_of([{**LOTS[0], "geometry": geometry}])
    with (
        HostileServer({LAYER: service(rows=answer)}) as server,
        pytest.raises(UnreadableAnswer, match="feature 1 cannot"),
    ):
        collect(open_session(), server)


def fault(code, message="Invalid token.", details=()):
    return {"error": {"code": code, "message": message, "details": list(details)}}


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize(
    ("code", "error"),
    [*CODES.items(), (400, RequestRefused), (404, RequestRefused), (500, PlatformFailure), (504, PlatformFailure)],
)
def test_an_error_is_told_by_its_code_whatever_the_status(open_session, code, error, status):
    told = reply(status, json.dumps(fault(code, details=["at once"])).encode())
    with (
        HostileServer({"/": told}) as server,
        pytest.raises(SourceError, match=f"{code} Invalid token. at once") as raised,
    ):
        collect(open_session(limits={"attempts": 1}), server)
    assert type(raised.value) is error


def same_rows(request):
    return rows_of(LOTS[:4], exceededTransferLimit=True)


ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(json.dumps(layer()).encode(), 200), BrokenOff, "before the end"),
    "a list": (reply_json([]), UnreadableAnswer, "list"),
    "a service and no layer": (reply_json({"layers": [], "tables": []}), UnreadableAnswer, "layers, tables"),
    "another kind of error": (
        reply_json({"status": "error", "code": 499, "messages": ["Token Required"]}),
        KeyRefused,
        "499.*Token Required",
    ),
    "an error that is a text": (reply_json({"error": "no such folder"}), RequestRefused, "no such folder"),
    "no queries": (service(capabilities="Map"), RequestRefused, "no queries"),
    "no object ids": (service(objectIdField=None, fields=FIELDS[1:]), UnreadableAnswer, "objectIdField"),
    "no count": (service(count={"features": []}), UnreadableAnswer, "no 'count'"),
    "no features": (service(rows={"rows": []}), UnreadableAnswer, "no 'features'"),
    "features that are texts": (service(rows=rows_of(["a"])), UnreadableAnswer, "feature 1.*attributes"),
    "features without their id": (service(rows=rows_of([{"attributes": {"a": 1}}])), UnreadableAnswer, "OBJECTID"),
    "an id that is a list": (service(rows=rows_of([{"attributes": {"OBJECTID": []}}])), UnreadableAnswer, "OBJECTID"),
    "an attribute called geometry": (
        service(rows=rows_of([{"attributes": {"OBJECTID": 1, "geometry": 1}}])),
        UnreadableAnswer,
        "feature 1",
    ),
    "another system": (
        service(rows={"features": LOTS[:4], "spatialReference": {"wkid": 102080, "latestWkid": 5179}}),
        UnreadableAnswer,
        "5179",
    ),
    "a system in words": (
        service(rows={"features": LOTS[:4], "spatialReference": {"wkt": "PROJCS"}}),
        UnreadableAnswer,
        "coordinates are in",
    ),
    "the same page for ever": (service(rows=same_rows), RequestRefused, "same as a page before"),
    "an object again": (
        service(rows=lambda request: rows_of([lot(1), lot(request.number)])),
        BrokenOff,
        "came twice",
    ),
    "fewer than it counted": (service(count={"count": 12}), IncompleteAnswer, "announced 12 rows but sent 11"),
    "more than it counted": (service(count={"count": 10}), IncompleteAnswer, "announced 10 rows but sent 11"),
    "pages without end": (service(count={"count": 10**9}), TooLarge, "pages"),
    "ids that are texts": (service(pages=False, ids={"objectIds": ["a"]}), UnreadableAnswer, "no 'objectIds'"),
    "ids that are none": (service(pages=False, ids={"objectIds": None}), UnreadableAnswer, "no 'objectIds'"),
    "fewer ids than it counted": (
        service(pages=False, ids={"objectIds": [1, 2, 3, 4]}),
        IncompleteAnswer,
        "announced 11 rows but sent 4",
    ),
    "fewer objects than were asked for": (
        service(pages=False, rows=rows_of(LOTS[:3])),
        PlatformFailure,
        "4 objects were asked for by their ids but 3 of them came",
    ),
    "other objects than were asked for": (service(pages=False, rows=rows_of(LOTS[4:8])), PlatformFailure, "but 0"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as server, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 1}), server, max_pages=20)


def test_ids_that_are_missing_although_there_are_objects_are_an_error(open_session):
    none = service(pages=False, ids={"objectIds": []})
    with HostileServer({LAYER: none}) as server, pytest.raises(IncompleteAnswer, match="announced 11 rows but sent 0"):
        collect(open_session(), server)


def test_the_token_is_told_to_nobody(open_session, caplog):
    with HostileServer({"/": reply_json(fault(498, f"Invalid token {TOKEN}"))}) as server:
        assert untold(TOKEN, caplog, lambda: collect(open_session(), server, token=TOKEN), KeyRefused)


@pytest.mark.parametrize(
    "config",
    [
        {"url": "layer"},
        {"url": "http://a/0?token=x"},
        {"where": ""},
        {"fields": []},
        {"page_size": 0},
        {"colour": "red"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "http://city.example/FeatureServer/0", **config})
