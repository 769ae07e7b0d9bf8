"""What a check of an answer is given, and what it gives back."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.records.drift import Drift
from catalog.records.engine import Limits, connect
from catalog.records.expectations import Expectations
from catalog.records.staged import Staged
from catalog.text import Text


@dataclass(frozen=True)
class Found:
    """What a check found: the sentence, how many records or columns it is about, and which column."""

    text: Text
    count: int = 0
    column: str = ""


@dataclass(frozen=True)
class Inspection:
    """An answer under inspection, at the ``moment`` of its run."""

    staged: Staged
    expectations: Expectations
    previous_rows: int | None
    drift: Drift
    moment: dt.datetime
    limits: Limits

    def ask(
        self, statement: str, columns: Sequence[str], parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Return the answer of a statement about some columns of the records, which are called ``_records``."""
        with connect((), self.limits) as cursor:
            cursor.register("_records", self.staged.read(list(dict.fromkeys(columns))))
            return cursor.sql(statement, params=dict(parameters or {}) or None).to_arrow_table().to_pylist()


def percent(share: float) -> str:
    return f"{share * 100:g}%"
