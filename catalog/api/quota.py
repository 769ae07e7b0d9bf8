"""How much a caller may ask: so many requests a minute, and with a key so many a day; whoever asks more waits (429).

A caller without a valid key is its address. The counters are a small file that all web processes of a host map into their
memory (``Counters``), so that a request costs no system of its own and no query. Several hosts count each for itself.
Headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import fcntl
import functools
import hashlib
import ipaddress
import math
import mmap
import os
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from catalog.api.authentication import given_key
from catalog.api.errors import answer_problem
from catalog.caller import seen_address
from catalog.errors import QuotaExceeded
from catalog.keys import KnownKey, count_use, find_key
from catalog.text import Text

LIMITED = (
    "/api/",
    "/catalog",
    "/data.json",
    "/delta-sharing/shares",
    "/feeds/",
)  # the addresses for programs; pages are for people
MINUTE, DAY = 60, 86_400
KOREAN_OFFSET = 9 * 3600  # days are Korean ones
SECOND = 1_000_000_000  # moments are whole nanoseconds: thousands of additions to a float would be off by requests
MOST_REQUESTS = 2**32 - 1


@dataclass(frozen=True)
class Caller:
    """Who is counted, and how much is granted; 0 is without a limit."""

    name: str
    per_minute: int
    per_day: int
    key: KnownKey | None = None


@dataclass(frozen=True)
class Standing:
    """How a caller stands after a request: what is left of each limit, and in how many seconds it is whole again.

    ``retry_after`` is None for a request that may be answered; else ``broken`` names the limit.
    """

    minute_left: int
    minute_whole: float
    day_left: int
    day_whole: float
    retry_after: float | None = None
    broken: str = ""


def limit_callers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Count each request to the API, refuse those beyond the limit, and tell in the headers what is left."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(LIMITED):
            return get_response(request)
        text = given_key(request.META)
        key = find_key(text) if text else None
        return counted(request, key, lambda: get_response(request))

    return answer


def counted(request: HttpRequest, key: KnownKey | None, find: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Answer as ``find`` does within the caller's limits, and with a refusal beyond them."""
    return counted_as(caller_of(request.META, key), request, find)


def counted_as(caller: Caller, request: HttpRequest, find: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Answer as ``find`` does within the limits of a caller that is known already, and with a refusal beyond them."""
    standing = counters().take(caller, time.time())
    is_refused = standing.retry_after is not None
    response = answer_problem(refusal(caller, standing), request) if is_refused else find()
    if caller.key:
        count_use(caller.key.id, refused=is_refused)
    for name, value in headers_of(caller, standing):
        response.headers[name] = value
    return response


def counted_headers(environ: Mapping[str, Any], key: KnownKey | None) -> list[tuple[str, str]] | None:
    """Count a request and return the headers of its answer; None beyond the limits, where nothing is counted yet."""
    caller = caller_of(environ, key)
    standing = counters().take(caller, time.time())
    if standing.retry_after is not None:
        return None
    if caller.key:
        count_use(caller.key.id)
    return list(headers_of(caller, standing))


def caller_of(environ: Mapping[str, Any], key: KnownKey | None) -> Caller:
    """Return the holder of a valid key, else the address: who tries keys is counted too."""
    if key is None:
        return Caller(address_of(environ), settings.ANONYMOUS_PER_MINUTE, 0)
    per_minute = settings.KEY_PER_MINUTE if key.per_minute is None else key.per_minute
    per_day = settings.KEY_PER_DAY if key.per_day is None else key.per_day
    return Caller(f"key {key.id}", per_minute, per_day, key)


def address_of(environ: Mapping[str, Any]) -> str:
    """Return what one client is counted by: its address, and of IPv6 the network that one client has."""
    address = seen_address(environ)
    return network_of(address) if ":" in address else address


def network_of(address: str) -> str:
    try:
        return str(ipaddress.ip_network((address.strip("[]"), 64), strict=False))
    except ValueError:  # an address and port, as some proxies write it
        return address


def refusal(caller: Caller, standing: Standing) -> QuotaExceeded:
    granted = {
        "minute": Text(ko=f"1분에 {caller.per_minute:,}회", en=f"{caller.per_minute:,} a minute are allowed"),
        "day": Text(ko=f"하루에 {caller.per_day:,}회", en=f"{caller.per_day:,} a day are allowed"),
    }
    return QuotaExceeded(
        policy=standing.broken, allowed=granted[standing.broken], retry_after=math.ceil(standing.retry_after)
    )


def headers_of(caller: Caller, standing: Standing) -> Iterator[tuple[str, str]]:
    policies, states = [], []
    if caller.per_minute:
        policies.append(f'"minute";q={caller.per_minute};w={MINUTE}')
        states.append(f'"minute";r={standing.minute_left};t={math.ceil(standing.minute_whole)}')
    if caller.per_day:
        policies.append(f'"day";q={caller.per_day};w={DAY}')
        states.append(f'"day";r={standing.day_left};t={math.ceil(standing.day_whole)}')
    if policies:
        yield "RateLimit-Policy", ", ".join(policies)
        yield "RateLimit", ", ".join(states)


def counters() -> "Counters":
    return counters_in(settings.DATA_DIR)


@functools.lru_cache(maxsize=1)
def counters_in(folder: Path) -> "Counters":
    return Counters(folder / "limits" / "callers")


class Counters:
    """Counters of callers in a file that is mapped into memory: found by a fingerprint, no name or address is stored.

    A bucket of ``per_minute`` requests fills evenly; it is one number, the moment at which it is full again. A set holds
    ``WAYS`` callers; a further one takes the place of the one whose bucket has been full for longest. An update is locked
    against other threads and processes; where another process is stuck in the midst of one, it goes on without after a
    tenth of a second, and may let a request more through.
    """

    RECORD = struct.Struct("<QQII")  # fingerprint, when the bucket is full, day, requests of the day
    WAYS = 8
    SETS = 8192  # 65,536 callers, 1.5 MiB
    TRIES = 200

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = self.RECORD.size * self.WAYS * self.SETS
        if os.fstat(self._file).st_size < size:
            os.ftruncate(self._file, size)
        weakref.finalize(self, os.close, self._file)
        self._memory = mmap.mmap(self._file, size)
        self._threads = threading.Lock()

    def take(self, caller: Caller, now: float) -> Standing:
        """Count a request of a caller; one that is refused takes nothing."""
        fingerprint = int.from_bytes(hashlib.blake2b(caller.name.encode(), digest_size=8).digest(), "little") or 1
        start = fingerprint % self.SETS * self.WAYS * self.RECORD.size
        with self._alone(start):
            place, full_at, day, requests = self._find(start, fingerprint)
            standing, full_at, requests = weigh(caller, now, full_at, requests if day == day_of(now) else 0)
            self.RECORD.pack_into(self._memory, place, fingerprint, full_at, day_of(now), requests)
        return standing

    def _find(self, start: int, fingerprint: int) -> tuple[int, int, int, int]:
        """Return where a caller's counters stand, or whose place it takes."""
        oldest, oldest_at = start, 2**64
        for place in range(start, start + self.WAYS * self.RECORD.size, self.RECORD.size):
            found, full_at, day, requests = self.RECORD.unpack_from(self._memory, place)
            if found == fingerprint:
                return place, full_at, day, requests
            if full_at < oldest_at:
                oldest, oldest_at = place, full_at
        return oldest, 0, 0, 0

    @contextmanager
    def _alone(self, start: int) -> Iterator[None]:
        length = self.WAYS * self.RECORD.size
        with self._threads:
            for _ in range(self.TRIES):
                try:
                    fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
                    break
                except BlockingIOError:
                    time.sleep(0.0005)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, length, start)


def weigh(caller: Caller, now: float, full_at: int, requests: int) -> tuple[Standing, int, int]:
    """Return how a caller stands, when its bucket is full again (in nanoseconds), and its requests of the day."""
    moment = int(now * SECOND)
    each = MINUTE * SECOND // caller.per_minute if caller.per_minute else 0
    before = min(max(full_at, moment), moment + MINUTE * SECOND)  # a clock that was set back may not lock anybody out
    midnight = (day_of(now) + 1) * DAY - KOREAN_OFFSET - now
    day_left = max(caller.per_day - requests, 0)

    def stands(full_at: int, day_left: int, retry_after: float | None = None, broken: str = "") -> Standing:
        minute_left = (moment + MINUTE * SECOND - full_at) // each if each else 0
        return Standing(minute_left, (full_at - moment) / SECOND, day_left, midnight, retry_after, broken)

    wait = before + each - moment - MINUTE * SECOND
    if wait > 0:
        return stands(before, day_left, wait / SECOND, "minute"), before, requests
    if caller.per_day and not day_left:
        return stands(before, 0, midnight, "day"), before, requests
    return stands(before + each, max(day_left - 1, 0)), before + each, min(requests + 1, MOST_REQUESTS)


def day_of(now: float) -> int:
    """Return the number of a moment's day in Korea."""
    return int((now + KOREAN_OFFSET) // DAY)
