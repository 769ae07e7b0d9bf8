"""Platforms that lead elsewhere: names that change, redirects, strange spellings; every connector runs into them.

The identifiers are those of the list in docs/faults.md. The guard alone is tested in ``tests/ingest/test_http.py``, next
links and spellings of this machine's address in ``test_wire_faults.py``.
"""

import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from builders import make_dataset
from django.conf import LazySettings
from healthy_platforms import PLATFORMS, SECRET, Platform
from hostile_server import HostileServer, Request, redirect, reply
from pulling import make_source, published, pull, records

from catalog.records import Column, Schema
from ingest.http import Limits
from ingest.models import Run, Source
from ingest.own_services import own_services

pytestmark = pytest.mark.django_db
HASTY = Limits(connect=0.5, read=0.5, total=2, wait_initial=0.01, wait_max=0.02, wait_jitter=0.01, attempts=2)
REFUSED = {"forbidden-address", "request-refused"}
INSIDE = b"root:x:0:0 the secret of another server"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sessions.fetch_limits", lambda: HASTY)
    monkeypatch.setenv("PLANTED_KEY", SECRET)


def source_of(platform: Platform, address: str, **options: Any) -> Source:
    identifier, value = platform.names
    columns = (Column("station", source=identifier, required=True), Column("amount", "integer", source=value))
    secret = {platform.secret: {"env": "PLANTED_KEY"}} if platform.secret else {}
    return make_source(
        "",
        platform.connector,
        connector=platform.connector,
        config={**platform.config, platform.address: address, **secret},
        dataset=make_dataset(platform.connector, schema=Schema(columns=columns, key=("station",))),
        **{"allow_private": True, "ignored_columns": ["type", "_id"], **options},
    )


def assert_refused(run: Run, told: str) -> None:
    assert (run.state, run.error_code) in {(Run.State.FAILED, code) for code in REFUSED}, (told, run.error_en)
    for text in (run.error_ko, run.error_en):
        assert len(text) > 20
        assert SECRET not in text
        assert "secret of another server" not in text
    assert any("가" <= letter <= "힣" for letter in run.error_ko)


def resolving(monkeypatch: pytest.MonkeyPatch, answer: Callable[[int], list[str]]) -> list[str]:
    """Let ``city.example`` have the addresses that ``answer`` gives for each time it is asked; return what was given."""
    real, given = socket.getaddrinfo, []

    def resolve(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if (host.decode() if isinstance(host, bytes) else host) != "city.example":
            return real(host, port, *arguments, **options)
        found = answer(len(given))
        given.append(" ".join(found))
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return given


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_name_that_leads_inside_is_refused_whenever_it_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:  # E2
    platform = PLATFORMS[name]
    inside = {
        "metadata": ["169.254.169.254"],
        "mixed": ["127.0.0.1", "169.254.169.254"],
        "both kinds": ["127.0.0.1", "fe80::1"],
    }
    with HostileServer({"/": platform.serve()}) as server, monkeypatch.context() as patch:
        resolving(patch, lambda times: ["127.0.0.1"])
        source = source_of(platform, server.url(platform.path, host="city.example"))
        assert pull(source).state == Run.State.PUBLISHED
        before, asked = published(source), len(server.requests)
        for told, addresses in inside.items():
            resolving(patch, lambda times, addresses=addresses: addresses)
            assert_refused(pull(source), told)
            assert len(server.requests) == asked, told
        if platform.has_pages:
            given = resolving(patch, lambda times: ["127.0.0.1"] if times == 0 else ["169.254.169.254"])
            assert_refused(pull(source), "rebinding")
            assert given == ["127.0.0.1", "169.254.169.254"]
        assert published(source) == before


def elsewhere(port: int) -> dict[str, str]:
    return {
        "metadata": "http://169.254.169.254/latest/meta-data",
        "an unspecified address": "http://0.0.0.0/",
        "a file": "file:///etc/passwd",
        "another protocol": "gopher://127.0.0.1/",
        "a port of the queue": "http://127.0.0.1:6379/",
        "a port of the database": "http://127.0.0.1:5432/",
        "a login in it": f"http://user:word@127.0.0.1:{port}/inside",
        "itself for ever": "",
    }


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_redirect_to_where_nobody_may_go_is_refused(name: str) -> None:  # E3, E4, E7
    platform, now = PLATFORMS[name], [PLATFORMS[name].serve()]
    with HostileServer({"/inside": reply(200, INSIDE)}) as other:
        with HostileServer({"/": lambda asked, connection: now[0](asked, connection)}) as server:
            source = source_of(platform, server.url(platform.path))
            assert pull(source).state == Run.State.PUBLISHED
            before = published(source)
            for told, location in elsewhere(other.port).items():
                now[0] = round_and_round if not location else redirect(location)
                assert_refused(pull(source), told)
        assert other.requests == []
        assert published(source) == before


def round_and_round(request: Request, connection: socket.socket) -> None:
    redirect(request.target)(request, connection)


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 5672, 6379, 11211])
@pytest.mark.parametrize("name", ["file of CSV", "datagokr", "ngsild"])
def test_ports_of_our_own_services_are_refused_although_private_addresses_are_allowed(
    name: str, port: int
) -> None:  # E4
    platform = PLATFORMS[name]
    run = pull(source_of(platform, f"http://127.0.0.1:{port}{platform.path}"))
    assert_refused(run, str(port))
    assert str(port) in run.error_en


@pytest.mark.parametrize("setting", ["DATABASES", "CELERY_BROKER_URL", "BASE_URL"])
def test_the_services_that_the_hub_is_made_of_are_refused_wherever_they_answer(
    setting: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:  # E4
    platform = PLATFORMS["file of CSV"]
    with HostileServer({"/": platform.serve()}) as server:
        with monkeypatch.context() as patch:
            if setting == "DATABASES":
                patch.setitem(settings.DATABASES["default"], "HOST", "localhost")
                patch.setitem(settings.DATABASES["default"], "PORT", str(server.port))
            elif setting == "CELERY_BROKER_URL":
                patch.setattr(settings, setting, f"redis://:word@127.0.0.1:{server.port}/0")
            else:
                patch.setattr(settings, setting, f"http://localhost:{server.port}")
            services = set(own_services())
        monkeypatch.setattr("ingest.addresses.OWN_SERVICES", services)
        run = pull(source_of(platform, server.url(platform.path)))
        assert server.requests == []
    assert_refused(run, setting)
    assert "허브 자신의" in run.error_ko


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.7", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
def test_an_own_service_is_known_in_every_disguise_of_its_address(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # E4
    platform = PLATFORMS["file of CSV"]
    with HostileServer({"/": platform.serve()}) as server:
        monkeypatch.setattr("ingest.addresses.OWN_SERVICES", {("localhost", server.port)})
        run = pull(source_of(platform, f"http://{host}:{server.port}{platform.path}"))
        assert server.requests == []
    assert_refused(run, host)
    assert "허브 자신의" in run.error_ko


STRANGE = {
    "a login": ("http://user:word@127.0.0.1:{port}/a.csv", "word"),
    "a login that looks like a host": ("http://data.go.kr:80@127.0.0.1:{port}/a.csv", ""),
    "a backslash": ("http://data.go.kr\\@127.0.0.1:{port}/a.csv", ""),
    "a line break": ("http://127.0.0.1:{port}/a.csv\r\nX-Evil: 1", ""),
    "a tab": ("http://127.0.0.1\t:{port}/a.csv", ""),
    "a NUL": ("http://127.0.0.1:{port}/a\0.csv", ""),
    "a socket of this machine": ("http+unix://%2Frun%2Fredis.sock/a.csv", ""),
    "no host": ("http:///a.csv", ""),
}


@pytest.mark.parametrize("told", STRANGE)
def test_an_address_in_a_strange_spelling_is_refused_and_its_password_told_nowhere(
    told: str, caplog: pytest.LogCaptureFixture
) -> None:  # E6
    spelling, password = STRANGE[told]
    caplog.set_level(logging.DEBUG)
    with HostileServer({"/": reply(200, b"id,value\nS001,1\n")}) as server:
        source = source_of(PLATFORMS["file of CSV"], server.url("/a.csv"))
        Source.objects.filter(pk=source.pk).update(config={"path": spelling.format(port=server.port)})
        run = pull(Source.objects.get(pk=source.pk))
        assert run.state == Run.State.FAILED, run.error_en
        assert run.error_code in {"forbidden-address", "bad-setup"}
        assert server.requests == []
    if password:
        assert f":{password}@" not in caplog.text + run.error_ko + run.error_en


@pytest.mark.parametrize("host", ["１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "ⓛocalhost"])
def test_digits_and_letters_of_another_kind_lead_to_the_same_refusal(host: str) -> None:  # E6
    with HostileServer({"/": reply(200, b"id,value\nS001,1\n")}) as server:
        run = pull(source_of(PLATFORMS["file of CSV"], f"http://{host}:{server.port}/a.csv", allow_private=False))
        assert run.error_code in {"forbidden-address", "unreachable"}, run.error_en
        assert server.requests == []


def test_what_an_answer_names_is_not_fetched() -> None:  # E9
    """A context, a schema and a stylesheet elsewhere are words of the answer, not addresses to go to."""
    with HostileServer({"/": reply(200, INSIDE)}) as other:
        there = other.url("/inside")
        entities = [{"@context": there, "id": "S1", "type": "Air", "value": {"type": "Property", "value": 1}}]
        document = (
            f'<?xml version="1.0"?><?xml-stylesheet href="{there}"?><r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="urn:x {there}"><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{there}"/>'
            "<row><id>S1</id><value>1</value></row></r>"
        )
        answers: list[tuple[Platform, dict[str, Any], bytes]] = [
            (PLATFORMS["ngsild"], {}, b""),
            (PLATFORMS["file of CSV"], {"records": "r.row"}, document.encode()),
        ]

        for platform, config, body in answers:
            headers = {"Link": f'<{there}>; rel="http://www.w3.org/ns/json-ld#context"', "NGSILD-Results-Count": 1}
            body = body or json.dumps(entities).encode()
            with HostileServer({"/": reply(200, body, **headers)}) as server:
                path = "/a.xml" if config else platform.path
                source = source_of(platform, server.url(path), ignored_columns=["type", "@context"])
                Source.objects.filter(pk=source.pk).update(config={**source.config, **config})
                run = pull(Source.objects.get(pk=source.pk))
                assert run.state == Run.State.PUBLISHED, run.error_en
                assert [(record["station"], record["amount"]) for record in records(source)] == [("S1", 1)]
        assert other.requests == []
