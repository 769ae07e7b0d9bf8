"""Errors over HTTP: status, code, both languages, what would be right; problem documents and never HTML."""

import base64
import json
import shutil
from typing import Any

import pytest
from air_stations import SCHEMA, make_air_stations
from builders import make_dataset, publish_rows
from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from catalog import errors
from catalog.api.errors import PROBLEMS, answer_problem, find_problem
from catalog.api.paging import digest
from catalog.models import Dataset, Snapshot
from catalog.read import WRITING
from catalog.records import FORMATS, PARAMETERS

pytestmark = pytest.mark.django_db
RECORDS = "/api/v1/datasets/air-stations/records"
DATASETS = "/api/v1/datasets"
NAMES = ", ".join(SCHEMA.names)
ENDPOINTS = [
    "/api/v1/",
    DATASETS,
    f"{DATASETS}/air-stations",
    f"{DATASETS}/air-stations/schema",
    f"{DATASETS}/air-stations/snapshots",
    RECORDS,
    f"{RECORDS}.csv",
    "/api/v1/changes",
    "/api/v1/organisations",
    "/api/v1/organisations/hanbit-city",
    "/api/v1/vocabularies/theme",
    "/api/v1/problems/bad-value",
    "/api/v1/openapi.json",
    "/api/v1/docs",
]


@pytest.fixture
def stations() -> Dataset:
    return make_air_stations()


def problem(answer: HttpResponseBase) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert {"type", "title", "status", "detail", "code", "instance"} <= set(document)
    assert document["status"] == answer.status_code
    return document


# path, parameters, status, code, Korean, English (parts of the detail)
MISTAKES = [
    (RECORDS, {"nope": "1"}, 400, "unknown-parameter",
     "'nope'은(는) 알 수 없는 매개변수입니다. 쓸 수 있는 것: select", "Unknown parameter 'nope'; allowed: select"),
    (RECORDS, {"nope__gt": "1"}, 400, "unknown-column",
     "'nope' 열이 없습니다. 이 데이터셋의 열: " + NAMES, "Unknown column 'nope'; the columns of this dataset: " + NAMES),
    (RECORDS, {"select": "pm10,nope"}, 400, "unknown-column", "'nope' 열이 없습니다", "Unknown column 'nope'"),
    (RECORDS, {"order_by": "-nope"}, 400, "unknown-column", "'nope' 열이 없습니다", "Unknown column 'nope'"),
    (RECORDS, {"pm10__gtt": "1"}, 400, "unknown-operator",
     "'pm10' 열에 'gtt' 연산자는 쓸 수 없습니다", "Unknown operator 'gtt' on 'pm10'; allowed: eq, ne, gt"),
    (RECORDS, {"pm10__contains": "1"}, 400, "unknown-operator", "'contains' 연산자는 쓸 수 없습니다", "Unknown operator 'contains' on 'pm10'"),
    (RECORDS, {"pm10__gt__lt": "1"}, 400, "unknown-operator", "'gt__lt' 연산자는", "Unknown operator 'gt__lt'"),
    (RECORDS, {"pm10": "many"}, 400, "bad-value",
     "'pm10'의 값 'many'을(를) 읽을 수 없습니다. 올바른 형식: 정수", "Cannot read 'many' for 'pm10'; expected a whole number"),
    (RECORDS, {"pm10": "1.5"}, 400, "bad-value", "정수", "a whole number"),
    (RECORDS, {"pm10": "99999999999999999999"}, 400, "bad-value", "정수", "a whole number"),
    (RECORDS, {"pm10__in": "1,x"}, 400, "bad-value", "'x'", "Cannot read 'x' for 'pm10__in'"),
    (RECORDS, {"ozone__gt": "nan"}, 400, "bad-value", "수", "a number"),
    (RECORDS, {"is_open": "maybe"}, 400, "bad-value", "true 또는 false", "true or false"),
    (RECORDS, {"built_on": "01/02/2018"}, 400, "bad-value", "YYYY-MM-DD", "YYYY-MM-DD"),
    (RECORDS, {"built_on": "2018-02-30"}, 400, "bad-value", "YYYY-MM-DD", "YYYY-MM-DD"),
    (RECORDS, {"observed_at__gt": "yesterday"}, 400, "bad-value", "YYYY-MM-DDTHH:MM:SS+09:00", "YYYY-MM-DDTHH:MM:SS+09:00"),
    (RECORDS, {"pm10__isnull": "perhaps"}, 400, "bad-value", "true", "true"),
    (RECORDS, {"district": "a\x00b"}, 400, "bad-value", "문자", "text"),
    (RECORDS, {"limit": "0"}, 400, "bad-value", "1..10000", "1..10000"),
    (RECORDS, {"limit": "10001"}, 400, "bad-value", "1..10000", "1..10000"),
    (RECORDS, {"limit": "ten"}, 400, "bad-value", "1..10000", "1..10000"),
    (RECORDS, {"limit": "-5"}, 400, "bad-value", "1..10000", "1..10000"),
    (RECORDS, {"limit": "٣"}, 400, "bad-value", "1..10000", "1..10000"),
    (RECORDS, {"limit": ["1", "2"]}, 400, "bad-value", "값 하나", "one value"),
    (RECORDS, {"count": "all"}, 400, "bad-value", "exact", "exact"),
    (RECORDS, {"count": "exact", "format": "csv"}, 400, "unanswerable", "전체를 내려받을 때는 세지 않습니다", "a whole answer is not counted"),
    (RECORDS, {"cursor": "rubbish"}, 400, "bad-cursor", "커서 없이 다시 시작", "start without a cursor"),
    (RECORDS, {"cursor": "커서"}, 400, "bad-cursor", "커서", "cursor"),
    (RECORDS, {"cursor": "W10"}, 400, "bad-cursor", "커서", "cursor"),
    (RECORDS, {"cursor": "MTI"}, 400, "bad-cursor", "커서", "cursor"),
    (RECORDS, {"cursor": ""}, 400, "bad-cursor", "커서", "cursor"),
    (RECORDS, {"bbox": "1,2,3"}, 400, "bad-value", "서,남,동,북", "west,south,east,north"),
    (RECORDS, {"bbox": "a,b,c,d"}, 400, "bad-value", "서,남,동,북", "west,south,east,north"),
    (RECORDS, {"bbox": "128,37,127,38"}, 400, "bad-value", "서,남,동,북", "west,south,east,north"),
    (RECORDS, {"bbox": "-181,0,181,1"}, 400, "bad-value", "서,남,동,북", "west,south,east,north"),
    (RECORDS, {"datetime": "soon"}, 400, "bad-value", "시작/끝", "start/end"),
    (RECORDS, {"datetime": "../.."}, 400, "bad-value", "시작/끝", "start/end"),
    (RECORDS, {"datetime": "2018-01-01/2018-01-02/2018-01-03"}, 400, "bad-value", "시작/끝", "start/end"),
    (RECORDS, {"format": "xls"}, 400, "unknown-format",
     "'xls' 형식은 없습니다. 쓸 수 있는 것: json, ndjson, csv", "Unknown format 'xls'; allowed: json, ndjson, csv"),
    (RECORDS, {"format": ["csv", "json"]}, 400, "bad-value", "값 하나", "one value"),
    (f"{RECORDS}.xls", {}, 400, "unknown-format", "'xls' 형식은 없습니다", "Unknown format 'xls'"),
    (f"{RECORDS}.csv", {"format": "json"}, 400, "bad-value", "올바른 형식: csv", "expected csv"),
    (RECORDS, {"format": "geojson", "select": "pm10"}, 400, "unanswerable",
     "위치 열이 없거나 선택되지 않았습니다", "there is no place, or its columns are not selected"),
    (RECORDS, {"encoding": "cp949"}, 400, "unanswerable", "CSV에서만 고를 수 있고", "only CSV has a choice of encodings"),
    (RECORDS, {"encoding": "utf-8-sig", "format": "parquet"}, 400, "unanswerable", "CSV에서만", "only CSV"),
    (RECORDS, {"encoding": "euc-kr", "format": "csv"}, 400, "bad-value", "utf-8, utf-8-sig, cp949", "utf-8, utf-8-sig, cp949"),
    (RECORDS, {"encoding": ["utf-8", "cp949"], "format": "csv"}, 400, "bad-value", "값 하나", "one value"),
    (RECORDS, {"formulas": "yes", "format": "csv"}, 400, "bad-value", "quoted, raw", "quoted, raw"),
    (f"{DATASETS}/plain/records", {"bbox": "1,2,3,4"}, 400, "unanswerable", "위치 열이 없습니다", "the records have no place"),
    (f"{DATASETS}/plain/records", {}, 404, "no-records", "아직 공개된 레코드가 없습니다", "has no published records yet"),
    (DATASETS, {"page": "2"}, 400, "unknown-parameter", "쓸 수 있는 것: q, theme, organisation", "allowed: q, theme, organisation"),
    (DATASETS, {"theme": "nope"}, 400, "bad-value", "safety, environment", "safety, environment"),
    (DATASETS, {"theme": "transport,nope"}, 400, "bad-value", "'nope'", "'nope'"),
    (DATASETS, {"access_level": "secret"}, 400, "bad-value", "public, registered", "public, registered"),
    (DATASETS, {"frequency": "always"}, 400, "bad-value", "/vocabularies/frequency", "/vocabularies/frequency"),
    (DATASETS, {"region": "99"}, 400, "bad-value", "지역 코드", "a region code"),
    (DATASETS, {"region": "4"}, 400, "bad-value", "지역 코드", "a region code"),
    (DATASETS, {"region": ",".join(f"11{n:03}" for n in range(101))}, 400, "bad-value", "100개까지", "at most 100 values"),
    (DATASETS, {"organisation": "nobody"}, 400, "bad-value", "기관의 식별자", "the slug of an organisation"),
    (DATASETS, {"organisation": "a\x00b"}, 400, "bad-value", "기관의 식별자", "the slug of an organisation"),
    (DATASETS, {"q": "가" * 201}, 400, "bad-value", "200자까지", "at most 200 characters"),
    (DATASETS, {"q": "a\x00b"}, 400, "bad-value", "200자까지", "at most 200 characters"),
    (DATASETS, {"q": ["a", "b"]}, 400, "bad-value", "값 하나", "one value"),
    (DATASETS, {"limit": "101"}, 400, "bad-value", "1..100", "1..100"),
    (DATASETS, {"limit": "0"}, 400, "bad-value", "1..100", "1..100"),
    (DATASETS, {"cursor": "rubbish"}, 400, "bad-cursor", "커서", "cursor"),
    (f"{DATASETS}/air-stations/snapshots", {"limit": "1001"}, 400, "bad-value", "1..1000", "1..1000"),
    (f"{DATASETS}/air-stations/snapshots", {"cursor": "rubbish"}, 400, "bad-cursor", "커서", "cursor"),
    ("/api/v1/changes", {"after": "12"}, 400, "bad-cursor", "커서", "cursor"),
    ("/api/v1/changes", {"limit": "x"}, 400, "bad-value", "1..1000", "1..1000"),
    ("/api/v1/organisations", {"cursor": "x"}, 400, "bad-cursor", "커서", "cursor"),
    ("/api/v1/organisations/nobody", {}, 404, "organisation-not-found", "'nobody' 기관이 없습니다", "There is no organisation 'nobody'"),
    ("/api/v1/vocabularies/nope", {}, 404, "vocabulary-not-found", "있는 것: theme, licence", "there are: theme, licence"),
    ("/api/v1/problems/nope", {}, 404, "not-found", "아무것도 없습니다", "There is nothing at '/api/v1/problems/nope'"),
    ("/api/v1/openapi.json", {"lang": "fr"}, 400, "bad-value", "ko, en", "ko, en"),
    (f"{DATASETS}/nope", {}, 404, "dataset-not-found", "'nope' 데이터셋이 없습니다", "There is no dataset 'nope'"),
    (f"{DATASETS}/nope/schema", {}, 404, "dataset-not-found", "'nope' 데이터셋이 없습니다", "There is no dataset 'nope'"),
    (f"{DATASETS}/nope/snapshots", {}, 404, "dataset-not-found", "'nope' 데이터셋이 없습니다", "There is no dataset 'nope'"),
    (f"{DATASETS}/nope/records", {}, 404, "dataset-not-found", "'nope' 데이터셋이 없습니다", "There is no dataset 'nope'"),
    (f"{DATASETS}/nope/records.csv", {}, 404, "dataset-not-found", "'nope' 데이터셋이 없습니다", "There is no dataset 'nope'"),
    ("/api", {}, 404, "not-found", "'/api' 주소에는 아무것도 없습니다", "There is nothing at '/api'; start at /api/v1/"),
    ("/api/v1", {}, 404, "not-found", "/api/v1/ 에서 시작", "start at /api/v1/"),
    ("/api/v2/datasets", {}, 404, "not-found", "'/api/v2/datasets'", "'/api/v2/datasets'"),
    ("/api/v1/datasets/", {}, 404, "not-found", "'/api/v1/datasets/'", "'/api/v1/datasets/'"),
    ("/api/v1/datasets/주차장", {}, 404, "not-found", "'/api/v1/datasets/주차장'", "'/api/v1/datasets/주차장'"),
    ("/api/v1/{braces}", {}, 404, "not-found", "'/api/v1/{braces}'", "'/api/v1/{braces}'"),
]  # fmt: skip


def test_every_mistake_is_told_in_both_languages(client: Client, stations: Dataset, subtests: pytest.Subtests) -> None:
    make_dataset("plain")
    for path, parameters, status, code, korean, english in MISTAKES:
        for language, part in (("ko", korean), ("en", english)):
            with subtests.test(path, language=language, **parameters):
                answer = client.get(path, parameters, headers={"Accept-Language": language})
                document = problem(answer)
                assert (answer.status_code, document["code"]) == (status, code)
                assert part in document["detail"]
                assert (answer["Content-Language"], answer["Cache-Control"]) == (language, "no-store")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "ko"),  # curl sends nothing
        ("*", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("fr-FR, en;q=0.5", "en"),
        ("fr-FR", "ko"),
    ],
)
def test_the_language_is_the_one_that_the_client_likes_best(
    client: Client, accepted: str | None, language: str
) -> None:
    answer = client.get("/api/v1/datasets/nope", headers={"Accept-Language": accepted} if accepted else {})
    assert answer["Content-Language"] == language
    assert problem(answer)["title"] == {"ko": "없는 데이터셋", "en": "Unknown dataset"}[language]


def test_an_unknown_parameter_is_refused_everywhere_with_what_is_allowed(
    client: Client, stations: Dataset, subtests: pytest.Subtests
) -> None:
    for path in ENDPOINTS:
        with subtests.test(path):
            document = problem(client.get(path, {"unheard_of": "1"}))
            assert (document["status"], document["code"]) == (400, "unknown-parameter")
            assert (document["parameter"], type(document["allowed"])) == ("unheard_of", list)


@pytest.mark.parametrize("viewer", ["anonymous", "signed in"])
def test_nothing_can_be_written(stations: Dataset, viewer: str, subtests: pytest.Subtests) -> None:
    client = Client(enforce_csrf_checks=True)
    if viewer == "signed in":
        client.force_login(User.objects.create_user("reader"))
    for path in ENDPOINTS:
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            with subtests.test(path, method=method):
                answer = client.generic(method, path, b'{"a": 1}', content_type="application/json")
                assert problem(answer)["code"] == "method-not-allowed"
                assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert problem(client.post("/api/v1/no-such-address"))["status"] == 404


def test_a_problem_carries_its_values_and_leads_to_an_explanation(client: Client, stations: Dataset) -> None:
    answer = client.get(RECORDS, {"pm10__gtt": "1"}, headers={"Accept-Language": "en"})
    document = problem(answer)
    assert (document["column"], document["operator"]) == ("pm10", "gtt")
    assert document["allowed"] == ["eq", "ne", "gt", "gte", "lt", "lte", "between", "in", "isnull"]
    assert document["instance"] == f"{RECORDS}?pm10__gtt=1"
    assert document["type"] == "http://testserver/api/v1/problems/unknown-operator"
    explained = client.get("/api/v1/problems/unknown-operator").json()
    assert (explained["status"], explained["title"]["en"]) == (400, document["title"])
    assert set(explained["sentence"]) == {"ko", "en"}


def test_what_is_allowed_for_records_are_the_parameters_and_the_columns(client: Client, stations: Dataset) -> None:
    allowed = problem(client.get(RECORDS, {"nope": "1"}))["allowed"]
    assert allowed == [*PARAMETERS, *WRITING, *SCHEMA.names]


def test_an_unacceptable_form_is_406_and_lists_the_forms(client: Client, stations: Dataset) -> None:
    document = problem(client.get(RECORDS, headers={"Accept": "application/xml", "Accept-Language": "en"}))
    assert (document["status"], document["code"]) == (406, "not-acceptable")
    assert all(row.media_type in document["detail"] for row in FORMATS.values())


@pytest.mark.parametrize("path", [DATASETS, "/api/v1/changes", f"{DATASETS}/air-stations"])
def test_where_there_is_only_json_accept_does_not_matter(client: Client, stations: Dataset, path: str) -> None:
    answer = client.get(path, headers={"Accept": "application/xml"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_errors_of_pages_are_problems_too(client: Client) -> None:
    answer = client.get("/api/v1/docs", {"nope": "1"}, headers={"Accept": "text/html"})
    assert problem(answer)["code"] == "unknown-parameter"


def test_a_cursor_does_not_fit_another_question(client: Client, stations: Dataset) -> None:
    cursor = client.get(RECORDS, {"limit": "1"}).json()["next"].rpartition("cursor=")[2]
    document = problem(client.get(RECORDS, {"limit": "1", "order_by": "pm10", "cursor": cursor}))
    assert document["code"] == "bad-cursor"


def test_a_cursor_of_a_forgotten_snapshot_is_gone(client: Client, stations: Dataset) -> None:
    following = client.get(RECORDS, {"limit": "1"}).json()["next"]
    publish_rows(stations, [])
    Snapshot.objects.exclude(replaced_at=None).delete()
    document = problem(client.get(following, headers={"Accept-Language": "en"}))
    assert (document["status"], document["code"]) == (410, "snapshot-not-found")
    assert "ask again from the start" in document["detail"]


@pytest.mark.parametrize("name", [*FORMATS])
def test_a_failure_of_the_hub_is_a_problem_before_the_first_byte(
    client: Client, stations: Dataset, settings: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(settings.STORE_DIR)
    settings.STORE_DIR.mkdir()
    for shape in ({}, {"encoding": "utf-8-sig"} if name == "csv" else {}):
        document = problem(client.get(f"{RECORDS}.{name}", shape, headers={"Accept-Language": "en"}))
        assert (document["status"], document["code"]) == (500, "server-error")
        assert str(settings.STORE_DIR) not in str(document)
    assert "No answer for /api/v1/datasets/air-stations/records" in caplog.text


def test_too_many_parameters_are_a_problem(client: Client, stations: Dataset) -> None:
    path = f"{RECORDS}?" + "&".join("pm10=1" for _ in range(2000))
    assert problem(client.get(path))["code"] == "unreadable-request"


def classes(root: type[errors.HubError]) -> set[type[errors.HubError]]:
    return {root}.union(*(classes(child) for child in root.__subclasses__()))


def test_every_error_of_the_catalogue_has_its_row() -> None:
    ours = {error for error in classes(errors.HubError) if error.__module__ == "catalog.errors"}
    assert ours - set(PROBLEMS) == {errors.HubError}
    assert {find_problem(error.__new__(error)).status for error in ours - {errors.HubError}} <= {*range(400, 500), 503}


@pytest.mark.parametrize("row", PROBLEMS.items(), ids=lambda row: row[0].__name__)
def test_every_kind_of_problem_is_explained_in_both_languages(client: Client, row: tuple[Any, Any]) -> None:
    error, kind = row
    explained = client.get(f"/api/v1/problems/{kind.code or error.code}").json()
    assert set(explained["title"]) == set(explained["sentence"]) == {"ko", "en"} or not kind.sentence
    assert explained["status"] >= 400


RUBBISH = [
    "",
    ";;;",
    "*",
    "a/b/c",
    "text/csv;q=abc",
    "text/csv;q=-1",
    "text/csv;q=1e999",
    '"',
    "é",
    "," * 500,
    "*/*;q=0",
]


@pytest.mark.parametrize("header", ["Accept", "Accept-Language", "If-None-Match", "Cookie", "Range"])
def test_rubbish_in_headers_is_never_the_hubs_failure(
    client: Client, stations: Dataset, header: str, subtests: pytest.Subtests
) -> None:
    for value in RUBBISH:
        with subtests.test(value):
            assert client.get(RECORDS, headers={header: value}).status_code in (200, 304, 406)
            assert client.get(DATASETS, headers={header: value}).status_code in (200, 304)


CURSORS = [
    ["{name}", 1, "a"],
    ["{name}", 1, "a", "b", "c"],
    ["{name}", "1", "a", "b"],
    ["{name}", True, "a", "b"],
    ["{name}", 1.5, "a", "b"],
    ["{name}", None, "a", "b"],
    ["{name}", 2**63, "a", "b"],
    ["{name}", 1, "a\x00", "b"],
    ["{name}", 1, ["a"], "b"],
    ["{name}", 1, {"a": 1}, "b"],
    [None, 1, "a", "b"],
    {"{name}": 1},
    "{name}",
    7,
]


def test_a_forged_cursor_is_refused_before_the_database_sees_it(
    client: Client, stations: Dataset, subtests: pytest.Subtests
) -> None:
    name = digest([])
    for content in CURSORS:
        with subtests.test(content=content):
            forged = base64.urlsafe_b64encode(json.dumps(content).replace("{name}", name).encode()).decode()
            assert problem(client.get(DATASETS, {"cursor": forged}))["code"] == "bad-cursor"
    fitting = base64.urlsafe_b64encode(json.dumps([name, 1, "가", "a"]).encode()).decode()
    assert client.get(DATASETS, {"cursor": fitting}).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (errors.TooExpensive(reason="it took too long"), 422, None),
        (errors.TooBusy(retry_after=7), 503, "7"),
        (errors.QuotaExceeded(policy="minute", allowed="1", retry_after=3), 429, "3"),
    ],
)
def test_only_what_helps_to_be_asked_again_says_when(
    rf: RequestFactory, error: errors.HubError, status: int, retry_after: str | None
) -> None:
    request = rf.get("/api/v1/")
    request.LANGUAGE_CODE = "ko"
    answer = answer_problem(error, request)
    assert (answer.status_code, answer.get("Retry-After")) == (status, retry_after)


def test_what_a_caller_does_wrong_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    make_air_stations()
    for path in (f"{RECORDS}?nope=1", "/api/v1/datasets/nope", "/api/v1/nope"):
        assert client.get(path).status_code in (400, 404)
    assert caplog.records == []
