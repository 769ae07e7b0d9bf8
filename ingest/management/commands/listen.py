"""``manage.py listen``: receives the messages of every source that a broker pushes to, until a signal ends it."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from ingest.listening import listen_to_all


class Command(BaseCommand):
    help = "Receive the messages of MQTT sources and keep them for their runs; one such process for a hub."
    requires_system_checks = ()  # they would load every door, which takes memory that is not needed here

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        listen_to_all(stop)
