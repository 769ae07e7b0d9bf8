"""Connectors: one file per platform, each a typed ``Config`` and a function ``read`` that yields plain dictionaries.

A connector knows its platform and nothing else of ours; what it cannot understand it raises. A new source of a known
platform is data in a hub file; a new platform is one file here and one row in ``CONNECTORS``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from ingest.connectors import (
    arcgis,
    arcgis_describe,
    ckan,
    ckan_describe,
    datagokr,
    datajson,
    dcat,
    described_file_describe,
    envelope,
    file,
    file_describe,
    gtfs,
    gtfs_describe,
    mqtt,
    mqtt_listener,
    ngsild,
    ngsild_describe,
    oapif,
    oapif_describe,
    sensorthings,
    sensorthings_describe,
    seoul,
    sql,
    sql_describe,
)
from ingest.connectors.by_column import PAGES, ByColumn, gathered
from ingest.connectors.described import (
    Checked,
    Described,
    DescribedColumn,
    check_by_reading,
    describe_by_reading,
)
from ingest.connectors.rows import DelimitedFile, Handed, MalformedRow
from ingest.errors import Text
from ingest.http import Session

__all__ = [
    "CONNECTORS",
    "PAGES",
    "ByColumn",
    "Checked",
    "Connector",
    "DelimitedFile",
    "Described",
    "DescribedColumn",
    "Handed",
    "MalformedRow",
    "gathered",
    "is_pushed",
]


@dataclass(frozen=True)
class Connector:
    """What the hub knows of a connector: its typed configuration, its reader, its name for people.

    ``hand_over`` reads the same, with pages and files of delimited text handed over whole where a connector can. ``listen`` receives
    what a platform pushes, apart from runs. ``checks`` and ``describes`` are what a connector has for ``check`` and ``describe``
    that is better than reading. ``reads_files``: its rows come in whole files and not by questions, each of which counts.
    """

    config: type[BaseModel]
    read: Callable[..., Iterator[Mapping[str, object] | MalformedRow]]
    title: Text
    hand_over: Callable[..., Iterator[Handed]] | None = None
    listen: Callable[..., None] | None = None
    checks: Callable[..., Checked] | None = None
    describes: Callable[..., Described] | None = None
    reads_files: bool = False

    def check(self, config: BaseModel, http: Session) -> Checked:
        """Prove address, key and rights with as few requests as possible; what is wrong is raised as ``read`` raises it."""
        return self.checks(config, http) if self.checks else check_by_reading(self.read, config, http)

    def describe(self, config: BaseModel, http: Session) -> Described:
        """Return what the platform itself says of the records."""
        return self.describes(config, http) if self.describes else describe_by_reading(self.read, config, http)


CONNECTORS: dict[str, Connector] = {
    "datagokr": Connector(
        config=datagokr.Config,
        read=datagokr.read,
        hand_over=datagokr.hand_over,
        title=Text(ko="공공데이터포털 오픈 API", en="Open API of data.go.kr"),
    ),
    "seoul": Connector(
        config=seoul.Config,
        read=seoul.read,
        hand_over=seoul.hand_over,
        title=Text(ko="서울 열린데이터광장 오픈 API", en="Open API of Seoul"),
    ),
    "envelope": Connector(
        config=envelope.Config,
        read=envelope.read,
        hand_over=envelope.hand_over,
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
        reads_files=True,
        checks=file_describe.check,
        describes=file_describe.describe,
    ),
    "oapif": Connector(
        config=oapif.Config,
        read=oapif.read,
        hand_over=oapif.hand_over,
        title=Text(ko="OGC API 피처와 WFS", en="OGC API Features and WFS"),
        describes=oapif_describe.describe,
    ),
    "arcgis": Connector(
        config=arcgis.Config,
        read=arcgis.read,
        hand_over=arcgis.hand_over,
        title=Text(ko="ArcGIS 피처·지도 서비스", en="Feature and map services of ArcGIS"),
        describes=arcgis_describe.describe,
    ),
    "sensorthings": Connector(
        config=sensorthings.Config,
        read=sensorthings.read,
        hand_over=sensorthings.hand_over,
        title=Text(ko="OGC SensorThings API", en="OGC SensorThings API"),
        describes=sensorthings_describe.describe,
    ),
    "ngsild": Connector(
        config=ngsild.Config,
        read=ngsild.read,
        hand_over=ngsild.hand_over,
        title=Text(ko="NGSI-LD 브로커 (시티데이터허브 포함)", en="NGSI-LD brokers (City Data Hub among them)"),
        describes=ngsild_describe.describe,
    ),
    "ckan": Connector(
        config=ckan.Config,
        read=ckan.read,
        title=Text(ko="CKAN 포털의 리소스", en="A resource of a CKAN portal"),
        hand_over=ckan.hand_over,
        reads_files=True,
        checks=ckan_describe.check,
        describes=ckan_describe.describe,
    ),
    "dcat": Connector(
        config=dcat.Config,
        read=dcat.read,
        title=Text(ko="DCAT 카탈로그가 가리키는 파일", en="A file that a DCAT catalogue names"),
        hand_over=dcat.hand_over,
        reads_files=True,
        checks=partial(described_file_describe.check, form="dcat"),
        describes=partial(described_file_describe.describe, form="dcat"),
    ),
    "datajson": Connector(
        config=datajson.Config,
        read=datajson.read,
        title=Text(ko="data.json이 가리키는 파일", en="A file that a data.json names"),
        hand_over=datajson.hand_over,
        reads_files=True,
        checks=partial(described_file_describe.check, form="data-json"),
        describes=partial(described_file_describe.describe, form="data-json"),
    ),
    "mqtt": Connector(
        config=mqtt.Config,
        read=mqtt.read,
        title=Text(ko="MQTT 브로커의 메시지", en="Messages of an MQTT broker"),
        listen=mqtt_listener.listen,
    ),
    "gtfs": Connector(
        config=gtfs.Config,
        read=gtfs.read,
        title=Text(ko="대중교통 시각표 (GTFS)", en="Public transport schedules (GTFS)"),
        hand_over=gtfs.hand_over,
        reads_files=True,
        checks=gtfs_describe.check,
        describes=gtfs_describe.describe,
    ),
    "sql": Connector(
        config=sql.Config,
        read=sql.read,
        hand_over=sql.hand_over,
        title=Text(
            ko="데이터베이스 (PostgreSQL, MariaDB, MySQL, Oracle)", en="Database (PostgreSQL, MariaDB, MySQL, Oracle)"
        ),
        checks=sql_describe.check,
        describes=sql_describe.describe,
    ),
}


def is_pushed(connector: str, config: Mapping[str, object]) -> bool:
    """Say whether the messages of a source come by themselves and wait in its inbox."""
    known = CONNECTORS.get(connector)
    return known is not None and (known.listen is not None or config.get("receive") is True)
