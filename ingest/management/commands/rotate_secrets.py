"""``manage.py rotate_secrets``: encrypts every stored secret with the first of HUB_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import get_language

from catalog.management.recorded import RecordedCommand
from catalog.text import Text
from ingest.models import Secret
from ingest.secret_store import rotate_secrets

ROTATED = Text(
    ko="비밀값 {all}개 중 {rotated}개를 첫 번째 키로 다시 암호화했습니다.",
    en="{rotated} of {all} secrets were encrypted anew with the first key.",
)
UNREADABLE = Text(
    ko="풀 수 없어 그대로 둔 것: {names}. 암호화한 키를 HUB_ENCRYPTION_KEYS에 더하거나 다시 저장하십시오.",
    en="Left as they are, for no key opens them: {names}. Add their key to HUB_ENCRYPTION_KEYS or store them anew.",
)


class Command(RecordedCommand):
    help = "Encrypt all stored secrets with the first of HUB_ENCRYPTION_KEYS; the others may be dropped then."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        language = get_language() or "en"
        rotated, unreadable = rotate_secrets()
        self.stdout.write(ROTATED.format(rotated=rotated, all=Secret.objects.count()).in_language(language))
        if unreadable:
            raise CommandError(UNREADABLE.format(names=", ".join(unreadable)).in_language(language))
