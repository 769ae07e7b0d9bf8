"""Writing the index: in the transaction that writes the datasets, called by ``catalog/publish.py`` alone.

Writers of the catalogue write one after the other (``lock_feed``), so that entries are numbered here.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.db.models import Max

from catalog.models import Dataset
from catalog.models.search_entry import CHUNK_SIZE, SearchChunk, SearchEntry
from catalog.search.documents import RELATED, Document, make_document
from catalog.search.vendors import vendor

COLUMNS = ("slug", "title", "title_length", "updated", "codes", "west", "south", "east", "north", "starts", "ends")
BATCH = 500
WAITING: ContextVar[dict[uuid.UUID, None] | None] = ContextVar("datasets that are indexed together", default=None)


@contextmanager
def indexed_together() -> Iterator[None]:
    """Index what is written inside the block once, at its end, which has to be within the same transaction."""
    if WAITING.get() is not None:
        yield
        return
    waiting: dict[uuid.UUID, None] = {}
    token = WAITING.set(waiting)
    try:
        yield
    finally:
        WAITING.reset(token)
    keys = list(waiting)
    for start in range(0, len(keys), BATCH):
        index_keys(keys[start : start + BATCH])


def index_dataset(dataset: Dataset) -> None:
    """Make a dataset findable as it is now; a withdrawn one is found no more."""
    index_datasets([dataset])


def index_datasets(datasets: Iterable[Dataset]) -> None:
    """Index datasets as the database has them now, some hundreds with a dozen statements; what is unchanged stays."""
    keys = [dataset.pk for dataset in datasets]
    if (waiting := WAITING.get()) is not None:
        waiting.update(dict.fromkeys(keys))
    else:
        index_keys(keys)


@transaction.atomic
def index_keys(keys: Sequence[uuid.UUID]) -> None:
    present = {entry.dataset_id: entry for entry in SearchEntry.objects.filter(dataset__in=keys)}
    current = Dataset.objects.current().filter(pk__in=keys).prefetch_related(*RELATED)
    documents = {dataset.pk: make_document(dataset) for dataset in current}
    forget([entry for key, entry in present.items() if key not in documents])
    store(documents, {key: entry for key, entry in present.items() if key in documents})


def index_missing() -> int:
    """Index the datasets that are not in the index, as those of a hub from before there was one; return how many."""
    indexed = SearchEntry.objects.values("dataset")
    keys = list(Dataset.objects.current().exclude(pk__in=indexed).values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        index_keys(keys[start : start + BATCH])
    return len(keys)


def store(documents: dict[uuid.UUID, Document], present: dict[uuid.UUID, SearchEntry]) -> None:
    new = [key for key in documents if key not in present]
    first = 1 + (SearchEntry.objects.aggregate(last=Max("id"))["last"] or 0) if new else 0
    entries = {key: present.get(key) or SearchEntry(dataset_id=key) for key in documents}
    for place, key in enumerate(new, first):
        entries[key].id, entries[key].chunk_id = place, place // CHUNK_SIZE
    recoded, rewritten = set(), []
    for key, document in documents.items():
        if entries[key].codes != document.columns["codes"]:
            recoded.add(entries[key].chunk_id)
        if any(getattr(entries[key], name) != value for name, value in document.columns.items()):
            rewritten.append(entries[key])
            for name, value in document.columns.items():
                setattr(entries[key], name, value)
    renew_chunks(recoded)
    if rewritten:
        SearchEntry.objects.bulk_create(
            rewritten, update_conflicts=True, unique_fields=["id"], update_fields=list(COLUMNS)
        )
    tokens = {entries[key].id: document.tokens for key, document in documents.items()}
    old = vendor().holds({entries[key].id: documents[key].tokens for key in present})
    if changed := {entry: held for entry, held in tokens.items() if entry not in old}:
        vendor().write(changed)


def forget(entries: Sequence[SearchEntry]) -> None:
    if entries:
        numbers = [entry.id for entry in entries]
        renew_chunks({entry.chunk_id for entry in entries})
        SearchEntry.objects.filter(id__in=numbers).delete()
        vendor().delete(numbers)


def renew_chunks(numbers: Iterable[int]) -> None:
    """Give chunks a new version; nobody has read one under it before."""
    SearchChunk.objects.bulk_create(
        [SearchChunk(number=number, version=uuid.uuid4()) for number in sorted(numbers)],
        update_conflicts=True,
        unique_fields=["number"],
        update_fields=["version"],
    )


@transaction.atomic
def rebuild_index() -> int:
    """Make the index anew from the datasets, numbered from 1; return how many can be found."""
    SearchEntry.objects.all().delete()
    SearchChunk.objects.all().delete()
    vendor().clear()
    for datasets in batches():
        index_datasets(datasets)
    return SearchEntry.objects.count()


def check_index() -> list[str]:
    """Return the slugs of the datasets whose index is not what it would be if it were built now."""
    wrong = [slug for datasets in batches() for slug in differing(datasets)]
    stale = SearchEntry.objects.exclude(dataset__withdrawn_at=None).values_list("slug", flat=True)
    lost = "*" if vendor().count() != SearchEntry.objects.count() else ""
    return [*wrong, *stale, *filter(None, [lost])]


def differing(datasets: Sequence[Dataset]) -> Iterator[str]:
    present = {entry.dataset_id: entry for entry in SearchEntry.objects.filter(dataset__in=datasets)}
    documents = {dataset.pk: make_document(dataset) for dataset in datasets}
    held = vendor().holds({present[key].id: document.tokens for key, document in documents.items() if key in present})
    for key, document in documents.items():
        entry = present.get(key)
        if (
            entry is None
            or entry.id not in held
            or any(getattr(entry, name) != value for name, value in document.columns.items())
        ):
            yield document.columns["slug"]


def batches() -> Iterator[list[Dataset]]:
    """Yield all datasets that can be found, some at a time."""
    datasets = Dataset.objects.current().order_by("pk").prefetch_related(*RELATED)
    last = None
    while batch := list((datasets.filter(pk__gt=last) if last else datasets)[:BATCH]):
        yield batch
        last = batch[-1].pk
