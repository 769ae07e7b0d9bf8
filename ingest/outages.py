"""The hub's own database goes away in the middle of a run: that is written down as soon as it is back."""

import logging
import time

from django.conf import settings
from django.db import OperationalError, connection

from catalog.text import Text
from ingest.errors import HubUnavailable
from ingest.runs import Claim, Progress, end_with_error

LOOK_SECONDS = 0.5
NO_DATABASE = Text(ko="데이터베이스가 응답하지 않음", en="the database does not answer")
logger = logging.getLogger(__name__)


def end_once_the_database_answers(claim: Claim, progress: Progress) -> None:
    """Let a run wait for another try; LostLease when another worker has taken it.

    While the database is away there is no other work to do, but after the length of a lease others take the run anyway.
    """
    logger.warning("run %s met a database that does not answer", claim.run_id, exc_info=True)
    until = time.monotonic() + settings.RUN_LEASE_SECONDS
    while True:
        if not connection.in_atomic_block:  # inside one it is not ours to close
            connection.close_if_unusable_or_obsolete()  # one that a killed server has left never works again
        try:
            end_with_error(claim, HubUnavailable(reason=NO_DATABASE), progress)
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_SECONDS)
        else:
            return
