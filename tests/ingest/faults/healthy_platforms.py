"""One healthy platform for each connector that asks over HTTP: the same records in every dialect, ten at a time.

A fault (``test_wire_faults.py``) stands between a platform and the connector; what it does is the same for all of them.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from hostile_server import Behaviour, Request, head

PAGE = 10
SECRET = "planted-key/1+2=="
Row = tuple[str, int]
ROWS: tuple[Row, ...] = tuple((f"S{number:03d}", number) for number in range(1, 26))


@dataclass(frozen=True)
class Reply:
    body: bytes
    headers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Platform:
    """How a source of the platform is configured, how it answers, and what it calls identifier and value.

    ``has_pages``: its records come in several answers; ``has_total``: it announces how many there are; ``secret`` is the
    part of the configuration that holds a key; ``links`` tells that the next page is found by an address in the answer.
    """

    connector: str
    answer: Callable[[Request, Sequence[Row]], Reply]
    config: Mapping[str, Any] = field(default_factory=dict)
    path: str = "/api"
    address: str = "url"
    names: tuple[str, str] = ("id", "value")
    has_pages: bool = True
    has_total: bool = True
    secret: str = ""
    links: bool = False

    def serve(self, rows: Sequence[Row] = ROWS) -> Behaviour:
        def act(request: Request, connection: Any) -> None:
            reply = self.answer(request, rows)
            connection.sendall(head(200, Content_Length=len(reply.body), **reply.headers) + reply.body)

        return act


def as_json(document: object, **headers: object) -> Reply:
    return Reply(json.dumps(document).encode(), {"Content_Type": "application/json", **headers})


def slice_of(rows: Sequence[Row], request: Request, start: str, size: str) -> tuple[int, Sequence[Row]]:
    begin = int(request.query.get(start, 0))
    return begin, rows[begin : begin + int(request.query[size])]


def plain(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"id": identifier, "value": value} for identifier, value in rows]


def datagokr(request: Request, rows: Sequence[Row]) -> Reply:
    page, size = int(request.query["pageNo"]), int(request.query["numOfRows"])
    items = plain(rows)[(page - 1) * size : page * size]
    body = {"items": {"item": items} if items else "", "numOfRows": size, "pageNo": page, "totalCount": len(rows)}
    return as_json({"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL SERVICE."}, "body": body}})


def seoul(request: Request, rows: Sequence[Row]) -> Reply:
    *_, first, last = unquote(request.path).strip("/").split("/")
    chosen = plain(rows)[int(first) - 1 : int(last)]
    ok = {"CODE": "INFO-000", "MESSAGE": "정상 처리되었습니다"}
    if not chosen:
        return as_json({"RESULT": {"CODE": "INFO-200", "MESSAGE": "해당하는 데이터가 없습니다."}})
    return as_json({"bikeList": {"list_total_count": len(rows), "RESULT": ok, "row": chosen}})


def bicycles(request: Request, rows: Sequence[Row]) -> Reply:
    """Answer as the service of rented bicycles: under another name, with the rows of the page as their total."""
    *_, first, last = unquote(request.path).strip("/").split("/")
    chosen = plain(rows)[int(first) - 1 : int(last)]
    if not chosen:
        return seoul(request, rows)
    ok = {"CODE": "INFO-000", "MESSAGE": "정상 처리되었습니다"}
    return as_json({"rentBikeStatus": {"list_total_count": len(chosen), "RESULT": ok, "row": chosen}})


def numbered(request: Request, rows: Sequence[Row]) -> Reply:
    page, size = int(request.query["page"]), int(request.query["size"])
    return as_json({"data": plain(rows)[(page - 1) * size : page * size], "total": len(rows)})


def linked(request: Request, rows: Sequence[Row]) -> Reply:
    start = int(request.query.get("start", 0))
    following = f"/api?start={start + PAGE}" if start + PAGE < len(rows) else None
    return as_json({"data": plain(rows)[start : start + PAGE], "next": following})


def oapif(request: Request, rows: Sequence[Row]) -> Reply:
    start, chosen = slice_of(rows, request, "offset", "limit")
    features = [{"type": "Feature", "id": row[0], "geometry": None, "properties": {"value": row[1]}} for row in chosen]
    end = start + len(chosen)
    links = [{"rel": "next", "href": f"{request.path}?offset={end}&limit={PAGE}", "type": "application/geo+json"}]
    collection = {"type": "FeatureCollection", "features": features, "links": links if end < len(rows) else []}
    return as_json(collection | {"numberMatched": len(rows), "numberReturned": len(chosen)})


def arcgis(request: Request, rows: Sequence[Row]) -> Reply:
    if not request.path.endswith("/query"):
        fields = [{"name": "id", "type": "esriFieldTypeString"}, {"name": "value", "type": "esriFieldTypeInteger"}]
        pages = {"supportsPagination": True}
        return as_json(
            {"fields": fields, "objectIdField": "id", "capabilities": "Query", "advancedQueryCapabilities": pages}
        )
    if "returnCountOnly" in request.query:
        return as_json({"count": len(rows)})
    start, chosen = slice_of(rows, request, "resultOffset", "resultRecordCount")
    features = [{"attributes": row} for row in plain(chosen)]
    return as_json({"features": features, "exceededTransferLimit": start + len(chosen) < len(rows)})


def sensorthings(request: Request, rows: Sequence[Row]) -> Reply:
    start = int(request.query.get("$skip", 0))
    things = [{"@iot.id": identifier, "result": value} for identifier, value in rows[start : start + PAGE]]
    following = {"@iot.nextLink": f"{request.path}?$skip={start + PAGE}&$top={PAGE}&$count=true"}
    return as_json({"@iot.count": len(rows), "value": things} | (following if start + PAGE < len(rows) else {}))


def ngsild(request: Request, rows: Sequence[Row]) -> Reply:
    _, chosen = slice_of(rows, request, "offset", "limit")
    entities = [
        {"id": identifier, "type": "Air", "value": {"type": "Property", "value": value}} for identifier, value in chosen
    ]
    return as_json(entities, NGSILD_Results_Count=len(rows))


def ckan(request: Request, rows: Sequence[Row]) -> Reply:
    if request.path.endswith("package_show"):
        resource = {"id": "r-1", "name": "air", "format": "CSV", "url": "", "datastore_active": True}
        return as_json({"success": True, "result": {"name": "air", "resources": [resource]}})
    start, chosen = slice_of(rows, request, "offset", "limit")
    records = [{"_id": start + at, **row} for at, row in enumerate(plain(chosen), 1)]
    return as_json({"success": True, "result": {"records": records, "total": len(rows)}})


def csv_text(rows: Sequence[Row]) -> bytes:
    return "\r\n".join(["id,value", *(f"{identifier},{value}" for identifier, value in rows), ""]).encode()


def csv_file(request: Request, rows: Sequence[Row]) -> Reply:
    return Reply(csv_text(rows), {"Content_Type": "text/csv"})


def json_file(request: Request, rows: Sequence[Row]) -> Reply:
    return as_json(plain(rows))


def feed(request: Request, rows: Sequence[Row]) -> Reply:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        lines = [f"{identifier},{value}" for identifier, value in rows]
        archive.writestr("stop_times.txt", "\n".join(["trip_id,stop_sequence", *lines, ""]))
    return Reply(content.getvalue(), {"Content_Type": "application/zip"})


PAGED = {"paging": {"kind": "page", "size": PAGE, "size_param": "size"}, "records": "data", "total": "total"}
PLATFORMS: Mapping[str, Platform] = {
    "datagokr": Platform("datagokr", datagokr, {"page_size": PAGE}, secret="service_key"),
    "seoul": Platform("seoul", seoul, {"service": "bikeList", "page_size": PAGE}, path="", secret="key"),
    "seoul with totals of pages": Platform(
        "seoul", bicycles, {"service": "bikeList", "page_size": PAGE}, path="", secret="key", has_total=False
    ),
    "envelope by page": Platform("envelope", numbered, PAGED),
    "envelope by link": Platform(
        "envelope",
        linked,
        {"paging": {"kind": "next_link", "path": "next"}, "records": "data"},
        has_total=False,
        links=True,
    ),
    "oapif": Platform("oapif", oapif, {"collection": "air", "page_size": PAGE}, links=True),
    "arcgis": Platform("arcgis", arcgis, {"page_size": PAGE}, path="/FeatureServer/0"),
    "sensorthings": Platform(
        "sensorthings",
        sensorthings,
        {"entities": "Observations", "page_size": PAGE},
        names=("@iot.id", "result"),
        links=True,
    ),
    "ngsild": Platform("ngsild", ngsild, {"type": "Air", "page_size": PAGE}, path="/ngsi-ld/v1"),
    "ckan": Platform("ckan", ckan, {"dataset": "air", "page_size": PAGE}, path="", secret="key"),
    "file of CSV": Platform("file", csv_file, path="/a.csv", address="path", has_pages=False, has_total=False),
    "file of JSON": Platform("file", json_file, path="/a.json", address="path", has_pages=False, has_total=False),
    "gtfs": Platform(
        "gtfs",
        feed,
        {"table": "stop_times"},
        path="/gtfs.zip",
        address="path",
        names=("trip_id", "stop_sequence"),
        has_pages=False,
        has_total=False,
    ),
}
