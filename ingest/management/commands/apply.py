"""``manage.py apply FILE``: brings the hub to what a hub file says."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import get_language

from catalog.management.recorded import RecordedCommand
from catalog.publish import Outcome
from ingest.apply import Applied, apply_hub_file
from ingest.errors import BadSetup
from ingest.hub_file import read_hub_file

MARKS = {Outcome.CREATED: "+", Outcome.CHANGED: "~", Outcome.UNCHANGED: "="}


def assignment(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise ArgumentTypeError(f"'{text}' is not name=value")
    return name, value


class Command(RecordedCommand):
    help = "Create or change organisations, datasets and sources as a file (TOML or YAML) describes them."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("file", "allow_private")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the hub file")
        parser.add_argument(
            "--base", type=Path, help="the folder that relative paths of sources start from (default: the file's)"
        )
        parser.add_argument(
            "--set", type=assignment, action="append", default=[], metavar="name=value", help="fill {name} in the file"
        )
        parser.add_argument("--dry-run", action="store_true", help="only show what would change")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            file = read_hub_file(options["file"], dict(options["set"]))
            applied = apply_hub_file(file, base=options["base"], dry_run=options["dry_run"])
        except BadSetup as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        for part in applied:
            self.show(part, verbose=options["verbosity"] > 1 or options["dry_run"])
        changed = sum(part.outcome is not Outcome.UNCHANGED for part in applied)
        ending = " (--dry-run: nothing was written)" if options["dry_run"] else ""
        self.stdout.write(f"{changed} of {len(applied)} changed{ending}")

    def show(self, part: Applied, *, verbose: bool) -> None:
        kind = part.kind.in_language(get_language() or "en")
        self.stdout.write(f"{MARKS[part.outcome]} {kind} {part.slug}")
        if part.outcome is Outcome.CHANGED or (verbose and part.outcome is not Outcome.UNCHANGED):
            for name, (before, after) in part.differences.items():
                self.stdout.write(f"    {name}: {shortened(before)} -> {shortened(after)}")


def shortened(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
