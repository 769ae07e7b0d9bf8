"""``manage.py issue_key``: gives a user a key to the API and prints it, once."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.utils.dateparse import parse_date

from catalog.keys import end_of, issue_key
from catalog.management.recorded import RecordedCommand


class Command(RecordedCommand):
    help = "Give a user a key to the API and print it. It is shown this once; only its digest is kept."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("user", "label", "until")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="the name of the user who holds the key")
        parser.add_argument("--label", required=True, help="what the key is used for")
        parser.add_argument("--until", default="", help="its last day, as 2027-12-31; without it, until it is revoked")
        parser.add_argument("--per-minute", type=int, help="requests a minute; 0 is without a limit")
        parser.add_argument("--per-day", type=int, help="requests a day; 0 is without a limit")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        user = get_user_model().objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user '{options['user']}'")
        if min(options["per_minute"] or 0, options["per_day"] or 0) < 0:
            raise CommandError("a limit is 0 or more")
        key, text = issue_key(
            user,
            options["label"],
            expires_at=end_of(read_day(options["until"])) if options["until"] else None,
            per_minute=options["per_minute"],
            per_day=options["per_day"],
        )
        self.stderr.write(f"{key}: shown this once, keep it safe")
        self.stdout.write(text)


def read_day(text: str) -> dt.date:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"'{text}' is no day; write it as 2027-12-31")
    return day
