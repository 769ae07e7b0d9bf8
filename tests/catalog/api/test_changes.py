"""The change feed: everything once and in order, and nothing about what may not be seen."""

from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.contrib.auth.models import User
from django.test import Client

from catalog.publish import restore_dataset, withdraw_dataset

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
    make_dataset("air", theme="health")
    withdraw_dataset("air")
    restore_dataset("air")
    page = ask(client)
    assert list(page) == ["changes", "next"]
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
        "kind": "snapshot-published",
        "dataset": "air",
        "dataset_id": str(dataset.pk),
        "organisation": "hanbit-city",
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
    assert ask(client, after=cursor) == {"changes": [], "next": cursor}


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
        assert page == {"changes": [], "next": before}


def test_the_feed_costs_one_statement(client: Client, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_dataset(f"dataset-{number}")
    with django_assert_num_queries(1):
        ask(client)
