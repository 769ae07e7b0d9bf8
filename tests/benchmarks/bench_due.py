"""How long it takes until the workers have been told of many sources that are due at one moment.

    python -m tests.benchmarks.bench_due [--sources 1000] [--rounds 5]

One tick of the scheduler on a new hub: SQLite and its queue in a file, or what ``DATABASE_URL`` and ``HUB_BROKER_URL`` name
(an empty database). *One schedule*: all sources have the same one. *Each its own*: as many schedules as sources. The limit
of the same round is what the queue takes for as many messages that are sent one by one and nothing else.
"""

import argparse
import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import django

NOON = "0 12 * * *"
HEAD = """
[[organisations]]
slug = "hanbit-city"
name = { ko = "한빛시" }
"""
SOURCE = """
[[datasets]]
slug = "air-{number}"
organisation = "hanbit-city"
title = {{ ko = "대기질 {number}" }}
description = {{ ko = "측정값" }}
theme = "environment"
licence = "kogl-1"
access_level = "public"
columns = [{{ name = "id", required = true }}]

[[sources]]
slug = "air-{number}"
dataset = "air-{number}"
connector = "file"
config = {{ path = "https://air-{host}.example/{number}.csv" }}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-due-") as folder:
        make_hub(Path(folder), options.sources)
        print(f"{options.sources:,} sources due at once; seconds, the middle of {options.rounds}")
        print("| schedules | runs entered and told | the messages alone | times |\n|---|---|---|---|")
        for words, schedules in (
            ("one schedule", [NOON] * options.sources),
            ("each its own", [f"{number % 60} {number // 60 % 24} * * *" for number in range(options.sources)]),
        ):
            rounds = [one_round(schedules) for _ in range(options.rounds)]
            took, alone = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
            print(f"| {words} | {took:.2f} | {alone:.2f} | {took / alone:.1f} |", flush=True)
    return 0


def make_hub(folder: Path, sources: int) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "datahub.settings", "HUB_DATA_DIR": str(folder), "HUB_LOG_LEVEL": "ERROR"}
    django.setup()
    from django.core.management import call_command

    declared = folder / "hub.toml"
    declared.write_text(
        HEAD + "".join(SOURCE.format(number=number, host=number % 50) for number in range(sources)), encoding="utf-8"
    )
    call_command("migrate", verbosity=0)
    with (folder / "applied").open("w", encoding="utf-8") as told:
        call_command("apply", str(declared), stdout=told)


def one_round(schedules: list[str]) -> tuple[float, float]:
    """Let all sources be due now; return how long a tick takes, and the messages by themselves."""
    from celery import current_app
    from django.utils import timezone

    from ingest.models import Run, Source
    from ingest.runs import send_hint
    from ingest.tasks import tick

    Run.objects.all().delete()
    current_app.control.purge()
    now = timezone.now()
    sources = list(Source.objects.order_by("pk"))
    for source, schedule in zip(sources, schedules, strict=True):
        source.schedule, source.next_at = schedule, now - dt.timedelta(days=1)
    Source.objects.bulk_update(sources, ["schedule", "next_at"], batch_size=500)
    began = time.perf_counter()
    tick()
    took = time.perf_counter() - began
    runs = Run.objects.all()
    entered, told, later = runs.count(), runs.exclude(hinted_at=None).count(), runs.filter(due_at__gt=now).count()
    if (
        entered != len(sources) or told + later < entered
    ):  # of a slot within the last minute a run is due a little later
        raise RuntimeError(f"{entered:,} runs of {len(sources):,} entered, {told:,} told, {later:,} due later")
    began = time.perf_counter()
    for run_id in Run.objects.values_list("pk", flat=True):
        send_hint(run_id)
    return took, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
