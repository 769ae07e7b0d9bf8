"""``manage.py retry_refused RUN``: tries the refused records of a run again, after a schema or a rule was mended."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.text import Text
from ingest.errors import IngestError
from ingest.models import Run
from ingest.repetitions import retry_refused

ASKED = Text(
    ko="{slug}: {run}번 실행에서 거절된 레코드를 다시 넣어 봅니다({asked}번 실행). 받아들여진 것은 더해지고, 나머지는 다시 거절됩니다.",
    en="{slug}: the records refused by run {run} will be tried again (run {asked}); what is accepted is added, the rest is refused again.",
)


class Command(BaseCommand):
    help = "Try the refused records of a run again; those accepted meanwhile are not tried twice."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="the run's number, as the page of runs and run_source tell it")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        run = Run.objects.select_related("source").filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"{options['run']}번 실행이 없습니다. / There is no run {options['run']}.")
        try:
            asked = retry_refused(run)
        except IngestError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        told = ASKED.format(slug=run.source.slug, run=run.pk, asked=asked.pk)
        self.stdout.write(told.in_language(get_language() or "en"))
