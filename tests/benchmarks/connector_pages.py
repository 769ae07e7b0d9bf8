"""Platforms that answer with pages of JSON: how each writes a page, and what a bare loop makes of it.

Used by ``bench_connectors.py``.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

PAGE = 1_000
COLUMNS = ("id", "name", "district", "address", "at", "pm10", "pm25", "o3", "longitude", "latitude", "state", "note")
Row = Mapping[str, Any]


def rows_of(start: int, end: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"S{at:07d}",
            "name": f"측정소 {at % 977}",
            "district": f"{at % 25 + 1}구",
            "address": f"서울특별시 {at % 25 + 1}구 어느로 {at % 311}",
            "at": f"2026-11-{at % 28 + 1:02d}T{at % 24:02d}:00:00+09:00",
            "pm10": at % 151,
            "pm25": at % 83,
            "o3": at % 97 / 1000,
            "longitude": 126.8 + at % 4000 / 10_000,
            "latitude": 37.4 + at % 3000 / 10_000,
            "state": "정상",
            "note": None if at % 3 else "점검",
        }
        for at in range(start, end)
    ]


@dataclass(frozen=True)
class Dialect:
    """How a platform writes a page and where its records stand in it; ``config`` is the source's, given the address."""

    connector: str
    page: Callable[[list[dict[str, Any]], int, int], bytes]  # records, where they start, how many there are in all
    take: Callable[[Any], Sequence[Row]]
    address: Callable[[str, int], str]  # base and start: what the bare loop asks for
    config: Callable[[str], Mapping[str, Any]]
    identifier: str = "id"
    extra: Callable[[int], Mapping[str, bytes]] = lambda total: {}
    headers: Callable[[int], Mapping[str, str]] = lambda total: {}


def envelope_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps({"data": rows, "total": total})


def datagokr_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    body = {"items": {"item": rows}, "numOfRows": PAGE, "pageNo": start // PAGE + 1, "totalCount": total}
    return orjson.dumps({"response": {"header": {"resultCode": "00", "resultMsg": "OK"}, "body": body}})


def seoul_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps(
        {"air": {"list_total_count": total, "RESULT": {"CODE": "INFO-000", "MESSAGE": "OK"}, "row": rows}}
    )


def oapif_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": row["id"],
            "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": {name: row[name] for name in COLUMNS[1:]},
        }
        for row in rows
    ]
    following = [{"rel": "next", "href": f"/oapif/collections/air/items?offset={start + PAGE}&limit={PAGE}"}]
    links = following if start + PAGE < total else []
    return orjson.dumps({"features": features, "links": links, "numberMatched": total, "numberReturned": len(rows)})


def ckan_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps({"success": True, "result": {"records": rows, "total": total}})


def ngsild_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps(
        [
            {"id": row["id"], "type": "Air"}
            | {name: {"type": "Property", "value": row[name]} for name in COLUMNS[1:] if row[name] is not None}
            for row in rows
        ]
    )


def sensorthings_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    things = [{"@iot.id": row["id"], **{name: row[name] for name in COLUMNS[1:]}} for row in rows]
    following = {"@iot.nextLink": f"/sta/v1.1/Observations?$skip={start + PAGE}&$top={PAGE}&$count=true"}
    return orjson.dumps({"@iot.count": total, "value": things} | (following if start + PAGE < total else {}))


def arcgis_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    features = [
        {
            "attributes": {
                "OBJECTID": start + at,
                **row,
                "at": round(dt.datetime.fromisoformat(row["at"]).timestamp() * 1000),
            },
            "geometry": {"x": row["longitude"], "y": row["latitude"]},
        }
        for at, row in enumerate(rows)
    ]
    return orjson.dumps({"spatialReference": {"wkid": 4326}, "features": features})


ARCGIS_LAYER = orjson.dumps(
    {
        "name": "air",
        "objectIdField": "OBJECTID",
        "geometryType": "esriGeometryPoint",
        "maxRecordCount": PAGE,
        "advancedQueryCapabilities": {"supportsPagination": True},
        "fields": [
            {"name": "OBJECTID", "type": "esriFieldTypeOID"},
            *({"name": name, "type": f"esriFieldType{'Date' if name == 'at' else 'String'}"} for name in COLUMNS),
        ],
    }
)
CKAN_PACKAGE = orjson.dumps(
    {"success": True, "result": {"resources": [{"id": "r", "name": "air", "format": "CSV", "datastore_active": True}]}}
)
PAGING = {"kind": "page", "size": PAGE, "size_param": "size"}
DIALECTS: Mapping[str, Dialect] = {
    "envelope": Dialect(
        "envelope",
        envelope_page,
        lambda document: document["data"],
        lambda base, start: f"{base}/envelope?page={start // PAGE + 1}&size={PAGE}",
        lambda base: {"url": f"{base}/envelope", "records": "data", "total": "total", "paging": PAGING},
    ),
    "datagokr": Dialect(
        "datagokr",
        datagokr_page,
        lambda document: document["response"]["body"]["items"]["item"],
        lambda base, start: f"{base}/datagokr?pageNo={start // PAGE + 1}&numOfRows={PAGE}",
        lambda base: {"url": f"{base}/datagokr", "page_size": PAGE},
    ),
    "seoul": Dialect(
        "seoul",
        seoul_page,
        lambda document: document["air"]["row"],
        lambda base, start: f"{base}/seoul/key/json/air/{start + 1}/{start + PAGE}/",
        lambda base: {"url": f"{base}/seoul", "key": "key", "service": "air"},
    ),
    "oapif": Dialect(
        "oapif",
        oapif_page,
        lambda document: [{"id": one["id"], **one["properties"]} for one in document["features"]],
        lambda base, start: f"{base}/oapif/collections/air/items?offset={start}&limit={PAGE}",
        lambda base: {"url": f"{base}/oapif", "collection": "air", "page_size": PAGE},
    ),
    "ckan": Dialect(
        "ckan",
        ckan_page,
        lambda document: document["result"]["records"],
        lambda base, start: f"{base}/ckan/api/3/action/datastore_search?offset={start}&limit={PAGE}",
        lambda base: {"url": f"{base}/ckan", "dataset": "air", "page_size": PAGE},
        extra=lambda total: {"/ckan/api/3/action/package_show": CKAN_PACKAGE},
    ),
    "ngsild": Dialect(
        "ngsild",
        ngsild_page,
        lambda document: [
            {name: part["value"] if isinstance(part, dict) else part for name, part in one.items()} for one in document
        ],
        lambda base, start: f"{base}/ngsild/entities?offset={start}&limit={PAGE}",
        lambda base: {"url": f"{base}/ngsild", "type": "Air", "page_size": PAGE},
        headers=lambda total: {"NGSILD-Results-Count": str(total)},
    ),
    "sensorthings": Dialect(
        "sensorthings",
        sensorthings_page,
        lambda document: document["value"],
        lambda base, start: f"{base}/sta/v1.1/Observations?$skip={start}&$top={PAGE}",
        lambda base: {"url": f"{base}/sta/v1.1", "entities": "Observations", "page_size": PAGE},
        identifier="@iot.id",
    ),
    "arcgis": Dialect(
        "arcgis",
        arcgis_page,
        lambda document: [one["attributes"] for one in document["features"]],
        lambda base, start: f"{base}/arcgis/0/query?resultOffset={start}&resultRecordCount={PAGE}",
        lambda base: {"url": f"{base}/arcgis/0", "page_size": PAGE},
        extra=lambda total: {"/arcgis/0": ARCGIS_LAYER, "/arcgis/0/query": orjson.dumps({"count": total})},
    ),
}


def bare_pages(dialect: Dialect, addresses: Sequence[str], folder: Path) -> int:
    done, shape = 0, pa.Table.from_pylist(dialect.take(orjson.loads(dialect.page(rows_of(0, 4), 0, 4)))).schema
    with httpx2.Client() as client, pq.ParquetWriter(folder / "bare.parquet", shape, compression="zstd") as writer:
        for address in addresses:
            rows = dialect.take(orjson.loads(client.get(address).content))
            writer.write_table(pa.Table.from_pylist(rows, schema=shape))
            done += len(rows)
    return done
