"""Requests that cannot be ours."""

import pytest
from django.test import Client


@pytest.mark.parametrize(
    ("path", "media_type"), [("/api/v1/datasets", "application/problem+json"), ("/", "text/plain; charset=utf-8")]
)
def test_an_unknown_host_name_gets_an_answer_of_the_right_kind(path: str, media_type: str, client: Client) -> None:
    client.raise_request_exception = False
    response = client.get(path, headers={"host": "elsewhere.example"})
    assert (response.status_code, response["Content-Type"]) == (400, media_type)
    assert "HUB_ALLOWED_HOSTS" in response.content.decode()
