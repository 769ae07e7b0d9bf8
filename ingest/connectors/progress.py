"""How far a source has been read and what a run asks for next: the rules that all connectors share, without a clock.

A cursor moves in one of two ways. By the values that were seen: the next run begins at the highest value of ``field``, less
the overlap; a platform whose clock is ahead does not move it past the run's own moment. Or by the clock (``step`` or
``delay`` is given): time is asked for in windows, each from its beginning up to, without, its end, and the position is the
end of the last one that was read whole. Positions never move backwards, and they are kept only with what was published.
``cursor_values.py`` reads and writes the values.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from ingest.connectors.by_column import PAGES, ByColumn, Piece, Row, rows_of
from ingest.connectors.cursor_values import (
    KINDS,
    Format,
    Kind,
    Value,
    is_zone,
    parse_duration,
    read_value,
    stored,
)
from ingest.errors import BadSetup, QuotaExceeded, Text
from ingest.http import Session, Span

WINDOWS_AT_ONCE = 500
ROWS_HELD = 50_000  # of one window, until it is known to be whole
FIRST_EVER = dt.datetime(1, 1, 2, tzinfo=dt.UTC)

NO_FIELD = Text(
    ko="어떤 레코드에도 '{field}' 열이 없습니다. 있는 열: {names}",
    en="no record has the column '{field}'; they have: {names}",
)
NO_VALUE = Text(
    ko="'{field}' 열의 값({value})을 {kind}(으)로 읽을 수 없습니다. kind나 format을 고치십시오",
    en="values of '{field}' ({value}) cannot be read as {kind}; mend kind or format",
)
NO_SPANS = Text(
    ko="이 소스는 시각이 아니라 {kind} 값으로 이어 받으므로 기간을 다시 받을 수 없습니다",
    en="this source goes on by a cursor of the kind {kind}, not by time, so no span of time can be asked for",
)
TOO_MANY_WINDOWS = Text(
    ko="기간이 {count:,}개 구간으로 나뉩니다. 한 번에 {most:,}개까지입니다. 기간을 --step으로 나누십시오",
    en="the span has {count:,} windows, more than the {most:,} of one run; cut it with --step",
)
MORE_WINDOWS = Text(
    ko="한 번에 {count:,}개 구간까지만 받습니다. {until}까지 받았고, 나머지는 다음 실행이 이어 받습니다",
    en="at most {count:,} windows are read in one run: read up to {until}, the next run goes on from there",
)
OUT_OF_CALLS = Text(
    ko="하루 호출 한도에 이르러 {until}까지만 받았습니다. 나머지는 다음 실행이 이어 받습니다",
    en="the daily limit of calls was met: read up to {until}, the next run goes on from there",
)


class Cursor(BaseModel, frozen=True, extra="forbid"):
    """What a source goes on by, from run to run."""

    field: str | None = Field(None, min_length=1, description="The column whose highest value tells how far was read.")
    kind: Kind = Field("datetime", description="datetime, date, integer or text: how its values are compared.")
    format: Format | None = Field(None, description="How values are written: as %Y%m%d%H%M, or epoch, epoch-ms.")
    timezone: str = Field("Asia/Seoul", description="The zone of times that say none themselves.")
    initial: str | int | None = Field(None, description="Where the first run begins.")
    overlap: str | int = Field(0, description="What is asked for again each time, as 2h or 3d; a number for integers.")
    step: str | None = Field(None, description="The length of the windows that time is asked for in, as 1d.")
    delay: str | None = Field(None, description="What the platform still writes and is not asked for yet, as 10m.")

    @field_validator("timezone")
    @classmethod
    def is_a_zone(cls, zone: str) -> str:
        if not is_zone(zone):
            raise ValueError(f"unknown time zone '{zone}'; usual ones: Asia/Seoul, UTC")
        return zone

    @model_validator(mode="after")
    def makes_sense(self) -> Self:
        if not self.is_timed and (self.step is not None or self.delay is not None):
            raise ValueError(f"step and delay mean nothing with kind = {self.kind}")
        if not self.is_timed and self.format is not None:
            raise ValueError(f"format means nothing with kind = {self.kind}")
        overlap = self.length_of("overlap")
        if self.kind == "text" and overlap:
            raise ValueError("a text has no overlap; it is asked for from the last value on")
        for name in ("overlap", "step", "delay") if self.kind == "date" else ():
            if self.length_of(name) % dt.timedelta(days=1):
                raise ValueError(f"{name}: dates move by whole days, as 3d")
        if self.step is not None and not self.length_of("step"):
            raise ValueError("step must be longer than nothing")
        if self.step is not None and overlap / self.length_of("step") > WINDOWS_AT_ONCE / 2:
            raise ValueError("the overlap has so many steps that a run would never get past it; make step longer")
        if self.initial is not None:
            self.read(self.initial)
        elif self.moves_by_clock:
            raise ValueError("initial must say where the first window begins")
        return self

    def on(self, field: str) -> Self:
        """Return the cursor, on this column unless it names another one."""
        return self if self.field else self.model_copy(update={"field": field})

    @property
    def is_timed(self) -> bool:
        return self.kind in ("datetime", "date")

    @property
    def moves_by_clock(self) -> bool:
        return self.step is not None or self.delay is not None

    @property
    def repeats(self) -> bool:
        """Whether records that were read are asked for again; those of the last value are, where it may come twice."""
        return bool(self.length_of("overlap")) or not (self.moves_by_clock or self.kind == "integer")

    def length_of(self, name: str) -> Any:  # noqa: ANN401 (a length of time, or a number for integers)
        """Return ``overlap``, ``step`` or ``delay`` as what is added to values and taken from them."""
        given = getattr(self, name) or 0
        if self.kind == "integer":
            if isinstance(given, str) or given < 0:
                raise ValueError(f"{name} must be a whole number with kind = integer")
            return given
        return parse_duration(name, given)

    def read(self, value: object) -> Value:
        """Return a value of the platform as it is compared; ValueError when it is none."""
        return read_value(value, self.kind, self.format, self.timezone)


class Progressive(BaseModel):
    """What connectors have in common that can read only what is new."""

    incremental: Cursor | None = Field(
        None, description="What the source goes on by, so that each run reads only what is new."
    )

    @property
    def overlaps(self) -> bool:
        """Whether records come again that came before, so that only updates by key keep them from being doubled."""
        return self.incremental is not None and self.incremental.repeats

    @property
    def takes_spans(self) -> bool:
        """Whether a span of time can be asked for."""
        return self.incremental is not None and self.incremental.is_timed


@dataclass(frozen=True)
class Window:
    """What is asked for at once: from ``since`` up to, without, ``until``; None where there is no bound."""

    since: Value | None = None
    until: Value | None = None


EVERYTHING = Window()


@dataclass(frozen=True)
class Plan:
    """The windows of one run in their order, and whether more are left for the next one."""

    windows: Sequence[Window]
    has_more: bool = False


def read_new(
    cursor: Cursor, http: Session, read: Callable[[Window], Iterable[Piece]], *, is_ordered: bool = False
) -> Iterator[Piece]:
    """Yield the records of what is new, or pages of them, and leave with the session how far that is once all have come.

    When a provider's calls of the day end between two of several windows, the whole ones count. A run that makes up for
    a span of time leaves the position alone, so that no other goes on from where it stops: it comes whole or not at all.
    ``is_ordered`` says that the last value of a window is its highest.
    """
    plan = plan_windows(cursor, http.position, http.moment, http.span)
    watch, done = Watch(cursor, is_ordered), None
    for window in plan.windows:
        try:
            rows = read_ahead(read(window)) if len(plan.windows) > 1 else read(window)
        except QuotaExceeded:
            if http.span is not None or done is None or done.until is None:
                raise
            http.tell("read-in-part", OUT_OF_CALLS.format(until=stored(done.until, cursor.kind)))
            break
        yield from watch.passed(rows)
        done = window
    else:
        if plan.has_more and done:
            told = MORE_WINDOWS.format(count=len(plan.windows), until=stored(done.until, cursor.kind))
            http.tell("read-in-part", told)
    if http.span is None:
        seen = done.until if cursor.moves_by_clock and done else watch.highest()
        http.leave(move(cursor, http.position, seen, http.moment))


def read_ahead(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """Read a window to its end before any of it is handed on, unless it is large."""
    pieces, held, count = iter(pieces), [], 0
    for piece in pieces:
        held.append(piece)
        count += len(piece) if isinstance(piece, PAGES) else 1
        if count >= ROWS_HELD:
            break
    return itertools.chain(held, pieces)


def plan_windows(cursor: Cursor, position: Mapping[str, Any], moment: dt.datetime, span: Span | None) -> Plan:
    """Return what a run asks for that begins at ``position`` and takes place at ``moment``."""
    if span is not None:
        return plan_span(cursor, span)
    begin = beginning(cursor, position, moment)
    if not cursor.moves_by_clock:
        return Plan([Window(since=begin)])
    windows = cut(cursor, begin, KINDS[cursor.kind].floor(moment - cursor.length_of("delay"), cursor.timezone))
    chosen = list(itertools.islice(windows, WINDOWS_AT_ONCE))
    return Plan(chosen, has_more=next(windows, None) is not None)


def plan_span(cursor: Cursor, span: Span) -> Plan:
    if not cursor.is_timed:
        raise BadSetup(where="incremental.kind", problem=NO_SPANS.format(kind=cursor.kind))
    floor = KINDS[cursor.kind].floor
    since, until = floor(span.since, cursor.timezone), floor(span.until, cursor.timezone)
    if until < span.until:  # the day in which it ends is a part of it
        until += dt.timedelta(days=1)
    windows = list(cut(cursor, since, until))
    if len(windows) > WINDOWS_AT_ONCE:
        problem = TOO_MANY_WINDOWS.format(count=len(windows), most=WINDOWS_AT_ONCE)
        raise BadSetup(where="incremental.step", problem=problem)
    return Plan(windows)


def beginning(cursor: Cursor, position: Mapping[str, Any], moment: dt.datetime) -> Value | None:
    """Return where a run begins: never before ``initial``, never after ``moment``."""
    initial = None if cursor.initial is None else cursor.read(cursor.initial)
    reached = reached_of(cursor, position)
    if reached is None:
        return initial
    overlap = cursor.length_of("overlap")
    if cursor.is_timed:
        reached = min(reached, KINDS[cursor.kind].floor(moment, cursor.timezone))
        begin = reached - overlap if reached - FIRST_EVER > overlap else FIRST_EVER
    elif cursor.kind == "integer":
        begin = reached + 1 - overlap
    else:
        begin = reached
    return begin if initial is None else max(begin, initial)


def cut(cursor: Cursor, since: Value, until: Value) -> Iterator[Window]:
    step = cursor.length_of("step")
    while since < until:
        end = min(since + step, until) if step else until
        yield Window(since, end)
        since = end


def move(cursor: Cursor, position: Mapping[str, Any], seen: Value | None, moment: dt.datetime) -> Mapping[str, Any]:
    """Return the position after a run: not beyond ``moment``, not before where it was; where nothing came, as it was."""
    if seen is None:
        return position
    if cursor.is_timed:
        seen = min(seen, KINDS[cursor.kind].floor(moment, cursor.timezone))
    reached = reached_of(cursor, position)
    if reached is not None and seen <= reached:
        return position
    return {**position, "by": moved_by(cursor), "reached": stored(seen, cursor.kind)}


def reached_of(cursor: Cursor, position: Mapping[str, Any]) -> Value | None:
    """Return how far was read; None before the first time, and when the source went on by something else then."""
    if position.get("by") != moved_by(cursor):
        return None
    return read_value(position["reached"], cursor.kind, None, cursor.timezone)


def moved_by(cursor: Cursor) -> str:
    return f"{cursor.kind} {'' if cursor.moves_by_clock else cursor.field or ''}".strip()


class Watch:
    """Looks at records as they pass and knows the highest value of the cursor's field; a value that is missing is none."""

    def __init__(self, cursor: Cursor, is_ordered: bool = False) -> None:
        self.cursor, self.is_ordered = cursor, is_ordered
        self._highest: Value | None = None
        self._last: object = None
        self._first: Row | None = None
        self._is_met = False
        self._unread: object = None

    def passed(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        if self.cursor.moves_by_clock:
            yield from pieces
            return
        for piece in pieces:
            if isinstance(piece, ByColumn):
                self.look_at_page(piece)
            else:
                for row in rows_of([piece]):
                    self.look(row)
            yield piece

    def look_at_page(self, page: ByColumn) -> None:
        field = self.cursor.field or ""
        self._first = self._first or next(iter(page), None)
        self._is_met = self._is_met or field in page.columns
        for value in page.columns.get(field, ()):
            self.look_at(value)

    def look(self, row: Row) -> None:
        field = self.cursor.field or ""
        self._first = self._first or row
        self._is_met = self._is_met or field in row
        self.look_at(row.get(field))

    def look_at(self, value: object) -> None:
        if value is None or value == "" or value == self._last:
            return
        self._last = value
        if not self.is_ordered:
            self.raise_to(value)

    def raise_to(self, value: object) -> None:
        try:
            found = self.cursor.read(value)
        except ValueError:
            self._unread = value
            return
        if self._highest is None or found > self._highest:
            self._highest = found

    def highest(self) -> Value | None:
        """Return the highest value; BadSetup when no record has one that can be read, for then nothing would ever move."""
        if self.is_ordered and self._last is not None:
            self.raise_to(self._last)
        if self._highest is not None or self._first is None:
            return self._highest
        field = self.cursor.field or ""
        if not self._is_met:
            names = ", ".join(list(self._first)[:20]) or "-"
            raise BadSetup(where="incremental.field", problem=NO_FIELD.format(field=field, names=names))
        if self._unread is not None:
            told = NO_VALUE.format(field=field, value=str(self._unread)[:100], kind=self.cursor.kind)
            raise BadSetup(where="incremental.kind", problem=told)
        return None
