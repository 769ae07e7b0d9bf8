"""Whether the database is of the version that this process was started with: the last migration of each of our applications.

During an update the tables change under workers of the version before. A worker whose database has moved on, or has not yet,
takes nothing up: what it was doing it finishes, and every task comes again (``celery.py``).
"""

import functools
import importlib
import logging
import pkgutil
import time
from collections.abc import Mapping

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max

OURS = ("catalog", "ingest")
TOLD_EVERY = 60.0  # seconds
logger = logging.getLogger(__name__)
_told_at = -TOLD_EVERY


@functools.cache
def version_of_code() -> Mapping[str, str]:
    """Return the last migration of each application as they were when this was first asked: at the start of the process."""
    return {app: last_migration(app) for app in OURS}


def last_migration(app: str) -> str:
    name, _ = MigrationLoader.migrations_module(app)
    package = importlib.import_module(name)
    return max(module.name for module in pkgutil.iter_modules(package.__path__) if module.name[:1].isdigit())


def version_of_database() -> Mapping[str, str]:
    """Return the last migration of each application that the database has."""
    applied = MigrationRecorder(connection).migration_qs.filter(app__in=OURS)
    return dict(applied.values_list("app").annotate(Max("name")))


def fits_database() -> bool:
    """Tell whether the database is of this process's version; where it is not, say so now and then."""
    code, database = version_of_code(), version_of_database()
    if code == database:
        return True
    global _told_at
    if time.monotonic() - _told_at >= TOLD_EVERY:
        _told_at = time.monotonic()
        logger.error(
            "the database is of another version (%s) than this process (%s): it takes nothing up; "
            "run manage.py migrate and restart the hub with the version that you have installed",
            ", ".join(database.values()),
            ", ".join(code.values()),
        )
    return False
