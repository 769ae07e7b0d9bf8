"""Errors as CKAN tells them: ``__type``, a message or a list per field, and a status. One row a class of error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog import errors
from catalog.text import Text


class ActionNotKnown(errors.HubError):
    """An action that this hub does not have; the answer is a bare string, as CKAN's is."""

    code = "unknown-action"
    sentence = Text(
        ko="Bad request - Action name not known: {action}", en="Bad request - Action name not known: {action}"
    )


class UnreadableRequest(errors.HubError):
    """A request that is no call of an action at all; the answer is a bare string, as CKAN's is."""

    code = "unreadable-request"
    sentence = Text(ko="Bad request - {reason}", en="Bad request - {reason}")


class InvalidParameters(errors.HubError):
    """Parameters that an action cannot take; ``fields`` holds the sentences of each."""

    code = "invalid-parameters"
    sentence = Text(ko="잘못된 매개변수: {fields}", en="Invalid parameters: {fields}")

    def __init__(self, fields: Mapping[str, Text]) -> None:
        self.fields = dict(fields)
        super().__init__(fields=list(self.fields))


class UnreadableSearch(errors.HubError):
    """A search that cannot be read: its query, its sort."""

    code = "unreadable-search"
    sentence = Text(ko="질의를 읽을 수 없습니다. {reason}", en="The search cannot be read. {reason}")


class NothingFound(errors.NotFound):
    """Something that CKAN has and we do not have under this name."""

    code = "nothing-found"
    sentence = Text(ko="'{name}'을(를) 찾을 수 없습니다.", en="'{name}' was not found.")


@dataclass(frozen=True)
class Kind:
    """How an error is told: CKAN's type, the status, and the words before the message."""

    type: str
    status: int
    before: str = ""


KINDS: Mapping[type[Exception], Kind] = {
    InvalidParameters: Kind("Validation Error", 409),
    UnreadableSearch: Kind("Search Query Error", 400, "Search Query is invalid: "),
    errors.NotFound: Kind("Not Found Error", 404, "Not found: "),
    errors.AccessDenied: Kind("Authorization Error", 403, "Access denied: "),
    errors.TooBusy: Kind("Search Error", 503, "Search error: "),
    errors.TooExpensive: Kind("Search Error", 409, "Search error: "),
    errors.BadQuestion: Kind("Validation Error", 409),
    Exception: Kind("Internal Server Error", 500),
}
SERVER_ERROR = Text(
    ko="허브에서 오류가 났습니다. 잠시 뒤에 다시 요청하십시오.",
    en="Something went wrong in the hub; please try again in a moment.",
)


def kind_of(error: Exception) -> Kind:
    """Return the row of the error's class, or of the nearest class above it."""
    return next(KINDS[above] for above in type(error).__mro__ if above in KINDS)


def error_document(error: Exception, language: str) -> dict[str, Any]:
    """Return what stands under ``error`` in the answer."""
    kind = kind_of(error)
    if isinstance(error, InvalidParameters):
        fields = {name: [text.in_language(language)] for name, text in error.fields.items()}
        return {"__type": kind.type} | fields
    if isinstance(error, errors.BadQuestion) and kind.type == "Validation Error":
        field = next((str(error.values[name]) for name in ("parameter", "column") if name in error.values), "message")
        return {"__type": kind.type, field: [error.text.in_language(language)]}
    text = error.text if isinstance(error, errors.HubError) else SERVER_ERROR
    return {"__type": kind.type, "message": kind.before + text.in_language(language).strip()}
