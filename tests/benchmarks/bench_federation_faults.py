"""Thousands of generated schedules of faults between two hubs; each failure is told by its seed and what happened.

``python -m tests.benchmarks.bench_federation_faults [--schedules 5000] [--first 100000] [--pairs 2]``: every schedule begins
where the one before has left both hubs; a pair that fails is replaced by a new one.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).parent
PLACES = [HERE.parents[1], HERE.parent, HERE.parent / "ingest", HERE.parent / "ingest" / "federation"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--schedules", type=int, default=5000)
    arguments.add_argument("--first", type=int, default=100_000, help="the first seed")
    arguments.add_argument("--pairs", type=int, default=2, help="pairs of hubs at once")
    asked = arguments.parse_args()
    started = time.monotonic()
    share = -(-asked.schedules // asked.pairs)
    firsts = [asked.first + number * share for number in range(asked.pairs)]
    with get_context("spawn").Pool(asked.pairs) as pool:
        told = pool.starmap(run, [(first, share) for first in firsts])
    happened, failed = sum((one for one, _ in told), Counter()), [seed for _, seeds in told for seed in seeds]
    seconds = time.monotonic() - started
    print(f"{share * asked.pairs:,} schedules in {seconds:.0f} s, {len(failed)} failed {failed[:20]}")
    print(", ".join(f"{name} {count:,}" for name, count in happened.most_common()))
    sys.exit(bool(failed))


def run(first: int, count: int) -> tuple[Counter[str], list[int]]:
    """Run so many schedules over one pair of hubs after the other; return what happened, and the seeds that failed."""
    sys.path[:0] = map(str, PLACES)
    happened: Counter[str] = Counter()
    failed: list[int] = []
    with tempfile.TemporaryDirectory(prefix="hub-schedules-") as name:
        os.environ |= {"HUB_DATA_DIR": name, "DJANGO_SETTINGS_MODULE": "datahub.settings"}
        import_module("django").setup()
        schedules, forked = import_module("fault_schedules"), import_module("forked_hubs")
        folder = Path(name, "hubs")
        folder.mkdir()
        seeds = iter(range(first, first + count))
        with forked.nursery(folder) as forks:
            while (seed := next(seeds, None)) is not None:
                with schedules.pair_of_hubs(forks) as pair:
                    while seed is not None:
                        try:
                            schedules.run_schedule(pair, seed)
                        except AssertionError as error:
                            print(seed, error, *error.__notes__, sep="\n  ", flush=True)
                            failed.append(seed)
                            break
                        seed = next(seeds, None)
                happened += pair.happened + pair.outcomes
    return happened, failed


if __name__ == "__main__":
    main()
