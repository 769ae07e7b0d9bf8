"""Which descriptions meet the standard, and what is said of those that do not."""

from typing import Any

import pytest
from descriptions import COMPLETE

from catalog.standard import FIELDS, Obligation, check_description, is_region, label_of, vocabulary


def test_a_complete_description_has_no_problems() -> None:
    assert check_description(COMPLETE) == ()


def test_the_example_speaks_of_every_field() -> None:
    assert set(COMPLETE) == {field.name for field in FIELDS}


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.obligation is Obligation.MANDATORY], ids=lambda field: field.name
)
def test_a_mandatory_field_is_missed(field: Any) -> None:
    description = {name: value for name, value in COMPLETE.items() if name != field.name}
    [problem] = check_description(description)
    assert (problem.rule, problem.field) == ("mandatory", field.name)


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.obligation is not Obligation.MANDATORY], ids=lambda field: field.name
)
def test_other_fields_may_be_left_out(field: Any) -> None:
    description = {name: value for name, value in COMPLETE.items() if name != field.name} | {"access_level": "public"}
    assert check_description(description) == ()


@pytest.mark.parametrize(
    ("field", "value", "korean", "english"),
    [
        ("title", "주차장", '{"ko": "…", "en": "…"} 형식', "must be"),
        ("title", {"en": "Car parks"}, "한국어 글이 있어야", "Korean text is missing"),
        ("title", {"ko": "가" * 201}, "200자를 넘을 수 없", "at most 200"),
        ("title", {"ko": "가", "fr": "a"}, "형식이어야", "must be"),
        ("keywords", {"ko": "주차장"}, "형식이어야", "must be"),
        ("theme", "transpor", "쓸 수 있는 것: safety", "allowed: safety"),
        ("licence", "MIT", "kogl-1", "kogl-1"),
        ("region", "4", "지역 코드가 아닙니다", "no region code"),
        ("region", "9911000000", "지역 코드가 아닙니다", "no region code"),
        ("temporal", {"start": "2018-13-01"}, "YYYY-MM-DD", "YYYY-MM-DD"),
        ("temporal", {"start": "2018-02-01", "end": "2018-01-01"}, "시작이 끝보다 늦", "after the end"),
        ("contact_point", {"name": {"ko": "교통과"}, "mobile": "010"}, "name, email, phone만", "only name"),
        ("contact_point", {"name": {"ko": "교통과"}, "email": "교통과"}, "전자우편 주소가 아닙니다", "not an e-mail"),
        ("organisation", "한빛시", "slug", "slug"),
        ("landing_page", "hanbit.example", "http://", "http://"),
        ("colour", "red", "표준에 없는 항목", "not a field"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(field: str, value: Any, korean: str, english: str) -> None:
    [problem] = check_description(COMPLETE | {field: value})
    assert problem.field == field
    assert korean in problem.text.ko
    assert english in problem.text.en


def test_restricted_data_needs_a_reason() -> None:
    [problem] = check_description({name: value for name, value in COMPLETE.items() if name != "access_reason"})
    assert problem.rule == "reason"


@pytest.mark.parametrize("name", sorted({field.vocabulary for field in FIELDS if field.vocabulary}))
def test_every_concept_has_labels_in_both_languages_and_a_uri(name: str) -> None:
    for concept in vocabulary(name).values():
        assert concept.label.ko
        assert concept.label.en
        assert concept.uri.startswith(("http://", "https://"))


def test_every_field_speaks_both_languages() -> None:
    for field in FIELDS:
        assert all((field.label.ko, field.label.en, field.definition.ko, field.definition.en, ":" in field.term))


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("11", True),
        ("41370", True),
        ("4137010100", True),
        ("411", False),
        ("99", False),
        ("", False),
        ("１１", False),
        ("45", True),
    ],
)
def test_region_codes_are_known_by_their_form_and_province(code: str, is_one: bool) -> None:
    assert is_region(code) is is_one


def test_a_long_region_code_is_labelled_by_its_province() -> None:
    assert label_of("region", "41370").ko == "경기도"
