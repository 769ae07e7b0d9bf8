"""``manage.py harvest NAME LOCATION --format FORMAT``: brings the datasets of another catalogue into the hub."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.errors import HubError
from catalog.exchange.entry import Finding
from ingest.harvest import Harvest, harvest
from ingest.harvest_formats import FORMATS, MOST_BYTES, read_pages
from ingest.http import Limits, Session, is_web
from ingest.local_files import SCHEME

SHOWN = 20
LIMITS = Limits(size=MOST_BYTES)
ORDER = ("created", "changed", "unchanged", "deleted", "restored", "refused", "duplicates", "held")


class Command(BaseCommand):
    help = "Bring the datasets of another catalogue into the hub, and keep them in step when run again."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the feed: the same name each time for the same catalogue")
        parser.add_argument("location", help="a file, or an address (http, https)")
        parser.add_argument("--format", choices=list(FORMATS), default="data-json", help="default: data-json")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
        parser.add_argument(
            "--accept-deletions",
            action="store_true",
            help="withdraw what is gone even if it is much (more than a fifth)",
        )
        parser.add_argument("--allow-private", action="store_true", help="an address in a private network may be read")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        location = options["location"]
        roots = [*settings.FILE_ROOTS, *folder_of(location)]
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        try:
            with Session(allow_private=options["allow_private"], file_roots=roots, spool=settings.SPOOL_DIR) as session:
                result = harvest(
                    options["name"],
                    read_pages(session, options["format"], location),
                    accept_deletions=options["accept_deletions"],
                    dry_run=options["dry_run"],
                )
        except HubError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        self.report(result, is_json=options["json"], is_dry=options["dry_run"])
        if result.warning:
            raise CommandError(f"{result.warning.ko}\n{result.warning.en}")

    def report(self, result: Harvest, *, is_json: bool, is_dry: bool) -> None:
        if is_json:
            findings = [{"where": each.where, "text": each.text.as_dict()} for each in result.findings]
            document = {"feed": result.feed, **result.counts(), "dry_run": is_dry, "findings": findings}
            self.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
            return
        counts = ", ".join(f"{name} {result.counts()[name]}" for name in ORDER)
        ending = " (--dry-run: nothing was written)" if is_dry else ""
        self.stdout.write(f"{result.feed}: {result.total} datasets: {counts}{ending}")
        for finding in result.findings[:SHOWN]:
            self.stdout.write(f"    {told(finding)}")
        if len(result.findings) > SHOWN:
            self.stdout.write(f"    … {len(result.findings) - SHOWN} more; --json tells all")


def folder_of(location: str) -> list[Path]:
    """Return the folder of a file that a person named by hand: naming it on the command line is the permission."""
    return [] if is_web(location) or SCHEME.match(location) else [Path(location).resolve().parent]


def told(finding: Finding) -> str:
    return f"{finding.where}: {finding.text.in_language(get_language() or 'en')}"
