"""What a source may ask of others: the calls a day of its provider, and how fast a host is asked."""

from collections.abc import Callable

from ingest.models import Source


def permit_of(source: Source, alive: Callable[[], None]) -> Callable[[str], None]:
    """Return what a session calls with the host before each request."""

    def permit(host: str) -> None:
        alive()

    return permit
