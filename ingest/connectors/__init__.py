"""Connectors: one file per platform, each a typed ``Config`` and a function ``read`` that yields plain dictionaries.

A connector knows its platform and nothing else of ours; what it cannot understand it raises. A new source of a known
platform is data in a hub file; a new platform is one file here and one row in ``CONNECTORS``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from ingest.connectors import arcgis, ckan, datagokr, envelope, file, gtfs, ngsild, oapif, sensorthings, seoul, sql
from ingest.connectors.rows import DelimitedFile, MalformedRow
from ingest.errors import Text

__all__ = ["CONNECTORS", "Connector", "DelimitedFile", "MalformedRow"]


@dataclass(frozen=True)
class Connector:
    """What the hub knows of a connector: its typed configuration, its reader, its name for people.

    ``hand_over`` reads the same, with files of delimited text handed over whole where a connector can.
    """

    config: type[BaseModel]
    read: Callable[..., Iterator[Mapping[str, object] | MalformedRow]]
    title: Text
    hand_over: Callable[..., Iterator[Mapping[str, object] | MalformedRow | DelimitedFile]] | None = None


CONNECTORS: dict[str, Connector] = {
    "datagokr": Connector(
        config=datagokr.Config,
        read=datagokr.read,
        title=Text(ko="공공데이터포털 오픈 API", en="Open API of data.go.kr"),
    ),
    "seoul": Connector(
        config=seoul.Config,
        read=seoul.read,
        title=Text(ko="서울 열린데이터광장 오픈 API", en="Open API of Seoul"),
    ),
    "envelope": Connector(
        config=envelope.Config,
        read=envelope.read,
        title=Text(ko="설정만으로 읽는 REST API (JSON, XML)", en="Any REST API by configuration (JSON, XML)"),
    ),
    "file": Connector(
        config=file.Config,
        read=file.read,
        title=Text(
            ko="파일 (CSV, 엑셀, JSON, XML, GeoJSON, 공간 자료, Parquet, ZIP)",
            en="File (CSV, Excel, JSON, XML, GeoJSON, shapefile, GeoPackage, Parquet, ZIP)",
        ),
        hand_over=file.hand_over,
    ),
    "oapif": Connector(
        config=oapif.Config,
        read=oapif.read,
        title=Text(ko="OGC API 피처와 WFS", en="OGC API Features and WFS"),
    ),
    "arcgis": Connector(
        config=arcgis.Config,
        read=arcgis.read,
        title=Text(ko="ArcGIS 피처·지도 서비스", en="Feature and map services of ArcGIS"),
    ),
    "sensorthings": Connector(
        config=sensorthings.Config,
        read=sensorthings.read,
        title=Text(ko="OGC SensorThings API", en="OGC SensorThings API"),
    ),
    "ngsild": Connector(
        config=ngsild.Config,
        read=ngsild.read,
        title=Text(ko="NGSI-LD 브로커 (시티데이터허브 포함)", en="NGSI-LD brokers (City Data Hub among them)"),
    ),
    "ckan": Connector(
        config=ckan.Config,
        read=ckan.read,
        title=Text(ko="CKAN 포털의 리소스", en="A resource of a CKAN portal"),
        hand_over=ckan.hand_over,
    ),
    "gtfs": Connector(
        config=gtfs.Config,
        read=gtfs.read,
        title=Text(ko="대중교통 시각표 (GTFS)", en="Public transport schedules (GTFS)"),
        hand_over=gtfs.hand_over,
    ),
    "sql": Connector(
        config=sql.Config,
        read=sql.read,
        title=Text(ko="데이터베이스 (PostgreSQL, MariaDB, MySQL)", en="Database (PostgreSQL, MariaDB, MySQL)"),
    ),
}
