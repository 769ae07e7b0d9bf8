"""What the tests of pulling share: a short-tempered session, and the folder of real files."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import stamina

from ingest.http import Limits, Session

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data" / "korea"
HASTY = {
    "connect": 0.5,
    "read": 0.5,
    "total": 3.0,
    "size": 2**20,
    "wait_initial": 0.01,
    "wait_max": 0.02,
    "wait_jitter": 0.01,
}


@pytest.fixture
def open_session() -> Iterator[Callable[..., Session]]:
    """Return a function that opens sessions with short limits; ``limits`` overrides some of them."""
    with ExitStack() as stack:

        def open_one(*, limits: dict[str, float] | None = None, **options: object) -> Session:
            session = Session(**{"allow_private": True, **options}, limits=Limits(**{**HASTY, **(limits or {})}))
            return stack.enter_context(session)

        yield open_one


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Let sessions ask once instead of three times with pauses; how they insist is tested with them."""
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def real_files() -> Path:
    """Return the folder of real municipal files, or skip: they are not ours to ship."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real municipal files are not here ({SHARED_DATA.name})")
    return SHARED_DATA
