"""Hostile files through real runs: bombs, climbing names, nesting without end, things to execute, pages and pictures.

The identifiers are those of the list in docs/faults.md. Every case is a run of a source that has published before.
"""

import io
import json
import pickle
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from builders import make_dataset
from django.test import Client
from hostile_server import HostileServer, reply
from pulling import make_source, published, pull, records
from pyarrow import parquet

from catalog.records import Column, Schema
from ingest.models import Run, Source
from ingest.raw import raw_store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
SCHEMA = Schema(columns=(Column("id", source="번호", required=True), Column("name", source="이름")))
PLACES = Schema(columns=(*SCHEMA.columns, Column("geometry", "geometry")))
CSV = "번호,이름\n" + "".join(f"{number},곳 {number}\n" for number in range(20))
TOO_LARGE, UNREADABLE, BAD_SETUP = "too-large", "unreadable-answer", "bad-setup"


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in entries:
            archive.writestr(name, member)
    return content.getvalue()


def link_out() -> bytes:
    entry = zipfile.ZipInfo("a.csv")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return packed((entry, "/etc/passwd"))


def crowded() -> bytes:
    """Return an archive whose directory claims one entry and holds a hundred thousand."""
    directory = (b"PK\x01\x02" + bytes(42)) * 100_000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 30, 0)
    return b"PK\x03\x04" + bytes(26) + directory + end


def as_zip_of_cp949(name: str) -> bytes:
    written = name.encode("cp949")
    return packed(("x" * len(written), CSV)).replace(b"x" * len(written), written)


def xml(declared: str, value: str = "1") -> str:
    return f'<?xml version="1.0"?><!DOCTYPE r {declared}><r><row><번호>{value}</번호></row></r>'


LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PICKLE = pickle.dumps([{"번호": 1}])
MACROS = packed(("xl/vbaProject.bin", b"x"))


def parquet_file() -> bytearray:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"번호": [str(number) for number in range(50)], "이름": ["a"] * 50}), sink)
    return bytearray(sink.getvalue().to_pybytes())


def spoilt_parquet() -> bytes:
    content = parquet_file()
    content[len(content) // 2 : len(content) // 2 + 40] = b"\xff" * 40
    return bytes(content)


@dataclass(frozen=True)
class Fault:
    """The file that comes instead, the end of its run, and what the sentence says."""

    identifier: str
    file: str
    content: Callable[[], bytes | str]
    code: str
    says: str
    config: Mapping[str, Any] = field(default_factory=dict)
    state: str = State.FAILED


ROWS = {"records": "r.row"}
FAULTS = (
    Fault("F1 zeros", "a.zip", lambda: packed(("a.csv", bytes(40 * 2**20))), TOO_LARGE, "1:100"),
    Fault("F1 zeros in a workbook", "a.xlsx", lambda: packed(("xl/worksheets/sheet1.xml", bytes(40 * 2**20))), TOO_LARGE, "1:100"),
    Fault("F1 an archive in an archive", "a.zip", lambda: packed(("b.zip", packed(("a.csv", CSV)))), UNREADABLE, "b.zip"),
    Fault("F1 a crowd of entries", "a.zip", crowded, TOO_LARGE, "2,000"),
    Fault("F2 a name that climbs", "a.zip", lambda: packed(("../a.csv", CSV)), UNREADABLE, "../a.csv"),
    Fault("F2 an absolute name", "a.zip", lambda: packed(("/etc/a.csv", CSV)), UNREADABLE, "/etc/a.csv"),
    Fault("F2 a link", "a.zip", link_out, UNREADABLE, "a.csv"),
    Fault("F3 billion laughs", "a.xml", lambda: xml(f'[<!ENTITY l0 "lol">{LAUGHS}]', "&l9;"), UNREADABLE, "DOCTYPE", ROWS),
    Fault("F3 quadratic", "a.xml", lambda: xml(f'[<!ENTITY l0 "{"x" * 10_000}">]', "&l0;" * 10_000), UNREADABLE, "DOCTYPE", ROWS),
    Fault("F3 a file of ours", "a.xml", lambda: xml('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"), UNREADABLE, "DOCTYPE", ROWS),
    Fault("F3 any DOCTYPE", "a.xml", lambda: xml('SYSTEM "http://127.0.0.1:1/x.dtd"'), UNREADABLE, "DOCTYPE", ROWS),
    Fault("F3 depth without end", "a.xml", lambda: "<a>" * 200_000, UNREADABLE, "XML", ROWS),
    Fault("F4 depth without end", "a.json", lambda: "[" * 10_000 + "]" * 10_000, UNREADABLE, "depth"),
    Fault("F4 a million digits", "a.json", lambda: '[{"번호": ' + "9" * 10**6 + "}]", UNREADABLE, "infinity"),
    Fault("F4 an endless exponent", "a.json", lambda: '[{"번호": 1e999999999}]', UNREADABLE, "infinity"),
    Fault("F4 NaN", "a.json", lambda: '[{"번호": NaN}]', UNREADABLE, "NaN"),
    Fault("F5 a hostile length", "a.parquet", lambda: b"PAR1" + bytes(64) + struct.pack("<I", 0x7FFFFFFF) + b"PAR1", UNREADABLE, "Parquet"),
    Fault("F5 rubbish in the middle", "a.parquet", spoilt_parquet, UNREADABLE, "Parquet"),
    Fault("F5 a database of rubbish", "a.gpkg", lambda: b"SQLite format 3\0" + b"\xff" * 4096, "broken-off", "shorter", state=State.WAITING),
    Fault("F7 nothing", "a.csv", lambda: "", UNREADABLE, "empty"),
    Fault("F7 two extensions", "a.csv.html", lambda: CSV, BAD_SETUP, "format"),
    Fault("F7 a picture and a table", "a.csv", lambda: b"\xff\xd8\xff\xe0" + CSV.encode(), UNREADABLE, "encoding"),
    Fault("F7 a picture and an archive", "a.csv", lambda: b"GIF89a" + packed(("a.csv", CSV)), UNREADABLE, "encoding"),
    Fault("F8 a drawing", "a.svg", lambda: SVG, BAD_SETUP, "format"),
    Fault("F8 a drawing called a table", "a.csv", lambda: SVG, "held-back", "records", state=State.HELD),
    Fault("F8 a page", "a.csv", lambda: "<html><title>표</title><script>alert(1)</script></html>", UNREADABLE, "web page"),
    Fault("F9 a pickle", "a.pkl", lambda: PICKLE, BAD_SETUP, "format"),
    Fault("F9 a pickle called a table", "a.csv", lambda: PICKLE, UNREADABLE, "encoding"),
    Fault("F9 macros", "a.xlsm", lambda: MACROS, UNREADABLE, "macros"),
    Fault("F9 macros called none", "a.xlsx", lambda: MACROS, UNREADABLE, "macros"),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return tmp_path


def published_source(folder: Path) -> Source:
    (folder / "good.csv").write_text(CSV, encoding="utf-8")
    source = make_source(folder / "good.csv", dataset=make_dataset(schema=SCHEMA), expectations={"min_share": 0})
    assert pull(source).state == State.PUBLISHED
    return source


def pull_instead(source: Source, folder: Path, file: str, content: bytes | str, **config: Any) -> Run:
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    Source.objects.filter(pk=source.pk).update(config={"path": str(folder / file), **config})
    return pull(Source.objects.get(pk=source.pk))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.identifier)
def test_a_hostile_file_is_refused_with_a_sentence_and_leaves_what_is_published(folder: Path, fault: Fault) -> None:
    source, content = published_source(folder), fault.content()
    before = published(source)
    memory, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    run = pull_instead(source, folder, fault.file, content, **fault.config)
    assert (run.state, run.error_code) == (fault.state, fault.code), run.error_en
    assert fault.says in run.error_en
    assert any("가" <= letter <= "힣" for letter in run.error_ko)
    assert "root:" not in str(Run.objects.values())  # nothing of /etc/passwd
    assert published(source) == before
    assert time.process_time() - began < 3
    if sys.platform == "linux":  # where the peak is told in KiB
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100 * 1024


NAMES = {
    "a device of another system": lambda: packed(("CON.csv", CSV)),
    "decomposed Hangul": lambda: packed(("\u1100\u1161.csv", CSV)),
    "CP949": lambda: as_zip_of_cp949("현황.csv"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_in_an_archive_is_only_a_name(folder: Path, name: str) -> None:
    source = published_source(folder)
    assert pull_instead(source, folder, "a.zip", NAMES[name]()).state == State.UNCHANGED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"번호": "1", "번호": "2", "이름": "a"}]', {"id": "2", "name": "a"}),
        ('[{"번호": "1", "이름": ' + "[" * 300 + "]" * 300 + "}]", {"id": "1", "name": "[" * 300 + "]" * 300}),
    ],
    ids=["the last of two equal names counts", "a deep value is a text"],
)
def test_odd_json_has_a_rule(folder: Path, text: str, expected: Mapping[str, str]) -> None:
    source = published_source(folder)
    run = pull_instead(source, folder, "a.json", text)
    assert (run.state, records(source)) == (State.PUBLISHED, [expected]), run.error_en


def test_a_value_deeper_than_can_be_written_is_refused(folder: Path) -> None:
    source = published_source(folder)
    before = published(source)
    deep = '[{"번호": "1", "이름": ' + "[" * 1015 + "]" * 1015 + "}]"
    run = pull_instead(source, folder, "a.json", deep)
    assert (run.state, run.error_code) == (State.FAILED, "unreadable-answer")
    assert "nested too deeply" in run.error_en
    assert published(source) == before


def features(*shapes: Mapping[str, Any]) -> str:
    listed = [
        {"type": "Feature", "properties": {"번호": str(number), "이름": "a"}, "geometry": shape}
        for number, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": listed})


def outline(vertices: int) -> dict[str, Any]:
    ring = [[127 + at % 1000 / 1e4, 37 + at // 1000 / 1e4] for at in range(vertices)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


BOW_TIE = {"type": "Polygon", "coordinates": [[[127, 37], [127.1, 37.1], [127.1, 37], [127, 37.1], [127, 37]]]}


@pytest.mark.parametrize("shape", [outline(100_000), BOW_TIE], ids=["a hundred thousand vertices", "crossing itself"])
def test_a_heavy_or_crossing_shape_is_published_as_it_came(folder: Path, shape: dict[str, Any]) -> None:
    source = published_source(folder)
    make_dataset(schema=PLACES)
    run = pull_instead(source, folder, "a.geojson", features(shape))
    assert run.state == State.PUBLISHED, run.error_en
    assert orjson.loads(orjson.dumps(records(source)[0]["geometry"])) == shape


def test_a_shape_beyond_the_cap_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.connectors.documents.MAX_DOCUMENT", 2**20)
    source = published_source(folder)
    before = published(source)
    run = pull_instead(source, folder, "a.geojson", features(outline(100_000)))
    assert (run.state, run.error_code) == (State.FAILED, TOO_LARGE)
    assert published(source) == before


NAMES_OF_DOWNLOADS = ["../../../etc/cron.d/x.csv", "/etc/x.csv", "a.csv\0.html", "..\\..\\x.csv", "x" * 4000 + ".csv"]


@pytest.mark.parametrize("name", NAMES_OF_DOWNLOADS, ids=["climbs", "absolute", "NUL", "backslashes", "endless"])
def test_the_name_that_a_platform_gives_its_download_names_no_file_of_ours(
    folder: Path, name: str, settings: Any
) -> None:
    published_source(folder)
    before = sorted(path.name for path in folder.iterdir())
    told = f'attachment; filename="{name}"'.replace("\0", "%00")
    with HostileServer({"/": reply(200, CSV.encode(), Content_Type="text/csv", Content_Disposition=told)}) as server:
        Source.objects.update(config={"path": server.url("/a.csv")}, allow_private=True)
        run = pull(Source.objects.get())
    assert run.state == State.UNCHANGED, run.error_en
    assert sorted(path.name for path in folder.iterdir()) == before
    assert {path.stem.removesuffix(".gz") for path in raw_store().root.rglob("*.gz")} == set(raw_store().digests())
    assert list(settings.SPOOL_DIR.iterdir()) == []


def test_a_script_in_a_record_is_served_as_data_and_nothing_else(folder: Path, client: Client) -> None:
    source = published_source(folder)
    assert pull_instead(source, folder, "a.json", json.dumps([{"번호": "1", "이름": SVG}])).state == State.PUBLISHED
    address = f"/api/v1/datasets/{source.distribution.dataset.slug}/records"
    for name, how in (("csv", "attachment"), ("ndjson", "attachment"), ("json", "inline")):
        answer = client.get(f"{address}.{name}")
        assert answer["Content-Disposition"].startswith(how)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "html" not in answer["Content-Type"]
        assert "script-src" in answer["Content-Security-Policy"] or "default-src" in answer["Content-Security-Policy"]
    page = client.get(f"/dataset/{source.distribution.dataset.slug}").content
    assert b"<script>alert" not in page
