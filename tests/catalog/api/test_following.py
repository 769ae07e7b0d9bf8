"""Followers of the change feed: what they hear while many processes write, and how they wait for what comes next."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from builders import make_dataset
from django.db import connection
from django.test import Client
from hub_processes import ROOT, hub_environment, make_tables

from catalog.api import waiting
from catalog.models import Change

ADDRESS = "/api/v1/changes"
WRITERS, CHANGES, FOLLOWERS = 6, 6, 2


@pytest.mark.django_db  # it has a database of its own, of the kind that the suite runs on
def test_followers_hear_everything_once_and_in_order_while_many_processes_write(tmp_path: Path) -> None:
    with hub_environment(tmp_path) as environment:
        make_tables(environment)
        environment |= {
            "DJANGO_SETTINGS_MODULE": "datahub.settings",
            "HUB_ANONYMOUS_PER_MINUTE": "0",
            "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT), str(ROOT / "tests")]),
        }
        script = Path(__file__).with_name("feed_processes.py")
        numbers = map(str, (WRITERS, CHANGES, FOLLOWERS))
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path), *numbers],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    everything, healthy = (
        json.loads((tmp_path / f"heard-{number}.json").read_text(encoding="utf-8")) for number in range(FOLLOWERS)
    )
    assert len(everything) >= WRITERS * CHANGES
    assert [entry["sequence"] for entry in everything] == list(range(1, len(everything) + 1))
    assert healthy == [entry for entry in everything if entry["theme"] == "health"]
    assert [entry["at"] for entry in everything] == sorted(entry["at"] for entry in everything)


def asked_in_a_thread(parameters: dict[str, str], answers: list[tuple[float, Any]]) -> threading.Thread:
    def ask() -> None:
        try:
            answer = Client().get(ADDRESS, parameters)
            answers.append((time.monotonic(), answer))
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_who_waits_is_told_long_before_the_wait_is_up_and_nobody_else_has_to_wait() -> None:
    make_dataset("air", schema=None)
    cursor = Client().get(ADDRESS).json()["next"]
    answers: list[tuple[float, Any]] = []
    thread = asked_in_a_thread({"after": cursor, "wait": "20"}, answers)
    time.sleep(0.5)
    began = time.monotonic()
    second = Client().get(ADDRESS, {"after": cursor, "wait": "20"})  # no place is left to wait
    assert time.monotonic() - began < 10
    assert (second.json()["changes"], second["Retry-After"]) == ([], "5")
    written = time.monotonic()
    make_dataset("noise", schema=None)
    thread.join(20)
    [(told, answer)] = answers
    assert [change["dataset"] for change in answer.json()["changes"]] == ["noise"]
    assert told - written < 10
    assert "Retry-After" not in answer
    assert waiting.PLACES.acquire(blocking=False)  # the place is free again
    waiting.PLACES.release()


@pytest.mark.django_db
def test_who_waits_for_something_else_is_answered_when_the_time_is_up(client: Client) -> None:
    make_dataset("air", schema=None)
    cursor = client.get(ADDRESS).json()["next"]
    began = time.monotonic()
    page = client.get(ADDRESS, {"after": cursor, "wait": "1", "theme": "health"}).json()
    assert 1 <= time.monotonic() - began < 15
    assert (page["changes"], page["next"], page["head"]) == ([], cursor, Change.objects.count())


@pytest.mark.django_db
def test_nobody_waits_where_there_is_something_to_tell(client: Client) -> None:
    make_dataset("air", schema=None)
    began = time.monotonic()
    assert len(client.get(ADDRESS, {"wait": "20"}).json()["changes"]) == 1
    assert time.monotonic() - began < 10
