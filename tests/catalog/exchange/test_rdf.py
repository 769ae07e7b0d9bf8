"""The forms of RDF: what is refused and why, and that nothing is fetched or expanded."""

from pathlib import Path

import pytest

from catalog.errors import BadDocument, UnknownFormat
from catalog.exchange.dcat import read_rdf
from catalog.exchange.rdf import FORMS, JSON_LD, N_TRIPLES, RDF_XML, TRIG, TURTLE, Form, find_form, parse_rdf

BROKEN = [
    (TURTLE, b"@prefix dct: <http://purl.org/dc/terms/> .\n<a> dct:title\n", 2),
    (TURTLE, b"<a> dct:title 'x' .", 1),
    (TURTLE, "<a> <b> '가' .\n".encode() + b"<a> <b> '\xff' .", 2),
    (RDF_XML, b"<?xml version='1.0'?>\n<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n<open>", 3),
    (RDF_XML, b"not xml", 1),
    (JSON_LD, b'{"@id": "a",\n "@type": }', 2),
    (N_TRIPLES, b"<http://a> <http://b> <http://c> .\n<http://a> <http://b> .\n", 2),
    (TRIG, b"<http://g> {\n <http://a> <http://b> }\n", 2),
    (TURTLE, b"  \n", 0),
]


@pytest.mark.parametrize(("form", "content", "line"), BROKEN)
def test_a_broken_document_is_refused_with_its_line(form: Form, content: bytes, line: int) -> None:
    with pytest.raises(BadDocument) as refused:
        parse_rdf(content, form, name="their.file")
    place = f"their.file line {line}" if line else "their.file"
    assert refused.value.text.en.startswith(f"The {form.label} document cannot be read ({place}): ")
    assert refused.value.text.ko.startswith(f"{form.label} 문서를 읽을 수 없습니다 (their.file")


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE rdf:RDF [<!ENTITY secret SYSTEM "file://{path}">]>',
        '<!DOCTYPE rdf:RDF SYSTEM "file://{path}">',
        '<!DOCTYPE rdf:RDF [<!ENTITY % all PUBLIC "x" "file://{path}"> %all;]>',
    ],
)
def test_xml_cannot_reach_into_the_machine(tmp_path: Path, declaration: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret", encoding="utf-8")
    document = f"""<?xml version="1.0"?>{declaration.format(path=secret)}
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/">
        <rdf:Description rdf:about="https://elsewhere.example/1"><dct:title>&secret;</dct:title></rdf:Description></rdf:RDF>"""
    with pytest.raises(BadDocument, match="external entities"):
        parse_rdf(document.encode(), RDF_XML)


def test_entities_that_stand_in_the_document_are_read() -> None:
    document = """<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY dct "http://purl.org/dc/terms/">]>
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="&dct;">
        <rdf:Description rdf:about="https://elsewhere.example/1"><dct:title>Air</dct:title></rdf:Description></rdf:RDF>"""
    assert len(parse_rdf(document.encode(), RDF_XML)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "euc-kr", "utf-8-sig"])
def test_xml_says_its_own_encoding(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    document = f"""<?xml version="1.0" encoding="{declared}"?>
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/">
        <rdf:Description rdf:about="https://elsewhere.example/1"><dct:title>대기질</dct:title></rdf:Description></rdf:RDF>"""
    [(_, _, title)] = parse_rdf(document.encode(encoding), RDF_XML)
    assert str(title) == "대기질"


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(BadDocument, match="encoding is unknown"):
        parse_rdf(b'<?xml version="1.0" encoding="klingon"?><x/>', RDF_XML)


def test_xml_that_grows_without_end_is_refused() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    document = f"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "{"ha" * 100}">{levels}]>
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/">
        <rdf:Description rdf:about="https://elsewhere.example/1"><dct:title>&l11;</dct:title></rdf:Description></rdf:RDF>"""
    for encoding in ("utf-8", "utf-16", "cp037"):
        told = document.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding)
        with pytest.raises(BadDocument, match=r"that grow|not UTF-8"):
            parse_rdf(told, RDF_XML)


@pytest.mark.parametrize(
    "document",
    [
        b'{"@context": "https://elsewhere.example/context", "title": "Air"}',
        b'{"@context": [{}, "https://elsewhere.example/context"]}',
        b'{"@context": {"@import": "https://elsewhere.example/context"}}',
        b'{"@context": {"a": {"@id": "http://a", "@context": "https://elsewhere.example/context"}}}',
    ],
)
def test_a_context_elsewhere_is_not_fetched_and_one_at_hand_is_used(document: bytes) -> None:
    with pytest.raises(BadDocument, match="is not fetched"):
        parse_rdf(document, JSON_LD)


def test_a_context_at_hand_is_used() -> None:
    context = {"@context": {"title": "http://purl.org/dc/terms/title"}}
    document = (
        b'{"@context": "https://elsewhere.example/context", "@id": "https://elsewhere.example/1", "title": "Air"}'
    )
    graph = parse_rdf(document, JSON_LD, contexts={"https://elsewhere.example/context": context})
    assert len(graph) == 1


def test_deep_json_is_refused_not_a_crash() -> None:
    with pytest.raises(BadDocument):
        parse_rdf(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, JSON_LD)


def test_named_graphs_count_with_the_rest() -> None:
    document = b"""@prefix dcat: <http://www.w3.org/ns/dcat#> .
        <https://elsewhere.example/1> a dcat:Dataset .
        <https://elsewhere.example/g> { <https://elsewhere.example/2> a dcat:Dataset . }"""
    assert len(list(read_rdf(document, "application/trig").datasets)) == 2


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("text/turtle; charset=utf-8", TURTLE),
        (".ttl", TURTLE),
        ("TTL", TURTLE),
        ("application/rdf+xml", RDF_XML),
        ("jsonld", JSON_LD),
        ("application/json", JSON_LD),
        ("trig", TRIG),
    ],
)
def test_a_form_is_found_by_name_media_type_and_extension(name: str, form: Form) -> None:
    assert find_form(name) is form


def test_an_unknown_form_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownFormat) as refused:
        read_rdf(b"", "text/csv")
    assert all(form.media_type in refused.value.text.en for form in FORMS)
