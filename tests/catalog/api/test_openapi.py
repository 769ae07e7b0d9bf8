"""The OpenAPI document: valid, fresh, complete, and its page works without the internet under the strict policy."""

import json
from pathlib import Path
from typing import Any

import pytest
from air_stations import make_air_stations
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from catalog.api.descriptions import HEAVY
from catalog.api.filters import PARAMETERS as DATASET_PARAMETERS
from catalog.read import CHOICES
from catalog.records import FORMATS, OPERATORS, PARAMETERS
from catalog.standard import FIELDS

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "docs" / "openapi.json"
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(COMMITTED.read_text(encoding="utf-8"))


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {operation["operationId"]: operation for path in document["paths"].values() for operation in path.values()}


def test_the_document_is_valid_without_a_warning_and_the_committed_one_is_fresh(tmp_path: Path) -> None:
    written = tmp_path / "openapi.json"
    options = {"lang": "en", "format": "openapi-json", "file": str(written)}
    call_command("spectacular", validate=True, fail_on_warn=True, **options)
    assert written.read_text(encoding="utf-8") == COMMITTED.read_text(encoding="utf-8"), (
        "run manage.py spectacular --lang en --format openapi-json --file docs/openapi.json"
    )


@pytest.mark.django_db
def test_the_hub_serves_the_document_in_the_readers_language(client: Client, document: dict[str, Any]) -> None:
    english = client.get("/api/v1/openapi.json", headers={"Accept-Language": "en"})
    assert english["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert english.json() == document
    korean = client.get("/api/v1/openapi.json", headers={"Accept-Language": "ko"}).json()
    assert korean["info"]["title"] == "도시 데이터허브 API"
    assert operations(korean)["listDatasets"]["summary"] == "데이터셋 찾기"
    assert client.get("/api/v1/openapi.json", {"lang": "en"}).json() == document
    assert operations(korean).keys() == operations(document).keys()


def test_every_address_of_version_one_is_documented(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == {
        "/api/v1/",
        "/api/v1/changes",
        "/api/v1/datasets",
        "/api/v1/datasets/{slug}",
        "/api/v1/datasets/{slug}/granted-records",
        "/api/v1/datasets/{slug}/quality",
        "/api/v1/datasets/{slug}/records",
        "/api/v1/datasets/{slug}/records.{extension}",
        "/api/v1/datasets/{slug}/schema",
        "/api/v1/datasets/{slug}/snapshots",
        "/api/v1/datasets/{slug}/snapshots/{digest}",
        "/api/v1/datasets/{slug}/snapshots/{digest}/lineage",
        "/api/v1/datasets/{slug}/snapshots/{digest}/records.{extension}",
        "/api/v1/exports",
        "/api/v1/exports/{uid}",
        "/api/v1/exports/{uid}/file",
        "/api/v1/data-models/{model}/records",
        "/api/v1/data-models/{model}/records.{extension}",
        "/api/v1/organisations",
        "/api/v1/organisations/{slug}",
        "/api/v1/query",
        "/api/v1/problems/{code}",
        "/api/v1/suggest",
        "/api/v1/vocabularies/{name}",
    }


def test_every_operation_but_those_of_exports_only_reads_and_says_what_it_does(document: dict[str, Any]) -> None:
    writing = {path: set(methods) - {"get"} for path, methods in document["paths"].items() if set(methods) - {"get"}}
    assert writing == {
        "/api/v1/exports": {"post"},
        "/api/v1/exports/{uid}": {"delete"},
        "/api/v1/query": {"post"},  # a long question, nothing is written
    }
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["tags"]
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
        for status, answer in operation["responses"].items():
            if int(status) >= 300:
                [content] = answer["content"].items()
                assert content[0] == "application/problem+json"
                assert content[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert content[1]["examples"]


def test_a_description_shows_every_field_with_its_label_and_definition(document: dict[str, Any]) -> None:
    for component, left_out in (("Dataset", frozenset()), ("FoundDataset", HEAVY)):
        properties = document["components"]["schemas"][component]["properties"]
        for field in FIELDS:
            if field.name in left_out:
                continue
            assert field.label.en in properties[field.name]["description"]
            assert field.definition.en in properties[field.name]["description"]
            assert field.name not in document["components"]["schemas"][component]["required"]


def test_records_document_every_parameter_operator_and_format(document: dict[str, Any]) -> None:
    operation = operations(document)["getRecords"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert set(parameters) == {"slug", "filters", *PARAMETERS, "format", *CHOICES}
    filters = parameters["filters"]
    assert (filters["style"], filters["explode"]) == ("form", True)
    assert filters["schema"] == {"type": "object", "additionalProperties": {"type": "string"}}
    assert all(f"`{operator}`" in filters["description"] for operator in OPERATORS)
    assert "{column}__{operator}" in filters["description"]
    answers = operation["responses"]["200"]["content"]
    assert set(answers) == {row.media_type.partition(";")[0] for row in FORMATS.values()}


def test_the_list_documents_every_filter(document: dict[str, Any]) -> None:
    parameters = {parameter["name"] for parameter in operations(document)["listDatasets"]["parameters"]}
    assert parameters == {*DATASET_PARAMETERS, "limit", "cursor"}


@pytest.mark.django_db
def test_answers_hold_what_the_document_promises(
    client: Client, document: dict[str, Any], subtests: pytest.Subtests
) -> None:
    dataset = make_air_stations(keywords={"ko": ["대기"]}, frequency="daily", region="44")
    places = {
        "slug": "air-stations",
        "name": "theme",
        "model": "off-street-parking",
        "code": "bad-value",
        "digest": dataset.current_snapshot.digest,
    }
    order = {"dataset": "air-stations", "format": "csv"}
    places["uid"] = client.post("/api/v1/exports", order, content_type="application/json").json()["id"]
    client.force_login(User.objects.create_user("someone"))
    for path, methods in document["paths"].items():
        if path.endswith((".{extension}", "/file", "/granted-records")) or "get" not in methods:
            continue  # the last needs a grant: ``test_grants.py`` holds it against the document
        address = path.replace("organisations/{slug}", "organisations/hanbit-city").format(**places)
        if path == "/api/v1/query":
            address += '?sql=SELECT station_id FROM "air-stations"'
        with subtests.test(address):
            schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert missing(schema, client.get(address).json(), document) == []
    problem = client.get("/api/v1/datasets", {"nope": "1"}).json()
    assert missing({"$ref": "#/components/schemas/Problem"}, problem, document) == []


def missing(schema: dict[str, Any], value: Any, document: dict[str, Any], where: str = "") -> list[str]:
    """Return what an answer lacks of its schema or has beyond it; problems alone may have more."""
    for part in (schema, *schema.get("allOf", []), *schema.get("oneOf", [])):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            return missing(document["components"]["schemas"][name], value, document, f"{where}/{name}")
    if isinstance(value, list):
        return [line for item in value for line in missing(schema.get("items", {}), item, document, f"{where}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    lacking = set(schema.get("required", [])) - set(value)
    beyond = set() if where.endswith("Problem") or "externalDocs" in schema else set(value) - set(schema["properties"])
    inner = [
        line
        for name, part in schema["properties"].items()
        if value.get(name) is not None
        for line in missing(part, value[name], document, f"{where}.{name}")
    ]
    return [f"{where}: {name}" for name in sorted(lacking | beyond)] + inner


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")
def test_the_page_of_the_document_works_in_a_browser_under_the_strict_policy(live_server: LiveServer) -> None:
    make_air_stations()
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(locale="ko-KR")
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        foreign: list[str] = []
        page.on(
            "request", lambda request: foreign.append(request.url) if not is_ours(request.url, live_server) else None
        )
        answer = page.goto(f"{live_server.url}/api/v1/docs")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        page.get_by_text("도시 데이터허브 API").wait_for()
        operation = page.locator("#operations-records-getRecords")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_text("__gte").first.wait_for()
        operation.get_by_placeholder("slug").fill("air-stations")
        operation.get_by_role("button", name="Execute").click()
        operation.locator(".live-responses-table .response-col_status", has_text="200").first.wait_for()
        assert "강남구" in operation.locator(".live-responses-table").inner_text()
        browser.close()
    assert (complaints, foreign) == ([], [])


def is_ours(url: str, live_server: LiveServer) -> bool:
    return url.startswith((live_server.url, "data:", "blob:"))
