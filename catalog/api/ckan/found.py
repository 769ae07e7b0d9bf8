"""What a search finds: the parts of a query as sets of entries of the hub's search index, joined, counted and paged.

Codes are sets that the index has in memory already, words are looked up by it, everything else is one statement a part; how
many datasets are found, and their facets, are then counts of bits. A page is read along the order asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from catalog.access import RULES, Viewer
from catalog.api.ckan.conditions import condition_of_field, updated_between
from catalog.api.ckan.tag_index import counted, tag_index
from catalog.exchange.ckan import from_name
from catalog.exchange.lucene import And, Clause, Everything, Match, Not, Or
from catalog.models import Dataset
from catalog.models.search_entry import SearchEntry
from catalog.search.bits import Bits, as_bytes, bits_of, entries_of, union
from catalog.search.facets import Catalogue, read_catalogue
from catalog.search.ids import read_ids
from catalog.search.question import Question
from catalog.search.vendors import Where, vendor

# fields of a query whose values are codes of the index
CODES = {"organization": "organisation", "groups": "theme", "res_format": "format"}
FEW = 1000  # entries that are looked up one by one; more are met soon enough along the order
SHORTEST_STRETCH = 200


@dataclass(frozen=True)
class Found:
    """What was found; ``best`` are those among it that hold the free words in their title."""

    catalogue: Catalogue
    entries: Bits
    best: Bits = 0

    @property
    def count(self) -> int:
        return self.entries.bit_count()

    def count_by(self, facet: str) -> Mapping[str, int]:
        """Count by a facet of the index."""
        return self.catalogue.count(facet, self.entries)

    def count_by_tag(self) -> Mapping[str, int]:
        return dict(counted(tag_index(self.catalogue).tags, self.entries))

    def count_by_licence(self) -> Mapping[str, int]:
        return dict(counted(tag_index(self.catalogue).licences, self.entries))

    def page(self, order: Sequence[str], *, start: int, rows: int, by_score: bool = False) -> list[int]:
        """Return the entries from ``start`` on, in the order of some columns of ``SearchEntry``, best matches first."""
        ranks = [self.best, self.entries & ~self.best] if by_score and self.best else [self.entries]
        taken: list[int] = []
        for rank in ranks:
            wanted = rows - len(taken)
            if start >= rank.bit_count() or not wanted:
                start = max(0, start - rank.bit_count())
                continue
            taken += read_stretch(rank, order, start + wanted)[start:]
            start = 0
        return taken


def find_datasets(query: Sequence[Clause], viewer: Viewer) -> Found:
    """Find the datasets that the viewer may see and of which every part of the query holds."""
    catalogue = read_catalogue()
    visible = catalogue.having("access_level", [level for level, rule in RULES.items() if rule.sees(viewer)])
    visible &= catalogue.entries
    clauses = flattened(query)
    words = " ".join(clause.value for clause in clauses if is_free(clause))
    rest = And(tuple(clause for clause in clauses if not is_free(clause)))
    entries = visible & entries_of_clause(rest, catalogue)
    if not words:
        return Found(catalogue, entries)
    anywhere, in_title = entries_with_words(words)
    return Found(catalogue, entries & anywhere, best=entries & in_title)


def flattened(query: Sequence[Clause]) -> list[Clause]:
    """Return the parts that must all hold, those of a conjunction one by one."""
    clauses: list[Clause] = []
    for clause in query:
        clauses += clause.clauses if isinstance(clause, And) else (clause,)
    return clauses


def is_free(clause: Clause) -> bool:
    """Tell free words, which are taken together: they may stand apart in a title and together in a query."""
    return isinstance(clause, Match) and clause.field in ("", "text") and bool(clause.value.strip())


def entries_of_clause(clause: Clause, catalogue: Catalogue) -> Bits:
    """Return the entries of which any part of a query holds."""
    if isinstance(clause, Everything):
        return catalogue.entries
    if isinstance(clause, Not):
        return catalogue.entries & ~entries_of_clause(clause.clause, catalogue)
    if isinstance(clause, And):
        entries = catalogue.entries
        for part in clause.clauses:
            entries &= entries_of_clause(part, catalogue)
        return entries
    if isinstance(clause, Or):
        return union(entries_of_clause(part, catalogue) for part in clause.clauses)
    if is_free(clause):
        return entries_with_words(clause.value)[0]
    if isinstance(clause, Match) and clause.field in LOOKED_UP:
        return LOOKED_UP[clause.field](clause, catalogue)
    if clause.field == UPDATED:
        return bits_of(read_ids(SearchEntry.objects.filter(updated_between(clause))))
    return entries_meeting(condition_of_field(clause), catalogue)


def entries_with_words(words: str) -> tuple[Bits, Bits]:
    """Return the entries that hold all words anywhere, and in their title."""
    expression = Question(words).expression
    if expression is None:
        return 0, 0
    anywhere, in_title = vendor().match([(Where.ANYWHERE, expression), (Where.TITLE, expression)])
    return anywhere, in_title


def entries_with_code(clause: Match, catalogue: Catalogue) -> Bits:
    """Return the entries with a code, or with one that begins so; upper and lower case are alike."""
    sets = catalogue.codes.get(CODES[clause.field], {})
    wanted = clause.value.casefold() if clause.is_prefix else from_name(clause.value).casefold()
    if clause.is_prefix:
        return union(bits for code, bits in sets.items() if code.casefold().startswith(wanted))
    return union(bits for code, bits in sets.items() if code.casefold() == wanted)


def entries_with_tag(clause: Match, catalogue: Catalogue) -> Bits:
    return tag_index(catalogue).having_tag(clause.value, is_prefix=clause.is_prefix)


def entries_with_licence(clause: Match, catalogue: Catalogue) -> Bits:
    return tag_index(catalogue).having_licence(clause.value, is_prefix=clause.is_prefix)


# fields of a query that need no condition on datasets
LOOKED_UP: Mapping[str, Callable[[Match, Catalogue], Bits]] = {
    **dict.fromkeys(CODES, entries_with_code),
    "tags": entries_with_tag,
    "license_id": entries_with_licence,
}
UPDATED = "metadata_modified"


def entries_meeting(condition: Q, catalogue: Catalogue) -> Bits:
    """Return the entries of the datasets that meet a condition; one statement, none for what is always true."""
    if condition == Q():
        return catalogue.entries
    return bits_of(read_ids(SearchEntry.objects.filter(dataset__in=Dataset.objects.filter(condition))))


def read_stretch(entries: Bits, order: Sequence[str], limit: int) -> list[int]:
    """Return the first entries of a set in an order; of many, the order is walked until enough were met."""
    number, everything = entries.bit_count(), entries.bit_length()
    rows: QuerySet[SearchEntry, int] = SearchEntry.objects.order_by(*order, "dataset_id").values_list("id", flat=True)
    if number <= FEW:
        return list(rows.filter(id__in=list(entries_of(entries)))[:limit])
    marks = as_bytes(entries)
    length = max(SHORTEST_STRETCH, 2 * limit * everything // number)
    while True:
        stretch = list(rows[:length])
        found = [entry for entry in stretch if entry < everything and marks[entry >> 3] >> (entry & 7) & 1]
        if len(found) >= limit or len(stretch) < length:
            return found[:limit]
        length *= 8
