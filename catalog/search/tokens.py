"""From text to the tokens that the index holds: plain Python, the same for every database.

Korean needs no dictionary here: every syllable and every pair of neighbouring syllables is a token, so that any part of a
word is found. A pair that a space parts is marked with ``+``: a long word is found although it is written apart
(미세먼지 in 미세 먼지), a word of two syllables is not (시장 in 서울시 장애인). Initial consonants (초성) are tokens of their
own. Other scripts are taken word by word, without plural endings and accents; groups of three letters (``_par``) only
serve words that are misspelt.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

HANGUL = "가-힣"
JAMO = "ㄱ-ㅎㅏ-ㅣ"
OTHER = rf"[^\W_{HANGUL}{JAMO}]"
WORD = re.compile(rf"[{HANGUL}]+|[{JAMO}]+|{OTHER}+(?:[-_.'’]{OTHER}+)*")
PART = re.compile(r"[^\W\d_]+|\d+")
SYLLABLES = re.compile(rf"[{HANGUL}]+")
LONE_JAMO = re.compile(rf"[{JAMO}]")
CONSONANTS = re.compile("[ㄱ-ㅎ]+")
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
FIRST_SYLLABLE, SYLLABLES_OF_AN_INITIAL = ord("가"), 588
SHORTEST_INITIALS, LONGEST_INITIALS = 2, 5
PLURALS = (
    (re.compile("(?<=[^aeiou])ies$"), "y"),
    (re.compile("(?<=ss|sh|ch|zz)es$|(?<=x)es$|(?<=[^aeo]us)es$"), ""),
    (re.compile("(?<=[^sui])s$"), ""),
)


def normalise(text: str) -> str:
    """Return a text composed and without the difference of capitals."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def words_of(text: str) -> list[str]:
    """Return the runs of one script; ``wi-fi`` and ``place_id`` stay whole."""
    return WORD.findall(normalise(text))


def title_tokens(text: str) -> set[str]:
    """Return the tokens of a short text that counts most, with what finds it by one syllable or misspelt."""
    words = words_of(text)
    return {
        *pairs(words),
        *seams(words),
        *(syllable for word in words if is_hangul(word) for syllable in word),
        *(token for word in words if not is_hangul(word) for part in other_tokens(word) for token in (part, *triples(part))),
    }  # fmt: skip


def word_tokens(texts: Iterable[str]) -> set[str]:
    """Return the tokens of keywords, names and columns: pairs, and a single syllable only where it is a word."""
    tokens: set[str] = set()
    for text in texts:
        words = words_of(text)
        tokens |= pairs(words)
        tokens |= {word for word in words if is_hangul(word) and len(word) == 1}
        tokens |= {token for word in words if not is_hangul(word) for token in other_tokens(word)}
    return tokens


def text_tokens(text: str) -> set[str]:
    """Return the tokens of a long text, which no single syllable finds."""
    words = words_of(text)
    return pairs(words) | {token for word in words if not is_hangul(word) for token in other_tokens(word)}


def initial_tokens(text: str) -> set[str]:
    """Return the groups of two to five initial consonants inside of words, and those across spaces from a word's start."""
    words = [initials_of(word) if is_hangul(word) else word for word in words_of(text) if has_initials(word)]
    inside = {group for word in words for start in range(len(word)) for group in groups(word[start:])}
    return inside | {group for place in range(len(words)) for group in groups("".join(words[place:]))}


def pairs(words: list[str]) -> set[str]:
    """Return the pairs of syllables inside of words, and those of neighbouring words with a ``+``."""
    inside = {left + right for word in words if is_hangul(word) for left, right in pairwise(word)}
    across = {seam(left, right) for left, right in pairwise(words) if is_hangul(left) and is_hangul(right)}
    return inside | across


def seams(words: list[str]) -> set[str]:
    """Return what tells that words stand next to each other, in every script."""
    return {seam(left, right) for left, right in pairwise(words)}


def seam(left: str, right: str) -> str:
    return f"{left[-1] if is_hangul(left) else whole(left)}+{right[0] if is_hangul(right) else whole(right)}"


def other_tokens(word: str) -> set[str]:
    """Return the parts of a word that is not Korean, and the whole of it: ``wi``, ``fi`` and ``wifi`` of ``wi-fi``."""
    return {stem(part) for part in parts_of(word)} | {whole(word)}


def whole(word: str) -> str:
    """Return a word that is not Korean in one piece: ``wifi`` of ``Wi-Fi``."""
    return stem("".join(parts_of(word)))


def parts_of(word: str) -> list[str]:
    """Return the runs of letters and of digits, without accents."""
    return PART.findall(without_accents(word))


def without_accents(word: str) -> str:
    if word.isascii():
        return word
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))


def stem(word: str) -> str:
    """Return a word without the ending of an English plural."""
    if len(word) < 4 or not word.isascii():
        return word
    for ending, rest in PLURALS:
        if ending.search(word):
            return ending.sub(rest, word)
    return word


def triples(word: str) -> Iterator[str]:
    """Yield the groups of three letters, marked so that they are no words."""
    if len(word) > 3 and not word.isdigit():
        for start in range(len(word) - 2):
            yield f"_{word[start : start + 3]}"


def groups(consonants: str) -> Iterator[str]:
    """Yield the beginnings of a row of consonants."""
    for length in range(SHORTEST_INITIALS, min(LONGEST_INITIALS, len(consonants)) + 1):
        yield consonants[:length]


def initials_of(word: str) -> str:
    """Return the initial consonants of Korean syllables: ㅁㅅㅁㅈ of 미세먼지."""
    return "".join(INITIALS[(ord(syllable) - FIRST_SYLLABLE) // SYLLABLES_OF_AN_INITIAL] for syllable in word)


def has_initials(word: str) -> bool:
    """Tell whether a word has initial consonants: Korean ones, and those that are nothing but consonants."""
    return is_hangul(word) or CONSONANTS.fullmatch(word) is not None


def is_hangul(word: str) -> bool:
    return SYLLABLES.fullmatch(word) is not None
