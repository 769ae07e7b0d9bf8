"""Secrets of a source: its configuration names an environment variable or a stored secret, the run reads it."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from catalog.text import Text
from ingest.errors import BadSetup, SecretMissing
from ingest.secret_store import read_secret

OWN_SETTINGS = ("HUB_", "DATABASE_URL", "DJANGO_")
NOT_OURS = Text(
    ko="허브 자신의 설정({name})은 플랫폼에 보내지 않습니다. 다른 이름의 변수를 쓰십시오",
    en="the hub's own settings ({name}) are sent to no platform; use a variable of another name",
)


def resolve_secrets(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration with every ``{"env": NAME}`` and ``{"secret": name}`` replaced, and the secrets found."""
    secrets: list[str] = []

    def read(kind: str, name: str) -> str:
        secret = READERS[kind](name)
        secrets.append(secret)
        return secret

    return replace_secrets(config, read), secrets


def without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with placeholders for secrets, to check its form without knowing them."""
    return replace_secrets(config, lambda kind, name: "secret")


def replace_secrets(value: Any, read: Callable[[str, str], str]) -> Any:  # noqa: ANN401
    if is_secret(value):
        [(kind, name)] = value.items()
        if kind == "env" and name.upper().startswith(OWN_SETTINGS):
            raise BadSetup(where="config", problem=NOT_OURS.format(name=name))
        return read(kind, name)
    if isinstance(value, Mapping):
        return {name: replace_secrets(part, read) for name, part in value.items()}
    if isinstance(value, list):
        return [replace_secrets(part, read) for part in value]
    return value


def is_secret(value: object) -> bool:
    """Tell whether the value is the name of a secret."""
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and all(kind in READERS and isinstance(name, str) for kind, name in value.items())
    )


def read_variable(name: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise SecretMissing(name=name)
    return secret


READERS: Mapping[str, Callable[[str], str]] = {"env": read_variable, "secret": read_secret}
