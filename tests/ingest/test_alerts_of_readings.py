"""What feeds and peers come to is told like what becomes of sources: once, when it will not pass by itself, and when it is over."""

import datetime as dt
import json
from pathlib import Path

import pytest
from builders import make_organisation
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from foreign_feeds import read, ten
from peers import make_peer

from catalog.text import Text
from ingest.alert_message import compose
from ingest.alerts import of_organisation
from ingest.answers import Limits
from ingest.federation.sync import NOT_TAKEN, STILL_DIFFERENT, sync_hub, tell
from ingest.federation.taking import Taken
from ingest.harvest.feeds import read_feed, save_feed
from ingest.models import Alert, AlertChannel, Feed, Hub

pytestmark = pytest.mark.django_db


def told(about: Feed | Hub) -> list[str]:
    return [alert.kind for alert in about.alerts.order_by("pk")]


def test_a_feed_that_waits_for_a_person_is_told_once_and_that_it_is_answered() -> None:
    read(*ten())
    feed = Feed.objects.get()
    assert told(feed) == []
    read(*ten()[:2])
    read(*ten()[:2])
    assert told(feed) == ["held"]
    assert "8 of the 10 datasets" in feed.alerts.get().text_en
    feed.alerts.update(at=timezone.now() - dt.timedelta(days=1, seconds=1))
    read(*ten()[:2])
    assert told(feed) == ["held", "held"]
    read(*ten())
    read(*ten())
    assert told(feed) == ["held", "held", "recovered"]


@pytest.mark.parametrize("content", ["no catalogue", None], ids=["it makes no sense", "it is not there"])
def test_a_feed_that_cannot_be_read_is_told(
    tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.setattr("ingest.harvest.feeds.LIMITS", Limits(total=0.1))
    settings.FILE_ROOTS = [tmp_path]
    if content is not None:
        (tmp_path / "data.json").write_text(content, encoding="utf-8")
    feed = save_feed("portal", title="한빛시 포털", format="data-json", location=str(tmp_path / "data.json"))
    for _ in range(3):
        with pytest.raises(Exception, match=r"data\.json"):
            read_feed(feed)
    assert told(feed) == ["failed"]


def test_a_peer_that_stays_away_is_told_at_its_third_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.federation.sync.LIMITS", Limits(total=0.1))
    hub = make_peer("daon", "다온시 데이터허브")
    seen = []
    for _ in range(4):
        sync_hub("daon")
        seen.append(told(hub))
    assert seen == [[], [], ["failed"], ["failed"]]


def test_datasets_of_a_peer_that_are_not_taken_are_told_until_they_are() -> None:
    hub = make_peer("daon", "다온시 데이터허브")
    why = STILL_DIFFERENT.format(count=2)
    stuck = Taken(hub, 0, {"refused": 2}, [{"where": "daon", "code": "differs", "text": why.as_dict()}])
    now = timezone.now()
    tell(hub, stuck, None, now, is_whole=True)
    tell(hub, stuck, None, now, is_whole=True)
    tell(hub, Taken(hub, 0), None, now, is_whole=False)
    assert told(hub) == ["held"]
    assert hub.alerts.get().text.as_dict() == NOT_TAKEN.format(count=2, why=why).as_dict()
    tell(hub, Taken(hub, 0), None, now, is_whole=True)
    assert told(hub) == ["held", "recovered"]


def test_a_message_names_them_and_leads_to_their_pages(settings: LazySettings) -> None:
    settings.BASE_URL = "https://data.hanbit.example"
    read(*ten())
    feed, hub, now = Feed.objects.get(), make_peer("daon", "다온시 데이터허브"), timezone.now()
    sentence = Text(ko="무슨 일", en="what happened")
    for about, kind in ((feed, "held"), (hub, "failed"), (hub, "recovered")):
        about.alerts.create(kind=kind, text_ko=sentence.ko, text_en=sentence.en, at=now)
    channels = [AlertChannel(organisation=None), AlertChannel(organisation=make_organisation("hanbit-city"))]
    everything, of_one = (list(of_organisation(Alert.objects.all(), channel)) for channel in channels)
    assert of_one == []
    message = compose(everything, "ko", "alerts-1", now)
    assert message.subject == "[데이터허브] 공개 보류: city-a 외 1곳"
    assert f"이웃 허브: https://data.hanbit.example/admin/ingest/hub/{hub.pk}/change/" in message.text
    assert "■ 다온시 데이터허브 (daon): 실패했다가 회복" in message.text
    document = json.loads(json.dumps(message.document))["data"]["sources"]
    assert [(one["of"], one["source"], one["kind"]) for one in document] == [
        ("feed", "city-a", "held"),
        ("hub", "daon", "passed"),
    ]


def test_an_alert_is_of_one_thing_and_its_page_leads_there(client: Client) -> None:
    hub, now = make_peer("daon", "다온시 데이터허브"), timezone.now()
    alert = hub.alerts.create(kind="failed", text_ko="무슨 일", text_en="what happened", at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(kind="failed", text_ko="", text_en="", at=now)
    client.force_login(get_user_model().objects.create_superuser("steward"))
    for address in (reverse("admin:ingest_alert_changelist"), reverse("admin:ingest_alert_change", args=[alert.pk])):
        assert reverse("admin:ingest_hub_change", args=[hub.pk]) in client.get(address).content.decode()
