"""A call of an action: who asks, from which address, and its parameters, read as what they should be.

Parameters come from a query string, a form or JSON, so each reader takes text as well as the JSON value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.contrib.auth.models import AnonymousUser

from catalog.access import Viewer
from catalog.api.ckan.errors import InvalidParameters
from catalog.text import Text

TRUE = frozenset(["true", "1", "yes", "y", "t", "on"])
FALSE = frozenset(["false", "0", "no", "n", "f", "off", "none", ""])
LARGEST = 2**31
MISSING = Text(ko="값이 없습니다 (Missing value)", en="Missing value")
ANYBODY: Viewer = AnonymousUser()  # this door knows no sessions: what it shows is for all


@dataclass(frozen=True)
class Call:
    """One call. ``base`` is the hub's address without a slash at its end."""

    action: str
    base: str
    language: str
    parameters: Mapping[str, Any]
    viewer: Viewer = ANYBODY

    def text(self, name: str, default: str = "") -> str:
        value = self.parameters.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InvalidParameters({name: Text(ko="글자여야 합니다", en="Must be text")})
        return str(value).replace("\x00", "")

    def required(self, *names: str) -> str:
        """Return the first of some names of one parameter that has a value."""
        for name in names:
            if value := self.text(name).strip():
                return value
        raise InvalidParameters({names[0]: MISSING})

    def whole(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a whole number; one above ``most`` counts as ``most``, as in CKAN."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return default
        text = str(value).strip()
        if isinstance(value, bool) or not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 12:
            raise InvalidParameters({name: Text(ko="정수여야 합니다", en="Invalid integer")})
        number = int(text)
        if number < least:
            raise InvalidParameters({name: Text(ko=f"{least} 이상이어야 합니다", en=f"Must be at least {least}")})
        return min(number, LARGEST if most is None else most)

    def flag(self, name: str, default: bool) -> bool:
        value = self.parameters.get(name)
        if value is None:
            return default
        text = str(value).strip().lower()
        if text not in TRUE | FALSE:
            raise InvalidParameters({name: Text(ko="true 또는 false여야 합니다", en="Must be true or false")})
        return text in TRUE

    def texts(self, name: str) -> list[str]:
        """Return the values of a list: a list, its JSON, or texts divided by commas."""
        value = self.document(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
            return [part for part in value if part]
        raise InvalidParameters({name: Text(ko="글자의 목록이어야 합니다", en="Must be a list of texts")})

    def document(self, name: str) -> Any:  # noqa: ANN401
        """Return a JSON value, also when it came as text; text that is no JSON stays text."""
        value = self.parameters.get(name)
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError as error:
                raise InvalidParameters({name: Text(ko="JSON을 읽을 수 없습니다", en="Cannot parse JSON")}) from error
        return value
