"""What the stewards have to look at of platforms: messages that could not be processed."""

from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin.work import WorkItem, WorkList
from ingest.models import Platform, PlatformMessage
from ingest.todays_work import moment

State = PlatformMessage.State
TROUBLE = (State.UNREADABLE, State.UNDECIPHERABLE, State.NO_RULE, State.HUB_ERROR, State.PARTS_MISSING)


def troubled_messages(request: HttpRequest) -> WorkList | None:
    """List the platforms whose messages could not be processed, by state and kind of event."""
    if not request.user.has_perm("ingest.view_platformmessage"):
        return None
    rows = (
        PlatformMessage.objects.filter(
            platform__in=list(Platform.objects.values_list("pk", flat=True)), state__in=TROUBLE
        )
        .values("platform_id", "platform__title", "state", "event_id")
        .annotate(number=Count("pk"), latest=Max("received_at"))
        .order_by("-latest")
    )
    pages = reverse("admin:ingest_platformmessage_changelist")
    if not rows:
        return None
    return WorkList(
        title=_("Messages of platforms"),
        items=[
            WorkItem(
                name=row["platform__title"],
                address=f"{pages}?platform__id__exact={row['platform_id']}&state__exact={row['state']}",
                what=f"{State(row['state']).label}: {row['event_id'] or '-'} ({row['number']:,})",
                since=moment(row["latest"]),
            )
            for row in rows
        ],
        done=_("Every message could be processed."),
        more=f"{pages}?trouble=1",
    )
