"""Trying the addresses that datasets name elsewhere: politely, a few hundred a round, never one host twice in a second.

An address is asked by HEAD and, where that is not answered well, for its first byte by GET: many servers know no HEAD. What a
try means (three strikes, servers that refuse programs) is ``catalog/standard/links.py``; what is known is kept by
``catalog/quality.py``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from catalog.quality import due_links, record_answer
from catalog.standard.links import Answer
from ingest.errors import IngestError, TimedOut
from ingest.http import Limits, Session

ROUND = 200  # addresses tried in one round
LONGEST_ROUND = 240.0  # seconds
PAUSE = 1.0  # seconds between two questions to one host
LIMITS = Limits(connect=5, read=15, total=20, redirects=5, attempts=1)
FINAL_FOR_HEAD = frozenset({429})  # who is asked too often is not asked again at once


def check_due_links(base: str, session: Session | None = None) -> int:
    """Try the addresses that are due and keep what was found; return how many were tried."""
    urls = due_links(base, timezone.now())[:ROUND]
    if session is not None:
        return check_links(urls, session)
    with Session(limits=LIMITS, spool=settings.SPOOL_DIR) as own:
        return check_links(urls, own)


def check_links(
    urls: Iterable[str],
    session: Session,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Try addresses, hosts in turn, until all are tried or the round has lasted long enough."""
    began, asked, tried = clock(), dict[str, float](), 0
    for url in hosts_in_turn(urls):
        if clock() - began > LONGEST_ROUND:
            break
        host = urlsplit(url).netloc.lower()
        if host in asked:
            sleep(max(0.0, asked[host] + PAUSE - clock()))
        record_answer(url, try_address(session, url), timezone.now())
        asked[host] = clock()
        tried += 1
    return tried


def hosts_in_turn(urls: Iterable[str]) -> Iterator[str]:
    """Yield addresses so that one host's come as far apart as they can."""
    by_host: dict[str, list[str]] = {}
    for url in urls:
        by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)
    for turn in zip_longest(*by_host.values()):
        yield from (url for url in turn if url is not None)


def try_address(session: Session, url: str) -> Answer:
    """Ask an address by HEAD and, where that goes wrong, by GET; the better answer counts."""
    answer = ask(session, url, "HEAD")
    if answer.is_good or answer.status in FINAL_FOR_HEAD or answer.is_late:
        return answer
    return ask(session, url, "GET")


def ask(session: Session, url: str, method: str) -> Answer:
    try:
        status, where = session.probe(url, method=method)
    except TimedOut:
        return Answer(None, is_late=True)
    except IngestError:  # no such host, a closed port, a forbidden address, a broken answer
        return Answer(None)
    return Answer(status, moved_to=where if where.rstrip("/") != url.partition("#")[0].rstrip("/") else "")
