"""``manage.py run_source SLUG``: asks the workers for one pull of a source."""

import time
from argparse import ArgumentParser
from collections.abc import Collection, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime
from django.utils.translation import get_language

from catalog.text import Text
from ingest.errors import SourcePaused
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import enter_run, offer_run

NO_WORKER = Text(
    ko="{seconds}초 동안 실행을 맡은 작업자가 없습니다. Celery 작업자가 돌고 있는지 확인하십시오.",
    en="No worker took the run within {seconds} s; check that a Celery worker is running.",
)
TRIED_AGAIN = Text(ko="{at}에 다시 시도합니다.", en="It is tried again at {at}.")
NOT_DONE = Text(
    ko="{seconds}초 안에 끝나지 않았습니다. 실행은 계속됩니다.", en="It was not done within {seconds} s; it goes on."
)


class Command(BaseCommand):
    help = "Pull a source once: by a worker, or here with --here."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the source")
        parser.add_argument(
            "--wait", action="store_true", help="wait for the end and exit 1 unless something was published"
        )
        parser.add_argument("--here", action="store_true", help="do the work in this process, without a worker")
        parser.add_argument("--seconds", type=float, default=600, help="how long to wait at most")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        source = Source.objects.filter(slug=options["slug"]).first()
        if source is None:
            known = ", ".join(Source.objects.values_list("slug", flat=True)) or "-"
            raise CommandError(f"'{options['slug']}' 소스가 없습니다. / There is no such source; known: {known}")
        try:
            self.pull(source, options)
        except SourcePaused as error:
            raise CommandError(spoken(error.text)) from error

    def pull(self, source: Source, options: Mapping[str, Any]) -> None:
        if options["here"]:
            run = enter_run(source)
            pull_run(run.pk)
            wait_for(run, options["seconds"], [Run.State.RUNNING])  # another process may have been faster
        elif options["wait"]:
            run = offer_run(source)
            wait_for(run, options["seconds"], [Run.State.WAITING, Run.State.RUNNING])
        else:
            run = offer_run(source)
            self.stdout.write(f"{source.slug}: run {run.pk} {run.get_state_display()}")
            return
        self.report(run, options["seconds"])

    def report(self, run: Run, seconds: float) -> None:
        """Say how the run ended; CommandError unless it ended well."""
        state = f"{run.source.slug}: {run.get_state_display()}"
        counts = Text(
            ko=f"{run.rows}행 중 {run.accepted}개 공개, {run.rejected}개 거절",
            en=f"{run.rows} rows, {run.accepted} accepted, {run.rejected} refused",
        )
        if run.state in (Run.State.PUBLISHED, Run.State.UNCHANGED):
            self.stdout.write(f"{state} ({spoken(counts)})")
            return
        error = spoken(Text(ko=run.error_ko, en=run.error_en))
        if run.is_over:
            raise CommandError(f"{state} ({spoken(counts)}). {error}")
        if error:
            raise CommandError(
                f"{state}. {error} {spoken(TRIED_AGAIN.format(at=localtime(run.due_at).isoformat(' ', 'seconds')))}"
            )
        unfinished = NO_WORKER if run.state == Run.State.WAITING else NOT_DONE
        raise CommandError(f"{state}. {spoken(unfinished.format(seconds=f'{seconds:g}'))}")


def spoken(text: Text) -> str:
    return text.in_language(get_language() or "en")


def wait_for(run: Run, seconds: float, states: Collection[Run.State]) -> None:
    """Read the run anew until it is in none of ``states`` or the time is up."""
    deadline = time.monotonic() + seconds
    run.refresh_from_db()
    while run.state in states and time.monotonic() < deadline:
        time.sleep(0.5)
        run.refresh_from_db()
