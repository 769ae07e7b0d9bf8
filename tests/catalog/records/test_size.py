"""How large a download will be."""

import pytest
from builders import SCHEMA

from catalog.records import estimate_size
from catalog.records.size import SAMPLE


def row(number):
    return {"station_id": f"{number:06}", "district": "강남구", "pm10": str(number % 300), "observed_on": "2018-01-01"}


@pytest.mark.parametrize(("rows", "share"), [(0, 0), (3, 0), (SAMPLE, 0), (SAMPLE * 5 // 2, 0.02)])
def test_a_size_is_exact_for_few_records_and_close_for_many(shared_room, rows, share):
    manifest = shared_room.write([row(number) for number in range(rows)], SCHEMA)
    true_size = len(shared_room.encoded(manifest, "csv"))
    assert abs(estimate_size(manifest, "csv", shared_room.store, shared_room.limits) - true_size) <= true_size * share
