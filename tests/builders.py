"""Builders: plain functions that put organisations, datasets and records into the hub through the real verbs."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from catalog.models import Dataset, Organisation, Snapshot
from catalog.publish import describe_dataset, publish_snapshot, save_organisation
from catalog.records import (
    Column,
    Expectations,
    Limits,
    LoadMode,
    Schema,
    discard,
    from_table_schema,
    tabulate,
    validate,
    write_snapshot,
)
from catalog.storage import record_store
from catalog.text import Text

COLUMNS = (
    Column("station_id", title=Text(ko="측정소 번호", en="Station number"), required=True),
    Column("district", title=Text(ko="자치구", en="District")),
    Column("pm10", "integer", title=Text(ko="미세먼지", en="PM10"), unit="ug/m3"),
    Column("observed_on", "date", title=Text(ko="측정일", en="Day")),
)
SCHEMA = Schema(columns=COLUMNS, time="observed_on")
ROWS: Sequence[Mapping[str, object]] = (
    {"station_id": "0101", "district": "강남구", "pm10": "34", "observed_on": "2018-01-01"},
    {"station_id": "0102", "district": "종로구", "pm10": "81", "observed_on": "2018-01-02"},
    {"station_id": "0103", "district": "강남구", "pm10": "", "observed_on": "2018-01-03"},
)

WHATEVER_COMES = Expectations(min_rows=0, min_share=None)


def make_organisation(
    slug: str = "hanbit-city", *, ko: str = "한빛시", en: str = "Hanbit City", region: str = "44"
) -> Organisation:
    save_organisation(slug, {"name": {"ko": ko, "en": en}, "region": region})
    return Organisation.objects.get(slug=slug)


def make_dataset(
    slug: str = "air-quality", *, schema: Schema | None = SCHEMA, organisation: str = "hanbit-city", **description: Any
) -> Dataset:
    """Describe a dataset; what the test does not speak of has a plain value."""
    if not Organisation.objects.filter(slug=organisation).exists():
        make_organisation(organisation)
    described = {
        "title": {"ko": "대기질 측정", "en": "Air quality"},
        "description": {"ko": "측정소별 미세먼지 농도", "en": "Particulate matter by station"},
        "organisation": organisation,
        "theme": "environment",
        "licence": "kogl-1",
        "access_level": "public",
    }
    describe_dataset(slug, described | description, schema)
    return Dataset.objects.select_related("organisation", "distribution__current_snapshot").get(slug=slug)


def publish_rows(
    dataset: Dataset,
    rows: Iterable[Mapping[str, object]] = ROWS,
    *,
    mode: str = "replace",
    valid_at: dt.datetime | None = None,
    expectations: Expectations = WHATEVER_COMES,
) -> Snapshot | None:
    """Publish rows as a run does, without a run; None when nothing changed."""
    distribution = dataset.distribution
    distribution.refresh_from_db()
    limits = Limits(spool=settings.SPOOL_DIR)
    staged = tabulate(rows, from_table_schema(distribution.schema), limits=limits)
    try:
        report = validate(staged, expectations, previous_rows=None, limits=limits)
        current = distribution.current_snapshot
        manifest = write_snapshot(
            staged, record_store(), mode=LoadMode(mode), previous=current.manifest if current else None, limits=limits
        )
        return publish_snapshot(
            distribution, manifest, report=report, rejected=staged.refused, valid_at=valid_at or dt.datetime.now(dt.UTC)
        )
    finally:
        discard(staged)
