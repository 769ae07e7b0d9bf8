"""Records that could not be taken, as rows: noted with their cause and what came, gone once they are taken."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from django.db.models import F

from catalog.exchange.entry import Entry, Finding
from catalog.text import Text
from ingest.harvest.causes import CAUSES, cause_of
from ingest.harvest.identity import Marks, canonical, short_digest
from ingest.models import Feed, Harvested, HarvestFailure
from ingest.wording import storable, storable_document

MOST_RAW = 1024 * 1024  # characters of a record as it came
REFUSED = Text(ko="옮기지 못했습니다: {reason}", en="could not be taken: {reason}")
logger = logging.getLogger(__name__)


class Failures:
    """Collects what failed and what was taken, and writes both with the batch that they belong to."""

    def __init__(
        self, feed: Feed, now: dt.datetime, findings: Callable[[Iterable[Finding]], None], *, is_dry: bool
    ) -> None:
        self.feed, self.now, self.findings, self.is_dry = feed, now, findings, is_dry
        self.had_any = HarvestFailure.objects.filter(feed_id=feed.pk).exists()
        self.waiting: dict[tuple[str, str], HarvestFailure] = {}
        self.mended: set[tuple[str, str]] = set()

    def note(
        self,
        kind: Harvested.Kind,
        key: str,
        identifier: str,
        error: Exception,
        document: bytes,
        entry: Mapping[str, Any],
    ) -> None:
        """Note that a record could not be taken because of an error."""
        code, field, text = cause_of(error)
        if code == "unforeseen":
            logger.error("a record of the feed %s could not be taken: %s", self.feed.slug, identifier, exc_info=error)
        self.note_cause(kind, key, identifier, code, text, document, entry, field=field)

    def note_cause(
        self,
        kind: Harvested.Kind,
        key: str,
        identifier: str,
        code: str,
        text: Text,
        document: bytes,
        entry: Mapping[str, Any],
        *,
        field: str = "",
        candidates: Iterable[int] = (),
    ) -> None:
        where = identifier if kind is Harvested.Kind.DATASET else f"{kind.value} {identifier}"
        self.findings([Finding(where, REFUSED.format(reason=text))])
        self.waiting[kind, key] = HarvestFailure(
            feed=self.feed,
            kind=kind,
            key=key,
            identifier=storable(identifier),
            code=code,
            field=field[:200],
            text_ko=storable(text.in_language("ko")),
            text_en=storable(text.in_language("en")),
            raw=storable(document.decode())[:MOST_RAW],
            entry=storable_document(orjson.loads(canonical(entry))),
            candidates=list(candidates),
            first_at=self.now,
            last_at=self.now,
        )

    def taken(self, kind: Harvested.Kind, key: str) -> None:
        """Remember that a record was taken, so that it is a failure no more."""
        if self.had_any:
            self.mended.add((kind, key))

    def write(self) -> None:
        """Write what was collected since the last time; part of the batch's transaction."""
        if self.is_dry:
            self.waiting, self.mended = {}, set()
            return
        rows = HarvestFailure.objects.filter(feed_id=self.feed.pk)
        if self.mended:
            for kind in {kind for kind, _ in self.mended}:
                rows.filter(kind=kind, key__in=[key for each, key in self.mended if each == kind]).delete()
        if self.waiting:
            self.had_any = True
            for kind in {kind for kind, _ in self.waiting}:
                keys = [key for each, key in self.waiting if each == kind]
                rows.filter(kind=kind, key__in=keys).update(count=F("count") + 1)
            HarvestFailure.objects.bulk_create(
                self.waiting.values(),
                update_conflicts=True,
                unique_fields=["feed", "kind", "key"],
                update_fields=[
                    "identifier",
                    "code",
                    "field",
                    "text_ko",
                    "text_en",
                    "raw",
                    "entry",
                    "candidates",
                    "last_at",
                ],
            )
        self.waiting, self.mended = {}, set()

    def forget_untold(self) -> None:
        """Let go of failures that a whole reading did not tell again: the other side has mended or removed them."""
        if not self.is_dry and self.had_any:
            HarvestFailure.objects.filter(feed_id=self.feed.pk, last_at__lt=self.now).delete()


def entry_document(entry: Entry, marks: Marks) -> dict[str, Any]:
    """Return what a dataset is tried again from."""
    return {
        "slug": entry.slug,
        "uri": entry.uri,
        "identifier": entry.identifier,
        "description": dict(entry.description),
        "document": None if entry.document is None else orjson.loads(marks.document),
    }


def entry_of(document: Mapping[str, Any]) -> Entry:
    """Return the dataset that ``entry_document`` was made of."""
    return Entry(
        slug=document["slug"],
        uri=document["uri"],
        description=document["description"],
        identifier=document["identifier"],
        document=document["document"],
    )


def unread_key(document: bytes) -> str:
    return short_digest(document)


__all__ = ["CAUSES", "Failures", "entry_document", "entry_of", "unread_key"]
