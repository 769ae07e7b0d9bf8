"""Rows written down as JSON lines in pieces of bounded size, as they pass: what a database said, kept like any answer."""

import hashlib
import itertools
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ingest.json_text import load_json

ROWS_A_PIECE, BYTES_A_PIECE = 50_000, 64 * 2**20  # whichever is reached first
ROWS_A_PAGE = 1_000
BUFFER = 2**20


@dataclass(frozen=True)
class Piece:
    """A file of JSON lines."""

    path: Path
    size: int
    sha256: str


class PieceWriter:
    """Writes one piece; ``is_full`` says when it is time for the next. One that is given up leaves its file to the folder."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder)
        self._path, self._file = Path(name), os.fdopen(descriptor, "wb")
        self._digest = hashlib.sha256()
        self._lines: list[bytes] = []
        self._held = self._size = self._rows = 0

    @property
    def is_full(self) -> bool:
        return self._rows >= ROWS_A_PIECE or self._size + self._held >= BYTES_A_PIECE

    def write(self, line: bytes) -> None:
        self._lines.append(line)
        self._rows += 1
        self._held += len(line)
        if self._held >= BUFFER:
            self._flush()

    def close(self) -> Piece:
        self._flush()
        self._file.close()
        return Piece(self._path, self._size, self._digest.hexdigest())

    def give_up(self) -> None:
        self._file.close()

    def _flush(self) -> None:
        block = b"".join(self._lines)
        self._digest.update(block)
        self._file.write(block)
        self._size += self._held
        self._held = 0
        self._lines.clear()


def lines_of(page: Sequence[Mapping[str, object]]) -> list[bytes]:
    """Return each row as a line of JSON."""
    try:
        return [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in page]
    except orjson.JSONEncodeError:
        return list(map(line_of, page))


def line_of(row: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # whole numbers of more than 64 bits
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def read_pages(path: Path) -> Iterator[list[Any]]:
    """Yield the rows of a piece again, page by page."""
    with path.open("rb") as file:
        while lines := list(itertools.islice(file, ROWS_A_PAGE)):
            yield list(map(load_json, lines))
