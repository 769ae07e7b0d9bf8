"""The catalogue as a table that a steward fills in and brings back."""

import csv
import io
from typing import Any

import pytest
import xlsxwriter
from descriptions import complete
from python_calamine import CalamineWorkbook

from catalog.errors import BadTable
from catalog.exchange.cells import join_values, split_values
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.table import (
    BOOK,
    CSV_PLAN,
    place_of,
    read_table,
    unspoken_paths,
    write_table_csv,
    write_table_xlsx,
)
from catalog.standard import PROFILE, Class

BASE = "https://hub.example"
AWKWARD: dict[str, Any] = {
    "title": {"ko": '=SUM(1, 2); "따옴표"'},
    "description": {"ko": "첫 줄\n둘째 줄, 쉼표; 쌍반점", "en": "- a list, not a formula"},
    "organisation": "hanbit-city",
    "theme": "transport",
    "licence": "kogl-1",
    "access_level": "public",
    "keywords": {"ko": ["가;나", '다"라', "마,바"], "en": ["'=1+1"]},
    "bbox": [-1.5, 36.25, 127.0, 36.75],
    "is_charged": False,
    "record_count": 0,
}


def catalogue() -> Catalogue:
    return Catalogue(
        BASE,
        datasets=[Entry("parking", f"{BASE}/dataset/parking", complete()), Entry("awkward", "", AWKWARD)],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
        series={"every-year": complete(Class.SERIES)},
        services={"parking-api": complete(Class.SERVICE)},
    )


def as_csv(told: Catalogue) -> bytes:
    return b"".join(write_table_csv(told))


def as_xlsx(told: Catalogue) -> bytes:
    file = io.BytesIO()
    write_table_xlsx(told, file)
    return file.getvalue()


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_a_catalogue_comes_back_with_every_field(write: Any) -> None:
    back = read_table(write(catalogue()), base=BASE)
    assert [(entry.slug, entry.description) for entry in back.datasets] == [
        ("parking", complete()),
        ("awkward", AWKWARD),
    ]


def test_a_workbook_also_holds_organisations_series_and_services() -> None:
    back, told = read_table(as_xlsx(catalogue()), base=BASE), catalogue()
    assert (back.organisations, back.series, back.services) == (told.organisations, told.series, told.services)


def test_every_field_of_the_dataset_has_its_columns() -> None:
    assert {cell.path[0] for cell in CSV_PLAN.cells} == {field.name for field in PROFILE[Class.DATASET]}


def test_a_workbook_is_headed_in_korean_and_offers_the_codes() -> None:
    content = as_xlsx(catalogue())
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert sheets.sheet_names == [*BOOK, "codes"]
    names, labels, *_rows = sheets.get_sheet_by_name("datasets").to_python()
    assert names[:4] == ["slug", "uri", "title_ko", "title_en"]
    assert labels[2:4] == ["제목 (한국어)", "제목 (영어)"]
    codes = sheets.get_sheet_by_name("codes").to_python()
    theme = codes[0].index("theme")
    assert [row[theme] for row in codes[2:5]] == ["safety", "environment", "welfare"]
    assert codes[2][theme + 1] == "안전 / Safety"


def test_no_text_of_a_csv_is_a_formula_to_a_spreadsheet() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(catalogue()).decode("utf-8-sig"))))
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "@")) or cell.startswith("- ")] == []


def table(*rows: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("cp949")


HEADS = ["slug", "title_ko", "theme", "frequency", "next_update", "record_count", "is_charged", "linked_services"]


def test_a_steward_may_write_labels_for_codes_and_days_as_usual() -> None:
    [entry] = read_table(
        table(HEADS, ["a", "주차장", "교통", "월간", "2026. 12. 1.", "1,200", "예", "112센터 긴급영상"])
    ).datasets
    assert entry.description == {
        "title": {"ko": "주차장"},
        "theme": "transport",
        "frequency": "monthly",
        "next_update": "2026-12-01",
        "record_count": 1200,
        "is_charged": True,
        "linked_services": ["112-emergency-video"],
    }


def test_all_that_is_wrong_is_said_at_once_with_its_place() -> None:
    content = table([*HEADS, "licance"], ["a", "주차장", "교통X", "", "언젠가", "많음", "글쎄", ""], ["A B", "", "", "", "", "", "", ""], ["a"])  # fmt: skip
    with pytest.raises(BadTable) as caught:
        read_table(content)
    problems = [(place.en, text.en) for place, text in caught.value.problems]
    assert [place for place, _text in problems] == [
        "row 1, column licance (I1)",
        "row 3, column slug (A3)",
        "row 4, column slug (A4)",
        "row 2, column theme (C2)",
        "row 2, column next_update (E2)",
        "row 2, column record_count (F2)",
        "row 2, column is_charged (G2)",
    ]
    assert "licence" in problems[0][1]
    assert problems[2][1] == "'a' is already in row 2"
    assert problems[3][1].startswith("unknown code '교통X'; allowed: safety, environment")
    assert "2행 theme 열 (C2): '교통X' 코드는 없습니다" in caught.value.text.ko


def test_the_cell_of_every_place_of_a_description_is_known() -> None:
    [entry] = read_table(table(["slug", "title_ko", "title_en"], ["a", "", "Parking"])).datasets
    assert place_of(entry, "title").en == "row 2, column title_ko (B2)"
    assert place_of(entry, "licence").en == "row 2, column licence"
    entry, _awkward = read_table(as_xlsx(catalogue())).datasets
    assert place_of(entry, "distributions.1.access_url").ko == "distributions 시트 4행 access_url 열 (F4)"
    assert place_of(entry, "contact_point.name").en.startswith("sheet datasets, row 3, column contact_point_name_ko (")


def book(**sheets: list[list[str]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as written:
        for name, rows in sheets.items():
            sheet = written.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def test_problems_of_a_workbook_name_their_sheet() -> None:
    content = book(
        datasets=[["slug", "title_ko"], ["식별자 (slug)", "제목 (한국어)"], ["a", "주차장"]],
        distributions=[["dataset", "access_url", "format"], ["a", "https://a.example", "CSVX"], ["b", "https://b.example", "CSV"]],
    )  # fmt: skip
    with pytest.raises(BadTable) as caught:
        read_table(content)
    assert [place.en for place, _text in caught.value.problems] == [
        "sheet distributions, row 3, column dataset (A3)",
        "sheet distributions, row 2, column format (C2)",
    ]


def test_a_workbook_without_the_sheet_of_datasets_is_refused() -> None:
    with pytest.raises(BadTable, match="there is no sheet 'datasets'"):
        read_table(book(Sheet1=[["slug"]]))


def test_malformed_json_is_said_to_be_so() -> None:
    with pytest.raises(BadTable, match=r"row 2, column distributions \(B2\): cannot be read as JSON"):
        read_table(table(["slug", "distributions"], ["a", "[{]"]))


def test_a_text_that_excel_cut_is_refused_when_it_comes_back() -> None:
    long = Catalogue(BASE, datasets=[Entry("a", "", {"title": {"ko": "가" * 40_000}})])
    assert next(iter(read_table(as_csv(long)).datasets)).description["title"] == {"ko": "가" * 40_000}
    with pytest.raises(BadTable, match="was cut at Excel's limit"):
        read_table(as_xlsx(long))


def test_a_table_says_nothing_about_columns_that_it_has_not() -> None:
    [entry] = read_table(table(["slug", "title_ko", "frequency"], ["a", "주차장", ""])).datasets
    unspoken = unspoken_paths(entry)
    assert ("title", "en") in unspoken
    assert ("distributions",) in unspoken
    assert ("frequency",) not in unspoken
    [entry] = read_table(as_xlsx(catalogue())).datasets[:1]
    assert unspoken_paths(entry) == []


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("a; b;c", ["a", "b", "c"]),
        ('"a;b"; c', ["a;b", "c"]),
        ('"say ""hi"""', ['say "hi"']),
        ('" x "', [" x "]),
        ("a;;b; ", ["a", "b"]),
        ('"open; b', ["open; b"]),
        ("", []),
    ],
)
def test_several_values_share_a_cell(cell: str, values: list[str]) -> None:
    assert split_values(cell) == values


@pytest.mark.parametrize("values", [["a;b", 'c"d', " e ", "f\ng"], [""], ["가", "나"]])
def test_values_that_share_a_cell_come_back(values: list[str]) -> None:
    assert split_values(join_values(values)) == values
