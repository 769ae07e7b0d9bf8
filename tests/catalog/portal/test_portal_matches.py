"""Marking the words of a question in a text."""

import pytest

from catalog.portal.matches import excerpt, highlight
from catalog.search import Finder, Question, make_finder


def finder(question: str, *, is_guess: bool = False) -> Finder:
    return make_finder(Question(question), is_guess=is_guess)


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("구획", "주차구획수", "주차<mark>구획</mark>수"),
        ("주차", "공영주차장", "공영<mark>주차장</mark>"),  # means the same
        ("미세먼지", "미세 먼지", "<mark>미세 먼지</mark>"),
        ("미세 먼지", "미세먼지", "<mark>미세먼지</mark>"),
        ("PM10", "pm10 농도", "<mark>pm10</mark> 농도"),
        ("먼지 오존", "오존과 먼지", "<mark>오존</mark>과 <mark>먼지</mark>"),
        ("시장", "서울시 장애인 시장", "서울시 장애인 <mark>시장</mark>"),
        (
            "libraries",
            "A Library & its library’s books",
            "A <mark>Library</mark> &amp; its <mark>library</mark>’s books",
        ),
        ("wifi", "공공 Wi-Fi", "공공 <mark>Wi-Fi</mark>"),
        ("parking", "공영주차장", "공영<mark>주차장</mark>"),
        ("bus stop", "Stops of a bus, bus stops", "Stops of a bus, <mark>bus stops</mark>"),
        ("ㅁㅅ", "초미세 먼지", "초<mark>미세</mark> 먼지"),
        ("<b>", "x <b> y", "x &lt;<mark>b</mark>&gt; y"),
        ("없음", "<i>다른</i>", "&lt;i&gt;다른&lt;/i&gt;"),
        ("%", "100%", "100%"),
    ],
)
def test_words_are_marked_and_the_rest_is_text(question: str, text: str, marked: str) -> None:
    assert highlight(text, finder(question)) == marked


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("주차쟝", "공영주차장", "공영<mark>주차</mark>장"),
        ("parkng", "Parking meters", "<mark>Parking</mark> meters"),
    ],
)
def test_what_was_guessed_is_marked_as_far_as_it_fits(question: str, text: str, marked: str) -> None:
    assert highlight(text, finder(question, is_guess=True)) == marked


def test_without_a_question_nothing_is_marked() -> None:
    assert highlight("<그대로>", None) == "&lt;그대로&gt;"


def test_an_excerpt_goes_to_the_first_match() -> None:
    text = "가나다 " * 100 + "주차장입니다"

    shown = excerpt(text, finder("주차장"))
    assert shown.startswith("…") and shown.endswith("<mark>주차장</mark>입니다")


def test_an_excerpt_ends_between_words() -> None:
    assert excerpt("word " * 100, None).endswith("word…")
