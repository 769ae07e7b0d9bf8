"""Grants and the log of readings in the admin: given and revoked there, never changed or deleted, and nothing leaks."""

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import Dataset, Grant, Reading
from catalog.publish import guard_dataset
from catalog.records import Column, Schema

pytestmark = pytest.mark.django_db

SCHEMA = Schema(columns=(Column("number"), Column("happened_at", "datetime")), time="happened_at")
KOREAN = {"Accept-Language": "ko"}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("steward"))
    return client


@pytest.fixture
def dataset() -> Dataset:
    closed = {"access_level": "restricted", "access_reason": {"ko": "긴급 사건"}}
    publish_rows(make_dataset("emergencies", schema=SCHEMA, **closed), [{"number": "1"}])
    guard_dataset("emergencies")
    return Dataset.objects.get(slug="emergencies")


def form(dataset: Dataset, **values: object) -> dict[str, object]:
    officer, _ = User.objects.get_or_create(username="officer")
    return {
        "dataset": dataset.pk,
        "organisation": make_organisation("police", ko="한빛경찰서").pk,
        "holders": [officer.pk],
        "purpose": "112 긴급출동 경로를 개선하기 위한 분석",
        "legal_basis": "개인정보 보호법 제18조 제2항",
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
        "valid_until_0": "2036-01-01",
        "valid_until_1": "00:00:00",
        "classes": ["operator", "free-text"],
    } | values


def add(admin: Client, dataset: Dataset, **values: object) -> Any:
    return admin.post("/admin/catalog/grant/add/", form(dataset, **values), headers=KOREAN)


def test_a_grant_is_given_by_whoever_is_signed_in(admin: Client, dataset: Dataset) -> None:
    assert add(admin, dataset).status_code == 302
    grant = Grant.objects.get()
    assert (grant.granted_by.username, grant.classes) == ("steward", ["operator", "free-text"])
    assert [holder.username for holder in grant.holders.all()] == ["officer"]
    assert Grant.objects.valid(timezone.now()).get() == grant


@pytest.mark.parametrize(
    "values",
    [
        {"purpose": "분석"},
        {"purpose": ""},
        {"legal_basis": ""},
        {"holders": []},
        {"valid_until_0": ""},
        {"valid_until_0": "2025-12-31"},
        {"classes": ["no-such-class"]},
        {"classes": ["none"]},
        {
            "records_from_0": "2026-02-01",
            "records_from_1": "00:00",
            "records_until_0": "2026-01-01",
            "records_until_1": "00:00",
        },
    ],
)
def test_what_is_missing_or_contradicts_itself_is_told_in_the_form(
    admin: Client, dataset: Dataset, values: dict[str, object]
) -> None:
    response = add(admin, dataset, **values)
    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    assert not Grant.objects.exists()


def test_only_guarded_datasets_are_granted_and_a_period_needs_a_time_column(admin: Client, dataset: Dataset) -> None:
    assert add(admin, make_dataset("open-one")).status_code == 200
    make_dataset("timeless", schema=Schema((Column("number"),)))
    guard_dataset("timeless")
    timeless = Dataset.objects.get(slug="timeless")
    period = {"records_from_0": "2026-01-01", "records_from_1": "00:00"}
    assert "records_from" in add(admin, timeless, **period).context["adminform"].form.errors
    assert add(admin, timeless).status_code == 302


def test_a_grant_cannot_be_changed_or_deleted_but_revoked_for_a_reason(admin: Client, dataset: Dataset) -> None:
    add(admin, dataset)
    grant = Grant.objects.get()
    page = f"/admin/catalog/grant/{grant.pk}/change/"
    shown = admin.get(page, headers=KOREAN).content.decode()
    assert 'name="purpose"' not in shown and 'name="valid_until_0"' not in shown and 'name="because"' in shown
    admin.post(page, form(dataset, purpose="다른 목적으로 바꾸어 읽으려고 함", because=""))
    grant.refresh_from_db()
    assert grant.purpose.startswith("112") and grant.revoked_at is None
    assert admin.post(f"/admin/catalog/grant/{grant.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.post(page, {"because": "목적이 끝났음"}).status_code == 302
    grant.refresh_from_db()
    assert (grant.revoked_at is not None, grant.revoked_because) == (True, "목적이 끝났음")
    assert 'name="because"' not in admin.get(page).content.decode()


def test_grants_are_revoked_from_the_list_too_but_not_without_a_reason(admin: Client, dataset: Dataset) -> None:
    add(admin, dataset)
    chosen = {"action": "revoke", "_selected_action": [Grant.objects.get().pk]}
    admin.post("/admin/catalog/grant/", chosen)
    assert Grant.objects.get().revoked_at is None
    admin.post("/admin/catalog/grant/", chosen | {"because": "유출이 의심됨"})
    assert Grant.objects.get().revoked_because == "유출이 의심됨"
    for state, number in (("valid", 0), ("over", 1)):
        listed = admin.get(f"/admin/catalog/grant/?state={state}")
        assert listed.context["cl"].result_count == number


def test_the_log_can_be_read_and_narrowed_and_never_changed(admin: Client, dataset: Dataset) -> None:
    add(admin, dataset)
    grant = Grant.objects.get()
    row = Reading.objects.create(
        at=timezone.now(), dataset=dataset, grant=grant, organisation=grant.organisation, user=grant.holders.get(),
        user_name="officer", purpose="경로 분석", status="given", records=3, question="kind=fire", address="10.1.2.3",
    )  # fmt: skip
    Reading.objects.create(at=timezone.now() - dt.timedelta(days=400), dataset=dataset, status="refused")
    for query, number in (
        ("", 2),
        (f"?dataset__id__exact={dataset.pk}", 2),
        (f"?organisation__id__exact={grant.organisation.pk}", 1),
        (f"?user__id__exact={row.user.pk}", 1),
        (f"?grant__id__exact={grant.pk}", 1),
        ("?status__exact=refused", 1),
        ("?q=officer", 1),
        (f"?at__gte={quote(timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0).isoformat())}", 1),
    ):
        assert admin.get(f"/admin/catalog/reading/{query}").context["cl"].result_count == number, query
    shown = admin.get(f"/admin/catalog/reading/{row.pk}/change/")
    assert shown.status_code == 200
    assert "kind=fire" in shown.content.decode() and 'name="_save"' not in shown.content.decode()
    for place in ("add", f"{row.pk}/delete"):
        assert admin.post(f"/admin/catalog/reading/{place}/", {"post": "yes"}).status_code == 403
    assert admin.post(f"/admin/catalog/reading/{row.pk}/change/", {"purpose": "x"}).status_code == 403


def test_the_page_of_a_guarded_dataset_leads_to_its_log_and_cannot_open_it(admin: Client, dataset: Dataset) -> None:
    page = f"/admin/catalog/dataset/{dataset.pk}/change/"
    shown = admin.get(page).content.decode()
    assert f"/admin/catalog/reading/?dataset__id__exact={dataset.pk}" in shown
    assert f"/admin/catalog/grant/?dataset__id__exact={dataset.pk}" in shown
    form_ = admin.get(page).context["adminform"].form
    values = {name: value for name, value in form_.initial.items() if isinstance(value, (str, int)) and value != ""}
    rows = {"distributions-TOTAL_FORMS": "0", "distributions-INITIAL_FORMS": "0"}
    response = admin.post(page, values | rows | {"access_level": "public"})
    assert "access_level" in response.context["adminform"].form.errors
    assert Dataset.objects.get(pk=dataset.pk).access_level == "restricted"


def test_stewards_see_the_log_by_permission(client: Client, dataset: Dataset) -> None:
    steward = User.objects.create_user("limited", is_staff=True)
    client.force_login(steward)
    assert client.get("/admin/catalog/reading/").status_code == 403
    steward.user_permissions.add(Permission.objects.get(codename="view_reading"))
    client.force_login(User.objects.get(pk=steward.pk))
    assert client.get("/admin/catalog/reading/").status_code == 200
    assert client.get("/admin/catalog/grant/").status_code == 403
