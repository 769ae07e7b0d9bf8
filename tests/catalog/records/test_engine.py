import _thread
import dataclasses
import os
import subprocess
import sys
import threading
import time

import duckdb
import pytest
from record_rooms import Room, make_schema

from catalog.errors import TooExpensive
from catalog.records import Limits, engine
from catalog.records.engine import connect, deadline, identifier, text_literal

ROWS = [{"n": number, "text": f"가{number}"} for number in range(3)]
SCHEMA = make_schema(n="integer", text="string")

FORBIDDEN = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_text('{store}/../secret.txt')",
    "SELECT * FROM read_text('{store}-beside/secret.txt')",
    "SELECT * FROM read_text('https://example.org/')",
    "COPY (SELECT 1) TO '{outside}/stolen.csv'",
    "EXPORT DATABASE '{outside}'",
    "ATTACH '{outside}/other.db'",
    "INSTALL spatial",
    "LOAD spatial",
    "CREATE PERSISTENT SECRET s (TYPE s3)",
    "SET threads = 8",
    "SET memory_limit = '64GB'",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET lock_configuration = false",
    "SET temp_directory = '{outside}'",
    "RESET memory_limit",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_nothing_outside_the_store_can_be_reached(shared_room, statement, tmp_path):
    store = shared_room.store.root
    for folder in (store.parent, store.with_name("store-beside")):
        folder.mkdir(exist_ok=True)
        (folder / "secret.txt").write_text("secret")
    with connect((store,), shared_room.limits) as cursor, pytest.raises(duckdb.Error):
        cursor.execute(statement.format(store=store, outside=tmp_path)).fetchall()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_what_lies_in_the_store_can_be_read(shared_room):
    manifest = shared_room.write(ROWS, SCHEMA)
    path = str(shared_room.store.path(manifest.parts[0].digest))
    with connect((shared_room.store.root,), shared_room.limits) as cursor:
        assert cursor.sql("SELECT count(*) FROM read_parquet($path)", params={"path": path}).fetchall() == [(3,)]


def test_a_connection_has_one_thread_its_memory_and_korean_time(room):
    with connect((room.store.root,), Limits(spool=room.limits.spool, memory_mib=64)) as cursor:
        settings = dict(
            cursor.sql(
                "SELECT name, value FROM duckdb_settings() WHERE name IN ('threads', 'memory_limit', 'temp_directory', 'TimeZone')"
            ).fetchall()
        )
    assert settings == {
        "threads": "1",
        "memory_limit": "64.0 MiB",
        "temp_directory": str(room.limits.spool / "spill"),
        "TimeZone": "Etc/GMT-9",
    }


ENDLESS = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range = 7"


def test_a_deadline_interrupts(shared_room):
    with connect((shared_room.store.root,), shared_room.limits) as cursor:
        with (
            pytest.raises(duckdb.InterruptException),
            deadline(cursor, dataclasses.replace(shared_room.limits, seconds=0.05)),
        ):
            cursor.sql(ENDLESS).fetchall()
        assert cursor.sql("SELECT 1").fetchall() == [(1,)]


def test_a_question_ends_when_nobody_waits_for_it_any_more(shared_room):
    looks = iter([True, True, False])
    limits = dataclasses.replace(shared_room.limits, seconds=600, is_wanted=lambda: next(looks))
    with connect((shared_room.store.root,), limits) as cursor:
        with pytest.raises(duckdb.InterruptException), deadline(cursor, limits):
            cursor.sql(ENDLESS).fetchall()
        assert list(looks) == []
        assert cursor.sql("SELECT 1").fetchall() == [(1,)]


def test_a_deadline_that_is_kept_leaves_no_thread_behind(shared_room):
    before = threading.active_count()
    with connect((shared_room.store.root,), shared_room.limits) as cursor, deadline(cursor, shared_room.limits):
        assert cursor.sql("SELECT 1").fetchall() == [(1,)]
    assert threading.active_count() == before


def impatient(room: Room) -> Room:
    return Room(room.limits.spool.parent, seconds=0.0)


def test_a_page_that_takes_too_long_is_an_error_in_both_languages(room):
    manifest = room.write(({"n": number, "text": "x"} for number in range(200_000)), SCHEMA)
    with pytest.raises(TooExpensive) as caught:
        impatient(room).ask(manifest, ("order_by", "-n"))
    assert str(caught.value) == "The question could not be answered to the end: it took longer than 0 s; narrow it down"
    assert caught.value.text.ko == "질문에 끝까지 답하지 못했습니다. 0초 안에 끝나지 않았습니다. 조건을 좁히십시오."
    with pytest.raises(TooExpensive):
        impatient(room).stream(manifest, ("order_by", "-n"))
    assert len(room.stream(manifest, ("order_by", "-n"))) == 200_000


def test_a_question_that_needs_more_memory_than_allowed_is_an_error(room):
    manifest = room.write(({"n": number, "text": "가" * 200 + str(number)} for number in range(30_000)), SCHEMA)
    small = Room(room.limits.spool.parent, memory_mib=12)
    for ask in (small.stream, small.ask):
        with pytest.raises(TooExpensive) as caught:
            ask(manifest, ("order_by", "-text"), ("limit", "10000"))
        assert "12 MiB" in caught.value.text.ko
        assert "12 MiB" in caught.value.text.en


def tables(room: Room, limits: Limits | None = None) -> list[str]:
    """Return the tables that were made on this thread's connection."""
    with connect((room.store.root,), limits or room.limits) as cursor:
        return [name for (name,) in cursor.sql("SELECT table_name FROM duckdb_tables()").fetchall()]


def in_another_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_connection_is_kept_for_its_thread_alone(room):
    with connect((room.store.root,), room.limits) as cursor:
        cursor.execute("CREATE TABLE made (n INTEGER)")
    assert tables(room) == ["made"]
    assert in_another_thread(lambda: tables(room)) == []
    assert tables(room) == ["made"]


def test_a_thread_keeps_the_connections_that_it_used_last(room):
    with connect((room.store.root,), room.limits) as cursor:
        cursor.execute("CREATE TABLE made (n INTEGER)")
    others = [
        dataclasses.replace(room.limits, memory_mib=memory)
        for memory in range(100, 100 * (engine.KEPT_PER_THREAD + 2), 100)
    ]
    assert [tables(room, limits) for limits in others[: engine.KEPT_PER_THREAD - 1]] == [[]] * (
        engine.KEPT_PER_THREAD - 1
    )
    assert tables(room) == ["made"]
    assert tables(room, others[engine.KEPT_PER_THREAD]) == []
    assert tables(room) == ["made"]
    assert [tables(room, limits) for limits in others[1:]] == [[]] * engine.KEPT_PER_THREAD
    assert tables(room) == []


def test_no_thread_loses_its_connections_to_a_few_others(room):
    """Not even one that Python does not know of, as the threads of a web server may be."""
    with connect((room.store.root,), room.limits) as cursor:
        cursor.execute("CREATE TABLE made (n INTEGER)")
    for _ in range(5):
        in_another_thread(lambda: tables(room))
    found, started, ended = [], threading.Event(), threading.Event()

    def ask_twice() -> None:
        with connect((room.store.root,), room.limits) as cursor:
            cursor.execute("CREATE TABLE own (n INTEGER)")
        started.set()
        ended.wait()
        found.append(tables(room))

    _thread.start_new_thread(ask_twice, ())
    assert started.wait(60)
    in_another_thread(lambda: tables(room, dataclasses.replace(room.limits, memory_mib=100)))
    assert tables(room) == ["made"]
    ended.set()
    while not found:
        time.sleep(0.01)
    assert found == [["own"]]


def test_connections_of_ended_threads_do_not_pile_up(room, monkeypatch):
    monkeypatch.setattr(engine, "KEPT", 4)
    for _ in range(8):
        in_another_thread(lambda: tables(room))
    assert len(engine._kept) <= 4


FORKING = """
import os, sys, threading
from pathlib import Path
from catalog.records import Limits
from catalog.records.engine import connect

limits = Limits(spool=Path(sys.argv[1]))
ask = lambda: connect((limits.spool,), limits)

with ask() as cursor:
    assert cursor.sql("SELECT 1").fetchall() == [(1,)]

started, forked, counted = threading.Event(), threading.Event(), []
def read():
    with ask() as cursor:
        reader = cursor.sql("SELECT * FROM range(300000) ORDER BY hash(range)").to_arrow_reader(1000)
        counted.append(next(reader).num_rows)
        started.set()
        forked.wait()
        counted.extend(batch.num_rows for batch in reader)
thread = threading.Thread(target=read)
thread.start()
started.wait()

for ending in (os._exit, sys.exit):
    child = os.fork()
    if not child:
        with ask() as cursor:
            assert cursor.sql("SELECT 2").fetchall() == [(2,)]
        ending(0)
    print(os.waitpid(child, 0)[1])
forked.set()
thread.join()
print(sum(counted))
with ask() as cursor:
    print(cursor.sql("SELECT 3").fetchall())
"""


def test_a_forked_process_opens_its_own_connection_and_both_go_on(tmp_path):
    """An inherited connection would end the child with a segmentation fault (duckdb 2.0)."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stdout.split("\n")) == (0, ["0", "0", "300000", "[(3,)]", ""]), done.stderr


QUOTED = [("plain", '"plain"'), ('dou"ble', '"dou""ble"'), ('"; DROP TABLE x; --', '"""; DROP TABLE x; --"')]


@pytest.mark.parametrize(("name", "quoted"), QUOTED)
def test_names_are_quoted(name, quoted):
    assert identifier(name) == quoted


def test_texts_are_quoted(shared_room):
    awkward = "it's '' \\' $x \n 한글"
    with connect((shared_room.store.root,), shared_room.limits) as cursor:
        assert cursor.sql(f"SELECT {text_literal(awkward)}").fetchall() == [(awkward,)]
