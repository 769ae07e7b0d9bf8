"""Columns of text that are plainly what they should be, typed whole and at once without the engine.

Most columns of most answers hold nothing but good values, written in the common way. ``type_plainly`` proves that for a
block of them and returns the typed values; what it cannot prove it leaves to the engine (``tabulate.py``), whose word on
every single value is the same. A value that is read here is read there to the same one: ``parsers.py`` says to which.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.parsers import FALSE_WORDS, PARSERS, TRUE_WORDS
from catalog.records.schema import Column

KOREAN_OFFSET = 9 * 3_600_000_000  # microseconds
FIRST_DAY = -719_162  # 0001-01-01, in days since 1970
FIRST_MOMENT, LAST_MOMENT = FIRST_DAY * 86_400_000_000, 253_402_268_399_999_999  # as MOMENTS in parsers.py


def plain_text(values: pa.Array, column: Column, missing: Sequence[str]) -> pa.Array:
    """Return texts trimmed and in the column's Unicode form; those in ``missing`` are null."""
    form = PARSERS[column.type].form
    letters = letters_of(values)
    if letters.size:
        is_ascii = letters.max() < 128
        if not is_ascii and not unicodedata.is_normalized(form, letters.tobytes().decode()):
            values = pc.utf8_normalize(values, form=form)
        if not (is_ascii and letters.min() > LAST_BLANK) and may_have_edges(values):
            values = pc.utf8_trim_whitespace(values)
    return without_missing(values, missing)


def type_plainly(texts: pa.Array, column: Column, *, required: bool) -> pa.Array | None:
    """Return the typed values of a column when every one of them is good; None when that is not plain."""
    if (required and texts.null_count) or column.type not in READERS:
        return None
    if column.enum and not all_listed(texts, column):
        return None
    typed = READERS[column.type](texts)
    if typed is None or (column.minimum is None and column.maximum is None):
        return typed
    bounds = pc.min_max(typed)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is not None and (
        (column.minimum is not None and low < column.minimum) or (column.maximum is not None and high > column.maximum)
    ):
        return None
    return typed


def offsets_of(values: pa.Array) -> np.ndarray:
    """Return where each text of an array begins in its letters, and where the last one ends."""
    return np.frombuffer(values.buffers()[1], np.int32, len(values) + 1, values.offset * 4)


def letters_of(values: pa.Array) -> np.ndarray:
    """Return the bytes of all texts of an array, those of null ones included."""
    if not len(values):
        return np.empty(0, np.uint8)
    offsets = offsets_of(values)
    if offsets[-1] == offsets[0]:
        return np.empty(0, np.uint8)
    return np.frombuffer(values.buffers()[2], np.uint8, int(offsets[-1] - offsets[0]), int(offsets[0]))


# Bytes that a text with white space at an edge may begin with: ASCII up to the blank, and the first bytes of U+0085,
# U+00A0, U+1680, U+2000 … U+205F and U+3000. One that ends with such a character has them two or three bytes before.
LAST_BLANK = 32
EDGES = np.zeros(256, bool)
EDGES[: LAST_BLANK + 1] = EDGES[[0xC2, 0xE1, 0xE2, 0xE3]] = True


def may_have_edges(values: pa.Array) -> bool:
    """Tell whether any text may begin or end with white space."""
    letters = letters_of(values)
    if not letters.size:
        return False
    offsets = offsets_of(values)
    begins, ends = offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
    filled = ends > begins
    if not filled.all():
        begins, ends = begins[filled], ends[filled]
    last = letters[ends - 1]
    if last.min() <= LAST_BLANK or EDGES.take(letters[begins]).any():
        return True
    wide = ends[last >= 128]  # at least two bytes long
    return bool(wide.size) and bool((EDGES[letters[wide - 2]] | EDGES[letters[np.maximum(wide - 3, 0)]]).any())


def without_missing(values: pa.Array, missing: Sequence[str]) -> pa.Array:
    """Return the texts with null in the place of those that stand for a missing value."""
    if not missing or not len(values):
        return values
    offsets = offsets_of(values)
    lengths = np.diff(offsets)
    absent = lengths == 0 if "" in missing else np.zeros(len(values), bool)
    words = [word.encode() for word in missing if word]
    letters = letters_of(values)
    if words and letters.size:
        sizes = np.zeros(max(map(len, words)) + 2, bool)
        sizes[[len(word) for word in words]] = True
        likely = np.flatnonzero(sizes[np.minimum(lengths, len(sizes) - 1)])
        firsts = only(bytes(word[0] for word in words))
        likely = likely[firsts.take(letters[offsets[likely] - offsets[0]])]
        if likely.size:
            found = pc.is_in(values.take(pa.array(likely)), pa.array(list(missing), values.type))
            absent[likely] = found.to_numpy(zero_copy_only=False)
    if not absent.any():
        return values
    return pc.if_else(pa.array(absent), pa.scalar(None, values.type), values)


def all_listed(texts: pa.Array, column: Column) -> bool:
    form = PARSERS[column.type].form
    listed = pa.array([unicodedata.normalize(form, text) for text in column.enum], pa.string())
    return pc.all(pc.is_in(texts.drop_null(), listed), min_count=0).as_py()


def only(letters: bytes) -> np.ndarray:
    """Return a table that tells of each byte whether it is one of some letters."""
    table = np.zeros(256, bool)
    table[list(letters)] = True
    return table


DIGITS, DAYS, CLOCKS = only(b"0123456789"), only(b"-0123456789"), only(b"-:.+ TZ0123456789")


def read_text(texts: pa.Array) -> pa.Array | None:
    return texts if letters_of(texts).all() else None


def read_shape(texts: pa.Array) -> pa.Array:
    return texts  # read where the places are


def read_whole(texts: pa.Array) -> pa.Array | None:
    letters = letters_of(texts).tobytes()
    return None if b"x" in letters or b"X" in letters else cast(texts, pa.int64())  # 0x10 is read there, and not here


def read_decimal(texts: pa.Array) -> pa.Array | None:
    numbers = cast(texts, pa.float64())
    return numbers if numbers is not None and pc.all(pc.is_finite(numbers), min_count=0).as_py() else None


def read_yes_or_no(texts: pa.Array) -> pa.Array | None:
    found = pc.index_in(texts, YES_AND_NO)
    return pc.less(found, len(TRUE_WORDS)) if found.null_count == texts.null_count else None


def read_day(texts: pa.Array) -> pa.Array | None:
    given = texts.drop_null()
    letters, length = letters_of(given), common_length(given)
    if length == 8 and not texts.null_count and DIGITS[letters].all():
        texts, length = respell(letters, 8, "____-__-__"), 10
    elif length not in (0, 10) or not DAYS[letters].all():
        return None
    days = cast(texts, pa.date32())
    if days is None or not len(given):
        return days
    return days if pc.min(days.cast(pa.int32())).as_py() >= FIRST_DAY else None


def read_moment(texts: pa.Array) -> pa.Array | None:
    """Read ISO 8601 without an offset (Korean Standard Time) or all with Z or all with +09:00; and plain digits."""
    given = texts.drop_null()
    letters, length = letters_of(given), common_length(given)
    if not len(given):
        return pa.nulls(len(texts), PARSERS["datetime"].arrow)
    if length in DIGIT_SHAPES and not texts.null_count and DIGITS[letters].all():
        texts = respell(letters, length, DIGIT_SHAPES[length])
        given = texts
    elif not CLOCKS[letters].all() or np.diff(offsets_of(given)).min() < 16:
        return None
    ending, kind = ending_of(given)
    moments = cast(texts, kind)
    if moments is None:
        return None
    instants = moments.cast(pa.int64())
    if not ending:
        instants = pc.subtract(instants, KOREAN_OFFSET)
    bounds = pc.min_max(instants)
    if bounds["min"].as_py() < FIRST_MOMENT or bounds["max"].as_py() > LAST_MOMENT:
        return None
    return instants.cast(PARSERS["datetime"].arrow)


def ending_of(given: pa.Array) -> tuple[str, pa.DataType]:
    """Return the offset that all texts seem to end with, and what they are then read as; some other offset fails there."""
    for ending in ("Z", "+09:00"):
        if given[0].as_py().endswith(ending) and pc.all(pc.ends_with(given, ending)).as_py():
            return ending, pa.timestamp("us", tz="UTC")
    return "", pa.timestamp("us")


def common_length(texts: pa.Array) -> int:
    """Return the length that all texts have in bytes; 0 when there are none, -1 when lengths differ."""
    if not len(texts):
        return 0
    lengths = np.diff(offsets_of(texts))
    return int(lengths[0]) if (lengths == lengths[0]).all() else -1


DIGIT_SHAPES = {14: "____-__-__ __:__:__", 12: "____-__-__ __:__"}


def respell(letters: np.ndarray, length: int, shape: str) -> pa.Array:
    """Return texts of one length written in a shape: each ``_`` takes the next letter."""
    count = len(letters) // length
    written = np.empty((count, len(shape)), np.uint8)
    written[:] = np.frombuffer(shape.encode(), np.uint8)
    written[:, [place for place, letter in enumerate(shape) if letter == "_"]] = letters.reshape(count, length)
    offsets = np.arange(count + 1, dtype=np.int32) * len(shape)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(written)])


def cast(texts: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return None


YES_AND_NO = pa.array([*TRUE_WORDS, *FALSE_WORDS])
READERS: Mapping[str, Callable[[pa.Array], pa.Array | None]] = {
    "string": read_text,
    "integer": read_whole,
    "number": read_decimal,
    "boolean": read_yes_or_no,
    "date": read_day,
    "datetime": read_moment,
    "geometry": read_shape,
}
