"""Secrets of a source: the stored configuration names an environment variable, the run reads it."""

import os
from collections.abc import Mapping
from typing import Any

from ingest.errors import SecretMissing


def resolve_secrets(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration with every ``{"env": NAME}`` replaced by the variable, and the secrets found."""
    secrets: list[str] = []
    return {name: resolve(value, secrets) for name, value in config.items()}, secrets


def resolve(value: Any, secrets: list[str]) -> Any:  # noqa: ANN401
    if is_secret(value):
        secret = os.environ.get(value["env"], "")
        if not secret:
            raise SecretMissing(name=value["env"])
        secrets.append(secret)
        return secret
    if isinstance(value, Mapping):
        return {name: resolve(part, secrets) for name, part in value.items()}
    return value


def is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {"env"} and isinstance(value["env"], str)


def without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with placeholders for secrets, to check its form without knowing them."""
    return {name: "secret" if is_secret(value) else value for name, value in config.items()}
