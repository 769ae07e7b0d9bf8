"""How states and rows are shown in the stewards' pages of collection."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ingest.models import Run

NOTHING = "–"  # what a read-only field shows when there is nothing to show


def badge(state: str) -> SafeString:
    return format_html('<span class="state {}">{}</span>', state, Run.State(state).label)


def link(name: str, key: object, words: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(name, args=[key]), words)
