"""The polite HTTP session every connector reads through: guarded, bounded, masked, and patient within reason.

A fetch resolves and judges addresses (``ingest/addresses.py``), follows at most a few redirects of its own accord,
spools the answer to a temporary file under a byte cap and a total deadline, and repeats only failures that are
``temporary`` and worth repeating inside one run. No secret reaches an error, an address or a log
(``ingest/masking.py``): requests go straight through ``httpcore2``, because the client above it logs full addresses.
What an answer means is the connector's business.
"""

import codecs
import datetime as dt
import functools
import hashlib
import html
import mimetypes
import os
import re
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import quote, urlencode

import httpcore2
import httpx2
import stamina

from catalog.text import Text
from ingest.addresses import Deadline, GuardedBackend, Refused, judged_addresses
from ingest.answers import (
    INBOX,
    NDJSON,
    USUAL_LIMITS,
    Answer,
    Limits,
    Span,
    ask_freely,
    is_web,
    readable_size,
    seconds_of,
)
from ingest.certificates import refusal_of
from ingest.content_encoding import decode
from ingest.errors import (
    BrokenOff,
    CertificateRefused,
    ForbiddenAddress,
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    TimedOut,
    TooLarge,
    Unreachable,
)
from ingest.local_files import ONLY_HTTP, find_file, open_file, read_pieces
from ingest.masking import Mask, masked
from ingest.row_pieces import Piece, PieceWriter, lines_of
from ingest.wire import Door, Wire, connect_to

T = TypeVar("T")

USER_AGENT = "UrbanDataHub/1 (open-source urban data hub; scheduled collection of open data)"
DOORS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_MODIFIED = 304
SAMPLE = 8 * 1024

NO_LOGIN = Text(
    ko="주소에 아이디와 비밀번호를 적을 수 없습니다.", en="a user name or password must not be part of the address."
)
NO_HOST = Text(ko="주소에 호스트가 없습니다.", en="the address names no host.")
NO_DOWNGRADE = Text(
    ko="https에서 http로 돌려보내는 응답은 따라가지 않습니다.", en="a redirect from https to http is not followed."
)
NO_BODY_ELSEWHERE = Text(
    ko="POST로 보낸 내용은 다른 주소로 다시 보내지 않습니다.",
    en="what was sent by POST is not sent on to another address.",
)
NO_KEY_ELSEWHERE = Text(
    ko="인증키가 다른 호스트로 넘어가는 리다이렉트는 따라가지 않습니다.",
    en="a redirect that would hand the key to another host is not followed.",
)


class Session:
    """Fetches what one run needs; used by one thread, closed at its end together with its spooled answers.

    ``file_roots`` are the only folders local files may be read from; a relative path is looked for in each of them.
    ``archive`` is given every complete answer, refused ones too, and must copy the file if it wants to keep it.
    ``before_request`` is told the host (``name:port``) before each request goes out; it may wait, or raise what forbids it.
    ``position`` is what the last published run left, ``left`` what this one leaves (``leave``): it is kept when the run is
    published, and not before. ``moment`` is the run's own time and ``span`` what it is to make up for. ``setup`` is a digest of
    all that makes records of answers; ``may_skip`` says that what is published is what this source left there, so that what
    has not changed since need not be read again. ``inbox`` lists the
    files of messages that were received for the source, oldest first. ``authorities`` are PEM certificates that are
    trusted beside the system's. ``alive`` is called at least every second while something is waited for; what it raises
    ends the wait.
    Answers lie in a folder of the session's own below ``spool`` (the system's temporary folder when omitted), which only
    a killed process leaves behind.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        file_roots: Sequence[Path] = (),
        secrets: Sequence[str] = (),
        archive: Callable[[Answer], None] | None = None,
        limits: Limits = USUAL_LIMITS,
        user_agent: str = USER_AGENT,
        spool: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        before_request: Callable[[str], None] = ask_freely,
        position: Mapping[str, Any] | None = None,
        moment: dt.datetime | None = None,
        span: Span | None = None,
        setup: str = "",
        may_skip: bool = False,
        inbox: Sequence[Path] = (),
        authorities: str = "",
        alive: Callable[[], None] | None = None,
    ) -> None:
        self.mask = Mask(secrets)
        self.position: Mapping[str, Any] = dict(position or {})
        self.left: Mapping[str, Any] = self.position
        self.moment = moment or dt.datetime.now(dt.UTC)
        self.span = span
        self.setup = setup
        self.may_skip = may_skip
        self.alive = alive
        self.told: list[tuple[str, Text]] = []
        self.inbox = tuple(inbox)
        self._before_request = before_request
        self.authorities = authorities
        self._allow_private = allow_private
        self._file_roots = tuple(root.resolve() for root in file_roots)
        self._archive = archive
        self._limits = limits
        self._user_agent = user_agent
        self._deadline = Deadline(clock, alive=alive)
        self._doors: dict[str, Door] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="hub-answers-", dir=spool)
        self._repeat = stamina.RetryingCaller(
            attempts=limits.attempts,
            timeout=limits.total,
            wait_initial=limits.wait_initial,
            wait_max=limits.wait_max,
            wait_jitter=limits.wait_jitter,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and delete the spooled answers."""
        for door in self._doors.values():
            door.close()
        if "_pool" in vars(self):
            self._pool.close()
        self._folder.cleanup()

    def leave(self, position: Mapping[str, Any]) -> None:
        """Say how far the source has been read: plain JSON values, given back as ``position`` once this is published."""
        self.left = dict(position)

    def tell(self, code: str, text: Text) -> None:
        """Have the run's report say something that is no error: ``code`` is that of a finding."""
        self.told.append((code, text))

    def received(self) -> Iterator[Answer]:
        """Yield the files of messages that were received for the source, oldest first; each is an answer like any other."""
        for path in self.inbox:
            with path.open("rb") as file:
                answer = self._save(f"{INBOX}{path.name}", read_pieces(file), 200, "application/x-ndjson")
            if self._archive:
                self._archive(answer)
            yield answer
            answer.path.unlink()

    def open_door(self, scheme: str, door: Door) -> None:
        """Have locations of this scheme fetched by one who speaks its protocol, instead of one who did so before."""
        if scheme in self._doors:
            self._doors[scheme].close()
        self._doors[scheme] = door

    def keep_secret(self, secret: str) -> None:
        """Mask this secret from now on; connectors name the keys they send."""
        self.mask.add(secret)

    def fetch(
        self, location: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer of an HTTP address, or of a local path or ``file:`` address under the file roots.

        ``params`` are added to the address's own query; ``headers`` are never sent to another host than the first.
        """

        def attempt() -> Answer:
            answer, pause = self._ask(location, params, headers)
            self._refuse_status(answer, pause)
            return answer

        return self._insist(attempt)

    def read(
        self,
        location: str,
        parse: Callable[[Answer], T],
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        explain: Callable[[Answer], None] | None = None,
        body: bytes | None = None,
    ) -> T:
        """Fetch and parse in one attempt, so that a temporary failure told in the body is repeated like one of the wire.

        ``explain`` sees answers with an error status first and may raise something more exact than the status tells.
        The spooled answer is deleted once it is parsed. A ``body`` is sent by POST, to nowhere but the address itself.
        """

        def attempt() -> T:
            answer, pause = self._ask(location, params, headers, body)
            try:
                if explain and answer.status >= 400:
                    explain(answer)
                self._refuse_status(answer, pause)
                return parse(answer)
            finally:
                answer.path.unlink()

        return self._insist(attempt)

    def fetch_newer(
        self, location: str, known: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Answer | None:
        """Return the answer of an HTTP address; None when it says that it still has what ``known`` headers (etag, …) told of."""
        asked = {CONDITIONS[name]: value for name, value in known.items() if name in CONDITIONS}

        def attempt() -> Answer | None:
            answer, pause = self._ask(location, None, {**(headers or {}), **asked})
            if asked and answer.status == NOT_MODIFIED:
                answer.path.unlink()
                return None
            self._refuse_status(answer, pause)
            return answer

        return self._insist(attempt)

    def keep_rows(
        self, location: str, read: Callable[[], Iterator[Sequence[Mapping[str, object]]]]
    ) -> Iterator[Sequence[Mapping[str, object]]]:
        """Yield the pages of rows of what is spoken to otherwise than by HTTP, and keep them as answers in pieces of JSON lines.

        A page that repeats a secret has asterisks in its place: its piece is only looked through after its rows have gone on.
        """
        writer = PieceWriter(Path(self._folder.name))
        try:
            for page in read():
                lines = lines_of(page)
                for line in lines if self._archive else ():
                    if writer.is_full:
                        self._keep_piece(location, writer.close())
                        writer = PieceWriter(Path(self._folder.name))
                    writer.write(line)
                if self.mask.stands_in(b"".join(lines)):
                    page = [masked(row, self.mask) for row in page]
                yield page
            self._keep_piece(location, writer.close(), is_last=True)
        finally:
            writer.give_up()

    def _keep_piece(self, location: str, piece: Piece, *, is_last: bool = False) -> None:
        if self._archive:
            shown = self.mask(location)
            self._archive(Answer(shown, piece.path, piece.size, NDJSON, 200, piece.sha256, is_last=is_last))
        piece.path.unlink()

    def probe(
        self, location: str, *, method: str = "HEAD", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Return the status of an HTTP address and where it is had in the end; nothing of its content is kept.

        One try, without repeating; ``GET`` asks for the first byte only and hangs up once the status is known.
        """
        self._deadline.start(self._limits.total)
        url = self._parse_url(location)
        for _ in range(self._limits.redirects + 1):
            received = self._look(url, method, headers or {})
            if isinstance(received, int):
                return received, self._show(url)
            if not same_party(url, received):
                headers = {}
            url = received
        raise self._too_many_redirects(url)

    def addresses_of(self, host: str, port: int) -> list[str]:
        """Return the judged addresses of a host that is spoken to otherwise than by HTTP; connect to no other."""
        shown = self.mask(f"{host}:{port}")
        self._before_request(f"{host}:{port}")
        try:
            return judged_addresses(host, port, allow_private=self._allow_private)
        except Refused as error:
            raise ForbiddenAddress(address=shown, reason=error.reason) from error
        except httpcore2.ConnectError as error:
            raise Unreachable(address=shown, reason=self.mask(str(error))) from error

    def find_file(self, location: str) -> Path:
        """Return the real path of a file under the file roots that is a setting and no data: it is not archived."""
        return find_file(location, self._file_roots, self.mask(location))

    def excerpt(self, answer: Answer) -> str:
        """Return the first words of an answer for a message: no tags, no secrets; the title alone if it is a web page."""
        with answer.path.open("rb") as file:
            sample = file.read(SAMPLE)
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(sample)
        except UnicodeDecodeError:
            text = sample.decode("cp949", "replace")
        if len(sample) == SAMPLE:
            text = text[:-512]  # the sample may end inside a secret, which no mask would know
        title = re.search(r"<title[^>]*>([^<]+)</title>", text, re.IGNORECASE)
        text = title[1] if title else re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.I)
        words = " ".join("".join(c if c.isprintable() else " " for c in self.mask(html.unescape(text))).split())
        return words if len(words) <= 200 else words[:199] + "…"

    # What follows is one attempt, in the order it happens.

    def _insist(self, attempt: Callable[[], T]) -> T:
        self._deadline.start(self._limits.total)
        return self._repeat(self._pause_before_repeating, attempt)

    def _pause_before_repeating(self, error: Exception) -> bool | float:
        """Say whether an error is worth another attempt in this run; a number is the pause the platform asked for."""
        if not isinstance(error, SourceError) or not error.temporary or isinstance(error, QuotaExceeded):
            return False
        asked = error.values.get("retry_after")
        if not isinstance(asked, float):
            return self._deadline.left() > self._limits.wait_initial
        pause = min(asked, self._limits.retry_after)
        return pause if pause < self._deadline.left() else False

    def _ask(
        self,
        location: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None = None,
    ) -> tuple[Answer, float | None]:
        if is_web(location):
            answer, pause = self._request(location, params or {}, headers or {}, body)
        elif door := self._doors.get(location.partition("://")[0].lower()):
            answer, pause = self._bring(location, door), None
        else:
            answer, pause = self._copy_file(location), None
        if self._archive and answer.status != NOT_MODIFIED:
            self._archive(answer)
        return answer, pause

    def _request(
        self, location: str, params: Mapping[str, str], headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer, float | None]:
        url = self._parse_url(location)
        if params:
            query = urlencode(params, quote_via=quote, safe="").encode("ascii")
            url = url.copy_with(query=b"&".join(part for part in (url.query, query) if part))
        for _ in range(self._limits.redirects + 1):
            received = self._exchange(url, headers, body)
            if isinstance(received, tuple):
                return received
            if body is not None:
                raise ForbiddenAddress(address=self._show(received), reason=NO_BODY_ELSEWHERE)
            if not same_party(url, received):
                headers = {}
            url = received
        raise self._too_many_redirects(url)

    def _too_many_redirects(self, url: httpx2.URL) -> RequestRefused:
        return RequestRefused(
            address=self._show(url),
            answer=Text(
                ko=f"다른 주소로 {self._limits.redirects}번 넘게 돌려보냈습니다",
                en=f"it redirected more than {self._limits.redirects} times",
            ),
        )

    def _parse_url(self, location: str, base: httpx2.URL | None = None) -> httpx2.URL:
        try:
            url = base.join(location) if base else httpx2.URL(location)
        except (httpx2.InvalidURL, ValueError) as error:
            raise ForbiddenAddress(address=self.mask(location), reason=self.mask(str(error))) from None
        shown = self._show(url)
        if url.scheme not in ("http", "https"):
            raise ForbiddenAddress(address=shown, reason=ONLY_HTTP)
        if url.userinfo:
            raise ForbiddenAddress(address=shown, reason=NO_LOGIN)
        if not url.raw_host:
            raise ForbiddenAddress(address=shown, reason=NO_HOST)
        return without_fragment(url)

    def _show(self, url: httpx2.URL) -> str:
        return self.mask(str(url.copy_with(userinfo=b"***") if url.userinfo else url))

    def _exchange(
        self, url: httpx2.URL, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer, float | None] | httpx2.URL:
        """Make one request and return the spooled answer and the pause it asks for, or where it redirects to."""
        try:
            method = "GET" if body is None else "POST"
            with self._stream(method, url, {"Accept-Encoding": "gzip", **headers}, body) as response:
                received = {name.lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status in REDIRECTS and b"location" in received:
                    return self._next_hop(url, received[b"location"])
                if b"link" in received:  # the one header that is read here and may come in several lines
                    links = [value for name, value in response.headers if name.lower() == b"link"]
                    received[b"link"] = b", ".join(links).decode("latin-1")
                answer = self._spool(url, response, received)
                return answer, seconds_of(received.get(b"retry-after"))
        except Exception as error:
            self._raise_told(url, error)

    def _look(self, url: httpx2.URL, method: str, headers: Mapping[str, str]) -> int | httpx2.URL:
        """Make one request, leave its content unread, and return its status or where it redirects to."""
        try:
            ranged = {"Range": "bytes=0-0"} if method == "GET" else {}
            with self._stream(method, url, {**ranged, **headers}) as response:
                received = {name.lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status in REDIRECTS and b"location" in received:
                    return self._next_hop(url, received[b"location"])
                return response.status
        except Exception as error:
            self._raise_told(url, error)

    def _stream(
        self, method: str, url: httpx2.URL, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractContextManager[httpcore2.Response]:
        self._before_request(f"{url.host}:{url.port or DOORS[url.scheme]}")
        timeouts = {"connect": self._limits.connect, "read": self._limits.read, "write": self._limits.read, "pool": 1.0}
        return self._pool.stream(
            method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers={
                "User-Agent": self._user_agent,
                "Accept": "*/*",
                **({} if body is None else {"Content-Length": str(len(body))}),
                **headers,
            },
            content=body,
            extensions={"timeout": timeouts},
        )

    @functools.cached_property
    def _pool(self) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=trusted_authorities(self.authorities),
            network_backend=GuardedBackend(self._deadline, allow_private=self._allow_private),
            max_connections=4,
            keepalive_expiry=5,
        )

    def _next_hop(self, url: httpx2.URL, location: str) -> httpx2.URL:
        hop = self._parse_url(location, base=url)
        if url.scheme == "https" and hop.scheme == "http":
            raise ForbiddenAddress(address=self._show(hop), reason=NO_DOWNGRADE)
        if not same_party(url, hop) and self._show(hop) != str(hop):
            raise ForbiddenAddress(address=self._show(hop), reason=NO_KEY_ELSEWHERE)
        return hop

    def _spool(self, url: httpx2.URL, response: httpcore2.Response, headers: Mapping[bytes, str]) -> Answer:
        address = self._show(url)
        pieces = decode(response.iter_stream(), headers.get(b"content-encoding", "").strip().lower(), address)
        announced = headers.get(b"content-length", "")
        if announced.isdecimal() and int(announced) > self._limits.size:
            raise TooLarge(address=address, limit=readable_size(self._limits.size))
        answer = self._save(address, pieces, response.status, headers.get(b"content-type", ""))
        return replace(answer, headers={name.decode("latin-1"): value for name, value in headers.items()})

    def _save(self, address: str, pieces: Iterable[bytes], status: int, content_type: str) -> Answer:
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self._folder.name)
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    size += len(piece)
                    if size > self._limits.size:
                        raise TooLarge(address=address, limit=readable_size(self._limits.size))
                    digest.update(piece)
                    file.write(piece)
        except BaseException:
            path.unlink()
            raise
        return Answer(address, path, size, content_type, status, digest.hexdigest())

    def _raise_told(self, url: httpx2.URL, error: Exception) -> NoReturn:
        """Raise the error of ours that an error of the wire means."""
        address = self._show(url)
        reason = self.mask(str(error))
        cause = error if reason == str(error) else None
        match error:
            case Refused():
                raise ForbiddenAddress(address=address, reason=error.reason) from error
            case httpcore2.TimeoutException():
                late = self._deadline.left() <= 0
                waited = self._limits.connect if isinstance(error, httpcore2.ConnectTimeout) else self._limits.read
                raise TimedOut(address=address, seconds=f"{self._limits.total if late else waited:g}") from error
            case httpcore2.ConnectError():
                if refusal := refusal_of(error):
                    raise CertificateRefused(address=address, reason=refusal) from error
                raise Unreachable(address=address, reason=reason) from cause
            case httpcore2.NetworkError() | httpcore2.RemoteProtocolError():
                raise BrokenOff(address=address, reason=reason) from cause
            case httpcore2.ProtocolError() | httpcore2.UnsupportedProtocol():
                raise RequestRefused(address=address, answer=reason) from cause
        raise error

    def _refuse_status(self, answer: Answer, pause: float | None) -> None:
        """Raise what an answer's status means, unless it is a success."""
        if 200 <= answer.status < 300:
            return
        told = f"HTTP {answer.status} {self.excerpt(answer)}".strip()
        if answer.status == 429 or answer.status >= 500:
            raise PlatformFailure(address=answer.location, answer=told, retry_after=pause)
        if answer.status in (401, 403) and self.mask:
            raise KeyRefused(address=answer.location, answer=told)
        raise RequestRefused(address=answer.location, answer=told)

    def _bring(self, location: str, door: Door) -> Answer:
        """Spool what comes through a door."""
        self._before_request(door.host)
        wire = Wire(self._connect, self._deadline, self._limits.read, self._limits.total, self.mask)
        return self._save(self.mask(location), door.bring(location, wire), 200, mimetypes.guess_type(location)[0] or "")

    def _connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to a judged address of the host."""
        try:
            addresses = judged_addresses(host, port, allow_private=self._allow_private)
            return connect_to(addresses, port, self._deadline, self._limits.connect)
        except Exception as error:
            self._raise_told(httpx2.URL(scheme="tcp", host=host, port=port), error)

    def _copy_file(self, location: str) -> Answer:
        """Spool a local file: a copy cannot change between the two readings that prove its encoding and read it."""
        shown = self.mask(location)
        path = find_file(location, self._file_roots, shown)
        with open_file(path, shown) as file:
            return self._save(shown, read_pieces(file), 200, mimetypes.guess_type(path.name)[0] or "")


CONDITIONS: Mapping[str, str] = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


@functools.lru_cache(maxsize=32)
def trusted_authorities(added: str = "") -> ssl.SSLContext:
    """Return the system's certificate authorities and those ``added`` as PEM; the environment has no say.

    Reading the system's takes 25 ms, so that they are kept.
    """
    context = httpx2.create_ssl_context(trust_env=False)
    if added:
        context.load_verify_locations(cadata=added)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is named here is trusted, a root or not
        context.verify_flags &= (
            ~ssl.VERIFY_X509_STRICT
        )  # authorities of one's own often lack what RFC 5280 asks of them
    return context


def without_fragment(url: httpx2.URL) -> httpx2.URL:
    return url.copy_with(fragment=None) if "#" in str(url) else url


def same_party(one: httpx2.URL, other: httpx2.URL) -> bool:
    """Say whether both addresses are the same host and port, or its plain and its secure door."""
    doors = {(one.scheme, one.port), (other.scheme, other.port)}
    return one.raw_host == other.raw_host and (len(doors) == 1 or doors == {("http", None), ("https", None)})
