"""Who may ask the engine now: light questions at once, heavy ones by cost through few slots that all processes share.

A heavy question holds a *place*: a file under a lock, from its arrival until its answer ends. The first ``slots`` of them
are answered, the others wait, the cheapest first; a full room, or a wait beyond one's patience, is TooBusy. The lock
belongs to the open file, so that a killed process leaves its place at once. Nothing of this outlives the host's processes.

What keeps light questions answered: a process lets only ``share`` of its threads in here, whether they wait or work.
"""

import fcntl
import math
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import TooBusy
from catalog.records.manifest import Manifest

# What a kind of question does to each value that it reads, against reading it. Measured on 3 million rows, one thread:
# reading takes 12 ns a value, a full sort 55, a group by a few values 7 and by many 190, writing CSV about 60.
FACTORS = {"lookup": 0, "scan": 1, "sort": 5, "group": 10, "export": 5}
LIGHT_COST = 50_000_000  # about half a second of one processor
SECONDS_PER_COST = 12e-9
LEARNT_SHARE = 0.2  # how much the last answer says about the next
POLL_SECONDS = 0.01
LONGEST_ADVICE = 120  # seconds: nobody knows more about the future

PLACE = struct.Struct("<dddd")  # arrived, started (0: waits), cost, expected seconds


def estimate_cost(manifest: Manifest, positions: Sequence[int], kind: str, columns: int = 1) -> int:
    """Return how much a question costs: the values that the engine reads of the parts left over, times what it does to them."""
    return sum(manifest.parts[position].rows for position in positions) * max(columns, 1) * FACTORS[kind]


@dataclass(frozen=True)
class Guest:
    """A heavy question in the room."""

    arrived: float
    started: float
    cost: float
    seconds: float

    @property
    def is_running(self) -> bool:
        return self.started > 0

    @property
    def turn(self) -> float:
        """When it is its turn, the least first: as much later than it came as it is expected to take."""
        return self.arrived + self.seconds

    def remaining(self, now: float) -> float:
        """Return the seconds it will still take; one that takes longer than expected may take half as long again."""
        return max(self.seconds - (now - self.started), (now - self.started) / 2) if self.is_running else self.seconds


class Admission:
    """The room of one host, seen from one process; ``folder`` is the same for all and lies on a local disk.

    ``slots``: heavy questions answered at once on this host; ``places``: those that may be here, waiting ones included;
    ``share``: those of this process; ``light``: light questions of this process at once; ``patience`` in seconds.
    """

    def __init__(
        self, folder: Path, *, slots: int, places: int, share: int, light: int = 1_000, patience: float = 5.0
    ) -> None:
        self.folder, self.slots, self.places, self.patience = folder, slots, places, patience
        self._share = threading.BoundedSemaphore(share)
        self._light = threading.BoundedSemaphore(light)
        self._seconds_per_cost = SECONDS_PER_COST

    @contextmanager
    def admit(self, cost: float, *, patience: float | None = None) -> Iterator[None]:
        """Let a question in for as long as the context lasts, or raise TooBusy. A generator may hold it between batches."""
        if cost <= LIGHT_COST:
            with within(self._light, refusal=lambda: TooBusy(retry_after=1)):
                yield
            return
        with within(self._share, refusal=self._refusal), self._place(cost) as place:
            self._wait(place, self.patience if patience is None else patience)
            began = time.time()
            yield
            self._learn(time.time() - began, cost)

    def guests(self) -> list[Guest]:
        """Return the heavy questions of all processes that are here now."""
        with self._gate():
            return list(self._others().values())

    @contextmanager
    def _place(self, cost: float) -> Iterator[int]:
        """Hold a free place, as a locked file."""
        place, now = None, time.time()
        guest = Guest(now, 0.0, cost, cost * self._seconds_per_cost)
        try:
            with self._gate():
                place = next((held for number in range(self.places) if (held := self._take(number)) is not None), None)
                if place is None:
                    raise TooBusy(retry_after=self._advice(list(self._others().values())))
                write(place, guest)
            yield place
        finally:
            if place is not None:
                os.close(place)

    def _wait(self, place: int, patience: float) -> None:
        """Return when it is this place's turn and a slot is free."""
        deadline = time.monotonic() + patience
        while not self._starts(place):
            if time.monotonic() >= deadline:
                raise self._refusal()
            time.sleep(POLL_SECONDS)

    def _starts(self, place: int) -> bool:
        """Start the question of a place if a slot is free and no cheaper one waits."""
        with self._gate():
            guests, own = self._others(), read(place)
            running = sum(guest.is_running for guest in guests.values())
            first = min((guest for guest in guests.values() if not guest.is_running), key=lambda guest: guest.turn)
            if running >= self.slots or own.turn > first.turn:
                return False
            write(place, Guest(own.arrived, time.time(), own.cost, own.seconds))
            return True

    def _others(self) -> dict[int, Guest]:
        """Return who is here, by place; only within the gate, for a place that is looked at is locked for a moment."""
        found = {}
        for number in range(self.places):
            with suppress(FileNotFoundError):
                seen = os.open(self.folder / f"place-{number}", os.O_RDONLY | os.O_CLOEXEC)
                try:
                    if not lock(seen):
                        found[number] = read(seen)
                finally:
                    os.close(seen)
        return found

    def _take(self, number: int) -> int | None:
        held = os.open(self.folder / f"place-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if lock(held):
            return held
        os.close(held)
        return None

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """Be the only one of all processes who looks at places or changes them, for a fraction of a millisecond.

        One that was frozen in the gate must not freeze the others: they give up after the usual patience.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        gate = os.open(self.folder / "gate", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + self.patience
            while not lock(gate):
                if time.monotonic() >= deadline:
                    raise TooBusy(retry_after=math.ceil(self.patience))
                time.sleep(0.0005)
            yield
        finally:
            os.close(gate)

    def _refusal(self) -> TooBusy:
        return TooBusy(retry_after=self._advice(self.guests()))

    def _advice(self, guests: Sequence[Guest]) -> int:
        """Return when it is worth asking again: once those who are here have been answered, ``slots`` at a time."""
        now = time.time()
        return min(max(math.ceil(sum(guest.remaining(now) for guest in guests) / self.slots), 1), LONGEST_ADVICE)

    def _learn(self, seconds: float, cost: float) -> None:
        """Remember how long such questions take here, with their readers' time to take the answer."""
        self._seconds_per_cost += LEARNT_SHARE * (seconds / cost - self._seconds_per_cost)


@contextmanager
def within(room: threading.BoundedSemaphore, refusal: Callable[[], TooBusy]) -> Iterator[None]:
    if not room.acquire(blocking=False):
        raise refusal()
    try:
        yield
    finally:
        room.release()


def lock(descriptor: int) -> bool:
    """Lock an open file against all others, of this process too; closing it, or dying, lets go of it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write(place: int, guest: Guest) -> None:
    os.pwrite(place, PLACE.pack(guest.arrived, guest.started, guest.cost, guest.seconds), 0)


def read(place: int) -> Guest:
    return Guest(*PLACE.unpack(os.pread(place, PLACE.size, 0)))
