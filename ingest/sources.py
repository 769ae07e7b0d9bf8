"""Writing sources: one function creates or changes one, after everything about it has been checked."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from pydantic import TypeAdapter, ValidationError

from catalog.models import Distribution
from catalog.publish import Outcome, update_row
from catalog.records import Expectations
from catalog.text import Text
from ingest.connectors import CONNECTORS
from ingest.errors import BadSetup
from ingest.models import Source
from ingest.schedule import cron_fields
from ingest.secret_values import without_secrets
from ingest.wording import explain_problem

EXPECTATIONS = TypeAdapter(Expectations)
EXPECTATION_NAMES = frozenset(field.name for field in dataclasses.fields(Expectations))


@transaction.atomic
def save_source(
    slug: str,
    distribution: Distribution,
    *,
    connector: str,
    config: Mapping[str, Any],
    mode: str = "replace",
    schedule: str = "",
    expectations: Mapping[str, Any] | None = None,
    ignored_columns: Sequence[str] = (),
    release: dt.datetime | None = None,
    allow_private: bool = False,
    raw_days: int = 7,
    is_enabled: bool = True,
) -> Outcome:
    """Create or change a source; a mistake raises BadSetup that names the field and changes nothing."""
    check_source(
        distribution, connector=connector, config=config, mode=mode, schedule=schedule, expectations=expectations or {}
    )
    values = {
        "distribution_id": distribution.pk,
        "connector": connector,
        "config": dict(config),
        "mode": mode,
        "schedule": schedule,
        "expectations": dict(expectations or {}),
        "ignored_columns": list(ignored_columns),
        "release": release,
        "allow_private": allow_private,
        "raw_days": raw_days,
        "is_enabled": is_enabled,
    }
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        Source.objects.create(slug=slug, **values)
        return Outcome.CREATED
    if source.schedule != schedule:
        values["next_at"] = None
    return update_row(source, values)


def check_source(
    distribution: Distribution,
    *,
    connector: str,
    config: Mapping[str, Any],
    mode: str,
    schedule: str,
    expectations: Mapping[str, Any],
) -> None:
    """Refuse a source whose parts contradict themselves, the connector or the dataset."""
    if connector not in CONNECTORS:
        allowed = ", ".join(CONNECTORS)
        raise_bad(
            "connector",
            ko=f"'{connector}' 연결자는 없습니다. 쓸 수 있는 것: {allowed}",
            en=f"unknown connector '{connector}'; allowed: {allowed}",
        )
    if mode not in Source.Mode.values:
        allowed = ", ".join(Source.Mode.values)
        raise_bad(
            "mode",
            ko=f"'{mode}' 방식은 없습니다. 쓸 수 있는 것: {allowed}",
            en=f"unknown mode '{mode}'; allowed: {allowed}",
        )
    if mode == Source.Mode.UPSERT and not distribution.schema.get("primaryKey"):
        raise_bad("mode", ko="upsert에는 데이터셋의 key가 필요합니다", en="upsert needs a key on the dataset")
    if schedule:
        cron_fields(schedule)
    try:
        CONNECTORS[connector].config.model_validate(without_secrets(config))
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(["config", *(str(part) for part in problem["loc"])])
        raise BadSetup(where=where, problem=explain_problem(problem)) from error
    check_expectations(expectations)


def check_expectations(expectations: Mapping[str, Any]) -> None:
    for name in expectations:
        if name not in EXPECTATION_NAMES:
            allowed = ", ".join(sorted(EXPECTATION_NAMES))
            raise_bad(
                f"expectations.{name}",
                ko=f"쓸 수 없는 이름입니다. 쓸 수 있는 것: {allowed}",
                en=f"unknown; allowed: {allowed}",
            )
    try:
        EXPECTATIONS.validate_python(dict(expectations))
    except ValidationError as error:
        problem = error.errors()[0]
        raise BadSetup(where=f"expectations.{problem['loc'][0]}", problem=explain_problem(problem)) from error


def read_expectations(source: Source) -> Expectations:
    """Return the source's expectations; with updates by key the last of several records with one key stays."""
    defaults = {"keep": "last", "min_rows": 0} if source.mode == Source.Mode.UPSERT else {}
    return EXPECTATIONS.validate_python(defaults | source.expectations)


def raise_bad(where: str, *, ko: str, en: str) -> None:
    raise BadSetup(where=where, problem=Text(ko=ko, en=en))
