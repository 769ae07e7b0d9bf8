"""``manage.py start_over``: after a backup has been restored, lets all who follow this hub read from the beginning."""

from typing import Any

from catalog.feed import begin_epoch
from catalog.management.recorded import RecordedCommand


class Command(RecordedCommand):
    help = "Let all who follow the change feed or read this hub start over; needed after a backup has been restored."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        self.stdout.write(f"epoch {begin_epoch()}")
