"""A system check for hubs in production: the key of the secrets does not lie beside the secrets."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Warning as Caution


def check_encryption_keys(**options: Any) -> list[Caution]:  # noqa: ANN401
    """Warn of a key in the data folder, which a backup takes along with the database; asked by ``check --deploy``."""
    kept = Path(settings.DATA_DIR) / "encryption_key"
    if not kept.is_file() or kept.read_text(encoding="ascii") not in settings.ENCRYPTION_KEYS:
        return []
    return [
        Caution(
            "The key that stored secrets are encrypted with lies in the data folder: whoever has a backup of it can read "
            "them. 비밀값을 암호화하는 키가 데이터 폴더에 있어, 그 백업을 가진 사람은 비밀값을 읽을 수 있습니다.",
            hint="Set HUB_ENCRYPTION_KEYS to a new key and the old one, run manage.py rotate_secrets, then drop the old one.",
            id="ingest.W001",
        )
    ]
