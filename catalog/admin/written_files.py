"""Whole files and exports in the admin: to read."""

from django.contrib import admin
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models import SnapshotFile, WrittenFile


class WrittenFileAdmin(ReadOnlyAdmin):
    list_filter = ("state", "format", "created_at")

    @admin.display(description=_("reason"))
    def reason(self, row: WrittenFile) -> str:
        return row.error_ko if get_language() == "ko" else row.error_en


class SnapshotFileAdmin(WrittenFileAdmin):
    list_display = ("dataset", "snapshot", "format", "state", "records", "size", "created_at", "finished_at", "reason")
    list_select_related = ("snapshot__distribution__dataset",)
    search_fields = ("snapshot__distribution__dataset__slug", "digest")

    @admin.display(description=_("dataset"))
    def dataset(self, row: SnapshotFile) -> str:
        return str(row.snapshot.distribution.dataset)


class ExportAdmin(WrittenFileAdmin):
    list_display = (
        "uid", "dataset", "format", "state", "records", "size", "user", "created_at", "finished_at", "expires_at", "reason",
    )  # fmt: skip
    list_select_related = ("dataset", "user")
    search_fields = ("uid", "dataset__slug", "digest")
    exclude = ("caller", "question")
