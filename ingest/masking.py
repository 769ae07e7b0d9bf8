"""Secrets never leave: their every spelling becomes ``***``.

A key comes back from platforms as it was sent, percent-encoded once or twice, with ``+`` read as a space, or half
of it encoded; one pattern per secret covers all of them. Used by ``ingest/http.py`` for addresses and errors, and by
``ingest/echoes.py`` for what is kept of answers.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

MASK = "***"
STAR = ord("*")
ENCODINGS = ("utf-8", "cp949", "utf-16-le", "utf-16-be")
SHORTEST_LOOKED_FOR = 8  # in answers, where a shorter word stands by chance: the name of a city, a year
SHORTEST_RUN = 6  # letters and digits in a row, which every spelling leaves as they are
TELLING_RUN = 12  # so many stand nowhere by chance


class Mask:
    """Replaces the secrets it knows in any text; call it.

    ``needles`` are what to look for first in the bytes of an answer: where none of them stands, no secret does, apart from
    those that are shorter than SHORTEST_LOOKED_FOR. ``reach`` is the length in bytes of the longest spelling.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._in_bytes: re.Pattern[bytes] | None = None
        self._looked_for: dict[str, bytes] = {}
        self.needles: tuple[bytes, ...] = ()
        self.reach = 0
        for secret in secrets:
            self.add(secret)

    def __bool__(self) -> bool:
        return bool(self._spellings)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def add(self, secret: str) -> None:
        """Mask this secret too, in the form it was given and decoded."""
        forms = [form for form in (secret, unquote(secret)) if form]
        known = {spelling for spelling in self._spellings if spelling} | {spell(form) for form in forms}
        self._spellings = sorted(known, key=len, reverse=True)
        if self._spellings:
            self._pattern = re.compile("|".join(self._spellings))
        for form in forms:
            if len(form) >= SHORTEST_LOOKED_FOR:
                self._look_for(form)

    def in_bytes(self, content: bytes, before: int) -> bytes:
        """Return content with as many asterisks as a secret has bytes, so that everything stays in its place.

        A secret that begins at ``before`` or later is left: its end may not be there yet.
        """

        def blacken(match: re.Match[bytes]) -> bytes:
            return bytes(byte and STAR for byte in match[0]) if match.start() < before else match[0]

        return self._in_bytes.sub(blacken, content) if self._in_bytes else content

    def stands_in(self, content: bytes) -> bool:
        """Tell whether the content may hold a secret; ``in_bytes`` looks more closely."""
        return any(needle in content for needle in self.needles)

    def _look_for(self, form: str) -> None:
        if form in self._looked_for:
            return
        self._looked_for[form] = spell_in_bytes(form)
        self._in_bytes = re.compile(b"|".join(self._looked_for.values()))
        self.needles = tuple(dict.fromkeys((*self.needles, *needles_of(form))))
        self.reach = max(self.reach, 16 * len(form.encode("utf-8", "surrogatepass")))


def masked(value: Any, mask: Mask) -> Any:  # noqa: ANN401 (any value of JSON)
    """Return a value of JSON without secrets."""
    if isinstance(value, str):
        return mask(value) if may_hold(value, mask) else value
    if isinstance(value, Mapping):
        return {masked(name, mask): masked(part, mask) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part, mask) for part in value]
    return value


def may_hold(text: str, mask: Mask) -> bool:
    return mask.stands_in(text.encode("utf-8", "surrogatepass"))


def spell(secret: str) -> str:
    """Return a pattern of all spellings of a secret, character by character."""
    return "".join(map(spell_character, secret))


def spell_character(character: str) -> str:
    """A character stands plain, after backslashes (JSON, JSON in JSON), as ``\\uXXXX`` or ``&#X;``, or percent-encoded once or twice."""
    plain = "[+ ]" if character in "+ " else re.escape(character)
    percent = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass"))
    return rf"(?:\\{{0,3}}{plain}|\\u(?i:{ord(character):04x})|{percent}{entities(character)})"


def entities(character: str) -> str:
    """XML and HTML have three spellings more for what is no letter and no digit."""
    if character.isalnum():
        return ""
    named = {"&": "|&amp;", "<": "|&lt;", ">": "|&gt;", '"': "|&quot;"}.get(character, "")
    return rf"{named}|&#0*{ord(character)};|&#[xX]0*(?i:{ord(character):x});"


def needles_of(secret: str) -> list[bytes]:
    """Return what stands in the bytes of an answer wherever the secret does, in any encoding; the fewer the faster.

    That is its longest run of letters and digits: what else is in a secret has too many spellings.
    """
    run = longest_run(secret)
    if run.isascii() and len(run) >= SHORTEST_RUN:
        return [run.encode(), wide(run)]
    if len(run) < 2:
        run = secret
    quoted, escaped = quote(run, safe=""), json.dumps(run)[1:-1]
    spellings = [run, quoted, quoted.lower(), quote(quoted), quote(quoted).lower(), html.escape(run)]
    spellings += [escaped, re.sub(r"(?<=\\u)\w{4}", lambda digits: digits[0].upper(), escaped)]
    encoded = [spelling.encode(encoding, "ignore") for spelling in spellings for encoding in ENCODINGS]
    return [needle for needle in dict.fromkeys(encoded) if needle]


def longest_run(secret: str) -> str:
    return max(re.findall(r"[^\W_]+", secret), key=len, default="")


def wide(text: str) -> bytes:
    """Return ASCII text as UTF-16 has it, whichever byte comes first there."""
    return text.encode("utf-16-le", "surrogatepass")[:-1]


def spell_in_bytes(secret: str) -> bytes:
    """Return a pattern of all spellings in UTF-8, CP949 and, for ASCII, UTF-16, where every other byte is NUL.

    Where the rest is spelled in a way that nobody thought of, a long run of letters and digits is enough.
    """
    spelled, run = rb"\0?".join(map(spell_character_in_bytes, secret)), longest_run(secret)
    runs = [run.encode(), wide(run)] if run.isascii() and len(run) >= TELLING_RUN else []
    return b"(?:" + b"|".join([spelled, *map(re.escape, runs)]) + b")"


def spell_character_in_bytes(character: str) -> bytes:
    if character.isascii():
        return spell_character(character).encode()
    percent = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass"))
    written = {re.escape(character.encode(encoding, "ignore")) for encoding in ENCODINGS}
    plain = b"|".join(sorted(written - {b""}, key=len, reverse=True))
    return b"(?:" + plain + rf"|\\u(?i:{ord(character):04x})|{percent})".encode()
