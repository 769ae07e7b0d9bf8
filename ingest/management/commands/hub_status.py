"""``manage.py hub_status``: prints datasets, sources and their latest runs, as tables or JSON."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from ingest.status import hub_status


class Command(BaseCommand):
    help = "Show what the hub holds and how its sources do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        status = hub_status()
        if options["json"]:
            self.stdout.write(orjson.dumps(status, option=orjson.OPT_INDENT_2).decode())
            return
        console = Console(file=self.stdout, force_terminal=False, width=140)
        for title, rows in status.items():
            table = Table(title=title)
            for name in rows[0] if rows else ["-"]:
                table.add_column(name)
            for row in rows:
                table.add_row(*("" if value is None else str(value) for value in row.values()))
            console.print(table)
