"""What platforms say of themselves: reached by few requests, described in their own words, refused as reading refuses."""

import json
from typing import Any

import pytest
import test_arcgis
import test_datagokr
import test_gtfs
import test_ngsild
import test_oapif
import test_sensorthings
import test_seoul
import test_wfs
from database_servers import PASSWORD, make_certificate, mariadb, postgresql
from hostile_server import HostileServer, by_request, gateway_error, reply, reply_json

from ingest.connectors import CONNECTORS, Checked, Described, DescribedColumn
from ingest.errors import BadSetup, KeyRefused, RequestRefused, SourceError, Unreachable, UnreadableAnswer
from ingest.http import Session
from ingest.preview_session import PreviewSession


@pytest.fixture
def ask(open_session):
    """Return a function that checks and describes through one session, as a preview does."""

    def ask_one(connector: str, session: Session | None = None, **config: Any) -> tuple[Checked, Described]:
        known = CONNECTORS[connector]
        typed, session = known.config(**config), session or open_session()
        return known.check(typed, session), known.describe(typed, session)

    return ask_one


def columns_of(described: Described) -> dict[str, str]:
    return {column.name: column.type for column in described.columns}


def named(described: Described, name: str) -> DescribedColumn:
    return next(column for column in described.columns if column.name == name)


def methods(server: HostileServer) -> list[str]:
    """Return how it was asked: only what wants an answer says how it may be packed."""
    return ["GET" if "accept-encoding" in request.headers else "HEAD" for request in server.requests]


def test_the_sentence_says_how_long_and_how_much():
    assert Checked(0.31, 1234).sentence.as_dict() == {
        "ko": "응답 0.3초, 전체 1,234행",
        "en": "answered in 0.3 s, 1,234 rows in all",
    }
    assert Checked(1, is_empty=True).sentence.ko == "응답 1.0초, 지금은 레코드가 없습니다"


def test_numbered_pages_tell_their_total(ask):
    with HostileServer({"/": test_datagokr.pages_of(test_datagokr.LOTS)}) as platform:
        checked, described = ask("datagokr", url=platform.url("/api"), service_key=test_datagokr.KEY, page_size=10)
    assert (checked.rows, described.rows, len(platform.requests)) == (25, 25, 4)


def test_numbered_pages_tell_their_total_at_seoul(ask):
    with HostileServer({"/": test_seoul.positions_of(test_seoul.STOPS)}) as platform:
        checked, described = ask(
            "seoul", url=platform.url("/api"), key=test_seoul.KEY, service="busStopInfo", page_size=5
        )
    assert checked.rows == 23
    assert list(columns_of(described)) == ["STOP_NO", "NAME", "X"]


def test_an_api_by_configuration_is_reached_and_described_by_reading(ask):
    rows = [{"id": number, "name": "가"} for number in range(3)]
    with HostileServer({"/": reply_json({"data": rows})}) as platform:
        checked, described = ask("envelope", url=platform.url("/api"), records="data", paging={"kind": "none"})
    assert not checked.is_empty
    assert list(columns_of(described)) == ["id", "name"]


def test_a_check_raises_what_reading_raises(ask):
    refused = reply(200, gateway_error("30", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR"))
    with HostileServer({"/": refused}) as platform, pytest.raises(KeyRefused):
        ask("datagokr", url=platform.url("/api"), service_key=test_datagokr.KEY)


def test_an_arcgis_layer_tells_aliases_code_lists_and_copyright(ask):
    fields = [
        {"name": "OBJECTID", "type": "esriFieldTypeOID"},
        {"name": "kind", "alias": "주차장 구분", "type": "esriFieldTypeSmallInteger", "domain": test_arcgis.KINDS},
        {"name": "opened", "type": "esriFieldTypeDate"},
    ]
    about = {"name": "공영주차장", "description": "Car parks", "copyrightText": "KOGL 1", "fields": fields}
    with HostileServer({test_arcgis.LAYER: test_arcgis.service(**about)}) as server:
        checked, described = ask("arcgis", url=server.url(test_arcgis.LAYER))
        _, as_text = ask("arcgis", url=server.url(test_arcgis.LAYER), domains="text", dates="epoch", geometry=False)
    assert (checked.rows, described.rows, described.licence, described.key) == (11, 11, "KOGL 1", ("OBJECTID",))
    assert (described.title.ko, described.description.en, described.crs) == ("공영주차장", "Car parks", "EPSG:4326")
    kinds = {"OBJECTID": "integer", "kind": "integer", "opened": "datetime", "geometry": "geometry"}
    assert columns_of(described) == kinds
    assert named(described, "kind") == DescribedColumn(
        "kind", "integer", named(described, "kind").title, codes={"1": "공영", "2": "민영"}
    )
    assert named(described, "kind").title.ko == "주차장 구분"
    assert columns_of(as_text) == {"OBJECTID": "integer", "kind": "string", "opened": "integer"}


COLLECTION = {
    "id": "parks",
    "title": "공원",
    "description": "시의 공원",
    "links": [{"rel": "license", "href": "https://x/by", "title": "공공누리 제1유형"}],
}
QUERYABLES = {
    "properties": {
        "이름": {"type": "string", "title": "공원 이름", "description": "간판의 이름"},
        "code": {"type": "string", "enum": ["007", "008"], "x-ogc-unit": "m"},
        "geometry": {"$ref": "https://geojson.org/schema/Point.json"},
    }
}


@pytest.mark.parametrize("place", ["schema", "queryables"])
def test_a_collection_tells_its_schema_or_its_queryables(ask, place):
    collection = "/api/collections/parks"
    behaviours = {
        f"{collection}/{place}": reply_json(QUERYABLES),
        f"{collection}/items": test_oapif.pages_of(test_oapif.PARKS),
        f"{collection}/schema" if place == "queryables" else "/none": reply(404, b"{}"),
        collection: reply_json(COLLECTION),
    }
    with HostileServer(behaviours) as platform:
        checked, described = ask("oapif", url=platform.url("/api/"), collection="parks", page_size=4)
    assert (checked.rows, described.rows, described.title.ko, described.licence) == (11, 11, "공원", "공공누리 제1유형")
    assert columns_of(described) == {"id": "", "이름": "string", "code": "string", "geometry": "geometry"}
    assert (named(described, "code").unit, named(described, "code").codes) == ("m", {"007": "007", "008": "008"})
    assert named(described, "이름").description.ko == "간판의 이름"


def test_a_collection_without_a_schema_is_described_by_its_rows(ask):
    items = test_oapif.pages_of(test_oapif.PARKS)
    with HostileServer(
        {"/api/collections/parks/items": items, "/api/collections/parks": reply_json(COLLECTION)}
    ) as server:
        _, described = ask("oapif", url=server.url("/api/"), collection="parks", page_size=4)
    assert list(columns_of(described)) == ["id", "이름", "code", "geometry"]


XSD = b"""<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:gml="http://www.opengis.net/gml/3.2">
<xsd:complexType name="parksType"><xsd:complexContent><xsd:extension base="gml:AbstractFeatureType"><xsd:sequence>
<xsd:element name="name" type="xsd:string"/>
<xsd:element name="area"><xsd:annotation><xsd:documentation>in square metres</xsd:documentation></xsd:annotation>
<xsd:simpleType><xsd:restriction base="xsd:int"/></xsd:simpleType></xsd:element>
<xsd:element name="opened" type="xsd:date"/><xsd:element name="shape" type="gml:PointPropertyType"/>
</xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType></xsd:schema>"""


def test_a_wfs_tells_the_types_of_a_feature(ask):
    served = test_wfs.wfs()

    def answer(request, connection):
        (reply(200, XSD) if request.query.get("request") == "DescribeFeatureType" else served)(request, connection)

    with HostileServer({"/": answer}) as server:
        checked, described = ask("oapif", url=server.url("/wfs"), service="wfs", collection="city:parks", page_size=4)
    assert (checked.rows, described.rows) == (11, 11)
    kinds = columns_of(described)
    assert {name: kinds[name] for name in ("name", "area", "opened", "geometry")} == {
        "name": "string",
        "area": "integer",
        "opened": "date",
        "geometry": "geometry",
    }
    assert named(described, "area").description.en == "in square metres"


def test_a_datastream_tells_the_unit_of_its_observations(ask):
    stream = {
        "@iot.id": 5,
        "name": "미세먼지",
        "unitOfMeasurement": {"name": "microgram per cubic metre", "symbol": "ug/m3"},
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    }
    behaviours = {
        test_sensorthings.SET: test_sensorthings.pages_of(test_sensorthings.SEEN),
        f"{test_sensorthings.ROOT}/Datastreams(5)": reply_json(stream),
    }
    with HostileServer(behaviours) as server:
        config = {"url": server.url(test_sensorthings.ROOT), "entities": "Datastreams(5)/Observations", "page_size": 4}
        checked, described = ask("sensorthings", **config)
    assert (checked.rows, described.title.ko) == (11, "미세먼지")
    result = named(described, "result")
    assert (result.type, result.unit, result.title.ko) == ("number", "ug/m3", "미세먼지")
    assert columns_of(described)["phenomenonTime"] == "datetime"


@pytest.mark.parametrize("tells", [True, False])
def test_a_broker_tells_the_attributes_of_a_type(ask, tells):
    details = [
        {"attributeName": "pm10", "attributeTypes": ["Property"]},
        {"attributeName": "location", "attributeTypes": ["GeoProperty"]},
    ]
    types = reply_json({"typeName": "Air", "attributeDetails": details}) if tells else reply(404, b"{}")
    behaviours = {"/ngsi-ld/v1/types/": types, "/ngsi-ld/v1/entities": test_ngsild.broker_of(test_ngsild.AIR)}
    with HostileServer(behaviours) as broker:
        checked, described = ask("ngsild", url=broker.url("/ngsi-ld/v1"), type="Air", page_size=4)
    assert (checked.rows, described.key) == (11, ("id",))
    kinds = columns_of(described)
    assert (kinds["id"], kinds["pm10.observedAt"], kinds.get("location")) == (
        "string",
        "datetime",
        "geometry" if tells else None,
    )


def portal(resource: dict[str, Any], fields: list[dict[str, Any]], **more: Any) -> HostileServer:
    dataset = {
        "name": "parking",
        "title": "주차장",
        "license_title": "KOGL 1",
        "resources": [{"id": "r-1", **resource}],
    }

    def search(request):
        return {"success": True, "result": {"records": [{"_id": 1, "면수": 3}], "total": 7, "fields": fields}}

    return HostileServer(
        {
            "/api/3/action/package_show": reply_json({"success": True, "result": dataset}),
            "/api/3/action/datastore_search": by_request(search),
            **more,
        }
    )


def test_a_datastore_tells_its_data_dictionary(ask):
    fields = [
        {"id": "_id", "type": "int"},
        {"id": "면수", "type": "text", "info": {"label": "주차 면수", "notes": "How many", "type_override": "numeric"}},
        {"id": "name", "type": "text"},
    ]
    with portal({"name": "목록", "datastore_active": True}, fields) as platform:
        checked, described = ask("ckan", url=platform.url("/"), dataset="parking")
    assert (checked.rows, described.rows, described.licence, described.title.ko) == (7, 7, "KOGL 1", "목록")
    assert columns_of(described) == {"면수": "number", "name": ""}
    assert (named(described, "면수").title.ko, named(described, "면수").description.en) == ("주차 면수", "How many")


def test_a_file_of_a_portal_is_only_looked_at(ask):
    csv = reply(200, "이름,면수\n가,1\n".encode("cp949"), Content_Type="text/csv")
    with HostileServer({"/": csv}) as files, portal({"format": "CSV", "url": files.url("/a.csv")}, []) as platform:
        known, config = CONNECTORS["ckan"], {"url": platform.url("/"), "dataset": "parking"}
        with Session(allow_private=True) as session:
            known.check(known.config(**config), session)
        assert methods(files) == ["HEAD"]
        _, described = ask("ckan", **config)
    assert (list(columns_of(described)), described.encoding, described.licence) == (["이름", "면수"], "cp949", "KOGL 1")


def test_a_file_that_a_catalogue_names_is_described_with_its_title(ask):
    with HostileServer({"/": reply(200, "이름,면수\n가,1\n".encode("cp949"))}) as files:
        parts = [{"title": "목록", "mediaType": "text/csv", "downloadURL": files.url("/a.csv")}]
        document = {"dataset": [{"title": "주차장", "identifier": "lots", "distribution": parts}]}
        with HostileServer({"/": reply_json(document)}) as platform:
            _, described = ask("datajson", url=platform.url("/data.json"), dataset="lots", position=1)
    assert (described.title.ko, described.encoding, list(columns_of(described))) == ("목록", "cp949", ["이름", "면수"])
    assert methods(files) == ["HEAD", "GET"]


def test_a_file_is_checked_by_its_head_and_described_by_its_header(ask):
    with HostileServer({"/": reply(200, "이름,면수\n가,1\n".encode("cp949"))}) as files:
        _, described = ask("file", path=files.url("/a.csv"))
    assert methods(files) == ["HEAD", "GET"]
    assert (described.format, described.encoding, list(columns_of(described))) == ("csv", "cp949", ["이름", "면수"])


def test_a_file_that_is_not_there_is_refused(ask, tmp_path, open_session):
    with HostileServer({"/": reply(404, b"no")}) as files, pytest.raises(RequestRefused):
        ask("file", path=files.url("/a.csv"))
    with pytest.raises(Unreachable):
        ask("file", open_session(file_roots=[tmp_path]), path=str(tmp_path / "a.csv"))


def test_a_parquet_file_and_json_tell_what_they_hold(ask, tmp_path, open_session):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"n": pa.array([1, 2]), "x": [0.5, 1.5], "b": [True, False], "s": ["가", "나"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.json").write_text(json.dumps([{"이름": "가"}]), encoding="utf-8")
    session = open_session(file_roots=[tmp_path])
    _, described = ask("file", session, path="a.parquet")
    assert (columns_of(described), described.rows) == ({"n": "integer", "x": "number", "b": "boolean", "s": ""}, 2)
    checked, described = ask("file", session, path="a.json")
    assert (list(columns_of(described)), checked.size) == (["이름"], (tmp_path / "a.json").stat().st_size)


def test_a_real_shapefile_tells_its_fields(ask, real_files, open_session):
    session = open_session(file_roots=[real_files], limits={"total": 60, "read": 30})
    _, described = ask("file", session, path="seoul_gu_2013_epsg5174.shp")
    assert (described.rows, described.crs, described.encoding) == (25, "EPSG:4326", "cp949")
    assert columns_of(described) == {"code": "", "name": "", "name_eng": "", "base_year": "", "geometry": "geometry"}


def test_a_timetable_is_described_by_the_standard(ask, tmp_path, open_session):
    (tmp_path / "feed.zip").write_bytes(test_gtfs.feed())
    session = open_session(file_roots=[tmp_path])
    _, described = ask("gtfs", session, path="feed.zip", table="stops")
    assert (described.key, columns_of(described)) == (
        ("stop_id",),
        {
            "stop_id": "string",
            "stop_name": "string",
            "stop_lat": "number",
            "stop_lon": "number",
            "geometry": "geometry",
        },
    )
    _, described = ask("gtfs", session, path="feed.zip", table="stop_times")
    assert columns_of(described)["arrival_time"] == "string", "it may be beyond 24:00"


@pytest.mark.parametrize("start", [postgresql, mariadb])
def test_a_database_tells_types_and_comments_and_is_read_for_no_row(ask, start, tmp_path, open_session):
    make_certificate(tmp_path)
    with start(tmp_path) as server:
        if start is postgresql:
            comment = ["COMMENT ON COLUMN lots.spaces IS '주차 면수'", "GRANT SELECT ON lots TO reader"]
            columns = "spaces int, opened date, price numeric(9,2), name varchar(20), changed timestamptz"
        else:
            comment = []
            columns = (
                "spaces int COMMENT '주차 면수', opened date, price decimal(9,2), name varchar(20), changed timestamp"
            )
        server.administer(f"CREATE TABLE lots (id bigint PRIMARY KEY, {columns})", *comment)
        config = {"url": server.url(), "password": PASSWORD, "ca_file": "server.crt"}
        session = open_session(file_roots=[tmp_path], limits={"total": 30, "read": 10})
        checked, described = ask("sql", session, query="SELECT *, id + 1 AS later FROM lots", **config)
        with pytest.raises(SourceError):
            ask("sql", session, query="SELECT nothing FROM lots", **config)
    assert checked.sentence.ko.startswith("응답 ")
    assert columns_of(described) == {
        "id": "integer",
        "spaces": "integer",
        "opened": "date",
        "price": "number",
        "name": "string",
        "changed": "datetime",
        "later": "integer",
    }
    assert named(described, "spaces").title.ko == "주차 면수"
    assert not named(described, "later").title


def test_a_preview_asks_nothing_twice():
    with HostileServer({"/": test_datagokr.pages_of(test_datagokr.LOTS)}) as platform:
        known = CONNECTORS["datagokr"]
        config = known.config(url=platform.url("/api"), service_key=test_datagokr.KEY, page_size=10)
        with PreviewSession(seconds=10, secrets=[], file_roots=[], allow_private=True) as session:
            known.check(config, session)
            known.describe(config, session)
            assert len(list(known.read(config, session))) == 25
            assert (session.asked, len(platform.requests)) == (3, 3)


def test_every_connector_can_be_checked_and_described():
    for name, connector in CONNECTORS.items():
        assert callable(connector.check), name
        assert callable(connector.describe), name


@pytest.mark.parametrize(
    "connector", ["datagokr", "seoul", "oapif", "arcgis", "sensorthings", "ngsild", "ckan", "file"]
)
def test_a_login_page_is_no_answer_to_a_check(ask, connector):
    config = {
        "datagokr": {"service_key": "k"},
        "seoul": {"key": "k", "service": "x"},
        "oapif": {"collection": "parks"},
        "sensorthings": {"entities": "Things"},
        "ngsild": {"type": "Air"},
        "ckan": {"dataset": "parking"},
    }
    page = reply(200, b"<!doctype html><html><title>login</title></html>", Content_Type="text/html")
    with HostileServer({"/": page}) as platform:
        address = {"path" if connector == "file" else "url": platform.url("/api")}
        with pytest.raises((SourceError, BadSetup, UnreadableAnswer)):
            ask(connector, **address, **config.get(connector, {}))
