"""The registry of data models: every model is whole, real files are recognised, and departures are told."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import DataModelNotFound
from catalog.records.schema import NAME_PATTERN, RESERVED_NAMES, from_table_schema
from catalog.standard.data_models import (
    check_schema_against_model,
    data_model,
    data_models,
    model_uri,
    suggest_columns,
    suggest_model,
)
from catalog.standard.vocabularies import vocabulary, vocabulary_names

SHARED = Path(__file__).parents[4] / "shared"
MODELS = data_models()
TYPES = {"string", "integer", "number", "boolean", "date", "datetime", "time", "geometry"}
# UCUM: units that the models use, and annotations in braces for what is counted.
UNITS = set("deg m m2 km km/h m/s s min d % [ppm] ug/m3 Cel mm cm hPa W W/m2 lx dB[mW] 1".split())  # noqa: SIM905
NEEDED = {
    "off-street-parking",
    "parking-availability",
    "cctv",
    "traffic-camera",
    "bus-stop",
    "bus-arrival",
    "road-link-speed",
    "air-quality-observed",
    "weather-observed",
    "bike-station",
    "public-wifi",
    "public-toilet",
    "shelter",
    "library",
    "facility-sensor",
    "smart-pole",
    "emergency-event-aggregate",
}


def test_the_models_that_cities_share_are_there() -> None:
    assert set(MODELS) >= NEEDED


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_whole(name: str) -> None:
    model = MODELS[name]
    names = [column.name for column in model.columns]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", model.name)
    assert model.name == name
    assert re.fullmatch(r"\d+\.\d+", model.version)
    assert all((model.title.ko, model.title.en, model.description.ko, model.description.en))
    assert model.theme in vocabulary("theme")
    assert len(names) == len(set(names)) >= 10
    assert set(model.key) <= set(names)
    assert all(column.required for column in model.columns if column.name in model.key)
    assert set(model.geometry) <= set(names)
    assert not model.time or model.column(model.time).type in ("date", "datetime")  # type: ignore[union-attr]
    assert model.smart_data_model.startswith("https://smartdatamodels.org/dataModel.")
    assert model_uri(name) == f"/standard/1.0/data-models/{name}"


@pytest.mark.parametrize(
    ("model", "column"),
    [(model, column) for model in MODELS.values() for column in model.columns],
    ids=lambda value: value.name,
)
def test_every_column_is_whole(model: Any, column: Any) -> None:
    assert NAME_PATTERN.match(column.name)
    assert column.name not in RESERVED_NAMES
    assert column.type in TYPES
    assert column.title.ko.strip()
    assert column.title.en.strip()
    assert bool(column.description.ko) == bool(column.description.en)
    assert not column.unit or column.unit in UNITS or re.fullmatch(r"\{[A-Za-z]+\}", column.unit)
    assert not column.unit or column.type in ("integer", "number")
    assert column.personal_data in vocabulary("personal_data_class")
    assert vocabulary("personal_data_class")[column.personal_data].mappings["publishable"] == "true" or (
        column.personal_data == "free-text"
    )
    assert not column.code_list or column.code_list in vocabulary_names()
    assert all(label.ko and label.en for label in column.values.values())
    assert (column.minimum is None and column.maximum is None) or column.type in ("integer", "number")
    assert len(set(column.standard_names)) == len(column.standard_names)


@pytest.mark.parametrize("name", MODELS)
def test_a_source_name_means_one_column_of_a_model(name: str) -> None:
    names = [said for column in MODELS[name].columns for said in column.standard_names]
    assert sorted(said for said in set(names) if names.count(said) > 1) == []


@pytest.mark.parametrize("name", MODELS)
def test_the_table_schema_is_one_that_records_can_be_kept_in(name: str) -> None:
    model = MODELS[name]
    schema = from_table_schema(model.to_table_schema())
    assert schema.names == tuple(column.name for column in model.columns)
    assert (schema.key, schema.time) == (model.key, model.time)
    assert check_schema_against_model(model.to_table_schema(), model) == ()
    json.dumps(model.to_table_schema())


@pytest.mark.parametrize(
    ("change", "rule", "said"),
    [
        (lambda fields: [entry for entry in fields if entry["name"] != "pm10"], None, ""),
        (lambda fields: fields[1:], "missing-column", "station_id"),
        (lambda fields: set_of(fields, "pm10", type="string"), "other-type", "number, not string"),
        (lambda fields: set_of(fields, "pm10", type="integer"), None, ""),  # whole numbers are numbers
        (lambda fields: set_of(fields, "pm10", unit="mg/m3"), "other-unit", "ug/m3"),
        (lambda fields: set_of(fields, "pm10", unit=""), "missing-unit", "ug/m3"),
        (lambda fields: [*fields, {"name": "remark", "type": "string"}], None, ""),
    ],
)
def test_departures_from_a_model_are_told(change: Any, rule: str | None, said: str) -> None:
    model = data_model("air-quality-observed")
    schema = model.to_table_schema()
    found = check_schema_against_model(schema | {"fields": change(schema["fields"])}, model)
    assert [finding.rule for finding in found] == ([rule] if rule else [])
    assert all(said in finding.text.en and finding.text.ko for finding in found)


def set_of(fields: list[dict[str, Any]], name: str, **values: Any) -> list[dict[str, Any]]:
    return [entry | values if entry["name"] == name else entry for entry in fields]


def test_another_key_is_told() -> None:
    model = data_model("bus-stop")
    [finding] = check_schema_against_model(model.to_table_schema() | {"primaryKey": "name"}, model)
    assert (finding.rule, finding.column) == ("other-key", "stop_id")


def test_an_unknown_model_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(DataModelNotFound, match="bus-stop"):
        data_model("tram-stop")


def test_a_model_is_a_concept_too() -> None:
    concept = vocabulary("data_model")["off-street-parking"]
    assert concept.label.ko == "주차장"
    assert concept.path.endswith("/vocabularies/data_model/off-street-parking")


def test_columns_that_nobody_knows_suggest_no_model() -> None:
    assert suggest_model(["colour", "타입"]) == []
    assert suggest_model([]) == []


def test_a_table_with_our_own_names_is_recognised() -> None:
    names = [column.name for column in data_model("shelter").columns]
    assert suggest_model(names)[0] == ("shelter", 1.0)


REAL = pytest.mark.skipif(not SHARED.exists(), reason="the real municipal files are not here (../shared)")


def heads(name: str, encoding: str, line: int = 0) -> list[str]:
    with (SHARED / "data" / "korea" / name).open(encoding=encoding, newline="") as file:
        return [
            head.strip() for head in list(zip(csv.reader(file), range(line + 1), strict=False))[-1][0] if head.strip()
        ]


@REAL
@pytest.mark.parametrize(
    ("file", "encoding", "model", "share"),
    [
        ("parking_std_2023.csv", "cp949", "off-street-parking", 1.0),
        ("parking_std_2021.csv", "cp949", "off-street-parking", 1.0),
        ("traffic_camera_std.csv", "cp949", "traffic-camera", 1.0),
        ("wifi_std.csv", "cp949", "public-wifi", 1.0),
        ("osan_cctv.csv", "utf-8", "cctv", 1.0),
        ("osan_bus_stops.csv", "utf-8", "bus-stop", 1.0),
        ("osan_road_congestion_lv6.csv", "utf-8-sig", "road-link-speed", 0.5),
        ("seoul_air_daily_2018.csv", "cp949", "air-quality-observed", 1.0),
        ("seoul_air_daily_2022.csv", "cp949", "air-quality-observed", 1.0),
        ("bike_stations_2022_06.csv", "cp949", "bike-station", 0.5),
    ],
)
def test_real_files_are_recognised(file: str, encoding: str, model: str, share: float) -> None:
    best, known = suggest_model(heads(file, encoding))[0]
    assert best == model
    assert known >= share


@REAL
def test_every_column_of_the_national_parking_data_has_its_place() -> None:
    names = heads("parking_std_2023.csv", "cp949")
    found = suggest_columns(names, data_model("off-street-parking"))
    assert [name for name in names if name not in found] == []
    assert len(set(found.values())) == len(names) == 33
    assert found["주차구획수"] == "spaces"


@REAL
def test_answers_of_portals_are_recognised() -> None:
    folder = SHARED / "data" / "korea"
    stations = json.loads((folder / "changwon_bus_stations.json").read_text(encoding="utf-8"))
    row = stations["ServiceResult"]["MsgBody"]["StationList"]["row"][0]
    assert suggest_model(name for name in row if not name.startswith("@"))[0][0] == "bus-stop"
    tago = "nodeid nodenm routeid routeno routetp arrprevstationcnt vehicletp arrtime".split()  # noqa: SIM905
    assert suggest_model(tago)[0] == ("bus-arrival", 1.0)
    its = "roadName roadDrcType linkNo linkId startNodeId endNodeId speed travelTime createdDate".split()  # noqa: SIM905
    assert suggest_model(its)[0] == ("road-link-speed", 1.0)


@REAL
@pytest.mark.parametrize(
    ("entity", "model"),
    [("airqualityobserved", "air-quality-observed"), ("offstreetparking", "off-street-parking")],
)
def test_attributes_of_the_city_data_hub_exist(entity: str, model: str) -> None:
    path = SHARED / "data" / "korea" / f"ngsild_keti_{entity}.json"
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    assert document["type"] in data_model(model).also_known
    for column in data_model(model).columns:
        if column.keti and column.keti not in ("observedAt", "location.coordinates"):
            attribute, _, part = column.keti.partition(".")
            assert attribute in document, column.keti
            assert not part or part in document[attribute]["value"], column.keti


@REAL
@pytest.mark.parametrize(
    ("model", "type_"),
    [
        ("off-street-parking", "OffStreetParking"),
        ("parking-availability", "OffStreetParking"),
        ("air-quality-observed", "AirQualityObserved"),
        ("weather-observed", "WeatherObserved"),
        ("road-link-speed", "TrafficFlowObserved"),
        ("facility-sensor", "Device"),
        ("smart-pole", "Streetlight"),
        ("cctv", "Device"),
        ("traffic-camera", "Device"),
        ("emergency-event-aggregate", "Alert"),
    ],
)
def test_properties_of_smart_data_models_exist(model: str, type_: str) -> None:
    folder = SHARED / "conformance" / "ngsi-ld"
    files = [folder / type_ / "schema.json", *folder.glob("*-schema.json")]
    known = set().union(*(properties(json.loads(path.read_text(encoding="utf-8"))) for path in files))
    named = {column.smart_data_models.split(".")[0] for column in data_model(model).columns} - {""}
    assert named
    assert named <= known
    assert data_model(model).smart_data_model.endswith(f"/{type_}")


def properties(document: Any) -> set[str]:
    if isinstance(document, list):
        return set().union(*(properties(part) for part in document))
    if not isinstance(document, dict):
        return set()
    return set(document.get("properties", ())) | properties(list(document.values()))
