"""Where a request comes from, as every door counts and records it."""

import functools
import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)


def seen_address(environ: Mapping[str, Any]) -> str:
    """Return the client's address: what the outermost trusted proxy saw."""
    address, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
    if forwarded and settings.TRUSTED_PROXIES:
        seen = [part.strip() for part in forwarded.split(",")]
        return seen[-min(settings.TRUSTED_PROXIES, len(seen))]
    if forwarded:
        warn_of_proxy(address)
    return address


@functools.lru_cache(maxsize=1)
def warn_of_proxy(address: str) -> None:
    """Say, once in a row, that callers behind a proxy are taken for one."""
    logger.warning("%s sends X-Forwarded-For: if it is your proxy, set HUB_TRUSTED_PROXIES", address)
