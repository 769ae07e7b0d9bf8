"""What is remembered of an answer's texts while it is typed: how well declared columns read, and examples of all others.

``drift.py`` tells from it what became of the columns. It costs next to nothing: what reads well is only counted.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.typed_rows import as_texts

SAMPLE = 300  # texts of a column
FIRST = 100
SAMPLED_COLUMNS = 200
SAMPLED_ROWS = 200_000
LONGEST = 200


@dataclass
class Reading:
    """How many filled values of a declared column came, how many do not read as its type, the first of all and of those."""

    filled: int = 0
    unread: int = 0
    unread_texts: list[str] = field(default_factory=list)
    first_texts: list[str] = field(default_factory=list)


@dataclass
class Samples:
    """Of every declared column how it reads; of every other column (``others``) some texts."""

    readings: dict[str, Reading] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)

    def count(self, column: str, texts: pa.Array, typed: pa.Array | pa.ChunkedArray) -> None:
        """Count a block of a declared column: what is a text and no value could not be read."""
        reading = self.readings.setdefault(column, Reading())
        filled = len(texts) - texts.null_count
        reading.filled += filled
        if filled and len(reading.first_texts) < FIRST:
            add_texts(reading.first_texts, as_texts(texts).drop_null().slice(0, FIRST).to_pylist(), FIRST)
        unread = typed.null_count - texts.null_count
        if not unread:
            return
        reading.unread += unread
        if len(reading.unread_texts) < SAMPLE:
            was_read = pc.is_valid(typed)
            if isinstance(was_read, pa.ChunkedArray):
                was_read = was_read.combine_chunks()
            unread_texts = texts.filter(pc.and_(pc.is_valid(texts), pc.invert(was_read)))
            add_texts(reading.unread_texts, unread_texts.slice(0, SAMPLE).to_pylist())

    def wanting(self, names: Collection[str], row: int) -> list[str]:
        """Return which of some undeclared columns want more texts from a block that begins at a row."""
        if row >= SAMPLED_ROWS:
            return []
        for name in islice(sorted(set(names) - self.others.keys()), max(0, SAMPLED_COLUMNS - len(self.others))):
            self.others[name] = []
        return [name for name in names if name in self.others and len(self.others[name]) < SAMPLE]

    def take(self, column: str, texts: Iterable[str]) -> None:
        """Keep texts of an undeclared column, as many as are wanting."""
        add_texts(self.others[column], texts)


def filled_texts(texts: pa.Array | pa.ChunkedArray) -> list[str]:
    return texts.filter(pc.greater(pc.binary_length(texts), 0)).slice(0, SAMPLE).to_pylist()


def add_texts(kept: list[str], texts: Iterable[str], most: int = SAMPLE) -> None:
    """Add texts as they can be stored anywhere: no halves of letters, no NUL, not too long."""
    for text in islice(texts, most - len(kept)):
        kept.append(text[:LONGEST].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode())
