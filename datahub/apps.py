"""The wiring as a Django application: it holds only commands and translations."""

from django.apps import AppConfig


class DatahubConfig(AppConfig):
    name = "datahub"
