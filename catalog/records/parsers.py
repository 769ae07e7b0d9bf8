"""How each type of value is read from text: one table, used by ``tabulate.py``."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Parser:
    """How a text (``@`` stands for it) becomes a typed value, the type's name in files, and the reason when it cannot.

    ``valid`` is what else must hold for a value (``@``); ``form`` is the Unicode form of the text (NFKC turns full-width
    digits to plain ones).
    """

    sql: str
    arrow: pa.DataType
    reason: str
    valid: str = ""
    form: str = "NFKC"


DIGITS = r"[+-]?(\d{1,3}(,\d{3})+|\d+)"
NUMBER = r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
DAY = r"(\d{4})[-./] ?(\d\d?)[-./] ?(\d\d?)\.?"
WRITTEN_DAY = r"(\d{4})년 ?(\d\d?)월 ?(\d\d?)일"
OFFSET = r" ?(Z|[+-]\d\d(?::?\d\d)?)?"
# What the engine reads by itself, then (shape, the same written as the engine reads it). Without an offset it is Korean
# Standard Time, the engine's own (see engine.py), which also reads 24:00 as the next midnight.
ISO_DATETIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?"
DATETIME_SHAPES = (
    (rf"(\d{{4}})(\d\d)(\d\d)[ T]?(\d\d)(\d\d)(\d\d){OFFSET}", r"\1-\2-\3 \4:\5:\6\7"),
    (rf"(\d{{4}})(\d\d)(\d\d)[ T]?(\d\d)(\d\d){OFFSET}", r"\1-\2-\3 \4:\5\6"),
    (rf"(\d{{4}})(\d\d)(\d\d)[ T_](\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?){OFFSET}", r"\1-\2-\3 \4\5"),
    (rf"{DAY}[ T_](\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?){OFFSET}", r"\1-\2-\3 \4\5"),
    (rf"{WRITTEN_DAY} ?(\d\d?:\d\d(?::\d\d)?)", r"\1-\2-\3 \4"),
    (rf"{WRITTEN_DAY} ?(\d\d?)시 ?(\d\d?)분", r"\1-\2-\3 \4:\5"),
)

# With the half of the day, as Korean spreadsheets write it: 2026-08-01 오전 9:05, or after the clock in English.
HALF = "(오전|오후|AM|PM)"
CLOCK = r"(\d\d?:\d\d(?::\d\d)?)"
HALVED_SHAPES = ((rf"{DAY} {HALF} ?{CLOCK}", r"\1-\2-\3 \5 \4"), (rf"{DAY} {CLOCK} ?{HALF}", r"\1-\2-\3 \4 \5"))
HALVED_FORMATS = "['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p']"


def datetime_sql() -> str:
    cases = [f"WHEN regexp_full_match(@, '{ISO_DATETIME}') THEN try_cast(@ AS TIMESTAMPTZ)"]
    cases += [
        f"WHEN regexp_full_match(@, '{shape}') "
        f"THEN try_cast(replace(regexp_replace(@, '^{shape}$', '{written}'), ',', '.') AS TIMESTAMPTZ)"
        for shape, written in DATETIME_SHAPES
    ]
    cases += [
        f"WHEN regexp_full_match(upper(@), '{shape}') THEN try_strptime(replace(replace("
        f"regexp_replace(upper(@), '^{shape}$', '{written}'), '오전', 'AM'), '오후', 'PM'), {HALVED_FORMATS})::TIMESTAMPTZ"
        for shape, written in HALVED_SHAPES
    ]
    return f"CASE {' '.join(cases)} END"


TRUE_WORDS = ("true", "t", "y", "yes", "1", "예", "o")
FALSE_WORDS = ("false", "f", "n", "no", "0", "아니오", "x")
# The years 1 to 9999, in UTC and in Korea: what dates in Python can hold.
DATES = "@ >= DATE '0001-01-01'"
MOMENTS = "@ BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 14:59:59.999999+00'"
PARSERS: Mapping[str, Parser] = {
    "string": Parser(sql="@", arrow=pa.string(), reason="not-text", valid="NOT contains(@, chr(0))", form="NFC"),
    "integer": Parser(
        sql=rf"CASE WHEN regexp_full_match(@, '{DIGITS}(\.0*)?') "
        r"THEN try_cast(regexp_replace(replace(@, ',', ''), '\.0*$', '') AS BIGINT) END",
        arrow=pa.int64(),
        reason="not-integer",
    ),
    "number": Parser(
        sql=f"CASE WHEN regexp_full_match(@, '{NUMBER}') THEN try_cast(replace(@, ',', '') AS DOUBLE) END",
        arrow=pa.float64(),
        reason="not-number",
        valid="isfinite(@)",
    ),
    "boolean": Parser(
        sql=f"CASE WHEN lower(@) IN {TRUE_WORDS} THEN true WHEN lower(@) IN {FALSE_WORDS} THEN false END",
        arrow=pa.bool_(),
        reason="not-boolean",
    ),
    "date": Parser(
        sql=r"CASE WHEN regexp_full_match(@, '\d{8}') THEN try_strptime(@, '%Y%m%d')::DATE "
        rf"WHEN regexp_full_match(@, '{DAY}([ T]00:00(:00(\.0+)?)?)?') "
        rf"THEN try_cast(regexp_replace(@, '^{DAY}.*$', '\1-\2-\3') AS DATE) "
        rf"WHEN regexp_full_match(@, '{WRITTEN_DAY}') "
        rf"THEN try_cast(regexp_replace(@, '^{WRITTEN_DAY}$', '\1-\2-\3') AS DATE) END",
        arrow=pa.date32(),
        reason="not-date",
        valid=DATES,
    ),
    "datetime": Parser(
        sql=datetime_sql(), arrow=pa.timestamp("us", tz="Asia/Seoul"), reason="not-datetime", valid=MOMENTS
    ),
    # Written one way only (two digits, seconds only when there are some), so that equal times are equal texts.
    "time": Parser(
        sql=r"CASE WHEN regexp_full_match(@, '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?') "
        r"THEN regexp_replace(CASE WHEN @[2] = ':' THEN '0' || @ ELSE @ END, '^(.....):00$', '\1') END",
        arrow=pa.string(),
        reason="not-time",
    ),
    "geometry": Parser(sql="@", arrow=pa.binary(), reason="not-geometry"),
}
