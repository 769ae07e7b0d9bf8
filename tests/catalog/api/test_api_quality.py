"""Quality through the API: every point with its evidence, rules, links, and the same as DQV."""

from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.test import Client
from django.utils import timezone
from rdflib import Graph

from catalog.exchange.dqv import SCORE, from_dqv
from catalog.quality import record_answer
from catalog.standard import RULES
from catalog.standard.links import Answer
from catalog.standard.metrics import METRICS, PIVEAU

pytestmark = pytest.mark.django_db

FULL: dict[str, Any] = {
    "licence": "cc-by-4.0",
    "keywords": {"ko": ["대기"]},
    "region": "44",
    "temporal": {"start": "2018-01-01"},
    "contact_point": {"name": {"ko": "환경과"}, "email": "air@hanbit.example"},
    "frequency": "daily",
}
FILE: dict[str, Any] = {
    "access_url": "https://files.hanbit.example/air",
    "download_url": "https://files.hanbit.example/air.csv",
    "format": "CSV",
    "media_type": "text/csv",
    "rights": {"ko": "출처를 밝히고 쓸 수 있음"},
    "byte_size": 1200,
    "issued": "2026-01-02",
    "modified": "2026-03-04",
}


def quality(client: Client, slug: str = "air") -> dict[str, Any]:
    answer = client.get(f"/api/v1/datasets/{slug}/quality")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def complete() -> None:
    make_dataset("air", **FULL, distributions=[FILE])
    for url in (FILE["access_url"], FILE["download_url"]):
        record_answer(url, Answer(200), timezone.now())


def test_a_complete_record_scores_405_and_says_why(client: Client, complete: None) -> None:
    document = quality(client)
    assert (document["points"], document["maximum"], document["band"]["code"]) == (405, 405, "excellent")
    assert [metric["id"] for metric in document["metrics"]] == [metric.identifier for metric in METRICS]
    assert all(metric["text"] and metric["evidence"] and metric["mend"] is None for metric in document["metrics"])
    assert sum(dimension["points"] for dimension in document["dimensions"]) == 405
    assert {link["url"]: link["state"]["code"] for link in document["links"]} == {
        FILE["access_url"]: "answers",
        FILE["download_url"]: "answers",
    }


def test_a_lost_point_says_how_to_mend_it(client: Client) -> None:
    make_dataset("air", **FULL | {"licence": "kogl-1"}, distributions=[FILE])
    by_id = {metric["id"]: metric for metric in quality(client)["metrics"]}
    licence = by_id["knownLicence"]
    assert (licence["points"], licence["maximum"], licence["field"]) == (0, 10, "licence")
    assert "CC BY 4.0" in licence["mend"]["ko"]
    address = by_id["accessUrlStatusCode"]
    assert address["evidence"] == [{"source": "link", "target": FILE["access_url"], "address": FILE["access_url"]}]
    assert by_id["keywordAvailability"]["evidence"][0]["address"].endswith("/api/v1/datasets/air#/keywords")


def test_evidence_leads_to_addresses_that_answer(client: Client) -> None:
    publish_rows(make_dataset("air", **FULL))
    document = quality(client)
    addresses = {
        evidence["address"].partition("#")[0].removeprefix("http://testserver")
        for part in (*document["metrics"], *document["measures"])
        for evidence in part["evidence"]
    }
    assert {client.get(address).status_code for address in addresses if "/standard/" not in address} == {200}


def test_measures_stand_beside_the_points(client: Client) -> None:
    publish_rows(make_dataset("air", **FULL))
    measures = {measure["id"]: measure for measure in quality(client)["measures"]}
    assert measures["accepted"]["share"] == 1
    assert measures["validity"]["word"]["ko"] == "유효성"
    assert measures["coordinates"]["share"] is None
    assert measures["freshness"]["word"] is None
    assert 0 < measures["dictionary"]["share"] < 1
    assert "station_id.description" in measures["dictionary"]["mend"]["en"]


def test_conformance_is_a_second_answer(client: Client, complete: None) -> None:
    conformance = quality(client)["conformance"]
    assert conformance["conforms"] is True
    assert conformance["problems"] == []
    assert [rule["id"] for rule in conformance["rules"]] == [rule.identifier for rule in RULES]
    assert {rule["id"] for rule in conformance["rules"] if not rule["passes"]} == {"recommended"}
    assert {hint["field"] for hint in conformance["hints"]} == {
        "source_system",
        "source_system_kind",
        "personal_data",
        "data_model",
    }


def test_unknown_datasets_and_parameters_are_errors(client: Client, complete: None) -> None:
    assert client.get("/api/v1/datasets/nowhere/quality").json()["code"] == "dataset-not-found"
    assert client.get("/api/v1/datasets/air/quality?full=1").json()["code"] == "unknown-parameter"
    assert client.get("/dataset/nowhere/quality.ttl").status_code == 404


def test_a_hidden_dataset_has_no_quality_for_strangers(client: Client) -> None:
    make_dataset("air", **FULL, access_level="non-public", access_reason={"ko": "사유"})
    assert client.get("/api/v1/datasets/air/quality").status_code == 404
    assert client.get("/dataset/air/quality.ttl").status_code == 404


def test_quality_is_had_as_dqv(client: Client, complete: None) -> None:
    answer = client.get("/dataset/air/quality.ttl")
    assert answer["Content-Type"].startswith("text/turtle")
    found = {(one.of, one.metric): one.value for one in from_dqv(Graph().parse(data=answer.content, format="turtle"))}
    dataset = "http://testserver/dataset/air"
    [part] = {of for of, _ in found} - {dataset}
    assert part.startswith(dataset)
    assert found[dataset, SCORE] == 405
    assert found[dataset, f"{PIVEAU}keywordAvailability"] is True
    assert found[part, f"{PIVEAU}accessUrlStatusCode"] == 200
    assert found[part, f"{PIVEAU}formatMediaTypeVocabularyAlignment"] is True
