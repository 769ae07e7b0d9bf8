"""``manage.py export_audit``: writes the audit log as JSON lines, the oldest entry first, for auditors and archives."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand
from django.forms.models import model_to_dict

from catalog.audit import PIECE
from catalog.models import AuditEntry


class Command(BaseCommand):
    help = "Write the audit log as JSON lines, the oldest entry first, with the digests by which it can be proven elsewhere."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--after", type=int, default=0, help="only entries with a higher number than this")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        entries = AuditEntry.objects.filter(number__gt=options["after"]).order_by("number")
        for entry in entries.iterator(PIECE):
            self.stdout.write(orjson.dumps(model_to_dict(entry)).decode())
