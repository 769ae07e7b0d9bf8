"""The fields of a description as a page shows them: labels from the profile, one row of a table per kind of value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.models import Dataset
from catalog.portal.spoken import page_language, say
from catalog.standard import FIELDS, Field, Kind, label_of, vocabulary
from catalog.text import Text

HEADLINE = ("title", "description")  # shown at the top of the page


@dataclass(frozen=True)
class Fact:
    """One row: the field's label, its definition, its value ready to show."""

    name: str
    label: str
    definition: str
    value: SafeString


def make_facts(description: Mapping[str, Any], dataset: Dataset) -> Iterator[Fact]:
    """Yield every field of the description that has a value, in the profile's order."""
    for field in FIELDS:
        if field.name in description and field.name not in HEADLINE:
            yield Fact(
                field.name,
                say(field.label).text,
                say(field.definition).text,
                SHOWN[field.kind](description[field.name], field, dataset),
            )


def show_text(value: Mapping[str, str], field: Field, dataset: Dataset) -> SafeString:
    return format_html("{}", say(Text.from_value(value)))


def show_keywords(value: Mapping[str, list[str]], field: Field, dataset: Dataset) -> SafeString:
    language = page_language()
    words = value.get(language) or next(iter(value.values()))
    links = format_html_join("", '<li><a href="{}">{}</a></li>', ((search_address(q=word), word) for word in words))
    return format_html('<ul class="tags">{}</ul>', links)


def show_code(value: str, field: Field, dataset: Dataset) -> SafeString:
    label = say(label_of(field.vocabulary, value))
    if field.name == "theme":
        return link(search_address(theme=value), label)
    if field.name == "licence" and value != "unknown":
        return outward_link(vocabulary("licence")[value].uri, label)
    return format_html("{}", label)


def show_region(value: str, field: Field, dataset: Dataset) -> SafeString:
    return format_html(
        '{} <span class="code">{}</span>', link(search_address(region=value[:2]), say(label_of("region", value))), value
    )


def show_period(value: Mapping[str, str], field: Field, dataset: Dataset) -> SafeString:
    start, end = (show_day(value.get(side)) for side in ("start", "end"))
    return format_html("{} ~ {}", start, end)


def show_day(value: str | None) -> SafeString:
    if not value:
        return SafeString()
    return format_html('<time datetime="{}">{}</time>', value, date_format(parse_date(value), "DATE_FORMAT"))


def show_contact(value: Mapping[str, Any], field: Field | None = None, dataset: Dataset | None = None) -> SafeString:
    name = say(Text.from_value(value.get("name")))
    ways = [(f"{scheme}:{value[part]}", value[part]) for part, scheme in CONTACT_WAYS.items() if value.get(part)]
    return format_html("{} {}", name, format_html_join(" ", '<a class="way" href="{}">{}</a>', ways))


CONTACT_WAYS = {"email": "mailto", "phone": "tel"}


def show_organisation(value: str, field: Field, dataset: Dataset) -> SafeString:
    return link(reverse("portal:organisation", args=[value]), say(dataset.organisation.name))


def show_address(value: str, field: Field, dataset: Dataset) -> SafeString:
    return outward_link(value, value.removeprefix("https://").removeprefix("http://"))


SHOWN: Mapping[Kind, Callable[[Any, Field, Dataset], SafeString]] = {
    Kind.TEXT: show_text,
    Kind.KEYWORDS: show_keywords,
    Kind.CODE: show_code,
    Kind.REGION: show_region,
    Kind.PERIOD: show_period,
    Kind.CONTACT: show_contact,
    Kind.ORGANISATION: show_organisation,
    Kind.ADDRESS: show_address,
}


def link(address: str, words: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, words)


def outward_link(address: str, words: object) -> SafeString:
    return format_html('<a href="{}" rel="noopener external" class="outward">{}</a>', address, words)


def search_address(**state: str) -> str:
    return f"{reverse('portal:search')}?{urlencode(state)}"
