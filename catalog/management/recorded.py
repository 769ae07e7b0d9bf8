"""Commands that change what the hub does or gives: each records itself in the audit log before it begins."""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand

from catalog.audit import Actor, Done, record_acts
from catalog.models import AuditEntry


class RecordedCommand(BaseCommand):
    """A command that is recorded with the account of the machine that ran it and its options named in ``told``."""

    told: tuple[str, ...] = ()

    def is_recorded(self, options: dict[str, Any]) -> bool:
        """Tell whether the command is going to change anything with these options."""
        return not options.get("dry_run")

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401
        if self.is_recorded(options):
            told = {name: str(options[name]) for name in self.told if options.get(name) not in (None, False, "")}
            command = type(self).__module__.rpartition(".")[2]
            done = Done(AuditEntry.Act.COMMAND, object_name=command, told=told or None)
            record_acts(Actor(account()), [done])
        return super().execute(*args, **options)


def account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's account may have no name
        return f"uid {os.getuid()}"
