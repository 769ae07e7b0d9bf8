"""A hub with water levels and a rule about them, and a platform of the sandbox that takes what the rule raises."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from builders import make_dataset, publish_rows
from django.utils import timezone
from messages_of_platform import make_platform

from catalog.models import Dataset, Snapshot
from catalog.records import Column, Geometry, Schema
from ingest.models import OutgoingMessage, Platform, Receiver, SendingRule
from ingest.platform.raising import raise_events
from ingest.secret_store import save_secret

API_KEY = "sandbox-key"
LEVELS = Schema(
    columns=(
        Column("station", required=True),
        Column("name"),
        Column("water_level", "number", unit="m"),
        Column("longitude", "number"),
        Column("latitude", "number"),
        Column("observed_at", "datetime"),
    ),
    time="observed_at",
    geometry=Geometry(longitude="longitude", latitude="latitude"),
)
FIRST = dt.datetime(2026, 11, 1, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=9)))


def level(station: str, water_level: float | str, minute: int = 0, **columns: Any) -> Mapping[str, object]:
    return {
        "station": station,
        "name": f"{station}번 다리",
        "water_level": str(water_level),
        "longitude": "127.01",
        "latitude": "36.61",
        "observed_at": (FIRST + dt.timedelta(minutes=minute)).isoformat(),
    } | columns


def make_levels(
    rows: Iterable[Mapping[str, object]] = (), schema: Schema = LEVELS, slug: str = "water-levels"
) -> Dataset:
    dataset = make_dataset(slug, schema=schema)
    if rows:
        publish(dataset, rows)
    return dataset


def publish(dataset: Dataset, rows: Iterable[Mapping[str, object]]) -> Snapshot | None:
    published = publish_rows(dataset, rows)
    dataset.refresh_from_db()
    return published


def make_receiver(url: str = "http://127.0.0.1:9", slug: str = "hanbit", **columns: Any) -> Receiver:
    platform = Platform.objects.filter(slug=slug).first() or make_platform(slug)[0]
    save_secret("platform-key", API_KEY)
    return Receiver.objects.create(
        **{
            "platform": platform,
            "address": f"{url}/platform",
            "api_key": "platform-key",
            "send_code": "B4400000000",
            "receive_code": "B4400000000",
            "allow_private": True,
        }
        | columns
    )


def make_rule(dataset: Dataset, receiver: Receiver | None = None, **columns: Any) -> SendingRule:
    return SendingRule.objects.create(
        **{
            "slug": "high-water",
            "receiver": receiver or make_receiver(),
            "dataset": dataset,
            "condition": "water_level >= 3.5",
            "subject": ["station"],
            "event_id": "DUCDP110",
            "event_name": "재난정보 긴급지원",
            "content": "수위 {water_level} m",
            "place": "{name}",
            "items": {"LEVEL": "water_level"},
        }
        | columns
    )


def raise_now(now: dt.datetime | None = None) -> int:
    return raise_events(now or timezone.now())


def outgoing() -> list[tuple[str, str]]:
    """Return (subject, status) of the messages to be sent, in their order."""
    return [(one.occurrence.subject, one.status) for one in OutgoingMessage.objects.order_by("id")]
