"""No English sentence is left on the Korean pages of feeds and peers, in whatever state they are."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from foreign_feeds import document, item, read, ten
from korean_sentences import english_sentences
from peers import make_peers

from catalog.exchange.data_json import from_data_json
from ingest.harvest import harvest
from ingest.models import (
    DuplicatePair,
    Feed,
    FeedReading,
    Harvested,
    HarvestFailure,
    Hub,
    HubIdentity,
    HubOffer,
    HubSync,
)

pytestmark = pytest.mark.django_db
FILE = "https://files.example/air.csv"
SHOWN = (DuplicatePair, Feed, FeedReading, Harvested, HarvestFailure, Hub, HubIdentity, HubOffer, HubSync)


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    assert client.get(reverse("admin:index")).status_code == 200  # and with the addresses every kind is registered
    return client


def make_feeds() -> None:
    """Read feeds of others so that one holds a question, one has failures, and two tell of the same dataset."""
    read(*ten())
    read(*ten()[:2])
    told = from_data_json(document(item("1"), item("sound")))
    told.datasets[0].description.update({"access_level": "public", "personal_data": "contains"})
    harvest("city-b", [told])
    read(*(item(name, FILE, title="Air", description=name) for name in ("1", "2")), item("3"), feed="city-c")
    read(item("new", FILE, title="Air"), item("3"), feed="city-c")
    read(item("far", FILE, title="Air"), feed="city-d")


def test_the_pages_of_feeds_and_peers_speak_korean(steward: Client) -> None:
    make_peers()
    make_feeds()
    found, seen = [], set()
    for model in (one for one in SHOWN if admin.site.is_registered(one)):
        name = f"ingest_{model._meta.model_name}"
        addresses = [reverse(f"admin:{name}_changelist")]
        addresses += [reverse(f"admin:{name}_change", args=[one.pk]) for one in model.objects.order_by("pk")[:12]]
        if admin.site.get_model_admin(model).has_add_permission(steward.get("/").wsgi_request):
            addresses.append(reverse(f"admin:{name}_add"))
        seen.add(model)
        found += [sentence for address in addresses for sentence in english_sentences(steward, address)]
    assert {DuplicatePair, Feed, Harvested, HarvestFailure, Hub, HubOffer} <= seen
    assert found == []


def test_the_admin_speaks_korean_of_every_kind(steward: Client) -> None:
    kinds = [model._meta for model in admin.site._registry]
    lists = [reverse(f"admin:{kind.app_label}_{kind.model_name}_changelist") for kind in kinds]
    assert [sentence for address in lists for sentence in english_sentences(steward, address)] == []
