"""What is suggested to somebody who is still typing."""

import pytest
from builders import make_dataset, make_organisation
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from catalog.search import suggest

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> None:
    make_organisation("saeom-city", ko="새움시", en="Saeom City")
    make_dataset(
        "car-parks", title={"ko": "한빛시 공영주차장", "en": "Public car parks"}, keywords={"ko": ["주차 요금"]}
    )
    make_dataset("fees", organisation="saeom-city", title={"ko": "주차 요금"}, keywords={"ko": ["주차 요금", "새움"]})
    make_dataset("air", title={"ko": "대기질"})
    make_dataset("secret", title={"ko": "주차 비밀"}, access_level="non-public", access_reason={"ko": "보안"})


def suggested(text: str, limit: int = 10) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in suggest(text, AnonymousUser(), limit=limit)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("주차", [("keyword", "주차 요금"), ("dataset", "주차 요금"), ("dataset", "한빛시 공영주차장")]),
        ("주차ㅈ", [("keyword", "주차 요금"), ("dataset", "주차 요금"), ("dataset", "한빛시 공영주차장")]),
        ("주찾", [("keyword", "주차 요금"), ("dataset", "주차 요금"), ("dataset", "한빛시 공영주차장")]),
        ("ㅈㅊㅈ", [("dataset", "한빛시 공영주차장")]),
        ("새움", [("organisation", "새움시"), ("keyword", "새움"), ("dataset", "주차 요금")]),
        ("Saeom", [("organisation", "새움시"), ("dataset", "주차 요금")]),
        ("대기", [("dataset", "대기질")]),
        ("비밀", []),
        ("주차쟝", []),
        ("", []),
        ("%", []),
    ],
)
def test_what_is_typed_leads_to_organisations_keywords_and_titles(
    hub: None, typed: str, expected: list[tuple[str, str]]
) -> None:
    assert suggested(typed) == expected


def test_no_more_is_suggested_than_was_asked_for(hub: None) -> None:
    assert len(suggested("주차", limit=2)) == 2


def test_the_api_suggests(client: Client, hub: None) -> None:
    answer = client.get("/api/v1/suggest", {"q": "대기", "limit": "5"})
    assert answer.json() == {"suggestions": [{"kind": "dataset", "text": "대기질", "slug": "air"}]}
    assert client.get("/api/v1/suggest").json() == {"suggestions": []}


@pytest.mark.parametrize("parameters", [{"limit": "0"}, {"limit": "21"}, {"q": "x" * 201}, {"text": "x"}])
def test_the_api_refuses_what_it_does_not_know(client: Client, parameters: dict[str, str]) -> None:
    assert client.get("/api/v1/suggest", parameters).status_code == 400
