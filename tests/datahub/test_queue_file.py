"""The queue file: order, leases, dead letters, forks."""

import os
import threading
import time
from queue import Empty

import pytest

from datahub.queue_file import QueueFile, close_queue_files, connect, open_queue_file, refuse_network_file_system


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "broker.sqlite3"


@pytest.fixture
def open_file(path):
    """Open the file as one more process would, with an owner of its own."""
    opened = []

    def open_one_more(**options):
        opened.append(QueueFile(path, **options))
        return opened[-1]

    yield open_one_more
    for file in opened:
        file.close()


def take_all(file, queue="pulls"):
    bodies = []
    try:
        while True:
            tag, body, _ = file.take(queue)
            file.acknowledge(tag)
            bodies.append(body)
    except Empty:
        return bodies


def test_the_highest_priority_comes_first_and_then_the_oldest(open_file):
    file = open_file()
    for body, priority in [("a", 0), ("b", 5), ("c", 9), ("d", 5), ("e", 0)]:
        file.put("pulls", body, priority=priority)

    assert take_all(file) == ["c", "b", "d", "a", "e"]


def test_queues_do_not_see_each_other(open_file):
    file = open_file()
    file.put("pulls", "a")
    file.put("builds", "b")

    assert take_all(file, "builds") == ["b"]
    assert take_all(file, "pulls") == ["a"]


def test_a_taken_message_is_hidden_until_it_is_released(open_file):
    first, second = open_file(), open_file()
    first.put("pulls", "a")
    tag, _, tries = first.take("pulls")

    with pytest.raises(Empty):
        second.take("pulls")
    first.release(tag)

    assert (tries, second.take("pulls")[2]) == (1, 2)


def test_a_message_released_untried_counts_no_try(open_file):
    file = open_file()
    file.put("pulls", "a")
    file.release(file.take("pulls")[0], untried=True)

    assert file.take("pulls")[2] == 1


def test_a_lease_is_renewed_while_its_process_lives(open_file):
    later = time.time() + 60
    holder, other = open_file(lease_seconds=0.3), open_file(clock=lambda: later)
    holder.put("pulls", "a long task")
    holder.take("pulls")
    assert other.size("pulls") == 1  # by then the lease is over

    holder.clock = lambda: later
    while other.size("pulls"):  # until the thread has renewed it
        time.sleep(0.01)

    with pytest.raises(Empty):
        other.take("pulls")


def test_the_lease_of_a_process_that_is_gone_runs_out(open_file):
    holder, other = open_file(lease_seconds=20.0), open_file()
    holder.put("pulls", "a")
    holder.take("pulls")
    holder.close()

    with pytest.raises(Empty):
        other.take("pulls")
    over = time.time() + 20

    assert open_file(clock=lambda: over).take("pulls")[1:] == ("a", 2)


def test_a_message_that_kills_its_workers_ends_among_the_dead_letters(open_file, caplog):
    file = open_file(max_tries=2)
    file.put("pulls", "poison")
    file.put("pulls", "good")
    for _ in range(2):
        file.release(file.take("pulls")[0])

    assert take_all(file) == ["good"]
    assert file.dead_letters("pulls") == ["poison"]
    assert "given up after 2 tries" in caplog.text


def test_purging_spares_what_is_being_worked_on(open_file):
    file = open_file()
    for body in "abc":
        file.put("pulls", body)
    tag, _, _ = file.take("pulls")

    assert (file.size("pulls"), file.purge("pulls"), file.size("pulls")) == (2, 2, 0)
    file.release(tag)
    assert take_all(file) == ["a"]


def test_threads_and_files_share_the_messages_without_losing_or_doubling_one(open_file):
    files = [open_file() for _ in range(3)]
    for number in range(300):
        files[0].put("pulls", str(number))
    taken = []
    threads = [threading.Thread(target=lambda file=file: taken.extend(take_all(file))) for file in files * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken, key=int) == [str(number) for number in range(300)]


def test_many_processes_may_make_the_file_at_once(path):
    children = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            connect(path).execute("INSERT INTO message (queue, priority, body) VALUES ('pulls', 0, 'a')")
            os._exit(0)
        children.append(pid)

    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # it is what is tested (Python 3.12 on)
def test_a_forked_child_has_a_connection_and_an_owner_of_its_own(path):
    parent = open_queue_file(path)
    parent.put("pulls", "a")
    tag, _, _ = parent.take("pulls")
    pid = os.fork()
    if pid == 0:
        child = open_queue_file(path)
        child.acknowledge(tag)  # not its own: nothing happens
        os._exit(0 if child is not parent and child.owner != parent.owner else 1)

    assert os.waitpid(pid, 0)[1] == 0
    parent.release(tag)
    assert take_all(parent) == ["a"]
    close_queue_files()


@pytest.mark.parametrize(
    ("mounts", "refused"),
    [
        ("/dev/sda1 / ext4 rw 0 0\n", False),
        ("/dev/sda1 / ext4 rw 0 0\nserver:/hub {folder} nfs4 rw 0 0\n", True),
        ("server:/root / nfs rw 0 0\n/dev/sdb1 {folder} ext4 rw 0 0\n", False),
        ("//office/share / cifs rw 0 0\n", True),
    ],
)
def test_a_network_file_system_is_refused(mounts, refused, tmp_path):
    table = tmp_path / "mounts"
    table.write_text(mounts.format(folder=tmp_path), encoding="utf-8")

    if refused:
        with pytest.raises(ValueError, match="network file system"):
            refuse_network_file_system(tmp_path, table)
    else:
        refuse_network_file_system(tmp_path, table)
