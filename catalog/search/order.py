"""The orders of found entries, and how a stretch of one is read along its index."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from django.db.models import Q
from django.db.models.expressions import RawSQL

from catalog.models.search_entry import SearchEntry
from catalog.search.bits import Bits, as_bytes, entries_of
from catalog.search.ids import read_ids
from catalog.search.vendors import vendor

Place: TypeAlias = tuple[int | str, ...]  # the rank, then the values of the order's columns

SORTS: Mapping[str, tuple[str, ...]] = {
    "relevance": ("title_length", "title", "slug"),
    "updated": ("-updated", "slug"),
    "title": ("title", "slug"),
}
FEW = 6000  # entries that are looked up one by one; more are met soon enough along the index
SHORTEST_STRETCH = 200


def take_entries(
    ranks: Sequence[Bits], order: str, limit: int, *, after: Place | None = None, skip: int = 0
) -> dict[int, int]:
    """Return the next entries with their ranks, in order. Ranks that are passed over as a whole cost nothing."""
    taken: dict[int, int] = {}
    for rank, bits in enumerate(ranks):
        if after is not None and rank < after[0]:
            continue
        begin = after[1:] if after is not None and rank == after[0] else ()
        if not begin and skip >= bits.bit_count():
            skip -= bits.bit_count()
            continue
        stretch = read_stretch(bits, order, skip + limit - len(taken), begin)[skip:]
        taken |= dict.fromkeys(stretch, rank)
        skip = 0
        if len(taken) >= limit:
            break
    return taken


def read_stretch(bits: Bits, order: str, limit: int, begin: Sequence[int | str]) -> list[int]:
    """Return the first entries of a set in an order, after the values of an entry."""
    number = bits.bit_count()
    rows = SearchEntry.objects.order_by(*SORTS[order])
    if begin:
        rows = rows.filter(comes_after(SORTS[order], begin))
    if number <= FEW:
        statement, value = vendor().select_numbers(entries_of(bits))
        return list(rows.filter(id__in=RawSQL(statement, [value])).values_list("id", flat=True)[:limit])
    marks, everything = as_bytes(bits), bits.bit_length()
    length = max(SHORTEST_STRETCH, 2 * limit * everything // number)
    while True:
        stretch = read_ids(rows[:length])
        found = [entry for entry in stretch if entry < everything and marks[entry >> 3] >> (entry & 7) & 1]
        if len(found) >= limit or len(stretch) < length:
            return found[:limit]
        length *= 8


def comes_after(columns: Sequence[str], values: Sequence[int | str]) -> Q:
    """Return the condition "after these values", which begins where the index does."""
    condition, equal = Q(pk__in=[]), Q()
    for column, value in zip(columns, values, strict=True):
        name, beyond = column.removeprefix("-"), "lt" if column.startswith("-") else "gt"
        condition |= equal & Q(**{f"{name}__{beyond}": value})
        equal &= Q(**{name: value})
    first = columns[0].removeprefix("-"), "lte" if columns[0].startswith("-") else "gte"
    return Q(**{"__".join(first): values[0]}) & condition


def place_of(entry: SearchEntry, order: str, rank: int) -> Place:
    return (rank, *(getattr(entry, column.removeprefix("-")) for column in SORTS[order]))


def place_kinds(order: str) -> tuple[type, ...]:
    """Return what the values of a place are."""
    return (int, *(str if column in ("title", "slug") else int for column in SORTS[order]))
