"""The list of published versions."""

import datetime as dt
from typing import Any

import pytest
from builders import ROWS, make_dataset, publish_rows
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Dataset, Snapshot

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-quality/snapshots"
UTC = dt.UTC


@pytest.fixture
def versions() -> list[Snapshot]:
    """Three versions: a release, a later one with a refused record, and an old one that came late."""
    dataset = make_dataset()
    return [
        publish_rows(dataset, ROWS[:1], valid_at=dt.datetime(2021, 5, 28, tzinfo=UTC)),
        publish_rows(
            dataset, [*ROWS, {"station_id": "9", "pm10": "홍길동"}], valid_at=dt.datetime(2022, 5, 28, tzinfo=UTC)
        ),
        publish_rows(dataset, ROWS[:2], valid_at=dt.datetime(2020, 5, 28, tzinfo=UTC)),
    ]


def test_versions_come_newest_first_and_one_is_current(client: Client, versions: list[Snapshot]) -> None:
    answer = client.get(ADDRESS).json()
    assert list(answer) == ["snapshots", "next"]
    assert [version["id"] for version in answer["snapshots"]] == [snapshot.digest for snapshot in versions[::-1]]
    assert [version["is_current"] for version in answer["snapshots"]] == [False, True, False]
    assert [(version["records"], version["rejected"]) for version in answer["snapshots"]] == [(2, 0), (3, 1), (1, 0)]
    assert answer["snapshots"][1]["valid_at"] == "2022-05-28T09:00:00+09:00"
    assert set(answer["snapshots"][0]) == {
        "id", "valid_at", "published_at", "records", "rejected", "is_current", "findings", "files",
    }  # fmt: skip


def test_findings_tell_what_was_refused_in_both_languages(client: Client, versions: list[Snapshot]) -> None:
    findings = client.get(ADDRESS).json()["snapshots"][1]["findings"]
    [refused] = [finding for finding in findings if finding["code"] == "not-integer"]
    assert (refused["column"], refused["count"], refused["severity"]) == ("pm10", 1, "warning")
    assert set(refused["text"]) == {"ko", "en"}


def test_findings_may_quote_records_and_are_hidden_with_them(client: Client, versions: list[Snapshot]) -> None:
    Dataset.objects.update(access_level="registered")
    hidden = client.get(ADDRESS)
    assert [version["findings"] for version in hidden.json()["snapshots"]] == [None, None, None]
    assert "홍길동" not in hidden.content.decode()
    client.force_login(User.objects.create_user("reader"))
    assert client.get(ADDRESS).json()["snapshots"][1]["findings"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_following_next_shows_every_version_once(client: Client, versions: list[Snapshot], limit: int) -> None:
    seen: list[str] = []
    address: Any = f"{ADDRESS}?limit={limit}"
    while address:
        page = client.get(address).json()
        seen += [version["id"] for version in page["snapshots"]]
        address = page["next"]
    assert seen == [snapshot.digest for snapshot in versions[::-1]]


def test_a_dataset_without_versions_has_an_empty_list(client: Client) -> None:
    make_dataset()
    assert client.get(ADDRESS).json() == {"snapshots": [], "next": None}
