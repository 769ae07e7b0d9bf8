"""The change feed in the admin: to read."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models import Change


class ChangeAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "at", "kind", "dataset_slug", "organisation_slug", "short_digest")
    list_filter = ("kind", "at")
    search_fields = ("dataset_slug", "organisation_slug", "snapshot_digest")
    ordering = ("-sequence",)

    @admin.display(description=_("snapshot"))
    def short_digest(self, change: Change) -> str:
        return change.snapshot_digest[:12]
