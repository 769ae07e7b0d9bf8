"""Schedules in words and in cron fields, always in Korean time."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadSetup
from ingest.schedule import (
    PRESETS,
    cron_fields,
    in_words,
    is_after_change,
    latest_time,
    next_midnight,
    next_time,
    next_times,
    presets,
)

KOREA = ZoneInfo("Asia/Seoul")


def korean(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=KOREA)


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        ("every minute", "* * * * *"),
        ("매분", "* * * * *"),
        ("every 1 minute", "* * * * *"),
        ("every 5 minutes", "*/5 * * * *"),
        ("Every 10 min", "*/10 * * * *"),
        ("every 60 minutes", "0 * * * *"),
        ("30분마다", "*/30 * * * *"),
        ("15분 간격으로", "*/15 * * * *"),
        ("every 10 minutes on weekdays", "*/10 * * * 1-5"),
        ("평일 10분마다", "*/10 * * * 1-5"),
        ("every 2 hours", "0 */2 * * *"),
        ("every 6 hours at :15", "15 */6 * * *"),
        ("3시간마다", "0 */3 * * *"),
        ("12시간마다 30분에", "30 */12 * * *"),
        ("every 1 hour", "0 * * * *"),
        ("hourly", "5 * * * *"),
        ("매시간", "5 * * * *"),
        ("hourly at :15", "15 * * * *"),
        ("every hour at 15 minutes past", "15 * * * *"),
        ("매시 15분", "15 * * * *"),
        ("매시간 15분에", "15 * * * *"),
        ("매시 정각", "0 * * * *"),
        ("hourly on the hour", "0 * * * *"),
        ("평일 매시 15분", "15 * * * 1-5"),
        ("daily", "0 4 * * *"),
        (" daily ", "0 4 * * *"),
        ("매일", "0 4 * * *"),
        ("daily at 04:30", "30 4 * * *"),
        ("every day at 4:30", "30 4 * * *"),
        ("at 4 am every day", "0 4 * * *"),
        ("daily at 12 am", "0 0 * * *"),
        ("daily at 12:15 pm", "15 12 * * *"),
        ("daily at noon", "0 12 * * *"),
        ("매일 04:30", "30 4 * * *"),
        ("매일 오전 4시", "0 4 * * *"),
        ("매일 오후 4시 30분", "30 16 * * *"),
        ("매일 오후 4시 반", "30 16 * * *"),
        ("매일 새벽 3시에", "0 3 * * *"),
        ("매일 오후 6:05", "5 18 * * *"),
        ("매일4시", "0 4 * * *"),
        ("매일 자정", "0 0 * * *"),
        ("매일 정오에", "0 12 * * *"),
        ("매일 06:00, 18:00", "0 6,18 * * *"),
        ("매일 6시와 18시", "0 6,18 * * *"),
        ("daily at 6 am and 6 pm", "0 6,18 * * *"),
        ("weekdays", "0 4 * * 1-5"),
        ("weekdays at 09:00", "0 9 * * 1-5"),
        ("평일 09:00", "0 9 * * 1-5"),
        ("평일 오전 9시", "0 9 * * 1-5"),
        ("주말 10시", "0 10 * * 0,6"),
        ("weekly", "0 4 * * 1"),
        ("매주", "0 4 * * 1"),
        ("weekly on Monday 04:00", "0 4 * * 1"),
        ("weekly on monday at 04:00", "0 4 * * 1"),
        ("Mondays and Thursdays at 6 am", "0 6 * * 1,4"),
        ("every Tue, Sat", "0 4 * * 2,6"),
        ("매주 월요일 4시", "0 4 * * 1"),
        ("매주 일요일", "0 4 * * 0"),
        ("월요일마다", "0 4 * * 1"),
        ("매주 월요일, 목요일 06:30", "30 6 * * 1,4"),
        ("매주 월·수·금 7시", "0 7 * * 1,3,5"),
        ("매주 화목", "0 4 * * 2,4"),
        ("매주 일, 월 5시", "0 5 * * 0,1"),
        ("monthly", "0 4 1 * *"),
        ("매월", "0 4 1 * *"),
        ("monthly on the 1st", "0 4 1 * *"),
        ("on the 24th", "0 4 24 * *"),
        ("on the 24th at 03:00", "0 3 24 * *"),
        ("on the 1st and the 15th of each month at 5 pm", "0 17 1,15 * *"),
        ("매월 1일 3시", "0 3 1 * *"),
        ("매달 24일", "0 4 24 * *"),
        ("매월 1일, 15일 03:10", "10 3 1,15 * *"),
        ("매월 말일 22시", "0 22 L * *"),
        ("monthly on the last day", "0 4 L * *"),
        ("매월 첫째 월요일 9시", "0 9 * * 1#1"),
        ("매월 셋째 주 수요일", "0 4 * * 3#3"),
        ("monthly on the last friday at 18:00", "0 18 * * 5L"),
        ("quarterly", "0 4 1 1,4,7,10 *"),
        ("분기마다", "0 4 1 1,4,7,10 *"),
        ("매년 3월 1일", "0 4 1 3 *"),
        ("yearly on March 1 at 05:00", "0 5 1 3 *"),
        ("every year on the 2nd of January", "0 4 2 1 *"),
        ("15 6,18 * * MON-FRI", "15 6,18 * * MON-FRI"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
)
def test_a_schedule_is_read_as_five_cron_fields(schedule, cron):
    assert cron_fields(schedule) == cron


@pytest.mark.parametrize(
    ("schedule", "korean_words", "english_words"),
    [
        ("", "일정이 아닙니다", "no schedule"),
        ("sometimes", "일정이 아닙니다", "no schedule"),
        ("04:30", "일정이 아닙니다", "no schedule"),  # of which day?
        ("daily at 04:30 or so", "일정이 아닙니다", "no schedule"),
        ("hourly at 04:30", "일정이 아닙니다", "no schedule"),
        ("매일 10분마다 4시", "일정이 아닙니다", "no schedule"),
        ("every 7 minutes", "60의 약수", "divide 60"),
        ("every 0 minutes", "60의 약수", "divide 60"),
        ("every 90 minutes", "60의 약수", "divide 60"),
        ("5시간마다", "24의 약수", "divide 24"),
        ("every 24 hours", "24의 약수", "divide 24"),
        ("매시 75분", "0에서 59 사이", "between 0 and 59"),
        ("매일 25시", "0에서 23 사이", "between 0 and 23"),
        ("매일 오후 15시", "0에서 12 사이", "between 0 and 12"),
        ("매일 06:00, 18:30", "분이 같아야", "the same minute"),
        ("매월 31일", "매월 말일", "on the last day"),
        ("on the 0th", "1일부터 28일", "between 1 and 28"),
        ("매년 2월 30일", "오지 않습니다", "no such day"),
        ("* * * *", "일정이 아닙니다", "no schedule"),
        ("* * * * * *", "일정이 아닙니다", "no schedule"),  # seconds
        ("0 25 * * *", "오지 않습니다", "no such day"),
        ("61 * * * *", "오지 않습니다", "no such day"),
        ("0 0 30 2 *", "오지 않습니다", "no such day"),
        ("0 0 31 4,6 *", "오지 않습니다", "no such day"),
        ("5-1 * * * *", "오지 않습니다", "no such day"),
        ("입력이 바뀌면", "시각이 없습니다", "no times"),
    ],
)
def test_what_is_no_schedule_is_refused_and_the_sentence_tells_why_and_what_is(schedule, korean_words, english_words):
    with pytest.raises(BadSetup) as refused:
        cron_fields(schedule)
    assert refused.value.values["where"] == "schedule"
    assert f"'{schedule}'" in refused.value.text.ko
    assert korean_words in refused.value.text.ko
    assert english_words in refused.value.text.en
    assert "매일 04:30" in refused.value.text.ko
    assert "daily at 04:30" in refused.value.text.en


@pytest.mark.parametrize(
    ("schedule", "korean_words", "english_words"),
    [
        ("* * * * *", "매분", "every minute"),
        ("*/10 * * * *", "10분마다", "every 10 minutes"),
        ("hourly", "매시 5분", "hourly at :05"),
        ("0 * * * *", "매시 정각", "hourly on the hour"),
        ("0 */6 * * *", "6시간마다", "every 6 hours"),
        ("15 */6 * * *", "6시간마다 15분에", "every 6 hours at :15"),
        ("daily", "매일 04:00", "daily at 04:00"),
        ("30 6,18 * * *", "매일 06:30, 18:30", "daily at 06:30, 18:30"),
        ("0 9 * * MON-FRI", "평일 09:00", "on weekdays at 09:00"),
        ("0 9 * * 6,7", "주말 09:00", "on weekends at 09:00"),
        ("*/10 * * * 1-5", "평일 10분마다", "every 10 minutes on weekdays"),
        ("15 * * * MON", "매주 월요일 매시 15분", "hourly at :15 on Monday"),
        ("0 4 * * 0,4", "매주 목요일, 일요일 04:00", "weekly on Thursday, Sunday at 04:00"),
        ("0 3 1,22 * *", "매월 1일, 22일 03:00", "monthly on the 1st, 22nd at 03:00"),
        ("0 3 L * *", "매월 말일 03:00", "monthly on the last day at 03:00"),
        ("0 3 * * 1#2", "매월 둘째 월요일 03:00", "monthly on the second Monday at 03:00"),
        ("0 3 * * 5L", "매월 마지막 금요일 03:00", "monthly on the last Friday at 03:00"),
        ("quarterly", "분기마다 04:00", "quarterly at 04:00"),
        ("0 4 1 3 *", "매년 3월 1일 04:00", "yearly on March 1 at 04:00"),
        ("7,21 1-5 * 3 *", "cron 식 7,21 1-5 * 3 *", "cron 7,21 1-5 * 3 *"),
        ("*/7 * * * *", "cron 식 */7 * * * *", "cron */7 * * * *"),
        ("0 0 1-7 * 1", "cron 식 0 0 1-7 * 1", "cron 0 0 1-7 * 1"),
        ("after change", "입력이 바뀌면", "after change"),
    ],
)
def test_a_schedule_is_said_in_both_languages(schedule, korean_words, english_words):
    assert (in_words(schedule, "ko"), in_words(schedule, "en")) == (korean_words, english_words)


CLOCKS = st.one_of(
    st.sampled_from(["* *", "*/2 *", "*/15 *", "*/30 *", "0 */2", "45 */12"]),
    st.integers(0, 59).map(lambda minute: f"{minute} *"),
    st.tuples(st.integers(0, 59), st.sets(st.integers(0, 23), min_size=1, max_size=3)).map(
        lambda time: f"{time[0]} {','.join(map(str, sorted(time[1])))}"
    ),
)
DAYS = st.one_of(
    st.sampled_from(["* * *", "* * 1-5", "* * 0,6", "L * *", "1 1,4,7,10 *", "* * 2#4", "* * 0L", "29 2 *", "31 12 *"]),
    st.sets(st.integers(0, 6), min_size=1, max_size=4).map(lambda days: f"* * {','.join(map(str, sorted(days)))}"),
    st.sets(st.integers(1, 28), min_size=1, max_size=4).map(lambda days: f"{','.join(map(str, sorted(days)))} * *"),
)


@given(CLOCKS, DAYS, st.sampled_from(["ko", "en"]))
def test_what_is_said_of_a_schedule_can_be_read_as_that_schedule(clock, days, language):
    assert cron_fields(in_words(f"{clock} {days}", language)) == f"{clock} {days}"


@pytest.mark.parametrize(
    ("schedule", "is_so"),
    [
        ("after change", True),
        ("After changes", True),
        ("when the inputs change", True),
        ("입력이 바뀌면", True),
        ("데이터가 변경되면", True),
        ("daily", False),
        ("", False),
        ("after lunch", False),
    ],
)
def test_a_schedule_may_follow_changes_instead_of_the_clock(schedule, is_so):
    assert is_after_change(schedule) == is_so


def test_the_presets_of_a_form_are_schedules_with_their_words():
    assert [value for value, _ in presets()] == list(PRESETS)
    assert {cron_fields(value) for value in PRESETS} == {cron_fields(words.ko) for _, words in presets()}
    assert dict(presets())["daily"].ko == "매일 04:00"


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("daily", "2024-03-01 03:59:59", "2024-03-01 04:00"),
        ("daily", "2024-03-01 04:00:00", "2024-03-02 04:00"),
        ("every 10 minutes", "2024-02-29 23:51:00", "2024-03-01 00:00"),
        ("monthly", "2024-01-01 04:00:01", "2024-02-01 04:00"),
        ("weekly", "2024-03-03 12:00:00", "2024-03-04 04:00"),
        ("매월 말일 22시", "2024-02-28 23:00:00", "2024-02-29 22:00"),
    ],
)
def test_the_next_time_is_after_the_given_one(schedule, after, expected):
    assert next_time(schedule, korean(after).astimezone(dt.UTC)) == korean(expected)


def test_the_next_five_times_follow_each_other():
    times = next_times("weekdays at 09:00", korean("2024-02-28 12:00").astimezone(dt.UTC))
    assert times == [korean(f"2024-{day} 09:00") for day in ("02-29", "03-01", "03-04", "03-05", "03-06")]


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
