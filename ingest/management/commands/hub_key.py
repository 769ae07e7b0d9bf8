"""``manage.py hub_key``: shows the fingerprint that other hubs' operators note, and changes the key."""

from argparse import ArgumentParser
from typing import Any

from catalog.management.recorded import RecordedCommand
from ingest.federation.identity import fingerprint_of, own_hub, rotate_key, signing_key
from ingest.federation.own_entries import sign_again
from ingest.models import HubKey


class Command(RecordedCommand):
    help = "Show the identifier of this hub and the fingerprint of its key."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("rotate", "revoke")

    def is_recorded(self, options: dict[str, Any]) -> bool:
        return bool(options["rotate"] or options["revoke"])

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rotate", action="store_true", help="sign with a new key, which the old one vouches for")
        parser.add_argument(
            "--revoke", action="store_true", help="with a new key; nothing that older ones signed counts any more"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        if options["rotate"] or options["revoke"]:
            rotate_key(revoke=options["revoke"])
        if options["revoke"]:
            sign_again()
        name, _ = signing_key()
        self.stdout.write(f"hub          {own_hub().id}")
        self.stdout.write(f"key          {name}")
        self.stdout.write(f"fingerprint  {fingerprint_of(HubKey.objects.get(pk=name).public)}")
