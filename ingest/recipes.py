"""Recipes: datasets that are made from other datasets, by a SELECT over snapshots of all of them at one moment.

A recipe is a source like any other: it has a schedule, expectations and runs, and its answer is typed, checked and
published by the pipeline. It asks no platform. What it read and how is kept with its run (``lineage.py``), and tells
when there is nothing new. Which recipes may be stands in ``recipe_rules.py``.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog.asked import manifest_of
from catalog.errors import TooExpensive
from catalog.models import Dataset, Snapshot
from catalog.records import Finding, Limits, TypedRows
from catalog.records.sql import Statement, parse_sql, stream_sql
from catalog.storage import record_store
from catalog.text import Text
from ingest.errors import BadSetup, HeldBack, InputNotReady, NotRepeatable, Unmodified
from ingest.guarded_inputs import GuardedPlan, plan_guarded
from ingest.kinds import RECIPE
from ingest.models import Run, Source
from ingest.recipe_config import Recipe
from ingest.recipe_rules import SECRET, Trouble, find_inputs, find_troubles, read_select
from ingest.runs import Progress, RunHeartbeat, enter_run
from ingest.schedule import is_after_change
from ingest.sessions import is_served, setup_of
from ingest.sources import read_config

QUIET = dt.timedelta(seconds=60)  # how long inputs must have stayed as they are
LONGEST_WAIT = dt.timedelta(minutes=10)  # for inputs that are never quiet
TRIED_AGAIN = dt.timedelta(minutes=10)  # after a failure, with the same inputs
SPARE_SECONDS = 30  # of the time that a run may take: to write and publish what was computed
ACTIVE = (Run.State.WAITING, Run.State.RUNNING)
FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Ready:
    """A recipe with its inputs as they were at one moment: the datasets by slug, in order."""

    source: Source
    recipe: Recipe
    statement: Statement
    inputs: Mapping[str, Dataset]
    moment: dt.datetime

    @property
    def place(self) -> dict[str, Any]:
        """What the answer depends on: as long as it stays, there is nothing new."""
        digests = {slug: each.current_snapshot.digest for slug, each in self.inputs.items() if each.current_snapshot}
        return {"inputs": digests, "recipe": setup_of(self.source)}

    @property
    def tells_time(self) -> bool:
        """Tell whether the answer depends on when it is asked."""
        other = parse_sql(self.recipe.select, timezone.now() + dt.timedelta(days=40, seconds=1))
        return other.text != self.statement.text


def cook(run: Run, progress: Progress, limits: Limits, heartbeat: RunHeartbeat) -> Iterator[TypedRows]:
    """Yield the rows of a recipe; the inputs are those of this call, whatever is published meanwhile.

    What speaks against publishing raises HeldBack, an unchanged place Unmodified, before anything is computed.
    """
    refuse_repetition(run)
    ready = make_ready(run.source, run.slot)
    progress.position = {"from": run.source.position, "left": ready.place, "lineage": lineage_of(ready, run)}
    for slug, dataset in ready.inputs.items():
        if dataset.current_snapshot is None:
            raise InputNotReady(dataset=slug)
    hold_back_troubles(ready, progress)
    if has_nothing_new(ready):
        raise Unmodified(address=", ".join(ready.inputs))
    return answer_rows(ready, progress, limits, heartbeat)


def refuse_repetition(run: Run) -> None:
    if run.kind != Run.Kind.PULL:
        raise NotRepeatable(reason=ONLY_NOW)


ONLY_NOW = Text(
    ko="가공 데이터는 지금의 입력으로만 만듭니다. 소스를 새로 실행하십시오",
    en="a recipe is made from its inputs as they are now; run the source anew",
)


def make_ready(source: Source, moment: dt.datetime) -> Ready:
    """Read a recipe and fix its inputs; ``moment`` is what ``now()`` says in it."""
    recipe = read_recipe(source)
    read_select(recipe)
    statement = parse_sql(recipe.select, moment)
    return Ready(source, recipe, statement, find_inputs(statement), moment)


def read_recipe(source: Source) -> Recipe:
    config, _ = read_config(source)
    if not isinstance(config, Recipe):
        raise TypeError(source.connector)
    return config


def lineage_of(ready: Ready, run: Run) -> dict[str, Any]:
    """Return what is kept of how a run's snapshot comes about; ``lineage.py`` tells it."""
    recipe = ready.recipe
    return {
        "select": recipe.select,
        "moment": run.slot.isoformat(),
        "suppress": recipe.suppress.model_dump() if recipe.suppress else None,
        "declassify": recipe.declassify,
        "inputs": [
            {
                "dataset": slug,
                "snapshot": snapshot.digest,
                "published_at": snapshot.published_at.isoformat(),
                "licence": dataset.licence,
                "organisation": dataset.organisation.slug,
            }
            for slug, dataset in ready.inputs.items()
            if (snapshot := dataset.current_snapshot)
        ],
    }


def hold_back_troubles(ready: Ready, progress: Progress) -> None:
    """Hold the run back for what speaks against it, and tell what it is only warned of."""
    dataset = Dataset.objects.select_related("organisation").get(pk=ready.source.distribution.dataset_id)
    expectations = ready.source.expectations
    troubles = list(find_troubles(dataset, list(ready.inputs.values()), ready.recipe, expectations))
    if blocking := [trouble.text for trouble in troubles if trouble.blocks]:
        raise HeldBack(
            reason=Text(ko=". ".join(text.ko for text in blocking), en=". ".join(text.en for text in blocking))
        )
    secret = [slug for slug, each in ready.inputs.items() if each.access_level == SECRET != dataset.access_level]
    progress.told += [warning_of(trouble, secret) for trouble in troubles]


def warning_of(trouble: Trouble, secret: Iterable[str]) -> Finding:
    """Return a warning that readers may see: it names no dataset of which they may not know."""
    ko, en = trouble.text.ko, trouble.text.en
    for slug in secret:
        ko, en = ko.replace(f"'{slug}'", "…"), en.replace(f"'{slug}'", "…")
    return Finding(code=trouble.code, severity="warning", text=Text(ko=ko, en=en))


def has_nothing_new(ready: Ready) -> bool:
    """Tell whether what is published was made from these very inputs by this very recipe."""
    source = ready.source
    is_same = source.position == ready.place and not ready.tells_time
    return is_same and is_served(source, source.distribution.current_snapshot)


def answer_rows(ready: Ready, progress: Progress, limits: Limits, heartbeat: RunHeartbeat) -> Iterator[TypedRows]:
    plan = plan_of(ready)
    suppression = ready.recipe.suppress.value if ready.recipe.suppress else None
    manifests = {
        slug: manifest_of(snapshot)
        for slug, dataset in ready.inputs.items()
        if (snapshot := dataset.current_snapshot) is not None
    }
    hidden: list[int] = []
    try:
        yield from stream_sql(
            plan.reading.statement if plan else ready.statement,
            manifests,
            record_store(),
            replace(limits, seconds=settings.CELERY_TASK_SOFT_TIME_LIMIT - SPARE_SECONDS),
            suppression=plan.suppression if plan else suppression,
            columns=plan.columns if plan else {},
            stopped=lambda: heartbeat.is_lost or heartbeat.is_cancelled,
            hidden=hidden.append,
        )
    except TooExpensive:
        heartbeat.check()  # it was interrupted, and why is told there
        raise
    progress.position["lineage"]["suppressed"] = sum(hidden)
    if suppression is not None and sum(hidden):
        finding = suppressed_finding(sum(hidden), suppression.minimum, is_emptied=bool(suppression.columns))
        progress.told.append(finding)


def plan_of(ready: Ready) -> GuardedPlan | None:
    """Return how a recipe reads a guarded input, None where it reads none."""
    dataset = Dataset.objects.get(pk=ready.source.distribution.dataset_id)
    return plan_guarded(dataset, ready.recipe, ready.statement, list(ready.inputs.values()), ready.moment)


def suppressed_finding(number: int, minimum: int, *, is_emptied: bool) -> Finding:
    fate = Text(ko="값을 비웠습니다", en="emptied") if is_emptied else Text(ko="뺐습니다", en="left out")
    text = Text(
        ko="{minimum}보다 작은 집단 등 {number}행을 가려 {fate}.",
        en="{number} rows of groups smaller than {minimum}, or that would tell them, were {fate}.",
    ).format(number=f"{number:,}", minimum=minimum, fate=fate)
    return Finding(code="suppressed", severity="warning", text=text, count=number)


def create_changed_runs(now: dt.datetime) -> int:
    """Give every recipe that runs after change a run, once its inputs have changed and settled; return how many."""
    created = 0
    sources = Source.objects.filter(connector=RECIPE, is_enabled=True, paused_at=None).exclude(schedule="")
    for source in sources.select_related("distribution__current_snapshot"):
        if is_after_change(source.schedule) and wants_run(source, now):
            enter_run(source)
            created += 1
    return created


def wants_run(source: Source, now: dt.datetime) -> bool:
    """Tell whether a recipe's inputs are other ones than its last run saw, and have settled.

    One that cannot be read any more, or has lost an input, gets a run too, which fails and so is told.
    """
    pulls = source.runs.filter(kind=Run.Kind.PULL)
    if pulls.filter(state__in=ACTIVE).exists() or (source.backs_off_until and source.backs_off_until > now):
        return False
    last = pulls.order_by("-due_at", "-id").first()
    try:
        ready = make_ready(source, now)
    except BadSetup:
        return last is None or last.state != Run.State.FAILED or is_worth_another_try(last, now)
    snapshots = {slug: each.current_snapshot for slug, each in ready.inputs.items() if each.current_snapshot}
    if len(snapshots) < len(ready.inputs):
        return False
    newest = max(snapshot.published_at for snapshot in snapshots.values())
    seen = last.position.get("left", {}) if last else {}
    if last is not None and seen in ({}, ready.place):
        has_news = not seen and newest > last.slot
        if not has_news and not is_worth_another_try(last, now):
            return False
    if newest + QUIET <= now:
        return True
    changed = [
        changed_at(snapshot, seen.get("inputs", {}).get(slug, ""), last.slot if last else None)
        for slug, snapshot in snapshots.items()
    ]
    return min(changed) <= now - LONGEST_WAIT


def is_worth_another_try(last: Run, now: dt.datetime) -> bool:
    return last.state == Run.State.FAILED and last.ended_at is not None and last.ended_at + TRIED_AGAIN <= now


def changed_at(snapshot: Snapshot, seen: str, tried: dt.datetime | None) -> dt.datetime:
    """Return when the first change of an input was published that no run has seen; an unchanged one's lies ahead."""
    if snapshot.digest == seen:
        return FAR
    versions = Snapshot.objects.filter(distribution_id=snapshot.distribution_id)
    known = versions.filter(digest=seen, replaced_at__isnull=False).order_by("-published_at")
    if (replaced := known.values_list("replaced_at", flat=True).first()) is not None:
        return replaced
    first = versions.order_by("published_at").values_list("published_at", flat=True)[0]
    return max(first, tried) if tried else first
