"""Which rows of an answer are hidden: the small ones, and as many others as it takes that totals do not tell them.

Numbers only: rows are positions, a grouping is the number of the group that each row is in. What is promised stands in
``docs/recipes.md``; ranges are worked out in ``ranges.py``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from catalog.errors import TooExpensive
from catalog.records.sql.ranges import find_ranges
from catalog.text import Text

MOST_LINKED = 20_000_000  # numbers of the table that one piece is worked out with: 160 MB
UNSURE = 1e-5  # of a width
Numbers = np.ndarray


@dataclass(frozen=True)
class Sizes:
    """What is known of each row. ``order``: which of two is hidden rather, the lower one.

    ``least``: what everybody knows each count to be at least, 1 where hidden rows can be seen to be there.
    ``others``: numbers of values that were counted with the row, one array for each measure; a number of 0 tells nothing.
    """

    counts: Numbers
    is_small: Numbers
    order: Numbers
    least: float = 0.0
    others: tuple[Numbers, ...] = ()


def choose_hidden(sizes: Sizes, groupings: Sequence[Numbers], minimum: int) -> Numbers:
    """Tell of each row whether it is hidden; ``groupings`` hold the totals that are known, none of them part of another.

    The same rows always give the same answer, in whatever sequence they come.
    """
    hidden = sizes.is_small.copy()
    reach = Reach(sizes, groupings, minimum)
    proven: set[bytes] = set()  # what hangs together and is well hidden, which is looked at once
    while True:
        hide_for_sums(hidden, sizes, groupings, minimum)
        if len(groupings) < 2:
            return hidden
        more: set[int] = set()
        for piece in linked_pieces(hidden, groupings):
            if (name := piece.rows.tobytes()) not in proven:
                found = rows_for_ranges(piece, reach)
                more |= found
                if not found:
                    proven.add(name)
        if not more:
            return hidden
        hidden[sorted(more)] = True


def hide_for_sums(hidden: Numbers, sizes: Sizes, groupings: Sequence[Numbers], minimum: int) -> None:
    """Hide more until in every group what is hidden is nothing, or at least two rows with room for ``minimum`` between them.

    Where all of a group is hidden there is nothing left to do.
    """
    is_stable = False
    while not is_stable:
        is_stable = True
        for groups in groupings:
            while (more := rows_for_sums(hidden, sizes, groups, minimum)).size:
                hidden[more] = True
                is_stable = False


def rows_for_sums(hidden: Numbers, sizes: Sizes, groups: Numbers, minimum: int) -> Numbers:
    """Return the first row to be hidden of every group whose hidden rows its total would tell."""
    size = int(groups.max(initial=-1)) + 1
    number = np.bincount(groups[hidden], minlength=size)
    room = np.bincount(groups[hidden], sizes.counts[hidden] - sizes.least, size)
    wants = (number > 0) & ((number < 2) | (room < minimum))
    more = [np.flatnonzero(~hidden & wants[groups])]
    for values in sizes.others:
        told = np.bincount(groups[hidden], values[hidden], size)
        wants = (told > 0) & (told < minimum)
        more.append(np.flatnonzero(~hidden & (values > 0) & wants[groups]))
    return np.concatenate([first_of(rows, groups, sizes.order) for rows in more])


def first_of(rows: Numbers, groups: Numbers, order: Numbers) -> Numbers:
    """Return of each group the row that is hidden first."""
    rows = rows[np.argsort(order[rows], kind="stable")]
    return rows[np.unique(groups[rows], return_index=True)[1]]


@dataclass(frozen=True)
class Piece:
    """Hidden rows that hang together by totals, and for each grouping the rows around that are seen."""

    rows: Numbers
    around: list[Numbers]


def linked_pieces(hidden: Numbers, groupings: Sequence[Numbers]) -> Iterator[Piece]:
    """Yield the hidden rows by what hangs together: each shares a total with another one of its piece."""
    rows, seen = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    marks = marks_of(rows, groupings)
    names = np.unique(marks)
    around = []
    for groups in groupings:
        of_group = np.full(int(groups.max(initial=-1)) + 1, -1)
        of_group[groups[rows]] = marks
        around.append(by_mark(seen, of_group[groups[seen]], names))
    yield from (Piece(own, list(near)) for own, *near in zip(by_mark(rows, marks, names), *around, strict=True))


def marks_of(rows: Numbers, groupings: Sequence[Numbers]) -> Numbers:
    """Return for each row a number that is the same for all that hang together."""
    marks, before = np.arange(rows.size), np.array([], int)
    while not np.array_equal(marks, before):
        before = marks
        for groups in groupings:
            lowest = np.full(int(groups.max(initial=-1)) + 1, rows.size)
            np.minimum.at(lowest, groups[rows], marks)
            marks = lowest[groups[rows]]
    return marks


def by_mark(rows: Numbers, marks: Numbers, names: Numbers) -> list[Numbers]:
    """Return the rows of each of the names, in their sequence; ``names`` are sorted."""
    order = np.argsort(marks, kind="stable")
    edges = np.searchsorted(marks[order], names, "left"), np.searchsorted(marks[order], names, "right")
    return [rows[order[start:end]] for start, end in zip(*edges, strict=True)]


@dataclass
class Reach:
    """How wide the range of a row would be if all rows were hidden that are linked with it: more cannot be had by hiding."""

    sizes: Sizes
    groupings: Sequence[Numbers]
    minimum: int

    def __post_init__(self) -> None:
        self.widths = np.full(self.sizes.counts.size, np.nan)

    @cached_property
    def marks(self) -> Numbers:
        return marks_of(np.arange(self.sizes.counts.size), self.groupings)

    def of(self, rows: Numbers) -> Numbers:
        """Return it for rows that are linked, at least as far as anybody wants to know."""
        unknown = rows[np.isnan(self.widths[rows])]
        if unknown.size:
            everything = np.flatnonzero(self.marks == self.marks[rows[0]])
            none: Numbers = np.array([], int)
            puzzle = puzzle_of(Piece(everything, [none] * len(self.groupings)), self)
            is_asked = np.r_[np.isin(everything, unknown), np.zeros(puzzle.wanted.size - everything.size, bool)]
            widths = find_ranges(puzzle.values, puzzle.totals, np.where(is_asked, puzzle.wanted, 0.0))
            self.widths[unknown] = widths[: everything.size][np.isin(everything, unknown)]
        return self.widths[rows]


def rows_for_ranges(piece: Piece, reach: Reach) -> set[int]:
    """Return what is to be hidden beside a piece because a row of it lies within too narrow a range.

    A small row's range is ``minimum`` wide, any other one's is one, or what it would be with all linked rows hidden.
    """
    rows, groupings, order = piece.rows, reach.groupings, reach.sizes.order
    if not any(near.size for near in piece.around):
        return set()
    puzzle = puzzle_of(piece, reach)
    widths = find_ranges(puzzle.values, puzzle.totals, puzzle.wanted)[: rows.size]
    is_narrow = widths < puzzle.wanted[: rows.size]
    if is_narrow.any():
        is_narrow[is_narrow] = widths[is_narrow] < reach.of(rows[is_narrow]) - UNSURE
    near_by = rows[is_narrow]
    while near_by.size:
        found: set[int] = set()
        for groups, near in zip(groupings, piece.around, strict=True):
            found |= set(first_of(near[np.isin(groups[near], groups[near_by])], groups, order).tolist())
        if found:
            return found
        # Nothing is seen beside it: one row further, over what is hidden.
        near_by = rows[np.any([np.isin(groups[rows], groups[near_by]) for groups in groupings], axis=0)]
    return set()


@dataclass(frozen=True)
class Puzzle:
    """What is to be worked out: numbers of 0 or more, in which of each set of totals they are (-1: in none), and how wide
    the range of each should be."""

    values: Numbers
    totals: list[Numbers]
    wanted: Numbers


def puzzle_of(piece: Piece, reach: Reach) -> Puzzle:
    """Return what is known of a piece to one who has all totals, but of a small total only that it is small.

    A total below ``minimum`` is not told anywhere: a number more stands for what is missing to the greatest it may be.
    """
    rows, sizes, minimum = piece.rows, reach.sizes, reach.minimum
    totals, missing = [], []
    for at, (groups, near) in enumerate(zip(reach.groupings, piece.around, strict=True)):
        names, total = np.unique(groups[rows], return_inverse=True)
        sums = np.bincount(total, sizes.counts[rows])
        is_untold = ~np.isin(names, groups[near]) & (sums < minimum - 1)
        missing += [(at, name, minimum - 1 - sums[name]) for name in np.flatnonzero(is_untold)]
        totals.append(total)
    count = sum(int(total.max()) + 1 for total in totals)
    if (rows.size + len(missing) + count) * count > MOST_LINKED:
        raise too_linked(rows.size)
    places = np.full((len(totals), len(missing)), -1)
    for position, (at, name, _) in enumerate(missing):
        places[at, position] = name
    return Puzzle(
        values=np.r_[sizes.counts[rows] - sizes.least, [lacking for _, _, lacking in missing]],
        totals=[np.r_[total, place] for total, place in zip(totals, places, strict=True)],
        wanted=np.r_[np.where(sizes.is_small[rows], float(minimum), 1.0), np.zeros(len(missing))],
    )


def too_linked(number: int) -> TooExpensive:
    return TooExpensive(
        reason=Text(
            ko=f"가릴 {number:,}행이 within의 합계로 모두 이어져 있어 계산할 수 없습니다. 기간처럼 나누는 열을 within의 모든 "
            "목록에 넣으십시오",
            en=f"{number:,} hidden rows are all linked by the totals of within, too many to be worked out; put a column that "
            "divides them, such as the period, into every list of within",
        )
    )
