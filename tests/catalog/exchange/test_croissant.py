"""Croissant: what machine learning tools are told, which fields survive, and what others write."""

import json
from pathlib import Path
from typing import Any

import pytest
from descriptions import COMPLETE, complete
from rdflib import RDF, Graph, URIRef

from catalog.errors import BadDocument
from catalog.exchange.croissant import CONTEXT, from_croissant, to_croissant
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import JSON_LD, parse_rdf
from catalog.standard import Class, vocabulary
from catalog.standard.conformance import Level, find_problems

BASE = "https://hub.example"
CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance"
needs_conformance = pytest.mark.skipif(
    not CONFORMANCE.is_dir(), reason="the Croissant files of others are not here (../shared)"
)
REQUIRED = (
    "@context",
    "@type",
    "conformsTo",
    "name",
    "description",
    "license",
    "url",
    "creator",
    "datePublished",
    "distribution",
)
COLUMNS = [
    {"name": "station", "type": "string", "title": {"ko": "측정소", "en": "Station"}, "is_key": True},
    {"name": "pm10", "type": "integer", "title": {"ko": "미세먼지"}, "description": {"ko": "농도", "en": "Density"}, "unit": "ug/m3"},
    *({"name": code, "type": code} for code in ("number", "boolean", "date", "datetime", "time", "geometry")),
]  # fmt: skip
FILE = {
    "title": {"ko": "대기질 (CSV)", "en": "Air (CSV)"},
    "access_url": f"{BASE}/dataset/air",
    "download_url": f"{BASE}/api/v1/datasets/air/records.csv",
    "format": "CSV",
    "media_type": "text/csv",
    "byte_size": 1200,
    "checksum": {"algorithm": "sha256", "value": "ab" * 32},
}


def catalogue(description: dict[str, Any]) -> Catalogue:
    return Catalogue(
        BASE,
        description=complete(Class.CATALOGUE),
        datasets=[Entry("air", f"{BASE}/dataset/air", description)],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
        series={"series-1": complete(Class.SERIES)},
    )


def written(description: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(to_croissant(catalogue(description))))


def test_everything_required_is_there():
    node = written(COMPLETE | {"issued": "2026-01-02", "distributions": [FILE]})
    assert [name for name in REQUIRED if name not in node] == []
    assert node["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert (node["isLiveDataset"], node["sdLicense"]) == (True, vocabulary("licence")["kogl-0"].uri)
    (file,) = node["distribution"]
    assert (file["@type"], file["contentUrl"]) == ("cr:FileObject", FILE["download_url"])
    assert (file["encodingFormat"], file["contentSize"], file["sha256"]) == ("text/csv", "1200 B", "ab" * 32)


def test_a_poor_description_still_says_what_is_required():
    node = written({"title": {"ko": "제목"}})
    assert node["license"] == vocabulary("licence")["unknown"].uri
    assert (node["description"], node["creator"]["name"], node["distribution"]) == ("제목", "제목", [])


def test_the_columns_are_fields_of_one_record_set_in_the_csv():
    parquet = FILE | {"format": "PARQUET", "download_url": f"{BASE}/api/v1/datasets/air/records.parquet"}
    (records,) = written({"title": {"ko": "ㄱ"}, "columns": COLUMNS, "distributions": [parquet, FILE]})["recordSet"]
    assert records["key"] == [{"@id": "records/station"}]
    assert [field["dataType"] for field in records["field"]] == [
        "sc:Text", "sc:Integer", "sc:Float", "sc:Boolean", "sc:Date", "sc:DateTime", "sc:Time", "sc:GeoShape",
    ]  # fmt: skip
    assert records["field"][1] == {
        "@type": "cr:Field",
        "@id": "records/pm10",
        "name": "pm10",
        "alternateName": ["미세먼지"],
        "description": "농도\n\nDensity",
        "dataType": "sc:Integer",
        "unitText": "ug/m3",
        "source": {"fileObject": {"@id": "csv-2"}, "extract": {"column": "pm10"}},
    }


def test_the_fields_that_survive_are_those_of_the_docstring():
    there = complete(Class.DATASET) | {"columns": COLUMNS, "distributions": [FILE], "access_level": "public"}
    (entry,) = from_croissant(written(there)).datasets
    same = {name for name in there if entry.description.get(name) == there[name]}
    assert set(entry.description) == same
    assert {"title", "description", "columns", "distributions", "organisation", "theme", "bbox", "series"} <= same
    assert "frequency" not in same


@needs_conformance
def test_only_terms_of_the_vocabulary_are_used():
    ontology = Graph().parse(CONFORMANCE / "ontology" / "croissant.ttl")
    known = {str(term) for term in ontology.subjects() if isinstance(term, URIRef)}
    terms = {term for term in CONTEXT.values() if isinstance(term, str)} | {
        term["@id"] for term in CONTEXT.values() if isinstance(term, dict)
    }
    recommended = {"isArray", "replace", "samplingRate"}  # in the specification's context, not in its ontology
    for term in terms:
        if term.startswith("cr:") and term[3:] not in recommended:
            assert f"http://mlcommons.org/croissant/{term[3:]}" in known, term
    node = written(complete(Class.DATASET) | {"columns": COLUMNS, "distributions": [FILE]})
    graph = parse_rdf(json.dumps(node).encode(), JSON_LD)
    used = {str(term) for term in (*graph.predicates(), *graph.objects(None, RDF.type))}
    unknown = {term for term in used if "croissant" in term} - known
    assert not unknown
    assert len(used) > 30


@needs_conformance
@pytest.mark.parametrize(
    ("name", "files", "columns", "licence"),
    [
        ("1.0-movielens.json", 7, 11, "unknown"),
        ("1.0-simple-join.json", 1, 5, "cc-by-4.0"),
        ("1.0-simple-parquet.json", 1, 2, "cc-by-4.0"),
        ("1.0-titanic.json", 3, 17, "afl-3.0"),
        ("1.1-audio_test.json", 1, 1, "unknown"),
        ("1.1-huggingface-mnist-from-main-branch.json", 2, 4, "mit"),
        ("1.1-zenodo-head-mri.json", 3, 2, "mit"),
    ],
)
def test_every_example_of_others_is_read(name, files, columns, licence):
    (entry,) = from_croissant((CONFORMANCE / "croissant" / name).read_bytes(), where=name).datasets
    description = entry.description
    assert (len(description["distributions"]), len(description["columns"]), description["licence"]) == (
        files,
        columns,
        licence,
    )
    assert [each for each in find_problems(description) if each.level is Level.FORM] == []


@needs_conformance
def test_the_example_that_is_not_json_is_refused_with_its_line():
    name = "ckanext-dcat-full_croissant_dataset.jsonld"
    with pytest.raises(BadDocument, match=r"line 77.*trailing comma"):
        from_croissant((CONFORMANCE / "croissant" / name).read_bytes(), where=name)


def test_files_inside_an_archive_and_beside_the_document_have_no_address():
    told = from_croissant(
        {
            "@type": "sc:Dataset",
            "name": "Pictures",
            "distribution": [
                {"@type": "cr:FileObject", "@id": "zip", "contentUrl": "https://a.example/a.zip", "encodingFormat": "application/zip", "md5": "ab" * 16},
                {"@type": "cr:FileObject", "@id": "one", "contentUrl": "one.csv", "containedIn": {"@id": "zip"}, "encodingFormat": "text/csv"},
                {"@type": "cr:FileObject", "@id": "two", "contentUrl": "two.csv", "sha256": "https://a.example/issues/80"},
                {"@type": "cr:FileSet", "@id": "all", "includes": "*.jpg"},
                "five",
            ],
            "recordSet": [{"key": {"@id": "id"}, "field": [{"@id": "r/id", "dataType": ["cr:Int64"]}, {"name": "picture", "dataType": "sc:ImageObject"}]}],
        }
    )  # fmt: skip
    (entry,) = told.datasets
    parts = entry.description["distributions"]
    assert [part.get("download_url") or part.get("access_url") for part in parts] == [
        "https://a.example/a.zip",
        None,
        None,
        None,
    ]
    assert parts[0]["checksum"] == {"algorithm": "md5", "value": "ab" * 16}
    assert entry.description["columns"] == [
        {"name": "id", "type": "integer", "is_key": True},
        {"name": "picture", "type": "string"},
    ]
    assert [finding.where for finding in told.findings] == ["distribution[2].contentUrl", "distribution[4]"]


def test_nothing_that_is_read_is_malformed():
    strange = [None, "", 5, True, [], {}, ["x"], {"@id": 5}, [[1]], "a\nb"]
    for value in strange:
        for document in (
            *({"recordSet": [{"field": [{"name": "a", key: value}]}]} for key in ("@id", "name", "dataType", "unitText", "description", "alternateName")),
            *({"distribution": [{"@id": "a", key: value}]} for key in ("contentUrl", "md5", "sha256", "containedIn", "name", "url")),
            {"recordSet": value},
            {"distribution": value},
        ):  # fmt: skip
            (entry,) = from_croissant({"@type": "Dataset", "name": "x"} | document).datasets
            problems = [each for each in find_problems(entry.description) if each.level is Level.FORM]
            assert not problems, (document, problems)
