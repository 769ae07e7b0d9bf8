"""Regions: which codes are known, what they are called, and what came after them."""

import datetime as dt
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from catalog.standard.regions import (
    current_code,
    is_region,
    name_path,
    regions,
    successors,
)
from catalog.standard.romanise import romanise_place
from catalog.standard.tables import SHIPPED, read_csv, use_folder
from catalog.standard.vocabularies import label_of, vocabulary

KIK = Path(__file__).parents[4] / "shared" / "data" / "korea" / "kik_admin_dong_20230501.xlsx"
SUMMER_2026 = dt.date(2026, 8, 1)


@pytest.fixture(autouse=True)
def shipped_table() -> Iterator[None]:
    use_folder(None)
    yield
    use_folder(None)


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("00", True),
        ("11", True),
        ("45", True),  # ended, but data of its time keeps it
        ("12", True),
        ("41370", True),
        ("4137010100", True),  # no table of that level is loaded: its district is known
        ("41370101", True),
        ("4100000000", True),  # all ten digits of a province
        ("4137000000", True),
        ("4199900000", False),
        ("41999", False),
        ("4199910100", False),
        ("411", False),
        ("99", False),
        ("9911000000", False),
        ("", False),
        ("１１", False),
        ("경기", False),
    ],
)
def test_a_region_code_is_known_or_inside_a_known_one(code: str, is_one: bool) -> None:
    assert is_region(code) is is_one


@pytest.mark.parametrize(
    ("code", "ko", "en"),
    [
        ("41", "경기도", "Gyeonggi-do"),
        ("41370", "경기도 오산시", "Osan-si, Gyeonggi-do"),
        ("41111", "경기도 수원시 장안구", "Jangan-gu, Suwon-si, Gyeonggi-do"),
        ("4111110100", "경기도 수원시 장안구", "Jangan-gu, Suwon-si, Gyeonggi-do"),
        ("36110", "세종특별자치시", "Sejong"),
        ("44990", "충청남도", "Chungcheongnam-do"),
        ("99", "99", "99"),
    ],
)
def test_a_region_is_labelled_by_the_way_down_to_it(code: str, ko: str, en: str) -> None:
    label = label_of("region", code)
    assert (label.ko, label.en) == (ko, en)


def test_names_lead_down_to_a_region() -> None:
    assert [name.ko for name in name_path("4812510100")] == ["경상남도", "창원시", "마산합포구"]
    assert name_path("99") == ()


@pytest.mark.parametrize(
    ("code", "day", "later"),
    [
        ("42", "2023-06-10", ("42",)),
        ("42", "2023-06-11", ("51",)),
        ("42110", "2024-01-01", ("51110",)),
        ("45111", "2024-01-18", ("52111",)),
        ("4511310100", "2024-01-18", ("52113",)),
        ("47720", "2023-07-01", ("27720",)),
        ("48160", "2010-07-01", ("48120",)),
        ("43710", "2014-07-01", ("43110",)),
        ("44730", "2012-07-01", ("36110",)),
        ("28170", "2018-07-01", ("28177",)),
        ("41730", "2013-09-23", ("41670",)),
        ("44830", "2012-01-01", ("44270",)),
        ("28110", "2026-07-01", ("28125", "28155")),
        ("28140", "2026-07-01", ("28125",)),
        ("29", "2026-06-30", ("29",)),
        ("29", "2026-07-01", ("12",)),
        ("46", "2026-07-01", ("12",)),
        ("29155", "2026-07-01", ("12270",)),
        ("46910", "2026-07-01", ("12870",)),
        ("51", "2020-01-01", ()),  # not yet
        ("99", "2020-01-01", ()),
    ],
)
def test_what_a_code_became(code: str, day: str, later: tuple[str, ...]) -> None:
    on = dt.date.fromisoformat(day)
    assert successors(code, on) == later
    assert current_code(code, on) == (later[0] if len(later) == 1 else None)


@pytest.mark.parametrize(
    ("day", "provinces", "districts"),
    [("2025-01-01", 17, 264), ("2026-06-30", 17, 268), ("2026-08-01", 16, 269)],
)
def test_how_many_provinces_and_districts_there_are(day: str, provinces: int, districts: int) -> None:
    on = dt.date.fromisoformat(day)
    current = [code for code, region in regions().items() if region.is_current(on) and code != "00"]
    assert sum(len(code) == 2 for code in current) == provinces
    assert sum(len(code) == 5 for code in current) == districts


def test_every_region_is_whole() -> None:
    for code, region in regions().items():
        assert region.name.ko
        assert region.name.en.isascii()
        assert unicodedata.is_normalized("NFC", region.name.ko)
        assert not region.since or not region.until or region.since <= region.until
        assert code == "00" or len(code) == 2 or region.parent
        for later in region.successors:
            assert regions()[later].since == (
                dt.date.fromisoformat(region.until) + dt.timedelta(days=1)
            ).isoformat() or (regions()[later].is_current(dt.date.fromisoformat(region.until)))


def test_the_area_of_every_ended_region_has_a_code_today() -> None:
    ended = [code for code, region in regions().items() if region.until and not region.is_current(SUMMER_2026)]
    assert len(ended) > 70
    assert [code for code in ended if not successors(code, SUMMER_2026)] == []


def test_a_concept_tells_the_dates_and_the_successor() -> None:
    concept = vocabulary("region")["42"]
    assert (concept.until, concept.mappings["successors"]) == ("2023-06-10", "51")
    assert vocabulary("region")["11110"].uri.endswith("/vocabularies/region/11110")


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("종로구", "Jongno-gu"),
        ("강릉시", "Gangneung-si"),
        ("울릉군", "Ulleung-gun"),
        ("동래구", "Dongnae-gu"),
        ("상록구", "Sangnok-gu"),
        ("밀양시", "Miryang-si"),
        ("영등포구", "Yeongdeungpo-gu"),
        ("덕양구", "Deogyang-gu"),
        ("전라남도", "Jeollanam-do"),
        ("독립문", "Dongnimmun"),
        ("묵호동", "Mukho-dong"),
        ("을지로1가", "Euljiro1-ga"),
        ("법무면", "Beommu-myeon"),
        ("리", "Ri"),
    ],
)
def test_names_are_written_by_the_revised_romanization(name: str, latin: str) -> None:
    assert romanise_place(name) == latin


@pytest.mark.skipif(not KIK.exists(), reason="the ministry's list is not here (../shared)")
def test_the_shipped_table_agrees_with_the_ministrys_list() -> None:
    _, *rows = CalamineWorkbook.from_path(str(KIK)).get_sheet_by_index(0).to_python()
    shipped = {row["code"]: row for row in read_csv(SHIPPED / "region.csv")}
    compared = 0
    for code, province, district, town, begun, gone in rows:
        if town or "출장소" in province + district or (gone and gone < 20100101):
            continue
        row = shipped[code[:2] if not district and code[2:] == "0" * 8 else code[:5]]
        assert row["ko"] == (district or province).split(" ")[-1]
        assert row["from"] in ("", iso(begun)) and (row["from"] or iso(begun) == "1988-04-23")
        if gone:  # the list closes a code up to two days around the change itself
            assert abs(dt.date.fromisoformat(row["until"]) - dt.date.fromisoformat(iso(gone))) <= dt.timedelta(days=2)
        else:
            assert not row["until"] or row["until"] > "2023-05-01"
        compared += 1
    assert compared > 280
    newer = {code for code, row in shipped.items() if row["from"] > "2023-05-01"}
    assert len(shipped) == compared + len(newer) + 1  # and the nation itself


def iso(day: float) -> str:
    digits = str(int(day))
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
