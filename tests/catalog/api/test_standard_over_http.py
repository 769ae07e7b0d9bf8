"""The standard at its permanent addresses: for people and programs, by Accept and by extension."""

import json

import pytest
from django.test import Client
from lxml import html
from rdflib import Graph

from catalog.standard import Class
from catalog.standard.data_models import data_models
from catalog.standard.vocabularies import vocabulary_names

pytestmark = pytest.mark.django_db
HOME = "/standard/1.0/"


@pytest.mark.parametrize("address", ["/standard", "/standard/"])
def test_the_standard_leads_to_its_newest_version(client: Client, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (303, f"http://testserver{HOME}")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/schema+json", "application/schema+json"),
        ("application/ld+json", "application/ld+json"),
        ("text/turtle, text/html;q=0.5", "text/turtle; charset=utf-8"),
    ],
)
def test_one_address_answers_as_it_is_asked(client: Client, accept: str, media_type: str) -> None:
    response = client.get(HOME, headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, media_type)
    assert "Accept" in response["Vary"]
    assert f'<http://testserver{HOME}shapes.ttl>; rel="alternate"; type="text/turtle"' in response["Link"]


def test_what_there_is_not_is_said(client: Client) -> None:
    assert client.get(HOME, headers={"accept": "image/png"}).status_code == 406
    for address in ("nothing.json", "vocabularies/colours.json", "vocabularies/theme.xml", "vocabularies/theme/x.ttl"):
        assert client.get(HOME + address).status_code == 404
    assert client.get(f"{HOME}schema.json?version=2").status_code == 400


@pytest.mark.parametrize("name", ["profile.json", "schema.json", "shapes.ttl", "context.jsonld"])
def test_documents_are_asked_for_again_for_nothing(client: Client, name: str) -> None:
    response = client.get(HOME + name)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "*"
    assert client.get(HOME + name, headers={"if-none-match": response["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", vocabulary_names())
def test_every_vocabulary_has_a_page_and_three_forms(client: Client, name: str) -> None:
    page = client.get(f"{HOME}vocabularies/{name}", headers={"accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    forms = {extension: client.get(f"{HOME}vocabularies/{name}.{extension}") for extension in ("json", "ttl", "csv")}
    assert json.loads(forms["json"].content)["name"] == name
    assert len(Graph().parse(data=forms["ttl"].content, format="turtle")) > 0
    assert forms["csv"].content.decode("utf-8-sig").startswith("code,ko,en,uri")
    negotiated = client.get(f"{HOME}vocabularies/{name}", headers={"accept": "text/csv"})
    assert negotiated.content == forms["csv"].content


@pytest.mark.parametrize("code", ["daily", "one-off"])
def test_a_code_has_an_address_of_its_own(client: Client, code: str) -> None:
    address = f"{HOME}vocabularies/frequency/{code}"
    assert client.get(address, headers={"accept": "application/json"}).json()["code"] == code
    assert client.get(f"{address}.ttl")["Content-Type"] == "text/turtle; charset=utf-8"
    assert code in client.get(address, headers={"accept": "text/html"}).content.decode()


def test_a_code_with_a_colon_is_found_as_its_address_says(client: Client) -> None:
    assert client.get(f"{HOME}vocabularies/crs/EPSG%3A5179.json").json()["code"] == "EPSG:5179"


@pytest.mark.parametrize("name", data_models())
def test_every_data_model_has_a_page_and_two_forms(client: Client, name: str) -> None:
    address = f"{HOME}data-models/{name}"
    page = client.get(address, headers={"accept": "text/html"})
    assert data_models()[name].title.ko in page.content.decode()
    assert client.get(f"{address}.json").json() == data_models()[name].to_table_schema()
    assert client.get(f"{address}.keti.json").json()["id"] == name


def test_lists_are_had_as_lists(client: Client) -> None:
    told = client.get(f"{HOME}vocabularies.json").json()["vocabularies"]
    assert [entry["name"] for entry in told] == list(vocabulary_names())
    assert len(client.get(f"{HOME}data-models", headers={"accept": "application/json"}).json()["data_models"]) == len(
        data_models()
    )


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_shows_every_class_and_leads_only_where_something_is(client: Client, language: str) -> None:
    page = html.fromstring(client.get(f"{HOME}?lang={language}").content.decode())
    identifiers = set(page.xpath("//@id"))
    assert {str(class_) for class_ in Class} <= identifiers
    inner = {address[1:] for address in page.xpath("//a/@href") if address.startswith("#")}
    assert inner <= identifiers
    outer = {address for address in page.xpath("//main//a/@href") if address.startswith("/")}
    assert [address for address in sorted(outer) if client.get(address).status_code != 200] == []
