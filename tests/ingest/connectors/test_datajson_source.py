"""Files that a data.json names, of both dialects of DCAT-US and of CKAN's export."""

import json

import pytest
from hostile_server import HostileServer, reply, reply_json
from pydantic import ValidationError

from ingest.connectors.datajson import Config, hand_over, read
from ingest.connectors.rows import DelimitedFile
from ingest.errors import BadSetup, BrokenOff, ForbiddenAddress, TooLarge, UnreadableAnswer

CSV = "이름,면수\n가,1\n나,2\n".encode()
ROWS = [{"이름": "가", "면수": "1"}, {"이름": "나", "면수": "2"}]
V1 = "https://project-open-data.cio.gov/v1.1/schema"
V3 = "https://resources.data.gov/resources/dcat-us3/"


def document(parts, dialect=V1, **members):
    dataset = {"title": "주차장", "identifier": "lots-1", "description": "d", "distribution": parts} | members
    return {"conformsTo": dialect, "dataset": [{"title": "나무", "identifier": "trees"}, dataset]}


def parts_of(server):
    return [
        {"title": "page", "accessURL": "https://city.example/lots"},
        {"title": "목록", "mediaType": "text/csv", "downloadURL": server.url("/download")},
        {"title": "두 번째", "format": "CSV", "downloadURL": server.url("/second.csv")},
    ]


@pytest.fixture(scope="module")
def files():
    second = "이름,면수\n다,3\n".encode()
    with HostileServer({"/download": reply(200, CSV), "/second.csv": reply(200, second)}) as server:
        yield server


def collect(session, platform, how=read, **config):
    return list(how(Config(**{"url": platform.url("/data.json"), "dataset": "lots-1"} | config), session))


CHOSEN = {
    "a position": ({"position": 2}, ROWS),
    "another position": ({"position": 3}, [{"이름": "다", "면수": "3"}]),
    "a title": ({"distribution": "목록"}, ROWS),
    "a title of the dataset": ({"dataset": "주차장", "position": 2}, ROWS),
}


@pytest.mark.parametrize("dialect", [V1, V3])
@pytest.mark.parametrize(("config", "rows"), CHOSEN.values(), ids=CHOSEN)
def test_a_distribution_is_chosen_by_its_place_or_name(open_session, files, dialect, config, rows):
    with HostileServer({"/": reply_json(document(parts_of(files), dialect))}) as platform:
        assert collect(open_session(), platform, **config) == rows


def test_the_only_distribution_with_a_file_needs_no_name(open_session, files):
    with HostileServer({"/": reply_json(document(parts_of(files)[:2]))}) as platform:
        assert collect(open_session(), platform) == ROWS
        (whole,) = collect(open_session(), platform, hand_over)
    assert isinstance(whole, DelimitedFile)


def test_a_list_of_datasets_without_a_catalogue_is_read(open_session, files):
    with HostileServer({"/": reply_json(document(parts_of(files))["dataset"])}) as platform:
        assert collect(open_session(), platform, position=2) == ROWS


WRONG = {
    "no such dataset": ({"dataset": "x"}, BadSetup, r"no dataset 'x'; it has 2"),
    "several": ({}, BadSetup, "more than one distribution"),
    "no such place": ({"position": 4}, BadSetup, "no such distribution"),
    "a page": ({"position": 1}, UnreadableAnswer, "no http"),
    "a dataset without files": ({"dataset": "trees"}, BadSetup, "no such distribution"),
}


@pytest.mark.parametrize(("config", "error", "words"), WRONG.values(), ids=WRONG)
def test_what_is_not_there_is_told_with_what_is(open_session, files, config, error, words):
    with HostileServer({"/": reply_json(document(parts_of(files)))}) as platform, pytest.raises(error, match=words):
        collect(open_session(), platform, **config)


def test_two_datasets_of_one_title_are_told_apart_by_their_identifiers(open_session, files):
    told = document(parts_of(files))
    told["dataset"].append({"title": "주차장", "identifier": "lots-2", "distribution": []})
    with HostileServer({"/": reply_json(told)}) as platform:
        assert collect(open_session(), platform, position=2) == ROWS
        with pytest.raises(BadSetup, match=r"several datasets .*lots-2"):
            collect(open_session(), platform, dataset="주차장")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "/etc/passwd", "secret.csv", "ftp://x.example/a.csv", "", None, 7]
)
def test_a_description_cannot_name_a_file_of_this_machine(open_session, tmp_path, url):
    (tmp_path / "secret.csv").write_bytes(CSV)
    session = open_session(file_roots=[tmp_path])
    told = document([{"title": "x", "downloadURL": url}])
    with HostileServer({"/": reply_json(told)}) as platform, pytest.raises(UnreadableAnswer, match="no http"):
        collect(session, platform, position=1)


def test_a_description_cannot_lead_to_a_metadata_address(open_session):
    told = document([{"downloadURL": "http://169.254.169.254/latest.csv"}])
    with HostileServer({"/": reply_json(told)}) as platform, pytest.raises(ForbiddenAddress):
        collect(open_session(), platform)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", json.dumps("x").encode(), b"\xff\xfe{"])
def test_what_is_no_data_json_is_told(open_session, body):
    with HostileServer({"/": reply(200, body)}) as platform, pytest.raises((UnreadableAnswer, BrokenOff)):
        collect(open_session(), platform)


def test_a_document_that_grows_beyond_what_anybody_means_is_not_read(open_session, files, monkeypatch):
    monkeypatch.setattr("ingest.harvest_formats.MOST_BYTES", 100)
    with HostileServer({"/": reply_json(document(parts_of(files)))}) as platform, pytest.raises(TooLarge):
        collect(open_session(), platform, position=2)


@pytest.mark.parametrize("config", [{"position": 0}, {"file": {"path": "x"}}, {"url": ""}])
def test_a_configuration_that_means_nothing_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "https://x.example/data.json", "dataset": "d"} | config)
