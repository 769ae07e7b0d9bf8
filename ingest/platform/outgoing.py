"""Events that the hub tells: what a rule says of a subject, as it is kept in rows and as the wire takes it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ingest.models import OutgoingMessage, RaisedOccurrence
from ingest.platform.moments import KOREAN_TIME
from ingest.platform.wire import STATUS_NAMES, Event, Status

MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True)
class Told:
    """What is told of an occurrence while it lasts; when one of these changes, that is told, too."""

    event_id: str
    event_name: str = ""
    grade: str = ""
    content: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    items: Mapping[str, str] = field(default_factory=dict, repr=False)
    longitude: float | None = field(default=None, repr=False)
    latitude: float | None = field(default=None, repr=False)


TOLD_FIELDS = frozenset(one.name for one in fields(Told))


def as_document(told: Told, at: dt.datetime) -> dict[str, Any]:
    """Return what is kept of what was told last, and when."""
    return {**asdict(told), "status_at": write_moment(at)}


def as_told(document: Mapping[str, Any]) -> Told:
    return Told(**{name: value for name, value in document.items() if name in TOLD_FIELDS})


def next_moment(occurrence: RaisedOccurrence, now: dt.datetime) -> dt.datetime:
    """Return when something is told of an occurrence: in a later second than the last, as the wire knows no shorter time."""
    last = dt.datetime.fromisoformat(occurrence.told["status_at"])
    return max(now, last.replace(microsecond=0) + dt.timedelta(seconds=1))


def write_number(moment: dt.datetime) -> str:
    """Return the number of an occurrence: the moment to the millisecond, in Korea."""
    local = moment.astimezone(KOREAN_TIME)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


def make_message(occurrence: RaisedOccurrence, status: Status, told: Told, at: dt.datetime) -> OutgoingMessage:
    """Return the message that tells a moment in the life of an occurrence; it says the same however often it is sent."""
    return OutgoingMessage(
        receiver_id=occurrence.rule.receiver_id,
        occurrence=occurrence,
        status=str(status),
        event={
            **as_document(told, at),
            "number": occurrence.number,
            "occurred_at": write_moment(occurrence.started_at),
            "ended_at": write_moment(occurrence.ended_at) if occurrence.ended_at else None,
        },
    )


def write_moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat()


def event_of(message: OutgoingMessage) -> Event:
    """Return what a message tells, as the wire takes it."""
    kept, told, status = message.event, as_told(message.event), Status(message.status)
    occurred_at, status_at, ended_at = (read_moment(kept[name]) for name in ("occurred_at", "status_at", "ended_at"))
    return Event(
        event_id=told.event_id,
        number=kept["number"],
        status=status,
        event_name=told.event_name,
        grade=told.grade,
        longitude=told.longitude,
        latitude=told.latitude,
        place=told.place,
        content=told.content,
        occurred_at=occurred_at,
        status_at=status_at,
        ended_at=ended_at,
        status_code=str(status),
        status_detail=STATUS_NAMES[status].ko,
        items=tuple(told.items.items()),
    )


def requested_at(message: OutgoingMessage) -> dt.datetime:
    """Return the moment that a message says it was sent: that of its status, so that a second try is the same message."""
    return read_moment(message.event["status_at"]) or message.created_at


def read_moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
