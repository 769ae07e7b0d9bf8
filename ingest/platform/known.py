"""Which platforms may send, known without the database: a sender must be let in while it is down.

What the database says is believed for ``BELIEVED_SECONDS`` and written to a file of the data folder. While the database
cannot be asked, what was known last goes on being true, in a process that begins meanwhile by that file. Keys are there
as their SHA-256 only; session keys are signed and carry whose they are, so that nothing needs to be stored for them.
"""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import Error

from ingest.inbox import read_json, write_json
from ingest.models import Platform

MARK = "plat_"  # what the keys of platforms begin with
SHOWN = len(MARK) + 6
BELIEVED_SECONDS = 5.0
SESSION_HOURS = 12
SALT = "session of a platform"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownPlatform:
    """What the door needs of a platform: its identifier, its key's SHA-256 and where it sends from."""

    slug: str
    key_digest: str
    networks: tuple[Network, ...]
    send_codes: tuple[str, ...]

    def sends_from(self, address: str) -> bool:
        return not self.networks or is_among(address, self.networks)


def may_send_from(address: str) -> bool:
    """Return whether a platform sends from an address; one known by neither key nor address never does."""
    return any((one.key_digest or one.networks) and one.sends_from(address) for one in known_platforms())


def find_sender(secrets_told: Iterable[str], send_code: str, address: str) -> KnownPlatform | None:
    """Return the platform that a caller is: by its key or a session key, else by its address alone where it has no key.

    Whatever it shows, it must come from one of the platform's addresses.
    """
    platforms = known_platforms()
    for told in filter(None, secrets_told):
        platform = by_session(told, platforms) or by_key(told, platforms)
        if platform is not None:
            return platform if platform.sends_from(address) else None
    keyless = [one for one in platforms if not one.key_digest and one.networks and one.sends_from(address)]
    fitting = [one for one in keyless if send_code in one.send_codes] or [one for one in keyless if not one.send_codes]
    return fitting[0] if len(fitting) == 1 else None


def open_session(key: str, address: str) -> str | None:
    """Return a session key for whoever shows the key of a platform; None for others."""
    platform = by_key(key, known_platforms())
    if platform is None or not platform.sends_from(address):
        return None
    return signing.dumps([platform.slug, platform.key_digest[:16], secrets.token_hex(4)], salt=SALT)


def by_session(text: str, platforms: Collection[KnownPlatform]) -> KnownPlatform | None:
    if ":" not in text:
        return None
    try:
        slug, digest, _ = signing.loads(text, salt=SALT, max_age=SESSION_HOURS * 3600)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return next((one for one in platforms if one.slug == slug and one.key_digest[:16] == digest), None)


def by_key(text: str, platforms: Collection[KnownPlatform]) -> KnownPlatform | None:
    digest = digest_of(text)
    return next((one for one in platforms if one.key_digest and hmac.compare_digest(one.key_digest, digest)), None)


def new_key() -> str:
    return MARK + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_among(address: str, networks: Iterable[Network]) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    known = getattr(known, "ipv4_mapped", None) or known
    return any(known in network for network in networks)


def read_network(text: str) -> Network:
    """Return an address or network as a network; ValueError when it is none."""
    return ipaddress.ip_network(text.strip(), strict=False)


class Register:
    """What this process knows of the platforms; the lock lets one thread ask the database and no other wait for it."""

    def __init__(self) -> None:
        self.platforms: tuple[KnownPlatform, ...] | None = None
        self.believed_until = 0.0
        self.asking = threading.Lock()

    def look(self) -> tuple[KnownPlatform, ...]:
        if time.monotonic() < self.believed_until or not self.asking.acquire(blocking=self.platforms is None):
            return self.platforms or ()
        try:
            if time.monotonic() >= self.believed_until:
                self.ask()
        finally:
            self.asking.release()
        return self.platforms or ()

    def ask(self) -> None:
        try:
            rows = list(
                Platform.objects.filter(is_enabled=True).values("slug", "key_digest", "addresses", "send_codes")
            )
        except Error as error:
            logger.warning("the platforms cannot be looked up, those known before are let in: %s", error)
            if self.platforms is None:
                if not kept_file().is_file():
                    raise  # nobody can be told from a stranger
                self.platforms = read_platforms(read_json(kept_file()).get("platforms", []))
        else:
            found = read_platforms(rows)
            if found != self.platforms:
                self.platforms = found
                keep_rows(rows)
        self.believed_until = time.monotonic() + BELIEVED_SECONDS

    def forget(self) -> None:
        """Ask the database anew the next time."""
        self.platforms, self.believed_until = None, 0.0


REGISTER = Register()


def known_platforms() -> tuple[KnownPlatform, ...]:
    return REGISTER.look()


def read_platforms(rows: Iterable[dict[str, object]]) -> tuple[KnownPlatform, ...]:
    return tuple(
        KnownPlatform(
            slug=str(row["slug"]),
            key_digest=str(row["key_digest"]),
            networks=tuple(map(read_network, row["addresses"])),
            send_codes=tuple(row["send_codes"]),
        )
        for row in rows
    )


def keep_rows(rows: list[dict[str, Any]]) -> None:
    """Write down what is known, for a process that begins while the database is down; a full disk stops nobody now."""
    try:
        kept_file().parent.mkdir(parents=True, exist_ok=True)
        write_json(kept_file(), {"platforms": rows})
    except OSError as error:
        logger.error("the known platforms cannot be written down: %s", error)


def kept_file() -> Path:
    return settings.INBOX_DIR / "platforms.json"
