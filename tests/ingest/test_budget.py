"""A provider's daily calls: counted one by one whoever makes them, new at Korean midnight, and no call beyond them."""

import datetime as dt

import pytest
from own_hub import own_hub
from pulling import lots, make_source, pull, write_lots

from ingest.budget import asked_again, count_call, note_refusal, permit_of
from ingest.errors import QuotaExceeded
from ingest.models import Provider, Run, Source
from ingest.runs import Progress, claim_run, end_with_error, enter_run
from ingest.sandbox.server import running
from ingest.sandbox.world import World
from ingest.schedule import KOREAN_TIME

NOON = dt.datetime(2024, 5, 1, 12, 0, tzinfo=KOREAN_TIME)
DAY = dt.timedelta(days=1)
TODAY = NOON.date()


def make_provider(**columns: object) -> Provider:
    return Provider.objects.create(slug="portal", title_ko="공공데이터포털", title_en="data.go.kr", **columns)


def used(provider: Provider) -> tuple[int, dt.date | None]:
    provider.refresh_from_db()
    return provider.used, provider.used_on


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"daily_calls": 10}, (1, TODAY)),
        ({"daily_calls": 10, "used": 9, "used_on": TODAY}, (10, TODAY)),
        ({"daily_calls": 10, "used": 10, "used_on": TODAY}, None),
        ({"daily_calls": 10, "used": 12, "used_on": TODAY}, None),  # it was 20 once
        ({"daily_calls": 10, "used": 10, "used_on": TODAY - DAY}, (1, TODAY)),
        ({"daily_calls": 10, "used": 10, "used_on": TODAY + DAY}, None),  # another worker's clock is past midnight
        ({"daily_calls": 10, "used": 4, "used_on": TODAY + DAY}, (5, TODAY + DAY)),
        ({"daily_calls": 10, "used": 10, "used_on": TODAY + 300 * DAY}, (1, TODAY)),  # a clock's mistake
        ({"daily_calls": None, "used": 7, "used_on": TODAY}, (8, TODAY)),
        ({"daily_calls": 0}, None),
    ],
)
def test_a_call_is_counted_or_refused(columns, expected):
    provider = make_provider(**columns)
    before = used(provider)
    if expected is None:
        with pytest.raises(QuotaExceeded) as refused:
            count_call(provider.pk, NOON)
        assert "공공데이터포털의 하루 호출 한도" in refused.value.text.ko
        assert "data.go.kr is used up" in refused.value.text.en
        assert used(provider) == before
    else:
        count_call(provider.pk, NOON)
        assert used(provider) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "now", "expected"),
    [
        ({"daily_calls": 100, "used": 40, "used_on": TODAY}, NOON, (100, TODAY)),
        ({"daily_calls": 100, "used": 120, "used_on": TODAY}, NOON, (120, TODAY)),
        ({"daily_calls": 100, "used": 40, "used_on": TODAY - DAY}, NOON, (100, TODAY)),
        ({"daily_calls": None, "used": 40, "used_on": TODAY}, NOON, (40, TODAY)),
        # what is refused just after midnight may have been asked before
        ({"daily_calls": 100, "used": 1, "used_on": TODAY}, NOON.replace(hour=0, minute=5), (1, TODAY)),
    ],
)
def test_a_provider_that_refuses_is_not_asked_by_its_other_sources_that_day(columns, now, expected):
    provider = make_provider(**columns)
    note_refusal(provider.pk, now)
    assert used(provider) == expected


@pytest.mark.parametrize(
    ("now", "again"),
    [
        ("2024-05-01 12:00", "2024-05-02 00:00"),
        ("2024-05-01 23:59:59", "2024-05-02 00:00"),
        ("2024-05-01 00:02", "2024-05-01 00:12"),
        ("2024-05-01 00:10", "2024-05-02 00:00"),
    ],
)
def test_a_provider_that_refused_is_asked_again_after_midnight_or_soon_when_that_has_just_been(now, again):
    now, again = (dt.datetime.fromisoformat(moment).replace(tzinfo=KOREAN_TIME) for moment in (now, again))
    assert asked_again(now.astimezone(dt.UTC)) == again


@pytest.mark.django_db
def test_sources_without_a_provider_count_nothing(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    permit = permit_of(make_source(write_lots(tmp_path / "lots.csv", lots(1))), lambda: None)
    permit("127.0.0.1:80")
    assert not Provider.objects.exists()


@pytest.mark.django_db
def test_a_source_whose_providers_budget_is_used_up_asks_nothing_and_waits_for_the_next_day(tmp_path, no_pauses):
    world, now = World(), dt.datetime.now(KOREAN_TIME)
    provider = make_provider(daily_calls=1)
    with running(world) as sandbox:
        source = make_source(f"{sandbox.url}/nothing.csv", allow_private=True, provider="portal")
        first = pull(source)
        assert first.error_code == "request-refused"  # that was the one call
        second = pull(source)
    assert (second.state, second.error_code, second.attempt, second.pages) == (
        Run.State.WAITING,
        "quota-exceeded",
        0,
        0,
    )
    assert second.due_at > now
    assert used(provider)[0] == 1


@pytest.mark.django_db
def test_what_one_source_is_refused_for_holds_for_all_of_its_provider(tmp_path, settings, monkeypatch):
    settings.FILE_ROOTS = [tmp_path]
    monkeypatch.setattr("ingest.runs.timezone.now", lambda: NOON)
    provider = make_provider(daily_calls=1000)
    source = make_source(write_lots(tmp_path / "lots.csv", lots(1)), provider="portal")
    run = enter_run(source)
    end_with_error(claim_run(run.pk), QuotaExceeded(address="https://a.example", answer="22"), Progress())
    run.refresh_from_db()
    assert (run.state, run.attempt, run.due_at) == (Run.State.WAITING, 0, NOON.replace(hour=0) + DAY)
    assert used(provider) == (1000, TODAY)
    assert Source.objects.get().failures == 0


@pytest.mark.journey
def test_many_processes_together_make_exactly_the_calls_of_the_day(tmp_path):
    with own_hub(tmp_path) as hub:
        path = tmp_path / "hub.toml"
        path.write_text(
            '[[providers]]\nslug = "portal"\ntitle = { ko = "포털" }\ndaily_calls = 100\n', encoding="utf-8"
        )
        hub.manage("apply", path)
        processes = [hub.start("call_provider", "portal", 40) for _ in range(4)]
        assert [hub.wait(process) for process in processes] == [0] * 4, hub.log
        assert hub.rows("SELECT used FROM ingest_provider") == [(100,)]
