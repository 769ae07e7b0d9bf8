"""The page that says why a dataset has its points."""

import re
from typing import Any

import pytest
from builders import make_dataset, publish_rows
from django.test import Client
from django.utils import timezone
from portal_reading import link, read_page, words

from catalog.models import Dataset
from catalog.quality import record_answer, save_assessments
from catalog.standard.links import Answer
from catalog.standard.metrics import METRICS

pytestmark = pytest.mark.django_db

FILE: dict[str, Any] = {
    "title": {"ko": "대기질 파일"},
    "access_url": "https://files.hanbit.example/air",
    "download_url": "https://files.hanbit.example/air.csv",
    "format": "CSV",
    "media_type": "text/csv",
    "rights": {"ko": "출처를 밝히고 쓸 수 있음"},
    "byte_size": 1200,
    "issued": "2026-01-02",
    "modified": "2026-03-04",
}
FULL: dict[str, Any] = {
    "licence": "cc-by-4.0",
    "keywords": {"ko": ["대기"]},
    "region": "44",
    "temporal": {"start": "2018-01-01"},
    "contact_point": {"name": {"ko": "환경과"}},
    "frequency": "daily",
    "distributions": [FILE],
}


def make_complete() -> Dataset:
    dataset = make_dataset("air", **FULL)
    for url in (FILE["access_url"], FILE["download_url"]):
        record_answer(url, Answer(200), timezone.now())
    return dataset


def page_of(client: Client, language: str = "ko") -> Any:
    return read_page(client, f"/dataset/air/quality?lang={language}")


def test_a_complete_record_scores_405_of_405_and_its_page_says_why(client: Client) -> None:
    make_complete()
    page = page_of(client)
    assert words(page, "//p[contains(@class, 'points')]") == ["405 / 405점 우수"]
    assert words(page, "//section[@id='why']/h2") == ["잃은 점수가 없습니다"]
    rows = words(page, "//section[@id='metrics']//tbody/tr")
    assert len(rows) == len(METRICS)
    for metric, row in zip(METRICS, rows, strict=True):
        assert row.startswith(metric.label.ko)
        assert f"{metric.points}/{metric.points}" in row
    [answered] = [row for row in rows if row.startswith("다운로드 주소 응답")]
    assert re.search(r"응답함 \(상태 200, \d{4}-\d\d-\d\d \d\d:\d\d 확인\)", answered)
    assert words(page, "//section[@id='measured']//h2") == ["점수와 따로 잰 것"]


def test_lost_points_come_first_with_the_field_to_fill(client: Client) -> None:
    make_dataset("air", **{name: value for name, value in FULL.items() if name != "keywords"} | {"licence": "kogl-1"})
    losses = words(page_of(client), "//ul[contains(@class, 'lost')]/li")
    assert [loss.split()[0] for loss in losses] == ["−50", "−30", "−30", "−10"]
    assert any("키워드" in loss and "찾을 때 쓰는 낱말을 키워드에 적어 주십시오" in loss for loss in losses)
    assert "공공누리 제1유형" in losses[-1]
    assert "뜻이 가까운 'CC BY 4.0 (저작자표시)'" in losses[-1]


def test_the_page_speaks_english(client: Client) -> None:
    make_complete()
    page = page_of(client, "en")
    assert words(page, "//p[contains(@class, 'points')]") == ["405 of 405 points Excellent"]
    for foreign in page.xpath("//main//*[@lang='ko']"):
        foreign.drop_tree()
    text = " ".join(words(page, "//main"))
    assert re.findall(r".{30}[가-힣]+.{30}", text) == []


def test_measures_and_rules_are_told(client: Client) -> None:
    publish_rows(make_dataset("air", **FULL | {"distributions": []}))
    page = page_of(client)
    measures = words(page, "//section[@id='measured']//tbody/tr")
    assert any(row.startswith("유효성 형식과 범위에 맞는 값") and "100%" in row for row in measures)
    assert any("명확성" in row and "station_id.description" in row for row in measures)
    assert "규칙" in words(page, "//section[@id='conformance']")[0]
    assert words(page, "//section[@id='conformance']//details/summary")


def test_the_page_of_the_dataset_leads_here(client: Client) -> None:
    make_complete()
    assert link(read_page(client, "/dataset/air?lang=ko"), "보기") == "/dataset/air/quality"
    list(save_assessments(Dataset.objects.all(), "http://testserver"))
    assert link(read_page(client, "/dataset/air?lang=ko"), "405") == "/dataset/air/quality"


def test_its_proofs_lead_somewhere(client: Client) -> None:
    publish_rows(make_complete())
    page = page_of(client)
    inside = {a.get("href").partition("#")[0] for a in page.xpath("//ul[@class='proofs']//a")}
    own = {path for path in inside if path.startswith("/") and not path.startswith("/standard/")}
    assert own == {"/dataset/air"}
    anchors = {
        a.get("href").partition("#")[2] for a in page.xpath("//ul[@class='proofs']//a[starts-with(@href, '/dataset')]")
    }
    shown = read_page(client, "/dataset/air")
    assert all(shown.xpath(f"//*[@id='{anchor}']") for anchor in anchors)


def test_what_nobody_may_see_has_no_page(client: Client) -> None:
    make_dataset("air", **FULL | {"access_level": "non-public", "access_reason": {"ko": "사유"}})
    assert client.get("/dataset/air/quality").status_code == 404
