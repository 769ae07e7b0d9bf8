"""What each query finds, asked as ``q`` and as ``fq``, on one small hub."""

from collections.abc import Iterator

import pytest
from ckan_calls import make_hub, names
from django.db import transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from catalog.exchange.ckan import derive_id

pytestmark = pytest.mark.django_db

ALL = ["air-quality", "parking", "parks", "patients"]
CASES = [
    ("", ALL),
    ("*:*", ALL),
    ("미세먼지", ["air-quality", "patients"]),
    ("공영 주차장", ["parking"]),
    ("공영주차장", ["parking"]),
    ('"Car parks"', ["parking"]),
    ("주차장 OR 도시공원", ["parking", "parks"]),
    ("NOT 주차장", ["air-quality", "parks", "patients"]),
    ("-주차장 -도시공원", ["air-quality", "patients"]),
    ("name:parking", ["parking"]),
    ("name:park*", ["parking", "parks"]),
    ("name:[parking TO parks]", ["parking", "parks"]),
    ("name:{parking TO parks]", ["parks"]),
    ("title:공원", ["parks"]),
    ("title:park*", ["parking", "parks"]),
    ("notes:요금", ["parking"]),
    ("title:(공원 OR 주차장)", ["parking", "parks"]),
    ("organization:haneul-county", ["parks"]),
    ("organization:haneul-county OR organization:nobody", ["parks"]),
    ("-organization:hanbit-city", ["parks"]),
    (f"owner_org:{derive_id('organisation', 'haneul-county')}", ["parks"]),
    ("groups:transport", ["parking"]),
    ("groups:trans*", ["parking"]),
    ("groups:(transport OR health)", ["parking", "patients"]),
    ("tags:미세먼지", ["air-quality"]),
    ('tags:"환경 대기"', ["air-quality"]),
    ("tags:환경", []),
    ("tags:미세*", ["air-quality"]),
    ("tags:*", ["air-quality", "parking"]),
    ("-tags:*", ["parks", "patients"]),
    ("res_format:CSV", ALL),
    ("res_format:csv AND -res_format:xlsx", ["air-quality", "parks", "patients"]),
    ("res_format:PDF", ["air-quality"]),
    ("res_format:PARQUET", ["air-quality", "patients"]),
    ("res_format:GEOJSON", []),
    ("res_format:X*", ["parking"]),
    ("license_id:cc-by-4.0", ["parking"]),
    ("license_id:kogl*", ["air-quality", "parks", "patients"]),
    ("type:dataset", ALL),
    ("type:harvest", []),
    ("state:active", ALL),
    ("state:deleted", []),
    ("private:false", ALL),
    ("num_resources:2", ["parking"]),
    ("num_resources:[3 TO *]", ["air-quality", "patients"]),
    ("num_resources:{1 TO 3}", ["parking"]),
    ("num_tags:0", ["parks", "patients"]),
    ("num_tags:[1 TO 1]", ["parking"]),
    ("num_tags:[two TO *]", []),
    ("author:연구원", ["parking"]),
    ("maintainer:교통과", ["parking"]),
    ("extras_frequency:daily", ["air-quality"]),
    ("extras_access_level:restricted", ["patients"]),
    ("extras_access_reason_ko:보호법", ["patients"]),
    ("extras_frequency:*", ["air-quality", "parking"]),
    ("extras_nothing:x", []),
    ("colour:green", []),
    ("-colour:green", ALL),
    ("id:nothing", []),
    ("metadata_created:[2026-01-01T00:00:00Z TO *]", ALL),
    ("metadata_created:[* TO 2020-01-01T00:00:00Z]", []),
    ("metadata_modified:[NOW TO *]", []),
    ("(groups:transport AND organization:hanbit-city) OR name:parks", ["parking", "parks"]),
    ("+organization:hanbit-city +res_format:CSV -groups:transport", ["air-quality", "patients"]),
]


@pytest.fixture(scope="module")
def hub(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The hub that all queries of the table are put to, made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_hub()
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(("query", "found"), CASES)
def test_a_query_finds(client: Client, hub: None, query: str, found: list[str]) -> None:
    assert names(client, q=query) == found
    assert names(client, fq=query) == found
