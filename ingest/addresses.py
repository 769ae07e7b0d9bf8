"""Which network addresses a source may lead to, checked at the moment of connecting.

A name is resolved once, every address it has is judged by ``RULES``, and the connection goes to an address that was
judged: a name that answers differently the second time (DNS rebinding) gains nothing. One total deadline caps every
wait on the wire, so that a platform dripping a byte a second cannot hold a worker. Sessions are in ``ingest/http.py``.
"""

import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal

import httpcore2

from catalog.text import Text


@dataclass(frozen=True)
class Rule:
    """What is held of a network: never allowed, private (a source may be granted it), or an IPv4 address in disguise.

    ``shift`` is where, in bits from the right, a disguised IPv4 address sits.
    """

    network: IPv4Network | IPv6Network
    kind: Literal["never", "private", "disguised"]
    what: Text
    shift: int = 0


NAT64 = ip_network("64:ff9b::/96")
METADATA = Text(ko="클라우드 메타데이터 주소", en="a cloud metadata address")
LINK_LOCAL = Text(ko="링크 로컬 주소", en="a link-local address")
UNSPECIFIED = Text(ko="미지정 주소", en="an unspecified address")
MULTICAST = Text(ko="멀티캐스트 주소", en="a multicast address")
RESERVED = Text(ko="예약된 주소", en="a reserved address")
LOOPBACK = Text(ko="이 컴퓨터 자신의 주소", en="this machine's own address")
PRIVATE = Text(ko="사설망 주소", en="a private address")
SHARED = Text(ko="통신사 공유 주소(CGNAT)", en="a carrier's shared address (CGNAT)")
DISGUISED = Text(ko="IPv6 안에 감춘 IPv4 주소", en="an IPv4 address inside an IPv6 one")

# The first rule that holds the address decides; an address no rule holds must still be global.
RULES: tuple[Rule, ...] = tuple(
    Rule(ip_network(network), kind, what, shift)
    for network, kind, what, shift in (
        ("169.254.0.0/16", "never", LINK_LOCAL, 0),  # 169.254.169.254: metadata of most clouds
        ("fe80::/10", "never", LINK_LOCAL, 0),
        ("fec0::/10", "never", RESERVED, 0),
        ("fd00:ec2::/32", "never", METADATA, 0),
        ("100.100.100.200/32", "never", METADATA, 0),
        ("168.63.129.16/32", "never", METADATA, 0),
        ("192.0.0.0/24", "never", RESERVED, 0),
        ("0.0.0.0/8", "never", UNSPECIFIED, 0),
        ("::/128", "never", UNSPECIFIED, 0),
        ("224.0.0.0/4", "never", MULTICAST, 0),
        ("ff00::/8", "never", MULTICAST, 0),
        ("240.0.0.0/4", "never", RESERVED, 0),
        ("64:ff9b:1::/48", "never", DISGUISED, 0),
        ("2001::/32", "never", DISGUISED, 0),
        ("127.0.0.0/8", "private", LOOPBACK, 0),
        ("::1/128", "private", LOOPBACK, 0),
        ("10.0.0.0/8", "private", PRIVATE, 0),
        ("172.16.0.0/12", "private", PRIVATE, 0),
        ("192.168.0.0/16", "private", PRIVATE, 0),
        ("198.18.0.0/15", "private", PRIVATE, 0),
        ("fc00::/7", "private", PRIVATE, 0),
        ("100.64.0.0/10", "private", SHARED, 0),
        ("::ffff:0:0/96", "disguised", DISGUISED, 0),
        ("64:ff9b::/96", "disguised", DISGUISED, 0),
        ("::/96", "disguised", DISGUISED, 0),
        ("2002::/16", "disguised", DISGUISED, 80),
    )
)

# Services that speak no HTTP but obey a line they recognise in a request; refused on granted private networks too.
ALIVE_SECONDS = 1.0
OWN_SERVICES: set[tuple[str, int]] = set()  # host and port of the hub's database, queue and cache (``ingest/apps.py``)
OWN_SERVICE = Text(
    ko="허브 자신의 데이터베이스나 대기열이 쓰는 주소입니다.", en="the hub's own database or queue answers there."
)
NEVER_PORTS = frozenset({22, 25, 465, 587, 3306, 5432, 5672, 6379, 11211})

GRANT = Text(
    ko="사설망의 소스라면 소스에 allow_private = true를 적으십시오.",
    en="If the source belongs to your own network, set allow_private = true on it.",
)


class Refused(Exception):
    """The address may not be connected to; ``reason`` says why, in both languages."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


@dataclass
class Deadline:
    """The moment after which nothing on the wire is waited for; started anew for each fetch.

    ``alive`` is called every ALIVE_SECONDS of a wait; what it raises ends the wait.
    """

    clock: Callable[[], float] = time.monotonic
    at: float = 0.0
    alive: Callable[[], None] | None = None

    def start(self, seconds: float) -> None:
        self.at = self.clock() + seconds

    def left(self) -> float:
        return self.at - self.clock()

    def cap(self, timeout: float | None) -> float:
        """Return the time-out, shortened to what is left; raise a time-out when nothing is."""
        left = self.left()
        if left <= 0:
            raise httpcore2.ReadTimeout("the total deadline has passed")
        return left if timeout is None else min(timeout, left)

    def wait(self, read: Callable[[float], bytes], timeout: float | None) -> bytes:
        """Return what ``read`` gives within the time-out, asking ``alive`` in between."""
        if self.alive is None:
            return read(self.cap(timeout))
        ends = self.clock() + self.cap(timeout)
        while True:
            self.alive()
            piece = min(ALIVE_SECONDS, max(ends - self.clock(), 0.001))
            try:
                return read(piece)
            except httpcore2.ReadTimeout:
                if self.clock() >= ends:
                    raise


class GuardedBackend(httpcore2.SyncBackend):
    """Connects to judged addresses only, and lets no wait outlive the deadline."""

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        if port in NEVER_PORTS:
            raise Refused(Text(ko=f"{port}번 포트는 HTTP가 아닙니다.", en=f"port {port} does not speak HTTP."))
        addresses = judged_addresses(host, port, allow_private=self._allow_private)
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = super().connect_tcp(
                    address, port, self._deadline.cap(timeout), local_address, socket_options or ()
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, self._deadline)
        raise failure

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        raise Refused(Text(ko="유닉스 소켓에는 연결하지 않습니다.", en="Unix sockets are not connected to."))


def judged_addresses(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Resolve a name once and return its addresses; one of them that may not be connected to refuses them all."""
    addresses = resolve(host, port)
    own = {plain(address) for name, door in OWN_SERVICES if door == port for address in resolve(name, door)}
    if any(is_own(plain(address), own) for address in addresses):
        raise Refused(OWN_SERVICE)
    for address in addresses:
        check(address, allow_private=allow_private)
    return addresses


def resolve(host: str, port: int) -> list[str]:
    """Return every address of the name, once, in the resolver's order; bytes keep Python's IDNA codec out of it."""
    try:
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"the name {host} cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def plain(address: str) -> IPv4Address | IPv6Address:
    """Return an address without its disguise: IPv4 may be written as IPv6 (mapped, 6to4, NAT64)."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return found
    inside = found.ipv4_mapped or found.sixtofour
    if inside is None and found in NAT64:
        inside = IPv4Address(found.packed[-4:])
    return inside or found


def is_own(address: IPv4Address | IPv6Address, own: Collection[IPv4Address | IPv6Address]) -> bool:
    """Tell whether a service of the hub is at an address; one on this machine answers at all of its own addresses."""
    return address in own or (address.is_loopback and any(one.is_loopback for one in own))


def check(address: str, *, allow_private: bool) -> None:
    """Raise ``Refused`` unless the address may be connected to."""
    what = objection(ip_address(address), allow_private=allow_private)
    if what is None:
        return
    hint = GRANT if objection(ip_address(address), allow_private=True) is None else Text()
    raise Refused(
        Text(
            ko=f"{address}은(는) {what.ko}입니다. {hint.ko}".strip(),
            en=f"{address} is {what.en}. {hint.en}".strip(),
        )
    )


def objection(address: IPv4Address | IPv6Address, *, allow_private: bool) -> Text | None:
    """Return what is wrong with the address, or None."""
    rule = next((rule for rule in RULES if address in rule.network), None)
    if rule is None:
        return None if address.is_global else RESERVED
    if rule.kind == "never" or not allow_private:
        return rule.what
    if rule.kind == "disguised":
        return objection(IPv4Address(int(address) >> rule.shift & 0xFFFFFFFF), allow_private=True)
    return None


class TimedStream(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._deadline.wait(lambda seconds: self._stream.read(max_bytes, seconds), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.cap(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.cap(timeout))
        return TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (the library's own signature)
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()
