"""The doors of a City Data Hub: its notifications and upserts as it sends them, unchanged, and the records that come of them."""

import json
from pathlib import Path

import orjson
import pytest
from builders import make_dataset
from django.test import Client
from pulling import pull, records

from catalog.records import Column, Schema
from ingest import inbox, notifications
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.sources import save_source

REAL = Path(__file__).parents[3] / "shared" / "data" / "korea" / "ngsild_keti_offstreetparking.json"
NOTIFY, UPSERT, STANDARD = "/datahubNotification", "/entityOperations/upsert", "/ngsi-ld/v1/entityOperations/upsert"
TOKENS = {"AIR_TOKEN": "token-of-air", "EVENT_TOKEN": "token-of-events"}
COLUMNS = Schema(columns=(Column("id", source="id", required=True), Column("value", "number")), key=("id",))
AIR = {
    "url": "https://hub.example/ngsi-ld/v1",
    "type": "Air",
    "receive": True,
    "notification_token": {"env": "AIR_TOKEN"},
}
EVENTS = AIR | {
    "type": "Event",
    "notification_token": {"env": "EVENT_TOKEN"},
    "senders": ["10.20.0.15", "10.20.1.0/24"],
    "dataset_ids": ["events", "events-old"],
}


def make(slug, config):
    save_source(slug, make_dataset(slug, schema=COLUMNS).distribution, connector="ngsild", mode="upsert", config=config)
    Source.objects.filter(slug=slug).update(ignored_columns=["type", "value.observedAt", "datasetId", "evtId"])
    return Source.objects.select_related("distribution__dataset").get(slug=slug)


@pytest.fixture
def hub(db, settings, own_folders, monkeypatch) -> dict[str, Source]:
    settings.INBOX_DIR = own_folders / "inbox"
    for name, token in TOKENS.items():
        monkeypatch.setenv(name, token)
    return {"air": make("air", AIR), "events": make("events", EVENTS)}


def entity(identifier, value, type="Event", **members):
    told = {"type": "Property", "value": value, "observedAt": "2026-11-22T09:00:00.000+09:00"}
    return {"id": f"{type}:Siheung:{identifier}", "type": type, "value": told, **members}


def notification(*entities, **members):
    """Return what the push agent of the City Data Hub writes."""
    about = {"id": "0f3c", "type": "Notification", "subscriptionId": "sub-001"}
    return about | {"notifiedAt": "2026-11-22T09:00:00.000+09:00", "data": list(entities)} | members


def upsert(*entities, dataset="events"):
    """Return what the interworking module writes."""
    return {"datasetId": dataset, "entities": list(entities)}


def send(path, document, *, token=None, address="127.0.0.1", **headers):
    content = document if isinstance(document, bytes) else json.dumps(document)
    given = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().post(
        path, content, content_type="application/ld+json", headers=given | headers, REMOTE_ADDR=address
    )


def counts_as_success(answer):
    """Judge an answer as the interworking module does."""
    if not 200 <= answer.status_code < 300:
        return False
    result = json.loads(answer.content)
    return not result.get("errors") and len(result["success"]) > 0


def published(source):
    return [(row["id"], row["value"]) for row in records(source)]


def waiting(source):
    return [orjson.loads(line)["message"] for path in inbox.inbox_of(source) for line in path.read_bytes().splitlines()]


def test_a_notification_finds_its_source_by_the_token_in_the_address(hub):
    assert send(f"{NOTIFY}?token=token-of-air", notification(entity(1, 5, "Air"))).status_code == 200
    assert pull(hub["air"]).state == Run.State.PUBLISHED
    assert published(hub["air"]) == [("Air:Siheung:1", 5)]
    assert not waiting(hub["events"])


def test_a_notification_that_comes_again_is_kept_once(hub):
    assert [send(NOTIFY, notification(entity(1, 5)), address="10.20.0.15").status_code for _ in range(2)] == [200, 200]
    assert len(waiting(hub["events"])) == 1


@pytest.mark.parametrize("address", ["10.20.0.15", "10.20.1.200", "::ffff:10.20.0.15"])
def test_a_sender_that_brings_nothing_is_known_by_its_address(hub, address):
    assert send(NOTIFY, notification(entity(1, 5)), address=address).status_code == 200
    answer = send(UPSERT, upsert(entity(2, 6)), address=address)
    assert counts_as_success(answer)
    assert len(waiting(hub["events"])) == 2


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(hub, settings):
    settings.TRUSTED_PROXIES = 1
    seen = {"X-Forwarded-For": "203.0.113.9, 10.20.0.15"}
    assert send(NOTIFY, notification(entity(1, 5)), **seen).status_code == 200
    forged = {"X-Forwarded-For": "10.20.0.15, 203.0.113.9"}
    assert send(NOTIFY, notification(entity(1, 5)), **forged).status_code == 401


STRANGERS = {
    "nothing": {},
    "another address": {"address": "10.20.2.1"},
    "a claimed address": {"address": "203.0.113.9", "X-Forwarded-For": "10.20.0.15"},
    "no address": {"address": ""},
    "a wrong token": {"token": "another"},
    "a wrong token from a known address": {"token": "another", "address": "10.20.0.15"},
}


@pytest.mark.parametrize("path", [NOTIFY, UPSERT, STANDARD])
@pytest.mark.parametrize("sender", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_refused_before_its_message_is_read(hub, path, sender):
    answer = send(path, b"{" * 100, **sender)
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown-sender")
    assert not any(token in answer.content.decode() for token in TOKENS.values())


@pytest.mark.parametrize(
    ("source", "token", "status"),
    [("events", "token-of-events", 200), ("events", "token-of-air", 401), ("none", "token-of-air", 404)],
)
def test_a_named_source_opens_to_its_own_token_alone(hub, source, token, status):
    assert send(f"{NOTIFY}?source={source}&token={token}", notification(entity(1, 5))).status_code == status


def test_of_several_sources_the_type_of_the_entities_decides(hub):
    Source.objects.filter(slug="air").update(config=AIR | {"notification_token": {"env": "EVENT_TOKEN"}})
    for kind in ("Air", "Event"):
        assert send(NOTIFY, notification(entity(1, 5, kind), id=kind), token="token-of-events").status_code == 200
    assert [len(waiting(source)) for source in hub.values()] == [1, 1]
    answer = send(NOTIFY, notification(entity(1, 5, "Noise")), token="token-of-events")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-source")
    assert "Noise" in answer.json()["detail"]


def test_of_several_sources_the_one_that_names_the_subscription_goes_first(hub):
    make("special", EVENTS | {"subscription_ids": ["sub-9"]})
    for subscription in ("sub-9", "sub-1"):
        told = notification(entity(1, 5), id=subscription, subscriptionId=subscription)
        assert send(NOTIFY, told, token="token-of-events").status_code == 200
    assert [len(waiting(Source.objects.get(slug=slug))) for slug in ("special", "events")] == [1, 1]


def test_where_several_sources_take_it_nothing_is_kept_and_the_way_out_is_told(hub):
    make("twin", EVENTS)
    answer = send(UPSERT, upsert(entity(1, 5)), token="token-of-events", **{"Accept-Language": "ko"})
    assert (answer.status_code, answer.json()["code"]) == (409, "several-sources")
    assert "events, twin" in answer.json()["detail"]
    assert "?source=" in answer.json()["detail"]
    assert not waiting(hub["events"])
    assert send(f"{UPSERT}?source=twin", upsert(entity(1, 5)), token="token-of-events").status_code == 200


def test_the_interworking_module_counts_its_upsert_as_sent(hub):
    answer = send(UPSERT, upsert(entity("20261122", 10), dataset="events-old"), token="token-of-events")
    assert (answer.status_code, answer.json()) == (200, {"success": ["Event:Siheung:20261122"]})
    assert counts_as_success(answer)
    [message] = waiting(hub["events"])
    assert (message["type"], message["datasetId"]) == ("Notification", "events-old")


def test_an_upsert_to_another_dataset_is_refused(hub):
    answer = send(UPSERT, upsert(entity(1, 5), dataset="other"), token="token-of-events", **{"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no-source")
    assert "dataset_id: other" in answer.json()["detail"]


def test_the_list_of_the_standard_is_answered_with_204(hub):
    answer = send(STANDARD, [entity(1, 5)], token="token-of-events")
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(waiting(hub["events"])) == 1


@pytest.mark.parametrize("path", [UPSERT, STANDARD])
def test_what_is_wrong_with_one_entity_is_told_and_the_others_are_kept(hub, path):
    sent = [entity(1, 1), {"type": "Event"}, 7, {"id": "", "type": "Event"}, entity(2, 2, "Air"), entity(3, 3)]
    answer = send(path, upsert(*sent) if path == UPSERT else sent, token="token-of-events")
    result = answer.json()
    assert (answer.status_code, counts_as_success(answer)) == (207, False)
    assert result["success"] == ["Event:Siheung:1", "Event:Siheung:3"]
    assert [error["entityId"] for error in result["errors"]] == [None, None, "", "Air:Siheung:2"]
    assert all(error["error"]["detail"] for error in result["errors"])
    pull(hub["events"])
    assert published(hub["events"]) == [("Event:Siheung:1", 1), ("Event:Siheung:3", 3)]


def test_an_upsert_without_any_entity_keeps_nothing(hub):
    answer = send(UPSERT, upsert({"id": "x"}), token="token-of-events")
    assert (answer.status_code, answer.json()["success"]) == (207, [])
    assert not waiting(hub["events"])


def test_the_newest_upsert_of_an_entity_is_its_record(hub):
    for value in (10, 40, 91):
        send(UPSERT, upsert(entity("a", value), entity(f"other-{value}", 0)), token="token-of-events")
    pull(hub["events"])
    assert dict(published(hub["events"]))["Event:Siheung:a"] == 91
    send(NOTIFY, notification(entity("a", 92)), token="token-of-events")
    pull(hub["events"])
    assert dict(published(hub["events"]))["Event:Siheung:a"] == 92


def nested(depth):
    return (
        b'{"datasetId": "events", "entities": [{"id": "a", "type": "Event", "v": '
        + b"[" * depth
        + b"]" * depth
        + b"}]}"
    )


BAD_UPSERTS = {
    "nothing": b"",
    "no JSON": b'{"datasetId": ',
    "no text": b"\xff\xfe",
    "a number": b"7",
    "half a letter": b'["\\ud800"]',
    "no dataset": {"entities": [entity(1, 1)]},
    "a dataset that is no text": {"datasetId": 7, "entities": [entity(1, 1)]},
    "no entities": {"datasetId": "events"},
    "an empty list": upsert(),
    "an empty list of the standard": [],
    "one entity alone": entity(1, 1),
    "too deep to be kept": nested(300),
    "deeper than any reader": nested(2000),
}


@pytest.mark.parametrize("document", BAD_UPSERTS.values(), ids=BAD_UPSERTS)
def test_what_is_no_upsert_is_refused_in_a_sentence(hub, document):
    answer = send(UPSERT, document, token="token-of-events")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].endswith(".")
    assert not waiting(hub["events"])


@pytest.mark.parametrize("option", ["update", "noOverwrite", ""])
def test_a_partial_upsert_is_refused_rather_than_emptying_what_it_leaves_out(hub, option):
    answer = send(f"{UPSERT}?options={option}", upsert(entity(1, 5)), token="token-of-events")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-option")


def test_a_notification_too_deep_to_be_kept_is_refused(hub):
    deep = json.dumps(notification(entity(1, 5, v="@"))).replace('"@"', "[" * 300 + "]" * 300).encode()
    for path in (NOTIFY, "/ngsild/notifications/events"):
        answer = send(path, deep, token="token-of-events")
        assert (answer.status_code, answer.json()["code"]) == (400, "notification-too-deep")


@pytest.mark.parametrize("path", [NOTIFY, UPSERT])
def test_size_and_a_full_inbox_are_refused(hub, settings, monkeypatch, path):
    document = (notification if path == NOTIFY else upsert)(entity(1, 5))
    settings.INBOX_MIB = 0
    assert send(path, document, token="token-of-events").status_code == 507
    assert inbox.refused_messages("events")["count"] == 1
    monkeypatch.setattr(notifications, "MAX_NOTIFICATION", 20)
    assert send(path, document, token="token-of-events").status_code == 413


@pytest.mark.parametrize("path", [NOTIFY, UPSERT])
def test_a_disk_that_cannot_be_written_is_never_a_success(hub, settings, tmp_path, path):
    settings.INBOX_DIR = tmp_path / "file"
    settings.INBOX_DIR.write_text("")
    document = (notification if path == NOTIFY else upsert)(entity(1, 5))
    assert send(path, document, token="token-of-events").status_code == 503


@pytest.mark.parametrize("path", [NOTIFY, UPSERT, STANDARD])
def test_only_post_opens_these_doors(hub, path):
    assert Client().get(path).status_code == 405


BAD_SETTINGS = {
    "no proof": {"notification_token": None},
    "no address": {"senders": ["everywhere"]},
    "senders of nothing": {"receive": False, "notification_token": None, "senders": ["10.0.0.1"]},
    "datasets of nothing": {"receive": False, "notification_token": None, "dataset_ids": ["a"]},
}


@pytest.mark.parametrize("change", BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_setting_that_means_nothing_is_refused(hub, change):
    with pytest.raises(BadSetup):
        save_source("air", hub["air"].distribution, connector="ngsild", mode="upsert", config=AIR | change)


def test_a_source_that_only_knows_addresses_has_no_door_of_its_own(hub):
    config = {name: value for name, value in EVENTS.items() if name != "notification_token"}
    save_source("events", hub["events"].distribution, connector="ngsild", mode="upsert", config=config)
    assert send(NOTIFY, notification(entity(1, 5)), address="10.20.0.15").status_code == 200
    assert send("/ngsild/notifications/events", notification(), address="10.20.0.15").status_code == 404
    assert send(NOTIFY, notification(entity(1, 5)), token="token-of-events").status_code == 401


def parking():
    """Return car parks in the form of the City Data Hub's samples: each with a context, a place, and a list inside."""
    return [
        {
            "@context": ["http://uri.citydatahub.kr/ngsi-ld/v1/parking.jsonld"],
            "id": f"urn:datahub:OffStreetParking:yt_lot_{number}",
            "type": "OffStreetParking",
            "datasetId": "parking",
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.12, 37.41]}},
            "congestionIndexPrediction": {"type": "Property", "value": [{"index": 7.5, "predictedAt": "2018-11-15"}]},
            "availableSpotNumber": {"type": "Property", "value": number, "observedAt": "2018-11-15T20:10:11,000+09:00"},
        }
        for number in (1, 2)
    ]


def test_entities_as_the_city_data_hub_has_them_go_through(hub):
    entities = parking()
    if REAL.exists():
        sample = json.loads(REAL.read_text(encoding="utf-8-sig"))
        entities += sample if isinstance(sample, list) else [sample]
    schema = Schema(columns=(Column("id", required=True), Column("spots", source="availableSpotNumber")), key=("id",))
    dataset = make_dataset("parking", schema=schema)
    config = AIR | {"type": "OffStreetParking", "dataset_ids": ["parking"]}
    save_source("parking", dataset.distribution, connector="ngsild", mode="upsert", config=config)
    answer = send(f"{UPSERT}?token=token-of-air", upsert(*entities, dataset="parking"))
    assert counts_as_success(answer)
    source = Source.objects.select_related("distribution__dataset").get(slug="parking")
    run = pull(source)
    assert (run.accepted, run.rejected) == (len(entities), 0), run.error_en
