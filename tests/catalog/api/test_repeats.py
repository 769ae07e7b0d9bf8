"""Repeated questions: the same bytes from memory, never to somebody else, never after the dataset has changed."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.api import repeats
from catalog.api.repeats import ANSWERS, Kept
from catalog.generation import GENERATION
from catalog.keys import issue_key
from catalog.models import Snapshot
from catalog.publish import withdraw_dataset

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-quality/records"


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    ANSWERS.kept.clear()
    ANSWERS.size = 0


@pytest.fixture
def air() -> None:
    publish_rows(make_dataset())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of answers that came from memory."""
    found: list[str] = []
    again = repeats.again

    def again_and_told(kept: Kept, environ: Mapping[str, Any], limits: list[tuple[str, str]]) -> Any:
        found.append(environ["PATH_INFO"])
        return again(kept, environ, limits)

    monkeypatch.setattr(repeats, "again", again_and_told)
    return found


class InFront:
    """Django's handler of test clients, with the answers in front of it that the web server has there."""

    def __init__(self, handler: Callable[[dict[str, Any]], HttpResponseBase]) -> None:
        self.handler = handler

    def __call__(self, environ: dict[str, Any]) -> HttpResponseBase:
        found: list[Any] = []
        application = repeats.answer_repeats(lambda environ, start_response: found.append(self.handler(environ)) or ())
        told: list[Any] = []
        content = b"".join(application(environ, lambda status, headers: told.extend((status, headers))))
        if found:
            return found[0]
        response = HttpResponse(content, status=int(told[0][:3]), headers=dict(told[1]))
        response.wsgi_request = WSGIRequest(environ)
        if response.status_code == 304:
            del response.headers["Content-Type"]
        return response


@pytest.fixture
def client() -> Client:
    client = Client()
    client.handler = InFront(client.handler)
    return client


def test_a_question_that_was_answered_costs_at_most_one_statement(client: Client, air: None, asked: list[str]) -> None:
    first = client.get(ADDRESS, {"pm10__gte": "40"})
    with CaptureQueriesContext(connection) as statements:
        second = client.get(ADDRESS, {"pm10__gte": "40"})
    assert (second.status_code, second.content) == (200, first.content)
    assert second["ETag"] == first["ETag"]
    assert second["Content-Type"] == first["Content-Type"]
    assert len(statements) <= 1
    assert asked == [ADDRESS]


def test_a_caller_who_has_the_answer_is_told_so(client: Client, air: None, asked: list[str]) -> None:
    etag = client.get(ADDRESS)["ETag"]
    for tag in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = client.get(ADDRESS, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    assert client.get(ADDRESS, headers={"If-None-Match": '"other"'}).status_code == 200
    assert len(asked) == 5


DIFFERENT: list[dict[str, Any]] = [
    {"data": {"limit": "2"}},
    {"headers": {"Accept": "text/csv"}},
    {"headers": {"Accept-Encoding": "gzip"}},
    {"headers": {"Accept-Language": "en"}},
    {"headers": {"Host": "localhost"}},
    {"headers": {"Cookie": "django_language=en"}},
    {"headers": {"Range": "bytes=0-1"}},
]


@pytest.mark.parametrize("other", DIFFERENT, ids=str)
def test_what_may_be_answered_differently_is_asked_anew(
    client: Client, air: None, asked: list[str], other: dict[str, Any]
) -> None:
    client.get(ADDRESS)
    client.get(ADDRESS, **other)
    assert asked == []


CHANGES = {
    "published": lambda: publish_rows(make_dataset(), []),
    "described": lambda: make_dataset(title={"ko": "새 이름"}),
    "closed": lambda: make_dataset(access_level="registered"),
    "withdrawn": lambda: withdraw_dataset("air-quality"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_dataset_is_seen_at_once_where_it_is_made(
    client: Client, air: None, asked: list[str], change: str
) -> None:
    client.get(ADDRESS)
    CHANGES[change]()
    answer = client.get(ADDRESS)
    assert asked == []
    assert answer.status_code == {"closed": 403, "withdrawn": 404}.get(change, 200)


def test_what_another_process_changes_is_seen_after_a_moment(client: Client, air: None, asked: list[str]) -> None:
    client.get(ADDRESS)
    make_dataset(title={"ko": "새 이름"})
    GENERATION.seen_at = time.monotonic() + 60  # as if nobody had told
    client.get(ADDRESS)
    assert asked == [ADDRESS]
    GENERATION.seen_at = 0.0  # a tenth of a second later
    client.get(ADDRESS)
    assert asked == [ADDRESS]


def test_an_older_version_is_not_answered_for_long_after_its_end(
    client: Client, air: None, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    older = Snapshot.objects.get()
    publish_rows(make_dataset(), [])
    assert client.get(ADDRESS, {"snapshot": older.digest}).status_code == 200
    older.delete()
    later = time.time() + repeats.LONGEST_KEPT
    monkeypatch.setattr(repeats.time, "time", lambda: later)
    assert client.get(ADDRESS, {"snapshot": older.digest}).status_code == 410
    assert asked == []


@pytest.mark.django_db(transaction=True)
def test_what_was_looked_up_before_a_change_was_committed_is_looked_up_again(client: Client, air: None) -> None:
    with transaction.atomic():
        make_dataset(title={"ko": "새 이름"})
        GENERATION.seen_at = time.monotonic() + 60  # as another thread, which sees the state of before
    assert GENERATION.seen_at == 0.0


def test_a_change_of_another_dataset_keeps_the_answer(client: Client, air: None, asked: list[str]) -> None:
    client.get(ADDRESS)
    make_dataset("parking")
    client.get(ADDRESS)
    assert asked == [ADDRESS]


def test_holders_of_keys_have_answers_of_their_own(client: Client, asked: list[str]) -> None:
    publish_rows(make_dataset(access_level="registered"))
    _, first = issue_key(User.objects.create_user("firm"), label="firm")
    _, second = issue_key(User.objects.create_user("other"), label="other")
    assert client.get(ADDRESS).status_code == 403
    for text in (first, first, second):
        answer = client.get(ADDRESS, headers={"X-API-Key": text})
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")
    assert len(asked) == 1
    assert client.get(ADDRESS).status_code == 403
    assert client.get(ADDRESS, headers={"X-API-Key": "hub_wrong"}).status_code == 401


def test_a_session_is_answered_anew(client: Client, air: None, asked: list[str]) -> None:
    client.force_login(User.objects.create_user("someone"))
    client.get(ADDRESS)
    client.get(ADDRESS)
    assert asked == []


def test_mistakes_streams_and_other_methods_are_not_kept(client: Client, air: None, asked: list[str]) -> None:
    for _ in range(2):
        assert client.get(ADDRESS, {"nope": "1"}).status_code == 400
        assert b"".join(client.get(f"{ADDRESS}.csv").streaming_content)
        assert client.head(ADDRESS).status_code == 200
    assert asked == []
    assert ANSWERS.size == 0


def test_no_more_is_kept_than_there_is_room_for(client: Client, air: None, settings: LazySettings) -> None:
    settings.ANSWERS_MIB = 1
    for limit in range(1, 1500):
        ANSWERS.put(limit, Kept("state", "air", b"x" * 1000, ()))
    assert ANSWERS.size <= 2**20
    assert len(ANSWERS.kept) < 600
    assert ANSWERS.get(1499) is not None
    assert ANSWERS.get(1) is None
    ANSWERS.put("large", Kept("state", "air", b"x" * 2**20, ()))
    assert ANSWERS.get("large") is None


def test_a_hub_without_room_keeps_nothing(client: Client, air: None, settings: LazySettings, asked: list[str]) -> None:
    settings.ANSWERS_MIB = 0
    client.get(ADDRESS)
    client.get(ADDRESS)
    assert asked == []


def test_what_is_published_while_an_answer_is_made_is_not_hidden_by_it(
    client: Client, air: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_memory = repeats.may_be_kept

    def publish_meanwhile(response: Any) -> bool:
        make_dataset(title={"ko": "그 사이"})
        return from_memory(response)

    monkeypatch.setattr(repeats, "may_be_kept", publish_meanwhile)
    client.get(ADDRESS)
    assert not ANSWERS.kept


def test_a_repeat_has_all_headers_of_the_first_answer_and_is_counted(client: Client, air: None) -> None:
    first, second = client.get(ADDRESS), client.get(ADDRESS)
    left = [dict(answer.headers) for answer in (first, second)]
    assert left[0].pop("RateLimit") != left[1].pop("RateLimit")
    assert left[0] == left[1]


def test_who_has_asked_too_much_gets_no_repeat_either(
    client: Client, air: None, settings: LazySettings, asked: list[str]
) -> None:
    settings.ANONYMOUS_PER_MINUTE = 2
    statuses = [client.get(ADDRESS, REMOTE_ADDR="192.0.2.77").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert len(asked) == 1


def test_a_database_that_is_away_is_left_to_the_application(
    client: Client, air: None, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(ADDRESS)

    def fail(*arguments: object) -> None:
        raise OperationalError

    monkeypatch.setattr(repeats, "state_for", fail)
    monkeypatch.setattr("catalog.api.direct.remembered", lambda request, viewer, slug, find: find())
    assert client.get(ADDRESS).status_code == 200
    assert asked == []
