"""``manage.py prove_erasure [PLATFORM]``: shows that what platforms told of persons is gone when its time is over."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ingest.models import Platform
from ingest.platform.erasing import prove


class Command(BaseCommand):
    help = (
        "Look everywhere that personal data of platforms may be and tell what should be gone; exit 1 when something is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", nargs="?", help="the platform's identifier (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        platforms = Platform.objects.all()
        if slug := options["platform"]:
            platforms = platforms.filter(slug=slug)
            if not platforms.exists():
                raise CommandError(f"'{slug}' 플랫폼이 없습니다. There is no platform '{slug}'.")
        left = 0
        for platform in platforms:
            self.stdout.write(f"{platform.slug}: {platform.personal_days} d, {platform.event_days} d")
            for proof in prove(platform, timezone.now()):
                self.stdout.write(f"  {proof.left:>8,}  {proof.what.ko} / {proof.what.en}")
                left += proof.left
        if left:
            raise CommandError(f"지워졌어야 할 것이 {left:,}개 남아 있습니다. {left:,} are left that should be gone.")
