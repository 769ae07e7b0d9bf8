"""What a connector hands on besides dictionaries and pages of them: rows that cannot become one, whole files of text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.connectors.by_column import Row
from ingest.errors import Text


@dataclass(frozen=True)
class MalformedRow:
    """``number`` counts all rows of the answer from 1, well-formed ones included; ``raw`` is the row as it was split."""

    number: int
    code: Literal["too-many-fields", "too-few-fields", "unreadable-message"]
    reason: Text
    raw: list[str] | dict[str, object]


@dataclass(frozen=True)
class DelimitedFile:
    """Rows handed on as the file that they are in: a reader by columns is ten times faster than dictionaries.

    ``start`` is where the rows begin, in bytes of the text in UTF-8 without a mark, ``lines`` how many lines come before.
    ``split`` splits lines (and how many came before them) into cells; ``finish`` is told at the end whether the last row
    was too short. Both raise what is wrong with the file.
    """

    path: Path
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    start: int
    lines: int
    split: Callable[[Iterator[str], int], Iterator[list[str]]]
    finish: Callable[[bool], None]


Handed = Row | Sequence[Row] | MalformedRow | DelimitedFile
