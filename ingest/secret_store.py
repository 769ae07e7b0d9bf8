"""Secrets of sources at rest: encrypted with the hub's keys, shown to nobody, read by runs alone.

``HUB_ENCRYPTION_KEYS`` lists the keys: the first encrypts, all decrypt. A value that cannot be decrypted is an error that
says so; what stands in the database is never given out as if it were the value.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from catalog.models.slug import SLUG_RULE, is_slug
from catalog.publish import Outcome
from catalog.text import Text
from ingest.errors import BadSetup, SecretInUse, SecretUnknown, SecretUnreadable
from ingest.models import AlertChannel, Platform, Secret, Source

EMPTY = Text(ko="비밀값이 비어 있습니다", en="the secret is empty")


@transaction.atomic
def save_secret(name: str, value: str, note: str | None = None) -> Outcome:
    """Store a secret, or put another value in its place; without a note the one that is there stays."""
    if not is_slug(name):
        raise BadSetup(where="name", problem=SLUG_RULE)
    if not value:
        raise BadSetup(where="value", problem=EMPTY)
    columns = {"ciphertext": all_keys().encrypt(value.encode()).decode()} | ({} if note is None else {"note": note})
    _, is_new = Secret.objects.update_or_create(name=name, defaults=columns)
    return Outcome.CREATED if is_new else Outcome.CHANGED


def read_secret(name: str) -> str:
    """Return the value of a stored secret; SecretUnknown when there is none, SecretUnreadable when its key is gone."""
    ciphertext = Secret.objects.filter(name=name).values_list("ciphertext", flat=True).first()
    if ciphertext is None:
        raise SecretUnknown(name=name)
    try:
        return all_keys().decrypt(ciphertext.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(name=name) from None


def seal(value: str) -> str:
    """Encrypt what is no named secret but must not stand in the database as it is, such as a session key."""
    return all_keys().encrypt(value.encode()).decode()


def unseal(ciphertext: str) -> str:
    """Return what was sealed; "" when there is nothing, or the key that it was sealed with is gone."""
    try:
        return all_keys().decrypt(ciphertext.encode()).decode()
    except InvalidToken:
        return ""


def is_readable(secret: Secret) -> bool:
    """Tell whether a run could read the secret."""
    return opens(all_keys(), secret.ciphertext)


@transaction.atomic
def delete_secret(name: str) -> None:
    """Delete a stored secret, unless something uses it."""
    secret = Secret.objects.select_for_update().filter(name=name).first()
    if secret is None:
        raise SecretUnknown(name=name)
    if users := users_of(name):
        raise SecretInUse(name=name, users=Text(ko=joined(users, "ko"), en=joined(users, "en")))
    secret.delete()


def users_of(name: str) -> list[Text]:
    """Return who reads a secret: sources, alert channels by what they are signed with, platforms and what they are sent by."""
    sources = [slug for slug, config in Source.objects.values_list("slug", "config") if name in names_in(config)]
    channels = AlertChannel.objects.filter(secret=name).values_list("pk", flat=True)
    platforms = Platform.objects.filter(Q(cipher_secret=name) | Q(receiver__api_key=name)).order_by("slug")
    return [
        *(Text(ko=f"소스 {slug}", en=f"the source {slug}") for slug in sorted(sources)),
        *(Text(ko=f"알림 채널 {pk}", en=f"the alert channel {pk}") for pk in channels),
        *(Text(ko=f"플랫폼 {one.slug}", en=f"the platform {one.slug}") for one in platforms),
    ]


def names_in(config: Any) -> Iterator[str]:  # noqa: ANN401 (any value of JSON)
    """Yield the names of the stored secrets that a configuration asks for."""
    if isinstance(config, Mapping):
        if set(config) == {"secret"} and isinstance(config["secret"], str):
            yield config["secret"]
        for part in config.values():
            yield from names_in(part)
    elif isinstance(config, list):
        for part in config:
            yield from names_in(part)


@transaction.atomic
def rotate_secrets() -> tuple[int, list[str]]:
    """Encrypt with the first key whatever another one encrypted; return how many, and the names that no key opens."""
    first, rotated, unreadable = Fernet(settings.ENCRYPTION_KEYS[0]), 0, []
    for secret in Secret.objects.select_for_update().order_by("name"):
        if opens(first, secret.ciphertext):
            continue
        try:
            secret.ciphertext = all_keys().rotate(secret.ciphertext.encode()).decode()
        except InvalidToken:
            unreadable.append(secret.name)
        else:
            secret.save(update_fields=["ciphertext"])
            rotated += 1
    return rotated, unreadable


def opens(keys: Fernet | MultiFernet, ciphertext: str) -> bool:
    try:
        keys.decrypt(ciphertext.encode())
    except InvalidToken:
        return False
    return True


def all_keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def joined(texts: Iterable[Text], language: str) -> str:
    return ", ".join(text.in_language(language) for text in texts)
