"""Hubs by the handful: one nursery for all tests of a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fault_proxy import FaultProxy
from forked_hubs import ForkedHub, Nursery, forked_hub, nursery

Make = Callable[[str], ForkedHub]


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("hubs")) as made:
        yield made


@pytest.fixture
def hub(forks: Nursery) -> Iterator[Make]:
    """Make an empty hub of a name that serves."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(forked_hub(forks, name))


@pytest.fixture
def line() -> Iterator[Callable[[ForkedHub], FaultProxy]]:
    """Draw a line to a hub, on which things can be made to go wrong."""
    with ExitStack() as stack:

        def draw(to: ForkedHub) -> FaultProxy:
            proxy = FaultProxy(to.port)
            stack.callback(proxy.close)
            return proxy

        yield draw
