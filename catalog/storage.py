"""Where records lie and what a question may use, as the settings say."""

from django.conf import settings

from catalog.records import Limits, Store


def record_store() -> Store:
    return Store(settings.STORE_DIR)


def question_limits() -> Limits:
    """Return the caps of one question from the web."""
    return Limits(spool=settings.SPOOL_DIR, memory_mib=settings.QUERY_MEMORY_MIB, seconds=settings.QUERY_SECONDS)
