"""How the databases that ``sql.py`` reads are spoken to: one row each in ``DATABASES``.

Each reads one statement in a read-only transaction and hands out its rows as the server sends them, so that memory stays
flat. Connections go to judged addresses only; the name is what the certificate must say. After its seconds a reading is
cut off, however slowly the server still speaks. Errors of the drivers become ours here.
"""

import datetime as dt
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain

import psycopg
import pymysql
from psycopg.types.string import TextLoader
from pymysql.constants import FIELD_TYPE
from pymysql.cursors import SSCursor
from pymysql.protocol import FieldDescriptorPacket

from ingest.connectors import database_words as words_of
from ingest.connectors.database_reading import (
    AT_ONCE,
    CONNECT_SECONDS,
    Cut,
    Place,
    Selection,
    context_of,
    raise_told,
)
from ingest.connectors.oracle import select_oracle, typed_moment
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

NO_OFFSET = Text(
    ko="시간대 {zone}은(는) 서머타임이 있어 이 데이터베이스에 쓸 수 없습니다. UTC나 Asia/Seoul처럼 고정된 시간대를 적으십시오",
    en="the time zone {zone} has summer time, which this database cannot be told; give a fixed one such as UTC",
)


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
        rows=chain.from_iterable(iter(partial(cursor.fetchmany, AT_ONCE), [])),
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


def fixed_offset(place: Place) -> dt.timezone:
    """Return the zone's offset: servers often have no table of zones, and an offset is understood by all."""
    year = dt.datetime.now(place.zone).year
    offsets = {dt.datetime(year, month, 1, tzinfo=place.zone).utcoffset() for month in (1, 7)}
    if len(offsets) > 1:
        raise RequestRefused(address=place.shown, answer=NO_OFFSET.format(zone=place.zone.key))
    return dt.timezone(offsets.pop() or dt.timedelta())


def offset_text(offset: dt.timezone) -> str:
    return dt.datetime(2000, 1, 1, tzinfo=offset).isoformat()[-6:]


@dataclass(frozen=True)
class Database:
    """A kind of database: its usual port, how it quotes a name, its tongue and how it is read.

    ``comments`` asks for (table, column, comment) of the columns of ``{tables}``; ``keeps_origins`` says whether a SELECT around
    another one still knows the tables behind that. ``around`` is such a SELECT, ``value`` the place of value number ``{at}`` in a
    statement, where ``bind`` makes of a value what is compared.
    """

    port: int
    quote: str
    tongue: Tongue
    select: Callable[[Place, str, Sequence[object]], AbstractContextManager[Selection]]
    comments: str
    keeps_origins: bool
    around: str = "SELECT * FROM ({query}) AS source"
    value: str = "%s"
    bind: Callable[[object], object] = lambda value: value

    def quoted(self, name: str) -> str:
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote


POSTGRESQL_ROW = Database(5432, '"', "postgresql", select_postgresql, words_of.POSTGRESQL_COMMENTS, keeps_origins=True)
MYSQL_ROW = Database(3306, "`", "mysql", select_mysql, words_of.MYSQL_COMMENTS, keeps_origins=False)
ORACLE_ROW = Database(
    1521,
    '"',
    "oracle",
    select_oracle,
    "",
    keeps_origins=False,
    around="SELECT * FROM ({query}) source",
    value=":{at}",
    bind=typed_moment,
)
DATABASES: Mapping[str, Database] = {
    "postgresql": POSTGRESQL_ROW,
    "postgres": POSTGRESQL_ROW,
    "mariadb": MYSQL_ROW,
    "mysql": MYSQL_ROW,
    "oracle": ORACLE_ROW,
}
