"""Takes one dataset of a feed into the catalogue: named, salvaged, with a steward's own values kept, and remembered."""

from collections.abc import Callable, Iterable

from django.db import DataError, IntegrityError, transaction

from catalog.admission import admitted_columns
from catalog.errors import HubError
from catalog.exchange.entry import Entry
from catalog.models import Dataset
from catalog.models.slug import is_slug
from catalog.publish import describe_dataset, restore_dataset
from catalog.standard import Class
from ingest.errors import LostLease
from ingest.harvest.duplicates import find_pairs, superseded
from ingest.harvest.failures import Failures, entry_document
from ingest.harvest.identity import Marks
from ingest.harvest.local_values import keep_local, written_values
from ingest.harvest.others import Others, own_name
from ingest.harvest.result import Harvest
from ingest.harvest.rows import Known, Rows
from ingest.harvest.salvaging import salvaged
from ingest.models import Feed, Harvested
from ingest.wording import storable, storable_document

# What a foreign record can make go wrong beside what the hub refuses; it costs that record, no other one.
UNFORESEEN = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    DataError,
    IntegrityError,
)
TOLD = [
    "key",
    "identifier",
    "slug",
    "dataset",
    "digest",
    "document",
    "name_key",
    "links_key",
    "content_key",
    "written",
    "kept_values",
    "taken_at",
    "missing_since",
    "is_kept",
    "gone_at",
]


class Taker:
    """Takes datasets, and writes their rows at the end of each batch. When dry it only tells what would be done."""

    def __init__(
        self, feed: Feed, result: Harvest, rows: Rows, others: Others, failures: Failures, *, is_dry: bool
    ) -> None:
        self.feed, self.result, self.rows, self.others, self.failures = feed, result, rows, others, failures
        self.is_dry = is_dry
        self.taken: set[str] = set()  # of the slugs that this batch wants those that datasets have
        self.changed: list[Harvested] = []
        self.fresh: list[Harvested] = []
        self.marks: list[tuple[str, str, Marks]] = []  # (slug, uri) of what was written
        self.seen_again: list[int] = []

    def prepare(self, slugs: Iterable[str]) -> None:
        """Look up which slugs of a batch are taken."""
        wanted = list(slugs)
        self.taken = set(Dataset.objects.filter(slug__in=wanted).values_list("slug", flat=True)) if wanted else set()

    def take(self, entry: Entry, marks: Marks, row: Known | None, first_organisation: Callable[[], str]) -> None:
        """Take a dataset; one that came before and is still the same is left alone."""
        slug = row.slug if row else self.free_slug(entry.slug, marks.identifier)
        self.others.rename(entry.slug, slug)
        if row and row.digest == marks.digest and not row.is_gone:
            self.leave(row, marks, entry)
            return
        try:
            # Before the step that may be rolled back: others of the batch count on their organisation being there.
            organisation = self.others.organisation_of(entry.description) or first_organisation()
            with transaction.atomic():
                written, kept = self.describe(slug, entry, marks, row, organisation)
        except LostLease:
            raise
        except (HubError, *UNFORESEEN) as error:
            self.result.refused += 1
            self.result.show("refused", slug)
            document = entry_document(entry, marks)
            self.failures.note(Harvested.Kind.DATASET, marks.key, marks.identifier, error, marks.document, document)
            return
        self.remember(entry, marks, row, slug, written, kept)
        kind = "created" if row is None else "restored" if row.is_gone else "changed"
        setattr(self.result, kind, getattr(self.result, kind) + 1)
        self.result.show(kind, slug)

    def leave(self, row: Known, marks: Marks, entry: Entry) -> None:
        """Let a dataset be that is here as it is told; only its identifier may be another one."""
        self.result.unchanged += 1
        self.failures.taken(Harvested.Kind.DATASET, marks.key)
        if self.is_dry:
            return
        if row.key != marks.key or row.marks != (marks.name_key, marks.links_key, marks.content_key):
            Harvested.objects.filter(pk=row.pk).update(
                key=marks.key,
                identifier=storable(marks.identifier),
                name_key=marks.name_key,
                links_key=marks.links_key,
                content_key=marks.content_key,
            )
            self.marks.append((row.slug, entry.uri, marks))
        if row.is_missing:
            self.seen_again.append(row.pk)

    def describe(
        self, slug: str, entry: Entry, marks: Marks, row: Known | None, organisation: str
    ) -> tuple[dict[str, str], dict[str, object]]:
        """Write the description; return the digests of what the feed says, and the values that gave way to a steward's."""
        description, findings = salvaged(marks.identifier, self.others.renamed(entry.description), Class.DATASET)
        self.failures.findings(findings)
        description = storable_document(description)
        description.setdefault("access_level", self.feed.access_level)  # what does not say that it is open is not
        description["organisation"] = organisation
        kept: dict[str, object] = {}
        written = written_values(description) if row or not self.is_dry else {}
        dataset = Dataset.objects.select_related("organisation").filter(slug=slug).first() if row else None
        if row and dataset:
            before = self.rows.all().values_list("written", flat=True).get(pk=row.pk)
            kept = keep_local(dataset, description, before, self.feed.local_fields)
            self.result.kept += bool(kept)
        if self.is_dry:
            admitted_columns(Dataset, description, Class.DATASET, slug=slug, harvested=True)
            return written, kept
        if row is None or row.digest != marks.digest:
            describe_dataset(slug, description, harvested=True)
        if row and row.is_gone and not superseded([slug]):
            restore_dataset(slug)
        return written, kept

    def remember(
        self,
        entry: Entry,
        marks: Marks,
        row: Known | None,
        slug: str,
        written: dict[str, str],
        kept: dict[str, object],
    ) -> None:
        self.failures.taken(Harvested.Kind.DATASET, marks.key)
        if self.is_dry:
            return
        told = Harvested(
            pk=row.pk if row else None,
            feed=self.feed.slug,
            kind=Harvested.Kind.DATASET,
            key=marks.key,
            identifier=storable(marks.identifier),
            slug=slug,
            digest=marks.digest,
            document=marks.document.decode(),
            name_key=marks.name_key,
            links_key=marks.links_key,
            content_key=marks.content_key,
            written=written,
            kept_values=storable_document(kept),
            taken_at=self.rows.now,
        )
        (self.changed if row else self.fresh).append(told)
        self.marks.append((slug, entry.uri, marks))

    def write(self) -> set[int]:
        """Write the rows of what was taken since the last time; return those that are new."""
        told = [*self.changed, *self.fresh]
        datasets = dict(
            Dataset.objects.filter(slug__in=[row.slug for row in told]).values_list("slug", "pk") if told else ()
        )
        for row in told:
            row.dataset_id = datasets[row.slug]
        if self.changed:
            Harvested.objects.bulk_update(self.changed, TOLD, batch_size=50)
        if self.fresh:
            Harvested.objects.bulk_create(self.fresh)
        if self.seen_again:
            Harvested.objects.filter(pk__in=self.seen_again).update(missing_since=None, is_kept=False)
        if self.marks:
            find_pairs(self.feed.slug, self.marks, self.rows.now)
        seen = {row.pk for row in self.fresh}
        self.changed, self.fresh, self.marks, self.seen_again = [], [], [], []
        return seen

    def free_slug(self, slug: str, identifier: str) -> str:
        """Return the slug for a dataset that is new here; one that another dataset has is made this feed's own."""
        free = slug if is_slug(slug) and slug not in self.taken else own_name(self.feed.slug, slug, identifier)
        self.taken.add(free)
        return free
