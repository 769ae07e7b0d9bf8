"""Writing sources: one function creates or changes one, after everything about it has been checked."""

import dataclasses
import datetime as dt
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from catalog.feed import lock_feed
from catalog.models import Distribution
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.publish import Outcome, update_row
from catalog.records import WITHIN, Expectations, Schema, find_contradictions, from_table_schema
from catalog.text import Text
from ingest.connectors import is_pushed
from ingest.connectors.progress import Progressive
from ingest.derivation import derived_fields, describe_derived
from ingest.errors import BadSetup
from ingest.guarded_inputs import reads_guarded
from ingest.kinds import KINDS, RECIPE
from ingest.masking import Mask
from ingest.models import Provider, Source
from ingest.platform_events import PlatformEvents
from ingest.recipe_config import Recipe
from ingest.recipe_rules import check_recipe
from ingest.schedule import cron_fields, is_after_change, latest_time, next_time
from ingest.secret_values import is_secret, resolve_secrets, without_secrets
from ingest.wording import explain_problem

PORTS = {
    "http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "mqtt": 1883, "mqtts": 8883, "sftp": 22
}  # fmt: skip
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
    """Create or change a source; a mistake raises BadSetup that names the field and changes nothing.

    Without ``personal_data`` what was decided before stays.
    """
    if not is_slug(slug):
        raise BadSetup(where="slug", problem=SLUG_RULE)
    check_source(
        distribution, connector=connector, config=config, mode=mode, schedule=schedule, expectations=expectations or {}
    )
    check_certificates(ca_certificates)
    check_decisions(personal_data or {}, from_table_schema(distribution.schema))
    values = {
        "distribution_id": distribution.pk,
        "connector": connector,
        "config": dict(config),
        "mode": mode,
        "schedule": schedule,
        "expectations": dict(expectations or {}),
        "ignored_columns": list(ignored_columns),
        "provider_id": find_provider(provider),
        "host": host_of(config),
        "release": release,
        "allow_private": allow_private,
        "ca_certificates": ca_certificates,
        "raw_days": raw_days,
        "is_enabled": is_enabled,
    }
    if personal_data is not None:
        values["personal_data"] = dict(personal_data)
    before = derived_fields(distribution.dataset.slug)
    if before or connector == RECIPE:
        lock_feed()  # before the source, as a run that is published does
    outcome = write_source(slug, values)
    if before or connector == RECIPE:
        describe_derived(distribution, before)
    return outcome


def write_source(slug: str, values: dict[str, Any]) -> Outcome:
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        Source.objects.create(slug=slug, **values)
        return Outcome.CREATED
    if source.schedule != values["schedule"]:
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
    if connector not in KINDS:
        allowed = ", ".join(KINDS)
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
        check_schedule(connector, schedule)
    refuse_plain_secrets(connector, config)
    parsed = parse_config(connector, without_secrets(config))
    check_expectations(expectations, distribution)
    check_progress(parsed, mode)
    if mode == Source.Mode.REPLACE and is_pushed(connector, config):
        raise_bad(
            "mode",
            ko="밀려오는 메시지는 조금씩 오므로 append나 upsert로 받습니다",
            en="messages that are pushed come bit by bit; use append or upsert",
        )
    if isinstance(parsed, Recipe):
        check_recipe(distribution, parsed, expectations)
        if mode != Source.Mode.REPLACE and reads_guarded(distribution.dataset, parsed):
            raise_bad(
                "mode",
                ko="보호 데이터셋의 집계는 전체를 바꿉니다(replace). 더하거나 키로 고치면, 나중에는 가려야 할 행이 남습니다",
                en="what is made of guarded data replaces everything (replace): added to, or updated by key, it would keep rows "
                "that have to be hidden later",
            )
    if isinstance(parsed, PlatformEvents):
        check_events(distribution, mode)


def check_schedule(connector: str, schedule: str) -> None:
    """Refuse a schedule that cannot be read, and one after change of what no recipe reads."""
    if not is_after_change(schedule):
        cron_fields(schedule)
    elif connector != RECIPE:
        raise_bad(
            "schedule",
            ko=f"'{schedule}' 일정은 가공 데이터({RECIPE})에만 쓸 수 있습니다",
            en=f"the schedule '{schedule}' is for a recipe only (connector '{RECIPE}')",
        )


def check_key(distribution: Distribution, mode: str) -> None:
    """Refuse updates by key of a dataset that has none; its columns may have changed since the source was declared."""
    if mode == Source.Mode.UPSERT and not distribution.schema.get("primaryKey"):
        raise_bad("mode", ko="upsert에는 데이터셋의 key가 필요합니다", en="upsert needs a key on the dataset")


def check_events(distribution: Distribution, mode: str) -> None:
    """Refuse to publish the events of platforms anywhere but in a guarded dataset, and otherwise than all of them."""
    if not distribution.dataset.is_guarded:
        raise_bad(
            "dataset",
            ko="플랫폼의 사건은 보호 데이터셋(guarded = true)에만 담습니다",
            en="the events of platforms go into a guarded dataset only (guarded = true)",
        )
    if mode != Source.Mode.REPLACE:
        raise_bad(
            "mode",
            ko="플랫폼의 사건은 지금 있는 것 전체로 바꿉니다(replace). 지울 때가 된 것이 남지 않아야 합니다",
            en="the events of platforms are published as a whole (replace), so that nothing stays whose time is over",
        )


def check_progress(config: BaseModel, mode: str) -> None:
    """Refuse a source that reads only what is new where that would lose what is old or give records twice."""
    if not isinstance(config, Progressive) or config.incremental is None:
        return
    if mode == Source.Mode.REPLACE:
        raise_bad(
            "mode",
            ko="새로운 것만 받는 소스(incremental)가 전체를 바꾸면(replace) 지난 레코드가 사라집니다. upsert나 append로 하십시오",
            en="a source that reads only what is new (incremental) would replace all that is old; use upsert or append",
        )
    if mode == Source.Mode.APPEND and config.overlaps:
        raise_bad(
            "mode",
            ko="이미 받은 것을 겹쳐서 다시 받으므로 append로는 같은 레코드가 두 번 들어갑니다. 데이터셋에 key를 두고 upsert로 "
            "하거나, overlap 없이 delay를 적어 겹치지 않게 하십시오",
            en="what was read is asked for again, so that append would give records twice; use upsert and a key on the "
            "dataset, or give a delay and no overlap, where nothing comes again",
        )


@transaction.atomic
def pause_source(source: Source, because: str) -> None:
    """Let a source rest until it is resumed: it gets no runs, and those that wait go on waiting; one at work is not stopped."""
    reason = " ".join(because.split())[: Source._meta.get_field("paused_because").max_length]
    if not reason:
        raise_bad("paused_because", ko="멈추는 까닭을 적으십시오", en="say why the source is paused")
    current = Source.objects.select_for_update().get(pk=source.pk)
    current.paused_at, current.paused_because = current.paused_at or timezone.now(), reason
    current.next_at = None
    current.save(update_fields=["paused_at", "paused_because", "next_at", "modified_at"])
    source.refresh_from_db()


@transaction.atomic
def resume_source(source: Source) -> None:
    """Let a source go on; the latest slot that it missed meanwhile is made up for, as after a time without a scheduler."""
    current, now = Source.objects.select_for_update().get(pk=source.pk), timezone.now()
    if current.paused_at and current.schedule and not is_after_change(current.schedule):
        missed = latest_time(current.schedule, now)
        current.next_at = missed if missed > current.paused_at else next_time(current.schedule, now)
    current.paused_at, current.paused_because = None, ""
    current.save(update_fields=["paused_at", "paused_because", "next_at", "modified_at"])
    source.refresh_from_db()


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


def check_decisions(decisions: Mapping[str, str], schema: Schema) -> None:
    """Refuse a decision on personal data that means nothing, or that would cost the dataset its records."""
    for column, decision in decisions.items():
        where = f"personal_data.{column}"
        if decision not in PERSONAL_DATA_DECISIONS:
            allowed = ", ".join(PERSONAL_DATA_DECISIONS)
            raise_bad(
                where,
                ko=f"'{decision}' 결정은 없습니다. 쓸 수 있는 것: {allowed}",
                en=f"unknown decision '{decision}'; allowed: {allowed}",
            )
        if column not in schema:
            allowed = ", ".join(schema.names)
            raise_bad(
                where,
                ko=f"데이터셋에 '{column}' 열이 없습니다. 있는 열: {allowed}",
                en=f"the dataset has no column '{column}'; it has: {allowed}",
            )
        if decision in ("mask", "drop") and column in schema.key:
            raise_bad(
                where,
                ko="키인 열은 가리거나 비울 수 없습니다. 다른 레코드가 하나로 합쳐집니다. 제한(restrict)하거나 키를 바꾸십시오",
                en="a column of the key cannot be masked or dropped, for different records would become one; restrict it, "
                "or change the key",
            )
        if decision == "drop" and schema[column].required:
            raise_bad(
                where,
                ko="꼭 있어야 하는(required) 열은 비울 수 없습니다. 가리거나(mask) required를 푸십시오",
                en="a required column cannot be dropped; mask it, or let it be empty",
            )
        if decision == "mask" and schema[column].type != "string":
            raise_bad(
                where,
                ko=f"글(string)인 열만 가릴 수 있습니다. 이 열은 {schema[column].type}입니다. 비우십시오(drop)",
                en=f"only a column of text can be masked, this one is {schema[column].type}; drop it",
            )


def refuse_plain_secrets(connector: str, config: Mapping[str, Any]) -> None:
    """Refuse a secret that is written down instead of named."""
    for name, field in KINDS[connector].config.model_fields.items():
        is_meant_secret = SecretStr in (field.annotation, *get_args(field.annotation))
        if is_meant_secret and config.get(name) is not None and not is_secret(config[name]):
            raise_bad(
                f"config.{name}",
                ko='비밀값은 적지 않고 이름으로 가리킵니다: 저장한 비밀값은 { secret = "이름" }, 환경 변수는 { env = "이름" }',
                en='a secret is not written down but named: a stored one as { secret = "name" }, '
                'an environment variable as { env = "NAME" }',
            )


def parse_config(connector: str, config: Mapping[str, Any], mask: Callable[[str], str] = str) -> BaseModel:
    """Return the connector's typed configuration; BadSetup names the field and never shows its value."""
    try:
        return KINDS[connector].config.model_validate(config)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        where = ".".join(["config", *(str(part) for part in problem["loc"])])
        text = explain_problem(problem)
    raise BadSetup(where=where, problem=Text(ko=mask(text.ko), en=mask(text.en)))


def read_config(source: Source) -> tuple[BaseModel, list[str]]:
    """Return the source's configuration, its secrets filled in, and the secrets."""
    config, secrets = resolve_secrets(source.config)
    return parse_config(source.connector, config, Mask(secrets)), secrets


def check_expectations(expectations: Mapping[str, Any], distribution: Distribution) -> None:
    """Refuse expectations that cannot be read, or that mean nothing for the dataset's columns."""
    for name in expectations:
        if name not in EXPECTATION_NAMES:
            allowed = ", ".join(sorted(EXPECTATION_NAMES))
            raise_bad(
                f"expectations.{name}",
                ko=f"쓸 수 없는 이름입니다. 쓸 수 있는 것: {allowed}",
                en=f"unknown; allowed: {allowed}",
            )
    try:
        parsed = EXPECTATIONS.validate_python(dict(expectations))
    except ValidationError as error:
        problem = error.errors()[0]
        place = problem["loc"][:1] if problem["loc"][0] == "within" else problem["loc"]  # the rest names its kinds
        text = WITHIN if problem["loc"][0] == "within" else explain_problem(problem)
        raise BadSetup(where=".".join(["expectations", *map(str, place)]), problem=text) from error
    for where, text in find_contradictions(parsed, from_table_schema(distribution.schema)):
        raise BadSetup(where=f"expectations.{where}", problem=text)


def read_expectations(source: Source) -> Expectations:
    """Return the source's expectations; with updates by key the last of several records with one key stays.

    Updates, and additions of what is new, may bring nothing.
    """
    defaults: dict[str, Any] = {"keep": "last", "min_rows": 0} if source.mode == Source.Mode.UPSERT else {}
    if source.mode == Source.Mode.APPEND and is_part(source):
        defaults = {"min_rows": 0}
    return EXPECTATIONS.validate_python(defaults | source.expectations)


def is_part(source: Source) -> bool:
    """Say whether a run of the source brings what is new alone, not all that there is."""
    return bool(source.config.get("incremental")) or is_pushed(source.connector, source.config)


def raise_bad(where: str, *, ko: str, en: str) -> None:
    raise BadSetup(where=where, problem=Text(ko=ko, en=en))
