"""The room of heavy questions, with real processes: who waits, who is turned away, and that nothing keeps a dead one's place."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from heavy_guest import be_a_guest

from catalog.errors import TooBusy
from catalog.records import Manifest, Part, Schema, admission
from catalog.records.admission import FACTORS, LIGHT_COST, Admission, estimate_cost
from catalog.records.schema import Column

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
HEAVY = 10.0 * LIGHT_COST
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}


def room(
    folder: Path, *, slots: int = 1, places: int = 8, share: int = 8, patience: float = 0.3, light: int = 1000
) -> Admission:
    return Admission(folder, slots=slots, places=places, share=share, light=light, patience=patience)


# Children of a server that has imported the engine already, as importing it takes a second.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["catalog.records.admission"])


class Guest:
    """A process that asks one heavy question."""

    def __init__(self, folder: Path, slots: int, places: int, cost: float, patience: float) -> None:
        self.connection, teller = processes.Pipe()
        self.process = processes.Process(target=be_a_guest, args=(teller, folder, slots, places, cost, patience))
        self.process.start()
        teller.close()

    def said(self) -> str:
        return self.connection.recv()

    def leave(self) -> None:
        self.connection.send("go")

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process.is_alive():
            os.kill(self.process.pid, number)
        self.process.join()


class Guests:
    """Processes that ask one heavy question each, all in one room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[Guest] = []

    def ask(self, *, slots: int = 1, places: int = 8, cost: float = HEAVY, patience: float = 60) -> Guest:
        guest = Guest(self.folder, slots, places, cost, patience)
        self.all.append(guest)
        assert guest.said() == "asks"
        return guest

    def end(self) -> None:
        for guest in self.all:
            guest.kill()
            guest.connection.close()


@pytest.fixture
def guests(tmp_path: Path) -> Iterator[Guests]:
    guests = Guests(tmp_path)
    yield guests
    guests.end()


def wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def states(here: Admission) -> list[bool]:
    return sorted(guest.is_running for guest in here.guests())


@pytest.mark.parametrize(
    ("positions", "kind", "columns", "cost"),
    [
        ([], "sort", 9, 0),
        ([0, 2], "scan", 1, 1_010),
        ([0, 2], "scan", 3, 3_030),
        ([0, 2], "scan", 0, 1_010),
        ([1], "sort", 2, 20_000_000 * FACTORS["sort"]),
        ([1], "group", 1, 10_000_000 * FACTORS["group"]),
        ([1], "export", 1, 10_000_000 * FACTORS["export"]),
        ([1], "lookup", 40, 0),
    ],
)
def test_a_question_costs_what_the_engine_reads_after_pruning(
    positions: list[int], kind: str, columns: int, cost: int
) -> None:
    parts = tuple(Part(digest=str(rows), rows=rows, size=1) for rows in (1_000, 10_000_000, 10))
    manifest = Manifest(schema=Schema(columns=(Column("id"),)), parts=parts, records=1)
    assert estimate_cost(manifest, positions, kind, columns) == cost


def test_light_questions_pass_while_heavy_ones_fill_the_room(tmp_path: Path) -> None:
    full = room(tmp_path, slots=1, places=1, share=1)
    with full.admit(HEAVY):
        with pytest.raises(TooBusy), full.admit(HEAVY):
            pass
        with ExitStack() as light:
            for _ in range(100):
                light.enter_context(full.admit(LIGHT_COST))
    with full.admit(HEAVY):
        pass


def test_light_questions_have_a_limit_of_their_own(tmp_path: Path) -> None:
    small = room(tmp_path, light=2)
    with small.admit(0), small.admit(0), pytest.raises(TooBusy), small.admit(0):
        pass
    with small.admit(0):
        pass


def test_a_process_lets_in_no_more_than_its_share_waiting_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waited"))  # which takes a thread from light ones
    own = room(tmp_path, slots=4, share=2)
    with own.admit(HEAVY), own.admit(HEAVY):
        with pytest.raises(TooBusy), own.admit(HEAVY):
            pass
        with room(tmp_path, slots=4, share=2).admit(HEAVY):  # another process has a share of its own
            pass


def test_slots_are_shared_by_all_processes(guests: Guests, tmp_path: Path) -> None:
    here = room(tmp_path, slots=2)
    working = [guests.ask(slots=2), guests.ask(slots=2)]
    assert [guest.said() for guest in working] == ["in", "in"]
    waiting = guests.ask(slots=2)
    wait_until(lambda: states(here) == [False, True, True])

    working[0].leave()

    assert waiting.said() == "in"
    assert states(here) == [True, True]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_frees_its_slot_at_once(guests: Guests, tmp_path: Path, number: int) -> None:
    dying = guests.ask()
    assert dying.said() == "in"
    waiting = guests.ask()
    wait_until(lambda: states(room(tmp_path)) == [False, True])

    dying.kill(number)

    assert waiting.said() == "in"
    assert states(room(tmp_path)) == [True]


def test_a_waiting_process_that_dies_is_not_waited_for(guests: Guests, tmp_path: Path) -> None:
    working = guests.ask()
    assert working.said() == "in"
    dying = guests.ask(cost=LIGHT_COST + 1)  # it would be the next
    waiting = guests.ask()
    wait_until(lambda: states(room(tmp_path)) == [False, False, True])

    dying.kill()
    working.leave()

    assert waiting.said() == "in"


def test_the_cheaper_goes_first_and_equals_in_the_order_they_came(guests: Guests, tmp_path: Path) -> None:
    working = guests.ask()
    assert working.said() == "in"
    here, waiting = room(tmp_path), []
    for cost in (100 * HEAVY, HEAVY, HEAVY, 2 * LIGHT_COST):
        waiting.append(guests.ask(cost=cost))
        wait_until(lambda: len(here.guests()) == len(waiting) + 1)
    greatest, first, second, least = waiting

    order = [least, first, second, greatest]
    for ending, following in zip([working, *order], order, strict=False):
        ending.leave()
        assert following.said() == "in"
        wait_until(lambda: states(here).count(True) == 1)


def test_a_full_room_turns_away_at_once_and_a_long_wait_ends(guests: Guests) -> None:
    assert guests.ask(places=2).said() == "in"
    patient = guests.ask(places=2, patience=2)
    turned_away = guests.ask(places=2, patience=3600)  # far longer than a test may take
    assert turned_away.said().startswith("busy ")
    assert patient.said().startswith("busy ")


def test_the_advice_is_what_those_who_are_here_will_take(tmp_path: Path) -> None:
    here, now = room(tmp_path, slots=2), time.time()
    half_done = admission.Guest(arrived=now - 5, started=now - 5, cost=1, seconds=10)
    waits = admission.Guest(arrived=now, started=0, cost=1, seconds=20)
    overdue = admission.Guest(arrived=now - 60, started=now - 60, cost=1, seconds=10)
    assert here._advice([]) == 1
    assert here._advice([half_done]) == 3
    assert here._advice([half_done, waits]) == 13
    assert here._advice([overdue]) == 16
    assert here._advice([waits] * 100) == 120


def test_a_room_learns_how_long_questions_take(tmp_path: Path) -> None:
    learning = room(tmp_path)
    for _ in range(20):
        with learning.admit(LIGHT_COST + 1):
            pass
    with learning.admit(HEAVY):
        [guest] = learning.guests()
    assert guest.seconds < HEAVY * 12e-9 / 10


def test_a_question_that_fails_leaves_its_place_and_teaches_nothing(tmp_path: Path) -> None:
    failing = room(tmp_path, share=1)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), failing.admit(HEAVY):
            raise ZeroDivisionError
    assert failing.guests() == []
    with failing.admit(HEAVY):
        [guest] = failing.guests()
    assert guest.seconds == pytest.approx(HEAVY * 12e-9)


def test_a_stream_holds_its_place_until_it_is_closed(tmp_path: Path) -> None:
    here = room(tmp_path)

    def stream() -> Iterator[int]:
        with here.admit(HEAVY):
            yield from range(1_000)

    answer = stream()
    assert states(here) == []
    next(answer)
    assert states(here) == [True]
    answer.close()
    assert states(here) == []


def test_many_threads_never_exceed_the_slots(tmp_path: Path) -> None:
    here = room(tmp_path, slots=3, places=20, share=20, patience=20)
    inside, most, done, lock = 0, 0, 0, threading.Lock()

    def ask() -> None:
        nonlocal inside, most, done
        with here.admit(HEAVY):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1
                done += 1

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (3, 20)


def test_a_process_that_is_frozen_in_the_gate_delays_the_others_only_for_their_patience(tmp_path: Path) -> None:
    frozen = os.open(tmp_path / "gate", os.O_RDWR | os.O_CREAT)
    script = f"import fcntl, time; fcntl.flock({frozen}, fcntl.LOCK_EX); print('locked', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", script], pass_fds=[frozen], stdout=subprocess.PIPE, encoding="ascii"
    )
    os.close(frozen)
    try:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(TooBusy), room(tmp_path, patience=0.1).admit(HEAVY):
            pass
        with room(tmp_path, patience=0.1).admit(LIGHT_COST):  # light questions have nothing to do with it
            pass
    finally:
        process.kill()
        process.communicate()
    with room(tmp_path).admit(HEAVY):
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The hub's web server on a free port with an answer that never ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *options, "--blocking-threads", "4", "endless_answer:application"],
        env=ENVIRONMENT | {"ROOM": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: can_connect(port))
        yield process, port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def can_connect(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def asked(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    received = 0
    while received < 200_000:
        received += len(connection.recv(65_536))
    return connection


def test_a_client_that_hangs_up_in_the_middle_ends_its_question(
    server: tuple[subprocess.Popen[bytes], int], tmp_path: Path
) -> None:
    here = room(tmp_path)
    for reads_on in (True, False):
        with asked(server[1]):
            assert states(here) == [True]
            if not reads_on:  # the answer is stuck in the network while nobody reads
                time.sleep(0.5)
                assert states(here) == [True]
        wait_until(lambda: states(here) == [])


def test_a_web_server_that_is_killed_keeps_no_slot(server: tuple[subprocess.Popen[bytes], int], tmp_path: Path) -> None:
    with asked(server[1]):
        assert states(room(tmp_path)) == [True]
        os.killpg(server[0].pid, signal.SIGKILL)
        wait_until(lambda: states(room(tmp_path)) == [], seconds=5)
