"""What the hub itself is made of, so that no source can be pointed at it: database, queue, cache, its own pages."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379, "postgresql": 5432}


def own_services() -> Iterator[tuple[str, int]]:
    """Yield host and port of every service of the hub that is reached over the network."""
    for database in settings.DATABASES.values():
        host = database.get("HOST") or ""
        if database.get("PORT") or (host and not host.startswith("/")):
            yield host or "127.0.0.1", int(database.get("PORT") or PORTS["postgresql"])
    caches = [cache.get("LOCATION", "") for cache in settings.CACHES.values()]
    for address in (settings.CELERY_BROKER_URL, settings.BASE_URL, *caches):
        parts = urlsplit(address if isinstance(address, str) else "")
        if parts.hostname and parts.scheme in PORTS:
            yield parts.hostname, parts.port or PORTS[parts.scheme]
