"""Other origins may read the API, and only the API."""

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/datasets", "/api/v1/no-such-address", "/api/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_can_be_read_from_every_origin(client: Client, path: str, method: str) -> None:
    answer = client.generic(method, path)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Link" in answer["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


def test_a_preflight_is_answered_without_body(client: Client) -> None:
    answer = client.options(
        "/api/v1/datasets",
        headers={"Origin": "https://app.example", "Access-Control-Request-Method": "GET"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer["Access-Control-Allow-Headers"]
    assert "POST" not in answer["Access-Control-Allow-Methods"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/admin/login/"])
def test_nothing_else_is_opened(client: Client, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get(path)
