"""Connectors: one file per platform, each a typed ``Config`` and a function ``read`` that yields plain dictionaries.

A connector knows its platform and nothing else of ours; what it cannot understand it raises. A new source of a known
platform is data in a hub file; a new platform is one file here and one row in ``CONNECTORS``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from ingest.connectors import datagokr, file, seoul
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
    "file": Connector(
        config=file.Config,
        read=file.read,
        title=Text(ko="파일 (CSV, TSV, XLSX, JSON, GeoJSON, XML)", en="File (CSV, TSV, XLSX, JSON, GeoJSON, XML)"),
        hand_over=file.hand_over,
    ),
}
