"""Pulls of chained platforms from the request to the published snapshot, and what stays when one goes wrong."""

import json

import pytest
from builders import make_dataset
from hostile_server import HostileServer, reply
from pulling import make_source, pull, records

from catalog.records import Column, Geometry, Schema
from ingest.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]

POINT = {"type": "Point", "coordinates": [127.1, 37.4]}
OAPIF = {"features": [{"type": "Feature", "id": 7, "geometry": POINT, "properties": {"pm10": 34}}], "numberMatched": 1}
SENSORTHINGS = {"value": [{"@iot.id": 7, "result": 34, "FeatureOfInterest": {"@iot.id": 1, "feature": POINT}}]}
NGSILD = [
    {
        "id": "7",
        "type": "Air",
        "pm10": {"type": "Property", "value": 34, "observedAt": "2018-11-15T20:09:55,000+09:00"},
        "location": {"type": "GeoProperty", "value": POINT},
    }
]
ARCGIS = {
    "fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"}],
    "geometryType": "esriGeometryPoint",
    "advancedQueryCapabilities": {"supportsPagination": True},
    "count": 1,
    "features": [{"attributes": {"OBJECTID": 7, "pm10": 34}, "geometry": {"x": 127.1, "y": 37.4}}],
}
PLATFORMS = {
    "oapif": (OAPIF, {"collection": "air"}, ("id", "pm10", "geometry")),
    "sensorthings": (
        SENSORTHINGS,
        {"entities": "Observations"},
        ("@iot.id", "result", "FeatureOfInterest.feature"),
    ),
    "ngsild": (NGSILD, {"type": "Air"}, ("id", "pm10", "location")),
    "arcgis": (ARCGIS, {}, ("OBJECTID", "pm10", "geometry")),
}


def schema_of(names):
    identifier, value, place = names
    return Schema(
        columns=(
            Column("station_id", source=identifier, required=True),
            Column("pm10", "integer", source=value),
            Column("place", "geometry", source=place),
        ),
        geometry=Geometry(column="place"),
    )


@pytest.mark.parametrize(
    ("connector", "answer", "config", "names"), [(name, *row) for name, row in PLATFORMS.items()], ids=PLATFORMS
)
def test_a_platform_is_pulled_and_a_failure_leaves_what_is_published(connector, answer, config, names):
    good = reply(200, json.dumps(answer).encode(), NGSILD_Results_Count=1)
    now = [good]
    with HostileServer({"/": lambda request, connection: now[-1](request, connection)}) as platform:
        source = make_source(
            "",
            connector=connector,
            config={"url": platform.url("/0"), **config},
            dataset=make_dataset(schema=schema_of(names)),
            allow_private=True,
        )
        first = pull(source)
        now.append(reply(404, b"no"))
        second = pull(source)
    assert first.state == Run.State.PUBLISHED, first.error_en
    assert second.state == Run.State.FAILED
    (record,) = records(source)
    assert (record["station_id"], record["pm10"]) == ("7", 34)
    assert record["place"] is not None
