"""Recipes end to end: datasets made from datasets, whatever happens to their inputs meanwhile."""

import datetime as dt
import threading
from typing import Any

import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hub_files import write_hub
from pulling import pull, records
from pyoxigraph import RdfFormat, parse

from catalog.describe import describe
from catalog.models import Change, Dataset, Snapshot
from catalog.publish import describe_dataset, withdraw_dataset
from catalog.records import Column, Schema
from ingest import recipes
from ingest.apply import apply_hub_file
from ingest.due import create_due_runs
from ingest.errors import BadSetup, NotRepeatable
from ingest.hub_file import read_hub_file
from ingest.models import Issue, Run, Source
from ingest.pipeline import pull_run
from ingest.recipes import create_changed_runs
from ingest.repetitions import replay_run
from ingest.runs import claim_run, enter_run, offer_run
from ingest.sources import save_source
from ingest.tasks import tick

pytestmark = pytest.mark.django_db

MEANS = Schema(
    columns=(
        Column("district", required=True),
        Column("pm10", "number", minimum=0),
        Column("readings", "integer"),
    ),
    key=("district",),
)
SELECT = """
SELECT district, avg(pm10) AS pm10, count(*) AS readings
FROM air_quality WHERE district IS NOT NULL GROUP BY district
"""
FIRST = {"강남구": (34.0, 2), "종로구": (81.0, 1)}
MORE = (
    {"station_id": "0101", "district": "강남구", "pm10": "10", "observed_on": "2018-01-01"},
    {"station_id": "0102", "district": "종로구", "pm10": "20", "observed_on": "2018-01-02"},
    {"station_id": "0103", "district": "중구", "pm10": "30", "observed_on": "2018-01-03"},
)
SECOND = {"강남구": (10.0, 1), "종로구": (20.0, 1), "중구": (30.0, 1)}


def make_recipe(
    select: str = SELECT,
    *,
    slug: str = "air-by-district",
    dataset: dict[str, Any] | None = None,
    schema: Schema = MEANS,
    config: dict[str, Any] | None = None,
    **options: Any,
) -> Source:
    """Declare a recipe and the dataset that it makes."""
    made = make_dataset(slug, schema=schema, **(dataset or {}))
    options = {"expectations": {"min_rows": 1}} | options
    save_source(slug, made.distribution, connector="recipe", config={"select": select} | (config or {}), **options)
    return Source.objects.select_related("distribution__dataset").get(slug=slug)


@pytest.fixture
def air() -> Dataset:
    dataset = make_dataset()
    publish_rows(dataset)
    return dataset


def means(source: Source) -> dict[str, tuple[float | None, int | None]]:
    return {row["district"]: (row["pm10"], row["readings"]) for row in records(source)}


def test_a_recipe_publishes_what_its_select_answers(air):
    source = make_recipe()
    run = pull(source)
    assert (run.state, run.error_en) == (Run.State.PUBLISHED, "")
    assert (run.rows, run.accepted, run.rejected) == (2, 2, 0)
    assert means(source) == FIRST
    source.refresh_from_db()
    assert source.position["inputs"] == {"air-quality": current(air).digest}


def current(dataset: Dataset) -> Snapshot:
    dataset.distribution.refresh_from_db()
    return dataset.distribution.current_snapshot


def test_unchanged_inputs_are_not_computed_again(air):
    source = make_recipe()
    first = pull(source)
    again = pull(source)
    assert (again.state, again.rows, again.snapshot_digest) == (Run.State.UNCHANGED, 0, first.snapshot_digest)
    publish_rows(air, MORE)
    assert pull(source).state == Run.State.PUBLISHED
    assert means(source) == SECOND


def test_an_answer_that_comes_out_the_same_is_no_new_snapshot(air):
    source = make_recipe("SELECT DISTINCT district, 1 AS pm10, 1 AS readings FROM air_quality WHERE pm10 > 0")
    pull(source)
    publish_rows(air, [*MORE[:2], {**MORE[2], "pm10": "0"}])
    again = pull(source)
    assert (again.state, again.rows) == (Run.State.UNCHANGED, 2)
    assert Snapshot.objects.filter(distribution=source.distribution).count() == 1


def test_another_recipe_or_a_clock_is_computed_again_over_the_same_inputs(air):
    source = make_recipe()
    pull(source)
    make_recipe(SELECT.replace("avg", "max"))
    assert pull(source).rows == 2
    make_recipe(SELECT.replace("WHERE", "WHERE now() > TIMESTAMPTZ '2020-01-01 00:00+09' AND"))
    assert pull(source).rows == 2
    assert pull(source).rows == 2


def test_a_recipe_is_saved_with_the_feed_locked_before_the_source(air):
    source = make_recipe()
    with CaptureQueriesContext(connection) as asked:
        save_source(source.slug, source.distribution, connector="recipe", config={"select": SELECT}, raw_days=3)
    statements = [query["sql"] for query in asked]
    locked = next(at for at, statement in enumerate(statements) if "catalog_feedhead" in statement)
    written = next(at for at, statement in enumerate(statements) if 'UPDATE "ingest_source"' in statement)
    assert locked < written


def test_a_recipe_runs_on_its_schedule(air):
    source = make_recipe(schedule="hourly")
    now = timezone.now()
    Source.objects.update(next_at=now - dt.timedelta(seconds=1))
    assert create_due_runs(now) == 1
    source.runs.update(due_at=now)
    pull_run(source.runs.get().pk)
    assert means(source) == FIRST
    assert create_changed_runs(now + dt.timedelta(days=1)) == 0


def test_rows_are_held_against_the_schema_and_the_expectations(air):
    low = [{**row, "pm10": "-5"} if row["district"] == "종로구" else row for row in MORE]
    publish_rows(air, low)
    source = make_recipe(expectations={"min_rows": 3})
    run = pull(source)
    assert (run.state, run.accepted, run.rejected) == (Run.State.HELD, 2, 1)
    assert set(run.issues.values_list("code", flat=True)) == {"below-minimum", "too-few-rows"}
    assert current(source.distribution.dataset) is None


def test_columns_that_the_dataset_does_not_have_are_told(air):
    source = make_recipe("SELECT district, avg(pm10) AS dust FROM air_quality WHERE district IS NOT NULL GROUP BY 1")
    run = pull(source)
    assert run.state == Run.State.HELD
    assert "pm10, readings" in run.error_en
    assert "dust" in run.error_en


# --- after change


def test_a_changed_input_makes_a_run_once_it_is_quiet(air):
    source = make_recipe(schedule="after change")
    published = current(air).published_at
    assert create_due_runs(published + dt.timedelta(days=1)) == 0
    assert create_changed_runs(published + dt.timedelta(seconds=30)) == 0
    assert create_changed_runs(published + dt.timedelta(seconds=61)) == 1
    assert create_changed_runs(published + dt.timedelta(seconds=71)) == 0, "one is waiting"
    run_all(source)
    assert create_changed_runs(published + dt.timedelta(hours=1)) == 0, "nothing has changed since"
    publish_rows(air, MORE)
    assert create_changed_runs(current(air).published_at + dt.timedelta(seconds=61)) == 1
    run_all(source)
    assert means(source) == SECOND


def run_all(source: Source) -> None:
    for run in source.runs.filter(state=Run.State.WAITING):
        pull_run(run.pk)


def test_an_input_that_is_never_quiet_makes_a_run_every_ten_minutes(air):
    source = make_recipe(schedule="입력이 바뀌면")
    pull(source)
    begin = current(air).published_at
    made = []
    for step in range(1, 28):
        publish_rows(air, [{**MORE[0], "pm10": str(step)}])
        moment = begin + dt.timedelta(seconds=50 * step)
        backdate(current(air), moment)
        if create_changed_runs(moment):
            made.append(step)
            run_all(source)
    assert made == [13, 26]


def backdate(snapshot: Snapshot, moment: dt.datetime) -> None:
    """Let a snapshot have been published at another time."""
    Snapshot.objects.filter(replaced_at=snapshot.published_at).update(replaced_at=moment)
    Snapshot.objects.filter(pk=snapshot.pk).update(published_at=moment)


def test_a_change_that_could_not_be_published_is_not_tried_again_until_there_is_another(air):
    source = make_recipe(schedule="after change", expectations={"min_rows": 3})
    later = current(air).published_at + dt.timedelta(minutes=2)
    assert create_changed_runs(later) == 1
    run_all(source)
    assert source.runs.get().state == Run.State.HELD
    assert create_changed_runs(later + dt.timedelta(days=1)) == 0
    publish_rows(air, MORE)
    assert create_changed_runs(current(air).published_at + dt.timedelta(minutes=2)) == 1


def test_a_failure_is_tried_again_after_a_while(air):
    source = make_recipe(schedule="after change")
    publish_rows(air, MORE)
    make_dataset(schema=Schema(columns=(Column("station_id"), Column("district"))))
    publish_rows(air, [{"station_id": "0101", "district": "강남구"}])
    later = current(air).published_at + dt.timedelta(minutes=2)
    assert create_changed_runs(later) == 1
    run_all(source)
    ended = source.runs.get().ended_at
    assert create_changed_runs(ended + dt.timedelta(minutes=9)) == 0
    assert create_changed_runs(ended + dt.timedelta(minutes=11)) == 1


def test_a_recipe_that_lost_an_input_gets_a_run_that_tells_so(air):
    source = make_recipe(schedule="after change")
    pull(source)
    withdraw_dataset("air-quality")
    now = timezone.now()
    assert create_changed_runs(now) == 1
    run_all(source)
    assert source.runs.order_by("-id").first().state == Run.State.FAILED
    assert create_changed_runs(now + dt.timedelta(minutes=5)) == 0


@pytest.mark.parametrize("changes", [{"is_enabled": False}, {"paused_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}])
def test_a_recipe_that_is_off_or_paused_gets_no_runs(air, changes):
    make_recipe(schedule="after change")
    Source.objects.update(**changes)
    assert create_changed_runs(timezone.now() + dt.timedelta(days=1)) == 0


def test_the_tick_makes_the_runs(air, monkeypatch):
    source = make_recipe(schedule="after change")
    monkeypatch.setattr(recipes, "QUIET", dt.timedelta())
    tick()
    assert source.runs.count() == 1


def test_a_recipe_waits_for_inputs_that_have_no_records_yet():
    make_dataset()
    source = make_recipe(schedule="after change")
    assert create_changed_runs(timezone.now() + dt.timedelta(days=1)) == 0
    run = pull(source)
    assert (run.state, run.error_code) == (Run.State.WAITING, "input-not-ready")
    assert "'air-quality'" in run.error_ko


def test_after_change_is_for_recipes_only(air, tmp_path):
    with pytest.raises(BadSetup, match="for a recipe only"):
        save_source("lots", air.distribution, connector="file", config={"path": "a.csv"}, schedule="after change")


# --- consistent inputs, exactly once


def test_all_inputs_are_those_of_one_moment_whatever_is_published_meanwhile(air, monkeypatch):
    other = make_dataset("stations", schema=Schema(columns=(Column("district"), Column("n", "integer"))))
    publish_rows(other, [{"district": "강남구", "n": "1"}])
    source = make_recipe(
        "SELECT district, avg(pm10) AS pm10, max(n) AS readings FROM air_quality JOIN stations USING (district) GROUP BY 1"
    )
    read = recipes.stream_sql

    def publish_then_read(*arguments, **options):
        publish_rows(other, [{"district": "강남구", "n": "2"}])
        publish_rows(air, MORE)
        return read(*arguments, **options)

    monkeypatch.setattr(recipes, "stream_sql", publish_then_read)
    pull(source)
    assert means(source) == {"강남구": (34.0, 1)}
    monkeypatch.undo()
    pull(source)
    assert means(source) == {"강남구": (10.0, 2)}


def test_a_run_that_comes_twice_publishes_once(air):
    source = make_recipe()
    run = enter_run(source)
    pull_run(run.pk)
    pull_run(run.pk)
    assert Snapshot.objects.filter(distribution=source.distribution).count() == 1


def test_a_run_whose_worker_died_is_done_again_by_another(air):
    source = make_recipe()
    run = enter_run(source)
    claim_run(run.pk)
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    pull_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.PUBLISHED, 2)
    assert means(source) == FIRST
    assert Change.objects.filter(dataset_slug="air-by-district", kind="snapshot-published").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_is_stopped_while_the_engine_is_at_work(air):
    publish_rows(air, [{**MORE[0], "pm10": str(number)} for number in range(3000)])
    source = make_recipe(
        "SELECT min(a.district) AS district, avg(a.pm10) AS pm10, count(*) AS readings "
        "FROM air_quality a, air_quality b, air_quality c, air_quality d WHERE a.pm10 + b.pm10 + c.pm10 > d.pm10"
    )
    run = enter_run(source)
    stop = threading.Timer(1.0, lambda: Run.objects.filter(pk=run.pk).update(cancel_asked_at=timezone.now()))
    stop.start()
    pull_run(run.pk)
    stop.join()
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert run.ended_at - run.started_at < dt.timedelta(seconds=15)


def test_kept_answers_of_a_recipe_cannot_be_read_again(air):
    run = pull(make_recipe())
    with pytest.raises(NotRepeatable):
        replay_run(run)


# --- what a change of an input does


def test_a_column_that_an_input_has_no_longer_fails_the_run_and_the_old_snapshot_stays(air):
    source = make_recipe()
    good = pull(source)
    make_dataset(schema=Schema(columns=(Column("station_id"), Column("district"))))
    publish_rows(air, [{"station_id": "0101", "district": "강남구"}])
    bad = pull(source)
    assert (bad.state, bad.error_code) == (Run.State.FAILED, "bad-sql")
    assert '"pm10"' in bad.error_en
    assert current(source.distribution.dataset).digest == good.snapshot_digest
    assert means(source) == FIRST


def test_an_input_that_was_withdrawn_fails_the_run(air):
    source = make_recipe()
    pull(source)
    withdraw_dataset("air-quality")
    run = pull(source)
    assert (run.state, run.error_code) == (Run.State.FAILED, "bad-setup")
    assert "'air-quality' 데이터셋이 없습니다" in run.error_ko
    assert means(source) == FIRST


# --- what is refused when a recipe is saved


REFUSED = {
    "no SELECT": ({"select": "DROP TABLE air_quality"}, "config.select", "DROP"),
    "a file": ({"select": "SELECT * FROM read_csv('/etc/passwd')"}, "config.select", "files cannot be read"),
    "a setting": ({"select": "SELECT current_setting('memory_limit') AS district FROM air_quality"}, "config.select", "current_setting"),
    "no dataset": ({"select": "SELECT 1 AS district"}, "config.select", "reads no dataset"),
    "an unknown dataset": ({"select": "SELECT * FROM no_such"}, "config.select", "no dataset 'no-such'"),
    "records elsewhere": ({"select": "SELECT * FROM linked"}, "config.select", "no records of the dataset 'linked'"),
    "itself": ({"select": "SELECT * FROM air_by_district"}, "config.select", "air-by-district ← air-by-district"),
    "an unknown word": ({"select": SELECT, "selct": ""}, "config.selct", "not a known name"),
    "a group of one": ({"select": SELECT, "suppress": {"count": "readings", "minimum": 1}}, "config.suppress.minimum", "at least 2"),
    "emptying a key": ({"select": SELECT, "suppress": {"count": "readings", "columns": ["district"]}}, "config.suppress", "'district' cannot be emptied"),
    "emptying a key in capitals": ({"select": SELECT, "suppress": {"count": "readings", "columns": ["DISTRICT"]}}, "config.suppress", "'DISTRICT' cannot be"),
    "emptying nothing": ({"select": SELECT, "suppress": {"count": "readings", "columns": ["pm1O"]}}, "config.suppress", "has: district, pm10, readings"),
    "a bare excuse": ({"select": SELECT, "declassify": "because"}, "config", "a reason in words"),
    "an unprotected excuse": ({"select": SELECT, "declassify": "agreed with the office"}, "config.declassify", "needs suppress"),
}  # fmt: skip


@pytest.mark.parametrize(("config", "where", "said"), REFUSED.values(), ids=REFUSED)
def test_a_recipe_that_may_not_be_is_refused_when_it_is_saved(air, config, where, said):
    make_dataset("linked", schema=None)
    made = make_dataset("air-by-district", schema=MEANS)
    with pytest.raises(BadSetup) as refused:
        save_source("air-by-district", made.distribution, connector="recipe", config=config)
    assert refused.value.values["where"] == where
    assert said in refused.value.text.in_language("en")
    assert not Source.objects.exists()


def test_recipes_that_make_each_other_are_refused_with_the_circle(air):
    make_recipe(slug="a")
    make_recipe("SELECT district, pm10, readings FROM a", slug="b")
    make_recipe("SELECT district, pm10, readings FROM b", slug="c")
    with pytest.raises(BadSetup) as refused:
        make_recipe("SELECT * FROM c UNION ALL SELECT district, pm10, 1 FROM air_quality", slug="a")
    assert "a ← c ← b ← a" in refused.value.text.in_language("ko")
    make_recipe("SELECT a.* FROM a JOIN b USING (district)", slug="c")


# --- access


CLOSED = {"access_level": "restricted", "access_reason": {"ko": "협약", "en": "By agreement"}}


def test_what_is_made_of_closed_data_is_no_more_open(air):
    make_dataset(**CLOSED)
    with pytest.raises(BadSetup) as refused:
        make_recipe()
    assert refused.value.values["where"] == "config.select"
    assert "'air-quality'의 공개 등급은 제한인데 이 데이터셋은 공개" in refused.value.text.ko
    assert "the input 'air-quality' is Restricted" in refused.value.text.en
    assert pull(make_recipe(dataset=CLOSED)).state == Run.State.PUBLISHED


def test_an_input_that_is_closed_later_holds_the_run_back_and_what_is_published_stays(air):
    source = make_recipe()
    pull(source)
    make_dataset(**CLOSED)
    publish_rows(air, MORE)
    run = pull(source)
    assert (run.state, run.error_code) == (Run.State.HELD, "held-back")
    assert "'air-quality'" in run.error_en
    assert means(source) == FIRST


PROV = "http://www.w3.org/ns/prov#"
WHY = "Agreed with the data office on 2026-01-05"
PROTECTED = {
    "suppression": ({"suppress": {"count": "readings", "minimum": 2}}, {}),
    "small cells": ({}, {"small_cells": {"readings": 2}}),
    "k-anonymity": ({}, {"k_anonymity": {"columns": ["district"], "k": 2}}),
}


@pytest.mark.parametrize(("config", "expectations"), PROTECTED.values(), ids=PROTECTED)
def test_a_steward_may_say_why_protected_data_is_more_open(air, config, expectations):
    make_dataset(**CLOSED)
    with pytest.raises(BadSetup, match="air-quality"):
        make_recipe(config=config, expectations=expectations)
    source = make_recipe(config=config | {"declassify": WHY}, expectations=expectations)
    run = pull(source)
    assert run.position["lineage"]["declassify"] == WHY
    assert run.state == (Run.State.HELD if expectations else Run.State.PUBLISHED)


def test_an_expectation_that_only_warns_protects_nobody(air):
    make_dataset(**CLOSED)
    expectations = {"small_cells": {"readings": 5}, "severity": {"small_cells": "warn"}}
    with pytest.raises(BadSetup, match="declassify needs"):
        make_recipe(config={"declassify": WHY}, expectations=expectations)


# --- suppression


def test_small_groups_are_left_out_and_told(air):
    source = make_recipe(config={"suppress": {"count": "readings", "minimum": 2}})
    run = pull(source)
    assert means(source) == {"강남구": (34.0, 2)}
    issue = Issue.objects.get(run=run, code="suppressed")
    assert (issue.severity, issue.count) == ("warning", 1)
    assert issue.text_ko == "2보다 작은 집단 등 1행을 가려 뺐습니다."
    assert run.position["lineage"]["suppressed"] == 1


def test_measures_of_small_groups_are_emptied(air):
    source = make_recipe(config={"suppress": {"count": "readings", "minimum": 2, "columns": ["pm10"]}})
    pull(source)
    assert means(source) == {"강남구": (34.0, 2), "종로구": (None, None)}


def test_values_of_small_groups_are_not_published_though_the_answer_calls_their_column_otherwise(air):
    select = SELECT.replace("AS pm10", "AS pm_10")
    source = make_recipe(select, config={"suppress": {"count": "readings", "minimum": 2, "columns": ["pm10"]}})
    run = pull(source)
    assert (run.state, run.error_code) == (Run.State.FAILED, "bad-sql")
    assert "no column 'pm10' that suppress could empty; it has: district, pm_10, readings" in run.error_en
    assert source.distribution.current_snapshot is None


# --- licence


def test_a_licence_that_allows_more_than_an_input_is_refused_with_those_that_fit(air):
    make_organisation("sky-city", ko="하늘시", en="Sky City")
    with pytest.raises(BadSetup) as refused:
        make_recipe(dataset={"licence": "kogl-0", "organisation": "sky-city"})
    assert refused.value.values["where"] == "dataset"
    assert "demands attribution" in refused.value.text.en
    assert "fitting: KOGL type 1 (attribution) (kogl-1)" in refused.value.text.en
    make_recipe(dataset={"licence": "kogl-1", "organisation": "sky-city"})


def test_an_input_that_forbids_derivatives_is_for_its_owner_only(air):
    make_dataset(licence="kogl-3")
    make_organisation("sky-city", ko="하늘시", en="Sky City")
    with pytest.raises(BadSetup) as refused:
        make_recipe(dataset={"licence": "kogl-3", "organisation": "sky-city"})
    assert "forbids derivatives" in refused.value.text.en
    assert "no licence fits" in refused.value.text.en
    assert pull(make_recipe(dataset={"licence": "kogl-3"}, slug="own")).state == Run.State.PUBLISHED


def test_an_owner_who_contradicts_itself_is_warned(air):
    make_dataset(licence="kogl-2")
    source = make_recipe(dataset={"licence": "kogl-1"})
    run = pull(source)
    assert run.state == Run.State.PUBLISHED
    assert Issue.objects.get(run=run).code == "licence-non-commercial"


# --- lineage


def test_the_description_tells_what_the_dataset_is_made_from(air, settings):
    settings.BASE_URL = "https://hub.example"
    make_organisation("sky-city", ko="하늘시", en="Sky City")
    own = {"sources": ["https://elsewhere.example/x"], "organisation": "sky-city"}
    make_recipe(dataset=own)
    told = describe(Dataset.objects.get(slug="air-by-district"))
    assert told["processing"] == "processed"
    assert told["sources"] == ["https://elsewhere.example/x", "https://hub.example/dataset/air-quality"]
    assert told["attributions"] == [{"name": {"ko": "한빛시", "en": "Hanbit City"}, "role": "originator"}]


def test_another_input_takes_the_place_of_the_old_one_in_the_description(air, settings):
    settings.BASE_URL = "https://hub.example"
    publish_rows(make_dataset("other"))
    make_recipe()
    save_source(
        "air-by-district",
        Dataset.objects.get(slug="air-by-district").distribution,
        connector="recipe",
        config={"select": SELECT.replace("air_quality", "other")},
    )
    assert describe(Dataset.objects.get(slug="air-by-district"))["sources"] == ["https://hub.example/dataset/other"]


def lineage(client: Any, slug: str, digest: str) -> dict[str, Any]:
    return client.get(f"/api/v1/datasets/{slug}/snapshots/{digest}/lineage").json()


def test_a_snapshot_tells_what_it_was_derived_from(air, client):
    run = pull(make_recipe())
    told = lineage(client, "air-by-district", run.snapshot_digest)
    source = f"http://testserver/api/v1/datasets/air-quality/snapshots/{current(air).digest}"
    assert told["@id"] == f"http://testserver/api/v1/datasets/air-by-district/snapshots/{run.snapshot_digest}"
    [entity] = told["wasDerivedFrom"]
    assert (entity["@id"], entity["licence"], entity["dataset"]) == (source, "kogl-1", "air-quality")
    assert client.get(source.removeprefix("http://testserver")).status_code == 200
    activity = told["wasGeneratedBy"]
    assert (activity["used"], activity["statement"]) == ([source], SELECT)
    assert dt.datetime.fromisoformat(activity["startedAtTime"]) == run.started_at
    assert dt.datetime.fromisoformat(activity["endedAtTime"]) == run.ended_at
    assert told["undisclosed"] == 0


def test_an_input_that_one_may_not_know_of_is_not_named(air, client, admin_client):
    make_dataset(access_level="non-public", access_reason={"ko": "비공개", "en": "Closed"})
    config = {"suppress": {"count": "readings", "minimum": 2}, "declassify": WHY}
    run = pull(make_recipe(config=config))
    told = lineage(client, "air-by-district", run.snapshot_digest)
    assert (told["wasDerivedFrom"], told["undisclosed"]) == ([], 1)
    assert "air" not in str(told["wasGeneratedBy"]).replace("air-by-district", "")
    assert "declassified" not in told["wasGeneratedBy"]
    shown = lineage(admin_client, "air-by-district", run.snapshot_digest)
    assert shown["wasGeneratedBy"]["declassified"] == WHY


def test_a_snapshot_of_an_ordinary_source_and_of_none_at_all_has_a_lineage_too(air, client):
    told = lineage(client, "air-quality", current(air).digest)
    assert told["@type"] == "Entity"
    assert "wasDerivedFrom" not in told
    assert client.get("/api/v1/datasets/air-quality/snapshots/none/lineage").status_code == 410


def test_lineage_is_linked_data(air, client):
    run = pull(make_recipe())
    body = client.get(f"/api/v1/datasets/air-by-district/snapshots/{run.snapshot_digest}/lineage").content
    facts = {(str(fact.subject), str(fact.predicate)): str(fact.object) for fact in parse(body, RdfFormat.JSON_LD)}
    made = f"<http://testserver/api/v1/datasets/air-by-district/snapshots/{run.snapshot_digest}>"
    source = f"<http://testserver/api/v1/datasets/air-quality/snapshots/{current(air).digest}>"
    assert facts[made, f"<{PROV}wasDerivedFrom>"] == source
    activity = facts[made, f"<{PROV}wasGeneratedBy>"]
    assert facts[activity, f"<{PROV}used>"] == source
    assert facts[activity, f"<{PROV}wasAssociatedWith>"] == "<http://testserver/catalog>"


# --- hub file


HUB = """
[[organisations]]
slug = "hanbit-city"
name = { ko = "한빛시", en = "Hanbit City" }
region = "44"
contact_point = { name = { ko = "스마트도시과" }, email = "data@hanbit.example" }

[[datasets]]
slug = "air-by-district"
organisation = "hanbit-city"
title = { ko = "구별 미세먼지", en = "Dust by district" }
description = { ko = "자치구별 평균", en = "Means by district" }
theme = "environment"
licence = "kogl-1"
access_level = "public"
key = ["district"]

[[datasets.columns]]
name = "district"
required = true

[[datasets.columns]]
name = "pm10"
type = "number"

[[datasets.columns]]
name = "readings"
type = "integer"

[[sources]]
slug = "air-by-district"
dataset = "air-by-district"
connector = "recipe"
schedule = "after change"

[sources.config]
select = '''
SELECT district, avg(pm10) AS pm10, count(*) AS readings
FROM air_quality WHERE district IS NOT NULL GROUP BY district
'''
suppress = { count = "readings", minimum = 2, columns = ["pm10"] }
"""


def test_a_recipe_stands_in_a_hub_file_and_applying_it_twice_changes_nothing(air, tmp_path, settings):
    settings.BASE_URL = "https://hub.example"
    file = read_hub_file(write_hub(tmp_path, HUB))
    apply_hub_file(file)
    assert {str(applied.outcome) for applied in apply_hub_file(file)} == {"unchanged"}
    run = offer_run(Source.objects.get())
    pull_run(run.pk)
    assert means(Source.objects.select_related("distribution").get()) == {"강남구": (34.0, 2), "종로구": (None, None)}
    assert {str(applied.outcome) for applied in apply_hub_file(file)} == {"unchanged"}


def test_a_mistake_in_a_hub_file_is_told_with_its_line(air, tmp_path):
    text = HUB.replace("FROM air_quality", "FROM air_qality")
    with pytest.raises(BadSetup) as refused:
        apply_hub_file(read_hub_file(write_hub(tmp_path, text)))
    line = text[: text.index("select = ")].count("\n") + 1
    assert f"hub.toml:{line} (sources.0.config.select)" in str(refused.value)


def test_a_description_that_opens_the_answer_is_found_when_it_runs(air):
    make_dataset(**CLOSED)
    source = make_recipe(dataset=CLOSED)
    make_dataset("air-by-district", schema=MEANS)
    run = pull(source)
    assert run.state == Run.State.HELD
    describe_dataset("air-by-district", describe(Dataset.objects.get(slug="air-by-district")) | CLOSED)
    assert pull(source).state == Run.State.PUBLISHED
