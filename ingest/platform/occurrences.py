"""Occurrences put together from messages, with the same result in whatever order and however often these arrive.

Each thing that a message tells is a *fact* with a rank: how far the occurrence had come, the moment of the message, and a
digest that settles ties. The fact of the highest rank counts; a message that says nothing of a thing takes nothing away.
So merging is a maximum, which knows no order. Of every status the earliest moment is kept, from which times to respond
are reckoned. A moment is told as ISO 8601 in UTC, which sorts as text.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ingest.platform.wire import Event
from ingest.wording import storable

OCCURRED, CHANGED = "10", "40"
TERMINAL = {"50": 1, "91": 2, "92": 3, "90": 4}  # of two at the same moment the latter counts
PHASES = {OCCURRED: 0, CHANGED: 1}
STATUSES = "statuses"  # in the facts: the earliest moment of each status
TARGET = "target"  # in the facts: the dataset that takes the occurrence
PERSONAL = (
    "longitude",
    "latitude",
    "height",
    "place",
    "content",
    "status_detail",
    "detail_code",
    "detail",
    "operator_id",
    "operator_name",
)
Facts = dict[str, Any]
Rank = list[Any]


def facts_of(
    event: Event,
    items: Mapping[str, tuple[Any, bool]],
    moment: dt.datetime,
    *,
    name: str = "",
    service: str = "",
    target: str = "",
) -> Facts:
    """Return what one message tells, as facts; ``moment`` is when it was so, ``items`` are values by column."""
    things = {key: kept(value) for key, value in things_of(event) if value not in (None, "")}
    things |= {"event_name": name, "service": service} if name or service else {}
    things |= {TARGET: target} if target else {}
    told = {
        column: {"value": value, "at": text_of(moment) if is_observed else ""}
        for column, (value, is_observed) in items.items()
    }
    rank = [phase_of(event.status), text_of(moment)]
    whole = digest_of([things, told])  # of all of a message, so that a longitude goes with its latitude
    facts: Facts = {key: [*rank, whole, value] for key, value in things.items()}
    status = str(event.status)
    facts["status"] = [*rank, str(TERMINAL.get(status, 0)), status]
    if told:
        facts["items"] = {column: [*rank, whole, value] for column, value in told.items()}
    facts[STATUSES] = {status: text_of(moment)}
    return facts


def things_of(event: Event) -> Iterator[tuple[str, Any]]:
    """Yield what a message says of its occurrence, by the names of the columns."""
    yield "grade", event.grade
    yield "occurred_at", text_of(event.occurred_at)
    yield "ended_at", text_of(event.ended_at) if phase_of(event.status) == 2 else None
    yield "longitude", event.longitude
    yield "latitude", event.latitude
    yield "height", event.height
    yield "place", event.place
    yield "content", event.content
    yield "status_detail", event.status_detail
    yield "detail_code", event.detail_code
    yield "detail", event.detail
    yield "operator_id", event.operator_id
    yield "operator_name", event.operator_name


def kept(value: Any) -> Any:  # noqa: ANN401 (any value of JSON)
    """Return a value as a database takes it."""
    return storable(value) if isinstance(value, str) else value


def merge(known: Mapping[str, Any], new: Mapping[str, Any]) -> Facts:
    """Return what is known with what is new: commutative, associative, idempotent."""
    merged = dict(known)
    for key, fact in new.items():
        before = merged.get(key)
        if before is None:
            merged[key] = fact
        elif key == STATUSES:
            merged[key] = {**before, **{status: min(at, before.get(status, at)) for status, at in fact.items()}}
        elif key == "items":
            merged[key] = merge(before, fact)
        else:
            merged[key] = max(before, fact, key=lambda one: one[:3])
    return merged


def without_personal(facts: Mapping[str, Any]) -> Facts:
    """Return the facts that tell of no person: kind, status, grade and times."""
    return {key: fact for key, fact in facts.items() if key not in (*PERSONAL, "items")} | (
        {"had_image": [2, "", "", True]} if has_image(facts) else {}
    )


def has_image(facts: Mapping[str, Any]) -> bool:
    return bool(value_of(facts, "had_image")) or "image_url" in facts.get("items", {})


def value_of(facts: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 (any value of JSON)
    fact = facts.get(key)
    return fact[-1] if fact else None


def moment_of(event: Event, told_at: dt.datetime) -> dt.datetime:
    """Return when what a message tells was so: its status time, else the one that its status is about, else when it was sent."""
    own = event.occurred_at if event.status == OCCURRED else event.ended_at if event.status in TERMINAL else None
    return event.status_at or own or told_at


def phase_of(status: str) -> int:
    """Return how far an occurrence has come: what is over stays over, whatever else is told of it later."""
    return 2 if status in TERMINAL else PHASES.get(status, 1)


def is_over(status: str) -> bool:
    return status in TERMINAL


def text_of(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds") if moment else None


def digest_of(value: Any) -> str:  # noqa: ANN401 (any value of JSON)
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:12]
