"""Data packages: written valid and read back whole, and read from what others write."""

import json
from pathlib import Path
from typing import Any

import pytest
from descriptions import COMPLETE, complete
from jsonschema import Draft7Validator

from catalog.errors import BadDocument
from catalog.exchange.data_package import from_data_package, to_data_package
from catalog.exchange.entry import Catalogue, Entry
from catalog.records import Column, Schema, to_table_schema
from catalog.standard import Class
from catalog.standard.conformance import Level, find_problems
from catalog.text import Text

BASE = "https://hub.example"
SCHEMAS = Path(__file__).parents[4] / "shared" / "conformance" / "datapackage"
SERVED = {
    "access_url": f"{BASE}/dataset/parks",
    "download_url": f"{BASE}/api/v1/datasets/parks/records.csv",
    "format": "CSV",
    "media_type": "text/csv",
}
ELSEWHERE = {"access_url": "https://hanbit.example/parks"}
TABLE = to_table_schema(
    Schema(
        (Column("lot", required=True, title=Text(ko="주차장", en="Lot")), Column("spaces", "integer", minimum=0)),
        key=("lot",),
    )
)
DESCRIPTIONS = {
    "every field": complete(Class.DATASET),
    "plain": COMPLETE,
    "two fields": {"title": {"ko": "제목"}, "organisation": "hanbit-city"},
    "a service of numbers": {"title": {"ko": "ㄱ"}, "distributions": [{"access_url": "urn:uuid:1"}, ELSEWHERE]},
    "no distribution but columns": {"columns": [{"name": "a", "type": "geometry", "values": ["1"], "minimum": 0}]},
}


def catalogue(description: dict[str, Any], table_schema: dict[str, Any] | None = None) -> Catalogue:
    return Catalogue(
        BASE,
        description=complete(Class.CATALOGUE),
        datasets=[Entry("parks", f"{BASE}/dataset/parks", description, table_schema=table_schema)],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
        series={"series-1": complete(Class.SERIES)},
    )


def written(description: dict[str, Any], table_schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return json.loads(json.dumps(to_data_package(catalogue(description, table_schema))))


@pytest.mark.parametrize("description", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_a_description_comes_back_whole(description):
    told = from_data_package(json.dumps(written(description)).encode())
    (entry,) = told.datasets
    assert entry.description == description
    assert (entry.slug, entry.uri, told.base) == ("parks", f"{BASE}/dataset/parks", BASE)
    there = catalogue(description)
    assert (told.description, told.organisations, told.series) == (
        there.description,
        there.organisations,
        there.series,
    )


def test_the_schema_stands_with_the_records_that_the_hub_serves():
    package = written({"title": {"ko": "ㄱ"}, "distributions": [ELSEWHERE, SERVED]}, TABLE)
    assert "schema" not in package["resources"][0]
    assert package["resources"][1]["schema"]["fields"][0]["name"] == "lot"
    assert package["resources"][1]["schema"]["primaryKey"] == ["lot"]
    (entry,) = from_data_package(package).datasets
    assert entry.table_schema == package["resources"][1]["schema"]


def test_what_the_dictionary_tells_beyond_the_schema_is_kept_with_the_column():
    columns = [
        {
            "name": "lot",
            "type": "string",
            "is_required": True,
            "is_key": True,
            "code_list": "https://hanbit.example/lots",
        },
        {"name": "spaces", "type": "integer", "minimum": 0.0, "title": {"ko": "면수"}},
    ]
    description = {"title": {"ko": "ㄱ"}, "distributions": [SERVED], "columns": columns}
    (entry,) = from_data_package(written(description, TABLE)).datasets
    assert entry.description == description


@pytest.mark.parametrize("description", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the JSON Schemas of Frictionless are not here (../shared)")
def test_ours_is_valid_by_the_schemas_of_version_2(description):
    for name in ("2.0", "1.0"):
        schema = json.loads((SCHEMAS / name / "datapackage.json").read_text(encoding="utf-8"))
        package = written(description, TABLE)
        if name == "1.0":
            for part in package["resources"]:
                part.pop("schema", None)
            package["contributors"] = [{"title": each["title"]} for each in package.get("contributors", [])] or [
                {"title": "-"}
            ]  # version 1 had one role each
        errors = [
            f"{'.'.join(map(str, error.path))}: {error.message}"
            for error in Draft7Validator(schema).iter_errors(package)
        ]
        assert errors == []


def test_a_package_of_others_is_read():
    told = from_data_package(
        {
            "name": "Gross Domestic Product",
            "title": "Country GDP",
            "license": "ODC-BY-1.0",
            "keywords": ["gdp", "경제"],
            "sources": [{"title": "World Bank", "path": "https://bank.example/gdp"}],
            "contributors": [
                {"title": "Hanbit", "role": "publisher"},
                {"title": "Desk", "email": "desk@hanbit.example", "roles": ["maintainer"]},
                {"title": "Institute"},
            ],
            "resources": [
                {
                    "name": "gdp",
                    "path": ["https://bank.example/gdp.csv", "https://bank.example/2.csv"],
                    "hash": "5a1ab4fa115a1ab4fa115a1ab4fa1112",
                    "bytes": 12,
                    "schema": {
                        "fields": [
                            {"name": "year", "type": "year", "constraints": {"required": True, "unique": True}},
                            {"name": "value", "type": "number", "constraints": {"minimum": 0}},
                            {"name": "place", "type": "geopoint"},
                            {"name": "odd", "type": "money"},
                        ],
                        "primaryKey": "year",
                    },
                },
                {"name": "local", "path": "data/x.csv"},
                {"name": "inline", "data": [[1]]},
            ],
        }
    )
    (entry,) = told.datasets
    description = entry.description
    assert entry.slug == "gross-domestic-product"
    assert (description["organisation"], told.organisations) == ("hanbit", {"hanbit": {"name": {"en": "Hanbit"}}})
    assert description["contact_point"] == {"name": {"en": "Desk"}, "email": "desk@hanbit.example"}
    assert description["creators"] == [{"name": {"en": "Institute"}}]
    assert description["sources"] == ["https://bank.example/gdp"]
    first, local, _ = description["distributions"]
    assert first["checksum"] == {"algorithm": "md5", "value": "5a1ab4fa115a1ab4fa115a1ab4fa1112"}
    assert first["download_url"] == "https://bank.example/gdp.csv"
    assert local == {"title": {"en": "local"}}
    assert [column["type"] for column in description["columns"]] == ["integer", "number", "string", "string"]
    assert description["columns"][0] == {"name": "year", "type": "integer", "is_required": True, "is_key": True}
    assert {finding.where for finding in told.findings} == {
        "resources[0].path",
        "resources[1].path",
        "resources[2].data",
        "resources[0].schema.fields[3].type",
    }


@pytest.mark.parametrize(
    ("document", "sentence"),
    [([], "object"), ({"name": "x"}, "'resources' is missing"), (b"{", "line 1")],
)
def test_what_is_no_package_is_refused(document, sentence):
    with pytest.raises(BadDocument, match=sentence):
        from_data_package(document)


def test_nothing_that_is_read_is_malformed():
    strange = [None, "", 5, True, [], {}, ["x"], {"title": 5, "path": "x"}, "a\nb", [{"title": "a", "roles": 5}], [[1]]]
    keys = ["title", "homepage", "version", "created", "keywords", "licenses", "contributors", "sources", "id", "name"]
    part_keys = ["path", "title", "format", "mediatype", "encoding", "bytes", "hash", "licenses", "schema", "name"]
    schema_keys = ["name", "type", "title", "description", "constraints", "unit"]
    for value in strange:
        documents = [{"resources": [{"path": "https://a.example/x"}], key: value} for key in keys]
        documents += [{"resources": [{"path": "https://a.example/x", key: value}]} for key in part_keys]
        documents += [{"resources": [{"schema": {"fields": [{"name": "a", key: value}]}}]} for key in schema_keys]
        for document in documents:
            (entry,) = from_data_package(document).datasets
            problems = [each for each in find_problems(entry.description) if each.level is Level.FORM]
            assert not problems, (document, problems)
