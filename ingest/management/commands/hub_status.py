"""``manage.py hub_status``: prints datasets, sources and their latest runs, as tables or JSON."""

import datetime as dt
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.core.management.base import BaseCommand
from django.utils.timezone import localtime
from rich.console import Console
from rich.table import Table

from ingest.status import hub_status

TIMES = frozenset(["published_at", "ended_at", "next_at", "slot"])


class Command(BaseCommand):
    help = "Show what the hub holds and how its sources do."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        status = hub_status()
        if options["json"]:
            self.stdout.write(orjson.dumps(status, option=orjson.OPT_INDENT_2).decode())
            return
        console = Console(file=self.stdout, force_terminal=False, width=140)
        for title, rows in status.items():
            console.print(as_table(title, rows) if rows else f"{title}: -")


def as_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(shown(name, value) for name, value in row.items()))
    return table


def shown(name: str, value: object) -> str:
    """Return a value for a narrow column: digests by their beginning, times in Korea to the second."""
    if value is None:
        return ""
    if name in TIMES:
        return f"{localtime(dt.datetime.fromisoformat(str(value))):%Y-%m-%d %H:%M:%S}"
    return str(value)[:12] if name == "snapshot" else str(value)
