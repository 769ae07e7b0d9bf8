"""The process tree: what dies comes back, what the supervisor started ends with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datahub.supervisor import LOG_BYTES, Child, Supervisor

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
# Starts a child of its own, tells its number, ignores SIGTERM.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""
# A supervisor as a program of its own: prints the numbers of its children, exits 0 when a signal ends it.
PROGRAM = """
import sys
from pathlib import Path
from datahub.supervisor import Child, Supervisor, interrupt_on_signals

interrupt_on_signals()
folder, *argv = sys.argv[1:]
children = [Child(name, argv, log=Path(folder, name + ".log")) for name in ("web", "worker")]
try:
    with Supervisor(children, grace=0.3) as tree:
        print(*(state.pid for state in tree.state().values()), flush=True)
        tree.wait()
except KeyboardInterrupt:
    sys.exit(0)
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true):
    deadline = time.monotonic() + 60  # nothing takes that long, but a busy machine is slow
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_dead_child_starts_again_and_the_others_stay(tmp_path):
    children = [Child(name, SLEEPER, log=tmp_path / f"{name}.log") for name in ("web", "worker")]
    with Supervisor(children) as tree:
        before = tree.state()
        os.kill(before["worker"].pid, signal.SIGKILL)
        wait_until(lambda: tree.state()["worker"].restarts == 1)
        after = tree.state()

        assert after["worker"].is_running
        assert after["worker"].pid != before["worker"].pid
        assert after["web"] == before["web"]


def test_a_child_that_ends_at_once_is_started_ever_more_slowly(tmp_path, caplog):
    with Supervisor([Child("web", (sys.executable, "-c", "raise SystemExit(3)"), log=tmp_path / "web.log")]):
        wait_until(lambda: len(caplog.messages) >= 2)
    told = [f"web ended with 3; it starts again in {delay} s" for delay in ("0.5", "1.0")]
    assert caplog.messages[:2] == told


def test_leaving_ends_every_child(tmp_path):
    with Supervisor([Child("web", SLEEPER, log=tmp_path / "web.log")]) as tree:
        pid = tree.state()["web"].pid

    assert not is_alive(pid)
    assert tree.state()["web"].exit_code == -signal.SIGTERM


def test_what_a_child_has_started_ends_with_it_even_when_it_ignores_signals(tmp_path):
    log = tmp_path / "web.log"
    with Supervisor([Child("web", (sys.executable, "-c", STUBBORN), log=log)], grace=0.3) as tree:
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
        child, grandchild = tree.state()["web"].pid, int(log.read_text())

    wait_until(lambda: not is_alive(child) and not is_alive(grandchild))


def test_what_a_killed_child_had_started_is_gone_before_it_starts_again(tmp_path):
    log = tmp_path / "web.log"
    with Supervisor([Child("web", (sys.executable, "-c", STUBBORN), log=log)], grace=0.3) as tree:
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
        grandchild = int(log.read_text())
        os.kill(tree.state()["web"].pid, signal.SIGKILL)
        wait_until(lambda: tree.state()["web"].restarts == 1)

        assert not is_alive(grandchild)


def test_a_child_gets_its_environment_and_folder_and_writes_to_its_log(tmp_path):
    log = tmp_path / "log" / "web.log"
    program = "import os; print(os.environ['SANDBOX_KEY'], os.getcwd(), flush=True); import time; time.sleep(600)"
    child = Child("web", (sys.executable, "-c", program), log=log, environment={"SANDBOX_KEY": "k"}, folder=tmp_path)
    with Supervisor([child]):
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"))

    assert log.read_text().split() == ["k", str(tmp_path)]


def test_a_long_log_is_kept_aside_at_the_next_start(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    with Supervisor([Child("web", SLEEPER, log=log)]):
        pass

    assert (tmp_path / "web.log.1").stat().st_size > LOG_BYTES
    assert log.stat().st_size == 0


def test_a_log_that_cannot_be_written_is_an_error_and_leaves_nothing_running(tmp_path):
    (tmp_path / "folder").mkdir()
    children = [Child("web", SLEEPER, log=tmp_path / "web.log"), Child("worker", SLEEPER, log=tmp_path / "folder")]
    tree = Supervisor(children)
    with pytest.raises(IsADirectoryError), tree:
        pass

    assert [(name, state.is_running) for name, state in tree.state().items()] == [("web", False)]


@pytest.fixture
def program(tmp_path):
    """Start a supervisor as a program; give the process and the numbers of its children."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), sys.executable, "-c", STUBBORN]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    children = [int(pid) for pid in process.stdout.readline().split()]
    logs = [tmp_path / f"{name}.log" for name in ("web", "worker")]
    wait_until(lambda: all(log.read_text().endswith("\n") for log in logs))
    yield process, children
    process.stdout.close()
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_tree_with_exit_code_0(number, program):
    process, children = program
    process.send_signal(number)

    assert process.wait(timeout=60) == 0
    assert not any(map(is_alive, children))


def test_a_killed_supervisor_leaves_nothing_running(program, tmp_path):
    process, children = program
    grandchildren = [int((tmp_path / f"{name}.log").read_text()) for name in ("web", "worker")]
    assert all(map(is_alive, children + grandchildren))
    process.kill()

    wait_until(lambda: not any(map(is_alive, children + grandchildren)))


def test_a_killed_guard_is_replaced(program, tmp_path):
    process, children = program
    (guard,) = children_of(process.pid) - set(children)
    os.kill(guard, signal.SIGKILL)
    os.kill(children[0], signal.SIGKILL)
    wait_until(lambda: len(children_of(process.pid)) == 3 and not {guard, children[0]} & children_of(process.pid))
    time.sleep(1)  # a new child is seen a moment before the guard is told of it
    restarted = children_of(process.pid)
    process.kill()

    wait_until(lambda: not any(map(is_alive, restarted)))


def children_of(pid):
    return {
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    }


def test_a_child_that_becomes_wanted_runs_and_ends_when_it_is_wanted_no_more(tmp_path):
    listener = Child("listen", SLEEPER, log=tmp_path / "listen.log")
    with Supervisor([Child("web", SLEEPER, log=tmp_path / "web.log")]) as tree:
        tree.keep(listener, wanted=False)
        assert "listen" not in tree.state()
        tree.keep(listener, wanted=True)
        wait_until(lambda: "listen" in tree.state())
        first = tree.state()["listen"].pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: tree.state()["listen"].restarts == 1)
        tree.keep(listener, wanted=True)
        second = tree.state()["listen"].pid
        tree.keep(listener, wanted=False)
        wait_until(lambda: "listen" not in tree.state())
        assert not is_alive(second)
        tree.keep(listener, wanted=True)
        wait_until(lambda: "listen" in tree.state())
        third = tree.state()["listen"].pid
        assert tree.state()["web"].restarts == 0
    assert not is_alive(third)
    assert third not in (first, second)


def test_a_child_that_is_no_longer_wanted_and_does_not_end_is_killed(tmp_path):
    log = tmp_path / "listen.log"
    listener = Child("listen", (sys.executable, "-c", STUBBORN), log=log)
    with Supervisor([], grace=0.3) as tree:
        tree.keep(listener, wanted=True)
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
        tree.keep(listener, wanted=False)
        wait_until(lambda: "listen" not in tree.state())
        wait_until(lambda: not is_alive(int(log.read_text())))
