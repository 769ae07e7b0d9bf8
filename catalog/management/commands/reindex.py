"""``manage.py reindex``: builds the search index anew, or checks that it is what would be built."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from catalog.feed import lock_feed
from catalog.search import check_index, index_missing, rebuild_index

SHOWN = 20


class Command(BaseCommand):
    help = "Build the search index anew from the datasets; readers keep the old one until it is whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--check", action="store_true", help="only compare the index with what would be built")
        way.add_argument("--missing", action="store_true", help="only add what is not in it, as after an upgrade")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        if not options["check"]:
            with transaction.atomic():
                lock_feed()
                number = index_missing() if options["missing"] else rebuild_index()
            self.stdout.write(f"{number} datasets {'were added' if options['missing'] else 'can be found'}")
            return
        if wrong := check_index():
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            raise CommandError(f"the index is not that of the datasets: {', '.join(wrong[:SHOWN])}{more}")
        self.stdout.write("the index is what would be built")
