"""Registers peers: one function creates or changes one, after everything about it has been checked."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from catalog.access import RULES
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.publish import Outcome
from catalog.standard import is_region
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import Hub
from ingest.schedule import NO_TIMES, cron_fields, is_after_change

SELECTIONS = ("organisations", "themes", "regions", "data_models")
NO_ADDRESS = Text(
    ko="http:// 또는 https://로 시작하는 허브의 주소를 적으십시오. 물음표와 #은 쓸 수 없습니다",
    en="give the hub's address, beginning with http:// or https://, without a query or fragment",
)
NO_REASON = Text(ko="왜 멈추는지 적으십시오", en="say why it is paused")
NO_LIST = Text(ko="문자열의 목록이어야 합니다", en="it has to be a list of strings")
NO_LEVEL = Text(ko="접근 등급은 {levels} 가운데에서 고르십시오", en="access levels are {levels}")
NO_FINGERPRINT = Text(ko="지문은 16진수 64자입니다", en="a fingerprint has 64 hexadecimal digits")
NO_REGION = Text(ko="행정구역 코드가 아닙니다: {code}", en="it is no region code: {code}")


@transaction.atomic
def save_hub(slug: str, values: Mapping[str, Any]) -> Outcome:
    """Create or change a peer; another choice of datasets is read from the beginning, as if the peer were new."""
    check_hub(slug, values)
    hub = Hub.objects.select_for_update().filter(slug=slug).first()
    if hub is None:
        Hub.objects.create(slug=slug, **values)
        return Outcome.CREATED
    changed = [name for name, value in values.items() if getattr(hub, name) != value]
    if not changed:
        return Outcome.UNCHANGED
    start_over_if_needed(hub, changed)
    for name in changed:
        setattr(hub, name, values[name])
    hub.save()
    return Outcome.CHANGED


def pause_hub(hub: Hub, because: str) -> None:
    """Let a peer rest until it is resumed; a reading at work takes no further turn."""
    reason = " ".join(because.split())[:500]
    if not reason:
        raise BadSetup(where="paused_because", problem=NO_REASON)
    Hub.objects.filter(pk=hub.pk).update(paused_at=hub.paused_at or timezone.now(), paused_because=reason, next_at=None)


def resume_hub(hub: Hub) -> None:
    """Let a peer go on; it is read at once, from where it was left."""
    Hub.objects.filter(pk=hub.pk).update(paused_at=None, paused_because="", next_at=None, failures=0)


def start_over_if_needed(hub: Hub, changed: Sequence[str]) -> None:
    """Have everything read again when what is wanted of a peer, or where it is, has changed; what is here stays."""
    if {*SELECTIONS, "takes", "address"} & set(changed):
        hub.cursor = hub.verified_root = ""
    if {"schedule", "address", "reads"} & set(changed):
        hub.next_at, hub.failures = None, 0


def check_hub(slug: str, values: Mapping[str, Any]) -> None:
    """Refuse values that make no sense, each with its place and what would be right: BadSetup."""
    if not is_slug(slug):
        raise BadSetup(where="slug", problem=SLUG_RULE)
    if "address" in values:
        parts = urlsplit(str(values["address"]))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise BadSetup(where="address", problem=NO_ADDRESS)
    for name in (*SELECTIONS, "levels"):
        value = values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise BadSetup(where=name, problem=NO_LIST)
    if not set(values.get("levels", [])) <= set(RULES):
        raise BadSetup(where="levels", problem=NO_LEVEL.format(levels=", ".join(RULES)))
    for code in values.get("regions", []):
        if not is_region(code):
            raise BadSetup(where="regions", problem=NO_REGION.format(code=code))
    told = str(values.get("fingerprint", ""))
    if told and (len(told) != 64 or set(told) - set("0123456789abcdef")):
        raise BadSetup(where="fingerprint", problem=NO_FINGERPRINT)
    if schedule := values.get("schedule"):
        if is_after_change(schedule):
            raise BadSetup(where="schedule", problem=NO_TIMES)
        cron_fields(schedule)
