"""What the stewards have to look at today: sources whose last run went wrong, and data that is late."""

import datetime as dt

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog.admin.work import WorkItem, WorkList
from catalog.models.labels import in_current_language
from catalog.standard import vocabulary
from catalog.text import Text
from ingest.models import Run, Source

TROUBLE = (Run.State.FAILED, Run.State.HELD)
GOOD = (Run.State.PUBLISHED, Run.State.UNCHANGED)
SCHEDULE_GRACE = dt.timedelta(minutes=15)
SHORT_GRACE, LONG_GRACE = dt.timedelta(hours=1), dt.timedelta(days=1)  # for data promised within a day; for slower data


def with_latest_run(sources: QuerySet[Source]) -> QuerySet[Source]:
    """Add the latest run of each source and when one last went well."""
    latest = Run.objects.filter(source=OuterRef("pk")).order_by("-due_at", "-id")
    good = Run.objects.filter(source=OuterRef("pk"), state__in=GOOD).order_by("-ended_at")
    return sources.annotate(
        latest_run=Subquery(latest.values("pk")[:1]),
        latest_state=Subquery(latest.values("state")[:1]),
        good_at=Subquery(good.values("ended_at")[:1]),
    )


def troubled_sources(request: HttpRequest) -> WorkList | None:
    """List sources whose latest run failed or was held back."""
    if not request.user.has_perm("ingest.view_run"):
        return None
    sources = with_latest_run(Source.objects.filter(is_enabled=True)).filter(latest_state__in=TROUBLE)
    runs = Run.objects.select_related("source").filter(pk__in=sources.values("latest_run")).order_by("-ended_at")
    return WorkList(
        title=_("Failed or held back"),
        items=[
            WorkItem(
                name=run.source.slug,
                address=reverse("admin:ingest_run_change", args=[run.pk]),
                what=f"{run.get_state_display()}: {in_current_language(Text(run.error_ko, run.error_en))}",
                since=moment(run.ended_at),
            )
            for run in runs
        ],
        done=_("The latest run of every source went well."),
        more=reverse("admin:ingest_run_changelist"),
    )


def late_sources(request: HttpRequest) -> WorkList | None:
    """List scheduled sources that are not pulled when due, or whose data is older than its dataset promises."""
    if not request.user.has_perm("ingest.view_source"):
        return None
    now = timezone.now()
    sources = with_latest_run(
        Source.objects.filter(is_enabled=True, paused_at=None)
        .exclude(schedule="")
        .select_related("distribution__dataset")
    )
    return WorkList(
        title=_("Late"),
        items=[
            WorkItem(
                name=source.slug,
                address=reverse("admin:ingest_source_change", args=[source.pk]),
                what=what,
                since=moment(source.good_at),
            )
            for source in sources
            if (what := lateness(source, now))
        ],
        done=_("Everything came when it was due."),
        more=reverse("admin:ingest_source_changelist"),
    )


def lateness(source: Source, now: dt.datetime) -> str:
    """Say why a source is late; empty when it is not."""
    if source.next_at and source.next_at < now - SCHEDULE_GRACE:
        return _("It was due at %(moment)s but was not pulled. Is the scheduler running?") % {
            "moment": moment(source.next_at)
        }
    promised = promised_interval(source.distribution.dataset.frequency)
    if promised is None:
        return ""
    grace = LONG_GRACE if promised >= dt.timedelta(days=1) else SHORT_GRACE
    if now - (source.good_at or source.created_at) <= promised + grace:
        return ""
    return _("The last good run is older than the update frequency that the dataset promises.")


def promised_interval(frequency: str) -> dt.timedelta | None:
    concept = vocabulary("frequency").get(frequency)
    return dt.timedelta(days=concept.days) if concept and concept.days else None


def moment(when: dt.datetime | None) -> str:
    return date_format(timezone.localtime(when), "Y-m-d H:i") if when else ""
