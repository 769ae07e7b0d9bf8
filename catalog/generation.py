"""The state of the whole catalogue as one number: what was looked up in a state is good as long as the number is the same.

Every change of the catalogue moves the head of the change feed, so that is the number. A process looks at it ten times a
second at most: what another process publishes is seen after a tenth of a second, what this one does, at once.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from catalog.models import FeedHead

SECONDS = 0.1
V = TypeVar("V")


class Generation:
    """The number, and when it was looked at."""

    def __init__(self) -> None:
        self.seen_at, self.sequence = 0.0, -1

    def current(self) -> int:
        """Return the number of the last change, as it was a tenth of a second ago or later."""
        if time.monotonic() - self.seen_at >= SECONDS:
            self.sequence = FeedHead.objects.values_list("sequence", flat=True).first() or 0
            self.seen_at = time.monotonic()
        return self.sequence

    def forget(self) -> None:
        """Look at the feed again at the next question; the writer calls this."""
        self.seen_at = 0.0


GENERATION = Generation()


class LookedUp:
    """Values found out lately, by name: at most ``most`` of them, all of one state of the catalogue.

    ``for_ever``: of things that never change, whatever becomes of the catalogue. Large ones are weighed (``weigh``), and
    the oldest go when all together are more than ``most_weight``; the newest always stays.
    """

    def __init__(
        self,
        most: int,
        *,
        for_ever: bool = False,
        weigh: Callable[[Any], int] = lambda value: 0,
        most_weight: int = 0,
    ) -> None:
        self.most, self.for_ever, self.generation = most, for_ever, -1
        self.weigh, self.most_weight = weigh, most_weight
        self.values: OrderedDict[Hashable, Any] = OrderedDict()
        self.lock = threading.Lock()
        ALL.append(self)

    def get(self, name: Hashable, find: Callable[[], V]) -> V:
        """Return what is kept under a name, else what ``find`` finds."""
        generation = 0 if self.for_ever else GENERATION.current()
        with self.lock:
            if generation != self.generation:
                self.values.clear()
                self.generation = generation
            elif name in self.values:
                self.values.move_to_end(name)
                return self.values[name]
        value = find()
        with self.lock:
            if generation == self.generation:
                self.values[name] = value
                while len(self.values) > 1 and self.is_too_much():
                    self.values.popitem(last=False)
        return value

    def is_too_much(self) -> bool:
        return len(self.values) > self.most or sum(map(self.weigh, self.values.values())) > self.most_weight

    def clear(self) -> None:
        with self.lock:
            self.values.clear()


ALL: list[LookedUp] = []


def forget_everything() -> None:
    """Keep nothing: for a process whose database is not that of before."""
    GENERATION.forget()
    for kept in ALL:
        kept.clear()
