"""The 405 points: who earns them, who loses them, and what is said about it."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from descriptions import complete
from rdflib import RDF, Graph, Namespace

from catalog.standard import Kind, fields_of
from catalog.standard.evidence import Evidence, Source
from catalog.standard.links import Answer, Link, LinkState, judge
from catalog.standard.metrics import DIMENSIONS, MAXIMUM, METRICS, PIVEAU, is_listed
from catalog.standard.place_names import name_place
from catalog.standard.profile import Class
from catalog.standard.quality import band_of, score
from catalog.standard.vocabularies import vocabulary
from catalog.text import Text

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
ADDRESSES = {"access_url": "https://hanbit.example/parking", "download_url": "https://hanbit.example/parking.csv"}
FILE: Mapping[str, Any] = {
    **ADDRESSES,
    "format": "CSV",
    "media_type": "text/csv",
    "rights": {"ko": "출처를 밝히고 쓸 수 있음"},
    "byte_size": 1200,
    "issued": "2026-01-02",
    "modified": "2026-03-04",
}
PARKING: Mapping[str, Any] = {
    "title": {"ko": "공영주차장"},
    "description": {"ko": "위치와 요금"},
    "organisation": "hanbit-city",
    "contact_point": {"name": {"ko": "교통과"}},
    "theme": "transport",
    "keywords": {"ko": ["주차"]},
    "licence": "cc-by-4.0",
    "region": "44",
    "temporal": {"start": "2018-01-01"},
    "access_level": "public",
    "distributions": [FILE],
}
ALL_ANSWER = Evidence(now=NOW, own=frozenset(ADDRESSES.values()))


def parking(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**PARKING, **changes}.items() if value is not None}


def parking_file(**changes: Any) -> dict[str, Any]:
    part = {name: value for name, value in {**FILE, **changes}.items() if value is not None}
    return parking(distributions=[part])


def test_the_metrics_are_worth_405_points() -> None:
    assert MAXIMUM == 405
    by_dimension = {name: sum(m.points for m in METRICS if m.dimension == name) for name in DIMENSIONS}
    assert list(by_dimension.values()) == [100, 100, 110, 75, 20]


def test_a_complete_record_scores_all_of_them() -> None:
    quality = score(PARKING, ALL_ANSWER)
    assert (quality.points, quality.maximum, quality.band.code, quality.lost) == (405, 405, "excellent", ())


@pytest.mark.parametrize("licence", ["cc-by-4.0", "cc0-1.0"])
def test_a_description_with_every_field_of_the_profile_scores_all_of_them(licence: str) -> None:
    description = complete() | {"licence": licence}
    for part in description["distributions"]:
        part |= {"format": "CSV", "licence": licence}
    own = frozenset(url for part in description["distributions"] for url in (part["access_url"], part["download_url"]))
    assert score(description, Evidence(now=NOW, own=own)).points == 405


LOSSES = [
    (parking(keywords=None), {"keywordAvailability": 30}),
    (parking(theme=None), {"categoryAvailability": 30}),
    (parking(theme=None, eu_themes=["TRAN"]), {}),
    (parking(region=None), {"spatialAvailability": 20}),
    (parking(region=None, bbox=[126.0, 36.0, 127.0, 37.0]), {}),
    (parking(region=None, places=["https://sws.geonames.org/1/"]), {}),
    (parking(temporal=None), {"temporalAvailability": 20}),
    (parking(contact_point=None), {"contactPointAvailability": 20}),
    (parking(organisation=None), {"publisherAvailability": 10}),
    (parking(access_level=None), {"accessRightsAvailability": 10, "accessRightsVocabularyAlignment": 5}),
    (parking(title=None), {"dcatApCompliance": 30}),
    (parking(licence="kogl-1"), {"knownLicence": 10}),
    (parking(licence="unknown"), {"licenceAvailability": 20, "knownLicence": 10}),
    (parking_file(licence="kogl-2"), {"knownLicence": 10}),
    (parking_file(access_url=None), {"accessUrlStatusCode": 50, "dcatApCompliance": 30}),
    (parking_file(access_url="https://elsewhere.example/"), {"accessUrlStatusCode": 50}),
    (parking_file(download_url=None), {"downloadUrlAvailability": 20, "downloadUrlStatusCode": 30}),
    (parking_file(download_url="https://elsewhere.example/"), {"downloadUrlStatusCode": 30}),
    (parking_file(format=None), {"formatAvailability": 20, "formatVocabularyAlignment": 5}),
    (parking_file(media_type=None), {"mediaTypeAvailability": 10, "mediaTypeVocabularyAlignment": 5}),
    (parking_file(format=None, media_type=None),
     {"formatAvailability": 20, "mediaTypeAvailability": 10, "formatVocabularyAlignment": 5,
      "mediaTypeVocabularyAlignment": 5, "formatMediaTypeNonProprietary": 20, "formatMediaTypeMachineInterpretable": 20}),
    (parking_file(format="PDF", media_type="application/pdf"),
     {"formatMediaTypeNonProprietary": 20, "formatMediaTypeMachineInterpretable": 20}),
    (parking_file(format="XLSX", media_type=None),
     {"mediaTypeAvailability": 10, "mediaTypeVocabularyAlignment": 5, "formatMediaTypeNonProprietary": 20}),
    (parking_file(format="PARQUET", media_type="application/vnd.apache.parquet"),
     {"formatVocabularyAlignment": 5, "formatMediaTypeNonProprietary": 20, "formatMediaTypeMachineInterpretable": 20}),
    (parking_file(media_type="text/x-table"), {"mediaTypeVocabularyAlignment": 5}),
    (parking_file(rights=None), {"rightsAvailability": 5}),
    (parking_file(byte_size=None), {"byteSizeAvailability": 5}),
    (parking_file(byte_size=0), {}),
    (parking_file(issued=None, modified=None), {"dateIssuedAvailability": 5, "dateModifiedAvailability": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("description", "lost"), LOSSES)
def test_each_point_is_lost_for_what_is_missing(description: Mapping[str, Any], lost: Mapping[str, int]) -> None:
    quality = score(description, ALL_ANSWER)
    assert {one.metric.identifier: one.lost for one in quality.lost} == lost
    assert quality.points == 405 - sum(lost.values())


def test_every_metric_is_lost_by_some_description() -> None:
    assert {name for _, lost in LOSSES for name in lost} == {metric.identifier for metric in METRICS}


def test_nothing_at_all_scores_nothing() -> None:
    quality = score({}, Evidence(now=NOW))
    assert (quality.points, quality.band.code, quality.distribution) == (0, "bad", None)
    assert len(quality.lost) == len(METRICS)


def test_every_loss_says_how_to_mend_it_and_names_a_field_of_the_standard() -> None:
    for one in score({}, Evidence(now=NOW)).lost:
        assert one.mend.ko
        assert one.mend.en
        assert one.text.ko
        assert one.references
        assert name_place(one.field).ko != one.field


def test_the_best_distribution_counts() -> None:
    worse = {name: value for name, value in FILE.items() if name not in ("format", "download_url")}
    quality = score(parking(distributions=[worse, FILE, FILE]), ALL_ANSWER)
    assert (quality.points, quality.distribution) == (405, 1)
    quality = score(parking(distributions=[worse, {"access_url": ADDRESSES["access_url"]}]), ALL_ANSWER)
    assert quality.distribution == 0
    assert {one.field for one in quality.lost} >= {"distributions.0.format", "distributions.0.download_url"}


def test_what_a_reader_had_to_assume_earns_nothing() -> None:
    evidence = Evidence(now=NOW, own=frozenset(ADDRESSES.values()), assumed=frozenset({"access_level", "theme"}))
    assert score(PARKING, evidence).points == 405 - 30 - 15


@pytest.mark.parametrize(("verdict", "points"), [(True, 405), (False, 375), (None, 405)])
def test_a_validator_may_say_whether_it_is_dcat_ap(verdict: bool | None, points: int) -> None:
    evidence = Evidence(now=NOW, own=frozenset(ADDRESSES.values()), shacl_conforms=verdict)
    assert score(PARKING, evidence).points == points


def test_a_korean_licence_is_told_plainly_why_ten_points_are_missing() -> None:
    [lost] = score(parking(licence="kogl-1"), ALL_ANSWER).lost
    assert "공공누리 제1유형" in lost.text.ko
    assert "유럽연합의 이용허락 목록에 없습니다" in lost.text.ko
    assert "CC BY 4.0" in lost.mend.ko
    assert "자료의 질이 낮은 것은 아닙니다" in lost.mend.ko


@pytest.mark.parametrize(
    ("licence", "near"), [("kogl-0", "CC0"), ("kogl-4", "CC BY-NC-ND"), ("unrestricted", "CC0"), ("other-open", "")]
)
def test_the_nearest_licence_of_the_eu_is_named(licence: str, near: str) -> None:
    [lost] = score(parking(licence=licence), ALL_ANSWER).lost
    assert near in lost.mend.ko
    assert ("뜻이 가까운" in lost.mend.ko) is bool(near)


@pytest.mark.parametrize(
    ("points", "band"),
    [(0, "bad"), (120, "bad"), (121, "sufficient"), (220, "sufficient"), (221, "good"), (350, "good"),
     (351, "excellent"), (405, "excellent")],
)  # fmt: skip
def test_points_lie_in_a_band(points: int, band: str) -> None:
    assert band_of(points).code == band


def test_the_bands_end_where_the_points_end() -> None:
    bands = list(vocabulary("quality_band").values())
    assert max(int(band.mappings["max"]) for band in bands) == MAXIMUM


@pytest.mark.parametrize(
    ("tries", "state", "counts"),
    [
        ([200], "answers", True),
        ([404], "failing", False),
        ([404, 404, 404], "broken", False),
        ([200, 404], "failing", True),
        ([200, 500, None], "failing", True),
        ([200, None, None, None], "broken", False),
        ([200, "late"], "timed-out", True),
        ([200, "late", "late", "late"], "broken", False),
        ([403], "blocked", False),
        ([200, 403, 403, 403, 429], "blocked", True),
        ([404, 404, 403, 404, 404], "failing", False),
        ([404, 404, 404, 200], "answers", True),
        (["moved"], "moved", True),
        ([200, 404, 404, 200, 404], "failing", True),
    ],
)
def test_three_failures_in_a_row_break_a_link(tries: list[Any], state: str, counts: bool) -> None:
    link = None
    for number, one in enumerate(tries):
        answer = {"late": Answer(None, is_late=True), "moved": Answer(200, "https://b.example/")}.get(one)
        link = judge("https://a.example/", link, answer or Answer(one), NOW + dt.timedelta(days=number))
    assert link is not None
    assert (link.state.value, link.counts) == (state, counts)


def test_a_failing_link_remembers_since_when() -> None:
    link = judge("https://a.example/", None, Answer(404), NOW)
    link = judge("https://a.example/", link, Answer(500), NOW + dt.timedelta(days=1))
    assert (link.first_failed_at, link.failures, link.status) == (NOW, 2, 500)


@pytest.mark.parametrize(
    ("state", "status", "korean"),
    [
        (LinkState.BLOCKED, 403, "프로그램의 접근을 막음 (상태 403"),
        (LinkState.BROKEN, 404, "끊김"),
        (LinkState.TIMED_OUT, None, "제때 응답하지 않음 (상태 –"),
    ],
)
def test_what_a_try_of_an_address_found_is_told(state: LinkState, status: int | None, korean: str) -> None:
    link = Link(ADDRESSES["access_url"], state, status, NOW)
    quality = score(PARKING, Evidence(now=NOW, own=frozenset({ADDRESSES["download_url"]}), links={link.url: link}))
    [lost] = quality.lost
    assert lost.metric.identifier == "accessUrlStatusCode"
    assert korean in lost.text.ko
    assert [(one.source, one.target) for one in lost.references] == [(Source.LINK, link.url)]


def test_an_address_that_was_never_tried_waits() -> None:
    lost = score(PARKING, Evidence(now=NOW)).lost
    assert {one.metric.identifier for one in lost} == {"accessUrlStatusCode", "downloadUrlStatusCode"}
    assert all("아직 확인하지 않은" in one.text.ko and "하루에 한 번" in one.mend.ko for one in lost)


@pytest.mark.parametrize(
    ("place", "korean", "english"),
    [
        ("keywords", "키워드", "Keywords"),
        ("distributions.0.format", "배포 1번 › 파일 형식", "Distributions no. 1 › Format"),
        ("contact_point.email", "담당 부서 › 전자우편", "Contact point › E-mail"),
        ("columns.2", "열 설명 3번", "Column dictionary no. 3"),
        ("pm10.unit", "pm10.unit", "pm10.unit"),
    ],
)
def test_a_place_has_a_name(place: str, korean: str, english: str) -> None:
    assert name_place(place) == Text(ko=korean, en=english)


def test_a_metric_asks_for_a_field_of_its_class() -> None:
    for metric in METRICS:
        class_ = Class.DATASET if metric.scope == "dataset" or metric.field == "licence" else Class.DISTRIBUTION
        assert fields_of(class_)[metric.field].kind in Kind


def test_the_metrics_are_those_of_the_eu() -> None:
    """Dimension and name of each row stand in piveau's own vocabulary."""
    path = Path(__file__).parents[4] / "shared" / "conformance" / "mqa" / "edp-dqv-vocabulary.ttl"
    if not path.exists():
        pytest.skip("the conformance material is not beside this repository")
    dqv = Namespace("http://www.w3.org/ns/dqv#")
    graph = Graph().parse(path)
    known = {str(metric): graph.value(metric, dqv.inDimension) for metric in graph.subjects(RDF.type, dqv.Metric)}
    for metric in METRICS:
        dimension = str(known[metric.uri]).removeprefix(PIVEAU).replace("reusablity", "reusability")  # sic
        assert dimension == metric.dimension
    unscored = {f"{PIVEAU}{name}" for name in ("formatMatch", "syntaxValid", "atLeastFourStars", "score")}
    assert set(known) - {metric.uri for metric in METRICS} == unscored


@pytest.mark.parametrize(
    ("flag", "table"),
    [("machine_readable", "edp-machine-readable-format.rdf"), ("non_proprietary", "edp-non-proprietary-format.rdf")],
)
def test_the_formats_are_those_of_the_eu(flag: str, table: str) -> None:
    path = Path(__file__).parents[4] / "shared" / "conformance" / "mqa" / table
    if not path.exists():
        pytest.skip("the conformance material is not beside this repository")
    listed = {str(subject).rpartition("/")[2] for subject in Graph().parse(path).subjects()}
    ours = {
        code
        for code, concept in vocabulary("file_type").items()
        if is_listed(concept) and concept.mappings[flag] == "true"
    }
    assert ours - listed == set(), "we give points for what the EU does not list"
    assert listed - ours == set(), "the EU gives points for what we do not list"
