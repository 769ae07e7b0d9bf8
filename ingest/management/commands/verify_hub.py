"""``manage.py verify_hub NAME``: proves that all a peer offers is here, or prints what differs; ``--repair`` mends it."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from ingest.federation.verifying import told_differences, verify_hub
from ingest.models import Hub, HubSync

SHOWN = 50


class Command(BaseCommand):
    help = "Compare what is here with all that a peer hub offers; exit 1 when something differs."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the peer is called here")
        parser.add_argument("--repair", action="store_true", help="mend what differs, then compare again")
        parser.add_argument(
            "--files", action="store_true", help="read every file of records as well and check its digest"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        name = options["name"]
        if not Hub.objects.filter(slug=name).exists():
            raise CommandError(f"'{name}' 허브가 없습니다. There is no hub '{name}'.")
        proof = verify_hub(name, repair=options["repair"], reads_files=options["files"])
        sync = proof.sync
        if sync is None:
            raise CommandError(f"지금 다른 작업이 '{name}'을(를) 읽고 있습니다. '{name}' is being read at this moment.")
        if sync.state == HubSync.State.FAILED:
            told = sync.problems[-1]["text"]
            raise CommandError(f"{told['ko']}\n{told['en']}")
        found = told_differences(proof)
        problems = [one for one in sync.problems if not one["code"].startswith("differs")]
        if options["json"]:
            document = {
                "hub": name,
                "entries": proof.entries,
                "differences": found,
                "mended": proof.mended,
                "requests": sync.counts["requests"],
                "problems": problems,
            }
            self.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        else:
            self.stdout.write(
                f"{name}: {proof.entries:,} datasets compared in {sync.counts['requests']} requests, "
                f"{len(found):,} differ, {proof.mended:,} mended"
            )
            for one in found[:SHOWN]:
                self.stdout.write(f"    {one['kind']} {one['id']} {one['home']}")
            for problem in problems[:SHOWN]:
                self.stdout.write(f"    {problem['where']} {problem['text']['ko']}\n    {problem['text']['en']}")
        if found:
            raise CommandError(f"데이터셋 {len(found):,}개가 다릅니다. {len(found):,} datasets differ.")
