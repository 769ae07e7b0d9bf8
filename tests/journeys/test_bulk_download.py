"""Large downloads from a running hub: broken off and resumed while newer data is published; an export whose writer was killed."""

import hashlib
import http.client
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from hub_processes import ROOT, hub_environment, make_tables, manage, running, wait_until

from datahub.quickstart import free_port

pytestmark = pytest.mark.journey
ROWS = 150_000
HUB_FILE = """
[[organisations]]
slug = "hanbit-city"
name = { ko = "한빛시" }

[[datasets]]
slug = "sensors"
organisation = "hanbit-city"
title = { ko = "측정값" }
description = { ko = "시험" }
theme = "environment"
licence = "kogl-1"
access_level = "public"
columns = [{ name = "id", required = true }, { name = "place" }, { name = "value", type = "integer" }]

[[sources]]
slug = "sensors"
dataset = "sensors"
connector = "file"
mode = "replace"
config = { path = "ADDRESS" }
expectations = { min_share = 0.0 }
"""
# Orders an export and is at it for ever: whoever reads "writing" can kill it in the middle.
WRITER = """
import time
import django
django.setup()
from django.contrib.auth.models import AnonymousUser
from catalog import exports, write_file

export, _ = exports.order_export("sensors", [("value__gte", "1000")], "ndjson", viewer=AnonymousUser(), caller="test")
stream = write_file.stream

def slow(question, **options):
    for chunk in stream(question, **options):
        yield chunk
        print(export.uid, flush=True)
        time.sleep(600)

write_file.stream = slow
while True:
    write_file.write_next_file()
    time.sleep(0.2)
"""


@dataclass(frozen=True)
class Hub:
    environment: dict[str, str]
    folder: Path
    port: int

    def publish(self, first: int) -> None:
        lines = (f"s{number:07d},강남구 {number % 25}동,{number}" for number in range(first, first + ROWS))
        (self.folder / "sensors.csv").write_text("id,place,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
        done = manage(self.environment, "run_source", "sensors", "--here")
        assert done.returncode == 0, done.stdout + done.stderr

    def ask(
        self, address: str, headers: Mapping[str, str] | None = None, *, read: int | None = None, method: str = "GET",
        body: Any = None,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        """Ask the web server; ``read``: hang up after so many bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, urlsplit(address).path, json.dumps(body) if body else None, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read() if read is None else answer.read(read)
        finally:
            connection.close()

    def json(self, address: str) -> Any:
        return json.loads(self.ask(address)[2])

    def is_up(self) -> bool:
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            return False


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with hub_environment(tmp_path / "var") as environment:
        environment |= {"HUB_FILE_ROOTS": str(tmp_path), "HUB_RUN_LEASE_SECONDS": "3"}
        hub = Hub(environment, tmp_path, free_port())
        (tmp_path / "hub.toml").write_text(HUB_FILE.replace("ADDRESS", str(tmp_path / "sensors.csv")), encoding="utf-8")
        make_tables(environment)
        applied = manage(environment, "apply", str(tmp_path / "hub.toml"))
        assert applied.returncode == 0, applied.stderr
        hub.publish(0)
        yield hub


def test_a_download_goes_on_where_it_broke_while_newer_data_is_published(hub: Hub, tmp_path: Path) -> None:
    with running(hub.environment, tmp_path / "output", "serve", "--port", str(hub.port)):
        wait_until(hub.is_up)
        snapshots = "/api/v1/datasets/sensors/snapshots"

        def files() -> dict[str, Any]:
            return {file["format"]: file for file in hub.json(snapshots)["snapshots"][-1]["files"]}

        wait_until(lambda: all(file["sha256"] for file in files().values()))  # nobody has asked for them
        file = files()["csv"]
        half = file["byte_size"] // 2
        status, headers, first = hub.ask(file["download_url"], read=half)
        assert (status, len(first), int(headers["content-length"])) == (200, half, file["byte_size"])

        hub.publish(1_000_000)
        wait_until(lambda: len(hub.json(snapshots)["snapshots"]) == 2)
        status, resumed, rest = hub.ask(file["download_url"], {"Range": f"bytes={half}-", "If-Range": headers["etag"]})
        assert (status, resumed["content-range"]) == (206, f"bytes {half}-{file['byte_size'] - 1}/{file['byte_size']}")
        assert resumed["content-length"] == str(len(rest))
        assert hashlib.sha256(first + rest).hexdigest() == file["sha256"]
        assert (first + rest).count(b"\n") == ROWS + 1
        assert hub.ask(file["download_url"], {"If-None-Match": headers["etag"]})[0] == 304
        status, head, nothing = hub.ask(file["download_url"], method="HEAD")
        assert (status, head["content-length"], nothing) == (200, str(file["byte_size"]), b"")

        whole = hub.ask(files()["parquet"]["download_url"])[2]
        assert hashlib.sha256(whole).hexdigest() == files()["parquet"]["sha256"]
        table = pq.read_table(io.BytesIO(whole))
        assert table.column_names == ["id", "place", "value"]
        assert table["value"].to_pylist() == list(range(ROWS))


def test_an_export_whose_writer_was_killed_is_written_by_another_one(hub: Hub, tmp_path: Path) -> None:
    environment = hub.environment | {
        "DJANGO_SETTINGS_MODULE": "datahub.settings",
        "PYTHONPATH": f"{os.environ['PYTHONPATH']}:{ROOT}",
    }
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as writer:
        try:
            uid = writer.stdout.readline().strip()
        finally:
            os.kill(writer.pid, signal.SIGKILL)
    assert list((tmp_path / "var" / "spool").glob("export-*"))
    with running(hub.environment, tmp_path / "output", "serve", "--port", str(hub.port)):
        wait_until(hub.is_up)
        export = f"/api/v1/exports/{uid}"
        wait_until(lambda: hub.json(export)["state"] == "ready")
        shown = hub.json(export)
        assert shown["records"] == ROWS - 1000
        content = hub.ask(shown["download_url"])[2]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (shown["byte_size"], shown["sha256"])
        values = [json.loads(line)["value"] for line in content.splitlines()]
        assert values == list(range(1000, ROWS))
        assert list((tmp_path / "var" / "spool").glob("export-*")) == []

        order = {"dataset": "sensors", "format": "csv", "parameters": {"value__lt": 10}}
        status, headers, _ = hub.ask("/api/v1/exports", {"Content-Type": "application/json"}, method="POST", body=order)
        assert status == 201
        wait_until(lambda: hub.json(headers["location"])["state"] == "ready")
        assert hub.ask(hub.json(headers["location"])["download_url"])[2].count(b"\n") == 11
        assert hub.ask(headers["location"], method="DELETE")[0] == 204
        assert hub.ask(headers["location"])[0] == 404
