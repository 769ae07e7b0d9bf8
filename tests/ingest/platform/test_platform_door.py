"""The door for events: who may send, what is answered, and that what is answered with success is on disk."""

import json
from urllib.parse import quote_plus

import pytest
from django.test import Client
from messages_of_platform import ADDRESS, CODE, as_form, body, header, make_platform, message, send, states, take

from ingest.models import Occurrence, Platform, PlatformMessage
from ingest.platform.keeping import inbox_folder
from ingest.platform.known import REGISTER
from ingest.platform.platforms import issue_platform_key

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", [ADDRESS, "/integrationPlatformEvent"])
@pytest.mark.parametrize("form", [False, True])
def test_an_event_is_answered_in_the_words_of_the_protocol_and_is_on_disk_by_then(address, form):
    _, key = make_platform()
    answer = send(message(), key, form=form, address=address)
    assert answer == {
        "status": 200, "startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "result": "0", "message": "", "code": "2000"
    }  # fmt: skip
    assert len(list(inbox_folder("hanbit").glob("*.open"))) == 1
    assert take() == 1
    assert (states(), Occurrence.objects.count()) == (["processed"], 1)


def test_a_key_may_stand_in_the_header_or_in_the_message_itself():
    _, key = make_platform()
    assert send(message(rrKey=key))["result"] == "0"
    assert send(message(rrKey=key, reqDate="20261101120045"), form=True)["result"] == "0"


def test_a_session_key_is_had_for_the_key_and_opens_until_the_key_is_changed():
    platform, key = make_platform()
    asked = send(
        header(svcTy="AUTH") | {"body": {"startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "apiKey": key}}
    )
    assert asked["result"] == "0"
    session = asked["message"]
    assert send(message(), session)["result"] == "0"
    issue_platform_key(platform)
    REGISTER.forget()
    assert send(message(), session)["code"] == "4001"
    assert send(message(), key)["code"] == "4001"


@pytest.mark.parametrize("key", ["", "wrong", "plat_" + "x" * 43, "a:b:c"])
def test_whoever_shows_no_right_key_is_refused_and_nothing_is_kept(key):
    make_platform()
    answer = send(message(rrKey=key), key)
    assert (answer["status"], answer["result"], answer["code"]) == (200, "1", "4001")
    assert "등록된 플랫폼이 아닙니다" in answer["message"]
    assert not inbox_folder("hanbit").exists()


def test_a_platform_that_is_known_by_its_addresses_is_let_in_from_these_alone():
    _, key = make_platform(addresses=["10.1.2.0/24", "2001:db8::/32"])
    assert send(message(), key)["code"] == "4001"  # the right key from elsewhere
    assert send(message(), key, REMOTE_ADDR="10.1.2.77")["result"] == "0"
    assert send(message(), key, REMOTE_ADDR="::ffff:10.1.2.77")["result"] == "0"
    Platform.objects.update(key_digest="", send_codes=[CODE])
    REGISTER.forget()
    assert send(message(), REMOTE_ADDR="10.1.2.78")["result"] == "0"
    assert send(message(), REMOTE_ADDR="10.1.3.78")["code"] == "4001"
    assert send(message(sendCd="B9999999999"), REMOTE_ADDR="10.1.2.78")["code"] == "4001"


def test_a_platform_that_was_switched_off_is_refused():
    _, key = make_platform()
    Platform.objects.update(is_enabled=False)
    REGISTER.forget()
    assert send(message(), key)["code"] == "4001"


@pytest.mark.parametrize(
    ("content", "code", "state"),
    [
        (b"{", "4000", "unreadable"),
        (b" ", "4000", "unreadable"),
        (json.dumps(header() | {"body": {"evtId": "112UC120"}}).encode(), "4101", "unreadable"),
        (json.dumps(header() | {"body": body(status="77")}).encode(), "4102", "unreadable"),
        (json.dumps(header() | {"body": body(evtId="NEWKIND1")}).encode(), "2000", "no-rule"),
    ],
)
def test_what_is_wrong_with_a_known_platforms_message_is_told_and_the_message_is_kept(content, code, state):
    _, key = make_platform()
    assert send(content, key)["code"] == code
    assert take() == 1
    kept = PlatformMessage.objects.get()
    assert (bytes(kept.raw), kept.state) == (content, state)
    assert kept.reason_ko
    assert kept.reason_en


def test_another_method_and_too_much_are_refused_in_the_protocols_words():
    make_platform()
    got = Client().get(ADDRESS)
    assert (got.status_code, json.loads(got.content)["code"], got["Allow"]) == (405, "4005", "POST")
    answer = send(b"x" * (2**20 + 1))
    assert (answer["status"], answer["result"], answer["code"]) == (413, "1", "4000")


def test_a_full_inbox_is_told_so_that_the_platform_sends_again(settings):
    _, key = make_platform()
    settings.INBOX_MIB = 0
    answer = send(message(), key)
    assert (answer["status"], answer["result"], answer["code"]) == (503, "1", "5003")


def test_the_key_does_not_stand_in_what_is_kept_of_the_headers():
    _, key = make_platform()
    send(message(), key)
    take()
    assert key not in str(PlatformMessage.objects.get().headers)


def test_a_form_in_cp949_is_read():
    _, key = make_platform()
    document = message(rrKey=key)
    content = as_form(document).decode()
    korean = json.dumps(document["body"], ensure_ascii=False)
    content = content.replace(quote_plus(korean), quote_plus(korean.encode("cp949")))
    assert send(content.encode(), key, form=True)["result"] == "0"
    take()
    assert Occurrence.objects.get().facts["place"][-1] == "한빛동 삼거리 앞"
