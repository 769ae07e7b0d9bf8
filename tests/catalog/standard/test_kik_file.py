"""The ministry's list of region codes becomes a table of regions; a loaded table takes the place of the shipped one."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from catalog.errors import BadDocument
from catalog.standard.kik_file import read_kik_file, write_region_table
from catalog.standard.regions import current_code, is_region
from catalog.standard.tables import use_folder
from catalog.standard.vocabularies import label_of, vocabulary

KIK = Path(__file__).parents[4] / "shared" / "data" / "korea" / "kik_admin_dong_20230501.xlsx"
LEGAL = ("법정동코드", "시도명", "시군구명", "읍면동명", "동리명", "생성일자", "말소일자")
OFFICES = ("행정동코드", "시도명", "시군구명", "읍면동명", "생성일자", "말소일자")

# A made-up twin of the legal list: two provinces, one of which hands its places on.
ROWS = [
    ("4200000000", "강원도", "", "", "", 19880423, 20230611),
    ("4211000000", "강원도", "춘천시", "", "", 19880423, 20230611),
    ("4211025000", "강원도", "춘천시", "신북읍", "", 19950101, 20230611),
    ("4211025021", "강원도", "춘천시", "신북읍", "율문리", 19950101, 20230611),
    ("4211010100", "강원도", "춘천시", "봉의동", "", 19950101, 20230611),
    ("5100000000", "강원특별자치도", "", "", "", 20230611, ""),
    ("5111000000", "강원특별자치도", "춘천시", "", "", 20230611, ""),
    ("5111025000", "강원특별자치도", "춘천시", "신북읍", "", 20230611, ""),
    ("5111025021", "강원특별자치도", "춘천시", "신북읍", "율문리", 20230611, ""),
    ("5111010200", "강원특별자치도", "춘천시", "봉의동", "", 20230611, ""),
    ("4111000000", "경기도", "수원시", "", "", 19880423, ""),
    ("4111100000", "경기도", "수원시 장안구", "", "", 19880701, ""),
    ("4111112900", "경기도", "수원시 장안구", "파장동", "", 19880701, ""),
    ("4110500000", "북부출장소", "", "", "", 19880423, ""),
]


@pytest.fixture(autouse=True)
def shipped_table() -> Iterator[None]:
    yield
    use_folder(None)


def write_xlsx(path: Path, heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for number, row in enumerate([heads, *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def load(tmp_path: Path, heads: tuple[str, ...] = LEGAL, rows: list[tuple[object, ...]] = ROWS) -> None:
    rows_ = read_kik_file(write_xlsx(tmp_path / "list.xlsx", heads, rows))
    write_region_table(rows_, tmp_path / "vocabularies" / "region.csv")
    use_folder(tmp_path / "vocabularies")


def test_every_level_is_known_after_loading(tmp_path: Path) -> None:
    load(tmp_path)
    assert is_region("41111129")
    assert is_region("4111112900")  # the same place with all ten digits
    assert not is_region("4111112800")
    assert is_region("5111025021")
    assert not is_region("5111025099")
    assert label_of("region", "5111025021").ko == "강원특별자치도 춘천시 신북읍 율문리"
    assert label_of("region", "5111025021").en == "Yulmun-ri, Sinbuk-eup, Chuncheon-si, Gangwon State"
    assert label_of("region", "41111129").ko == "경기도 수원시 장안구 파장동"


def test_places_follow_their_district(tmp_path: Path) -> None:
    load(tmp_path)
    on = dt.date(2024, 1, 1)
    assert current_code("4211025021", on) == "5111025021"
    assert current_code("42110101", on) == "51110102"  # another ending, the same name
    assert vocabulary("region")["42110250"].until == "2023-06-10"


def test_what_the_shipped_table_knows_besides_is_kept(tmp_path: Path) -> None:
    load(tmp_path)
    regions = vocabulary("region")
    assert regions["47720"].mappings["successors"] == "27720"  # not in the file at all
    assert regions["41"].label.en == "Gyeonggi-do"
    assert "출장소" not in "".join(concept.label.ko for concept in regions.values())


def test_the_administrative_list_gives_provinces_and_districts_only(tmp_path: Path) -> None:
    rows = [
        ("1111000000", "서울특별시", "종로구", "", 19880423, ""),
        ("1111051500", "서울특별시", "종로구", "청운효자동", 20081101, ""),
    ]
    load(tmp_path, OFFICES, rows)
    assert is_region("11110")
    assert "11110515" not in vocabulary("region")


@pytest.mark.parametrize(
    ("heads", "rows", "said"),
    [
        (("코드", "시도명"), [("11", "서울")], "must hold 법정동코드 or 행정동코드"),
        (LEGAL, [("11", "서울특별시", "", "", "", 19880423, "")], "no code of ten digits"),
        (LEGAL, [("1100000000", "서울특별시", "", "", "", 20231399, "")], "is no date"),
    ],
)
def test_another_file_is_refused_with_a_reason(
    tmp_path: Path, heads: tuple[str, ...], rows: list[tuple[object, ...]], said: str
) -> None:
    with pytest.raises(BadDocument, match=said):
        read_kik_file(write_xlsx(tmp_path / "list.xlsx", heads, rows))


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("법정동코드,시도명", encoding="utf-8")
    with pytest.raises(BadDocument, match="not an xlsx file"):
        read_kik_file(path)


def test_the_command_writes_into_the_hubs_folder(tmp_path: Path, settings: LazySettings) -> None:
    call_command("load_regions", str(write_xlsx(tmp_path / "list.xlsx", LEGAL, ROWS)), verbosity=0)
    assert (Path(settings.DATA_DIR) / "vocabularies" / "region.csv").exists()
    assert [path.name for path in (Path(settings.DATA_DIR) / "vocabularies").iterdir()] == ["region.csv"]
    assert is_region("5111025021")


def test_the_command_says_why_a_file_cannot_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(CommandError, match="KIKcd"):
        call_command("load_regions", str(path))


@pytest.mark.skipif(not KIK.exists(), reason="the ministry's list is not here (../shared)")
def test_the_real_list_loads(tmp_path: Path) -> None:
    rows = {row.code: row for row in read_kik_file(KIK)}
    assert len(rows) > 500
    assert rows["41111"].parent == "41110"
    assert (rows["42110"].until, rows["42110"].successors) == ("2023-06-10", ("51110",))  # later than the file
    assert (rows["26110"].since, rows["21110"].until) == ("1995-01-01", "1994-12-31")
    assert all(len(code) in (2, 5) for code in rows)
