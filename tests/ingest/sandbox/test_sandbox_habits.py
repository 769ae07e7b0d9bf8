"""The habits of the platforms, as a manual: what is asked, and what is seen."""

import csv
import io
import re
from datetime import datetime
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import pytest
from sandbox_asking import (
    AIR,
    AVAILABILITY,
    CCTV,
    EXAMPLES,
    LOTS,
    STOPS,
    ask,
    ask_json,
    ask_xml,
    code_of,
    make_world,
    rows_of,
)

from ingest.sandbox.city import KST

DATAGOKR_PATH = LOTS.partition("?")[0]


@pytest.mark.parametrize(
    ("habit", "url", "seen"),
    [
        ("the default format is XML", LOTS, "XML 00 10 rows"),
        ("the default page holds ten rows", f"{LOTS}&_type=json", "JSON 00 10 rows"),
        ("_type switches the format", f"{LOTS}&_type=json&numOfRows=3", "JSON 00 3 rows"),
        ("type switches the format", f"{LOTS}&type=json&numOfRows=3", "JSON 00 3 rows"),
        ("returnType switches the format", f"{LOTS}&returnType=json&numOfRows=3", "JSON 00 3 rows"),
        ("the switch may be in capitals", f"{LOTS}&_type=JSON&numOfRows=3", "JSON 00 3 rows"),
        ("pages count from 1", f"{LOTS}&_type=json&pageNo=33&numOfRows=10", "JSON 00 no row: ''"),
        ("the last page may be short", f"{LOTS}&_type=json&pageNo=4&numOfRows=100", "JSON 00 20 rows"),
        ("one row is an object, not a list", f"{LOTS}&_type=json&numOfRows=1", "JSON 00 one row as an object"),
        ("one row of XML is one item", f"{LOTS}&numOfRows=1", "XML 00 1 rows"),
        ("no rows make items an empty text", f"{LOTS}&_type=json&pageNo=99", "JSON 00 no row: ''"),
        ("no rows of XML make items empty", f"{LOTS}&pageNo=99", "XML 00 0 rows"),
        ("some say 0 for success", f"{AVAILABILITY}&_type=json&numOfRows=2", "JSON 0 2 rows"),
        ("some hold the list in items itself", f"{AIR}&_type=json&numOfRows=2", "JSON 00 2 rows, bare"),
        ("even one row", f"{AIR}&_type=json&numOfRows=1", "JSON 00 1 rows, bare"),
        ("even none", f"{AIR}&_type=json&pageNo=99", "JSON 00 0 rows, bare"),
        ("no more than a thousand rows a page", f"{AIR}&_type=json&numOfRows=99999", "JSON 00 240 rows, bare"),
        ("a column filters", f"{LOTS}&_type=json&prkplceType=부설&numOfRows=2", "JSON 00 2 rows"),
        ("a filter that meets nothing is NODATA", f"{LOTS}&_type=json&prkplceNo=없음", "JSON 03 no body"),
        ("NODATA in XML", f"{LOTS}&prkplceNo=없음", "XML 03 no body"),
        ("unknown parameters are ignored", f"{LOTS}&_type=json&numOfRows=2&nonsense=1", "JSON 00 2 rows"),
        ("a page that is no number", f"{LOTS}&_type=json&pageNo=eins", "JSON 10 no body"),
        ("page 0", f"{LOTS}&pageNo=0", "XML 10 no body"),
        ("no key: the gateway, in XML", f"{DATAGOKR_PATH}?_type=json", "gateway 30"),
        ("an unknown key", f"{DATAGOKR_PATH}?serviceKey=nobody&_type=json", "gateway 30"),
        ("an expired key", f"{DATAGOKR_PATH}?serviceKey=expired-key&_type=json", "gateway 31"),
        ("an operation that does not exist", "/datagokr/NoService/getNothing?serviceKey=sandbox-key", "gateway 12"),
        ("ServiceKey is also read", f"{DATAGOKR_PATH}?ServiceKey=sandbox-key&_type=json", "JSON 00 10 rows"),
    ],
)
def test_datagokr_habit(habit: str, url: str, seen: str) -> None:
    assert look_at_datagokr(url) == seen, habit


def look_at_datagokr(url: str) -> str:
    answer = ask(url)
    assert answer.status == 200
    if answer.content_type.startswith("application/json"):
        response = ask_json(url)["response"]
        form, code = "JSON", response["header"]["resultCode"]
        if "body" not in response:
            return f"{form} {code} no body"
        match response["body"]["items"]:
            case list() as rows:
                return f"{form} {code} {len(rows)} rows, bare"
            case {"item": list() as rows}:
                return f"{form} {code} {len(rows)} rows"
            case {"item": dict()}:
                return f"{form} {code} one row as an object"
            case nothing:
                return f"{form} {code} no row: {nothing!r}"
    root = ElementTree.fromstring(answer.body)
    if root.tag == "OpenAPI_ServiceResponse":
        return f"gateway {code_of(answer)}"
    body = root.find("body")
    told = "no body" if body is None else f"{len(body.findall('items/item'))} rows"
    return f"XML {code_of(answer)} {told}"


@pytest.mark.parametrize(
    ("habit", "url", "format_seen", "code"),
    [
        ("both ends are meant", f"{STOPS}/1/5/", "json", "INFO-000"),
        ("a thousand rows are allowed", f"{STOPS}/1001/2000/", "json", "INFO-000"),
        ("the slash at the end may be left out", f"{STOPS}/1/5", "json", "INFO-000"),
        ("xml", "/seoul/sandbox-key/xml/busStopInfo/1/5/", "xml", "INFO-000"),
        ("past the end there is no data", f"{STOPS}/2318/2400/", "json", "INFO-200"),
        ("no data in xml", "/seoul/sandbox-key/xml/busStopInfo/2318/2400/", "xml", "INFO-200"),
        ("a wrong key is told in XML, whatever was asked", "/seoul/nobody/json/busStopInfo/1/5/", "xml", "INFO-100"),
        ("an expired key", "/seoul/expired-key/json/busStopInfo/1/5/", "xml", "INFO-100"),
        ("the sample key answers five rows", "/seoul/sample/json/busStopInfo/1/5/", "json", "INFO-000"),
        ("and no more", "/seoul/sample/json/busStopInfo/1/6/", "xml", "ERROR-335"),
        ("nor later ones", "/seoul/sample/json/busStopInfo/6/10/", "xml", "ERROR-335"),
        ("1,001 rows are too many", f"{STOPS}/1/1001/", "json", "ERROR-336"),
        ("a format that is not served", "/seoul/sandbox-key/xls/busStopInfo/1/5/", "xml", "ERROR-301"),
        ("a service that does not exist", "/seoul/sandbox-key/json/noSuchService/1/5/", "json", "ERROR-310"),
        ("no service", "/seoul/sandbox-key/json/", "json", "ERROR-300"),
        ("no positions", f"{STOPS}/", "json", "ERROR-300"),
        ("a start below 1", f"{STOPS}/0/5/", "json", "ERROR-331"),
        ("an end below 1", f"{STOPS}/1/0/", "json", "ERROR-332"),
        ("a position that is no number", f"{STOPS}/one/5/", "json", "ERROR-333"),
        ("a start after the end", f"{STOPS}/10/5/", "json", "ERROR-334"),
        ("a filter that meets nothing", f"{STOPS}/1/5/{quote('수상정류장')}/", "json", "INFO-200"),
    ],
)
def test_seoul_habit(habit: str, url: str, format_seen: str, code: str) -> None:
    answer = ask(url)

    assert (answer.status, code_of(answer)) == (200, code), habit
    assert answer.content_type.startswith(f"application/{format_seen}"), habit


def test_a_seoul_error_is_a_bare_result() -> None:
    assert list(ask_json(f"{STOPS}/1/1001/")) == ["RESULT"]
    assert ask_xml("/seoul/nobody/json/busStopInfo/1/5/").tag == "RESULT"


def test_seoul_pages_put_together_are_all_rows_once() -> None:
    pages = [rows_of(f"{STOPS}/{start}/{start + 999}/") for start in (1, 1001, 2001)]
    ids = [row["NODE_ID"] for page in pages for row in page]

    assert [len(page) for page in pages] == [1000, 1000, 317]
    assert len(set(ids)) == len(ids) == ask_json(f"{STOPS}/1/1/")["busStopInfo"]["list_total_count"]


def test_seoul_filters_by_further_segments() -> None:
    kinds = {
        (row["STOPS_TYPE"], row["ADMDONG_NM"]) for row in rows_of(f"{STOPS}/1/9/{quote('중앙차로')}/{quote('라온동')}/")
    }

    assert kinds == {("중앙차로", "라온동")}


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "cctv"])
def test_json_and_xml_say_the_same(name: str) -> None:
    json_rows = rows_of(EXAMPLES[name])
    xml = ask_xml(EXAMPLES[name].replace("_type=json", "_type=xml").replace("/json/", "/xml/"))

    xml_rows = [{cell.tag: cell.text or "" for cell in row} for row in xml.iter() if row.tag in ("item", "row")]
    assert xml_rows == [
        {column: "" if value is None else str(value) for column, value in row.items()} for row in json_rows
    ]


def test_datagokr_values_are_text_and_missing_ones_a_dash_or_empty() -> None:
    rows = rows_of(EXAMPLES["parking-lots"])

    assert all(isinstance(value, str) for row in rows for value in row.values())
    assert {"-", ""} <= {row["monthCmmtkt"] for row in rows}
    assert any("," in row["dayCmmtkt"] for row in rows)


def test_some_count_in_text_and_some_in_numbers() -> None:
    assert ask_json(f"{LOTS}&_type=json")["response"]["body"]["totalCount"] == "320"
    assert ask_json(f"{AIR}&_type=json")["response"]["body"]["totalCount"] == 240


def test_codes_keep_their_leading_zeros() -> None:
    assert rows_of(f"{LOTS}&_type=json&numOfRows=1")[0]["prkplceNo"].startswith("0")
    assert rows_of(f"{LOTS}&_type=json&numOfRows=1")[0]["insttCode"] == "0449000"
    assert all(row["NODE_ID"].startswith("0449") for row in rows_of(f"{STOPS}/1/1000/"))


def test_midnight_is_24_00_of_the_day_that_ends() -> None:
    after_midnight = make_world(datetime(2026, 5, 1, 0, 20, tzinfo=KST))

    times = list(dict.fromkeys(row["dataTime"] for row in rows_of(EXAMPLES["air-quality"], after_midnight)))

    assert times[:2] == ["2026-04-30 24:00", "2026-04-30 23:00"]
    assert times[-1] == "2026-04-30 01:00"
    assert len(times) == 24


def test_a_reading_that_failed_is_a_dash_with_its_flag_and_no_grade() -> None:
    rows = rows_of(EXAMPLES["air-quality"])
    failed = [(row, name) for row in rows for name in ("so2", "co", "o3", "no2", "pm10", "pm25") if row[f"{name}Flag"]]

    assert "통신장애" in {row[f"{name}Flag"] for row, name in failed}
    assert {(row[f"{name}Value"], row[f"{name}Grade"], row["khaiValue"]) for row, name in failed} == {("-", None, "-")}
    assert all(re.fullmatch(r"0\.\d{3}", row["o3Value"]) for row in rows if not row["o3Flag"])
    assert all(re.fullmatch(r"\d{1,3}", row["pm10Value"]) for row in rows if not row["pm10Flag"])


@pytest.mark.parametrize(
    ("path", "encoding", "start"),
    [("/files/cctv.csv", "cp949", b"\xb0\xfc\xb8\xae"), ("/files/cctv-utf8.csv", "utf-8-sig", b"\xef\xbb\xbf")],
)
def test_a_file_is_in_its_encoding(path: str, encoding: str, start: bytes) -> None:
    body = ask(path).body

    assert body.startswith(start)
    assert body.decode(encoding).startswith("관리번호,관리기관명,")
    assert body.count(b"\r\n") == body.count(b"\n") == 1205


def test_cp949_is_not_utf8() -> None:
    with pytest.raises(UnicodeDecodeError):
        ask(CCTV).body.decode("utf-8")


def test_every_line_of_the_file_has_one_empty_field_too_many() -> None:
    header, *lines = csv.reader(io.StringIO(ask(CCTV).body.decode("cp949")))

    assert len(header) == 14
    assert {(len(line), line[-1]) for line in lines} == {(15, "")}
    assert "북쪽, 동쪽" in {line[header.index("촬영방면정보")] for line in lines}
    assert "1,200" in {line[header.index("카메라화소수(만)")] for line in lines}


def test_the_file_has_a_korean_name() -> None:
    disposition = dict(ask(CCTV).headers)["Content-Disposition"]

    assert disposition.startswith('attachment; filename="cctv.csv"; ')
    assert unquote(disposition.rpartition("''")[2]) == "한빛시_CCTV설치현황_20260401.csv"


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/files/nothing.csv", 404),
        ("POST", LOTS, 405),
        ("POST", "/healthz", 405),
        ("GET", f"{LOTS}&fault=nonsense", 400),
    ],
)
def test_what_is_not_there_is_an_http_error(method: str, url: str, status: int) -> None:
    assert ask(url, method=method).status == status


def test_the_start_page_shows_every_service_with_examples_that_answer() -> None:
    page = ask("/").body.decode()
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"]+)"', page)]

    assert 'lang="ko"' in page and 'lang="en"' in page
    assert len(links) == 2 + 3 * 5 + 5 + 2
    assert {ask(link).status for link in links} == {200}
