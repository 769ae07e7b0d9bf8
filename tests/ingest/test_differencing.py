"""Differencing: what one publication hides must not be the difference of others over the same guarded dataset."""

import random

import pytest
from guarded_events import BY_ALL, make_counts, make_events
from pulling import pull, records

from catalog.publish import withdraw_dataset
from ingest.errors import BadSetup
from ingest.models import Run, Source

pytestmark = pytest.mark.django_db

KINDS, REGIONS = ("fire", "theft", "fall"), ("11", "26", "27", "28")
BY_KIND = "SELECT kind, date_trunc('hour', occurred_at) AS hour, count(*) AS events FROM events GROUP BY 1, 2"
BY_REGION = BY_KIND.replace("kind", "region_code")
BY_HOUR = "SELECT date_trunc('hour', occurred_at) AS hour, count(*) AS events FROM events GROUP BY 1"
KIND_COLUMNS, REGION_COLUMNS, HOUR_COLUMNS = "kind hour events", "region_code hour events", "hour events"
HOURS = {"count": "events", "minimum": 5, "within": ["hour"]}


def random_counts(seed):
    chance = random.Random(seed)
    return {(region, kind, 9): chance.choice([1, 2, 4, 8, 15]) for region in REGIONS for kind in KINDS}


@pytest.mark.parametrize("seed", range(3))
def test_two_tables_with_a_total_in_common_tell_no_small_row(seed):
    counts = random_counts(seed)
    make_events(counts)
    by_kind = make_counts(BY_KIND, slug="by-kind", columns=KIND_COLUMNS, suppress=HOURS)
    by_region = make_counts(BY_REGION, slug="by-region", columns=REGION_COLUMNS, suppress=HOURS)
    for source, position in ((by_kind, 1), (by_region, 0)):
        assert pull(source).state in (Run.State.PUBLISHED, Run.State.HELD)
        seen = sum(row["events"] for row in records(source))
        groups: dict[str, int] = {}
        for group, count in counts.items():
            groups[group[position]] = groups.get(group[position], 0) + count
        hidden = len(groups) - len(records(source))
        rest = sum(counts.values()) - seen
        assert (hidden, rest) == (0, 0) or (hidden >= 2 and rest >= 5)


def test_a_finer_table_reckons_with_the_totals_of_a_coarser_one():
    make_events({("11", "fire", 9): 20, ("11", "theft", 9): 2, ("11", "fall", 9): 9, ("26", "fire", 9): 8})
    make_counts(BY_REGION, slug="by-region", columns=REGION_COLUMNS)
    with pytest.raises(BadSetup) as refused:
        make_counts(BY_ALL)
    said = refused.value.text
    assert refused.value.values["where"] == "config.suppress"
    assert 'put ["hour", "region_code"] into the within of this recipe' in said.in_language("en")
    assert "'by-region'" in said.en
    assert "'by-region'" in said.ko
    within = [["region_code", "hour"]]
    source = make_counts(BY_ALL, suppress={"count": "events", "minimum": 5, "within": within})
    pull(source)
    left = {(row["region_code"], row["kind"]): row["events"] for row in records(source)}
    assert left == {("11", "fire"): 20, ("26", "fire"): 8}, "9 falls go with the 2 thefts: 31 in all would tell them"


# the recipe that is there, its columns and what it suppresses; the second; a word of the refusal of the second
PAIRS = {
    "the first does not reckon with it": (BY_REGION, REGION_COLUMNS, {}, BY_KIND, KIND_COLUMNS, HOURS, "within of 'first'"),
    "the second does not reckon with it": (BY_REGION, REGION_COLUMNS, HOURS, BY_KIND, KIND_COLUMNS, {}, "within of this recipe"),
    "the grand total": (BY_REGION.replace("date_trunc('hour', occurred_at) AS hour, ", "").replace("1, 2", "1"), "region_code events", {},
        BY_KIND, KIND_COLUMNS, HOURS, "within of 'first'"),
    "the finer is second, and tells the rows that the coarser hides for its own totals": (BY_REGION, REGION_COLUMNS, HOURS, BY_ALL,
        "region_code kind hour events", {"within": [["region_code", "hour"]]}, "the coarser one has within"),
    "the same groups": (BY_KIND, KIND_COLUMNS, HOURS, BY_KIND, KIND_COLUMNS, HOURS, "groups by the same columns"),
    "another condition": (BY_REGION, REGION_COLUMNS, HOURS, BY_KIND.replace(" GROUP", " WHERE kind <> 'fire' GROUP"), KIND_COLUMNS, HOURS,
        "the same WHERE"),
    "another minimum": (BY_REGION, REGION_COLUMNS, HOURS, BY_KIND, KIND_COLUMNS, HOURS | {"minimum": 7}, "the same minimum"),
    "hours and days": (BY_REGION, REGION_COLUMNS, HOURS, BY_KIND.replace("'hour'", "'day'"), KIND_COLUMNS, HOURS,
        "cut the same column differently"),
    "hours and days by other names": (BY_REGION, REGION_COLUMNS, HOURS,
        BY_KIND.replace("'hour'", "'day'").replace("AS hour", "AS day"), "kind day events",
        {"within": [[]]}, "cut the same column differently"),
}  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_recipes_of_which_one_tells_what_the_other_hides_are_refused(pair):
    first, first_columns, first_hides, second, second_columns, second_hides, said = pair
    make_events(random_counts(0))
    base = {"count": "events", "minimum": 5}
    make_counts(first, slug="first", columns=first_columns, suppress=base | first_hides)
    with pytest.raises(BadSetup) as refused:
        make_counts(second, slug="second", columns=second_columns, suppress=base | second_hides)
    assert said in refused.value.text.in_language("en")
    assert "'first'" in refused.value.text.in_language("ko")


def test_a_third_recipe_shares_the_same_columns_with_all():
    make_events(random_counts(1))
    everything = HOURS | {"within": [["hour"], ["kind"], ["region_code"]]}
    by_kind = everything | {"within": [["hour"], ["kind"]]}
    by_region = everything | {"within": [["hour"], ["region_code"]]}
    make_counts(BY_KIND, slug="by-kind", columns=KIND_COLUMNS, suppress=by_kind)
    make_counts(BY_REGION, slug="by-region", columns=REGION_COLUMNS, suppress=by_region)
    third = BY_KIND.replace("kind", "is_over")
    make_counts(third, slug="third", columns="is_over hour events", suppress=HOURS)
    Source.objects.get(slug="third").delete()
    with pytest.raises(BadSetup, match="three or more recipes"):
        make_counts(
            "SELECT kind, region_code, count(*) AS events FROM events GROUP BY 1, 2",
            slug="fourth",
            columns="kind region_code events",
            suppress=HOURS | {"within": [["kind"], ["region_code"]]},
        )


def test_what_is_made_of_an_open_table_is_free():
    make_events(random_counts(2))
    pull(make_counts(BY_ALL))
    made = make_counts(
        "SELECT kind, sum(events) AS events FROM event_counts GROUP BY 1", slug="sums", columns="kind events",
        suppress=None, declassify=None,
    )  # fmt: skip
    assert pull(made).state == Run.State.PUBLISHED


def test_a_later_recipe_holds_back_one_that_no_longer_reckons_with_all():
    make_events(random_counts(0))
    source = make_counts(BY_KIND, slug="by-kind", columns=KIND_COLUMNS)
    other = make_counts(BY_REGION, slug="by-region", columns=REGION_COLUMNS, guarded=True)
    type(other.distribution.dataset).objects.filter(slug="by-region").update(is_guarded=False, access_level="public")
    run = pull(source)
    assert (run.state, run.error_code) == (Run.State.HELD, "held-back")
    assert "'by-region'" in run.error_en
    withdraw_dataset("by-region")
