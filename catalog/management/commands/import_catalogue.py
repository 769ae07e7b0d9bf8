"""``manage.py import_catalogue FILE``: takes descriptions of one's own datasets from a table into the catalogue."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from catalog.errors import HubError
from catalog.intake import FORMATS, FieldChange, Plan, Planned, carry_out, plan_intake
from catalog.management.recorded import RecordedCommand
from catalog.publish import Outcome

SIGNS = {Outcome.CREATED: "+", Outcome.CHANGED: "~", Outcome.UNCHANGED: "="}
LONGEST = 120  # characters of a value in the list of changes


class Command(RecordedCommand):
    help = "Take descriptions from a table (CSV, XLSX, data.go.kr columns) or City Data Hub JSON into the catalogue."
    told = ("file", "organisation")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=list(FORMATS), default="", help="default: by what is in the file")
        parser.add_argument("--organisation", default="", help="slug of the organisation that all datasets belong to")
        parser.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        if not options["file"].is_file():
            raise CommandError(f"there is no file {options['file']}")
        try:
            plan = plan_intake(options["file"], options["format"], organisation=options["organisation"])
            if not options["dry_run"]:
                carry_out(plan)
        except HubError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}" if error.text.ko else str(error)) from error
        for line in as_lines(plan, with_changes=options["dry_run"]):
            self.stdout.write(line)


def as_lines(plan: Plan, *, with_changes: bool) -> Iterator[str]:
    for where, text in plan.findings:
        yield f"! {where}: {text.ko} / {text.en}"
    for slug in plan.organisations:
        yield f"+ organisation {slug}"
    for planned in plan.datasets:
        if planned.outcome is not Outcome.UNCHANGED or planned.remarks:
            yield from dataset_lines(planned, with_changes=with_changes)
    counts = ", ".join(f"{plan.count(outcome)} {outcome}" for outcome in Outcome)
    yield f"{counts}{' (nothing was written)' if with_changes else ''}"


def dataset_lines(planned: Planned, *, with_changes: bool) -> Iterator[str]:
    title = planned.description.get("title", {})
    yield f"{SIGNS[planned.outcome]} {planned.slug}  {title.get('ko') or title.get('en', '')}"
    if with_changes:
        yield from (change_line(change) for change in planned.changes)
    yield from (f"    ! {remark.ko} / {remark.en}" for remark in planned.remarks)


def change_line(change: FieldChange) -> str:
    name = f"    {change.label.ko} ({change.field}): "
    if change.before is None:
        return f"{name}{spoken(change.after)}"
    return f"{name}{spoken(change.before)} → {'–' if change.after is None else spoken(change.after)}"


def spoken(value: object) -> str:
    """Return a value in one line: a text as its languages, everything else as JSON."""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    if isinstance(value, dict) and set(value) <= {"ko", "en"} and all(isinstance(part, str) for part in value.values()):
        text = " / ".join(value.values())
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"
