"""``manage.py erase_records DATASET COLUMN=VALUE …``: erases the records of somebody who has a right to it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from catalog.errors import HubError
from catalog.management.recorded import RecordedCommand, account
from catalog.models import Dataset
from ingest.record_erasure import ask_erasure, count_asked, erase


class Command(RecordedCommand):
    help = "Erase records from a dataset, its versions, files and kept answers, and keep them out of later ones; peers follow."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("dataset", "reason")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="the dataset's identifier")
        parser.add_argument("values", nargs="+", metavar="COLUMN=VALUE", help="records that have all of these values")
        parser.add_argument("--reason", default="", help="why, for the record: no values in it")
        parser.add_argument("--dry-run", action="store_true", help="only count the published records that would go")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        dataset = Dataset.objects.select_related("distribution").filter(slug=options["dataset"]).first()
        if dataset is None:
            raise CommandError(
                f"'{options['dataset']}' 데이터셋이 없습니다. There is no dataset '{options['dataset']}'."
            )
        if wrong := [text for text in options["values"] if "=" not in text]:
            raise CommandError(f"'{wrong[0]}': 열=값으로 적으십시오. Write COLUMN=VALUE.")
        told = dict(text.split("=", 1) for text in options["values"])
        try:
            if options["dry_run"]:
                self.stdout.write(f"{count_asked(dataset, told):,}")
                return
            if not options["reason"]:
                raise CommandError("--reason: 왜 지우는지 적으십시오. Tell why.")
            done = erase(ask_erasure(dataset, told, reason=options["reason"], by=account()))
        except HubError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        self.stdout.write(f"records {done.records:,}, versions {done.versions:,}, runs {done.runs:,}")
