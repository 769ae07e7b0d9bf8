"""Why a dataset was found: the fields and the words as they stand there."""

import pytest
from builders import make_dataset
from django.test import Client

from catalog.search import Question, explain, make_finder
from catalog.search.synonyms import FILE, key, synonyms
from catalog.search.tokens import words_of

DATASETS = "/api/v1/datasets"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("question", "matches"),
    [
        (
            "미세먼지",
            {"title": ["미세 먼지", "Fine dust", "대기질"], "columns": ["미세먼지"], "description": ["미세먼지"]},
        ),
        ("pm10", {"columns": ["pm10", "PM10"]}),
        ("한빛시", {"organisation": ["한빛시"]}),
        ("ㅁㅅㅁㅈ", {"title": ["미세 먼지"], "columns": ["미세먼지"], "description": ["미세먼지"]}),
        ("환경", {"theme": ["환경"]}),
        ("낙타", {}),
    ],
)
def test_the_words_are_named_field_by_field(question: str, matches: dict[str, list[str]]) -> None:
    dataset = make_dataset(
        title={"ko": "미세 먼지 대기질", "en": "Fine dust"}, description={"ko": "측정소별 미세먼지 농도"}
    )
    found = {match.field: list(match.words) for match in explain(dataset, make_finder(Question(question)))}
    assert {field: sorted(words) for field, words in found.items()} == {
        f: sorted(words) for f, words in matches.items()
    }


@pytest.mark.django_db
def test_the_api_says_why(client: Client) -> None:
    make_dataset("parking", title={"ko": "공영주차장"}, description={"ko": "요금"}, keywords={"ko": ["주차 요금"]})
    [found] = client.get(DATASETS, {"q": "parking"}).json()["datasets"]
    assert found["matches"] == [
        {"field": "title", "words": ["주차장"]},
        {"field": "keywords", "words": ["주차"]},
    ]
    [unasked] = client.get(DATASETS).json()["datasets"]
    assert "matches" not in unasked


@pytest.mark.django_db
def test_a_guess_says_so_and_names_what_fits(client: Client) -> None:
    make_dataset("parking", title={"ko": "공영주차장"}, description={"ko": "요금"})
    answer = client.get(DATASETS, {"q": "주차쟝"}).json()
    assert (answer["is_guess"], answer["datasets"][0]["matches"]) == (True, [{"field": "title", "words": ["주차"]}])


def test_synonyms_go_both_ways_and_each_phrase_stands_in_one_row() -> None:
    assert "parking" in synonyms()[key(words_of("주차장"))] and "주차장" in synonyms()[key(words_of("Car Parks"))]
    rows = FILE.read_text(encoding="utf-8").splitlines()[1:]
    phrases = [key(words_of(term)) for row in rows for cell in row.split(",") for term in cell.split("|")]
    assert len(rows) >= 100
    assert sorted(phrases) == sorted(set(phrases)), "a phrase in two rows would join what does not belong together"
