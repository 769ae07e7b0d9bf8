"""The Celery application; its settings are the ``CELERY_`` names of ``datahub/settings.py``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")

app = Celery("datahub")
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["catalog", "ingest"])
