"""The sandbox on a socket: reads a request, has it answered, and sends that whole, dripped, cut or without end."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qsl, urlsplit

from ingest.sandbox.answer import answer_request
from ingest.sandbox.messages import Answer, Delivery, Request
from ingest.sandbox.world import World

DRIP_BYTES, DRIP_SECONDS = 16, 0.25
LATE_SECONDS = 60.0
MOST_BODY_BYTES = 65_536


class SandboxServer(ThreadingHTTPServer):
    """One thread a connection; ``stopping`` ends slow and endless answers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], world: World, *, drip_seconds: float, logs: bool) -> None:
        self.world = world
        self.drip_seconds = drip_seconds
        self.logs = logs
        self.stopping = Event()
        super().__init__(address, SandboxHandler)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may hang up, that is its right
            super().handle_error(request, client_address)


@contextmanager
def running(
    world: World, *, host: str = "127.0.0.1", port: int = 0, drip_seconds: float = DRIP_SECONDS, logs: bool = False
) -> Iterator[SandboxServer]:
    """Serve ``world`` in the background until the block ends; port 0 takes a free one, told by ``server.url``."""
    server = SandboxServer((host, port), world, drip_seconds=drip_seconds, logs=logs)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class SandboxHandler(BaseHTTPRequestHandler):
    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body may wait 40 ms behind its headers
    server_version = "HanbitSandbox"
    sys_version = ""

    def answer(self) -> None:
        address = urlsplit(self.path)
        length = self.headers.get("Content-Length", "")
        length = int(length) if length.isdecimal() else 0
        self.close_connection |= length > MOST_BODY_BYTES  # what is not read must not be taken for the next request
        request = Request(
            path=address.path,
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            method="GET" if self.command == "HEAD" else self.command,
            content_type=self.headers.get("Content-Type", ""),
            body=self.rfile.read(min(length, MOST_BODY_BYTES)),
            headers=dict(self.headers.items()),
        )
        answer = answer_request(self.server.world, request)
        if self.command == "HEAD":
            self.start(answer, length=len(answer.body))
        else:
            DELIVERIES[answer.delivery](self, answer)

    do_GET = do_HEAD = do_POST = do_DELETE = answer

    def start(self, answer: Answer, *, length: int | None) -> None:
        """Send the status line and the headers; without a length the connection's end is the body's end."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        if self.server.logs:
            line = (format % args).replace(self.server.world.key, "***")
            print(f"{self.log_date_time_string()} {line}", file=sys.stderr, flush=True)


def send_whole(handler: SandboxHandler, answer: Answer) -> None:
    handler.start(answer, length=len(answer.body))
    handler.wfile.write(answer.body)


def send_dripped(handler: SandboxHandler, answer: Answer) -> None:
    handler.start(answer, length=len(answer.body))
    for at in range(0, len(answer.body), DRIP_BYTES):
        handler.wfile.write(answer.body[at : at + DRIP_BYTES])
        if handler.server.stopping.wait(handler.server.drip_seconds):
            break


def send_cut(handler: SandboxHandler, answer: Answer) -> None:
    handler.start(answer, length=len(answer.body))
    handler.wfile.write(answer.body[: len(answer.body) // 2])
    handler.close_connection = True


def send_cut_unannounced(handler: SandboxHandler, answer: Answer) -> None:
    handler.start(answer, length=None)
    handler.wfile.write(answer.body[: len(answer.body) // 2])


def send_endless(handler: SandboxHandler, answer: Answer) -> None:
    handler.start(answer, length=None)
    while not handler.server.stopping.is_set():
        handler.wfile.write(answer.body)


def send_nothing(handler: SandboxHandler, answer: Answer) -> None:
    handler.close_connection = True


def send_late(handler: SandboxHandler, answer: Answer) -> None:
    handler.server.stopping.wait(LATE_SECONDS)
    send_whole(handler, answer)


DELIVERIES: Mapping[Delivery, Callable[[SandboxHandler, Answer], None]] = {
    Delivery.WHOLE: send_whole,
    Delivery.DRIPPED: send_dripped,
    Delivery.CUT: send_cut,
    Delivery.CUT_UNANNOUNCED: send_cut_unannounced,
    Delivery.ENDLESS: send_endless,
    Delivery.NONE: send_nothing,
    Delivery.LATE: send_late,
}
