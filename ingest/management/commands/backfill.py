"""``manage.py backfill SLUG --since … --until …``: asks the workers for a span of time that was missed or has changed."""

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import localtime
from django.utils.translation import get_language

from catalog.management.recorded import RecordedCommand
from catalog.text import Text
from ingest.connectors.cursor_values import parse_duration, read_moment
from ingest.errors import IngestError
from ingest.models import Source
from ingest.repetitions import backfill

SEOUL = "Asia/Seoul"
ASKED = Text(
    ko="{slug}: {since}부터 {until} 전까지 {count}번에 나누어 받습니다. 오래된 것부터 작업자가 하나씩 받고, 소스가 이어 받는 자리는 그대로입니다.",
    en="{slug}: {since} up to {until} will be pulled in {count} runs, oldest first; where the source goes on stays as it is.",
)


class Command(RecordedCommand):
    help = "Pull a span of time again: what was missed, or came late, or has changed."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("slug", "since", "until")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the source")
        parser.add_argument("--since", required=True, type=moment, help="from here, as 2026-01-01 (Korean time)")
        parser.add_argument("--until", required=True, type=moment, help="up to, without, this time")
        parser.add_argument("--step", type=duration, help="a run for each step, as 1d; all in one run when omitted")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        source = Source.objects.filter(slug=options["slug"]).first()
        if source is None:
            known = ", ".join(Source.objects.values_list("slug", flat=True)) or "-"
            raise CommandError(f"'{options['slug']}' 소스가 없습니다. / There is no such source; known: {known}")
        try:
            runs = backfill(source, options["since"], options["until"], options["step"])
        except IngestError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        told = ASKED.format(
            slug=source.slug,
            since=f"{localtime(options['since']):%Y-%m-%d %H:%M}",
            until=f"{localtime(options['until']):%Y-%m-%d %H:%M}",
            count=len(runs),
        )
        self.stdout.write(told.in_language(get_language() or "en"))


def moment(text: str) -> dt.datetime:
    try:
        return read_moment(text, None, SEOUL)
    except ValueError as error:
        raise ArgumentTypeError(f"'{text}': 2026-01-01, 2026-01-01T09:00") from error


def duration(text: str) -> dt.timedelta:
    try:
        return parse_duration("step", text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
