"""What a platform says of itself before anything is saved: whether it can be reached (``Checked``), what it holds (``Described``).

The two functions here do both by reading; a connector whose platform tells more has its own (``<name>_describe.py``).
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.connectors.rows import MalformedRow
from ingest.errors import Text
from ingest.http import Session

Read = Callable[..., Iterator[Mapping[str, object] | MalformedRow]]

SAMPLE_ROWS = 100
REACHED = Text(ko="응답 {seconds}초", en="answered in {seconds} s")
ROWS = Text(ko=", 전체 {rows}행", en=", {rows} rows in all")
SIZE = Text(ko=", {size}바이트", en=", {size} bytes")
NO_ROWS = Text(ko=", 지금은 레코드가 없습니다", en=", no records at present")


@dataclass(frozen=True)
class Checked:
    """The address, key and rights are good: how long the answer took, and how many rows or bytes are announced."""

    seconds: float
    rows: int | None = None
    size: int | None = None
    is_empty: bool = False

    @property
    def sentence(self) -> Text:
        parts = [REACHED.format(seconds=f"{self.seconds:.1f}")]
        if self.rows is not None:
            parts.append(ROWS.format(rows=f"{self.rows:,}"))
        elif self.is_empty:
            parts.append(NO_ROWS)
        if self.size is not None:
            parts.append(SIZE.format(size=f"{self.size:,}"))
        return Text(ko="".join(part.ko for part in parts), en="".join(part.en for part in parts))


@dataclass(frozen=True)
class DescribedColumn:
    """What the platform itself says of a column; ``type`` is one of the hub's types, "" when it says none.

    ``codes`` are the values of its code list and what they stand for.
    """

    name: str
    type: str = ""
    title: Text = Text()
    description: Text = Text()
    unit: str = ""
    codes: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Described:
    """What the platform says of the records: nothing here is ours, and whatever it does not say is empty.

    ``crs`` is the coordinate system of what ``read`` yields, as far as it is told, ``key`` the columns that it calls its key,
    ``encoding`` and ``format`` those of a file.
    """

    title: Text = Text()
    description: Text = Text()
    columns: tuple[DescribedColumn, ...] = ()
    rows: int | None = None
    licence: str = ""
    crs: str = ""
    key: tuple[str, ...] = ()
    format: str = ""
    encoding: str = ""


def check_by_reading(read: Read, config: object, http: Session, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Read up to the first row: that proves address, key and rights, and costs one page."""
    overheard = Overhearing(http)
    started = clock()
    first = next(iter(read(config, overheard)), None)
    return Checked(clock() - started, overheard.total, is_empty=first is None)


def describe_by_reading(read: Read, config: object, http: Session) -> Described:
    """Return the columns that the first rows have; nothing more is said of them."""
    overheard = Overhearing(http)
    rows = itertools.islice(read(config, overheard), SAMPLE_ROWS)
    names = dict.fromkeys(name for row in rows if not isinstance(row, MalformedRow) for name in row)
    return Described(columns=tuple(DescribedColumn(name) for name in names), rows=overheard.total)


class Overhearing:
    """A session that notes the total that the pages read through it announce."""

    def __init__(self, http: Session) -> None:
        self._http = http
        self.total: int | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the session has)
        return getattr(self._http, name)

    def read(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 (those of ``Session.read``)
        page = self._http.read(*args, **options)
        told = page if type(page) is int else getattr(page, "total", None)
        if self.total is None and type(told) is int:
            self.total = told
        return page


def told_text(value: object, *, most: int = 2000) -> Text:
    """Return a platform's own words as a text: Korean ones as Korean, others as English."""
    words = " ".join(str(value).split())[:most] if isinstance(value, str) else ""
    return Text(ko=words) if any("가" <= letter <= "힣" for letter in words) else Text(en=words)
