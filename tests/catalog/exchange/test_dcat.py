"""A description to DCAT and back."""

import json

import pytest
from descriptions import COMPLETE

from catalog.exchange import from_dcat, to_dcat
from catalog.standard import FIELDS

URI = "https://hub.example/dataset/parking"


def test_the_whole_profile_goes_to_dcat_and_back() -> None:
    document = json.loads(json.dumps(to_dcat(COMPLETE, uri=URI, access_url="https://hub.example/api")))
    assert from_dcat(document) == COMPLETE


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_field_alone_goes_to_dcat_and_back(field) -> None:
    description = {field.name: COMPLETE[field.name]}
    assert from_dcat(to_dcat(description, uri=URI)) == description


def test_the_licence_stands_on_the_distribution() -> None:
    document = to_dcat(COMPLETE, uri=URI)
    assert "dct:license" not in document
    assert document["dcat:distribution"][0]["dct:license"]["@id"] == "https://www.kogl.or.kr/info/licenseType1.do"


def test_a_code_without_our_notation_is_read_by_its_uri() -> None:
    document = to_dcat({"frequency": "daily"}, uri=URI)
    del document["dct:accrualPeriodicity"]["skos:notation"]
    assert from_dcat(document) == {"frequency": "daily"}
