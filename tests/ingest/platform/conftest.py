import importlib

import pytest
from django.apps import apps

from ingest.models import EventRule
from ingest.platform.keeping import WRITERS
from ingest.platform.known import REGISTER

SEEDED = importlib.import_module("ingest.migrations.0005_event_rules")


@pytest.fixture(autouse=True)
def own_inboxes(settings, own_folders):
    """Let every test have its own inboxes, and know no platform of another one."""
    settings.INBOX_DIR = own_folders / "inbox"
    REGISTER.forget()
    WRITERS.clear()
    yield
    REGISTER.forget()


@pytest.fixture(autouse=True)
def seeded_rules(request):
    """Let the rules be there that every hub has from its start: tests with transactions of their own empty all tables."""
    fixtures = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    if fixtures or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
        if not EventRule.objects.exists():
            SEEDED.add_rules(apps, None)
