"""What the counts of a column mean: its type, why it is no more than text, its dates' precision.

A type is proposed only when the parser that will read the column tomorrow reads every value of today (``parsers.py``); what
stands against it is told in a finding (``damage.py``). Counting is in ``tallies.py``.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.records.damage import find_damage
from catalog.records.findings import Finding
from catalog.records.schema import DEFAULT_MISSING
from catalog.records.tallies import Tally

PAIRS = (("true", "false"), ("t", "f"), ("y", "n"), ("yes", "no"), ("예", "아니오"), ("o", "x"))
ALONE = frozenset({"true", "false", "y", "n", "yes", "no", "예", "아니오"})  # mean yes or no without the other one
NEARLY = 0.9  # of all values, and a column nearly has a type
ENUM_VALUES, ENUM_REPEATS = 30, 5
PRECISIONS = ("year", "month", "day", "hour", "minute", "second")
# Numbers that only name something: nobody adds them up, and zeros in front belong to them.
CODE_NAME = re.compile(
    r".+번호|코드|전화|연락처|팩스|우편|계좌|(^|[_\s.-])(id|cd|code|zip|tel|phone|fax)$|.[_\s](no|num)$"
    r"|(?-i:[a-z](Id|ID|Cd|CD|Code|No|Tel|Phone)$)",
    re.IGNORECASE,
)
DATE_NAME = re.compile(
    r"일자|날짜|일시|년월|연월|기준일|연도|년도|date|(^|_)(dt|ymd|ym|year)$|dttm|time$", re.IGNORECASE
)


@dataclass(frozen=True)
class InferredColumn:
    """One column as the platform sends it, and what its values are.

    ``because`` is why it stays text although its values look like something else: ``leading-zeros``, ``long-digits``,
    ``code-name``, ``damaged``, ``mixed-precision``, ``coarse-date`` or ``almost`` (then ``nearly`` is the type that most
    values have). ``reads`` are the types that read every value. ``missing`` are texts for a missing value, the usual ones and
    others; ``precisions`` counts dates by precision; ``values`` are all values when they are few and come again.
    """

    source: str
    type: str
    because: str = ""
    nearly: str = ""
    rows: int = 0
    filled: int = 0
    distinct: int = 0
    distinct_is_exact: bool = True
    longest: int = 0
    is_unique: bool = False
    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    examples: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    precisions: Mapping[str, int] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    middle: tuple[float, float, float] | None = None  # 2 %, 50 % and 98 % of the numbers, roughly
    points: tuple[tuple[float, float], ...] = ()  # the middles of a few shapes
    findings: tuple[Finding, ...] = ()

    @property
    def empty(self) -> int:
        return self.rows - self.filled

    @property
    def precision(self) -> str:
        """The coarsest precision of its dates and times; "" when it has none."""
        return next((name for name in PRECISIONS if self.precisions.get(name)), "")

    @property
    def unusual_missing(self) -> tuple[str, ...]:
        """The texts for a missing value that a schema does not know by itself."""
        return tuple(text for text in self.missing if text not in DEFAULT_MISSING)


def judge(name: str, tally: Tally, rows: int) -> InferredColumn:
    """Return what the counts of a column mean."""
    kind, because, nearly = decide_type(name, tally)
    words = tally.words if kind != "string" or nearly else {}
    filled = tally.filled + (0 if words else tally.words.total())
    shown = tally.readings.get(nearly or kind)
    return InferredColumn(
        source=name,
        type=kind,
        because=because,
        nearly=nearly,
        rows=rows,
        filled=filled,
        distinct=tally.different.count + (0 if words else len(tally.words)),
        distinct_is_exact=tally.different.is_exact,
        longest=tally.longest,
        is_unique=filled > 0 and not tally.different.has_repeats and not tally.words,
        minimum=shown.low if shown else None,
        maximum=shown.high if shown else None,
        examples=tuple(tally.examples or list(tally.words)[:3]),
        missing=tuple(text for text, _ in (tally.nothing + Counter(words)).most_common() if text),
        precisions=precisions_of(kind, because, tally),
        values=repeated_values(tally, kind),
        reads=frozenset({"string", *(one for one, reading in tally.readings.items() if reads_all(tally, one))}),
        middle=tuple(tally.quantiles.tolist()) if reads_all(tally, "number") else None,
        points=tuple(tally.middles),
        findings=tuple(find_damage(name, tally, kind, because, nearly)),
    )


def reads_all(tally: Tally, kind: str) -> bool:
    return tally.filled > 0 and tally.readings[kind].count == tally.filled


def decide_type(name: str, tally: Tally) -> tuple[str, str, str]:
    """Return the type, why it is no more than text, and the type that it nearly has."""
    if not tally.filled:
        return "string", "", ""
    if reads_all(tally, "geometry"):
        return "geometry", "", ""
    if reads_all(tally, "boolean") and are_yes_and_no(tally):
        return "boolean", "", ""
    if reads_all(tally, "number"):
        return decide_number(name, tally)
    for kind in ("date", "datetime", "time"):
        if reads_all(tally, kind):
            return kind, "", ""
    if sum(date_counts(tally).values()) >= tally.filled:
        return "string", "mixed-precision" if len(date_counts(tally)) > 1 else "coarse-date", ""
    best = max(("number", "date", "datetime", "time"), key=lambda kind: tally.readings[kind].count)
    is_near = NEARLY * tally.filled <= tally.readings[best].count
    if is_near and not tally.marks["leading-zero"].count and not CODE_NAME.search(name):
        is_whole = best == "number" and tally.readings["integer"].count == tally.readings["number"].count
        return "string", "almost", "integer" if is_whole else best
    return "string", "", ""


def decide_number(name: str, tally: Tally) -> tuple[str, str, str]:
    """Return what a column is whose values all are numbers: a number, a date in plain digits, or a code."""
    counts = {mark: seen.count for mark, seen in tally.marks.items()}
    is_digits = counts["digits"] == tally.filled
    is_code, is_dated = bool(CODE_NAME.search(name)), bool(DATE_NAME.search(name))
    is_serial = is_code and not is_dated  # receipts are numbered by the day: 202401150001
    for kind in ("date", "datetime"):
        if is_digits and reads_all(tally, kind):
            return ("string", "code-name", "") if is_serial else (kind, "", "")
    if not is_serial and counts["day-digits"] == tally.filled and tally.readings["date"].count >= 0.5 * tally.filled:
        return "string", "almost", "date"
    if counts["leading-zero"] and not are_few_zeros(tally):
        return "string", "leading-zeros", ""
    if counts["long-digits"]:
        return "string", "long-digits", ""
    if (is_code or counts["scientific"] < tally.filled) and counts["scientific"] and is_all_whole(tally):
        return "string", "damaged", ""
    if is_dated and counts["serial-day"] == tally.filled:
        return "string", "damaged", ""
    if is_dated and counts["serial-day"] and counts["serial-day"] + tally.readings["date"].count == tally.filled:
        return "string", "damaged", ""
    if is_dated and is_digits and counts["month-digits"] == tally.filled:
        return "string", "coarse-date", ""
    if is_code and is_digits:
        return "string", "code-name", ""
    is_whole = reads_all(tally, "integer") and not counts["decimal-point"]
    return ("integer" if is_whole else "number"), "", ""


def are_few_zeros(tally: Tally) -> bool:
    """Tell whether a few zeros in front are slips of the pen (00 minutes), and not those of codes of one width."""
    few = tally.marks["leading-zero"].count < 0.01 * tally.filled
    return few and tally.widths.most_common(1)[0][1] < 0.9 * tally.widths.total()


def is_all_whole(tally: Tally) -> bool:
    return tally.marks["digits"].count + tally.marks["scientific"].count == tally.filled


def are_yes_and_no(tally: Tally) -> bool:
    """Tell whether the values are one pair of words for yes and no; ones and zeros are numbers."""
    words = {value.lower() for value in tally.values or ()}
    pair = next((pair for pair in PAIRS if words and words <= set(pair)), None)
    return pair is not None and (len(words) == len(pair) or words <= ALONE)


def date_counts(tally: Tally) -> dict[str, int]:
    """Return how many values are dates of each precision, whichever parser reads them or none."""
    marks, datetimes = tally.marks, tally.readings["datetime"].count
    seconds = min(marks["with-seconds"].count, datetimes)
    counts = {
        "year": marks["year"].count,
        "month": marks["month"].count + marks["month-digits"].count,
        "day": tally.readings["date"].count,
        "hour": marks["hour"].count,
        "minute": datetimes - seconds,
        "second": seconds,
    }
    return {name: count for name, count in counts.items() if count}


def precisions_of(kind: str, because: str, tally: Tally) -> dict[str, int]:
    is_partly = (
        kind == "string" and sum(date_counts(tally).values()) >= 0.5 * tally.filled > tally.marks["digits"].count
    )
    if because in ("mixed-precision", "coarse-date") or is_partly:
        return date_counts(tally)
    if kind == "date":
        return {"day": tally.filled}
    if kind == "datetime":
        return {name: count for name, count in date_counts(tally).items() if name in ("minute", "second")}
    return {}


def repeated_values(tally: Tally, kind: str) -> tuple[str, ...]:
    """Return all values when they are few and each comes again: a code list, perhaps."""
    values = tally.values
    if kind not in ("string", "integer") or not values or len(values) > ENUM_VALUES:
        return ()
    return tuple(sorted(values)) if tally.filled >= ENUM_REPEATS * len(values) else ()
