"""The door of a session to one SFTP server: who it must be, how one logs in, and whether a file there is whole.

The connection goes to a judged address, and no password is said before the server has shown the key that the source
knows it by. What a location with ``?list`` brings is the list of the files meant, as JSON, so that a repeated run reads
the same ones. The library runs in an event loop that turns only while something is waited for: in between the session
asks whether the run is still wanted.
"""

import asyncio
import re
import stat
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, unquote, urlsplit

import asyncssh
import orjson

from catalog.text import Text
from ingest.addresses import ALIVE_SECONDS, NEVER_PORTS
from ingest.errors import (
    BrokenOff,
    ForbiddenAddress,
    HostKeyRefused,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    StillWritten,
    TimedOut,
    TooLarge,
)
from ingest.sftp_keys import HostKeeper, read_private_key
from ingest.wire import Wire

asyncssh.set_log_level("WARNING")  # it tells of each connection and each user

T = TypeVar("T")

PORT = 22
LIST = "list"
HOME = "/~/"  # where a path begins that is meant from the user's own folder on
MOST_FILES = 10_000
FIRST_PIECE, LARGEST_PIECE = 2**16, 2**22
PARTING_SECONDS = 2.0

NOT_SSH = Text(ko="{port}번 포트는 SFTP가 아닙니다.", en="port {port} does not speak SFTP.")
NO_FILE = Text(ko="그런 파일이 없습니다", en="there is no such file")
NOT_A_FILE = Text(ko="일반 파일이 아닙니다", en="it is no ordinary file")
NONE_MATCHES = Text(ko="'{pattern}'에 맞는 파일이 없습니다", en="no file there matches '{pattern}'")
STRANGE_NAME = Text(ko="목록에 이상한 파일 이름이 있습니다: {name}", en="its list has an odd file name: {name}")
CHANGES = Text(
    ko="크기나 시각이 {seconds}초 사이에 바뀌었습니다",
    en="its size or time changed within {seconds} s",
)
CHANGED_MEANWHILE = Text(ko="읽는 동안 바뀌었습니다", en="it changed while it was read")
NO_MARKER = Text(ko="표시 파일 {marker}이(가) 없습니다", en="there is no marker {marker}")
NO_ANSWER = Text(ko="서버가 말을 끊었습니다", en="the server hung up")
CUT = Text(ko="{size}바이트 중 {received}바이트만 왔습니다", en="{received} of {size} bytes came")


@dataclass(frozen=True)
class Place:
    """What a location says; ``name`` may have wildcards when a list is asked for."""

    host: str
    port: int
    user: str
    path: str
    is_list: bool

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0] or ("/" if self.path.startswith("/") else ".")

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Login:
    """Who logs in where, and by which key the server is known: a line of known_hosts, a fingerprint, or nothing yet."""

    host: str
    port: int
    user: str
    host_key: str | None = None
    password: str | None = None
    private_key: str | None = None


@dataclass(frozen=True)
class Seen:
    """What a file's size and time were."""

    size: int
    modified: int


class SftpDoor:
    """Brings files and lists of files from one server over one connection, which is made when it is first needed.

    A file is whole when its size and time stay the same for ``settle`` seconds, or, with ``marker``, when another file of
    its name and this ending (``lots.csv.done`` or ``lots.done``) stands beside it.
    """

    def __init__(self, login: Login, *, settle: float = 5.0, marker: str | None = None) -> None:
        self.host = f"{login.host}:{login.port}"
        self._login = login
        self._settle = settle
        self._marker = marker
        self._seen: dict[str, Seen] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def bring(self, location: str, wire: Wire) -> Iterator[bytes]:
        place = parse_location(location)
        waiting = Waiting(self._running_loop(), wire, wire.mask(f"sftp://{self.host}"))
        shown = wire.mask(location.partition("?")[0])
        try:
            client = self._client or self._connect(waiting)
            if place.is_list:
                yield orjson.dumps(self._list(client, place, waiting, shown))
            else:
                yield from self._read(client, place.path, waiting, shown)
        except BaseException as error:
            self._hang_up()
            raise_told(error, shown, wire.mask)

    def close(self) -> None:
        self._hang_up()
        if self._loop:
            self._loop.close()
            self._loop = None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _hang_up(self) -> None:
        """Let go of the connection, whatever state it is in."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is None or self._loop is None:
            return
        connection.abort()
        with suppress(Exception):  # it ends either way
            self._loop.run_until_complete(asyncio.wait_for(connection.wait_closed(), PARTING_SECONDS))

    def _connect(self, waiting: "Waiting") -> asyncssh.SFTPClient:
        """Log in, to nobody but the server that is known."""
        login = self._login
        if login.port != PORT and login.port in NEVER_PORTS:
            raise ForbiddenAddress(address=waiting.shown, reason=NOT_SSH.format(port=login.port))
        keys = [read_private_key(login.private_key)] if login.private_key else None
        owner = HostKeeper(login.host_key)
        wire = waiting.wire.connect(login.host, login.port)
        wire.setblocking(False)
        options: dict[str, Any] = {
            "client_factory": lambda: owner,
            "config": None,
            "username": login.user,
            "password": login.password,
            "client_keys": keys,
            "known_hosts": ([], [], [], [], [], [], []),  # the owner alone says which key is right
            "server_host_key_algs": owner.algorithms,
            "x509_trusted_certs": None,
            "agent_path": None,
            "gss_host": None,
            "host_based_auth": False,
            "disable_trivial_auth": True,
            "login_timeout": 0,
            "connect_timeout": None,
        }
        try:
            self._connection = waiting.wait_for(
                asyncssh.connect(sock=wire, host=login.host, port=login.port, **options)
            )
        except BaseException as error:
            wire.close()
            if isinstance(error, asyncssh.HostKeyNotVerifiable):
                raise HostKeyRefused(address=waiting.shown, reason=owner.reason) from error
            raise
        # Names that are no UTF-8 (CP949, from older servers) go back to the server as they came.
        starting = self._connection.start_sftp_client(path_encoding="utf-8", path_errors="surrogateescape")
        self._client = waiting.wait_for(starting)
        return self._client

    def _list(self, client: asyncssh.SFTPClient, place: Place, waiting: "Waiting", shown: str) -> list[dict[str, Any]]:
        """Return the files that are meant, in the order of their names, once all of them are whole."""
        found = waiting.wait_for(self._look(client, place, shown))
        if self._marker is None and self._settle:
            waiting.pause(self._settle)
            again = waiting.wait_for(self._look(client, place, shown))
            changed = next((name for name in sorted(found | again) if found.get(name) != again.get(name)), None)
            if changed is not None:
                reason = CHANGES.format(seconds=f"{self._settle:g}")
                raise StillWritten(address=beside(shown, changed), reason=reason)
        for name, seen in found.items():
            self._seen[joined(place.folder, name)] = seen
        return [
            {"name": quote(name, safe="", errors="surrogateescape"), "size": seen.size, "modified": seen.modified}
            for name, seen in sorted(found.items())
        ]

    async def _look(self, client: asyncssh.SFTPClient, place: Place, shown: str) -> dict[str, Seen]:
        """Return what stands there now."""
        if "*" not in place.name:
            found = {place.name: seen_of(await client.stat(place.path), shown)}
            names = {name for name in self._markers_of(place.name) if await client.exists(joined(place.folder, name))}
        else:
            found, names, matches = {}, set(), wildcard(place.name)
            async for entry in client.scandir(place.folder):
                name = str(entry.filename)
                names.add(name)
                if len(names) > MOST_FILES:
                    raise TooLarge(address=shown, limit=f"{MOST_FILES:,}")
                if "/" in name or "\0" in name:
                    raise RequestRefused(address=shown, answer=STRANGE_NAME.format(name=name))
                if not matches(name) or (self._marker and name.endswith(self._marker)):
                    continue
                attributes = await follow(client, joined(place.folder, name), entry.attrs)
                if attributes is not None and is_file(attributes):
                    found[name] = seen_of(attributes, shown)
        if not found:
            raise RequestRefused(address=shown, answer=NONE_MATCHES.format(pattern=place.name))
        unmarked = next((name for name in sorted(found) if self._marker and not names & self._markers_of(name)), None)
        if unmarked is not None:
            reason = NO_MARKER.format(marker=f"{unmarked}{self._marker}")
            raise StillWritten(address=beside(shown, unmarked), reason=reason)
        return found

    def _markers_of(self, name: str) -> set[str]:
        """Return the names under which a file's marker may stand."""
        if self._marker is None:
            return set()
        return {name + self._marker, name.rpartition(".")[0] + self._marker if "." in name else name + self._marker}

    def _read(self, client: asyncssh.SFTPClient, path: str, waiting: "Waiting", shown: str) -> Iterator[bytes]:
        """Yield a file's content; a file that is not the same afterwards was not read."""
        before = seen_of(waiting.wait_for(client.stat(path)), shown)
        if before != self._seen.get(path, before):
            raise StillWritten(address=shown, reason=CHANGED_MEANWHILE)
        file = waiting.wait_for(client.open(path, asyncssh.FXF_READ, encoding=None))
        received, piece = 0, FIRST_PIECE
        while received < before.size:
            started = time.monotonic()
            content = waiting.wait_for(file.read(min(piece, before.size - received), received))
            if not content:
                break
            yield bytes(content)
            received += len(content)
            if time.monotonic() - started < 1:
                piece = min(piece * 2, LARGEST_PIECE)
        waiting.wait_for(file.close())
        after = seen_of(waiting.wait_for(client.stat(path)), shown)
        if after != before:
            raise StillWritten(address=shown, reason=CHANGED_MEANWHILE)
        if received < before.size:
            raise BrokenOff(address=shown, reason=CUT.format(size=before.size, received=received))


@dataclass(frozen=True)
class Waiting:
    """Turns the event loop until something is there, the time for it is over, or the run is no longer wanted."""

    loop: asyncio.AbstractEventLoop
    wire: Wire
    shown: str

    def wait_for(self, asked: Awaitable[T]) -> T:
        deadline = self.wire.deadline
        task = asyncio.ensure_future(asked, loop=self.loop)
        ends = deadline.clock() + self.wire.seconds
        try:
            while not task.done():
                left = min(ends - deadline.clock(), deadline.left())
                if left <= 0:
                    seconds = self.wire.total if deadline.left() <= 0 else self.wire.seconds
                    raise TimedOut(address=self.shown, seconds=f"{seconds:g}")
                self.loop.run_until_complete(asyncio.wait({task}, timeout=min(left, ALIVE_SECONDS)))
                if deadline.alive and not task.done():
                    deadline.alive()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                self.loop.run_until_complete(asyncio.wait({task}, timeout=PARTING_SECONDS))

    def pause(self, seconds: float) -> None:
        """Wait; the connection is kept up meanwhile."""
        self.wire.rest(lambda moment: self.loop.run_until_complete(asyncio.sleep(moment)), seconds)


def parse_location(location: str) -> Place:
    """Return what a location says; ValueError tells what is wrong with it."""
    try:
        parts = urlsplit(location)
        port = parts.port or PORT
    except ValueError as error:
        raise ValueError("give sftp://user@host:port/path") from error
    if not parts.hostname or not parts.username or not parts.path.strip("/"):
        raise ValueError("give sftp://user@host:port/path")
    if parts.password is not None:
        raise ValueError("the password is not written in the address but given in password")
    if parts.query not in ("", LIST) or parts.fragment:
        raise ValueError("write ? and # in the name of a file as %3F and %23")
    path = unquote(parts.path, errors="surrogateescape")
    if ".." in path.split("/") or "\0" in path:
        raise ValueError("the path must not lead upwards (..)")
    if "*" in path.rpartition("/")[0] or path.endswith("/"):
        raise ValueError("a path ends with the name of a file, in which * stands for anything")
    path = path.removeprefix(HOME) if path.startswith(HOME) else path
    return Place(parts.hostname, port, unquote(parts.username), path, parts.query == LIST)


def wildcard(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a name is meant: * stands for anything but a dot at the beginning."""
    shape = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    return lambda name: shape.fullmatch(name) is not None and (not name.startswith(".") or pattern.startswith("."))


def joined(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder.rstrip('/')}/{name}"


def beside(shown: str, name: str) -> str:
    """Return the address of another file of the same folder, for a message."""
    return f"{shown.rpartition('/')[0]}/{quote(name, errors='surrogateescape')}"


async def follow(client: asyncssh.SFTPClient, path: str, listed: asyncssh.SFTPAttrs) -> asyncssh.SFTPAttrs | None:
    """Return what a list told of a file; of a link what is told of its target, None when there is none."""
    if listed.permissions is not None and not stat.S_ISLNK(listed.permissions) and listed.mtime is not None:
        return listed
    try:
        return await client.stat(path)
    except asyncssh.SFTPNoSuchFile:
        return None


def is_file(attributes: asyncssh.SFTPAttrs) -> bool:
    return attributes.permissions is None or stat.S_ISREG(attributes.permissions)


def seen_of(attributes: asyncssh.SFTPAttrs, shown: str) -> Seen:
    if not is_file(attributes):
        raise RequestRefused(address=shown, answer=NOT_A_FILE)
    return Seen(attributes.size or 0, int(attributes.mtime or 0))


# What an error of the library means; the first that fits.
MEANINGS: tuple[tuple[type[Exception], type[SourceError]], ...] = (
    (asyncssh.PermissionDenied, KeyRefused),
    (asyncssh.SFTPNoSuchFile, RequestRefused),
    (asyncssh.SFTPNoSuchPath, RequestRefused),
    (asyncssh.SFTPPermissionDenied, RequestRefused),
    (asyncssh.SFTPNoConnection, BrokenOff),
    (asyncssh.SFTPConnectionLost, BrokenOff),
    (asyncssh.SFTPBadMessage, RequestRefused),
    (asyncssh.SFTPError, PlatformFailure),
    (asyncssh.ConnectionLost, BrokenOff),
    (asyncssh.ChannelOpenError, RequestRefused),
    (asyncssh.KeyExchangeFailed, RequestRefused),
    (asyncssh.ProtocolNotSupported, RequestRefused),
    (asyncssh.DisconnectError, BrokenOff),
    (OSError, BrokenOff),
)
WORDS: Mapping[type[Exception], Text] = {
    asyncssh.SFTPNoSuchFile: NO_FILE,
    asyncssh.SFTPNoSuchPath: NO_FILE,
    asyncssh.ConnectionLost: NO_ANSWER,
}


def raise_told(error: BaseException, shown: str, mask: Callable[[str], str]) -> NoReturn:
    """Raise the error of ours that an error of the library means; others go on as they are."""
    meaning = next((meaning for kind, meaning in MEANINGS if isinstance(error, kind)), None)
    if meaning is None:
        raise error
    words = WORDS.get(type(error)) or mask(" ".join(str(error).split())[:200] or type(error).__name__)
    raise meaning(address=shown, **{"reason" if meaning is BrokenOff else "answer": words}) from None
