"""What children of ``own_hub.py`` do: work like a worker, die at a chosen step, write the catalogue all at once."""

import datetime as dt
import os
import time
from collections.abc import Callable
from typing import Any

from builders import make_dataset, make_organisation, publish_rows
from django.db import transaction
from django.utils import timezone

from catalog.records import Store
from ingest import pipeline
from ingest.models import Run, Source
from ingest.runs import claim_run, create_due_runs, enter_run, sweep


def work() -> None:
    """Take whatever is due, for ever, as a worker does that gets every message twice."""
    while True:
        open_runs = Run.objects.filter(state__in=("waiting", "running")).order_by("?").values_list("pk", flat=True)
        for run_id in open_runs[:4]:
            pipeline.pull_run(run_id)
            pipeline.pull_run(run_id)
        time.sleep(0.02)


def enter_slots(slug: str, slots: list[str]) -> None:
    """Put runs into the queue of record, more of one source than would ever wait at once."""
    source = Source.objects.get(slug=slug)
    for slot in slots:
        Run.objects.create(source=source, slot=dt.datetime.fromisoformat(slot), due_at=timezone.now())


def enter(slug: str) -> None:
    enter_run(Source.objects.get(slug=slug))


def pull(run_id: int) -> None:
    pipeline.pull_run(run_id)


def claim(run_id: int, seconds: float) -> None:
    """Take a run in a transaction that stays open for a while."""
    with transaction.atomic():
        claim_run(run_id)
        time.sleep(seconds)


def take_care(ticks: int) -> None:
    """Be a scheduler and sweeper."""
    for _ in range(ticks):
        create_due_runs(timezone.now())
        sweep(timezone.now())


def die(*_: Any, **__: Any) -> None:
    os._exit(9)


def before(act: Callable[..., Any], call: int) -> Callable[..., Any]:
    """Return ``act`` that dies before its ``call``-th call."""
    calls = iter(range(1, 100))
    return lambda *arguments, **options: die() if next(calls) == call else act(*arguments, **options)


def after(act: Callable[..., Any], call: int) -> Callable[..., Any]:
    """Return ``act`` that dies after its ``call``-th call."""
    calls = iter(range(1, 100))

    def last(*arguments: Any, **options: Any) -> Any:
        answer = act(*arguments, **options)
        return die() if next(calls) == call else answer

    return last


# The steps of a pull at which it can be killed: where the step is, and how death comes to it.
STEPS: dict[str, tuple[Any, str, Callable[..., Any], int]] = {
    "claimed": (pipeline, "read_config", before, 1),
    "answer received": (Store, "keep", before, 1),
    "answer kept": (Store, "keep", after, 1),
    "tabulated": (pipeline, "tabulate", after, 1),
    "checked": (pipeline, "validate", after, 1),
    "refused records kept": (Store, "keep", after, 2),
    "part written": (Store, "keep", before, 3),
    "part kept": (Store, "keep", after, 3),
    "all parts kept": (pipeline, "write_snapshot", after, 1),
    "before the pointer moves": (pipeline, "publish_snapshot", before, 1),
    "after the pointer moved": (pipeline, "publish_snapshot", after, 1),
    "before the end": (pipeline, "end_run", before, 1),
    "before the commit": (pipeline, "end_run", after, 1),
    "after the commit": (pipeline, "publish", after, 1),
}


def pull_and_die(step: str, run_id: int) -> None:
    where, name, moment, call = STEPS[step]
    setattr(where, name, moment(getattr(where, name), call))
    pipeline.pull_run(run_id)


# Writers of the catalogue


def make_datasets(slugs: list[str]) -> None:
    make_organisation()
    for slug in slugs:
        make_dataset(slug)


def write_catalogue(slug: str, times: int, start: float) -> None:
    """Describe and publish a dataset again and again, beginning at the same moment as the other writers."""
    time.sleep(max(0.0, start - time.time()))
    for number in range(times):
        dataset = make_dataset(slug, theme=("transport", "culture")[number % 2])
        publish_rows(dataset, [{"station_id": f"{slug}-{number}"}])


def rename_organisation(times: int, start: float) -> None:
    """Write rows of every dataset in one transaction, again and again."""
    time.sleep(max(0.0, start - time.time()))
    for number in range(times):
        make_organisation(ko=f"한빛시 {number}")
