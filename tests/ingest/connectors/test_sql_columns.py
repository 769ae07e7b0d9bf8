"""What a page of rows from a database becomes, column by column: the same values as one by one, with every digit."""

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors.database_reading import Place
from ingest.connectors.sql import AS_IT_IS, moment_text, moment_texts, plain, plain_column

SEOUL = ZoneInfo("Asia/Seoul")
PLACE = Place("db", "db", 5432, ["127.0.0.1"], "city", "reader", "", Path(), 1.0, SEOUL, mask=lambda text: text)
ZONES = st.sampled_from([None, SEOUL, dt.UTC, ZoneInfo("Africa/Monrovia"), dt.timezone(dt.timedelta(hours=-9.5))])
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), timezones=ZONES)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.floats(), MOMENTS, st.dates(), st.decimals()
)


@given(st.lists(MOMENTS, min_size=1, max_size=5))
def test_moments_are_written_as_each_of_them_is(moments: list[dt.datetime]) -> None:
    assert list(moment_texts(moments, SEOUL)) == [moment_text(moment, SEOUL) for moment in moments]


@given(st.one_of(st.lists(VALUES, max_size=4), st.lists(st.floats(), max_size=4)))
def test_a_column_holds_what_each_of_its_values_is_told_as(values: list[object]) -> None:
    told = [value if type(value) in AS_IT_IS else plain(value, "a", PLACE) for value in values]
    assert repr(list(plain_column(values, "a", PLACE))) == repr(told)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((1.5, math.inf), [1.5, "inf"]),
        ((Decimal("0.1000"), None), ["0.1000", None]),
        (
            (dt.datetime(1905, 1, 1, 9, tzinfo=SEOUL), dt.datetime(2026, 1, 1, 9, tzinfo=SEOUL)),
            ["1905-01-01T09:00:00+08:27:52", "2026-01-01T09:00:00+09:00"],
        ),
    ],
)
def test_no_digit_is_lost(values: tuple[object, ...], told: list[object]) -> None:
    assert plain_column(values, "a", PLACE) == told
