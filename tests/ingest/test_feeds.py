"""Feeds: one worker at a time, taken over when it died, read when due, at one request when nothing has changed."""

import datetime as dt
import json
import socket

import pytest
from django.core.management import call_command
from django.utils import timezone
from foreign_feeds import counts, document, item, ten
from hostile_server import HostileServer, Request, by_request, in_turn, reply, reply_json

from catalog.exchange.data_json import from_data_json
from catalog.models import Dataset
from ingest.errors import BadSetup, FeedBusy, LostLease, RequestRefused
from ingest.harvest import Harvest, harvest
from ingest.harvest.feeds import (
    due_feeds,
    following,
    offer_due_feeds,
    pause_feed,
    read_due_feed,
    read_feed,
    resume_feed,
    save_feed,
    wish_for,
)
from ingest.harvest.lease import claim_feed, release
from ingest.harvest.reading import read_claimed
from ingest.models import Feed, FeedReading

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class Portal:
    """Answers with a data.json, and with 304 to whoever knows it; what it tells can be changed."""

    def __init__(self, *items: dict[str, object]) -> None:
        self.tell(*items)

    def tell(self, *items: dict[str, object]) -> None:
        self.body = json.dumps(document(*items)).encode()
        self.etag = f'"{hash(self.body)}"'

    def __call__(self, request: Request, connection: socket.socket) -> None:
        is_known = request.headers.get("if-none-match") == self.etag
        reply(304 if is_known else 200, b"" if is_known else self.body, ETag=self.etag)(request, connection)


def feed_at(server: HostileServer, **columns: object) -> Feed:
    return save_feed("city-a", location=server.url("/data.json"), allow_private=True, **columns)


# who reads


def test_a_feed_is_read_by_one_worker_at_a_time():
    feed = save_feed("city-a", location="x")
    claim = claim_feed(feed)
    with pytest.raises(FeedBusy):
        harvest("city-a", [])
    release(claim)
    assert harvest("city-a", []).total == 0


def test_a_reading_whose_worker_died_is_taken_over_and_its_worker_writes_nothing_more():
    feed = save_feed("city-a", location="x")
    claim = claim_feed(feed)

    def pages():
        yield from_data_json(document(item("1")))
        Feed.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
        assert list(due_feeds(timezone.now())) == [feed]
        assert counts(harvest("city-a", [from_data_json(document(item("1"), item("2")))])) == {
            "unchanged": 1,
            "created": 1,
        }
        yield from_data_json(document(item("3")))

    with pytest.raises(LostLease):
        read_claimed(feed, claim, pages())
    assert set(Dataset.objects.values_list("slug", flat=True)) == {"dataset-1", "dataset-2"}
    assert list(feed.readings.values_list("state", flat=True)) == ["done", "lost"]


# when


def test_a_feed_is_due_by_its_schedule_and_rests_after_failures():
    feed = save_feed("city-a", location="http://127.0.0.1:1/data.json", schedule="hourly")
    assert feed.next_at > NOW
    assert not due_feeds(timezone.now()).exists()
    later = feed.next_at + dt.timedelta(minutes=2)
    assert list(due_feeds(later)) == [feed]
    assert following(feed, later) - later > dt.timedelta(minutes=50)
    Feed.objects.update(next_at=NOW)
    read_due_feed(feed.pk)  # a private address, which is not allowed
    feed.refresh_from_db()
    reading = feed.readings.get()
    assert (reading.state, reading.error_code, feed.failures) == ("failed", "forbidden-address", 1)
    assert feed.next_at > NOW
    assert feed.backs_off_until > NOW + dt.timedelta(minutes=4)
    Feed.objects.update(next_at=NOW)
    assert not due_feeds(timezone.now()).exists()
    assert due_feeds(timezone.now() + dt.timedelta(minutes=10)).exists()


def test_a_paused_feed_is_not_read_but_when_asked_for_and_makes_up_for_what_it_missed():
    feed = save_feed("city-a", location="x", schedule="every 10 minutes")
    with pytest.raises(BadSetup):
        pause_feed(feed, " ")
    pause_feed(feed, "the portal is moved")
    feed.refresh_from_db()
    assert (feed.next_at, feed.paused_because) == (None, "the portal is moved")
    assert offer_due_feeds(NOW + dt.timedelta(days=1)) == 0
    wish_for(feed, Feed.Wish.READ)
    assert due_feeds(timezone.now()).exists()
    Feed.objects.update(paused_at=NOW - dt.timedelta(days=1), wish="")
    feed.refresh_from_db()
    resume_feed(feed)
    assert due_feeds(timezone.now()).exists()


@pytest.mark.parametrize(
    "columns",
    [
        {"format": "odata"},
        {"schedule": "sometimes"},
        {"schedule": "after change"},
        {"selection": {"colour": ["red"]}},
        {"selection": {"theme": "transport"}},
        {"selection": {"not": ["x"]}},
    ],
)
def test_a_feed_that_cannot_be_read_is_refused(columns):
    with pytest.raises(BadSetup):
        save_feed("city-a", **columns)
    assert not Feed.objects.exists()


# what is asked of the other side


def test_an_unchanged_answer_costs_one_request_and_says_so():
    portal = Portal(*ten())
    with HostileServer({"/data.json": portal}) as server:
        feed = feed_at(server)
        assert counts(read_feed(feed)) == {"created": 10}
        result = read_feed(feed)
        assert (result.is_unmodified, counts(result), len(server.requests)) == (True, {"unchanged": 10}, 2)
        assert feed.readings.first().state == FeedReading.State.UNCHANGED
        save_feed("city-a", selection={"theme": ["transport"]})
        assert not read_feed(Feed.objects.get()).is_unmodified


def test_what_waits_for_a_person_or_failed_is_read_again_though_it_is_unchanged():
    portal = Portal(*ten())
    with HostileServer({"/data.json": portal}) as server:
        feed = feed_at(server)
        read_feed(feed)
        portal.tell(item("1"))
        assert [read_feed(feed).held for _ in range(2)] == [9, 9]


def test_selected_datasets_are_taken_and_a_ckan_is_asked_in_its_own_words():
    def answer(request: Request) -> object:
        told = [
            {"id": f"id-{n}", "name": f"n-{n}", "title": f"N {n}", "tags": [{"name": n}], "resources": []} for n in "ab"
        ]
        return {"success": True, "result": {"count": 2, "results": told if request.query["fq"] == "tags:x" else []}}

    with HostileServer({"/api/3/action/package_search": by_request(answer)}) as server:
        selection = {"keywords": ["a", "b"], "not": {"keywords": ["b"]}, "fq": "tags:x"}
        feed = save_feed("ckan", format="ckan", location=server.url(), allow_private=True, selection=selection)
        assert counts(read_feed(feed)) == {"created": 1, "left_out": 1}


def test_what_does_not_say_that_it_is_open_has_the_access_level_of_the_feed():
    save_feed("city-a", access_level="non-public")
    told = item("1")
    told.pop("accessLevel")
    page = from_data_json(document(told))
    for entry in page.datasets:
        entry.description.pop("access_level", None)
    harvest("city-a", [page])
    assert Dataset.objects.get().access_level == "non-public"


# what is told of a reading


def test_a_preview_tells_what_would_be_done_and_changes_nothing():
    portal = Portal(*ten())
    with HostileServer({"/data.json": portal}) as server:
        feed = feed_at(server)
        read_feed(feed)
        portal.tell(item("0", title="New"), *ten()[1:9], item("x"))
        wish_for(feed, Feed.Wish.PREVIEW)
        read_due_feed(feed.pk)
        preview = feed.readings.first()
        assert (preview.kind, preview.state) == ("preview", "done")
        assert (preview.created, preview.changed, preview.unchanged, preview.deleted) == (1, 1, 8, 1)
        assert preview.examples == {"changed": ["dataset-0"], "created": ["dataset-x"], "deleted": ["dataset-9"]}
        assert Dataset.objects.current().filter(title_en="Dataset 0").exists()
        assert Dataset.objects.count() == 10
        assert counts(read_feed(feed)) == {"created": 1, "changed": 1, "unchanged": 8, "deleted": 1}


def test_a_reading_that_breaks_off_is_incomplete_and_withdraws_nothing():
    page = {"success": True, "result": {"count": 5, "results": [package(number) for number in range(3)]}}
    answers = in_turn(reply_json(page), reply(404, b"gone"))
    with HostileServer({"/api/3/action/package_search": answers}) as server:
        feed = save_feed("ckan", format="ckan", location=server.url(), allow_private=True)
        with pytest.raises(RequestRefused):
            read_feed(feed)
    reading = feed.readings.get()
    assert (reading.state, reading.created, reading.deleted) == ("incomplete", 3, 0)
    assert "404" in reading.error_ko


def package(number: int) -> dict[str, object]:
    return {"id": f"id-{number}", "name": f"n-{number}", "title": f"N {number}", "resources": []}


def test_the_command_makes_the_feed_and_a_dry_run_leaves_no_trace(tmp_path, capsys):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document(item("1"))), encoding="utf-8")
    call_command("harvest", "city-a", str(path), "--dry-run")
    assert not Feed.objects.exists()
    call_command("harvest", "city-a", str(path))
    feed = Feed.objects.get()
    assert (feed.location, feed.format, feed.readings.get().state) == (str(path), "data-json", "done")
    assert isinstance(harvest("city-a", []), Harvest)


def test_a_temporary_failure_is_tried_again_before_the_next_slot(no_pauses):
    with HostileServer({"/data.json": reply(503, b"")}) as server:
        feed = feed_at(server, schedule="daily")
        wish_for(feed, Feed.Wish.READ)
        read_due_feed(feed.pk)
    feed.refresh_from_db()
    assert feed.readings.get().error_code == "platform-failure"
    assert NOW < feed.next_at < timezone.now() + dt.timedelta(minutes=7)
