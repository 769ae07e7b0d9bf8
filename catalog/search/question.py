"""The words of a question: how they are looked for, and what counts as almost found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from catalog.search.expression import Expression, either, every
from catalog.search.synonyms import segments
from catalog.search.tokens import (
    CONSONANTS,
    LONE_JAMO,
    LONGEST_INITIALS,
    SHORTEST_INITIALS,
    is_hangul,
    parts_of,
    seam,
    stem,
    triples,
    whole,
    words_of,
)

LONGEST_MISSPELT = 40  # tokens; a longer question is not searched for what is almost it


@dataclass(frozen=True)
class Question:
    """What somebody typed. ``words`` are its words that can be looked for at all."""

    text: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(word for word in words_of(self.text) if can_be_found(word))

    @cached_property
    def expression(self) -> Expression | None:
        """All words in any order, each as itself or as a synonym; None when there is nothing to look for."""
        if not self.words:
            return None
        apart = every(
            either([phrase(words), *(phrase(words_of(term)) for term in others)])
            for words, others in segments(self.words)
        )
        return either(written_together(self.words, apart))

    @cached_property
    def in_one_piece(self) -> Expression | None:
        """The words next to each other in their order; None for a single word."""
        return phrase_in_order(self.words) if len(self.words) > 1 else None

    @cached_property
    def misspelt(self) -> tuple[tuple[str, ...], ...]:
        """For each word its pieces, half of which must occur; empty when that would say nothing."""
        pieces = tuple(tuple(dict.fromkeys(pieces_of(word))) for word in self.words)
        return pieces if sum(map(len, pieces)) <= LONGEST_MISSPELT else ()


def can_be_found(word: str) -> bool:
    """Tell whether a word has tokens: a lone initial or a vowel has none."""
    if LONE_JAMO.match(word):
        return CONSONANTS.fullmatch(word) is not None and len(word) >= SHORTEST_INITIALS
    return is_hangul(word) or bool(parts_of(word))


def phrase(words: Sequence[str]) -> Expression:
    return every(spelled(word) for word in words)


def spelled(word: str) -> Expression:
    """Return how one word is found."""
    if is_hangul(word):
        return word if len(word) == 1 else every(syllables_in_order(word))
    if CONSONANTS.fullmatch(word):
        return word[:LONGEST_INITIALS]
    parts = parts_of(word)
    return either([whole(word), every(stem(part) for part in parts)]) if len(parts) > 1 else whole(word)


def syllables_in_order(word: str) -> Iterator[Expression]:
    """Yield each pair of syllables; in a word of three or more a space may stand between them."""
    for left, right in pairwise(word):
        yield left + right if len(word) == 2 else either([left + right, seam(left, right)])


def written_together(words: Sequence[str], apart: Expression) -> Iterator[Expression]:
    """Yield the words apart and, where single syllables (주 차 장) say little, all of them as one word."""
    korean = all(map(is_hangul, words))
    single = [word for word in words if len(word) == 1]
    if not korean or len(words) == 1 or len(single) < len(words):
        yield apart
    if korean and len(words) > 1 and single:
        yield every(either([left + right, seam(left, right)]) for left, right in pairwise("".join(words)))


def phrase_in_order(words: Sequence[str]) -> Expression:
    return every([*(spelled(word) for word in words), *(neighbours(left, right) for left, right in pairwise(words))])


def neighbours(left: str, right: str) -> Expression:
    apart = seam(left, right)
    return either([apart, left[-1] + right[0]]) if is_hangul(left) and is_hangul(right) else apart


def pieces_of(word: str) -> Iterator[str]:
    """Yield the pieces by which a misspelt word is known: pairs of syllables, groups of three letters."""
    if is_hangul(word):
        yield from (left + right for left, right in pairwise(word)) if len(word) > 1 else word
    elif CONSONANTS.fullmatch(word):
        yield word[:LONGEST_INITIALS]
    else:
        for part in map(stem, parts_of(word)):
            yield from triples(part) if len(part) > 3 and not part.isdigit() else [part]
