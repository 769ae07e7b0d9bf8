"""Platforms where things go wrong together: clocks that step back, parts that mix, resends that differ, what is kept too long."""

import datetime as dt
import itertools
import json
import time

import pytest
from builders import make_dataset, make_organisation
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from messages_of_platform import body, encrypted, header, make_platform, message, publish, send, states, take
from test_taking import CIPHER_KEY, no_database, parts

from catalog.models import Dataset
from catalog.publish import describe_dataset, guard_dataset
from ingest import inbox
from ingest.connectors.messages import Message
from ingest.models import EventRule, Occurrence, Platform, PlatformMessage, Run
from ingest.platform import door, erasing, keeping, known, taking
from ingest.platform.columns import SCHEMA
from ingest.platform.erasing import erase_due, prove
from ingest.platform.keeping import Writer, inbox_folder
from ingest.platform.occurrences import value_of
from ingest.platform.platforms import CLOSED_FIELDS
from ingest.platform.rule_preview import preview_rule
from ingest.platform.taking import process_again
from ingest.secret_store import save_secret

pytestmark = pytest.mark.django_db


def test_a_clock_that_is_put_back_loses_no_message(monkeypatch):
    _, key = make_platform()
    send(message(body(number="1")), key)
    assert take() == 1
    real = time.time
    monkeypatch.setattr(inbox.time, "time", lambda: real() - 3600)
    for number in range(2, 5):
        assert send(message(body(number=str(number))), key)["result"] == "0"
        assert take() == 1
    assert set(Occurrence.objects.values_list("number", flat=True)) == {"1", "2", "3", "4"}
    assert sum(path.stat().st_size for path in inbox_folder("hanbit").glob("*.ndjson")) == 0
    assert {proof.left for proof in prove(Platform.objects.get(), timezone.now() + dt.timedelta(days=1))} == {0}


def test_the_same_body_sent_again_with_the_right_content_type_is_processed():
    _, key = make_platform()
    content = json.dumps(message()).encode()
    Client().post("/platform/events", content, content_type="text/plain", headers={"X-Scsns-Secret": key})
    take()
    send(content, key)
    send(content, key)
    take()
    assert states() == ["unreadable", "processed", "duplicate"]


def sealed_parts(key: str, number: str) -> list[dict]:
    text = encrypted(body(number=number), key)
    half = len(text) // 2
    pieces = (text[:half], text[half:])
    return [
        header(encAt="Y", apSeq={"apCurrent": str(index), "apTotal": "2"}) | {"body": piece}
        for index, piece in enumerate(pieces, 1)
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_parts_that_could_not_be_decrypted_are_all_processed_with_the_key(order):
    save_secret("hanbit-cipher", CIPHER_KEY)
    platform, key = make_platform()
    pieces = sealed_parts(CIPHER_KEY, "7")
    for position in order:
        send(pieces[position], key)
        take()
    taking.take_messages(timezone.now() + dt.timedelta(minutes=11))
    Platform.objects.update(cipher_secret="hanbit-cipher")
    platform.refresh_from_db()
    process_again(platform, PlatformMessage.objects.values_list("pk", flat=True), timezone.now())
    assert states() == ["processed", "processed"]
    assert Occurrence.objects.get().number == "7"


@pytest.mark.parametrize("together", [True, False])
def test_parts_of_two_messages_of_one_second_are_not_mixed_when_they_come_in_turn(together):
    _, key = make_platform()
    first, second = (
        parts(2, body(number=number, ocrPlc=f"{number}번 지점", ocrEvtDtl={"ocrEvtDtlCd": number})) for number in "12"
    )
    for piece in (first[0], second[0], first[1], second[1]):
        send(piece, key)
        if not together:
            take()
    take()
    assert states() == ["processed"] * 4
    assert {one.number: value_of(one.facts, "place") for one in Occurrence.objects.all()} == {
        "1": "1번 지점",
        "2": "2번 지점",
    }
    assert {one.number: value_of(one.facts, "detail_code") for one in Occurrence.objects.all()} == {"1": "1", "2": "2"}


def test_what_is_processed_again_is_kept_no_longer_for_it():
    platform, key = make_platform()
    send(message(body(evtId="NEWKIND7")), key)
    take()
    received = PlatformMessage.objects.get().received_at
    EventRule.objects.create(event_id="NEW*", service="disaster-response")
    process_again(
        platform, PlatformMessage.objects.values_list("pk", flat=True), timezone.now() + dt.timedelta(days=29)
    )
    occurrence = Occurrence.objects.get()
    assert (occurrence.first_message_at, occurrence.last_message_at) == (received, received)


def test_the_dataset_of_an_occurrence_is_the_same_in_whatever_order_its_messages_came():
    platform, key = make_platform()
    description = {**CLOSED_FIELDS, "organisation": "hanbit-city"}
    words = {"ko": "침입", "en": "Intrusions"}
    description |= {"title": words, "description": words}
    describe_dataset("intrusions", description, SCHEMA)
    guard_dataset("intrusions")
    intrusions = Dataset.objects.get(slug="intrusions")
    EventRule.objects.create(platform=platform, event_id="112UC120", detail_code="01", dataset=intrusions)
    told = [
        message(body("10", ocrEvtStsTime="20261101120000")),
        message(body("40", ocrEvtStsTime="20261101120100", ocrEvtDtl={"ocrEvtDtlCd": "02"})),
        message(body("40", ocrEvtStsTime="20261101120200")),
    ]
    seen = set()
    for order in itertools.permutations(told):
        Occurrence.objects.all().delete()
        PlatformMessage.objects.all().delete()
        for one in order:
            send(one, key)
            take()
        seen.add(Occurrence.objects.get().dataset.slug)
    assert seen == {"intrusions"}


def test_a_place_is_told_by_one_message_alone():
    _, key = make_platform()
    places = {(f"127.{n}", f"36.{n}") for n in range(1, 9)}
    for x, y in places:
        send(message(body(ocrLc={"crdntX": x, "crdntY": y}, ocrEvtStsTime="20261101120000")), key)
    take()
    facts = Occurrence.objects.get().facts
    assert (str(value_of(facts, "longitude")), str(value_of(facts, "latitude"))) in places


def test_the_municipality_goes_with_the_place_in_whatever_order_messages_came(monkeypatch):
    _, key = make_platform()
    monkeypatch.setattr(
        taking, "find_district_codes", lambda places: ["4413110100" if x < 127 else None for x, _ in places]
    )
    told = [
        message(body("10", ocrLc={"crdntX": "126.9", "crdntY": "36.5"}, ocrEvtStsTime="20261101120000")),
        message(body("40", ocrLc={"crdntX": "127.9", "crdntY": "36.5"}, ocrEvtStsTime="20261101120100")),
    ]
    seen = []
    for order in (told, told[::-1]):
        Occurrence.objects.all().delete()
        PlatformMessage.objects.all().delete()
        for one in order:
            send(one, key)
            take()
        seen.append(value_of(Occurrence.objects.get().facts, "region_code"))
    assert seen == [None, None]


def test_the_trouble_of_one_platform_stops_no_other(monkeypatch):
    _, key = make_platform("gaon")
    _, other = make_platform("hanbit")
    send(message(), key)
    send(message(), other)
    real = taking.take_segment

    def fail(platform, *arguments):
        if platform.slug == "gaon":
            raise TypeError("unforeseen")
        return real(platform, *arguments)

    monkeypatch.setattr(taking, "take_segment", fail)
    with pytest.raises(TypeError):
        take()
    assert list(PlatformMessage.objects.values_list("platform__slug", flat=True)) == ["hanbit"]


def test_the_detail_of_an_event_without_a_rule_is_not_told_as_it_may_be_free_text():
    _, key = make_platform()
    send(message(body(evtId="NEWKIND7", ocrEvtDtl={"ocrEvtDtlCd": "김한빛 접근금지"})), key)
    take()
    kept = PlatformMessage.objects.get()
    assert "NEWKIND7" in kept.reason_ko
    assert "김한빛" not in kept.reason_ko + kept.reason_en


def test_what_the_database_says_of_a_message_is_not_logged(monkeypatch, caplog):
    _, key = make_platform()
    send(message(), key)

    def refuse(*arguments):
        raise ValueError("Failing row contains (신고자 김한빛)")

    monkeypatch.setattr(taking, "build_occurrences", refuse)
    assert take() == 1
    assert "hanbit" in caplog.text
    assert "김한빛" not in caplog.text


def test_an_inbox_that_another_worker_takes_is_left_to_it(monkeypatch):
    _, key = make_platform()
    send(message(), key)
    real, taken = taking.take_segment, []

    def take_meanwhile(*arguments):
        taken.append(take())
        return real(*arguments)

    monkeypatch.setattr(taking, "take_segment", take_meanwhile)
    assert take() == 1
    assert taken == [0]


def test_much_is_erased_in_pieces_that_follow_one_another(monkeypatch):
    platform, key = make_platform()
    for number in range(5):
        send(message(body(number=str(number))), key)
    take()
    monkeypatch.setattr(erasing, "MOST", 2)
    monkeypatch.setattr(erasing, "PIECE", 2)
    erasures = erase_due(timezone.now() + dt.timedelta(days=31))
    assert [(one.messages, one.occurrences) for one in erasures] == [(2, 2), (2, 2), (1, 1)]
    assert (PlatformMessage.objects.count(), erasing.broken_links(platform)) == (0, 0)


def test_deleted_occurrences_that_are_still_published_are_told():
    platform, key = make_platform()
    send(message(), key)
    take()
    publish("hanbit-events")
    later = timezone.now() + dt.timedelta(days=1200)
    erase_due(later)
    assert not Occurrence.objects.exists()
    assert "아직 반영되지 않은 삭제" in [
        one.what.ko for one in prove(platform, later + dt.timedelta(hours=3)) if one.left
    ]


def test_nothing_is_read_of_who_sends_from_an_address_of_no_platform(monkeypatch):
    _, key = make_platform(addresses=["10.1.2.0/24"])

    def read(*arguments):
        raise AssertionError("it was read")

    monkeypatch.setattr(door, "read_envelope", read)
    assert send(message(), key)["code"] == "4001"
    with pytest.raises(AssertionError):
        send(message(), key, REMOTE_ADDR="10.1.2.7")


def test_the_event_of_a_stranger_is_not_read(monkeypatch):
    make_platform()

    def read(*arguments):
        raise AssertionError("it was read")

    monkeypatch.setattr(door, "read_event", read)
    assert send(message(), "wrong")["code"] == "4001"


def test_a_disk_that_takes_nothing_is_answered_in_the_words_of_the_protocol(monkeypatch):
    _, key = make_platform()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(known, "write_json", full)
    monkeypatch.setattr(inbox, "write_lines", full)
    answer = send(message(), key)
    assert (answer["status"], answer["result"], answer["code"]) == (503, "1", "5003")


def test_a_writer_that_is_stopped_lets_nobody_wait_for_ever(monkeypatch):
    def stop(*arguments):
        raise SystemExit(1)

    monkeypatch.setattr(keeping, "append", stop)
    writer = Writer("platform.hanbit")
    for _ in range(2):
        with pytest.raises(SystemExit):
            writer.keep(Message({}))
    assert not writer.is_writing


def test_the_rules_are_looked_up_once_for_a_preview():
    _, key = make_platform()
    for number in range(4):
        send(message(body(number=str(number))), key)
    take()
    rule = EventRule.objects.filter(event_id__startswith="112").first()
    with CaptureQueriesContext(connection) as asked:
        assert preview_rule(rule).looked == 4
    assert len([one for one in asked if "eventrule" in one["sql"].lower()]) == 1


def test_a_steward_who_may_only_look_sees_platforms_and_changes_nothing(client, django_user_model):
    platform, key = make_platform()
    send(b"{", key)
    take()
    viewer = django_user_model.objects.create(username="viewer", is_staff=True)
    viewer.user_permissions.set(
        Permission.objects.filter(codename__in=["view_platform", "view_platformmessage", "view_eventrule"])
    )
    client.force_login(viewer)
    kept = PlatformMessage.objects.get()
    pages = [("platform", platform.pk), ("platformmessage", kept.pk), ("eventrule", EventRule.objects.first().pk)]
    for name, pk in pages:
        assert client.get(reverse(f"admin:ingest_{name}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:ingest_{name}_change", args=[pk])).status_code == 200
    assert client.post(reverse("admin:ingest_platform_key", args=[platform.pk])).status_code == 403
    client.post(reverse("admin:ingest_platformmessage_again", args=[kept.pk]))
    kept.refresh_from_db()
    assert kept.tries == 1


def test_the_list_of_platforms_reads_one_message_of_each(admin_client):
    _, key = make_platform()
    for number in range(3):
        send(message(body(number=str(number))), key)
    take()
    with CaptureQueriesContext(connection) as asked:
        assert admin_client.get(reverse("admin:ingest_platform_changelist")).status_code == 200
    told = [one["sql"] for one in asked if one["sql"].startswith('SELECT "ingest_platformmessage"."received_at"')]
    assert told
    assert all("LIMIT 1" in one for one in told)


def test_what_is_known_of_messages_and_occurrences_is_found_by_an_index_alone():
    _, key = make_platform()
    send(message(), key)
    with CaptureQueriesContext(connection) as asked:
        take()
    looked = [
        one["sql"]
        for one in asked
        if one["sql"].startswith("SELECT")
        and ("digest" in one["sql"].partition("WHERE")[2] or "number" in one["sql"].partition("WHERE")[2])
    ]
    assert len(looked) == 2
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for sql in looked:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(str(row) for row in cursor.fetchall())
                assert "digest=?" in plan or "number=?" in plan


def test_refused_records_past_their_time_are_told():
    platform, key = make_platform()
    send(message(), key)
    take()
    run = publish("hanbit-events")
    Run.objects.filter(pk=run.pk).update(rejected_digest="a" * 64)
    later = timezone.now() + dt.timedelta(days=31)
    erase_due(later)
    assert "실행이 거부한 옛 레코드" in [one.what.ko for one in prove(platform, later) if one.left]


def test_a_platform_whose_dataset_has_a_name_that_is_taken_is_refused_in_the_form(admin_client):
    organisation = make_organisation("hanbit-city", region="44130")
    make_dataset("hanbit-events")
    told = {
        "slug": "hanbit", "title": "한빛시", "organisation": str(organisation.pk), "is_enabled": "on", "cipher_text": "base64",
        "personal_days": "30", "event_days": "400", "send_codes": "", "addresses": "", "counts_by": "",
    }  # fmt: skip
    answer = admin_client.post(reverse("admin:ingest_platform_add"), told)
    assert answer.status_code == 200
    assert not Platform.objects.exists()


def test_nobody_is_called_a_stranger_while_nothing_is_known():
    _, key = make_platform()
    with connection.execute_wrapper(no_database):
        answer = send(message(), key)
    assert (answer["status"], answer["code"]) == (503, "5003")
    assert send(message(), key)["result"] == "0"
