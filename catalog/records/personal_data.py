"""Personal data in staged rows: found by column before they are published, masked or emptied as somebody decided.

Text columns are sifted whole by the columnar engine; only what passes is looked at one by one (``personal_kinds.py``). What
two columns give away together (a name and a birthday) is told by the names of the columns. No value leaves this room: what
is found is told by its kind, its row and its masked form. Refused records are not looked at; stewards alone see them.
"""

import functools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.layout import BOUNDS, ROW
from catalog.records.personal_kinds import (
    GATE,
    KINDS,
    SIEVES,
    UNFOLDED,
    find_hits,
    fold,
    mask_text,
    mask_whole,
)
from catalog.records.personal_proofs import HIDDEN
from catalog.records.schema import Column, Schema
from catalog.records.staged import Staged, open_staging
from catalog.text import Text

# A column that says so itself holds such numbers, whatever their checksums.
SPEAKING = re.compile(
    r"주민(등록)?번호|외국인(등록)?번호|(휴대|핸드|이동).*(폰|전화|번호)|계좌|카드번호|면허번호|여권|차량(등록)?번호|번호판|"
    r"resident.*n(o|umber)|rrn|mobile|cell_?phone|account_?n(o|umber)|card_?n(o|umber)|licence_?plate|plate_?n(o|umber)|passport"
)
PERSON = r"(.*(성명|성함)|(신청|소유|거주|보호|대표)(인|자)(이름|명)|(full|person|owner|applicant)_?name)"
NAME = rf"({PERSON}|이름|name)"
BIRTH = r"(.*생년월일|.*생일|.*출생(일|년월일|연월일).*|(.*_)?birth(day|_?date|_?day)?|date_?of_?birth|dob)"
HOME = r"(.*(상세|자택|거주지|집)_?주소|거주지|.*동호수|(detail(ed)?|home)_?address|address_?detail)"


@dataclass(frozen=True)
class FoundPersonalData:
    """Personal data of one kind in one column: in how many values, and the first of them, masked, with its row."""

    code: str
    title: Text
    weight: Literal["blocking", "warning"]
    column: str
    count: int
    row: int
    example: str = ""


@dataclass(frozen=True)
class Pair:
    """Two columns that give a person away together, told by their names."""

    code: str
    title: Text
    weight: Literal["blocking", "warning"]
    first: str
    second: str


PAIRS = (
    Pair("name-and-birth", Text(ko="성명과 생년월일", en="name and date of birth"), "blocking", NAME, BIRTH),
    Pair("name-and-home", Text(ko="성명과 상세주소", en="name and detailed address"), "warning", NAME, HOME),
    Pair("name-and-home", Text(ko="성명과 주소", en="name and address"), "warning", PERSON, r"(주소|address)"),
)


def find_personal_data(staged: Staged, decided: Collection[str] = ()) -> list[FoundPersonalData]:
    """Return what personal data the staged rows hold in columns about which nothing is decided, by column.

    A million cells take 0.2 to 1 second, and 7 where every one is a number that is found; they are read a batch at a time.
    """
    columns = [column for column in staged.schema.columns if column.type == "string" and column.name not in decided]
    tallies = {column.name: Tally(column) for column in columns}
    if columns:
        for batch in staged.read([ROW, *tallies]):
            numbers = batch.column(ROW).to_numpy()
            for name, tally in tallies.items():
                tally.add(batch.column(name), numbers)
    return [*(found for tally in tallies.values() for found in tally.settle()), *find_pairs(staged, decided)]


def hide_personal_data(
    staged: Staged, *, masked: Collection[str] = (), whole: Collection[str] = (), emptied: Collection[str] = ()
) -> None:
    """Write the staged rows again without what must not be published.

    In ``masked`` columns every number found is masked; in ``whole`` ones every value that is not just such a number
    becomes ``***``; ``emptied`` ones keep no value, an emptied geometry no bounds either.
    """
    hidden, geometry = {*masked, *whole, *emptied}, staged.schema.geometry
    if not hidden:
        return
    emptied = {*emptied, *(BOUNDS if geometry and geometry.column in emptied else ())}
    if hidden & set(staged.order.names):
        staged.order.is_kept = staged.order.is_strict = False
    rest = staged.path.with_suffix(".masked")
    try:
        with open_staging(rest, staged.schema) as file:
            for batch in staged.read():
                for place, name in enumerate(batch.schema.names):
                    if name in emptied:
                        batch = set_values(batch, place, pa.nulls(batch.num_rows, batch.column(place).type))
                    elif name in whole:
                        batch = set_values(batch, place, masked_values(batch.column(place), is_whole=True))
                    elif name in masked:
                        batch = set_values(batch, place, masked_values(batch.column(place), is_whole=False))
                file.write_batch(batch)
        rest.replace(staged.path)
    finally:
        rest.unlink(missing_ok=True)


def forget_examples(staged: Staged, columns: Collection[str]) -> None:
    """Forget what refused and mended values of some columns were, and let the sentences of checks tell no others."""
    staged.closed.update(columns)
    for (_, column), examples in staged.samples.items():
        if column in columns:
            examples[:] = [example | {"value": HIDDEN} for example in examples]
    for (_, column), example in staged.mended_samples.items():
        if column in columns:
            example["value"] = HIDDEN


def count_values(staged: Staged, names: Sequence[str]) -> list[int]:
    """Return how many values each of some columns has."""
    counts = [0] * len(names)
    for batch in staged.read(names) if names else ():
        counts = [count + len(column) - column.null_count for count, column in zip(counts, batch.columns, strict=True)]
    return counts


def set_values(batch: pa.RecordBatch, place: int, values: pa.Array) -> pa.RecordBatch:
    return batch.set_column(place, batch.schema.field(place), values)


def masked_values(values: pa.Array, *, is_whole: bool) -> pa.Array:
    encoded = values.dictionary_encode()
    texts = encoded.dictionary
    if is_whole:
        texts = pa.array([mask_whole(text) for text in texts.to_pylist()], pa.string())
    elif len(places := np.flatnonzero(passing(fold_texts(texts), GATE))):
        mended = texts.to_pylist()
        for place in places.tolist():
            mended[place] = mask_text(mended[place], with_doubtful=True)
        texts = pa.array(mended, pa.string())
    return texts.take(encoded.indices)


def fold_texts(texts: pa.Array) -> pa.Array:
    """Return texts with plain digits, hyphens and spaces; almost all of them are so already."""
    odd = pc.fill_null(pc.match_substring_regex(texts, UNFOLDED), False)
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(
        texts, odd, pa.array([fold(text) for text in texts.filter(odd).to_pylist()], pa.string())
    )


def passing(texts: pa.Array, sieve: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(texts, sieve), False).to_numpy(zero_copy_only=False)


@dataclass
class Tally:
    """Counts what one column holds, by the place of the kind in KINDS: proven values, those of the form only, the first."""

    column: Column
    proven: Counter[int] = field(default_factory=Counter)
    unproven: Counter[int] = field(default_factory=Counter)
    first: dict[int, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_speaking = is_called(self.column, SPEAKING)

    def add(self, values: pa.Array, numbers: np.ndarray) -> None:
        folded = fold_texts(values)
        places = np.flatnonzero(passing(folded, GATE))
        if not len(places):
            return
        gated = folded.take(pa.array(places))
        sieved = {name: passing(gated, sieve) for name, sieve in SIEVES.items()}
        kept = np.flatnonzero(np.logical_or.reduce([*sieved.values()]))
        groups: dict[str, list[int]] = {}
        for place, text in zip(kept.tolist(), gated.take(pa.array(kept)).to_pylist(), strict=True):
            groups.setdefault(text, []).append(place)
        passed = dict(
            zip(kept.tolist(), zip(*(sieve[kept].tolist() for sieve in sieved.values()), strict=True), strict=True)
        )
        for text, same in groups.items():
            self.count(text, kinds_behind(passed[same[0]]), len(same), int(numbers[places[same[0]]]))

    def count(self, text: str, kinds: Collection[int], times: int, row: int) -> None:
        hits = {}
        for hit in find_hits(text, kinds, with_doubtful=self.is_speaking):
            if hit.is_proven or hit.number not in hits:
                hits[hit.number] = hit
        for number, hit in hits.items():
            (self.proven if hit.is_proven else self.unproven)[number] += times
            if hit.is_proven and (number not in self.first or row < self.first[number][0]):
                self.first[number] = row, hit.masked

    def settle(self) -> Iterator[FoundPersonalData]:
        """Yield what the column holds, each kind once."""
        settled: dict[tuple[str, str], FoundPersonalData] = {}
        for number, count in sorted(self.proven.items()):
            kind = KINDS[number]
            if kind.weight == "public" or (kind.rival and count < self.proven_of(kind.rival)):
                continue
            is_chance = count <= kind.chance * (count + self.unproven[number])
            weight = "blocking" if self.is_speaking else "warning" if is_chance else kind.weight
            row, example = self.first[number]
            found = FoundPersonalData(kind.code, kind.title, weight, self.column.name, count, row, example)
            if before := settled.get((kind.code, weight)):
                earlier = min(before, found, key=lambda one: one.row)
                found = replace(earlier, count=before.count + count)
            settled[kind.code, weight] = found
        yield from settled.values()

    def proven_of(self, code: str) -> int:
        return sum(count for number, count in self.proven.items() if KINDS[number].code == code)


@functools.cache
def kinds_behind(passed: tuple[bool, ...]) -> list[int]:
    """Return the kinds that are looked for in a text which passed some of the sieves."""
    names = {name for name, is_passed in zip(SIEVES, passed, strict=True) if is_passed}
    return [number for number, kind in enumerate(KINDS) if kind.sieve in names]


def find_pairs(staged: Staged, decided: Collection[str]) -> Iterator[FoundPersonalData]:
    """Yield what columns give away together, unless something is decided about one of them; the first is told."""
    told: set[tuple[str, str]] = set()
    for pair in PAIRS:
        for first, second in pairs_of(staged.schema, pair):
            if {first, second} & set(decided) or (pair.code, first) in told:
                continue
            count, row = count_together(staged, first, second)
            if count:
                told.add((pair.code, first))
                yield FoundPersonalData(pair.code, pair.title, pair.weight, first, count, row)


def pairs_of(schema: Schema, pair: Pair) -> Iterator[tuple[str, str]]:
    firsts = [column.name for column in schema.columns if column.type == "string" and is_named(column, pair.first)]
    seconds = [column.name for column in schema.columns if is_named(column, pair.second)]
    return ((first, second) for first in firsts for second in seconds)


def count_together(staged: Staged, first: str, second: str) -> tuple[int, int]:
    """Return in how many rows both columns have a value, and the first such row."""
    count, row = 0, 0
    for batch in staged.read([ROW, first, second]):
        both = batch.column(ROW).filter(pc.and_(batch.column(first).is_valid(), batch.column(second).is_valid()))
        row = row or (both[0].as_py() if len(both) else 0)
        count += len(both)
    return count, row


def is_name_of_person(column: Column) -> bool:
    """Tell whether a column is called as one that holds names of persons."""
    return is_named(column, PERSON)


def is_named(column: Column, pattern: str) -> bool:
    return any(re.fullmatch(pattern, label) for label in labels_of(column))


def is_called(column: Column, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(label) for label in labels_of(column))


def labels_of(column: Column) -> list[str]:
    """Return what a column is called here, at the platform and in both languages, without spaces and brackets."""
    names = (column.name, column.source, column.title.ko, column.title.en)
    return [re.sub(r"\(.*?\)|\s", "", name.strip().lower().replace(" ", "_")) for name in names if name]
