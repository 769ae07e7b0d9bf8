"""``manage.py replay RUN``: reads the kept answers of a run again, with the schema and the rules of now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.text import Text
from ingest.errors import IngestError
from ingest.models import Run
from ingest.repetitions import replay_run

ASKED = Text(
    ko="{slug}: {run}번 실행의 원본 응답을 지금의 스키마와 규칙으로 다시 읽습니다({asked}번 실행). 플랫폼에는 묻지 않습니다.",
    en="{slug}: the kept answers of run {run} will be read again with the schema and the rules of now (run {asked}); the platform is not asked.",
)


class Command(BaseCommand):
    help = "Read the kept answers of a run again, without asking the platform."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="the run's number, as the page of runs and run_source tell it")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        run = Run.objects.select_related("source").filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"{options['run']}번 실행이 없습니다. / There is no run {options['run']}.")
        try:
            asked = replay_run(run)
        except IngestError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        told = ASKED.format(slug=run.source.slug, run=run.pk, asked=asked.pk)
        self.stdout.write(told.in_language(get_language() or "en"))
