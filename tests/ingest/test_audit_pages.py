"""What is done in the admin and by commands is in the audit log: by whom, from where, to what, and never with a secret."""

import datetime as dt
import io
import json
from pathlib import Path

import pytest
from builders import make_dataset
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from pulling import lots, make_source, write_lots

from catalog.audit import prove_log
from catalog.keys import issue_key
from catalog.models import AuditEntry
from ingest.models import Secret

pytestmark = pytest.mark.django_db
KOREAN = {"Accept-Language": "ko"}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("steward"))
    return client


def told() -> list[tuple[str, str, str]]:
    """Return (act, kind of object, object) of every entry, the oldest first."""
    return list(AuditEntry.objects.order_by("number").values_list("act", "model", "object_name"))


def test_who_comes_and_goes_is_told_and_who_does_not_get_in_is_not(client: Client) -> None:
    User.objects.create_superuser("steward", password="correct horse")
    client.post("/admin/login/", {"username": "steward", "password": "wrong"})
    client.post(
        "/admin/login/?next=/admin/", {"username": "steward", "password": "correct horse"}, REMOTE_ADDR="192.0.2.9"
    )
    client.post("/admin/logout/")
    acts = AuditEntry.objects.order_by("number").values_list("act", "user_name", "address")
    assert list(acts) == [("signed-in", "steward", "192.0.2.9"), ("signed-out", "steward", "127.0.0.1")]


def test_a_form_tells_which_fields_it_changed_and_no_value(admin: Client) -> None:
    values = {"name": "key-of-air", "note": "", "value": "TOP-SECRET-VALUE"}
    assert admin.post("/admin/ingest/secret/add/", values).status_code == 302
    secret = Secret.objects.get()
    admin.post(f"/admin/ingest/secret/{secret.pk}/change/", {**values, "note": "공단", "value": "OTHER-SECRET"})
    admin.post(f"/admin/ingest/secret/{secret.pk}/delete/", {"post": "yes"})
    assert [entry[0] for entry in told()] == ["added", "changed", "deleted"]
    assert {entry[1:] for entry in told()} == {("ingest.secret", "key-of-air")}
    assert "SECRET" not in json.dumps(list(AuditEntry.objects.values_list("told", flat=True)))
    assert list(prove_log()) == []


def test_an_action_of_a_list_is_told_with_what_was_chosen_and_read_in_korean(admin: Client) -> None:
    key, _ = issue_key(User.objects.get(), "dashboard")
    data = {"action": "revoke", "_selected_action": [str(key.pk)]}
    assert admin.post("/admin/catalog/apikey/", data).status_code == 302
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.model, json.loads(entry.told)["chosen"]) == ("asked", "catalog.apikey", [str(key.pk)])
    page = admin.get("/admin/catalog/auditentry/", headers=KOREAN).content.decode()
    assert "감사 기록" in page
    assert f"선택한 키 폐기 · {key.pk}" in page


def test_all_of_a_list_are_told_by_its_filters_and_not_by_what_was_searched_for(admin: Client) -> None:
    make_dataset("parks")
    data = {"action": "withdraw", "select_across": "1", "_selected_action": ["1"], "index": "0"}
    admin.post("/admin/catalog/dataset/?access_level__exact=public&q=홍길동", data)
    told = json.loads(AuditEntry.objects.get().told)
    assert told == {"asked": "withdraw", "chosen": "all", "of": "access_level__exact=public"}


def test_a_button_of_ours_is_told_before_it_is_done(admin: Client, tmp_path: Path, settings) -> None:
    settings.FILE_ROOTS = [tmp_path]
    source = make_source(write_lots(tmp_path / "lots.csv", lots(1)))
    admin.post(f"/admin/ingest/source/{source.pk}/run/")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.model, entry.object_name) == ("asked", "ingest.source", source.slug)


def test_accounts_and_their_permissions_are_told_as_well(admin: Client) -> None:
    values = {"username": "park", "password1": "correct horse battery", "password2": "correct horse battery"}
    admin.post("/admin/auth/user/add/", {**values, "usable_password": "true"})
    assert ("added", "auth.user", "park") in told()
    assert "horse" not in json.dumps(list(AuditEntry.objects.values_list("told", flat=True)))


def test_the_log_outlives_the_account(admin: Client) -> None:
    admin.post("/admin/catalog/dataset/", {"action": "withdraw", "_selected_action": [str(make_dataset("parks").pk)]})
    User.objects.all().delete()
    assert AuditEntry.objects.get().user_name == "steward"
    assert list(prove_log()) == []


def test_what_nobody_may_do_is_not_told_as_done(client: Client) -> None:
    client.force_login(User.objects.create_user("guest", is_staff=True))
    assert client.post("/admin/ingest/secret/add/", {"name": "x", "value": "y"}).status_code == 403
    assert told() == []


def test_looking_is_not_recorded(admin: Client) -> None:
    for page in ("/admin/", "/admin/catalog/dataset/", "/admin/catalog/auditentry/"):
        assert admin.get(page).status_code == 200
    assert told() == []


def test_the_log_is_for_those_who_may_see_it_and_nobody_changes_it(client: Client) -> None:
    user = User.objects.create_user("auditor", is_staff=True)
    client.force_login(user)
    assert client.get("/admin/catalog/auditentry/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    call_command("issue_key", "--user", "auditor", "--label", "감사", stdout=io.StringIO(), stderr=io.StringIO())
    assert client.get("/admin/catalog/auditentry/").status_code == 200
    assert client.get("/admin/catalog/auditentry/1/change/").status_code == 200
    assert client.post("/admin/catalog/auditentry/1/delete/", {"post": "yes"}).status_code == 403
    assert client.post("/admin/catalog/auditentry/1/change/", {"user_name": "x"}).status_code == 403
    assert AuditEntry.objects.get().user_name != "x"


def test_commands_that_change_something_are_told_and_a_dry_run_is_not() -> None:
    User.objects.create_user("park")
    until = str(dt.date.today() + dt.timedelta(days=9))
    call_command("issue_key", user="park", label="대시보드", until=until, stdout=io.StringIO(), stderr=io.StringIO())
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_name) == ("command", "issue_key")
    assert json.loads(entry.told) == {"user": "park", "label": "대시보드", "until": until}
    assert entry.user_name
    call_command("hub_key", stdout=io.StringIO())
    call_command("save_secret", "--list", stdout=io.StringIO())
    assert AuditEntry.objects.count() == 1


def test_who_allowed_a_private_address_is_told(admin: Client) -> None:
    channel = {"kind": "webhook", "address": "http://10.0.0.5/", "language": "ko", "is_enabled": "on"}
    admin.post("/admin/ingest/alertchannel/add/", channel | {"allow_private": "on"})
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.model, entry.user_name) == ("added", "ingest.alertchannel", "steward")
    assert "allow_private" in entry.told
    assert "내부 주소 허용" in admin.get("/admin/catalog/auditentry/", headers=KOREAN).content.decode()


def test_the_log_is_narrowed_down_by_kind_and_names_fields_in_korean(admin: Client) -> None:
    dataset = make_dataset("parks")
    organisation = dataset.organisation
    values = {"slug": organisation.slug, "name_ko": "새 이름", "name_en": "", "description_ko": ""}
    admin.post(f"/admin/catalog/organisation/{organisation.pk}/change/", values)
    admin.post("/admin/catalog/dataset/", {"action": "withdraw", "_selected_action": [str(dataset.pk)]})
    page = admin.get("/admin/catalog/auditentry/?model=catalog.dataset", headers=KOREAN).content.decode()
    assert f"선택한 데이터셋을 목록에서 철회 · {dataset.pk}" in page
    assert 'class="field-act">요청' in page
    assert 'class="field-act">바뀜' not in page
