"""Which entries hold a question's words, better ones first: every rank is a set of its own, none overlaps another.

In the title in one piece, in the title, in names (keywords, columns, organisation), anywhere. Within a rank shorter titles
come first (``order.py``), which is what a title has more of the question.
"""

from collections.abc import Sequence

from catalog.search.bits import Bits
from catalog.search.question import Question
from catalog.search.vendors import Where, vendor


def rank_words(question: Question, *, by_relevance: bool = True) -> list[Bits]:
    """Return the entries that hold all words; one statement."""
    if question.expression is None:
        return []
    asked = [(where, question.expression) for where in (Where.TITLE, Where.NAMES, Where.ANYWHERE)]
    if question.in_one_piece is not None:
        asked.insert(0, (Where.TITLE, question.in_one_piece))
    return apart(vendor().match(asked if by_relevance else asked[-1:]))


def rank_misspelt(question: Question) -> list[Bits]:
    """Return the entries that hold at least half of the pieces of every word, those with more of them first."""
    words = question.misspelt
    if not words:
        return []
    matches = iter(vendor().match([(Where.NAMES, piece) for pieces in words for piece in pieces]))
    held = [[next(matches) for _ in pieces] for pieces in words]
    found = -1
    for sets in held:
        found &= at_least(sets)[(len(sets) + 1) // 2]
    counted = at_least([bits for sets in held for bits in sets])
    return apart([found & bits for bits in reversed(counted[1:])])


def at_least(sets: Sequence[Bits]) -> list[Bits]:
    """Return for each number the entries that are in at least so many of the sets."""
    counted = [-1] + [0] * len(sets)
    for bits in sets:
        for number in range(len(sets), 0, -1):
            counted[number] |= counted[number - 1] & bits
    return counted


def apart(ranks: Sequence[Bits]) -> list[Bits]:
    """Return each rank without what a better one holds."""
    seen, rest = 0, []
    for bits in ranks:
        rest.append(bits & ~seen)
        seen |= bits
    return rest
