"""What columns are found to be: over all rows, by the parsers that will read them, with damage told and nothing lost."""

import csv
import datetime as dt
import tracemalloc
from pathlib import Path

import pytest

from catalog.records import Column, Inferred, UnreadableRow, infer_schema, infer_type, tabulate
from catalog.records.engine import Limits
from catalog.records.inferred import InferredColumn
from catalog.records.proposal import valid_name
from catalog.records.tallies import KEPT_HASHES

SEOUL = [(f"{37.4 + number / 500:.4f}", f"{126.8 + number / 500:.4f}") for number in range(30)]


def infer(columns: dict[str, list[object]], **options) -> Inferred:
    return infer_schema(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], **options
    )


def codes(column: InferredColumn) -> list[str]:
    return [finding.code for finding in column.findings]


@pytest.mark.parametrize(
    ("values", "kind", "because"),
    [
        (["12", "1,234", "-5"], "integer", ""),
        (["１２", "３"], "integer", ""),
        ([1, 2, None], "integer", ""),
        (["12", "1.5", "3.0E5"], "number", ""),
        ([12.0, 13.0], "number", ""),
        (["0", "1"], "integer", ""),
        (["Y", "N", ""], "boolean", ""),
        (["Y"], "boolean", ""),
        (["예", "아니오"], "boolean", ""),
        ([True, False], "boolean", ""),
        (["O", "O"], "string", ""),
        (["Y", "X"], "string", ""),
        (["2026-08-01", "2026.8.1.", "2026/08/01"], "date", ""),
        (["20260801", "20260802"], "date", ""),
        (["99999999", "20260802"], "integer", ""),
        (["2016년 07월 01일", "2016년 7월 1일"], "date", ""),
        (["2026-01-01 00:00:00", "2026-01-02 00:00:00"], "date", ""),
        (["2026-06-13_23:47:00", "20260613234700"], "datetime", ""),
        (["202608011530", "202608011540"], "datetime", ""),
        (["123456789012", "223456789012"], "integer", ""),
        (["2026-08-01 24:00", "2026-08-01 01:00"], "datetime", ""),
        (["2016년 07월 01일 13시 05분"], "datetime", ""),
        (["09:00", "24:00"], "time", ""),
        (['{"type": "Point", "coordinates": [127, 37]}'], "geometry", ""),
        ([{"type": "Point", "coordinates": [127, 37]}], "geometry", ""),
        (['{"type": "Point", "coordinates": "no"}'], "string", ""),
        (["001", "002"], "string", "leading-zeros"),
        (["2012-05", "2013-06"], "string", "coarse-date"),
        (["2012-05", "2013", "2014.07.01"], "string", "mixed-precision"),
        (["12345678901234567890"], "string", "long-digits"),
        (["가", "나"], "string", ""),
        ([None, "", "-"], "string", ""),
        ([], "string", ""),
    ],
)
def test_a_type_is_what_its_parser_reads_whole(values, kind, because, tmp_path):
    column = infer_type(values)
    assert (column.type, column.because) == (kind, because)
    schema = infer({"c": values or [None]}).schema
    staged = tabulate(({"c": value} for value in values), schema, limits=Limits(spool=tmp_path), area=None)
    assert staged.refused == 0, "what is proposed is read without a loss"


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("우편번호", ["12345", "54321"], "string"),
        ("제공기관코드", ["3540000", "6520000"], "string"),
        ("stationId", ["101", "102"], "string"),
        ("주차구획수", ["12345", "54321"], "integer"),
        ("번호", ["1", "2"], "integer"),
        ("기준년월", ["202608", "202609"], "string"),
        ("승차인원", ["202608", "202609"], "integer"),
        ("제공기관코드", [*["3540000"] * 19, "B551232"], "string"),
    ],
)
def test_a_name_tells_codes_and_dates_from_numbers(name, values, kind):
    assert infer_type(values, name=name).type == kind


@pytest.mark.parametrize(
    ("name", "values", "kind", "because"),
    [
        ("접수번호", ["202401150001", "202401150002", "202401161159"], "string", "code-name"),
        ("관리번호", ["20240101", "20240102"], "string", "code-name"),
        ("관리번호", ["20240101", "20240199"], "string", "code-name"),
        ("receipt_no", ["20240101", "20240102"], "string", "code-name"),
        ("관리번호부여일자", ["20240101", "20240102"], "date", ""),
        ("접수일시", ["202401150001", "202401150002"], "datetime", ""),
        ("개업", ["20240101", "20240102"], "date", ""),
    ],
)
def test_numbers_that_begin_with_a_day_are_no_dates(name, values, kind, because):
    column = infer_type(values, name=name)
    assert (column.type, column.because, list(column.findings)) == (kind, because, [])


@pytest.mark.parametrize(
    ("name", "values", "finding"),
    [
        ("기준일자", ["2026-01-01", "2026-01-02", "45678"], "excel-serial-day"),
        ("기준일자", ["45678", "45679"], "excel-serial-day"),
        ("동", ["May-12", "15-Jan", "101동"], "excel-month-name"),
        ("관리코드", ["1.23457E+12", "1234567890123"], "excel-scientific"),
        ("관리코드", ["1.23457E+12"], "excel-scientific"),
        ("우편번호", ["12345", "1234", "54321", "99999"], "lost-leading-zeros"),
        ("전화번호", ["1012345678", "010-1234-5678"], "phone-without-zero"),
        ("설치일", ["20150931", "20150930", "20150929"], "impossible-day"),
        ("측정일시", ["2026-08-01 24:00"], "midnight-24"),
        ("시각", ["24시30분"], "korean-time"),
        ("코드", ["001"], "leading-zeros"),
        ("값", ["12", "13", "점검중"], "words-for-nothing"),
        ("값", [*[str(number) for number in range(30)], "고장"], "almost"),
        ("값", [*[str(number) for number in range(1, 500)], "00"], "few-leading-zeros"),
    ],
)
def test_damage_is_named_with_its_values(name, values, finding):
    found = {one.code: one for one in infer_type(values, name=name).findings}
    assert finding in found
    assert found[finding].column == name
    assert all("{" not in text for text in found[finding].text.as_dict().values())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("인원", ["45678", "12"]),
        ("인원", ["12345", "1234", "54321"]),
        ("길이", ["1.5E+10", "2.25"]),
        ("종료시각", ["24:00", "09:00"]),
        ("지번", ["12-5", "101-3"]),
        ("전화번호", ["02-123-4567", "1588-1234"]),
    ],
)
def test_good_values_are_not_called_damaged(name, values):
    assert codes(infer_type(values, name=name)) == []


def test_a_code_whose_first_zero_comes_last_is_a_code():
    column = infer_type([str(number) for number in range(10_000, 70_000)] + ["01234"] * 900)
    assert (column.type, column.because, column.rows) == ("string", "leading-zeros", 60_900)


def test_a_late_word_keeps_a_column_from_being_a_number():
    assert infer_type(["1"] * 50_000 + ["고장"]).type == "string"


def test_what_stands_for_nothing_is_counted_and_proposed_as_missing():
    found = infer({"pm10": ["12", "-", "통신장애", "", None, "35"]})
    (column,) = found.columns
    assert (column.filled, column.empty, set(column.missing)) == (2, 4, {"-", "통신장애"})
    assert "통신장애" in found.schema["pm10"].missing


def test_words_for_nothing_stay_values_of_a_text():
    column = infer_type(["없음", "횡단보도", "없음"])
    assert (column.type, column.filled, column.missing, column.distinct) == ("string", 3, (), 2)


def test_precision_is_counted():
    assert dict(infer_type(["2012-05", "2013", "2013-01"]).precisions) == {"month": 2, "year": 1}
    assert infer_type(["2026-08-01 12:00", "2026-08-01 12:00:30"]).precision == "minute"
    assert infer_type(["2026-08-01"]).precision == "day"


def test_bounds_and_examples_are_those_of_all_rows():
    column = infer_type([str(number) for number in range(50_000)])
    assert (column.minimum, column.maximum, column.is_unique) == (0, 49_999, True)
    assert infer_type(["2026-08-01", "2025-01-01"]).minimum == "2025-01-01"


def test_a_repeat_in_another_block_is_noticed():
    values = [str(number) for number in range(20_500)]
    assert not infer_type([*values, "7"]).is_unique


def test_many_different_values_are_estimated():
    column = infer_type(f"{number:x}-" for number in range(120_000))
    assert not column.distinct_is_exact
    assert abs(column.distinct / 120_000 - 1) < 0.02
    assert infer_type([str(number) for number in range(KEPT_HASHES)]).distinct == KEPT_HASHES


def test_few_values_that_come_again_are_told():
    assert infer_type(["공영", "민영"] * 10).values == ("공영", "민영")
    assert infer_type(["공영", "민영"]).values == ()


def test_memory_does_not_grow_with_rows():
    def rows(count):
        return ({"a": f"값 {number}", "b": str(number)} for number in range(count))

    def peak(count):
        tracemalloc.start()
        infer_schema(rows(count))
        return tracemalloc.get_traced_memory()[1] * (tracemalloc.stop() is None)

    assert peak(80_000) < 1.3 * peak(40_000)


def test_columns_that_come_late_are_empty_before():
    found = infer_schema([{"a": "1"}] * 3 + [{"a": "2", "b": "x"}])
    assert [(column.source, column.filled, column.empty) for column in found.columns] == [("a", 4, 0), ("b", 1, 3)]


def test_unreadable_rows_and_broken_text_are_no_obstacle():
    found = infer_schema([{"a": "\ud800"}, UnreadableRow("too-many-fields", ["1", "2"]), {"a": "x"}])
    assert (found.rows, dict(found.unreadable), found.columns[0].type) == (3, {"too-many-fields": 1}, "string")


def test_no_rows_propose_nothing():
    assert infer_schema([]).schema is None


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("stationName", "station_name"),
        ("SIG_CD", "sig_cd"),
        ("pm2.5 Value", "pm2_5_value"),
        ("count", "count_value"),
        ("3rd", "c_3rd"),
        ("a__b", "a_b"),
        ("한글", ""),
        ("", ""),
        ("@iot.id", "iot_id"),
    ],
)
def test_names_become_valid(source, name):
    assert valid_name(source) == name


def test_names_are_those_wished_for_and_never_twice():
    found = infer({"주차장명": ["가"], "name": ["나"], "위치": ["다"]}, names=lambda sources: {"주차장명": "name"})
    assert found.schema.names == ("name", "name_2", "column_3")
    assert [column.source_name for column in found.schema.columns] == ["주차장명", "name", "위치"]


@pytest.mark.parametrize(
    ("names", "point", "crs"),
    [
        (("경도", "위도"), ("127.01", "37.51"), "EPSG:4326"),
        (("x", "y"), ("955000.5", "1950000.5"), "EPSG:5179"),
        (("X좌표", "Y좌표"), ("200123.4", "451234.5"), "EPSG:5181"),
        (("X좌표", "Y좌표"), ("200123.4", "551234.5"), "EPSG:5186"),
        (("좌표정보(X)", "좌표정보(Y)"), ("200123.4", "451234.5"), "EPSG:5174"),
        (("x_5174", "y_5174"), ("200123.4", "551234.5"), "EPSG:5174"),
        (("a", "b"), ("127.01", "37.51"), "EPSG:4326"),
    ],
)
def test_a_place_is_known_by_names_and_numbers(names, point, crs):
    found = infer({name: [value] * 5 for name, value in zip(names, point, strict=True)})
    geometry = found.schema.geometry
    places = [found.schema[geometry.longitude].source_name, found.schema[geometry.latitude].source_name]
    assert (places, geometry.crs) == (list(names), crs)
    is_guess = len(found.crs_guesses) > 1
    assert is_guess == any(finding.code == "guessed-crs" for finding in found.findings)


def test_swapped_coordinates_are_proposed_as_their_values_say():
    found = infer({"위도": [east for _, east in SEOUL], "경도": [north for north, _ in SEOUL]})
    assert found.schema[found.schema.geometry.longitude].source_name == "위도"
    assert "swapped-coordinates" in [finding.code for finding in found.findings]


def test_numbers_of_no_system_are_no_place():
    found = infer({"x": ["9000000.5"], "y": ["9000000.5"]})
    assert found.schema.geometry is None
    assert [finding.code for finding in found.findings] == ["unknown-crs"]


def test_key_and_time_are_proposed():
    rows = 25
    found = infer(
        {
            "연번": [str(number) for number in range(rows)],
            "관리번호": [f"A-{number}" for number in range(rows)],
            "이름": [f"곳 {number}" for number in range(rows)],
            "데이터기준일자": ["2026-01-01"] * rows,
            "측정일시": ["2026-01-01 12:00"] * rows,
            "위도": [north for north, _ in SEOUL[:rows]],
            "경도": [east for _, east in SEOUL[:rows]],
        },
        names=lambda sources: dict(zip(sources, "abcdefg", strict=True)),
    )
    assert (found.schema.key, found.keys, found.schema.time) == (("b",), ("b", "c", "a"), "e")


@pytest.mark.parametrize(
    ("told", "values", "kind", "contradicted"),
    [
        ("number", ["1", "2"], "number", False),
        ("string", ["1", "2"], "string", False),
        ("string", ["2026-01-01"], "date", False),
        ("integer", ["1", "x"], "string", True),
        ("integer", ["001", "002"], "string", True),
        ("datetime", [None], "datetime", False),
        ("", ["1"], "integer", False),
    ],
)
def test_the_platforms_type_counts_where_the_values_agree(told, values, kind, contradicted):
    found = infer({"c": values}, told={"c": Column("c", told, unit="m")})
    assert (found.schema["c"].type, found.schema["c"].unit) == (kind, "m")
    assert ("told-type" in [finding.code for finding in found.findings]) == contradicted


REAL = {
    "parking_std_2021.csv": (
        "cp949",
        {"주차장관리번호": "string", "평일운영종료시각": "time", "위도": "number", "데이터기준일자": "date"},
    ),
    "seoul_air_daily_2018.csv": ("cp949", {"측정일시": "date", "오존농도(ppm)": "number"}),
    "subway_card_201911.csv": ("utf-8-sig", {"역ID": "string", "사용일자": "date"}),
    "wifi_std_excel_mangled.csv": ("cp949", {"설치년월": "string", "데이터기준일자": "date"}),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_understood(name):
    path = Path(__file__).parents[4] / "shared" / "data" / "korea" / name
    if not path.exists():
        pytest.skip(f"the real municipal files are not here ({path.parent.name})")
    encoding, types = REAL[name]
    for tried in (encoding, "utf-8-sig", "cp949"):
        try:
            text = path.read_text(encoding=tried)
            break
        except UnicodeDecodeError:
            continue
    found = infer_schema(csv.DictReader(text.splitlines()))
    assert {column.source: column.type for column in found.columns if column.source in types} == types
    if "mangled" in name:
        assert "excel-month-name" in [finding.code for finding in found.findings]


def test_moments_are_told_in_korean_time():
    moment = dt.datetime(2026, 8, 1, 15, tzinfo=dt.UTC).isoformat()
    assert infer_type([moment]).maximum == "2026-08-02 00:00:00+09"
