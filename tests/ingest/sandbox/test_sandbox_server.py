"""The sandbox on a real socket and as a real process."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sandbox_asking import CCTV, EXAMPLES, LOTS, ask, make_world

from ingest.sandbox.server import DRIP_BYTES, running

ROOT = Path(__file__).parents[3]
TWICE = 2 * len(ask(CCTV).body)


@pytest.fixture(scope="module")
def url():
    with running(make_world(), drip_seconds=0.001) as server:
        yield server.url


def fetch(url: str) -> tuple[bytes, dict[str, str]]:
    with urlopen(url, timeout=30) as answer:
        return answer.read(), dict(answer.headers)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_service_answers_over_loopback_as_without_a_socket(url: str, name: str) -> None:
    body, headers = fetch(url + EXAMPLES[name])

    assert body == ask(EXAMPLES[name]).body
    assert headers["Content-Length"] == str(len(body))


def test_it_tells_that_it_is_well(url: str) -> None:
    assert json.loads(fetch(f"{url}/healthz")[0])["status"] == "ok"


def test_one_connection_serves_many_requests(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        for _ in range(3):
            connection.sendall(b"HEAD /files/cctv.csv HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_an_http_error_is_one(url: str) -> None:
    with pytest.raises(HTTPError) as caught:
        fetch(f"{url}{LOTS}&fault=error500")
    with caught.value as answer:
        assert answer.code == 500


def test_a_dripped_answer_is_whole_in_the_end(url: str) -> None:
    plain = f"{LOTS}&numOfRows=1"
    began = time.monotonic()

    body, _ = fetch(f"{url}{plain}&fault=slow")

    assert body == ask(plain).body
    assert time.monotonic() - began > 0.001 * len(body) / DRIP_BYTES


def test_half_an_announced_answer_is_seen_to_be_half(url: str) -> None:
    with pytest.raises(IncompleteRead) as caught:
        fetch(f"{url}{CCTV}?fault=half")
    assert len(caught.value.partial) == TWICE // 4


def test_half_an_unannounced_answer_looks_like_the_end(url: str) -> None:
    body, headers = fetch(f"{url}{CCTV}?fault=half-unannounced")

    assert body == ask(CCTV).body[: TWICE // 4]
    assert "Content-Length" not in headers


def test_an_endless_answer_goes_on_after_the_whole(url: str) -> None:
    with urlopen(f"{url}{CCTV}?fault=endless", timeout=30) as answer:
        assert len(answer.read(3 * TWICE)) == 3 * TWICE


def test_a_server_stops_although_answers_are_under_way() -> None:
    with running(make_world(), drip_seconds=3600) as server:  # far longer than a test may take
        slow = urlopen(f"{server.url}{CCTV}?fault=slow", timeout=30)
        endless = urlopen(f"{server.url}{CCTV}?fault=endless", timeout=30)
    slow.close()
    endless.close()


def test_a_fault_is_switched_on_over_http(url: str) -> None:
    switch = Request(f"{url}/faults", data=b'{"service": "cctv", "fault": "empty", "count": 1}', method="POST")
    fetch(switch)

    sizes = [len(fetch(url + CCTV)[0]) for _ in range(2)]

    assert sizes[0] < 1000 < sizes[1]


@contextmanager
def started(*options: str):
    command = [sys.executable, "-m", "ingest.sandbox", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_tells_its_free_port_and_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    with started("--port", "0", "--key", "mine", "--fault", "cctv=empty:1", "--fault", "bus-stops=half") as process:
        opened = process.stdout.readline()
        base = next(word for word in opened.split() if word.startswith("http://")).rstrip("/")
        on = json.loads(fetch(f"{base}/faults")[0])["on"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

    assert "한빛시" in opened and "mine" in opened
    assert [(entry["service"], entry["fault"], entry["remaining"]) for entry in on] == [
        ("bus-stops", "half", None),
        ("cctv", "empty", 1),
    ]
    assert (process.returncode, errors) == (0, "")


def test_a_used_port_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started("--port", str(port)) as process:
            _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert f"127.0.0.1:{port} is used by another program; choose another port with --port" in errors
    assert "Traceback" not in errors
