"""Words and their tokens: what finds what, without a database."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.search.expression import holds
from catalog.search.question import Question
from catalog.search.tokens import initial_tokens, initials_of, stem, text_tokens, title_tokens, word_tokens, words_of


def is_found(question: str, title: str) -> bool:
    expression = Question(question).expression
    return expression is not None and holds(expression, title_tokens(title) | initial_tokens(title))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("미세 먼지(PM10) 측정", ["미세", "먼지", "pm10", "측정"]),
        ("Wi-Fi 위치", ["wi-fi", "위치"]),
        ("place_id", ["place_id"]),
        ("CCTV설치현황", ["cctv", "설치현황"]),
        (unicodedata.normalize("NFD", "주차장"), ["주차장"]),
        ("ㅁㅅ 먼지", ["ㅁㅅ", "먼지"]),
        ("  %, -- ", []),
    ],
)
def test_words_are_runs_of_one_script(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("주차", "공영주차장"),
        ("미세먼지", "미세 먼지 측정"),
        ("미세 먼지", "미세먼지 측정"),
        ("수원시대기질", "수원시 대기질"),
        ("수원 대기질", "수원시 대기질"),
        ("주 차 장", "한빛시 주차장"),
        ("물 길", "물길 안내"),
        ("물", "상수도 물 사용량"),
        ("ㅁㅅ", "미세먼지"),
        ("ㅈㅊㅈ", "공영주차장"),
        ("ㅁㅅㅁㅈ", "미세 먼지"),
        ("ㅅㅇㅅㄷㄱㅈ", "수원시 대기질"),
        ("parking", "공영주차장"),
        ("주차장", "Public car parks"),
        ("air quality", "미세먼지 농도"),
        ("libraries", "Public library"),
        ("wifi", "공공 Wi-Fi"),
        ("wi-fi", "WiFi hotspots"),
        ("PM 10", "pm10 농도"),
        ("pm10", "PM 10"),
        ("zurich", "Strassen der Stadt Zürich"),
        ("Zürich", "Zurich streets"),
        ("씨씨티비", "방범 CCTV"),
    ],
)
def test_a_question_finds_the_title(question: str, title: str) -> None:
    assert is_found(question, title)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("시장", "서울시 장애인 콜택시"),  # across a space only longer words are found
        ("park", "Parking meters"),
        ("bus", "Small business loans"),
        ("ㅈㅊㅈ", "미세 먼지 측정"),  # initials across a space begin where a word does
        ("ㅁ", "미세먼지"),
        ("주차장 낙타", "공영주차장"),
        ("pm10", "PM2.5 in 2010"),
        ("%", "100%"),
        ("", "무엇이든"),
    ],
)
def test_a_question_does_not_find_the_title(question: str, title: str) -> None:
    assert not is_found(question, title)


@pytest.mark.parametrize(
    ("word", "whole"),
    [
        ("cities", "city"), ("parks", "park"), ("buses", "bus"), ("boxes", "box"), ("bus", "bus"), ("gas", "gas"),
        ("address", "address"), ("status", "status"), ("houses", "house"), ("viruses", "virus"), ("2010s", "2010"), ("주차장", "주차장"),
    ],
)  # fmt: skip
def test_plural_endings_fall_off(word: str, whole: str) -> None:
    assert stem(word) == whole


def test_only_titles_are_found_by_a_syllable_and_names_by_one_that_is_a_word() -> None:
    assert "물" in title_tokens("시설물")
    assert "물" not in word_tokens(["시설물"]) and "물" in word_tokens(["물"])
    assert "물" not in text_tokens("물 시설물")


def test_every_syllable_has_its_initial() -> None:
    assert initials_of("가까나다따라마바빠사싸아자짜차카타파하힣") == "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅎ"


@given(st.text(max_size=60))
def test_any_text_has_tokens_without_spaces_or_quotes(text: str) -> None:
    for token in title_tokens(text) | initial_tokens(text) | word_tokens([text]) | text_tokens(text):
        assert token and not set(token) & set(" '\"\\\x00")


@given(st.text(alphabet=st.characters(categories=["Lo", "Ll", "Lu", "Nd", "Zs"]), max_size=30))
@example("ㄱㄱㄱㄱㄱㄱ")
def test_a_title_is_found_by_itself(title: str) -> None:
    if Question(title).expression is not None:
        assert is_found(title, title)
