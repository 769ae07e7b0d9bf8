"""Secrets of a source: the stored configuration names an environment variable, the run reads it."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from ingest.errors import SecretMissing


def resolve_secrets(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration with every ``{"env": NAME}`` replaced by the variable, and the secrets found."""
    secrets: list[str] = []

    def read(name: str) -> str:
        secret = os.environ.get(name, "")
        if not secret:
            raise SecretMissing(name=name)
        secrets.append(secret)
        return secret

    return replace_secrets(config, read), secrets


def without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with placeholders for secrets, to check its form without knowing them."""
    return replace_secrets(config, lambda name: "secret")


def replace_secrets(value: Any, read: Callable[[str], str]) -> Any:  # noqa: ANN401
    if is_secret(value):
        return read(value["env"])
    if isinstance(value, Mapping):
        return {name: replace_secrets(part, read) for name, part in value.items()}
    if isinstance(value, list):
        return [replace_secrets(part, read) for part in value]
    return value


def is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {"env"} and isinstance(value["env"], str)
