"""Peer hubs in the stewards' admin: what each state says, what is set up and asked for, and that many datasets cost no more."""

import uuid
from typing import Any

import pytest
from builders import make_dataset
from celery import current_app
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import html
from peers import make_foreign_dataset, make_identity, make_peer, make_peers, offer, read

from catalog.models import Dataset
from catalog.publish import describe_dataset
from ingest.admin.hub_page import grouped
from ingest.federation.applying import stored_description
from ingest.federation.identity import fingerprint_of, own_document, own_hub
from ingest.models import Hub, HubEntry, HubOffer

pytestmark = pytest.mark.django_db
FORM = {
    "slug": "hanbit",
    "title": "한빛시 데이터허브",
    "address": "https://data.hanbit.example/",
    "fingerprint": "",
    "reads": "on",
    "takes": "records",
    "organisations": "",
    "themes": ["environment", "transport"],
    "regions": "44, 41",
    "closed": "withdraw",
    "levels": ["public", "restricted"],
    "schedule": "hourly",
}


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """Collect what is told to the workers instead of a queue."""
    told: list[tuple[str, list[Any]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: told.append((name, args)))
    return told


def page(client: Client, name: str, *keys: object, language: str = "en", **query: object) -> html.HtmlElement:
    answer = client.get(reverse(f"admin:{name}", args=keys), query, headers={"accept-language": language})
    assert answer.status_code == 200
    return html.fromstring(answer.content.decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def press(client: Client, name: str, hub: Hub, **values: object) -> str:
    address = reverse(f"admin:ingest_hub_{name}", args=[hub.pk])
    answer = client.post(address, values, follow=True, headers={"accept-language": "en"})
    return " ".join(html.fromstring(answer.content.decode()).xpath("string(//ul[@class='messagelist'])").split())


def rows(client: Client) -> dict[str, str]:
    found = page(client, "ingest_hub_changelist").xpath("//table[@id='result_list']/tbody/tr")
    return {row.xpath("string(th)").strip(): text(row) for row in found}


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        ("new", ["not read yet", "not compared yet", "at once"]),
        ("well", ["well", "read 5", "minutes ago", "none (", "4.0", "8.0"]),
        ("running", ["being read since", "1,300 entries behind"]),
        ("failed", ["failed 3 times, next try", "42 entries behind", "2", "days ago"]),
        ("differs", ["well, but something differs", "2 ("]),
        ("paused", ["paused since", "장비 교체"]),
        ("reader", ["it only reads here"]),
    ],
)
def test_the_list_says_how_each_peer_goes(steward: Client, peer: str, words: list[str]) -> None:
    make_peers()
    row = rows(steward)[peer]
    assert [word for word in words if word not in row] == [], row


def test_a_peer_is_saved_through_its_verb(steward: Client) -> None:
    assert steward.post(reverse("admin:ingest_hub_add"), FORM).status_code == 302
    hub = Hub.objects.get()
    assert (hub.address, hub.themes, hub.regions, hub.levels) == (
        "https://data.hanbit.example", ["environment", "transport"], ["44", "41"], ["public", "restricted"],
    )  # fmt: skip
    Hub.objects.update(cursor="1-9", themes=["environment", "gone-theme"])
    shown = page(steward, "ingest_hub_change", hub.pk)
    assert shown.xpath("//input[@name='themes'][@checked]/@value") == ["environment", "gone-theme"]
    changed = FORM | {"themes": ["environment"], "fingerprint": ": ".join(["AB CD"] * 16)}
    assert steward.post(reverse("admin:ingest_hub_change", args=[hub.pk]), changed).status_code == 302
    hub.refresh_from_db()
    assert (hub.cursor, hub.fingerprint) == ("", "abcd" * 16)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "data.hanbit.example"),
        ("fingerprint", "abc"),
        ("regions", "Hanbit"),
        ("schedule", "sometimes"),
        ("schedule", "after air-quality"),
        ("themes", "no-theme"),
        ("slug", "Hanbit!"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(steward: Client, field: str, value: str) -> None:
    answer = steward.post(reverse("admin:ingest_hub_add"), FORM | {field: value})
    assert list(answer.context["adminform"].form.errors) == [field]


def test_only_a_superuser_grants_private_addresses(client: Client) -> None:
    hub = make_peer("inner", "안쪽", allow_private=True)
    user = get_user_model().objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_hub", "change_hub"]))
    client.force_login(user)
    changed = FORM | {"slug": "inner", "address": "http://10.0.0.7", "allow_private": ""}
    client.post(reverse("admin:ingest_hub_change", args=[hub.pk]), changed)
    hub.refresh_from_db()
    assert (hub.address, hub.allow_private, hub.title) == ("https://inner.example", True, FORM["title"])


@pytest.mark.parametrize(
    ("button", "told"),
    [
        ("read", ("ingest.tasks.sync", ["well"])),
        ("compare", ("ingest.tasks.verify", ["well", False])),
        ("mend", ("ingest.tasks.verify", ["well", True])),
    ],
)
def test_a_button_tells_the_workers(steward: Client, sent: list[Any], button: str, told: tuple[str, Any]) -> None:
    assert "A worker begins soon" in press(steward, button, make_peer("well", "한빛시"))
    assert sent == [told]


@pytest.mark.parametrize(
    ("peer", "why"), [("running", "being read"), ("paused", "paused"), ("reader", "Nothing is read")]
)
def test_a_button_says_why_it_can_do_nothing(steward: Client, sent: list[Any], peer: str, why: str) -> None:
    hub = make_peers()[peer]
    assert [why in press(steward, name, hub) for name in ("read", "compare", "mend")] == [True] * 3
    assert sent == []


def test_a_button_is_no_link_and_not_for_everybody(client: Client) -> None:
    hub = make_peer("well", "한빛시")
    user = get_user_model().objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_hub"))
    client.force_login(user)
    for name in ("read", "compare", "mend", "pause", "resume"):
        address = reverse(f"admin:ingest_hub_{name}", args=[hub.pk])
        assert (client.get(address).status_code, client.post(address, {"because": "x"}).status_code) == (405, 404)
    assert page(client, "ingest_hub_this") is not None


def test_a_peer_is_paused_with_a_reason_and_goes_on(steward: Client) -> None:
    hub = make_peer("well", "한빛시", failures=4)
    assert "Say why" in press(steward, "pause", hub, because=" ")
    press(steward, "pause", hub, because="장비 교체")
    assert "장비 교체" in rows(steward)["well"]
    press(steward, "resume", hub)
    hub.refresh_from_db()
    assert (hub.paused_at, hub.paused_because, hub.failures, hub.next_at) == (None, "", 0, None)


def test_a_peer_that_was_read_is_never_deleted(steward: Client) -> None:
    unread, known = make_peer("unread", "안 읽음"), make_peer("known", "읽음")
    read(known)
    answers = [steward.get(reverse("admin:ingest_hub_delete", args=[hub.pk])).status_code for hub in (unread, known)]
    assert answers == [200, 403]


def test_the_page_tells_who_it_is_and_what_happened(steward: Client) -> None:
    peers = make_peers()
    failed = peers["failed"]
    shown = page(steward, "ingest_hub_change", failed.pk, language="ko")
    key = failed.identity.keys[0]["public"]
    assert grouped(fingerprint_of(key)) in text(shown.xpath("//section[@id='identity']")[0])
    readings = text(shown.xpath("//section[@id='readings']")[0])
    assert "https://failed.example" in readings
    assert "이 허브의 데이터셋과 식별자가 같지만" in readings
    assert len(shown.xpath("//section[@id='readings']//details/p")) == 3
    never = page(steward, "ingest_hub_change", peers["new"].pk)
    assert "Not met yet" in text(never.xpath("//section[@id='identity']")[0])
    well = page(steward, "ingest_hub_change", peers["well"].pk)
    assert "entries 12, new 3, changed 9, requests 5" in text(well.xpath("//section[@id='readings']")[0])


def test_the_page_names_what_differs_and_the_ways_of_what_comes_twice(steward: Client) -> None:
    differs = make_peers()["differs"]
    dataset = Dataset.objects.get(slug="air-daon")
    shown = page(steward, "ingest_hub_change", differs.pk)
    [differing] = shown.xpath("//section[@id='differing']")
    assert len(differing.xpath(".//li")) == 2
    assert differing.xpath(".//a/@href") == [reverse("admin:catalog_dataset_change", args=[dataset.pk])]
    [ways] = shown.xpath("//section[@id='ways']//li")
    assert text(ways).endswith(": 다온시 데이터허브; 가온도 데이터허브 → 한빛시 데이터허브")


def test_offers_are_found_by_what_names_a_dataset(steward: Client) -> None:
    peers = make_peers()
    dataset = Dataset.objects.get(slug="air-daon")
    for term in (dataset.slug, str(dataset.pk), dataset.home):
        found = page(steward, "ingest_huboffer_changelist", q=term).xpath("//table[@id='result_list']/tbody/tr")
        assert len(found) == 2, term
    none = page(steward, "ingest_huboffer_changelist", q="else", hub__id__exact=peers["well"].pk)
    assert none.xpath("//table[@id='result_list']/tbody/tr") == []


def test_pages_cost_the_same_with_many_datasets_and_peers(steward: Client) -> None:
    peers = make_peers()
    differs = peers["differs"]
    addresses = [
        reverse("admin:ingest_hub_changelist"),
        reverse("admin:ingest_hub_change", args=[differs.pk]),
        reverse("admin:ingest_huboffer_changelist"),
        reverse("admin:ingest_hub_this"),
    ]

    def cost() -> list[int]:
        numbers = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert steward.get(address).status_code == 200
            numbers.append(len(queries))
            asked.extend(one["sql"] for one in queries if "ingest_huboffer" in one["sql"])
        return numbers

    asked: list[str] = []
    own_document()  # the first time makes the key
    before = cost()
    entries = [uuid.uuid4() for _ in range(6000)]
    HubOffer.objects.bulk_create(
        HubOffer(hub=hub, entry=entry, epoch=1, version=1, leaf="0" * 64, via=[str(peers["well"].identity.pk)])
        for hub in (differs, peers["well"])
        for entry in entries
    )
    for number in range(4):
        read(make_peer(f"more-{number}", "더"), bytes=9)
    asked.clear()
    assert cost() == before
    assert [sql for sql in asked if "LIMIT" not in sql and '"entry" IN (' not in sql] == []
    shown = page(steward, "ingest_huboffer_changelist")
    assert "5,000" in text(shown.xpath("//*[contains(@class, 'paginator')]")[0]).replace("5000", "5,000")


def test_this_hub_tells_its_key_and_who_may_read_what(steward: Client) -> None:
    make_peers()
    shown = text(page(steward, "ingest_hub_this"))
    assert str(own_hub().pk) in shown
    assert grouped(fingerprint_of(own_document()["keys"][0]["public"])) in shown
    assert "누리도 데이터허브" in shown


def test_a_dataset_tells_where_it_is_at_home_and_what_was_changed_here(steward: Client) -> None:
    peer = make_peer("region", "가온도 데이터허브")
    dataset = make_foreign_dataset("air-daon", make_identity("daon"))
    offer(peer, dataset, peer.identity)
    make_dataset("own")

    def told() -> html.HtmlElement:
        return page(steward, "catalog_dataset_change", dataset.pk).xpath("//div[contains(@class, 'field-home_shown')]")[
            0
        ]

    assert dataset.home in told().xpath(".//a/@href")
    assert "At home at: daon" in text(told())
    assert "Nothing has been changed in this hub." in text(told())
    assert "가온도 데이터허브" in text(told())
    changed = stored_description(dataset) | {"title": {"ko": "고친 제목", "en": "Air, mended"}}
    describe_dataset(dataset.slug, changed, None)
    [row] = told().xpath(".//tbody/tr")
    assert "대기질 측정" in text(row)
    assert "고친 제목" in text(row)
    own = page(steward, "catalog_dataset_change", Dataset.objects.get(slug="own").pk)
    assert own.xpath("//div[contains(@class, 'field-home_shown')]") == []
    HubEntry.objects.all().delete()
    assert dataset.home in told().xpath(".//a/@href")
