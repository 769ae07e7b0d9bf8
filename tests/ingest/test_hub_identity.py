"""Keys of hubs: believed once, changed only by what a known key vouches for."""

import uuid
from contextlib import suppress

import pytest

from ingest.errors import BadHubKey, UnreadableAnswer
from ingest.federation.identity import believe, fingerprint_of, own_document, read_told, rotate_key, signing_key
from ingest.models import HubIdentity, HubKey

pytestmark = pytest.mark.django_db


def told(**changes):
    """Return this hub as another one would hear of it, under an identity that is not its own."""
    return read_told({**own_document(), **changes}, "")


def test_a_new_key_is_believed_when_a_known_one_vouches_for_it():
    first = believe(told(), "city")
    rotate_key()
    assert [key["name"] for key in believe(told(), "city").keys] == [first.keys[0]["name"], signing_key()[0]]
    assert HubKey.objects.count() == 2


def test_a_key_that_nobody_vouches_for_is_refused_and_what_was_believed_stays():
    document = own_document()
    believe(read_told(document, ""), "city")
    HubKey.objects.all().delete()
    signing_key()
    stranger = own_document()["keys"]
    for keys in (stranger, [*document["keys"], *stranger], [{**stranger[0], "name": document["keys"][0]["name"]}]):
        with suppress(BadHubKey):
            believe(read_told({**document, "keys": keys}, ""), "city")
        assert HubIdentity.objects.get().keys[0]["public"] == document["keys"][0]["public"]
        assert len(HubIdentity.objects.get().keys) == 1


def revoked(hub):
    return [key["revoked"] for key in hub.keys]


def test_what_is_revoked_counts_when_the_hub_tells_it_itself_or_the_key_has_signed_it():
    believe(told(), "city")
    rotate_key(revoke=True)
    old, new = own_document()["keys"]
    unsigned = told(keys=[{**old, "revocation": ""}, new])
    forged = told(keys=[{**old, "revocation": old["signature"] or new["signature"]}, new])
    against = told(keys=[{**old, "revoked": False}, {**new, "revoked": True, "revocation": old["revocation"]}])
    for relayed in (unsigned, forged, against):
        assert not any(revoked(believe(relayed, "region")))
    assert revoked(believe(told(), "region")) == [True, False]
    assert revoked(believe(told(keys=[{**old, "revoked": False}, new]), "region")) == [True, False]
    assert HubIdentity.objects.get().keys[0]["revocation"] == old["revocation"]  # and is passed on
    HubIdentity.objects.all().delete()
    believe(told(keys=[{**old, "revoked": False}]), "city")
    assert revoked(believe(unsigned, "city", is_itself=True)) == [True, False]


def test_a_fingerprint_that_was_noted_has_to_be_that_of_the_key():
    right = fingerprint_of(own_document()["keys"][0]["public"])
    with pytest.raises(BadHubKey):
        believe(told(), "city", fingerprint="0" * 64)
    assert believe(told(), "city", fingerprint=right).learnt_from == "city"
    with pytest.raises(BadHubKey):  # also of a hub that was heard of through another one before
        believe(told(), "city", fingerprint="0" * 64)
    rotate_key()
    assert len(believe(told(), "city", fingerprint=right).keys) == 2


@pytest.mark.parametrize(
    "changes", [{"id": "x"}, {"keys": []}, {"keys": [{"name": "short", "public": ""}]}, {"title": 7}]
)
def test_a_hub_that_is_not_well_formed_is_told_so(changes):
    with pytest.raises(UnreadableAnswer):
        told(**changes)


def test_names_and_addresses_are_believed_of_the_hub_itself_alone():
    believe(told(title="한빛시", address="https://hanbit.example"), "city", is_itself=True)
    believe(told(title="나쁜 시", address="https://evil.example"), "region")
    assert (HubIdentity.objects.get().title, HubIdentity.objects.get().address) == ("한빛시", "https://hanbit.example")
    assert HubIdentity.objects.get().pk == uuid.UUID(own_document()["id"])
