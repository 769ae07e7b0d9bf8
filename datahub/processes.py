"""The programs that make up a running hub: the web server, the Celery worker and the Celery schedule.

One more, which receives messages, runs as long as a source has a broker push them.
"""

import logging
import sys
from collections.abc import Mapping

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from datahub.supervisor import Child, Supervisor
from ingest.listened import listened_sources

CELERY = (sys.executable, "-m", "celery", "-A", "datahub.celery")
LOOK_SECONDS = 60.0
logger = logging.getLogger(__name__)


def hub_processes(
    *, host: str, port: int, environment: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None
) -> list[Child]:
    """Return the hub's programs, answering on ``host`` and ``port``; ``secrets`` are for the worker's eyes only."""
    shared = environment or {}
    worker = ("worker", "--concurrency", "3", "--without-gossip", "--without-mingle", "--without-heartbeat")
    beat = ("beat", "--schedule", str(settings.DATA_DIR / "beat-schedule"), "--pidfile=")
    return [
        hub_process("web", [sys.executable, "-m", "granian", *granian_options(host, port)], shared),
        hub_process("worker", [*CELERY, *worker], {**shared, **(secrets or {})}),
        hub_process("beat", [*CELERY, *beat], shared),
    ]


def stay(
    tree: Supervisor, *, environment: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None
) -> None:
    """Stay until a signal interrupts; every minute it is looked whether there is a source to listen to."""
    listener = hub_process(
        "listen", [sys.executable, "manage.py", "listen"], {**(environment or {}), **(secrets or {})}
    )
    while True:
        try:
            tree.keep(listener, wanted=bool(listened_sources()))
        except DatabaseError as error:  # what runs goes on; it is looked again
            logger.warning("the sources could not be looked up: %s", error)
        close_old_connections()
        tree.wait(LOOK_SECONDS)


def hub_process(name: str, argv: list[str], environment: Mapping[str, str]) -> Child:
    """Return a program that runs in the project's folder and writes to a log of its own in the data folder."""
    always = {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "HUB_DATA_DIR": str(settings.DATA_DIR)}
    return Child(
        name,
        argv,
        log=settings.DATA_DIR / "log" / f"{name}.log",
        environment={**always, **environment},
        folder=settings.BASE_DIR,
    )


def granian_options(host: str, port: int, workers: int = 2) -> list[str]:
    """Return the web server's options. It takes Korean letters in an address as they are typed, which others refuse."""
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(port),
        "--workers": str(workers),
        "--blocking-threads": str(settings.WEB_THREADS),
        "--workers-kill-timeout": "10",
    }
    named = [part for option in options.items() for part in option]
    return [*named, "--respawn-failed-workers", "--no-ws", "datahub.wsgi:application"]
