"""What somebody who is still typing may mean: titles, keywords and organisations that hold what is typed so far."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Q

from catalog.access import Viewer, visible_datasets
from catalog.models import Dataset, Organisation
from catalog.search.explain import make_finder
from catalog.search.find import Found, Query, find
from catalog.search.question import Question
from catalog.search.tokens import FIRST_SYLLABLE, HANGUL, JAMO, is_hangul, normalise

UNFINISHED = re.compile(rf"(?<=[{HANGUL}])[{JAMO}]+$")
FINALS = 28  # a syllable's last consonant is its remainder
LOOKED_AT = 60  # of the best datasets, for their keywords
COLUMNS = ("slug", "title_ko", "title_en", "keywords_ko", "keywords_en")
KEYS = ("search_entry__title_length", "search_entry__title", "search_entry__slug")


@dataclass(frozen=True)
class Suggestion:
    """A text to search for, or the dataset or organisation of that slug to go to."""

    kind: str  # dataset, keyword or organisation
    text: str
    slug: str = ""


def suggest(text: str, viewer: Viewer, *, limit: int = 10) -> list[Suggestion]:
    """Return at most ``limit`` suggestions: organisations and keywords first, for they lead to many datasets."""
    for typed in readings(text):
        found = find(Query(text=typed, sort="relevance"), viewer)
        if found.question.words and found.count and not found.is_guess:
            return list(suggestions(typed, found, viewer, limit))
    return []


def readings(text: str) -> Iterator[str]:
    """Yield what may be meant by a text whose last syllable is not finished: 주차, 주찾 and 주차ㅈ may become 주차장."""
    typed = normalise(text).strip()
    yield typed
    body = UNFINISHED.sub("", typed)
    if body != typed:
        yield body
    elif typed and is_hangul(typed[-1]) and (final := (ord(typed[-1]) - FIRST_SYLLABLE) % FINALS):
        yield typed[:-1] + chr(ord(typed[-1]) - final)


def suggestions(typed: str, found: Found, viewer: Viewer, limit: int) -> Iterator[Suggestion]:
    rows = visible_datasets(viewer).select_related(None).only(*COLUMNS, *KEYS)
    datasets = [hit.dataset for hit in found.page(rows, limit=LOOKED_AT)]
    few = max(limit // 4, 1)
    named = [*organisations(typed, few), *keywords(typed, datasets, few)][:limit]
    yield from named
    for dataset in datasets[: limit - len(named)]:
        yield Suggestion("dataset", str(dataset), dataset.slug)


def organisations(typed: str, limit: int) -> Iterator[Suggestion]:
    words = Q()
    for word in typed.split():
        words &= Q(name_ko__icontains=word) | Q(name_en__icontains=word)
    for organisation in Organisation.objects.filter(words, datasets__withdrawn_at=None).distinct()[:limit]:
        yield Suggestion("organisation", str(organisation), organisation.slug)


def keywords(typed: str, datasets: list[Dataset], limit: int) -> Iterator[Suggestion]:
    """Yield the keywords of the best datasets that hold what is typed, most used first."""
    finder = make_finder(Question(typed))
    counted = Counter(
        word for dataset in datasets for word in dict.fromkeys([*dataset.keywords_ko, *dataset.keywords_en])
    )
    held = (word for word, _times in counted.most_common() if finder.spans(word))
    yield from (Suggestion("keyword", word) for word in islice(held, limit))
