"""Which sources somebody has to listen to: asked every minute by the process tree, which loads no connector for it."""

from ingest.models import Source

LISTENED = ("mqtt",)  # the connectors that have ``listen``


def listened_sources() -> list[Source]:
    """Return the sources that somebody has to listen to."""
    return list(Source.objects.filter(is_enabled=True, connector__in=LISTENED))
