"""``manage.py add_hub NAME ADDRESS``: registers a peer hub, to read from it or to let it read more than the public."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from catalog.errors import HubError
from catalog.management.recorded import RecordedCommand
from ingest.federation.hubs import save_hub
from ingest.models import Hub

LISTS = {"organisation": "organisations", "theme": "themes", "region": "regions", "data_model": "data_models"}


class Command(RecordedCommand):
    help = "Register a peer hub, or change one: what is not given stays as it is."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here
    told = ("name", "address", "takes", "level", "allow_private")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the peer is called here")
        parser.add_argument("address", help="where its pages begin, such as https://data.hanbit.example")
        parser.add_argument("--title", help="its name for people")
        parser.add_argument("--fingerprint", help="of its key, as its operator tells it (manage.py hub_key)")
        parser.add_argument("--takes", choices=list(Hub.Takes.values), help="default: records")
        parser.add_argument("--schedule", help='default: "every 10 minutes"; "" reads only by hand')
        parser.add_argument("--no-reading", action="store_true", help="it may read here, nothing is read from it")
        parser.add_argument("--level", action="append", help="an access level that it may read here (default: public)")
        parser.add_argument("--allow-private", action="store_true", help="an address in a private network may be read")
        for name in LISTS:
            told = name.replace("_", "-")
            parser.add_argument(f"--{told}", dest=name, action="append", help="only datasets of this one (repeatable)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        values: dict[str, Any] = {"address": options["address"].rstrip("/")}
        for name in ("title", "fingerprint", "takes", "schedule"):
            if options[name] is not None:
                values[name] = options[name]
        values |= {field: options[name] for name, field in LISTS.items() if options[name] is not None}
        if options["level"] is not None:
            values["levels"] = options["level"]
        if options["no_reading"]:
            values["reads"] = False
        if options["allow_private"]:
            values["allow_private"] = True
        try:
            outcome = save_hub(options["name"], values)
        except HubError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error
        self.stdout.write(f"{options['name']}: {outcome}")
