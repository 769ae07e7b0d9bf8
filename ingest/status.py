"""How the hub does, as plain values: datasets with their records, sources with their schedules, the latest runs."""

from typing import Any

from django.db.models import OuterRef, Subquery

from catalog.models import Dataset, Snapshot
from ingest.models import Run, Source

LATEST_RUNS = 50


def hub_status() -> dict[str, list[dict[str, Any]]]:
    """Return the tables ``datasets``, ``sources`` and ``runs``."""
    return {"datasets": datasets(), "sources": sources(), "runs": runs()}


def datasets() -> list[dict[str, Any]]:
    rows = Dataset.objects.current().select_related("organisation", "distribution__current_snapshot")
    return [
        {
            "slug": dataset.slug,
            "title": dataset.title_ko,
            "organisation": dataset.organisation.slug,
            "access_level": dataset.access_level,
            "records": snapshot.records if (snapshot := dataset.current_snapshot) else None,
            "rejected": snapshot.rejected if snapshot else None,
            "snapshots": Snapshot.objects.filter(distribution=dataset.distribution).count(),
            "snapshot": snapshot.digest if snapshot else None,
            "published_at": snapshot.published_at.isoformat() if snapshot else None,
        }
        for dataset in rows
    ]


def sources() -> list[dict[str, Any]]:
    latest = Run.objects.filter(source=OuterRef("pk")).order_by("-due_at", "-id")
    rows = Source.objects.select_related("distribution__dataset").annotate(
        state=Subquery(latest.values("state")[:1]),
        ended_at=Subquery(latest.values("ended_at")[:1]),
        error=Subquery(latest.values("error_en")[:1]),
    )
    return [
        {
            "slug": source.slug,
            "dataset": source.distribution.dataset.slug,
            "connector": source.connector,
            "mode": source.mode,
            "schedule": source.schedule,
            "is_enabled": source.is_enabled,
            "next_at": source.next_at.isoformat() if source.next_at else None,
            "state": source.state,
            "ended_at": source.ended_at.isoformat() if source.ended_at else None,
            "error": source.error,
        }
        for source in rows
    ]


def runs() -> list[dict[str, Any]]:
    return [
        {
            "id": run.pk,
            "source": run.source.slug,
            "slot": run.slot.isoformat(),
            "state": run.state,
            "attempt": run.attempt,
            "rows": run.rows,
            "accepted": run.accepted,
            "rejected": run.rejected,
            "error_code": run.error_code,
            "error": run.error_en,
        }
        for run in Run.objects.select_related("source")[:LATEST_RUNS]
    ]
