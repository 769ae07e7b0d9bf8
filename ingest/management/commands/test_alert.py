"""``manage.py test_alert CHANNEL_ID``: sends a test message by an alert channel and says what happened."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.text import Text
from ingest.alerts import send_test
from ingest.models import AlertChannel

TAKEN = Text(ko="{channel}(으)로 보냈습니다.", en="Sent to {channel}.")
UNKNOWN = Text(ko="{id}번 알림 채널이 없습니다. 있는 것: {known}", en="There is no alert channel {id}; known: {known}")


class Command(BaseCommand):
    help = "Send a test message by an alert channel."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("channel", type=int, help="the channel's number in the admin")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        language = get_language() or "en"
        channel = AlertChannel.objects.filter(pk=options["channel"]).first()
        if channel is None:
            known = ", ".join(map(str, AlertChannel.objects.values_list("pk", flat=True))) or "-"
            raise CommandError(UNKNOWN.format(id=options["channel"], known=known).in_language(language))
        if reason := send_test(channel):
            raise CommandError(reason)
        self.stdout.write(TAKEN.format(channel=channel).in_language(language))
