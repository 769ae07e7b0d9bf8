"""Undoing a body's Content-Encoding in bounded pieces, with its end proven.

The HTTP library's own decoder takes half a gzip body for a whole one. Used by ``ingest/http.py`` alone.
"""

import zlib
from collections.abc import Iterable, Iterator

from catalog.text import Text
from ingest.errors import BrokenOff, UnreadableAnswer

PIECE = 64 * 1024
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
GZIP_START = b"\x1f\x8b"
NO_END = Text(ko="압축된 본문의 끝이 없습니다", en="the compressed body has no end")


def decode(pieces: Iterable[bytes], encoding: str, address: str) -> Iterator[bytes]:
    """Yield the decoded body; a compressed one that is damaged or lacks its end is broken off."""
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UnreadableAnswer(address=address, format="HTTP", reason=f"Content-Encoding: {encoding[:40]}")
    inflater, started = zlib.decompressobj(GZIP_OR_ZLIB), False
    try:
        for piece in pieces:
            started = True
            while piece and not (inflater.eof and not piece.startswith(GZIP_START)):  # what follows the end is padding
                if inflater.eof:
                    inflater = zlib.decompressobj(GZIP_OR_ZLIB)
                yield from inflate(inflater, piece)
                piece = inflater.unused_data
    except zlib.error as error:
        raise BrokenOff(address=address, reason=str(error)) from error
    if started and not inflater.eof:
        raise BrokenOff(address=address, reason=NO_END)


def inflate(inflater: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Decompress in pieces of bounded size: a bomb is met by the byte cap, not by the memory."""
    while True:
        piece = inflater.decompress(data, PIECE)
        if piece:
            yield piece
        data = inflater.unconsumed_tail
        if not data and len(piece) < PIECE:
            return
