"""What all pages share: languages, addresses for search engines, errors, robots, and the page about the hub."""

import json
from http import HTTPStatus

import pytest
from builders import make_dataset, publish_rows
from django.test import Client, RequestFactory
from portal_reading import by_class, read_page, words

from catalog.errors import DatasetNotFound
from catalog.portal.errors import page_not_found, server_error

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "cookie", "accept", "language"),
    [
        ("/", "", "ko", "ko"),
        ("/", "", "en-GB,en;q=0.9", "en"),
        ("/", "", "fr", "ko"),
        ("/", "en", "ko", "en"),
        ("/?lang=en", "", "ko", "en"),
        ("/?lang=ko", "en", "en", "ko"),
        ("/?lang=xx", "", "en", "en"),
    ],
)
def test_the_page_speaks_the_language_that_was_chosen(
    client: Client, address: str, cookie: str, accept: str, language: str
) -> None:
    if cookie:
        client.cookies["django_language"] = cookie

    assert read_page(client, address, language=accept).get("lang") == language


def test_the_choice_is_remembered(client: Client) -> None:
    response = client.get("/about?lang=en")

    assert response.cookies["django_language"]["samesite"] == "Lax"
    assert read_page(client, "/", language="ko").get("lang") == "en"


def test_a_page_that_is_not_there_speaks_both_languages_too(client: Client) -> None:
    for address in ("/dataset/nothing", "/no/such/page"):
        page = read_page(client, address, status=HTTPStatus.NOT_FOUND)
        assert words(page, "//nav[@class='languages']//a") == ["English"]
        assert read_page(client, f"{address}?lang=en", status=HTTPStatus.NOT_FOUND).get("lang") == "en"
        client.cookies.clear()


def test_every_page_names_itself_in_both_languages(client: Client) -> None:
    make_dataset("air")

    page = read_page(client, "/?q=먼지&theme=environment&lang=en")
    asked = "q=%EB%A8%BC%EC%A7%80&theme=environment"
    assert {tag.get("hreflang"): tag.get("href") for tag in page.xpath("//link[@rel='alternate']")} == {
        "ko": f"http://testserver/?{asked}&lang=ko",
        "en": f"http://testserver/?{asked}&lang=en",
        "x-default": f"http://testserver/?{asked}",
    }
    assert page.xpath("//link[@rel='canonical']/@href") == [f"http://testserver/?{asked}"]
    assert words(page, "//nav[@class='languages']//a") == ["한국어"]


def test_text_in_the_other_language_says_so(client: Client) -> None:
    make_dataset("air", title={"ko": "대기질"}, description={"ko": "설명"})

    page = read_page(client, "/", language="en")
    assert page.xpath(f"{by_class('card')}//h3/a/@lang") == ["ko"]


@pytest.mark.parametrize("address", ["/", "/about", "/dataset/air", "/organisation/hanbit-city"])
def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(client: Client, address: str) -> None:
    publish_rows(make_dataset("air"))

    page = read_page(client, address)
    code = "//script[not(@src) and not(@type='application/ld+json')]"  # a block of data is never run
    assert page.xpath(f"{code} | //style | //*[@style] | //*[starts-with(name(@*), 'on')]") == []
    resources = page.xpath("//script/@src | //link[@rel='stylesheet' or @rel='icon']/@href | //img/@src")
    assert [source for source in resources if not source.startswith("/static/portal/")] == []


@pytest.mark.parametrize("name", ["portal.css", "copy.js", "icon.svg", "admin.css"])
def test_static_files_are_served(client: Client, name: str) -> None:
    response = client.get(f"/static/portal/{name}")

    assert response.status_code == HTTPStatus.OK
    assert b"".join(response)
    response.close()


def test_a_page_is_only_read(client: Client) -> None:
    assert client.post("/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert client.head("/").status_code == HTTPStatus.OK


def test_an_unknown_address_is_a_page_that_helps(client: Client) -> None:
    page = read_page(client, "/no/such/page", status=HTTPStatus.NOT_FOUND)

    assert words(page, "//h1") == ["이 주소에는 아무것도 없습니다"]
    assert page.xpath("//form[@role='search']/@action") == ["/"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda request: page_not_found(request, Exception()), 404, "not-found"),
        (lambda request: page_not_found(request, DatasetNotFound(dataset="x")), 404, "dataset-not-found"),
        (server_error, 500, "server-error"),
    ],
)
def test_programs_get_a_problem_document(answer, status: int, code: str) -> None:
    response = answer(RequestFactory().get("/api/v1/nowhere"))

    problem = json.loads(response.content)
    assert response["Content-Type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"]


def test_a_fault_of_ours_is_a_page_that_asks_nothing_of_the_database(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        response = server_error(RequestFactory().get("/dataset/air"))

    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "허브에서 오류가 났습니다" in response.content.decode()


def test_robots_keep_out_of_the_admin_and_the_records(client: Client) -> None:
    response = client.get("/robots.txt")

    assert response["Content-Type"].startswith("text/plain")
    rules = ["User-agent: *", "Disallow: /admin/", "Disallow: /api/", "Sitemap: http://testserver/sitemap.xml"]
    assert response.content.decode().splitlines() == rules


def test_the_page_about_the_hub_asks_a_dataset_that_answers(client: Client) -> None:
    make_dataset("a-new-one")
    publish_rows(make_dataset("air"))

    lines = words(read_page(client, "/about"), "//pre")
    assert [line for line in lines if "/datasets/air/records" in line] != []
    assert [line for line in lines if "a-new-one" in line] == []


def test_the_python_of_the_page_reads_everything(client: Client, live_server, capfd, settings) -> None:
    settings.BASE_URL = live_server.url
    publish_rows(make_dataset("air"))
    [program] = [
        pre.text_content() for pre in read_page(client, "/about").xpath("//pre") if "import json" in pre.text_content()
    ]

    exec(program, {})

    assert capfd.readouterr().out.count("station_id") == 3
