"""Renews a lease from a thread of its own while work goes on. Whose lease it is and what a beat writes, its owner knows:
``catalog/file_leases.py`` and ``ingest/runs.py``."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)


class Heartbeat:
    """Calls ``renew`` every few seconds until it says that the lease is gone; then ``check`` raises ``lost``.

    ``holds`` names the work in the log: ``run 7``. A lease shorter than three beats is renewed three times in its length.
    """

    def __init__(self, holds: str, renew: Callable[[], bool], *, every_seconds: float, lost: type[Exception]) -> None:
        self.holds, self.renew, self.every_seconds, self.lost = holds, renew, every_seconds, lost
        self.is_lost = False
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.beat, name=f"heartbeat of {holds}", daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.thread.join()

    def check(self) -> None:
        if self.is_lost:
            raise self.lost

    def beat(self) -> None:
        try:
            while not self.stopped.wait(min(self.every_seconds, settings.RUN_LEASE_SECONDS / 3)):
                try:
                    self.is_lost = not self.renew()
                except DatabaseError as error:  # busy or gone for a moment; the lease outlasts two missed beats
                    logger.warning("the lease of %s could not be renewed: %s", self.holds, error)
                    connection.close()
                if self.is_lost:
                    return
        finally:
            connection.close()
