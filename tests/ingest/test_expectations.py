"""Expectations as a steward writes them: what is refused when a source is saved, and what they do to a pull."""

import datetime as dt
import json

import pytest
from builders import make_dataset, publish_rows
from pulling import LOTS, lots, make_source, published, pull, records, write_lots

from catalog.records import Column, Geometry, Schema
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.repetitions import replay_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
PLACES = Schema(
    columns=(Column("id"), Column("x", "number"), Column("y", "number"), Column("at", "datetime")),
    geometry=Geometry("x", "y"),
    time="at",
)
BOUNDARIES = Schema(
    columns=(Column("code"), Column("name"), Column("shape", "geometry")),
    key=("code",),
    geometry=Geometry(column="shape"),
)
HEADER = ("id", "x", "y", "at")
NOW = "2024-05-03 12:00"


@pytest.fixture
def places_file(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "places.csv", [("a", 126.5, 37.5, NOW)], HEADER)


def places_source(path, **expectations) -> Source:
    return make_source(path, dataset=make_dataset(schema=PLACES), expectations=expectations)


REFUSED = [
    ({"min_row": 1}, "min_row", "unknown; allowed: age_of, k_anonymity"),
    ({"min_rows": "many"}, "min_rows", "whole number"),
    ({"min_share": 2}, "min_share", "between 0 and 1"),
    ({"ranges": {"x": {"min": 3}}}, "ranges.x.min", "is not a known name"),
    ({"ranges": {"x": 3}}, "ranges.x", "must be a table"),
    ({"ranges": {"id": {"minimum": 3}}}, "ranges", "'id' is no column that can be used here; these can: x, y"),
    ({"values": {"id": "a"}}, "values.id", "must be a list"),
    ({"unique": ["id"]}, "unique.0", "must be a list"),
    ({"k_anonymity": {"k": 3}}, "k_anonymity.columns", "is required"),
    ({"k_anonymity": {"columns": ["id"], "k": 1}}, "k_anonymity.k", "at least 2"),
    ({"severity": {"min_rows": "info"}}, "severity.min_rows", "must be one of 'warn', 'block'"),
    ({"severity": {"rows": "warn"}}, "severity.rows", "unknown; allowed: missing_columns"),
    ({"new_columns": "ignore"}, "new_columns", "must be one of 'hold', 'leave-out'"),
    ({"max_age": "soon"}, "max_age", "write it as 2h, 3d or PT90M"),
    ({"within": 5}, "within", "must be 'korea', 'anywhere', a region's code"),
    ({"within": "Seoul"}, "within", "must be 'korea', 'anywhere', a region's code"),
    ({"within": {"west": 126, "south": 37}}, "within", "a box of west, south, east and north"),
    ({"swapped": "fix"}, "swapped", "must be one of 'refuse', 'mend'"),
]


@pytest.mark.parametrize(("expectations", "where", "words"), REFUSED, ids=[str(line[0]) for line in REFUSED])
def test_an_expectation_that_cannot_be_is_refused_when_the_source_is_saved(places_file, expectations, where, words):
    with pytest.raises(BadSetup) as refused:
        places_source(places_file, **expectations)
    assert refused.value.values["where"] == f"expectations.{where}"
    assert words in refused.value.values["problem"].en
    assert refused.value.values["problem"].ko
    assert not Source.objects.exists()


def test_expectations_of_columns_that_have_gone_end_the_run_with_a_sentence(places_file):
    source = places_source(places_file, ranges={"x": {"minimum": 0}})
    make_dataset(schema=LOTS)
    run = pull(source)
    assert (run.state, run.error_code) == (State.FAILED, "bad-setup")
    assert "expectations.ranges: 'x' is no column that can be used here; these can: spaces" in run.error_en


# Where records may lie


def square(west: float, south: float) -> str:
    ring = [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


@pytest.fixture
def boundaries(settings) -> None:
    settings.BOUNDARIES = "boundaries"
    shapes = {"11110": square(126, 37), "41131": square(127, 37), "41133": square(128, 37), "50110": square(126, 33)}
    rows = [{"code": code, "name": code, "shape": shape} for code, shape in shapes.items()]
    publish_rows(make_dataset("boundaries", schema=BOUNDARIES), rows)


WITHIN = [
    ("11110", ["a"]),
    ("1111000000", ["a"]),
    ("41130", ["b", "c"]),  # a city of which only the wards are known
    ("41131", ["b"]),
    ("4113156000", ["b"]),  # a village of the ward
    ("41", ["b", "c"]),
    ("4100000000", ["b", "c"]),
    ("5000000000", ["d"]),
    ("korea", ["a", "b", "c", "d"]),
    ("anywhere", ["a", "b", "c", "d", "e"]),
    ({"west": 126, "south": 30, "east": 127.2, "north": 40}, ["a", "d"]),
]


@pytest.mark.parametrize(("within", "kept"), WITHIN, ids=[str(within) for within, _ in WITHIN])
def test_records_lie_within_the_municipality_that_is_named(places_file, boundaries, within, kept):
    rows = [("a", 126.5, 37.5), ("b", 127.5, 37.5), ("c", 128.5, 37.5), ("d", 126.5, 33.5), ("e", 2, 48)]
    write_lots(places_file, [(*row, NOW) for row in rows], HEADER)
    source = places_source(places_file, within=within, max_rejected_share=1.0)
    run = pull(source)
    assert run.state == State.PUBLISHED
    assert [record["id"] for record in records(source)] == kept
    code = "outside-area" if within == "korea" else "outside-region"
    assert {issue.code for issue in run.issues.all()} <= {code}


NEIGHBOURS = [
    ("11200", ["a"]),  # 11215 and 11230 are other districts
    ("1120000000", ["a"]),
    ("11215", ["b"]),
    ("43740", ["d"]),  # 43745 was taken out of it
    ("41110", ["e"]),  # a city of which only the wards are known
    ("41000", ["e"]),
    ("11", ["a", "b", "c"]),
]


@pytest.mark.parametrize(("within", "kept"), NEIGHBOURS, ids=[within for within, _ in NEIGHBOURS])
def test_a_municipality_whose_code_ends_in_zeros_does_not_take_its_neighbours_in(places_file, settings, within, kept):
    settings.BOUNDARIES = "boundaries"
    codes = ("11200", "11215", "11230", "43740", "41111", "43745")
    rows = [{"code": code, "name": code, "shape": square(126 + place, 37)} for place, code in enumerate(codes)]
    publish_rows(make_dataset("boundaries", schema=BOUNDARIES), rows)
    places = [(name, 126.5 + place, 37.5, NOW) for place, name in enumerate("abcdef")]
    write_lots(places_file, places, HEADER)
    source = places_source(places_file, within=within, max_rejected_share=1.0)
    assert pull(source).state == State.PUBLISHED
    assert [record["id"] for record in records(source)] == kept


@pytest.mark.parametrize(
    ("within", "words"), [("99999", "no region with the code '99999'"), ("11110", "no dataset of boundaries is set")]
)
def test_a_region_that_nobody_knows_ends_the_run_with_a_sentence(places_file, request, within, words):
    if within == "99999":
        request.getfixturevalue("boundaries")
    run = pull(places_source(places_file, within=within))
    assert (run.state, run.error_code) == (State.FAILED, "bad-setup")
    assert words in run.error_en


def test_swapped_places_are_put_right_and_strays_emptied_and_both_are_told(places_file):
    rows = [("a", 126.5, 37.5, NOW), ("b", 37.5, 126.5, NOW), ("c", 0, 0, NOW)]
    write_lots(places_file, rows, HEADER)
    source = places_source(places_file, swapped="mend", outside="empty")
    run = pull(source)
    assert (run.state, run.accepted, run.rejected) == (State.PUBLISHED, 3, 0)
    assert [(record["x"], record["y"]) for record in records(source)] == [(126.5, 37.5), (126.5, 37.5), (None, None)]
    told = {issue.code: (issue.severity, issue.count) for issue in run.issues.all()}
    assert told == {"swapped-mended": ("warning", 1), "outside-emptied": ("warning", 1)}
    assert len(source.distribution.current_snapshot.findings) == 2


# Held, warned, and served on


def test_a_steward_may_let_a_check_warn_only(places_file):
    source = places_source(places_file, min_rows=5, severity={"min_rows": "warn"})
    run = pull(source)
    assert run.state == State.PUBLISHED
    assert [(issue.code, issue.severity) for issue in run.issues.all()] == [("too-few-rows", "warning")]


def test_groups_that_are_too_small_are_never_published(places_file):
    source = places_source(places_file, k_anonymity={"columns": ["id"], "k": 2})
    run = pull(source)
    assert (run.state, published(source)) == (State.HELD, None)
    assert [issue.code for issue in run.issues.all()] == ["small-group"]


def test_how_old_data_is_counts_from_when_the_platform_answered(places_file):
    at = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
    write_lots(places_file, [("a", 126.5, 37.5, at.isoformat())], HEADER)
    source = places_source(places_file, max_age="1h", severity={"max_age": "block"})
    run = pull(source)
    assert run.state == State.PUBLISHED
    later = dt.timedelta(days=2)
    write_lots(places_file, [("a", 126.5, 37.5, (at - later).isoformat())], HEADER)
    assert pull(source).error_en.startswith("at: the newest value is of")
    Run.objects.filter(pk=run.pk).update(started_at=run.started_at - later)  # as if it had been pulled then
    run.refresh_from_db()
    again = replay_run(run)
    pull_run(again.pk)
    again.refresh_from_db()
    assert again.state == State.UNCHANGED


def test_far_more_records_than_last_time_are_held(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    path = write_lots(tmp_path / "lots.csv", lots(1, 2))
    source = make_source(path, expectations={"max_share": 2})
    pull(source)
    write_lots(path, lots(1, 2, 3, 4, 5))
    run = pull(source)
    assert (run.state, run.error_ko) == (
        State.HELD,
        "레코드가 지난번 2개에서 5개로 늘었습니다. 최대 비율은 200%입니다.",
    )
