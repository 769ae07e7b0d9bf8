"""The log of readings in the admin: to read, to narrow down, and never to change."""

from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models import Reading

SHOWN = 80  # letters of a purpose in the list


class ReadingAdmin(ReadOnlyAdmin):
    list_display = (
        "at", "who", "organisation", "dataset", "grant_number", "why", "status", "reason", "records", "format", "address",
    )  # fmt: skip
    list_filter = (
        "status",
        ("dataset", RelatedOnlyFieldListFilter),
        ("organisation", RelatedOnlyFieldListFilter),
        ("user", RelatedOnlyFieldListFilter),
        "at",
    )
    list_select_related = ("dataset", "organisation")
    date_hierarchy = "at"
    search_fields = ("user_name", "purpose", "dataset__slug", "address")
    exclude = ("user",)

    def lookup_allowed(self, lookup: str, value: str, request: object = None) -> bool:
        """Allow the list of one grant, which its page leads to."""
        return lookup == "grant__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("user"), ordering="user_name")
    def who(self, reading: Reading) -> str:
        return reading.user_name or "–"

    @admin.display(description=_("grant"), ordering="grant")
    def grant_number(self, reading: Reading) -> str:
        return str(reading.grant_id or "–")

    @admin.display(description=_("stated purpose"))
    def why(self, reading: Reading) -> str:
        return Truncator(reading.purpose).chars(SHOWN)
