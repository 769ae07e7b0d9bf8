"""Whole files and exports in the admin: stewards read them, in Korean, and change nothing."""

import pytest
from builders import make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User
from django.template.defaultfilters import filesizeformat
from django.test import Client

from catalog.exports import order_export
from catalog.models import Export, SnapshotFile
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("steward"))
    return client


@pytest.fixture(autouse=True)
def files(settings: LazySettings) -> None:
    publish_rows(make_dataset())
    order_export("air-quality", [("pm10", "34")], "csv", viewer=AnonymousUser(), caller="somebody")
    for _ in range(3):
        write_next_file()
    settings.FILE_MIB = 0
    order_export("air-quality", [("pm10", "81")], "ndjson", viewer=AnonymousUser(), caller="somebody")
    write_next_file()


@pytest.mark.parametrize("name", ["export", "snapshotfile"])
def test_lists_are_in_korean_and_can_be_narrowed_by_state(admin: Client, name: str) -> None:
    page = admin.get(f"/admin/catalog/{name}/", headers={"Accept-Language": "ko"})
    assert page.status_code == 200
    assert "완성" in page.content.decode()
    narrowed = admin.get(f"/admin/catalog/{name}/?state__exact=failed").content.decode()
    assert ("공간이 모자랍니다" in narrowed) == (name == "export")
    assert admin.get(f"/admin/catalog/{name}/?q=air").status_code == 200


def test_a_file_is_told_in_words_of_a_steward(admin: Client) -> None:
    export = Export.objects.get(state="ready")
    for page in ("", f"{export.pk}/change/"):
        shown = admin.get(f"/admin/catalog/export/{page}", headers={"Accept-Language": "ko"}).content.decode()
        assert filesizeformat(export.size) in shown
        assert "펜스" not in shown and "점유" not in shown


def test_nothing_can_be_changed_and_callers_are_not_shown(admin: Client) -> None:
    for row in (Export.objects.first(), SnapshotFile.objects.first()):
        path = f"/admin/catalog/{row._meta.model_name}"
        shown = admin.get(f"{path}/{row.pk}/change/")
        assert shown.status_code == 200
        assert "somebody" not in shown.content.decode()
        assert 'name="_save"' not in shown.content.decode()
        for address in (f"{path}/add/", f"{path}/{row.pk}/delete/"):
            assert admin.post(address, {"post": "yes"}).status_code == 403
