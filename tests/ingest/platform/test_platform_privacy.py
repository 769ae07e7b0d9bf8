"""What a platform told of persons and places is seen in no page of the admin, no log, no alert and no list, by nobody."""

import json

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from messages_of_platform import body, encrypted, header, make_platform, message, publish, send, take

from catalog.models import Change, SearchEntry
from ingest.models import Alert, EventRule, Issue, PlatformMessage, Run
from ingest.platform.taking import process_again
from ingest.secret_store import save_secret

pytestmark = pytest.mark.django_db
TOLD = {
    "ocrPlc": "까나리동 12-3 앞",
    "ocrEvtCn": "신고자 김까나, 차량 37가8642, 010-4321-8765",
    "ocrLc": {"crdntX": "127.246813", "crdntY": "36.357924", "crdntZ": "7"},
    "ocrEvtStsUsr": {"ocrEvtUsrId": "zqcanaryop", "ocrEvtUsrNm": "박까나리"},
    "ocrEvtItem": [{"key": "IMAGE_URL", "val": "rtsp://zqcanaryimage/7"}, {"key": "NOTE", "val": "zqcanaryitem"}],
    "ocrEvtDtl": {"ocrEvtDtlCd": "01", "ocrEvtDtlCdDtl": "zqcanarydetail"},
}
CANARIES = (
    "까나리동", "김까나", "37가8642", "4321-8765", "127.2468", "36.3579", "zqcanaryop", "박까나리", "zqcanaryimage",
    "zqcanaryitem", "zqcanarydetail",
)  # fmt: skip


def seen_in(text: str) -> list[str]:
    told = text.encode().decode("unicode_escape", "ignore") if "\\u" in text else ""
    return [canary for canary in CANARIES if canary in text or canary in told]


@pytest.fixture
def told(caplog) -> str:
    """A platform whose messages ended in every state, all of them with the canaries; its key."""
    caplog.set_level("DEBUG")
    save_secret("cipher", "암호키")
    platform, key = make_platform(cipher_secret="cipher", counts_by="hour")
    messages = [message(body("10", "1", **TOLD)), message(body("91", "1", **TOLD)), message(body("10", "2", **TOLD))]
    messages += [message(body("10", "3", evtId="NEWKIND", **TOLD)), message(body("7", "4", **TOLD))]
    messages += [header(encAt="Y") | {"body": encrypted(body("10", "5", **TOLD), "다른 키")}]
    messages += [
        header(apSeq={"apCurrent": "1", "apTotal": "2"}) | {"body": json.dumps(body(**TOLD), ensure_ascii=False)}
    ]
    messages += [message(body("10", "6", **TOLD | {"ocrEvtTime": "20261399000000", "ocrLc": {"crdntX": "까나리동"}}))]
    for one in (*messages, messages[0]):
        send(one, key)
    send(json.dumps(message(body("10", "9", **TOLD)), ensure_ascii=False).encode()[:-40], key)
    take()
    process_again(platform, PlatformMessage.objects.values_list("pk", flat=True), timezone.now())
    EventRule.objects.create(event_id="11*", platform=platform)
    for slug in ("hanbit-events", "hanbit-event-counts", "hanbit-response-times"):
        publish(slug)
    return key


def test_no_page_of_the_admin_shows_it_to_a_superuser(told, admin_client):
    looked, leaks = 0, {}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_changelist")]
        for pk in list(model._default_manager.values_list("pk", flat=True)[:12]):
            for page in ("change", "history", "delete"):
                try:
                    pages.append(reverse(f"{name}_{page}", args=[pk]))
                except NoReverseMatch:
                    continue
        for page in pages:
            looked += 1
            if found := seen_in(admin_client.get(page).content.decode()):
                leaks[page] = found
    assert not leaks
    assert looked > 50
    assert not seen_in(admin_client.get(reverse("admin:index")).content.decode())


def test_nothing_of_it_stands_in_logs_alerts_findings_and_lists(told, caplog):
    assert set(PlatformMessage.objects.values_list("state", flat=True)) >= {
        "processed", "duplicate", "no-rule", "unreadable", "undecipherable", "waiting"
    }  # fmt: skip
    rows = [
        *Alert.objects.values_list("text_ko", "text_en"),
        *Issue.objects.values_list(),
        *Run.objects.values_list("error_ko", "error_en", "drift", "position", "raw_answers"),
        *Change.objects.values_list(),
        *SearchEntry.objects.values_list(),
        *PlatformMessage.objects.values_list("reason_ko", "reason_en", "warnings", "headers", "code"),
    ]
    assert not seen_in(str(rows))
    assert not seen_in(caplog.text)
    assert told not in caplog.text
    assert told not in str(rows)


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/datasets/hanbit-events",
        "/api/v1/datasets/hanbit-events/records",
        "/api/v1/datasets/hanbit-events/snapshots",
        "/api/v1/datasets/hanbit-events/quality",
        "/api/v1/datasets/hanbit-event-counts/records",
        "/api/v1/datasets/hanbit-response-times/records",
        "/api/v1/changes",
        "/dataset/hanbit-events",
        "/dataset/hanbit-events.ttl",
        "/catalog.ttl",
        "/data.json",
        "/?q=zqcanaryop",
        "/api/3/action/package_show?id=hanbit-events",
        "/platform/events",
    ],
)
def test_no_public_address_tells_of_it(told, client, address):
    answer = client.get(address)
    text = b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()
    assert not seen_in(text.replace("zqcanaryop", "", 20) if "q=" in address else text)


def test_what_a_platform_is_answered_repeats_nothing_of_it():
    _, key = make_platform()
    for wrong in ({"ocrSts": "김까나"}, {"ocrNbr": ""}, {"evtId": "까나리동" * 60}):
        answer = send(message(body("10", **TOLD) | wrong), key)
        assert answer["result"] == "1"
        assert "박까나리" not in answer["message"]
