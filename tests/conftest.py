"""What every test stands on: folders of its own, a queue of its own, compiled translations, and no network but loopback."""

import atexit
import ipaddress
import itertools
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import kombu.pools
import pytest
from django.conf import LazySettings, settings
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from datahub.translations import compile_translations

# Before the settings are read, so that not even the key of this run comes from the developer's folder.
HUB = tempfile.mkdtemp(prefix="hub-tests-")
os.environ |= {"HUB_DATA_DIR": HUB, "DJANGO_SETTINGS_MODULE": "datahub.settings"}
# Processes that tests start do without pandas, as hubs do; the tests themselves have a client that needs it.
WITHOUT = str(Path(__file__).parent / "without_pandas")
sys.path = [place for place in sys.path if place != WITHOUT]
os.environ["PYTHONPATH"] = os.pathsep.join(
    dict.fromkeys([WITHOUT, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))])
)
OWNER = os.getpid()
atexit.register(lambda: os.getpid() == OWNER and shutil.rmtree(HUB, ignore_errors=True))  # not in forked children
compile_translations()  # before Django reads them, or a fresh clone speaks English
django.setup()
# A file as in every hub: threads that share a database in memory are refused ("table is locked") instead of waiting.
if (database := settings.DATABASES["default"])["ENGINE"].endswith("sqlite3"):
    database.setdefault("TEST", {})["NAME"] = f"{HUB}/tests.sqlite3"

from catalog.generation import forget_everything  # noqa: E402
from catalog.records.engine import close_at_exit  # noqa: E402
from catalog.search.vendors import vendor  # noqa: E402
from datahub.celery import app  # noqa: E402

STORE, SPOOL = Path(HUB, "store"), Path(HUB, "spool")
SPILL = SPOOL / "spill"  # where the engine puts what is larger than its memory
NUMBERS = itertools.count()
TESTS = Path(__file__).parent
GROUND = ("catalog/exchange", "catalog/records", "catalog/standard")  # these floors know no Django
# The files of half a minute and more, and those that start many processes; waiting ones beside computing ones.
LONG = {
    name: place
    for place, name in enumerate(
        (
            "datahub/test_quickstart.py",
            "ingest/federation/test_federation_schedules.py",
            "ingest/test_harvest_of_others.py",
            "ingest/federation/test_hub_sync_faults.py",
            "ingest/federation/test_hub_tiers.py",
            "ingest/federation/test_hub_trust_faults.py",
            "ingest/test_crashes.py",
            "ingest/faults/test_killed_servers.py",
            "ingest/faults/test_restored_and_updated.py",
            "ingest/faults/test_events_without_database.py",
            "catalog/test_guarded.py",
            "journeys/test_three_tiers.py",
            "journeys/test_emergency_events.py",
            "ingest/platform/test_platform_fuzz.py",
            "ingest/connectors/test_mqtt_listener.py",
            "ingest/test_inbox.py",
            "journeys/test_bulk_download.py",
            "journeys/test_heavy_and_light.py",
            "test_korean_pages.py",
            "ingest/faults/test_wire_faults.py",
            "ingest/faults/test_hub_faults.py",
            "datahub/test_serve.py",
            "journeys/test_korean_files.py",
            "journeys/test_sandbox_hub.py",
            "datahub/test_bootstrap.py",
            "ingest/test_tasks.py",
            "ingest/test_pipeline.py",
            "browser/test_admin_in_a_browser.py",
            "browser/test_portal_in_a_browser.py",
            "browser/test_quality_in_a_browser.py",
            "datahub/test_broker.py",
            "ingest/test_harvest.py",
            "catalog/exchange/test_quality_parity.py",
            "catalog/exchange/test_dcat_of_others.py",
            "catalog/search/test_search_find.py",
            "catalog/search/test_judged_queries.py",
            "journeys/test_made_up_files.py",
            "journeys/test_ckanapi.py",
        )
    )
}
for shared in (STORE, SPOOL):
    shared.mkdir()


# About platforms, files, pages, processes and the form of answers: what the database is makes no difference to them.
SAME_ON_ANY = (
    "browser/", "catalog/admin/", "catalog/api/ckan/", "catalog/api/delta_sharing/test_delta_sharing_client.py",
    "catalog/api/test_bulk_files.py", "catalog/api/test_caching.py",
    "catalog/api/test_catalogue_tables.py", "catalog/api/test_compression.py", "catalog/api/test_dcat_over_http.py",
    "catalog/api/test_errors.py", "catalog/api/test_formats.py", "catalog/api/test_openapi.py", "catalog/api/test_sql_api.py",
    "catalog/api/test_standard_over_http.py", "catalog/portal/", "datahub/", "ingest/connectors/", "ingest/faults/",
    "ingest/federation/test_federation_schedules.py", "ingest/federation/test_hub_sync_faults.py",
    "ingest/federation/test_hub_tiers.py", "ingest/federation/test_hub_trust_faults.py",
    "ingest/test_admin.py", "ingest/test_connect_page.py", "ingest/test_decide_page.py", "ingest/test_expectations.py",
    "ingest/test_harvest_of_others.py", "ingest/test_incremental.py", "ingest/test_no_secret_leaks.py",
    "ingest/test_notifications.py", "ingest/test_personal_data_of_runs.py", "ingest/test_preview.py", "ingest/test_recipes.py",
    "ingest/test_run_pages.py", "journeys/", "test_korean_pages.py",
    # What stays for another database: a walk of the granted door, taking, reviews, raising and sending of platforms.
    "catalog/test_guarded.py", "ingest/platform/test_platform_door.py", "ingest/platform/test_platform_fuzz.py",
    "ingest/platform/test_platform_pages.py", "ingest/platform/test_platform_privacy.py",
    "ingest/platform/test_sending_pages.py", "ingest/sandbox/", "ingest/test_differencing.py", "ingest/test_keti_doors.py",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="only the tests that meet the database, to run them on another one"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``--database-only`` do not even read the tests to which the database makes no difference: most of all."""
    if not config.getoption("--database-only") or not collection_path.is_relative_to(TESTS):
        return None
    is_same = collection_path.relative_to(TESTS).as_posix().startswith(SAME_ON_ANY)
    return True if is_same or is_on_the_ground(collection_path) else None


def is_on_the_ground(path: Path) -> bool:
    return any(path.is_relative_to(TESTS / folder) for folder in GROUND)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--database-only`` leave out what knows no database, or would see the same on any.

    Where several processes share the tests, the files that take longest come first, so that none is left alone with one.
    """
    if not config.getoption("--database-only"):
        strayed = [item.nodeid for item in items if meets_the_database(item) and is_on_the_ground(item.path)]
        if strayed:
            raise pytest.UsageError(f"no test of {', '.join(GROUND)} may meet the database: {', '.join(strayed)}")
    else:
        kept = [item for item in items if meets_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONG.get(place_of(item), len(LONG)))


def place_of(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).as_posix()


def meets_the_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("journey"))


@pytest.fixture(autouse=True)
def own_folders(settings: LazySettings) -> Iterator[Path]:
    """Point every folder of the hub to an empty one.

    Store and spool stay where they are from test to test: the record engine's connections know their folders and take
    tens of milliseconds to open. ``tmp_path`` is not taken, which costs as much as a small test.
    """
    folder = Path(HUB, f"var-{next(NUMBERS)}")
    settings.DATA_DIR = folder
    settings.RAW_DIR = folder / "raw"
    settings.FILE_DIR, settings.INDEX_DIR = folder / "files", folder / "index"
    settings.STORE_DIR, settings.SPOOL_DIR = STORE, SPOOL
    settings.BASE_URL = ""
    settings.RAW_DIR.mkdir(parents=True)
    forget_everything()  # the next test's database is another one
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # a test may have put a file in its place
    empty(STORE)
    empty(SPOOL)


def empty(folder: Path) -> None:
    if SPILL.exists():
        close_at_exit()  # a connection that has spilled expects its folder to stay
    if not folder.is_dir() or any(folder.iterdir()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()


@pytest.fixture(autouse=True)
def own_queue() -> Iterator[str]:
    """Send hints to a queue file of the test's own; no test may write to the developer's."""
    url = f"sqlitelease:///{HUB}/queue-{next(NUMBERS)}.sqlite3"
    app.conf.update(broker_url=url, broker_read_url=url, broker_write_url=url)
    forget_connections()
    yield url
    forget_connections()


def forget_connections() -> None:
    kombu.pools.reset()
    app._pool = app.amqp._producer_pool = None


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Refuse connections to anything but this machine's loopback."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Let the middlewares of all clients share what the first of them found: each looks through all packages anew."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def find_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files |= found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
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
