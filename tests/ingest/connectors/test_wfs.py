"""WFS 2.0 through the connector of features: capabilities, hits, pages or one answer, GeoJSON or GML."""

import json

import pytest
from chained_pages import untold
from hostile_server import HTML_LOGIN, HostileServer, by_request, cut_without_length, reply, reply_json

from ingest.connectors.oapif import Config, read
from ingest.errors import (
    BrokenOff,
    IncompleteAnswer,
    PlatformFailure,
    RequestRefused,
    SourceError,
    UnreadableAnswer,
)

NAMESPACES = (
    'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:city="http://city" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
URN = "urn:ogc:def:crs:EPSG::4326"
KEY = "planted+1"
NUMBERS = list(range(1, 12))


def capabilities(*, pages="TRUE", formats=("application/gml+xml; version=3.2",), types=("city:parks",)):
    values = "".join(f"<ows:Value>{one}</ows:Value>" for one in formats)
    names = "".join(f"<wfs:FeatureType><wfs:Name>{one}</wfs:Name></wfs:FeatureType>" for one in types)
    return (
        '<wfs:WFS_Capabilities version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" '
        'xmlns:ows="http://www.opengis.net/ows/1.1"><ows:OperationsMetadata><ows:Operation name="GetFeature">'
        f'<ows:Parameter name="outputFormat"><ows:AllowedValues>{values}</ows:AllowedValues></ows:Parameter>'
        '</ows:Operation><ows:Constraint name="ImplementsResultPaging"><ows:NoValues/>'
        f"<ows:DefaultValue>{pages}</ows:DefaultValue></ows:Constraint></ows:OperationsMetadata>"
        f"<wfs:FeatureTypeList>{names}</wfs:FeatureTypeList></wfs:WFS_Capabilities>"
    ).encode()


def park(number, shape=None):
    shape = shape or f'<gml:Point srsName="{URN}"><gml:pos>37.5 {127 + number / 100}</gml:pos></gml:Point>'
    return (
        f'<wfs:member><city:parks gml:id="parks.{number}"><gml:boundedBy><gml:Envelope/></gml:boundedBy>'
        f'<city:name>공원 {number}</city:name><city:area uom="m2">007</city:area>'
        f'<city:opened xsi:nil="true"/><city:shape>{shape}</city:shape></city:parks></wfs:member>'
    )


def collection(members, *, matched, returned=None):
    returned = members.count("<wfs:member>") if returned is None else returned
    return (
        f'<wfs:FeatureCollection {NAMESPACES} numberMatched="{matched}" numberReturned="{returned}">'
        f"{members}</wfs:FeatureCollection>"
    ).encode()


def row(number):
    return {
        "id": f"parks.{number}",
        "name": f"공원 {number}",
        "area": "007",
        "area@uom": "m2",
        "opened": None,
        "geometry": {"type": "Point", "coordinates": [127 + number / 100, 37.5]},
    }


def report(code, words="no"):
    return (
        '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"><ows:Exception '
        f'exceptionCode="{code}"><ows:ExceptionText>{words}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>'
    ).encode()


def geojson(numbers, **members):
    features = [
        {"type": "Feature", "id": f"parks.{one}", "geometry": row(one)["geometry"], "properties": {"n": one}}
        for one in numbers
    ]
    return {"type": "FeatureCollection", "features": features, "numberReturned": len(features), **members}


def wfs(*, features=None, hits=None, numbers=NUMBERS, total=None, **able):
    """Return a server; ``features`` and ``hits`` answer instead of it."""

    def answer(request):
        if request.query["request"] == "GetCapabilities":
            return capabilities(**able)
        total_ = len(numbers) if total is None else total
        if request.query.get("resultType") == "hits":
            return collection("", matched=total_) if hits is None else hits
        if features is not None:
            return features(request) if callable(features) else features
        start = int(request.query.get("startIndex", 0))
        chosen = numbers[start : start + int(request.query.get("count", 10**6))]
        if "json" in request.query.get("outputFormat", ""):
            return geojson(chosen, numberMatched=total_)
        return collection("".join(map(park, chosen)), matched=total_)

    return by_request(answer)


def collect(session, server, **config):
    settings = {"url": server.url("/wfs?map=a"), "service": "wfs", "collection": "city:parks", "page_size": 4, **config}
    return list(read(Config(**settings), session))


def questions(server):
    return [request.query for request in server.requests]


@pytest.mark.parametrize("total", [None, "unknown"])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 11])
def test_every_feature_in_gml_arrives_once_and_in_order(open_session, count, total):
    with HostileServer({"/": wfs(numbers=NUMBERS[:count], total=total)}) as server:
        assert collect(open_session(), server) == [row(one) for one in NUMBERS[:count]]


@pytest.mark.parametrize("count", [0, 1, 4, 11])
def test_geojson_is_asked_for_where_it_is_offered(open_session, count):
    able = {"formats": ("text/javascript", "application/json")}
    with HostileServer({"/": wfs(numbers=NUMBERS[:count], **able)}) as server:
        rows = collect(open_session(), server)
    expected = [{"id": f"parks.{one}", "n": one, "geometry": row(one)["geometry"]} for one in NUMBERS[:count]]
    assert rows == expected
    assert questions(server)[-1]["outputFormat"] == "application/json"


def test_gml_is_read_where_it_is_wanted(open_session):
    with HostileServer({"/": wfs(formats=("application/json",))}) as server:
        assert collect(open_session(), server, output="gml") == [row(one) for one in NUMBERS]


def test_a_server_that_cannot_page_is_asked_once(open_session):
    with HostileServer({"/": wfs(pages="FALSE")}) as server:
        assert collect(open_session(), server) == [row(one) for one in NUMBERS]
    assert [question["request"] for question in questions(server)] == ["GetCapabilities", "GetFeature", "GetFeature"]
    assert "startIndex" not in questions(server)[-1]


@pytest.mark.parametrize(("srs", "box"), [("EPSG:4326", "126,37,128,38,EPSG:4326"), (URN, f"37,126,38,128,{URN}")])
def test_a_question_says_what_the_configuration_says(open_session, srs, box):
    with HostileServer({"/": wfs(numbers=[1])}) as server:
        collect(open_session(), server, bbox=[126, 37, 128, 38], srs=srs, sort_by="name", params={"lang": "ko"})
    assert questions(server)[-1] == {
        "map": "a",
        "service": "WFS",
        "version": "2.0.0",
        "request": "GetFeature",
        "typeNames": "city:parks",
        "srsName": srs,
        "bbox": box,
        "sortBy": "name",
        "startIndex": "0",
        "count": "4",
        "lang": "ko",
    }


RING = "<gml:LinearRing><gml:posList>0 0 0 4 4 4 4 0 0 0</gml:posList></gml:LinearRing>"
HOLE = "<gml:LinearRing><gml:posList>1 1 2 1 2 2 1 1</gml:posList></gml:LinearRing>"
RING_OUT = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE_OUT = [[1, 1], [1, 2], [2, 2], [1, 1]]
AREA = f"<gml:exterior>{RING}</gml:exterior><gml:interior>{HOLE}</gml:interior>"
SHAPES = {
    "a point": ("<gml:Point><gml:pos>37 127</gml:pos></gml:Point>", ("Point", [127, 37])),
    "a point with height": ("<gml:Point><gml:pos>37 127 9</gml:pos></gml:Point>", ("Point", [127, 37, 9])),
    "a point of GML 2": ("<gml:Point><gml:coordinates>37,127</gml:coordinates></gml:Point>", ("Point", [127, 37])),
    "a line": (
        "<gml:LineString><gml:posList>1 2 3 4</gml:posList></gml:LineString>",
        ("LineString", [[2, 1], [4, 3]]),
    ),
    "a line with heights": (
        '<gml:LineString><gml:posList srsDimension="3">1 2 0 3 4 0</gml:posList></gml:LineString>',
        ("LineString", [[2, 1, 0], [4, 3, 0]]),
    ),
    "a curve of segments": (
        "<gml:Curve><gml:segments><gml:LineStringSegment><gml:posList>1 2 3 4</gml:posList></gml:LineStringSegment>"
        "<gml:LineStringSegment><gml:posList>3 4 5 6</gml:posList></gml:LineStringSegment></gml:segments></gml:Curve>",
        ("LineString", [[2, 1], [4, 3], [6, 5]]),
    ),
    "a polygon with a hole": (f"<gml:Polygon>{AREA}</gml:Polygon>", ("Polygon", [RING_OUT, HOLE_OUT])),
    "a surface": (
        f"<gml:Surface><gml:patches><gml:PolygonPatch>{AREA}</gml:PolygonPatch></gml:patches></gml:Surface>",
        ("Polygon", [RING_OUT, HOLE_OUT]),
    ),
    "a polygon of GML 2": (
        "<gml:Polygon><gml:outerBoundaryIs><gml:LinearRing><gml:coordinates>0,0 0,4 4,4 4,0 0,0</gml:coordinates>"
        "</gml:LinearRing></gml:outerBoundaryIs></gml:Polygon>",
        ("Polygon", [RING_OUT]),
    ),
    "several points": (
        "<gml:MultiPoint><gml:pointMember><gml:Point><gml:pos>1 2</gml:pos></gml:Point></gml:pointMember>"
        "<gml:pointMember><gml:Point><gml:pos>3 4</gml:pos></gml:Point></gml:pointMember></gml:MultiPoint>",
        ("MultiPoint", [[2, 1], [4, 3]]),
    ),
    "several lines": (
        "<gml:MultiCurve><gml:curveMember><gml:LineString><gml:posList>1 2 3 4</gml:posList></gml:LineString>"
        "</gml:curveMember></gml:MultiCurve>",
        ("MultiLineString", [[[2, 1], [4, 3]]]),
    ),
    "several areas": (
        f"<gml:MultiSurface><gml:surfaceMembers><gml:Polygon>{AREA}</gml:Polygon><gml:Polygon><gml:exterior>{RING}"
        "</gml:exterior></gml:Polygon></gml:surfaceMembers></gml:MultiSurface>",
        ("MultiPolygon", [[RING_OUT, HOLE_OUT], [RING_OUT]]),
    ),
}


def one_shape(open_session, shape, **config):
    with HostileServer({"/": wfs(features=collection(park(1, shape), matched=1), numbers=[1])}) as server:
        (found,) = collect(open_session(), server, **{"srs": URN, **config})
    return found["geometry"]


@pytest.mark.parametrize(("shape", "geometry"), SHAPES.values(), ids=SHAPES)
def test_a_shape_of_gml_becomes_geojson_with_longitude_first(open_session, shape, geometry):
    kind, coordinates = geometry
    assert one_shape(open_session, shape) == {"type": kind, "coordinates": coordinates}


@pytest.mark.parametrize(
    ("srs", "order", "coordinates"),
    [
        (URN, "by-name", [2, 1]),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "by-name", [2, 1]),
        ("EPSG:4326", "by-name", [1, 2]),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "by-name", [1, 2]),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "by-name", [1, 2]),
        (URN, "lon-lat", [1, 2]),
        ("EPSG:4326", "lat-lon", [2, 1]),
    ],
)
def test_the_name_of_the_system_tells_which_axis_comes_first(open_session, srs, order, coordinates):
    shape = f'<gml:Point srsName="{srs}"><gml:pos>1 2</gml:pos></gml:Point>'
    assert one_shape(open_session, shape, axis_order=order)["coordinates"] == coordinates


UNREADABLE_SHAPES = {
    "another system": ('<gml:Point srsName="EPSG:5186"><gml:pos>1 2</gml:pos></gml:Point>', "EPSG:5186"),
    "an arc": (
        "<gml:Curve><gml:segments><gml:Arc><gml:posList>1 2 3 4 5 6</gml:posList></gml:Arc></gml:segments></gml:Curve>",
        "Arc",
    ),
    "a solid": ("<gml:Solid/>", "Solid"),
    "words": ("<gml:Point><gml:pos>here</gml:pos></gml:Point>", "no pairs of numbers: here"),
    "an odd number": ("<gml:LineString><gml:posList>1 2 3</gml:posList></gml:LineString>", "no pairs"),
    "nothing": ("<gml:Point/>", "no pairs"),
    "a dimension that is none": (
        '<gml:LineString><gml:posList srsDimension="x">1 2</gml:posList></gml:LineString>',
        "no pairs",
    ),
    "no dimension": ('<gml:LineString><gml:posList srsDimension="0">1 2</gml:posList></gml:LineString>', "no pairs"),
}


@pytest.mark.parametrize(("shape", "words"), UNREADABLE_SHAPES.values(), ids=UNREADABLE_SHAPES)
def test_a_shape_that_is_not_understood_is_an_error(open_session, shape, words):
    with pytest.raises(UnreadableAnswer, match=words):
        one_shape(open_session, shape)


def test_a_time_is_no_geometry_and_a_second_geometry_keeps_its_name(open_session):
    shape = "<gml:Point><gml:pos>1 2</gml:pos></gml:Point>"
    more = (
        f"</city:shape><city:door>{shape}</city:door><city:when><gml:TimePeriod><gml:beginPosition>2026</gml:beginPosition>"
        "</gml:TimePeriod></city:when><city:shape2>"
    )
    members = park(1, shape + more).replace("<city:shape2></city:shape>", "")
    with HostileServer({"/": wfs(features=collection(members, matched=1), numbers=[1])}) as server:
        (found,) = collect(open_session(), server)
    assert found["geometry"]["coordinates"] == found["door"]["coordinates"] == [1, 2]
    assert found["when"] == {"TimePeriod": {"beginPosition": "2026"}}


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("code", "error"), [("InvalidParameterValue", RequestRefused), ("OperationProcessingFailed", PlatformFailure)]
)
@pytest.mark.parametrize("at", ["GetCapabilities", "GetFeature"])
def test_an_exception_report_is_an_error_whatever_its_status(open_session, status, code, error, at):
    def act(request, connection):
        behaviour = reply(status, report(code, "srsName")) if request.query["request"] == at else wfs()
        behaviour(request, connection)

    with HostileServer({"/": act}) as server, pytest.raises(SourceError, match=f"{code} srsName") as raised:
        collect(open_session(limits={"attempts": 1}), server)
    assert type(raised.value) is error


def page_after_page(request):
    start = int(request.query["startIndex"])
    return collection("".join(map(park, NUMBERS[start : start + 4])), matched=11 + start)


ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "no such type": (wfs(types=("city:roads",)), RequestRefused, "no feature type 'city:parks'; there are: city:roads"),
    "capabilities in JSON": (reply_json({}), UnreadableAnswer, "XML"),
    "something else": (wfs(features=b"<other/>"), UnreadableAnswer, "no FeatureCollection but other"),
    "an entity": (wfs(features=b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), UnreadableAnswer, "DOCTYPE"),
    "no proof": (wfs(pages="FALSE", total="unknown"), RequestRefused, "the end is unknown"),
    "fewer than it counted": (wfs(total=12), IncompleteAnswer, "announced 12"),
    "more than it counted": (wfs(hits=collection("", matched=7)), IncompleteAnswer, "7 → 11"),
    "a server that cuts without a word": (
        wfs(pages="FALSE", features=collection("".join(map(park, NUMBERS[:5])), matched="unknown")),
        IncompleteAnswer,
        "announced 11 rows but sent 5",
    ),
    "less than it says": (wfs(features=collection(park(1), matched=11, returned=4)), IncompleteAnswer, "announced 4"),
    "a changing count": (wfs(features=page_after_page), IncompleteAnswer, "11 → 15"),
    "the same page for ever": (
        wfs(features=collection("".join(map(park, NUMBERS[:4])), matched=11)),
        RequestRefused,
        "same as a page before",
    ),
    "a feature again": (
        wfs(features=lambda request: collection(park(1) + park(1 + request.number), matched=11)),
        BrokenOff,
        "came twice",
    ),
    "features and a report after them": (
        wfs(
            features=collection(
                park(1) + f"<wfs:truncatedResponse>{report('ServerBusy').decode()}</wfs:truncatedResponse>", matched=11
            )
        ),
        PlatformFailure,
        "ServerBusy",
    ),
    "GeoJSON in another system": (
        wfs(
            formats=("application/json",),
            features=geojson([1], crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::5186"}}),
        ),
        UnreadableAnswer,
        "EPSG::5186",
    ),
    "GeoJSON that is a list": (wfs(formats=("application/json",), features=[]), UnreadableAnswer, "features"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with HostileServer({"/": behaviour}) as server, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 1}), server)


@pytest.mark.parametrize("as_json", [True, False])
def test_half_an_answer_broke_off(open_session, as_json):
    whole = json.dumps(geojson(NUMBERS)).encode() if as_json else collection("".join(map(park, NUMBERS)), matched=11)

    def act(request, connection):
        is_page = request.query["request"] == "GetFeature" and "resultType" not in request.query
        (cut_without_length(whole, 700) if is_page else wfs())(request, connection)

    with HostileServer({"/": act}) as server, pytest.raises(BrokenOff):
        collect(open_session(limits={"attempts": 1}), server)


def test_the_key_is_told_to_nobody(open_session, caplog):
    with HostileServer({"/": reply(200, report("NoApplicableCode", f"bad key {KEY}"))}) as server:
        session = open_session(limits={"attempts": 1})
        config = {"key": KEY, "key_param": "authkey"}
        assert untold(KEY, caplog, lambda: collect(session, server, **config), PlatformFailure)
    assert questions(server)[0]["authkey"] == KEY
