"""Publishing occurrences: the records of a guarded dataset are the occurrences that rules send there, all of them each time.

A source of the kind ``platform`` has runs, expectations and snapshots like any other; what it reads is the hub's own
table of occurrences, so that there is nothing to ask anew or to replay.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from catalog.models import Dataset
from catalog.records import Limits, from_table_schema
from catalog.text import Text
from ingest.errors import BadSetup, NotRepeatable, Unmodified
from ingest.models import Occurrence, Platform, Run
from ingest.platform.occurrences import OCCURRED, STATUSES, has_image, is_over, value_of
from ingest.runs import Progress, RunHeartbeat
from ingest.sessions import is_served, setup_of

PIECE = 2000
FACTS = (
    "event_name", "service", "grade", "longitude", "latitude", "height", "place", "content", "status_detail",
    "detail_code", "detail", "operator_id", "operator_name",
)  # fmt: skip

ONLY_NOW = Text(
    ko="사건은 허브에 저장된 지금의 상태로만 만듭니다. 소스를 새로 실행하십시오",
    en="occurrences are published as the hub has them now; run the source anew",
)
NOT_GUARDED = Text(
    ko="플랫폼의 사건은 보호 데이터셋(guarded)에만 담습니다",
    en="the events of platforms go into a guarded dataset only",
)


def publish_occurrences(
    run: Run, progress: Progress, limits: Limits, heartbeat: RunHeartbeat
) -> Iterator[dict[str, Any]]:
    """Return the occurrences of a dataset as rows; Unmodified when none has changed since they were published."""
    if run.kind != Run.Kind.PULL:
        raise NotRepeatable(reason=ONLY_NOW)
    source = run.source
    dataset = Dataset.objects.select_related("organisation").get(pk=source.distribution.dataset_id)
    if not dataset.is_guarded:
        raise BadSetup(where="dataset", problem=NOT_GUARDED)
    platforms = Platform.objects.all()
    if source.config.get("platform"):
        platforms = platforms.filter(slug=source.config["platform"])
    revisions = dict(platforms.values_list("slug", "revision"))
    place = {"revisions": revisions, "setup": setup_of(source)}
    progress.position = {"from": source.position, "left": place}
    if source.position == place and is_served(source, source.distribution.current_snapshot):
        raise Unmodified(address=", ".join(revisions))
    occurrences = Occurrence.objects.filter(dataset=dataset, platform__slug__in=list(revisions))
    # A column that no event fills is there none the less, or it would be missed in the answer.
    empty = dict.fromkeys(from_table_schema(source.distribution.schema).names)
    rows = occurrences.select_related("platform__organisation").order_by("pk").iterator(PIECE)
    return (empty | row_of(one) for one in rows)


def row_of(occurrence: Occurrence) -> dict[str, Any]:
    """Return an occurrence as a record, by the names of ``columns.py``; the items of its rule under their columns."""
    facts = occurrence.facts
    occurred = occurrence.occurred_at
    responded = responded_at(facts)
    ended = moment(value_of(facts, "ended_at")) or ended_by_status(facts)
    over = is_over(occurrence.status)
    row = {
        "event_id": occurrence.event_id,
        "sender": occurrence.sender,
        "number": occurrence.number,
        "status": occurrence.status,
        "is_over": over,
        "region_code": value_of(facts, "region_code") or occurrence.platform.organisation.region[:5],
        "occurred_at": told(occurred),
        "responded_at": told(responded),
        "ended_at": told(ended) if over else None,
        "response_seconds": seconds(occurred, responded),
        "duration_seconds": seconds(occurred, ended) if over else None,
        "has_image": has_image(facts),
        "first_message_at": told(occurrence.first_message_at),
        "last_message_at": told(occurrence.last_message_at),
        **{name: value_of(facts, name) for name in FACTS},
    }
    for column, fact in facts.get("items", {}).items():
        row[column] = fact[-1]["value"]
        if fact[-1]["at"]:
            row[f"{column}_observed_at"] = fact[-1]["at"]
    return row


def responded_at(facts: dict[str, Any]) -> dt.datetime | None:
    """Return when the status changed for the first time after the occurrence."""
    later = [at for status, at in facts.get(STATUSES, {}).items() if status != OCCURRED]
    return moment(min(later)) if later else None


def ended_by_status(facts: dict[str, Any]) -> dt.datetime | None:
    ends = [at for status, at in facts.get(STATUSES, {}).items() if is_over(status)]
    return moment(min(ends)) if ends else None


def seconds(start: dt.datetime | None, end: dt.datetime | None) -> int | None:
    """Return how long something took; None when that is not known, or the clocks contradict each other."""
    if start is None or end is None or end < start:
        return None
    return round((end - start).total_seconds())


def moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def told(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at else None
