"""Places in addresses: names, and the moment of the run, moved and written by a closed list of directives."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from ingest.connectors.envelope_template import check_template, fill

NOON = dt.datetime(2026, 3, 1, 0, 20, 5, tzinfo=ZoneInfo("Asia/Seoul"))
WRITTEN = {
    "{now:%Y%m%d}": "20260301",
    "{now-40m:%Y%m%d%H%M}": "202602282340",
    "{now-1d:%y-%m-%d}": "26-02-28",
    "{now+1w:%j}": "067",
    "{now-90s:%H:%M:%S}": "00:18:35",
    "{now-1h:%H00}": "2300",
    "{now:%s}": "1772292005",
    "{now:100%%}": "100%",
    "{now}": "2026-03-01T00:20:05+09:00",
    "/{area}/{area}": "/서울/서울",
    "no place": "no place",
}


@pytest.mark.parametrize(("template", "text"), WRITTEN.items())
def test_a_place_is_filled(template, text):
    check_template(template, {"area"})
    assert fill(template, {"area": "서울"}, {"now": NOON}) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{nwo:%Y}", "unknown place '{nwo:%Y}'; allowed: now, area"),
        ("{now-40x:%Y}", "unknown place"),
        ("{now.year}", "unknown place"),
        ("{}", "unknown place"),
        ("{now:%Q}", "unknown directive '%Q'"),
        ("{now:%}", "unknown directive '%'"),
        ("{now-999999w}", "a hundred years"),
        ("{area", "brace"),
        ("{{area}}", "brace"),
    ],
)
def test_what_cannot_be_filled_is_refused_before_the_run(template, words):
    with pytest.raises(ValueError, match=words.replace("{", r"\{")):
        check_template(template, {"area"})
