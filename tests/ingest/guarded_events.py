"""A guarded dataset of events for tests: places, kinds, times, and columns of every kind that may not be told."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from builders import make_dataset, publish_rows

from catalog.models import Dataset
from catalog.publish import guard_dataset
from catalog.records import Column, Geometry, Schema
from ingest.models import Source
from ingest.sources import save_source

KOREA = dt.timezone(dt.timedelta(hours=9))
EVENTS = Schema(
    columns=(
        Column("number", required=True, personal_data="identifier"),
        Column("kind", required=True, enum=("fire", "theft", "fall")),
        Column("region_code", code_list="region"),
        Column("occurred_at", "datetime", required=True),
        Column("response_seconds", "integer"),
        Column("is_over", "boolean"),
        Column("content", personal_data="free-text"),
        Column("memo"),
        Column("operator_id", personal_data="operator"),
        Column("longitude", "number"),
        Column("latitude", "number"),
    ),
    key=("kind", "number"),
    geometry=Geometry(longitude="longitude", latitude="latitude"),
    time="occurred_at",
)
Group = tuple[str, str, int]  # region, kind, hour
TELLING = "Agreed with the data office on 2026-11-20"


def make_events(counts: Mapping[Group, int], *, seconds: Sequence[int | None] = (60,)) -> Dataset:
    """Return a guarded dataset with so many events of each group; their times to respond go round."""
    dataset = make_dataset("events", schema=EVENTS)
    guard_dataset("events")
    dataset.refresh_from_db()
    publish_rows(dataset, list(rows_of(counts, seconds)))
    return dataset


def rows_of(counts: Mapping[Group, int], seconds: Sequence[int | None] = (60,)) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for (region, kind, hour), count in counts.items():
        for number in range(count):
            told = seconds[number % len(seconds)]
            rows.append(
                {
                    "number": f"{len(rows):06}",
                    "kind": kind,
                    "region_code": region,
                    "occurred_at": dt.datetime(2026, 11, 1, hour, number % 60, tzinfo=KOREA).isoformat(),
                    "response_seconds": "" if told is None else str(told),
                    "is_over": "true",
                    "content": "넘어짐",
                    "memo": "홍길동 010-1234-5678",
                    "operator_id": "kim",
                    "longitude": "127.1",
                    "latitude": "36.8",
                }
            )
    return rows


TYPES = {"hour": "datetime", "until": "datetime", "events": "integer", "response": "number", "middle": "number"}
BY_ALL = """SELECT region_code, kind, date_trunc('hour', occurred_at) AS hour, count(*) AS events
FROM events GROUP BY 1, 2, 3"""


def make_counts(
    select: str,
    *,
    slug: str = "event-counts",
    guarded: bool = False,
    columns: str = "region_code kind hour events",
    mode: str = "replace",
    **config: Any,
) -> Source:
    """Declare an open recipe over the events, with these columns in its dataset."""
    schema = Schema(columns=tuple(Column(name, TYPES.get(name, "string")) for name in columns.split()))
    made = make_dataset(slug, schema=schema)
    if guarded:
        guard_dataset(slug)
        made.refresh_from_db()
    told = {"suppress": {"count": "events", "minimum": 5}, "declassify": TELLING} | config
    config = {"select": select} | {name: value for name, value in told.items() if value is not None}
    save_source(slug, made.distribution, connector="recipe", config=config, mode=mode, expectations={"min_rows": 0})
    return Source.objects.select_related("distribution__dataset").get(slug=slug)
