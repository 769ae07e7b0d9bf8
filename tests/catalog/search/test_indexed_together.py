"""Datasets that are written together are indexed once, at the end, and as they are then."""

import pytest
from builders import make_dataset
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import SearchEntry
from catalog.publish import withdraw_dataset
from catalog.search import check_index, indexed_together

pytestmark = pytest.mark.django_db


def test_what_was_written_inside_is_found_afterwards_as_it_is_then():
    make_dataset("before")
    with transaction.atomic(), indexed_together():
        for number in range(5):
            make_dataset(f"air-{number}")
        make_dataset("air-0", title={"ko": "바뀐 이름"})
        withdraw_dataset("air-1")
        withdraw_dataset("before")
        assert set(SearchEntry.objects.values_list("slug", flat=True)) == {"before"}
    assert set(SearchEntry.objects.values_list("slug", flat=True)) == {"air-0", "air-2", "air-3", "air-4"}
    assert check_index() == []


def test_what_was_rolled_back_inside_is_not_found():
    with transaction.atomic(), indexed_together():
        make_dataset("stays")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            make_dataset("goes")
            raise ZeroDivisionError
    assert set(SearchEntry.objects.values_list("slug", flat=True)) == {"stays"}
    assert check_index() == []


def test_a_block_that_fails_leaves_nothing_waiting():
    with pytest.raises(ZeroDivisionError), transaction.atomic(), indexed_together():
        make_dataset("goes")
        raise ZeroDivisionError
    make_dataset("stays")
    assert check_index() == []


def test_many_cost_fewer_statements_than_one_by_one():
    make_dataset("first")
    with CaptureQueriesContext(transaction.get_connection()) as alone:
        make_dataset("second")
    with CaptureQueriesContext(transaction.get_connection()) as together, indexed_together():
        for number in range(10):
            make_dataset(f"air-{number}")
    assert len(together) < 8 * len(alone)
