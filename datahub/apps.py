"""The wiring as a Django application: it holds only commands and translations."""

from django.apps import AppConfig

from datahub.celery import app as celery_app  # tasks are sent through this application


class DatahubConfig(AppConfig):
    name = "datahub"
    celery = celery_app
