"""Connecting a source: what is shown before anything is saved, and that the hub file shown is one that publishes."""

import datetime as dt
import io
import json
import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from hostile_server import HostileServer, by_request, reply, reply_json
from pulling import published, pull, records

from catalog.errors import HubError
from catalog.models import Dataset, Distribution, Organisation
from ingest.apply import apply_hub_file
from ingest.errors import BadSetup, ForbiddenAddress, KeyRefused, TookTooLong, Unreachable
from ingest.hub_file import read_hub_file
from ingest.hub_snippet import write_snippet, written
from ingest.models import Run, Source
from ingest.preview import Preview, preview_source
from ingest.sandbox.city import KST
from ingest.sandbox.server import running
from ingest.sandbox.world import Budget, World

pytestmark = pytest.mark.django_db

LOTS = (
    "주차장관리번호,주차장명,주차구획수,위도,경도,데이터기준일자,전화번호\r\n"
    + "".join(
        f"{number:03},제{number}주차장,{'-' if number == 7 else number * 10},{37.4 + number / 500:.5f},"
        f"{126.9 + number / 500:.5f},2026-0{1 + number % 8}-01,041-550-{number:04}\r\n"
        for number in range(1, 31)
    )
).encode("cp949")


def make_world() -> World:
    noon = dt.datetime(2026, 4, 25, 12, 0, 30, tzinfo=KST)
    return World(seed=44, clock=lambda: noon, key="sandbox-key", budget=Budget(None))


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return tmp_path


@pytest.fixture
def lots(folder) -> dict[str, str]:
    (folder / "lots.csv").write_bytes(LOTS)
    return {"path": str(folder / "lots.csv")}


def codes(preview: Preview) -> list[str]:
    return [finding.code for finding in preview.findings]


def connect(preview: Preview, folder: Path, slug: str = "new-source", **options: Any) -> Run:
    """Apply the hub file of a preview and pull the source once."""
    (folder / "hub.toml").write_text(write_snippet(preview, slug, **options), encoding="utf-8")
    apply_hub_file(read_hub_file(folder / "hub.toml"))
    return pull(Source.objects.select_related("distribution__dataset").get(slug=slug))


def rows_of(slug: str = "new-source") -> list[Mapping[str, Any]]:
    return records(Source.objects.select_related("distribution__dataset").get(slug=slug))


def test_a_file_in_cp949_is_connected_from_a_preview(lots, folder):
    preview = preview_source("file", lots)
    assert (preview.described.encoding, preview.model, preview.cut_by) == ("cp949", "off-street-parking", "")
    assert (preview.tried, preview.refused, len(preview.rows), preview.requests) == (30, 0, 20, 1)
    schema = preview.schema
    assert schema.names[:3] == ("parking_id", "name", "spaces")
    assert (schema.key, schema["parking_id"].type, schema["spaces"].type) == (("parking_id",), "string", "integer")
    assert (schema.geometry.longitude, schema.geometry.latitude) == ("longitude", "latitude")
    assert (Dataset.objects.count(), Source.objects.count()) == (0, 0), "nothing is saved"
    assert connect(preview, folder).state == Run.State.PUBLISHED
    first = rows_of()[0]
    assert (first["parking_id"], first["name"], first["spaces"]) == ("001", "제1주차장", 10)
    assert rows_of()[6]["spaces"] is None
    assert Dataset.objects.get().access_level == "non-public"


def test_an_answer_of_data_go_kr_is_connected_from_a_preview(folder, monkeypatch):
    monkeypatch.setenv("CITY_KEY", "sandbox-key")
    with running(make_world()) as sandbox:
        config = {
            "url": f"{sandbox.url}/datagokr/ParkingService/getParkingLots",
            "service_key": {"env": "CITY_KEY"},
            "page_size": 50,
        }
        preview = preview_source("datagokr", config, allow_private=True)
        assert preview.checked.rows == preview.inferred.rows
        assert preview.requests == -(-preview.checked.rows // 50), "checked and read by the same requests"
        assert preview.refused == 0
        assert connect(preview, folder, allow_private=True).state == Run.State.PUBLISHED
    assert len(rows_of()) == preview.inferred.rows
    assert 'service_key = { env = "CITY_KEY" }' in write_snippet(preview, "a")
    assert "sandbox-key" not in json.dumps(preview.rows, default=str) + write_snippet(preview, "a")


def test_features_of_a_gis_server_are_connected_from_a_preview(folder):
    features = [
        {
            "type": "Feature",
            "id": f"park.{number}",
            "geometry": {"type": "Point", "coordinates": [127 + number / 100, 37.5]},
            "properties": {"이름": f"공원 {number}", "code": f"{number:03}", "opened": "2020-01-01T00:00:00Z"},
        }
        for number in range(25)
    ]
    items = {"type": "FeatureCollection", "features": features, "numberMatched": 25, "numberReturned": 25, "links": []}
    told = {
        "id": "parks",
        "title": "공원 현황",
        "links": [{"rel": "license", "href": "x", "title": "공공누리 제1유형"}],
    }
    schema = {"properties": {"code": {"type": "string", "title": "공원 코드"}, "이름": {"type": "string"}}}
    behaviours = {
        "/collections/parks/items": by_request(lambda request: items),
        "/collections/parks/schema": reply_json(schema),
        "/collections/parks": reply_json(told),
    }
    with HostileServer(behaviours) as server:
        config = {"url": server.url("/"), "collection": "parks"}
        preview = preview_source("oapif", config, allow_private=True)
        assert (preview.schema.geometry.column, preview.schema.time) == ("geometry", "opened")
        assert preview.schema["code"].title.ko == "공원 코드"
        asked = [request.path for request in server.requests if request.path != "/robots.txt"]
        assert len(asked) == 3, "what was asked for is not asked for again"
        assert connect(preview, folder, allow_private=True).state == Run.State.PUBLISHED
    dataset = Dataset.objects.get()
    assert (dataset.title_ko, dataset.licence, len(rows_of())) == ("공원 현황", "kogl-1", 25)


def test_a_datastore_is_connected_from_a_preview(folder):
    rows = [{"_id": number, "lot_id": f"L-{number}", "면수": str(number)} for number in range(1, 31)]
    fields = [{"id": "_id", "type": "int"}, {"id": "lot_id", "type": "text"}, {"id": "면수", "type": "numeric"}]
    dataset = {"title": "주차장", "resources": [{"id": "r-1", "name": "목록", "datastore_active": True}]}

    def search(request):
        start = int(request.query["offset"])
        return {"success": True, "result": {"records": rows[start : start + 20], "total": 30, "fields": fields}}

    behaviours = {
        "/api/3/action/package_show": reply_json({"success": True, "result": dataset}),
        "/api/3/action/datastore_search": by_request(search),
    }
    with HostileServer(behaviours) as portal:
        config = {"url": portal.url("/"), "dataset": "parking", "page_size": 20}
        preview = preview_source("ckan", config, allow_private=True)
        assert preview.schema["myeonsu"].type == "number", "as the portal says, though the values look whole"
        assert connect(preview, folder, allow_private=True).state == Run.State.PUBLISHED
    assert len(rows_of()) == 30


def test_what_would_be_refused_is_shown(folder):
    text = (
        "관리번호,위도,경도,금액\n" + "".join(f"A{n},37.5{n},127.0{n},10\n" for n in range(20)) + "B1,127.5,37.01,20\n"
    )
    (folder / "a.csv").write_text(text, encoding="utf-8")
    preview = preview_source("file", {"path": str(folder / "a.csv")})
    assert (preview.tried, preview.refused) == (21, 1)
    (finding,) = [one for one in preview.findings if one.code == "would-be-refused"]
    assert "위도와 경도가 서로 바뀌었습니다" in finding.text.ko
    assert "1" in finding.text.en


def test_personal_data_is_found_before_anything_is_saved(folder):
    (folder / "a.csv").write_text("비고\n010-1234-5678로 연락\n010-9876-5432\n", encoding="utf-8")
    preview = preview_source("file", {"path": str(folder / "a.csv")})
    assert "personal-data" in codes(preview)
    assert "010-1234-5678" not in "".join(finding.text.ko for finding in preview.findings)


def test_damage_is_told(folder):
    text = "기준일자,우편번호,동\n" + "2026-01-01,12345,101동\n" * 30 + "45678,1234,May-12\n"
    (folder / "a.csv").write_text(text, encoding="utf-8")
    found = codes(preview_source("file", {"path": str(folder / "a.csv")}))
    assert {"excel-serial-day", "lost-leading-zeros", "excel-month-name"} <= set(found)


def test_reading_is_cut_at_a_number_of_rows(lots):
    preview = preview_source("file", lots, rows=10)
    assert (preview.cut_by, preview.inferred.rows, preview.tried) == ("rows", 10, 10)
    assert preview_source("file", lots, rows=30).cut_by == ""


def pages(request) -> dict[str, Any]:
    number = int(request.query["pageNo"])
    items = [{"id": str(number * 10 + place)} for place in range(10)]
    header = {"resultCode": "00", "resultMsg": "OK"}
    return {"response": {"header": header, "body": {"items": {"item": items}, "totalCount": 1000}}}


def test_reading_is_cut_when_the_time_is_up():
    now = [0.0]

    def later(host: str) -> None:
        now[0] += 4

    with HostileServer({"/": by_request(pages)}) as platform:
        config = {"url": platform.url("/api"), "page_size": 10}
        preview = preview_source(
            "datagokr", config, allow_private=True, seconds=20, before_request=later, clock=lambda: now[0]
        )
    assert (preview.cut_by, preview.checked.rows) == ("time", 1000)
    assert preview.inferred.rows == 40
    assert len(platform.requests) <= 5


def test_an_api_is_asked_for_fewer_rows_than_a_file(monkeypatch, lots):
    monkeypatch.setattr("ingest.preview.ROWS", 20)
    with HostileServer({"/api": by_request(pages)}) as platform:
        preview = preview_source("datagokr", {"url": platform.url("/api"), "page_size": 10}, allow_private=True)
        assert sum(request.path == "/api" for request in platform.requests) <= 3  # of a hundred pages
    assert (preview.cut_by, preview.inferred.rows) == ("rows", 20)
    assert preview_source("file", lots).inferred.rows == 30


def test_a_platform_too_slow_to_be_described_is_said_to_be():
    now = [0.0]

    def later(host: str) -> None:
        now[0] += 30

    with HostileServer({"/": reply(200, b"{}")}) as platform, pytest.raises(TookTooLong):
        clock = {"before_request": later, "clock": lambda: now[0]}
        preview_source("oapif", {"url": platform.url("/"), "collection": "a"}, allow_private=True, **clock)


def test_the_caller_says_how_often_a_host_may_be_asked(lots):
    hosts: list[str] = []
    with HostileServer({"/": reply(200, LOTS)}) as files:
        preview_source("file", {"path": files.url("/a.csv")}, allow_private=True, before_request=hosts.append)
    assert hosts == [files.url("").removeprefix("http://").rstrip("/")] * 3


def test_private_addresses_and_other_folders_are_out_of_reach(lots):
    with HostileServer({"/": reply(200, LOTS)}) as files, pytest.raises(ForbiddenAddress):
        preview_source("file", {"path": files.url("/a.csv")})
    with pytest.raises((ForbiddenAddress, Unreachable)):
        preview_source("file", {"path": "/etc/hostname"})


@pytest.mark.parametrize(
    ("connector", "config", "where"),
    [
        ("nothing", {}, "connector"),
        ("datagokr", {}, "config.url"),
        ("datagokr", {"url": "https://a", "service_key": "plain"}, "config.service_key"),
        ("file", {"path": "a.csv", "colour": "red"}, "config.colour"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused_with_its_place(connector, config, where):
    with pytest.raises(BadSetup) as refused:
        preview_source(connector, config)
    assert refused.value.values["where"] == where


def test_a_refused_key_is_said_to_be_refused(monkeypatch):
    monkeypatch.setenv("CITY_KEY", "wrong")
    with running(make_world()) as sandbox, pytest.raises(KeyRefused):
        url = f"{sandbox.url}/datagokr/ParkingService/getParkingLots"
        preview_source("datagokr", {"url": url, "service_key": {"env": "CITY_KEY"}}, allow_private=True)


KEY = "k9Zq7Xw2Lm4+Rt8Vb1Nc6"
KEYED = {"key": {"env": "CITY_KEY"}, "key_param": "apikey", "collection": "lots"}


@pytest.fixture
def echoing(monkeypatch):
    """A platform that repeats its key wherever it can."""
    monkeypatch.setenv("CITY_KEY", KEY)

    def act(request):
        echo = f"{KEY} {request.target}"
        told = {
            "id": "lots",
            "title": f"주차장 {echo}",
            "description": echo,
            "links": [{"rel": "license", "title": echo}],
        }
        if request.path.endswith("schema"):
            return {"properties": {f"a {KEY}": {"type": "string", "title": echo, "description": echo}}}
        if not request.path.endswith("items"):
            return told
        properties = {"a": f"제1주차장 {echo}", f"a {KEY}": echo, "설치일자": echo}
        features = [{"type": "Feature", "geometry": None, "properties": properties}] * 3
        return {"type": "FeatureCollection", "features": features, "links": []}

    with HostileServer({"/": by_request(act)}) as server:
        yield server


@pytest.mark.parametrize("form", ["text", "toml", "json"])
def test_a_key_that_the_platform_repeats_is_shown_by_stars_only(echoing, form):
    config = {"url": echoing.url("/"), **KEYED}
    preview = preview_source("oapif", config, allow_private=True)
    assert preview.rows[0]["a"].startswith("제1주차장 *** /")
    assert preview.described.title.ko.startswith("주차장 ***")
    assert "a ***" in preview.rows[0]
    printed = run("lots", "--connector", "oapif", "--config", json.dumps(config), "--allow-private", "--format", form)
    assert "***" in printed
    for part in ("k9Zq7Xw2Lm4", "Rt8Vb1Nc6"):
        assert part in "".join(request.target + str(request.headers) for request in echoing.requests)
        assert part not in repr(preview)
        assert part not in printed + write_snippet(preview, "lots")


def test_an_error_that_repeats_the_key_is_told_with_stars(monkeypatch):
    monkeypatch.setenv("CITY_KEY", KEY)
    told = by_request(lambda request: {"code": KEY, "description": f"{KEY} {request.target}"})
    with HostileServer({"/": told}) as server, pytest.raises(HubError) as refused:
        preview_source("oapif", {"url": server.url("/"), **KEYED}, allow_private=True)
    assert "k9Zq7Xw2Lm4" not in f"{refused.value} {refused.value.text} {refused.value.values}"


def test_no_records_are_no_error(folder):
    (folder / "a.json").write_text("[]", encoding="utf-8")
    preview = preview_source("file", {"path": str(folder / "a.json")})
    assert (preview.schema, write_snippet(preview, "a")) == (None, "")


@pytest.mark.parametrize(
    "value", ['따옴표 " 와 \\ 역슬래시', "줄\n바꿈", "\x7f", True, 3, 1.5, ["a", {"b": "c"}], {"a b": 1}, {}]
)
def test_what_is_written_as_toml_is_read_as_it_was(value):
    assert tomllib.loads(f"a = {written(value)}") == {"a": value}


# the command


def run(*arguments: object, language: str = "ko") -> str:
    printed = io.StringIO()
    with translation.override(language):
        call_command("preview_source", *map(str, arguments), stdout=printed)
    return printed.getvalue()


def test_the_command_prints_in_both_languages(lots):
    config = f'path = "{lots["path"]}"'
    korean = run("lots", "--connector", "file", "--config", config)
    assert "글자 인코딩 cp949" in korean
    assert "제안: 키 parking_id" in korean
    assert "위치 longitude, latitude (EPSG:4326)" in korean
    assert "[[sources]]" in korean
    english = run("lots", "--connector", "file", "--config", config, language="en")
    assert "Read: all 30 rows" in english


def test_the_example_of_the_documents_is_what_the_command_prints(folder, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
    section = page[page.index("## 소스 연결하기") :]
    table, command, output = re.findall(r"```(?:csv|sh|text)\n(.*?)```", section, re.DOTALL)[:3]
    (folder / "lots.csv").write_bytes(table.encode("cp949"))
    monkeypatch.chdir(folder)
    arguments = shlex.split(command)
    assert arguments[:3] == ["python", "manage.py", "preview_source"]
    assert run(*arguments[3:]).replace(str(folder), "/srv/hub/files") == output


def test_the_command_prints_toml_that_apply_takes(lots, folder):
    (folder / "config.json").write_text(json.dumps(lots), encoding="utf-8")
    toml = run("lots", "--connector", "file", "--config", folder / "config.json", "--format", "toml")
    (folder / "hub.toml").write_text(toml, encoding="utf-8")
    applied = apply_hub_file(read_hub_file(folder / "hub.toml"))
    assert [str(part.outcome) for part in applied] == ["created"] * 3
    assert Organisation.objects.get().slug == "my-organisation"


def test_the_command_looks_at_a_source_that_is_there(lots, folder):
    connect(preview_source("file", lots), folder, "lots")
    document = json.loads(run("lots", "--format", "json"))
    assert (document["read_rows"], document["model"], document["schema"]["primaryKey"]) == (
        30,
        "off-street-parking",
        ["parking_id"],
    )
    assert 'organisation = "my-organisation"' in document["hub_file"]
    assert "[[organisations]]" not in document["hub_file"]
    assert published(Source.objects.get(slug="lots")).digest, "and changes nothing of it"
    assert Distribution.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "There is no such source"),
        (["a", "--connector", "file", "--config", "path = "], "neither TOML nor JSON"),
        (["a", "--connector", "file", "--config", "nowhere.toml"], "cannot be read"),
        (["a", "--connector", "gopher"], "unknown connector 'gopher'"),
        (["A B", "--connector", "file"], "slug|identifier|lower"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, words):
    with pytest.raises(CommandError, match=words):
        run(*arguments)


@pytest.mark.parametrize(
    ("rules", "objects"),
    [
        (b"User-agent: *\nDisallow: /data/", True),
        (b"User-agent: UrbanDataHub\nDisallow: /", True),
        (b"User-agent: *\nDisallow: /admin/", False),
        (b"<html><title>no such page</title></html>", False),
        (None, False),
    ],
)
def test_what_robots_txt_asks_of_programs_is_noted(rules: bytes | None, objects: bool) -> None:
    answers = {"/data/": reply(200, LOTS, Content_Type="text/csv")}
    answers |= {"/robots.txt": reply(200, rules, Content_Type="text/plain")} if rules is not None else {}
    with HostileServer(answers) as server:
        preview = preview_source("file", {"path": server.url("/data/lots.csv")}, allow_private=True)
    assert ("robots" in codes(preview)) == objects
