"""Positions of rows by what they hold: by the values of a key, by the cell of their place, by the pairs of letters of a text.

Each is two arrays on disk: sorted codes with the start of each one's run, and the positions, ascending in every run.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

CELLS_A_ROW = 1 << 32
MOST_IN_MEMORY = 20_000  # values of a key
MOST_CELL_ROWS = 512  # of a box; a larger one is scanned
# Letters whose lower case is the same to every library: a word of others is looked for in all rows.
PLAIN = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣa-z0-9 ()\-_.,/]+")
# Those of them that are no other letter's lower case: whether a text holds such a word is seen in the text as it is.
UNCASED = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ0-9 ()\-_.,/]+")


@dataclass(frozen=True)
class Postings:
    """Runs of positions: those of code ``codes[n]`` are ``positions[starts[n]:starts[n + 1]]``."""

    codes: np.ndarray
    starts: np.ndarray
    positions: np.ndarray

    @classmethod
    def open(cls, folder: Path, name: str) -> "Postings":
        return cls(*(mapped(folder / f"{name}.{part}.npy") for part in ("codes", "starts", "positions")))

    def run(self, code: int) -> np.ndarray:
        at = int(np.searchsorted(self.codes, np.uint64(code)))
        if at == len(self.codes) or self.codes[at] != code:
            return self.positions[:0]
        return self.positions[self.starts[at] : self.starts[at + 1]]

    def spans(self, firsts: np.ndarray, lasts: np.ndarray) -> np.ndarray:
        """Return the positions of all codes from each of the first to its last."""
        low = self.starts[np.searchsorted(self.codes, firsts)].tolist()
        high = self.starts[np.searchsorted(self.codes, lasts, "right")].tolist()
        return np.concatenate([self.positions[start:stop] for start, stop in zip(low, high, strict=True)])


def mapped(path: Path) -> np.ndarray:
    """Return an array that stays on disk, as a plain one: numpy's own class for it makes every look at it slower."""
    return np.load(path, mmap_mode="r").view(np.ndarray)


def make_postings(codes: np.ndarray, positions: np.ndarray) -> Postings:
    """Return the postings of pairs of a code and a position, in any order and with repetitions."""
    order = np.lexsort((positions, codes))
    codes, positions = codes[order], positions[order]
    if len(codes):
        new = np.concatenate([[True], (codes[1:] != codes[:-1]) | (positions[1:] != positions[:-1])])
        codes, positions = codes[new], positions[new]
    first = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])) if len(codes) else np.array([], np.int64)
    starts = np.append(first, len(codes)).astype(np.int64)
    return Postings(codes[first].astype(np.uint64), starts, positions.astype(np.uint32))


def write_postings(folder: Path, name: str, postings: Postings) -> None:
    for part in ("codes", "starts", "positions"):
        np.save(folder / f"{name}.{part}.npy", getattr(postings, part))


@dataclass(frozen=True)
class Keys:
    """Positions by the values of a column, which are sorted; ``ranks`` are the place of each row's value among them.

    A row without a value has the rank after all others.
    """

    postings: Postings
    ranks: np.ndarray
    values: pa.Array

    @classmethod
    def open(cls, folder: Path, column: str) -> "Keys":
        with pa.memory_map(str(folder / f"key-{column}.arrow")) as file:
            values = pa.ipc.open_file(file).read_all().column(0).combine_chunks()
        return cls(Postings.open(folder, f"key-{column}"), mapped(folder / f"key-{column}.ranks.npy"), values)

    @classmethod
    def of_column(cls, column: pa.Array) -> "Keys":
        """Return the keys of a column in memory."""
        coded = column.dictionary_encode()
        order = pc.array_sort_indices(coded.dictionary).to_numpy()
        ranks = np.full(len(column), len(order), np.uint32)
        known = np.flatnonzero(coded.indices.is_valid().to_numpy(zero_copy_only=False))
        ranks[known] = np.argsort(order)[coded.indices.drop_null().to_numpy()]
        return cls(make_postings(ranks[known].astype(np.uint64), known), ranks, coded.dictionary.take(pa.array(order)))

    @cached_property
    def texts(self) -> list[str] | None:
        """All values in memory, where these are few texts; None of others."""
        is_few = len(self.values) <= MOST_IN_MEMORY and pa.types.is_string(self.values.type)
        return [*self.values.to_pylist(), None] if is_few else None

    def find(self, value: object) -> np.ndarray:
        place, is_there = self.place_of(value)
        if not is_there:
            return self.postings.positions[:0]
        return self.postings.positions[self.postings.starts[place] : self.postings.starts[place + 1]]

    def place_of(self, value: object) -> tuple[int, bool]:
        """Return the place of a value among all values, and whether it is one of them."""
        place = bisect_left(range(len(self.values)), value, key=lambda at: self.values[at].as_py())
        return place, place < len(self.values) and self.values[place].as_py() == value


@dataclass(frozen=True)
class Cells:
    """Positions by the cells of a grid that places lie in."""

    postings: Postings
    cell: float

    def find(self, west: float, south: float, east: float, north: float) -> np.ndarray | None:
        """Return the positions of all places in the cells that a box touches, ascending; None when these are too many."""
        (first, last), (bottom, top) = (
            cell_numbers(np.clip(ends, -180.0, 180.0), self.cell) for ends in ((west, east), (south, north))
        )
        if top - bottom >= MOST_CELL_ROWS:
            return None
        rows = np.arange(bottom, top + 1, dtype=np.uint64) * np.uint64(CELLS_A_ROW)
        return np.sort(self.postings.spans(rows + np.uint64(first), rows + np.uint64(last)))


def cell_numbers(degrees: np.ndarray, cell: float) -> list[int]:
    return np.floor((degrees + 180.0) / cell).astype(np.int64).tolist()


def cell_postings(longitudes: np.ndarray, latitudes: np.ndarray, cell: float) -> Postings:
    """Return the postings of places by cell, but for those that are not known."""
    known = np.flatnonzero(np.isfinite(longitudes) & np.isfinite(latitudes))
    columns = np.floor((longitudes[known] + 180.0) / cell).astype(np.uint64)
    rows = np.floor((latitudes[known] + 180.0) / cell).astype(np.uint64)
    return make_postings(rows * np.uint64(CELLS_A_ROW) + columns, known)


@dataclass(frozen=True)
class Grams:
    """Positions by the pairs of letters of a text in lower case."""

    postings: Postings

    def find(self, word: str) -> np.ndarray | None:
        """Return the positions of all rows that may hold a word, ascending; None when the pairs cannot tell."""
        word = word.lower()
        if len(word) < 2 or not PLAIN.fullmatch(word):
            return None
        letters = np.frombuffer(word.encode("utf-32-le"), np.uint32)
        runs = sorted((self.postings.run(int(code)) for code in np.unique(pairs(letters))), key=len)
        found = runs[0]
        for run in runs[1:]:
            if len(found) == 0:
                break
            found = in_both(found, run)
        return found


def in_both(few: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Return what stands in both of two ascending arrays: the few are looked for, the many are never walked through."""
    places = np.searchsorted(many, few)
    places[places == len(many)] = 0
    return few[many[places] == few] if len(many) else many


def pairs(letters: np.ndarray) -> np.ndarray:
    return letters[:-1].astype(np.uint64) << np.uint64(21) | letters[1:].astype(np.uint64)


def gram_pairs(texts: pa.Array, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of letters of texts in lower case, and the positions of their rows, counted from ``first``."""
    lengths = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    joined = "".join(text for text in texts.to_pylist() if text)
    letters = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    rows = np.repeat(np.arange(first, first + len(texts), dtype=np.uint32), lengths)
    if len(letters) < 2:
        return np.array([], np.uint64), np.array([], np.uint32)
    inside = rows[1:] == rows[:-1]
    return pairs(letters)[inside], rows[1:][inside]
