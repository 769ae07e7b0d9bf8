"""The hub itself fails: a full or broken disk at any step, a queue that was emptied, a broker that is away.

The identifiers are those of the list in docs/faults.md. That workers are killed and frozen is in ``tests/ingest/test_crashes.py``.
"""

import errno
import itertools
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu import Connection
from pulling import lots, make_source, published, pull, records, write_lots

from catalog.models import Change, Snapshot
from catalog.storage import record_store
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import HINT_AGAIN, offer_run, sweep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
OLD, NEW = lots(1, 2, 3), lots(*range(100, 900))


@pytest.fixture
def lots_file(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", OLD)


@pytest.fixture
def source(lots_file: Path) -> Source:
    """A source that is published, and whose platform has something new."""
    source = make_source(lots_file)
    assert pull(source).state == State.PUBLISHED
    write_lots(lots_file, NEW)
    return source


# C13: the disk


class Broken:
    """A function of the system that fails at its ``call``-th call and counts how often it was called."""

    def __init__(self, act: Callable[..., Any], call: int, number: int) -> None:
        self.act, self.call, self.number, self.calls = act, call, number, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.call:
            raise OSError(self.number, os.strerror(self.number))
        return self.act(*arguments, **options)


def assert_harmless(run: Run, source: Source, before: object) -> None:
    """The run waits for another try with a sentence, what was published is served on, and nothing half-written lies about."""
    assert (run.state, run.error_code, run.lease_until) == (State.WAITING, "hub-unavailable", None), run.error_en
    assert any("가" <= letter <= "힣" for letter in run.error_ko)
    assert published(source) == before
    assert len(records(source)) == len(OLD)
    assert Change.objects.filter(kind="snapshot-published").count() == 1


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes: every writer, native ones too, gets EFBIG."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


SIZES = [0, 1, 100, 1000, 2000, 3000, 4000, 5000, 6000, 8000,9000, 10_000, 12000, 14000, 16000, 18000, 20000, 25000, 30_000, 50_000, 10**6]
def test_x(source):
    before = published(source)
    for s in SIZES:
        with files_of_at_most(s):
            run = pull(source)
        print("OUT", s, run.state, run.error_code, run.error_en)
