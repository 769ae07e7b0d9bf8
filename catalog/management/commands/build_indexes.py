"""``manage.py build_indexes``: builds the serving indexes that are due, now instead of at the worker's next sweep."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.serving import build_due_indexes


class Command(BaseCommand):
    help = "Build the serving indexes that are due on this host; a worker does the same every 15 seconds."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        built = build_due_indexes()
        self.stdout.write(f"{built} serving indexes built" if built != 1 else "1 serving index built")
