"""What the search index knows of a dataset but for its words: sort keys, facet codes, box and period.

The words lie beside it in a table that each database has in its own kind (``catalog/search/vendors.py``). Rows are only
written by ``catalog/search/index.py``, in the transaction that writes the dataset.
"""

from django.db import models

from catalog.models.dataset import Dataset

CHUNK_SIZE = 4096


class SearchChunk(models.Model):
    """A run of neighbouring entries. ``version`` is a new one with every change of their codes, so that it names them."""

    number = models.IntegerField(primary_key=True)
    version = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.number}: {self.version}"


class SearchEntry(models.Model):
    """One dataset that can be found. ``id`` counts from 1 without large gaps: it is a place in sets of bits."""

    id = models.IntegerField(primary_key=True)
    chunk = models.ForeignKey(SearchChunk, models.PROTECT, related_name="entries")
    dataset = models.OneToOneField(Dataset, models.CASCADE, related_name="search_entry")
    slug = models.CharField(max_length=100)
    title = models.TextField()
    title_length = models.PositiveIntegerField()
    updated = models.BigIntegerField()  # microseconds since 1970
    codes = models.TextField()  # JSON: the codes by facet
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["title_length", "title", "slug"], name="search_by_relevance"),
            models.Index(fields=["title", "slug"], name="search_by_title"),
            models.Index(fields=["-updated", "slug"], name="search_by_update"),
            models.Index(fields=["west", "south", "east", "north"], name="search_by_box"),
            models.Index(fields=["starts", "ends"], name="search_by_period"),
        ]

    def __str__(self) -> str:
        return self.slug
