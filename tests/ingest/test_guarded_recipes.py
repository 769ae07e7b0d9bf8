"""Recipes over guarded datasets: what they may read and tell, and what is refused with what would be right."""

import pytest
from builders import make_dataset, publish_rows
from django.utils import timezone
from guarded_events import BY_ALL, EVENTS, TELLING, make_counts, make_events, rows_of
from pulling import pull, records

from catalog.records import Column, Schema
from ingest.errors import BadSetup
from ingest.guarded_inputs import open_columns
from ingest.models import Run, Source

pytestmark = pytest.mark.django_db

COUNTS = {("11", "fire", 9): 12, ("11", "theft", 9): 7, ("11", "fall", 9): 2, ("26", "fire", 9): 5}


@pytest.fixture
def events():
    return make_events(COUNTS)


def told(source):
    return {(row["region_code"], row["kind"]): row["events"] for row in records(source)}


def test_groups_of_a_guarded_dataset_are_counted_and_small_ones_hidden(events):
    source = make_counts(BY_ALL)
    run = pull(source)
    assert (run.state, run.error_en) == (Run.State.PUBLISHED, "")
    assert told(source) == {("11", "fire"): 12, ("11", "theft"): 7, ("26", "fire"): 5}


def test_columns_that_may_hold_personal_data_do_not_exist(events):
    assert open_columns(events) == ("kind", "region_code", "occurred_at", "response_seconds", "is_over")


def test_a_column_that_was_decided_to_be_personal_does_not_exist_either(events):
    Source.objects.create(
        slug="events",
        distribution=events.distribution,
        connector="file",
        personal_data={"is_over": "restrict", "memo": "publish"},
    )
    assert "is_over" not in open_columns(events)
    assert "memo" not in open_columns(events)


def select(what, rest="GROUP BY 1"):
    return f"SELECT kind, count(*) AS events, {what} FROM events {rest}"


SECOND = "AS response"
RESPONSES = "kind events response"
# what is read, the field, a word of the sentence
REFUSED = {
    "a classed column": (select(f"avg(latitude) {SECOND}"), "no column 'latitude'"),
    "a text without a class": ("SELECT memo AS what, count(*) AS events FROM events GROUP BY 1", "no column 'memo'"),
    "a classed key": ("SELECT number AS what, count(*) AS events FROM events GROUP BY 1", "no column 'number'"),
    "a condition on a classed column": (select(f"avg(response_seconds) {SECOND}", "WHERE operator_id = 'kim' GROUP BY 1"), "no column 'operator_id'"),
    "a filter on a classed column": (select(f"count(*) FILTER (WHERE content LIKE '%a%') {SECOND}"), "no column 'content'"),
    "a classed column by its table": (select(f"avg(e.latitude) {SECOND}").replace("FROM events", "FROM events AS e"), "no column 'latitude'"),
    "everything": ("SELECT * FROM events", "'*' cannot"),
    "rows": ("SELECT kind, occurred_at AS hour FROM events", "must be 'count(*) AS events'"),
    "no count": ("SELECT kind, count(is_over) AS events FROM events GROUP BY 1", "must be 'count(*) AS events'"),
    "a count that is more": ("SELECT kind, count(*) + 5 AS events FROM events GROUP BY 1", "must be 'count(*) AS events'"),
    "a least value": (select(f"min(response_seconds) {SECOND}"), "'min' cannot be used"),
    "some value": (select("any_value(region_code) AS region_code"), "'any_value' cannot be used"),
    "a list": (select("string_agg(region_code, ',') AS region_code"), "'string_agg' cannot be used"),
    "a mean of what it likes": (select(f"avg(if(is_over, 1, 0)) {SECOND}"), "'avg' takes the name"),
    "a sum of sums": (select(f"sum(response_seconds * 2) {SECOND}"), "'sum' takes the name of one column"),
    "the greatest as a quantile": (select(f"quantile_cont(response_seconds, 1.0) {SECOND}"), "from 0.1 to 0.9"),
    "two limits of one column": (
        select("count_if(response_seconds < 60) AS a, count_if(response_seconds < 61) AS b"),
        "two conditions on the column 'response_seconds'",
    ),
    "sums of two parts": (
        select("sum(response_seconds) FILTER (WHERE is_over) AS a, sum(response_seconds) FILTER (WHERE region_code = '11') AS b"),
        "two conditions on the column 'response_seconds'",
    ),
    "a distinct count": (select(f"count(DISTINCT region_code) {SECOND}"), "'DISTINCT' cannot"),
    "a window": (select(f"row_number() OVER () {SECOND}"), "'OVER' cannot"),
    "a join": ("SELECT a.kind, count(*) AS events FROM events a JOIN events b ON a.kind = b.kind GROUP BY 1", "'JOIN' cannot"),
    "a comma": ("SELECT a.kind, count(*) AS events FROM events a, events b GROUP BY 1", "'JOIN' cannot"),
    "a subquery": ("SELECT kind, count(*) AS events FROM (SELECT * FROM events) AS e GROUP BY 1", "'FROM' cannot"),
    "a subquery in a condition": (select("true AS is_over", "WHERE kind IN (SELECT kind FROM events) GROUP BY 1"), "'SELECT' cannot"),
    "a table of WITH": ("WITH e AS (SELECT * FROM events) SELECT kind, count(*) AS events FROM e GROUP BY 1", "'WITH' cannot"),
    "a union": ("SELECT kind, count(*) AS events FROM events GROUP BY 1 UNION ALL SELECT kind, 9 FROM events", "'UNION"),
    "DISTINCT": (select("1 AS one").replace("SELECT kind", "SELECT DISTINCT kind"), "'DISTINCT' cannot"),
    "HAVING": (select("1 AS one", "GROUP BY 1 HAVING count(*) = 7"), "'HAVING' cannot"),
    "an order": (select("1 AS one", "GROUP BY 1 ORDER BY 2"), "'ORDER BY' cannot"),
    "a limit": (select("1 AS one", "GROUP BY 1 LIMIT 1"), "'LIMIT' cannot"),
    "ROLLUP": ("SELECT kind, region_code, count(*) AS events FROM events GROUP BY ROLLUP (kind, region_code)", "'ROLLUP' cannot"),
    "finer groups than are told": (select("1 AS one", "GROUP BY kind, occurred_at"), "GROUP BY must name exactly"),
    "a key that decides": ("SELECT kind = 'fire' AS kind, count(*) AS events FROM events GROUP BY 1", "must be one column"),
    "a key of two columns": ("SELECT concat(kind, region_code) AS both, count(*) AS events FROM events GROUP BY 1", "must be one column"),
    "a key called like another column": (
        "SELECT date_trunc('day', occurred_at) AS occurred_at, count(*) AS events FROM events GROUP BY 1",
        "not be called like",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "said"), REFUSED.values(), ids=REFUSED)
def test_another_statement_is_refused_when_it_is_saved(events, statement, said):
    with pytest.raises(BadSetup) as refused:
        make_counts(statement)
    assert refused.value.values["where"] == "config.select"
    assert said in refused.value.text.in_language("en")
    assert refused.value.text.ko != refused.value.text.en
    assert not Source.objects.exists()


SETUPS = {
    "nothing hidden": ({"suppress": None, "declassify": None}, "suppress is needed"),
    "too little hidden": ({"suppress": {"count": "events", "minimum": 4}}, "a minimum of 5"),
    "no reason": ({"declassify": None}, "tell in declassify why"),
    "totals of no key": ({"suppress": {"count": "events", "minimum": 5, "within": ["district"]}}, "district in within is no key"),
    "another count": ({"suppress": {"count": "number", "minimum": 5}}, "must be 'count(*) AS number'"),
    "an emptied key": ({"suppress": {"count": "events", "minimum": 5, "columns": ["events", "kind"]}}, "kind cannot be emptied"),
}  # fmt: skip


@pytest.mark.parametrize(("config", "said"), SETUPS.values(), ids=SETUPS)
def test_a_recipe_that_protects_nobody_is_refused(events, config, said):
    with pytest.raises(BadSetup) as refused:
        make_counts(BY_ALL, **config)
    assert said in refused.value.text.in_language("en")


def test_every_measure_of_a_hidden_row_is_emptied(events):
    statement = select("avg(response_seconds) AS response")
    with pytest.raises(BadSetup, match="missing: response"):
        make_counts(statement, suppress={"count": "events", "minimum": 5, "columns": ["events"]})
    source = make_counts(
        statement, columns=RESPONSES, suppress={"count": "events", "minimum": 5, "columns": ["response"]}
    )
    pull(source)
    assert {row["kind"]: (row["events"], row["response"]) for row in records(source)} == {
        "fire": (17, 60.0), "theft": (7, 60.0), "fall": (None, None),
    }  # fmt: skip


ALLOWED = {
    "plain keys by name": ("SELECT kind, region_code, count(*) AS events FROM events GROUP BY kind, region_code", "kind region_code events"),
    "keys of time": ("SELECT date_trunc('day', occurred_at) AS hour, count(*) AS events FROM events GROUP BY ALL", "hour events"),
    "a period with its end": (
        "SELECT date_trunc('hour', occurred_at) AS hour, date_trunc('hour', occurred_at) + INTERVAL 1 HOUR AS until, "
        "count(*) AS events FROM events GROUP BY hour, until",
        "hour until events",
    ),
    "constants": ("SELECT kind, 'ALL' AS grade, 5 AS least, count(*) AS events FROM events GROUP BY 1", "kind grade least events"),
    "rounded means": (select("round(avg(response_seconds), 1) AS response"), RESPONSES),
    "a share": (select("round(100 * count_if(is_over) / count(*), 1) AS response"), RESPONSES),
    "a part of a group": (select("count(*) FILTER (WHERE is_over) AS response"), RESPONSES),
    "quantiles": (
        select("quantile_cont(response_seconds, 0.9) AS response, median(response_seconds) AS middle"),
        "kind events response middle",
    ),
    "a closed period": (select("1 AS one", "WHERE occurred_at < now() + INTERVAL 900 DAY GROUP BY 1"), "kind events one"),
    "all together": ("SELECT count(*) AS events FROM events", "events"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "columns"), ALLOWED.values(), ids=ALLOWED)
def test_what_tells_of_groups_only_is_answered(events, statement, columns):
    run = pull(make_counts(statement, columns=columns))
    assert (run.state, run.error_en) == (Run.State.PUBLISHED, "")
    assert run.accepted > 0


# seconds of the seven thefts, what is told of them
FEW_VALUES = {
    "all have one": ((60,), 60.0),
    "two have one": ((60, 80, None, None, None, None, None), None),
    "none has one": ((None,), "empty"),
}


@pytest.mark.parametrize(("seconds", "expected"), FEW_VALUES.values(), ids=FEW_VALUES)
def test_a_mean_of_few_values_hides_its_row(seconds, expected):
    make_events({("11", "theft", 9): 7}, seconds=seconds)
    source = make_counts(select("avg(response_seconds) AS response"), columns=RESPONSES)
    pull(source)
    rows = [row["response"] for row in records(source)]
    assert rows == ([] if expected is None else [None if expected == "empty" else expected])


def test_a_small_part_of_a_group_or_what_is_left_of_it_hides_the_row():
    make_events({("11", "theft", 9): 12}, seconds=(60,) * 10 + (None, None))
    source = make_counts(select("count(response_seconds) AS response"), columns=RESPONSES)
    pull(source)
    assert list(records(source)) == [], "two of twelve have none"


def test_a_guarded_input_is_read_alone(events):
    make_dataset("regions", schema=Schema(columns=(Column("region_code"),)))
    statement = "SELECT e.kind, count(*) AS events FROM events e JOIN regions r USING (region_code) GROUP BY 1"
    with pytest.raises(BadSetup, match="cannot be read together"):
        make_counts(statement)


def test_a_recipe_that_is_guarded_itself_reads_freely(events):
    source = make_counts(
        "SELECT memo AS kind, 1 AS events FROM events",
        columns="kind events",
        guarded=True,
        suppress=None,
        declassify=None,
    )
    assert pull(source).accepted == sum(COUNTS.values())


def test_a_dataset_that_becomes_guarded_holds_its_recipes_back():
    from_open = make_dataset("events", schema=EVENTS)
    publish_rows(from_open, rows_of(COUNTS))
    source = make_counts(
        "SELECT region_code, memo AS kind, count(*) AS events FROM events GROUP BY 1, 2",
        columns="region_code kind events",
        declassify=None,
    )
    pull(source)
    make_events(COUNTS | {("11", "fire", 9): 13})
    run = pull(source)
    assert (run.state, run.error_code) == (Run.State.HELD, "held-back")
    assert "declassify" in run.error_en


def test_a_column_that_is_classed_later_holds_the_recipe_back(events):
    source = make_counts(
        "SELECT kind, region_code, count(*) AS events FROM events GROUP BY 1, 2", columns="kind region_code events"
    )
    pull(source)
    Source.objects.create(
        slug="events", distribution=events.distribution, connector="file", personal_data={"region_code": "restrict"}
    )
    publish_rows(events, rows_of(COUNTS | {("11", "fire", 9): 13}))
    run = pull(source)
    assert run.state == Run.State.HELD
    assert "'region_code'" in run.error_en
    assert timezone.now() >= run.ended_at


def test_the_reason_is_kept_with_the_run(events):
    assert pull(make_counts(BY_ALL)).position["lineage"]["declassify"] == TELLING


def test_what_is_made_of_guarded_data_replaces_everything(events):
    with pytest.raises(BadSetup, match="replaces everything"):
        make_counts(BY_ALL, mode="append")
