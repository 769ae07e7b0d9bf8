"""What is counted of the columns of an answer while it passes, a block at a time and in bounded memory.

``Tallies`` takes blocks as ``tabulate.py`` does; every text is tried with the same parsers. What the counts mean (a type,
a damage, a key) is decided in ``infer.py``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalog.records.columns import Columns
from catalog.records.parsers import DAY, PARSERS
from catalog.records.plain import plain_text
from catalog.records.schema import DEFAULT_MISSING, Column
from catalog.records.staged import UnreadableRow
from catalog.records.told_rows import as_text, told_array

MOST_COLUMNS = 1000
KEPT_HASHES = 2**15  # 256 KiB for a column; so many different values are counted exactly
KEPT_VALUES = 60
EXAMPLES = 5
LONGEST_EXAMPLE = 120
LONGEST_NUMBER = 30  # digits of a code

# Words that stand for nothing in some platforms' columns of numbers and dates; in a column of text they may be values.
WORDS_FOR_NOTHING = (
    *("n/a", "#N/A", "NA", "nan", "NaN", "None", "none", "Null", "nil", "--", "---", ".", "..", "…", "*"),
    *(
        "미상",
        "없음",
        "해당없음",
        "해당 없음",
        "미정",
        "미측정",
        "점검중",
        "점검및교정",
        "통신장애",
        "자료이상",
        "교정중",
    ),
)
Bound = Any  # a number, or a text; the same kind throughout a reading
TRIED = ("integer", "number", "boolean", "date", "datetime", "time")
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
YEAR, MONTH = r"(19|20)\d\d", r"(0?[1-9]|1[0-2])"

# mark: the form of the whole text that bears it
FORMS: Mapping[str, str] = {
    "digits": r"\d+",
    "leading-zero": r"0\d+",
    "long-digits": r"\d{16,}",
    "decimal-point": r"[+-]?[\d,]*\.\d*",
    "scientific": r"[+-]?\d(\.\d{1,5})?E\+(09|1\d|2\d)",
    "month-name": rf"(?i:\d{{1,2}}-({MONTHS})|({MONTHS})-\d{{1,4}})",
    "serial-day": r"4\d{4}(\.\d+)?",
    "year": rf"{YEAR}년?",
    "month": rf"{YEAR}([-./]|년) ?{MONTH}[.월]?",
    "month-digits": rf"{YEAR}(0[1-9]|1[0-2])",
    "day-digits": rf"{YEAR}\d{{4}}",
    "day-form": rf"\d{{8}}|{DAY}",
    "korean-day": r"\d{4}년 ?\d\d?월 ?\d\d?일",
    "hour": rf"({DAY}[ T_]\d\d?(시)?|\d{{4}}년 ?\d\d?월 ?\d\d?일 ?\d\d?시)",
    "midnight-24": r".*(^|[ T_])24:00(:00)?|\d{8}24\d{2,4}",
    "korean-time": r"\d\d?시( ?\d\d?분)?( ?\d\d?초)?",
    "with-seconds": r".*\d:\d\d:\d\d.*|\d{14}",
    "moment-digits": rf"{YEAR}\d{{8}}(\d\d)?",
    "swallowed-zero-phone": r"(10\d{8}|2\d{7,8}|[3-6][1-5]\d{7,8})",
}
# A plain number is a day or a moment only when it is of our times.
VALID: Mapping[str, str] = {
    "date": r"NOT regexp_full_match(n, '\d{8}') OR year(@) BETWEEN 1900 AND 2100",
    "datetime": r"NOT regexp_full_match(n, '\d{12}|\d{14}') OR year(@) BETWEEN 1900 AND 2100",
}
# How the least and the greatest value are told: moments as text, in Korean time.
LEAST: Mapping[str, str] = {"date": "CAST(v_{} AS VARCHAR)", "datetime": "CAST(v_{} AS VARCHAR)"}


@dataclass
class Seen:
    """How often something was seen, with the first few examples."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, count: int, examples: Iterable[str]) -> None:
        self.count += count
        for text in examples:
            if len(self.examples) < EXAMPLES and text not in self.examples:
                self.examples.append(text)


@dataclass
class Reading:
    """How many values a parser reads, the least and the greatest, and examples of those that it does not."""

    count: int = 0
    low: Bound = None
    high: Bound = None
    misses: list[str] = field(default_factory=list)

    def add(self, count: int, low: Bound, high: Bound, misses: Iterable[str]) -> None:
        self.count += count
        if low is not None:
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
        for text in misses:
            if len(self.misses) < EXAMPLES and text not in self.misses:
                self.misses.append(text)


class Different:
    """Counts different values: exactly up to ``KEPT_HASHES``, then by the least hashes (an error below one percent)."""

    def __init__(self) -> None:
        self.hashes = np.empty(0, np.uint64)
        self.is_exact = True
        self.has_repeats = False

    def add(self, hashes: np.ndarray, *, repeated: bool) -> None:
        """Add the hashes of one block's different values; a repeat among values no longer kept goes unnoticed."""
        new = np.unique(hashes)
        if repeated or np.isin(new, self.hashes, assume_unique=True).any():
            self.has_repeats = True
        merged = np.union1d(self.hashes, new)
        if len(merged) > KEPT_HASHES:
            self.is_exact = False
            merged = merged[:KEPT_HASHES].copy()
        self.hashes = merged

    @property
    def count(self) -> int:
        if self.is_exact:
            return len(self.hashes)
        return round((KEPT_HASHES - 1) / (float(self.hashes[-1]) / 2**64))


@dataclass
class Tally:
    """The counts of one column; ``nothing`` counts texts for a missing value, ``words`` those that only may be one."""

    filled: int = 0
    nothing: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    different: Different = field(default_factory=Different)
    values: Counter[str] | None = field(default_factory=Counter)  # None when they are too many
    examples: list[str] = field(default_factory=list)
    longest: int = 0
    readings: dict[str, Reading] = field(default_factory=lambda: {name: Reading() for name in (*TRIED, "geometry")})
    marks: dict[str, Seen] = field(default_factory=lambda: {name: Seen() for name in FORMS})
    widths: Counter[int] = field(default_factory=Counter)
    quantiles: np.ndarray = field(default_factory=lambda: np.zeros(3))  # 2 %, 50 % and 98 % of the numbers
    weighed: int = 0
    middles: list[tuple[float, float]] = field(default_factory=list)  # of some shapes


class Tallies:
    """The counts of all columns of an answer, by their names at the platform, in the order in which they came."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor
        self.rows = 0
        self.unreadable: Counter[str] = Counter()
        self.columns: dict[str, Tally] = {}
        self.left_out: set[str] = set()

    def add(self, block: Sequence[Mapping[str, object] | UnreadableRow] | Columns) -> None:
        if isinstance(block, Columns):
            self.rows += block.rows
            self.unreadable.update(row.code for row in block.unreadable.values())
            names, texts = block.table.column_names, block.table.columns
            self.add_texts({name: text.combine_chunks() for name, text in zip(names, texts, strict=True)})
            return
        self.rows += len(block)
        self.unreadable.update(row.code for row in block if isinstance(row, UnreadableRow))
        readable = [row for row in block if not isinstance(row, UnreadableRow)]
        names = dict.fromkeys(name for row in readable for name in row)
        self.add_texts({name: readable_texts([row.get(name) for row in readable]) for name in names})

    def add_texts(self, texts: Mapping[str, pa.Array]) -> None:
        cells = []
        for name, values in texts.items():
            if name not in self.columns and len(self.columns) >= MOST_COLUMNS:
                self.left_out.add(name)
                continue
            tally = self.columns.setdefault(name, Tally())
            if (found := self.sort_out(tally, values)) is not None:
                cells.append((tally, *found))
        if cells:
            self.ask_engine(cells)

    def sort_out(self, tally: Tally, values: pa.Array) -> tuple[pa.Array, pa.Array, np.ndarray] | None:
        """Count what is missing; return the different texts, the same in plain letters, and how often each came."""
        counted = pc.value_counts(plain_text(values, Column("text"), ()).drop_null())
        if not len(counted):
            return None
        texts, times = counted.field("values"), counted.field("counts").to_numpy(zero_copy_only=False)
        for words, counter in ((DEFAULT_MISSING, tally.nothing), (WORDS_FOR_NOTHING, tally.words)):
            absent = pc.is_in(texts, pa.array(words)).to_numpy(zero_copy_only=False)
            if absent.any():
                found = zip(texts.filter(pa.array(absent)).to_pylist(), times[absent].tolist(), strict=True)
                counter.update(dict(found))
                texts, times = texts.filter(pa.array(~absent)), times[~absent]
        if not len(texts):
            return None
        tally.filled += int(times.sum())
        tally.longest = max(tally.longest, pc.max(pc.utf8_length(texts)).as_py())
        for text in texts.slice(0, EXAMPLES).to_pylist():
            if len(tally.examples) < EXAMPLES and text[:LONGEST_EXAMPLE] not in tally.examples:
                tally.examples.append(text[:LONGEST_EXAMPLE])
        count_values(tally, texts, times)
        plain = plain_text(texts, Column("text", type="number"), ())
        count_widths(tally, plain, times)
        return texts, plain, times

    def ask_engine(self, cells: Sequence[tuple[Tally, pa.Array, pa.Array, np.ndarray]]) -> None:
        """Try the parsers on the different texts of all columns at once."""
        columns = np.repeat(np.arange(len(cells)), [len(texts) for _, texts, _, _ in cells])
        table = pa.table(
            {
                "c": columns,
                "t": pa.concat_arrays([texts for _, texts, _, _ in cells]),
                "n": pa.concat_arrays([plain for _, _, plain, _ in cells]),
                "w": np.concatenate([times for _, _, _, times in cells]),
            }
        )
        self.cursor.register("_cells", table)
        hashes = self.cursor.sql("SELECT hash(t) AS h FROM _cells").to_arrow_table().column("h").to_numpy()
        answers = self.cursor.sql(QUESTION).to_arrow_table().to_pylist()
        self.cursor.unregister("_cells")
        starts = np.cumsum([0, *(len(texts) for _, texts, _, _ in cells)])
        for (tally, texts, _, times), start, end in zip(cells, starts[:-1], starts[1:], strict=True):
            tally.different.add(hashes[start:end], repeated=bool((times > 1).any()))
            count_shapes(tally, texts, times)
        for answer in answers:
            note(cells[answer["c"]][0], answer)


def readable_texts(values: Sequence[object]) -> pa.Array:
    """Return values as text; half a surrogate pair, which is no text, is replaced (typing refuses its row)."""
    try:
        return told_array(values)
    except UnicodeEncodeError:
        return pa.array([None if value is None else whole_text(value) for value in values], pa.string())


def whole_text(value: object) -> str:
    return as_text(value).encode(errors="replace").decode()


def count_values(tally: Tally, texts: pa.Array, times: np.ndarray) -> None:
    """Count each value as long as there are few of them."""
    if tally.values is None:
        return
    if len(texts) > KEPT_VALUES or tally.longest > LONGEST_EXAMPLE:
        tally.values = None
        return
    tally.values.update(dict(zip(texts.to_pylist(), times.tolist(), strict=True)))
    if len(tally.values) > KEPT_VALUES:
        tally.values = None


def count_widths(tally: Tally, texts: pa.Array, times: np.ndarray) -> None:
    """Count how many digits the texts have that hold nothing else."""
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    digits = pc.match_substring_regex(texts, r"^\d+$").to_numpy(zero_copy_only=False) & (lengths <= LONGEST_NUMBER)
    if digits.any():
        counts = np.bincount(lengths[digits], weights=times[digits])
        tally.widths.update({width: int(count) for width, count in enumerate(counts.tolist()) if count})


def count_shapes(tally: Tally, texts: pa.Array, times: np.ndarray) -> None:
    """Count the texts that are geometries in GeoJSON, and keep where a few of them lie."""
    likely = pc.match_substring_regex(texts, r'(?s)^\{.*"(coordinates|geometries)"').to_numpy(zero_copy_only=False)
    reading = tally.readings["geometry"]
    if not likely.any():
        reading.add(0, None, None, texts.slice(0, EXAMPLES).to_pylist())
        return
    shapes = shapely.from_geojson(np.array(texts.filter(pa.array(likely)).to_pylist(), object), on_invalid="ignore")
    good = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    places = np.flatnonzero(likely)
    misses = np.setdiff1d(np.arange(len(texts)), places[good])[:EXAMPLES]
    reading.add(
        int(times[places[good]].sum()), None, None, [text[:LONGEST_EXAMPLE] for text in texts.take(misses).to_pylist()]
    )
    west, south, east, north = shapely.bounds(shapes[good][: 500 - len(tally.middles)]).T
    tally.middles += zip(((west + east) / 2).tolist(), ((south + north) / 2).tolist(), strict=True)


def note(tally: Tally, answer: Mapping[str, object]) -> None:
    """Add what the engine counted of one column in one block."""
    for name in TRIED:
        read = answer[f"{name}_read"]
        tally.readings[name].add(
            read or 0, answer[f"{name}_low"], answer[f"{name}_high"], answer[f"{name}_missed"] or ()
        )
    for position, name in enumerate(FORMS):
        tally.marks[name].add(answer[f"m{position}"] or 0, answer[f"e{position}"] or ())
    numbers = answer["numbers"]
    if numbers:
        share = numbers / (tally.weighed + numbers)
        tally.quantiles = tally.quantiles * (1 - share) + np.array(answer["quantiles"]) * share
        tally.weighed += numbers


def question() -> str:
    """Return the statement that tries every parser and every form on the texts of a block."""
    parsed = ", ".join(f"{PARSERS[name].sql.replace('@', 'n')} AS p_{name}" for name in TRIED)
    valid = ", ".join(f"CASE WHEN {validity(name)} THEN p_{name} END AS v_{name}" for name in TRIED)
    asked = ["c"]
    for name in TRIED:
        read, bound = f"v_{name} IS NOT NULL", LEAST.get(name, "v_{}").format(name)
        asked += [
            f"CAST(sum(w) FILTER (WHERE {read}) AS BIGINT) AS {name}_read",
            f"min({bound}) AS {name}_low",
            f"max({bound}) AS {name}_high",
            f"(list(t[:{LONGEST_EXAMPLE}]) FILTER (WHERE v_{name} IS NULL))[:{EXAMPLES}] AS {name}_missed",
        ]
    for position, form in enumerate(FORMS.values()):
        bears = f"WHERE regexp_full_match(n, '{form}')"
        asked += [
            f"CAST(sum(w) FILTER ({bears}) AS BIGINT) AS m{position}",
            f"(list(t[:{LONGEST_EXAMPLE}]) FILTER ({bears}))[:{EXAMPLES}] AS e{position}",
        ]
    asked += [
        "count(v_number) AS numbers",
        "quantile_cont(v_number, [0.02, 0.5, 0.98]) AS quantiles",
    ]
    return (
        f"WITH parsed AS (SELECT c, t, n, w, {parsed} FROM _cells), valid AS (SELECT c, t, n, w, {valid} FROM parsed) "
        f"SELECT {', '.join(asked)} FROM valid GROUP BY c"
    )


def validity(name: str) -> str:
    """Return the condition under which a value that was read counts."""
    conditions = [condition for condition in (PARSERS[name].valid, VALID.get(name, "")) if condition]
    return " AND ".join(f"({condition.replace('@', f'p_{name}')})" for condition in conditions) or "true"


QUESTION = question()
