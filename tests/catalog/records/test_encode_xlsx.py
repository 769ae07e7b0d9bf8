import io
import zipfile
from itertools import repeat

import pyarrow as pa
import pytest
from lxml import etree
from nasty_records import EMPTY, FULL, NASTY, SCHEMA, batch_of, written
from python_calamine import CalamineWorkbook
from record_rooms import make_schema

from catalog.errors import Unanswerable
from catalog.records import Column, Schema, encode
from catalog.records.encode.xlsx import MOST_CHARACTERS, MOST_RECORDS, letters
from catalog.text import Text

MAIN = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
TEXT = make_schema(name="string")


def sheet(data: bytes, number: int = 1) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(data)) as workbook:
        assert workbook.testzip() is None
        return etree.fromstring(workbook.read(f"xl/worksheets/sheet{number}.xml"))


def cells(data: bytes, row: int) -> list[tuple[str | None, str]]:
    """Return (type, content) of the cells of a row as they stand in the file."""
    found = sheet(data).xpath(f"//m:row[@r='{row}']/m:c", namespaces=MAIN)
    return [(cell.get("t"), "".join(cell.itertext())) for cell in found]


def test_a_workbook_has_a_sheet_of_records_and_one_of_columns():
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(written([FULL], SCHEMA, "xlsx")))
    assert workbook.sheet_names == ["records", "columns"]
    records = workbook.get_sheet_by_name("records").to_python()
    assert records[0] == list(SCHEMA.names)
    columns = workbook.get_sheet_by_name("columns").to_python()
    assert columns[0] == ["name", "제목", "title", "type", "unit", "설명", "description"]
    assert columns[1][:4] == ["name", "이름", "Name", "string (문자)"]
    assert columns[3] == ["pm10", "미세먼지", "Particles", "number (수)", "ug/m3", "", ""]
    assert len(columns) == len(SCHEMA.columns) + 1


def test_numbers_are_numbers_and_what_excel_would_round_is_text():
    data = written([FULL, EMPTY | {"count_": 10**15 - 1, "pm10": 1e300}], SCHEMA, "xlsx")
    assert cells(data, 2) == [
        ("inlineStr", FULL["name"]),
        ("inlineStr", "9007199254740993"),
        (None, "0.30000000000000004"),
        ("b", "1"),
        ("inlineStr", "2018-01-31"),
        ("inlineStr", "2018-01-31T09:20:03+09:00"),
        ("inlineStr", "24:00"),
        (None, "126.97796919000001"),
        (None, "37.566535"),
    ]
    assert cells(data, 3)[1:3] == [(None, "999999999999999"), (None, "1e+300")]


def test_texts_are_never_formulas_or_links_and_stay_as_they_are():
    texts = ["=1+1", "+1", "@x", "{=1}", "https://hub.example/", "mailto:a@b.example", "=HYPERLINK(1)"]
    data = written([{"name": text} for text in texts], TEXT, "xlsx")
    assert [cells(data, row) for row in range(2, 9)] == [[("inlineStr", text)] for text in texts]
    assert sheet(data).xpath("//m:f | //m:hyperlink", namespaces=MAIN) == []


def test_what_xml_cannot_hold_is_escaped_as_excel_does():
    """By ECMA-376; the reader undoes it, see ``test_encode``."""
    data = written([{"name": "a\x01\r\t\n_x0041_ \ufffe"}], TEXT, "xlsx")
    assert cells(data, 2) == [("inlineStr", "a_x0001__x000D_\t\n_x005F_x0041_ _xFFFE_")]


def test_a_missing_value_is_a_cell_without_content_and_an_empty_text_one_with():
    data = written([EMPTY, EMPTY | {"name": ""}], SCHEMA, "xlsx")
    assert cells(data, 2) == [(None, "")] * 9
    assert cells(data, 3)[0] == ("inlineStr", "")


def test_every_cell_tells_its_address():
    rows = sheet(written(NASTY, SCHEMA, "xlsx")).xpath("//m:row", namespaces=MAIN)
    assert [row.get("r") for row in rows] == [str(number) for number in range(1, len(NASTY) + 2)]
    assert [cell.get("r") for cell in rows[-1]] == [f"{letter}{len(NASTY) + 1}" for letter in "ABCDEFGHI"]


@pytest.mark.parametrize(
    ("position", "name"),
    [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")],
)
def test_columns_are_called_by_letters(position, name):
    assert letters(position) == name


def test_a_sheet_is_full_at_its_limit_and_beyond_it_the_question_is_refused(tmp_path):
    schema = make_schema(i="integer")
    batch = pa.record_batch({"i": pa.nulls(MOST_RECORDS // 5, pa.int64())})
    assert MOST_RECORDS % 5 == 0
    full = b"".join(encode([batch] * 5, schema, "xlsx", spool=tmp_path / "spool"))
    assert full.startswith(b"PK")
    with pytest.raises(Unanswerable) as caught:
        next(encode(repeat(batch), schema, "xlsx", spool=tmp_path / "spool"))
    assert "a sheet holds at most 1,048,575 records" in caught.value.text.en
    assert "레코드가 1,048,575개까지" in caught.value.text.ko
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("text", ["가" * MOST_CHARACTERS, "😀" * (MOST_CHARACTERS // 2)])
def test_a_cell_takes_a_long_text_and_refuses_a_longer_one(text):
    assert cells(written([{"name": text}], TEXT, "xlsx"), 2) == [("inlineStr", text)]
    with pytest.raises(Unanswerable) as caught:
        written([{"name": f"{text}😀"}], TEXT, "xlsx")
    assert "'name'" in caught.value.text.en
    assert "'name' 열에" in caught.value.text.ko


def test_what_is_no_number_is_an_empty_cell():
    schema = make_schema(n="number")
    batch = pa.record_batch({"n": pa.array([float("nan"), float("inf"), 1.5])})
    data = b"".join(encode([batch], schema, "xlsx"))
    assert [cells(data, row) for row in (2, 3, 4)] == [[(None, "")], [(None, "")], [(None, "1.5")]]


def test_the_words_of_a_column_are_escaped_too():
    schema = Schema(columns=(Column("name", title=Text(ko="<이름> & 값")),))
    assert sheet(written([], schema, "xlsx"), 2).xpath("string(//m:row[2]/m:c[2])", namespaces=MAIN) == "<이름> & 값"


def test_rows_are_numbered_on_from_batch_to_batch():
    data = b"".join(encode([batch_of([FULL], SCHEMA)] * 3, SCHEMA, "xlsx"))
    assert [cells(data, row)[0][1] for row in (2, 3, 4)] == [FULL["name"]] * 3
