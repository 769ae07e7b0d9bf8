"""When a source is due: presets in words or five cron fields, always Korean time."""

import datetime as dt
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from catalog.text import Text
from ingest.errors import BadSetup

KOREAN_TIME = ZoneInfo("Asia/Seoul")
PRESETS: Mapping[str, str] = {
    "hourly": "5 * * * *",
    "매시간": "5 * * * *",
    "daily": "0 4 * * *",
    "매일": "0 4 * * *",
    "weekly": "0 4 * * 1",
    "매주": "0 4 * * 1",
    "monthly": "0 4 1 * *",
    "매월": "0 4 1 * *",
}
MINUTES = re.compile(r"(?:every (\d{1,2}) minutes?|(\d{1,2})분마다)\Z")


def cron_fields(schedule: str) -> str:
    """Return a schedule as five cron fields; what cannot be read is a BadSetup that says what can."""
    text = schedule.strip()
    if found := MINUTES.match(text):
        minutes = int(found[1] or found[2])
        if minutes and 60 % minutes == 0:
            return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *" if minutes < 60 else "0 * * * *"
        raise unreadable(schedule)
    cron = PRESETS.get(text, text)
    if len(cron.split()) != 5:
        raise unreadable(schedule)
    try:
        next(CronSim(cron, dt.datetime(2026, 1, 1, tzinfo=KOREAN_TIME)))
    except (CronSimError, StopIteration) as error:  # the latter: a day that never comes, as 30 February
        raise unreadable(schedule) from error
    return cron


def unreadable(schedule: str) -> BadSetup:
    return BadSetup(
        where="schedule",
        problem=Text(
            ko=f"'{schedule}' 일정을 읽을 수 없습니다. 쓸 수 있는 것: every N minutes (N은 60의 약수), {', '.join(PRESETS)}, "
            "또는 cron 다섯 칸",
            en=f"cannot read the schedule '{schedule}'; allowed: every N minutes (N divides 60), {', '.join(PRESETS)}, "
            "or five cron fields",
        ),
    )


def next_time(schedule: str, after: dt.datetime) -> dt.datetime:
    """Return the first moment of the schedule after ``after``."""
    return next(CronSim(cron_fields(schedule), after.astimezone(KOREAN_TIME)))


def latest_time(schedule: str, now: dt.datetime) -> dt.datetime:
    """Return the last moment of the schedule that is not after ``now``."""
    after_now = now.astimezone(KOREAN_TIME).replace(microsecond=0) + dt.timedelta(seconds=1)
    return next(CronSim(cron_fields(schedule), after_now, reverse=True))


def next_midnight(after: dt.datetime) -> dt.datetime:
    """Return the next midnight in Korea, when providers reset their daily quotas."""
    local = after.astimezone(KOREAN_TIME)
    return (local + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
