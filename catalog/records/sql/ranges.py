"""Within which range a hidden number can lie, for one who knows totals over the hidden numbers and that none is negative.

The simplex method on plain tables: every table of numbers that it walks over agrees with all totals, so that two of them
prove a range. Nothing of it is a guess: what is not proven counts as narrow.
"""

from collections.abc import Sequence

import numpy as np

SMALL = 1e-7
GREEDY_STEPS = 200  # then the rule that cannot go round in circles
Numbers = np.ndarray


def find_ranges(values: Numbers, totals: Sequence[Numbers], wanted: Numbers) -> Numbers:
    """Return how wide the range of each number is, at least as far as ``wanted`` is reached.

    ``totals``: for each set of totals, in which of them a number is, -1 for none.
    """
    walk = Walk(values, totals)
    for number in np.argsort(-wanted, kind="stable"):
        for sign in (1.0, -1.0):
            if walk.high[number] - walk.low[number] < wanted[number] - SMALL:
                walk.go_far(int(number), sign, float(wanted[number]))
    return walk.widths


class Walk:
    """A walk over the corners of all that agrees with the totals; how low and how high each number was is kept."""

    def __init__(self, values: Numbers, totals: Sequence[Numbers]) -> None:
        size = values.size
        rows = np.vstack([np.arange(int(total.max()) + 1)[:, None] == total for total in totals]).astype(float)
        count = rows.shape[0]
        self.low, self.high = values.astype(float), values.astype(float)
        self.size = size
        self.table = np.hstack([rows, np.eye(count), (rows @ values)[:, None]])
        self.basis = np.arange(size, size + count)
        self.maximise(np.r_[np.zeros(size), -np.ones(count)], is_kept=False)
        self.drop_helpers()
        self.keep()

    @property
    def widths(self) -> Numbers:
        return np.round(self.high - self.low, 6)

    def go_far(self, number: int, sign: float, wanted: float) -> None:
        """Walk to where a number is greatest (or least), or wide enough."""
        aim = np.zeros(self.size)
        aim[number] = sign
        self.maximise(aim, until=(number, wanted))

    def maximise(self, aim: Numbers, *, is_kept: bool = True, until: tuple[int, float] | None = None) -> None:
        steps = 0
        while True:
            gains = aim - aim[self.basis] @ self.table[:, :-1]
            candidates = np.flatnonzero(gains > SMALL)
            if not candidates.size:
                return
            column = candidates[np.argmax(gains[candidates])] if steps < GREEDY_STEPS else candidates[0]
            up = self.table[:, column] > SMALL
            if not up.any():
                return
            ratios = np.full(up.size, np.inf)
            ratios[up] = self.table[up, -1] / self.table[up, column]
            ties = np.flatnonzero(ratios <= ratios.min() + SMALL)
            self.pivot(int(ties[np.argmin(self.basis[ties])]), int(column))
            steps += 1
            if is_kept:
                self.keep()
                if until and self.high[until[0]] - self.low[until[0]] >= until[1] - SMALL:
                    return

    def pivot(self, row: int, column: int) -> None:
        self.table[row] /= self.table[row, column]
        others = self.table[:, column].copy()
        others[row] = 0.0
        touched = np.flatnonzero(np.abs(others) > 1e-12)
        self.table[touched] -= others[touched, None] * self.table[row]
        self.basis[row] = column

    def drop_helpers(self) -> None:
        """Leave the numbers alone in the table; a total that others make up goes with its helper."""
        for row in range(self.basis.size):
            if self.basis[row] >= self.size:
                usable = np.flatnonzero(np.abs(self.table[row, : self.size]) > SMALL)
                if usable.size:
                    self.pivot(row, int(usable[0]))
        kept = self.basis < self.size
        self.basis = self.basis[kept]
        self.table = np.hstack([self.table[kept, : self.size], self.table[kept, -1:]])

    def keep(self) -> None:
        values = np.zeros(self.size)
        values[self.basis] = np.maximum(self.table[:, -1], 0.0)
        np.minimum(self.low, values, out=self.low)
        np.maximum(self.high, values, out=self.high)
