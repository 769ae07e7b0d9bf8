"""Files that a DCAT catalogue names, in every form of RDF: which distribution is meant, and nothing of this machine."""

import json

import pytest
from builders import make_dataset
from hostile_server import HTML_LOGIN, HostileServer, reply
from pulling import pull, records
from pydantic import ValidationError

from catalog.records import Column, Schema
from ingest.connectors.dcat import Config, hand_over, read
from ingest.connectors.rows import DelimitedFile
from ingest.errors import BadSetup, ForbiddenAddress, RequestRefused, UnreadableAnswer
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.repetitions import replay_run
from ingest.sources import save_source

CSV = "이름,면수\n가,1\n나,2\n".encode()
ROWS = [{"이름": "가", "면수": "1"}, {"이름": "나", "면수": "2"}]
TURTLE = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
<https://city.example/catalog> a dcat:Catalog ; dcat:dataset <https://city.example/lots>, <https://city.example/trees> .
<https://city.example/lots> a dcat:Dataset ; dct:title "주차장"@ko, "Car parks"@en ; dct:identifier "lots-1" ;
  dcat:distribution <https://city.example/lots/csv>, <https://city.example/lots/json> .
<https://city.example/lots/csv> a dcat:Distribution ; dct:title "목록"@ko ; dcat:mediaType "text/csv" ;
  dcat:downloadURL <{csv}> ; dcat:accessURL <https://city.example/lots> .
<https://city.example/lots/json> a dcat:Distribution ; dct:title "as JSON"@en ; dct:format "JSON" ;
  dcat:downloadURL <{json}> .
<https://city.example/trees> a dcat:Dataset ; dct:title "나무"@ko ; dcat:distribution [
  a dcat:Distribution ; dcat:accessURL <{csv}> ] .
"""
RDF_XML = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#"
  xmlns:dct="http://purl.org/dc/terms/">
 <dcat:Dataset rdf:about="https://city.example/lots"><dct:title>주차장</dct:title><dct:identifier>lots-1</dct:identifier>
  <dcat:distribution><dcat:Distribution><dct:title>목록</dct:title><dcat:downloadURL rdf:resource="{csv}"/>
  </dcat:Distribution></dcat:distribution></dcat:Dataset>
</rdf:RDF>"""
JSON_LD = json.dumps(
    {
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
        "@id": "https://city.example/lots",
        "@type": "dcat:Dataset",
        "dct:title": "주차장",
        "dct:identifier": "lots-1",
        "dcat:distribution": {"@type": "dcat:Distribution", "dct:title": "목록", "dcat:downloadURL": {"@id": "CSV"}},
    }
)


@pytest.fixture(scope="module")
def files():
    with HostileServer(
        {"/a.csv": reply(200, CSV), "/file": reply(200, CSV), "/a.json": reply(200, b'[{"n": 1}]')}
    ) as server:
        yield server


def catalogue(document, name="/catalog.ttl", content_type="text/turtle"):
    return HostileServer({name: reply(200, document.encode(), Content_Type=content_type)})


def turtle(files, csv="/a.csv"):
    return TURTLE.replace("{csv}", files.url(csv)).replace("{json}", files.url("/a.json"))


def collect(session, platform, path="/catalog.ttl", how=read, **config):
    return list(how(Config(**{"url": platform.url(path), "dataset": "lots-1"} | config), session))


@pytest.mark.parametrize("dataset", ["lots-1", "https://city.example/lots", "주차장", "Car parks"])
def test_a_dataset_is_found_by_identifier_address_or_title(open_session, files, dataset):
    with catalogue(turtle(files)) as platform:
        assert collect(open_session(), platform, dataset=dataset, format="CSV") == ROWS


CHOSEN = {
    "a title": ({"distribution": "목록"}, ROWS),
    "another title": ({"distribution": "as JSON"}, [{"n": 1}]),
    "a media type": ({"format": "text/csv"}, ROWS),
    "a format": ({"format": "json"}, [{"n": 1}]),
    "both": ({"format": ".csv", "distribution": "목록"}, ROWS),
    "an access address": ({"dataset": "나무", "address": "access"}, ROWS),
    "settings of the file": (
        {"format": "csv", "file": {"header": ["a", "b"]}},
        [{"a": "가", "b": "1"}, {"a": "나", "b": "2"}],
    ),
}


@pytest.mark.parametrize(("config", "rows"), CHOSEN.values(), ids=CHOSEN)
def test_a_distribution_is_chosen(open_session, files, config, rows):
    with catalogue(turtle(files)) as platform:
        assert collect(open_session(), platform, **config) == rows


def test_the_format_that_is_told_counts_where_the_address_says_nothing(open_session, files):
    with catalogue(turtle(files, "/file/download")) as platform:
        assert collect(open_session(), platform, distribution="목록") == ROWS
        (whole,) = collect(open_session(), platform, how=hand_over, distribution="목록")
    assert isinstance(whole, DelimitedFile)


@pytest.mark.parametrize(
    ("document", "path", "content_type"),
    [
        (RDF_XML, "/c.rdf", "application/rdf+xml"),
        (RDF_XML, "/c", "application/rdf+xml"),
        (JSON_LD, "/c.jsonld", "application/ld+json"),
        (JSON_LD, "/c", "application/json"),
    ],
)
def test_every_form_of_rdf_is_read(open_session, files, document, path, content_type):
    told = document.replace("{csv}", files.url("/a.csv")).replace('"CSV"', f'"{files.url("/a.csv")}"')
    with catalogue(told, path, content_type) as platform:
        assert collect(open_session(), platform, path) == ROWS


WRONG = {
    "no such dataset": ({"dataset": "lots"}, BadSetup, r"no dataset 'lots'; it has 2: .*Car parks"),
    "several distributions": ({}, BadSetup, "more than one distribution .*as JSON"),
    "no such distribution": ({"distribution": "x"}, BadSetup, "no such distribution; it has: .*목록"),
    "no such format": ({"format": "xlsx"}, BadSetup, "no such distribution"),
    "no download address": ({"dataset": "나무"}, UnreadableAnswer, "no http.*download"),
}


@pytest.mark.parametrize(("config", "error", "words"), WRONG.values(), ids=WRONG)
def test_what_is_not_in_the_catalogue_is_told_with_what_is(open_session, files, config, error, words):
    with catalogue(turtle(files)) as platform, pytest.raises(error, match=words):
        collect(open_session(), platform, **config)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.example/a.csv", "urn:x"])
def test_a_catalogue_cannot_name_a_file_of_this_machine(open_session, files, tmp_path, url):
    (tmp_path / "secret.csv").write_bytes(CSV)
    document = TURTLE.replace("{csv}", url).replace("{json}", files.url("/a.json"))
    session = open_session(file_roots=[tmp_path])
    with catalogue(document) as platform, pytest.raises(UnreadableAnswer, match="no http"):
        collect(session, platform, distribution="목록")


def test_a_catalogue_cannot_lead_to_a_metadata_address(open_session, files):
    document = TURTLE.replace("{csv}", "http://169.254.169.254/a.csv").replace("{json}", files.url("/a.json"))
    with catalogue(document) as platform, pytest.raises(ForbiddenAddress):
        collect(open_session(), platform, distribution="목록")


def test_a_context_elsewhere_is_not_fetched(open_session, files):
    document = json.dumps({"@context": files.url("/context.jsonld"), "@id": "https://x.example/"})
    before = len(files.requests)
    with catalogue(document, "/c.jsonld", "application/ld+json") as platform, pytest.raises(UnreadableAnswer):
        collect(open_session(), platform, "/c.jsonld")
    assert len(files.requests) == before


ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN, Content_Type="text/html"), UnreadableAnswer),
    "no RDF": (reply(200, b"<<<", Content_Type="text/turtle"), UnreadableAnswer),
    "nothing": (reply(200, b"", Content_Type="text/turtle"), UnreadableAnswer),
    "another error": (reply(404, b"gone"), RequestRefused),
    "a catalogue of nothing": (reply(200, b"@prefix a: <urn:a> .", Content_Type="text/turtle"), BadSetup),
}


@pytest.mark.parametrize(("behaviour", "error"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_catalogue_is_told(open_session, behaviour, error):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error):
        collect(open_session(), platform)


def test_a_catalogue_may_be_a_file_under_the_file_roots(open_session, files, tmp_path):
    (tmp_path / "catalog.ttl").write_text(turtle(files), encoding="utf-8")
    config = Config(url="catalog.ttl", dataset="lots-1", format="csv")
    assert list(read(config, open_session(file_roots=[tmp_path]))) == ROWS


@pytest.mark.parametrize(
    "config", [{"file": {"path": "x"}}, {"file": {"sheeet": "x"}}, {"position": 1}, {"dataset": ""}]
)
def test_a_configuration_that_means_nothing_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "https://x.example/c.ttl", "dataset": "d"} | config)


@pytest.mark.django_db
def test_a_pull_is_published_and_its_replay_asks_nobody(files):
    with catalogue(turtle(files)) as platform:
        dataset = make_dataset(
            "lots", schema=Schema(columns=(Column("name", source="이름"), Column("spaces", source="면수")))
        )
        config = {"url": platform.url("/catalog.ttl"), "dataset": "lots-1", "format": "csv"}
        save_source("lots", dataset.distribution, connector="dcat", config=config, allow_private=True)
        source = Source.objects.select_related("distribution__dataset").get(slug="lots")
        run = pull(source)
    assert (run.state, len(run.raw_answers)) == (Run.State.PUBLISHED, 2)
    assert [row["name"] for row in records(source)] == ["가", "나"]
    again = replay_run(run)
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.rows) == (Run.State.UNCHANGED, 2)
