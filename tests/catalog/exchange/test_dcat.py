"""A catalogue to DCAT-AP and back, in every form of RDF, over the whole profile."""

from collections import Counter
from dataclasses import replace

import pytest
from descriptions import COMPLETE, complete
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from catalog.exchange.dcat import part_met, read_rdf, stream_dcat, to_dcat, write_dcat
from catalog.exchange.dcat.hydra import Paging
from catalog.exchange.dcat.names import full
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import JSON_LD, N_TRIPLES, RDF_XML, TURTLE, Form
from catalog.standard import FIELDS, PROFILE, Class, Field, Kind, vocabulary

BASE = "https://hub.example"
AIR = f"{BASE}/dataset/air"
WRITTEN = (TURTLE, RDF_XML, JSON_LD, N_TRIPLES)
# What a description is never without once it has been read.
ALWAYS = {"theme": "administration", "access_level": "public", "licence": "unknown"}
WHOLE = Catalogue(
    base=BASE,
    description=complete(Class.CATALOGUE),
    datasets=(
        Entry("air", AIR, complete(), id="0b8f1c9e-0000-4000-8000-000000000001", identifier=AIR, snapshot="ab" * 32),
        Entry("parking", f"{BASE}/dataset/parking", COMPLETE, identifier=f"{BASE}/dataset/parking"),
    ),
    organisations={"hanbit-city": complete(Class.ORGANISATION)},
    series={"series-1": complete(Class.SERIES), "series-2": {"title": {"ko": "둘"}, "description": {"ko": "둘째"}}},
    services={"hub-api": complete(Class.SERVICE)},
)


def one(description: dict, **more: str) -> Catalogue:
    return Catalogue(BASE, datasets=[Entry("air", AIR, description, identifier=AIR, **more)])


def read_one(catalogue: Catalogue, form: Form = N_TRIPLES) -> dict:
    [entry] = read_rdf(write_dcat(catalogue, form), form.name).datasets
    return dict(entry.description)


def objects(document: bytes, subject: str, term: str) -> list[str]:
    triples = parse(document, format=RdfFormat.N_TRIPLES)
    wanted = (NamedNode(subject), NamedNode(full(term)))
    return [triple.object.value for triple in triples if (triple.subject, triple.predicate) == wanted]


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
def test_a_whole_catalogue_goes_out_and_comes_back(form: Form) -> None:
    back = read_rdf(write_dcat(WHOLE, form), form.media_type)
    assert [replace(entry, document=None) for entry in back.datasets] == list(WHOLE.datasets)
    for part in ("base", "description", "organisations", "series", "services"):
        assert getattr(back, part) == getattr(WHOLE, part)
    assert back.findings == ()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_field_alone_goes_out_and_comes_back(field: Field) -> None:
    alone = {field.name: complete()[field.name]}
    expected = ALWAYS | alone | ({"theme": "agriculture"} if field.name == "eu_themes" else {})
    assert read_one(one(alone)) == expected


@pytest.mark.parametrize("field", PROFILE[Class.DISTRIBUTION], ids=lambda field: field.name)
def test_each_field_of_a_distribution_alone_comes_back(field: Field) -> None:
    described = ALWAYS | {"distributions": [{field.name: complete(Class.DISTRIBUTION)[field.name]}]}
    assert read_one(one(described)) == described


CODED = [
    (field, code)
    for field in (*FIELDS, *PROFILE[Class.DISTRIBUTION])
    if field.kind is Kind.CODE and field.vocabulary not in ("language", "file_type", "eu_theme")
    for code in vocabulary(field.vocabulary)
]


@pytest.mark.parametrize(("field", "code"), CODED, ids=lambda value: getattr(value, "name", value))
def test_every_code_comes_back_as_itself(field: Field, code: str) -> None:
    value = [code] if field.many else code
    if field in FIELDS:
        assert read_one(one({field.name: value}))[field.name] == value
    else:
        assert read_one(one({"distributions": [{field.name: value}]}))["distributions"] == [{field.name: value}]


def test_the_eu_theme_of_our_theme_is_written_and_not_gained() -> None:
    document = write_dcat(one({"theme": "transport"}), N_TRIPLES)
    assert "http://publications.europa.eu/resource/authority/data-theme/TRAN" in objects(document, AIR, "dcat:theme")
    assert "eu_themes" not in read_one(one({"theme": "transport"}))


def test_eu_themes_of_its_own_stand_instead() -> None:
    described = ALWAYS | {"theme": "transport", "eu_themes": ["ENVI", "TRAN"]}
    assert read_one(one(described)) == described


def test_the_licence_stands_on_each_distribution_and_only_its_own_comes_back() -> None:
    described = ALWAYS | {
        "licence": "kogl-1",
        "distributions": [
            {"access_url": "https://hanbit.example/1"},
            {"access_url": "https://hanbit.example/2", "licence": "kogl-1"},
            {"access_url": "https://hanbit.example/3", "licence": "cc-by-4.0"},
            {
                "access_url": "https://hanbit.example/4",
                "licence": "unknown",
                "licence_url": "https://hanbit.example/terms",
            },
        ],
    }
    document = write_dcat(one(described), N_TRIPLES)
    assert [objects(document, f"{AIR}#distribution-{number}", "dct:license") for number in (1, 2, 3, 4)] == [
        ["https://www.kogl.or.kr/info/licenseType1.do"],
        ["https://www.kogl.or.kr/info/licenseType1.do"],
        ["https://creativecommons.org/licenses/by/4.0/"],
        ["https://hanbit.example/terms"],
    ]
    assert read_one(one(described)) == described


def test_the_address_is_the_one_identifier_and_foreign_ones_stay() -> None:
    described = ALWAYS | {"identifiers": ["15012896", "OA-15526"]}
    document = write_dcat(one(described), N_TRIPLES)
    assert objects(document, AIR, "dct:identifier") == [AIR]
    assert set(objects(document, AIR, "dc:identifier")) == {"15012896", "OA-15526"}
    assert read_one(one(described)) == described


def test_distributions_have_an_address_each_even_with_the_same_identifier() -> None:
    described = {"distributions": [{"identifier": "a"}, {"identifier": "a"}, {"identifier": "나 다"}, {}]}
    uris = objects(write_dcat(one(described), N_TRIPLES), AIR, "dcat:distribution")
    assert len(set(uris)) == 4
    assert uris[0] == f"{AIR}#distribution-a"
    assert read_one(one(described))["distributions"] == described["distributions"]


def test_only_our_own_datasets_are_told_to_be_datasets() -> None:
    types = Counter(triple.object.value for triple in to_dcat(WHOLE) if triple.predicate.value == full("rdf:type"))
    assert types[full("dcat:Dataset")] == 2
    assert types[full("dcat:Catalog")] == 1


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
def test_no_text_breaks_a_document(form: Form) -> None:
    hostile = 'a"b\\c\n<d>&amp;]]> \x00\x0b\ud800\ufffe é 가\r\t🚌'
    survives = 'a"b\\c\n<d>&amp;]]> é 가\r\t🚌'
    described = ALWAYS | {
        "title": {"ko": hostile, "en": hostile},
        "landing_page": "https://hanbit.example/가 나?a={b}|c",
    }
    read = read_one(one(described), form)
    assert read["title"]["ko"].replace("\r", "\n").split() == survives.replace("\r", "\n").split()
    assert read["landing_page"] == "https://hanbit.example/가%20나?a=%7Bb%7D%7Cc"


def test_an_address_that_is_none_is_written_as_the_text_that_it_is() -> None:
    document = write_dcat(one({"landing_page": "hanbit"}), N_TRIPLES)
    assert objects(document, AIR, "dcat:landingPage") == ["hanbit"]


def test_a_foreign_dataset_keeps_its_own_address() -> None:
    foreign = Catalogue(BASE, datasets=[Entry("their-air", "https://elsewhere.example/data/1", dict(ALWAYS))])
    [entry] = read_rdf(write_dcat(foreign, TURTLE), "ttl").datasets
    assert (entry.slug, entry.uri) == ("their-air", "https://elsewhere.example/data/1")


def test_what_many_datasets_share_is_told_once() -> None:
    many = Catalogue(BASE, datasets=[Entry(f"d{n}", f"{BASE}/dataset/d{n}", COMPLETE) for n in range(3)])
    labels = [
        t for t in to_dcat(many) if t.subject.value.endswith("data-theme/TRAN") and "prefLabel" in t.predicate.value
    ]
    assert {(label.object.value, label.object.language) for label in labels} == {
        ("Transport", "en"),
        ("교통·운송", "ko"),
    }
    assert len(labels) == 2


def test_a_stream_holds_the_same_as_a_document() -> None:
    assert b"".join(stream_dcat(WHOLE)) == write_dcat(WHOLE, N_TRIPLES)


def test_a_document_is_the_same_each_time_it_is_written() -> None:
    assert all(write_dcat(WHOLE, form) == write_dcat(WHOLE, form) for form in WRITTEN)


def test_paging_is_told_in_hydra_and_read_back() -> None:
    here, following = f"{BASE}/catalog.ttl?page=1", f"{BASE}/catalog.ttl?page=2&after=parking"
    paging = Paging(here, first=here, previous="", next=following, last=f"{BASE}/catalog.ttl?page=9", total=812)
    back = read_rdf(write_dcat(WHOLE, TURTLE, paging=paging), "ttl")
    assert (back.next, back.total, len(back.datasets)) == (following, 812, 2)
    assert back.description == WHOLE.description


def test_the_older_paging_is_read_too() -> None:
    document = """
        @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
        <https://elsewhere.example/catalog?page=1> a hydra:PagedCollection ; hydra:totalItems 300 ;
            hydra:nextPage <https://elsewhere.example/catalog?page=2> .
    """
    back = read_rdf(document.encode(), "text/turtle")
    assert (back.next, back.total) == ("https://elsewhere.example/catalog?page=2", 300)


def test_a_page_leaves_out_what_its_datasets_do_not_speak_of() -> None:
    idle = replace(WHOLE, organisations={**WHOLE.organisations, "idle": complete(Class.ORGANISATION)}, series={
        **WHOLE.series, "empty": complete(Class.SERIES)
    })  # fmt: skip
    met = part_met(idle)
    assert set(met.organisations) == {"hanbit-city"}
    assert set(met.series) == {"series-1", "series-2"}


def test_the_older_profile_differs_where_none_can_please_both() -> None:
    part = {"byte_size": 1200, "checksum": {"algorithm": "sha256", "value": "ab" * 32}}
    older = write_dcat(one({"distributions": [part]}), N_TRIPLES, profile="2.1.1")
    sizes = [
        triple.object
        for triple in parse(older, format=RdfFormat.N_TRIPLES)
        if triple.predicate.value == full("dcat:byteSize")
    ]
    assert sizes == [Literal("1200", datatype=NamedNode(full("xsd:decimal")))]
    assert b"checksum" not in older
