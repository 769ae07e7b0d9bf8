"""What is personal data and what only looks like it; no number in this file is anybody's."""

import csv
import itertools
import json
import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from record_rooms import Room, make_schema

from catalog.records import (
    Column,
    FoundPersonalData,
    Geometry,
    Schema,
    Staged,
    count_values,
    find_personal_data,
    forget_examples,
    hide_personal_data,
    mask_text,
    tabulate,
)
from catalog.records.personal_kinds import GATE, KINDS, SIEVES, find_hits, proven_hits
from catalog.records.personal_proofs import is_corporate_sum, is_personal
from catalog.text import Text

SHARED_DATA = Path(__file__).parents[4] / "shared" / "data" / "korea"
DIGITS = "0123456789"


def is_person(number: str) -> bool:
    return is_personal([int(digit) for digit in number])


def is_corporation(number: str) -> bool:
    return is_corporate_sum([int(digit) for digit in number])


def with_checksum(start: str) -> str:
    """Complete twelve digits to a resident's or foreigner's number (made up)."""
    return next(start + last for last in DIGITS if is_person(start + last))


def as_corporation(start: str) -> str:
    return next(start + last for last in DIGITS if is_corporation(start + last))


def hyphen(number: str) -> str:
    return f"{number[:6]}-{number[6:]}"


PERSON = with_checksum("900101123456")
FOREIGNER = with_checksum("850615512345")
WRONG = PERSON[:-1] + str((int(PERSON[-1]) + 1) % 10)  # as one issued anew since October 2020
CORPORATION = as_corporation("110111300001")
SERIALS = (f"110111{3_000_000 + serial}" for serial in itertools.count(1))
BOTH = next(number for number in SERIALS if is_corporation(number) and is_person(number))

# text, what is found, the text masked
FOUND = [
    (hyphen(PERSON), "resident-number", "900101-*******"),
    (PERSON, "resident-number", "900101*******"),
    (f"신청인 {hyphen(PERSON)} 확인", "resident-number", "신청인 900101-******* 확인"),
    (f"{PERSON[:6]} - {PERSON[6:]}", "resident-number", "900101 - *******"),
    (f"{PERSON[:6]} {PERSON[6:]}", "resident-number", "900101 *******"),
    (" ".join(PERSON), "resident-number", "9 0 0 1 0 1 * * * * * * *"),
    (f"{PERSON[:6]}–{PERSON[6:]}", "resident-number", "900101-*******"),
    (f"{PERSON[:6]}ㅡ{PERSON[6:]}", "resident-number", "900101-*******"),
    (hyphen(PERSON).translate({ord(digit): chr(ord(digit) + 0xFEE0) for digit in DIGITS}), "resident-number", "900101-*******"),
    (f'{{"rrn":"{hyphen(PERSON)}"}}', "resident-number", '{"rrn":"900101-*******"}'),
    ("210315-3456789", "resident-number", "210315-*******"),  # born since numbers are random
    (hyphen(BOTH), "resident-number", "110111-*******"),
    (hyphen(FOREIGNER), "foreigner-number", "850615-*******"),
    (FOREIGNER, "foreigner-number", "850615*******"),
    (hyphen(WRONG), "resident-number-form", "900101-*******"),
    ("010-1234-5678", "mobile-number", "010-****-5678"),
    ("01012345678", "mobile-number", "010****5678"),
    ("010.1234.5678", "mobile-number", "010.****.5678"),
    ("010 1234 5678", "mobile-number", "010 **** 5678"),
    ("(010)1234-5678", "mobile-number", "(010)****-5678"),
    ("010-1234- 5678", "mobile-number", "010-****- 5678"),
    ("0 1 0 - 1 2 3 4 - 5 6 7 8", "mobile-number", "0 1 0 - * * * * - 5 6 7 8"),
    ("010-12345678", "mobile-number", "010-****5678"),
    ("010 12345678", "mobile-number", "010 ****5678"),
    ("(010)12345678", "mobile-number", "(010)****5678"),
    ("0101234-5678", "mobile-number", "010****-5678"),
    ("연락처 0101234 5678", "mobile-number", "연락처 010**** 5678"),
    ("+82 10-12345678", "mobile-number", "+82 10-****5678"),
    ("+82 10-1234-5678", "mobile-number", "+82 10-****-5678"),
    ("+821012345678", "mobile-number", "+8210****5678"),
    ("011-234-5678", "mobile-number", "011-***-5678"),
    ("tel.010-1234-5678/담당", "mobile-number", "tel.010-****-5678/담당"),
    ("연락처010-1234-5678로", "mobile-number", "연락처010-****-5678로"),
    ("①010-1234-5678", "mobile-number", "①010-****-5678"),
    ("０１０－１２３４－５６７８", "mobile-number", "010-****-5678"),
    ("0162345678", "mobile-number-form", "016***5678"),
    ("12가 3456", "vehicle-plate", "12가 ****"),
    ("12가3456", "vehicle-plate", "12가****"),
    ("123호1234", "vehicle-plate", "123호****"),
    ("서울 12가 3456", "vehicle-plate", "서울 12가 ****"),
    ("신고 차량은 345너 6789 입니다", "vehicle-plate", "신고 차량은 345너 **** 입니다"),
    ("4111-1111-1111-1111", "card-number", "4111-****-****-1111"),
    ("4539 1488 0343 6467", "card-number", "4539 **** **** 6467"),
    ("4539148803436467", "card-number", "4539********6467"),
    ("3782-822463-10005", "card-number", "3782-******-*0005"),
    ("11-12-345678-90", "driving-licence", "11-**-******-**"),
    ("서울 12-345678-90", "driving-licence", "서울 **-******-**"),
    ("M12345678", "passport-number", "M********"),
    ("여권 S48213579", "passport-number", "여권 S********"),
    ("M123A4567", "passport-number", "M********"),
    ("kildong.hong@example.kr", "e-mail", "k***@example.kr"),
    ("메일:kildong@mail.example.co.kr.", "e-mail", "메일:k***@mail.example.co.kr."),
    ("110-123-456789", "account-number-form", "110-***-******"),
]  # fmt: skip

INNOCENT = [
    "131번 138번 155번 1006번", "대명10동 1624", "516로 3114", "516로3114번길", "제주시 516로 3114", "180분 2000원", "101호 1234",
    "12주 2000원", "경남71자1234", "서울 70사 1234", "12동 3456", "1층 20호 1500원", "50가1234원",
    "37.01012345678", "127.0101234567890", f"127.{PERSON}", f"{PERSON}.5", "35.2271, 128.6811",
    '{"coordinates":[126.9001011234568,37.5509010112345]}',
    CORPORATION[:6] + "-" + CORPORATION[6:], "130111-0006246", "124-81-00998", "120-81-47521",
    "055-225-2114", "02-120", "(02)1234-5678", "1588-1234", "070-1234-5678", "0507-1234-5678",
    "900132-1234567", "991301-1234567", "9001321234567", "1542345678901", "1700000000000",
    "2010-12345678", "010-123456789", "010-1234567", "010-01234567", "0101234-567", "0100234-5678", "20101234-5678", "127.010 12345678",
    "S20240001", "D20220003", "G20230015", "M19990001",
    "2021-01-01 10:00:00", "20210101120000", "20180101123456789", "2021-0001-123456", "S20210101", "M00000001",
    "3611000000", "1111010100100010000", "550e8400-e29b-41d4-a716-446655440000", "4111-1111-1111-1112", "0000-0000-0000-0000",
    "29-12-345678-90", "info@city.example.kr", "webmaster@city.example.kr", "icon@2x.png", "@hanbit", "a@b",
    "평일 09:00~18:00, 공휴일 휴무", "1-2-3-4-5", "A01012345678B", "12-010-1234-5678", "010-****-5678",
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "masked"), FOUND, ids=[row[0] for row in FOUND])
def test_personal_data_is_found_and_masked_and_nothing_is_left_to_find(text, code, masked):
    assert [hit.kind.code for hit in proven_hits(text)] == [code]
    assert mask_text(text) == masked
    assert mask_text(masked, with_doubtful=True) == masked


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_personal_data_is_left_alone(text):
    assert list(proven_hits(text)) == []
    assert mask_text(text) == text


def test_several_in_one_text_are_all_masked_and_the_rest_stays_as_it_is():
    text = f"홍길동（{hyphen(PERSON)}）, 010-1234-5678 · 12가 3456, 20㎡"
    assert mask_text(text) == "홍길동（900101-*******）, 010-****-5678 · 12가 ****, 20㎡"


def test_all_typos_of_one_digit_lose_the_proof_but_not_the_look():
    typos = [
        PERSON[:place] + digit + PERSON[place + 1 :]
        for place in range(13)
        for digit in DIGITS
        if digit != PERSON[place]
    ]
    assert not [typo for typo in typos if is_person(typo)]


MANAGEMENT_NUMBERS = random.Random(20201005)


@pytest.mark.parametrize(
    ("what", "draw"),
    [
        ("random numbers of 13 digits", lambda: f"{MANAGEMENT_NUMBERS.randrange(10**13):013}"),
        ("milliseconds since 1970", lambda: str(MANAGEMENT_NUMBERS.randrange(946_684_800_000, 1_800_000_000_000))),
        ("milliseconds of our days", lambda: str(MANAGEMENT_NUMBERS.randrange(1_400_000_000_000, 1_800_000_000_000))),
    ],
)
def test_at_most_four_in_a_thousand_management_numbers_raise_a_false_alarm(what, draw):
    alarms = sum(bool(list(proven_hits(draw()))) for _ in range(30_000))
    assert alarms <= 0.004 * 30_000, what


def test_the_sieves_of_the_engine_let_everything_through_that_is_found(shared_room):
    for text, code, _ in FOUND:
        staged = stage(shared_room, [text])
        assert [found.code for found in find_personal_data(staged)] == [code], text


def test_the_table_of_kinds_is_whole():
    assert {kind.sieve for kind in KINDS} == set(SIEVES)
    assert all(kind.title.ko and kind.title.en for kind in KINDS)
    assert GATE


# Columns


def stage(room: Room, values: Iterable[str | None], column: Column | None = None) -> Staged:
    column = column or Column("memo")
    return tabulate(({column.source_name: value} for value in values), Schema(columns=(column,)), limits=room.limits)


def judge(staged: Staged) -> list[tuple[str, str, int]]:
    return [(found.code, found.weight, found.count) for found in find_personal_data(staged)]


def test_a_column_tells_how_many_values_the_first_row_and_a_masked_example(shared_room):
    staged = stage(shared_room, ["없음", None, "010-1234-5678", "x", "010-1111-2222 또는 010-3333-4444"])
    assert find_personal_data(staged) == [
        FoundPersonalData(
            "mobile-number",
            Text(ko="휴대전화번호", en="mobile telephone number"),
            "blocking",
            "memo",
            2,
            3,
            "010-****-5678",
        )
    ]
    assert find_personal_data(staged, {"memo"}) == []


def test_only_columns_of_text_are_searched(shared_room):
    schema = make_schema(number="integer", text="string")
    staged = tabulate([{"number": PERSON, "text": "x"}], schema, limits=shared_room.limits)
    assert (staged.accepted, judge(staged)) == (1, [])


def test_numbers_that_prove_right_by_chance_in_a_column_of_management_numbers_only_warn(shared_room):
    draw = random.Random(7)
    values = [f"{draw.randrange(10**13):013}" for _ in range(5_000)]
    assert {weight for _, weight, _ in judge(stage(shared_room, values))} == {"warning"}
    people = [
        with_checksum(f"9{draw.randrange(10)}0{1 + draw.randrange(9)}1{draw.randrange(10)}112{draw.randrange(1000):03}")
        for _ in range(50)
    ]
    assert judge(stage(shared_room, people)) == [("resident-number", "blocking", 50)]


def test_a_column_of_corporations_is_public_though_some_may_be_persons_by_their_digits(shared_room):
    corporations = [as_corporation(f"110111{300000 + serial}") for serial in range(400)]
    values = [hyphen(number) for number in corporations]
    assert sum(is_person(number) for number in corporations) > 5
    assert judge(stage(shared_room, values)) == []
    assert judge(stage(shared_room, [*values, hyphen(PERSON)])) == [("resident-number", "blocking", 1)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("a", source="주민등록번호"), WRONG),
        (Column("rrn"), hyphen(WRONG)),
        (Column("a", title=Text(ko="휴대전화")), "0162345678"),
        (Column("plate_no"), "12로 3456"),
        (Column("a", source="여권번호"), "M20230015"),
        (Column("a", source="환불 계좌번호"), "110-123-456789"),
    ],
)
def test_a_column_that_says_what_it_holds_needs_no_proof(shared_room, column, value):
    [(_, weight, count)] = judge(stage(shared_room, [value], column))
    assert (weight, count) == ("blocking", 1)


# columns by their names at the platform -> (kind, weight, column)
PAIRS = [
    (("성명", "생년월일"), [("name-and-birth", "blocking", "c0")]),
    (("이름", "생일"), [("name-and-birth", "blocking", "c0")]),
    (("name", "birth_date"), [("name-and-birth", "blocking", "c0")]),
    (("신청인 성명", "생년월일(주민번호 앞자리)"), [("name-and-birth", "blocking", "c0")]),
    (("성명", "상세주소"), [("name-and-home", "warning", "c0")]),
    (("대표자성명", "주소"), [("name-and-home", "warning", "c0")]),
    (("시설명", "생년월일"), []),
    (("이름", "주소"), []),
    (("주차장명", "개방일자"), []),
    (("name", "address"), []),
]


@pytest.mark.parametrize(("names", "expected"), PAIRS)
def test_columns_give_a_person_away_together(shared_room, names, expected):
    schema = Schema(columns=tuple(Column(f"c{place}", source=name) for place, name in enumerate(names)))
    rows = [dict.fromkeys(names, "x"), {names[0]: "x", names[1]: None}]
    found = find_personal_data(tabulate(rows, schema, limits=shared_room.limits))
    assert [(one.code, one.weight, one.column) for one in found] == expected
    assert all((one.count, one.row, one.example) == (1, 1, "") for one in found)
    assert find_personal_data(tabulate(rows, schema, limits=shared_room.limits), {"c1"}) == []


def test_hiding_masks_what_is_found_hides_the_whole_and_empties(shared_room):
    schema = Schema(columns=(Column("memo"), Column("name"), Column("born", "date"), Column("phone")))
    rows = [
        {"memo": "문의 010-1234-5678", "name": "홍길동", "born": "1990-01-01", "phone": "010-1234-5678"},
        {"memo": "516로 3114 12로 3456", "name": None, "born": None, "phone": "055-225-2114"},
    ]
    staged = tabulate(rows, schema, limits=shared_room.limits)
    hide_personal_data(staged, masked={"memo"}, whole={"name", "phone"}, emptied={"born"})
    assert staged.read().read_all().drop_columns(["_row"]).to_pylist() == [
        {"memo": "문의 010-****-5678", "name": "***", "born": None, "phone": "010-****-5678"},
        {"memo": "516로 **** 12로 ****", "name": None, "born": None, "phone": "***"},
    ]
    assert count_values(staged, ["name", "born"]) == [1, 0]
    assert find_personal_data(staged) == []


def test_an_emptied_geometry_leaves_no_bounds(shared_room):
    schema = Schema(columns=(Column("id"), Column("shape", "geometry")), geometry=Geometry(column="shape"))
    point = json.dumps({"type": "Point", "coordinates": [127.0, 37.5]})
    staged = tabulate([{"id": "1", "shape": point}], schema, limits=shared_room.limits)
    hide_personal_data(staged, emptied={"shape"})
    assert set(staged.read().read_all().to_pylist()[0].values()) == {1, "1", None}


def test_masked_columns_that_rows_are_sorted_by_are_sorted_anew(shared_room):
    schema = Schema(columns=(Column("memo"), Column("id")), sorted_by=("memo",))
    rows = [{"memo": f"{PERSON[:6]}-{number}", "id": "1"} for number in (PERSON[6:], PERSON[6:])]
    staged = tabulate(rows, schema, limits=shared_room.limits)
    assert staged.order.is_kept
    hide_personal_data(staged, masked={"memo"})
    assert not staged.order.is_kept


def test_examples_of_refused_values_are_forgotten(shared_room):
    schema = Schema(columns=(Column("phone", enum=("없음",)), Column("kind", enum=("a",))))
    rows = [{"phone": "010-1234-5678", "kind": "a"}, {"phone": "없음", "kind": "b"}]
    staged = tabulate(rows, schema, limits=shared_room.limits)
    forget_examples(staged, {"phone"})
    assert {column: examples[0]["value"] for (_, column), examples in staged.samples.items()} == {
        "phone": "***",
        "kind": "b",
    }


def test_half_a_million_plain_cells_take_less_than_two_seconds(shared_room):
    draw = random.Random(1)
    rows = [
        {
            "name": f"제{number}주차장",
            "address": f"경상남도 창원시 의창구 중앙대로 {draw.randrange(999)}번길 {draw.randrange(99)} (용호동)",
            "phone": f"055-{draw.randrange(1000):03}-{draw.randrange(10_000):04}",
            "place": f"{draw.uniform(33, 39):.10f} {draw.uniform(124, 132):.10f}",
            "day": f"2021-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02} 10:{draw.randrange(60):02}:00",
        }
        for number in range(100_000)
    ]
    schema = make_schema(name="string", address="string", phone="string", place="string", day="string")
    staged = tabulate(rows, schema, limits=shared_room.limits)
    before = time.process_time()
    assert find_personal_data(staged) == []
    assert time.process_time() - before < 2


def test_endless_text_takes_no_endless_time():
    before = time.process_time()
    for text in ("a" * 200_000, "1" * 200_000, "1 " * 100_000, "a.b-" * 50_000, "0 1 0 " * 30_000, "a@" * 100_000):
        find_hits(text)
    assert time.process_time() - before < 5


# The files of real municipalities, and made-up ones that carry the same snares

TWIN = {
    "parking": [
        {"주차장명": "한빛1주차장", "주소": "제주특별자치도 한빛시 516로 3114", "요금": "180분 2000원", "전화": "064-728-1234", "위도": "33.0101234567"},
        {"주차장명": "대명10동 1624", "주소": "한빛구 12나길 34", "요금": "30분 500원", "전화": "", "위도": "126.90010112345"},
    ],
    "buses": [{"정류장": "한빛시청", "노선": "131번 138번 155번 1006번", "차량": "경남71자1234"}],
    "companies": [{"법인": "130111-0006246", "사업자": "124-81-00998", "전자우편": "info@example.kr"}],
}  # fmt: skip


@pytest.mark.parametrize("name", TWIN)
def test_made_up_municipal_files_hold_nobody(shared_room, name):
    assert findings_of(shared_room, TWIN[name]) == []


def test_real_municipal_files_hold_nobody(shared_room):
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real municipal files are not here ({SHARED_DATA.name})")
    found = {}
    for path in sorted(SHARED_DATA.iterdir()):
        if path.suffix in (".csv", ".json", ".xml", ".geojson") and (
            blocking := [one for one in findings_of(shared_room, rows_of(path)) if one.weight == "blocking"]
        ):
            found[path.name] = blocking
    assert found == {}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return a file's rows; of what is no table every line and every element is one."""
    text = decoded(path.read_bytes())
    if path.suffix == ".csv":
        return [{name or "": value for name, value in row.items() if name} for row in csv.DictReader(text.splitlines())]
    return [{"text": line} for line in text.replace("{", "\n{").replace("<", "\n<").splitlines()]


def decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp949")


def findings_of(room: Room, rows: list[dict[str, str]]) -> list[FoundPersonalData]:
    columns = tuple(Column(f"c{place}", source=name) for place, name in enumerate(rows[0]))
    return find_personal_data(tabulate(rows, Schema(columns=columns), limits=room.limits))
