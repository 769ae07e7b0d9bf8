"""Pages of the change feed: a bounded stretch of it at a time, so that every page costs the same wherever it is.

A place in the feed is told by a cursor: the epoch, the number of an entry, and the beginning of that entry's digest. Who
comes back with a place that is not (or no longer) one of this feed is told to start over; nobody goes on from it unaware.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Self, TypedDict

from django.db.models import OuterRef, Q, Subquery

from catalog.access import RULES, Viewer
from catalog.api.paging import read_cursor, write_cursor
from catalog.errors import BadCursor, StartOver
from catalog.models import Change, Dataset, FeedHead

WINDOW = 20_000  # entries that one page looks at, at most
FEED = "changes"
LINK_LENGTH = 16  # of a digest, in a cursor
UNKNOWN = -1  # the epoch of a cursor that does not tell it


class Entry(TypedDict):
    """An entry of the feed as it is read, with what its dataset says now of where it comes from."""

    sequence: int
    kind: str
    dataset_id: uuid.UUID
    dataset_slug: str
    organisation_slug: str
    access_level: str
    theme: str
    region: str
    data_model: str
    snapshot_digest: str
    at: dt.datetime
    digest: str
    home: str | None
    is_guarded: bool | None


@dataclass(frozen=True)
class Place:
    """Where a follower stands: behind this entry of this epoch; 0 is the beginning, which is the same in all of them."""

    epoch: int = UNKNOWN
    sequence: int = 0
    link: str = ""

    @classmethod
    def read(cls, cursor: str) -> Self:
        """Read a cursor; those that tell only a number are understood for ever."""
        if not cursor:
            return cls()
        try:
            epoch, sequence, link = read_cursor(cursor, [int, int, str], FEED)
        except BadCursor:
            [sequence] = read_cursor(cursor, [int], FEED)
            epoch, link = UNKNOWN, ""
        if int(sequence) < 0:
            raise BadCursor
        return cls(int(epoch), int(sequence), str(link))

    def write(self) -> str:
        return write_cursor(FEED, [self.epoch, self.sequence, self.link])


@dataclass(frozen=True)
class FeedPage:
    """Entries in their order, the place behind them, and the number of the feed's last entry."""

    entries: list[Entry]
    end: Place
    head: int

    @property
    def has_more(self) -> bool:
        """Tell whether there is something behind this page; such a page never changes any more."""
        return self.end.sequence < self.head


def read_page(place: Place, asked: Q, limit: int) -> FeedPage:
    """Return the page behind a place. It ends behind its last entry, or where the stretch ends that was looked at.

    The head is read before the entries: numbers are gapless and in commit order, so all entries up to it are there.
    """
    link = Change.objects.filter(pk=place.sequence).values("digest")
    head = FeedHead.objects.filter(pk=1).annotate(link=Subquery(link)).first()
    if head is None:
        head = FeedHead(sequence=0, epoch=0)
        head.link = None
    require_known(place, head)
    stop = min(head.sequence, place.sequence + WINDOW)
    dataset = Dataset.objects.filter(pk=OuterRef("dataset_id"))
    found = Change.objects.filter(asked, sequence__gt=place.sequence, sequence__lte=stop).order_by("sequence")
    entries: list[Entry] = list(
        found.values(
            *(name for name in Entry.__annotations__ if name not in ("home", "is_guarded")),
            home=Subquery(dataset.values("home")),
            is_guarded=Subquery(dataset.values("is_guarded")),
        )[:limit]
    )
    end = entries[-1]["sequence"] if len(entries) == limit else stop
    return FeedPage(entries, Place(head.epoch, end, link_at(end, entries, head)), head.sequence)


def require_known(place: Place, head: FeedHead) -> None:
    """Refuse a place that is none of this feed: of another epoch, behind its end, or of another history."""
    if place.sequence == 0:
        return
    is_of_another = place.epoch not in (UNKNOWN, head.epoch)
    is_lost = place.sequence > head.sequence or head.link is None
    if is_of_another or is_lost or not head.link.startswith(place.link):
        raise StartOver


def link_at(sequence: int, entries: list[Entry], head: FeedHead) -> str:
    """Return the beginning of the digest of an entry; it is asked for only where a page ends between two of its own."""
    if sequence == 0:
        return ""
    if entries and entries[-1]["sequence"] == sequence:
        digest = entries[-1]["digest"]
    elif head.sequence == sequence:
        digest = head.digest
    else:
        digest = Change.objects.values_list("digest", flat=True).get(pk=sequence)
    return digest[:LINK_LENGTH]


def seen_by(viewer: Viewer) -> Q:
    """Return the condition of what a viewer may be told: an entry is seen by whom its dataset was seen by at that moment."""
    return Q(access_level__in=[level for level, rule in RULES.items() if rule.sees(viewer)])
