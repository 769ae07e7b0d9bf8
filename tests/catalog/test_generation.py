"""What is kept of what was looked up: so many, and of large things so much."""

from catalog.generation import LookedUp


def kept_of(sizes: list[int], most: int, most_weight: int) -> list[str]:
    kept = LookedUp(most, for_ever=True, weigh=len, most_weight=most_weight)
    for number, size in enumerate(sizes):
        kept.get(str(number), lambda size=size: "x" * size)
    return list(kept.values)


def test_the_oldest_goes_when_there_are_too_many():
    assert kept_of([1, 1, 1, 1], most=2, most_weight=100) == ["2", "3"]


def test_the_oldest_go_when_all_together_are_too_heavy():
    assert kept_of([30, 30, 50], most=8, most_weight=100) == ["1", "2"]


def test_the_newest_stays_however_heavy_it_is():
    assert kept_of([30, 500], most=8, most_weight=100) == ["1"]
