"""Events go to a platform in order for each occurrence, at least once, whatever the platform does; over real HTTP."""

import datetime as dt
import json
import re
import socket
from collections import defaultdict
from urllib.request import Request, urlopen

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from sending_to import API_KEY, level, make_levels, make_receiver, make_rule, publish, raise_now

from ingest.answers import Limits
from ingest.errors import BadSetup, SecretInUse
from ingest.models import OutgoingMessage, Receiver, SendingRule
from ingest.platform import receiver as door
from ingest.platform import sending
from ingest.platform.receiver import code_in, outcome_of, rouse_receiver, try_receiver
from ingest.platform.sending import give_up, send_again, send_events, take_lease, wait_after
from ingest.platform.wire import Reply
from ingest.sandbox.platform import PLATFORM_FAULTS, PlatformDesk
from ingest.sandbox.server import running
from ingest.sandbox.world import World
from ingest.secret_store import delete_secret, save_secret, unseal

pytestmark = pytest.mark.django_db
State = OutgoingMessage.State
CIPHER_KEY = "한빛시-시험용-암호키"
QUICK = Limits(connect=1, read=0.4, total=0.6, size=64 * 1024, attempts=1)


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr(door, "LIMITS", QUICK)
    return PlatformDesk(cipher_key=CIPHER_KEY)


@pytest.fixture
def url(desk):
    with running(World(platform=desk)) as server:
        yield server.url


def make_waiting(url: str, stations: str = "ab", **columns) -> Receiver:
    """Leave a life of 10, 40 and 50 waiting for each station."""
    receiver = make_receiver(url, **columns)
    dataset = make_levels()
    make_rule(dataset, receiver)
    for minute, height in enumerate((4, 5, 1)):
        publish(dataset, [level(station, height, minute) for station in stations])
        raise_now()
    return receiver


def told_to(desk: PlatformDesk, *, once: bool = True) -> dict[str, list[str]]:
    """Return the statuses that the platform was told of each occurrence, in the order they came."""
    told = defaultdict(list)
    for row in desk.received:
        if not (once and row["again"]):
            told[row["place"]].append(row["status"])
    return dict(told)


def send_until_quiet(turns: int = 12) -> dt.datetime:
    """Let the hub send again and again, each time after the longest wait."""
    now = timezone.now()
    for _ in range(turns):
        send_events(now)
        now += dt.timedelta(minutes=11)
    return now


LIFE = ["10", "40", "50"]


@pytest.mark.parametrize("columns", [{}, {"is_form": True}], ids=["JSON", "form"])
def test_what_was_raised_is_sent_in_order_with_one_session(url, desk, columns):
    make_waiting(url, **columns)
    assert send_events(timezone.now()) == 6
    assert told_to(desk) == {"a번 다리": LIFE, "b번 다리": LIFE}
    assert desk.asked == 1
    assert set(OutgoingMessage.objects.values_list("state", "tries", "code")) == {("sent", 1, "2000")}
    first = desk.received[0]
    assert {name: first[name] for name in ("event_id", "content", "items", "system_code", "warnings")} == {
        "event_id": "DUCDP110", "content": "수위 4 m", "items": {"LEVEL": "4"}, "system_code": "DHB", "warnings": []
    }  # fmt: skip


def test_a_session_is_kept_encrypted_and_used_by_the_next_turns(url, desk):
    receiver = make_waiting(url, "a")
    send_events(timezone.now())
    receiver.refresh_from_db()
    assert "session" not in receiver.session
    assert unseal(receiver.session) == "session-000001"
    send_again(OutgoingMessage.objects.values_list("pk", flat=True))
    assert send_events(timezone.now()) == 3
    assert (desk.asked, [row["again"] for row in desk.received]) == (1, [False] * 3 + [True] * 3)


def test_bodies_are_encrypted_where_the_platform_wants_it(url, desk):
    receiver = make_waiting(url, "a")
    save_secret("cipher", CIPHER_KEY)
    receiver.platform.cipher_secret = "cipher"
    receiver.platform.save()
    Receiver.objects.update(is_encrypted=True)
    assert send_events(timezone.now()) == 3
    assert {row["is_encrypted"] for row in desk.received} == {True}
    assert told_to(desk) == {"a번 다리": LIFE}


# fault, for how many answers, how often a session is asked for in the end
MISBEHAVIOUR = [
    ("session-refused", 1, 2),
    ("sessions-forgotten", 1, 2),
    ("sessions-forgotten", 2, 3),
    ("no-session", 1, 1),
    ("empty-session", 2, 1),
    ("unavailable", 3, 1),
    ("too-many", 2, 1),
    ("exists", 1, 1),
    ("garbage", 1, 1),
    ("garbage", 4, 1),
    ("error500", 5, 1),
    ("half", 2, 1),
    ("hang-up", 2, 1),
    ("hang-up-after", 2, 1),
    ("hang", 1, 1),
    ("late", 2, 1),
]


@pytest.mark.parametrize(("fault", "count", "asked"), MISBEHAVIOUR)
def test_whatever_the_platform_does_every_message_arrives_and_each_occurrence_in_its_order(
    url, desk, fault, count, asked
):
    make_waiting(url)
    if fault in ("session-refused", "sessions-forgotten"):  # they mean something to whoever has one
        assert try_receiver(Receiver.objects.get()) is None
    desk.switch(fault, count)
    send_until_quiet()
    assert told_to(desk) == {"a번 다리": LIFE, "b번 다리": LIFE}
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) == {"sent"}
    assert desk.asked == asked
    assert Receiver.objects.values_list("failures", "last_error_ko", "lease_until").get() == (0, "", None)


def test_every_fault_of_the_sandbox_is_met_here():
    assert {row[0] for row in MISBEHAVIOUR} | {"", "refused", "refused-in-words"} == set(PLATFORM_FAULTS)


@pytest.mark.parametrize("fault", ["refused", "refused-in-words"])
def test_a_refused_message_holds_up_its_occurrence_alone_until_a_steward_decides(url, desk, fault):
    make_waiting(url)
    desk.switch(fault, 1)
    send_until_quiet(3)
    refused = OutgoingMessage.objects.get(state=State.REFUSED)
    assert refused.code == "4102"
    assert "형식" in refused.answer_ko and refused.answer_en
    assert told_to(desk) == {"b번 다리": LIFE}
    send_again([refused.pk])
    send_until_quiet(2)
    assert told_to(desk) == {"b번 다리": LIFE, "a번 다리": LIFE}


def test_a_refused_message_that_is_given_up_lets_the_rest_go(url, desk):
    make_waiting(url, "a")
    desk.switch("refused", 1)
    send_until_quiet(2)
    assert give_up(OutgoingMessage.objects.filter(state=State.REFUSED).values_list("pk", flat=True)) == 1
    send_until_quiet(1)
    assert told_to(desk) == {"a번 다리": ["40", "50"]}
    assert list(OutgoingMessage.objects.order_by("pk").values_list("state", flat=True)) == ["given-up", "sent", "sent"]
    assert give_up(OutgoingMessage.objects.values_list("pk", flat=True)) == 0


def test_one_message_that_goes_wrong_keeps_the_other_occurrences_from_nothing(url, desk):
    make_waiting(url, "abc")
    desk.switch("garbage", 1)
    now = timezone.now()
    assert send_events(now) == 6
    assert told_to(desk) == {"b번 다리": LIFE, "c번 다리": LIFE}
    waiting = OutgoingMessage.objects.exclude(next_try_at=None).get()
    assert now < waiting.next_try_at <= now + dt.timedelta(seconds=1)
    assert "점검중" in waiting.answer_ko


@pytest.mark.parametrize(("fault", "tried"), [("unavailable", 1), ("garbage", 3), ("error500", 3), ("hang-up", 3)])
def test_a_platform_that_takes_nothing_is_left_alone_for_longer_and_longer(url, desk, fault, tried):
    make_waiting(url, "abcdef")
    desk.switch(fault, None)
    now = timezone.now()
    assert send_events(now) == 0
    assert OutgoingMessage.objects.filter(tries__gt=0).count() == tried
    receiver = Receiver.objects.get()
    assert receiver.failures == 1 and receiver.last_error_ko and receiver.last_error_en
    assert now < receiver.next_try_at <= now + dt.timedelta(seconds=1)
    assert send_events(now) == 0
    assert Receiver.objects.get().failures == 1
    for _ in range(12):
        now += dt.timedelta(minutes=11)
        send_events(now)
    receiver.refresh_from_db()
    assert now + dt.timedelta(minutes=5) <= receiver.next_try_at <= now + dt.timedelta(minutes=10)
    desk.switch("", None)
    now += dt.timedelta(minutes=10)
    assert send_events(now) == 18


def test_a_platform_that_is_not_there_is_tried_again_later():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        make_waiting(f"http://127.0.0.1:{taken.getsockname()[1]}", "a")
        assert send_events(timezone.now()) == 0
    receiver = Receiver.objects.get()
    assert "연결할 수 없습니다" in receiver.last_error_ko
    assert receiver.lease_until is None
    assert set(OutgoingMessage.objects.values_list("state", "tries")) == {("waiting", 0)}


def test_a_private_address_that_was_not_allowed_is_not_asked(url, desk):
    make_waiting(url, "a", allow_private=False)
    assert send_events(timezone.now()) == 0
    assert desk.asked == 0
    assert "허용되지 않은 주소" in Receiver.objects.get().last_error_ko


def test_a_wrong_key_is_told_without_the_key(url, desk):
    make_waiting(url, "a")
    save_secret("platform-key", "not-the-key-of-it")
    send_events(timezone.now())
    receiver = Receiver.objects.get()
    assert "인증키" in receiver.last_error_ko
    assert "not-the-key-of-it" not in receiver.last_error_ko + receiver.last_error_en
    assert desk.received == []


def test_a_receiver_that_is_switched_off_is_sent_nothing_and_what_waits_waits(url, desk):
    make_waiting(url, "a")
    Receiver.objects.update(is_enabled=False)
    assert send_events(timezone.now()) == 0
    Receiver.objects.update(is_enabled=True)
    assert send_events(timezone.now()) == 3


def test_no_secret_stands_in_a_row_or_in_the_log(url, desk, caplog):
    make_waiting(url)
    for fault in ("garbage", "refused", "sessions-forgotten", "unavailable"):
        desk.switch(fault, 1)
        send_until_quiet(2)
    rows = [*OutgoingMessage.objects.values(), *Receiver.objects.values()]
    kept = json.dumps(rows, default=str, ensure_ascii=False) + caplog.text
    assert API_KEY not in kept
    assert not re.search(r"session-0", kept)


def test_two_senders_at_once_send_each_message_once_and_in_order(url, desk):
    receiver = make_waiting(url)
    now = timezone.now()
    lease = take_lease(receiver, now)
    assert lease is not None
    assert take_lease(Receiver.objects.get(), now) is None
    assert send_events(now) == 0
    lease.leave()
    assert send_events(now) == 6
    assert not any(row["again"] for row in desk.received)


def test_a_second_sender_in_the_midst_of_the_first_sends_nothing(url, desk, monkeypatch):
    make_waiting(url, "abcd")
    real, second = sending.note_success, []

    def while_another_comes(receiver):
        real(receiver)
        second.append(send_events(timezone.now()))

    monkeypatch.setattr(sending, "note_success", while_another_comes)
    assert send_events(timezone.now()) == 12
    assert second == [0] * 12
    assert told_to(desk, once=False) == {f"{station}번 다리": LIFE for station in "abcd"}
    assert desk.asked == 1


def test_a_sender_whose_lease_was_taken_over_stops(url, desk, monkeypatch):
    make_waiting(url)
    real = sending.note_success

    def lose(receiver):
        real(receiver)
        Receiver.objects.update(lease_until=timezone.now() + dt.timedelta(seconds=300))

    monkeypatch.setattr(sending, "note_success", lose)
    assert send_events(timezone.now()) == 1
    assert len(desk.received) == 1
    assert Receiver.objects.get().lease_until > timezone.now() + dt.timedelta(seconds=200)


def test_a_lease_of_a_dead_worker_ends_by_itself(url, desk):
    make_waiting(url, "a")
    Receiver.objects.update(lease_until=timezone.now() + dt.timedelta(seconds=60))
    assert send_events(timezone.now()) == 0
    Receiver.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert send_events(timezone.now()) == 3


def test_a_worker_killed_after_the_platform_took_a_message_sends_the_very_same_again(url, desk):
    make_waiting(url, "a")

    def die(execute, sql, *arguments):
        if sql.startswith("UPDATE") and "outgoingmessage" in sql and '"sent_at"' in sql:
            raise SystemExit
        return execute(sql, *arguments)

    with connection.execute_wrapper(die), pytest.raises(SystemExit):
        send_events(timezone.now())
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) == {"waiting"}
    send_until_quiet(2)
    first, second = desk.received[:2]
    assert (first["again"], second["again"]) == (False, True)
    assert {**first, "again": True, "number": 2} == second
    assert told_to(desk) == {"a번 다리": LIFE}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_once_loses_nothing(url, desk):
    make_waiting(url, "a")
    failures = iter([True])

    def fail(execute, sql, *arguments):
        if "outgoingmessage" in sql and sql.startswith("UPDATE") and next(failures, False):
            raise OperationalError("gone")
        return execute(sql, *arguments)

    with connection.execute_wrapper(fail):
        send_until_quiet(3)
    assert told_to(desk) == {"a번 다리": LIFE}


def test_a_message_given_up_while_others_are_sent_is_not_sent(url, desk, monkeypatch):
    make_waiting(url, "ab")
    real = sending.note_success

    def and_give_up(receiver):
        real(receiver)
        give_up(OutgoingMessage.objects.filter(occurrence__subject="b").values_list("pk", flat=True))

    monkeypatch.setattr(sending, "note_success", and_give_up)
    send_events(timezone.now())
    assert told_to(desk) == {"a번 다리": LIFE}


@pytest.mark.parametrize(
    ("reply", "fate", "code"),
    [
        (Reply(True, 2000, ""), "TAKEN", "2000"),
        (Reply(True, None, "ok"), "TAKEN", ""),
        (Reply(False, 4100, "이미 있음"), "TAKEN", "4100"),
        (Reply(False, 4000, ""), "REFUSED", "4000"),
        (Reply(False, 4101, ""), "REFUSED", "4101"),
        (Reply(False, None, "아무 말"), "REFUSED", ""),
        (Reply(False, 4209, ""), "CLOSED", "4209"),
        (Reply(False, 5003, ""), "CLOSED", "5003"),
        (Reply(False, 5000, ""), "LATER", "5000"),
        (Reply(False, 5004, ""), "LATER", "5004"),
    ],
)
def test_what_an_answer_means(reply, fate, code):
    outcome = outcome_of(reply)
    assert (outcome.fate.name, outcome.code) == (fate, code)


@pytest.mark.parametrize(
    ("words", "code"), [("오류 4101: evtId", 4101), ("14101", None), ("4999", None), ("", None), ("[5003]", 5003)]
)
def test_a_code_is_found_in_words(words, code):
    assert code_in(words) == code


def test_waits_double_up_to_ten_minutes_and_differ():
    waits = [[wait_after(failures).total_seconds() for _ in range(50)] for failures in (1, 2, 5, 11, 60)]
    for low_and_high, most in zip(waits, (1, 2, 16, 600, 600), strict=True):
        assert most / 2 <= min(low_and_high) < max(low_and_high) <= most


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("address", {"address": "ftp://a"}),
        ("address", {"address": "https://user:x@a/b"}),
        ("auth_path", {"auth_path": "api/auth"}),
        ("event_path", {"event_path": "/a b"}),
        ("send_code", {"send_code": " "}),
        ("receive_code", {"receive_code": ""}),
        ("api_key", {"api_key": "no-such-secret"}),
        ("is_encrypted", {"is_encrypted": True}),
        ("ca_certificates", {"ca_certificates": "no pem"}),
    ],
)
def test_a_receiver_that_cannot_be_sent_to_is_refused_by_field(field, columns):
    receiver = make_receiver()
    door.check_receiver(receiver)
    for name, value in columns.items():
        setattr(receiver, name, value)
    with pytest.raises(BadSetup) as refused:
        door.check_receiver(receiver)
    assert refused.value.values["where"] == field


def test_a_changed_receiver_is_tried_at_once_with_a_new_session(url, desk):
    receiver = make_waiting(url, "a")
    desk.switch("unavailable", 1)
    now = timezone.now()
    send_events(now)
    assert send_events(now) == 0
    rouse_receiver(receiver)
    assert send_events(now) == 3
    assert desk.asked == 2


def test_the_key_of_a_receiver_is_not_deleted():
    make_receiver()
    with pytest.raises(SecretInUse, match="platform hanbit"):
        delete_secret("platform-key")


def test_what_the_sandbox_took_is_shown_and_faults_are_switched_over_http(url, desk):
    make_waiting(url, "a")
    switch = Request(f"{url}/platform/desk", data=json.dumps({"fault": "unavailable", "count": 1}).encode())
    with urlopen(switch) as answer:
        assert json.load(answer)["fault"] == "unavailable"
    send_until_quiet(3)
    with urlopen(f"{url}/platform/received") as answer:
        assert [row["status"] for row in json.load(answer)] == LIFE
    assert SendingRule.objects.get().occurrences.count() == 1
