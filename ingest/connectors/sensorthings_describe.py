"""What a SensorThings service says: the properties of its entities by the standard, the unit of the datastream asked for."""

import dataclasses
import re
from collections.abc import Mapping
from functools import partial

from ingest.connectors.credential import credential_headers
from ingest.connectors.described import Described, DescribedColumn, describe_by_reading, told_text
from ingest.connectors.sensorthings import Config, parse_set, read
from ingest.errors import Text
from ingest.http import Session

ONE_STREAM = re.compile(r"((?:Multi)?Datastreams\([^/]*\))/Observations$")
KINDS_OF_RESULTS: Mapping[str, str] = {  # the end of a datastream's observationType
    "OM_Measurement": "number",
    "OM_CountObservation": "integer",
    "OM_TruthObservation": "boolean",
    "OM_CategoryObservation": "string",
}
# OGC 18-088, chapter 8: the properties of entities.
PROPERTIES: Mapping[str, tuple[str, Text]] = {
    "@iot.id": ("", Text(ko="식별자", en="Identifier")),
    "name": ("string", Text(ko="이름", en="Name")),
    "description": ("string", Text(ko="설명", en="Description")),
    "phenomenonTime": ("datetime", Text(ko="측정 시각", en="Time of the phenomenon")),
    "phenomenonTime.end": ("datetime", Text(ko="측정 종료 시각", en="End of the phenomenon")),
    "resultTime": ("datetime", Text(ko="결과 시각", en="Time of the result")),
    "validTime": ("datetime", Text(ko="유효 시작 시각", en="Valid from")),
    "validTime.end": ("datetime", Text(ko="유효 종료 시각", en="Valid until")),
    "result": ("", Text(ko="측정값", en="Result")),
    "location": ("geometry", Text(ko="위치", en="Location")),
    "feature": ("geometry", Text(ko="관측 대상", en="Feature of interest")),
    "observedArea": ("geometry", Text(ko="관측 범위", en="Observed area")),
    "unitOfMeasurement.name": ("string", Text(ko="단위 이름", en="Name of the unit")),
    "unitOfMeasurement.symbol": ("string", Text(ko="단위", en="Unit")),
    "unitOfMeasurement.definition": ("string", Text(ko="단위 정의", en="Definition of the unit")),
    "observationType": ("string", Text(ko="관측 유형", en="Type of observations")),
    "encodingType": ("string", Text(ko="표현 형식", en="Encoding")),
}


def describe(config: Config, http: Session) -> Described:
    """Describe the entities of the first page; observations of one datastream have its unit and title."""
    found = describe_by_reading(read, config, http)
    stream: Mapping[str, object] = {}
    if asked := ONE_STREAM.search(config.entities):
        address = f"{config.url}/{config.entities[: asked.end(1)]}"
        headers = credential_headers(config.authorization, http)
        page = http.read(address, partial(parse_set, asked=address, http=http), headers=headers)
        stream = page.rows[0] if page.rows else {}
    return dataclasses.replace(
        found,
        title=told_text(stream.get("name")),
        description=told_text(stream.get("description")),
        columns=tuple(describe_column(column, stream) for column in found.columns),
        crs="EPSG:4326",
    )


def describe_column(column: DescribedColumn, stream: Mapping[str, object]) -> DescribedColumn:
    kind, title = PROPERTIES.get(column.name, PROPERTIES.get(column.name.rpartition("Datastream.")[2], ("", Text())))
    if column.name != "result" or not stream:
        return dataclasses.replace(column, type=kind, title=title)
    unit = stream.get("unitOfMeasurement")
    told = unit if isinstance(unit, dict) else {}
    result = KINDS_OF_RESULTS.get(str(stream.get("observationType", "")).rpartition("/")[2], "")
    words = told_text(stream.get("name"))
    return DescribedColumn(column.name, result, words or title, unit=str(told.get("symbol") or told.get("name") or ""))
