import pytest

from ingest.platform.keeping import WRITERS
from ingest.platform.known import REGISTER


@pytest.fixture(autouse=True)
def own_inboxes(settings, own_folders):
    """Let every test have its own inboxes, and know no platform of another one."""
    settings.INBOX_DIR = own_folders / "inbox"
    REGISTER.forget()
    WRITERS.clear()
    yield
    REGISTER.forget()
