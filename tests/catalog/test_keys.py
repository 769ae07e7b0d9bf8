"""Keys: issued once, found for a while without a query, revoked within seconds, and their use written down in batches."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import InterfaceError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import DjangoAssertNumQueries

from catalog import keys
from catalog.keys import (
    MARK,
    count_use,
    end_of,
    find_key,
    forget_found_keys,
    issue_key,
    korean_day,
    revoke_key,
    write_uses,
)
from catalog.models import ApiKey, ApiUse

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def nothing_found_or_counted() -> Iterator[None]:
    forget_found_keys()
    keys._uses.clear()
    yield
    forget_found_keys()
    keys._uses.clear()


@pytest.fixture
def firm() -> User:
    return User.objects.create_user("firm")


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("steward"))
    return client


def test_a_key_is_found_by_its_text_and_only_its_digest_is_kept(firm: User) -> None:
    key, text = issue_key(firm, "지도 서비스", per_minute=10, per_day=100)

    known = find_key(text)
    assert (known.id, known.holder, known.per_minute, known.per_day) == (key.pk, firm, 10, 100)
    assert re.fullmatch(rf"{MARK}[\w-]{{43}}", text)
    assert key.digest == hashlib.sha256(text.encode()).hexdigest()
    stored = [str(value) for value in ApiKey.objects.values_list().get()]
    assert not any(text in value for value in stored)
    assert text.startswith(key.prefix)
    assert text not in str(key)


def test_no_two_keys_are_alike(firm: User) -> None:
    assert len({issue_key(firm, "x")[1] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "text", ["", "hub_", "hub_short", "x" * 47, "hub_" + "a" * 44, "hub_" + "가" * 43, "a" * 100_000]
)
def test_what_is_not_shaped_like_a_key_is_not_looked_up(
    text: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert find_key(text) is None


def test_a_key_is_looked_up_once_known_or_not(firm: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _, text = issue_key(firm, "x")
    unknown = MARK + "a" * 43
    with django_assert_num_queries(2):
        assert [bool(find_key(text)) for _ in range(5)] == [True] * 5
        assert [bool(find_key(unknown)) for _ in range(5)] == [False] * 5


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())


def leave(key: ApiKey) -> None:
    User.objects.filter(pk=key.holder_id).update(is_active=False)


def remove(key: ApiKey) -> None:
    User.objects.filter(pk=key.holder_id).delete()


@pytest.mark.parametrize("end", [revoke_key, expire, leave, remove])
def test_what_ends_a_key_holds_within_five_seconds(end: object, firm: User, monkeypatch: pytest.MonkeyPatch) -> None:
    key, text = issue_key(firm, "x")
    assert find_key(text)
    end(key)
    clock = keys.time.monotonic() + keys.BELIEVED_SECONDS
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock)

    assert find_key(text) is None
    assert keys.BELIEVED_SECONDS <= 5


def test_a_key_is_revoked_once(firm: User) -> None:
    key, _ = issue_key(firm, "x")
    assert [revoke_key(key), revoke_key(key)] == [True, False]


def test_a_last_day_is_whole_in_korean_time() -> None:
    assert end_of(dt.date(2026, 12, 31)) == dt.datetime(2026, 12, 31, 15, tzinfo=dt.UTC)


def test_rubbish_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BELIEVED_KEYS", 10)
    for number in range(35):
        find_key(f"{MARK}{number:043}")
    assert len(keys._believed) <= 10


def test_uses_are_added_up_by_key_and_day(firm: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, second = issue_key(firm, "first")[0], issue_key(firm, "second")[0]
    with django_assert_num_queries(0):
        for _ in range(3):
            count_use(first.pk)
        count_use(first.pk, refused=True)
        count_use(second.pk)
    assert write_uses() == 5
    count_use(first.pk)
    assert write_uses() == 1
    assert write_uses() == 0

    assert set(ApiUse.objects.values_list("key", "day", "requests", "refused")) == {
        (first.pk, korean_day(), 4, 1),
        (second.pk, korean_day(), 1, 0),
    }
    assert ApiKey.objects.get(pk=first.pk).last_used_on == korean_day()


def test_the_use_of_a_key_that_is_gone_does_not_hold_up_that_of_others(firm: User) -> None:
    gone, kept = issue_key(User.objects.create_user("gone"), "x")[0], issue_key(firm, "x")[0]
    count_use(gone.pk)
    count_use(kept.pk)
    gone.holder.delete()
    write_uses()
    assert list(ApiUse.objects.values_list("key", "requests")) == [(kept.pk, 1)]


def test_what_cannot_be_written_is_kept_for_the_next_time(firm: User, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = issue_key(firm, "x")
    count_use(key.pk)
    with monkeypatch.context() as patch:
        patch.setattr(keys, "add_use", lambda *_: (_ for _ in ()).throw(InterfaceError("locked")))
        with pytest.raises(InterfaceError):
            write_uses()
    count_use(key.pk)
    assert write_uses() == 2


def test_a_command_issues_a_key_and_prints_nothing_else(firm: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_key", user="firm", label="지도 서비스", until="2999-12-31", per_minute=0)

    said = capsys.readouterr()
    key = ApiKey.objects.get()
    assert find_key(said.out.strip()).id == key.pk
    assert said.out.strip() not in said.err
    assert (key.label, key.per_minute, key.per_day) == ("지도 서비스", 0, None)
    assert key.expires_at == end_of(dt.date(2999, 12, 31))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user": "nobody"}, "no active user 'nobody'"),
        ({"until": "tomorrow"}, "'tomorrow' is no day"),
        ({"until": "2026-02-30"}, "'2026-02-30' is no day"),
        ({"per_day": -1}, "0 or more"),
    ],
)
def test_a_command_that_cannot_be_right_issues_nothing(firm: User, options: dict[str, object], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("issue_key", **{"user": "firm", "label": "x"} | options)
    assert not ApiKey.objects.exists()


def test_a_steward_issues_a_key_that_is_shown_in_this_one_answer(steward: Client, firm: User) -> None:
    response = steward.post(
        reverse("admin:catalog_apikey_add"), {"holder": firm.pk, "label": "지도 서비스", "per_day": "500"}
    )

    [shown] = html.fromstring(response.content.decode()).xpath("//pre[@data-copy]")
    key = ApiKey.objects.get()
    assert find_key(shown.text_content()).id == key.pk
    assert (key.holder, key.label, key.per_minute, key.per_day) == (firm, "지도 서비스", None, 500)
    assert "no-store" in response["Cache-Control"]
    assert shown.text_content() not in "".join(map(str, response.cookies.values()))
    for page in ("changelist", "change", "history"):
        address = reverse(f"admin:catalog_apikey_{page}", args=[] if page == "changelist" else [key.pk])
        content = steward.get(address).content.decode()
        assert key.prefix in content
        assert shown.text_content() not in content


def test_the_form_of_a_key_offers_only_what_it_does(steward: Client) -> None:
    page = html.fromstring(steward.get(reverse("admin:catalog_apikey_add")).content.decode())
    assert page.xpath("//div[contains(@class, 'submit-row')]//input[@type='submit']/@name") == ["_save"]


def test_a_steward_sees_the_use_of_thirty_days(steward: Client, firm: User) -> None:
    key, _ = issue_key(firm, "지도 서비스")
    today = timezone.localdate()
    for days, requests in ((0, 1234), (29, 5), (30, 7000)):
        ApiUse.objects.create(key=key, day=today - dt.timedelta(days=days), requests=requests, refused=3)

    page = html.fromstring(steward.get(reverse("admin:catalog_apikey_change", args=[key.pk])).content.decode())
    rows = [[cell.text_content() for cell in row] for row in page.xpath("//table[@class='inner']/tbody/tr")]
    assert rows == [[str(today), "1,234", "3"], [str(today - dt.timedelta(days=29)), "5", "3"]]
    listed = html.fromstring(steward.get(reverse("admin:catalog_apikey_changelist")).content.decode())
    assert listed.xpath("//td[contains(@class, 'field-recent_requests')]")[0].text_content() == "1,239"


def test_a_steward_revokes_keys_and_changes_what_is_granted(steward: Client, firm: User) -> None:
    key, text = issue_key(firm, "x")
    address = reverse("admin:catalog_apikey_change", args=[key.pk])
    steward.post(address, {"label": "새 용도", "per_minute": "7", "holder": "999", "digest": "0" * 64})
    key.refresh_from_db()
    assert (key.label, key.per_minute, key.holder) == ("새 용도", 7, firm)
    assert find_key(text)

    steward.post(reverse("admin:catalog_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})

    forget_found_keys()
    assert find_key(text) is None
    assert "폐기" in steward.get(reverse("admin:catalog_apikey_changelist")).content.decode()
    assert steward.post(reverse("admin:catalog_apikey_delete", args=[key.pk])).status_code == 403


def test_the_pages_of_keys_speak_korean_and_are_for_stewards(steward: Client, firm: User) -> None:
    issue_key(firm, "지도", expires_at=NOW)
    key, _ = issue_key(firm, "지도")
    for address in (
        reverse("admin:catalog_apikey_changelist"),
        reverse("admin:catalog_apikey_add"),
        reverse("admin:catalog_apikey_change", args=[key.pk]),
    ):
        page = html.fromstring(steward.get(address, headers={"accept-language": "ko"}).content.decode())
        [content] = page.xpath("//div[@id='content']")
        assert "API 키" in page.text_content()
        texts = content.xpath(".//text()[not(ancestor::script or ancestor::code)]")
        assert [text for text in texts if re.search(r"[A-Za-z][a-z']+( [A-Za-z][a-z']+){2,}", text)] == []
        assert Client().get(address).status_code == 302
