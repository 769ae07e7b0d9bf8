"""How the hub does, as plain values: the shape that other programs read stays."""

import orjson
import pytest
from pulling import lots, make_source, pull, write_lots

from catalog.publish import withdraw_dataset
from ingest.models import Run, Source
from ingest.runs import enter_run
from ingest.status import LATEST_RUNS, hub_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(tmp_path, settings) -> Source:
    settings.FILE_ROOTS = [tmp_path]
    return make_source(write_lots(tmp_path / "lots.csv", [*lots(1, 2, 3), ("0004", "넷", "많음")]), schedule="daily")


def test_an_empty_hub_has_empty_tables():
    assert hub_status() == {"datasets": [], "sources": [], "runs": []}


def test_what_was_pulled_is_told_with_its_counts(source):
    run = pull(source)
    status = orjson.loads(orjson.dumps(hub_status()))
    [dataset], [told], [last] = status["datasets"], status["sources"], status["runs"]
    assert dataset == {
        "slug": "parking",
        "title": "대기질 측정",
        "organisation": "hanbit-city",
        "access_level": "public",
        "records": 3,
        "rejected": 1,
        "snapshots": 1,
        "snapshot": run.snapshot_digest,
        "published_at": dataset["published_at"],
    }
    assert told == {
        "slug": "parking",
        "dataset": "parking",
        "connector": "file",
        "mode": "replace",
        "schedule": "daily",
        "is_enabled": True,
        "next_at": None,
        "state": "published",
        "ended_at": run.ended_at.isoformat(),
        "error": "",
    }
    assert last == {
        "id": run.pk,
        "source": "parking",
        "slot": run.slot.isoformat(),
        "state": "published",
        "attempt": 1,
        "rows": 4,
        "accepted": 3,
        "rejected": 1,
        "error_code": "",
        "error": "",
    }


def test_what_was_never_pulled_has_no_counts(source):
    status = hub_status()
    assert [
        status["datasets"][0][name] for name in ("records", "rejected", "snapshots", "snapshot", "published_at")
    ] == [
        None,
        None,
        0,
        None,
        None,
    ]
    assert (status["sources"][0]["state"], status["sources"][0]["ended_at"]) == (None, None)


def test_a_source_tells_its_latest_run_and_what_went_wrong(source, tmp_path):
    pull(source)
    (tmp_path / "lots.csv").write_text("")
    run = pull(source)
    [told] = hub_status()["sources"]
    assert (told["state"], told["error"]) == ("failed", run.error_en)
    assert told["error"]
    enter_run(source)
    assert hub_status()["sources"][0]["state"] == "waiting"


def test_only_the_latest_runs_are_told_the_newest_first(source):
    for _ in range(LATEST_RUNS + 2):
        Run.objects.filter(pk=enter_run(source).pk).update(state=Run.State.FAILED)
    runs = hub_status()["runs"]
    assert len(runs) == LATEST_RUNS
    assert [run["id"] for run in runs] == sorted((run["id"] for run in runs), reverse=True)


def test_a_withdrawn_dataset_is_not_told(source):
    withdraw_dataset("parking")
    assert hub_status()["datasets"] == []
