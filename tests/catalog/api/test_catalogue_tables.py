"""The whole catalogue as tables, and a dataset as KETI's City Data Hub has it."""

from pathlib import Path

import pytest
from builders import make_dataset, publish_rows
from descriptions import COMPLETE
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.api.catalogue_tables import TABLES
from catalog.exchange.datagokr import read_datagokr_file
from catalog.exchange.keti import read_keti
from catalog.exchange.table import read_table

pytestmark = pytest.mark.django_db
READERS = {
    "catalog.csv": read_table,
    "catalog.xlsx": read_table,
    "catalog.datagokr.csv": read_datagokr_file,
    "catalog.datagokr.xlsx": read_datagokr_file,
    "catalog.keti.json": read_keti,
}


@pytest.fixture
def hub() -> None:
    publish_rows(make_dataset("air"))
    make_dataset("parking", **COMPLETE | {"title": {"ko": "공영주차장", "en": "Car parks"}})
    make_dataset("secret", access_level="non-public", access_reason={"ko": "안전"})


def content(response: object) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("name", READERS)
def test_a_table_holds_what_the_reader_may_see(client: Client, hub: None, name: str) -> None:
    response = client.get(f"/{name}")
    assert (response.status_code, response["Content-Disposition"]) == (200, f'attachment; filename="{name}"')
    titles = [entry.description["title"]["ko"] for entry in READERS[name](content(response)).datasets]
    assert titles == ["대기질 측정", "공영주차장"]
    client.force_login(User.objects.create_superuser("steward"))
    assert len(list(READERS[name](content(client.get(f"/{name}"))).datasets)) == 3


def test_every_table_has_its_reader() -> None:
    assert {table.name for table in TABLES} == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_an_unchanged_catalogue_is_not_written_again(client: Client, hub: None, name: str) -> None:
    first = client.get(f"/{name}")
    content(first)
    etag = first["ETag"]
    assert not etag.startswith("W/")
    assert client.get(f"/{name}", headers={"if-none-match": etag}).status_code == 304
    make_dataset("new")
    again = client.get(f"/{name}", headers={"if-none-match": etag})
    assert again.status_code == 200
    content(again)


def test_the_portals_columns_come_in_the_encoding_of_older_programs(client: Client, hub: None) -> None:
    response = client.get("/catalog.datagokr.csv?encoding=cp949")
    assert response["Content-Type"] == "text/csv; charset=cp949"
    assert content(response).decode("cp949").startswith("목록키,목록유형,목록명")
    assert client.get("/catalog.datagokr.csv?encoding=latin1").status_code == 400
    assert client.get("/catalog.csv?encoding=cp949").status_code == 400


@pytest.mark.parametrize("name", READERS)
def test_more_datasets_take_no_more_questions(
    client: Client, hub: None, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_dataset(f"more-{number}")
    with django_assert_max_num_queries(25):
        content(client.get(f"/{name}"))


def test_a_dataset_is_had_as_the_city_data_hub_has_it(client: Client, hub: None, tmp_path: Path) -> None:
    document = client.get("/dataset/parking.keti.json").json()
    assert (document["name"], document["providerOrganization"]) == ("공영주차장", "한빛시")
    assert document["id"].endswith("/dataset/parking")
