"""Alerts go out once, together, in the channel's language, not at night; and none is lost when a receiver is down."""

import base64
import datetime as dt
import hashlib
import hmac
import io
import json
import threading
from zoneinfo import ZoneInfo

import pytest
from builders import make_dataset, make_organisation
from django.core.management import CommandError, call_command
from django.db import connection, connections
from hostile_server import HostileServer, in_turn, redirect, reply, unused_port
from mail_server import MailServer
from pulling import make_source

from ingest.alerts import deliver_alerts, rouse_channel, send_test, skip_to_now, waited
from ingest.http import Limits
from ingest.models import Alert, AlertChannel, Run, Source
from ingest.secret_store import save_secret

pytestmark = pytest.mark.django_db
SEOUL = ZoneInfo("Asia/Seoul")
NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=SEOUL)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
KEY = base64.b64encode(b"a key of twenty-four byt").decode()
OK = reply(204, b"")


@pytest.fixture
def mail(settings):
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.DEFAULT_FROM_EMAIL = "데이터허브 <hub@hanbit.example>"
        yield server


def make_channel(address="steward@hanbit.example", kind="email", **columns):
    options = {"allow_private": kind == "webhook"} | columns
    channel = AlertChannel.objects.create(kind=kind, address=address, **options)
    AlertChannel.objects.filter(pk=channel.pk).update(created_at=NOON - DAY)
    channel.refresh_from_db()
    return channel


def source_named(slug, ko="공영주차장", **options):
    dataset = make_dataset(slug, title={"ko": ko, "en": slug}, **options)
    return make_source("lots.csv", slug, dataset=dataset)


def tell(source, kind="failed", at=NOON - MINUTE, ko="플랫폼이 답하지 않습니다.", en="The platform is silent."):
    run = Run.objects.create(source=source, slot=at + dt.timedelta(microseconds=Run.objects.count()), due_at=at)
    text = {"text_ko": "", "text_en": ""} if kind == "recovered" else {"text_ko": ko, "text_en": en}
    return Alert.objects.create(source=source, run=run, kind=kind, at=at, **text)


def text_of(message):
    return message.get_body(("plain",)).get_content()


# What is told


def test_a_failure_is_told_in_korean_with_links_and_as_html(mail, settings):
    settings.BASE_URL = "https://data.hanbit.example"
    make_channel()
    alert = tell(source_named("parking"))
    assert deliver_alerts(NOON) == 1
    [message] = mail.messages
    assert message["Subject"].strip() == "[데이터허브] 수집 실패: 공영주차장"
    assert mail.recipients == ["steward@hanbit.example"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert text_of(message).splitlines() == [
        "소스 1곳의 소식입니다.",
        "",
        "■ 공영주차장 (parking): 수집 실패",
        "  11월 22일 11:59",
        "  플랫폼이 답하지 않습니다.",
        f"  실행 기록: https://data.hanbit.example/admin/ingest/run/{alert.run_id}/change/",
        f"  소스 설정: https://data.hanbit.example/admin/ingest/source/{alert.source_id}/change/",
    ]
    html = message.get_body(("html",)).get_content()
    assert f'href="https://data.hanbit.example/admin/ingest/run/{alert.run_id}/change/"' in html


def test_a_channel_speaks_its_language(mail):
    make_channel(language="en")
    tell(source_named("parking"))
    deliver_alerts(NOON)
    assert mail.messages[0]["Subject"].strip() == "[Data hub] parking: collection failed"
    assert "The platform is silent." in text_of(mail.messages[0])


def test_the_most_important_comes_first_and_in_the_subject(mail):
    make_channel()
    for slug, ko, kind in (("a", "가", "recovered"), ("b", "나", "held"), ("c", "다", "failed"), ("d", "라", "paused")):
        tell(source_named(slug, ko), kind)
    assert deliver_alerts(NOON) == 1
    assert mail.messages[0]["Subject"].strip() == "[데이터허브] 수집 실패: 다 외 3곳"
    told = [line for line in text_of(mail.messages[0]).splitlines() if line.startswith("■")]
    assert told == ["■ 다 (c): 수집 실패", "■ 나 (b): 공개 보류", "■ 라 (d): 수집 멈춤", "■ 가 (a): 정상으로 돌아옴"]


def test_what_failed_and_recovered_before_it_was_told_is_one_story(mail):
    make_channel()
    source = source_named("parking")
    for kind, minutes in (("failed", 50), ("held", 40), ("recovered", 30)):
        tell(source, kind, NOON - minutes * MINUTE)
    deliver_alerts(NOON)
    body = text_of(mail.messages[0])
    assert body.count("■") == 1
    assert "실패했다가 회복" in mail.messages[0]["Subject"]
    assert "11:10 – 11월 22일 11:30" in body
    assert "그동안의 문제: 플랫폼이 답하지 않습니다." in body


def test_a_source_that_rests_says_when_it_is_tried_next(mail):
    make_channel()
    source = source_named("parking")
    Source.objects.update(backs_off_until=NOON + 40 * MINUTE)
    tell(source)
    deliver_alerts(NOON)
    assert "다음 시도: 11월 22일 12:40" in text_of(mail.messages[0])


def test_words_of_a_platform_cannot_bend_the_message(mail):
    make_channel()
    tell(source_named("parking", "주차장 <b>"), ko="<script>alert(1)</script>\nBcc: a@b.example")
    deliver_alerts(NOON)
    assert "<script>" not in mail.messages[0].get_body(("html",)).get_content()
    assert mail.messages[0]["Bcc"] is None


def test_only_the_first_fifty_sources_are_told_one_by_one(mail):
    make_channel()
    source = source_named("parking")
    for number in range(53):
        other = Source.objects.create(slug=f"s-{number}", distribution=source.distribution, connector="file", config={})
        tell(other)
    deliver_alerts(NOON)
    assert text_of(mail.messages[0]).count("■") == 50
    assert "3곳의 소식이 더" in text_of(mail.messages[0])


def test_a_channel_hears_of_its_organisation_only(mail):
    make_organisation("other-city", ko="다른시", en="Other City", region="11")
    ours, theirs = source_named("ours"), source_named("theirs", organisation="other-city")
    channel = make_channel(organisation=ours.distribution.dataset.organisation)
    last = tell(theirs)
    assert deliver_alerts(NOON) == 0
    channel.refresh_from_db()
    assert channel.delivered == last.pk
    tell(ours)
    tell(theirs)
    deliver_alerts(NOON)
    assert [line for line in text_of(mail.messages[0]).splitlines() if "■" in line] == [
        "■ 공영주차장 (ours): 수집 실패"
    ]


# When


def test_the_first_goes_out_at_once_and_the_next_together_after_a_while(mail, settings):
    settings.ALERT_MINUTES = 10
    make_channel()
    tell(source_named("a"))
    deliver_alerts(NOON)
    for slug in "bc":
        tell(source_named(slug), at=NOON + MINUTE)
    sent = [deliver_alerts(NOON + minutes * MINUTE) for minutes in (1, 2, 5, 9, 10, 11, 30)]
    assert sent == [0, 0, 0, 0, 1, 0, 0]
    assert [text_of(message).count("■") for message in mail.messages] == [1, 2]


@pytest.mark.parametrize(
    ("start", "end", "clock", "is_sent"),
    [
        ("22:00", "07:00", "21:59", True), ("22:00", "07:00", "22:00", False), ("22:00", "07:00", "00:30", False),
        ("22:00", "07:00", "06:59", False), ("22:00", "07:00", "07:00", True), ("12:00", "13:00", "12:30", False),
        ("12:00", "13:00", "13:00", True), ("12:00", "13:00", "03:00", True), ("12:00", "12:00", "12:00", True),
        (None, "07:00", "03:00", True),
    ],
)  # fmt: skip
def test_nothing_is_sent_in_quiet_hours_of_korea(start, end, clock, is_sent, mail):
    now = dt.datetime.combine(NOON.date(), dt.time.fromisoformat(clock), SEOUL)
    make_channel(quiet_from=start, quiet_until=end)
    tell(source_named("parking"), at=now - MINUTE)
    assert deliver_alerts(now.astimezone(dt.UTC)) == is_sent


def test_the_night_is_told_in_one_message_in_the_morning(mail):
    night = NOON.replace(hour=22)
    make_channel(quiet_from="22:00", quiet_until="07:00")
    for hour, slug in enumerate("abc"):
        tell(source_named(slug), at=night + hour * 60 * MINUTE)
    sent = [deliver_alerts(night + half * 30 * MINUTE) for half in range(1, 21)]
    assert (sum(sent), sent.index(1)) == (1, 17)
    assert text_of(mail.messages[0]).count("■") == 3


def test_what_may_not_be_committed_yet_waits_and_is_not_passed_over(mail):
    make_channel()
    source = source_named("parking")
    tell(source, at=NOON)
    tell(source_named("late"), at=NOON - MINUTE)  # a later number, though it ended earlier
    assert deliver_alerts(NOON) == 0
    assert deliver_alerts(NOON + MINUTE) == 1
    assert text_of(mail.messages[0]).count("■") == 2


def test_what_was_before_the_channel_or_was_skipped_is_not_told(mail):
    channel = make_channel()
    source = source_named("parking")
    tell(source, at=NOON - 2 * DAY)
    assert deliver_alerts(NOON) == 0
    tell(source)
    skip_to_now(channel)
    assert deliver_alerts(NOON) == 0
    assert mail.messages == []


def test_a_channel_that_is_off_is_left_alone(mail):
    make_channel(is_enabled=False)
    tell(source_named("parking"))
    assert deliver_alerts(NOON) == 0


# When it cannot be sent


def test_without_a_mail_server_alerts_wait_and_the_channel_says_so(settings, mail):
    settings.EMAIL_HOST = ""
    channel = make_channel()
    tell(source_named("parking"))
    assert deliver_alerts(NOON) == 0
    channel.refresh_from_db()
    assert "HUB_EMAIL_URL" in channel.last_error
    assert (channel.failures, channel.is_enabled, channel.delivered) == (0, True, 0)
    settings.EMAIL_HOST = "127.0.0.1"
    assert deliver_alerts(NOON + 10 * MINUTE) == 1
    channel.refresh_from_db()
    assert channel.last_error == ""


@pytest.mark.parametrize("trouble", ["refused recipient", "no server"])
def test_a_mail_that_is_not_taken_is_sent_again_under_the_same_name(trouble, mail, settings):
    channel = make_channel()
    tell(source_named("parking"))
    if trouble == "no server":
        settings.EMAIL_PORT = unused_port()
    mail.refusal = "550 no such mailbox"
    assert deliver_alerts(NOON) == 0
    channel.refresh_from_db()
    assert ("550 no such mailbox" if trouble == "refused recipient" else "refused") in channel.last_error
    assert (channel.failures, channel.delivered) == (1, 0)
    mail.refusal, settings.EMAIL_PORT = "", mail.port
    assert deliver_alerts(NOON + MINUTE) == 1
    assert mail.messages[0]["Message-ID"].endswith("@hanbit.example>")


def test_the_password_of_the_mail_server_is_in_no_error(mail, settings):
    settings.EMAIL_HOST_PASSWORD = "planted-word"
    mail.refusal = "550 planted-word is not for you"
    channel = make_channel()
    tell(source_named("parking"))
    deliver_alerts(NOON)
    channel.refresh_from_db()
    assert channel.last_error == "메일 서버가 받지 않았습니다 (550 *** is not for you)"


def test_waits_grow_from_a_minute_to_six_hours():
    waits = [(waited(n + 1) - waited(n)) / MINUTE for n in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


# Webhooks


class Receiver(HostileServer):
    """Keeps the bodies that were posted."""

    def __init__(self, *behaviours):
        self.bodies = []
        inner = in_turn(*behaviours)

        def act(request, sock):
            wanted, body = int(request.headers["content-length"]), b""
            while len(body) < wanted:
                body += sock.recv(65536)
            self.bodies.append(body)
            inner(request, sock)

        super().__init__({"/": act})

    def answer_one(self, sock):
        """Read the head alone, byte by byte, so that the body is left to the behaviour."""
        super().answer_one(HeadFirst(sock))


class HeadFirst:
    def __init__(self, sock):
        self._sock, self._is_head = sock, True
        self._seen = b""

    def recv(self, size):
        if not self._is_head:
            return self._sock.recv(size)
        piece = self._sock.recv(1)
        self._seen += piece
        self._is_head = not self._seen.endswith(b"\r\n\r\n")
        return piece

    def __getattr__(self, name):
        return getattr(self._sock, name)


@pytest.mark.parametrize("secret", [f"whsec_{KEY}", "열쇠 of plain text"])
def test_a_webhook_is_signed_as_the_standard_says(secret, settings):
    settings.BASE_URL = "https://data.hanbit.example"
    save_secret("hook-key", secret)
    alert = tell(source_named("parking"))
    with Receiver(OK) as receiver:
        make_channel(receiver.url("/hook?a=1"), "webhook", secret="hook-key")
        assert deliver_alerts(NOON) == 1
        [request], [body] = receiver.requests, receiver.bodies
    headers = request.headers
    key = base64.b64decode(KEY) if secret.startswith("whsec_") else secret.encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert headers["content-type"] == "application/json"
    [told] = json.loads(body)["data"]["sources"]
    assert (told["source"], told["kind"], told["alerts"]) == ("parking", "failed", [alert.pk])
    assert told["text"] == {"ko": "플랫폼이 답하지 않습니다.", "en": "The platform is silent."}
    assert told["links"][0].endswith(f"/admin/ingest/run/{alert.run_id}/change/")


def test_a_repeated_delivery_is_the_same_message_whatever_happens_meanwhile():
    with Receiver(reply(500, b"no"), reply(503, b"no"), OK) as receiver:
        channel = make_channel(receiver.url(), "webhook")
        tell(source_named("a"))
        assert deliver_alerts(NOON) == 0
        last = tell(source_named("b"), at=NOON + MINUTE / 2)
        sent = [deliver_alerts(NOON + seconds * MINUTE / 60) for seconds in (30, 61, 90, 150, 200)]
        assert sent == [0, 0, 0, 0, 1]
        assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
        assert len(set(receiver.bodies)) == 1
        channel.refresh_from_db()
        assert (channel.failures, channel.last_error) == (0, "")
        assert deliver_alerts(NOON + 20 * MINUTE) == 1
        channel.refresh_from_db()
        assert channel.delivered == last.pk
    assert receiver.requests[3].headers["webhook-id"] != receiver.requests[0].headers["webhook-id"]


def test_a_worker_that_died_while_it_sent_leaves_the_same_message_to_the_next(monkeypatch):
    class Killed(BaseException):
        pass

    def die(*arguments):
        raise Killed

    with Receiver(OK) as receiver:
        channel = make_channel(receiver.url(), "webhook")
        tell(source_named("parking"))
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr("ingest.webhook.taken", die)
            deliver_alerts(NOON)
        assert deliver_alerts(NOON + MINUTE / 2) == 0
        assert deliver_alerts(NOON + MINUTE) == 1
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    channel.refresh_from_db()
    assert channel.failures == 0


BAD_ANSWERS = {
    "a status of 500": (reply(500, b"broken"), "500"),
    "a redirect": (redirect("http://127.0.0.1:1/"), "다시 보내지 않습니다"),
    "410": (reply(410, b"gone"), "410"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_what_is_no_success_is_a_failure_with_its_reason(case, caplog):
    answer, words = BAD_ANSWERS[case]
    with Receiver(answer) as receiver:
        channel = make_channel(receiver.url("/token-in-the-path"), "webhook")
        tell(source_named("parking"))
        assert deliver_alerts(NOON) == 0
        assert len(receiver.requests) == 1
    channel.refresh_from_db()
    assert words in channel.last_error
    assert (channel.failures, channel.delivered, channel.next_try_at) == (1, 0, NOON + MINUTE)
    assert "token-in-the-path" not in channel.last_error + caplog.text


def test_a_slow_receiver_is_left_at_the_deadline(monkeypatch):
    silent = threading.Event()
    monkeypatch.setattr("ingest.webhook.LIMITS", Limits(read=0.3, total=0.5, attempts=1))
    with Receiver(lambda request, sock: silent.wait(5)) as receiver:
        channel = make_channel(receiver.url(), "webhook")
        tell(source_named("parking"))
        assert deliver_alerts(NOON) == 0
        silent.set()
    channel.refresh_from_db()
    assert "0.3" in channel.last_error


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/",
        "http://169.254.169.254/latest",
        "http://[::1]:{port}/",
        "http://10.0.0.1/",
        "http://2130706433:{port}/",
    ],
)
def test_private_addresses_are_not_posted_to_without_consent(address):
    with Receiver(OK) as receiver:
        channel = make_channel(address.format(port=receiver.port), "webhook", allow_private=False)
        tell(source_named("parking"))
        assert deliver_alerts(NOON) == 0
        assert receiver.requests == []
    channel.refresh_from_db()
    assert channel.last_error


@pytest.mark.parametrize(
    "address", ["/etc/passwd", "file:///etc/passwd", "ftp://a.example/", "http://u:p@127.0.0.1/", "mailto:a@b"]
)
def test_what_is_no_address_of_the_web_is_an_error(address, settings, tmp_path):
    channel = make_channel(address, "webhook")
    tell(source_named("parking"))
    assert deliver_alerts(NOON) == 0
    channel.refresh_from_db()
    assert channel.last_error


def test_nothing_is_sent_unsigned_when_the_secret_cannot_be_read():
    with Receiver(OK) as receiver:
        channel = make_channel(receiver.url(), "webhook", secret="hook-key")
        tell(source_named("parking"))
        assert deliver_alerts(NOON) == 0
        assert receiver.requests == []
        channel.refresh_from_db()
        assert "hook-key" in channel.last_error


def test_a_webhook_that_fails_for_five_days_is_switched_off_and_loses_nothing(caplog):
    channel = make_channel(f"http://127.0.0.1:{unused_port()}/", "webhook")
    tell(source_named("parking"))
    now, tries = NOON, 0
    while AlertChannel.objects.get().is_enabled:
        deliver_alerts(now)
        channel.refresh_from_db()
        tries, now = tries + 1, channel.next_try_at
    assert 25 < tries < 32
    assert 5 * DAY <= now - NOON < 6 * DAY
    assert "5일 동안" in channel.last_error
    assert "switched off" in caplog.text
    with Receiver(OK) as receiver:
        AlertChannel.objects.update(address=receiver.url(), is_enabled=True)
        rouse_channel(channel)
        assert deliver_alerts(now) == 1


def test_a_fault_with_one_channel_keeps_nothing_from_the_others(mail, monkeypatch):
    make_channel("a@hanbit.example\nBcc: b@hanbit.example")
    make_channel()
    tell(source_named("parking"))
    assert deliver_alerts(NOON) == 1
    assert mail.recipients == ["steward@hanbit.example"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_once():
    with Receiver(OK) as receiver:
        make_channel(receiver.url(), "webhook")
        tell(source_named("parking"))
        together, sent = threading.Barrier(4), []

        def work():
            if connection.vendor == "sqlite":  # in memory, where readers would lock the table, and nobody waits for it
                connection.cursor().execute("PRAGMA read_uncommitted = true")
            together.wait()
            try:
                sent.append(deliver_alerts(NOON))
            finally:
                connections.close_all()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sum(sent) == len(receiver.requests) == 1
    connection.close()


# A test message


def test_a_channel_can_be_tried_at_any_hour(mail):
    channel = make_channel(quiet_from="00:00", quiet_until="23:59")
    out = io.StringIO()
    call_command("test_alert", channel.pk, stdout=out)
    assert "steward@hanbit.example" in out.getvalue()
    assert mail.messages[0]["Subject"].strip() == "[데이터허브] 알림 시험"


def test_a_test_that_fails_says_why(mail):
    mail.refusal = "550 no such mailbox"
    channel = make_channel()
    assert "550" in send_test(channel)
    with pytest.raises(CommandError, match="550 no such mailbox"):
        call_command("test_alert", channel.pk)
    with pytest.raises(CommandError, match="99"):
        call_command("test_alert", 99)
    with Receiver(OK) as receiver:
        assert send_test(make_channel(receiver.url(), "webhook")) == ""
        assert json.loads(receiver.bodies[0])["type"] == "test"
