"""What every test stands on: folders of its own, a queue of its own, compiled translations, and no network but loopback."""

import atexit
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import kombu.pools
import pytest
from django.conf import LazySettings
from pytest_django import DjangoDbBlocker

from datahub.translations import compile_translations

# Before the settings are read, so that not even the key of this run comes from the developer's folder.
HUB = tempfile.mkdtemp(prefix="hub-tests-")
os.environ |= {"HUB_DATA_DIR": HUB, "DJANGO_SETTINGS_MODULE": "datahub.settings"}
OWNER = os.getpid()
atexit.register(lambda: os.getpid() == OWNER and shutil.rmtree(HUB, ignore_errors=True))  # not in forked children
compile_translations()  # before Django reads them, or a fresh clone speaks English
django.setup()

from catalog.search.vendors import vendor  # noqa: E402
from datahub.celery import app  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="only the tests that meet the database, to run them on another one"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--database-only`` leave out what knows no database, and the browser, which sees the same pages."""
    if not config.getoption("--database-only"):
        return
    kept = [item for item in items if meets_the_database(item) and not item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def meets_the_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("journey"))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, settings: LazySettings) -> Path:
    """Point every folder of the hub, and the queue, into the test's own temporary folder."""
    settings.DATA_DIR = tmp_path / "var"
    settings.STORE_DIR = settings.DATA_DIR / "store"
    settings.RAW_DIR = settings.DATA_DIR / "raw"
    settings.SPOOL_DIR = settings.DATA_DIR / "spool"
    settings.BASE_URL = ""
    for folder in (settings.STORE_DIR, settings.RAW_DIR, settings.SPOOL_DIR):
        folder.mkdir(parents=True)
    return settings.DATA_DIR


@pytest.fixture(autouse=True)
def own_queue(tmp_path: Path) -> Iterator[str]:
    """Send hints to a queue file of the test's own; no test may write to the developer's."""
    url = f"sqlitelease:///{tmp_path / 'broker.sqlite3'}"
    app.conf.update(broker_url=url, broker_read_url=url, broker_write_url=url)
    forget_connections()
    yield url
    forget_connections()


def forget_connections() -> None:
    kombu.pools.reset()
    app._pool = app.amqp._producer_pool = None


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse connections to anything but this machine's loopback."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield


@pytest.fixture(autouse=True)
def empty_index(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Empty the table of tokens after a test that commits: it is no model's, so that the flush between such tests misses it."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if commits or (marker and marker.kwargs.get("transaction")):
        with django_db_blocker.unblock():
            vendor().clear()
