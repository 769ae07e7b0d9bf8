"""What is measured beside the points: freshness, refused records, places, the dictionary."""

import datetime as dt
from typing import Any

import pytest

from catalog.records.reasons import REASONS
from catalog.standard.evidence import Evidence, Finding, Publication, Source
from catalog.standard.measures import MEASURES, Measured, measure_all, read_duration, tell_time
from catalog.text import Text

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
SCHEMA = {
    "fields": [
        {"name": "id", "type": "integer", "titles": {"ko": "번호"}, "descriptions": {"ko": "시설 번호"}},
        {"name": "pm10", "type": "number", "titles": {"ko": "미세먼지"}, "unit": "ug/m3"},
        {"name": "grade", "type": "integer", "constraints": {"enum": [1, 2]}},
        {"name": "depth", "type": "number", "title": "깊이", "description": "물의 깊이"},
        {"name": "lat", "type": "number", "title": "위도", "description": "위도"},
        {"name": "lon", "type": "number", "title": "경도", "description": "경도"},
    ],
    "primaryKey": ["id"],
    "geometry": {"longitude": "lon", "latitude": "lat", "crs": "EPSG:4326"},
}


def measured(identifier: str, description: dict[str, Any], **evidence: Any) -> Measured:
    found = measure_all(description, Evidence(now=NOW, **evidence))
    return next(one for one in found if one.measure.identifier == identifier)


def published(*hours_ago: float, confirmed: float | None = None) -> tuple[Publication, ...]:
    """Return publications so many hours ago, newest first; ``confirmed``: when the newest was last seen to be the newest."""
    moments = [NOW - dt.timedelta(hours=hours) for hours in hours_ago]
    seen = [NOW - dt.timedelta(hours=confirmed) if confirmed is not None else moments[0], *moments[1:]]
    return tuple(Publication(f"digest-{n}", at, seen[n]) for n, at in enumerate(moments))


@pytest.mark.parametrize(
    ("description", "publications", "share"),
    [
        ({"frequency": "daily"}, published(5, 29, 53), 1.0),
        ({"frequency": "daily"}, published(5, 31, 55), 1.0),  # two hours later than yesterday is not late
        ({"frequency": "daily"}, published(48, 72, 96), 2 / 3),
        ({"frequency": "daily"}, published(48, 72, 96, confirmed=3), 1.0),  # asked, and there was nothing new
        ({"frequency": "daily"}, published(5, 60), 1 / 2),
        ({"frequency": "daily", "promised_delay": "P2D"}, published(48, 72, 96), 1.0),
        ({"collection_interval": "PT1H"}, published(0.5, 1.5, 3.5, 4.5), 3 / 4),
        ({"frequency": "daily", "collection_interval": "PT1H"}, published(5), 0.0),
        ({"frequency": "monthly"}, published(24 * 20), 1.0),
        ({"frequency": "daily"}, (), None),
        ({"frequency": "irregular"}, published(5), None),
        ({}, published(5), None),
    ],
)
def test_updates_are_compared_with_what_was_promised(
    description: dict[str, Any], publications: tuple[Publication, ...], share: float | None
) -> None:
    found = measured("freshness", description, publications=publications)
    assert found.share == share if share is None else found.share == pytest.approx(share)
    assert bool(found.mend) == (
        (share is None and "daily" not in description.values()) or (share or 1) < 1 or share == 0
    )


def test_freshness_says_what_was_promised_and_what_came() -> None:
    found = measured("freshness", {"frequency": "daily"}, publications=published(48, 72, 96))
    assert "약속은 1일마다" in found.text.ko
    assert "2일 지났습니다" in found.text.ko
    assert "최근 3번 가운데 2번" in found.text.ko
    assert [(one.source, one.target) for one in found.references] == [
        (Source.FIELD, "frequency"),
        (Source.SNAPSHOT, "digest-0"),
    ]


def test_refused_records_are_counted_by_the_reasons_of_the_korean_assessment() -> None:
    evidence = {
        "publications": published(1),
        "records": 90,
        "refused": 10,
        "table_schema": SCHEMA,
        "findings": (
            Finding("not-number", "pm10", 4),
            Finding("missing-value", "id", 3),
            Finding("duplicate-key", "id", 1),
            Finding("outside-area", "lon", 2),
            Finding("far-fewer-rows", "", 1),
        ),
    }
    shares = {one.measure.identifier: one.share for one in measure_all({}, Evidence(now=NOW, **evidence))}
    assert shares["accepted"] == pytest.approx(0.90)
    assert shares["validity"] == pytest.approx(0.96)
    assert shares["completeness"] == pytest.approx(0.97)
    assert shares["consistency"] == pytest.approx(0.99)
    assert shares["coordinates"] == pytest.approx(0.98)
    found = measured("coordinates", {}, **evidence)
    assert "lon outside-area 2" in found.text.ko
    assert (Source.FINDING, "outside-area:lon") in [(one.source, one.target) for one in found.references]
    assert found.mend


def test_records_without_places_have_no_coordinates_to_measure() -> None:
    found = measured("coordinates", {}, publications=published(1), records=5, table_schema={"fields": []})
    assert found.share is None
    assert "좌표가 없는" in found.text.ko


def test_records_elsewhere_are_not_measured() -> None:
    found = {one.measure.identifier: one for one in measure_all({}, Evidence(now=NOW))}
    assert [name for name, one in found.items() if one.share is not None] == []
    assert all(one.text.ko and one.text.en for one in found.values())


def test_the_dictionary_is_measured_by_what_it_should_tell() -> None:
    """Codes, keys and coordinates need no unit; every other number does."""
    found = measured("dictionary", {}, table_schema=SCHEMA)
    # 6 columns × (title, description, type) + units of pm10 and depth = 20; missing: pm10 and grade 3, unit of depth 1
    assert found.share == pytest.approx(16 / 20)
    for place in ("pm10.description", "grade.title", "grade.description", "depth.unit"):
        assert place in found.mend.ko


def test_the_dictionary_of_records_elsewhere_is_in_the_description() -> None:
    column = {"name": "a", "type": "number", "title": {"ko": "가"}, "description": {"ko": "나"}}
    assert measured("dictionary", {"columns": [column]}).share == pytest.approx(3 / 4)
    assert measured("dictionary", {"columns": [column | {"unit": "m"}]}).share == 1
    assert measured("dictionary", {"columns": [column | {"is_key": True}]}).share == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT5M", 300), ("P1D", 86400), ("P1DT12H", 129600), ("P2W", 1209600), ("PT0.5S", 0.5), ("5M", None), ("", None)],
)
def test_durations_are_read(text: str, seconds: float | None) -> None:
    read = read_duration(text)
    assert read is None if seconds is None else read is not None and read.total_seconds() == seconds


@pytest.mark.parametrize(
    ("seconds", "korean", "english"),
    [
        (0, "0초", "0 seconds"),
        (60, "1분", "1 minute"),
        (5400, "1.5시간", "1.5 hours"),
        (86400 * 14, "14일", "14 days"),
        (86400 * 365.25, "1년", "1 year"),
    ],
)
def test_lengths_of_time_are_told(seconds: float, korean: str, english: str) -> None:
    assert tell_time(dt.timedelta(seconds=seconds)) == Text(ko=korean, en=english)


def test_every_reason_of_refusal_belongs_to_one_word_of_the_assessment() -> None:
    """Each reason, found once in a thousand records, is told by exactly one measure."""
    for code in REASONS:
        evidence = Evidence(
            now=NOW,
            publications=published(1),
            records=999,
            table_schema=SCHEMA,
            findings=(Finding(code, "id", 1),),
        )
        lower = [one for one in measure_all({}, evidence) if one.share not in (None, 1.0)]
        assert [one.measure.word.ko in WORDS for one in lower if one.measure.identifier != "dictionary"] == [True], code


WORDS = ("정합성", "완전성", "일관성", "유효성", "명확성")


def test_the_five_words_of_the_assessment_are_all_there() -> None:
    assert {measure.word.ko for measure in MEASURES} == {*WORDS, ""}
