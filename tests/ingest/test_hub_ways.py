"""What is kept of an entry's way here, and that no home is taken that could not be a link."""

import base64
import uuid
from typing import Any, cast

import pytest
from builders import make_dataset
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from peers import make_identity, make_peer

from catalog.models import Dataset
from ingest.errors import BadEntry
from ingest.federation.entries import Entry, set_entry
from ingest.federation.identity import believe, fingerprint_of, own_hub, read_told
from ingest.federation.peer import Peer
from ingest.federation.taking import Taken, check, take_page
from ingest.models import Hub, HubEntry, HubIdentity, HubOffer

pytestmark = pytest.mark.django_db
HOME = "https://data.daon.example/dataset/air-quality"


class City:
    """A hub that signs an entry of its own."""

    def __init__(self) -> None:
        self.id, self.private = str(uuid.uuid4()), Ed25519PrivateKey.generate()
        public = base64.b64encode(self.private.public_key().public_bytes_raw()).decode()
        self.key = fingerprint_of(public)[:16]
        self.document = {"id": self.id, "title": "다온시", "keys": [{"name": self.key, "public": public}]}

    def entry(self, id_: uuid.UUID, home: str = HOME) -> Entry:
        told = Entry(str(id_), self.id, 1, 1, home, description="0" * 64, manifest="")
        return told.signed(self.key, self.private)


class Told:
    """As much of a peer as is looked at for entries whose documents are here already; nothing is asked of it."""

    def __init__(self, hub: Hub, identity: HubIdentity) -> None:
        self.hub, self.identity, self.own, self.base = hub, identity, own_hub().pk, hub.address


def take(hub: Hub, city: City, entry: Entry, via: list[str]) -> Taken:
    taken = Taken(hub, fence=0)
    page: dict[str, Any] = {"entries": [entry.as_dict() | {"via": via}], "hubs": [city.document]}
    take_page(cast("Peer", Told(hub, hub.identity)), page, taken)
    return taken


def test_the_way_of_an_offer_ends_at_the_peer_that_told_it() -> None:
    city, region = City(), make_peer("region", "가온도")
    before = make_identity("사이 허브")
    dataset = make_dataset("air-quality")
    Dataset.objects.filter(pk=dataset.pk).update(home=HOME)
    entry = city.entry(dataset.pk)
    row = HubEntry(id=dataset.pk, position=1)
    set_entry(row, entry)
    row.save()
    assert take(region, city, entry, [str(before.pk)]).counts == {"known": 1}
    assert HubOffer.objects.get().via == [str(before.pk), str(region.identity.pk)]


def test_what_came_through_this_hub_is_not_taken_back() -> None:
    city, region = City(), make_peer("region", "가온도")
    assert take(region, city, city.entry(uuid.uuid4()), [str(own_hub().pk)]).counts == {"own": 1}


@pytest.mark.parametrize(
    "home", ["javascript:alert(1)", "", "/dataset/air", "https://a.example/<b>", "https://a.example/x y", "http://a\n"]
)
def test_a_home_that_is_no_web_address_is_refused(home: str) -> None:
    city, region = City(), make_peer("region", "가온도")
    taken = take(region, city, city.entry(uuid.uuid4(), home), [])
    assert taken.counts == {"refused": 1}
    assert "no web address" in taken.problems[0]["text"]["en"]


@pytest.mark.parametrize(
    ("home", "codes"),
    [("https://daon.example/dataset/air", []), ("https://DAON.example/dataset/air", []), (HOME, ["bad-entry"])],
)
def test_a_peer_tells_of_homes_at_its_own_address_alone(home: str, codes: list[str]) -> None:
    city = City()
    identity = believe(read_told({**city.document, "address": "https://daon.example"}, ""), "daon", is_itself=True)
    daon = make_peer("daon", "다온시", is_met=False, identity=identity)
    found = []
    try:
        check(
            city.entry(uuid.uuid4(), home), None, {city.id: identity}, cast("Peer", Told(daon, identity)), is_own=False
        )
    except BadEntry as error:
        found.append(error.code)
    assert found == codes
