"""What children of ``own_hub.py`` do: work like a worker, die at a chosen step, write the catalogue all at once."""

import contextlib
import datetime as dt
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builders import make_dataset, make_organisation, publish_rows
from celery import current_app
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pulling import make_source, records

from catalog.audit import Actor, Done, record_acts
from catalog.models import AuditEntry
from catalog.records import Column, Schema, Store
from ingest import listening, pipeline, runs
from ingest.budget import count_call
from ingest.connectors.messages import Message
from ingest.due import create_due_runs
from ingest.errors import QuotaExceeded
from ingest.hosts import Permits
from ingest.inbox import SourceInbox, append, inbox_of
from ingest.models import Provider, Run, Source
from ingest.pipeline import pull_run
from ingest.runs import claim_run, enter_run, offer_run, sweep
from ingest.sources import save_source


def run_command(*arguments: str) -> None:
    call_command(*arguments)


def work() -> None:
    """Take whatever is due, for ever, as a worker does that gets every message twice, however many died over it before."""
    runs.ATTEMPTS = 1_000
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


def call_provider(slug: str, times: int) -> None:
    """Make calls of a provider, as many as its budget allows."""
    provider = Provider.objects.get(slug=slug)
    for _ in range(times):
        with contextlib.suppress(QuotaExceeded):
            count_call(provider.pk, timezone.now())


def ask_host(host: str, seconds: float, told: str) -> None:
    """Ask a host for a time as often as it allows, and write down when."""
    ask, until = Permits(lambda: None), time.time() + seconds
    with Path(told).open("a", encoding="ascii") as file:
        while time.time() < until:
            ask(host)
            file.write(f"{time.time()}\n")


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
        record_acts(Actor(slug), [Done(AuditEntry.Act.CHANGED, object_name=slug)])


def rename_organisation(times: int, start: float) -> None:
    """Write rows of every dataset in one transaction, again and again."""
    time.sleep(max(0.0, start - time.time()))
    for number in range(times):
        make_organisation(ko=f"한빛시 {number}")


def follow_entries(told: str, over: str) -> None:
    """Read entries as another hub does until nobody writes any more, and write down the newest of each dataset."""
    client, cursor, newest = Client(headers={"host": "localhost"}), "", {}
    while True:
        is_over = Path(over).exists()
        page = client.get("/sync/v1/entries", {"after": cursor, "limit": 2}).json()
        newest |= {entry["id"]: entry["signature"] for entry in page["entries"]}
        cursor = page["next"]
        if is_over and page["is_last"]:
            break
    Path(told).write_text(json.dumps(newest), encoding="utf-8")


def make_listened(slug: str, **config: object) -> None:
    """Declare a source whose messages are pushed, with somebody who listens."""
    schema = Schema(columns=(Column("id", required=True), Column("pm10", "integer")))
    settings = {"url": "mqtt://127.0.0.1:1883", "topics": ["air/#"], "client_id": "hub"} | config
    dataset = make_dataset(slug, schema=schema)
    save_source(slug, dataset.distribution, connector="mqtt", mode="append", config=settings, allow_private=True)
    SourceInbox(slug).tell_alive()


def receive(slug: str, writer: int, count: int) -> None:
    """Bring messages as a broker does that repeats what was not acknowledged: from the first one that may not be kept."""
    for number in range(count):
        name = f"{writer}-{number}"
        content = {"topic": "air/1", "payload": json.dumps({"id": name, "pm10": number})}
        append(slug, [Message(content, key=name, may_repeat=True)])
        time.sleep(0.01)


def pull_again_and_again(slug: str) -> None:
    while True:
        pull_run(enter_run(Source.objects.get(slug=slug)).pk)
        time.sleep(0.05)


def pull_to_the_end(slug: str) -> None:
    """Pull until nothing waits, whatever dead workers have left."""
    for _ in range(300):
        sweep(timezone.now())
        Source.objects.filter(slug=slug).update(failures=0, backs_off_until=None)  # a run may have died four times
        pull_run(enter_run(Source.objects.get(slug=slug)).pk)
        if not inbox_of(Source.objects.get(slug=slug)) and not Run.objects.filter(state="running").exists():
            return
        time.sleep(0.2)
    raise AssertionError(list(Run.objects.order_by("-id").values_list("state", "attempt", "error_en")[:5]))


def write_ids(slug: str, path: str) -> None:
    Path(path).write_text("\n".join(record["id"] for record in records(Source.objects.get(slug=slug))))


def listen_for_ever() -> None:
    """Listen as ``manage.py listen`` does, but more eagerly."""
    listening.FIRST_PAUSE = listening.LONGEST_PAUSE = 0.2
    call_command("listen")


def make_lots(path: str) -> None:
    """Declare a source of car parks and tell the workers of a run of it."""
    offer_run(make_source(path))


def work_as_celery_and_publish_slowly(told: str, seconds: float) -> None:
    """Be a real Celery worker that says when it publishes and takes its time over it."""
    publish = pipeline.publish_snapshot

    def publish_slowly(*arguments: Any, **options: Any) -> Any:
        Path(told).touch()
        time.sleep(seconds)
        return publish(*arguments, **options)

    pipeline.publish_snapshot = publish_slowly
    if current_app.worker_main(["worker", "--concurrency", "1", "--without-gossip", "--without-mingle"]):
        raise AssertionError("the worker did not end well")
