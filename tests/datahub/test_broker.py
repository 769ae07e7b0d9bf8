"""The SQLite transport through Kombu, and through real Celery workers that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import pytest
from celery import Celery
from kombu import Connection, Queue
from kombu.transport import virtual

from datahub.broker import register_sqlite_transport
from datahub.queue_file import close_queue_files

register_sqlite_transport()

# A Celery application with the hub's settings of delivery; its tasks leave a line in a file.
APPLICATION = """
import os, time
from celery import Celery
from datahub.broker import register_sqlite_transport

register_sqlite_transport()
app = Celery(broker=os.environ["BROKER"], set_as_current=False)
app.conf.update(
    task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1, task_ignore_result=True,
    broker_transport_options={"lease_seconds": 3, "longest_drain": 0.2}, broker_connection_retry_on_startup=True,
)

@app.task(name="note")
def note(number, seconds):
    time.sleep(seconds)
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{number}\\n")
"""


@pytest.fixture(autouse=True)
def closed_files():
    yield
    close_queue_files()


@pytest.fixture
def address(tmp_path):
    return f"sqlitelease:///{tmp_path / 'broker.sqlite3'}"


def test_what_is_published_is_consumed_in_order_and_gone_when_acknowledged(address):
    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        for number in range(3):
            queue.put({"run": number, "이름": "주차장"})
        assert queue.qsize() == 3

        messages = [queue.get() for _ in range(3)]
        for message in messages:
            message.ack()

        assert [message.payload for message in messages] == [{"run": number, "이름": "주차장"} for number in range(3)]
        assert queue.qsize() == 0


def test_priority_decides_the_order(address):
    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        for number, priority in enumerate([0, 9, 4]):
            queue.put(number, priority=priority)

        assert [queue.get().payload for _ in range(3)] == [1, 2, 0]


def test_a_message_without_acknowledgement_is_gone_when_it_is_got(address):
    with Connection(address) as connection, connection.SimpleQueue("pulls", no_ack=True) as queue:
        queue.put("a")
        queue.get()

    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue, pytest.raises(queue.Empty):
        queue.get(timeout=0.1)


def test_a_consumer_without_acknowledgement_leaves_nothing_behind(address):
    with Connection(address) as connection:
        connection.SimpleQueue("pulls").put(["a"])
        received = []
        with connection.Consumer(Queue("pulls"), no_ack=True, on_message=received.append, accept=["json"]):
            connection.drain_events()
        assert [message.payload for message in received] == [["a"]]
        assert connection.default_channel.queue_purge("pulls") == 0


@pytest.mark.parametrize(
    ("verb", "left"), [("ack", 0), ("reject", 0), ("requeue", 1)], ids=["done", "refused", "given back"]
)
def test_the_three_ends_of_a_message(verb, left, address):
    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        queue.put("a")
        getattr(queue.get(), verb)()

        assert queue.qsize() == left


def test_a_requeued_message_says_that_it_comes_again(address):
    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        queue.put("a")
        first = queue.get()
        first.requeue()
        second = queue.get()

        assert (first.delivery_info["redelivered"], second.delivery_info["redelivered"]) == (False, True)


def test_closing_a_connection_hands_back_what_was_not_begun(address):
    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        queue.put("a")
        queue.get()

    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        assert queue.get().delivery_info["redelivered"] is False


def test_a_waiting_consumer_looks_again_every_20_milliseconds(address, monkeypatch):
    with Connection(address) as connection, connection.SimpleQueue("pulls") as queue:
        pauses = []

        def publish_in_the_third_pause(seconds):
            pauses.append(seconds)
            if len(pauses) == 3:
                queue.put("a")

        monkeypatch.setattr(virtual.base, "sleep", publish_in_the_third_pause)
        assert queue.get().payload == "a"
        assert pauses == [0.02] * 3


@pytest.mark.journey
def test_no_message_is_lost_and_only_those_in_flight_come_twice_when_workers_are_killed(address, tmp_path):
    (tmp_path / "application.py").write_text(APPLICATION, encoding="utf-8")
    notes = tmp_path / "notes"
    with workers_of(tmp_path, {"BROKER": address, "NOTES": str(notes)}) as start_worker:
        publish(address, [(number, 0.01) for number in range(300)])
        doomed = [start_worker(), start_worker()]
        wait_until(lambda: len(noted(notes)) > 60)
        for worker in doomed:
            os.killpg(worker.pid, signal.SIGKILL)
        start_worker()
        wait_until(lambda: len(set(noted(notes))) == 300)

    twice = [number for number, times in Counter(noted(notes)).items() if times > 1]
    assert len(twice) <= 4  # two killed workers with two tasks each: done, and killed before saying so


@pytest.mark.journey
def test_a_task_longer_than_its_lease_runs_once(address, tmp_path):
    (tmp_path / "application.py").write_text(APPLICATION, encoding="utf-8")
    notes = tmp_path / "notes"
    with workers_of(tmp_path, {"BROKER": address, "NOTES": str(notes)}) as start_worker:
        start_worker(), start_worker()
        publish(address, [(7, 4)])
        wait_until(lambda: noted(notes))
    assert noted(notes) == [7]


def publish(address, tasks):
    with Celery(broker=address, set_as_current=False) as application:
        for arguments in tasks:
            application.send_task("note", arguments)


def noted(notes):
    return [int(line) for line in notes.read_text().split()] if notes.exists() else []


def wait_until(true):
    while not true():
        time.sleep(0.05)


@contextmanager
def workers_of(folder, environment):
    """Give a function that starts a Celery worker as the leader of a process group; all end with the context."""
    started = []

    def start_worker():
        number = len(started)
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "application",
            "worker",
            "-n",
            f"w{number}",
            "--concurrency",
            "2",
        ]
        with (folder / f"worker-{number}.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"],
                    cwd=folder,
                    env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return started[-1]

    try:
        yield start_worker
    finally:
        for worker in started:
            worker.send_signal(signal.SIGTERM)
        for worker in started:
            worker.wait()
