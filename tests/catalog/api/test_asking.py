"""The examples of ``docs/api.md`` and hostile questions, asked over HTTP; pages that go on while data is published."""

import re
from pathlib import Path
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.conf import settings
from django.test import Client

from catalog.models import Dataset
from catalog.records import AGGREGATES, BUCKETS, FUNCTIONS, OPERATORS, PARAMETERS, Column, Geometry, LoadMode, Schema
from catalog.records.schema import RESERVED_NAMES

ADDRESS = "/api/v1/datasets/hanbit-air-quality/records"
PAGE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
ASK = PAGE[PAGE.index("\n## Ask") : PAGE.index("\n## ", PAGE.index("\n## Ask") + 1)]
EXAMPLES = re.findall(r"^\| `\?([^`]+)` \|", ASK, re.MULTILINE)
SCHEMA = Schema(
    columns=(Column("station"), Column("station_name"), Column("network"), Column("pm10", "number", unit="ug/m3"), Column("pm25", "number"),
             Column("observed_at", "datetime"), Column("longitude", "number"), Column("latitude", "number")),
    key=("station", "observed_at"),
    time="observed_at",
    geometry=Geometry("longitude", "latitude"),
)  # fmt: skip
STATIONS = [
    ("044901", "가온동", "도시대기", 126.942167, 36.524583),
    ("044902", "나래동", "도시대기", 126.967612, 36.552726),
    ("044903", "다솜대로", "도로변대기", 127.009413, 36.56129),
]


def readings() -> list[dict[str, Any]]:
    """Readings of three days at three stations, one of which failed."""
    return [
        {"station": code, "station_name": name, "network": network, "pm10": "" if (code, hour) == ("044903", 5) else 20 + hour * 4,
         "pm25": 15 + hour, "observed_at": f"2026-11-0{day}T{hour:02d}:00", "longitude": x, "latitude": y}
        for day in (1, 2, 3) for hour in range(24) for code, name, network, x, y in STATIONS
    ]  # fmt: skip


@pytest.fixture
def air(db: None) -> Dataset:
    dataset = make_dataset("hanbit-air-quality", schema=SCHEMA)
    publish_rows(dataset, readings())
    return dataset


def parameters(example: str) -> dict[str, list[str]]:
    """Read an example as it is written, before encoding."""
    given: dict[str, list[str]] = {}
    for pair in re.split(r"&(?=[a-z_]+=)", example):
        name, _, value = pair.partition("=")
        given.setdefault(name, []).append(value)
    return given


def test_every_example_of_the_document_is_answered(client: Client, air: Dataset) -> None:
    assert len(EXAMPLES) > 30
    for example in EXAMPLES:
        answer = client.get(ADDRESS, parameters(example))
        assert answer.status_code == 200, (example, answer.content.decode())
        assert answer.json()["records"], example


def test_the_document_shows_every_parameter_and_every_operator() -> None:
    for name, row in {**FUNCTIONS, **BUCKETS, **AGGREGATES}.items():
        assert f"| `{row.cql2 or name}` | {row.label.ko} |" in ASK
    for name in (*OPERATORS, *PARAMETERS):
        assert f"| `{name}` |" in ASK


@pytest.mark.django_db
def test_the_openapi_document_shows_every_operator(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").content.decode()
    for name, row in {**OPERATORS, **FUNCTIONS, **BUCKETS, **AGGREGATES}.items():
        assert f"| `{name}` |" in document or f"| `{row.cql2}` |" in document


def test_no_column_can_have_the_name_of_a_parameter() -> None:
    assert {name for name in PARAMETERS if name.isidentifier()} <= RESERVED_NAMES


HOSTILE = [
    {"filter": "pm10 > 1; DROP TABLE records"},
    {"filter": "(" * 3000},
    {"filter": "NOT " * 1900 + "pm10 > 1"},
    {"filter": "'" * 101},
    {"filter": "name = 'a\0'"},
    {"filter": '{"op":"and","args":[]}'},
    {"filter": '{"op":["="],"args":[{}]}'},
    {"filter": "[" * 4000},
    {"select": "pm10 as " + "a" * 200},
    {"select": "pm10" + " " * 5000 + "x"},
    {"select": "quantile(pm10, 7)"},
    {"group_by": "sum(pm10)"},
    {"having": "pm10 > 1"},
    {"order_by": "1; --"},
    {"near": "127,37,1e400"},
    {"near": "nan,nan,nan"},
    {"crs": "EPSG:4326'; --"},
    {"sample": "-1"},
    {"limit": "1e9"},
    {"cursor": "W" * 5000},
    {"latest_by": "station;"},
    {"distinct": "maybe"},
    {"station_name__like": "a\\"},
    {"pm10__in": ",".join(["1"] * 20_000)},
    {"observed_at": "T0000" * 2000},
    {"as_of": "'; --"},
    {"рm10": "1"},
]


@pytest.mark.parametrize("question", HOSTILE, ids=[next(iter(one)) + f" {at}" for at, one in enumerate(HOSTILE)])
def test_a_hostile_question_is_a_problem_of_the_asker(client: Client, air: Dataset, question: dict[str, str]) -> None:
    for language in ("ko", "en"):
        answer = client.get(ADDRESS, question, headers={"accept-language": language})
        assert answer.status_code == 400, answer.content.decode()[:300]
        assert answer["Content-Type"].startswith("application/problem+json")
        assert answer.json()["detail"]


# --- pages of one snapshot while others are published

PAGED = {
    "records": {},
    "sorted records": {"order_by": "-pm10"},
    "latest of each": {"latest_by": "station,pm10"},
    "groups": {"group_by": "station,hour(observed_at)"},
    "different records": {"select": "station,pm10", "distinct": "true"},
    "a sample": {"sample": "60"},
}


MODES = (LoadMode.UPSERT, LoadMode.APPEND, LoadMode.REPLACE)


@pytest.mark.parametrize("question", PAGED.values(), ids=PAGED)
def test_pages_are_of_one_snapshot_while_others_are_published(
    client: Client, air: Dataset, question: dict[str, str]
) -> None:
    """A new snapshot is published after every page; threads on one store are in ``records/test_groups.py``."""
    whole = client.get(ADDRESS, {**question, "limit": "10000"}).json()
    page = client.get(ADDRESS, {**question, "limit": "20"}).json()
    found, published = list(page["records"]), 0
    while page["next"]:
        other = f"-{published}" if published % 3 else ""
        changed = [{**row, "pm10": published, "station": f"{row['station']}{other}"} for row in readings()]
        assert publish_rows(air, changed, mode=MODES[published % 3])
        published += 1
        page = client.get(page["next"]).json()
        assert page["snapshot"]["id"] == whole["snapshot"]["id"]
        found += page["records"]
    assert published >= 2
    assert found == whole["records"]
