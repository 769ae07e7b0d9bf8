"""Trying addresses: politely, by HEAD and then by GET, and never beyond what the hub may reach."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from builders import make_dataset
from django.utils import timezone

from catalog.models import LinkCheck
from catalog.standard.links import Answer
from ingest.http import Limits, Session
from ingest.links import PAUSE, ROUND, check_due_links, check_links, hosts_in_turn, try_address
from ingest.tasks import assess
from ingest.tasks import check_links as check_links_task

QUICK = Limits(connect=2, read=0.5, total=1.5, redirects=3, attempts=1)


class Site(BaseHTTPRequestHandler):
    """A site with its habits: what a path answers to HEAD and to GET."""

    ANSWERS = {
        "/good": (200, 200),
        "/no-head": (405, 206),
        "/head-is-404": (404, 200),
        "/gone": (404, 404),
        "/bots": (403, 403),
        "/too-often": (429, 200),
        "/broken": (500, 500),
        "/empty": (204, 204),
    }

    def do_HEAD(self) -> None:
        self.answer(0)

    def do_GET(self) -> None:
        self.answer(1)

    def answer(self, column: int) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Range", "")))
        if self.path == "/slow":
            time.sleep(2)
        if self.path.startswith("/moved"):
            self.send_response(301)
            self.send_header("Location", "/moved-again" if self.path == "/moved-for-ever" else "/good")
            self.end_headers()
            return
        if self.path == "/moved-again":
            self.path = "/moved-for-ever"
        self.send_response(self.ANSWERS.get(self.path, (404, 404))[column])
        self.send_header("Content-Length", "1000000000")  # nobody should read it
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def address(site: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{site.server_port}{path}"


@pytest.mark.parametrize(
    ("path", "answer", "methods"),
    [
        ("/good", Answer(200), ["HEAD"]),
        ("/empty", Answer(204), ["HEAD"]),
        ("/no-head", Answer(206), ["HEAD", "GET"]),
        ("/head-is-404", Answer(200), ["HEAD", "GET"]),
        ("/gone", Answer(404), ["HEAD", "GET"]),
        ("/bots", Answer(403), ["HEAD", "GET"]),
        ("/too-often", Answer(429), ["HEAD"]),
        ("/broken", Answer(500), ["HEAD", "GET"]),
        ("/slow", Answer(None, is_late=True), ["HEAD"]),
    ],
)
def test_an_address_is_asked_by_head_and_where_that_fails_for_its_first_byte(
    site: ThreadingHTTPServer, path: str, answer: Answer, methods: list[str]
) -> None:
    with Session(allow_private=True, limits=QUICK) as session:
        assert try_address(session, address(site, path)) == answer
    assert [method for method, _, _ in site.asked] == methods
    assert all(wanted == "bytes=0-0" for method, _, wanted in site.asked if method == "GET")


def test_an_address_that_moved_says_where_to(site: ThreadingHTTPServer) -> None:
    with Session(allow_private=True, limits=QUICK) as session:
        assert try_address(session, address(site, "/moved")) == Answer(200, moved_to=address(site, "/good"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://no-such-host.invalid/",
        "http://user:secret@127.0.0.1/",
        "not an address",
        "http://[bad",
    ],
)
def test_an_address_that_leads_nowhere_answers_nothing(url: str) -> None:
    with Session(allow_private=True, limits=QUICK) as session:
        assert try_address(session, url) == Answer(None)


def test_an_address_in_a_private_network_is_not_asked(site: ThreadingHTTPServer) -> None:
    with Session(limits=QUICK) as session:
        assert try_address(session, address(site, "/good")) == Answer(None)
    assert site.asked == []


def test_hosts_take_turns() -> None:
    urls = ["http://a/1", "http://a/2", "http://a/3", "http://b/1", "http://c/1", "http://c/2"]
    assert list(hosts_in_turn(urls)) == [
        "http://a/1",
        "http://b/1",
        "http://c/1",
        "http://a/2",
        "http://c/2",
        "http://a/3",
    ]


@pytest.mark.django_db
def test_one_host_is_not_asked_twice_in_a_second(site: ThreadingHTTPServer) -> None:
    pauses: list[float] = []
    urls = [address(site, path) for path in ("/good", "/gone", "/bots")]
    with Session(allow_private=True, limits=QUICK) as session:
        assert check_links(urls, session, sleep=pauses.append) == 3
    assert len(pauses) == 2
    assert all(0 < pause <= PAUSE for pause in pauses)
    assert dict(LinkCheck.objects.values_list("url", "state")) == {
        urls[0]: "answers",
        urls[1]: "failing",
        urls[2]: "blocked",
    }


@pytest.mark.django_db
def test_a_round_ends_in_time(site: ThreadingHTTPServer) -> None:
    moments = iter(range(0, 10_000, 200))
    urls = [address(site, f"/good?{number}") for number in range(9)]
    with Session(allow_private=True, limits=QUICK) as session:
        tried = check_links(urls, session, sleep=lambda seconds: None, clock=lambda: float(next(moments)))
    assert 0 < tried < len(urls)


@pytest.mark.django_db
def test_due_addresses_are_tried_once(site: ThreadingHTTPServer) -> None:
    make_dataset(
        "parking", distributions=[{"access_url": address(site, "/good"), "download_url": address(site, "/good")}]
    )
    with Session(allow_private=True, limits=QUICK) as session:
        assert check_due_links("https://hub.example", session) == 1
        assert check_due_links("https://hub.example", session) == 0
    assert LinkCheck.objects.get().answered_at is not None


@pytest.mark.django_db
def test_a_round_has_an_end() -> None:
    make_dataset("parking", distributions=[{"access_url": f"http://127.0.1.{n}:1/"} for n in range(ROUND + 5)])
    with Session(limits=QUICK) as session:
        assert check_due_links("https://hub.example", session) == ROUND


@pytest.mark.django_db
def test_the_tasks_may_run_twice() -> None:
    dataset = make_dataset("parking", distributions=[{"access_url": "http://127.0.0.1:1/x"}])
    for _ in range(2):
        check_links_task()
        assess()
    dataset.refresh_from_db()
    assert dataset.quality_score is not None
    assert LinkCheck.objects.get().failures == 1
    assert timezone.now() - LinkCheck.objects.get().checked_at < dt.timedelta(minutes=1)
