"""``manage.py save_secret NAME``: stores a secret that sources name; the value comes from a pipe or is typed unseen."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import get_language

from catalog.errors import HubError
from catalog.management.recorded import RecordedCommand
from catalog.text import Text
from ingest.models import Secret
from ingest.secret_store import delete_secret, is_readable, save_secret, users_of

SAVED = Text(
    ko='저장했습니다. 설정에는 {{ secret = "{name}" }} 으로 적습니다.',
    en='Stored. Configurations name it {{ secret = "{name}" }}.',
)
DELETED = Text(ko="지웠습니다.", en="Deleted.")
UNREADABLE = Text(ko="풀 수 없음: 암호화한 키가 없습니다", en="cannot be decrypted: its key is gone")
NAME_NEEDED = Text(ko="비밀값의 이름을 적으십시오.", en="Give the name of a secret.")
PROMPT = Text(ko="비밀값: ", en="Secret: ")


class Command(RecordedCommand):
    help = "Store a secret, read from standard input or typed without echo; --list and --delete."
    requires_system_checks = ()
    told = ("name", "delete")

    def is_recorded(self, options: dict[str, Any]) -> bool:
        return not options["list"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="what configurations call it")
        parser.add_argument("--note", help="whose it is, when it ends")
        asked = parser.add_mutually_exclusive_group()
        asked.add_argument("--list", action="store_true", help="show names, notes and users, no values")
        asked.add_argument("--delete", action="store_true", help="delete it, unless a source uses it")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        name = options["name"]
        if options["list"]:
            for secret in Secret.objects.all():
                self.stdout.write(described(secret))
            return
        if not name:
            raise CommandError(spoken(NAME_NEEDED))
        try:
            if options["delete"]:
                delete_secret(name)
                self.stdout.write(spoken(DELETED))
            else:
                save_secret(name, typed(), options["note"])
                self.stdout.write(spoken(SAVED.format(name=name)))
        except HubError as error:
            raise CommandError(spoken(error.text)) from None


def described(secret: Secret) -> str:
    parts = [secret.name, secret.note, ", ".join(map(spoken, users_of(secret.name)))]
    return "\t".join([*parts, "" if is_readable(secret) else spoken(UNREADABLE)]).rstrip()


def typed() -> str:
    """Return the value without the line break that ends it; never from the command line, which all users may see."""
    if sys.stdin.isatty():
        return getpass.getpass(spoken(PROMPT))
    return sys.stdin.read().rstrip("\r\n")


def spoken(text: Text) -> str:
    return text.in_language(get_language() or "en")
