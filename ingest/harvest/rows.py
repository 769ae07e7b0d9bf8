"""What a feed has told before, asked from the database a batch at a time: memory does not grow with the feed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from ingest.harvest.identity import Marks
from ingest.models import Harvested

COLUMNS = ("pk", "key", "slug", "digest", "gone_at", "missing_since", "is_kept", "name_key", "links_key", "content_key")
MOST_ALIKE = 1000  # rows that are looked at for one batch


@dataclass(frozen=True)
class Known:
    """What the hub remembers of a dataset of the feed, without its document; ``marks`` are of name, links and content."""

    pk: int
    key: str
    slug: str
    digest: str
    is_gone: bool
    is_missing: bool  # or kept although it is gone
    marks: tuple[str, str, str]

    def order(self) -> tuple[bool, int]:
        """Sort those that are here before those that are gone."""
        return (self.is_gone, self.pk)


class Rows:
    """The rows of the datasets of one feed."""

    def __init__(self, feed: str) -> None:
        self.feed, self.now = feed, timezone.now()
        self.had_any = self.all().exists()

    def all(self) -> QuerySet[Harvested]:
        return Harvested.objects.filter(feed=self.feed, kind=Harvested.Kind.DATASET).order_by()

    def known(self, keys: Iterable[str]) -> Mapping[str, Known]:
        """Return what is known by its identifier, by key."""
        wanted = list(keys)
        if not wanted:
            return {}
        return {row.key: row for row in told(self.all().filter(key__in=wanted))}

    def alike(self, marks: Sequence[Marks]) -> Mapping[str, list[Known]]:
        """Return the rows that share a mark with one of these, or the whole document, by the key of that one."""
        wanted = {
            "name_key": {mark.name_key for mark in marks},
            "content_key": {mark.content_key for mark in marks},
            "links_key": {mark.links_key for mark in marks},
            "digest": {mark.digest for mark in marks},
        }
        rows: dict[int, Known] = {}
        for column, values in wanted.items():  # one by one: with OR, databases look through all that the feed has told
            if sought := values - {""}:
                rows |= {row.pk: row for row in told(self.all().filter(**{f"{column}__in": sought}))}
        by_mark: dict[str, list[Known]] = {}
        for row in rows.values():
            for value in {row.digest, *row.marks} - {""}:
                by_mark.setdefault(value, []).append(row)
        found: dict[str, list[Known]] = {}
        for mark in marks:
            values = (mark.digest, mark.name_key, mark.links_key, mark.content_key)
            alike = {row.pk: row for value in values for row in by_mark.get(value, ())}
            if alike:
                found[mark.key] = sorted(alike.values(), key=Known.order)
        return found


def told(rows: QuerySet[Harvested]) -> Iterator[Known]:
    for pk, key, slug, digest, gone_at, missing_since, is_kept, *marks in rows.values_list(*COLUMNS):
        yield Known(
            pk,
            key,
            slug,
            digest,
            is_gone=gone_at is not None,
            is_missing=missing_since is not None or is_kept,
            marks=(marks[0], marks[1], marks[2]),
        )
