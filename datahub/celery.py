"""The Celery application; its settings are the ``CELERY_`` names of ``datahub/settings.py``."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import celeryd_init

from datahub.database_version import fits_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # they would load every door into worker and schedule


class FittingTask(Task):
    """A task that is left alone while the database is of another version; the rows are the queue, so that it comes again."""

    abstract = True

    def __call__(self, *args: Any, **options: Any) -> object:  # noqa: ANN401
        return super().__call__(*args, **options) if fits_database() else None


app = Celery("datahub", task_cls=FittingTask)
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")


@celeryd_init.connect
def load_tasks(**_: object) -> None:
    """Load the tasks where they are done: the schedule tells their names, which takes a third of the memory."""
    app.autodiscover_tasks(["catalog", "ingest"], force=True)
