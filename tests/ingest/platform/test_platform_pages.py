"""The stewards' pages of platforms: registering, keys, messages that went wrong, what they hold, and rules."""

import datetime as dt
import gzip
import json

import pytest
from builders import make_organisation
from django.urls import reverse
from django.utils import timezone
from lxml import html
from messages_of_platform import body, make_platform, message, send, states, take

from catalog.models import Dataset, Grant, Reading
from ingest.models import EventRule, Occurrence, Platform, PlatformMessage, Run, Source
from ingest.platform.known import REGISTER
from ingest.platform.showing import CLASSES
from ingest.raw import keep_rejected

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(admin_client):
    def get(name, *arguments, **query):
        return html.fromstring(admin_client.get(reverse(f"admin:{name}", args=arguments), query).content.decode())

    return get


def grant(user, platform, classes=CLASSES) -> Grant:
    now = timezone.now()
    made = Grant.objects.create(
        dataset=platform.dataset,
        organisation=platform.organisation,
        purpose="통합관제센터 운영과 오류 처리",
        legal_basis="개인정보 보호법 제15조",
        valid_from=now - dt.timedelta(days=1),
        valid_until=now + dt.timedelta(days=1),
        classes=sorted(classes),
        granted_by=user,
    )
    made.holders.add(user)
    return made


FORM = {
    "slug": "hanbit",
    "title": "한빛시 통합플랫폼",
    "is_enabled": "on",
    "send_codes": "B4400000000, B4413000000",
    "addresses": "",
    "cipher_text": "base64",
    "personal_days": "30",
    "event_days": "400",
    "counts_by": "day",
}


def test_a_platform_is_registered_with_its_datasets_and_gets_a_key_that_is_shown_once(admin_client):
    organisation = make_organisation()
    added = admin_client.post(reverse("admin:ingest_platform_add"), FORM | {"organisation": organisation.pk})
    assert added.status_code == 302, html.fromstring(added.content).text_content()
    platform = Platform.objects.get()
    assert (platform.send_codes, platform.event_days) == (["B4400000000", "B4413000000"], 400)
    assert set(Source.objects.values_list("slug", flat=True)) == {
        "hanbit-events", "hanbit-event-counts", "hanbit-response-times"
    }  # fmt: skip
    assert Dataset.objects.get(slug="hanbit-events").is_guarded
    issued = admin_client.post(reverse("admin:ingest_platform_key", args=[platform.pk]))
    key = html.fromstring(issued.content).xpath("string(//pre[@class='issued'])").strip()
    REGISTER.forget()
    assert send(message(), key)["result"] == "0"
    again = admin_client.get(reverse("admin:ingest_platform_change", args=[platform.pk])).content.decode()
    assert key not in again
    assert key[:11] in again


@pytest.mark.parametrize(
    ("fields", "field"), [({"addresses": "10.1"}, "addresses"), ({"personal_days": "500"}, "personal_days")]
)
def test_what_is_wrong_is_told_at_the_field(admin_client, fields, field):
    organisation = make_organisation()
    answer = admin_client.post(reverse("admin:ingest_platform_add"), FORM | {"organisation": organisation.pk} | fields)
    errors = html.fromstring(answer.content).xpath(f"//div[contains(@class, 'field-{field}')]//ul[@class='errorlist']")
    assert errors or f'id="id_{field}_error"' in answer.content.decode()
    assert not Platform.objects.exists()


def test_messages_are_listed_without_what_they_tell_and_processed_again(admin_client, page):
    _, key = make_platform()
    send(message(body(evtId="NEWKIND7")), key)
    take()
    kept = PlatformMessage.objects.get()
    listed = page("ingest_platformmessage_changelist").text_content()
    assert "NEWKIND7" in listed
    assert "대응 규칙이 없습니다" in listed
    shown = page("ingest_platformmessage_change", kept.pk).text_content()
    for personal in ("박관제", "op7", "삼거리", "김한빛", "rtsp", "127.12"):
        assert personal not in listed + shown
    home = page("index").text_content()
    assert "NEWKIND7" in home
    EventRule.objects.create(event_id="NEWKIND7")
    admin_client.post(reverse("admin:ingest_platformmessage_again", args=[kept.pk]))
    assert (states(), Occurrence.objects.count()) == (["processed"], 1)


def test_a_message_is_shown_for_a_grant_of_all_of_it_and_a_purpose_and_that_is_logged(admin_client, admin_user):
    platform, key = make_platform()
    send(message(), key)
    take()
    address = reverse("admin:ingest_platformmessage_content", args=[PlatformMessage.objects.get().pk])
    purpose = {"purpose": "사건번호 2026-1 오류 확인"}
    assert "박관제" not in admin_client.get(address).content.decode()
    refused = admin_client.post(address, purpose).content.decode()
    assert "승인이 없습니다" in refused
    partial = grant(admin_user, platform, CLASSES - {"operator"})
    assert "operator" in admin_client.post(address, purpose).content.decode()
    Grant.objects.filter(pk=partial.pk).update(revoked_at=timezone.now(), revoked_because="바꿈")
    whole = grant(admin_user, platform)
    assert "박관제" not in admin_client.post(address, {"purpose": "왜"}).content.decode()
    shown = admin_client.post(address, purpose)
    assert "박관제" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    [reading] = Reading.objects.filter(status="given")
    assert (reading.user, reading.grant, reading.purpose, reading.dataset) == (
        admin_user, whole, purpose["purpose"], platform.dataset
    )  # fmt: skip


def test_a_steward_corrects_what_could_not_be_read(admin_client, admin_user):
    platform, key = make_platform()
    wrong = message(body(status="7"))
    send(wrong, key)
    take()
    kept = PlatformMessage.objects.get()
    grant(admin_user, platform)
    address = reverse("admin:ingest_platformmessage_content", args=[kept.pk])
    right = json.dumps(message(body(status="50")), ensure_ascii=False)
    admin_client.post(address, {"purpose": "상태 코드 고침", "content": right})
    kept.refresh_from_db()
    assert (kept.state, kept.corrected_by) == ("processed", admin_user)
    assert b'"7"' in bytes(kept.raw)


def test_messages_are_set_aside_together(admin_client):
    _, key = make_platform()
    for content in (b"{", b"[]"):
        send(content, key)
    take()
    chosen = list(PlatformMessage.objects.values_list("pk", flat=True))
    admin_client.post(
        reverse("admin:ingest_platformmessage_changelist"), {"action": "set_selected_aside", "_selected_action": chosen}
    )
    assert states() == ["set-aside"] * 2


def test_a_rule_shows_what_it_would_do_to_the_messages_that_are_stored(admin_client, page):
    _, key = make_platform()
    for number in range(3):
        send(message(body(number=f"20261101{number}", evtId="112XX001")), key)
    send(message(body(evtId="112UC120")), key)
    take()
    rule = EventRule.objects.create(event_id="112*", attributes={})
    said = page("ingest_eventrule_change", rule.pk).text_content()
    assert "최근 메시지 4건 가운데 3건" in said
    assert "IMAGE_URL" in said


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event_id": "11*2"}, "event_id"),
        ({"detail_code": ""}, "detail_code"),
        ({"attributes": '{"A": {"column": "none_such"}}'}, "attributes"),
        ({"attributes": '{"A": {"column": "status"}}'}, "attributes"),
        ({"attributes": '{"A": {"column": "image_url", "type": "colour"}}'}, "attributes"),
        ({"attributes": '{"A": "image_url"}'}, "attributes"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_refused_at_the_field(admin_client, fields, field):
    make_platform()
    form = {"event_id": "ABC1", "detail_code": "*", "name": "", "attributes": "{}", "is_enabled": "on"} | fields
    answer = admin_client.post(reverse("admin:ingest_eventrule_add"), form)
    assert answer.status_code == 200
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not EventRule.objects.filter(event_id=form["event_id"]).exists()


def test_the_kinds_that_are_known_are_there_from_the_start():
    kinds = dict(EventRule.objects.values_list("event_id", "service"))
    assert len(kinds) == 23
    assert kinds["MOJUC110"] == "vulnerable-support"
    assert set(kinds.values()) == {
        "", "112-emergency-video", "112-emergency-dispatch", "119-emergency-dispatch", "disaster-response",
        "vulnerable-support",
    }  # fmt: skip


def test_refused_records_of_a_guarded_dataset_are_shown_by_grant_alone(admin_client, admin_user, tmp_path):
    platform, _ = make_platform()
    source = Source.objects.get(slug="hanbit-events")
    kept = tmp_path / "refused"
    kept.write_bytes(gzip.compress(json.dumps({"row": 1, "raw": {"operator_name": "박관제"}, "reasons": []}).encode()))
    run = Run.objects.create(
        source=source, slot=timezone.now(), due_at=timezone.now(), state="published", rejected=1,
        rejected_digest=keep_rejected(kept),
    )  # fmt: skip
    address = reverse("admin:ingest_run_refused", args=[run.pk, "ndjson"])
    assert "박관제" not in admin_client.get(address).content.decode()
    refused = admin_client.post(address, {"purpose": "오류를 고치려고"})
    assert (refused.status_code, "박관제" in refused.content.decode()) == (403, False)
    grant(admin_user, platform)
    shown = b"".join(admin_client.post(address, {"purpose": "오류를 고치려고"}).streaming_content)
    assert "박관제" in json.dumps(json.loads(shown.splitlines()[0]), ensure_ascii=False)
    assert Reading.objects.get(status="given").format == "refused"
