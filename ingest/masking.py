"""Secrets never leave: their every spelling becomes ``***``.

A key comes back from platforms as it was sent, percent-encoded once or twice, with ``+`` read as a space, or half
of it encoded; one pattern per secret covers all of them. Used by ``ingest/http.py`` for addresses and answers.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

MASK = "***"


class Mask:
    """Replaces the secrets it knows in any text; call it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def __bool__(self) -> bool:
        return bool(self._spellings)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def add(self, secret: str) -> None:
        """Mask this secret too, in the form it was given and decoded."""
        known = {spelling for spelling in self._spellings if spelling}
        known |= {spell(form) for form in (secret, unquote(secret)) if form}
        self._spellings = sorted(known, key=len, reverse=True)
        if self._spellings:
            self._pattern = re.compile("|".join(self._spellings))


def spell(secret: str) -> str:
    """Return a pattern of all spellings of a secret, character by character."""
    return "".join(map(spell_character, secret))


def spell_character(character: str) -> str:
    """A character stands plain, after a backslash (JSON), as ``\\uXXXX``, or percent-encoded once or twice."""
    plain = "[+ ]" if character in "+ " else re.escape(character)
    percent = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass"))
    return rf"(?:\\?{plain}|\\u(?i:{ord(character):04x})|{percent})"
