"""Registering platforms: one function gives a platform its guarded dataset, the source that publishes it, and what is open of
it; another gives it a key."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from catalog.models import Dataset, Organisation
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.publish import Outcome, describe_dataset, guard_dataset, update_row
from catalog.records import from_table_schema, to_table_schema
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.kinds import PLATFORM
from ingest.models import Platform, Secret, Source
from ingest.platform.columns import PERSONAL, SCHEMA
from ingest.platform.known import SHOWN, digest_of, new_key, read_network
from ingest.platform.open_counts import open_counts
from ingest.sources import save_source

NARROWEST = 8  # bits of a network: whoever is known by the address alone must not be half the world
LONGEST_SLUG = 80  # with the endings of its datasets it stays one
CLOSED_FIELDS: Mapping[str, Any] = {
    "theme": "safety",
    "licence": "kogl-1",
    "access_level": "restricted",
    "personal_data": "contains",
    "access_reason": {
        "ko": "사람과 장소를 알 수 있는 긴급 상황이므로, 허가받은 기관이 목적과 기간을 정해 열람합니다.",
        "en": "Emergencies that tell of persons and places: organisations that were granted it read them, for a purpose "
        "and a period.",
    },
    "access_law": {"ko": "개인정보 보호법", "en": "Personal Information Protection Act"},
}


@transaction.atomic
def save_platform(
    slug: str,
    *,
    title: str,
    organisation: str,
    send_codes: Sequence[str] = (),
    addresses: Sequence[str] = (),
    cipher_secret: str = "",
    cipher_text: str = Platform.CipherText.BASE64,
    personal_days: int = 30,
    event_days: int = 1095,
    counts_by: str = "",
    is_enabled: bool = True,
) -> Outcome:
    """Create or change a platform; a mistake raises BadSetup that names the field and changes nothing.

    A new one gets a guarded dataset of its events, ``{slug}-events``, and a source of the same name that publishes them.
    With ``counts_by`` (hour, day or month) it gets open datasets of counts and response times, too.
    """
    check_platform(slug, title, addresses, cipher_secret, cipher_text, personal_days, event_days)
    owner = Organisation.objects.filter(slug=organisation).first()
    if owner is None:
        raise bad(
            "organisation", ko=f"'{organisation}' 기관이 없습니다", en=f"there is no organisation '{organisation}'"
        )
    values = {
        "title": title,
        "organisation_id": owner.pk,
        "send_codes": list(send_codes),
        "addresses": [address.strip() for address in addresses],
        "cipher_secret": cipher_secret,
        "cipher_text": cipher_text,
        "personal_days": personal_days,
        "event_days": event_days,
        "is_enabled": is_enabled,
    }
    platform = Platform.objects.filter(slug=slug).first()
    outcome = Outcome.CREATED if platform is None else update_row(platform, values)
    if platform is None:
        dataset = make_dataset(slug, title, owner)
        platform = Platform.objects.create(slug=slug, dataset=dataset, **values)
        publish_events(platform)
    if counts_by:
        open_counts(platform, counts_by)
    return outcome


@transaction.atomic
def issue_platform_key(platform: Platform) -> str:
    """Give a platform a new key and return it, which nobody can find out again; the one before opens nothing any more."""
    key = new_key()
    platform.key_digest, platform.key_shown = digest_of(key), key[:SHOWN]
    platform.save(update_fields=["key_digest", "key_shown", "modified_at"])
    return key


def make_dataset(slug: str, title: str, owner: Organisation) -> Dataset:
    name = events_name(slug)
    describe_dataset(
        name,
        {
            **CLOSED_FIELDS,
            "organisation": owner.slug,
            "title": {"ko": f"{title} 긴급 상황", "en": f"Emergency events of {slug}"},
            "description": {
                "ko": f"{title}이 보낸 112·119·재난·사회적 약자 지원 상황입니다. 발생 번호마다 지금의 상태를 담습니다.",
                "en": f"Emergencies that the integrated platform {slug} has told of, each with its present status.",
            },
            **({"region": owner.region} if owner.region else {}),
        },
        SCHEMA,
    )
    guard_dataset(name)
    return Dataset.objects.select_related("distribution").get(slug=name)


def events_name(slug: str) -> str:
    return f"{slug}-events"


def publish_events(platform: Platform) -> None:
    """Let the occurrences of a platform be published in its guarded dataset."""
    save_source(
        platform.dataset.slug,
        platform.dataset.distribution,
        connector=PLATFORM,
        config={"platform": platform.slug},
        schedule="every 5 minutes",
        expectations={"min_rows": 0, "min_share": None, "max_share": None},
        personal_data=dict.fromkeys(PERSONAL, "restrict"),
        raw_days=min(platform.personal_days, 7),
    )


def add_columns(dataset: Dataset, columns: Sequence[Mapping[str, Any]]) -> None:
    """Add columns to a guarded dataset, for items of messages that rules send there; those that are there stay."""
    document = dict(dataset.distribution.schema)
    there = {entry["name"] for entry in document["fields"]}
    document["fields"] = [*document["fields"], *(entry for entry in columns if entry["name"] not in there)]
    update_row(dataset.distribution, {"schema": to_table_schema(from_table_schema(document))})


def check_platform(
    slug: str,
    title: str,
    addresses: Sequence[str],
    cipher_secret: str,
    cipher_text: str,
    personal_days: int,
    event_days: int,
) -> None:
    if not is_slug(slug) or len(slug) > LONGEST_SLUG:
        raise BadSetup(where="slug", problem=SLUG_RULE)
    name = events_name(slug)
    if Dataset.objects.filter(slug=name, platform=None).exists() and not Platform.objects.filter(slug=slug).exists():
        raise bad(
            "slug",
            ko=f"'{name}' 데이터셋이 이미 있습니다. 다른 식별자를 쓰십시오",
            en=f"there is a dataset '{name}' already; choose another identifier",
        )
    if not title.strip():
        raise bad("title", ko="플랫폼의 이름을 적으십시오", en="give the platform's name")
    for address in addresses:
        try:
            is_wide = read_network(address).prefixlen < NARROWEST
        except ValueError:
            raise bad(
                "addresses",
                ko=f"'{address}'은(는) IP 주소나 대역이 아닙니다 (예: 10.1.2.3, 10.1.2.0/24)",
                en=f"'{address}' is no address or network (10.1.2.3, 10.1.2.0/24)",
            ) from None
        if is_wide:
            raise bad(
                "addresses",
                ko=f"'{address}'은(는) 너무 넓습니다. 플랫폼이 보내는 대역만 쓰십시오",
                en=f"'{address}' is too wide; give the network that the platform sends from",
            )
    if cipher_secret and not Secret.objects.filter(name=cipher_secret).exists():
        raise bad(
            "cipher_secret",
            ko=f"'{cipher_secret}' 비밀값이 저장되어 있지 않습니다",
            en=f"no secret '{cipher_secret}' is stored",
        )
    if cipher_text not in Platform.CipherText.values:
        allowed = ", ".join(Platform.CipherText.values)
        raise bad("cipher_text", ko=f"쓸 수 있는 것: {allowed}", en=f"allowed: {allowed}")
    if not 1 <= personal_days <= event_days:
        raise bad(
            "personal_days",
            ko="개인정보 보관 일수는 1일 이상이고, 사건 보관 일수보다 길 수 없습니다",
            en="personal data is kept for at least a day, and not longer than the occurrences",
        )


def events_source(platform: Platform) -> Source | None:
    """Return the source that publishes a platform's events; None when a steward has removed it."""
    return Source.objects.filter(slug=platform.dataset.slug, connector=PLATFORM).first()


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
