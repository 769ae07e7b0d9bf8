import pytest

from catalog.text import Text

LANGUAGES = [
    (Text(ko="주차장", en="car park"), "ko", "주차장"),
    (Text(ko="주차장", en="car park"), "ko-KR", "주차장"),
    (Text(ko="주차장", en="car park"), "KO", "주차장"),
    (Text(ko="주차장", en="car park"), "en", "car park"),
    (Text(ko="주차장", en="car park"), "en-gb", "car park"),
    (Text(ko="주차장", en="car park"), "fr", "car park"),
    (Text(ko="주차장"), "en", "주차장"),
    (Text(en="car park"), "ko", "car park"),
    (Text(), "ko", ""),
]


@pytest.mark.parametrize(("text", "language", "expected"), LANGUAGES)
def test_a_text_speaks_a_language_or_else_the_other(text, language, expected):
    assert text.in_language(language) == expected


def test_a_template_is_filled_in_both_languages_at_once():
    template = Text(ko="'{what}' 없음: {count}", en="no '{what}': {count}")
    assert template.format(what=Text(ko="열", en="column"), count=3) == Text(ko="'열' 없음: 3", en="no 'column': 3")


def test_braces_in_values_are_left_alone():
    assert Text(ko="{value}", en="{value}").format(value="{secret} {0}") == Text(ko="{secret} {0}", en="{secret} {0}")
    assert Text(ko="{value}", en="{value}").format(value=Text(ko="{가}", en="{a}")) == Text(ko="{가}", en="{a}")


VALUES = [
    ({"ko": "가", "en": "a"}, Text(ko="가", en="a")),
    ({"ko": "가"}, Text(ko="가")),
    ({"en": "a"}, Text(en="a")),
    ({}, Text()),
    ("가", Text(ko="가")),
    (None, Text()),
    (Text(en="a"), Text(en="a")),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_a_text_is_read_from_what_documents_hold(value, text):
    assert Text.from_value(value) == text
    assert Text.from_value(text.as_dict()) == text


def test_only_a_text_without_any_language_is_false():
    assert not Text()
    assert Text(ko="가")
    assert Text(en="a")
    assert str(Text(ko="가", en="a")) == "a"
    assert str(Text(ko="가")) == "가"
