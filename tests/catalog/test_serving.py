"""Serving indexes in a hub: built off the request path for what is worth it, used by every door, and gone when nobody needs them."""

import datetime as dt
import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.conf import LazySettings, settings
from django.test import Client

from catalog import serving
from catalog.models import Dataset, Snapshot
from catalog.publish import withdraw_dataset
from catalog.records import Column, Manifest, Schema, run
from catalog.serving import build_due_indexes, collect_indexes, find_index, serve

pytestmark = pytest.mark.django_db
SCHEMA = Schema(columns=(Column("sensor"), Column("at", "datetime"), Column("value", "integer")), time="at")
ADDRESS = "/api/v1/datasets/readings/records"


@pytest.fixture(autouse=True)
def small(settings: LazySettings) -> None:
    settings.INDEX_RECORDS = 10


def publish(count: int = 60, slug: str = "readings", since: int = 0, mode: str = "replace") -> Snapshot:
    dataset = make_dataset(slug, schema=SCHEMA)
    rows = [
        {"sensor": f"S{n % 30:02d}", "at": f"2026-11-01 {n // 60 % 24:02d}:{n % 60:02d}", "value": str(n + since)}
        for n in range(count)
    ]
    publish_rows(dataset, rows, mode=mode)
    return Dataset.objects.get(slug=slug).distribution.current_snapshot


def test_the_index_of_a_current_snapshot_is_built_once_and_found() -> None:
    snapshot = publish()
    assert find_index(snapshot) is None
    assert build_due_indexes() == 1
    assert find_index(snapshot) is not None
    assert build_due_indexes() == 0


def test_questions_are_answered_the_same_and_by_the_index(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    asked = {"sensor": "S07", "order_by": "-at", "count": "exact"}
    before = client.get(ADDRESS, asked).json()
    build_due_indexes()
    looked_up = []
    look_up = run.look_up
    monkeypatch.setattr(run, "look_up", lambda *given: looked_up.append(given) or look_up(*given))
    after = client.get(ADDRESS, {**asked, "limit": "99"}).json()  # another address, so that it is asked again
    assert after["records"] == before["records"]
    assert after["count"] == before["count"] == 2
    assert looked_up


def test_a_hub_that_wants_no_indexes_uses_none_that_is_left(settings: LazySettings) -> None:
    snapshot = publish()
    assert build_due_indexes() == 1
    assert find_index(snapshot)
    settings.INDEX_RECORDS = 0
    assert find_index(snapshot) is None


def test_small_and_withdrawn_records_and_a_hub_without_indexes_get_none(settings: LazySettings) -> None:
    publish(count=5, slug="few")
    publish(slug="gone")
    withdraw_dataset("gone")
    assert build_due_indexes() == 0
    settings.INDEX_RECORDS = 0
    publish()
    assert build_due_indexes() == 0


@pytest.mark.parametrize(("mode", "rest"), [("append", "REST"), ("replace", "REST_WITHOUT")])
def test_what_is_published_all_the_time_rests_between_two_buildings(
    monkeypatch: pytest.MonkeyPatch, mode: str, rest: str
) -> None:
    for name in ("REST", "REST_WITHOUT"):
        monkeypatch.setattr(serving, name, 0)
    publish()
    assert build_due_indexes() == 1
    publish(since=1, mode=mode)
    monkeypatch.setattr(serving, rest, 1e6)
    assert build_due_indexes() == 0
    monkeypatch.setattr(serving, rest, 0)
    assert build_due_indexes() == 1


def test_one_that_cannot_be_built_stands_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = publish(count=40, slug="bad"), publish()
    build, tried = serving.build_index, []

    def build_unless_bad(manifest: Manifest, *others: Any) -> Path:
        tried.append(manifest.digest)
        if manifest.digest == bad.digest:
            raise MemoryError
        return build(manifest, *others)

    monkeypatch.setattr(serving, "build_index", build_unless_bad)
    monkeypatch.setattr(serving, "FAILED", {})
    assert [build_due_indexes(), build_due_indexes(), build_due_indexes()] == [0, 1, 0]
    assert tried == [bad.digest, good.digest]


def test_only_one_process_of_a_host_builds() -> None:
    publish()
    settings.INDEX_DIR.mkdir(parents=True)
    with (settings.INDEX_DIR / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert build_due_indexes() == 0
    assert build_due_indexes() == 1


def test_indexes_that_nobody_needs_are_removed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    old = publish()
    build_due_indexes()
    new = publish(since=1)
    monkeypatch.setattr(serving, "REST_WITHOUT", 0)
    build_due_indexes()
    left_over = settings.INDEX_DIR / ".building-left"
    left_over.mkdir()
    assert collect_indexes() == 0
    past = time.time() - serving.KEPT_SECONDS - 1
    for folder in [*settings.INDEX_DIR.glob("??/*"), left_over]:
        os.utime(folder, (past, past))
    assert collect_indexes() == 1  # the older one was built long ago, but replaced just now
    Snapshot.objects.filter(pk=old.pk).update(replaced_at=dt.datetime.fromtimestamp(past, dt.UTC))
    assert collect_indexes() == 1
    assert [folder.name for folder in settings.INDEX_DIR.glob("??/*")] == [new.digest]
    assert old.digest != new.digest


def test_an_answer_does_not_depend_on_the_index_being_there(client: Client) -> None:
    publish()
    build_due_indexes()
    first = client.get(ADDRESS, {"order_by": "-value", "limit": "3"}).json()["records"]
    shutil.rmtree(settings.INDEX_DIR)
    assert client.get(ADDRESS, {"order_by": "-value", "limit": "4"}).json()["records"][:3] == first


def test_the_index_of_an_older_snapshot_serves_its_pages(client: Client) -> None:
    publish()
    build_due_indexes()
    following = client.get(ADDRESS, {"order_by": "at", "limit": "50"}).json()["next"]
    publish(since=1000)
    page = client.get(following).json()
    assert [record["value"] for record in page["records"]] == list(range(50, 60))
    assert dt.datetime.fromisoformat(page["snapshot"]["published_at"])


def test_the_index_of_an_older_snapshot_answers_for_a_newer_one(client: Client, settings: LazySettings) -> None:
    old = publish()
    build_due_indexes()
    rows = [{"sensor": "S99", "at": "2026-11-02 09:00", "value": "7"}]
    publish_rows(Dataset.objects.get(slug="readings"), rows, mode="append")
    new = Dataset.objects.get(slug="readings").distribution.current_snapshot
    index, later = serve(new, new.manifest)
    assert index is find_index(old)
    assert later.added.num_rows == 1
    asked = {"select": "sensor,count()", "group_by": "sensor", "order_by": "-sensor", "limit": "2"}
    with_index = client.get(ADDRESS, asked).json()["records"]
    assert with_index == [{"sensor": "S99", "count": 1}, {"sensor": "S29", "count": 2}]
    settings.INDEX_RECORDS = 0
    assert serve(new, new.manifest) == (None, None)
    assert client.get(ADDRESS, {**asked, "limit": "3"}).json()["records"][:2] == with_index
