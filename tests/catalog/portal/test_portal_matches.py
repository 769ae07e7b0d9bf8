"""Marking the words of a question in a text."""

import pytest

from catalog.portal.matches import excerpt, highlight, question_pattern


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("주차", "공영주차장", "공영<mark>주차</mark>장"),
        ("미세먼지", "미세 먼지", "<mark>미세 먼지</mark>"),
        ("미세 먼지", "미세먼지", "<mark>미세먼지</mark>"),
        ("PM10", "pm10 농도", "<mark>pm10</mark> 농도"),
        ("먼지 오존", "오존과 먼지", "<mark>오존</mark>과 <mark>먼지</mark>"),
        ("a.c", "abc a.c", "abc <mark>a.c</mark>"),
        ("<b>", "x <b> y", "x <mark>&lt;b&gt;</mark> y"),
        ("없음", "<i>다른</i>", "&lt;i&gt;다른&lt;/i&gt;"),
        ("", "그대로", "그대로"),
    ],
)
def test_words_are_marked_and_the_rest_is_text(question: str, text: str, marked: str) -> None:
    assert highlight(text, question_pattern(question)) == marked


def test_an_excerpt_goes_to_the_first_match() -> None:
    text = "가나다 " * 100 + "주차장입니다"

    shown = excerpt(text, question_pattern("주차장"))
    assert shown.startswith("…") and shown.endswith("<mark>주차장</mark>입니다")


def test_an_excerpt_ends_between_words() -> None:
    assert excerpt("word " * 100, None).endswith("word…")
