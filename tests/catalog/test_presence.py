"""Whether a client still waits, by the kernel's table of connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import duckdb
import pytest

from catalog.presence import CALLER, Presence, caller_waits, connections_from
from catalog.records.engine import connect, deadline
from catalog.storage import awaited_limits


@contextmanager
def connected(stack: ExitStack, host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Yield a client's end of a connection to this process; the other end stays open until the stack ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2], source_address=(host, 0)) as client:
            stack.enter_context(listener.accept()[0])
            yield client


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])  # no other test of this process has a connection from there
def test_a_client_is_there_until_the_last_of_its_connections_is_closed(host):
    with ExitStack() as stack:
        presence = Presence(host)
        with connected(stack, host) as one:
            with connected(stack, host):
                assert presence.is_there()
                assert len(set(connections_from(host))) == 4  # both ends are in this process
            assert presence.is_there()
            one.close()
            assert presence.is_there()  # a second look makes sure
            assert not presence.is_there()
            with connected(stack, host):  # a later connection is not the one by which it asked
                assert not presence.is_there()


def test_the_kernel_writes_ipv4_clients_of_an_ipv6_socket_in_ipv6():
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener,
        ExitStack() as stack,
        socket.create_connection(("127.0.0.1", listener.getsockname()[1])),
    ):
        stack.enter_context(listener.accept()[0])
        assert list(connections_from("::ffff:127.0.0.1"))
        assert set(connections_from("127.0.0.1")) == set(connections_from("::ffff:127.0.0.1"))


@pytest.mark.parametrize("address", ["192.0.2.7", "", "unix:", "not an address"])
def test_a_client_of_whom_nothing_is_known_is_taken_to_wait(address):
    presence = Presence(address)
    assert presence.is_there()
    assert presence.is_there()


def test_where_the_kernel_has_no_such_table_everybody_waits(monkeypatch, tmp_path):
    monkeypatch.setattr("catalog.presence.FILES", tmp_path / "none")
    presence = Presence("127.0.0.1")
    assert presence.is_there()


def test_a_look_that_fails_ends_nothing(monkeypatch, tmp_path):
    with ExitStack() as stack, connected(stack, "127.0.0.3"):
        presence = Presence("127.0.0.3")
        assert presence.is_there()
        with monkeypatch.context() as patch:
            patch.setattr("catalog.presence.FILES", tmp_path / "none")
            assert [presence.is_there() for _ in range(3)] == [True] * 3
        assert presence.is_there()


def test_a_worker_has_no_caller():
    assert caller_waits() is None
    token = CALLER.set("192.0.2.7")
    try:
        assert caller_waits()() is True
    finally:
        CALLER.reset(token)


ENDLESS = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range = 7"


def test_a_question_ends_once_its_client_has_hung_up():
    with ExitStack() as stack, connected(stack, "127.0.0.4") as client:
        token = CALLER.set("127.0.0.4")
        try:
            limits = replace(awaited_limits(), seconds=3600)
        finally:
            CALLER.reset(token)
        threading.Timer(1.0, client.close).start()
        with connect((), limits) as cursor, pytest.raises(duckdb.InterruptException), deadline(cursor, limits):
            cursor.sql(ENDLESS).fetchall()
