"""Every connector against every fault of the wire: how the run ends, what is said, and that what is published stays.

The identifiers are those of the list in docs/faults.md.
"""

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from builders import make_dataset
from healthy_platforms import PLATFORMS, ROWS, SECRET, Platform, Row
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    Behaviour,
    HostileServer,
    Request,
    cut_with_length,
    cut_without_length,
    drip,
    gzip_bomb,
    hang_up,
    head,
    reply,
    stay_silent,
    unused_port,
)
from pulling import make_source, published, pull, records

from catalog.records import Column, Schema
from ingest.http import Limits
from ingest.models import Host, Run, Source

pytestmark = pytest.mark.django_db

HASTY = Limits(
    connect=0.5, read=0.4, total=1.2, size=2**20, wait_initial=0.01, wait_max=0.02, wait_jitter=0.01, retry_after=1.0
)
AT_ONCE = replace(HASTY, read=0.15, total=0.3)  # for who never answers
TEMPORARY = frozenset({Run.State.WAITING})
LASTING = frozenset({Run.State.FAILED})
HELD = frozenset({Run.State.HELD})
NOT_PUBLISHED = TEMPORARY | LASTING | HELD
WELL = frozenset({Run.State.PUBLISHED, Run.State.UNCHANGED})
Spoil = Callable[[Platform], Behaviour]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, the states that the run may end in, and what it says: one of these codes."""

    identifier: str
    spoil: Spoil
    ends: frozenset[str]
    codes: frozenset[str] = frozenset()
    concerns: Callable[[Platform], bool] = lambda platform: True
    limits: Limits = HASTY


def always(behaviour: Behaviour) -> Spoil:
    return lambda platform: behaviour


def first_time(spoiled: Callable[[bytes], Behaviour], number: int = 1) -> Spoil:
    """Spoil the answer to one request, the second page where there is one, and answer it well when it is repeated."""

    def spoil(platform: Platform) -> Behaviour:
        healthy, seen = platform.serve(), []

        def act(request: Request, connection: socket.socket) -> None:
            seen.append(request.target)
            at = 2 if platform.has_pages else 1
            if len(set(seen)) == at and seen.count(request.target) == number and len(seen) == at:
                spoiled(platform.answer(request, ROWS).body)(request, connection)
            else:
                healthy(request, connection)

        return act

    return spoil


def every_body(change: Callable[[bytes], Behaviour]) -> Spoil:
    def spoil(platform: Platform) -> Behaviour:
        def act(request: Request, connection: socket.socket) -> None:
            change(platform.answer(request, ROWS).body)(request, connection)

        return act

    return spoil


def over_and_over(platform: Platform) -> Behaviour:
    """Give the first answer whatever page is asked for, with a next link where there are links."""
    first: dict[str, Any] = {}

    def act(request: Request, connection: socket.socket) -> None:
        page = "" if platform.connector == "seoul" else request.path  # where the place of a page is a part of the path
        kind = page + ("#count" if "returnCountOnly" in request.query else "")
        body, headers = first.setdefault(kind, (lambda r: (r.body, r.headers))(platform.answer(request, ROWS)))
        connection.sendall(head(200, Content_Length=len(body), **headers) + body)

    return act


def growing(platform: Platform) -> Behaviour:
    """Announce another total from the second page on."""
    pages: list[str] = []

    def act(request: Request, connection: socket.socket) -> None:
        pages.append(request.target)
        more = (
            tuple((f"T{at}", at) for at in range(5))
            if len(pages) > (3 if platform.connector == "arcgis" else 2)
            else ()
        )
        platform.serve((*ROWS, *more))(request, connection)

    return act


def shifted(rows: Sequence[Row]) -> Spoil:
    """Have other rows before the rest from the second page on, so that every later row stands elsewhere."""

    def spoil(platform: Platform) -> Behaviour:
        pages: list[str] = []

        def act(request: Request, connection: socket.socket) -> None:
            pages.append(request.target)
            is_later = len(pages) > (3 if platform.connector == "arcgis" else 1 if platform.connector != "ckan" else 2)
            platform.serve(rows if is_later else ROWS)(request, connection)

        return act

    return spoil


def empty(platform: Platform) -> Behaviour:
    return platform.serve(())


def cut_at_a_line(body: bytes) -> Behaviour:
    """End after a third of the lines, which nothing on the wire tells."""
    return cut_without_length(body, body[: len(body) // 3].rindex(b"\n") + 1)


def busy(after: str) -> Spoil:
    return first_time(lambda body: reply(429, b"slow down", Retry_After=after))


def mislabelled(platform: Platform) -> Behaviour:
    """Say that the answer is something else than it is, with a mark before it where text allows one."""

    def act(request: Request, connection: socket.socket) -> None:
        answer = platform.answer(request, ROWS)
        mark = b"" if platform.connector == "gtfs" else b"\xef\xbb\xbf"
        body = mark + answer.body
        headers = {**answer.headers, "Content_Type": "text/html; charset=euc-kr"}
        connection.sendall(head(200, Content_Length=len(body), **headers) + body)

    return act


def endless(request: Request, connection: socket.socket) -> None:
    connection.sendall(head(200, Content_Type="application/json") + b"[")
    while True:
        connection.sendall(b"1," * 32_768)


FAULTS: tuple[Fault, ...] = (
    Fault("A2 silence", always(stay_silent), TEMPORARY, frozenset({"timed-out"}), limits=AT_ONCE),
    Fault("A3 a byte at a time", always(drip(head(200, Content_Length=10**6), lambda: None)), TEMPORARY, frozenset({"timed-out"}), limits=AT_ONCE),
    Fault("A4 hangs up once", first_time(lambda body: hang_up), WELL),
    Fault("A4 hangs up always", always(hang_up), TEMPORARY, frozenset({"broken-off", "unreachable"})),
    Fault("A5 cut once", first_time(lambda body: cut_with_length(body, len(body) // 2)), WELL),
    Fault("A5 cut always", every_body(lambda body: cut_with_length(body, len(body) // 2)), TEMPORARY, frozenset({"broken-off"})),
    Fault("A6 cut without a word", every_body(lambda body: cut_without_length(body, len(body) // 3)), NOT_PUBLISHED),
    Fault("A7 cut at the end of a line", every_body(cut_at_a_line), HELD, frozenset({"held-back"}), lambda platform: platform.path == "/a.csv"),
    Fault("A10 a login page", always(reply(200, HTML_LOGIN, Content_Type="text/html")), NOT_PUBLISHED),
    Fault("A10 closed for maintenance", always(reply(200, HTML_MAINTENANCE, Content_Type="text/html")), NOT_PUBLISHED),
    Fault("A12 slow down, half a second", busy("0"), WELL),
    Fault("A12 slow down, thirty years", busy("1000000000"), WELL),
    Fault("A13 unavailable", always(reply(503, b"busy")), TEMPORARY, frozenset({"platform-failure"})),
    Fault("A14 the total changes", growing, NOT_PUBLISHED, concerns=lambda platform: platform.has_total),
    Fault("A15 a row comes in between", shifted((("T000", 0), *ROWS)), NOT_PUBLISHED, concerns=lambda platform: platform.has_total),
    Fault("A15 a row goes in between", shifted(ROWS[1:]), NOT_PUBLISHED, concerns=lambda platform: platform.has_total),
    Fault("A16 the same page for ever", over_and_over, NOT_PUBLISHED, concerns=lambda platform: platform.has_pages),
    Fault("A17 suddenly nothing", empty, HELD, frozenset({"held-back"})),
    Fault("A18 endless", always(endless), LASTING, frozenset({"too-large"})),
    Fault("A19 a bomb", always(gzip_bomb(64)), LASTING, frozenset({"too-large"})),
    Fault("A20 mislabelled", mislabelled, WELL),
    Fault("not found", always(reply(404, b"no")), LASTING, frozenset({"request-refused"})),
    Fault("its own failure", always(reply(500, b"<h1>oops</h1>")), TEMPORARY, frozenset({"platform-failure"})),
)  # fmt: skip


@dataclass
class Stage:
    """A source of one platform; what stands between them can be changed between two pulls."""

    platform: Platform
    server: HostileServer
    source: Source
    now: list[Behaviour]

    def pull(self, behaviour: Behaviour) -> Run:
        self.now[0] = behaviour
        return pull(self.source)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sessions.fetch_limits", lambda: HASTY)


@pytest.fixture
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    platform = PLATFORMS[request.param]
    monkeypatch.setenv("PLANTED_KEY", SECRET)
    now: list[Behaviour] = [platform.serve()]
    with HostileServer({"/": lambda asked, connection: now[0](asked, connection)}) as server:
        yield Stage(platform, server, source_of(platform, server.url(platform.path)), now)


def source_of(platform: Platform, address: str, **options: Any) -> Source:
    identifier, value = platform.names
    schema = Schema(
        columns=(Column("station", source=identifier, required=True), Column("amount", "integer", source=value)),
        key=("station",),
    )
    secret = {platform.secret: {"env": "PLANTED_KEY"}} if platform.secret else {}
    return make_source(
        "",
        platform.connector,
        connector=platform.connector,
        config={**platform.config, platform.address: address, **secret},
        dataset=make_dataset(platform.connector, schema=schema),
        **{"allow_private": True, "ignored_columns": ["type", "_id"], **options},
    )


def all_records(source: Source) -> list[tuple[str, int]]:
    return [(record["station"], record["amount"]) for record in records(source)]


@pytest.mark.parametrize("stage", PLATFORMS, indirect=True)
def test_a_healthy_platform_is_published_whole(stage: Stage) -> None:
    run = stage.pull(stage.platform.serve())
    assert run.state == Run.State.PUBLISHED, run.error_en
    assert all_records(stage.source) == list(ROWS)


@pytest.mark.parametrize("stage", PLATFORMS, indirect=True)
def test_every_fault_ends_as_it_should_and_leaves_what_is_published(
    stage: Stage, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.pull(stage.platform.serve()).state == Run.State.PUBLISHED
    before = published(stage.source)
    for fault in (fault for fault in FAULTS if fault.concerns(stage.platform)):
        with subtests.test(fault.identifier):
            meet(stage, fault, before.digest, monkeypatch)
        Run.objects.filter(state=Run.State.WAITING).update(state=Run.State.FAILED)
        Host.objects.all().delete()  # so many failures in a row would let the host rest
    assert stage.pull(stage.platform.serve()).state in WELL  # and the next one goes well


def meet(stage: Stage, fault: Fault, digest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr("ingest.sessions.fetch_limits", lambda: fault.limits)
        run = stage.pull(fault.spoil(stage.platform))
    assert time.monotonic() - began < 30
    assert run.state in fault.ends, (run.state, run.error_code, run.error_en)
    assert published(stage.source).digest == digest
    if run.state in WELL:
        assert (run.error_code, run.rejected, run.accepted) == ("", 0, len(ROWS))
        return
    assert not fault.codes or run.error_code in fault.codes, (run.error_code, run.error_en)
    assert_told(run)


def assert_told(run: Run) -> None:
    """A sentence in both languages, with no secret in it nor anything of the hub's insides."""
    for text in (run.error_ko, run.error_en):
        assert len(text) > 20
        assert SECRET not in text
        assert "Traceback" not in text and "object at 0x" not in text
    assert any("가" <= letter <= "힣" for letter in run.error_ko)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_that_is_not_there_is_tried_again_later(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_KEY", SECRET)
    platform = PLATFORMS[name]
    run = pull(source_of(platform, f"http://127.0.0.1:{unused_port()}{platform.path}"))
    assert (run.state, run.error_code) == (Run.State.WAITING, "unreachable")
    assert_told(run)


LINKS = [name for name, platform in PLATFORMS.items() if platform.links]


@pytest.mark.parametrize("stage", LINKS, indirect=True)
@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//other.example/x"]
)
def test_a_next_link_to_somewhere_else_is_not_followed(stage: Stage, address: str) -> None:
    healthy = stage.platform

    def elsewhere(request: Request, connection: socket.socket) -> None:
        body = healthy.answer(request, ROWS).body
        for mark in (b'"/api', b'"/FROST', request.path.encode().join([b'"', b""])):
            body = body.replace(mark, f'"{address}'.encode())
        connection.sendall(head(200, Content_Length=len(body), Content_Type="application/json") + body)

    run = stage.pull(elsewhere)
    assert run.state == Run.State.FAILED, (run.state, run.error_en)
    assert published(stage.source) is None
    assert_told(run)


SPELLINGS: Mapping[str, str] = {
    "this machine": "http://127.0.0.1:{port}",
    "this machine in short": "http://127.1:{port}",
    "as one number": "http://2130706433:{port}",
    "in hexadecimal": "http://0x7f000001:{port}",
    "nothing": "http://0:{port}",
    "IPv6": "http://[::1]:{port}",
    "IPv4 in IPv6": "http://[::ffff:127.0.0.1]:{port}",
    "NAT64": "http://[64:ff9b::7f00:1]:{port}",
    "6to4": "http://[2002:7f00:1::]:{port}",
    "metadata": "http://169.254.169.254",
    "a carrier's": "http://100.64.0.1",
    "private": "http://10.0.0.1",
    "by name": "http://localhost:{port}",
    "a gopher": "gopher://127.0.0.1:{port}",
    "with a login": "http://user:word@127.0.0.1:{port}",
}


FEW_SPELLINGS = {told: SPELLINGS[told] for told in ("this machine", "as one number", "metadata", "with a login")}


@pytest.mark.parametrize("name", PLATFORMS)
def test_no_connector_reaches_what_is_not_public(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_KEY", SECRET)
    platform = PLATFORMS[name]
    with HostileServer({"/": platform.serve()}) as server:
        source = source_of(platform, server.url(platform.path), allow_private=False)
        for told, spelling in SPELLINGS.items() if name == "file of CSV" else FEW_SPELLINGS.items():
            address = spelling.format(port=server.port) + platform.path
            Source.objects.filter(pk=source.pk).update(config={**source.config, platform.address: address})
            run = pull(source)
            assert run.state == Run.State.FAILED, (told, run.state)
            assert run.error_code in {"forbidden-address", "bad-setup"}, (told, run.error_code, run.error_en)
            assert_told(run)
        assert server.requests == []


@pytest.mark.parametrize("stage", PLATFORMS, indirect=True)
def test_a_certificate_that_nobody_signed_is_refused(stage: Stage, own_certificate: Any) -> None:
    with HostileServer({"/": stage.platform.serve()}, certificate=own_certificate.file) as server:
        address = server.url(stage.platform.path, host="localhost")
        Source.objects.filter(pk=stage.source.pk).update(
            config={**stage.source.config, stage.platform.address: address}
        )
        run = pull(stage.source)
        assert run.error_code == "certificate-refused", (run.state, run.error_en)
        assert "certificate" in run.error_en
        assert_told(run)
        Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED)
        Source.objects.filter(pk=stage.source.pk).update(ca_certificates=own_certificate.authority)
        assert pull(Source.objects.get(pk=stage.source.pk)).state == Run.State.PUBLISHED
