"""Actions that tell what happened: the change feed as CKAN's activities."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from catalog.access import Viewer
from catalog.api.changes import visible_changes
from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.shown import find_dataset_of
from catalog.api.feed_pages import seen_by
from catalog.exchange.ckan import derive_id, to_name, to_timestamp
from catalog.models import Change, Dataset
from catalog.text import Text

DEFAULT_LIMIT = 31
MOST = 100
KINDS = {
    Change.Kind.CREATED: "new package",
    Change.Kind.WITHDRAWN: "deleted package",
    Change.Kind.RESTORED: "new package",
}
CHANGED = "changed package"
NOBODY = derive_id("user", "hub")  # what happens in the hub is not told by person


def recently_changed_packages_activity_list(call: Call) -> list[dict[str, Any]]:
    return activities(visible_changes(call.viewer), call)


def package_activity_list(call: Call) -> list[dict[str, Any]]:
    dataset = find_dataset_of(call.required("id"), call.viewer)
    return activities(visible_changes(call.viewer).filter(dataset_id=dataset.pk), call)


def activities(changes: QuerySet[Change], call: Call) -> list[dict[str, Any]]:
    """Return a page of changes, the last first."""
    offset, limit = call.whole("offset", 0), call.whole("limit", DEFAULT_LIMIT, most=MOST)
    shown = list(changes.order_by("-sequence")[offset : offset + limit])
    titles = titles_of(shown, call.viewer)
    return [activity(change, titles.get(change.dataset_id, change.dataset_slug)) for change in shown]


def titles_of(changes: Sequence[Change], viewer: Viewer) -> dict[uuid.UUID, str]:
    """Return the titles of the datasets that the viewer may see now, withdrawn ones as well."""
    rows = Dataset.objects.filter(seen_by(viewer), pk__in={change.dataset_id for change in changes})
    rows = rows.only("title_ko", "title_en")
    return {row.pk: row.title.in_language("ko") for row in rows}


def activity(change: Change, title: str) -> dict[str, Any]:
    package = {"id": str(change.dataset_id), "name": to_name(change.dataset_slug), "title": title}
    return {
        "id": derive_id("activity", str(change.sequence)),
        "timestamp": to_timestamp(change.at),
        "user_id": NOBODY,
        "object_id": str(change.dataset_id),
        "activity_type": KINDS.get(Change.Kind(change.kind), CHANGED),
        "data": {"package": package, "actor": "", "kind": change.kind},
    }


ACTIONS = (
    Action(
        "recently_changed_packages_activity_list",
        recently_changed_packages_activity_list,
        Text(ko="최근에 일어난 일", en="What happened last, over all datasets."),
        ("limit", "offset"),
    ),
    Action(
        "package_activity_list",
        package_activity_list,
        Text(ko="데이터셋 하나에 일어난 일", en="What happened to one dataset."),
        ("id", "limit", "offset"),
    ),
)
