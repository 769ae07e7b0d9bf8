"""Why a dataset was found: the stretches of its texts that answer the question, for the API to name and pages to mark."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from catalog.models import Dataset
from catalog.search.documents import names_by_field
from catalog.search.question import Question
from catalog.search.synonyms import segments
from catalog.search.tokens import (
    CONSONANTS,
    PART,
    SYLLABLES,
    WORD,
    initials_of,
    is_hangul,
    normalise,
    parts_of,
    stem,
    triples,
    words_of,
)

MOST_WORDS = 5  # that are named of one field
SPLIT_FROM = 3  # syllables of a word that may have a space in it

Span = tuple[int, int]


@dataclass(frozen=True)
class Match:
    """A field of the description in which words were found, and the words as they stand there."""

    field: str
    words: Sequence[str]


@dataclass(frozen=True)
class Finder:
    """What to look for in a text: Korean by a pattern, other words by their stems, initials by theirs."""

    korean: re.Pattern[str] | None
    phrases: Sequence[Sequence[str]]  # stems that follow each other
    initials: Sequence[str]
    pieces: Sequence[frozenset[str]]  # groups of letters of misspelt words

    def spans(self, text: str) -> list[Span]:
        """Return where the words stand, in order, none overlapping another. The text must be composed (NFC)."""
        return merged(sorted([*self.korean_spans(text), *self.other_spans(text), *self.initial_spans(text)]))

    def korean_spans(self, text: str) -> Iterator[Span]:
        if self.korean is not None:
            yield from (found.span() for found in self.korean.finditer(text))

    def other_spans(self, text: str) -> Iterator[Span]:
        if not self.phrases and not self.pieces:
            return
        parts = [
            (stem("".join(parts_of(normalise(part[0])))), word.start() + part.start(), word.start() + part.end())
            for word in WORD.finditer(text)
            for part in ([word] if is_hangul(word[0]) else PART.finditer(word[0]))
        ]
        for phrase in self.phrases:
            length = len(phrase)
            for first in range(len(parts) - length + 1):
                run = parts[first : first + length]
                if [name for name, _start, _end in run] == list(phrase):
                    yield run[0][1], run[-1][2]
        for name, start, end in parts:
            groups = set(triples(name))
            if any(len(groups & wanted) * 2 >= len(wanted) for wanted in self.pieces):
                yield start, end

    def initial_spans(self, text: str) -> Iterator[Span]:
        if not self.initials:
            return
        places = [place for place, letter in enumerate(text) if SYLLABLES.fullmatch(letter)]
        heads = initials_of("".join(text[place] for place in places))
        for wanted in self.initials:
            for found in re.finditer(re.escape(wanted), heads):
                yield places[found.start()], places[found.end() - 1] + 1


def make_finder(question: Question, *, is_guess: bool = False) -> Finder:
    """Return what finds a question's words and their synonyms; of a guess, most of the letters of each word."""
    phrases = [list(phrase) for phrase in sought(question)]
    korean = {word for phrase in phrases for word in phrase if is_hangul(word)}
    if len(question.words) > 1 and all(map(is_hangul, question.words)):
        korean.add("".join(question.words))
    pieces: list[frozenset[str]] = []
    if is_guess:
        korean |= {left + right for word in question.words if is_hangul(word) for left, right in pairwise(word)}
        pieces = [
            frozenset(triples(stem(part))) for word in question.words if not is_hangul(word) for part in parts_of(word)
        ]
    others = [
        [stem(part) for word in phrase for part in parts_of(word)]
        for phrase in phrases
        if not any(map(is_hangul, phrase))
    ]
    return Finder(
        korean=re.compile("|".join(map(spaced, sorted(korean, key=len, reverse=True)))) if korean else None,
        phrases=[phrase for phrase in others if phrase],
        initials=[word for word in question.words if CONSONANTS.fullmatch(word)],
        pieces=[groups for groups in pieces if groups],
    )


def sought(question: Question) -> Iterator[Sequence[str]]:
    """Yield the words and phrases that answer a question, its own and their synonyms; Korean ones word by word."""
    for words, others in segments(question.words):
        for phrase in (words, *map(words_of, others)):
            if len({is_hangul(word) for word in phrase}) > 1:
                yield from ([word] for word in phrase)
            else:
                yield phrase


def spaced(word: str) -> str:
    return r"\s*".join(word) if len(word) >= SPLIT_FROM else word


def merged(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1] and (start < joined[-1][1] or end == start):
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def explain(dataset: Dataset, finder: Finder, *, whole_names: bool = False) -> list[Match]:
    """Return the fields in which words of the question stand, with these words or with the names that hold them."""
    texts = {
        "title": [dataset.title_ko, dataset.title_en],
        **names_by_field(dataset),
        "description": [dataset.description_ko, dataset.description_en],
    }
    found = ((field, words_in(values, finder, whole_names=whole_names)) for field, values in texts.items())
    return [Match(field, words) for field, words in found if words]


def words_in(texts: Iterable[str], finder: Finder, *, whole_names: bool) -> list[str]:
    words: dict[str, None] = {}
    for text in texts:
        composed = unicodedata.normalize("NFC", text)
        spans = finder.spans(composed)
        words |= dict.fromkeys([composed] if whole_names and spans else [composed[start:end] for start, end in spans])
    return list(words)[:MOST_WORDS]
