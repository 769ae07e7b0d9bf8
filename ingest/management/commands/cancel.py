"""``manage.py cancel RUN``: stops a run that is waiting or at work."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.text import Text
from ingest.models import Run
from ingest.repetitions import cancel_run

STOPPED = Text(
    ko="{slug}: {run}번 실행을 시작하기 전에 취소했습니다. 공개된 자료는 그대로입니다.",
    en="{slug}: run {run} was cancelled before it began; what is published stays.",
)
STOPS = Text(
    ko="{slug}: {run}번 실행에 멈추라고 했습니다. 몇 초 안에 멈추고, 공개된 자료는 그대로입니다.",
    en="{slug}: run {run} was asked to stop; it does within seconds, and what is published stays.",
)


class Command(BaseCommand):
    help = "Stop a run that is waiting or at work; nothing of it is published."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="the run's number, as the page of runs and run_source tell it")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        run = Run.objects.select_related("source").filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"{options['run']}번 실행이 없습니다. / There is no run {options['run']}.")
        if not cancel_run(run):
            state = f"{run.get_state_display()}"
            raise CommandError(f"{run.pk}번 실행은 이미 끝났습니다. / Run {run.pk} is over already: {state}")
        run.refresh_from_db(fields=["state"])
        told = STOPPED if run.state == Run.State.CANCELLED else STOPS
        self.stdout.write(told.format(slug=run.source.slug, run=run.pk).in_language(get_language() or "en"))
