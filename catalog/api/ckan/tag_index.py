"""The tags of the hub, and the licences: which datasets have which, as sets of entries of the search index.

Neither is a facet of the index: tags are keywords folded as CKAN wants them, and CKAN's licence is the dataset's own, not those
of its distributions. Both are read from the datasets and kept by each process until a description changes, so that they are
never older than the catalogue.
"""

import threading
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from catalog.access import visible_datasets
from catalog.api.ckan.call import ANYBODY
from catalog.exchange.ckan import to_tag
from catalog.exchange.ckan.names import SHORTEST_NAME
from catalog.models import Change
from catalog.search.bits import Bits, as_bytes, bits_of, union
from catalog.search.facets import Catalogue

CHUNK = 2000
Entries = Mapping[str, array]  # four bytes an entry: most tags are on few datasets, for which sets of bits are too long


@dataclass(frozen=True)
class TagIndex:
    """The entries that have a tag, and those that have a licence, of the datasets that anybody may see."""

    tags: Entries
    licences: Entries

    def having_tag(self, tag: str, *, is_prefix: bool = False) -> Bits:
        """Return the entries that have a tag, or one that begins so."""
        if not is_prefix:
            return bits_of(self.tags.get(tag, ()))
        return union(bits_of(entries) for known, entries in self.tags.items() if known.startswith(tag))

    def having_licence(self, code: str, *, is_prefix: bool = False) -> Bits:
        wanted = code.casefold()
        return union(
            bits_of(entries)
            for known, entries in self.licences.items()
            if known.casefold() == wanted or (is_prefix and known.casefold().startswith(wanted))
        )


_kept: dict[object, TagIndex] = {}  # by the last change of a description and the versions of the search index
_lock = threading.Lock()


def tag_index(catalogue: Catalogue) -> TagIndex:
    """Return the tags as of now; they are read anew only when a description has changed. New records change none."""
    changes = Change.objects.exclude(kind=Change.Kind.SNAPSHOT_PUBLISHED).order_by("-sequence")
    key = (changes.values_list("sequence", "at").first(), tuple(catalogue.versions.items()))
    with _lock:
        if key not in _kept:
            index = read_index()
            _kept.clear()
            _kept[key] = index
        return _kept[key]


def read_index() -> TagIndex:
    tags: dict[str, array] = defaultdict(lambda: array("I"))
    licences: dict[str, array] = defaultdict(lambda: array("I"))
    rows = visible_datasets(ANYBODY).order_by().exclude(search_entry=None)
    for entry, licence, korean, english in rows.values_list(
        "search_entry__id", "licence", "keywords_ko", "keywords_en"
    ).iterator(chunk_size=CHUNK):
        licences[licence].append(entry)
        for tag in tags_of((*korean, *english)):
            tags[tag].append(entry)
    return TagIndex(dict(sorted(tags.items())), dict(licences))


def tags_of(words: Iterable[str]) -> set[str]:
    return {tag for tag in map(to_tag, words) if len(tag) >= SHORTEST_NAME}


def counted(sets: Entries, among: Bits) -> Iterator[tuple[str, int]]:
    """Yield how many of some entries are in each set."""
    marks = as_bytes(among)
    everything = among.bit_length()
    for name, entries in sets.items():
        yield name, sum(1 for entry in entries if entry < everything and marks[entry >> 3] >> (entry & 7) & 1)
