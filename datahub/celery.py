"""The Celery application; its settings are the ``CELERY_`` names of ``datahub/settings.py``."""

import os

from celery import Celery
from celery.signals import worker_process_init

from datahub.supervisor import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")

app = Celery("datahub")
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["ingest"])


@worker_process_init.connect
def end_with_the_worker(**_: object) -> None:
    """Leave no process of the pool behind when the worker is killed."""
    end_with_parent()
