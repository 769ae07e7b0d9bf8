"""Finding datasets: words, codes, box and period in; how many, counted by facet, and pages in a stable order out.

Everything is exact. Words are looked up by the database, codes are sets of entries in memory, a page is read along an
index of its order. Nothing is ranked by numbers that change with the rest of the catalogue, so that pages neither skip
nor repeat while datasets come and go.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from catalog.access import RULES, Viewer
from catalog.models import Dataset
from catalog.models.dataset import DatasetQuerySet
from catalog.models.search_entry import SearchEntry
from catalog.search.bits import Bits, bits_of, entries_of, union
from catalog.search.facets import COUNTED, Catalogue, read_catalogue
from catalog.search.ids import read_ids
from catalog.search.order import Place, place_of, take_entries
from catalog.search.question import Question
from catalog.search.ranks import rank_misspelt, rank_words
from catalog.search.vendors import vendor

Box = tuple[float, float, float, float]
Period = tuple[dt.date | None, dt.date | None]


@dataclass(frozen=True)
class Query:
    """What is looked for; ``box`` is west, south, east, north, a side of ``period`` may be open.

    ``codes`` are alternatives within a facet and all hold among facets. ``sort`` is a key of ``SORTS``.
    """

    text: str = ""
    codes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    box: Box | None = None
    period: Period | None = None
    sort: str = ""

    @property
    def order(self) -> str:
        """Return the order asked for, else the best matches first, else by title when there is nothing to match."""
        return (
            self.sort
            if self.sort and (self.text or self.sort != "relevance")
            else "relevance"
            if self.text
            else "title"
        )


@dataclass(frozen=True)
class Hit:
    """A found dataset and its place in the order, from which a next page goes on."""

    dataset: Dataset
    place: Place


@dataclass(frozen=True)
class Found:
    """The answer to a query. ``is_guess``: nothing had the words, these have most of their letters."""

    query: Query
    question: Question
    is_guess: bool
    catalogue: Catalogue
    among: Bits  # what the viewer may see, with the words, in the box and period
    ranks: Sequence[Bits]  # parts of that, best first
    chosen: Mapping[str, Bits]  # by facet, all that have a chosen code

    @property
    def entries(self) -> Bits:
        return self.narrowed_but("")

    @property
    def count(self) -> int:
        return self.entries.bit_count()

    def count_facets(self, facets: Sequence[str] = COUNTED) -> dict[str, dict[str, int]]:
        """Count what was found by each facet; what is chosen in a facet does not narrow its own counts."""
        return {facet: self.catalogue.count(facet, self.narrowed_but(facet)) for facet in facets}

    def narrowed_but(self, facet: str) -> Bits:
        entries = self.among
        for name, bits in self.chosen.items():
            if name != facet:
                entries &= bits
        return entries

    def restrict(self, datasets: DatasetQuerySet) -> DatasetQuerySet:
        """Return those of the datasets that were found, in whatever order, for who wants them all."""
        statement, value = vendor().select_numbers(entries_of(self.entries))
        return datasets.filter(search_entry__in=RawSQL(statement, [value]))

    def page(self, datasets: QuerySet[Dataset], *, limit: int, after: Place | None = None, skip: int = 0) -> list[Hit]:
        """Return the hits after a place, or after the first few, loaded from ``datasets``."""
        entries = self.entries
        taken = take_entries([rank & entries for rank in self.ranks], self.query.order, limit, after=after, skip=skip)
        by_entry = {
            dataset.search_entry.id: dataset
            for dataset in datasets.select_related("search_entry").filter(search_entry__in=list(taken))
        }
        return [
            Hit(by_entry[entry], place_of(by_entry[entry].search_entry, self.query.order, rank))
            for entry, rank in taken.items()
            if entry in by_entry  # not withdrawn since
        ]


def find(query: Query, viewer: Viewer) -> Found:
    """Find the datasets of a query that the viewer may see."""
    catalogue = read_catalogue()
    question = Question(query.text)
    among = catalogue.entries & catalogue.having("access_level", visible_levels(viewer))
    ranks: Sequence[Bits] = [among]
    is_guess = False
    if query.text:
        ranks = narrow(rank_words(question, by_relevance=query.order == "relevance"), among)
        if not any(ranks):
            ranks = narrow(rank_misspelt(question), among)
            is_guess = any(ranks)
    if query.box or query.period:
        ranks = narrow(ranks, entries_within(query.box, query.period))
    return Found(
        query=query,
        question=question,
        is_guess=is_guess,
        catalogue=catalogue,
        among=union(ranks),
        ranks=ranks,
        chosen={facet: catalogue.having(facet, codes) for facet, codes in query.codes.items() if codes},
    )


def visible_levels(viewer: Viewer) -> list[str]:
    return [level for level, rule in RULES.items() if rule.sees(viewer)]


def narrow(ranks: Sequence[Bits], among: Bits) -> list[Bits]:
    return [rank & among for rank in ranks]


def entries_within(box: Box | None, period: Period | None) -> Bits:
    """Return the entries whose own box and period touch these; those that have none are not among them."""
    touching = Q()
    if box:
        west, south, east, north = box
        touching &= Q(west__lte=east, east__gte=west, south__lte=north, north__gte=south)
    if period:
        start, end = period
        touching &= Q(starts__isnull=False) | Q(ends__isnull=False)
        if start:
            touching &= Q(ends__gte=start) | Q(ends=None)
        if end:
            touching &= Q(starts__lte=end) | Q(starts=None)
    return bits_of(read_ids(SearchEntry.objects.filter(touching)))
