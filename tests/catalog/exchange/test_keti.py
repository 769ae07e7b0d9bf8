"""KETI's City Data Hub: datasets and data models as its JSON, there and back."""

import json
from typing import Any

import pytest
from descriptions import complete

from catalog.errors import BadDocument
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.keti import FIELDS, NAMES, REQUIRED, from_keti, read_keti, to_keti, write_keti
from catalog.exchange.keti_models import TYPES, from_keti_model, registered_model, to_keti_model
from catalog.records import from_table_schema
from catalog.standard import PROFILE
from catalog.standard.data_models import data_models

BASE = "https://hub.example"
DATASET = {
    "id": "OffStreetParking_hanbit",
    "name": "공영주차장",
    "description": "시가 운영하는 주차장",
    "updateInterval": "5분마다",
    "category": "교통",
    "providerOrganization": "한빛시",
    "providerSystem": "주차관제시스템",
    "isProcessed": "원천데이터",
    "ownership": "한빛시",
    "keyword": ["주차장", "parking"],
    "license": "CC BY",
    "providingApiUri": "https://hanbit.example/api/parking",
    "restrictions": "민영 주차장은 빠져 있음",
    "datasetExtension": "JSON",
    "datasetItems": "이름, 위치, 남은 면수",
    "targetRegions": "한빛시 중구, 동구",
    "sourceDatasetIds": ["raw parking", "urn:hanbit:dataset:1"],
    "dataStoreUri": ["kafka:OffStreetParking", "hive://warehouse/parking"],
    "qualityCheckEnabled": True,
    "dataIdentifierType": "GS1",
    "dataModelId": "kr.hanbit.Parking:1.0",
    "enabled": False,
    "storageRetention": 30,
    "topicRetention": 86400000,
    "createdAt": "2021-03-04T05:06:07.123+09:00",
    "modifiedAt": "2021-03-05T05:06:07.000+09:00",
}
PERSONAL = {"creatorId": "hong.gildong", "modifierId": "kim.cheolsu"}


def through(document: dict[str, Any]) -> dict[str, Any]:
    return next(iter(to_keti(from_keti([document], base=BASE))))


def test_every_field_that_the_profile_names_is_here() -> None:
    named = {name for fields in PROFILE.values() for field in fields if (name := field.names.get("keti"))}
    assert named <= set(NAMES)


def test_a_dataset_comes_back_with_nothing_lost() -> None:
    assert list(DATASET) == list(NAMES)
    assert through(DATASET) == DATASET


@pytest.mark.parametrize("word", ["원천데이터", "가공데이터"])
def test_the_codes_of_dc008_come_back(word: str) -> None:
    assert through(DATASET | {"isProcessed": word})["isProcessed"] == word


@pytest.mark.parametrize("word", ["CC BY", "CC BY-SA", "CC BY-ND", "CC BY-NC", "CC BY-NC-SA", "CC BY-NC-ND"])
def test_the_codes_of_dc010_come_back(word: str) -> None:
    assert through(DATASET | {"license": word})["license"] == word


@pytest.mark.parametrize("word", ["GS1", "Proprietary"])
def test_the_codes_of_dc011_come_back(word: str) -> None:
    assert through(DATASET | {"dataIdentifierType": word})["dataIdentifierType"] == word


@pytest.mark.parametrize(
    ("word", "theme"), [("교통", "transport"), ("환경", "environment"), ("우주", "administration")]
)
def test_the_categories_of_dc007_tell_the_theme(word: str, theme: str) -> None:
    [entry] = from_keti([DATASET | {"category": word}]).datasets
    assert (entry.description["theme"], entry.description["classification"]) == (theme, word)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("매 5분", "every-5-minutes"),
        ("1시간", "hourly"),
        ("매일", "daily"),
        ("일간", "daily"),
        ("10 min", "every-10-minutes"),
    ],
)
def test_free_text_intervals_are_read(told: str, code: str) -> None:
    [entry] = from_keti([DATASET | {"updateInterval": told}]).datasets
    assert entry.description["frequency"] == code


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("2021-03-04T05:06:07", "2021-03-04T05:06:07+09:00"),
        ("2021-03-04 05:06:07", "2021-03-04T05:06:07+09:00"),
        ("2018-11-15T20:10:00,000+09:00", "2018-11-15T20:10:00+09:00"),
        ("2021-03-04T00:00:00", "2021-03-04"),
    ],
)
def test_times_without_a_zone_are_korean_time(told: str, read: str) -> None:
    [entry] = from_keti([DATASET | {"createdAt": told}]).datasets
    assert entry.description["issued"] == read


def test_the_accounts_of_persons_are_neither_read_nor_kept_nor_written() -> None:
    catalogue = from_keti([DATASET | PERSONAL])
    whole = repr(catalogue) + b"".join(write_keti(catalogue)).decode()
    assert not [name for pair in PERSONAL.items() for name in pair if name in whole]
    assert catalogue.findings == ()


def test_a_description_comes_back_as_far_as_there_are_fields() -> None:
    organisation = {"name": {"ko": "한빛시"}}
    described = complete() | {"organisation": "hanbit-city"}
    catalogue = Catalogue(BASE, datasets=[Entry("a", "", described)], organisations={"hanbit-city": organisation})
    read = from_keti(list(to_keti(catalogue)), base=BASE)
    assert read.findings == ()
    [entry] = read.datasets
    assert entry.description == as_the_fields_tell(described) | {"organisation": entry.description["organisation"]}
    assert read.organisations[entry.description["organisation"]] == organisation


def as_the_fields_tell(description: dict[str, Any]) -> dict[str, Any]:
    fields = {owner: {row.field for row in FIELDS if row.owner == owner} for owner in ("dataset", "distribution")}
    told = {name: korean(value) for name, value in description.items() if name in fields["dataset"]}
    distribution = description["distributions"][0]
    return told | {
        "identifiers": description["identifiers"][:1],
        "distributions": [{name: distribution[name] for name in fields["distribution"]}],
        "access_level": "public",
        "theme": "administration",
    }


def korean(value: Any) -> Any:
    return {"ko": value["ko"]} if isinstance(value, dict) and isinstance(value.get("ko"), str) else value


def test_what_the_data_manager_demands_is_always_there() -> None:
    [document] = to_keti(Catalogue(BASE, datasets=[Entry("a", "", {})]))
    assert [name for name in REQUIRED if not document.get(name)] == []
    assert document["qualityCheckEnabled"] is False


@pytest.mark.parametrize(
    "document",
    [[DATASET], DATASET, {"totalCount": 1, "datasets": [DATASET]}, {"total": 1, "content": [DATASET]}],
)
def test_datasets_come_as_an_array_as_one_or_as_a_page(document: Any) -> None:
    read = read_keti(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert [entry.identifier for entry in read.datasets] == [DATASET["id"]]
    assert read.total == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"id": 1,}]', "line 1"),
        (b'{"a": 1}', "no array of datasets"),
        (b'"text"', "no array of datasets"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_another_document_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        read_keti(content)


def test_what_cannot_be_read_is_a_finding_and_loses_no_dataset() -> None:
    read = from_keti([DATASET | {"updateInterval": "가끔", "enabled": "yes", "keyword": {}, "mood": "good"}])
    assert len(read.findings) == 4
    assert len(list(read.datasets)) == 1


def test_a_catalogue_is_written_as_one_array() -> None:
    catalogue = from_keti([DATASET, DATASET | {"id": "b"}])
    assert [each["id"] for each in json.loads(b"".join(write_keti(catalogue)))] == [DATASET["id"], "b"]
    assert json.loads(b"".join(write_keti(Catalogue(BASE)))) == []


MODEL = {
    "@context": ["https://hanbit.example/context.jsonld"],
    "id": "kr.hanbit.Parking:1.0",
    "type": "Parking",
    "typeUri": "https://hanbit.example/Parking",
    "name": "주차장",
    "description": "주차장의 위치와 남은 면수",
    "indexAttributeNames": ["name"],
    "attributes": [
        {"name": "name", "valueType": "String", "attributeType": "Property", "isRequired": True, "minLength": 1},
        {
            "name": "address",
            "valueType": "Object",
            "attributeType": "Property",
            "hasObservedAt": False,
            "objectMembers": [
                {"name": "streetAddress", "valueType": "String", "description": "도로명주소"},
                {"name": "point", "valueType": "Object", "objectMembers": [{"name": "x", "valueType": "Double"}]},
            ],
        },
        {
            "name": "free",
            "valueType": "Integer",
            "attributeType": "Property",
            "hasObservedAt": True,
            "hasUnitCode": True,
            "greaterThanOrEqualTo": 0,
            "lessThan": "9999",
            "childAttributes": [
                {"name": "accuracy", "valueType": "Long", "attributeType": "Property", "accessMode": "Read-only"}
            ],
        },
        {"name": "location", "valueType": "GeoJson", "attributeType": "GeoProperty"},
        {"name": "owner", "valueType": "String", "attributeType": "Relationship", "attributeUri": "https://hanbit.example/owner"},
        {"name": "kind", "valueType": "ArrayString", "attributeType": "Property", "valueEnum": ["public", "private"]},
        {
            "name": "prices",
            "valueType": "ArrayObject",
            "attributeType": "Property",
            "objectMembers": [{"name": "amount", "valueType": "Double"}],
        },
        {"name": "observedAt", "valueType": "Date", "attributeType": "Property"},
    ],
}  # fmt: skip


def test_a_data_model_comes_back_with_nothing_lost() -> None:
    assert to_keti_model(from_keti_model(MODEL)) == MODEL


def test_nested_attributes_become_columns_that_records_may_have() -> None:
    schema = from_table_schema(from_keti_model(MODEL))
    assert {column.name: column.source for column in schema.columns} == {
        "name": "name",
        "address_street_address": "address.streetAddress",
        "address_point_x": "address.point.x",
        "free": "free",
        "free_accuracy": "free/accuracy",
        "location": "location",
        "owner": "owner",
        "kind": "kind",
        "prices": "prices",
        "observed_at": "observedAt",
    }


@pytest.mark.parametrize("value_type", TYPES)
def test_every_value_type_comes_back(value_type: str) -> None:
    model = MODEL | {"attributes": [{"name": "a", "valueType": value_type, "attributeType": "Property"}]}
    assert to_keti_model(from_keti_model(model)) == model


@pytest.mark.parametrize("name", data_models())
def test_every_registered_model_is_told_under_its_names_there(name: str) -> None:
    model, document = data_models()[name], registered_model(name)
    back = from_keti_model(document)
    assert len(back["fields"]) == len(model.columns) - (len(model.geometry) == 2)
    assert ("location" in [field["source"] for field in back["fields"]]) is bool(model.geometry)
    assert to_keti_model(back) == document


def test_an_unknown_type_is_refused_with_those_that_there_are() -> None:
    model = MODEL | {"attributes": [{"name": "a", "valueType": "Text"}]}
    with pytest.raises(BadDocument, match="unknown valueType 'Text'; allowed: String, Integer"):
        from_keti_model(model)


def test_who_made_a_model_is_not_kept() -> None:
    assert "hong" not in repr(from_keti_model(MODEL | {"creatorId": "hong"}))
