"""``manage.py load_regions FILE``: takes the ministry's list of region codes into the hub's own folder."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.errors import BadDocument
from catalog.standard.kik_file import read_kik_file, write_region_table
from catalog.standard.tables import use_folder


class Command(BaseCommand):
    help = "Load the ministry's region codes (KIKcd_B, xlsx); a running hub knows them after a restart."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        folder = Path(settings.DATA_DIR) / "vocabularies"
        try:
            rows = read_kik_file(options["file"])
        except BadDocument as error:
            raise CommandError(str(error)) from error
        write_region_table(rows, folder / "region.csv")
        use_folder(folder)
        self.stdout.write(f"{len(rows)} region codes are in {folder}; restart the hub")
