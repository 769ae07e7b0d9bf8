"""The tags of the hub: keywords folded as CKAN wants tags, counted over the datasets that anybody may see.

Tags are no rows of their own, so they are counted from the keywords. What was counted is kept until the change feed moves
on; a tag can therefore never be older than the catalogue.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.access import visible_datasets
from catalog.api.ckan.call import ANYBODY
from catalog.exchange.ckan import to_tag
from catalog.exchange.ckan.names import SHORTEST_NAME
from catalog.models import Change
from catalog.models.dataset import DatasetQuerySet


@dataclass(frozen=True)
class TagIndex:
    """How many datasets have a tag, and which keywords fold into it."""

    counts: Mapping[str, int]
    words: Mapping[str, frozenset[str]]


_kept: dict[object, TagIndex] = {}  # by the last change
_lock = threading.Lock()


def tag_index() -> TagIndex:
    """Return the tags as of now; they are counted anew only when the catalogue has changed."""
    last = Change.objects.order_by("-sequence").values_list("sequence", "at").first()
    with _lock:
        if last not in _kept:
            counted = count_tags(visible_datasets(ANYBODY))
            _kept.clear()
            _kept[last] = counted
        return _kept[last]


def count_tags(datasets: DatasetQuerySet) -> TagIndex:
    counts: Counter[str] = Counter()
    words: dict[str, set[str]] = {}
    for korean, english in datasets.order_by().values_list("keywords_ko", "keywords_en").iterator(chunk_size=2000):
        found = set()
        for word in (*korean, *english):
            tag = to_tag(word)
            if len(tag) >= SHORTEST_NAME:
                found.add(tag)
                words.setdefault(tag, set()).add(word)
        counts.update(found)
    ordered = dict(sorted(counts.items()))
    return TagIndex(ordered, {tag: frozenset(kept) for tag, kept in words.items()})


def words_of_tag(tag: str, *, is_prefix: bool = False) -> frozenset[str]:
    """Return the keywords that a tag stands for; of a prefix, those of every tag that begins with it."""
    index = tag_index()
    if not is_prefix:
        return index.words.get(tag, frozenset())
    return frozenset(word for known, words in index.words.items() if known.startswith(tag) for word in words)
