"""data.json: written and read back whole, read from what others write, with a finding for every fault."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from descriptions import COMPLETE, complete

from catalog.errors import BadDocument
from catalog.exchange.data_json import from_data_json, to_data_json
from catalog.exchange.entry import Catalogue, Entry
from catalog.standard import Class
from catalog.standard.conformance import Level, find_problems

BASE = "https://hub.example"


def catalogue(*descriptions: dict[str, Any]) -> Catalogue:
    return Catalogue(
        base=BASE,
        description=complete(Class.CATALOGUE),
        datasets=[
            Entry(f"dataset-{number}", f"{BASE}/dataset/dataset-{number}", description)
            for number, description in enumerate(descriptions)
        ],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
        series={"series-1": complete(Class.SERIES)},
        services={"access-service-1": complete(Class.SERVICE)},
    )


def written(told: Catalogue) -> dict[str, Any]:
    return json.loads(b"".join(to_data_json(told)))


def item(**values: Any) -> dict[str, Any]:
    """Return a dataset of DCAT-US 1.1 without a fault, but for the values given."""
    return {
        "title": "Car parks",
        "description": "Places and fees",
        "publisher": {"name": "Hanbit"},
        "contactPoint": {"fn": "Transport", "hasEmail": "mailto:traffic@hanbit.example"},
        "identifier": "parks-1",
        "accessLevel": "public",
    } | values


def document(*items: Any, **values: Any) -> dict[str, Any]:
    return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": list(items)} | values


def read_one(**values: Any) -> dict[str, Any]:
    return dict(next(iter(from_data_json(document(item(**values))).datasets)).description)


def findings(told: object) -> dict[str, str]:
    return {finding.where: finding.text.en for finding in from_data_json(told).findings}


# the way there and back


@pytest.mark.parametrize(
    "description",
    [
        complete(Class.DATASET),
        COMPLETE,
        {"title": {"ko": "제목"}, "organisation": "hanbit-city"},
        {"title": {"en": "Only English"}, "distributions": [{"download_url": "https://hanbit.example/a.csv"}]},
        {"access_level": "registered", "licence": "unknown", "temporal": {"start": "2020-01-01"}},
        {"is_charged": False, "record_count": 0, "keywords": {"ko": [], "en": ["CCTV"]}},
    ],
    ids=["every field", "plain", "two fields", "a link alone", "odd values", "values that say no"],
)
def test_a_description_comes_back_whole(description):
    told = from_data_json(b"".join(to_data_json(catalogue(description))))
    (entry,) = told.datasets
    assert entry.description == description
    assert (entry.slug, entry.uri) == ("dataset-0", f"{BASE}/dataset/dataset-0")
    assert told.findings == ()


def test_what_stands_beside_the_datasets_comes_back_whole():
    there = catalogue(complete(Class.DATASET))
    back = from_data_json(written(there))
    assert (back.base, back.description) == (BASE, there.description)
    assert (back.organisations, back.series, back.services) == (there.organisations, there.series, there.services)


def test_what_dcat_us_can_say_is_said_in_its_own_words():
    (dataset,) = written(catalogue(COMPLETE))["dataset"]
    assert dataset["title"] == "공영주차장 현황"
    assert dataset["keyword"] == ["주차장", "요금", "parking"]
    assert dataset["accessLevel"] == "restricted public"
    assert dataset["accrualPeriodicity"] == "R/P1D"
    assert dataset["temporal"] == "2018-01-01/2018-12-31"
    assert dataset["license"] == "https://www.kogl.or.kr/info/licenseType1.do"
    assert dataset["contactPoint"]["hasEmail"] == "mailto:traffic@hanbit.example"
    assert dataset["publisher"]["name"] == complete(Class.ORGANISATION)["name"]["ko"]


def test_only_what_it_cannot_say_travels_as_a_remainder():
    (dataset,) = written(catalogue({"title": {"ko": "제목", "en": "Title"}, "access_level": "public"}))["dataset"]
    remainder = dataset["https://w3id.org/urban-data-hub#remainder"]
    assert remainder["title"] == {"en": "Title"}
    assert remainder["licence"] is None  # the reader says "unknown" where a document says nothing


def test_a_catalogue_is_written_while_it_is_read():
    drawn: list[int] = []

    def entries() -> Iterator[Entry]:
        for number in range(3):
            drawn.append(number)
            yield Entry(f"d-{number}", "", {"title": {"ko": "ㄱ"}})

    pieces = to_data_json(replace(catalogue(), datasets=entries()))
    next(pieces), next(pieces)
    assert drawn == [0]


def test_an_empty_catalogue_is_a_document_too():
    assert written(Catalogue(BASE))["dataset"] == []


# what others write


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        ({"title": "주차장"}, "title", {"ko": "주차장"}),
        ({"title": 707}, "title", {"en": "707"}),
        ({"modified": "2016-04-19T19:48:05.433640-03:00"}, "modified", "2016-04-19T19:48:05.433640-03:00"),
        ({"modified": "2019-06-27 12:41:27"}, "modified", "2019-06-27"),
        ({"modified": "R/P1W"}, "frequency", "weekly"),
        ({"accrualPeriodicity": "irregular"}, "frequency", "irregular"),
        ({"temporal": "1994/2014"}, "temporal", {"start": "1994-01-01", "end": "2014-12-31"}),
        ({"temporal": "2010-01-01T00:00:00Z/2010-02-03T00:00:00Z"}, "temporal", {"start": "2010-01-01", "end": "2010-02-03"}),
        ({"temporal": [{"startDate": "2020-02", "endDate": "2020-02"}]}, "temporal", {"start": "2020-02-01", "end": "2020-02-29"}),
        ({"spatial": "126.5,36.25,127,36.75"}, "bbox", [126.5, 36.25, 127.0, 36.75]),
        ({"spatial": "United States"}, "spatial_text", {"en": "United States"}),
        ({"spatial": '{"type": "Point", "coordinates": [127.1, 37.2]}'}, "bbox", [127.1, 37.2, 127.1, 37.2]),
        ({"spatial": [{"@id": "https://a.example/us", "prefLabel": "미국"}]}, "places", ["https://a.example/us"]),
        ({"license": "https://creativecommons.org/publicdomain/zero/1.0/"}, "licence", "cc0-1.0"),
        ({"license": "http://creativecommons.org/licenses/by/4.0"}, "licence", "cc-by-4.0"),
        ({}, "licence", "unknown"),
        ({"theme": ["교통"]}, "theme", "transport"),
        ({"superTheme": ["ECON"]}, "eu_themes", ["ECON"]),
        ({"superTheme": ["ECON"]}, "theme", "economy"),
        ({"theme": ["Wireline"], "keyword": ["fcc"]}, "keywords", {"en": ["fcc", "Wireline"]}),
        ({"keyword": "cars, 주차장"}, "keywords", {"ko": ["주차장"], "en": ["cars"]}),
        ({"language": ["en-US", "spa"]}, "languages", ["ENG", "SPA"]),
        ({"accessLevel": "Public"}, "access_level", "public"),
        ({"accessLevel": "non-public", "rights": "Privacy"}, "access_reason", {"en": "Privacy"}),
        ({"describedBy": "https://a.example/d", "references": ["https://a.example/r"]}, "documentation", ["https://a.example/r", "https://a.example/d"]),
        ({"conformsTo": [{"@id": "https://a.example/standard"}]}, "conforms_to", ["https://a.example/standard"]),
        ({"accessURL": "https://a.example/data"}, "landing_page", "https://a.example/data"),
        ({"contactPoint": [{"fn": "Office", "hasEmail": "a@b.example"}]}, "contact_point", {"name": {"en": "Office"}, "email": "a@b.example"}),
        ({"isPartOf": "collection-1"}, "series", ["collection-1-1b2a5a6e5e"]),
        ({"identifier": "parks-1"}, "identifiers", ["parks-1"]),
        ({"otherIdentifier": [{"notation": "GSA-1", "schemaAgency": "https://gsa.example"}]}, "other_identifiers", [{"notation": "GSA-1", "scheme": "https://gsa.example"}]),
    ],
)  # fmt: skip
def test_a_value_is_read_as_what_it_means(told, field, value):
    read = read_one(**told)
    if field == "series":  # a slug made from the identifier
        assert len(read["series"]) == 1
    else:
        assert read[field] == value


def test_distributions_are_read_with_their_formats_and_addresses():
    parts = read_one(
        distribution=[
            {"downloadURL": "https://a.example/f.csv", "mediaType": "text/csv", "title": "File"},
            {"accessURL": "https://a.example/api", "format": "JSON", "byteSize": 12},
            {"accessURL": "https://a.example/old", "formats": [{"label": "xml", "value": "application/xml"}]},
        ]
    )["distributions"]
    assert parts[0] == {
        "title": {"en": "File"},
        "access_url": "https://a.example/f.csv",
        "download_url": "https://a.example/f.csv",
        "format": "CSV",
        "media_type": "text/csv",
    }
    assert parts[1] == {"access_url": "https://a.example/api", "format": "JSON", "byte_size": 12}
    assert parts[2]["format"] == "XML"


def test_a_licence_that_nobody_knows_stays_with_every_distribution():
    link = {"accessURL": "https://a.example/x"}
    read = read_one(
        license="https://a.example/terms", distribution=[link, link | {"license": "https://a.example/mine"}]
    )
    assert read["licence"] == "unknown"
    assert [part["licence_url"] for part in read["distributions"]] == [
        "https://a.example/terms",
        "https://a.example/mine",
    ]
    in_words = read_one(license="Ask us first", distribution=[link])
    assert in_words["distributions"][0]["rights"] == {"en": "Ask us first"}


def test_the_columns_of_the_argentine_profile_are_a_column_dictionary():
    fields = [{"title": "id", "type": "integer", "description": "Number"}, {"title": "name", "type": "texto"}]
    read = read_one(distribution=[{"accessURL": "https://a.example/x", "field": fields}])
    assert read["columns"] == [
        {"name": "id", "type": "integer", "description": {"en": "Number"}},
        {"name": "name", "type": "string"},
    ]


def test_a_list_of_datasets_is_the_form_of_2013():
    told = from_data_json(
        [
            {
                "title": "Bikes",
                "identifier": "b-1",
                "accessLevel": "Public",
                "keywords": ["bike"],
                "releaseDate": "2012-07-24",
            }
        ]
    )
    (entry,) = told.datasets
    assert (entry.slug, entry.identifier, entry.description["issued"]) == ("bikes", "b-1", "2012-07-24")


def test_a_dataset_alone_is_a_document_of_one():
    (entry,) = from_data_json(item()).datasets
    assert entry.description["title"] == {"en": "Car parks"}


def test_a_collection_takes_its_title_from_the_dataset_that_it_is():
    parent = item(identifier="c-1", title="Collection")
    told = from_data_json(document(parent, item(identifier="c-2", title="Part", isPartOf="c-1")))
    whole, part = told.datasets
    (slug,) = part.description["series"]
    assert "series" not in whole.description
    assert told.series[slug]["title"] == {"en": "Collection"}


def test_datasets_of_catalogues_series_and_services_are_found_wherever_they_stand():
    def named(name: str) -> dict[str, Any]:
        return item(identifier=f"https://a.example/{name}", title=name)

    told = from_data_json(
        {
            "@type": "Catalog",
            "conformsTo": {"title": "DCAT-US 3.0"},
            "dataset": [named("top"), named("first")],
            "catalog": [{"dataset": [named("child")], "catalog": [{"dataset": [named("grandchild")]}]}],
            "datasetSeries": [{"@id": "https://a.example/s", "title": "Series", "seriesMember": [named("first"), named("second")], "last": named("second")}],
            "service": [{"title": "API", "identifier": "api", "endpointURL": ["https://a.example/api"], "servesDataset": [named("served"), "https://a.example/top"]}],
        }
    )  # fmt: skip
    datasets = {entry.slug: entry.description for entry in told.datasets}
    assert list(datasets) == ["top", "first", "second", "served", "child", "grandchild"]
    assert [slug for slug, description in datasets.items() if description.get("series") == ["series"]] == [
        "first",
        "second",
    ]
    assert told.series["series"]["title"] == {"en": "Series"}
    assert told.services["api"]["serves"] == ["served", "top"]


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        ({"@type": "Identifier", "@id": "https://a.example/three"}, "https://a.example/three"),
        ({"@type": "Identifier", "notation": "NCDC-2024"}, "NCDC-2024"),
        ({"@type": "Identifier"}, ""),
        ("", ""),
    ],
)
def test_an_identifier_may_be_an_object(value, identifier):
    (entry,) = from_data_json(document(item(identifier=value))).datasets
    assert entry.identifier == identifier


def test_datasets_with_one_title_get_slugs_of_their_own_that_stay():
    told = document(item(identifier="a"), item(identifier="b"), item(identifier="c"))
    slugs = [entry.slug for entry in from_data_json(told).datasets]
    assert slugs[0] == "car-parks"
    assert len(set(slugs)) == 3
    assert slugs == [entry.slug for entry in from_data_json(told).datasets]


# faults


@pytest.mark.parametrize(
    ("values", "where", "sentence"),
    [
        ({"title": None}, "title", "is null"),
        ({"title": " "}, "title", "is empty"),
        ({"description": 5}, "description", "number"),
        ({"publisher": {}}, "publisher", "is empty"),
        ({"accessLevel": "ABIERTO"}, "accessLevel", "allowed: public"),
        ({"modified": "yesterday"}, "modified", "is not a date"),
        ({"issued": "2016-13-40"}, "issued", "is not a date"),
        ({"issued": "2030-01-01", "modified": "2020-01-01"}, "modified", "earlier"),
        ({"temporal": "2015-01-10/2015-01-0f"}, "temporal", "start/end"),
        ({"temporal": "2016/2015"}, "temporal", "start/end"),
        ({"accrualPeriodicity": "RP10Y"}, "accrualPeriodicity", "R/P1Y"),
        ({"landingPage": "not a page"}, "landingPage", "https://"),
        ({"language": ["xx-none"]}, "language[0]", "language code"),
        ({"keyword": ["a", ""]}, "keyword[1]", "empty word"),
        ({"keyword": 7}, "keyword", "list of words"),
        ({"theme": "roads"}, "theme", "list"),
        ({"contactPoint": {"fn": "Office", "hasEmail": "office at hanbit"}}, "contactPoint.hasEmail", "e-mail"),
        ({"contactPoint": {"fn": "Office", "hasEmail": "a@b.example, c@d.example"}}, "contactPoint.hasEmail", "several"),
        ({"license": "our terms"}, "license", "known licence"),
        ({"distribution": {"accessURL": "https://a.example/x"}}, "distribution", "list of one"),
        ({"distribution": ["https://a.example/x"]}, "distribution[0]", "object"),
        ({"distribution": [{"accessURL": "//x"}]}, "distribution[0].accessURL", "https://"),
        ({"distribution": [{"downloadURL": 7}]}, "distribution[0].downloadURL", "https://"),
        ({"distribution": [{"downloadURL": ["a"]}]}, "distribution[0].downloadURL", "not a text"),
        ({"distribution": [{"mediaType": "csv"}]}, "distribution[0].mediaType", "media type"),
        ({"distribution": [{"mediaType": "notareal/type"}]}, "distribution[0].mediaType", "registered"),
        ({"distribution": [{"format": "hdfjpg"}]}, "distribution[0].format", "file format"),
        ({"distribution": [{"byteSize": "5120"}]}, "distribution[0].byteSize", "number"),
        ({"distribution": [{"downloadURL": "https://a.example/x"}] * 2}, "distribution[1].downloadURL", "another distribution"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_what_would_be_right(values, where, sentence):
    told = document(item(**values))
    found = findings(told)
    assert sentence in found[f"dataset[0].{where}"]
    assert len(list(from_data_json(told).datasets)) == 1


@pytest.mark.parametrize("name", ["title", "description", "publisher", "contactPoint", "identifier", "accessLevel"])
def test_what_is_mandatory_is_missed(name):
    told = item()
    told.pop(name)
    assert "mandatory" in findings(document(told))[f"dataset[0].{name}"]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"dataset": None}, "dataset"),
        ({"publisher": "someone"}, "publisher"),
        ({"superThemeTaxonomy": "a.example/themes"}, "superThemeTaxonomy"),
        ({"themeTaxonomy": {}}, "themeTaxonomy"),
        ({"dataset": [{}]}, "dataset[0].title"),
        ({"dataset": ["a"]}, "dataset[0]"),
        ({"dataset": [item(distribution=[{"fileName": "a", "format": "CSV"}])]}, "dataset[0].distribution[0].fileName"),
        ({"dataset": [item(distribution=[{"fileName": "a.csv", "format": "PDF"}])]}, "dataset[0].distribution[0].fileName"),
        ({"dataset": [item(distribution=[{"field": [{"title": "x" * 61}]}])]}, "dataset[0].distribution[0].field[0].title"),
    ],
)  # fmt: skip
def test_a_fault_by_the_rules_of_the_argentine_profile_is_told(values, where):
    assert where in findings(document(superThemeTaxonomy="https://a.example/themes") | values)


def test_a_remainder_that_would_make_a_description_malformed_is_left_out():
    remainder = {"theme": "no-such-theme", "version": "2", "field-of-tomorrow": 1, "title": {"ko": "주차장"}}
    told = from_data_json(document(item(**{"https://w3id.org/urban-data-hub#remainder": remainder})))
    (entry,) = told.datasets
    assert (entry.description["theme"], entry.description["version"]) == ("administration", "2")
    assert entry.description["title"] == {"en": "Car parks", "ko": "주차장"}
    assert len(told.findings) == 2


def test_an_unknown_key_is_told_once_with_its_count():
    told = document(item(additionalField=1), item(identifier="2", additionalField=2))
    assert "(2 times)" in findings(told)["dataset[].additionalField"]


@pytest.mark.parametrize(
    ("content", "where", "reason"),
    [
        (b'{\n "dataset": [\n  {,}\n ]}', "line 3", "JSON"),
        (b"", "line 1", "empty"),
        (b"<html></html>", "line 1", "web page"),
        (b'"text"', "data.json", "object or a list"),
        (b'{"a": NaN}', "line 1", "JSON"),
        (b'\xff\xfe"', "line 1", "JSON"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_line_and_reason(content, where, reason):
    with pytest.raises(BadDocument) as refused:
        from_data_json(content)
    assert where in refused.value.text.en
    assert reason in refused.value.text.en


def test_a_mark_at_the_beginning_does_no_harm():
    content = json.dumps(document(item(title="주차장")))
    for encoding in ("utf-8-sig", "utf-16"):
        (entry,) = from_data_json(content.encode(encoding)).datasets
        assert entry.description["title"] == {"ko": "주차장"}


def test_nothing_that_is_read_is_malformed():
    strange = [None, "", 5, True, [], {}, ["x"], {"@id": 5}, [[1]], "a\nb", "x" * 5000, [None], {"name": None}]
    keys = [
        *item(), "keyword", "modified", "issued", "temporal", "spatial", "license", "theme", "superTheme", "language",
        "accrualPeriodicity", "landingPage", "conformsTo", "references", "describedBy", "isPartOf", "distribution", "rights",
        "version", "otherIdentifier", "temporalResolution", "spatialResolutionInMeters", "source", "accessURL", "@id",
        "geographicBoundingBox", "https://w3id.org/urban-data-hub#remainder",
    ]  # fmt: skip
    part_keys = [
        "title",
        "accessURL",
        "downloadURL",
        "mediaType",
        "format",
        "formats",
        "byteSize",
        "checksum",
        "field",
        "license",
    ]
    for value in strange:
        for key in keys:
            told = list(from_data_json(document(item(**{key: value}))).datasets)
            assert len(told) == 1
            problems = [each for each in find_problems(told[0].description) if each.level is Level.FORM]
            assert not problems, (key, value, problems)
        for key in part_keys:
            (entry,) = from_data_json(document(item(distribution=[{key: value}]))).datasets
            problems = [each for each in find_problems(entry.description) if each.level is Level.FORM]
            assert not problems, (key, value, problems)
