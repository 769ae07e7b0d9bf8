"""Waiting for a change (long-poll): a few callers of each process wait for the feed to move, the others are answered at once.

A caller who waits holds one thread of the web server. Heavy questions may take half of them, so a quarter may wait, and one is
always left for everybody else.
"""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from django.conf import settings

from catalog.api.feed_pages import FeedPage, Place
from catalog.generation import GENERATION

LONGEST = 30  # seconds
TICK = 0.2  # seconds between two looks at the head of the feed, which all who wait in a process share
PLACES = BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def wait_for_change(page: FeedPage, look: Callable[[Place], FeedPage], seconds: float) -> FeedPage | None:
    """Return the first page with something on it, or the empty one when the time is up; None where no place is left to wait."""
    if not PLACES.acquire(blocking=False):
        return None
    try:
        deadline = time.monotonic() + seconds
        while not page.entries and not page.has_more and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(TICK, left))
            if GENERATION.current() != page.head:
                page = look(page.end)
        return page
    finally:
        PLACES.release()
