"""Celery without a server: the Kombu transport ``sqlitelease:///<file>`` over ``datahub/queue_file.py``.

No transport that Kombu brings works without a server *and* survives a killed worker: memory, files and SQLAlchemy all
forget the messages that were being worked on. This one keeps them until they are acknowledged. It serves one machine,
because the file must lie on a local disk. Messages are hints only, what is to be pulled stands in the database
(``ingest/``); production uses Redis.

Transport options: ``lease_seconds``, ``max_tries``, ``polling_interval``, and ``longest_drain``: Celery's worker looks
for signals only between two drains of up to 2 s; a shorter one lets it end sooner.
"""

import sqlite3
from pathlib import Path

from kombu import Connection
from kombu.message import Message
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.utils.json import dumps, loads

from datahub.queue_file import LEASE_SECONDS, MAX_TRIES, QueueFile, open_queue_file


def register_sqlite_transport() -> None:
    """Make ``sqlitelease://`` known to Kombu, and through it to Celery."""
    TRANSPORT_ALIASES["sqlitelease"] = "datahub.broker:Transport"


class QoS(virtual.QoS):
    """What was delivered and not yet acknowledged; Celery acknowledges in another thread than it consumes in."""

    def ack(self, delivery_tag: str) -> None:
        self.channel.file.acknowledge(int(delivery_tag))
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if requeue:
            self.channel.file.release(int(delivery_tag))
            super().ack(delivery_tag)
        else:
            self.ack(delivery_tag)

    def restore_unacked(self) -> list[tuple[BaseException, Message]]:
        """Hand back what was delivered and not begun, when the channel closes; return what failed: nothing."""
        self._flush()
        while self._delivered:
            self.channel.file.release(int(self._delivered.popitem()[0]), untried=True)
        return []


class Channel(virtual.Channel):
    """Kombu's virtual channel, its queues kept in the file."""

    QoS = QoS
    from_transport_options = (*virtual.Channel.from_transport_options, "lease_seconds", "max_tries")
    lease_seconds = LEASE_SECONDS
    max_tries = MAX_TRIES

    def __init__(self, connection: virtual.Transport, **options: object) -> None:
        super().__init__(connection, **options)
        self.path = Path(connection.client.virtual_host)
        self.queues_without_acknowledgement: set[str] = set()

    @property
    def file(self) -> QueueFile:
        """Return the file as the present process has it open; a channel may be older than a fork."""
        return open_queue_file(self.path, lease_seconds=self.lease_seconds, max_tries=self.max_tries)

    def basic_consume(self, queue: str, no_ack: bool, *arguments: object, **options: object) -> None:
        if no_ack:
            self.queues_without_acknowledgement.add(queue)
        super().basic_consume(queue, no_ack, *arguments, **options)

    def basic_get(self, queue: str, no_ack: bool = False, **options: object) -> Message | None:
        message = super().basic_get(queue, no_ack, **options)
        if message and no_ack:
            self.file.acknowledge(int(message.delivery_tag))
        return message

    def _put(self, queue: str, message: dict, **_: object) -> None:
        self.file.put(queue, dumps(message), priority=self._get_message_priority(message))

    def _get(self, queue: str, timeout: float | None = None) -> dict:
        tag, body, tries = self.file.take(queue)
        if queue in self.queues_without_acknowledgement:
            self.file.acknowledge(tag)
        message = loads(body)
        message["properties"]["delivery_tag"] = str(tag)
        message["properties"]["delivery_info"]["redelivered"] = tries > 1
        return message

    def _size(self, queue: str) -> int:
        return self.file.size(queue)

    def _purge(self, queue: str) -> int:
        return self.file.purge(queue)


class Transport(virtual.Transport):
    """Kombu's virtual transport; Celery names the queue with every message, so no bindings need to be kept."""

    Channel = Channel
    polling_interval = 0.02
    driver_type = "sqlite"
    driver_name = "sqlite3"
    connection_errors = (*virtual.Transport.connection_errors, sqlite3.OperationalError)
    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct", "topic"]), heartbeats=False
    )

    def __init__(self, client: Connection, **options: object) -> None:
        super().__init__(client, **options)
        self.longest_drain: float | None = client.transport_options.get("longest_drain")

    def drain_events(self, connection: virtual.Transport, timeout: float | None = None) -> None:
        if timeout and self.longest_drain:
            timeout = min(timeout, self.longest_drain)
        super().drain_events(connection, timeout=timeout)

    @property
    def default_connection_params(self) -> dict[str, object]:
        """Return none: a file has no host."""
        return {}

    def driver_version(self) -> str:
        return sqlite3.sqlite_version
