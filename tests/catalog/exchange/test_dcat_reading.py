"""DCAT as others write it: older properties, literals where nodes should be, several values where one should be."""

from collections.abc import Mapping
from typing import Any

import pytest

from catalog.exchange.dcat import read_rdf
from catalog.exchange.entry import Catalogue

PREFIXES = """
@prefix adms: <http://www.w3.org/ns/adms#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcatap: <http://data.europa.eu/r5r/> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix locn: <http://www.w3.org/ns/locn#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <http://schema.org/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix spdx: <http://spdx.org/rdf/terms#> . @prefix time: <http://www.w3.org/2006/time#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix eu: <http://publications.europa.eu/resource/authority/> .
"""
AIR = "https://elsewhere.example/dataset/air"


def read(said: str) -> Catalogue:
    return read_rdf((PREFIXES + said).encode(), "turtle", name="their.ttl")


def read_air(said: str) -> tuple[Mapping[str, Any], list[str]]:
    """Return the description of a dataset and what was noted on the way."""
    catalogue = read(f"<{AIR}> a dcat:Dataset ; {said} .")
    [entry] = catalogue.datasets
    return entry.description, [f"{finding.where}: {finding.text.en}" for finding in catalogue.findings]


CLEAN = [
    ('dct:title "Air", "대기질"@ko, "Luft"@de', "title", {"ko": "대기질", "en": "Air"}),
    ('dct:title "대기질"', "title", {"ko": "대기질"}),
    ('dct:title "Luft"@de', "title", {"en": "Luft"}),
    ('dct:title "Air"@en-GB, "Luft"@de', "title", {"en": "Air"}),
    ('dcat:keyword "air, dust; noise"', "keywords", {"en": ["air", "dust", "noise"]}),
    ('dcat:keyword "dust"@en, "air"@en, "미세먼지"', "keywords", {"ko": ["미세먼지"], "en": ["air", "dust"]}),
    ("dcat:keyword 'a, b'@en, 'c'@en", "keywords", {"en": ["a, b", "c"]}),
    ('dct:accrualPeriodicity "daily"', "frequency", "daily"),
    ("dct:accrualPeriodicity eu:frequency\\/MONTHLY", "frequency", "monthly"),
    ("dct:accrualPeriodicity <http://purl.org/cld/freq/daily>", "frequency", "daily"),
    ("dct:accessRights eu:access-right\\/NON_PUBLIC", "access_level", "non-public"),
    ("dct:accessRights eu:access-right\\/RESTRICTED", "access_level", "restricted"),
    ("dcat:theme eu:data-theme\\/TRAN", "theme", "transport"),
    ("dcat:theme eu:data-theme\\/ENVI, eu:data-theme\\/TRAN", "eu_themes", ["ENVI", "TRAN"]),
    ("dct:spatial [ dct:identifier '44' ]", "region", "44"),
    ("dct:spatial <https://sws.geonames.org/1835224/>", "places", ["https://sws.geonames.org/1835224/"]),
    ("dct:spatial 'Somewhere'", "spatial_text", {"en": "Somewhere"}),
    ("dct:spatial [ a dct:Location ; locn:geographicName 'Somewhere' ]", "spatial_text", {"en": "Somewhere"}),
    ("dct:spatial [ dcat:bbox 'POLYGON((126 36,127 36,127 37,126 37,126 36))'^^geo:wktLiteral ]", "bbox", [126, 36, 127, 37]),
    (
        "dct:spatial [ dcat:bbox '<http://www.opengis.net/def/crs/EPSG/0/4326> POLYGON((36 126,37 126,37 127,36 127,36 126))' ]",
        "bbox",
        [126, 36, 127, 37],
    ),
    ("dct:spatial [ locn:geometry '{\"type\":\"Point\",\"coordinates\":[126.5,36.5]}' ]", "bbox", [126.5, 36.5, 126.5, 36.5]),
    ("dct:spatial [ schema:box '36 126 37 127' ]", "bbox", [126, 36, 127, 37]),
    ("dct:temporal [ schema:startDate '2018-01-01' ; schema:endDate '2018-12-31T23:59:59Z' ]", "temporal", {"start": "2018-01-01", "end": "2018-12-31"}),
    ("dct:temporal [ dcat:startDate '2018'^^xsd:gYear ; dcat:endDate '2018'^^xsd:gYear ]", "temporal", {"start": "2018-01-01", "end": "2018-12-31"}),
    ("dct:temporal [ time:hasBeginning [ time:inXSDDate '2018-02-01'^^xsd:date ] ]", "temporal", {"start": "2018-02-01"}),
    ("dct:temporal '2018-01-01/2018-12-31'", "temporal", {"start": "2018-01-01", "end": "2018-12-31"}),
    ("dct:issued '2018-01-02'", "issued", "2018-01-02"),
    ("dct:issued '2018'^^xsd:gYear", "issued", "2018-01-01"),
    ("dct:modified '2018-01-02T03:04:05Z'^^xsd:dateTime", "modified", "2018-01-02T03:04:05Z"),
    ("dcat:temporalResolution 'P60M'^^xsd:duration", "temporal_resolution", "P60M"),
    ("owl:versionInfo '2'", "version", "2"),
    ("dct:hasVersion <https://elsewhere.example/2>", "versions", ["https://elsewhere.example/2"]),
    ("dcat:landingPage 'https://elsewhere.example/page'", "landing_page", "https://elsewhere.example/page"),
    ("dcat:contactPoint [ vcard:fn '교통과' ; vcard:hasEmail 'mailto:a@b.example' ]", "contact_point", {"name": {"ko": "교통과"}, "email": "a@b.example"}),
    ("dcat:contactPoint [ vcard:fn 'Office' ; vcard:hasTelephone [ vcard:hasValue <tel:120> ] ]", "contact_point", {"name": {"en": "Office"}, "phone": "120"}),
    ("dcat:contactPoint 'office@b.example'", "contact_point", {"email": "office@b.example"}),
    ("dct:publisher 'Hanbit City'", "organisation", "hanbit-city"),
    ("dct:publisher [ a foaf:Agent ; foaf:name 'Hanbit City' ]", "organisation", "hanbit-city"),
    ("dct:provenance [ rdfs:label 'Counted' ]", "provenance", {"en": "Counted"}),
    ("adms:identifier [ skos:notation '10.1/x' ; adms:schemaAgency 'DOI' ]", "other_identifiers", [{"notation": "10.1/x", "scheme": "DOI"}]),
    ("prov:qualifiedAttribution [ prov:agent <https://a.example> ; dcat:hadRole [ skos:prefLabel 'Custodian' ] ]",
     "attributions", [{"uri": "https://a.example", "role": "custodian"}]),
    ("dct:identifier '1', '2'", "identifiers", ["1", "2"]),
    ("dct:conformsTo <http://www.opengis.net/def/crs/EPSG/0/5179>, <https://std.example>", "conforms_to", ["http://www.opengis.net/def/crs/EPSG/0/5179", "https://std.example"]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "field", "value"), CLEAN)
def test_what_others_say_is_understood(said: str, field: str, value: object) -> None:
    description, _ = read_air(said)
    assert description[field] == value


PARTS = [
    ("dct:license 'CC-BY-4.0'", {"licence": "cc-by-4.0"}),
    ("dct:license <http://creativecommons.org/licenses/by/4.0>", {"licence": "cc-by-4.0"}),
    ("dct:license [ dct:title 'CC BY 4.0' ]", {"licence": "cc-by-4.0"}),
    ("dct:license <https://their.example/terms>", {"licence": "unknown", "licence_url": "https://their.example/terms"}),
    ("dct:format 'CSV'", {"format": "CSV"}),
    ("dct:format 'text/csv'", {"format": "CSV"}),
    ("dct:format eu:file-type\\/JSON", {"format": "JSON"}),
    ("dct:format [ rdfs:label 'XML' ]", {"format": "XML"}),
    ("dcat:mediaType 'text/csv'", {"media_type": "text/csv"}),
    ("dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv>", {"media_type": "text/csv"}),
    ("dcat:byteSize '1024'^^xsd:decimal", {"byte_size": 1024}),
    ("dcat:byteSize '1024.0'^^xsd:decimal", {"byte_size": 1024}),
    ("dct:rights [ rdfs:label 'Ask first' ]", {"rights": {"en": "Ask first"}}),
    ("dct:rights <https://their.example/terms>", {"rights": {"en": "https://their.example/terms"}}),
    (
        "dct:conformsTo <http://www.opengis.net/def/crs/EPSG/0/5179>, <https://std.example>",
        {"crs": "EPSG:5179", "conforms_to": ["https://std.example"]},
    ),
    (
        "spdx:checksum [ spdx:algorithm spdx:checksumAlgorithm_sha1 ; spdx:checksumValue 'ab' ]",
        {"checksum": {"algorithm": "sha1", "value": "ab"}},
    ),
]


@pytest.mark.parametrize(("said", "expected"), PARTS)
def test_what_others_say_of_a_distribution_is_understood(said: str, expected: Mapping[str, Any]) -> None:
    description, _ = read_air(f"dcat:distribution [ a dcat:Distribution ; {said} ]")
    assert description["distributions"] == [expected]


NOTED = [
    ("dct:issued 'last spring'", "dct:issued: 'last spring' is not a date"),
    ("dct:modified '2018-01-02T03:04:05'", "has a time without an offset; only its day was kept"),
    ("dct:accrualPeriodicity 'now and then'", "dct:accrualPeriodicity: 'now and then' is not in the vocabulary"),
    ("dcat:landingPage 'see the office'", "dcat:landingPage: 'see the office' is not an address"),
    ("dcat:landingPage <https://a.example>, <https://b.example>", "dcat:landingPage: has several values; only one was kept"),
    ("dcat:theme <https://their.example/fish>", "dcat:theme: 'https://their.example/fish' is a theme that no list here has"),
    ("dcat:temporalResolution 'often'", "is not an ISO 8601 duration"),
    ("dcat:spatialResolutionInMeters 'fine'", "is not a number"),
    ("dcat:contactPoint [ a vcard:Individual ; vcard:fn '김한빛' ]", "names a person, whose name was left out"),
    ("<https://their.example/colour> 'blue'", "dcat:Dataset https://their.example/colour: is a property that the standard does not"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "noted"), NOTED)
def test_what_cannot_be_carried_over_is_noted_with_its_place(said: str, noted: str) -> None:
    _, findings = read_air(said)
    assert any(noted in finding for finding in findings), findings
    assert all(AIR in finding or finding.startswith("dcat:Dataset ") for finding in findings)


def test_a_persons_name_is_left_out_and_the_office_stays() -> None:
    description, _ = read_air(
        "dcat:contactPoint [ a vcard:Individual ; vcard:fn '김한빛' ; vcard:organization-name '교통과' ; vcard:hasEmail <mailto:a@b.example> ]"
    )
    assert description["contact_point"] == {"name": {"ko": "교통과"}, "email": "a@b.example"}


def test_one_licence_of_all_distributions_is_the_datasets() -> None:
    same = "[ dct:license <https://creativecommons.org/licenses/by/4.0/> ]"
    assert read_air(f"dcat:distribution {same}, {same}")[0]["licence"] == "cc-by-4.0"
    assert read_air(f"dcat:distribution {same}, [ dct:title 'x' ]")[0]["licence"] == "unknown"


def test_a_licence_of_the_dataset_that_no_list_has_stays_on_its_distributions() -> None:
    description, _ = read_air("dct:license <https://their.example/terms> ; dcat:distribution [ dct:title 'x' ]")
    assert description["licence"] == "unknown"
    assert description["distributions"][0]["licence_url"] == "https://their.example/terms"


def test_what_a_description_must_have_and_nobody_said_is_not_made_up() -> None:
    description, findings = read_air("dct:identifier '1'")
    assert description == {
        "theme": "administration",
        "licence": "unknown",
        "access_level": "public",
        "identifiers": ["1"],
    }
    assert findings == []


def test_a_dataset_is_known_by_its_address_its_identifier_or_its_title() -> None:
    said = f"""<{AIR}> a dcat:Dataset ; dct:identifier '1' . [] a dcat:Dataset ; dct:identifier '2' ; dct:title 'Two' .
               [] a dcat:Dataset ; dct:title 'Three' . [] a dcat:Dataset ; dct:description 'Four' ."""
    entries = list(read(said).datasets)
    assert {entry.identifier for entry in entries[:3]} | {entry.identifier for entry in entries} >= {AIR, "2", "Three"}
    assert len({entry.slug for entry in entries}) == len({entry.identifier for entry in entries}) == 4
    assert {entry.identifier for entry in entries} == {entry.identifier for entry in read(said).datasets}


def test_datasets_of_one_title_have_slugs_of_their_own() -> None:
    said = "".join(f"<{AIR}/{number}> a dcat:Dataset ; dct:title 'Air quality'@en . " for number in range(3))
    first, again = ({entry.identifier: entry.slug for entry in read(said).datasets} for _ in range(2))
    assert len(set(first.values())) == 3
    assert first == again


def test_series_services_and_their_members_are_read() -> None:
    catalogue = read(f"""
        <https://a.example/series> a dcat:DatasetSeries ; dct:title "Air by year"@en .
        <{AIR}> a dcat:Dataset ; dct:title "Air 2020"@en ; dcat:inSeries <https://a.example/series> .
        <https://a.example/api> a dcat:DataService ; dct:title "Air API"@en ; dcat:endpointURL <https://a.example/v1> ;
            dcat:servesDataset <{AIR}> .
    """)
    [entry] = catalogue.datasets
    assert entry.description["series"] == ["air-by-year"]
    assert catalogue.series == {"air-by-year": {"title": {"en": "Air by year"}}}
    assert catalogue.services["air-api"]["serves"] == [entry.slug] == ["air-2020"]


def test_the_catalogue_is_the_one_that_is_no_part_of_another() -> None:
    catalogue = read(f"""
        <https://a.example/part> a dcat:Catalog ; dct:title "Part"@en ; dcat:dataset <{AIR}> .
        <https://a.example/whole> a dcat:Catalog ; dct:title "Whole"@en ; dcat:catalog <https://a.example/part> .
    """)
    assert catalogue.description["title"] == {"en": "Whole"}


def test_a_foreign_description_is_kept_as_it_was() -> None:
    [entry] = read(
        f"<{AIR}> a dcat:Dataset ; <https://their.example/colour> 'blue' ; dct:publisher [ foaf:name 'City' ] ."
    ).datasets
    assert entry.document["https://their.example/colour"] == ["blue"]
    assert entry.document["dct:publisher"] == [{"foaf:name": ["City"]}]
    assert set(entry.document["@context"]) == {"dcat", "dct", "foaf"}


def test_a_circle_of_nodes_comes_to_an_end() -> None:
    [entry] = read(
        f"<{AIR}> a dcat:Dataset ; dct:relation _:a . _:a dct:relation _:b . _:b dct:relation _:a ."
    ).datasets
    assert entry.document["dct:relation"]
