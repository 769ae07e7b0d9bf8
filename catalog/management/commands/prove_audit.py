"""``manage.py prove_audit``: shows that nothing in the audit log was altered or taken out."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.audit import Head, head_of_log, prove_log


class Command(BaseCommand):
    help = "Follow the chain of the audit log from its first entry to its last; exit 1 when it is broken anywhere."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            type=head,
            action="append",
            default=[],
            help="NUMBER:DIGEST as it was noted on another day, from the worker's log or this command (repeatable)",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        flaws = 0
        for flaw in prove_log(options["head"]):
            self.stderr.write(f"{flaw.ko} {flaw.en}")
            flaws += 1
        if flaws:
            raise CommandError(
                f"감사 기록의 사슬이 {flaws:,}곳에서 끊겼습니다. The audit log is broken at {flaws:,} places."
            )
        self.stdout.write(f"{head_of_log()}")


def head(text: str) -> Head:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)
    if found is None:
        raise ArgumentTypeError(f"'{text}' is no head; it is written as 17:5feceb66… with 64 digits")
    return Head(int(found[1]), found[2])
