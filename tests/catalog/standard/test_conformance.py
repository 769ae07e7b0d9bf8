"""Which descriptions meet the standard, and what is said of those that do not."""

from collections.abc import Mapping
from typing import Any

import pytest
from descriptions import COMPLETE, complete

from catalog.standard import FIELDS, PROFILE, RULES, Class, Level, Obligation, check_description
from catalog.standard.conformance import conformance, find_problems
from catalog.standard.forms import FORMS, SHOWN_CODES
from catalog.standard.profile import Kind
from catalog.standard.rules import RULE
from catalog.text import Text


@pytest.mark.parametrize("class_", Class)
def test_a_description_with_every_field_has_no_problems(class_: Class) -> None:
    assert check_description(complete(class_), class_) == ()


def test_a_plain_description_has_no_problems() -> None:
    assert check_description(COMPLETE) == ()


def test_every_kind_of_field_has_a_form() -> None:
    assert set(FORMS) == set(Kind)


@pytest.mark.parametrize(
    ("class_", "name"),
    [
        (class_, field.name)
        for class_, fields in PROFILE.items()
        for field in fields
        if field.obligation is Obligation.MANDATORY
    ],
)
def test_a_mandatory_field_is_missed(class_: Class, name: str) -> None:
    description = {key: value for key, value in complete(class_).items() if key != name}
    [problem] = check_description(description, class_)
    assert (problem.rule, problem.field, problem.level) == ("mandatory", name, Level.OBLIGATION)


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.obligation is not Obligation.MANDATORY], ids=lambda field: field.name
)
def test_other_fields_may_be_left_out(field: Any) -> None:
    description = {name: value for name, value in complete().items() if name != field.name} | {"access_level": "public"}
    assert check_description(description) == ()


@pytest.mark.parametrize(
    ("field", "value", "korean", "english"),
    [
        ("title", "주차장", '{"ko": "…", "en": "…"} 형식', "must be"),
        ("title", {"en": "Car parks"}, "한국어 글이 있어야", "Korean text is missing"),
        ("title", {"ko": "가" * 201}, "200자를 넘을 수 없", "at most 200"),
        ("title", {"ko": "가", "fr": "a"}, "형식이어야", "must be"),
        ("title", {"ko": ["가"]}, "형식이어야", "must be"),
        ("keywords", {"ko": "주차장"}, "형식이어야", "must be"),
        ("theme", "transpor", "쓸 수 있는 것: safety", "allowed: safety"),
        ("licence", "MIT license", "kogl-1", "kogl-1"),
        ("languages", ["KOR", "Korean"], "'Korean' 코드는 없습니다", "unknown code 'Korean'"),
        ("languages", "KOR", "목록", "a list"),
        ("region", "4", "지역 코드가 아닙니다", "no region code"),
        ("region", "9911000000", "지역 코드가 아닙니다", "no region code"),
        ("temporal", {"start": "2018-13-01"}, "YYYY-MM-DD", "YYYY-MM-DD"),
        ("temporal", {"start": "2018"}, "YYYY-MM-DD", "YYYY-MM-DD"),
        ("temporal", {"start": "2018-02-01", "end": "2018-01-01"}, "시작이 끝보다 늦", "after the end"),
        ("contact_point", {"name": {"ko": "교통과"}, "mobile": "010"}, "표준에 없는 항목", "not a field"),
        ("contact_point", {"name": {"ko": "교통과"}, "email": "교통과"}, "전자우편 주소가 아닙니다", "not an e-mail"),
        ("contact_point", {"email": "a@b.example"}, "'부서 이름'은(는) 꼭", "'Name of the office' is mandatory"),
        ("contact_point", "교통과", "객체", "an object"),
        ("organisation", "한빛시", "slug", "slug"),
        ("series", ["한빛시"], "slug", "slug"),
        ("landing_page", "hanbit.example", "http://", "http://"),
        ("landing_page", "urn:isbn:1", "http://", "http://"),
        ("conforms_to", ["urn:x:1", "표준 문서"], "절대 주소", "absolute URI"),
        ("conforms_to", ["javascript:alert(1)"], "절대 주소", "absolute URI"),
        ("conforms_to", ["https://a.example/b c"], "절대 주소", "absolute URI"),
        ("next_update", "내일", "날짜가 아닙니다", "no day"),
        ("next_update", "2026-02-30", "날짜가 아닙니다", "no day"),
        ("modified", "2026-03-04T05:06:07", "일시가 아닙니다", "no moment"),
        ("collection_interval", "10분", "PT5M", "PT5M"),
        ("collection_interval", "PT", "PT5M", "PT5M"),
        ("record_count", -1, "0 이상의 정수", "whole number"),
        ("record_count", True, "0 이상의 정수", "whole number"),
        ("spatial_resolution", "10m", "수여야", "a number"),
        ("spatial_resolution", float("nan"), "수여야", "a number"),
        ("is_charged", "아니오", "true 또는 false", "true or false"),
        ("version", 2, "글자여야", "a string"),
        ("version", "2\n3", "한 줄", "one line"),
        ("bbox", [126.5, 36.2], "[서, 남, 동, 북]", "[west, south, east, north]"),
        ("bbox", [127.0, 36.2, 126.5, 36.7], "차례로", "the order is"),
        ("bbox", [200000, 500000, 210000, 510000], "WGS 84", "WGS 84"),
        ("other_identifiers", [{"scheme": "https://doi.org/"}], "notation", "notation"),
        ("creators", [{}], "name이나 uri가", "a name or a URI"),
        ("creators", [{"uri": "https://a.example/"}], "이름을 적어", "give the name"),
        ("creators", [{"name": {"ko": "가"}, "uri": "가"}], "절대 주소", "absolute URI"),
        ("attributions", [{"name": {"ko": "가"}, "role": "주인"}], "'주인' 코드는 없습니다", "unknown code '주인'"),
        ("qualified_relations", [{"role": "custodian"}], "target", "target"),
        ("distributions", [{"title": {"ko": "파일"}}], "'접근 주소'은(는) 꼭", "'Access URL' is mandatory"),
        ("distributions", ["파일"], "객체", "an object"),
        ("columns", [{"name": "a", "type": "글자"}], "'글자' 코드는 없습니다", "unknown code '글자'"),
        ("colour", "red", "표준에 없는 항목", "not a field"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(field: str, value: Any, korean: str, english: str) -> None:
    [problem] = check_description(COMPLETE | {field: value})
    assert problem.field.split(".")[0] == field
    assert korean in problem.text.ko
    assert english in problem.text.en


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"distributions": [{"access_url": "https://a.example/"}, {"access_url": "?"}]}, "distributions.1.access_url"),
        ({"distributions": [{"access_url": "https://a.example/", "checksum": {"algorithm": "md99", "value": "ab"}}]},
         "distributions.0.checksum"),
        ({"columns": [{"name": "a", "type": "number", "title": "가"}]}, "columns.0.title"),
        ({"contact_point": {"name": {"ko": "과"}, "url": "ftp://a.example/"}}, "contact_point.url"),
        ({"creators": [{"name": {"ko": "가"}}, {"name": {"en": "b"}}]}, "creators.1.name"),
        ({"attributions": [{"name": {"ko": "가"}, "uri": "b"}]}, "attributions.0.uri"),
        ({"keywords": {"fr": ["a"]}}, "keywords"),
        ({"conforms_to": ["urn:a:b", " "]}, "conforms_to.1"),
    ],
)  # fmt: skip
def test_a_problem_names_the_way_to_its_place(changes: Mapping[str, Any], place: str) -> None:
    assert [problem.field for problem in check_description(COMPLETE | changes)] == [place]


@pytest.mark.parametrize(
    ("changes", "rule", "level"),
    [
        ({"access_reason": {}}, "reason", Level.OBLIGATION),
        ({"access_reason": {}, "access_level": "non-public"}, "reason", Level.OBLIGATION),
        ({"access_law": {}}, "law", Level.HINT),
        ({"licence": "unknown"}, "licence.unknown", Level.HINT),
        ({"access_level": "public", "personal_data": "contains"}, "personal-data.public", Level.FORM),
        ({"access_level": "public", "personal_data": "pseudonymised"}, "personal-data.public", Level.FORM),
        ({"access_level": "public", "columns": [{"name": "p", "type": "string", "personal_data": "contact"}]},
         "personal-data.column", Level.FORM),
        ({"modified": "2026-03-04T05:06:07+09:00", "next_update": "2026-03-03"}, "next-update", Level.OBLIGATION),
        ({"columns": [{"name": "a", "type": "string"}] * 2}, "column.unique", Level.OBLIGATION),
        ({"region": "45", "temporal": {"start": "2020-01-01", "end": "2025-01-01"}}, "region.retired", Level.OBLIGATION),
        ({"region": "45113", "temporal": {"start": "2024-06-01"}}, "region.retired", Level.OBLIGATION),
        ({"region": "45", "temporal": {}}, "region.retired-undated", Level.HINT),
        ({"contact_point": {}}, "recommended", Level.HINT),
    ],
)  # fmt: skip
def test_a_rule_beyond_form_is_broken(changes: Mapping[str, Any], rule: str, level: Level) -> None:
    told = [problem for problem in find_problems(COMPLETE | changes) if problem.rule == rule]
    assert [problem.level for problem in told][:1] == [level]


@pytest.mark.parametrize(
    "changes",
    [
        {"access_level": "restricted", "personal_data": "contains"},
        {"access_level": "public", "personal_data": "none"},
        {"access_level": "public", "columns": [{"name": "tel", "type": "string", "personal_data": "office"}]},
        {"access_level": "public", "access_reason": {}},
        {"modified": "2026-03-04", "next_update": "2026-03-04"},
        {"region": "45", "temporal": {"start": "2018-01-01", "end": "2023-12-31"}},
        {"licence": "unknown"},
        {"is_charged": False, "record_count": 0},
        {"contact_point": {"name": {"ko": "정보통신과", "en": "IT division"}, "email": "it@hanbit.example"}},
    ],
)
def test_what_keeps_the_rules_passes(changes: Mapping[str, Any]) -> None:
    assert check_description(COMPLETE | changes) == ()


def test_a_retired_region_names_its_successor() -> None:
    changes = {"region": "42", "temporal": {"start": "2024-01-01", "end": "2024-12-31"}}
    [problem] = check_description(COMPLETE | changes)
    assert "51" in problem.text.ko
    assert "강원특별자치도" in problem.text.ko


@pytest.mark.parametrize(
    ("contact", "rules"),
    [
        ({"name": {"ko": "김한빛 주무관"}}, ["person-as-contact"]),
        ({"name": {"ko": "남궁한 사무관"}}, ["person-as-contact"]),
        ({"name": {"ko": "교통과"}, "phone": "010-1234-5678"}, ["person-as-contact"]),
        ({"name": {"ko": "교통과"}, "phone": "+82 10 1234 5678"}, ["person-as-contact"]),
        ({"name": {"ko": "교통과"}, "phone": "041-123-4567"}, []),
        ({"name": {"ko": "정보과 주무관"}}, []),
        ({"name": {"ko": "김포시 데이터정책과"}}, []),
        ({"name": {"ko": "교통정책과 담당자"}}, []),
        ({"name": {"ko": "교통과"}, "email": "hanbit@gmail.com"}, []),
    ],
)
def test_a_contact_point_is_an_office(contact: Mapping[str, Any], rules: list[str]) -> None:
    found = check_description(COMPLETE | {"contact_point": contact})
    assert [problem.rule for problem in found] == rules


@pytest.mark.parametrize(
    ("contact", "rule"),
    [
        ({"name": {"ko": "교통정책과 담당자"}}, "contact.maybe-person"),
        ({"name": {"ko": "정보과 주무관"}}, "contact.maybe-person"),
        ({"name": {"ko": "홍보과", "en": "Dr. Kim"}}, "contact.maybe-person"),
        ({"name": {"ko": "교통과"}, "email": "hanbit@naver.com"}, "contact.personal-mail"),
    ],
)
def test_what_may_be_a_person_is_a_hint(contact: Mapping[str, Any], rule: str) -> None:
    answer = conformance(COMPLETE | {"contact_point": contact})
    assert answer.passes
    assert rule in {hint.rule for hint in answer.hints}


def test_hints_do_not_fail_a_description() -> None:
    answer = conformance(
        {name: COMPLETE[name] for name in ("title", "description", "organisation", "theme", "licence")}
    )
    assert [problem.field for problem in answer.problems] == ["access_level"]
    assert not answer.passes
    assert {hint.rule for hint in answer.hints} == {"recommended"}
    assert answer.rules_checked == RULES


def test_a_long_vocabulary_is_not_recited() -> None:
    [problem] = check_description(COMPLETE | {"languages": ["xx"]})
    assert problem.text.en.count(", ") == SHOWN_CODES
    assert problem.text.en.endswith("…")


def test_a_harvested_description_is_malformed_or_only_incomplete() -> None:
    found = check_description({"title": {"en": "Parking"}, "theme": "parking", "bbox": [3, 2, 1, 0]})
    levels = {problem.field: problem.level for problem in found}
    assert levels["theme"] is Level.FORM
    assert {levels[name] for name in ("title", "bbox", "description", "licence")} == {Level.OBLIGATION}


def test_every_rule_has_an_identifier_of_its_own_and_speaks_both_languages() -> None:
    assert len(RULE) == len(RULES)
    for rule in RULES:
        assert all((rule.demand.ko, rule.demand.en, rule.mend.ko, rule.mend.en))


def test_every_rule_is_broken_by_some_description() -> None:
    """The rules of this table are those that the checks speak of, no more and no less."""
    spoken = {problem.rule for case in BROKEN for problem in find_problems(COMPLETE | case)}
    assert set(RULE) - spoken == set()


BROKEN: tuple[Mapping[str, Any], ...] = (
    {"colour": 1, "languages": "KOR", "title": 1, "keywords": 1, "version": 1, "theme": "x", "region": "x"},
    {"next_update": "x", "modified": "x", "temporal": 1, "collection_interval": "x", "record_count": "x"},
    {"spatial_resolution": "x", "is_charged": 1, "columns": [1], "organisation": 1, "series": [1], "landing_page": 1},
    {"conforms_to": [1], "bbox": 1, "other_identifiers": [1], "creators": [1], "qualified_relations": [1]},
    {"distributions": [{"access_url": "https://a.example/", "checksum": 1}], "contact_point": {"email": "x"}},
    {"access_level": "public", "personal_data": "contains", "licence": "unknown", "description": {"en": "x"}},
    {"access_level": "public", "columns": [{"name": "a", "type": "string", "personal_data": "name"}] * 2},
    {"access_reason": {}, "access_law": {}, "title": {"ko": "x" * 300}, "bbox": [999, 9, 1, 1]},
    {"contact_point": {"name": {"ko": "김한빛 주무관", "en": "Dr. Kim"}, "email": "a@gmail.com"}},
    {"temporal": {"start": "2020-01-02", "end": "2020-01-01"}, "modified": "2026-01-02", "next_update": "2026-01-01"},
    {"region": "42", "temporal": {}},
    {"creators": [{"uri": "https://a.example/"}]},
    {"region": "42", "temporal": {"start": "2025-01-01"}},
)


def test_sentences_are_filled() -> None:
    for case in BROKEN:
        for problem in find_problems(COMPLETE | case):
            assert isinstance(problem.text, Text)
            assert "{value}" not in problem.text.ko + problem.text.en
            assert "{allowed}" not in problem.text.ko + problem.text.en
