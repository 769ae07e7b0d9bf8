"""A dataset as DCAT over HTTP."""

import json

import pytest
from builders import make_dataset
from descriptions import COMPLETE
from django.test import Client

from catalog.exchange import from_dcat

pytestmark = pytest.mark.django_db


def test_the_description_is_had_back_from_its_jsonld(client: Client) -> None:
    make_dataset("parking", **COMPLETE)
    response = client.get("/dataset/parking.jsonld")
    assert (response.status_code, response["Content-Type"]) == (200, "application/ld+json")
    document = json.loads(response.content)
    assert from_dcat(document) == COMPLETE
    assert document["@id"] == "http://testserver/dataset/parking"
    assert document["dcat:distribution"][0]["dcat:accessURL"]["@id"].endswith("/api/v1/datasets/parking/records")


def test_a_dataset_that_is_not_seen_has_no_dcat(client: Client) -> None:
    make_dataset("secret", **{**COMPLETE, "access_level": "non-public"})
    assert client.get("/dataset/secret.jsonld").status_code == 404
