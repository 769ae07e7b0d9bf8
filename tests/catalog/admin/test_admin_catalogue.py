"""The stewards' admin of the catalogue: what is saved goes through ``publish``, what the standard refuses is said at its field."""

import json
from typing import Any

import pytest
from builders import SCHEMA, make_dataset, make_organisation, publish_rows
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.test import Client
from django.urls import reverse
from lxml import html

from catalog.describe import describe
from catalog.models import Change, Dataset, Organisation
from catalog.publish import withdraw_dataset
from catalog.records import to_table_schema
from catalog.search import Query, find

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


def form_values(client: Client, address: str) -> dict[str, Any]:
    """Return what the form at an address would send if it were saved unchanged."""
    [form] = html.fromstring(client.get(address).content.decode()).xpath("//form[contains(@id, '_form')]")
    return {name: value for name, value in form.form_values() if not name.startswith("_")}


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def kinds() -> list[str]:
    return list(Change.objects.values_list("kind", flat=True))


NEW = {
    "slug": "parking",
    "title_ko": "주차장",
    "description_ko": "주차장의 위치",
    "theme": "transport",
    "licence": "kogl-1",
    "access_level": "public",
    "keywords_ko": "주차, 주차장",
    "schema": json.dumps(to_table_schema(SCHEMA)),
    "distributions-TOTAL_FORMS": "0",
    "distributions-INITIAL_FORMS": "0",
}


def test_a_new_dataset_is_described_and_in_the_feed(steward: Client) -> None:
    organisation = make_organisation()

    response = steward.post(reverse("admin:catalog_dataset_add"), NEW | {"organisation": organisation.pk})

    assert response.status_code == 302, errors(response)
    dataset = Dataset.objects.get(slug="parking")
    assert describe(dataset)["keywords"] == {"ko": ["주차", "주차장"]}
    assert dataset.distribution.schema == to_table_schema(SCHEMA)
    assert kinds() == ["created"]


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"access_level": "restricted"}, "access_reason_ko", "사유를 적어야"),
        ({"region": "99"}, "region", "지역 코드가 아닙니다"),
        ({"temporal_start": "2020-02-01", "temporal_end": "2020-01-01"}, "temporal_start", "시작이 끝보다 늦습니다"),
        ({"contact_email": "office@hanbit.example"}, "contact_name_ko", "꼭 있어야"),
        ({"licence": ""}, "licence", "꼭 있어야"),
        ({"title_ko": " "}, "title_ko", "꼭 있어야"),
        ({"schema": '{"columns": []}'}, "schema", "Table Schema가 아닙니다"),
        ({"schema": "[1]"}, "schema", "Table Schema가 아닙니다"),
        ({"schema": '{"fields": [{"name": "x", "type": "colour"}]}'}, "schema", "'colour' 유형은 없습니다"),
        ({"schema": '{"fields": [{"name": "limit", "type": "string"}]}'}, "schema", "매개변수와 겹치거나"),
        ({"schema": '{"fields": ['}, "schema", "올바른 JSON이 아닙니다"),
        ({"slug": "두 낱말"}, "slug", ""),
    ],
)
def test_what_the_standard_refuses_is_said_at_its_field(
    steward: Client, wrong: dict[str, str], field: str, says: str
) -> None:
    organisation = make_organisation()

    response = steward.post(reverse("admin:catalog_dataset_add"), NEW | {"organisation": organisation.pk} | wrong)

    assert list(errors(response)) == [field]
    assert says in errors(response)[field][0]
    assert not Dataset.objects.exists()


def test_saving_an_unchanged_form_changes_nothing(steward: Client) -> None:
    dataset = make_dataset(
        "air",
        keywords={"ko": ["대기", "미세먼지"], "en": ["air"]},
        temporal={"start": "2018-01-01"},
        region="44",
        contact_point={"name": {"ko": "대기과"}, "phone": "041"},
        access_reason={"ko": "까닭"},
    )
    before = describe(dataset)
    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])

    response = steward.post(address, form_values(steward, address))

    assert response.status_code == 302, errors(response)
    assert describe(Dataset.objects.get()) == before
    assert Dataset.objects.get().distribution.schema == to_table_schema(SCHEMA)
    assert kinds() == ["created"]


def test_an_office_of_the_organisation_is_not_copied_into_the_dataset(steward: Client) -> None:
    Organisation.objects.create(slug="hanbit-city", name_ko="한빛시", contact_name_ko="스마트도시과")
    dataset = make_dataset("air")
    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])

    steward.post(address, form_values(steward, address) | {"title_ko": "새 이름"})

    assert Dataset.objects.get().contact_name_ko == ""


def test_a_change_is_found_and_in_the_feed(steward: Client) -> None:
    dataset = make_dataset("air")
    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])

    steward.post(address, form_values(steward, address) | {"title_ko": "초미세먼지", "licence": "cc-by-4.0"})

    changed = Dataset.objects.get()
    assert (changed.title_ko, changed.licence) == ("초미세먼지", "cc-by-4.0")
    assert find(Query(text="초미세먼지"), AnonymousUser()).count == 1
    assert kinds() == ["created", "described"]


def test_an_identifier_cannot_be_changed(steward: Client) -> None:
    dataset = make_dataset("air")
    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])

    steward.post(address, form_values(steward, address) | {"slug": "other"})

    assert Dataset.objects.get().slug == "air"


def test_datasets_are_withdrawn_and_restored_by_actions(steward: Client) -> None:
    dataset = make_dataset("air")
    address = reverse("admin:catalog_dataset_changelist")

    steward.post(address, {"action": "withdraw", "_selected_action": [dataset.pk]})
    assert Dataset.objects.get().withdrawn_at is not None
    steward.post(address, {"action": "restore", "_selected_action": [dataset.pk]})
    assert Dataset.objects.get().withdrawn_at is None

    assert kinds() == ["created", "withdrawn", "restored"]


def test_nothing_of_the_catalogue_can_be_deleted(steward: Client) -> None:
    dataset = make_dataset("air")

    for name, key in (("dataset", dataset.pk), ("organisation", dataset.organisation_id), ("change", 1)):
        assert steward.post(reverse(f"admin:catalog_{name}_delete", args=[key]), {"post": "yes"}).status_code == 403


def test_the_change_feed_is_read_only(steward: Client) -> None:
    make_dataset("air")

    assert steward.get(reverse("admin:catalog_change_changelist")).status_code == 200
    assert steward.get(reverse("admin:catalog_change_add")).status_code == 403
    assert steward.post(reverse("admin:catalog_change_change", args=[1]), {"kind": "restored"}).status_code == 403


def test_a_datasets_page_shows_its_columns_and_snapshots(steward: Client) -> None:
    dataset = make_dataset("air")
    snapshot = publish_rows(dataset)

    page = steward.get(reverse("admin:catalog_dataset_change", args=[dataset.pk])).content.decode()
    assert "미세먼지" in page and "ug/m3" in page
    assert snapshot.digest[:12] in page


@pytest.mark.parametrize(
    ("state", "found"), [({}, {"air", "gone"}), ({"withdrawn": "no"}, {"air"}), ({"withdrawn": "yes"}, {"gone"})]
)
def test_datasets_are_filtered_by_whether_they_are_withdrawn(
    steward: Client, state: dict[str, str], found: set[str]
) -> None:
    make_dataset("air")
    make_dataset("gone")
    withdraw_dataset("gone")

    response = steward.get(reverse("admin:catalog_dataset_changelist"), state)
    assert {dataset.slug for dataset in response.context["cl"].result_list} == found


def test_an_organisation_is_saved_through_its_verb(steward: Client) -> None:
    address = reverse("admin:catalog_organisation_add")
    values = {"slug": "saeom", "name_ko": "새움시", "region": "11", "contact_name_ko": "과", "contact_phone": "02"}

    assert steward.post(address, values).status_code == 302
    assert Organisation.objects.get(slug="saeom").contact_phone == "02"


def test_a_wrong_region_is_said_at_its_field(steward: Client) -> None:
    response = steward.post(
        reverse("admin:catalog_organisation_add"), {"slug": "saeom", "name_ko": "새움시", "region": "9"}
    )

    assert list(errors(response)) == ["region"]


def test_who_is_no_steward_sees_nothing(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("visitor"))

    assert client.get(reverse("admin:catalog_dataset_changelist")).status_code == 302


def test_who_may_only_view_cannot_save_or_withdraw(client: Client) -> None:
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_dataset"))
    client.force_login(viewer)
    dataset = make_dataset("air")

    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"title_ko": "다른 이름"}).status_code == 403
    client.post(reverse("admin:catalog_dataset_changelist"), {"action": "withdraw", "_selected_action": [dataset.pk]})
    assert Dataset.objects.get().withdrawn_at is None


def test_the_language_is_switched_by_a_form_of_ones_own(steward: Client) -> None:
    steward.post(reverse("admin:language"), {"language": "en", "next": "/admin/"})

    assert "Today&#x27;s work" in steward.get("/admin/").content.decode()


def test_switching_the_language_needs_the_forms_token() -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/admin/language/", {"language": "en"}).status_code == 403
