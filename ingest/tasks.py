"""Celery's doors: each task loads, calls one function, is done, and may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from catalog.publish import collect_orphan_parts, forget_old_snapshots
from catalog.quality import assess_due, forget_links, hub_base
from ingest import alerts
from ingest.due import create_due_runs
from ingest.inbox import forget_messages
from ingest.links import check_due_links
from ingest.pipeline import pull_run
from ingest.platform.erasing import erase_due
from ingest.platform.raising import raise_events
from ingest.platform.sending import send_events
from ingest.platform.taking import take_messages
from ingest.raw import forget_leftovers, forget_raw
from ingest.recipes import create_changed_runs
from ingest.runs import sweep


@shared_task
def pull(run_id: int) -> None:
    pull_run(run_id)


@shared_task
def tick() -> None:
    now = timezone.now()
    create_due_runs(now)
    create_changed_runs(now)
    sweep(now)


@shared_task
def check_links() -> None:
    check_due_links(hub_base())


@shared_task
def assess() -> None:
    assess_due(timezone.now())


@shared_task
def deliver_alerts() -> None:
    alerts.deliver_alerts(timezone.now())


@shared_task
def take_platform_messages() -> None:
    take_messages(timezone.now())


@shared_task
def tell_platforms() -> None:
    raise_events(timezone.now())
    send_events(timezone.now())


@shared_task
def erase_platform_data() -> None:
    erase_due(timezone.now())


@shared_task
def tidy() -> None:
    now = timezone.now()
    forget_old_snapshots(now)
    collect_orphan_parts()
    forget_raw(now)
    forget_leftovers(now)
    forget_messages(now)
    forget_links(now)
