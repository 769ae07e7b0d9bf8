"""Writing sources: one function creates or changes one, after everything about it has been checked."""

import dataclasses
import datetime as dt
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlsplit

from django.db import transaction
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from catalog.models import Distribution
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.publish import Outcome, update_row
from catalog.records import Expectations
from catalog.text import Text
from ingest.connectors import CONNECTORS
from ingest.errors import BadSetup
from ingest.masking import Mask
from ingest.models import Provider, Source
from ingest.schedule import cron_fields
from ingest.secret_values import is_secret, resolve_secrets, without_secrets
from ingest.wording import explain_problem

PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mqtt": 1883, "mqtts": 8883}
PERSONAL_DATA_DECISIONS = ("mask", "drop", "restrict", "publish")
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
    personal_data: Mapping[str, str] | None = None,
    provider: str = "",
    release: dt.datetime | None = None,
    allow_private: bool = False,
    ca_certificates: str = "",
    raw_days: int = 7,
    is_enabled: bool = True,
) -> Outcome:
    """Create or change a source; a mistake raises BadSetup that names the field and changes nothing."""
    if not is_slug(slug):
        raise BadSetup(where="slug", problem=SLUG_RULE)
    check_source(
        distribution, connector=connector, config=config, mode=mode, schedule=schedule, expectations=expectations or {}
    )
    check_certificates(ca_certificates)
    check_decisions(personal_data or {})
    values = {
        "distribution_id": distribution.pk,
        "connector": connector,
        "config": dict(config),
        "mode": mode,
        "schedule": schedule,
        "expectations": dict(expectations or {}),
        "ignored_columns": list(ignored_columns),
        "personal_data": dict(personal_data or {}),
        "provider_id": find_provider(provider),
        "host": host_of(config),
        "release": release,
        "allow_private": allow_private,
        "ca_certificates": ca_certificates,
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
    check_key(distribution, mode)
    if schedule:
        cron_fields(schedule)
    refuse_plain_secrets(connector, config)
    parse_config(connector, without_secrets(config))
    check_expectations(expectations)


def check_key(distribution: Distribution, mode: str) -> None:
    """Refuse updates by key of a dataset that has none; its columns may have changed since the source was declared."""
    if mode == Source.Mode.UPSERT and not distribution.schema.get("primaryKey"):
        raise_bad("mode", ko="upsert에는 데이터셋의 key가 필요합니다", en="upsert needs a key on the dataset")


@transaction.atomic
def save_provider(slug: str, *, title_ko: str, title_en: str = "", daily_calls: int | None = None) -> Outcome:
    """Create or change a provider; what it has used of its day stays."""
    if not is_slug(slug):
        raise BadSetup(where="slug", problem=SLUG_RULE)
    values = {"title_ko": title_ko, "title_en": title_en, "daily_calls": daily_calls}
    provider = Provider.objects.filter(slug=slug).first()
    if provider is None:
        Provider.objects.create(slug=slug, **values)
        return Outcome.CREATED
    return update_row(provider, values)


def find_provider(slug: str) -> int | None:
    """Return the provider's row by its identifier, None for none."""
    if not slug:
        return None
    found = Provider.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise_bad("provider", ko=f"'{slug}' 제공자가 없습니다", en=f"there is no provider '{slug}'")
    return found


def host_of(config: Mapping[str, Any]) -> str:
    """Return the host (``name:port``) that a configuration names, "" when it names none; sources of one host take turns."""
    address = next((config[name] for name in ("url", "path", "address") if isinstance(config.get(name), str)), "")
    parts = urlsplit(address)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname else ""


def check_certificates(text: str) -> None:
    if not text:
        return
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise_bad(
            "ca_certificates",
            ko=f"PEM 인증서로 읽을 수 없습니다 ({error})",
            en=f"cannot be read as PEM certificates ({error})",
        )


def check_decisions(decisions: Mapping[str, str]) -> None:
    """Refuse a decision on personal data that means nothing."""
    for column, decision in decisions.items():
        if decision not in PERSONAL_DATA_DECISIONS:
            allowed = ", ".join(PERSONAL_DATA_DECISIONS)
            raise_bad(
                f"personal_data.{column}",
                ko=f"'{decision}' 결정은 없습니다. 쓸 수 있는 것: {allowed}",
                en=f"unknown decision '{decision}'; allowed: {allowed}",
            )


def refuse_plain_secrets(connector: str, config: Mapping[str, Any]) -> None:
    """Refuse a secret that is written down instead of named."""
    for name, field in CONNECTORS[connector].config.model_fields.items():
        is_meant_secret = SecretStr in (field.annotation, *get_args(field.annotation))
        if is_meant_secret and config.get(name) is not None and not is_secret(config[name]):
            raise_bad(
                f"config.{name}",
                ko='비밀값은 적지 않고 환경 변수의 이름으로 가리킵니다: { env = "이름" }',
                en='a secret is not written down but named by its environment variable: { env = "NAME" }',
            )


def parse_config(connector: str, config: Mapping[str, Any], mask: Callable[[str], str] = str) -> BaseModel:
    """Return the connector's typed configuration; BadSetup names the field and never shows its value."""
    try:
        return CONNECTORS[connector].config.model_validate(config)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        where = ".".join(["config", *(str(part) for part in problem["loc"])])
        text = explain_problem(problem)
    raise BadSetup(where=where, problem=Text(ko=mask(text.ko), en=mask(text.en)))


def read_config(source: Source) -> tuple[BaseModel, list[str]]:
    """Return the source's configuration, its secrets filled in, and the secrets."""
    config, secrets = resolve_secrets(source.config)
    return parse_config(source.connector, config, Mask(secrets)), secrets


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
    for name in ("min_share", "max_rejected_share"):
        if not 0 <= (expectations.get(name) or 0) <= 1:
            raise_bad(f"expectations.{name}", ko="0과 1 사이여야 합니다", en="must be between 0 and 1")


def read_expectations(source: Source) -> Expectations:
    """Return the source's expectations; with updates by key the last of several records with one key stays."""
    defaults = {"keep": "last", "min_rows": 0} if source.mode == Source.Mode.UPSERT else {}
    return EXPECTATIONS.validate_python(defaults | source.expectations)


def raise_bad(where: str, *, ko: str, en: str) -> None:
    raise BadSetup(where=where, problem=Text(ko=ko, en=en))
