"""``manage.py harvest NAME LOCATION --format FORMAT``: brings the datasets of another catalogue into the hub."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import CommandError
from django.utils.translation import get_language

from catalog.errors import HubError
from catalog.exchange.entry import Finding
from catalog.management.recorded import RecordedCommand
from ingest.harvest import Harvest, harvest
from ingest.harvest.feeds import feed_pages, read_feed, save_feed
from ingest.harvest_formats import FORMATS
from ingest.http import is_web
from ingest.local_files import SCHEME
from ingest.models import Feed

SHOWN = 20
ORDER = ("created", "changed", "unchanged", "deleted", "restored", "refused", "duplicates", "held")
MORE = ("matched", "left_out", "kept")  # told only when there are any


class Command(RecordedCommand):
    help = "Bring the datasets of another catalogue into the hub, and keep them in step when run again."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("name", "allow_private")

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
        try:
            result = self.read(options)
        except HubError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        self.report(result, is_json=options["json"], is_dry=options["dry_run"])
        if result.warning:
            raise CommandError(f"{result.warning.ko}\n{result.warning.en}")

    def read(self, options: Mapping[str, Any]) -> Harvest:
        """Read the feed of this name, which is made or changed to what was asked for; a dry run leaves no trace of it."""
        location, roots = options["location"], folder_of(options["location"])
        columns = {"format": options["format"], "location": location, "allow_private": options["allow_private"]}
        if not options["dry_run"]:
            feed = save_feed(options["name"], **columns)
            return read_feed(feed, accept_deletions=options["accept_deletions"], file_roots=roots)
        feed = Feed.objects.filter(slug=options["name"]).first() or Feed(slug=options["name"])
        for name, value in columns.items():
            setattr(feed, name, value)
        with feed_pages(feed, None, roots) as pages:
            return harvest(feed.slug, pages, accept_deletions=options["accept_deletions"], dry_run=True)

    def report(self, result: Harvest, *, is_json: bool, is_dry: bool) -> None:
        if is_json:
            findings = [{"where": each.where, "text": each.text.as_dict()} for each in result.findings]
            document = {"feed": result.feed, **result.counts(), "dry_run": is_dry, "findings": findings}
            self.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
            return
        counted = result.counts()
        counts = ", ".join(f"{name} {counted[name]}" for name in (*ORDER, *(name for name in MORE if counted[name])))
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
