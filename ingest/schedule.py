"""When a source is due: in words (``ingest/schedule_words.py``) or five cron fields, always Korean time.

A schedule without times, ``after change``, is a recipe's: it is made again when what it is made of has changed.
"""

import datetime as dt
import functools
import itertools
import re
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from catalog.text import Text
from ingest.errors import BadSetup
from ingest.schedule_words import Unclear, read_words, words_of

KOREAN_TIME = ZoneInfo("Asia/Seoul")
PRESETS = (
    "every 5 minutes",
    "every 10 minutes",
    "every 30 minutes",
    "hourly",
    "every 6 hours",
    "daily",
    "weekdays at 09:00",
    "weekly",
    "monthly",
    "quarterly",
)
CRON = re.compile(r"[\d*]\S*(?:\s+\S+){4}")
AFTER_CHANGE = re.compile(
    r"after (?:a |every |each |the |these )?(?:inputs? )?changes?|when(?:ever)? (?:the |an |its |these )?inputs? changes?"
    r"|(?:입력|자료|원천|데이터)[이가] (?:바뀌면|바뀔 때(?:마다)?|변경되면)"
)
SAID_AFTER_CHANGE = Text(ko="입력이 바뀌면", en="after change")
ALLOWED = Text(
    ko="쓸 수 있는 것: 10분마다, 6시간마다, 매시 15분, 매일 04:30, 매일 오전 4시, 평일 09:00, 매주 월요일 4시, 매월 1일 3시, "
    "매월 말일, cron 다섯 칸 (30 4 * * 1-5)",
    en="allowed: every 10 minutes, every 6 hours, hourly at :15, daily at 04:30, weekdays at 9 am, weekly on Monday 04:00, "
    "monthly on the 1st at 03:00, monthly on the last day, or five cron fields (30 4 * * 1-5)",
)
NO_SCHEDULE = Text(ko="일정이 아닙니다", en="it is no schedule")
NEVER = Text(ko="그런 날이나 시각은 오지 않습니다", en="there is no such day or time")
NO_TIMES = Text(ko="입력이 바뀔 때의 일정에는 시각이 없습니다", en="a schedule after change has no times")


@functools.lru_cache(maxsize=4096)
def cron_fields(schedule: str) -> str:
    """Return a schedule as five cron fields; what cannot be read is a BadSetup that says what can."""
    text = schedule.strip()
    if is_after_change(text):
        raise unreadable(schedule, NO_TIMES)
    try:
        cron = text if CRON.fullmatch(text) else read_words(text)
    except Unclear as error:
        raise unreadable(schedule, error.text) from error
    if cron is None:
        raise unreadable(schedule, NO_SCHEDULE)
    try:
        next(CronSim(cron, dt.datetime(2026, 1, 1, tzinfo=KOREAN_TIME)))
    except (CronSimError, StopIteration) as error:  # the latter: a day that never comes, as 30 February
        raise unreadable(schedule, NEVER) from error
    return cron


def unreadable(schedule: str, reason: Text) -> BadSetup:
    problem = Text(
        ko="'{schedule}' 일정을 읽을 수 없습니다: {reason}. {allowed}",
        en="cannot read the schedule '{schedule}': {reason}; {allowed}",
    )
    return BadSetup(where="schedule", problem=problem.format(schedule=schedule, reason=reason, allowed=ALLOWED))


def is_after_change(schedule: str) -> bool:
    """Say whether a schedule has no times but follows the changes of what a recipe is made of."""
    return bool(AFTER_CHANGE.fullmatch(" ".join(schedule.lower().split())))


def in_words(schedule: str, language: str) -> str:
    """Say a schedule in words of a language (``ko``, ``en``); cron fields of no known shape are shown as they are."""
    return said(schedule).in_language(language)


def said(schedule: str) -> Text:
    """Say a schedule in words."""
    return SAID_AFTER_CHANGE if is_after_change(schedule) else words_of(cron_fields(schedule))


def presets() -> list[tuple[str, Text]]:
    """Return schedules to choose from, each with its words."""
    return [(preset, said(preset)) for preset in PRESETS]


def next_time(schedule: str, after: dt.datetime) -> dt.datetime:
    """Return the first moment of the schedule after ``after``."""
    return next(CronSim(cron_fields(schedule), after.astimezone(KOREAN_TIME)))


def next_times(schedule: str, after: dt.datetime, count: int = 5) -> list[dt.datetime]:
    """Return the first moments of the schedule after ``after``."""
    return list(itertools.islice(CronSim(cron_fields(schedule), after.astimezone(KOREAN_TIME)), count))


def latest_time(schedule: str, now: dt.datetime) -> dt.datetime:
    """Return the last moment of the schedule that is not after ``now``."""
    after_now = now.astimezone(KOREAN_TIME).replace(microsecond=0) + dt.timedelta(seconds=1)
    return next(CronSim(cron_fields(schedule), after_now, reverse=True))


def next_midnight(after: dt.datetime) -> dt.datetime:
    """Return the next midnight in Korea, when providers reset their daily quotas."""
    local = after.astimezone(KOREAN_TIME)
    return (local + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
