"""Celery's doors: each task loads, calls one function, is done, and may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from catalog.audit import forget_old_acts, tell_head
from catalog.quality import assess_due, forget_links, hub_base
from catalog.retention import collect_orphan_parts, forget_old_snapshots
from ingest import alerts
from ingest.due import create_due_runs
from ingest.federation.restored import watch_for_restore
from ingest.federation.sync import due_hubs, offer_sync, sync_hub
from ingest.federation.verifying import verify_hub
from ingest.harvest.feeds import offer_due_feeds, read_due_feed
from ingest.inbox import forget_messages
from ingest.links import check_due_links
from ingest.pipeline import pull_run
from ingest.platform.erasing import erase_due
from ingest.platform.raising import raise_events
from ingest.platform.sending import send_events
from ingest.platform.taking import take_messages
from ingest.raw import forget_leftovers, forget_raw
from ingest.recipes import create_changed_runs
from ingest.record_erasure import erase_due_records
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
def harvest_due() -> None:
    offer_due_feeds(timezone.now())


@shared_task(soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)  # a first reading of 300,000 datasets takes hours
def harvest_feed(feed_id: int) -> None:
    read_due_feed(feed_id)


@shared_task
def sync_hubs() -> None:
    watch_for_restore()
    for slug in due_hubs(timezone.now()):
        offer_sync(slug)


@shared_task
def sync(slug: str) -> None:
    sync_hub(slug)


@shared_task
def verify(slug: str, repair: bool = False) -> None:
    verify_hub(slug, repair=repair)


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
def erase_records() -> None:
    erase_due_records()


@shared_task
def tidy() -> None:
    now = timezone.now()
    forget_old_snapshots(now)
    collect_orphan_parts()
    forget_raw(now)
    forget_leftovers(now)
    forget_messages(now)
    forget_links(now)
    forget_old_acts(now)
    tell_head()
