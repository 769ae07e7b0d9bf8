"""The addresses that were tried, in the admin: to read."""

from catalog.admin.read_only import ReadOnlyAdmin


class LinkCheckAdmin(ReadOnlyAdmin):
    list_display = ("url", "state", "status", "checked_at", "answered_at", "first_failed_at", "failures")
    list_filter = ("state",)
    search_fields = ("url",)
    ordering = ("-failures", "url")
