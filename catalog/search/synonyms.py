"""Words of cities that mean the same in Korean and English (``synonyms.csv``), and how they are found in a question."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from catalog.search.tokens import is_hangul, parts_of, stem, words_of

FILE = Path(__file__).with_suffix(".csv")
LONGEST_PHRASE = 4


def segments(words: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield a question's words in pieces, the longest known phrase first, each with its synonyms."""
    start = 0
    while start < len(words):
        length, others = longest_phrase(words[start : start + LONGEST_PHRASE])
        yield words[start : start + length], others
        start += length


def longest_phrase(words: Sequence[str]) -> tuple[int, Sequence[str]]:
    for length in range(len(words), 0, -1):
        if others := synonyms().get(key(words[:length])):
            return length, others
    return 1, ()


@cache
def synonyms() -> Mapping[str, Sequence[str]]:
    """Return for each known phrase the others of its rows."""
    known: dict[str, dict[str, None]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            terms = [term.strip() for language in ("ko", "en") for term in row[language].split("|") if term.strip()]
            for term in terms:
                known.setdefault(key(words_of(term)), {}).update(dict.fromkeys(terms))
    return {phrase: [term for term in terms if key(words_of(term)) != phrase] for phrase, terms in known.items()}


def key(words: Sequence[str]) -> str:
    """Return how a phrase is recognised: Korean whatever its spaces, others without plural endings."""
    if all(map(is_hangul, words)):
        return "".join(words)
    return " ".join(stem(part) for word in words for part in parts_of(word))
