"""A platform at its worst, on a random loopback port: each behaviour is a function that writes raw bytes to a socket.

``HostileServer`` serves a table of paths; a test picks the rows it needs. What was asked is kept in ``requests``.
"""

import contextlib
import gzip
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it came: the raw target, its path and query taken apart, headers in lower case, its place in the order."""

    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    number: int


Behaviour = Callable[[Request, socket.socket], None]


class HostileServer:
    """Serves behaviours by path prefix, the longest first, each connection in a thread of its own."""

    def __init__(self, behaviours: Mapping[str, Behaviour], *, certificate: Path | None = None) -> None:
        self.requests: list[Request] = []
        self._behaviours = dict(sorted(behaviours.items(), key=lambda row: -len(row[0])))
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    outer.answer_one(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda request, address: None
            self._server.get_request = self._shake_hands
            self.scheme = "https"
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> "HostileServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def answer_one(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        target = lines[0].split(" ")[1]
        parts = urlsplit(target)
        request = Request(
            target=target,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()},
            headers={name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])},
            number=len(self.requests) + 1,
        )
        self.requests.append(request)
        behaviour = next((act for prefix, act in self._behaviours.items() if parts.path.startswith(prefix)), None)
        (behaviour or reply(404, b"nothing here"))(request, connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _shake_hands(self) -> tuple[socket.socket, object]:
        try:
            return self._server.socket.accept()
        except ssl.SSLError as error:
            raise OSError("no handshake") from error


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def head(status: int, **headers: object) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join([*lines, "Connection: close", "", ""])).encode("utf-8")


def reply(status: int, body: bytes, **headers: object) -> Behaviour:
    """Answer properly."""

    def act(request: Request, connection: socket.socket) -> None:
        connection.sendall(head(status, Content_Length=len(body), **headers) + body)

    return act


def reply_json(document: object) -> Behaviour:
    return reply(200, json.dumps(document).encode(), Content_Type="application/json")


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave differently at each request the server gets; the last behaviour stays."""

    def act(request: Request, connection: socket.socket) -> None:
        behaviours[min(request.number, len(behaviours)) - 1](request, connection)

    return act


def by_request(choose: Callable[[Request], object]) -> Behaviour:
    """Answer what the function makes of the request: a JSON document, or bytes as they are."""

    def act(request: Request, connection: socket.socket) -> None:
        chosen = choose(request)
        (reply(200, chosen) if isinstance(chosen, bytes) else reply_json(chosen))(request, connection)

    return act


def redirect(location: str, status: int = 302) -> Behaviour:
    return reply(status, b"", Location=location)


def say(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Write raw bytes and hang up."""

    def act(request: Request, connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return act


def drip(start: bytes, meanwhile: Callable[[], None]) -> Behaviour:
    """Send a byte now and then, for ever; ``meanwhile`` is called before each."""

    def act(request: Request, connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            meanwhile()
            connection.sendall(b"x")
            time.sleep(0.01)

    return act


def stay_silent(request: Request, connection: socket.socket) -> None:
    """Accept, read, and say nothing."""
    connection.settimeout(3)
    with contextlib.suppress(OSError):
        connection.recv(1)


def hang_up(request: Request, connection: socket.socket) -> None:
    """Close without a word."""


def cut_with_length(body: bytes, sent: int) -> Behaviour:
    return say(head(200, Content_Length=len(body)) + body[:sent])


def cut_without_length(body: bytes, sent: int) -> Behaviour:
    return say(head(200) + body[:sent])


def cut_chunked(body: bytes) -> Behaviour:
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    return say(head(200, Transfer_Encoding="chunked") + chunk)


def gzip_bomb(mebibytes: int) -> Behaviour:
    """A small body that unfolds to a big one."""
    return reply(200, gzip.compress(bytes(mebibytes * 2**20)), Content_Encoding="gzip")


HTML_LOGIN = (
    "<!DOCTYPE html><html><head><title>통합 로그인</title><script>var a = 1</script></head>"
    "<body><form>아이디 비밀번호</form></body></html>"
).encode()
HTML_MAINTENANCE = "<html><head><title>시스템 점검 안내</title></head><body>09:00 ~ 18:00</body></html>".encode("cp949")


def gateway_error(code: str, message: str) -> bytes:
    """What the gateway of data.go.kr says in XML, whatever was asked for."""
    return (
        "<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg>"
        f"<returnAuthMsg>{message}</returnAuthMsg><returnReasonCode>{code}</returnReasonCode>"
        "</cmmMsgHeader></OpenAPI_ServiceResponse>"
    ).encode()
