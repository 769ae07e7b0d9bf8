"""Schedules in words and in cron fields, always in Korean time."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadSetup
from ingest.schedule import PRESETS, cron_fields, latest_time, next_midnight, next_time

KOREA = ZoneInfo("Asia/Seoul")


def korean(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=KOREA)


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        ("every 1 minute", "* * * * *"),
        ("every 5 minutes", "*/5 * * * *"),
        ("every 10 minutes", "*/10 * * * *"),
        ("every 60 minutes", "0 * * * *"),
        ("30분마다", "*/30 * * * *"),
        ("hourly", "5 * * * *"),
        ("매일", "0 4 * * *"),
        ("weekly", "0 4 * * 1"),
        ("매월", "0 4 1 * *"),
        (" daily ", "0 4 * * *"),
        ("15 6,18 * * MON-FRI", "15 6,18 * * MON-FRI"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
)
def test_a_schedule_is_read_as_five_cron_fields(schedule, cron):
    assert cron_fields(schedule) == cron


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "sometimes",
        "every 7 minutes",
        "every 0 minutes",
        "every 90 minutes",
        "every minute",
        "* * * *",
        "* * * * * *",  # seconds
        "0 25 * * *",
        "61 * * * *",
        "0 0 30 2 *",  # never
        "0 0 31 4,6 *",
        "5-1 * * * *",
    ],
)
def test_what_is_no_schedule_is_refused_and_the_sentence_tells_what_is(schedule):
    with pytest.raises(BadSetup) as refused:
        cron_fields(schedule)
    assert refused.value.values["where"] == "schedule"
    assert f"'{schedule}'" in refused.value.text.ko
    assert "매일" in refused.value.text.ko
    assert "daily" in refused.value.text.en


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("daily", "2024-03-01 03:59:59", "2024-03-01 04:00"),
        ("daily", "2024-03-01 04:00:00", "2024-03-02 04:00"),
        ("every 10 minutes", "2024-02-29 23:51:00", "2024-03-01 00:00"),
        ("monthly", "2024-01-01 04:00:01", "2024-02-01 04:00"),
        ("weekly", "2024-03-03 12:00:00", "2024-03-04 04:00"),
    ],
)
def test_the_next_time_is_after_the_given_one(schedule, after, expected):
    assert next_time(schedule, korean(after).astimezone(dt.UTC)) == korean(expected)


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("daily", "2024-03-01 03:59:59", "2024-02-29 04:00"),
        ("daily", "2024-03-01 04:00:00", "2024-03-01 04:00"),
        ("daily", "2024-03-01 04:00:00.5", "2024-03-01 04:00"),
        ("every 1 minute", "2024-03-01 00:00:59", "2024-03-01 00:00"),
    ],
)
def test_the_latest_time_is_not_after_the_given_one(schedule, now, expected):
    assert latest_time(schedule, korean(now).astimezone(dt.UTC)) == korean(expected)


@given(
    st.sampled_from([*PRESETS, "every 1 minute", "every 20 minutes", "7 1-5 * * *"]),
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2050, 1, 1), timezones=st.just(KOREA)),
)
def test_nothing_of_a_schedule_lies_between_its_latest_and_its_next_time(schedule, now):
    latest, following = latest_time(schedule, now), next_time(schedule, now)
    assert latest <= now < following
    assert next_time(schedule, latest) == following


@pytest.mark.parametrize(
    ("after", "midnight"),
    [
        ("2024-02-28 23:59:59", "2024-02-29 00:00"),
        ("2024-12-31 00:00:00", "2025-01-01 00:00"),
    ],
)
def test_quotas_are_new_at_korean_midnight(after, midnight):
    assert next_midnight(korean(after).astimezone(dt.UTC)) == korean(midnight)
