"""The stewards' pages of sending: where to, rules with a preview, what was raised, what became of each message."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from messages_of_platform import make_platform
from sending_to import level, make_levels, make_receiver, make_rule, outgoing, publish, raise_now

from catalog.models import Dataset
from catalog.publish import guard_dataset
from ingest.models import OutgoingMessage, RaisedOccurrence, Receiver, SendingRule
from ingest.platform.sending import send_events
from ingest.sandbox.platform import PlatformDesk
from ingest.sandbox.server import running
from ingest.sandbox.world import World
from ingest.secret_store import save_secret, seal

pytestmark = pytest.mark.django_db
State = OutgoingMessage.State
RECEIVER = {
    "is_enabled": "on",
    "address": "https://10.1.2.3:8443/scsns",
    "auth_path": "/api/getAuth.json",
    "event_path": "/linkHttp/recvEvent.json",
    "api_key": "platform-key",
    "send_code": "B4400000000",
    "receive_code": "B4400000000",
    "allow_private": "on",
}
RULE = {
    "slug": "high-water",
    "condition": "water_level >= 3.5",
    "subject": "station",
    "event_id": "DUCDP110",
    "event_name": "재난정보 긴급지원",
    "grade": "10",
    "content": "수위 {water_level} m",
    "place": "{name}",
    "items": '{"LEVEL": "water_level"}',
    "is_enabled": "on",
}


@pytest.fixture
def page(admin_client):
    def get(name, *arguments, **query):
        return html.fromstring(admin_client.get(reverse(f"admin:{name}", args=arguments), query).content.decode())

    return get


@pytest.fixture
def desk():
    return PlatformDesk()


@pytest.fixture
def url(desk):
    with running(World(platform=desk)) as server:
        yield server.url


def errors_at(answer, field: str) -> str:
    told = html.fromstring(answer.content).xpath(f"//div[contains(@class, 'field-{field}')]//ul[@class='errorlist']")
    return " ".join(one.text_content() for one in told)


def make_steward(client: Client, *names: str) -> None:
    user = get_user_model().objects.create_user("steward", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)


def test_a_receiver_is_registered_and_sent_to_anew_after_each_change(admin_client):
    platform, _ = make_platform()
    save_secret("platform-key", "secret-of-it")
    added = admin_client.post(reverse("admin:ingest_receiver_add"), RECEIVER | {"platform": platform.pk})
    assert added.status_code == 302, html.fromstring(added.content).text_content()
    receiver = Receiver.objects.get()
    Receiver.objects.update(session=seal("a-session"), failures=3, next_try_at=timezone.now(), last_error_ko="고장")
    address = reverse("admin:ingest_receiver_change", args=[receiver.pk])
    shown = admin_client.get(address).content.decode()
    assert "secret-of-it" not in shown and "a-session" not in shown and "고장" in shown
    assert admin_client.post(address, RECEIVER | {"send_code": "B4413000000"}).status_code == 302
    receiver.refresh_from_db()
    assert (receiver.send_code, receiver.session, receiver.failures, receiver.next_try_at) == (
        "B4413000000", "", 0, None
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("address", {"address": "ftp://10.1.2.3"}),
        ("auth_path", {"auth_path": "getAuth"}),
        ("api_key", {"api_key": "unknown"}),
        ("is_encrypted", {"is_encrypted": "on"}),
    ],
)
def test_what_is_wrong_with_a_receiver_is_told_at_its_field(admin_client, field, changed):
    platform, _ = make_platform()
    save_secret("platform-key", "secret-of-it")
    answer = admin_client.post(reverse("admin:ingest_receiver_add"), RECEIVER | {"platform": platform.pk} | changed)
    assert answer.status_code == 200
    assert errors_at(answer, field) or f'id="id_{field}_error"' in answer.content.decode()
    assert not Receiver.objects.exists()


def test_only_a_superuser_lets_events_go_to_private_addresses(client):
    receiver = make_receiver(allow_private=False)
    make_steward(client, "view_receiver", "change_receiver")
    address = reverse("admin:ingest_receiver_change", args=[receiver.pk])
    assert client.post(address, RECEIVER).status_code == 302
    receiver.refresh_from_db()
    assert (receiver.address, receiver.allow_private) == (RECEIVER["address"], False)
    Receiver.objects.update(allow_private=True, address="https://10.9.9.9")
    client.post(address, RECEIVER)
    receiver.refresh_from_db()
    assert receiver.address == "https://10.9.9.9"


def test_the_key_of_a_receiver_is_tried_from_the_list(admin_client, url, desk):
    receiver = make_receiver(url)
    pages = reverse("admin:ingest_receiver_changelist")
    tried = {"action": "try_keys", "_selected_action": [receiver.pk]}
    admin_client.post(pages, tried)
    assert (desk.asked, bool(Receiver.objects.get().session)) == (1, True)
    desk.switch("no-session", 1)
    told = admin_client.post(pages, tried, follow=True).content.decode()
    assert "허브의 인증키를 받지 않습니다" in told
    assert not Receiver.objects.get().session


def test_a_rule_is_made_previewed_and_asks_its_dataset_again_when_it_changes(admin_client, page):
    dataset = make_levels([level("a", 4), level("b", 1), level("c", 9)])
    receiver = make_receiver()
    whole = RULE | {"dataset": dataset.pk, "receiver": receiver.pk}
    added = admin_client.post(reverse("admin:ingest_sendingrule_add"), whole)
    assert added.status_code == 302, html.fromstring(added.content).text_content()
    rule = SendingRule.objects.get()
    assert (rule.subject, rule.items) == (["station"], {"LEVEL": "water_level"})
    preview = page("ingest_sendingrule_change", rule.pk).xpath("string(//div[contains(@class, 'field-preview')])")
    assert "a번 다리" in preview and "수위 9 m" in preview and "b번" not in preview
    assert not RaisedOccurrence.objects.exists()
    raise_now()
    assert raise_now() == 0
    changed = admin_client.post(
        reverse("admin:ingest_sendingrule_change", args=[rule.pk]), whole | {"condition": "water_level >= 5"}
    )
    assert changed.status_code == 302
    assert raise_now() == 1
    assert outgoing()[-1] == ("a", "50")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("condition", {"condition": "water_level >> 3"}),
        ("subject", {"subject": "no_such"}),
        ("subject", {"subject": ""}),
        ("items", {"items": '["water_level"]'}),
        ("items", {"items": '{"LEVEL": "no_such"}'}),
        ("content", {"content": "{no_such}"}),
        ("grade", {"grade": "9"}),
        ("event_id", {"event_id": "두 낱말"}),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_at_its_field(admin_client, field, changed):
    whole = RULE | {"dataset": make_levels([level("a", 4)]).pk, "receiver": make_receiver().pk}
    answer = admin_client.post(reverse("admin:ingest_sendingrule_add"), whole | changed)
    assert answer.status_code == 200
    assert errors_at(answer, field) or f'id="id_{field}_error"' in answer.content.decode()
    assert not SendingRule.objects.exists()


def test_a_guarded_dataset_cannot_be_chosen(admin_client, page):
    dataset = make_levels([level("a", 4)])
    Dataset.objects.filter(pk=dataset.pk).update(access_level="non-public")
    guard_dataset(dataset.slug)
    options = page("ingest_sendingrule_add").xpath("//select[@name='dataset']/option/@value")
    assert str(dataset.pk) not in options
    whole = RULE | {"dataset": dataset.pk, "receiver": make_receiver().pk}
    assert admin_client.post(reverse("admin:ingest_sendingrule_add"), whole).status_code == 200
    assert not SendingRule.objects.exists()


def test_a_rule_that_cannot_be_asked_says_so_on_its_page_and_at_home(page):
    rule = make_rule(make_levels([level("a", 4)]), condition="gone > 1")
    raise_now()
    shown = page("ingest_sendingrule_change", rule.pk).text_content()
    assert "'gone'" in shown
    assert "high-water" in page("index").text_content()


def test_messages_are_listed_filtered_sent_again_and_given_up(admin_client, page, url, desk):
    make_rule(make_levels([level("a", 4), level("b", 5)]), make_receiver(url))
    raise_now()
    desk.switch("refused", 1)
    send_events(timezone.now())
    refused = OutgoingMessage.objects.get(state=State.REFUSED)
    listed = page("ingest_outgoingmessage_changelist", state__exact="refused")
    assert len(listed.xpath("//table[@id='result_list']/tbody/tr")) == 1
    assert "4102" in listed.text_content() and "형식" in listed.text_content()
    assert "4102" not in page("index").text_content()
    assert "한빛시 통합플랫폼" in page("index").text_content()
    shown = page("ingest_outgoingmessage_change", refused.pk).text_content()
    assert "DUCDP110" in shown and "번 다리" in shown
    pages = reverse("admin:ingest_outgoingmessage_changelist")
    admin_client.post(pages, {"action": "send_selected_again", "_selected_action": [refused.pk]})
    assert OutgoingMessage.objects.get(pk=refused.pk).state == State.WAITING
    admin_client.post(pages, {"action": "give_selected_up", "_selected_action": [refused.pk]})
    assert OutgoingMessage.objects.get(pk=refused.pk).state == State.GIVEN_UP
    assert OutgoingMessage.objects.exclude(pk=refused.pk).get().state == State.SENT


@pytest.mark.parametrize("action", ["send_selected_again", "give_selected_up"])
def test_who_may_only_look_changes_nothing(client, action):
    make_rule(make_levels([level("a", 4)]))
    raise_now()
    make_steward(client, "view_outgoingmessage")
    message = OutgoingMessage.objects.get()
    pages = reverse("admin:ingest_outgoingmessage_changelist")
    assert client.get(pages).status_code == 200
    client.post(pages, {"action": action, "_selected_action": [message.pk]})
    assert OutgoingMessage.objects.get().state == State.WAITING


def test_an_occurrence_is_shown_with_its_messages_and_nobody_edits_it(admin_client, page):
    dataset = make_levels([level("a", 4)])
    rule = make_rule(dataset)
    raise_now()
    publish(dataset, [level("a", 1, 1)])
    raise_now()
    shown = page("ingest_raisedoccurrence_change", RaisedOccurrence.objects.get().pk)
    assert len(shown.xpath("//div[contains(@class, 'field-sent')]//li")) == 2
    assert "수위 4 m" in shown.text_content()
    for name in ("raisedoccurrence", "outgoingmessage"):
        assert admin_client.get(reverse(f"admin:ingest_{name}_add")).status_code == 403
    for model, pk in (("sendingrule", rule.pk), ("receiver", rule.receiver_id)):
        assert admin_client.post(reverse(f"admin:ingest_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
