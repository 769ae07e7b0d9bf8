"""The pool of the worker: killed processes are replaced, and the new ones get work."""

import subprocess
import sys

import pytest
from django.conf import settings

from datahub.pool import Messages, TaskPool

KILL_ALL_AND_GO_ON = """
import os, signal, time
from contextlib import suppress
from datahub.pool import SteadyPool

pool = SteadyPool(2)
assert pool.apply_async(abs, (-1,)).get(timeout=30) == 1
for _ in range(3):
    time.sleep(0.2)  # so that most wait for work
    for process in list(pool._pool):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    print(pool.apply_async(abs, (-7,)).get(timeout=30), flush=True)
pool.terminate()
pool.join()
"""


@pytest.mark.journey
def test_processes_that_are_killed_while_they_wait_for_work_do_not_take_the_work_with_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILL_ALL_AND_GO_ON], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=90
    )

    assert done.stdout.split() == ["7", "7", "7"], done.stderr


def test_a_message_is_read_whole_and_none_is_left_when_its_writer_is_gone() -> None:
    messages = Messages()
    large = b"x" * 100_000
    messages.put(large)
    messages.put(("second", None))
    assert messages.get() == large
    assert messages._reader.poll(0)
    messages.throw_away()
    assert not messages._reader.poll(0.01)
    messages._writer.close()
    with pytest.raises(EOFError):
        messages.get()
    messages.close()


def test_the_worker_uses_it() -> None:
    assert f"{TaskPool.__module__}:{TaskPool.__name__}" == settings.CELERY_WORKER_POOL
