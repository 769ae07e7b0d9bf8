"""The door for notifications of NGSI-LD brokers: who may enter, what is taken, and the records that come of it."""

import json

import pytest
from builders import make_dataset
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from lxml import html
from pulling import pull, records

from catalog.records import Column, Schema
from ingest import inbox, notifications
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.sources import save_source

TOKEN = "a-token-of-the-broker"
ADDRESS = "/ngsild/notifications/air"
AIR = Schema(
    columns=(
        Column("id", source="id", required=True),
        Column("pm10", "number"),
        Column("at", source="pm10.observedAt"),
    ),
    key=("id",),
)
CONFIG = {
    "url": "https://broker.example/ngsi-ld/v1",
    "type": "Air",
    "receive": True,
    "notification_token": {"env": "BROKER_TOKEN"},
}


@pytest.fixture
def source(db, settings, own_folders, monkeypatch) -> Source:
    settings.INBOX_DIR = own_folders / "inbox"
    monkeypatch.setenv("BROKER_TOKEN", TOKEN)
    dataset = make_dataset("air", schema=AIR)
    save_source("air", dataset.distribution, connector="ngsild", mode="upsert", config=CONFIG)
    Source.objects.update(ignored_columns=["type", "pm10.unitCode", "name"])
    return Source.objects.select_related("distribution__dataset").get(slug="air")


def entity(identifier, pm10, **members):
    value = {"type": "Property", "value": pm10, "observedAt": "2026-11-22T09:00:00Z"}
    return {"id": f"urn:{identifier}", "type": "Air", "pm10": value, **members}


def notification(*entities, **members):
    about = {"subscriptionId": "urn:s", "notifiedAt": "2026-11-22T09:00:00Z"}
    return {"id": "urn:n:1", "type": "Notification", "data": list(entities)} | about | members


def send(document, address=ADDRESS, token=TOKEN, **headers):
    content = document if isinstance(document, bytes | str) else json.dumps(document)
    credentials = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().post(address, content, content_type="application/ld+json", headers=credentials | headers)


def published(source):
    return [(row["id"], row["pm10"]) for row in records(source)]


def test_entities_that_are_notified_are_published_by_the_next_run(source):
    assert send(notification(entity("a", 1), entity("b", 2))).status_code == 200
    assert send(notification(entity("a", 3), id="urn:n:2")).status_code == 200
    run = pull(source)
    assert (run.state, run.error_en) == (Run.State.PUBLISHED, "")
    assert published(source) == [("urn:a", 3), ("urn:b", 2)]
    assert pull(source).state == Run.State.UNCHANGED


@pytest.mark.parametrize(
    ("representation", "pm10"),
    [
        ("normalized", {"type": "Property", "value": 7, "observedAt": "T", "unitCode": "GQ"}),
        ("concise", {"value": 7, "observedAt": "T", "unitCode": "GQ"}),
        ("concise", {"type": "Property", "value": 7, "observedAt": "T"}),
    ],
)
def test_every_representation_gives_the_columns_that_polling_gives(source, representation, pm10):
    Source.objects.update(config=CONFIG | {"representation": representation})
    send(notification({"id": "urn:a", "type": "Air", "pm10": pm10}))
    pull(source)
    assert [(row["pm10"], row["at"]) for row in records(source)] == [(7, "T")]


@pytest.mark.parametrize("representation", ["keyValues", "concise"])
def test_plain_values_are_columns(source, representation):
    Source.objects.update(config=CONFIG | {"representation": representation})
    send(notification({"id": "urn:a", "type": ["Air", "Sensor"], "pm10": 7, "pm10.observedAt": "T", "name": "x"}))
    pull(source)
    assert published(source) == [("urn:a", 7)]


def test_a_notification_that_comes_again_is_taken_once_and_answered_well(source):
    assert [send(notification(entity("a", 1))).status_code for _ in range(3)] == [200, 200, 200]
    assert pull(source).rows == 1


def test_one_without_an_id_is_always_taken(source):
    told = notification(entity("a", 1))
    del told["id"]
    send(told)
    send(told)
    assert pull(source).rows == 2


def test_entities_of_another_type_are_left_out(source):
    send(notification(entity("a", 1), entity("b", 2, type="Noise")))
    assert pull(source).rows == 1


def test_an_entity_with_two_values_for_a_column_is_a_refused_record(source):
    broken = entity("a", 1) | {"pm10.observedAt": {"type": "Property", "value": 1}}
    send(notification(broken, entity("b", 2)))
    Source.objects.update(expectations={"max_rejected_share": 1.0})
    run = pull(source)
    assert (run.accepted, run.rejected, published(source)) == (1, 1, [("urn:b", 2)])


def test_the_token_may_stand_in_the_address(source):
    assert send(notification(), f"{ADDRESS}?token={TOKEN}", token=None).status_code == 200


@pytest.mark.parametrize("token", [None, "", "another", TOKEN[:-1], TOKEN + "x", "토큰"])
def test_without_its_token_nothing_is_taken(source, token):
    address = f"{ADDRESS}?token={token}" if token == "토큰" else ADDRESS
    answer = send(notification(entity("a", 1)), address, token=None if token == "토큰" else token)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert TOKEN not in answer.content.decode()
    assert pull(source).rows == 0


CLOSED = {
    "no such source": {"slug": "other"},
    "a source that asks": {"config": {name: CONFIG[name] for name in ("url", "type")}},
    "a source that is off": {"is_enabled": False},
    "another connector": {"connector": "mqtt"},
    "a secret that is gone": {"config": CONFIG | {"notification_token": {"env": "NO_SUCH_VARIABLE"}}},
}


@pytest.mark.parametrize("change", CLOSED.values(), ids=CLOSED)
def test_there_is_no_door_where_none_is_declared(source, change):
    Source.objects.update(**change)
    answer = send(notification())
    assert answer.status_code == 404
    assert answer.json()["code"] == "no-notifications"


BAD = {
    "nothing": b"",
    "no JSON": b'{"type": ',
    "no object": [],
    "no notification": {"data": []},
    "another thing": notification(type="Subscription"),
    "no data": {"type": "Notification"},
    "a collection": notification(data={"type": "FeatureCollection", "features": []}),
    "no entity": notification(data=[1]),
    "no id": notification(data=[{"type": "Air"}]),
    "no type": notification(data=[{"id": "urn:a"}]),
    "an empty type": notification(data=[{"id": "urn:a", "type": []}]),
}


@pytest.mark.parametrize("document", BAD.values(), ids=BAD)
def test_what_is_no_notification_is_refused_in_a_sentence(source, document):
    answer = send(document, **{"Accept-Language": "ko"})
    told = answer.json()
    assert (answer.status_code, told["status"]) == (400, 400)
    assert told["detail"].endswith(".")
    assert "알림" in told["detail"] or "엔티티" in told["detail"]
    assert pull(source).rows == 0


def test_too_large_a_notification_is_refused(source, monkeypatch):
    monkeypatch.setattr(notifications, "MAX_NOTIFICATION", 1000)
    assert send(notification(entity("a", 1, name="x" * 2000))).status_code == 413


def test_a_full_inbox_is_told_and_nothing_is_dropped_in_silence(source, settings):
    settings.INBOX_MIB = 0
    answer = send(notification(entity("a", 1)))
    assert (answer.status_code, answer.json()["code"]) == (507, "inbox-full")
    assert inbox.refused_messages("air")["count"] == 1


def test_a_disk_that_cannot_be_written_is_no_success(source, settings, tmp_path):
    settings.INBOX_DIR = tmp_path / "file"
    settings.INBOX_DIR.write_text("")
    assert send(notification(entity("a", 1))).status_code == 503


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post_is_possible(source, method):
    assert getattr(Client(), method)(ADDRESS).status_code == 405


def test_a_source_that_receives_is_not_one_that_replaces(source):
    with pytest.raises(BadSetup, match="bit by bit"):
        save_source("air", source.distribution, connector="ngsild", mode="replace", config=CONFIG)


@pytest.mark.parametrize(
    "config", [{"receive": True}, {"notification_token": {"env": "BROKER_TOKEN"}}, CONFIG | {"history": "pm10"}]
)
def test_a_receiver_without_a_token_is_refused(source, config):
    base = {name: CONFIG[name] for name in ("url", "type")}
    with pytest.raises(BadSetup):
        save_source("air", source.distribution, connector="ngsild", mode="upsert", config=base | config)


def test_the_page_of_a_source_tells_what_it_has_received(source, settings, client):
    client.force_login(get_user_model().objects.create_superuser("steward"))

    def told() -> list[str]:
        page = html.fromstring(client.get(reverse("admin:ingest_source_change", args=[source.pk])).content.decode())
        return [line.text_content() for line in page.xpath("//ul[@class='received']/li")]

    assert told() == ["기다리는 메시지가 없습니다"]
    send(notification(entity("a", 1)))
    [waiting] = told()
    assert waiting.startswith("다음 실행을 기다리는 메시지: ")
    inbox.SourceInbox("air").tell(ko="브로커에 연결할 수 없습니다.", en="The broker cannot be reached.")
    settings.INBOX_MIB = 0
    send(notification(entity("b", 1), id="urn:n:2"))
    assert [line.split(":")[0] for line in told()] == [
        "다음 실행을 기다리는 메시지",
        "마지막으로 수신을 확인한 때",
        "브로커에 연결할 수 없습니다.",
        "수신함이 가득 차 거절한 메시지",
    ]
    assert "1건" in told()[-1]
    Source.objects.update(config=CONFIG | {"receive": False})
    assert told() == []
