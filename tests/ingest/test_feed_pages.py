"""Feeds in the stewards' admin: set up, asked for, decided; what failed and what is alike, in words."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from foreign_feeds import document, item, read, shown, ten

from catalog.exchange.data_json import from_data_json
from catalog.models import Dataset
from catalog.publish import describe_dataset
from ingest.harvest import harvest
from ingest.models import DuplicatePair, Feed, Harvested, HarvestFailure

pytestmark = pytest.mark.django_db
FILE = "https://files.example/air.csv"


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


def page(client: Client, name: str, *keys: object) -> str:
    answer = client.get(reverse(f"admin:ingest_{name}", args=keys))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, name: str, key: object, **values: object) -> str:
    return client.post(reverse(f"admin:ingest_{name}", args=[key]), values, follow=True).content.decode()


def test_a_feed_is_saved_through_its_verb_and_what_does_not_fit_is_said_at_its_field(steward: Client) -> None:
    values = {
        "slug": "portal",
        "title": "한빛시 포털",
        "format": "ckan",
        "location": "https://portal.example",
        "selection": json.dumps({"theme": ["transport"]}),
        "access_level": "restricted",
        "schedule": "매일 04:30",
    }
    address = reverse("admin:ingest_feed_add")
    wrong = steward.post(address, values | {"schedule": "가끔", "selection": ""})
    assert list(wrong.context["adminform"].form.errors) == ["schedule"]
    assert steward.post(address, values).status_code == 302
    feed = Feed.objects.get()
    assert (feed.selection, feed.next_at is not None) == ({"theme": ["transport"]}, True)
    assert "portal.example" in page(steward, "feed_change", feed.pk)
    press(steward, "feed_read", feed.pk)
    press(steward, "feed_pause", feed.pk, because="점검")
    assert "점검" in page(steward, "feed_changelist")
    press(steward, "feed_resume", feed.pk)
    press(steward, "feed_preview", feed.pk)
    feed.refresh_from_db()
    assert (feed.wish, feed.paused_at) == ("preview", None)


@pytest.mark.parametrize(("decision", "left"), [("accept", 2), ("refuse", 10)])
def test_what_is_gone_is_shown_with_its_share_and_decided_on_the_page(steward: Client, decision, left) -> None:
    read(*ten())
    read(*ten()[:2])
    feed = Feed.objects.get()
    told = page(steward, "feed_change", feed.pk)
    assert "80" in told
    assert "Dataset 9" in told or "dataset-9" in told
    reading = feed.readings.get(state="held")
    press(steward, "feed_decide", feed.pk, reading=reading.pk, decision=decision)
    reading.refresh_from_db()
    assert (reading.decided_by.username, len(shown())) == ("steward", left)
    assert 'id="question"' not in page(steward, "feed_change", feed.pk)


def test_failures_are_grouped_by_cause_with_the_way_to_mend_them(steward: Client) -> None:
    told = from_data_json(document(item("1"), item("2"), item("sound")))
    for entry in told.datasets[:2]:
        entry.description.update({"access_level": "public", "personal_data": "contains"})
    harvest("city-a", [told])
    feed = Feed.objects.get()
    assert "개인정보" in page(steward, "feed_change", feed.pk)
    failure = HarvestFailure.objects.first()
    assert "<pre>" in page(steward, "harvestfailure_change", failure.pk)
    assert "identifier" in page(steward, "harvestfailure_changelist")
    assert "2" in press(steward, "feed_retry", feed.pk)
    failure.entry["description"]["access_level"] = "restricted"
    failure.save()
    press(steward, "harvestfailure_retry", failure.pk)
    assert HarvestFailure.objects.count() == 1


def test_what_may_be_one_of_two_is_chosen_on_its_page(steward: Client) -> None:
    read(*(item(name, FILE, title="Air", description=name) for name in ("1", "2")), item("3"))
    read(item("new", FILE, title="Air"), item("3"))
    failure = HarvestFailure.objects.get()
    assert page(steward, "harvestfailure_change", failure.pk).count('name="chosen"') == 3
    press(steward, "harvestfailure_match", failure.pk, chosen=failure.candidates[0])
    assert Harvested.objects.get(identifier="new").pk == failure.candidates[0]


def test_a_pair_is_seen_side_by_side_and_decided(steward: Client) -> None:
    read(item("1", FILE, title="Air"))
    read(item("2", FILE, title="Air"), feed="city-b")
    pair = DuplicatePair.objects.get()
    told = page(steward, "duplicatepair_change", pair.pk)
    assert "city-a" in told
    assert "city-b" in told
    assert "city-b" in page(steward, "duplicatepair_changelist")
    press(steward, "duplicatepair_same", pair.pk, canonical="air")
    assert shown() == {"air"}
    press(steward, "duplicatepair_different", pair.pk)
    assert len(shown()) == 2


def test_values_of_ours_are_shown_beside_those_of_the_feed(steward: Client) -> None:
    read(item("1"))
    dataset = Dataset.objects.get()
    described = {
        "title": {"ko": "우리 제목"},
        "organisation": "city-of-a",
        "access_level": "public",
        "theme": "transport",
    }
    describe_dataset(dataset.slug, described, harvested=True)
    read(item("1", title="Theirs"))
    row = Harvested.objects.get(kind="dataset")
    told = page(steward, "harvested_change", row.pk)
    assert "우리 제목" in told
    assert "Theirs" in told
    assert row.identifier in steward.get(reverse("admin:ingest_harvested_changelist"), {"kept": "yes"}).content.decode()
    press(steward, "harvested_theirs", row.pk)
    row.refresh_from_db()
    assert row.kept_values == {}


def test_who_may_only_look_presses_no_button(client: Client) -> None:
    read(item("1"))
    client.force_login(get_user_model().objects.create_user("guest", is_staff=True))
    answer = client.post(reverse("admin:ingest_feed_read", args=[Feed.objects.get().pk]))
    assert answer.status_code == 404
    assert Feed.objects.get().wish == ""
