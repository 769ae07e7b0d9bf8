"""The session against a hostile platform: what it bears, what it refuses, and what it never tells."""

import gzip
import hashlib
import logging
import os
import shutil
import socket
import ssl
import subprocess
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from hostile_server import (
    HTML_LOGIN,
    HostileServer,
    Request,
    cut_chunked,
    cut_with_length,
    cut_without_length,
    drip,
    gzip_bomb,
    hang_up,
    head,
    in_turn,
    redirect,
    reply,
    say,
    stay_silent,
    unused_port,
)

from ingest.errors import (
    BrokenOff,
    CertificateRefused,
    ForbiddenAddress,
    IngestError,
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    TimedOut,
    TooLarge,
    Unreachable,
    UnreadableAnswer,
)
from ingest.http import Limits, Session, is_web, trusted_authorities

KEY = "aB+c/d9=="
ENCODED_KEY = "aB%2Bc%2Fd9%3D%3D"
BODY = "한빛시 주차장".encode() * 1000
GZIPPED = gzip.compress(BODY)


def test_an_answer_is_spooled_with_its_digest_size_and_type(open_session):
    with HostileServer({"/": reply(200, BODY, Content_Type="text/csv; charset=euc-kr")}) as platform:
        answer = open_session().fetch(platform.url("/a"))
    assert answer.read_bytes() == BODY
    assert (answer.size, answer.sha256, answer.status) == (len(BODY), hashlib.sha256(BODY).hexdigest(), 200)
    assert answer.content_type == "text/csv; charset=euc-kr"


def test_spooled_answers_lie_where_told_and_are_gone_when_the_session_is_closed(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    with HostileServer({"/": reply(200, BODY)}) as platform, Session(allow_private=True, spool=spool) as session:
        assert session.fetch(platform.url()).path.is_relative_to(spool)
    assert list(spool.iterdir()) == []


def test_reading_parses_and_forgets_the_spooled_answer(open_session):
    with HostileServer({"/": reply(200, BODY)}) as platform:
        path, content = open_session().read(platform.url(), lambda answer: (answer.path, answer.read_bytes()))
    assert content == BODY
    assert not path.exists()


def test_the_hub_names_itself_and_takes_no_cookies_along(open_session):
    with HostileServer({"/": reply(200, b"1", Set_Cookie="a=1")}) as platform:
        session = open_session()
        session.fetch(platform.url())
        session.fetch(platform.url())
    assert all("UrbanDataHub" in request.headers["user-agent"] for request in platform.requests)
    assert all("cookie" not in request.headers for request in platform.requests)


def test_proxies_of_the_environment_are_not_used(open_session, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with HostileServer({"/": reply(200, b"direct")}) as platform:
        assert open_session().fetch(platform.url()).read_bytes() == b"direct"


@pytest.mark.parametrize(
    ("address", "params", "target"),
    [
        ("/a", {"q": "강남 구"}, "/a?q=%EA%B0%95%EB%82%A8%20%EA%B5%AC"),
        ("/a?x=1", {"serviceKey": KEY}, f"/a?x=1&serviceKey={ENCODED_KEY}"),
        ("/a?x=%2B", {}, "/a?x=%2B"),
        ("/a#part", {"y": "&="}, "/a?y=%26%3D"),
    ],
)
def test_parameters_are_encoded_once_and_added_to_the_query(open_session, address, params, target):
    with HostileServer({"/": reply(200, b"")}) as platform:
        open_session().fetch(platform.url(address), params=params)
    assert platform.requests[0].target == target


# Bodies


@pytest.mark.parametrize(
    "behaviour",
    [
        reply(200, GZIPPED, Content_Encoding="gzip"),
        reply(200, gzip.compress(BODY[:900]) + gzip.compress(BODY[900:]), Content_Encoding="gzip"),
        reply(200, GZIPPED + b"\0\0\0", Content_Encoding="x-gzip"),
        say(head(200, Content_Encoding="gzip"), *(GZIPPED[i : i + 7] for i in range(0, len(GZIPPED), 7))),
        say(head(200) + BODY),
        say(head(200, Transfer_Encoding="chunked"), f"{len(BODY):x}\r\n".encode(), BODY, b"\r\n0\r\n\r\n"),
    ],
    ids=["gzip", "gzip in two members", "gzip with padding", "gzip in crumbs", "until the end", "chunked"],
)
def test_whole_bodies_are_read_in_every_wrapping(open_session, behaviour):
    with HostileServer({"/": behaviour}) as platform:
        assert open_session().fetch(platform.url()).read_bytes() == BODY


FAILURES = {
    "hangs up": (hang_up, BrokenOff),
    "is silent": (stay_silent, TimedOut),
    "speaks no HTTP": (say(b"220 mail.example ESMTP\r\n"), BrokenOff),
    "cuts a body with a length": (cut_with_length(BODY, 100), BrokenOff),
    "cuts a chunked body": (cut_chunked(b"half"), BrokenOff),
    "cuts a gzip body without a length": (say(head(200, Content_Encoding="gzip") + GZIPPED[:-20]), BrokenOff),
    "sends damaged gzip": (reply(200, b"\x1f\x8b" + bytes(50), Content_Encoding="gzip"), BrokenOff),
    "sends an unknown encoding": (reply(200, b"x", Content_Encoding="br"), UnreadableAnswer),
    "announces too much": (say(head(200, Content_Length=2**40)), TooLarge),
    "sends too much": (reply(200, bytes(2**20 + 1)), TooLarge),
    "sends a gzip bomb": (gzip_bomb(64), TooLarge),
    "sends endless headers": (say(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20_000), BrokenOff),
    "switches protocols": (say(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), BrokenOff),
    "fails": (reply(500, b"<b>java.lang</b> error"), PlatformFailure),
    "is overloaded": (reply(503, b""), PlatformFailure),
    "limits the rate": (reply(429, b"slow down"), PlatformFailure),
    "knows no such address": (reply(404, b"nothing"), RequestRefused),
    "refuses the caller": (reply(403, b"no"), RequestRefused),
    "redirects to nowhere": (reply(302, b""), RequestRefused),
    "says not modified": (reply(304, b""), RequestRefused),
}


@pytest.mark.parametrize(("behaviour", "error"), FAILURES.values(), ids=FAILURES)
def test_a_platform_that(open_session, behaviour, error):
    """… is told as what it did, and asked again only if the failure is temporary."""
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error) as raised:
        open_session(limits={"read": 0.2}).fetch(platform.url("/data"))
    assert platform.url("/data") in raised.value.text.ko
    tries = len(platform.requests)
    assert tries == (3 if error.temporary else 1)


def test_nobody_listening_is_unreachable(open_session):
    with pytest.raises(Unreachable, match="refused"):
        open_session().fetch(f"http://127.0.0.1:{unused_port()}/")


def test_a_name_that_does_not_resolve_is_unreachable(open_session, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", names({}))
    with pytest.raises(Unreachable, match=r"nowhere\.example cannot be resolved"):
        open_session().fetch("http://nowhere.example/")


def test_a_gzip_bomb_is_stopped_at_the_cap_and_leaves_nothing_behind(open_session, tmp_path):
    session = open_session(limits={"size": 100_000}, spool=tmp_path)
    with HostileServer({"/": gzip_bomb(32)}) as platform:
        began = time.process_time()
        with pytest.raises(TooLarge, match="100000 B"):
            session.fetch(platform.url())
    assert time.process_time() - began < 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_cut_body_without_a_length_looks_whole_and_is_left_to_the_connector(open_session):
    """Nothing on the wire tells: connectors prove the end by the document or by the count."""
    with HostileServer({"/": cut_without_length(BODY, 100)}) as platform:
        assert open_session().fetch(platform.url()).read_bytes() == BODY[:100]


# Time


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", head(200, Content_Length=10**6), head(200)],
    ids=["status line", "header", "body with a length", "body without an end"],
)
def test_a_dripping_platform_is_left_at_the_total_deadline(open_session, start):
    clock = Clock()
    with (
        HostileServer({"/": drip(start, meanwhile=lambda: clock.go_on(60))}) as platform,
        pytest.raises(TimedOut, match="within 250 s"),
    ):
        open_session(limits={"read": 100, "total": 250}, clock=clock).fetch(platform.url())
    assert len(platform.requests) == 1


def test_the_total_deadline_covers_all_attempts(open_session):
    clock = Clock()

    def hang_up_late(request: Request, connection: socket.socket) -> None:
        clock.go_on(20)

    # the third answer breaks off after 60 s: whether that is seen first, or that the time is over, is the machine's affair
    with HostileServer({"/": hang_up_late}) as platform, pytest.raises((BrokenOff, TimedOut)):
        open_session(limits={"total": 50, "attempts": 10}, clock=clock).fetch(platform.url())
    assert len(platform.requests) == 3  # begun after 0, 20 and 40 s


def test_a_failure_that_passes_is_not_noticed(open_session):
    flaky = in_turn(reply(500, b""), cut_with_length(BODY, 10), reply(200, BODY))
    with HostileServer({"/": flaky}) as platform:
        assert open_session().fetch(platform.url()).read_bytes() == BODY


def test_a_temporary_failure_told_in_the_body_is_repeated_too(open_session):
    def parse(answer):
        if answer.read_bytes() == b"busy":
            raise PlatformFailure(address=answer.location, answer="busy")
        return answer.read_bytes()

    with HostileServer({"/": in_turn(reply(200, b"busy"), reply(200, b"fine"))}) as platform:
        assert open_session().read(platform.url(), parse) == b"fine"


def test_a_used_up_quota_is_not_asked_again(open_session):
    def parse(answer):
        raise QuotaExceeded(address=answer.location, answer="22")

    with HostileServer({"/": reply(200, b"")}) as platform, pytest.raises(QuotaExceeded):
        open_session().read(platform.url(), parse)
    assert len(platform.requests) == 1


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        ("0", 0),
        ("30", 30),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0),
        (str(10**9), 60),
        (format_datetime(datetime.now(UTC) + timedelta(days=9), usegmt=True), 60),
        ("tomorrow", 5),
    ],
    ids=["no time", "half a minute", "a date gone by", "an absurd number", "an absurd date", "nonsense"],
)
def test_retry_after_is_honoured_and_clamped(open_session, monkeypatch, retry_after, pause):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    busy = in_turn(reply(429, b"", Retry_After=retry_after), reply(200, b"fine"))
    limits = {"total": 300, "retry_after": 60, "wait_initial": 5, "wait_max": 5, "wait_jitter": 0}
    with HostileServer({"/": busy}) as platform:
        assert open_session(limits=limits).fetch(platform.url()).read_bytes() == b"fine"
    assert len(platform.requests) == 2
    assert pauses == [pause]


def test_a_pause_longer_than_the_time_left_is_not_begun(open_session):
    with HostileServer({"/": reply(503, b"", Retry_After=30)}) as platform, pytest.raises(PlatformFailure):
        open_session(limits={"total": 1}).fetch(platform.url())
    assert len(platform.requests) == 1


# Addresses


FORBIDDEN = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:1::1]",
]
FORBIDDEN_ALWAYS = [
    "0.0.0.0",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[64:ff9b:1::1]",
]


@pytest.mark.parametrize("host", FORBIDDEN)
def test_an_address_that_is_not_public_is_refused(open_session, host):
    with pytest.raises(ForbiddenAddress) as raised:
        open_session(allow_private=False).fetch(f"http://{host}:1/latest/meta-data")
    assert not raised.value.temporary


@pytest.mark.parametrize("host", FORBIDDEN_ALWAYS)
def test_an_address_that_no_grant_opens_is_refused(open_session, host):
    with pytest.raises(ForbiddenAddress) as raised:
        open_session(allow_private=True).fetch(f"http://{host}:1/latest/meta-data")
    assert "allow_private" not in str(raised.value)


def test_the_refusal_of_a_private_address_tells_how_to_grant_it(open_session):
    with pytest.raises(ForbiddenAddress, match="allow_private = true"):
        open_session(allow_private=False).fetch("http://10.0.0.1/")


@pytest.mark.parametrize("port", [22, 5432, 6379])
def test_ports_that_speak_no_http_are_refused_on_granted_networks_too(open_session, port):
    with pytest.raises(ForbiddenAddress, match=f"port {port}"):
        open_session().fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "location",
    [
        "gopher://127.0.0.1/",
        "ftp://example.com/a.csv",
        "data:text/csv,a",
        "http:///a",
        "http://user:pass@example.com/",
        "http://good.example\\@evil.example/",
        "http://a\tb/",
        "http://a/\r\nHost: b",
        "file://server/share/a.csv",
    ],
)
def test_an_address_of_another_kind_is_refused(open_session, location):
    with pytest.raises(ForbiddenAddress) as raised:
        open_session().fetch(location)
    assert "user:pass" not in str(raised.value)


def names(table):
    """Return a resolver that knows only these names (a list of answers is used up one by one) and plain addresses."""
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name in table:
            found = table[name].pop(0) if isinstance(table[name][0], list) else table[name]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]
        return real(name, port, *args, **{**kwargs, "flags": socket.AI_NUMERICHOST})

    return resolve


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]])
def test_a_name_with_one_private_address_is_refused(open_session, monkeypatch, found):
    monkeypatch.setattr(socket, "getaddrinfo", names({"city.example": found}))
    with pytest.raises(ForbiddenAddress, match=r"127\.0\.0\.1"):
        open_session(allow_private=False).fetch("http://city.example/")


def test_a_name_is_resolved_once_and_the_judged_address_is_connected_to(open_session, monkeypatch):
    """The second answer, which an attacker would make a private one, is never asked for."""
    table = {"city.example": [["127.0.0.1"], ["169.254.169.254"]]}
    monkeypatch.setattr(socket, "getaddrinfo", names(table))
    with HostileServer({"/": reply(200, b"here")}) as platform:
        answer = open_session().fetch(platform.url("/", host="city.example"))
    assert answer.read_bytes() == b"here"
    assert platform.requests[0].headers["host"].startswith("city.example:")
    assert table == {"city.example": [["169.254.169.254"]]}


def test_a_name_that_turns_private_is_refused_at_the_next_connection(open_session, monkeypatch):
    table = {"city.example": [["127.0.0.1"], ["169.254.169.254"]]}
    monkeypatch.setattr(socket, "getaddrinfo", names(table))
    session = open_session()
    with HostileServer({"/": reply(200, b"here")}) as platform:
        session.fetch(platform.url("/", host="city.example"))
        with pytest.raises(ForbiddenAddress, match=r"169\.254\.169\.254"):
            session.fetch(platform.url("/", host="city.example"))


def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer(open_session, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", names({"city.example": ["127.0.0.9", "127.0.0.1"]}))
    with HostileServer({"/": reply(200, b"here")}) as platform:
        assert open_session().fetch(platform.url("/", host="city.example")).read_bytes() == b"here"


# Redirects


def test_three_redirects_are_followed_and_a_fourth_is_not(open_session):
    steps = {f"/{step}": redirect(f"/{step + 1}", status) for step, status in enumerate((301, 302, 307, 308))}
    with HostileServer({**steps, "/4": reply(200, b"end")}) as platform:
        session = open_session()
        assert session.fetch(platform.url("/1")).read_bytes() == b"end"
        with pytest.raises(RequestRefused, match="more than 3 times"):
            session.fetch(platform.url("/0"))


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//169.254.169.254/",
        "http://[::]/",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1:6379/",
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(open_session, location):
    with HostileServer({"/": redirect(location)}) as platform, pytest.raises(ForbiddenAddress):
        open_session(file_roots=()).fetch(platform.url())


def test_headers_of_the_caller_are_not_sent_to_another_host(open_session):
    with HostileServer({"/": reply(200, b"")}) as other:
        steps = {"/a": redirect("/b"), "/b": redirect(other.url("/c"))}
        with HostileServer(steps) as platform:
            open_session().fetch(platform.url("/a"), headers={"Authorization": "Bearer x"})
    assert [request.headers.get("authorization") for request in platform.requests] == ["Bearer x", "Bearer x"]
    assert "authorization" not in other.requests[0].headers
    assert "UrbanDataHub" in other.requests[0].headers["user-agent"]


def test_a_redirect_that_would_hand_the_key_to_another_host_is_refused(open_session):
    with HostileServer({"/": reply(200, b"")}) as other:
        thief = redirect(other.url(f"/steal?k={ENCODED_KEY}"))
        with HostileServer({"/": thief}) as platform, pytest.raises(ForbiddenAddress, match="another host") as raised:
            open_session(secrets=[KEY]).fetch(platform.url("/a"), params={"serviceKey": KEY})
    assert other.requests == []
    assert "steal?k=***" in str(raised.value)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is not here to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*command, "-days", "2", "-keyout", path, "-out", f"{path}.crt", *subject], check=True, capture_output=True
    )
    path.write_text(path.read_text() + path.with_name("server.pem.crt").read_text())
    return path


def test_a_certificate_nobody_vouches_for_is_refused(open_session, certificate):
    session = open_session(limits={"attempts": 1})
    server = HostileServer({"/": reply(200, b"")}, certificate=certificate)
    with server as platform, pytest.raises(CertificateRefused, match="no trusted authority"):
        session.fetch(platform.url())


def test_a_redirect_from_https_to_http_is_not_followed(open_session, certificate, monkeypatch, request):
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda **_: trusting)
    trusted_authorities.cache_clear()
    request.addfinalizer(trusted_authorities.cache_clear)
    with HostileServer({"/": reply(200, b"")}) as plain:
        behaviours = {"/down": redirect(plain.url("/")), "/": reply(200, b"safe")}
        with HostileServer(behaviours, certificate=certificate) as platform:
            session = open_session()
            assert session.fetch(platform.url("/")).read_bytes() == b"safe"
            with pytest.raises(ForbiddenAddress, match="from https to http"):
                session.fetch(platform.url("/down"))
    assert plain.requests == []


# Secrets


SPELLINGS = [
    KEY,
    ENCODED_KEY,
    ENCODED_KEY.lower().replace("ab", "aB"),
    "aB%252Bc%252Fd9%253D%253D",
    "aB c/d9==",
    "aB+c%2Fd9%3D=",
    "aB+c\\/d9==",
    "aB\\u002bc/d9\\u003d=",
    "aB&#43;c&#x2F;d9==",
]


@pytest.mark.parametrize("given", [KEY, ENCODED_KEY], ids=["given decoded", "given encoded"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_key_echoed_in_any_spelling_is_masked(open_session, given, spelling):
    body = f"<p>SERVICE KEY {spelling} IS NOT REGISTERED</p>".encode()
    with HostileServer({"/": reply(403, body)}) as platform, pytest.raises(KeyRefused) as raised:
        open_session(secrets=[given]).fetch(platform.url("/a"), params={"serviceKey": KEY})
    assert "SERVICE KEY *** IS NOT REGISTERED" in raised.value.text.en
    assert "serviceKey=***" in raised.value.text.ko


@pytest.mark.parametrize("behaviour", [row[0] for row in FAILURES.values()], ids=FAILURES)
def test_no_failure_tells_the_key(open_session, behaviour, caplog):
    caplog.set_level(logging.DEBUG)
    with HostileServer({"/": behaviour}) as platform, pytest.raises(SourceError) as raised:
        session = open_session(secrets=[KEY], limits={"attempts": 2, "read": 0.1})
        session.fetch(platform.url(f"/{ENCODED_KEY}/x"), params={"k": KEY}, headers={"X-Key": KEY})
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value.values) + caplog.text
    told += "".join(str(vars(record)) for record in caplog.records if record.name.startswith("stamina"))
    assert not any(spelling in told for spelling in SPELLINGS)
    assert "***" in told


def test_a_header_that_cannot_be_sent_does_not_tell_the_key(open_session):
    with HostileServer({"/": reply(200, b"")}) as platform, pytest.raises(RequestRefused) as raised:
        open_session(secrets=[KEY]).fetch(platform.url(), headers={"X-Key": f"{KEY}\r\nX: y"})
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_the_location_of_an_answer_is_masked(open_session):
    with HostileServer({"/": reply(200, b"")}) as platform:
        answer = open_session(secrets=[KEY]).fetch(platform.url(f"/{ENCODED_KEY}/json"), params={"k": KEY})
    assert answer.location == platform.url("/***/json?k=***")


def test_a_key_cut_by_the_excerpt_is_not_told_in_part(open_session):
    body = b"<i>" * 2729 + b"  " + KEY.encode()
    with HostileServer({"/": reply(500, body)}) as platform, pytest.raises(PlatformFailure) as raised:
        open_session(secrets=[KEY], limits={"attempts": 1}).fetch(platform.url())
    assert KEY[:3] not in str(raised.value)


def test_a_web_page_is_quoted_by_its_title(open_session):
    with HostileServer({"/": reply(500, HTML_LOGIN)}) as platform, pytest.raises(PlatformFailure) as raised:
        open_session(limits={"attempts": 1}).fetch(platform.url())
    assert "HTTP 500 통합 로그인" in raised.value.text.ko


def test_a_message_is_short_and_has_no_control_characters(open_session):
    body = ("경고\u202e\x1b[31m\n" * 500).encode("cp949", "ignore")
    with HostileServer({"/": reply(400, body)}) as platform, pytest.raises(RequestRefused) as raised:
        open_session().fetch(platform.url())
    assert "경고" in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400


# The archive


def test_the_archive_gets_every_complete_answer_also_refused_ones(open_session):
    kept = []
    session = open_session(archive=lambda answer: kept.append((answer.status, answer.read_bytes())))
    flaky = in_turn(reply(500, b"oh"), cut_with_length(BODY, 10), reply(200, b"fine"))
    with HostileServer({"/": flaky}) as platform:
        session.fetch(platform.url())
    assert kept == [(500, b"oh"), (200, b"fine")]


def test_an_explanation_of_an_error_status_comes_before_the_status(open_session):
    def explain(answer):
        raise QuotaExceeded(address=answer.location, answer="22")

    with HostileServer({"/": reply(429, b"22")}) as platform, pytest.raises(QuotaExceeded):
        open_session().read(platform.url(), lambda answer: None, explain=explain)


# Local files


@pytest.fixture
def roots(tmp_path):
    for name in ("allowed", "also", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.csv").write_bytes(name.encode())
    (tmp_path / "allowed" / "한글 파일.csv").write_bytes(b"korean")
    (tmp_path / "allowed" / "link.csv").symlink_to(tmp_path / "secret" / "secret.csv")
    (tmp_path / "allowed" / "fine.csv").symlink_to(tmp_path / "also" / "also.csv")
    (tmp_path / "allowed" / "folder").symlink_to(tmp_path / "secret")
    (tmp_path / "allowed" / "circle.csv").symlink_to(tmp_path / "allowed" / "circle.csv")
    os.mkfifo(tmp_path / "allowed" / "pipe.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("location", "content"),
    [
        ("{root}/allowed/allowed.csv", b"allowed"),
        ("file://{root}/allowed/allowed.csv", b"allowed"),
        ("file:{root}/allowed/%ED%95%9C%EA%B8%80%20%ED%8C%8C%EC%9D%BC.csv", b"korean"),
        ("{root}/allowed/../also/also.csv", b"also"),
        ("{root}/allowed/fine.csv", b"also"),
        ("also.csv", b"also"),
        ("한글 파일.csv", b"korean"),
    ],
)
def test_a_file_under_a_root_is_read(open_session, roots, location, content):
    session = open_session(file_roots=[roots / "allowed", roots / "also"])
    answer = session.fetch(location.format(root=roots))
    assert answer.read_bytes() == content
    assert (answer.content_type, answer.status) == ("text/csv", 200)


@pytest.mark.parametrize(
    "location",
    [
        "{root}/secret/secret.csv",
        "file://{root}/secret/secret.csv",
        "{root}/allowed/../secret/secret.csv",
        "{root}/allowed/link.csv",
        "{root}/allowed/folder/secret.csv",
        "{root}/allowed/circle.csv",
        "link.csv",
        "../secret/secret.csv",
        "/etc/passwd",
        "/proc/self/environ",
        "{root}/allowed2/x.csv",
        "a\0b",
    ],
)
def test_a_file_outside_the_roots_is_refused(open_session, roots, location):
    with pytest.raises(ForbiddenAddress) as raised:
        open_session(file_roots=[roots / "allowed"]).fetch(location.format(root=roots))
    assert "HUB_FILE_ROOTS" in raised.value.text.ko or "circle" in location or "\0" in location


@pytest.mark.parametrize("location", ["allowed/missing.csv", "allowed/folder2", "allowed", "allowed/pipe.csv"])
def test_what_is_no_file_under_a_root_is_unreachable(open_session, roots, location):
    with pytest.raises(Unreachable, match="no such file"):
        open_session(file_roots=[roots / "allowed"], limits={"attempts": 1}).fetch(f"{roots}/{location}")


def test_without_roots_no_file_is_read(open_session, roots):
    with pytest.raises(ForbiddenAddress, match="HUB_FILE_ROOTS"):
        open_session().fetch(f"{roots}/allowed/allowed.csv")


def test_a_local_file_over_the_cap_is_too_large(open_session, roots):
    (roots / "allowed" / "big.csv").write_bytes(bytes(11))
    with pytest.raises(TooLarge, match="10 B"):
        open_session(file_roots=[roots / "allowed"], limits={"size": 10}).fetch("big.csv")


@pytest.mark.parametrize(
    ("location", "web"), [("http://a/", True), ("HTTPS://a/", True), ("/a", False), ("file:///a", False), ("", False)]
)
def test_what_counts_as_web(location, web):
    assert is_web(location) is web


def test_defaults_are_those_that_were_promised():
    limits = Limits()
    assert (limits.connect, limits.read, limits.total, limits.size) == (5, 30, 300, 512 * 2**20)
    assert issubclass(TimedOut, IngestError)
