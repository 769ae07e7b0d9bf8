"""What is known of an address: whether it answers, and since when it does not.

One bad day does not break a link: an address counts as broken after three failures in a row. A site that answers but refuses
programs (403, 429), a slow one and one that moved are told apart from one that is gone.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.text import Text

STRIKES = 3
REFUSES_PROGRAMS = frozenset({401, 403, 405, 406, 407, 429, 451, 999})


class LinkState(StrEnum):
    ANSWERS = "answers"
    MOVED = "moved"
    BLOCKED = "blocked"
    TIMED_OUT = "timed-out"
    FAILING = "failing"
    BROKEN = "broken"


LINK_STATES: Mapping[LinkState, Text] = {
    LinkState.ANSWERS: Text(ko="응답함", en="answers"),
    LinkState.MOVED: Text(ko="다른 주소로 옮겨 응답함", en="answers at another address"),
    LinkState.BLOCKED: Text(ko="프로그램의 접근을 막음", en="refuses programs"),
    LinkState.TIMED_OUT: Text(ko="제때 응답하지 않음", en="did not answer in time"),
    LinkState.FAILING: Text(ko="응답하지 않음 (아직 세 번은 아님)", en="fails (not three times yet)"),
    LinkState.BROKEN: Text(ko=f"끊김 (잇달아 {STRIKES}번 응답하지 않음)", en=f"broken ({STRIKES} failures in a row)"),
}


@dataclass(frozen=True)
class Answer:
    """One try: the status (None: no answer at all), where it ended up when it was sent elsewhere, whether time ran out."""

    status: int | None
    moved_to: str = ""
    is_late: bool = False

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Link:
    """What is known of an address. ``answered_at`` is when it last answered well, None when it never did."""

    url: str
    state: LinkState
    status: int | None
    checked_at: dt.datetime
    answered_at: dt.datetime | None = None
    first_failed_at: dt.datetime | None = None
    failures: int = 0
    moved_to: str = ""

    @property
    def counts(self) -> bool:
        """Tell whether it counts as answering: it does, or it did and has not been proven broken."""
        if self.state in (LinkState.ANSWERS, LinkState.MOVED):
            return True
        return self.state is not LinkState.BROKEN and self.answered_at is not None


def judge(url: str, before: Link | None, answer: Answer, now: dt.datetime) -> Link:
    """Return what is known of an address after one more try."""
    answered_at = before.answered_at if before else None
    if answer.is_good:
        state = LinkState.MOVED if answer.moved_to else LinkState.ANSWERS
        return Link(url, state, answer.status, now, answered_at=now, moved_to=answer.moved_to)
    if answer.status in REFUSES_PROGRAMS:
        return Link(url, LinkState.BLOCKED, answer.status, now, answered_at=answered_at)
    failures = (before.failures if before else 0) + 1
    doubtful = LinkState.TIMED_OUT if answer.is_late else LinkState.FAILING
    state = LinkState.BROKEN if failures >= STRIKES else doubtful
    first = before.first_failed_at if before and before.first_failed_at else now
    return Link(url, state, answer.status, now, answered_at, first, failures, answer.moved_to)
