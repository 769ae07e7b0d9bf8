"""A line between two hubs on which everything goes wrong that is planned: a proxy on loopback with faults by request.

A fault is a row of ``FAULTS``: what it makes of one exchange. What passed is counted in bytes and remembered, so that answers
of before can be given again.
"""

import contextlib
import gzip
import json
import random
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

REMEMBERED = 60


@dataclass(frozen=True)
class Exchange:
    """One request as it came, and how to have it answered; ``chance`` decides what the fault leaves open."""

    proxy: "FaultProxy"
    line: socket.socket
    request: bytes
    chance: random.Random

    @property
    def path(self) -> str:
        return self.request.split(b" ", 2)[1].decode().partition("?")[0]

    @property
    def question(self) -> tuple[bytes, bytes]:
        """What tells a request from others: its first line and its body."""
        head, _, body = self.request.partition(b"\r\n\r\n")
        return head.partition(b"\r\n")[0], body

    def answer(self) -> bytes:
        """Ask the hub itself and return all that it answers."""
        answer = self.proxy.ask(self.request)
        self.proxy.remember(self, answer)
        return answer

    def send(self, content: bytes) -> None:
        self.proxy.moved += len(content)
        self.proxy.sizes.append((self.path, len(content)))
        self.line.sendall(content)


Fault = Callable[[Exchange], None]


def pass_on(exchange: Exchange) -> None:
    exchange.send(exchange.answer())


def refuse(exchange: Exchange) -> None:
    """Break the connection before anything was asked."""
    reset(exchange.line)


def reset_after(exchange: Exchange) -> None:
    """Have the hub answer, and break the connection instead of passing it on."""
    exchange.answer()
    reset(exchange.line)


def cut(exchange: Exchange) -> None:
    answer = exchange.answer()
    exchange.send(answer[: exchange.chance.randrange(len(answer))])


def cut_cleanly(exchange: Exchange) -> None:
    """Send the beginning of the body as if it were all."""
    head, body = parts(exchange.answer())
    exchange.send(whole(head, body[: exchange.chance.randrange(len(body) + 1)]))


def drop_rows(exchange: Exchange) -> None:
    """Leave entries, documents or nodes out of an answer that stays well formed."""
    head, body = parts(exchange.answer())
    try:
        document = json.loads(body)
    except ValueError:
        exchange.send(whole(head, body))
        return
    for name in ("entries", "documents", "nodes", "keys"):
        rows = document.get(name)
        if isinstance(rows, list):
            document[name] = [row for row in rows if exchange.chance.random() < 0.5]
        elif isinstance(rows, dict):
            document[name] = {key: row for key, row in rows.items() if exchange.chance.random() < 0.5}
    exchange.send(whole(head, json.dumps(document).encode()))


def give_stale(exchange: Exchange) -> None:
    """Give an answer that the same question had before."""
    known = exchange.proxy.stale.get(exchange.question)
    exchange.send(known if known else exchange.answer())


def swap(exchange: Exchange) -> None:
    """Give the answer to another question of before."""
    known = list(exchange.proxy.stale.values())
    exchange.send(exchange.chance.choice(known) if known else exchange.answer())


def repeat(exchange: Exchange) -> None:
    """Ask twice, as a line does that lost the first answer, and pass the second one on."""
    exchange.answer()
    exchange.send(exchange.answer())


def alter(exchange: Exchange) -> None:
    head, body = parts(exchange.answer())
    changed = bytearray(body)
    if changed:
        changed[exchange.chance.randrange(len(changed))] ^= 1 << exchange.chance.randrange(8)
    exchange.send(whole(head, bytes(changed)))


def answer_slowly(exchange: Exchange) -> None:
    answer = exchange.answer()
    for start in range(0, len(answer), len(answer) // 3 + 1):
        time.sleep(0.01)
        exchange.send(answer[start : start + len(answer) // 3 + 1])


def put_clock_off(exchange: Exchange) -> None:
    """Let the answer be hours or years off, as it says."""
    head, body = parts(exchange.answer())
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
    year = exchange.chance.choice((1970, 2024, 2031))
    lines.insert(1, f"Date: Tue, 01 Jan {year} 0{exchange.chance.randrange(10)}:00:00 GMT".encode())
    exchange.send(whole(b"\r\n".join(lines), body))


def send_elsewhere(exchange: Exchange) -> None:
    """Redirect into the inside."""
    target = b"http://169.254.169.254/latest/meta-data"
    exchange.send(b"HTTP/1.1 302 X\r\nLocation: " + target + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def fail_with(status: int, *headers: bytes, body: bytes = b"no") -> Fault:
    head = b"\r\n".join([b"HTTP/1.1 %d X" % status, b"Content-Type: text/html", *headers])

    def act(exchange: Exchange) -> None:
        exchange.send(whole(head, body))

    return act


FAULTS: Mapping[str, Fault] = {
    "refused": refuse,
    "reset": reset_after,
    "cut": cut,
    "cut cleanly": cut_cleanly,
    "rows dropped": drop_rows,
    "stale": give_stale,
    "swapped": swap,
    "repeated": repeat,
    "altered": alter,
    "slow": answer_slowly,
    "clock": put_clock_off,
    "redirect": send_elsewhere,
    "500": fail_with(500),
    "503": fail_with(503, b"Retry-After: 1"),
    "429": fail_with(429, b"Retry-After: 86400"),
    "a page for people": fail_with(200, body=b"<html><title>login</title></html>"),
}


@dataclass
class FaultProxy:
    """Passes requests on to the hub at ``port``; ``plan`` names the fault of the n-th request since the plan was made.

    ``meanwhile`` is called before the request of a number is passed on: the hub may change, somebody may be killed.
    ``is_closed``: nobody gets through at all.
    """

    port: int
    plan: dict[int, str] = field(default_factory=dict)
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)
    every: Fault | None = None
    is_closed: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    stale: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sizes: list[tuple[str, int]] = field(default_factory=list)
    moved: int = 0

    def __post_init__(self) -> None:
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    outer.exchange(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def make_plan(
        self,
        plan: Mapping[int, str] | None = None,
        *,
        chance: random.Random | None = None,
        meanwhile: Mapping[int, Callable[[], None]] | None = None,
        is_closed: bool = False,
        every: Fault | None = None,
    ) -> None:
        """Say what goes wrong from now on, nothing by default, and count anew."""
        self.plan, self.meanwhile, self.is_closed, self.every = (
            dict(plan or {}),
            dict(meanwhile or {}),
            is_closed,
            every,
        )
        self.chance = chance or random.Random(0)
        self.asked, self.sizes, self.moved = [], [], 0

    def exchange(self, line: socket.socket) -> None:
        request = read_request(line)
        if not request:
            return
        if self.is_closed:
            reset(line)
            return
        self.moved += len(request)
        number = len(self.asked) + 1
        exchange = Exchange(self, line, request, self.chance)
        self.asked.append(exchange.path)
        if act := self.meanwhile.get(number):
            act()
        fault = FAULTS[self.plan[number]] if number in self.plan else self.every or pass_on
        fault(exchange)
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_WR)

    def ask(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"connection:")]
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as hub:
            hub.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            pieces = []
            while piece := hub.recv(1 << 16):
                pieces.append(piece)
        return b"".join(pieces)

    def remember(self, exchange: Exchange, answer: bytes) -> None:
        self.stale.setdefault(exchange.question, answer)
        if len(self.stale) > REMEMBERED:
            self.stale.pop(next(iter(self.stale)))


def read_request(line: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = line.recv(1 << 16)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    fields = dict(row.lower().split(b": ", 1) for row in head.split(b"\r\n")[1:] if b": " in row)
    length = int(fields.get(b"content-length", b"0"))
    while len(body) < length:
        body += line.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def parts(answer: bytes) -> tuple[bytes, bytes]:
    """Return the head and the plain body of an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"content-encoding: gzip" in head.lower():
        body = gzip.decompress(body)
        rows = head.split(b"\r\n")
        head = b"\r\n".join(row for row in rows if not row.lower().startswith(b"content-encoding"))
    return head, body


def whole(head: bytes, body: bytes) -> bytes:
    """Return an answer whose length is that of its body."""
    rows = [row for row in head.split(b"\r\n") if not row.lower().startswith((b"content-length", b"connection"))]
    return b"\r\n".join([*rows, b"Content-Length: %d" % len(body), b"Connection: close"]) + b"\r\n\r\n" + body


def reset(line: socket.socket) -> None:
    """Close a connection as a broken line does, without a word."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()
