"""``manage.py write_docs``: rewrites the tables of the documentation that mirror the code."""

from typing import Any

from django.core.management.base import BaseCommand

from datahub.documentation import write_docs


class Command(BaseCommand):
    help = "Rewrite the generated tables in docs/."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        for path in write_docs():
            self.stdout.write(f"wrote {path.name}")
