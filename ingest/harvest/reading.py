"""One reading of a feed: each page is taken, then what a new identifier hides is known again, then what is gone is judged."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from django.db import transaction

from catalog.errors import HubError
from catalog.exchange.entry import Catalogue, Entry, Finding
from catalog.models.slug import is_slug
from catalog.search import indexed_together
from catalog.text import Text
from ingest.errors import BadSetup, IngestError, LostLease, Unmodified
from ingest.harvest.failures import Failures, entry_document, unread_key
from ingest.harvest.gone import Gone, judge_gone
from ingest.harvest.identity import Marks, marks_of
from ingest.harvest.lease import FeedClaim, claim_feed, heartbeat, hold
from ingest.harvest.matching import AMBIGUOUS, NOT_WHOLE, Deferred, open_deferred
from ingest.harvest.others import Others
from ingest.harvest.outcome import end_reading
from ingest.harvest.result import Harvest
from ingest.harvest.rows import Known, Rows
from ingest.harvest.selection import is_selected
from ingest.harvest.taking import Taker
from ingest.models import Feed, Harvested

T = TypeVar("T")

BATCH = 100  # datasets in one transaction
UNREADABLE = Text(ko="레코드를 읽을 수 없습니다: {reason}", en="the record cannot be read: {reason}")
DUPLICATE = Text(
    ko="식별자 '{identifier}'이(가) 두 번 나옵니다. 첫째만 옮겼습니다",
    en="the identifier '{identifier}' comes twice; only the first was taken",
)
NO_FEED_NAME = Text(
    ko="피드의 이름은 영문 소문자와 숫자를 '-'로 이은 것이어야 합니다",
    en="the name of a feed is made of lower-case letters and digits, joined by '-'",
)


def harvest(feed: str, pages: Iterable[Catalogue], *, accept_deletions: bool = False, dry_run: bool = False) -> Harvest:
    """Bring the pages of a catalogue into the hub under the name of a feed; with ``dry_run`` tell what would be done.

    A page that cannot be read raises; what the pages before it said is kept, and nothing is withdrawn.
    """
    if not is_slug(feed):
        raise BadSetup(where=feed, problem=NO_FEED_NAME)
    row = Feed.objects.filter(slug=feed).first()
    if dry_run:  # it leaves no trace, not even of having been asked
        return read_pages_of(row or Feed(slug=feed), pages, None, accept_deletions=accept_deletions)
    row = row or Feed.objects.get_or_create(slug=feed)[0]
    return read_claimed(row, claim_feed(row), pages, accept_deletions=accept_deletions)


def read_claimed(
    feed: Feed,
    claim: FeedClaim,
    pages: Iterable[Catalogue],
    *,
    accept_deletions: bool = False,
    is_part: bool = False,
    all_new: bool = False,
    is_dry: bool = False,
) -> Harvest:
    """Read a feed that was claimed, and end the reading with what it did or with the error that broke it off.

    ``is_part``: the pages are some records, tried again; nothing is said of others. ``all_new``: they are known to be no
    others' datasets.
    """
    result = Harvest(feed.slug)
    try:
        with heartbeat(claim):
            read_pages_of(
                feed,
                pages,
                None if is_dry else claim,
                accept_deletions=accept_deletions,
                is_part=is_part,
                all_new=all_new,
                result=result,
            )
    except (LostLease, Unmodified):
        raise
    except (HubError, IngestError) as error:
        end_reading(claim, result, error)
        raise
    end_reading(claim, result)
    return result


def read_pages_of(
    feed: Feed,
    pages: Iterable[Catalogue],
    claim: FeedClaim | None,
    *,
    accept_deletions: bool = False,
    is_part: bool = False,
    all_new: bool = False,
    result: Harvest | None = None,
) -> Harvest:
    """Take every page, then what was put off, then judge what no page has told; without a claim nothing is written."""
    with open_deferred() as deferred:
        reading = Reading(feed, result or Harvest(feed.slug), claim, deferred, all_new=all_new)
        for page in pages:
            reading.take_page(page)
        reading.take_deferred()
    if is_part:
        return reading.result
    judge_gone(reading.gone(), reading.result, claim, reading.now, accept_deletions=accept_deletions)
    if claim and reading.is_whole:
        with transaction.atomic():
            hold(claim)
            reading.failures.forget_untold()
    return reading.result


class Reading:
    """One reading of a feed: what has been seen so far, and what is put off until all has been seen."""

    def __init__(
        self, feed: Feed, result: Harvest, claim: FeedClaim | None, deferred: Deferred, *, all_new: bool
    ) -> None:
        self.feed, self.result, self.claim, self.deferred = feed, result, claim, deferred
        self.rows = Rows(feed.slug)
        self.looks_alike = self.rows.had_any and not all_new
        self.now: dt.datetime = self.rows.now
        self.failures = Failures(feed, self.now, result.add_findings, is_dry=claim is None)
        self.others = Others(feed.slug, self.failures, is_dry=claim is None)
        self.taker = Taker(feed, result, self.rows, self.others, self.failures, is_dry=claim is None)
        self.seen: set[int] = set()  # rows that were told
        self.new_keys: set[str] = set()  # told for the first time, and of failures, which have no row
        self.protected: set[int] = set()  # rows that may be what could not be matched
        self.pages = 0

    @property
    def is_whole(self) -> bool:
        """Say whether as many datasets came as were announced; of several pages those that came twice are no more."""
        told = self.result.total - (self.result.duplicates if self.pages > 1 else 0)
        return self.result.announced is None or told >= self.result.announced

    def gone(self) -> Gone:
        return Gone(self.rows, self.seen | self.protected, is_whole=self.is_whole)

    def take_page(self, page: Catalogue) -> None:
        self.pages += 1
        self.result.add_findings(page.findings)
        if page.total is not None:
            self.result.announced = page.total
        with self.batch():
            for kind, descriptions in (
                (Harvested.Kind.ORGANISATION, page.organisations),
                (Harvested.Kind.SERIES, page.series),
            ):
                for slug, description in descriptions.items():
                    self.others.take(kind, slug, description)
            for unread in page.unread:
                self.note_unread(unread.where, unread.reason, unread.document)
        chosen = self.chosen_of_duplicates(page)
        for entries in batched(page.datasets, BATCH):
            with self.batch():
                told = [(entry, marks_of(entry, self.feed.slug)) for entry in entries]
                self.take_batch([pair for pair in told if self.is_first(*pair, chosen)], page)
        with self.batch():
            for slug, description in page.services.items():
                self.others.take(Harvested.Kind.SERVICE, slug, description)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make one transaction: it asks for the fence first, and at its end writes what was collected."""
        with transaction.atomic(), indexed_together():
            if self.claim:
                hold(self.claim)
            yield
            self.seen |= self.taker.write()
            self.failures.write()

    def note_unread(self, where: str, reason: str, document: bytes) -> None:
        """Note a record that nobody could read; nothing is known of it but that it came."""
        self.result.total += 1
        self.result.refused += 1
        key, text = unread_key(document), UNREADABLE.format(reason=reason)
        self.failures.note_cause(Harvested.Kind.DATASET, key, where, "unreadable-record", text, document, {})

    def chosen_of_duplicates(self, page: Catalogue) -> dict[str, str]:
        """Return, of identifiers that come twice on a page, the digest of the telling that is taken: the one that is here
        already, else the first. So the order of datasets changes nothing."""
        if not isinstance(page.datasets, (list, tuple)):
            return {}
        names = Counter(entry.identifier or entry.uri for entry in page.datasets)
        twice = [entry for entry in page.datasets if names[entry.identifier or entry.uri] > 1]
        marks = [marks_of(entry, self.feed.slug) for entry in twice]
        counted = Counter(mark.key for mark in marks)
        here = self.rows.known([mark.key for mark in marks if counted[mark.key] > 1])
        chosen: dict[str, str] = {}
        for mark in marks:
            if counted[mark.key] > 1 and (mark.key not in chosen or here.get(mark.key, NOBODY).digest == mark.digest):
                chosen[mark.key] = mark.digest
        return chosen

    def is_first(self, entry: Entry, marks: Marks, chosen: dict[str, str]) -> bool:
        """Say whether a telling is the one to take of its identifier; the others are counted and told."""
        self.result.total += 1
        if marks.key not in self.new_keys and chosen.get(marks.key, marks.digest) == marks.digest:
            if marks.key in chosen:
                self.new_keys.add(marks.key)
            return True
        self.note_duplicate(entry, marks)
        return False

    def note_duplicate(self, entry: Entry, marks: Marks) -> None:
        self.result.duplicates += 1
        self.result.add_findings([Finding(entry.slug, DUPLICATE.format(identifier=marks.identifier))])

    def take_batch(self, told: list[tuple[Entry, Marks]], page: Catalogue) -> None:
        """Take some datasets: what is known by its key at once; what looks like another one that was not seen, at the end."""
        known = self.rows.known([marks.key for _, marks in told])
        unknown = [marks for _, marks in told if marks.key not in known]
        alike = self.rows.alike(unknown) if unknown and self.looks_alike else {}
        self.taker.prepare([entry.slug for entry, marks in told if marks.key not in known])
        fresh: set[str] = set()
        for entry, marks in told:
            row = known.get(marks.key)
            if marks.key in fresh or (row and row.pk in self.seen):
                self.note_duplicate(entry, marks)
                continue
            fresh.add(marks.key)
            if not is_selected(entry, self.feed.selection):
                self.result.left_out += 1
                continue
            if row is None and any(found.pk not in self.seen for found in alike.get(marks.key, ())):
                self.deferred.add(entry, marks, self.others.feed_organisation(page))
                continue
            self.take(entry, marks, row, page)

    def take(self, entry: Entry, marks: Marks, row: Known | None, page: Catalogue) -> None:
        if row is not None:
            self.seen.add(row.pk)
        self.taker.take(entry, marks, row, lambda: self.others.feed_organisation(page))

    def take_deferred(self) -> None:
        """Take what was put off: what is one that nobody told any more is that one, under its new identifier."""
        for round_ in (True, False):  # first what is the same to the letter, then what is alike
            for batch in batched(self.deferred.read(is_exact=round_), BATCH):
                with self.batch():
                    alike = self.rows.alike([marks for _, marks, _ in batch])
                    self.taker.prepare([entry.slug for entry, _, _ in batch])
                    for entry, marks, organisation in batch:
                        found = [row for row in alike.get(marks.key, ()) if row.pk not in self.seen]
                        self.take_one_deferred(entry, marks, organisation, found, is_exact=round_)

    def take_one_deferred(
        self, entry: Entry, marks: Marks, organisation: str, found: list[Known], *, is_exact: bool
    ) -> None:
        if is_exact:
            same = min((row for row in found if row.digest == marks.digest), key=Known.order, default=None)
            if same is None:
                self.deferred.put_off(entry, marks, organisation)
                return
            match: Known | None = same
        else:
            candidates = self.deferred.candidates(marks, found)
            if found and not self.is_whole:
                self.leave_to_person(entry, marks, "waits-for-whole", NOT_WHOLE, found)
                return
            if candidates is None or len(candidates) > 1:
                self.leave_to_person(entry, marks, "ambiguous-match", AMBIGUOUS, candidates or found)
                return
            match = candidates[0] if candidates else None
        if match is not None:
            self.seen.add(match.pk)
            self.result.matched += 1
        self.taker.take(entry, marks, match, lambda: organisation)

    def leave_to_person(self, entry: Entry, marks: Marks, code: str, text: Text, found: list[Known]) -> None:
        self.result.refused += 1
        self.protected |= {row.pk for row in found}
        told = text.format(candidates=", ".join(row.slug for row in found[:10]))
        self.failures.note_cause(
            Harvested.Kind.DATASET,
            marks.key,
            marks.identifier,
            code,
            told,
            marks.document,
            entry_document(entry, marks),
            candidates=[row.pk for row in found[:50]],
        )


NOBODY = Known(0, "", "", "", is_gone=False, is_missing=False, marks=("", "", ""))


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield things in lists of ``size``; can go when Python 3.12 is the floor, whose ``itertools`` has it."""
    waiting = iter(things)
    while batch := list(islice(waiting, size)):
        yield batch
