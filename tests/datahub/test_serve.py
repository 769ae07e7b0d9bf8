"""``serve``: a worker that is killed in the middle of a run, and a run that is published all the same."""

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hub_processes import hub_environment, make_tables, manage, processes_of, running, wait_until

from datahub.quickstart import free_port

LINES = [f"{number},주차장 {number}\n" for number in range(500)]
HUB_FILE = """
[[organisations]]
slug = "city"
name = { ko = "시", en = "City" }

[[datasets]]
slug = "lots"
organisation = "city"
title = { ko = "주차장", en = "Car parks" }
description = { ko = "시험 자료입니다.", en = "Data for a test." }
theme = "transport"
licence = "kogl-1"
access_level = "public"
key = ["id"]
columns = [
  { name = "id", type = "integer", title = { ko = "번호", en = "Number" } },
  { name = "name", type = "string", title = { ko = "이름", en = "Name" } },
]

[[sources]]
slug = "lots"
dataset = "lots"
connector = "file"
mode = "replace"
allow_private = true
config = { path = "ADDRESS" }
"""


class Platform(ThreadingHTTPServer):
    """Serves a CSV; the first answer stops half way until ``resumed``, which it never is while the worker lives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.calls = 0
        self.resumed = threading.Event()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.calls += 1
        body = ("id,name\n" + "".join(LINES)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.calls == 1:
            self.wfile.write(body[:1000])
            self.wfile.flush()
            self.server.resumed.wait(120)
        else:
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.resumed.set()
    server.shutdown()
    thread.join()
    server.server_close()


def count_of_records(port):
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/api/v1/datasets/lots/records?count=exact&limit=1"
        ) as page:
            return json.load(page)["count"]
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except urllib.error.URLError:
        return None


@pytest.mark.journey
def test_a_worker_killed_in_the_middle_of_a_run_costs_an_attempt_and_nothing_else(platform, tmp_path):
    hub_file = tmp_path / "hub.toml"
    address = f"http://127.0.0.1:{platform.server_port}/lots.csv"
    hub_file.write_text(HUB_FILE.replace("ADDRESS", address), encoding="utf-8")
    port, output = free_port(), tmp_path / "output"
    with hub_environment(tmp_path / "var") as hub:
        hub["HUB_RUN_LEASE_SECONDS"] = "4"
        make_tables(hub)
        applied = manage(hub, "apply", str(hub_file))
        assert applied.returncode == 0, applied.stderr
        with running(hub, output, "serve", "--port", str(port)) as serve:
            wait_until(lambda: count_of_records(port) == 404)  # the web server answers; no records yet
            assert manage(hub, "run_source", "lots").returncode == 0
            wait_until(lambda: platform.calls == 1)

            worker = min(pid for pid, command in processes_of(hub).items() if " worker " in command)
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: count_of_records(port) == len(LINES))

            serve.send_signal(signal.SIGTERM)
            assert serve.wait() == 0
        status = json.loads(manage(hub, "hub_status", "--json").stdout)
        assert [(run["state"], run["attempt"], run["accepted"]) for run in status["runs"]] == [("published", 2, 500)]
        assert processes_of(hub) == {}
