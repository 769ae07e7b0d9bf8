"""``manage.py sandbox``: the sandbox platform, with the options of ``python -m ingest.sandbox``."""

import sys
from argparse import Namespace

from django.core.management.base import BaseCommand, CommandParser

from ingest.sandbox.run import DESCRIPTION, add_options, run


class Command(BaseCommand):
    help = DESCRIPTION
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_options(parser)

    def handle(self, *args: object, **options: object) -> None:
        sys.exit(run(Namespace(**options)))
