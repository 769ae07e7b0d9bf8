"""Staged rows are read back as they were written, and know whether they came in order."""

import pytest
from record_rooms import make_schema

from catalog.records import Staged, discard, tabulate

ROWS = [{"name": name, "number": number} for number in range(3) for name in "ab"]
TYPES = {"name": "string", "number": "integer"}


@pytest.fixture
def staged(shared_room):
    staged = tabulate(ROWS, make_schema(**TYPES), limits=shared_room.limits)
    yield staged
    discard(staged)


def test_all_rows_are_read_with_their_numbers(staged):
    assert staged.read().read_all().to_pylist() == [{"_row": at, **row} for at, row in enumerate(ROWS, start=1)]


def test_columns_are_read_in_the_order_wanted(staged):
    assert staged.read(["number", "name"]).read_all().column_names == ["number", "name"]
    assert staged.read([]).read_all().num_rows == len(ROWS)


def test_some_batches_are_read_alone(shared_room, staged):
    assert staged.read(["name"], range(0)).read_all().num_rows == 0
    assert staged.read(["name"], range(1)).read_all().num_rows == len(ROWS)


def test_rows_are_read_as_often_as_wanted(staged):
    assert staged.read().read_all() == staged.read().read_all()


ORDERS = [
    (("number", "name"), (), ROWS, (True, True)),
    (("name", "number"), (), ROWS, (False, False)),
    (("name", "number"), ("number", "name"), ROWS, (True, True)),
    (("name", "number"), ("number",), ROWS, (True, False)),
    (("name", "number"), ("number",), ROWS[::2], (True, True)),
    (("number",), ("name",), ROWS[:2], (True, False)),
    (("number", "name"), (), [*ROWS, ROWS[-1]], (True, False)),
    ((), ("number",), ROWS, (True, False)),
    ((), (), ROWS[::-1], (True, False)),
]


@pytest.mark.parametrize(("key", "sorted_by", "rows", "expected"), ORDERS, ids=range(len(ORDERS)))
def test_the_order_that_rows_came_in_is_told(shared_room, key, sorted_by, rows, expected):
    found: Staged = tabulate(rows, make_schema(**TYPES, key=key, sorted_by=sorted_by), limits=shared_room.limits)
    discard(found)
    assert (found.order.is_kept, found.order.is_strict) == expected
