"""A secret on its way out: into a header, and kept out of every message in each form that it could come back in."""

import base64
import binascii

from pydantic import SecretStr

from ingest.errors import BadSetup, Text
from ingest.http import Session

NO_HEADER = Text(
    ko="비밀값에 한글이나 줄바꿈 등 헤더에 쓸 수 없는 글자가 있습니다.",
    en="the secret has characters that no header can carry, as a line break.",
)


def credential_headers(secret: SecretStr | None, http: Session, *, name: str = "Authorization") -> dict[str, str]:
    """Return the header that opens the platform; a scheme before the secret (``Bearer``, ``Basic``) is no secret."""
    if secret is None:
        return {}
    value = secret.get_secret_value()
    if not value.isascii() or not value.isprintable():
        raise BadSetup(where=name, problem=NO_HEADER)
    http.keep_secret(value)
    scheme, _, token = value.partition(" ")
    if token:
        http.keep_secret(token)
    if scheme.lower() == "basic":
        password = password_of(token)
        if password:
            http.keep_secret(password)
    return {name: value}


def password_of(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
