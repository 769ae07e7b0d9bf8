"""Oracle by its real driver, as far as this machine can show: up to the login, against a listener that the tests play.

No Oracle runs here, so that a login and a reading are not shown; what comes before and what is made of values is.
"""

import datetime as dt
import decimal
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import oracledb
import pytest
from database_servers import PASSWORD, make_certificate

from ingest.addresses import OWN_SERVICES
from ingest.connectors import database_reading, oracle
from ingest.connectors.oracle import Wires, explain, is_whole, kind_of, typed_moment, watch_connections
from ingest.connectors.progress import Window
from ingest.connectors.sql import Config, place_of, read, statement_of
from ingest.errors import (
    BrokenOff,
    Cancelled,
    ForbiddenAddress,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)

REFUSE, REDIRECT, DATA, RESEND = 4, 5, 6, 11
Play = Callable[[socket.socket], None]


def packet(kind: int, payload: bytes = b"") -> bytes:
    """Return a packet of TNS: length, checksum, type, flags, checksum of the header."""
    return struct.pack(">HHBBH", len(payload) + 8, 0, kind, 0, 0) + payload


def refusal(code: int) -> bytes:
    words = f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
    return packet(REFUSE, struct.pack(">HH", 0x2200, len(words)) + words)


def redirection(host: str, port: int) -> bytes:
    target = f"(ADDRESS=(PROTOCOL=tcp)(HOST={host})(PORT={port}))\0(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=city)))"
    return packet(REDIRECT, struct.pack(">H", len(target))) + packet(DATA, b"\0\0" + target.encode())


@contextmanager
def listener(play: Play, folder: Path | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Play a listener, over TLS with the certificate in ``folder``; give its port and what it was told first, each time."""
    told: list[bytes] = []
    over = threading.Event()
    context = None
    if folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")

    def answer(wire: socket.socket) -> None:
        try:
            with wire if context is None else context.wrap_socket(wire, server_side=True) as connection:
                told.append(connection.recv(65_536))
                play(connection)
                over.wait(20)
        except OSError:
            return  # the hub has hung up

    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    wire, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=[wire], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1], told
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)


def config_of(port: int, host: str = "127.0.0.1", **values: object) -> Config:
    values = {"tls": "none"} | values
    return Config(url=f"oracle://reader@{host}:{port}/city", password=PASSWORD, query="SELECT 1 FROM dual", **values)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (database_reading, oracle):
        monkeypatch.setattr(module, "CONNECT_SECONDS", 0.7)
    monkeypatch.setattr(database_reading, "ALIVE_SECONDS", 0.1)


def send(*packets: bytes) -> Play:
    return lambda wire: wire.sendall(b"".join(packets))


def hang_up(wire: socket.socket) -> None:
    wire.shutdown(socket.SHUT_RDWR)


def drip(wire: socket.socket) -> None:
    for byte in refusal(12514) * 100:
        wire.sendall(bytes([byte]))
        time.sleep(0.1)


def ask_again_for_ever(wire: socket.socket) -> None:
    while True:
        wire.sendall(packet(RESEND))
        wire.recv(65_536)


@pytest.mark.parametrize(
    ("play", "error", "words"),
    [
        (send(refusal(12514)), RequestRefused, "not registered"),
        (send(refusal(12505)), RequestRefused, "ORA-12505"),
        (send(refusal(12516)), PlatformFailure, "ORA-12516"),
        (send(refusal(99999)), PlatformFailure, "refused"),
        (hang_up, BrokenOff, "closed the connection"),
        (send(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 2000), (BrokenOff, RequestRefused, TimedOut), ""),
        (send(), TimedOut, "0.7"),
        (drip, TimedOut, "0.7"),
        (ask_again_for_ever, TimedOut, "0.7"),
    ],
    ids=[
        "no such service",
        "no such SID",
        "full",
        "who knows",
        "hangs up",
        "speaks http",
        "silent",
        "drips",
        "endless",
    ],
)
def test_what_a_listener_says_is_told_in_its_words_and_no_silence_is_waited_for(
    open_session, hasty: None, play: Play, error: type[Exception], words: str
) -> None:
    with listener(play) as (port, told):
        started = time.monotonic()
        with pytest.raises(error) as failed:
            list(read(config_of(port), open_session()))
        assert time.monotonic() - started < 8
    assert words in str(failed.value)
    assert PASSWORD not in str(failed.value) + repr(told)
    assert b"(SERVICE_NAME=city)" in told[0]


def test_nobody_there_is_unreachable(open_session, hasty: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        list(read(config_of(port), open_session()))


def test_a_run_that_is_to_stop_leaves_a_silent_listener(open_session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_reading, "ALIVE_SECONDS", 0.1)

    def stop() -> None:
        raise Cancelled

    with listener(send()) as (port, _), pytest.raises(Cancelled):
        list(read(config_of(port), open_session(alive=stop)))


def test_a_listener_leads_to_where_the_source_may_go(open_session, hasty: None) -> None:
    with (
        listener(send(refusal(12516))) as (behind, told),
        listener(send(redirection("127.0.0.1", behind))) as (port, _),
    ):
        with pytest.raises(PlatformFailure):
            list(read(config_of(port), open_session()))
        assert len(told) == 1


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("169.254.169.254", 1521, "link-local"),
        ("127.0.0.1", 6379, "no database"),
        ("8.8.8.8", 1521, "by TLS only"),
        ("224.0.0.1", 1521, "multicast"),
    ],
)
def test_where_a_listener_leads_is_judged_as_the_source_is(open_session, host: str, port: int, words: str) -> None:
    config, session = config_of(1521), open_session()
    with place_of(config, session) as place, socket.socket() as wire:
        wires = Wires(place)
        wires.judge(wire, ("127.0.0.1", 1521))
        with pytest.raises(ForbiddenAddress, match=words):
            wires.judge(wire, (host, port))
        assert len(wires.copies) == 1
        wires.copies[0].close()


def test_a_listener_that_leads_elsewhere_is_not_followed(open_session, hasty: None) -> None:
    with (
        listener(send(redirection("127.0.0.1", 6379))) as (port, _),
        pytest.raises(ForbiddenAddress, match="no database"),
    ):
        list(read(config_of(port), open_session()))
    with listener(send()) as (own, told), listener(send(redirection("127.0.0.1", own))) as (port, _):
        OWN_SERVICES.add(("127.0.0.1", own))
        try:
            with pytest.raises(ForbiddenAddress, match="own database or queue"):
                list(read(config_of(port), open_session()))
        finally:
            OWN_SERVICES.discard(("127.0.0.1", own))
        assert told == []


def test_connections_of_others_are_none_of_its_business(open_session, hasty: None) -> None:
    watch_connections()
    with listener(hang_up) as (port, _), socket.create_connection(("127.0.0.1", port)) as wire:
        assert wire.getpeername()[1] == port


def test_tls_holds_the_listener_to_its_name(open_session, hasty: None, tmp_path: Path) -> None:
    make_certificate(tmp_path)  # of 127.0.0.1 alone
    session = open_session(file_roots=[tmp_path])
    with listener(send(refusal(12514)), tmp_path) as (port, told):
        own = {"tls": "verified", "ca_file": "server.crt"}
        with pytest.raises(RequestRefused, match="not registered"):
            list(read(config_of(port, **own), session))
        for wrong in ({"host": "localhost", **own}, {"tls": "verified"}):
            with pytest.raises(Unreachable, match="certificate"):
                list(read(config_of(port, **wrong), session))
        assert len(told) == 1


# What is asked, and what is made of the answers


@pytest.mark.parametrize(
    ("config", "window", "statement", "values"),
    [
        ({}, Window(None, None), "SELECT 1 FROM dual", []),
        (
            {"cursor_column": "ID"},
            Window(None, None),
            'SELECT * FROM (SELECT 1 FROM dual) source ORDER BY "ID"',
            [],
        ),
        (
            {"cursor_column": 'A"B', "after": 7},
            Window(None, None),
            'SELECT * FROM (SELECT 1 FROM dual) source WHERE "A""B" > :1 ORDER BY "A""B"',
            [7],
        ),
        (
            {"incremental": {"field": "AT", "initial": "2026-01-01"}},
            Window(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)),
            'SELECT * FROM (SELECT 1 FROM dual) source WHERE "AT" >= :1 AND "AT" < :2 ORDER BY "AT"',
            [dt.datetime(2026, 1, 1, 9), dt.datetime(2026, 1, 2, 12, 4, 5, 6)],
        ),
    ],
)
def test_a_statement_is_oracles(config: dict, window: Window, statement: str, values: list[object]) -> None:
    assert statement_of(config_of(1521, **config), window) == (statement, values)


def test_a_percent_sign_stays_one_and_the_port_is_the_usual_one() -> None:
    config = Config(
        url="oracle://reader@10.0.0.1/city", password="p", query="SELECT 1 FROM d WHERE a LIKE '1%'", cursor_column="A", after=1
    )  # fmt: skip
    assert "LIKE '1%'" in statement_of(config)[0]
    assert config.database.port == 1521


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        ("2026-02-01 09:00:00.500000", dt.datetime(2026, 2, 1, 9, 0, 0, 500_000)),
        ("2026-02-01T09:00", dt.datetime(2026, 2, 1, 9)),
        ("2026-02-01", dt.datetime(2026, 2, 1)),
        ("20260201", "20260201"),
        ("2026-02-01 nine", "2026-02-01 nine"),
        (7, 7),
        (decimal.Decimal("1.5"), decimal.Decimal("1.5")),
    ],
)
def test_moments_are_bound_as_such(value: object, bound: object) -> None:
    assert typed_moment(value) == bound


NUMBER = oracledb.DB_TYPE_NUMBER


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (("ID", NUMBER, 11, None, 10, 0, False), "integer"),
        (("PRICE", NUMBER, 12, None, 13, 4, True), "number"),
        (("COUNT(*)", NUMBER, 127, None, 0, -127, True), "number"),
        (("NAME", oracledb.DB_TYPE_VARCHAR, 100, 400, None, None, True), "string"),
        (("TEXT", oracledb.DB_TYPE_CLOB, None, None, None, None, True), "string"),
        (("CHANGED", oracledb.DB_TYPE_DATE, 23, None, None, None, True), "datetime"),
        (("ZONED", oracledb.DB_TYPE_TIMESTAMP_TZ, 23, None, 0, 6, True), "datetime"),
        (("IS_OPEN", oracledb.DB_TYPE_BOOLEAN, None, None, None, None, True), "boolean"),
        (("SHAPE", oracledb.DB_TYPE_OBJECT, None, None, None, None, True), ""),
    ],
)
def test_columns_are_told_as_the_hub_names_their_types(column: tuple, kind: str) -> None:
    assert kind_of(column) == kind


def test_whole_numbers_are_those_without_a_fraction() -> None:
    assert is_whole(NUMBER, 10, 0)
    assert not is_whole(NUMBER, 10, 2)
    assert not is_whole(NUMBER, 0, -127)
    assert not is_whole(oracledb.DB_TYPE_VARCHAR, 10, 0)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (oracledb.DatabaseError("ORA-01017: invalid credential or not authorized; logon denied"), KeyRefused),
        (oracledb.DatabaseError("ORA-28000: The account is locked."), KeyRefused),
        (oracledb.DatabaseError("ORA-00942: table or view does not exist"), RequestRefused),
        (oracledb.DatabaseError("ORA-01456: may not perform insert in a READ ONLY transaction"), RequestRefused),
        (oracledb.DatabaseError("ORA-01722: invalid number"), UnreadableAnswer),
        (oracledb.DatabaseError("ORA-01555: snapshot too old"), PlatformFailure),
        (oracledb.OperationalError("DPY-6005: cannot connect\nDPY-4011: the database closed the connection"), BrokenOff),
        (oracledb.OperationalError("DPY-6005: cannot connect\nORA-01033: startup in progress"), PlatformFailure),
        (oracledb.NotSupportedError("DPY-3010: connections to this database server version are not supported"), KeyRefused),
        (struct.error("unpack requires"), BrokenOff),
        (TimeoutError("timed out"), TimedOut),
    ],
)  # fmt: skip
def test_an_error_means_what_it_means_elsewhere(error: Exception, kind: type[Exception]) -> None:
    found, words = explain(error, lambda text: text.replace("logon", "***"))
    assert found is kind
    assert "logon" not in words
    assert "DPY-6005" not in words


def test_numbers_and_moments_become_what_the_hub_types(tmp_path: Path) -> None:
    asked = {
        code: oracle.INSTEAD.get(code)
        for code in (NUMBER, oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_TIMESTAMP_TZ, oracledb.DB_TYPE_DATE)
    }
    assert asked == {
        NUMBER: decimal.Decimal,
        oracledb.DB_TYPE_CLOB: oracledb.DB_TYPE_LONG,
        oracledb.DB_TYPE_TIMESTAMP_TZ: oracledb.DB_TYPE_VARCHAR,
        oracledb.DB_TYPE_DATE: None,
    }
