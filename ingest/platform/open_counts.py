"""What is open of a platform's events: counts by kind, municipality and period, and how long services took to respond.

Both are recipes over the guarded dataset, so that nothing but their aggregates leaves it; small cells are left out, and what
the totals of the second would tell of the first. They tell of months that are over: a month that still grows would tell by
its growth how few events a day had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.models import Dataset
from catalog.publish import describe_dataset
from catalog.records import Column, Schema, from_table_schema
from catalog.standard.data_models import data_model
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.kinds import RECIPE
from ingest.models import Platform, Source
from ingest.sources import save_source

PERIODS = {"hour": "1 HOUR", "day": "1 DAY", "month": "1 MONTH"}
FREQUENCY = "daily"
MINIMUM = 5
GOLDEN_SECONDS = 300  # the golden time of fire and rescue: five minutes
MODEL = "emergency-event-aggregate"
COUNTED = (
    "region_code", "period_start", "period_end", "service", "event_type", "events", "suppressed", "threshold",
)  # fmt: skip
WHERE = (
    """service IS NOT NULL AND region_code IS NOT NULL AND occurred_at < date_trunc('month', now() - INTERVAL 1 DAY)"""
)
COUNTS = """
SELECT region_code, date_trunc('month', occurred_at) AS month, date_trunc('{period}', occurred_at) AS period_start,
       date_trunc('{period}', occurred_at) + INTERVAL {length} AS period_end,
       service, event_id AS event_type, count(*) AS events, false AS suppressed, {minimum} AS threshold
FROM "{events}"
WHERE {where}
GROUP BY region_code, month, period_start, period_end, service, event_type
"""
RESPONSES = """
SELECT date_trunc('month', occurred_at) AS month, service, count(*) AS events,
       median(response_seconds) AS median_response, quantile_cont(response_seconds, 0.9) AS p90_response,
       count(*) FILTER (WHERE response_seconds <= {golden}) AS in_golden_time
FROM "{events}"
WHERE {where}
GROUP BY month, service
"""
KNOWN_TOTALS = [["month", "service"]]  # the second tells them of the first
WHY = (
    "구와 기간으로 센 건수이고, 5건보다 적은 칸과 그것을 알게 하는 칸은 뺐습니다. / Counts by municipality and period; cells below five, "
    "and those that would tell them, are left out."
)
RESPONSE_SCHEMA = Schema(
    columns=(
        Column("month", "datetime", Text(ko="달", en="Month"), required=True),
        Column("service", "string", Text(ko="연계서비스", en="Linked service"), required=True, code_list="linked_service"),
        Column("events", "integer", Text(ko="건수", en="Events"), unit="{event}", minimum=0),
        Column("median_response", "number", Text(ko="대응 시간 중앙값", en="Median time to respond"), unit="s", minimum=0),
        Column("p90_response", "number", Text(ko="대응 시간 90백분위", en="90th percentile of the time to respond"),
               unit="s", minimum=0),
        Column("in_golden_time", "integer", Text(ko="골든타임 안 건수", en="Within the golden time"),
               Text(ko="5분 안에 첫 대응이 있던 건수", en="Those responded to within five minutes."),
               unit="{event}", minimum=0),
    ),
    key=("month", "service"),
    time="month",
)  # fmt: skip


def open_counts(platform: Platform, period: str) -> None:
    """Give a platform its open datasets, ``{slug}-event-counts`` and ``{slug}-response-times``; those there are stay."""
    if period not in PERIODS:
        allowed = ", ".join(PERIODS)
        raise BadSetup(
            where="counts_by",
            problem=Text(
                ko=f"'{period}'(으)로는 셀 수 없습니다. 쓸 수 있는 것: {allowed}",
                en=f"cannot count by '{period}'; allowed: {allowed}",
            ),
        )
    counts = COUNTS.format(
        period=period, length=PERIODS[period], minimum=MINIMUM, events=platform.dataset.slug, where=WHERE
    )
    add_open(
        platform,
        "event-counts",
        {
            "title": {"ko": f"{platform.title} 긴급 상황 집계", "en": f"Emergency events of {platform.slug}, counted"},
            "description": {
                "ko": "통합플랫폼이 다룬 긴급 상황을 시군구, 기간, 종류로 센 건수입니다. 5건보다 적은 칸은 없습니다.",
                "en": "Emergencies that the integrated platform served, counted by municipality, period and kind. There are "
                "no cells below five.",
            },
            "data_model": MODEL,
        },
        counted_schema(),
        counts,
        within=KNOWN_TOTALS,
    )
    add_open(
        platform,
        "response-times",
        {
            "title": {
                "ko": f"{platform.title} 서비스별 대응 시간",
                "en": f"Response times of {platform.slug} by service",
            },
            "description": {
                "ko": "연계서비스마다 달별로 첫 대응까지 걸린 시간의 중앙값과 90백분위, 골든타임(5분) 안에 대응한 건수입니다.",
                "en": "For each linked service and month the median and 90th percentile of the time to the first response, and "
                "how many were within the golden time of five minutes.",
            },
        },
        RESPONSE_SCHEMA,
        RESPONSES.format(golden=GOLDEN_SECONDS, events=platform.dataset.slug, where=WHERE),
    )


def counted_schema() -> Schema:
    """Return the columns of the data model that are counted; what is too small is left out, so that none is empty."""
    document = data_model(MODEL).to_table_schema()
    document["fields"] = [entry for entry in document["fields"] if entry["name"] in COUNTED]
    schema = from_table_schema(document)
    return replace(schema, columns=(*schema.columns, RESPONSE_SCHEMA["month"]))


def add_open(
    platform: Platform,
    ending: str,
    description: Mapping[str, Any],
    schema: Schema,
    select: str,
    within: Sequence[Sequence[str]] = (),
) -> None:
    slug = f"{platform.slug}-{ending}"
    if Source.objects.filter(slug=slug).exists():
        return
    describe_dataset(
        slug,
        {
            "organisation": platform.organisation.slug,
            "theme": "safety",
            "licence": "kogl-1",
            "frequency": FREQUENCY,
            "access_level": "public",
            "personal_data": "aggregated",
            "keywords": {"ko": ["긴급 상황", "통합플랫폼", "112", "119"], "en": ["emergency", "integrated platform"]},
            **({"region": platform.organisation.region} if platform.organisation.region else {}),
            **description,
        },
        schema,
    )
    dataset = Dataset.objects.select_related("distribution").get(slug=slug)
    save_source(
        slug,
        dataset.distribution,
        connector=RECIPE,
        config={
            "select": select.strip(),
            "suppress": {"count": "events", "minimum": MINIMUM, "within": [list(names) for names in within]},
            "declassify": WHY,
        },
        schedule="daily at 04:10",
        expectations={"min_rows": 0, "min_share": None, "max_share": None},
    )
