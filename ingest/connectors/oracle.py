"""How Oracle is spoken to, by its driver in pure Python: one of the databases of ``databases.py``.

The driver takes no socket of ours and goes wherever a listener sends it. Each of its connections is therefore judged when it
is made (``Wires``), by an audit hook of the interpreter that looks at the thread which is reading and at no other. Its TLS is
done by the standard library, against the name that was configured. Session settings make what it tells independent of the
server's language: moments with offset come as ISO 8601, numbers with a point.
"""

import datetime as dt
import decimal
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Self

import oracledb

from ingest.connectors.database_reading import (
    AT_ONCE,
    CONNECT_SECONDS,
    Cut,
    Place,
    Selection,
    context_of,
    raise_told,
)
from ingest.connectors.database_words import ORACLE
from ingest.errors import BrokenOff, RequestRefused, SourceError, TimedOut, Unreachable

SESSION = (
    "ALTER SESSION SET TIME_ZONE = '{zone}' NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' "
    "NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD\"T\"HH24:MI:SS.FF6TZH:TZM'"
)
KINDS: Mapping[oracledb.DbType, str] = {
    **dict.fromkeys((oracledb.DB_TYPE_BINARY_FLOAT, oracledb.DB_TYPE_BINARY_DOUBLE), "number"),
    **dict.fromkeys(
        (
            oracledb.DB_TYPE_CHAR, oracledb.DB_TYPE_NCHAR, oracledb.DB_TYPE_VARCHAR, oracledb.DB_TYPE_NVARCHAR,
            oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_LONG, oracledb.DB_TYPE_ROWID,
        ),
        "string",
    ),
    **dict.fromkeys(
        (
            oracledb.DB_TYPE_DATE, oracledb.DB_TYPE_TIMESTAMP, oracledb.DB_TYPE_TIMESTAMP_TZ,
            oracledb.DB_TYPE_TIMESTAMP_LTZ,
        ),
        "datetime",
    ),
    oracledb.DB_TYPE_BOOLEAN: "boolean",
}  # fmt: skip
# What is asked for instead: whole texts for large objects, exact numbers, moments with their offset as text.
INSTEAD: Mapping[oracledb.DbType, Any] = {
    oracledb.DB_TYPE_NUMBER: decimal.Decimal,
    oracledb.DB_TYPE_CLOB: oracledb.DB_TYPE_LONG,
    oracledb.DB_TYPE_NCLOB: oracledb.DB_TYPE_LONG_NVARCHAR,
    oracledb.DB_TYPE_BLOB: oracledb.DB_TYPE_LONG_RAW,
    oracledb.DB_TYPE_TIMESTAMP_TZ: oracledb.DB_TYPE_VARCHAR,
    oracledb.DB_TYPE_INTERVAL_YM: oracledb.DB_TYPE_VARCHAR,
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")
CODE = re.compile(r"(?:ORA|DPY)-\d+")
OUTER = "DPY-6005"  # "cannot connect", before what says why

# What the driver raises when a server breaks the protocol.
WIRE_FAULTS = (OSError, EOFError, RuntimeError, ValueError, LookupError, struct.error)


@contextmanager
def select_oracle(place: Place, statement: str, values: Sequence[object]) -> Iterator[Selection]:
    """Read ``AT_ONCE`` rows at a time, in a read-only transaction that sees one moment."""
    cut, wires = Cut(), Wires(place)
    try:
        with wires, cut.watching(place, wires.copies, first=CONNECT_SECONDS), connect(place, cut, wires) as connection:
            cut.begin(place)
            connection.outputtypehandler = ask_instead
            cursor = connection.cursor()
            cursor.execute(SESSION.format(zone=place.zone.key))
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.arraysize = cursor.prefetchrows = AT_ONCE
            if values:
                cursor.setinputsizes(*map(size_of, values))
            cursor.execute(statement, list(values))
            columns = cursor.description or ()
            yield Selection(
                names=tuple(column[0] for column in columns), rows=cursor, kinds=tuple(map(kind_of, columns))
            )
    except (oracledb.Error, *WIRE_FAULTS) as error:
        if wires.refusal is not None:
            raise wires.refusal from None
        raise_told(place, cut, error, *explain(error, place.mask))


@contextmanager
def connect(place: Place, cut: Cut, wires: "Wires") -> Iterator[oracledb.Connection]:
    """Log in; a server that is slow to say goodbye afterwards, or does not, spoils nothing that was read."""
    context = NamedContext.to(place.host, context_of(place.authorities), wires) if place.authorities else None
    connection = oracledb.connect(
        user=place.user,
        password=place.password,
        host=place.host,
        port=place.port,
        service_name=place.database,
        protocol="tcps" if place.authorities else "tcp",
        ssl_context=context,
        ssl_server_dn_match=False,  # NamedContext has compared the name by then
        tcp_connect_timeout=CONNECT_SECONDS,
        retry_count=0,
        disable_oob=True,
        program="urban-data-hub",
    )
    try:
        yield connection
    finally:
        cut.ends = min(cut.ends, time.monotonic() + CONNECT_SECONDS)
        with suppress(oracledb.Error, *WIRE_FAULTS):
            connection.close()


class NamedContext(ssl.SSLContext):
    """A context that holds the server to a name, which the driver would not."""

    inner: ssl.SSLContext
    name: str
    wires: "Wires"

    @classmethod
    def to(cls, name: str, inner: ssl.SSLContext, wires: "Wires") -> Self:
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.name, context.inner, context.wires = name, inner, wires
        return context

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:  # noqa: ANN401
        wrapped = self.inner.wrap_socket(sock, server_hostname=self.name)
        self.wires.opened.append(wrapped)
        return wrapped


class Wires:
    """The connections that the driver makes in this thread: each is judged, and a copy is kept to cut it off by.

    The driver leaves those that it is led away from open; all are closed at the end.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.opened: list[socket.socket] = []
        self.copies: list[socket.socket] = []
        self.refusal: SourceError | None = None  # the driver takes it for an address that does not answer

    def __enter__(self) -> Self:
        watch_connections()
        _reading.judge = self.judge
        return self

    def __exit__(self, *told: object) -> None:
        _reading.judge = None
        for wire in (*self.opened, *self.copies):
            wire.close()

    def judge(self, wire: socket.socket, address: tuple[Any, ...]) -> None:
        self.opened.append(wire)
        host, port = address[:2]
        if (host, port) not in {(known, self.place.port) for known in self.place.addresses}:
            try:
                self.place.judge(host, port)
            except SourceError as error:
                self.refusal = error
                raise
        self.copies.append(socket.socket(fileno=os.dup(wire.fileno())))


_reading = threading.local()


@cache
def watch_connections() -> None:
    """Have the interpreter tell of every connection; a hook cannot be taken away, so it is set once and mostly looks away."""

    def judge(event: str, told: tuple[Any, ...]) -> None:
        if event == "socket.connect" and (judged := getattr(_reading, "judge", None)):
            judged(*told)

    sys.addaudithook(judge)


def ask_instead(cursor: oracledb.Cursor, column: oracledb.FetchInfo) -> oracledb.Var | None:
    """Return how the values of a column are asked for, None for those that come right by themselves."""
    wanted = INSTEAD.get(column.type_code)
    if is_whole(column.type_code, column.precision, column.scale):
        wanted = int
    return None if wanted is None else cursor.var(wanted, arraysize=cursor.arraysize)


def is_whole(type_code: oracledb.DbType, precision: int | None, scale: int | None) -> bool:
    return type_code is oracledb.DB_TYPE_NUMBER and bool(precision) and scale == 0


def kind_of(column: Sequence[Any]) -> str:
    """Return the hub's type of a column of an answer, "" for others."""
    code, precision, scale = column[1], column[4], column[5]
    if code is oracledb.DB_TYPE_NUMBER:
        return "integer" if is_whole(code, precision, scale) else "number"
    return KINDS.get(code, "")


def typed_moment(value: object) -> object:
    """Return a moment as such: compared as text it would depend on the column's type and the server's language."""
    return dt.datetime.fromisoformat(value) if isinstance(value, str) and MOMENT.fullmatch(value) else value


def size_of(value: object) -> oracledb.DbType | None:
    return oracledb.DB_TYPE_TIMESTAMP if isinstance(value, dt.datetime) else None


def explain(error: Exception, mask: Callable[[str], str]) -> tuple[type[SourceError], str]:
    """Return what an error means, by the first of its codes that the table knows, and the lines of it that tell more than that."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("Help:")]
    inner = [line for line in lines if not line.startswith(OUTER)] or lines
    told = mask("\n".join(inner) or type(error).__name__)
    if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
        return TimedOut, told
    if not isinstance(error, oracledb.Error):
        return (Unreachable if isinstance(error, ConnectionRefusedError | ssl.SSLError) else BrokenOff), told
    if isinstance(error.__cause__, ConnectionRefusedError | ssl.SSLError):
        return Unreachable, told
    codes = sorted(CODE.findall("\n".join(inner)), key=lambda code: not code.startswith("ORA"))
    return next(
        (ORACLE[code] for code in codes if code in ORACLE),
        Unreachable if inner != lines and not codes else RequestRefused,
    ), told
