"""``manage.py run_source SLUG``: asks the workers for one pull of a source."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.text import Text
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import offer_run


class Command(BaseCommand):
    help = "Pull a source once: by a worker, or here with --here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the source")
        parser.add_argument(
            "--wait", action="store_true", help="wait for the end and exit 1 unless something was published"
        )
        parser.add_argument("--here", action="store_true", help="do the work in this process, without a worker")
        parser.add_argument("--seconds", type=float, default=600, help="how long --wait waits")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        source = Source.objects.filter(slug=options["slug"]).first()
        if source is None:
            known = ", ".join(Source.objects.values_list("slug", flat=True)) or "-"
            raise CommandError(f"'{options['slug']}' 소스가 없습니다. / There is no such source; known: {known}")
        run = offer_run(source)
        if options["here"]:
            pull_run(run.pk)
        elif not options["wait"]:
            self.stdout.write(f"run {run.pk} of {source.slug} is waiting for a worker")
            return
        self.report(wait_for(run, 0 if options["here"] else options["seconds"]))

    def report(self, run: Run) -> None:
        error = Text(ko=run.error_ko, en=run.error_en).in_language(get_language() or "en")
        counts = f"{run.rows} rows, {run.accepted} accepted, {run.rejected} refused"
        if run.state not in (Run.State.PUBLISHED, Run.State.UNCHANGED):
            raise CommandError(f"{run.source.slug}: {run.state} ({counts}). {error}")
        self.stdout.write(f"{run.source.slug}: {run.state} ({counts})")


def wait_for(run: Run, seconds: float) -> Run:
    """Return the run as it is when it has ended or the time is up."""
    deadline = time.monotonic() + seconds
    run.refresh_from_db()
    while not run.is_over and time.monotonic() < deadline:
        time.sleep(0.5)
        run.refresh_from_db()
    return run
