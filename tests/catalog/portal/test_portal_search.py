"""The search page: what is found, how it is narrowed, and that the address holds everything."""

import pytest
from builders import SCHEMA, make_dataset, make_organisation, publish_rows
from django.contrib.auth import get_user_model
from django.test import Client
from portal_reading import by_class, link, read_page, titles, words

from catalog.publish import withdraw_dataset
from catalog.records import Column, Schema
from catalog.text import Text

pytestmark = pytest.mark.django_db

FACETS = by_class("facet", "div")


@pytest.fixture
def hub() -> None:
    make_organisation("hanbit-city", ko="한빛시", en="Hanbit City", region="44")
    make_organisation("saeom-city", ko="새움시", en="Saeom City", region="11")
    air = make_dataset("air", title={"ko": "미세 먼지 측정", "en": "Fine dust"}, region="44", keywords={"ko": ["대기"]})
    publish_rows(air)
    make_dataset(
        "parking",
        schema=Schema(columns=(Column("spaces", "integer", title=Text(ko="주차구획수", en="Parking spaces")),)),
        organisation="saeom-city",
        title={"ko": "공영 시설", "en": "Public places"},
        description={"ko": "시가 운영하는 시설입니다", "en": "Places run by the city"},
        theme="transport",
        region="11680",
    )
    make_dataset(
        "cctv",
        schema=Schema(columns=(Column("camera_id"),)),
        title={"ko": "방범 카메라", "en": "Cameras"},
        description={"ko": "설치 위치"},
        theme="safety",
        access_level="restricted",
        access_reason={"ko": "개인정보 보호법 제25조"},
    )
    make_dataset(
        "secret",
        title={"ko": "비밀 미세먼지"},
        access_level="non-public",
        access_reason={"ko": "국가보안"},
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("", ["공영 시설", "미세 먼지 측정", "방범 카메라"]),
        ("미세먼지", ["미세 먼지 측정"]),
        ("미세 먼지", ["미세 먼지 측정"]),
        ("dust", ["미세 먼지 측정"]),
        ("주차구획", ["공영 시설"]),
        ("새움시", ["공영 시설"]),
        ("비밀", []),
    ],
)
def test_words_are_found_in_titles_keywords_columns_and_names(
    client: Client, hub: None, question: str, found: list[str]
) -> None:
    assert sorted(titles(read_page(client, f"/?q={question}"))) == found


def test_a_result_says_why_it_was_found(client: Client, hub: None) -> None:
    page = read_page(client, "/?q=주차구획")

    assert words(page, by_class("matches")) == ["열 주차구획수 (spaces)"]
    assert words(page, "//mark") == ["주차구획"]


def test_words_are_marked_across_spaces(client: Client, hub: None) -> None:
    page = read_page(client, "/?q=미세먼지")

    assert words(page, f"{by_class('card')}//h3//mark") == ["미세 먼지"]


def test_a_card_tells_records_update_and_licence(client: Client, hub: None) -> None:
    page = read_page(client, "/?q=미세먼지")

    [meta] = words(page, by_class("meta"))
    assert meta.startswith("레코드 3개") and "갱신" in meta and meta.endswith("공공누리 제1유형 (출처표시)")


def test_facets_count_and_lead_to_narrower_results(client: Client, hub: None) -> None:
    page = read_page(client, "/")
    assert words(page, f"{FACETS}//h3") == ["분야", "제공기관", "지역", "파일 형식", "이용허락", "공개 등급"]
    assert words(page, f"({FACETS})[2]//li") == ["한빛시 2", "새움시 1"]
    assert words(page, f"({FACETS})[3]//li") == ["서울특별시 1", "충청남도 1"]

    narrowed = read_page(client, link(page, "새움시", FACETS))
    assert titles(narrowed) == ["공영 시설"]


def test_several_codes_of_one_facet_widen_and_of_two_facets_narrow(client: Client, hub: None) -> None:
    both = read_page(client, "/?theme=environment&theme=transport")
    assert sorted(titles(both)) == ["공영 시설", "미세 먼지 측정"]

    assert titles(read_page(client, "/?theme=environment&theme=transport&organisation=saeom-city")) == ["공영 시설"]


def test_a_chosen_facet_still_shows_what_else_could_be_chosen(client: Client, hub: None) -> None:
    page = read_page(client, "/?theme=transport")

    assert words(page, f"({FACETS})[1]//li") == ["환경 1", "안전 1", "교통 1"]
    assert words(page, f"({FACETS})[1]//a[@aria-current]") == ["교통 1"]
    assert words(page, f"({FACETS})[2]//li") == ["새움시 1"]


def test_a_long_facet_shows_the_first_options_and_the_chosen_ones(client: Client) -> None:
    for number in range(12):
        make_organisation(f"city-{number:02}", ko=f"{number:02}시")
        make_dataset(f"dataset-{number:02}", organisation=f"city-{number:02}")

    page = read_page(client, "/?organisation=city-11")
    shown = words(page, f"({FACETS})[2]/ul/li")
    assert (len(shown), shown[0]) == (8, "11시 1")
    assert words(page, f"({FACETS})[2]/details/summary") == ["4개 더"]


def test_a_chosen_filter_can_be_taken_back(client: Client, hub: None) -> None:
    page = read_page(client, "/?q=미세먼지&theme=environment")

    assert link(page, "환경", by_class("chosen")) == "/?q=%EB%AF%B8%EC%84%B8%EB%A8%BC%EC%A7%80"


def test_searching_again_keeps_the_filters(client: Client, hub: None) -> None:
    page = read_page(client, "/?theme=transport&sort=title")

    hidden = {field.get("name"): field.get("value") for field in page.xpath("//form//input[@type='hidden']")}
    assert hidden == {"theme": "transport", "sort": "title"}


def test_nothing_found_says_what_would_be(client: Client, hub: None) -> None:
    page = read_page(client, "/?q=미세먼지+낙타&theme=transport")

    [help_] = page.xpath(by_class("nothing"))
    assert "‘미세먼지 낙타’에 맞는 데이터셋이 없습니다." in words(help_)[0]
    assert link(help_, "‘미세먼지’만 찾기") == "/?q=%EB%AF%B8%EC%84%B8%EB%A8%BC%EC%A7%80"


def test_filters_that_leave_nothing_can_be_left_out(client: Client, hub: None) -> None:
    page = read_page(client, "/?q=미세먼지&theme=transport")

    assert link(page, "필터 없이 찾기", by_class("nothing")) == "/?q=%EB%AF%B8%EC%84%B8%EB%A8%BC%EC%A7%80"


def test_an_empty_hub_says_so(client: Client) -> None:
    assert "아직 데이터셋이 없습니다." in words(read_page(client, "/"), by_class("nothing"))[0]


def test_pages_hold_twenty_and_lead_on(client: Client) -> None:
    for number in range(45):
        make_dataset(f"dataset-{number:02}", title={"ko": f"자료 {number:02}"})

    first = read_page(client, "/?sort=title")
    assert titles(first) == [f"자료 {number:02}" for number in range(20)]
    assert words(first, "//nav[@class='pages']//a") == ["1", "2", "3", "다음"]

    last = read_page(client, link(first, "3", "//nav[@class='pages']"))
    assert titles(last) == [f"자료 {number:02}" for number in range(40, 45)]


@pytest.mark.parametrize(
    "address",
    [
        "/?page=999",
        "/?page=x",
        "/?page=-1",
        "/?sort=size",
        "/?theme=unheard-of",
        "/?theme=",
        "/?q=%00",
        "/?q=" + "가" * 500,
        "/?utm_source=letter",
        "/?q=100%25_'\"<script>alert(1)</script>",
        "/?lang=xx",
    ],
)
def test_a_strange_address_is_answered(client: Client, hub: None, address: str) -> None:
    page = read_page(client, address)

    assert page.xpath("//script[not(@src)]") == []


def test_what_was_asked_is_shown_as_text(client: Client, hub: None) -> None:
    response = client.get("/", {"q": '"><script>alert(1)</script>'})

    assert b"<script>alert" not in response.content


def test_a_steward_finds_what_the_public_does_not(client: Client, hub: None) -> None:
    client.force_login(get_user_model().objects.create_user("steward", is_staff=True))

    assert titles(read_page(client, "/?q=비밀")) == ["비밀 미세먼지"]


def test_a_withdrawn_dataset_is_gone(client: Client, hub: None) -> None:
    withdraw_dataset("air")

    assert titles(read_page(client, "/?q=미세먼지")) == []


def test_titles_rank_before_other_matches(client: Client) -> None:
    make_dataset("b", title={"ko": "버스 위치"}, description={"ko": "주차장 앞 정류장"})
    make_dataset("a", title={"ko": "주차장"}, description={"ko": "면수"}, schema=SCHEMA)

    assert titles(read_page(client, "/?q=주차장")) == ["주차장", "버스 위치"]
