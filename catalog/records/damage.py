"""Damage and oddities in a column that a steward should hear of before anything is published: one table.

Most of it was done by a spreadsheet program that took codes for numbers and dates for something else, before the file ever
reached us; what it destroyed cannot be restored here, only named.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from catalog.records.findings import Finding
from catalog.records.tallies import Tally
from catalog.text import Text

NAMES_A_CODE = re.compile(r".번호|코드|우편|(^|[_\s])(id|cd|code|zip)$", re.IGNORECASE)
NAMES_A_PHONE = re.compile(r"전화|연락처|휴대폰|팩스|(^|[_\s])(tel|phone|fax)", re.IGNORECASE)
NAMES_A_DATE = re.compile(r"일자|날짜|일시|기준일|date", re.IGNORECASE)


@dataclass(frozen=True)
class Oddity:
    """One thing that may be wrong: how many values have it (``count``), examples of them, and the sentence."""

    count: Callable[[str, Tally], int]
    examples: Callable[[Tally], list[str]]
    text: Text


def find_damage(name: str, tally: Tally, kind: str, because: str, nearly: str) -> Iterator[Finding]:
    """Yield what is odd about a column, with its examples."""
    told = set()
    for code, oddity in ODDITIES.items():
        if kind == "time" and code == "midnight-24":
            continue  # a time of day may say so
        if count := oddity.count(name, tally):
            told.add(code)
            yield finding(code, oddity.text, name, count, oddity.examples(tally))
    if because == "almost" and not told & SAY_WHY:
        reading = tally.readings["number" if nearly == "integer" else nearly]
        yield finding(because, ALMOST, name, tally.filled - reading.count, reading.misses, type=TYPE_NAMES[nearly])
    elif because in REASONS_FOR_TEXT:
        mark = tally.marks[MARKS_OF_REASONS[because]] if because in MARKS_OF_REASONS else None
        count, examples = (mark.count, mark.examples) if mark else (tally.filled, tally.examples)
        yield finding(because, REASONS_FOR_TEXT[because], name, count, examples)
    elif kind in ("integer", "number") and tally.marks["leading-zero"].count:
        mark = tally.marks["leading-zero"]
        yield finding("few-leading-zeros", FEW_ZEROS, name, mark.count, mark.examples)
    if kind != "string" and tally.words:
        yield finding(
            "words-for-nothing", WORDS, name, tally.words.total(), [word for word, _ in tally.words.most_common(5)]
        )


def finding(code: str, text: Text, column: str, count: int, examples: list[str], **more: Text) -> Finding:
    told = ", ".join(f"'{example[:40]}'" for example in examples[:3])
    return Finding(
        code, "warning", text.format(column=column, count=f"{count:,}", examples=told, **more), count, column
    )


def marked(*marks: str) -> Callable[[str, Tally], int]:
    return lambda _, tally: sum(tally.marks[mark].count for mark in marks)


def examples_of(*marks: str) -> Callable[[Tally], list[str]]:
    return lambda tally: [text for mark in marks for text in tally.marks[mark].examples]


def count_serial_days(name: str, tally: Tally) -> int:
    """Count day numbers of a spreadsheet: among dates, or alone in a column that is called a date."""
    serial = tally.marks["serial-day"].count
    dates = tally.readings["date"].count + tally.readings["datetime"].count + tally.marks["korean-day"].count
    is_mixed = dates > 0 and serial + dates >= 0.9 * tally.filled
    return serial if is_mixed or (serial == tally.filled and NAMES_A_DATE.search(name)) else 0


def count_scientific(name: str, tally: Tally) -> int:
    """Count numbers like 1.23457E+12 where codes stand: among whole numbers, or in a column that is called a code."""
    scientific = tally.marks["scientific"].count
    is_mixed = 0 < scientific < tally.filled and scientific + tally.marks["digits"].count == tally.filled
    return scientific if is_mixed or (scientific and NAMES_A_CODE.search(name)) else 0


def count_lost_zeros(name: str, tally: Tally) -> int:
    """Count codes that are one or two digits shorter than most others, in a column where zeros in front belong."""
    if len(tally.widths) < 2 or tally.marks["digits"].count != tally.filled:
        return 0
    if not (tally.marks["leading-zero"].count or NAMES_A_CODE.search(name)):
        return 0
    usual, most = tally.widths.most_common(1)[0]
    total = tally.widths.total()
    shorter = sum(count for width, count in tally.widths.items() if usual - 2 <= width < usual)
    is_fixed = usual >= 5 and most >= 0.5 * total and most + shorter == total
    return shorter if is_fixed else 0


def count_phones_without_zero(name: str, tally: Tally) -> int:
    return tally.marks["swallowed-zero-phone"].count if NAMES_A_PHONE.search(name) else 0


def count_impossible_days(name: str, tally: Tally) -> int:
    """Count days that no calendar has (20150931), in a column of dates."""
    dates = tally.readings["date"].count
    wrong = tally.marks["day-form"].count - dates
    return wrong if 0 < wrong < dates and dates >= 0.5 * tally.filled else 0


ODDITIES: Mapping[str, Oddity] = {
    "excel-serial-day": Oddity(
        count_serial_days,
        examples_of("serial-day"),
        Text(
            ko="'{column}' 열의 날짜 {count}개가 엑셀의 날짜 일련번호입니다({examples}). 엑셀에서 셀 서식을 날짜로 바꾸어 다시 "
            "내보내야 합니다.",
            en="{count} dates in '{column}' are day numbers of a spreadsheet ({examples}); export it again with its cells "
            "formatted as dates.",
        ),
    ),
    "excel-month-name": Oddity(
        marked("month-name"),
        examples_of("month-name"),
        Text(
            ko="'{column}' 열의 값 {count}개를 엑셀이 날짜로 바꾸어 놓았습니다({examples}). 원래 값(예: '12-5')은 원본에서만 "
            "되찾을 수 있습니다.",
            en="{count} values in '{column}' were turned to dates by a spreadsheet ({examples}); what they were, as '12-5', only "
            "the original tells.",
        ),
    ),
    "excel-scientific": Oddity(
        count_scientific,
        examples_of("scientific"),
        Text(
            ko="'{column}' 열의 긴 번호 {count}개가 지수 표기로 잘렸습니다({examples}). 뒷자리는 원본에서만 되찾을 수 있습니다.",
            en="{count} long codes in '{column}' were cut to scientific notation ({examples}); only the original has their last "
            "digits.",
        ),
    ),
    "lost-leading-zeros": Oddity(
        count_lost_zeros,
        lambda tally: tally.examples,
        Text(
            ko="'{column}' 열은 자릿수가 같은 코드인데 {count}개가 더 짧습니다. 앞자리 0이 사라진 것으로 보입니다(값의 예: {examples}).",
            en="'{column}' holds codes of one width, but {count} are shorter: zeros in front seem to be lost (values: {examples}).",
        ),
    ),
    "phone-without-zero": Oddity(
        count_phones_without_zero,
        examples_of("swallowed-zero-phone"),
        Text(
            ko="'{column}' 열의 전화번호 {count}개에서 앞자리 0이 사라졌습니다({examples}).",
            en="{count} phone numbers in '{column}' lost the zero in front ({examples}).",
        ),
    ),
    "impossible-day": Oddity(
        count_impossible_days,
        lambda tally: tally.readings["date"].misses,
        Text(
            ko="'{column}' 열의 날짜 {count}개가 달력에 없습니다({examples}).",
            en="{count} dates in '{column}' are in no calendar ({examples}).",
        ),
    ),
    "midnight-24": Oddity(
        marked("midnight-24"),
        examples_of("midnight-24"),
        Text(
            ko="'{column}' 열의 값 {count}개가 24시로 적혀 있습니다({examples}). 일시라면 다음 날 0시로 읽습니다.",
            en="{count} values in '{column}' say 24:00 ({examples}); a date and time is read as the next day's midnight.",
        ),
    ),
    "korean-time": Oddity(
        marked("korean-time"),
        examples_of("korean-time"),
        Text(
            ko="'{column}' 열의 시각 {count}개가 'HH시MM분'으로 적혀 있어 문자로 둡니다({examples}).",
            en="{count} times in '{column}' are written in words ({examples}), so it stays text.",
        ),
    ),
}

TYPE_NAMES: Mapping[str, Text] = {
    "integer": Text(ko="정수", en="whole numbers"),
    "number": Text(ko="수", en="numbers"),
    "date": Text(ko="날짜", en="dates"),
    "datetime": Text(ko="일시", en="dates and times"),
    "time": Text(ko="시각", en="times of day"),
}
ALMOST = Text(
    ko="'{column}' 열은 거의 모두 {type}인데 {count}개가 아닙니다({examples}). 빈 값을 뜻하는 말이면 missing에 적고 유형을 바꾸십시오.",
    en="'{column}' holds {type} but for {count} values ({examples}); if they mean that nothing is known, list them in missing "
    "and change the type.",
)
WORDS = Text(
    ko="'{column}' 열에서 값이 없다는 뜻의 말 {count}개를 빈 값으로 봅니다({examples}).",
    en="{count} words in '{column}' are taken to mean that nothing is known ({examples}).",
)
SAY_WHY = frozenset({"excel-serial-day", "impossible-day"})  # a column is not wholly of dates
FEW_ZEROS = Text(
    ko="'{column}' 열은 수로 보지만 {count}개가 0으로 시작합니다({examples}). 코드라면 유형을 문자로 바꾸십시오.",
    en="'{column}' is taken for numbers, but {count} values begin with 0 ({examples}); if they are codes, make it text.",
)
MARKS_OF_REASONS: Mapping[str, str] = {"leading-zeros": "leading-zero", "long-digits": "long-digits"}
REASONS_FOR_TEXT: Mapping[str, Text] = {
    "leading-zeros": Text(
        ko="'{column}' 열은 0으로 시작하는 값이 있어 수가 아니라 코드(문자)로 봅니다({examples}).",
        en="'{column}' has values that begin with 0, so it is a code (text) and no number ({examples}).",
    ),
    "long-digits": Text(
        ko="'{column}' 열의 수는 너무 길어 끝자리를 잃을 수 있으므로 문자로 둡니다({examples}).",
        en="the numbers of '{column}' are so long that digits could be lost, so it stays text ({examples}).",
    ),
    "mixed-precision": Text(
        ko="'{column}' 열에는 연·월·일 단위의 날짜가 섞여 있어 문자로 둡니다({examples}).",
        en="the dates of '{column}' are of several precisions, so it stays text ({examples}).",
    ),
    "coarse-date": Text(
        ko="'{column}' 열은 날짜가 하루 단위까지 적혀 있지 않아 문자로 둡니다({examples}).",
        en="the dates of '{column}' do not tell the day, so it stays text ({examples}).",
    ),
}
