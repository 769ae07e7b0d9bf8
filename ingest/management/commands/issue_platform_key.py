"""``manage.py issue_platform_key PLATFORM``: gives an integrated platform a new key and prints it, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from catalog.management.recorded import RecordedCommand
from ingest.models import Platform
from ingest.platform.platforms import issue_platform_key


class Command(RecordedCommand):
    help = "Give an integrated platform a new key and print it, once; the key before opens nothing any more."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("platform",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", help="the platform's identifier")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        platform = Platform.objects.filter(slug=options["platform"]).first()
        if platform is None:
            raise CommandError(
                f"'{options['platform']}' 플랫폼이 없습니다. There is no platform '{options['platform']}'."
            )
        key = issue_platform_key(platform)
        self.stderr.write(f"{platform.slug}: shown this once, keep it safe")
        self.stdout.write(key)
