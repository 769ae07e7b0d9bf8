"""The connector of databases, against real ones: PostgreSQL and MariaDB read the same, and neither can be written to."""

import datetime as dt
import itertools
import logging
import socket
import threading
import time
import traceback
import tracemalloc

import pytest
from database_servers import PASSWORD, make_certificate, mariadb, postgresql
from hub_processes import wait_until
from pydantic import ValidationError

from ingest.connectors import CONNECTORS
from ingest.connectors.sql import Config, read
from ingest.echoes import Echoes
from ingest.errors import (
    BadSetup,
    BrokenOff,
    Cancelled,
    ForbiddenAddress,
    IngestError,
    KeyRefused,
    NotRepeatable,
    RequestRefused,
    SourceError,
    TimedOut,
    TooLarge,
    Unreachable,
    UnreadableAnswer,
)
from ingest.http import Span
from ingest.models import Run
from ingest.raw import keep_answer
from ingest.sessions import ReplaySession

SERVERS = {"postgresql": postgresql, "mariadb": mariadb}
PARKING = (
    "CREATE TABLE parking (id bigint PRIMARY KEY, name varchar(100), price decimal(13,4), changed timestamp(6) NULL)",
    "INSERT INTO parking VALUES (3, '다', 0.1000, '2026-03-01 00:00:00'), (1, '가 ''나''', 123456789.0001, "
    "'2026-01-01 09:00:00.5'), (2, '100%', NULL, '2026-02-01 00:00:00')",
)
TWO = pytest.mark.parametrize("database", SERVERS, indirect=True)
PG = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
MARIA = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Start each server once, when it is first asked for."""
    started = {}
    stack = []

    def start(kind):
        if kind not in started:
            folder = tmp_path_factory.mktemp(kind)
            make_certificate(folder)
            manager = SERVERS[kind](folder)
            started[kind] = (manager.__enter__(), folder)
            stack.append(manager)
            started[kind][0].administer(
                *PARKING, "GRANT SELECT ON parking TO reader" if kind == "postgresql" else "DO 0"
            )
        return started[kind]

    yield start
    for manager in stack:
        manager.__exit__(None, None, None)


@pytest.fixture
def database(running, request):
    return running(request.param)[0]


@pytest.fixture
def select(database, running, request, open_session):
    """Return a function that reads a query over TLS, as the certificate of the server allows."""
    folder = running(request.node.callspec.params["database"])[1]

    def select_one(query="SELECT * FROM parking", session=None, **config):
        session = session or open_session(file_roots=[folder])
        settings = {"url": database.url(), "password": PASSWORD, "ca_file": "server.crt", **config}
        settings = {name: value for name, value in settings.items() if value is not None}
        return list(read(Config(query=query, **settings), session))

    select_one.roots = [folder]
    return select_one


@TWO
def test_rows_are_dictionaries_of_what_json_knows(select):
    assert select("SELECT id, name, price FROM parking ORDER BY id;") == [
        {"id": 1, "name": "가 '나'", "price": "123456789.0001"},
        {"id": 2, "name": "100%", "price": None},
        {"id": 3, "name": "다", "price": "0.1000"},
    ]


@TWO
@pytest.mark.parametrize("query", ["SELECT * FROM parking WHERE id > 9", "SELECT * FROM parking WHERE name LIKE '9%%'"])
def test_no_rows_are_no_error(select, query):
    assert select(query) == []


@TWO
def test_a_percent_sign_is_only_itself(select):
    query = "WITH found AS (SELECT id, name FROM parking WHERE name LIKE '%0\\%' OR name LIKE '1%') SELECT * FROM found"
    assert [row["id"] for row in select(query)] == [2]
    assert [row["id"] for row in select(query, cursor_column="id", after=1)] == [2]


@TWO
@pytest.mark.parametrize(
    ("column", "after", "found"),
    [
        ("id", None, [1, 2, 3]),
        ("id", 1, [2, 3]),
        ("id", 3, []),
        ("changed", "2026-01-31T15:00:00+00:00", [3]),
        ("changed", "2026-01-31T23:59:59.999999+09:00", [2, 3]),
        ("changed", "2026-02-01 00:00:00", [3]),
    ],
)
def test_reading_begins_after_the_value_of_the_cursor_column(select, column, after, found):
    assert [row["id"] for row in select(cursor_column=column, after=after)] == found


@TWO
def test_a_cursor_column_is_a_name_and_nothing_else(select):
    with pytest.raises(RequestRefused):
        select(cursor_column='id"` > 0; DROP TABLE parking', after=1)


PG_VALUES = {
    "true": True,
    "NULL::int": None,
    "12345678901234567890123456789.10::numeric": "12345678901234567890123456789.10",
    "1e30::numeric": "1" + "0" * 30,
    "'NaN'::numeric": "NaN",
    "1.5::float8": 1.5,
    "'NaN'::float8": "nan",
    "'Infinity'::float8": "inf",
    "date '2026-01-02'": "2026-01-02",
    "timestamp '2026-01-02 03:04:05'": "2026-01-02T03:04:05+09:00",
    "timestamptz '2026-01-02 03:04:05.25+00'": "2026-01-02T12:04:05.250000+09:00",
    "time '03:04'": "03:04:00",
    "interval '1 month 2 days'": "1 mon 2 days",
    '\'{"type": "Point", "coordinates": [127.0, 37.5]}\'::json': {"type": "Point", "coordinates": [127.0, 37.5]},
    "ARRAY[date '2026-01-02', NULL]": ["2026-01-02", None],
    "'00000000-0000-0000-0000-000000000001'::uuid": "00000000-0000-0000-0000-000000000001",
    "'10.0.0.0/8'::inet": "10.0.0.0/8",
}
MARIA_VALUES = {
    "TRUE": 1,
    "CAST(12345678901234567890123456789.10 AS DECIMAL(31,2))": "12345678901234567890123456789.10",
    "18446744073709551615": 18446744073709551615,
    "1.5e0": 1.5,
    "CAST('2026-01-02' AS DATE)": "2026-01-02",
    "CAST('2026-01-02 03:04:05' AS DATETIME)": "2026-01-02T03:04:05+09:00",
    "FROM_UNIXTIME(0)": "1970-01-01T09:00:00+09:00",
    "CAST('-100:04:05.5' AS TIME(6))": "-100:04:05.500000",
    "CAST('03:04:05' AS TIME)": "03:04:05",
    "TIMEDIFF(NOW(), UTC_TIMESTAMP())": "09:00:00",
}


@PG
@pytest.mark.parametrize(("expression", "value"), PG_VALUES.items())
def test_a_value_of_postgresql_becomes_json_without_loss(select, expression, value):
    assert select(f"SELECT {expression} AS value") == [{"value": value}]


@MARIA
@pytest.mark.parametrize(("expression", "value"), MARIA_VALUES.items())
def test_a_value_of_mariadb_becomes_json_without_loss(select, expression, value):
    assert select(f"SELECT {expression} AS value") == [{"value": value}]


@MARIA
def test_a_moment_and_a_date_that_is_none_are_told_apart(select, database):
    database.administer(
        "CREATE TABLE IF NOT EXISTS dates (stamp timestamp NULL, day date)",
        "SET SESSION sql_mode = ''",
        "TRUNCATE dates",
        "INSERT INTO dates VALUES ('2026-07-01 12:00:00', '0000-00-00')",
    )
    stamp = database.administer(
        "SELECT DATE_FORMAT(CONVERT_TZ(stamp, @@time_zone, '+00:00'), '%Y-%m-%dT%H:%i') FROM dates"
    )
    (row,) = select("SELECT * FROM dates", timezone="UTC")
    assert row == {"stamp": f"{stamp[0][0]}:00+00:00", "day": "0000-00-00"}


@pytest.mark.parametrize(
    ("database", "expression"),
    [
        ("postgresql", "'\\x00'::bytea"),
        ("mariadb", "UNHEX('00')"),
        ("mariadb", "b'1'"),
        ("mariadb", "POINT(127, 37)"),
    ],
    indirect=["database"],
)
def test_bytes_are_refused_with_the_way_out(select, expression):
    with pytest.raises(UnreadableAnswer, match=r"column 'shape' holds bytes; .*ST_AsGeoJSON") as raised:
        select(f"SELECT {expression} AS shape")
    assert "바이트" in raised.value.text.ko


@PG
@pytest.mark.parametrize("expression", ["int4range(1, 2)", "date 'infinity'", "time '24:00'"])
def test_a_value_without_a_like_in_json_is_refused(select, expression):
    with pytest.raises(UnreadableAnswer):
        select(f"SELECT {expression} AS value")


@TWO
@pytest.mark.parametrize("query", ["SELECT 1 AS a, 2 AS a", "SELECT a.id, b.id FROM parking a, parking b"])
def test_two_columns_of_one_name_are_refused(select, query):
    with pytest.raises(BadSetup, match="AS"):
        select(query)


@TWO
def test_more_rows_than_allowed_are_refused(select):
    assert len(select(max_rows=3)) == 3
    with pytest.raises(TooLarge, match="2 rows"):
        select(max_rows=2)


WRITES = {
    "postgresql": [
        "SELECT nextval('numbers')",
        "SELECT set_config('transaction_read_only', 'off', false), setval('numbers', 7)",
        "WITH gone AS (DELETE FROM parking RETURNING *) SELECT * FROM gone",
        "SELECT * FROM parking FOR UPDATE",
    ],
    "mariadb": [
        "SELECT NEXTVAL(numbers)",
        "SELECT * FROM (SELECT 1) AS a, nowhere.b",
        "WITH a AS (DELETE FROM parking) SELECT 1",
    ],
}


@pytest.mark.parametrize(
    ("database", "query"),
    [(kind, query) for kind, queries in WRITES.items() for query in queries],
    indirect=["database"],
)
def test_nothing_can_be_written(select, database, query):
    """The user may write all of it; the transaction may not."""
    grant = ["GRANT ALL ON SEQUENCE numbers TO reader", "GRANT ALL ON parking TO reader"]
    database.administer("CREATE SEQUENCE IF NOT EXISTS numbers", *(grant if database.scheme == "postgresql" else []))
    with pytest.raises(SourceError):
        select(query)
    assert database.administer("SELECT count(*) FROM parking")[0][0] == 3


@PG
def test_what_a_read_only_transaction_lets_pass_is_undone(select, database):
    """Large objects could be made by readers until PostgreSQL 16."""
    try:
        select("SELECT lo_create(0)")
    except SourceError:
        return
    finally:
        assert database.administer("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


@MARIA
def test_a_file_of_the_server_is_not_written(select, tmp_path):
    with pytest.raises(ValidationError, match="only reading"):
        select(f"SELECT * FROM parking INTO OUTFILE '{tmp_path}/x'")


@TWO
@pytest.mark.parametrize("query", ["SELECT nothing FROM parking", "SELECT FROM WHERE", "SELECT * FROM secrets"])
def test_what_the_database_refuses_is_told_in_its_words(select, query):
    with pytest.raises(RequestRefused, match="check the source's configuration"):
        select(query)


@TWO
def test_a_wrong_password_is_a_refused_key_and_shows_nowhere(select, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = PASSWORD[::-1]
    with pytest.raises(KeyRefused) as raised:
        select(password=wrong)
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value.values)
    assert wrong not in told


@TWO
def test_a_database_that_is_not_there_is_refused(select, database):
    with pytest.raises((RequestRefused, KeyRefused)):
        select(url=database.url(database="nowhere"))


@TWO
def test_no_password_shows_when_a_query_echoes_it(select):
    with pytest.raises(IngestError) as raised:
        select(f'SELECT "{PASSWORD}" FROM parking, nowhere')
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


@TWO
@pytest.mark.parametrize(
    ("host", "ca_file"),
    [("127.0.0.1", None), ("localhost", "server.crt")],
    ids=["an unknown authority", "another name"],
)
def test_a_certificate_that_does_not_prove_the_host_is_refused(select, database, host, ca_file):
    with pytest.raises(Unreachable, match="certificate"):
        select(url=database.url(host), ca_file=ca_file)


@TWO
def test_a_private_network_may_be_read_in_plain_when_the_source_says_so(select):
    assert len(select(tls="none", ca_file=None)) == 3


@TWO
def test_a_private_address_needs_the_grant_of_its_source(select, open_session):
    with pytest.raises(ForbiddenAddress, match="allow_private"):
        select(session=open_session(allow_private=False), ca_file=None)


@TWO
@pytest.mark.parametrize("ca_file", ["/etc/passwd", "../x", "log"])
def test_the_file_of_authorities_lies_under_the_roots_and_is_one(select, ca_file):
    with pytest.raises(IngestError):
        select(ca_file=ca_file)


SLOW = {"postgresql": "SELECT pg_sleep(30)", "mariadb": "SELECT SLEEP(30) FROM parking"}
ENDLESS = {
    "postgresql": "SELECT b FROM generate_series(1, 30000) AS a, generate_series(1, 30000) AS b",
    "mariadb": "SELECT a.seq FROM seq_1_to_1000000000 AS a",
}


@TWO
def test_a_statement_that_takes_too_long_is_ended(select, database):
    start = time.monotonic()
    with pytest.raises(TimedOut, match="within 1 s"):
        select(SLOW[database.scheme], timeout=1)
    assert time.monotonic() - start < 5


@TWO
def test_rows_without_end_are_ended(select, database):
    start = time.monotonic()
    with pytest.raises(TimedOut, match="within 1 s"):
        select(ENDLESS[database.scheme], timeout=1, max_rows=10**12)
    assert time.monotonic() - start < 10


@TWO
def test_rows_are_streamed_and_the_rest_is_left(database, running, open_session, request):
    folder = running(request.node.callspec.params["database"])[1]
    settings = {"url": database.url(), "password": PASSWORD, "ca_file": "server.crt", "timeout": 60}
    rows = read(Config(query=ENDLESS[database.scheme], **settings), open_session(file_roots=[folder]))
    next(rows)
    tracemalloc.start()
    for _ in itertools.islice(rows, 50_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    start = time.monotonic()
    rows.close()
    assert peak < 8 * 2**20
    assert time.monotonic() - start < 5


@PG
def test_a_server_that_stops_in_the_middle_breaks_off(select, database):
    def kill():
        time.sleep(0.7)
        database.administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'urban-data-hub'"
        )

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(SourceError) as raised:
        select(ENDLESS["postgresql"], max_rows=10**12)
    killer.join()
    assert raised.value.temporary


@TWO
def test_a_summer_time_zone_is_refused_where_it_cannot_be_told(select, database):
    if database.scheme == "postgresql":
        (row,) = select("SELECT timestamptz '2026-07-01 00:00+00' AS at", timezone="Europe/Paris")
        assert row == {"at": "2026-07-01T02:00:00+02:00"}
    else:
        with pytest.raises(RequestRefused, match="summer time"):
            select(timezone="Europe/Paris")


# Servers that are none.


def listening(behave):
    """A server that does one thing to whoever connects, and its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        try:
            while True:
                connection, _ = server.accept()
                with connection:
                    behave(connection)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    return server


def stay_silent(connection):
    connection.settimeout(4)
    connection.recv(65536)
    connection.recv(1)


def drip(connection):
    for _ in range(1000):
        connection.sendall(b"\x0a")
        time.sleep(0.05)


def packet(number, content):
    return len(content).to_bytes(3, "little") + bytes([number]) + content


# Protocol 10, no TLS, and a plugin that wants the password as it is.
GREETING = (
    b"\x0a5.5.5-10.11-MariaDB\x00" + bytes(4) + b"12345678\x00\xff\xf7\x08\x02\x00\x08\x00\x15" + bytes(10)
) + b"123456789012\x00mysql_clear_password\x00"
heard = []


def ask_for_the_password(connection):
    """What a stranger between hub and database would say to get the password itself."""
    connection.settimeout(1)
    connection.sendall(packet(0, GREETING))
    heard.append(connection.recv(65536))
    connection.sendall(packet(2, b"\xfemysql_clear_password\x00"))
    heard.append(connection.recv(65536))


def ask_for_the_password_of_postgresql(connection):
    connection.settimeout(1)
    connection.recv(65536)
    connection.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")
    heard.append(connection.recv(65536))


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (lambda connection: None, (BrokenOff, Unreachable)),
        (
            lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            (BrokenOff, Unreachable, RequestRefused),
        ),
        (stay_silent, (TimedOut, Unreachable)),
        (drip, (TimedOut, Unreachable, BrokenOff)),
    ],
    ids=["hangs up", "speaks http", "is silent", "drips"],
)
def test_what_is_no_database_is_told_in_time(open_session, monkeypatch, scheme, behave, error):
    monkeypatch.setattr("ingest.connectors.databases.CONNECT_SECONDS", 2)
    start = time.monotonic()
    with listening(behave) as server, pytest.raises(error):
        url = f"{scheme}://reader@127.0.0.1:{server.getsockname()[1]}/city"
        list(read(Config(url=url, password=PASSWORD, query="SELECT 1", tls="none", timeout=1), open_session()))
    assert time.monotonic() - start < 15


@pytest.mark.parametrize(
    ("scheme", "behave"), [("mysql", ask_for_the_password), ("postgresql", ask_for_the_password_of_postgresql)]
)
def test_the_password_itself_is_never_sent_in_plain(open_session, scheme, behave):
    heard.clear()
    with listening(behave) as server, pytest.raises(KeyRefused, match="password"):
        url = f"{scheme}://reader@127.0.0.1:{server.getsockname()[1]}/city"
        list(read(Config(url=url, password=PASSWORD, query="SELECT 1", tls="none", timeout=2), open_session()))
    wait_until(lambda: heard, seconds=5)  # the stranger hears that the hub has gone after the hub knows it
    assert PASSWORD.encode() not in b"".join(heard)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("host", "error", "words"),
    [
        ("169.254.169.254", ForbiddenAddress, "link-local"),
        ("[::ffff:169.254.169.254]", ForbiddenAddress, "link-local"),
        ("127.0.0.1:6379", ForbiddenAddress, "no database"),
        ("8.8.8.8", ForbiddenAddress, "by TLS only"),
        ("no-such-host.invalid", Unreachable, "cannot be resolved"),
    ],
)
def test_an_address_is_judged_before_it_is_connected_to(open_session, scheme, host, error, words):
    config = Config(url=f"{scheme}://reader@{host}/city", password=PASSWORD, query="SELECT 1", tls="none")
    with pytest.raises(error, match=words):
        list(read(config, open_session()))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"url": "db2://reader@host/city"}, "'db2' are not read; allowed: postgresql"),
        ({"url": "postgresql://reader:planted-2@host/city"}, "not written in the address"),
        ({"url": "postgresql://host/city"}, "scheme://user@host"),
        ({"url": "postgresql://reader@host/"}, "scheme://user@host"),
        ({"url": "postgresql://reader@host/city?sslmode=disable"}, "nothing after it"),
        ({"url": "postgresql://reader@host:99999/city"}, "scheme://user@host"),
        ({"password": ""}, "at least 1"),
        ({"after": 1}, "cursor_column"),
        ({"timezone": "Asia/Nowhere"}, "unknown time zone"),
        ({"tls": "none", "ca_file": "a.pem"}, "ca_file"),
        ({"query": "DELETE FROM a"}, "only a SELECT"),
        ({"timeout": 0}, "greater"),
        ({"x": 1}, "not permitted"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(config, words):
    with pytest.raises(ValidationError, match=words):
        Config(**{"url": "postgresql://reader@host/city", "password": "p", "query": "SELECT 1", **config})


def test_the_hub_knows_the_connector_and_never_shows_the_password():
    assert CONNECTORS["sql"].config is Config
    assert "planted" not in repr(Config(url="postgresql://a@b/c", password=PASSWORD, query="SELECT 1"))


# Only what is new, and what was read read again


@TWO
def test_the_second_run_reads_from_the_last_value_less_the_overlap(select, open_session):
    goes_on = {"incremental": {"field": "changed", "overlap": "40d"}}
    first = open_session(file_roots=select.roots)
    query = "SELECT id, changed FROM parking"
    assert [row["id"] for row in select(query, session=first, **goes_on)] == [1, 2, 3]
    assert dt.datetime.fromisoformat(first.left["reached"]) == dt.datetime(2026, 2, 28, 15, tzinfo=dt.UTC)
    again = open_session(file_roots=select.roots, position=first.left)
    assert [row["id"] for row in select(query, session=again, **goes_on)] == [2, 3]
    assert again.left == first.left


@TWO
@pytest.mark.parametrize(
    ("cursor", "position", "span", "found"),
    [
        ({"field": "id", "kind": "integer"}, 2, None, [3]),
        ({"field": "id", "kind": "integer", "overlap": 1}, 2, None, [2, 3]),
        ({"field": "changed", "kind": "date"}, "2026-02-01", None, [2, 3]),
        ({"field": "changed", "initial": "2026-01-15", "delay": "1d"}, None, None, [2, 3]),
        ({"field": "changed"}, "2026-03-01", ("2026-01-01", "2026-02-01"), [1]),
    ],
)
def test_a_run_reads_what_its_cursor_asks_for(select, open_session, cursor, position, span, found):
    by = f"{cursor.get('kind', 'datetime')} {cursor['field']}"
    known = {} if position is None else {"by": by, "reached": position}
    begin_and_end = span and Span(*(dt.datetime.fromisoformat(f"{day}T00:00:00+09:00") for day in span))
    session = open_session(file_roots=select.roots, position=known, span=begin_and_end)
    rows = select("SELECT id, changed FROM parking", session=session, incremental=cursor)
    assert [row["id"] for row in rows] == found
    assert span is None or session.left == known


@TWO
def test_a_row_that_commits_behind_the_cursor_is_caught_by_the_overlap(select, open_session, database):  # A28
    goes_on = {"incremental": {"field": "changed", "overlap": "1d"}}
    first = open_session(file_roots=select.roots)
    select("SELECT id, changed FROM parking", session=first, **goes_on)
    database.administer("INSERT INTO parking VALUES (9, '늦음', NULL, '2026-02-28 12:00:00')")
    try:
        again = open_session(file_roots=select.roots, position=first.left)
        rows = select("SELECT id, changed FROM parking", session=again, **goes_on)
        assert [row["id"] for row in rows] == [9, 3]
    finally:
        database.administer("DELETE FROM parking WHERE id = 9")


@TWO
@pytest.mark.parametrize("cursor", [None, {"field": "id", "kind": "integer"}])
def test_what_was_read_is_kept_in_pieces_and_read_again_without_the_database(
    select, open_session, monkeypatch, tmp_path, cursor
):
    monkeypatch.setattr("ingest.row_pieces.ROWS_A_PIECE", 2)
    kept = []
    session = open_session(
        file_roots=select.roots,
        archive=lambda answer: kept.append(keep_answer(answer, tmp_path, session.mask, Echoes())),
    )
    rows = select("SELECT * FROM parking", session=session, incremental=cursor)
    assert [entry["content_type"] for entry in kept] == ["application/x-ndjson"] * 2
    assert PASSWORD not in str(kept)
    run = Run(raw_answers=kept, position={"from": {}}, started_at=dt.datetime.now(dt.UTC))
    monkeypatch.setattr("ingest.connectors.sql.select_pages", lambda *_: pytest.fail("the database was asked"))
    with ReplaySession(run) as again:
        assert select("SELECT * FROM parking", session=again, incremental=cursor) == rows
        assert again.left == session.left
    with ReplaySession(run) as other, pytest.raises(NotRepeatable):
        select("SELECT * FROM parking", session=other, url="postgresql://reader@127.0.0.1/other")


@TWO
def test_an_answer_without_rows_is_kept_too(select, open_session, tmp_path):
    kept = []
    session = open_session(file_roots=select.roots, archive=lambda answer: kept.append(answer.size))
    assert select("SELECT * FROM parking WHERE id > 9", session=session) == []
    assert kept == [0]


@TWO
def test_a_silent_database_is_left_when_the_run_is_to_stop(select, open_session, database):
    asked = threading.Event()

    def alive() -> None:
        if asked.wait(0.2):
            raise Cancelled

    threading.Timer(1.5, asked.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        select(SLEEP[database.scheme], session=open_session(file_roots=select.roots, alive=alive))
    assert time.monotonic() - began < 5


SLEEP = {"postgresql": "SELECT pg_sleep(20)::text AS a", "mariadb": "SELECT SLEEP(20) AS a"}
