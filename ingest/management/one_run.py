"""What the commands that are about one run have in common: its number, and what they say afterwards."""

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from typing import ClassVar

from django.core.management.base import CommandError
from django.utils.translation import get_language

from catalog.management.recorded import RecordedCommand
from catalog.text import Text
from ingest.errors import IngestError
from ingest.models import Run


class RunCommand(ABC, RecordedCommand):
    """Finds the run, does what the command is for (``act``), and says what that returned or why it cannot be done."""

    requires_system_checks: ClassVar = ()  # they would load every door, which takes longer than most of what is done here

    told = ("run",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="the run's number, as the page of runs and run_source tell it")

    def handle(self, *args: object, **options: object) -> None:
        run = Run.objects.select_related("source").filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"{options['run']}번 실행이 없습니다. / There is no run {options['run']}.")
        try:
            told = self.act(run)
        except IngestError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        self.stdout.write(told.format(slug=run.source.slug, run=run.pk).in_language(get_language() or "en"))

    @abstractmethod
    def act(self, run: Run) -> Text:
        """Do what the command is for; IngestError tells why it cannot be done."""
