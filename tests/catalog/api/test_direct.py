"""Questions that are answered before the middleware for sessions: by no mark of the answer can anybody tell."""

import pytest
from builders import make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from catalog.api import direct
from catalog.keys import issue_key

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-quality/records"
UNKNOWN = {"Allow"}  # what only the API framework adds, and no standard asks for here
QUESTIONS = [
    {"path": ADDRESS},
    {"path": ADDRESS, "data": {"limit": "1"}},
    {"path": f"{ADDRESS}.csv"},
    {"path": f"{ADDRESS}.geojson"},
    {"path": f"{ADDRESS}.nothing"},
    {"path": ADDRESS, "data": {"nope": "1"}},
    {"path": ADDRESS, "headers": {"Accept": "image/png"}},
    {"path": ADDRESS, "headers": {"Accept": "text/csv", "Accept-Language": "en"}},
    {"path": ADDRESS, "headers": {"Accept-Encoding": "gzip"}},
    {"path": ADDRESS, "headers": {"If-None-Match": "*"}},
    {"path": ADDRESS, "headers": {"Origin": "https://firm.example"}},
    {"path": ADDRESS, "headers": {"X-API-Key": "hub_wrong"}},
    {"path": ADDRESS, "headers": {"Host": "elsewhere.example"}},
    {"path": ADDRESS.replace("air", "no"), "headers": {"Accept-Language": "en"}},
    {"path": ADDRESS, "secure": True},
]


@pytest.fixture
def air() -> None:
    publish_rows(make_dataset())


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
@pytest.mark.usefixtures("air")
def test_the_short_way_and_the_long_way_give_the_same_answer(question: dict[str, object]) -> None:
    short, long = Client().get(**question), Client(headers={"Cookie": "anything=1"}).get(**question)
    assert short.status_code == long.status_code
    assert short.getvalue() == long.getvalue()
    if short.status_code == 304:  # Django writes a length of 0, which is not that of the answer (RFC 9110, 8.6)
        assert "Content-Length" not in short.headers
        del long.headers["Content-Length"]
    assert told(short.headers) == told(long.headers)


def told(headers: dict[str, str]) -> dict[str, object]:
    """Return headers without those of the one way, and with the directives of a policy in any order."""
    shown = {name: value for name, value in headers.items() if name not in {*UNKNOWN, "RateLimit"}}
    return shown | {"Content-Security-Policy": sorted(shown.get("Content-Security-Policy", "").split("; "))}


SPECIAL = [
    {"HTTP_COOKIE": "sessionid=1"},
    {"HTTP_RANGE": "bytes=0-1"},
    {"HTTP_IF_MATCH": '"a"'},
    {"HTTP_IF_UNMODIFIED_SINCE": "Sun, 22 Nov 2026 00:00:00 GMT"},
    {"REQUEST_METHOD": "HEAD"},
    {"REQUEST_METHOD": "OPTIONS"},
    {"PATH_INFO": "/api/v1/datasets/air-quality"},
    {"HTTP_X_API_KEY": "hub_wrong"},
]


@pytest.mark.parametrize("special", SPECIAL, ids=str)
@pytest.mark.usefixtures("air")
def test_what_is_special_goes_the_long_way(
    client: Client, monkeypatch: pytest.MonkeyPatch, special: dict[str, str]
) -> None:
    monkeypatch.setattr(direct, "answered", lambda *arguments: pytest.fail("answered directly"))
    client.get(ADDRESS, **special)


@pytest.mark.usefixtures("air")
def test_who_may_read_is_asked_on_the_short_way_too(client: Client) -> None:
    publish_rows(make_dataset(access_level="registered"))
    _, key = issue_key(User.objects.create_user("firm"), label="firm")
    assert client.get(ADDRESS).status_code == 403
    answer = client.get(ADDRESS, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")


@pytest.mark.usefixtures("air")
def test_a_request_on_the_short_way_is_counted_once(client: Client, settings: LazySettings) -> None:
    settings.ANONYMOUS_PER_MINUTE = 10
    assert "r=9" in client.get(ADDRESS)["RateLimit"]
    assert "r=8" in client.get(ADDRESS, {"nope": "1"})["RateLimit"]
    for _ in range(8):
        client.get(ADDRESS)
    refused = client.get(ADDRESS)
    assert refused.status_code == 429
    assert refused["X-Frame-Options"] == "DENY"
    assert refused["Access-Control-Allow-Origin"] == "*"


@pytest.mark.usefixtures("air")
def test_a_hub_behind_https_sends_others_there_first(client: Client, settings: LazySettings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get(ADDRESS).status_code == 301
    assert Client().get(ADDRESS, secure=True).status_code == 200


@pytest.mark.usefixtures("air")
def test_what_nobody_expected_is_told_as_such_and_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(direct, "answer_records", lambda *arguments: 1 / 0)
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer.json()["code"]) == (500, "server-error")
    assert "division by zero" in caplog.text
