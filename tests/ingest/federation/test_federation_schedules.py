"""Generated schedules of faults: whatever happened, one undisturbed reading makes both hubs the same.

Here is a hundred of them; ``python -m tests.benchmarks.bench_federation_faults`` runs as many as one likes.
"""

from collections.abc import Iterator

import pytest
from fault_schedules import AT_HOME, ON_THE_LINE, Pair, pair_of_hubs, run_schedule
from forked_hubs import nursery

pytestmark = pytest.mark.journey
SCHEDULES = 100


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with nursery(tmp_path_factory.mktemp("schedules")) as forks, pair_of_hubs(forks) as made:
        yield made


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("hundred", range(SCHEDULES // 100))
def test_after_any_faults_a_reading_finds_everything_once(pair: Pair, hundred: int):
    for seed in range(hundred * 100, hundred * 100 + 100):
        run_schedule(pair, seed)


def test_every_fault_has_happened(pair: Pair):
    if sum(pair.outcomes.values()) < SCHEDULES:
        pytest.skip("only after all schedules")
    assert set(pair.happened) == {*ON_THE_LINE, *AT_HOME}
    assert {"done", "failed", "died"} <= set(pair.outcomes)
