"""``manage.py sync_hub NAME``: reads a peer hub now, as its schedule does by itself."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from ingest.federation.sync import sync_hub
from ingest.models import Hub, HubSync


class Command(BaseCommand):
    help = "Read a peer hub now; what is here already does not travel again."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the peer is called here")
        parser.add_argument("--seconds", type=float, default=86_400.0, help="how long at most; the next time goes on")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        name = options["name"]
        if not Hub.objects.filter(slug=name).exists():
            raise CommandError(f"'{name}' 허브가 없습니다. There is no hub '{name}'.")
        sync = sync_hub(name, seconds=options["seconds"])
        if sync is None:
            raise CommandError(f"지금 다른 작업이 '{name}'을(를) 읽고 있습니다. '{name}' is being read at this moment.")
        if options["json"]:
            told = {"hub": name, "state": sync.state, "counts": sync.counts, "problems": sync.problems}
            self.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        else:
            counts = ", ".join(f"{key} {value:,}" for key, value in sync.counts.items())
            self.stdout.write(f"{name}: {sync.get_state_display()} ({counts})")
            for problem in sync.problems[:20]:
                self.stdout.write(f"    {problem['where']} {problem['text']['ko']}\n    {problem['text']['en']}")
        if sync.state == HubSync.State.FAILED:
            raise CommandError(f"'{name}'을(를) 끝까지 읽지 못했습니다. '{name}' was not read to its end.")
