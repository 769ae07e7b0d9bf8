"""Both ways at once over real HTTP: the sandbox's platform tells a hub, and a hub tells another one by the same door."""

from collections import defaultdict

import pytest
from django.utils import timezone
from messages_of_platform import make_platform, take
from sending_to import level, make_levels, make_receiver, make_rule, publish, raise_now

from ingest.models import EventRule, Occurrence, OutgoingMessage, PlatformMessage
from ingest.platform.sending import send_events
from ingest.platform.wire import Cipher
from ingest.sandbox.events import KINDS, Telling
from ingest.sandbox.sender import Course, send_course
from ingest.secret_store import save_secret

pytestmark = pytest.mark.django_db(transaction=True)
CIPHER_KEY = "한빛시-시험용-암호키"


@pytest.fixture(autouse=True)
def own_rules():
    """Know the kinds that the sandbox tells: a test that commits finds an empty database, without the seeded rules."""
    for kind in KINDS:
        EventRule.objects.get_or_create(event_id=kind.event_id, platform=None, defaults={"name": kind.name})


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_hub_takes_all_that_the_sandbox_tells_and_has_the_last_status_of_each_occurrence(
    live_server, form, is_encrypted, tmp_path
):
    save_secret("cipher", CIPHER_KEY)
    _, key = make_platform(cipher_secret="cipher")
    telling = Telling(key, Cipher(CIPHER_KEY) if is_encrypted else None, form)
    with (tmp_path / "log").open("w+") as log:
        course = Course(f"{live_server.url}/platform/events", telling, rate=100, seconds=0.8, connections=2)
        tally = send_course(course, log)
    assert (tally.accepted, tally.refused, tally.lost) == (80, 0, 0)
    take()
    assert set(PlatformMessage.objects.values_list("state", flat=True)) == {"processed"}
    last = defaultdict(str)
    for line in (tmp_path / "log").read_text().splitlines():
        kind, number, status, *_ = line.strip("[]").replace('"', "").split(", ")
        last[kind, number] = max(last[kind, number], status)
    assert {(one.event_id, one.number): one.facts["status"][-1] for one in Occurrence.objects.all()} == dict(last)


def test_of_a_misbehaving_platform_the_hub_loses_nothing_that_it_accepted(live_server):
    _, key = make_platform()
    course = Course(f"{live_server.url}/platform/events", Telling(key), rate=200, seconds=0.8, misbehaves=True)
    tally = send_course(course)
    assert tally.lost == 0 and tally.accepted > 100 and tally.codes["4000"] and tally.codes["4001"]
    take()
    assert PlatformMessage.objects.count() == tally.codes.total() - tally.codes["4001"]
    states = set(PlatformMessage.objects.values_list("state", flat=True))
    assert {"processed", "duplicate", "unreadable", "no-rule"} <= states


def test_a_hub_sends_to_the_door_of_a_hub(live_server):
    platform, key = make_platform()
    receiver = make_receiver(
        live_server.url,
        address=live_server.url,
        auth_path="/platform/events",
        event_path="/platform/events",
        platform=platform,
    )
    save_secret("platform-key", key)
    dataset = make_levels([level("a", 4)])
    make_rule(dataset, receiver)
    raise_now()
    publish(dataset, [level("a", 1, 5)])
    raise_now()
    assert send_events(timezone.now()) == 2
    assert set(OutgoingMessage.objects.values_list("state", "code")) == {("sent", "2000")}
    take()
    occurrence = Occurrence.objects.get()
    assert (occurrence.event_id, occurrence.facts["status"][-1]) == ("DUCDP110", "50")
    assert list(PlatformMessage.objects.values_list("state", flat=True)) == ["processed"] * 2
    assert not any(PlatformMessage.objects.values_list("warnings", flat=True))
