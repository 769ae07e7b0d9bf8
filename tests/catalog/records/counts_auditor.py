"""An auditor of suppressed tables: what somebody can work out who knows all totals and every row that is seen.

It shares nothing with the code it looks after: exact fractions, the textbook's simplex method, one row at a time.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

Row = tuple[object, ...]


def ranges(
    rows: Sequence[tuple[Row, int]],
    hidden: Sequence[bool],
    groupings: Sequence[Sequence[int]],
    *,
    least: int = 0,
    untold: int = 0,
) -> dict[int, tuple[Fraction, Fraction]]:
    """Return how low and how high each hidden count may be; ``groupings`` are positions in the key of a row.

    Everybody knows each count to be ``least`` at least, and of a total below ``untold`` only that it is.
    """
    unknown = [number for number, is_hidden in enumerate(hidden) if is_hidden]
    totals = list(equations(rows, unknown, groupings, least))
    small = {}
    for position, (left, right) in enumerate(totals):
        total = right + least * sum(left)
        if total < untold and is_hidden_whole(rows, hidden, groupings, position, unknown):
            small[position] = untold - 1 - total
    for position, (left, right) in enumerate(totals):
        totals[position] = ([*left, *(Fraction(position == other) for other in small)], right + small.get(position, 0))
    size = len(unknown) + len(small)
    found = {}
    for at, number in enumerate(unknown):
        aim = [Fraction(at == other) for other in range(size)]
        high = greatest(aim, totals)
        low = -greatest([-one for one in aim], totals)
        found[number] = (low + least, high + least)
    return found


def is_hidden_whole(
    rows: Sequence[tuple[Row, int]],
    hidden: Sequence[bool],
    groupings: Sequence[Sequence[int]],
    position: int,
    unknown: Sequence[int],
) -> bool:
    groups = [
        {tuple(rows[number][0][at] for at in positions): positions for number in unknown} for positions in groupings
    ]
    key, positions = [pair for each in groups for pair in each.items()][position]
    return all(
        is_hidden for is_hidden, (own, _) in zip(hidden, rows, strict=True) if tuple(own[at] for at in positions) == key
    )


def equations(
    rows: Sequence[tuple[Row, int]], unknown: Sequence[int], groupings: Sequence[Sequence[int]], least: int
) -> Iterator[tuple[list[Fraction], Fraction]]:
    """Yield what the totals say of the unknown counts, each less what it is at least."""
    for positions in groupings:
        groups: dict[Row, list[int]] = {}
        for at, number in enumerate(unknown):
            groups.setdefault(tuple(rows[number][0][position] for position in positions), []).append(at)
        for members in groups.values():
            left = [Fraction(at in members) for at in range(len(unknown))]
            yield left, Fraction(sum(rows[unknown[at]][1] - least for at in members))


def greatest(aim: Sequence[Fraction], totals: Sequence[tuple[list[Fraction], Fraction]]) -> Fraction:
    """Return the greatest value of ``aim`` over all that is not negative and meets the totals (Bland's rule)."""
    count, size = len(totals), len(aim)
    table = [
        [*left, *(Fraction(row == other) for other in range(count)), right] for row, (left, right) in enumerate(totals)
    ]
    basis = list(range(size, size + count))
    climb(table, basis, [Fraction(0)] * size + [Fraction(-1)] * count)
    for row in range(count):
        if basis[row] >= size:
            column = next((column for column in range(size) if table[row][column]), None)
            if column is not None:
                turn(table, basis, row, column)
    kept = [row for row in range(count) if basis[row] < size]
    table = [[*table[row][:size], table[row][-1]] for row in kept]
    basis = [basis[row] for row in kept]
    climb(table, basis, list(aim))
    return sum((aim[column] * table[row][-1] for row, column in enumerate(basis)), Fraction(0))


def climb(table: list[list[Fraction]], basis: list[int], aim: Sequence[Fraction]) -> None:
    while True:
        column = next(
            (
                column
                for column in range(len(aim))
                if aim[column] > sum(aim[basis[row]] * table[row][column] for row in range(len(table)))
            ),
            None,
        )
        if column is None:
            return
        rows = [row for row in range(len(table)) if table[row][column] > 0]
        turn(table, basis, min(rows, key=lambda row: (table[row][-1] / table[row][column], basis[row])), column)


def turn(table: list[list[Fraction]], basis: list[int], row: int, column: int) -> None:
    table[row] = [value / table[row][column] for value in table[row]]
    for other in range(len(table)):
        if other != row and (factor := table[other][column]):
            table[other] = [value - factor * own for value, own in zip(table[other], table[row], strict=True)]
    basis[row] = column


def ranges_by_trial(
    rows: Sequence[tuple[Row, int]], hidden: Sequence[bool], groupings: Sequence[Sequence[int]]
) -> dict[int, tuple[int, int]]:
    """Return the same by trying every table of whole numbers, for the smallest ones."""
    unknown = [number for number, is_hidden in enumerate(hidden) if is_hidden]
    totals = list(equations(rows, unknown, groupings, 0))
    most = [int(min((right for left, right in totals if left[at]), default=Fraction(0))) for at in range(len(unknown))]
    fitting = [
        tried
        for tried in product(*(range(one + 1) for one in most))
        if all(sum(value for value, is_in in zip(tried, left, strict=True) if is_in) == right for left, right in totals)
    ]
    return {
        number: (min(tried[at] for tried in fitting), max(tried[at] for tried in fitting))
        for at, number in enumerate(unknown)
    }


def linked_with(rows: Sequence[tuple[Row, int]], groupings: Sequence[Sequence[int]], number: int) -> list[int]:
    """Return the rows that are linked with one by totals, over however many others."""
    seen, waiting = {number}, [number]
    while waiting:
        own = rows[waiting.pop()][0]
        for other, (key, _) in enumerate(rows):
            if other not in seen and any(all(own[at] == key[at] for at in positions) for positions in groupings):
                seen.add(other)
                waiting.append(other)
    return sorted(seen)
