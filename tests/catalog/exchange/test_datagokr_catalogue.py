"""data.go.kr's catalogue columns: rows and files, there and back."""

import io
from typing import Any

import pytest
import xlsxwriter
from descriptions import complete

from catalog.errors import BadDocument
from catalog.exchange.datagokr import (
    COLUMNS,
    NAMES,
    from_datagokr,
    read_datagokr_file,
    to_datagokr,
    write_datagokr_csv,
    write_datagokr_xlsx,
)
from catalog.exchange.entry import Catalogue, Entry
from catalog.standard import PROFILE, Class, vocabulary

BASE = "https://hub.example"

# A made-up twin of the portal's own file: every column filled, in the words that the portal uses.
ROW = {
    "목록키": "15000001",
    "목록유형": "FILE",
    "목록명": "한빛시_공영주차장 현황",
    "파일데이터명": "한빛시_공영주차장 현황_20260701",
    "분류체계": "교통물류 - 도로",
    "제공기관코드": "B551011",
    "제공기관": "한빛시",
    "관리 부서명": "교통정책과",
    "관리부서 전화번호": "+82-41-000-0000",
    "보유근거": "주차장법",
    "수집방법": "현장 조사",
    "업데이트 주기": "연간",
    "차기 등록 예정일": "2027-07-01",
    "매체유형": "텍스트",
    "전체행": "1200",
    "확장자": "CSV+JSON+XML",
    "키워드": "주차장,요금,parking",
    "다운로드_활용신청건수": "31",
    "등록일": "2020-01-31",
    "수정일": "2026-07-01",
    "데이터 한계": "민영 주차장은 빠져 있음",
    "제공형태": "공공데이터포털에서 다운로드(원문파일등록)",
    "설명": "시가 운영하는 주차장의 위치, 요금 등",
    "기타 유의사항": "요금은 조례로 바뀔 수 있음",
    "공간범위": "한빛시 전역",
    "시간범위": "2018년부터",
    "비용부과유무": "유료",
    "비용부과기준 및 단위": "건당 100원",
    "이용허락범위": "공공저작물_출처표시",
    "API 유형": "REST",
    "신청가능 트래픽": "개발계정 : 10,000 / 운영계정 : 활용사례 등록시 신청하면 트래픽 증가 가능",
    "심의 유형": "자동승인",
    "조회수": "5021",
    "목록 URL": "https://www.data.go.kr/data/15000001/fileData.do",
    "국가중점여부": "N",
    "표준데이터여부": "Y",
}
WORDS = {
    "목록유형": ["FILE", "API", "STD"],
    "업데이트 주기": ["수시", "수시(1회성 데이터)", "일간", "주간", "월간", "분기", "반기", "연간", "실시간", "-"],
    "비용부과유무": ["무료", "유료"],
    "국가중점여부": ["Y", "N"],
    "표준데이터여부": ["Y", "N"],
    "API 유형": ["REST", "SOAP"],
    "심의 유형": ["자동승인", "심의승인"],
    "이용허락범위": [
        "이용허락범위 제한 없음",
        "저작자표시",
        "저작자표시-비영리",
        "저작자표시-변경금지",
        "저작자표시-동일조건변경허락",
        "저작자표시-비영리-변경금지",
        "저작자표시-비영리-동일조건변경허락",
        "공공저작물_출처표시",
        "공공저작물_출처표시_상업적 이용금지",
        "공공저작물_출처표시_변경금지",
        "-",
    ],
    "확장자": ["CSV", "XLSX", "XLS", "JSON+XML", "XML", "HWP", "PDF", "SHP", "ZIP", "TXT"],
}
ENUMERATED = [(column, word) for column, words in WORDS.items() for word in words]


def through(row: dict[str, str]) -> dict[str, str]:
    return next(to_datagokr(from_datagokr([row], base=BASE)))


def test_every_column_of_the_portal_that_the_profile_names_is_here() -> None:
    named = {name for fields in PROFILE.values() for field in fields if (name := field.names.get("datagokr"))}
    assert named <= set(NAMES)


def test_every_column_stands_for_the_field_that_the_profile_says() -> None:
    owners = {
        "dataset": Class.DATASET,
        "distribution": Class.DISTRIBUTION,
        "organisation": Class.ORGANISATION,
        "contact": Class.CONTACT,
    }
    fields = {(owners[column.owner], column.field) for column in COLUMNS}
    assert fields <= {(class_, field.name) for class_, rows in PROFILE.items() for field in rows}


def test_a_row_comes_back_with_nothing_lost() -> None:
    assert list(ROW) == list(NAMES)
    assert through(ROW) == ROW


@pytest.mark.parametrize(("column", "word"), ENUMERATED)
def test_every_word_of_the_portal_comes_back(column: str, word: str) -> None:
    assert from_datagokr([ROW | {column: word}]).findings == ()
    assert through(ROW | {column: word})[column] == word


@pytest.mark.parametrize(
    ("column", "told", "read"),
    [
        ("등록일", "45123", "2023-07-16"),
        ("등록일", "20230716", "2023-07-16"),
        ("등록일", "2023.7.16.", "2023-07-16"),
        ("수정일", "2023-07-16 10:20:30", "2023-07-16T10:20:30+09:00"),
        ("차기 등록 예정일", "2023년 07월 16일", "2023-07-16"),
        ("전체행", "1,200", 1200),
        ("키워드", "주차장@요금@parking", {"ko": ["주차장", "요금"], "en": ["parking"]}),
        ("업데이트 주기", "실시간", "continuous"),
        ("국가중점여부", "y", True),
    ],
)
def test_values_are_read_as_they_are_met(column: str, told: str, read: Any) -> None:
    field = next(each.field for each in COLUMNS if each.name == column)
    assert next(iter(from_datagokr([ROW | {column: told}]).datasets)).description[field] == read


@pytest.mark.parametrize(
    ("code", "word"),
    [("every-10-minutes", "실시간"), ("every-2-weeks", "주간"), ("every-10-years", "연간"), ("other", "-")],
)
def test_an_interval_without_a_word_is_written_as_the_nearest(code: str, word: str) -> None:
    [row] = to_datagokr(Catalogue(BASE, datasets=[Entry("a", "", {"frequency": code})]))
    assert row["업데이트 주기"] == word


def test_a_description_comes_back_as_far_as_there_are_columns() -> None:
    organisation = {name: value for name, value in complete(Class.ORGANISATION).items() if name in ("name", "code")}
    catalogue = Catalogue(
        BASE, datasets=[Entry("parking", "", complete())], organisations={"hanbit-city": organisation}
    )
    read = from_datagokr(to_datagokr(catalogue), base=BASE)
    assert read.findings == ()
    [entry] = read.datasets
    assert entry.description == as_the_columns_tell(complete()) | {"organisation": entry.description["organisation"]}
    assert read.organisations[entry.description["organisation"]] == korean(organisation)


def as_the_columns_tell(description: dict[str, Any]) -> dict[str, Any]:
    """Return what of a description the columns can hold: Korean, one identifier, one distribution per format."""
    fields = {owner: {column.field for column in COLUMNS if column.owner == owner} for owner in OWNERS}
    told = {name: korean(value) for name, value in description.items() if name in fields["dataset"]}
    distribution = {
        name: korean(value) for name, value in description["distributions"][0].items() if name in fields["distribution"]
    }
    contact = {name: korean(value) for name, value in description["contact_point"].items() if name in fields["contact"]}
    return told | {
        "identifiers": description["identifiers"][:1],
        "contact_point": contact,
        "distributions": [distribution | {"access_url": description["landing_page"]}],
        "access_level": "public",
        "theme": "administration",  # read from the first level of 분류체계, which the portal does not know
    }


OWNERS = ("dataset", "distribution", "contact")


def korean(value: Any) -> Any:
    """Return texts without their English; keywords keep both, told apart by their letters."""
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("ko"), str):
        return {"ko": value["ko"]}
    return {name: korean(part) for name, part in value.items()}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_a_csv_file_comes_back(encoding: str) -> None:
    catalogue = from_datagokr([ROW, ROW | {"목록키": "15000002", "설명": '쉼표, "따옴표"\n두 줄'}], base=BASE)
    content = b"".join(write_datagokr_csv(catalogue, encoding))
    assert content.startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig")
    assert list(to_datagokr(read_datagokr_file(content, base=BASE))) == list(to_datagokr(catalogue))


def test_a_workbook_comes_back() -> None:
    catalogue = from_datagokr([ROW], base=BASE)
    file = io.BytesIO()
    write_datagokr_xlsx(catalogue, file)
    assert list(to_datagokr(read_datagokr_file(file.getvalue(), base=BASE))) == [ROW]


def test_numbers_and_days_of_a_workbook_are_read_as_numbers_and_days() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 2, ["목록키", "목록명", "제공기관", "등록일", "전체행"])
        sheet.write_row(2, 2, [15000001, "주차장", "한빛시", 45123, 1200])
    [entry] = read_datagokr_file(file.getvalue()).datasets
    assert (entry.description["identifiers"], entry.description["issued"]) == (["15000001"], "2023-07-16")
    assert entry.description["record_count"] == 1200


def test_heads_may_differ_in_blanks_and_stand_below_a_title() -> None:
    content = (
        "공공데이터 목록 (2026년 7월)\r\n\r\n목록명,제공기관,관리부서명,업데이트주기\r\n주차장,한빛시,교통과,월간\r\n"
    )
    [entry] = read_datagokr_file(content.encode("cp949")).datasets
    assert entry.description["contact_point"] == {"name": {"ko": "교통과"}}
    assert entry.description["frequency"] == "monthly"


def test_what_cannot_be_read_is_a_finding_and_loses_no_dataset() -> None:
    row = ROW | {"등록일": "2015-09-31", "업데이트 주기": "가끔", "확장자": "CSV+점자", "새 열": "무엇"}
    read = from_datagokr([row])
    [entry] = read.datasets
    assert [finding.where for finding in read.findings] == ["15000001"] * 4
    assert "issued" not in entry.description
    assert entry.description["title"] == {"ko": ROW["목록명"]}
    assert entry.document["등록일"] == "2015-09-31"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b\r\n1,2\r\n", "no row has the headers '목록명', '제공기관'"),
        ("목록명,제공기관\r\n".encode() + b"\xff\xff\xff", "neither UTF-8 nor CP949"),
        (b"PK\x03\x04 but no workbook", "the workbook"),
    ],
)
def test_another_file_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        read_datagokr_file(content)


def test_every_licence_and_format_is_written_in_words_that_are_read_back() -> None:
    for licence in vocabulary("licence"):
        catalogue = Catalogue(BASE, datasets=[Entry("a", "", {"licence": licence})])
        [entry] = from_datagokr(to_datagokr(catalogue)).datasets
        assert entry.description["licence"] == licence
