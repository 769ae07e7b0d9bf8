"""Everything an answer depends on besides the request: the seed, the clock, the keys, the day's budget, the faults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

from ingest.sandbox.city import DEFAULT_SEED, KST
from ingest.sandbox.faults import Fault, Refusal, Switchboard
from ingest.sandbox.platform import PlatformDesk

DEFAULT_KEY = "sandbox-key"
EXPIRED_KEY = "expired-key"


def system_clock() -> datetime:
    return datetime.now(KST)


class Budget:
    """Counts calls per service, key and Korean day; at midnight in Korea everybody starts anew."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._lock = Lock()
        self._day: date | None = None
        self._calls: dict[tuple[str, str], int] = {}

    def spend(self, service: str, key: str, now: datetime) -> bool:
        """Count one call and say whether it was still within the day's limit."""
        if self.limit is None:
            return True
        with self._lock:
            today = now.astimezone(KST).date()
            if today != self._day:
                self._day, self._calls = today, {}
            self._calls[service, key] = self._calls.get((service, key), 0) + 1
            return self._calls[service, key] <= self.limit


@dataclass(frozen=True)
class World:
    seed: int = DEFAULT_SEED
    clock: Callable[[], datetime] = system_clock
    key: str = DEFAULT_KEY
    budget: Budget = field(default_factory=Budget)
    faults: Switchboard = field(default_factory=Switchboard)
    platform: PlatformDesk = field(default_factory=PlatformDesk)

    def refuse(
        self, service: str, key: str, fault: Fault, now: datetime, *, other_keys: tuple[str, ...] = ()
    ) -> Refusal | None:
        """Say why a call with ``key`` is refused, if it is; only a call with a good key costs a piece of the budget."""
        if fault.refusal:
            return fault.refusal
        if key == EXPIRED_KEY:
            return Refusal.EXPIRED_KEY
        if key not in (self.key, *other_keys):
            return Refusal.UNKNOWN_KEY
        return None if self.budget.spend(service, key, now) else Refusal.DAILY_LIMIT
