"""Secrets that platforms send back: in the body of an answer, an error's text, the address of a next page.

What is kept of an answer has asterisks in their place (``write_masked``), and as soon as one answer of a run was found to
hold a secret, the records of the run are masked too (``masked_rows``): what is published, refused, found or told afterwards
is made of them. A connector itself reads what the platform said, because a next page's address has the key in it.
"""

import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any

from catalog.errors import HubError
from catalog.text import Text
from ingest.connectors import PAGES, DelimitedFile, Handed, MalformedRow
from ingest.errors import InternalError
from ingest.http import Answer
from ingest.masking import Mask, masked

PIECE = 1 << 20
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"7z\xbc\xaf", b"BZh")  # a secret cannot be seen from outside
logger = logging.getLogger(__name__)


class Echoes:
    """What a run has seen of its own secrets; ``are_possible`` from the first answer on that holds one, or may hold one."""

    def __init__(self, *, are_possible: bool = False) -> None:
        self.are_possible = are_possible

    def copy(self, answer: Answer, target: IO[bytes], mask: Mask) -> bool:
        """Copy an answer without the secrets that it repeats; tell whether it does."""
        with answer.path.open("rb") as source:
            found, is_packed = write_masked(source, target, mask)
        self.are_possible |= found or is_packed
        return found


def write_masked(source: IO[bytes], target: IO[bytes], mask: Mask) -> tuple[bool, bool]:
    """Copy what is read and blacken secrets, also those that stand across two pieces.

    Tell whether there was one, and whether the file is compressed, so that none could be seen.
    """
    found, held, piece = False, b"", source.read(PIECE)
    is_packed = bool(mask.needles) and piece.startswith(PACKED)
    while piece:
        held, piece = held + piece, source.read(PIECE)
        cut = max(len(held) - mask.reach, 0) if piece else len(held)
        if mask.stands_in(held):
            blackened = mask.in_bytes(held, before=cut)
            found, held = found or blackened != held, blackened
        target.write(memoryview(held)[:cut])
        held = held[cut:]
    return found, is_packed


def masked_rows(rows: Iterable[Handed], mask: Mask, echoes: Echoes) -> Iterator[Handed]:
    """Yield the rows of a connector without the secrets that the platform repeated in them."""
    for row in rows:
        if not echoes.are_possible:
            yield row
        elif isinstance(row, PAGES):
            yield [masked(one, mask) for one in row]
        elif isinstance(row, DelimitedFile):
            yield mask_delimited(row, mask)
        elif isinstance(row, MalformedRow):
            yield replace(row, raw=masked(row.raw, mask))
        else:
            yield masked(row, mask)


def mask_delimited(file: DelimitedFile, mask: Mask) -> DelimitedFile:
    """Blacken the secrets in the file itself: nothing of it moves, so that the rows still begin where they did."""
    blackened = file.path.with_name(f"{file.path.name}.masked")
    with file.path.open("rb") as source, blackened.open("wb") as target:
        found, _ = write_masked(source, target, mask)
    if not found:
        blackened.unlink()
        return file
    blackened.replace(file.path)
    return replace(file, names=tuple(map(mask, file.names)))


@contextmanager
def told_without_secrets(mask: Mask) -> Iterator[None]:
    """Let no error leave that has a secret in its words, whoever wrote them; a fault of the hub is logged here, masked."""
    try:
        yield
    except HubError as error:
        told = masked_words(error.text, mask)
        if told == error.text:
            raise
        error.values = {name: masked_words(value, mask) for name, value in error.values.items()}
        error.text, error.args = told, (told.en,)
        raise error from None
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        if mask(trace) == trace:
            raise
        logger.error("a fault of the hub itself, with a secret in its words:\n%s", mask(trace))
        raise InternalError from None


def masked_words(value: Any, mask: Mask) -> Any:  # noqa: ANN401 (whatever fills a sentence)
    if isinstance(value, Text):
        return Text(ko=mask(value.ko), en=mask(value.en))
    if isinstance(value, list | tuple | set | frozenset):
        return [masked_words(part, mask) for part in value]
    return mask(value) if isinstance(value, str) else value
