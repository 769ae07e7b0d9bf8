"""Messages that platforms push (MQTT, notifications), kept on disk until a run has published them."""

from pathlib import Path

from django.conf import settings

from ingest.models import Source


def inbox_of(source: Source) -> list[Path]:
    """Return the files of messages that were received for a source and are not published yet, oldest first."""
    return sorted((settings.INBOX_DIR / source.slug).glob("*.ndjson"))
