"""A row of a file that cannot become a dictionary: handed on all the same, so that it is counted and kept."""

from dataclasses import dataclass
from typing import Literal

from ingest.errors import Text


@dataclass(frozen=True)
class MalformedRow:
    """``number`` counts all rows of the answer from 1, well-formed ones included; ``raw`` is the row as it was split."""

    number: int
    code: Literal["too-many-fields", "too-few-fields"]
    reason: Text
    raw: list[str] | dict[str, object]
