"""How the databases that ``sql.py`` reads are spoken to: one row each in ``DATABASES``.

Each reads one statement in a read-only transaction and hands out its rows as the server sends them, so that memory stays
flat. Connections go to judged addresses only; the name is what the certificate must say. After its seconds a reading is
cut off, however slowly the server still speaks. Errors of the drivers become ours here.
"""

import datetime as dt
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import psycopg
import pymysql
from psycopg.types.string import TextLoader
from pymysql.constants import FIELD_TYPE
from pymysql.cursors import SSCursor
from pymysql.protocol import FieldDescriptorPacket

from ingest.connectors import database_words as words_of
from ingest.connectors.sql_statement import Tongue
from ingest.errors import (
    BrokenOff,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    Text,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)

CONNECT_SECONDS = 10
ALIVE_SECONDS = 1.0
AT_ONCE = 1_000

NO_OFFSET = Text(
    ko="시간대 {zone}은(는) 서머타임이 있어 이 데이터베이스에 쓸 수 없습니다. UTC나 Asia/Seoul처럼 고정된 시간대를 적으십시오",
    en="the time zone {zone} has summer time, which this database cannot be told; give a fixed one such as UTC",
)


@dataclass(frozen=True)
class Place:
    """Where a database is and how it may be entered; ``authorities`` is a PEM file, or None for a connection in plain."""

    shown: str
    host: str
    port: int
    addresses: Sequence[str]
    database: str
    user: str
    password: str
    authorities: Path | None
    seconds: float
    zone: ZoneInfo
    mask: Callable[[str], str]
    alive: Callable[[], None] | None = None


@dataclass(frozen=True)
class Selection:
    """What a statement found: the names of its columns and its rows, which come as they are asked for.

    ``kinds`` are the hub's types of the columns ("" for others), ``origins`` the table and the column that each is taken
    from, as the database knows them (0 or "" where it is computed).
    """

    names: tuple[str, ...]
    rows: Iterator[Sequence[object]]
    kinds: tuple[str, ...] = ()
    origins: tuple[tuple[object, object], ...] = ()


@contextmanager
def select_postgresql(place: Place, statement: str, values: Sequence[object]) -> Iterator[Selection]:
    """Read through a cursor on the server, ``AT_ONCE`` rows at a time."""
    cut = Cut()
    options = {
        "host": ",".join([place.host] * len(place.addresses)),
        "hostaddr": ",".join(place.addresses),
        "port": place.port,
        "dbname": place.database,
        "user": place.user,
        "password": place.password,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "urban-data-hub",
        "client_encoding": "utf8",
        "gssencmode": "disable",
        "sslcertmode": "disable",
        "target_session_attrs": "any",
        **(
            {"sslmode": "verify-full", "sslrootcert": str(place.authorities)}
            if place.authorities
            # Nobody in between may ask for the password itself.
            else {"sslmode": "disable", "require_auth": "none,md5,scram-sha-256"}
        ),
    }
    try:
        with psycopg.connect(**options, prepare_threshold=None) as connection, cut.after(place, connection):
            connection.read_only = True
            connection.adapters.register_loader("interval", TextLoader)  # months have no length
            connection.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('TimeZone', %s, true), "
                "set_config('standard_conforming_strings', 'on', true)",
                (str(int(place.seconds * 1000)), place.zone.key),
            )
            with connection.cursor(name="hub", scrollable=False) as cursor:
                cursor.itersize = AT_ONCE
                cursor.execute(statement, values or None)
                yield selection_of(cursor)
            connection.rollback()  # until version 16, large objects could be made in a read-only transaction
    except psycopg.Error as error:
        raise_told(place, cut, error, *explain_postgresql(error, place.mask))


def selection_of(cursor: psycopg.ServerCursor) -> Selection:
    columns, result = cursor.description or (), cursor.pgresult
    known = [cursor.adapters.types.get(column.type_code) for column in columns]
    return Selection(
        names=tuple(column.name for column in columns),
        rows=cursor,
        kinds=tuple(words_of.POSTGRESQL_KINDS.get(one.name, "") if one else "" for one in known),
        origins=tuple((result.ftable(at), result.ftablecol(at)) for at in range(len(columns))) if result else (),
    )


def explain_postgresql(error: psycopg.Error, mask: Callable[[str], str]) -> tuple[type[SourceError], str]:
    """Return what an error means; while connecting the library tells no code, only words."""
    told = mask(error.diag.message_primary or str(error))
    if error.sqlstate:
        return next(
            (kind for code, kind in words_of.POSTGRESQL.items() if error.sqlstate.startswith(code)), RequestRefused
        ), told
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return TimedOut, told
    if isinstance(error, psycopg.DataError | psycopg.NotSupportedError):
        return UnreadableAnswer, told
    if error.pgconn is None or error.pgconn.status == psycopg.pq.ConnStatus.OK or "server closed" in told:
        return BrokenOff, told
    refusals = (
        (words_of.NO_ENTRY, KeyRefused),
        (words_of.NOTHING_THERE, RequestRefused),
        (words_of.NOT_NOW, PlatformFailure),
    )
    return next((kind for words, kind in refusals if words.search(told)), Unreachable), told


@contextmanager
def select_mysql(place: Place, statement: str, values: Sequence[object]) -> Iterator[Selection]:
    """Read unbuffered, row by row; the server's own time limit covers the time in which rows are waited for."""
    offset = fixed_offset(place)
    connection: pymysql.Connection | None = None
    cut = Cut()
    try:
        wire = connect_socket(place)
        with wire, cut.after(place, wire):
            connection = pymysql.Connection(
                host=place.host,
                user=place.user,
                password=place.password.encode(),  # text would be taken for Latin-1
                database=place.database,
                charset="utf8mb4",
                cursorclass=Reader,
                read_timeout=place.seconds,
                write_timeout=place.seconds,
                ssl=context_of(place.authorities) if place.authorities else None,
                ssl_disabled=place.authorities is None,
                local_infile=False,
                auth_plugin_map={} if place.authorities else dict.fromkeys(PASSWORD_ITSELF, Reluctant),
                defer_connect=True,
            )
            connection.connect(wire)
            cursor = connection.cursor()
            prepare_mysql(cursor, place, offset)
            cursor.execute(statement, tuple(values) or None)
            columns = cursor.description or ()
            stamps = [at for at, column in enumerate(columns) if column[1] == FIELD_TYPE.TIMESTAMP]
            yield Selection(
                names=tuple(column[0] for column in columns),
                rows=with_offset(cursor, stamps, offset),
                kinds=tuple(words_of.MYSQL_KINDS.get(column[1], "") for column in columns),
                origins=tuple((field.org_table, field.org_name) for field in cursor.fields),
            )
    except (pymysql.MySQLError, *WIRE_FAULTS) as error:
        raise_told(place, cut, error, *explain_mysql(error, place.mask))
    finally:
        if connection is not None and connection.open:
            connection.close()


# What the driver raises when a server breaks the protocol or asks for what it may not have.
WIRE_FAULTS = (OSError, EOFError, RuntimeError, ValueError, LookupError, AssertionError, TypeError, struct.error)


# Ways to log in that send the password as it is.
PASSWORD_ITSELF = ("mysql_clear_password", "dialog")


class Reluctant:
    """Refuses a server that asks for the password itself over a connection in plain."""

    def __init__(self, connection: pymysql.Connection) -> None:
        self.connection = connection

    def authenticate(self, packet: object) -> None:
        raise pymysql.OperationalError(2059, "the server asks for the password in plain, without TLS")


class Reader(SSCursor):
    """A cursor that leaves the rows it was not asked for; the driver's own would first read them all."""

    @property
    def fields(self) -> Sequence[FieldDescriptorPacket]:
        return self._result.fields if self._result is not None else ()

    def close(self) -> None:
        if self._result is not None:
            self._result.unbuffered_active = False
        self.connection = None

    __del__ = close


def prepare_mysql(cursor: SSCursor, place: Place, offset: dt.timezone) -> None:
    """Set what a reading needs; time limits have one name in MariaDB and another in MySQL."""
    cursor.execute("SELECT VERSION()")
    (version,) = cursor.fetchone() or ("",)
    cursor.fetchall()
    seconds = max(1, int(place.seconds))
    is_mariadb = "mariadb" in str(version).lower()
    for setting in (
        f"max_statement_time = {seconds}" if is_mariadb else f"max_execution_time = {seconds * 1000}",
        f"net_write_timeout = {seconds}",
        f"time_zone = '{offset_text(offset)}'",
        "sql_mode = REPLACE(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), 'ANSI_QUOTES', '')",
    ):
        cursor.execute(f"SET SESSION {setting}")
    cursor.execute("START TRANSACTION READ ONLY")


def with_offset(
    rows: Iterator[Sequence[object]], stamps: Sequence[int], offset: dt.timezone
) -> Iterator[Sequence[object]]:
    """Give moments (TIMESTAMP) the offset in which the server was asked to tell them; DATETIME has none of its own."""
    for row in rows:
        if not stamps:
            yield row
            continue
        cells = list(row)
        for at in stamps:
            moment = cells[at]
            cells[at] = moment.replace(tzinfo=offset) if isinstance(moment, dt.datetime) else moment
        yield cells


def explain_mysql(error: Exception, mask: Callable[[str], str]) -> tuple[type[SourceError], str]:
    code = error.args[0] if isinstance(error, pymysql.MySQLError) and error.args else None
    told = mask(" ".join(str(part) for part in error.args) or type(error).__name__)
    if isinstance(code, int):
        return words_of.MYSQL.get(code, RequestRefused), told
    if isinstance(error, TimeoutError):
        return TimedOut, told
    return (Unreachable if isinstance(error, ConnectionRefusedError | ssl.SSLError) else BrokenOff), told


def connect_socket(place: Place) -> socket.socket:
    failure: OSError = ConnectionRefusedError("no address")
    for address in place.addresses:
        try:
            return socket.create_connection((address, place.port), timeout=CONNECT_SECONDS)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise failure
    raise ConnectionRefusedError(str(failure)) from failure


def context_of(authorities: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authorities))
    # Certificates that databases make for themselves lack what RFC 5280 wants; Python 3.13 would refuse them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def fixed_offset(place: Place) -> dt.timezone:
    """Return the zone's offset: servers often have no table of zones, and an offset is understood by all."""
    year = dt.datetime.now(place.zone).year
    offsets = {dt.datetime(year, month, 1, tzinfo=place.zone).utcoffset() for month in (1, 7)}
    if len(offsets) > 1:
        raise RequestRefused(address=place.shown, answer=NO_OFFSET.format(zone=place.zone.key))
    return dt.timezone(offsets.pop() or dt.timedelta())


def offset_text(offset: dt.timezone) -> str:
    return dt.datetime(2000, 1, 1, tzinfo=offset).isoformat()[-6:]


class Cut:
    """Ends a connection from outside once its time is over, or once the run is to stop; the driver then sees it broken."""

    def __init__(self) -> None:
        self.ends = float("inf")
        self.stopped_by: Exception | None = None

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self.ends

    @contextmanager
    def after(self, place: Place, wire: "psycopg.Connection | socket.socket") -> Iterator[None]:
        is_over, self.ends = threading.Event(), time.monotonic() + place.seconds
        with socket.fromfd(wire.fileno(), socket.AF_INET, socket.SOCK_STREAM) as copy:

            def watch() -> None:
                if self.waits(place, is_over):
                    return
                try:
                    copy.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the other side was faster

            thread = threading.Thread(target=watch, daemon=True)
            thread.start()
            try:
                yield
            finally:
                is_over.set()
                thread.join()

    def waits(self, place: Place, is_over: threading.Event) -> bool:
        """Wait until the reading is over; tell whether it ended by itself."""
        while not is_over.wait(max(0.0, min(ALIVE_SECONDS, self.ends - time.monotonic()))):
            if self.is_late:
                return False
            try:
                if place.alive:
                    place.alive()
            except Exception as error:  # whatever ends a wait on the wire ends this one, and is raised to the reader
                self.stopped_by = error
                return False
        return True


def raise_told(place: Place, cut: Cut, error: Exception, kind: type[SourceError], told: str) -> NoReturn:
    """Raise the error of ours that a driver's error means; its own words stay only where they hold no secret."""
    if cut.stopped_by is not None:
        raise cut.stopped_by from None
    cause = error if place.mask(str(error)) == str(error) else None
    words = " ".join(told.split())[:300]
    if cut.is_late or kind is TimedOut:
        seconds = place.seconds if cut.is_late or not is_connecting(error) else CONNECT_SECONDS
        raise TimedOut(address=place.shown, seconds=f"{seconds:g}") from cause
    if kind is UnreadableAnswer:
        raise kind(address=place.shown, format="SQL", reason=words) from cause
    name = "answer" if kind in (KeyRefused, RequestRefused, PlatformFailure) else "reason"
    raise kind(address=place.shown, **{name: words}) from cause


def is_connecting(error: Exception) -> bool:
    return isinstance(error, psycopg.errors.ConnectionTimeout | TimeoutError)


@dataclass(frozen=True)
class Database:
    """A kind of database: its usual port, how it quotes a name, its tongue and how it is read.

    ``comments`` asks for (table, column, comment) of the columns of ``{tables}``; ``keeps_origins`` says whether a SELECT around
    another one still knows the tables behind that.
    """

    port: int
    quote: str
    tongue: Tongue
    select: Callable[[Place, str, Sequence[object]], AbstractContextManager[Selection]]
    comments: str
    keeps_origins: bool

    def quoted(self, name: str) -> str:
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote


POSTGRESQL_ROW = Database(5432, '"', "postgresql", select_postgresql, words_of.POSTGRESQL_COMMENTS, keeps_origins=True)
MYSQL_ROW = Database(3306, "`", "mysql", select_mysql, words_of.MYSQL_COMMENTS, keeps_origins=False)
DATABASES: Mapping[str, Database] = {
    "postgresql": POSTGRESQL_ROW,
    "postgres": POSTGRESQL_ROW,
    "mariadb": MYSQL_ROW,
    "mysql": MYSQL_ROW,
}
