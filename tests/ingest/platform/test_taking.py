"""Messages become rows with a state, and occurrences come out right in whatever order the messages came."""

import datetime as dt
import itertools
import json
import random
from base64 import b64encode

import orjson
import pytest
from django.db import DataError, OperationalError, connection
from django.utils import timezone
from messages_of_platform import body, encrypted, header, make_platform, message, send, states, take

from ingest.models import EventRule, Occurrence, Platform, PlatformMessage
from ingest.platform import taking
from ingest.platform.keeping import inbox_folder
from ingest.platform.known import REGISTER
from ingest.platform.occurrences import merge, value_of
from ingest.platform.taking import correct_message, process_again, set_aside, take_messages
from ingest.secret_store import save_secret

pytestmark = pytest.mark.django_db
CIPHER_KEY = "한빛시-시험용-암호키"

LIFE = (
    ("10", {"ocrEvtTime": "20261101120000", "ocrEvtStsTime": "20261101120000", "ocrPlc": "한빛동 12"}),
    ("40", {"ocrEvtStsTime": "20261101120300", "ocrPlc": "한빛동 14"}),
    ("40", {"ocrEvtStsTime": "20261101120500", "ocrPlc": "", "ocrEvtCn": "구급차 도착"}),
    ("91", {"ocrEvtStsTime": "20261101123000", "ocrEvtEndTime": "20261101123000", "ocrEvtCn": "", "ocrPlc": ""}),
)


def facts_now() -> dict:
    facts = Occurrence.objects.get().facts
    return {name: value_of(facts, name) for name in ("status", "place", "content", "occurred_at", "ended_at")} | {
        "statuses": facts["statuses"]
    }


def test_an_occurrence_ends_the_same_in_whatever_order_its_messages_come_together_or_alone():
    _, key = make_platform()
    told = [message(body(status, **fields)) for status, fields in LIFE]
    seen = set()
    for number, order in enumerate(itertools.permutations(told)):
        Occurrence.objects.all().delete()
        PlatformMessage.objects.all().delete()
        for one in order:
            assert send(one, key)["result"] == "0"
            if number % 2:
                take()
        take()
        seen.add(orjson.dumps(facts_now(), option=orjson.OPT_SORT_KEYS))
    [only] = seen
    assert json.loads(only) == {
        "status": "91",
        "place": "한빛동 14",
        "content": "구급차 도착",
        "occurred_at": "2026-11-01T03:00:00.000+00:00",
        "ended_at": "2026-11-01T03:30:00.000+00:00",
        "statuses": {
            "10": "2026-11-01T03:00:00.000+00:00",
            "40": "2026-11-01T03:03:00.000+00:00",
            "91": "2026-11-01T03:30:00.000+00:00",
        },
    }


def test_merging_facts_knows_no_order_and_no_repetition():
    made = random.Random(7)
    facts = [
        {
            name: [made.randrange(3), f"2026-11-0{made.randrange(1, 4)}", str(made.randrange(3)), made.random()]
            for name in made.sample(["a", "b", "c"], 2)
        }
        | {"statuses": {made.choice(["10", "40"]): f"2026-11-0{made.randrange(1, 9)}"}}
        | {"items": {"x": [made.randrange(3), "", str(made.random()), made.random()]}}
        for _ in range(30)
    ]
    ranks = {}
    for told in facts:  # equal ranks have equal values: the digest of the value is part of them
        for name, fact in told.items():
            if isinstance(fact, list):
                fact[-1] = ranks.setdefault((name, *fact[:3]), fact[-1])
    results = set()
    for _ in range(50):
        made.shuffle(facts)
        total: dict = {}
        for told in [*facts, *facts[:5]]:
            total = merge(total, told)
        results.add(orjson.dumps(total, option=orjson.OPT_SORT_KEYS))
    assert len(results) == 1


def test_the_same_message_again_is_marked_and_changes_nothing():
    _, key = make_platform()
    for _ in range(3):
        assert send(message(), key)["result"] == "0"
    take()
    send(message(), key)
    take()
    assert states() == ["processed", "duplicate", "duplicate", "duplicate"]
    assert Occurrence.objects.count() == 1


def test_occurrences_of_two_senders_or_kinds_with_one_number_are_two():
    _, key = make_platform()
    send(message(), key)
    send(message(sendCd="B4413000000"), key)
    send(message(body(evtId="119UC001")), key)
    take()
    assert Occurrence.objects.count() == 3


def test_a_segment_is_taken_once_whatever_is_killed(monkeypatch):
    _, key = make_platform()
    for number in range(5):
        send(message(body(number=f"2026110112000{number}")), key)
    real = taking.build_occurrences

    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(taking, "build_occurrences", die)
    with pytest.raises(KeyboardInterrupt):
        take()
    assert (PlatformMessage.objects.count(), Occurrence.objects.count()) == (0, 0)
    monkeypatch.setattr(taking, "build_occurrences", real)
    stale = Platform.objects.get()
    assert take() == 5
    assert take() == 0
    assert (PlatformMessage.objects.count(), Occurrence.objects.count()) == (5, 5)
    assert taking.claim(stale, 10**15) is False  # one that has looked before does not take it again
    left = [path.read_bytes() for path in inbox_folder("hanbit").glob("*.ndjson")]
    assert left == [b""]  # what stands in the database is kept there alone; the number of the last segment stays


def test_what_cannot_be_stored_as_it_was_read_is_kept_as_it_came_and_stops_nothing(monkeypatch):
    _, key = make_platform()
    send(message(), key)
    real = taking.build_occurrences

    def refuse(*arguments):
        raise DataError("value too long")

    monkeypatch.setattr(taking, "build_occurrences", refuse)
    assert take() == 1
    assert states() == ["hub-error"]
    monkeypatch.setattr(taking, "build_occurrences", real)
    assert (
        process_again(Platform.objects.get(), PlatformMessage.objects.values_list("pk", flat=True), timezone.now()) == 1
    )
    assert (states(), Occurrence.objects.count()) == (["processed"], 1)


def test_an_encrypted_body_is_read_with_the_platforms_key_in_its_form():
    save_secret("hanbit-cipher", CIPHER_KEY)
    _, key = make_platform(cipher_secret="hanbit-cipher")
    document = header(encAt="Y") | {"body": encrypted(body(), CIPHER_KEY)}
    assert send(document, key)["result"] == "0"
    assert send(header(encAt="Y") | {"Body": encrypted(body("91"), CIPHER_KEY)}, key, form=True)["result"] == "0"
    take()
    assert states() == ["processed", "processed"]
    assert Occurrence.objects.get().status == "91"


@pytest.mark.parametrize("told", ["no key", "another key", "other form"])
def test_what_cannot_be_decrypted_is_shown_and_processed_once_the_key_is_right(told):
    save_secret("hanbit-cipher", "다른 키" if told == "another key" else CIPHER_KEY)
    _, key = make_platform(cipher_secret="" if told == "no key" else "hanbit-cipher")
    form = "hex" if told == "other form" else "base64"
    send(header(encAt="Y") | {"body": encrypted(body(), CIPHER_KEY, form)}, key)
    take()
    kept = PlatformMessage.objects.get()
    assert kept.state == "undecipherable"
    assert "암호" in kept.reason_ko or "복호화" in kept.reason_ko
    save_secret("hanbit-cipher", CIPHER_KEY)
    Platform.objects.update(cipher_secret="hanbit-cipher", cipher_text=form)
    assert process_again(Platform.objects.get(), [kept.pk], timezone.now()) == 1
    assert (states(), Occurrence.objects.count()) == (["processed"], 1)


def parts(count: int, told: dict | None = None, **fields) -> list[dict]:
    text = json.dumps(told or body(), ensure_ascii=False)
    size = -(-len(text) // count)
    return [
        header(apSeq={"apCurrent": str(number + 1), "apTotal": str(count)}, **fields)
        | {"body": text[number * size : (number + 1) * size]}
        for number in range(count)
    ]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 1, 0, 2)])
def test_a_message_of_several_parts_is_processed_when_the_last_of_them_is_there(order, together):
    _, key = make_platform()
    pieces = parts(3)
    for position in order:
        assert send(pieces[position], key)["result"] == "0"
        if not together:
            take()
    take()
    assert set(states()) <= {"processed", "duplicate"}
    assert Occurrence.objects.get().facts["place"][-1] == "한빛동 삼거리 앞"


def test_parts_that_do_not_come_are_told_and_joined_when_they_do():
    _, key = make_platform()
    first, second = parts(2)
    send(first, key)
    take()
    assert states() == ["waiting"]
    take_messages(timezone.now() + dt.timedelta(minutes=11))
    assert states() == ["parts-missing"]
    send(second, key)
    take()
    assert (states(), Occurrence.objects.count()) == (["processed", "processed"], 1)


def test_an_unknown_kind_waits_for_a_rule_and_is_processed_with_it():
    platform, key = make_platform()
    send(message(body(evtId="NEWKIND7")), key)
    take()
    kept = PlatformMessage.objects.get()
    assert (kept.state, kept.event_id, kept.sender) == ("no-rule", "NEWKIND7", "B4400000000")
    assert "NEWKIND7" in kept.reason_ko
    EventRule.objects.create(event_id="NEW*", name="새 종류", service="disaster-response")
    assert process_again(platform, [kept.pk], timezone.now()) == 1
    assert value_of(Occurrence.objects.get().facts, "event_name") == "새 종류"


def test_a_sender_code_that_is_not_the_platforms_is_shown():
    _, key = make_platform(send_codes=["B4413000000"])
    send(message(), key)
    take()
    kept = PlatformMessage.objects.get()
    assert (kept.state, kept.code) == ("unreadable", "4001")
    assert "B4413000000" in kept.reason_ko


def test_a_steward_corrects_a_message_and_what_came_stays(django_user_model):
    _, key = make_platform()
    steward = django_user_model.objects.create(username="steward")
    wrong = json.dumps(message(body(status="7"))).encode()
    send(wrong, key)
    take()
    kept = PlatformMessage.objects.get()
    right = json.dumps(message(body(status="50"))).encode()
    assert correct_message(kept, right, steward, timezone.now())
    kept.refresh_from_db()
    assert (bytes(kept.raw), bytes(kept.correction), kept.corrected_by) == (wrong, right, steward)
    assert (kept.state, Occurrence.objects.get().status) == ("processed", "50")


def test_a_message_that_is_of_no_use_is_set_aside():
    platform, key = make_platform()
    send(b"{", key)
    take()
    assert set_aside(PlatformMessage.objects.values_list("pk", flat=True)) == 1
    assert states() == ["set-aside"]
    assert process_again(platform, PlatformMessage.objects.values_list("pk", flat=True), timezone.now()) == 0
    assert states() == ["unreadable"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ocrEvtTime": "20261340250000"}, "ocrEvtTime"),
        ({"ocrEvtTime": "20261101240000"}, ""),
        ({"ocrLc": {"crdntX": "36.5", "crdntY": "127.1", "crdntZ": "0"}}, ""),
        ({"ocrLc": {"crdntX": "0", "crdntY": "0", "crdntZ": "0"}}, ""),
        ({"ocrEvtItemCnt": "9"}, ""),
    ],
)
def test_what_is_odd_in_a_message_is_told_beside_it(fields, code):
    _, key = make_platform()
    send(message(body(**fields)), key)
    take()
    kept = PlatformMessage.objects.get()
    assert kept.state == "processed"
    assert kept.warnings
    assert kept.warnings[0]["ko"]
    assert kept.warnings[0]["en"]


def test_the_door_stays_open_and_everything_is_taken_later_when_the_database_is_gone(monkeypatch):
    _, key = make_platform()
    send(message(), key)
    with connection.execute_wrapper(no_database):
        REGISTER.believed_until = 0.0
        for number in range(3):
            assert send(message(body(number=f"20261101130{number}")), key)["result"] == "0"
        REGISTER.forget()  # as in a process that begins now
        assert send(message(body(number="202611011400")), key)["result"] == "0"
    assert take() == 5
    assert states() == ["processed"] * 5


def no_database(execute, sql, params, many, context):
    raise OperationalError("the server closed the connection unexpectedly")


ITEMS = {
    "LEVEL": {"column": "level", "type": "number"},
    "FLOOR": {"column": "floor", "type": "integer", "observed_at": True},
    "FIRE": {"column": "fire", "type": "boolean"},
    "DAY": {"column": "day", "type": "date"},
    "AT": {"column": "at", "type": "datetime"},
    "CLOCK": {"column": "clock", "type": "time"},
    "SAID": {"column": "said"},
}


def items_of(**told: str) -> list[dict[str, str]]:
    return [{"key": key, "val": value} for key, value in told.items()]


def test_items_are_values_of_their_columns_and_what_does_not_fit_is_left_out_and_told():
    platform, key = make_platform()
    EventRule.objects.create(event_id="ITEMS*", platform=platform, attributes=ITEMS)
    good = items_of(LEVEL="3.50", FLOOR="-1", FIRE="Y", DAY="20261101", AT="20261101120000", CLOCK="0930", SAID="문 앞")
    send(message(body(number="1", evtId="ITEMS1", ocrEvtItem=good, ocrEvtStsTime="20261101120000")), key)
    wrong = items_of(LEVEL="높음", FLOOR="지하3층", FIRE="?", DAY="20261340", AT="-", CLOCK="99", SAID="문 뒤")
    send(message(body(number="2", evtId="ITEMS1", ocrEvtItem=wrong)), key)
    take()
    assert states() == ["processed", "processed"]
    first, second = Occurrence.objects.order_by("number")
    values = {column: fact[-1]["value"] for column, fact in first.facts["items"].items()}
    assert values == {
        "level": 3.5, "floor": -1, "fire": True, "day": "2026-11-01", "at": "2026-11-01T12:00:00+09:00",
        "clock": "09:30:00", "said": "문 앞",
    }  # fmt: skip
    assert first.facts["items"]["floor"][-1]["at"] == "2026-11-01T03:00:00.000+00:00"
    assert set(second.facts["items"]) == {"said"}
    told = [warning for warning in PlatformMessage.objects.get(number="2").warnings if warning["code"] == "item-type"]
    assert len(told) == 6
    assert "지하3층" not in str(told)


def test_a_moment_far_ahead_does_not_outlast_what_is_told_afterwards():
    _, key = make_platform()
    send(message(body("40", ocrEvtStsTime="20990101000000", ocrPlc="먼 미래")), key)
    take()
    later = timezone.localtime() + dt.timedelta(hours=1)
    send(message(body("40", ocrEvtStsTime=f"{later:%Y%m%d%H%M%S}", ocrPlc="지금")), key)
    take()
    assert Occurrence.objects.get().facts["place"][-1] == "지금"
    assert "future-moment" in str(PlatformMessage.objects.order_by("pk")[0].warnings)


@pytest.mark.parametrize("form", [False, True])
def test_the_key_that_stands_in_a_message_is_kept_nowhere(form):
    _, key = make_platform()
    session = send(header(svcTy="AUTH") | {"body": {"apiKey": key}})["message"]
    for shown in (key, session):
        assert send(message(rrKey=shown, reqDate=f"2026110112000{len(shown) % 10}"), form=form)["result"] == "0"
    on_disk = b"".join(path.read_bytes() for path in inbox_folder("hanbit").glob("*.*"))
    take()
    kept = b"".join(bytes(raw) for raw in PlatformMessage.objects.values_list("raw", flat=True))
    for shown in (key, session):
        assert b64encode(shown.encode())[4:20] not in on_disk
        assert shown.encode() not in kept
    assert b"***" in kept
    assert states() == ["processed", "processed"]
