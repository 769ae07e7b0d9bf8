"""Platforms that say in words what is wrong, with status 200: what the run makes of it, who is told, and how often it is tried.

The identifiers are those of the list in docs/faults.md.
"""

import datetime as dt
from collections.abc import Iterator

import pytest
from builders import make_dataset
from django.utils import timezone
from healthy_platforms import PLATFORMS, ROWS, SECRET
from hostile_server import Behaviour, HostileServer, gateway_error, reply
from pulling import make_source, published, pull

from catalog.records import Column, Schema
from ingest.consequences import FIRST_REST, LONGEST_REST, PATIENCE, TOLD_AGAIN, rest_after
from ingest.due import create_due_runs
from ingest.models import Alert, Run, Source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
PLATFORM = PLATFORMS["datagokr"]
SCHEMA = Schema(columns=(Column("station", source="id", required=True), Column("amount", "integer", source="value")))


def says(code: str, message: str) -> Behaviour:
    return reply(200, gateway_error(code, message), Content_Type="application/xml")


class City:
    """A platform that answers well until it is told to say something else."""

    def __init__(self) -> None:
        self.act = PLATFORM.serve()
        self.server = HostileServer({"/": lambda request, connection: self.act(request, connection)})


@pytest.fixture
def city(monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    monkeypatch.setenv("PLANTED_KEY", SECRET)
    city = City()
    with city.server:
        yield city


@pytest.fixture
def source(city: City) -> Source:
    config = {"url": city.server.url("/api"), "service_key": {"env": "PLANTED_KEY"}, **PLATFORM.config}
    dataset = make_dataset(schema=SCHEMA)
    source = make_source("", connector="datagokr", config=config, dataset=dataset, allow_private=True)
    assert pull(source).accepted == len(ROWS)
    return source


TOLD = {
    "A8 the quota is used up": (
        "22",
        "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR",
        State.WAITING,
        "quota-exceeded",
    ),
    "A9 an error in XML": ("12", "NO_OPENAPI_SERVICE_ERROR", State.FAILED, "request-refused"),
    "A9 an error in Korean": ("99", "기타 오류가 발생했습니다", State.WAITING, "platform-failure"),
    "A11 the key is not registered": ("30", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR", State.FAILED, "key-refused"),
}


@pytest.mark.parametrize("told", TOLD)
def test_an_error_told_with_status_200_ends_the_run_in_the_words_of_the_platform(
    city: City, source: Source, told: str
) -> None:
    code, message, state, error = TOLD[told]
    before, asked = published(source), len(city.server.requests)
    city.act = says(code, message)
    run = pull(source)
    assert (run.state, run.error_code) == (state, error), run.error_en
    assert message in run.error_ko
    assert message in run.error_en
    assert SECRET not in run.error_ko + run.error_en
    assert len(city.server.requests) == asked + 1
    assert published(source) == before
    if error == "quota-exceeded":
        assert (run.attempt, run.due_at > timezone.now()) == (0, True)


def test_a_source_whose_key_is_refused_is_told_once_and_left_alone_ever_longer(
    city: City, source: Source
) -> None:  # A11
    city.act = says("30", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR")
    Source.objects.update(schedule="every 1 minute")
    rests: list[dt.timedelta | None] = []
    for _ in range(PATIENCE + 2):
        run = pull(source)
        source.refresh_from_db()
        rests.append(source.backs_off_until - run.ended_at if source.backs_off_until else None)
    assert rests == [None] * (PATIENCE - 1) + [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    [alert] = Alert.objects.all()
    assert (alert.kind, alert.text_ko) == (
        Alert.Kind.FAILED,
        Run.objects.filter(state="failed").earliest("pk").error_ko,
    )

    Source.objects.update(next_at=timezone.now())
    assert create_due_runs(timezone.now() + dt.timedelta(minutes=1)) == 0  # nobody asks while it rests
    Alert.objects.update(at=timezone.now() - TOLD_AGAIN)
    pull(source)
    assert Alert.objects.count() == 2

    city.act = PLATFORM.serve()
    assert pull(source).state == State.UNCHANGED
    source.refresh_from_db()
    assert (source.failures, source.backs_off_until) == (0, None)
    assert Alert.objects.latest("pk").kind == Alert.Kind.RECOVERED


def test_a_rest_ends_within_a_day_however_often_a_source_has_failed() -> None:
    assert [rest_after(failures) for failures in (20, 10**6)] == [LONGEST_REST] * 2
