"""Listens to the sources whose messages are pushed by a broker: one thread each, for as long as the process lives.

``listen_to_all`` looks every few seconds which sources there are; one that is new, changed or gone starts, starts again
or ends its thread. A connection that breaks is made again after a pause that grows, with jitter. What is wrong is written
beside the source's inbox, and its next run says so (``messages_for``): a source that nobody listens to fails loudly.
"""

import datetime as dt
import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from pydantic import BaseModel

from catalog.errors import HubError
from catalog.text import Text
from ingest.connectors import CONNECTORS, is_pushed
from ingest.errors import HubUnavailable, InboxFull, IngestError, InternalError, NotListening
from ingest.http import Session
from ingest.inbox import SourceInbox, inbox_of, listener_of
from ingest.listened import listened_sources
from ingest.models import Run, Source
from ingest.sources import read_config

LOOK_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY_SECONDS = 60.0  # a connection that lasted so long is made again after the first pause
SILENT = dt.timedelta(minutes=3)
NOBODY = Text(
    ko="'manage.py listen' 프로세스가 소식이 없습니다. 작업자와 같은 호스트에서 실행하십시오",
    en="nothing is heard of 'manage.py listen'; run it on the worker's host",
)
logger = logging.getLogger(__name__)


def messages_for(run: Run) -> list[Path]:
    """Return the files of messages that a run may read; NotListening when none came because nobody can receive them."""
    source = run.source
    if run.kind != Run.Kind.PULL or not is_pushed(source.connector, source.config):
        return []
    found = inbox_of(source)
    if not found and CONNECTORS[source.connector].listen:
        refuse_unheard(source)
    return found


def refuse_unheard(source: Source) -> None:
    heard = listener_of(source)
    if heard and "ko" in heard:
        raise NotListening(reason=Text(ko=heard["ko"], en=heard["en"]))
    if not heard or dt.datetime.fromisoformat(heard["at"]) < timezone.now() - SILENT:
        raise NotListening(reason=NOBODY)


def listen_to_all(stop: threading.Event) -> None:
    """Listen to every source that wants it until ``stop`` is set."""
    listeners: dict[int, Listener] = {}
    try:
        while not stop.is_set():
            close_old_connections()
            try:
                follow(listeners, listened_sources())
            except DatabaseError as error:  # those who listen go on; it is looked again soon
                logger.warning("the sources could not be looked up: %s", error)
            stop.wait(LOOK_SECONDS)
    finally:
        end(list(listeners.values()))


def follow(listeners: "dict[int, Listener]", sources: Sequence[Source]) -> None:
    """Let exactly these sources be listened to, each as it is configured now."""
    wanted = {}
    for source in sources:
        try:
            wanted[source.pk] = listener_for(source)
        except HubError as error:
            logger.error("%s is not listened to: %s", source.slug, error)
            tell_problem(SourceInbox(source.slug), error)
    old = [pk for pk, one in listeners.items() if pk not in wanted or wanted[pk].setup != one.setup]
    end([listeners.pop(pk) for pk in old])
    for pk, one in wanted.items():
        if pk not in listeners:
            listeners[pk] = one
            one.thread.start()
            logger.info("listening for %s", one.inbox.slug)


def end(listeners: "Sequence[Listener]") -> None:
    for one in listeners:
        one.stop.set()
    for one in listeners:
        if one.thread.ident:
            one.thread.join()
            logger.info("no longer listening for %s", one.inbox.slug)


@dataclass
class Listener:
    """Who listens to one source; ``setup`` is all that would make another one of it."""

    connector: str
    config: BaseModel
    allow_private: bool
    authorities: str
    secrets: Sequence[str]
    setup: bytes
    inbox: SourceInbox
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.listen, name=f"listener of {self.inbox.slug}", daemon=True)

    def listen(self) -> None:
        """Connect again and again until told to stop."""
        pause, down_since = FIRST_PAUSE, time.monotonic()
        while not self.stop.is_set():
            began = time.monotonic()
            problem = self.listen_once()
            if problem is None:
                return
            now = time.monotonic()
            was_steady = now - began > STEADY_SECONDS
            pause = FIRST_PAUSE if was_steady else min(pause * 2, LONGEST_PAUSE)
            down_since = now if was_steady else down_since
            logger.warning("%s: %s; again in about %.0f s", self.inbox.slug, problem, pause)
            is_passing = isinstance(problem, IngestError) and problem.temporary and now - down_since < STEADY_SECONDS
            if not is_passing or isinstance(problem, InboxFull):
                tell_problem(self.inbox, problem)
            self.stop.wait(pause * random.uniform(0.5, 1.5))

    def listen_once(self) -> HubError | None:
        """Listen as long as one connection lasts and return what ended it, None when it was told to stop."""
        listen = CONNECTORS[self.connector].listen
        try:
            with Session(allow_private=self.allow_private, secrets=self.secrets, authorities=self.authorities) as http:
                listen(self.config, http, self.inbox, self.stop)
        except HubError as error:
            return error
        except OSError as error:  # the inbox's disk; those of the wire are the connector's
            return HubUnavailable(reason=error.strerror or type(error).__name__)
        except Exception:
            logger.exception("listening for %s met a fault of the hub itself", self.inbox.slug)
            return InternalError()
        return None


def listener_for(source: Source) -> Listener:
    config, secrets = read_config(source)
    setup = orjson.dumps(
        [source.slug, source.connector, source.config, secrets, source.allow_private, source.ca_certificates]
    )
    return Listener(
        connector=source.connector,
        config=config,
        allow_private=source.allow_private,
        authorities=source.ca_certificates,
        secrets=secrets,
        setup=setup,
        inbox=SourceInbox(source.slug),
    )


def tell_problem(inbox: SourceInbox, error: HubError) -> None:
    """Write down for the source's runs what is wrong; a disk that does not take it is in the log."""
    try:
        inbox.tell(ko=error.text.in_language("ko"), en=error.text.in_language("en"))
    except OSError as trouble:
        logger.warning("%s: it cannot be written down (%s)", settings.INBOX_DIR / inbox.slug, trouble)
