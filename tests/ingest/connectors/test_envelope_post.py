"""Platforms that are asked by POST: what is asked for is in the body, the key where it always is."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from hostile_server import HostileServer, redirect

from ingest.connectors.envelope import Config, read
from ingest.errors import ForbiddenAddress

ROWS = [{"id": number} for number in range(25)]


class Platform(ThreadingHTTPServer):
    """Hands out pages of ten to those who ask by POST; keeps what was asked (the hostile server reads no bodies)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[tuple[str, dict[str, object]]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_json = self.headers["Content-Type"] == "application/json"
        asked = json.loads(body) if is_json else {name: text for name, (text,) in parse_qs(body.decode()).items()}
        self.server.asked.append((self.path, asked))
        start = (int(asked["page"]) - 1) * 10
        answer = json.dumps({"data": ROWS[start : start + 10], "total": 25}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def collect(session, platform, **config):
    given = {"url": platform.url("/api"), "records": "data", "total": "total", "method": "POST", "key": "k+1", **config}
    return list(read(Config(**given), session))


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        ({"body": "json", "sent": {"box": [1, 2]}}, {"box": [1, 2], "area": "서울", "size": 10, "page": 3}),
        ({"body": "form"}, {"area": "서울", "size": "10", "page": "3"}),
    ],
    ids=["json", "form"],
)
def test_pages_are_asked_for_in_the_body(open_session, platform, config, asked):
    paging = {"kind": "page", "size_param": "size", "size": 10}
    assert collect(open_session(), platform, paging=paging, params={"area": "서울"}, **config) == ROWS
    assert platform.asked[-1] == ("/api?serviceKey=k%2B1", asked)
    assert len(platform.asked) == 3


def test_a_body_is_not_sent_on_to_another_address(open_session):
    with HostileServer({"/": redirect("/other", 307)}) as elsewhere, pytest.raises(ForbiddenAddress, match="POST"):
        collect(open_session(), elsewhere)
    assert len(elsewhere.requests) == 1
