"""schema.org: what search engines are told, which fields survive, and what others write."""

import json
from typing import Any

import pytest
from descriptions import COMPLETE, complete

from catalog.errors import BadDocument
from catalog.exchange import croissant, schema_org
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.schema_org import from_schema_org, to_schema_org
from catalog.standard import Class
from catalog.standard.conformance import Level, find_problems

BASE = "https://hub.example"
LONG = {
    "ko": "시가 운영하는 공영주차장의 위치, 요금, 운영 시간을 하루에 한 번 모아서 알립니다.",
    "en": "Car parks of the city.",
}
SURVIVING = {
    "title", "description", "organisation", "contact_point", "theme", "keywords", "licence", "region", "temporal", "access_level",
    "access_reason", "landing_page", "spatial_text", "places", "bbox", "collection_method", "sources", "creators", "languages",
    "identifiers", "issued", "modified", "version", "series", "conforms_to", "is_charged",
}  # fmt: skip
SURVIVING_OF_DISTRIBUTION = {
    "title", "description", "access_url", "download_url", "licence", "format", "media_type", "byte_size", "checksum", "languages",
    "issued", "modified",
}  # fmt: skip
SURVIVING_OF_COLUMN = {"name", "title", "description", "unit", "minimum", "maximum"}


def catalogue(description: dict[str, Any]) -> Catalogue:
    return Catalogue(
        BASE,
        description=complete(Class.CATALOGUE),
        datasets=[Entry("parks", f"{BASE}/dataset/parks", description)],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
        series={"series-1": complete(Class.SERIES)},
    )


def described() -> dict[str, Any]:
    """Return a description with every field, whose format is the one that its media type tells."""
    description = complete(Class.DATASET) | {"description": LONG}
    parts = [part | {"format": "CSV"} for part in description["distributions"]]
    return description | {"access_level": "public", "theme": "transport", "distributions": parts}


def back(description: dict[str, Any]) -> dict[str, Any]:
    document = json.loads(json.dumps(to_schema_org(catalogue(description))))
    (entry,) = from_schema_org(document).datasets
    return dict(entry.description)


def test_the_fields_that_survive_are_those_of_the_docstring():
    there, here = described(), back(described())
    assert {name for name in there if here.get(name) == there[name]} == SURVIVING
    assert set(here) - SURVIVING == {"distributions", "columns"}
    part, column = here["distributions"][0], here["columns"][0]
    assert {
        name for name, value in there["distributions"][0].items() if part.get(name) == value
    } == SURVIVING_OF_DISTRIBUTION
    assert {name for name, value in there["columns"][0].items() if column.get(name) == value} == SURVIVING_OF_COLUMN
    told = " ".join(str(schema_org.__doc__).split())
    assert all(name in told for name in SURVIVING - {"access_level"} | SURVIVING_OF_COLUMN)
    assert all(name in told for name in SURVIVING_OF_DISTRIBUTION - {"checksum", "format"})
    assert "same fields survive" in str(croissant.__doc__)


def test_a_search_engine_finds_what_it_asks_for():
    node = to_schema_org(catalogue(COMPLETE | {"description": LONG, "bbox": [126.5, 36.25, 127.0, 36.75]}))
    assert (node["@context"], node["@type"]) == ("https://schema.org/", "Dataset")
    assert (node["name"], node["alternateName"]) == ("공영주차장 현황", "Public car parks")
    assert 50 <= len(node["description"]) <= 5000
    assert node["url"] == f"{BASE}/dataset/parks"
    assert node["license"] == "https://www.kogl.or.kr/info/licenseType1.do"
    assert node["temporalCoverage"] == "2018-01-01/2018-12-31"
    assert node["spatialCoverage"]["geo"] == {"@type": "GeoShape", "box": "36.25 126.5 36.75 127"}
    assert node["includedInDataCatalog"]["@type"] == "DataCatalog"
    assert node["isAccessibleForFree"] is True
    assert node["creator"] == node["publisher"]
    assert node["publisher"]["contactPoint"]["email"] == "traffic@hanbit.example"


def test_columns_are_variables_with_their_units():
    column = {
        "name": "pm10",
        "type": "integer",
        "title": {"ko": "미세먼지", "en": "PM10"},
        "unit": "ug/m3",
        "minimum": 0,
    }
    node = to_schema_org(catalogue({"title": {"ko": "ㄱ"}, "columns": [column]}))
    assert node["variableMeasured"] == [
        {
            "@type": "PropertyValue",
            "name": "미세먼지",
            "alternateName": "PM10",
            "propertyID": "pm10",
            "unitText": "ug/m3",
            "minValue": 0,
        }
    ]


@pytest.mark.parametrize("text", ["", "짧다", "x" * 49, "x" * 50, "가" * 5000, "가" * 5001, "x" * 20_000])
def test_a_description_has_the_length_that_search_engines_accept(text):
    node = to_schema_org(
        catalogue({"title": {"ko": "제목"}, "description": {"ko": text}, "organisation": "hanbit-city"})
    )
    assert 50 <= len(node["description"]) <= 5000
    assert node["description"].startswith(text[:4999])


def test_a_download_has_its_address_size_and_checksum():
    part = complete(Class.DISTRIBUTION) | {"media_type": "text/csv"}
    (download,) = to_schema_org(catalogue({"title": {"ko": "ㄱ"}, "distributions": [part]}))["distribution"]
    assert download["@type"] == "DataDownload"
    assert download["contentUrl"] == part["download_url"]
    assert (download["encodingFormat"], download["contentSize"]) == ("text/csv", "1200")
    assert download["sha256"] == part["checksum"]["value"]


def test_others_are_read_with_prefixes_graphs_and_texts_where_objects_stand():
    told = from_schema_org(
        {
            "@context": {"schema": "http://schema.org/"},
            "@graph": [
                {"@type": "schema:WebPage", "schema:name": "A page"},
                {
                    "@type": ["schema:Dataset"],
                    "@id": "https://a.example/d1",
                    "schema:name": [{"@language": "de", "@value": "Luft"}, {"@language": "en", "@value": "Air"}],
                    "schema:description": "Measured",
                    "schema:license": {"@type": "CreativeWork", "url": "https://creativecommons.org/licenses/by/4.0/"},
                    "schema:publisher": "City of A",
                    "schema:creator": [{"@type": "Person", "name": "A Person"}, {"@type": "Organization", "name": "Lab"}],
                    "schema:isAccessibleForFree": "http://schema.org/False",
                    "schema:keywords": "air, 대기",
                    "schema:spatialCoverage": ["Seoul", {"geo": {"latitude": 37.5, "longitude": 127}}],
                    "schema:temporalCoverage": "2019/..",
                    "schema:distribution": {"contentUrl": "https://a.example/d1.zip", "encodingFormat": "zip", "contentSize": "4.698 MB"},
                    "schema:identifier": {"@type": "PropertyValue", "value": "doi:10.1/2"},
                },
            ],
        }
    )  # fmt: skip
    (entry,) = told.datasets
    description = entry.description
    assert (entry.identifier, entry.slug) == ("https://a.example/d1", "air")
    assert description["title"] == {"en": "Air"}
    assert (description["licence"], description["organisation"]) == ("cc-by-4.0", "city-of-a")
    assert description["creators"] == [{"name": {"en": "Lab"}}]
    assert description["is_charged"] is True
    assert description["keywords"] == {"ko": ["대기"], "en": ["air"]}
    assert (description["spatial_text"], description["bbox"]) == ({"en": "Seoul"}, [127.0, 37.5, 127.0, 37.5])
    assert description["temporal"] == {"start": "2019-01-01"}
    assert description["identifiers"] == ["doi:10.1/2"]
    assert description["distributions"] == [
        {
            "access_url": "https://a.example/d1.zip",
            "download_url": "https://a.example/d1.zip",
            "format": "ZIP",
            "byte_size": 4698000,
        }
    ]


@pytest.mark.parametrize("document", [{"@type": "WebPage"}, [], "x", b"<html>"])
def test_what_holds_no_dataset_is_refused(document):
    with pytest.raises(BadDocument):
        from_schema_org(document)


def test_nothing_that_is_read_is_malformed():
    strange = [None, "", 5, True, [], {}, ["x"], {"@id": 5}, [[1]], "a\nb", {"name": 5, "box": "1 2"}, [{"name": [5]}]]
    keys = [
        "name", "alternateName", "description", "keywords", "temporalCoverage", "conditionsOfAccess", "sameAs", "identifier",
        "inLanguage", "datePublished", "version", "isBasedOn", "schemaVersion", "license", "distribution", "about", "publisher",
        "creator", "isPartOf", "variableMeasured", "spatialCoverage", "isAccessibleForFree", "includedInDataCatalog", "@id", "url",
    ]  # fmt: skip
    part_keys = ["name", "contentUrl", "url", "encodingFormat", "contentSize", "sha256", "license", "inLanguage"]
    for value in strange:
        documents = [{"@type": "Dataset", key: value} for key in keys]
        documents += [{"@type": "Dataset", "distribution": [{key: value}]} for key in part_keys]
        documents += [
            {"@type": "Dataset", "spatialCoverage": {key: value}} for key in ("geo", "name", "identifier", "sameAs")
        ]
        documents += [{"@type": "Dataset", "publisher": {"name": "a", "contactPoint": value}}]
        for document in documents:
            (entry,) = from_schema_org(document).datasets
            problems = [each for each in find_problems(entry.description) if each.level is Level.FORM]
            assert not problems, (document, problems)
