"""Whole files and exports in the admin: to read."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models import Export, SnapshotFile, WrittenFile


class WrittenFileAdmin(ReadOnlyAdmin):
    list_filter = ("state", "format", "created_at")
    exclude: tuple[str, ...] = ("records", "size", "fence", "lease_until", "error_code", "error_ko", "error_en")
    readonly_fields = ("written", "length", "reason")

    @admin.display(description=_("records written"), ordering="records")
    def written(self, row: WrittenFile) -> str:
        return f"{row.records:,}"

    @admin.display(description=_("size"), ordering="size")
    def length(self, row: WrittenFile) -> str:
        return filesizeformat(row.size)

    @admin.display(description=_("reason"))
    def reason(self, row: WrittenFile) -> str:
        return row.error_ko if get_language() == "ko" else row.error_en


class SnapshotFileAdmin(WrittenFileAdmin):
    list_display = (
        "dataset",
        "snapshot",
        "format",
        "state",
        "written",
        "length",
        "created_at",
        "finished_at",
        "reason",
    )
    list_select_related = ("snapshot__distribution__dataset",)
    search_fields = ("snapshot__distribution__dataset__slug", "digest")

    @admin.display(description=_("dataset"))
    def dataset(self, row: SnapshotFile) -> str:
        return str(row.snapshot.distribution.dataset)


class ExportAdmin(WrittenFileAdmin):
    list_display = (
        "number", "dataset", "format", "state", "written", "length", "user", "created_at", "expires_at", "reason",
    )  # fmt: skip
    list_select_related = ("dataset", "user")
    search_fields = ("uid", "dataset__slug", "digest")
    exclude = (*WrittenFileAdmin.exclude, "caller", "question")

    @admin.display(description=_("identifier"))
    def number(self, row: Export) -> str:
        """Return the beginning of the identifier; all of it takes four lines of the list."""
        return str(row.uid)[:8]
