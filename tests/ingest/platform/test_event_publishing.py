"""From a 112 event to the open aggregate: the guarded dataset, the recipes over it, and what goes when its time is over."""

import datetime as dt
import json

import pytest
from builders import make_dataset
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from messages_of_platform import body, make_platform, message, publish, send, take
from pulling import records

from catalog.models import Dataset, Snapshot
from catalog.retention import forget_old_snapshots
from ingest.errors import BadSetup
from ingest.models import Erasure, Occurrence, Platform, PlatformMessage, Run, Source
from ingest.platform.erasing import erase_due, prove
from ingest.platform.platforms import save_platform
from ingest.sources import save_source

pytestmark = pytest.mark.django_db
PERSONAL = ("한빛동 삼거리 앞", "신고자 김한빛", "12가3456", "op7", "박관제", "rtsp://10.0.0.9", "127.1234", "36.5432")


def tell(key: str, count: int, kind: str, start: str, **fields) -> None:
    for number in range(count):
        moment = f"{start}{number:02}00"
        told = {"evtId": kind, "ocrEvtTime": moment, "ocrEvtStsTime": moment} | fields
        send(message(body("10", f"{kind}{moment}", **told)), key)
        later = {"ocrEvtStsTime": f"{start}{number:02}59", "ocrEvtEndTime": f"{start}{number:02}59"}
        send(message(body("91", f"{kind}{moment}", **(told | later))), key)


def test_occurrences_are_published_in_the_guarded_dataset_with_their_columns():
    _, key = make_platform()
    tell(key, 3, "112UC120", "2025110112")
    take()
    run = publish("hanbit-events")
    assert (run.state, run.error_en) == (Run.State.PUBLISHED, "")
    dataset = Dataset.objects.get(slug="hanbit-events")
    assert (dataset.is_guarded, dataset.access_level) == (True, "restricted")
    rows = records(Source.objects.select_related("distribution__dataset").get(slug="hanbit-events"))
    assert len(rows) == 3
    first = rows[0]
    assert (first["event_name"], first["service"], first["is_over"]) == ("112 긴급출동", "112-emergency-dispatch", True)
    assert (first["response_seconds"], first["duration_seconds"]) == (59, 59)
    assert (first["region_code"], first["operator_name"]) == ("44130", "박관제")
    assert first["image_url"] == "rtsp://10.0.0.9/cctv/7"
    assert publish("hanbit-events").state == Run.State.UNCHANGED


def test_a_counted_aggregate_is_open_and_holds_no_small_cell_and_nothing_personal(settings):
    _, key = make_platform(counts_by="hour")
    tell(key, 7, "112UC120", "2025110112")
    tell(key, 4, "119UC001", "2025110112")
    tell(key, 6, "MOJUC110", "2025110113")
    take()
    publish("hanbit-events")
    for slug in ("hanbit-event-counts", "hanbit-response-times"):
        run = publish(slug)
        assert (slug, run.state, run.error_ko) == (slug, Run.State.PUBLISHED, "")
    answer = Client().get("/api/v1/datasets/hanbit-event-counts/records").json()
    told = {(row["service"], row["event_type"], row["period_start"][:13]): row["events"] for row in answer["records"]}
    assert told == {
        ("112-emergency-dispatch", "112UC120", "2025-11-01T12"): 7,
        ("vulnerable-support", "MOJUC110", "2025-11-01T13"): 6,
    }
    text = json.dumps(answer, ensure_ascii=False)
    assert not [word for word in PERSONAL if word in text]


def test_response_times_are_counted_by_service_and_month():
    _, key = make_platform(counts_by="day")
    tell(key, 6, "112UC120", "2025110112")
    take()
    publish("hanbit-events")
    publish("hanbit-response-times")
    [row] = Client().get("/api/v1/datasets/hanbit-response-times/records").json()["records"]
    assert (row["service"], row["events"], row["median_response"], row["in_golden_time"]) == (
        "112-emergency-dispatch", 6, 59.0, 6
    )  # fmt: skip


def test_events_are_published_nowhere_but_in_a_guarded_dataset():
    make_platform()
    with pytest.raises(BadSetup, match="guarded"):
        save_source("open", make_dataset("open").distribution, connector="platform", config={})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"addresses": ["10.1.2"]}, "addresses"),
        ({"addresses": ["0.0.0.0/0"]}, "addresses"),
        ({"cipher_secret": "none-such"}, "cipher_secret"),
        ({"personal_days": 0}, "personal_days"),
        ({"personal_days": 40, "event_days": 30}, "personal_days"),
        ({"title": " "}, "title"),
        ({"counts_by": "minute"}, "counts_by"),
        ({"organisation": "nobody"}, "organisation"),
    ],
)
def test_a_platform_that_cannot_be_is_refused_at_the_field_and_nothing_is_made(fields, field):
    with pytest.raises(BadSetup) as caught:
        make_platform(**fields)
    assert caught.value.values["where"] == field
    assert not Platform.objects.exists()
    assert not Dataset.objects.filter(slug="hanbit-events").exists()


def test_what_is_personal_goes_when_its_time_is_over_and_that_is_proved():
    platform, key = make_platform(personal_days=30, counts_by="day")
    tell(key, 6, "112UC120", "2025110112")
    take()
    publish("hanbit-events")
    now = timezone.now()
    assert erase_due(now) == []
    PlatformMessage.objects.update(received_at=now - dt.timedelta(days=31))
    Occurrence.objects.update(last_message_at=now - dt.timedelta(days=31))
    assert {proof.what.en: proof.left for proof in prove(platform, now)}["messages past their time"] == 12
    [erasure] = erase_due(now)
    assert (erasure.messages, erasure.occurrences, len(erasure.digest)) == (12, 6, 64)
    assert publish("hanbit-events").state == Run.State.PUBLISHED
    rows = records(Source.objects.select_related("distribution__dataset").get(slug="hanbit-events"))
    text = json.dumps(rows, ensure_ascii=False, default=str)
    assert not [word for word in PERSONAL if word in text]
    assert [(row["region_code"], row["has_image"], row["response_seconds"]) for row in rows] == [
        ("44130", True, 59)
    ] * 6
    Snapshot.objects.filter(replaced_at__isnull=False).update(replaced_at=now - dt.timedelta(hours=3))
    assert forget_old_snapshots(now) == 1
    assert not [proof for proof in prove(platform, now) if proof.left]
    send(message(body("91", "112UC1202025110112" + "0000", evtId="112UC120", ocrEvtCn="늦은 말")), key)
    take()
    assert "늦은 말" not in json.dumps(list(Occurrence.objects.values_list("facts", flat=True)), ensure_ascii=False)


def test_erasures_follow_one_another_so_that_none_can_be_taken_out():
    platform, key = make_platform(personal_days=1)
    now = timezone.now()
    for number in range(3):
        send(message(body(number=f"2025110112{number:04}")), key)
        take()
        PlatformMessage.objects.update(received_at=now - dt.timedelta(days=2))
        erase_due(now + dt.timedelta(minutes=number))
    assert Erasure.objects.count() == 3
    assert not [proof for proof in prove(platform, now) if proof.left and "follow" in proof.what.en]
    Erasure.objects.order_by("pk")[1].delete()
    assert [proof.left for proof in prove(platform, now) if "follow" in proof.what.en] == [1]


def test_the_command_proves_an_erasure_or_says_what_is_left(capsys):
    _, key = make_platform(personal_days=1)
    call_command("prove_erasure", "hanbit")
    assert "0" in capsys.readouterr().out
    send(message(), key)
    take()
    PlatformMessage.objects.update(received_at=timezone.now() - dt.timedelta(days=9))
    with pytest.raises(CommandError, match="1"):
        call_command("prove_erasure", "hanbit")


def test_saving_a_platform_again_changes_what_is_told_and_keeps_its_dataset():
    platform, _ = make_platform()
    save_platform("hanbit", title="새 이름", organisation="hanbit-city", personal_days=10)
    again = Platform.objects.get()
    assert (again.title, again.personal_days, again.dataset_id) == ("새 이름", 10, platform.dataset_id)
