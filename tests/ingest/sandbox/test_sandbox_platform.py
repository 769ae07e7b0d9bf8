"""The sandbox's integrated platform: what it takes and refuses; and the emergencies that it tells hubs of."""

import datetime as dt
import json
from collections import defaultdict
from itertools import islice

import pytest
from django.core.management import call_command

from ingest.errors import IngestError
from ingest.platform.moments import KOREAN_TIME
from ingest.platform.wire import Cipher, join_parts, open_body, read_envelope, read_event, write_auth
from ingest.sandbox.answer import answer_request
from ingest.sandbox.events import AT_ONCE, KINDS, MISDEEDS, Telling, misbehave, occurrence, stream, tell
from ingest.sandbox.messages import Request
from ingest.sandbox.platform import AUTH_PATHS, EVENT_PATH, PLATFORM_FAULTS, PlatformDesk
from ingest.sandbox.sender import Course, Tally, held_back, messages, send_course
from ingest.sandbox.server import running
from ingest.sandbox.world import World

NOON = dt.datetime(2026, 11, 1, 12, 0, tzinfo=KOREAN_TIME)
KEY = "한빛시-시험용-암호키"


def post(world: World, path: str, posting) -> dict:
    request = Request(path, {}, "POST", posting.content_type, posting.content, posting.headers)
    return json.loads(answer_request(world, request).body)


def let_in(world: World, path: str = AUTH_PATHS[0]) -> str:
    return post(world, path, write_auth(world.key, send_code="a", receive_code="b"))["message"]


def first_event(number: int = 0):
    return occurrence(44, number, NOON)[0]


@pytest.mark.parametrize("path", AUTH_PATHS)
def test_whoever_has_the_key_gets_a_session_and_may_tell_events(path):
    world = World()
    session = let_in(world, path)
    [posting] = tell(first_event(), Telling(session)).postings
    answer = post(world, EVENT_PATH, posting)
    assert (answer["result"], answer["code"], answer["startTag"]) == ("0", "2000", "$DA")
    [row] = json.loads(answer_request(world, Request("/platform/received")).body)
    assert (row["event_id"], row["status"], row["again"]) == (first_event().event_id, "10", False)
    assert session not in json.dumps(row)


@pytest.mark.parametrize("key", ["", "wrong"])
def test_without_the_key_or_a_session_nothing_is_taken(key):
    world = World()
    refused = post(world, AUTH_PATHS[0], write_auth(key, send_code="a", receive_code="b"))
    assert (refused["result"], refused["code"]) == ("1", "4101" if not key else "4001")
    [posting] = tell(first_event(), Telling(key)).postings
    assert post(world, EVENT_PATH, posting)["code"] == "4001"
    assert world.platform.received == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", [AUTH_PATHS[0], EVENT_PATH])
def test_its_doors_take_post_only(method, path):
    answer = answer_request(World(), Request(path, method=method))
    assert (answer.status, json.loads(answer.body)["code"]) == (405, "4005")


def test_what_is_switched_on_is_told_and_unknown_faults_are_refused():
    world = World()

    def switch(document: object) -> tuple[int, dict]:
        answer = answer_request(world, Request("/platform/desk", method="POST", body=json.dumps(document).encode()))
        return answer.status, json.loads(answer.body)

    status, told = switch({"fault": "unavailable", "count": 2})
    assert (status, told["fault"], told["remaining"]) == (200, "unavailable", 2)
    assert set(told["faults"]) == set(PLATFORM_FAULTS) - {""}
    for wrong in ({"fault": "no-such"}, {"fault": "late", "count": 0}, {}, []):
        assert switch(wrong)[0] == 400
    assert switch({"fault": None})[1]["fault"] is None


def test_occurrences_are_the_same_for_the_same_seed_and_live_from_the_beginning_to_one_end():
    kinds = set()
    for number in range(200):
        life = occurrence(44, number, NOON)
        assert life == occurrence(44, number, NOON)
        statuses = [str(event.status) for event in life]
        assert statuses[0] == "10" and set(statuses[1:-1]) <= {"40"} and statuses[-1] in ("50", "90", "91")
        assert len({(event.event_id, event.number) for event in life}) == 1
        moments = [event.status_at for event in life]
        assert moments == sorted(set(moments))
        assert [event.ended_at is not None for event in life] == [False] * (len(life) - 1) + [True]
        kinds.add(life[0].event_id)
    assert kinds == {kind.event_id for kind in KINDS}
    assert occurrence(44, 1, NOON) != occurrence(45, 1, NOON)


def test_streams_side_by_side_tell_different_occurrences_each_in_its_order():
    seen = defaultdict(list)
    for first in range(3):
        for event in islice(stream(44, NOON, first=first, every=3), 500):
            seen[event.event_id, event.number].append((event.status_at, first))
    assert all(told == sorted(told) and len({first for _at, first in told}) == 1 for told in seen.values())
    assert len(seen) > 3 * AT_ONCE


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("cipher", [None, Cipher(KEY), Cipher(KEY, "hex")])
@pytest.mark.parametrize("parts", [1, 3])
def test_an_event_is_told_in_every_way_and_read_as_it_was(form, cipher, parts):
    event = first_event(7)
    message = tell(event, Telling("key", cipher, form, parts))
    assert len(message.postings) == parts
    envelope = join_parts([read_envelope(one.content_type, one.content, one.headers) for one in message.postings])
    body = open_body(envelope, cipher.key if cipher else "", cipher.transport if cipher else "base64")
    assert read_event(envelope, body) == event


# misdeed, refused with this code when it is read, or odd in this way
READ_AS = {
    "twice": (None, set()),
    "wrong-length": (None, {"wrong-length"}),
    "wrong-count": (None, {"wrong-count"}),
    "wrong-date": (None, {"no-moment"}),
    "unknown-kind": (None, set()),
    "cut": (4000, set()),
    "wrong-key": (None, set()),
}


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_misdeeds_are_what_they_say(misdeed, form):
    message = misbehave(tell(first_event(), Telling("key", None, form)), misdeed)
    code, oddities = READ_AS[misdeed]
    assert len(message.postings) == (2 if misdeed == "twice" else 1)
    [posting, *_] = message.postings
    try:
        envelope = read_envelope(posting.content_type, posting.content, posting.headers)
        event = read_event(envelope, open_body(envelope))
    except IngestError as error:
        assert error.detail_code == code or (form and misdeed == "cut")
        return
    assert code is None
    assert {name for name, _text in event.warnings} == oddities
    assert (event.event_id == "UNKNOWN7") == (misdeed == "unknown-kind")
    assert (envelope.secret == "wrong") == (misdeed == "wrong-key")


def test_of_misbehaving_platforms_some_messages_come_after_later_ones_of_their_occurrence():
    course = Course("http://nobody", Telling(), misbehaves=True)
    told = list(islice(held_back(messages(course, 0, NOON), course), 600))
    lives = defaultdict(list)
    for message in told:
        lives[message.event.number].append(message.event.status_at)
    assert any(life != sorted(life) for life in lives.values())
    assert {message.misdeed for message in told} == {"", *MISDEEDS}


@pytest.fixture
def open_platform():
    """A platform that takes whatever shows the session ``known``, so that the sender meets a real door."""
    desk = PlatformDesk(sessions={"known"})
    with running(World(platform=desk)) as server:
        yield desk, f"{server.url}{EVENT_PATH}"


def test_a_course_is_sent_whole_and_each_occurrence_in_its_order(open_platform, tmp_path):
    desk, url = open_platform
    with (tmp_path / "log").open("w+") as log:
        tally = send_course(Course(url, Telling("known"), rate=200, seconds=0.5, connections=3), log)
        assert (tally.accepted, tally.refused, tally.lost) == (100, 0, 0)
        log.seek(0)
        assert len(log.readlines()) == 100
    lives = defaultdict(list)
    for row in desk.received:
        lives[row["event_id"], row["occurrence"]].append(row["status_at"])
    assert sum(map(len, lives.values())) == 100
    assert all(life == sorted(life) for life in lives.values())
    assert 0 < tally.wait_at(0.5) <= tally.wait_at(0.95)


def test_what_gets_no_answer_is_sent_again_when_asked_to_and_counted_as_lost_else(open_platform):
    desk, url = open_platform
    desk.switch("hang-up-after", 2)
    tally = send_course(Course(url, Telling("known"), rate=100, seconds=0.1, connections=2, repeats=True))
    assert (tally.accepted, tally.lost, len(desk.received)) == (10, 0, 12)
    desk.switch("hang-up", 2)
    tally = send_course(Course(url, Telling("known"), rate=100, seconds=0.1, connections=2, seed=1))
    assert (tally.accepted, tally.lost) == (8, 2)


def test_the_command_sends_and_tells_the_counts(open_platform, capsys):
    _, url = open_platform
    call_command("send_events", url, "--key", "known", "--rate", "100", "--seconds", "0.2", "--connections", "2")
    assert "accepted 20 · refused 0 · lost 0" in (said := capsys.readouterr().out)
    assert "codes: 2000 20" in said and "p95" in said
    call_command("send_events", url, "--key", "known", "--rate", "300", "--seconds", "0.5", "--misbehave", "--form")
    assert "4001" in (said := capsys.readouterr().out) and "lost 0" in said


def test_an_empty_tally_has_no_waits():
    assert (Tally().wait_at(0.95), Tally().accepted) == (0.0, 0)
