"""The change feed: everything once and in order, and nothing about what may not be seen."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.contrib.auth.models import User
from django.test import Client

from catalog.api import feed_pages
from catalog.api.paging import write_cursor
from catalog.feed import begin_epoch
from catalog.models import Change, Dataset, FeedHead
from catalog.publish import guard_dataset, restore_dataset, withdraw_dataset

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/changes"


def ask(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get(ADDRESS, parameters)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def told(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change["dataset"], change["kind"]) for change in page["changes"]]


def test_everything_that_happens_is_told_in_order(client: Client) -> None:
    dataset = make_dataset("air")
    snapshot = publish_rows(dataset)
    make_dataset("air", licence="cc0-1.0")
    withdraw_dataset("air")
    restore_dataset("air")
    page = ask(client)
    assert list(page) == ["changes", "next", "more", "head"]
    assert (page["more"], page["head"]) == (False, 5)
    assert told(page) == [
        ("air", "created"),
        ("air", "snapshot-published"),
        ("air", "described"),
        ("air", "withdrawn"),
        ("air", "restored"),
    ]
    change = page["changes"][1]
    assert change.pop("at").endswith("+09:00")
    assert change == {
        "sequence": 2,
        "kind": "snapshot-published",
        "dataset": "air",
        "dataset_id": str(dataset.pk),
        "organisation": "hanbit-city",
        "region": None,
        "theme": "environment",
        "data_model": None,
        "access_level": "public",
        "snapshot": snapshot.digest,
        "uri": "http://testserver/dataset/air",
    }
    assert page["changes"][0]["snapshot"] is None


def test_nothing_that_changes_nothing_is_told(client: Client) -> None:
    dataset = make_dataset("air")
    publish_rows(dataset)
    cursor = ask(client)["next"]
    make_dataset("air")
    publish_rows(dataset)
    assert ask(client, after=cursor) == {"changes": [], "next": cursor, "more": False, "head": 2}


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_a_client_that_keeps_the_cursor_hears_everything_once(client: Client, limit: int) -> None:
    for number in range(6):
        make_dataset(f"dataset-{number}")
    heard: list[tuple[str, str]] = []
    page = ask(client, limit=str(limit))
    while page["changes"]:
        heard += told(page)
        page = ask(client, limit=str(limit), after=page["next"])
    assert heard == [(f"dataset-{number}", "created") for number in range(6)]
    make_dataset("dataset-6")
    assert told(ask(client, after=page["next"])) == [("dataset-6", "created")]


def test_an_empty_feed_gives_a_cursor_to_wait_with(client: Client) -> None:
    page = ask(client)
    assert page["changes"] == []
    make_dataset("air")
    assert told(ask(client, after=page["next"])) == [("air", "created")]


def test_a_withdrawn_dataset_is_told_as_withdrawn(client: Client) -> None:
    make_dataset("air")
    withdraw_dataset("air")
    assert told(ask(client)) == [("air", "created"), ("air", "withdrawn")]


@pytest.mark.parametrize("viewer", ["anonymous", "member", "steward"])
def test_nothing_is_told_of_a_dataset_that_may_not_be_seen(client: Client, viewer: str) -> None:
    if viewer != "anonymous":
        client.force_login(User.objects.create_user(viewer, is_staff=viewer == "steward"))
    make_dataset("air")
    before = ask(client)["next"]
    publish_rows(make_dataset("secret", access_level="non-public", access_reason={"ko": "보안"}))
    withdraw_dataset("secret")
    page = ask(client, after=before)
    if viewer == "steward":
        assert told(page) == [("secret", "created"), ("secret", "snapshot-published"), ("secret", "withdrawn")]
    else:
        assert (page["changes"], page["more"]) == ([], False)


@pytest.mark.parametrize(("limit", "statements"), [(2, 2), (100, 2)])
def test_a_page_of_the_feed_costs_two_statements(
    client: Client, django_assert_num_queries: Any, limit: int, statements: int
) -> None:
    for number in range(5):
        make_dataset(f"dataset-{number}")
    with django_assert_num_queries(statements):
        ask(client, limit=limit)


def test_the_records_of_a_guarded_dataset_are_not_named(client: Client) -> None:
    publish_rows(make_dataset("patients"))
    guard_dataset("patients")
    assert [change["snapshot"] for change in ask(client)["changes"]] == [None] * 4


def test_a_dataset_that_comes_from_another_hub_is_told_by_its_address_there(client: Client) -> None:
    dataset = make_dataset("air")
    home = "https://city.example/dataset/air"
    Dataset.objects.filter(pk=dataset.pk).update(home=home)
    assert [change["uri"] for change in ask(client)["changes"]] == [home]


# By what is narrowed


@pytest.fixture
def cities(client: Client) -> None:
    make_organisation("hanbit-city", region="44")
    make_organisation("suwon-city", region="41110", ko="수원시", en="Suwon")
    make_dataset("air", region="44130", data_model="air-quality-observed")
    make_dataset("parking", organisation="suwon-city", theme="transport", region="41111")
    make_dataset("noise", access_level="registered")


NARROWED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["air", "parking", "noise"]),
    ({"organisation": "suwon-city"}, ["parking"]),
    ({"organisation": "suwon-city,hanbit-city"}, ["air", "parking", "noise"]),
    ({"organisation": ["suwon-city", "hanbit-city"]}, ["air", "parking", "noise"]),
    ({"theme": "transport"}, ["parking"]),
    ({"theme": "health"}, []),
    ({"region": "44"}, ["air"]),
    ({"region": "44130"}, ["air"]),
    ({"region": "41110"}, ["parking"]),  # a city above its districts, whose numbers do not begin with its own
    ({"region": "41,44"}, ["air", "parking"]),
    ({"region": "11"}, []),
    ({"data_model": "air-quality-observed"}, ["air"]),
    ({"access": "registered"}, ["noise"]),
    ({"access": "non-public"}, []),
    ({"access": "public", "theme": "environment"}, ["air"]),
]


@pytest.mark.parametrize(("asked", "heard"), NARROWED)
def test_changes_are_narrowed_by_what_they_are_about(
    client: Client, cities: None, asked: dict[str, Any], heard: list[str]
) -> None:
    page = ask(client, **asked)
    assert [change["dataset"] for change in page["changes"]] == heard
    assert page["next"] == ask(client)["next"]  # it moves on, whether something was found or not


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("organisation", "nobody"),
        ("region", "99"),
        ("theme", "nothing"),
        ("data_model", "nothing"),
        ("access", "open"),
        ("wait", "31"),
        ("wait", "-1"),
        ("format", "csv"),
        ("limit", "10001"),
    ],
)
def test_what_cannot_be_asked_is_an_error_that_names_its_parameter(client: Client, name: str, value: str) -> None:
    answer = client.get(ADDRESS, {name: value})
    assert (answer.status_code, answer.json()["code"], answer.json()["parameter"]) == (400, "bad-value", name)


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        ({"theme": "environment"}, {"theme": "environment"}, {"theme": "health"}),
        ({"theme": "health"}, {"theme": "environment"}, {"theme": "health"}),
        ({"region": "44"}, {"region": "44130"}, {"region": "11110"}),
        ({"access": "public"}, {"access_level": "public"}, {"access_level": "registered"}),
    ],
)
def test_who_follows_a_part_is_told_when_a_dataset_enters_or_leaves_it(
    client: Client, asked: dict[str, str], before: dict[str, Any], after: dict[str, Any]
) -> None:
    make_dataset("air", **before)
    cursor = ask(client, **asked)["next"]
    make_dataset("air", **after)
    assert told(ask(client, after=cursor, **asked)) == [("air", "described")]


def test_who_may_not_see_a_dataset_any_more_is_told_that_it_is_gone(client: Client) -> None:
    make_dataset("air")
    cursor = ask(client)["next"]
    make_dataset("air", access_level="non-public", access_reason={"ko": "보안"})
    make_dataset("air", access_level="non-public", access_reason={"ko": "보안"}, licence="cc0-1.0")
    page = ask(client, after=cursor)
    assert told(page) == [("air", "withdrawn")]
    make_dataset("air")
    assert told(ask(client, after=page["next"])) == [("air", "restored")]


def test_a_page_looks_at_a_bounded_stretch_and_moves_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_pages, "WINDOW", 3)
    for number in range(8):
        make_dataset(f"dataset-{number}", theme="health" if number == 7 else "environment")
    page = ask(client, theme="health")
    pages = [page]
    while page["more"]:
        page = ask(client, theme="health", after=page["next"])
        pages.append(page)
    assert [told(page) for page in pages] == [[], [], [("dataset-7", "created")]]
    assert [page["head"] for page in pages] == [None, None, 8]


# Places that are none


def cursor_of(*values: Any) -> str:
    return write_cursor(feed_pages.FEED, values)


def test_a_cursor_of_the_older_form_goes_on(client: Client) -> None:
    make_dataset("air")
    make_dataset("noise")
    assert told(ask(client, after=cursor_of(1))) == [("noise", "created")]
    assert len(ask(client, after=cursor_of(0))["changes"]) == 2


def lose_the_last_entry() -> None:
    head = FeedHead.objects.get(pk=1)
    Change.objects.filter(pk=head.sequence).delete()
    FeedHead.objects.update(sequence=head.sequence - 1, digest=Change.objects.get(pk=head.sequence - 1).digest)


def lose_the_last_entry_and_write_another() -> None:
    lose_the_last_entry()
    make_dataset("other")


@pytest.mark.parametrize("happened", [begin_epoch, lose_the_last_entry, lose_the_last_entry_and_write_another])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_who_stands_in_a_feed_that_is_no_more_is_told_to_start_over(
    client: Client, happened: Callable[[], object], language: str
) -> None:
    make_dataset("air")
    make_dataset("noise")
    cursor = ask(client)["next"]
    happened()
    answer = client.get(ADDRESS, {"after": cursor, "wait": "1"}, headers={"Accept-Language": language})
    problem = answer.json()
    assert (answer.status_code, problem["code"], answer["Cache-Control"]) == (410, "start-over", "no-store")
    assert {"ko": "처음부터", "en": "Start over"}[language] in problem["detail"]
    assert ask(client, after=ask(client)["next"])["changes"] == []


@pytest.mark.parametrize("values", [(3,), (0, 3, ""), (0, 1, "")])
def test_a_number_beyond_the_head_or_another_epoch_is_none_of_ours(client: Client, values: tuple[Any, ...]) -> None:
    make_dataset("air")
    assert client.get(ADDRESS, {"after": cursor_of(*values)}).status_code == 410


@pytest.mark.parametrize("values", [(-1,), ("x",), (1, 2), (1, "2", ""), (1, -2, ""), ()])
def test_what_no_feed_wrote_is_no_cursor(client: Client, values: tuple[Any, ...]) -> None:
    answer = client.get(ADDRESS, {"after": cursor_of(*values)})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


# Forms and caches


@pytest.mark.parametrize(("form", "headers"), [({"format": "ndjson"}, {}), ({}, {"Accept": "application/x-ndjson"})])
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_lines_hold_the_same_and_headers_lead_on(
    client: Client, form: dict[str, str], headers: dict[str, str], coding: str
) -> None:
    for number in range(3):
        make_dataset(f"dataset-{number}")
    answer = client.get(ADDRESS, {"limit": 2} | form, headers=headers | {"Accept-Encoding": coding})
    assert (answer["Content-Type"], answer.get("Content-Encoding", "")) == ("application/x-ndjson", coding)
    content = gzip.decompress(answer.content) if coding else answer.content
    page = ask(client, limit=2)
    assert [json.loads(line) for line in content.splitlines()] == page["changes"]
    assert (answer["Hub-Feed-Next"], answer["Hub-Feed-More"], answer["Hub-Feed-Head"]) == (page["next"], "true", "3")
    following = answer["Link"].removeprefix("<").partition(">")[0]
    [last] = client.get(following, headers=headers).content.splitlines()
    assert json.loads(last)["dataset"] == "dataset-2"


def test_only_a_page_that_never_changes_is_kept_by_caches(client: Client) -> None:
    for number in range(5):
        make_dataset(f"dataset-{number}")
    first = client.get(ADDRESS, {"limit": 2})
    middle = client.get(ADDRESS, {"limit": 2, "after": first.json()["next"]})
    last = client.get(ADDRESS, {"limit": 2, "after": middle.json()["next"]})
    kept = "public, max-age=86400, immutable"
    assert [page["Cache-Control"] for page in (first, middle, last)] == ["public, no-cache", kept, "public, no-cache"]
    assert {"Authorization", "Cookie"} <= {name.strip() for name in middle["Vary"].split(",")}
    for page in (first, middle, last):
        again = client.get(page.wsgi_request.get_full_path(), headers={"If-None-Match": page["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    make_dataset("dataset-5")
    again = [client.get(page.wsgi_request.get_full_path()) for page in (first, middle, last)]
    assert [page.content for page in again[:2]] == [first.content, middle.content]
    assert again[2]["ETag"] != last["ETag"]
    client.force_login(User.objects.create_user("reader"))
    assert client.get(middle.wsgi_request.get_full_path())["Cache-Control"] == "private, no-cache"


def test_the_title_of_what_may_not_be_seen_any_more_is_in_no_activity(client: Client) -> None:
    make_dataset("air")
    closed = {"access_level": "non-public", "access_reason": {"ko": "보안"}}
    make_dataset("air", **closed, title={"ko": "비밀 이름"})
    answer = client.get("/api/3/action/recently_changed_packages_activity_list").json()
    told = [(activity["activity_type"], activity["data"]["package"]["title"]) for activity in answer["result"]]
    assert told == [("deleted package", "air"), ("new package", "air")]
