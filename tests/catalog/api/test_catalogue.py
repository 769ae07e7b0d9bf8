"""Organisations, vocabularies and the index of the API."""

from typing import Any

import pytest
from builders import make_dataset, make_organisation
from django.contrib.auth.models import User
from django.test import Client

from catalog.publish import save_organisation, withdraw_dataset
from catalog.standard import PROFILE, vocabulary

pytestmark = pytest.mark.django_db
ORGANISATIONS = "/api/v1/organisations"


def test_organisations_come_by_name_with_their_datasets_counted(client: Client) -> None:
    make_organisation("suwon-city", ko="수원시", en="Suwon City", region="41")
    for slug in ("air", "parking", "gone"):
        make_dataset(slug)
    make_dataset("secret", access_level="non-public", access_reason={"ko": "보안"})
    withdraw_dataset("gone")
    answer = client.get(ORGANISATIONS).json()
    assert list(answer) == ["organisations", "count", "next"]
    assert answer["organisations"] == [
        {"slug": "suwon-city", "name": {"ko": "수원시", "en": "Suwon City"}, "region": "41", "datasets": 0},
        {"slug": "hanbit-city", "name": {"ko": "한빛시", "en": "Hanbit City"}, "region": "44", "datasets": 2},
    ]
    client.force_login(User.objects.create_user("steward", is_staff=True))
    assert client.get(f"{ORGANISATIONS}/hanbit-city").json()["datasets"] == 3


def test_an_organisation_shows_its_office_and_its_homepage(client: Client) -> None:
    save_organisation(
        "hanbit-city",
        {
            "name": {"ko": "한빛시"},
            "homepage": "https://hanbit.example",
            "contact_point": {"name": {"ko": "스마트도시과"}, "email": "data@hanbit.example"},
        },
    )
    assert client.get(f"{ORGANISATIONS}/hanbit-city").json() == {
        "slug": "hanbit-city",
        "name": {"ko": "한빛시"},
        "homepage": "https://hanbit.example",
        "contact_point": {"name": {"ko": "스마트도시과"}, "email": "data@hanbit.example"},
        "datasets": 0,
    }


def test_following_next_shows_every_organisation_once(client: Client) -> None:
    for number in range(7):
        make_organisation(f"city-{number}", ko="같은 이름" if number % 2 else f"도시 {number}")
    seen: list[str] = []
    address: Any = f"{ORGANISATIONS}?limit=2"
    while address:
        page = client.get(address).json()
        assert page["count"] == 7
        seen += [organisation["slug"] for organisation in page["organisations"]]
        address = page["next"]
    assert seen == ["city-1", "city-3", "city-5", "city-0", "city-2", "city-4", "city-6"]


def test_organisations_cost_two_statements(client: Client, django_assert_num_queries: Any) -> None:
    for number in range(4):
        make_dataset(f"dataset-{number}", organisation=f"city-{number}")
    with django_assert_num_queries(2):
        client.get(ORGANISATIONS)


@pytest.mark.parametrize(
    "name", dict.fromkeys(field.vocabulary for fields in PROFILE.values() for field in fields if field.vocabulary)
)
def test_a_vocabulary_shows_all_its_codes(client: Client, name: str) -> None:
    answer = client.get(f"/api/v1/vocabularies/{name}").json()
    concepts = vocabulary(name).values()
    assert answer["name"] == name
    assert [concept["code"] for concept in answer["concepts"]] == [concept.code for concept in concepts]
    assert [concept["label"] for concept in answer["concepts"]] == [concept.label.as_dict() for concept in concepts]
    assert [concept["uri"] for concept in answer["concepts"]] == [concept.uri for concept in concepts]


def test_codes_tell_their_interval_and_their_time(client: Client) -> None:
    frequencies = client.get("/api/v1/vocabularies/frequency").json()["concepts"]
    assert {code["code"]: code.get("days") for code in frequencies}["daily"] == 1
    assert "days" not in {code["code"]: code for code in frequencies}["one-off"]
    regions = {code["code"]: code for code in client.get("/api/v1/vocabularies/region").json()["concepts"]}
    assert (regions["42"]["until"], regions["51"]["since"]) == ("2023-06-10", "2023-06-11")
    assert "until" not in regions["11"]


@pytest.mark.parametrize("name", ["..", "theme.csv", "../profile", "%2e%2e%2ftheme"])
def test_a_vocabulary_is_no_way_to_files(client: Client, name: str) -> None:
    assert client.get(f"/api/v1/vocabularies/{name}").status_code == 404


OTHERWISE = {"query": 401, "exports": 405}  # one wants a key, the other an order


def test_every_link_of_the_index_answers(client: Client, subtests: pytest.Subtests) -> None:
    index = client.get("/api/v1/").json()
    assert set(index["title"]) == {"ko", "en"}
    assert set(index["links"]) == {"datasets", "organisations", "changes", "openapi", "docs", *OTHERWISE}
    for name, address in (index["links"] | index["vocabularies"]).items():
        with subtests.test(name):
            assert client.get(address).status_code == OTHERWISE.get(name, 200)
