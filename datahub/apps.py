"""The wiring as a Django application: it holds only commands and translations."""

import atexit
import gc
from types import ModuleType

from django.apps import AppConfig

from datahub.celery import app as celery_app  # tasks are sent through this application
from datahub.database_version import version_of_code

# New objects until garbage is looked for. Python's own 700 has it looked for several times in each page of a JSON answer, which
# holds thousands of objects and no circle: reading GeoJSON took three times as long.
YOUNG = 50_000


class DatahubConfig(AppConfig):
    """The last of the applications: between its making and its being ready, all models and the admin are loaded."""

    name = "datahub"
    celery = celery_app

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        """Stop looking for garbage while everything is loaded, which makes a fifth of a process's start."""
        gc.disable()
        super().__init__(app_name, app_module)

    def ready(self) -> None:
        """Note the version; look for garbage again, but never among what was loaded: it stays as long as the process."""
        version_of_code()  # before an update changes the files under this process
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()
        atexit.register(gc.unfreeze)  # or the engine's bindings complain of what was never freed
