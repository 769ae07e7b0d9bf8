"""Keys over HTTP: what a header opens, and that a wrong key is told and never ignored."""

from collections.abc import Iterator
from typing import Any

import pytest
from air_stations import make_air_stations
from django.contrib.auth.models import User
from django.test import Client

from catalog.keys import MARK, forget_found_keys, issue_key, revoke_key

pytestmark = pytest.mark.django_db
RECORDS = "/api/v1/datasets/air-stations/records"
REASON = {"access_reason": {"ko": "시설 보안", "en": "security"}}


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    forget_found_keys()
    yield
    forget_found_keys()


@pytest.fixture
def key() -> str:
    make_air_stations(access_level="registered", **REASON)
    return issue_key(User.objects.create_user("firm"), "x")[1]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {key}"},
        {"Authorization": "bearer  {key} "},
        {"X-API-Key": "{key}"},
        {"Authorization": "Basic dTpw", "X-API-Key": "{key}"},
        {"Authorization": "Bearer {key}", "X-API-Key": "other"},
    ],
)
def test_a_key_in_a_header_opens_what_its_holder_may_read(client: Client, key: str, headers: dict[str, str]) -> None:
    assert client.get(RECORDS).status_code == 403
    answer = client.get(RECORDS, headers={name: value.format(key=key) for name, value in headers.items()})
    assert answer.status_code == 200
    assert answer["Cache-Control"].startswith("private")


@pytest.mark.parametrize(("is_staff", "status"), [(False, 404), (True, 200)])
def test_a_key_opens_no_more_than_its_holder_may_see(client: Client, is_staff: bool, status: int) -> None:
    make_air_stations(access_level="non-public", **REASON)
    _, text = issue_key(User.objects.create_user("somebody", is_staff=is_staff), "x")
    assert client.get(RECORDS, headers={"X-API-Key": text}).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Bearer {MARK}{'a' * 43}"},
        {"Authorization": "Bearer 열쇠"},
        {"Authorization": f"Bearer {'a' * 60_000}"},
        {"X-API-Key": ""},
        {"X-API-Key": "nonsense\x00"},
    ],
)
@pytest.mark.parametrize(("language", "part"), [("ko", "API 키를 알 수 없거나"), ("en", "unknown, revoked or expired")])
def test_a_wrong_key_is_refused_even_for_public_data(
    client: Client, headers: dict[str, str], language: str, part: str
) -> None:
    make_air_stations()
    for path in (RECORDS, "/api/v1/datasets", "/api/v1/"):
        answer = client.get(path, headers=headers | {"Accept-Language": language})
        document: dict[str, Any] = answer.json()
        assert (answer.status_code, document["code"], document["status"]) == (401, "bad-key", 401)
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
        assert answer["Cache-Control"] == "no-store"
        assert part in document["detail"]
        assert "nonsense" not in answer.content.decode()


def test_a_revoked_key_is_refused_as_an_unknown_one(client: Client) -> None:
    row, text = issue_key(User.objects.create_user("firm"), "x")
    revoke_key(row)
    revoked = client.get("/api/v1/datasets", headers={"X-API-Key": text}).json()
    unknown = client.get("/api/v1/datasets", headers={"X-API-Key": MARK + "a" * 43}).json()
    assert revoked == unknown


@pytest.mark.parametrize("header", ["Basic dTpw", "Digest x", "", "hub_without_a_scheme"])
def test_another_scheme_is_not_ours(client: Client, header: str) -> None:
    assert client.get("/api/v1/datasets", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("name", ["serviceKey", "api_key", "key"])
def test_a_key_in_an_address_is_not_taken(client: Client, key: str, name: str) -> None:
    assert client.get("/api/v1/datasets", {name: key}).json()["code"] == "unknown-parameter"


def test_a_key_wins_over_a_session(client: Client, key: str) -> None:
    client.force_login(User.objects.create_superuser("steward"))
    assert client.get(RECORDS, headers={"X-API-Key": "wrong"}).status_code == 401


def test_ckans_door_is_for_anybody_whatever_key_comes(client: Client) -> None:
    answer = client.get("/api/3/action/package_list", headers={"Authorization": "Bearer of-another-catalogue"})
    assert answer.status_code == 200


def test_the_document_tells_of_both_headers(client: Client) -> None:
    document = client.get("/api/v1/openapi.json", {"lang": "en"}).json()
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearerKey"]["type"], schemes["bearerKey"]["scheme"]) == ("http", "bearer")
    assert (schemes["headerKey"]["in"], schemes["headerKey"]["name"]) == ("header", "X-API-Key")
    operation = document["paths"]["/api/v1/datasets"]["get"]
    assert operation["security"] == [
        {"bearerKey": []},
        {"headerKey": []},
        {"cookieAuth": []},
        {},
    ]  # any one of them, or none
    assert {"401", "429"} <= set(operation["responses"])


def test_a_page_of_another_origin_may_send_its_own_key(client: Client) -> None:
    allowed = client.options("/api/v1/datasets")["Access-Control-Allow-Headers"]
    assert {"Authorization", "X-API-Key"} <= set(allowed.split(", "))
