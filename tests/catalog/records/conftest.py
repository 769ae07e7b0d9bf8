import pytest
from record_rooms import Room
from sql_hub import Hub


@pytest.fixture(scope="session")
def shared_room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A room for all tests that only add to it: files are named by their content, and opening the engine costs 25 ms."""
    return Room(tmp_path_factory.mktemp("records"))


@pytest.fixture
def room(tmp_path) -> Room:
    """A room of the test's own, for those that look into its folders."""
    return Room(tmp_path / "records")


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """The datasets that questions in SQL are asked of; nothing that a test does changes them."""
    return Hub(tmp_path_factory.mktemp("sql"))
