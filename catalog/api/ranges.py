"""Byte ranges (RFC 9110, 14): which bytes of a file a request asks for. Nothing here opens files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LONGEST_HEADER = 1000
MOST_RANGES = 16
SPECIFIER = re.compile(r"(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})")


@dataclass(frozen=True)
class ByteRange:
    """Bytes ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def read_ranges(header: str, size: int) -> Sequence[ByteRange] | None:
    """Return the ranges of a ``Range`` header that a file of ``size`` bytes has; empty when it has none of them (416).

    None means that the header is to be ignored, as RFC 9110 has it: another unit, not well formed, or a request for many
    or overlapping pieces, which no download needs.
    """
    unit, is_given, specifiers = header.partition("=")
    if not is_given or unit.strip().lower() != "bytes" or len(header) > LONGEST_HEADER or not size:
        return None
    found = [SPECIFIER.fullmatch(part) for text in specifiers.split(",") if (part := text.strip(" \t"))]
    if not found or not all(found):
        return None
    wanted = [read_range(match["first"], match["last"], size) for match in found if match]
    if None in wanted:
        return None
    ranges = [item for item in wanted if isinstance(item, ByteRange) and item.length > 0]
    if len(ranges) > MOST_RANGES or any(after.first <= before.last for before, after in pairwise(ranges)):
        return None
    return ranges


def read_range(first: str, last: str, size: int) -> ByteRange | None:
    """Return one range cut to the file, of no length when the file has none of it; None when it makes no sense."""
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    if not first:
        return ByteRange(max(size - int(last), 0), size - 1)
    begin = int(first)
    return ByteRange(begin, min(int(last) if last else size, size - 1)) if begin < size else ByteRange(size, size - 1)
