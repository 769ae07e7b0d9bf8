"""Schedules in words, Korean and English: two tables from words to cron fields, and the same words back from cron fields.

A schedule is a clock ("every 10 minutes", "매시 15분", "04:30") beside days ("weekdays", "매월 1일"), in whatever order.
Days without a clock mean four in the morning, minutes and hours apart without days mean every day. What is said of cron
fields (``words_of``) can be read again. When a schedule is due, ``ingest/schedule.py`` knows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from catalog.text import Text

MORNING = "0 4"
EVERY_DAY = "* * *"
QUARTERS = "1,4,7,10"
KOREAN_DAYS = "일월화수목금토"  # in the order in which cron counts them
ENGLISH_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
PLACES = (("첫째", "first"), ("둘째", "second"), ("셋째", "third"), ("넷째", "fourth"))
HALVES: Mapping[str, int] = {"오전": 0, "새벽": 0, "아침": 0, "am": 0, "오후": 12, "저녁": 12, "pm": 12}
NAMED_HOURS: Mapping[str, int] = {"noon": 12, "정오": 12, "midnight": 0, "자정": 0}

AND = r"(?:,? and |, ?| & |와 |과 | ?· ?| 및 | )"
ENGLISH_DAY = r"(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:days?)?"
KOREAN_DAY = r"[일월화수목금토]요일"
ENGLISH_MONTH = "|".join(month.lower() for month in MONTHS)
FIRST = "|".join(english for _, english in PLACES)
KOREAN_FIRST = "|".join(korean for korean, _ in PLACES)
NTH = r"\d{1,2}(?:st|nd|rd|th)"
TIME = (
    r"(?:\d{1,2}(?::\d{2})? ?(?:am|pm)|noon|midnight|정오|자정"
    r"|(?:(?:오전|오후|새벽|아침|저녁) ?)?(?:\d{1,2}:\d{2}|\d{1,2}시(?!간)(?: ?\d{1,2}분| ?반| ?정각)?))"
)
PARTS_OF_TIME = re.compile(
    r"(?:(?P<before>\D+?) ?)?(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|시(?: ?(?P<minutes>\d{1,2})분| ?(?P<half>반)| ?정각)?)?"
    r"(?: ?(?P<after>am|pm))?"
)


class Unclear(Exception):
    """Words that are understood and still are no schedule; ``text`` tells what would be right."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(ko=ko, en=en)


@dataclass(frozen=True)
class Words:
    """One way to say something: its pattern, and the cron fields it means, or how they are found."""

    pattern: str
    meaning: str | Callable[[re.Match[str]], str]

    def fields(self, found: re.Match[str]) -> str:
        return self.meaning if isinstance(self.meaning, str) else self.meaning(found)


def read_words(words: str) -> str | None:
    """Return the five cron fields that words mean; None when they are no schedule, Unclear when they nearly are one."""
    text = " ".join(words.lower().split())
    if days := days_in(text):
        return f"{MORNING} {days}"
    for clock, rest in clocks_in(text):
        if days := days_in(rest):
            return f"{clock} {days}"
        if not rest and not clock.split()[1].isdigit() and "," not in clock:
            return f"{clock} {EVERY_DAY}"
    return None


def days_in(text: str) -> str:
    """Return day, month and weekday that the text means, "" for none."""
    for words in DAYS:
        if found := re.fullmatch(words.pattern, text):
            return words.fields(found)
    return ""


def clocks_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield minute and hour of every clock that is met in the text, with what else the text says."""
    for words in CLOCKS:
        if found := re.search(rf"(?<![\da-z:])(?:{words.pattern})(?![\da-z:])", text):
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            yield words.fields(found), " ".join(rest.split()).strip(" ,")


# Clocks: minute and hour.


def minutes_apart(found: re.Match[str]) -> str:
    minutes = int(found[1] or found[2])
    if not minutes or 60 % minutes:
        raise Unclear(
            ko="분 간격은 60의 약수여야 합니다 (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)",
            en="minutes apart must divide 60 (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)",
        )
    return "* *" if minutes == 1 else f"*/{minutes} *" if minutes < 60 else "0 *"


def hours_apart(found: re.Match[str]) -> str:
    hours, minute = int(found[1]), within(found[2] or 0, 59)
    if not 1 <= hours <= 12 or 24 % hours:
        raise Unclear(
            ko="시간 간격은 24의 약수여야 합니다 (1, 2, 3, 4, 6, 8, 12)",
            en="hours apart must divide 24 (1, 2, 3, 4, 6, 8, 12)",
        )
    return f"{minute} *" if hours == 1 else f"{minute} */{hours}"


def minute_of_every_hour(found: re.Match[str]) -> str:
    return f"{within(found[1], 59)} *"


def times_of_day(found: re.Match[str]) -> str:
    times = {time_of_day(text) for text in re.findall(TIME, found[0])}
    minutes = {minute for _, minute in times}
    if len(minutes) > 1:
        raise Unclear(
            ko="한 일정의 시각들은 분이 같아야 합니다 (06:00, 18:00)",
            en="the times of one schedule must have the same minute (06:00, 18:00)",
        )
    return f"{minutes.pop()} {','.join(str(hour) for hour, _ in sorted(times))}"


def time_of_day(text: str) -> tuple[int, int]:
    """Return hour and minute of a time of day."""
    if text in NAMED_HOURS:
        return NAMED_HOURS[text], 0
    parts = PARTS_OF_TIME.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    minute = 30 if parts["half"] else within(parts["minute"] or parts["minutes"] or 0, 59)
    if half := parts["before"] or parts["after"]:
        return within(parts["hour"], 12) % 12 + HALVES[half], minute
    return within(parts["hour"], 23), minute


def within(number: str | int, most: int) -> int:
    if int(number) > most:
        raise Unclear(
            ko=f"시각의 {number}은(는) 0에서 {most} 사이여야 합니다",
            en=f"{number} in a time must lie between 0 and {most}",
        )
    return int(number)


CLOCKS = (
    Words(r"every minute|매분", "* *"),
    Words(r"every (\d{1,2}) ?min(?:ute)?s?|(\d{1,2}) ?분(?:마다| ?간격(?:으로)?)", minutes_apart),
    Words(r"every (\d{1,2}) hours?(?:,? at :?(\d{1,2}))?", hours_apart),
    Words(r"(\d{1,2}) ?시간(?:마다| ?간격(?:으로)?)(?: (\d{1,2})분(?:에)?)?", hours_apart),
    Words(r"(?:hourly|every hour),? at :?(\d{1,2})(?: minutes? past)?", minute_of_every_hour),
    Words(r"매시간? ?(\d{1,2})분(?:에|마다)?", minute_of_every_hour),
    Words(r"매시간? ?정각(?:에|마다)?|(?:hourly |every hour )?on the hour", "0 *"),
    Words(r"hourly|every hour|매시간?|시간마다", "5 *"),
    Words(rf"(?:at )?{TIME}(?:{AND}{TIME})*에?", times_of_day),
)


# Days: day of the month, month, day of the week.


def days_of_week(found: re.Match[str]) -> str:
    english = [name[:3].lower() for name in ENGLISH_DAYS]
    named = {english.index(name[:3]) for name in re.findall(ENGLISH_DAY, found[1])}
    named |= {KOREAN_DAYS.index(sign) for sign in found[1].replace("요일", "") if sign in KOREAN_DAYS}
    return f"* * {','.join(map(str, sorted(named)))}"


def days_of_month(found: re.Match[str]) -> str:
    days = sorted({int(number) for number in re.findall(r"\d+", found[1])})
    if not 1 <= days[0] <= days[-1] <= 28:
        raise Unclear(
            ko="날은 1일부터 28일까지 쓸 수 있습니다. 29일부터는 없는 달이 있으니 '매월 말일'이나 cron을 쓰십시오",
            en="a day of the month lies between 1 and 28; later ones are not in every month: say 'monthly on the last day', "
            "or cron",
        )
    return f"{','.join(map(str, days))} * *"


def weekday_of_month(found: re.Match[str]) -> str:
    place = next((number for number, names in enumerate(PLACES, 1) if found[1] in names), 0)
    weekday = days_of_week(re.fullmatch("(.*)", found[2])).split()[2]
    return f"* * {weekday}#{place}" if place else f"* * {weekday}L"


def day_of_year(found: re.Match[str]) -> str:
    """Return the fields of a day in the year; 29 February and later days than a month has are refused by ``schedule.py``."""
    numbers = re.findall(r"\d+", found[0])
    named = next((number for number, month in enumerate(MONTHS, 1) if month.lower() in found[0]), None)
    return f"{int(numbers[-1])} {named or int(numbers[0])} *"


DAYS = (
    Words(r"daily|every ?day|each day|매일|날마다", EVERY_DAY),
    Words(r"(?:on |every )?weekdays?|(?:매주 )?평일(?:마다|에)?", "* * 1-5"),
    Words(r"(?:on |every |at )?weekends?|(?:매주 )?주말(?:마다|에)?", "* * 0,6"),
    Words(r"weekly|every week|매주", "* * 1"),
    Words(rf"(?:weekly |every week )?(?:on |every )?({ENGLISH_DAY}(?:{AND}{ENGLISH_DAY})*)", days_of_week),
    Words(rf"(?:매주 ?)?({KOREAN_DAY}(?:{AND}{KOREAN_DAY})*)(?:마다|에)?", days_of_week),
    Words(rf"매주 ?([{KOREAN_DAYS}](?:{AND}?[{KOREAN_DAYS}])*)", days_of_week),
    Words(r"monthly|every month|매월|매달", "1 * *"),
    Words(
        rf"(?:monthly |every month )?on (?:the )?({NTH}(?:{AND}(?:the )?{NTH})*)(?: of (?:each|every|the) month)?",
        days_of_month,
    ),
    Words(rf"(?:매월|매달) ?(\d{{1,2}}일(?:{AND}\d{{1,2}}일)*)(?:마다|에)?", days_of_month),
    Words(r"(?:monthly |every month )?on the last day(?: of (?:each|every|the) month)?", "L * *"),
    Words(r"(?:매월|매달) ?(?:말일|마지막 ?날)(?:마다|에)?", "L * *"),
    Words(rf"(?:monthly |every month )?on the ({FIRST}|last) ({ENGLISH_DAY})(?: of (?:each|every|the) month)?",
          weekday_of_month),
    Words(rf"(?:매월|매달) ({KOREAN_FIRST}|마지막) ?(?:주 ?)?({KOREAN_DAY})(?:마다|에)?", weekday_of_month),
    Words(r"quarterly|every quarter|분기마다|매 ?분기", f"1 {QUARTERS} *"),
    Words(r"yearly|annually|every year|매년|해마다", "1 1 *"),
    Words(rf"(?:yearly|annually|every year) on (?:(?:{ENGLISH_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?|(?:the )?\d{{1,2}}"
          rf"(?:st|nd|rd|th)? (?:of )?(?:{ENGLISH_MONTH}))", day_of_year),
    Words(r"(?:매년|해마다) ?\d{1,2}월 ?\d{1,2}일(?:마다|에)?", day_of_year),
)  # fmt: skip


# And back.


def words_of(cron: str) -> Text:
    """Say five cron fields in words that can be read again; fields of no known shape are shown as they are."""
    minute, hour, *fields = cron.upper().split()
    days, clock = said_days(*fields), said_clock(minute, hour)
    if days is None or clock is None:
        return Text(ko=f"cron 식 {cron}", en=f"cron {cron}")
    if hour[0].isdigit():
        return Text(ko=f"{days.ko} {clock.ko}", en=f"{days.en} at {clock.en}")
    if days == EACH_DAY:
        return clock
    return Text(ko=f"{days.ko} {clock.ko}", en=f"{clock.en} {re.sub('^(weekly|monthly) (?=on )', '', days.en)}")


EACH_DAY = Text(ko="매일", en="daily")
WHOLE_DAYS: Mapping[str, Text] = {
    EVERY_DAY: EACH_DAY,
    "* * 1,2,3,4,5": Text(ko="평일", en="on weekdays"),
    "* * 0,6": Text(ko="주말", en="on weekends"),
    "L * *": Text(ko="매월 말일", en="monthly on the last day"),
    f"1 {QUARTERS} *": Text(ko="분기마다", en="quarterly"),
}


def said_clock(minute: str, hour: str) -> Text | None:
    step, hours = step_of(minute, 60), step_of(hour, 24)
    if hour == "*" and step:
        return Text(
            ko=f"{step}분마다" if step > 1 else "매분", en=f"every {step} minutes" if step > 1 else "every minute"
        )
    if not minute.isdigit():
        return None
    at = int(minute)
    if hour == "*":
        return Text(ko=f"매시 {at}분" if at else "매시 정각", en=f"hourly at :{at:02}" if at else "hourly on the hour")
    if hours:
        return Text(
            ko=f"{hours}시간마다" + f" {at}분에" * bool(at), en=f"every {hours} hours" + f" at :{at:02}" * bool(at)
        )
    if listed := numbers_of(hour):
        times = ", ".join(f"{number:02}:{at:02}" for number in listed)
        return Text(ko=times, en=times)
    return None


def said_days(day: str, month: str, weekday: str) -> Text | None:
    weekdays = [number % 7 for number in numbers_of(as_numbers(weekday))]
    listed = ",".join(map(str, sorted(set(weekdays)))) or as_numbers(weekday)
    if known := WHOLE_DAYS.get(f"{day} {month} {listed}"):
        return known
    days, months = numbers_of(day), numbers_of(month)
    if (day, month) == ("*", "*") and weekdays:
        chosen = sorted(set(weekdays), key=lambda number: number or 7)
        return Text(
            ko="매주 " + ", ".join(f"{KOREAN_DAYS[number]}요일" for number in chosen),
            en="weekly on " + ", ".join(ENGLISH_DAYS[number] for number in chosen),
        )
    if (day, month) == ("*", "*") and (found := re.fullmatch(r"([0-7])(?:#([1-4])|L)", listed)):
        korean, english = PLACES[int(found[2]) - 1] if found[2] else ("마지막", "last")
        number = int(found[1]) % 7
        return Text(
            ko=f"매월 {korean} {KOREAN_DAYS[number]}요일", en=f"monthly on the {english} {ENGLISH_DAYS[number]}"
        )
    if (month, weekday) == ("*", "*") and days and days[-1] <= 28:
        return Text(
            ko="매월 " + ", ".join(f"{number}일" for number in days),
            en="monthly on the " + ", ".join(map(ordinal, days)),
        )
    if weekday == "*" and len(days) == len(months) == 1:
        return Text(ko=f"매년 {months[0]}월 {days[0]}일", en=f"yearly on {MONTHS[months[0] - 1]} {days[0]}")
    return None


def as_numbers(weekday: str) -> str:
    """Return the field of weekdays with numbers for names."""
    for number, name in enumerate(ENGLISH_DAYS):
        weekday = weekday.replace(name[:3].upper(), str(number))
    return weekday


def numbers_of(field: str) -> list[int]:
    """Return the numbers of a list with ranges, in order; none when the field is something else."""
    if not re.fullmatch(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*", field):
        return []
    spans = [[int(number) for number in span.split("-")] for span in field.split(",")]
    return sorted({number for span in spans for number in range(span[0], span[-1] + 1)})


def step_of(field: str, whole: int) -> int:
    """Return how far apart a field's numbers are, when that divides the whole; else 0."""
    if field == "*" and whole == 60:
        return 1
    found = re.fullmatch(r"\*/(\d+)", field)
    step = int(found[1]) if found else 0
    return step if 1 < step < whole and whole % step == 0 else 0


def ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
