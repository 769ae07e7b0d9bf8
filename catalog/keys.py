"""Keys to the API: issuing, revoking and finding them, and writing down what they are used for.

A key is shown once, when it is issued; only its SHA-256 is kept, which is enough for a secret of 256 random bits. What a
process has found it believes for ``BELIEVED_SECONDS``, so that a request costs no SQL and a revocation holds in a moment.
Uses are counted in memory and written together, by ``write_uses``.
"""

import datetime as dt
import hashlib
import logging
import re
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import Error, close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from catalog.models import ApiKey, ApiUse

logger = logging.getLogger(__name__)

MARK = "hub_"  # what keys begin with, so that people and scanners of source code know one when they see it
SHOWN = len(MARK) + 6  # letters of a key that may be shown
SHAPE = re.compile(rf"{MARK}[A-Za-z0-9_-]{{43}}")
KOREAN_TIME = dt.timezone(dt.timedelta(hours=9))
BELIEVED_SECONDS = 5.0
BELIEVED_KEYS = 10_000
WRITE_SECONDS = 10.0


@dataclass(frozen=True)
class KnownKey:
    """A valid key and its holder, as the hot path needs them."""

    id: int
    holder: AbstractBaseUser
    per_minute: int | None
    per_day: int | None


def issue_key(
    user: AbstractBaseUser,
    label: str,
    *,
    expires_at: dt.datetime | None = None,
    per_minute: int | None = None,
    per_day: int | None = None,
) -> tuple[ApiKey, str]:
    """Issue a key and return it with its text, which nobody can find out again."""
    text = MARK + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        holder=user,
        label=label,
        prefix=text[:SHOWN],
        digest=digest_of(text),
        expires_at=expires_at,
        per_minute=per_minute,
        per_day=per_day,
    )
    return key, text


def end_of(day: dt.date) -> dt.datetime:
    """Return the moment until which a key is valid whose last day this is, in Korean time."""
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time()))


def revoke_key(key: ApiKey) -> bool:
    """Revoke a key for good; False when it is revoked already."""
    return bool(ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()))


_believed: dict[str, tuple[float, KnownKey | None]] = {}  # by digest: until when, and what was found


def find_key(text: str) -> KnownKey | None:
    """Return the valid key of a text, or None; what is not even shaped like a key is not looked up."""
    if not SHAPE.fullmatch(text):
        return None
    digest, now = digest_of(text), time.monotonic()
    until, known = _believed.get(digest, (0.0, None))
    if now < until:
        return known
    known = look_up(digest)
    if len(_believed) >= BELIEVED_KEYS:
        _believed.clear()
    _believed[digest] = (now + BELIEVED_SECONDS, known)
    return known


def look_up(digest: str) -> KnownKey | None:
    row = ApiKey.objects.valid(timezone.now()).filter(digest=digest).select_related("holder").first()
    return KnownKey(row.pk, row.holder, row.per_minute, row.per_day) if row else None


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def forget_found_keys() -> None:
    """Look up every key anew from now on, in this process."""
    _believed.clear()


Use = tuple[int, dt.date, str]
_counting = threading.Lock()
_uses: Counter[Use] = Counter()


def count_use(key_id: int, *, refused: bool = False) -> None:
    """Count a request of a key; nothing is written."""
    use = (key_id, korean_day(), "refused" if refused else "requests")
    with _counting:
        _uses[use] += 1


def write_uses() -> int:
    """Add what was counted to the database and return how many requests that were; what cannot be written is kept."""
    with _counting:
        counted = dict(_uses)
        _uses.clear()
    try:
        with transaction.atomic():
            for (key_id, day, kind), number in sorted(counted.items()):
                add_use(key_id, day, kind, number)
    except Error:
        with _counting:
            _uses.update(counted)
        raise
    return sum(counted.values())


def add_use(key_id: int, day: dt.date, kind: str, number: int) -> None:
    """Add to a key's day; a key that has been deleted with its holder is passed over."""
    key = ApiKey.objects.filter(pk=key_id)
    if key.exists():
        ApiUse.objects.get_or_create(key_id=key_id, day=day)
        ApiUse.objects.filter(key_id=key_id, day=day).update(**{kind: F(kind) + number})
        key.exclude(last_used_on__gte=day).update(last_used_on=day)


def keep_writing_uses() -> threading.Thread:
    """Write uses every few seconds for as long as this process lives; one that is killed loses those few seconds."""
    thread = threading.Thread(target=write_again_and_again, name="uses", daemon=True)
    thread.start()
    return thread


def write_again_and_again() -> None:
    while True:
        time.sleep(WRITE_SECONDS)
        if not _uses:
            continue
        try:
            write_uses()
        except Error as error:
            logger.warning("The use of keys could not be written, it will be tried again: %s", error)
        finally:
            close_old_connections()


def korean_day() -> dt.date:
    return dt.datetime.now(KOREAN_TIME).date()
