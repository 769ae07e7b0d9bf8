"""What the stewards have to look at of sending: refused messages, platforms that take nothing, rules that cannot be asked."""

from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin.work import WorkItem, WorkList
from catalog.models.labels import in_current_language
from catalog.text import Text
from ingest.models import OutgoingMessage, Receiver, SendingRule
from ingest.todays_work import moment

PERSISTENT = 3  # failures in a row; fewer are gone with the next try


def troubled_sending(request: HttpRequest) -> WorkList | None:
    """List what keeps events from reaching platforms."""
    if not request.user.has_perm("ingest.view_outgoingmessage"):
        return None
    items = [*refused_messages(), *closed_receivers(), *broken_rules()]
    if not items and not SendingRule.objects.exists():
        return None
    return WorkList(
        title=_("Events to platforms"),
        items=items,
        done=_("Every event could be sent."),
        more=reverse("admin:ingest_outgoingmessage_changelist"),
    )


def refused_messages() -> list[WorkItem]:
    rows = (
        OutgoingMessage.objects.filter(state=OutgoingMessage.State.REFUSED)
        .values("receiver_id", "receiver__platform__title")
        .annotate(number=Count("pk"), latest=Max("created_at"))
        .order_by("-latest")
    )
    pages = reverse("admin:ingest_outgoingmessage_changelist")
    return [
        WorkItem(
            name=row["receiver__platform__title"],
            address=f"{pages}?receiver__id__exact={row['receiver_id']}&state__exact=refused",
            what=_("refused: %(number)s") % {"number": f"{row['number']:,}"},
            since=moment(row["latest"]),
        )
        for row in rows
    ]


def closed_receivers() -> list[WorkItem]:
    closed = Receiver.objects.filter(is_enabled=True, failures__gte=PERSISTENT).select_related("platform")
    return [
        WorkItem(
            name=one.platform.title,
            address=reverse("admin:ingest_receiver_change", args=[one.pk]),
            what=in_current_language(Text(one.last_error_ko, one.last_error_en)),
            since=moment(one.next_try_at),
        )
        for one in closed
    ]


def broken_rules() -> list[WorkItem]:
    broken = SendingRule.objects.filter(is_enabled=True).exclude(last_error_ko="")
    return [
        WorkItem(
            name=one.slug,
            address=reverse("admin:ingest_sendingrule_change", args=[one.pk]),
            what=in_current_language(Text(one.last_error_ko, one.last_error_en)),
            since=moment(one.modified_at),
        )
        for one in broken
    ]
