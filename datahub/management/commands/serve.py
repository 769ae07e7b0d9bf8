"""``manage.py serve``: web server, worker and schedule as one process tree, until a signal ends it."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand

from datahub.processes import hub_processes, stay
from datahub.supervisor import Supervisor, interrupt_on_signals


class Command(BaseCommand):
    help = "Run the hub: web server, Celery worker and schedule; one that dies is started again, all end together."
    requires_system_checks = ()  # they would load every door, which the web server does at the same time

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to answer on (default: this machine only)")
        parser.add_argument("--port", type=int, default=8000, help="port to answer on (default: 8000)")

    def handle(self, *, host: str, port: int, **options: object) -> None:
        interrupt_on_signals()
        try:
            with Supervisor(hub_processes(host=host, port=port)) as tree:
                self.stdout.write(f"http://{host}:{port}/ · {settings.DATA_DIR / 'log'}")
                stay(tree)
        except KeyboardInterrupt:
            self.stdout.write("끝났습니다 · ended")
