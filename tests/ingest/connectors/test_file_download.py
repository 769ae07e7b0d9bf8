"""Where a file comes from, what it is, and how the connector is told."""

import json
from typing import get_args

import pytest
from dressed_rows import ROWS
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    cut_chunked,
    cut_with_length,
    cut_without_length,
    gzip_bomb,
    reply,
)
from pydantic import ValidationError

from ingest.connectors import CONNECTORS
from ingest.connectors.file import READERS, Config, read
from ingest.connectors.file_format import Format
from ingest.errors import BadSetup, BrokenOff, PlatformFailure, TooLarge, UnreadableAnswer

CSV = "이름,값\n가,1\n나,2\n".encode("cp949")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/a/%EC%A3%BC%EC%B0%A8%EC%9E%A5.CSV?x=1.json", {}),
        ("/download", {"Content_Type": "text/csv; charset=utf-8"}),
        ("/data.csv", {"Content_Type": "text/html"}),
    ],
)
def test_a_download_is_told_by_its_extension_or_else_its_type(open_session, path, headers):
    with HostileServer({"/": reply(200, CSV, **headers)}) as platform:
        assert list(read(Config(path=platform.url(path)), open_session())) == ROWS


@pytest.mark.parametrize("name", ["data", "data.hwp", "data.xls", "data.xlsm"])
def test_a_file_of_unknown_kind_asks_for_its_format(read_bytes, name):
    with pytest.raises(BadSetup, match="csv, tsv, xlsx, xls, spreadsheetml, json, ndjson, geojson, xml, shapefile"):
        read_bytes(CSV, name)
    assert read_bytes(CSV, name, format="csv") == ROWS


@pytest.mark.parametrize(
    ("name", "config", "option"),
    [
        ("a.json", {"header_rows": 2}, "header_rows"),
        ("a.json", {"encoding": "cp949"}, "encoding"),
        ("a.csv", {"records": "a.b", "sheet": "x"}, "records, sheet"),
        ("a.geojson", {"records": "features"}, "records"),
        ("a.json", {"crs": "EPSG:5174", "layer": "a", "member": "b"}, "crs, layer, member"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(read_bytes, name, config, option):
    with pytest.raises(BadSetup, match=option):
        read_bytes("{}", name, **config)


DOWNLOADS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure),
    "cut with a length": (cut_with_length(CSV, 12), BrokenOff),
    "cut in a chunk": (cut_chunked(CSV), BrokenOff),
    "a gzip bomb": (gzip_bomb(64), TooLarge),
    "nothing": (reply(200, b""), UnreadableAnswer),
}


@pytest.mark.parametrize(("behaviour", "error"), DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_download_that_is_not_the_file_is_refused(open_session, behaviour, error):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error):
        list(read(Config(path=platform.url("/a.csv")), open_session(limits={"attempts": 1})))


def test_json_cut_without_a_length_is_broken_off(open_session):
    body = json.dumps(ROWS).encode()
    with HostileServer({"/": cut_without_length(body, len(body) - 1)}) as platform, pytest.raises(BrokenOff):
        list(read(Config(path=platform.url("/a.json")), open_session()))


@pytest.mark.parametrize(
    "config",
    [
        {"path": ""},
        {"path": []},
        {"path": ["a", ""]},
        {"path": "a", "format": "hwp"},
        {"path": "a", "encoding": "utf-99"},
        {"path": "a", "delimiter": "||"},
        {"path": "a", "header_rows": 0},
        {"path": "a", "header": ["x", "x"]},
        {"path": "a", "header": []},
        {"path": "a", "header": ["x", ""]},
        {"path": "a", "colour": "red"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**config)


def test_every_connector_is_in_the_table_with_a_described_configuration():
    assert {"datagokr", "seoul", "file"} <= set(CONNECTORS)
    for connector in CONNECTORS.values():
        assert connector.title.ko
        assert connector.title.en
        assert all(field.description for field in connector.config.model_fields.values())
        assert connector.config.model_config["frozen"]
        assert connector.config.model_config["extra"] == "forbid"
    assert set(READERS) == set(get_args(Format))
