"""No test can reach what belongs to the developer."""

from pathlib import Path

import pytest
from django.conf import LazySettings, settings

OURS = Path(__file__).parents[1] / "var"


@pytest.mark.parametrize("name", ["DATA_DIR", "STORE_DIR", "INDEX_DIR", "FILE_DIR", "RAW_DIR", "SPOOL_DIR"])
def test_no_folder_of_the_settings_is_the_developers(name: str) -> None:
    assert not Path(getattr(settings, name)).is_relative_to(OURS)


def test_neither_database_nor_queue_is_the_developers(settings: LazySettings) -> None:
    assert str(OURS) not in f"{settings.DATABASES['default']['NAME']} {settings.CELERY_BROKER_URL}"
