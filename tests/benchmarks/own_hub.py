"""A hub in this process, for benchmarks that look at one hub alone: a folder of its own, questions through all middleware."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command
from django.test import Client

from tests.benchmarks.peers.hub import BUILDS_INDEXES, HUB_FILE

WARM_UP = 5


@dataclass(frozen=True)
class Cost:
    """Milliseconds of some calls: on the clock, and computed by this process (others may use the machine too)."""

    p50: float
    p95: float
    computed_p50: float
    computed_p95: float


def open_hub(folder: Path) -> None:
    """Set up Django on a new hub in this folder, with the datasets of ``hub.toml`` and no limits of callers."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "datahub.settings",
        "HUB_DATA_DIR": str(folder / "var"),
        "HUB_LOG_LEVEL": "ERROR",
        "HUB_ANONYMOUS_PER_MINUTE": "0",
    }
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("apply", str(HUB_FILE), base=folder, verbosity=0, stdout=StringIO())


def build_indexes() -> None:
    """Let the hub do what it does behind a publication, where it has serving indexes."""
    if BUILDS_INDEXES:
        call_command("build_indexes", verbosity=0)


def cost_of_asking(addresses: Sequence[str]) -> Cost:
    """Ask each different address once, the first few to warm up, and return what the others cost; an error ends it."""
    client, different = Client(SERVER_NAME="localhost"), list(dict.fromkeys(addresses))

    def ask(address: str) -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code} {answer.content[:300].decode()}")

    for address in different[:WARM_UP]:
        ask(address)
    return cost_of([lambda address=address: ask(address) for address in different[WARM_UP:]])


def cost_of(calls: Sequence[Callable[[], object]]) -> Cost:
    clock, computed = [], []
    for call in calls:
        began, busy = time.perf_counter(), time.process_time()
        call()
        clock.append((time.perf_counter() - began) * 1e3)
        computed.append((time.process_time() - busy) * 1e3)
    (p50, p95), (computed_p50, computed_p95) = (
        (statistics.median(times), statistics.quantiles(times, n=20)[-1]) for times in (clock, computed)
    )
    return Cost(p50, p95, computed_p50, computed_p95)
