"""Descriptions at their permanent addresses: by extension, by Accept, in pages, and unchanged for nothing."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pyshacl
import pytest
from builders import make_dataset, make_organisation, publish_rows
from descriptions import COMPLETE, complete
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from rdflib import SH, Graph

from catalog.api.tongues import RDF_TONGUES, TONGUES
from catalog.exchange.dcat import read_rdf
from catalog.exchange.entry import Catalogue
from catalog.models import Dataset
from catalog.publish import restore_dataset, save_organisation, save_series, withdraw_dataset
from catalog.standard import Class

pytestmark = pytest.mark.django_db
BASE = "http://testserver"
SHAPES = Path(__file__).parents[4] / "shared" / "conformance" / "shacl" / "dcat-ap-3.0.1" / "shapes.ttl"
EXTENSIONS = [tongue.extension for tongue in RDF_TONGUES]


@pytest.fixture
def parking() -> Dataset:
    dataset = make_dataset("parking", **COMPLETE)
    publish_rows(dataset)
    return Dataset.objects.select_related("distribution__current_snapshot").get(slug="parking")


def read(response: HttpResponse) -> Catalogue:
    assert response.status_code == 200, response.content
    content = b"".join(response) if response.streaming else response.content
    return read_rdf(content, response["Content-Type"])


def slugs(catalogue: Catalogue) -> list[str]:
    return [entry.slug for entry in catalogue.datasets]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_description_is_had_back_from_every_form(client: Client, parking: Dataset, extension: str) -> None:
    [entry] = read(client.get(f"/dataset/parking.{extension}")).datasets
    assert (entry.uri, entry.slug, entry.id) == (f"{BASE}/dataset/parking", "parking", str(parking.pk))
    told = {name: value for name, value in entry.description.items() if name in COMPLETE}
    assert told == COMPLETE
    assert entry.snapshot == parking.distribution.current_snapshot.digest
    addresses = [part["download_url"] for part in entry.description["distributions"]]
    assert f"{BASE}/api/v1/datasets/parking/records.csv" in addresses


ASKED = [
    ("text/turtle", "text/turtle; charset=utf-8"),
    ("application/rdf+xml", "application/rdf+xml"),
    ("application/ld+json", "application/ld+json"),
    ('application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted"', "application/ld+json"),
    ("application/n-triples", "application/n-triples"),
    ("text/turtle;q=0.5, application/ld+json;q=0.9", "application/ld+json"),
    ("text/turtle, text/html;q=0.9", "text/turtle; charset=utf-8"),
    ("text/html", "text/html; charset=utf-8"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "text/html; charset=utf-8"),
    ("*/*", "text/html; charset=utf-8"),
    ("", "text/html; charset=utf-8"),
]


@pytest.mark.parametrize(("accept", "content_type"), ASKED)
def test_one_address_answers_people_and_programs(
    client: Client, parking: Dataset, accept: str, content_type: str
) -> None:
    response = client.get("/dataset/parking", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, content_type)
    assert "Accept" in response["Vary"]


@pytest.mark.parametrize("accept", ["image/png", "text/turtle;q=0", "application/vnd.nobody"])
def test_what_is_not_there_is_a_406_with_what_is(client: Client, parking: Dataset, accept: str) -> None:
    response = client.get("/dataset/parking", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (406, "application/problem+json")
    assert {"text/turtle", "application/ld+json"} <= set(response.json()["allowed"])


def test_the_page_leads_to_its_description(client: Client, parking: Dataset) -> None:
    link = client.get("/dataset/parking", headers={"Accept": "text/html"})["Link"]
    assert f'<{BASE}/dataset/parking.ttl>; rel="describedby"; type="text/turtle"' in link
    assert all(
        f'<{BASE}/dataset/parking.{tongue.extension}>; rel="alternate"' in link
        for tongue in TONGUES
        if tongue.is_negotiated
    )


def test_a_description_leads_to_itself_in_other_tongues(client: Client, parking: Dataset) -> None:
    response = client.get("/dataset/parking.ttl")
    assert f'<{BASE}/dataset/parking>; rel="canonical"' in response["Link"]
    assert f'<{BASE}/dataset/parking.jsonld>; rel="alternate"; type="application/ld+json"' in response["Link"]
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("address", ["/dataset/parking.ttl", "/catalog.ttl", "/organisation/hanbit-city.ttl"])
def test_an_unchanged_description_is_a_304(client: Client, parking: Dataset, address: str) -> None:
    first = client.get(address)
    assert re.fullmatch(r'"[0-9a-f]{32}"', first["ETag"])
    assert "Last-Modified" in first
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert "Accept" in again["Vary"]


def test_a_series_names_its_first_datasets(client: Client) -> None:
    save_series("air-by-year", {"title": {"ko": "연도별 대기질"}, "description": {"ko": "해마다 하나"}})
    tag = client.get("/catalog.ttl")["ETag"]
    make_dataset("air-2018", schema=None, series=["air-by-year"])
    make_dataset("air-by", schema=None)
    told = read(client.get("/series/air-by-year", headers={"Accept": "application/ld+json"}))
    assert (list(told.series), slugs(told)) == (["air-by-year"], ["air-2018"])
    save_series("air-by-year", {"title": {"ko": "바뀜"}, "description": {"ko": "해마다 하나"}})
    assert client.get("/catalog.ttl")["ETag"] != tag


@pytest.mark.parametrize("address", ["/dataset/parking.ttl", "/catalog.ttl"])
def test_every_change_gives_another_entity_tag(client: Client, parking: Dataset, address: str) -> None:
    tags = [client.get(address)["ETag"]]
    make_dataset("parking", **COMPLETE | {"title": {"ko": "주차장"}})
    tags.append(client.get(address)["ETag"])
    publish_rows(parking, [{"station_id": "0104", "district": "중구", "pm10": "1", "observed_on": "2018-01-04"}])
    tags.append(client.get(address)["ETag"])
    save_organisation("hanbit-city", {"name": {"ko": "한빛특별시"}})
    tags.append(client.get(address)["ETag"])
    assert len(set(tags)) == 4


def test_a_dataset_that_is_not_seen_has_no_description(client: Client) -> None:
    make_dataset("secret", **{**COMPLETE, "access_level": "non-public"})
    make_dataset("gone", **COMPLETE)
    withdraw_dataset("gone")
    for slug in ("secret", "gone", "never"):
        response = client.get(f"/dataset/{slug}.ttl")
        assert (response.status_code, response.json()["code"]) == (404, "dataset-not-found")
    assert slugs(read(client.get("/catalog.ttl"))) == []


def test_a_steward_sees_more_and_no_cache_mixes_that_up(client: Client) -> None:
    make_dataset("secret", **{**COMPLETE, "access_level": "non-public"})
    anybody = client.get("/catalog.nt")
    client.force_login(User.objects.create_user("steward", is_staff=True))
    steward = client.get("/catalog.nt", headers={"If-None-Match": anybody["ETag"]})
    assert slugs(read(steward)) == ["secret"]
    assert steward["Cache-Control"].startswith("private")


@pytest.mark.parametrize("address", ["/dataset/parking.exe", "/catalog.exe", "/series/none.ttl", "/service/none.ttl"])
def test_what_there_is_not_is_a_problem_document(client: Client, parking: Dataset, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("pages=2", "unknown-parameter"),
        ("page=0", "bad-value"),
        ("page=2", "bad-value"),
        ("page=x", "bad-value"),
        ("page=1&page=1", "bad-value"),
        ("modified_since=yesterday", "bad-value"),
        ("theme=fish", "bad-value"),
        ("organisation=nobody", "bad-value"),
        ("after=../x", "bad-value"),
        ("profile=9", "bad-value"),
        ("page=all", "unknown-format"),
    ],
)
def test_a_question_that_cannot_be_answered_is_an_error(
    client: Client, parking: Dataset, question: str, code: str
) -> None:
    response = client.get(f"/catalog.ttl?{question}")
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_dataset_is_found_by_its_number_as_well(client: Client, parking: Dataset) -> None:
    response = client.get(f"/dataset/{parking.pk}")
    assert (response.status_code, response["Location"]) == (303, f"{BASE}/dataset/parking")
    assert client.get("/dataset/00000000-0000-4000-8000-000000000000").status_code == 404


def test_an_organisation_a_series_and_a_service_have_descriptions(client: Client, parking: Dataset) -> None:
    told = read(client.get("/organisation/hanbit-city.jsonld"))
    assert told.organisations["hanbit-city"]["name"] == {"ko": "한빛시", "en": "Hanbit City"}
    assert client.get("/organisation/hanbit-city", headers={"Accept": "text/turtle"})["Content-Type"].startswith(
        "text/turtle"
    )
    assert client.get("/organisation/hanbit-city")["Content-Type"].startswith("text/html")
    assert "hub-api" in read(client.get("/service/hub-api.ttl")).services
    assert client.get("/service/hub-api").status_code == 200


def test_the_older_profile_is_had_on_request(client: Client, parking: Dataset) -> None:
    assert b"nonNegativeInteger" in client.get("/dataset/parking.nt").content
    older = client.get("/dataset/parking.nt?profile=2.1.1").content
    sizes = [line for line in older.splitlines() if b"byteSize" in line]
    assert sizes and all(b"XMLSchema#decimal" in line for line in sizes)


@pytest.fixture
def many() -> list[str]:
    """Many datasets, copied from one as rows: their writing is not what is asked here."""
    names = [f"dataset-{number:03}" for number in range(230)]
    first = make_dataset(names[0], schema=None)
    columns = {field.attname: getattr(first, field.attname) for field in Dataset._meta.concrete_fields}
    Dataset.objects.bulk_create(Dataset(**columns | {"id": uuid.uuid4(), "slug": name}) for name in names[1:])
    return names


def pages(client: Client, address: str) -> Iterator[Catalogue]:
    while address:
        page = read(client.get(address.removeprefix(BASE)))
        yield page
        address = page.next


def test_whoever_follows_the_pages_has_every_dataset_once(client: Client, many: list[str]) -> None:
    read_pages = list(pages(client, "/catalog.ttl"))
    assert [len(slugs(page)) for page in read_pages] == [100, 100, 30]
    assert [slug for page in read_pages for slug in slugs(page)] == many
    assert {page.total for page in read_pages} == {230}
    assert slugs(read(client.get("/catalog.rdf?page=2"))) == many[100:200]
    text = client.get("/catalog.ttl?page=2").content.decode()
    for relation, number in (("first", 1), ("previous", 1), ("last", 3)):
        assert f"hydra:{relation} <{BASE}/catalog.ttl?page={number}>" in text


def test_a_dataset_that_goes_in_between_makes_no_other_be_missed(client: Client, many: list[str]) -> None:
    first = read(client.get("/catalog.nt"))
    withdraw_dataset(many[0])
    second = read(client.get(first.next.removeprefix(BASE)))
    assert slugs(second) == many[100:200]
    restore_dataset(many[0])


def test_the_last_page_stays_when_datasets_go_in_between(client: Client, many: list[str]) -> None:
    second = read(client.get("/catalog.nt?page=2"))
    Dataset.objects.filter(slug__in=many[:40]).update(withdrawn_at=timezone.now())
    assert slugs(read(client.get(second.next.removeprefix(BASE)))) == many[200:]


def test_everything_comes_in_one_stream(client: Client, many: list[str]) -> None:
    response = client.get("/catalog.nt?page=all")
    assert response.streaming
    assert slugs(read(response)) == many
    again = client.get("/catalog.nt?page=all", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_an_unchanged_page_costs_a_few_look_ups(client: Client, many: list[str], django_assert_max_num_queries) -> None:
    etag = client.get("/catalog.ttl?page=2")["ETag"]
    with django_assert_max_num_queries(6):
        assert client.get("/catalog.ttl?page=2", headers={"If-None-Match": etag}).status_code == 304
    with django_assert_max_num_queries(25):
        client.get("/catalog.ttl?page=2")


def test_only_what_changed_since_is_had(client: Client, many: list[str]) -> None:
    moment = timezone.now()
    make_dataset(many[7], schema=None, title={"ko": "바뀜"})
    changed = read(client.get("/catalog.ttl", {"modified_since": moment.isoformat()}))
    assert slugs(changed) == [many[7]]
    assert read(client.get("/catalog.ttl?modified_since=2999-01-01")).total == 0


def test_datasets_are_chosen_as_in_the_search(client: Client, many: list[str]) -> None:
    make_organisation("saebyeok-city")
    make_dataset("lights", schema=None, organisation="saebyeok-city", theme="energy", title={"ko": "가로등"})
    assert slugs(read(client.get("/catalog.ttl?organisation=saebyeok-city"))) == ["lights"]
    assert slugs(read(client.get("/catalog.ttl?theme=energy"))) == ["lights"]
    assert slugs(read(client.get("/catalog.ttl", {"q": "가로등"}))) == ["lights"]
    assert "?theme=energy&page=1>" in client.get("/catalog.ttl?theme=energy").content.decode()


def test_people_at_the_catalogues_address_are_led_to_the_search(client: Client) -> None:
    response = client.get("/catalog", headers={"Accept": "text/html"})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/catalog", headers={"Accept": "text/turtle"}).status_code == 200


def test_an_empty_hub_has_an_empty_catalogue(client: Client) -> None:
    catalogue = read(client.get("/catalog.jsonld"))
    assert (slugs(catalogue), catalogue.total, catalogue.next) == ([], 0, "")


@pytest.mark.skipif(not SHAPES.exists(), reason="the shapes of DCAT-AP are not here (../shared)")
@pytest.mark.parametrize(
    "address",
    [
        "/catalog.ttl",
        "/dataset/parking.ttl",
        "/series/cars.ttl",
        "/service/hub-api.ttl",
        "/organisation/hanbit-city.ttl",
    ],
)
def test_every_answer_passes_the_shapes(client: Client, parking: Dataset, address: str) -> None:
    save_series("cars", {"title": {"ko": "차"}, "description": {"ko": "차에 관한 것"}})
    save_series("empty", {"title": {"ko": "빈 것"}, "description": {"ko": "아무것도 없음"}})
    make_dataset("garages", schema=None, series=["cars"], distributions=[complete(Class.DISTRIBUTION)])
    graph = Graph().parse(data=client.get(address).content, format="turtle")
    _, report, text = pyshacl.validate(graph, shacl_graph=Graph().parse(SHAPES))
    assert SH.Violation not in set(report.objects(None, SH.resultSeverity)), text


def test_only_reading_is_possible(client: Client, parking: Dataset) -> None:
    assert client.post("/catalog.ttl").status_code == 405
    assert client.head("/dataset/parking.ttl").status_code == 200
