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
from django.utils.translation import gettext as _

from catalog.models import Dataset
from catalog.portal.spoken import page_language, say
from catalog.standard import FIELDS, Field, Kind, label_of, vocabulary
from catalog.text import Text

Show = Callable[[Any, Field, Dataset], SafeString]
ELSEWHERE = ("title", "description", "distributions", "columns")  # shown in places of their own on the page


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
        if field.name in description and field.name not in ELSEWHERE:
            shown = show_many(field) if field.many else SHOWN[field.kind]
            yield Fact(
                field.name,
                say(field.label).text,
                say(field.definition).text,
                shown(description[field.name], field, dataset),
            )


def show_many(field: Field) -> Show:
    """Return how several values of a field are shown: one below the other."""

    def show_list(values: list[Any], field: Field, dataset: Dataset) -> SafeString:
        items = ((SHOWN[field.kind](value, field, dataset),) for value in values)
        return format_html('<ul class="values">{}</ul>', format_html_join("", "<li>{}</li>", items))

    return show_list


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
    ways = [(f"{scheme}{value[part]}", value[part]) for part, scheme in CONTACT_WAYS.items() if value.get(part)]
    return format_html("{} {}", name, format_html_join(" ", '<a class="way" href="{}">{}</a>', ways))


CONTACT_WAYS = {"email": "mailto:", "phone": "tel:", "url": ""}


def show_organisation(value: str, field: Field, dataset: Dataset) -> SafeString:
    return link(reverse("portal:organisation", args=[value]), say(dataset.organisation.name))


def show_address(value: str, field: Field, dataset: Dataset) -> SafeString:
    if not is_web_address(value):
        return format_html("{}", value)
    return outward_link(value, value.removeprefix("https://").removeprefix("http://"))


def is_web_address(value: str) -> bool:
    return value.startswith(("https://", "http://"))


def show_plain(value: object, field: Field, dataset: Dataset) -> SafeString:
    return format_html("{}", value)


def show_number(value: float, field: Field, dataset: Dataset) -> SafeString:
    return format_html("{}", f"{value:,}")


def show_truth(value: bool, field: Field, dataset: Dataset) -> SafeString:
    return format_html("{}", _("yes") if value else _("no"))


def show_moment(value: str, field: Field, dataset: Dataset) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value, show_day(value[:10]) if len(value) >= 10 else value)


def show_one_day(value: str, field: Field, dataset: Dataset) -> SafeString:
    return show_day(value)


def show_box(value: list[float], field: Field, dataset: Dataset) -> SafeString:
    west, south, east, north = (f"{degrees:g}" for degrees in value)
    return format_html("{}° ~ {}° E, {}° ~ {}° N", west, east, south, north)


def show_identifier(value: Mapping[str, str], field: Field, dataset: Dataset) -> SafeString:
    return format_html('{} <span class="code">{}</span>', value["notation"], value.get("scheme", ""))


def show_agent(value: Mapping[str, Any], field: Field, dataset: Dataset) -> SafeString:
    name = say(Text.from_value(value["name"])) if value.get("name") else value.get("uri", "")
    shown = outward_link(value["uri"], name) if is_web_address(value.get("uri", "")) else format_html("{}", name)
    return format_html("{} ({})", shown, role) if (role := role_of(value)) else shown


def show_relation(value: Mapping[str, str], field: Field, dataset: Dataset) -> SafeString:
    shown = show_address(value["target"], field, dataset)
    return format_html("{} ({})", shown, role) if (role := role_of(value)) else shown


def role_of(value: Mapping[str, Any]) -> str:
    return say(label_of("role", value["role"])).text if value.get("role") else ""


def show_checksum(value: Mapping[str, str], field: Field, dataset: Dataset) -> SafeString:
    return format_html('{} <span class="code">{}</span>', value["algorithm"], value["value"])


SHOWN: Mapping[Kind, Show] = {
    Kind.TEXT: show_text,
    Kind.KEYWORDS: show_keywords,
    Kind.STRING: show_plain,
    Kind.CODE: show_code,
    Kind.REGION: show_region,
    Kind.DAY: show_one_day,
    Kind.MOMENT: show_moment,
    Kind.PERIOD: show_period,
    Kind.DURATION: show_plain,
    Kind.INTEGER: show_number,
    Kind.DECIMAL: show_number,
    Kind.BOOLEAN: show_truth,
    Kind.CONTACT: show_contact,
    Kind.ORGANISATION: show_organisation,
    Kind.ADDRESS: show_address,
    Kind.REFERENCE: show_plain,
    Kind.BOX: show_box,
    Kind.CHECKSUM: show_checksum,
    Kind.IDENTIFIER: show_identifier,
    Kind.AGENT: show_agent,
    Kind.ATTRIBUTION: show_agent,
    Kind.RELATION: show_relation,
}


def link(address: str, words: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, words)


def outward_link(address: str, words: object) -> SafeString:
    return format_html('<a href="{}" rel="noopener external" class="outward">{}</a>', address, words)


def search_address(**state: str) -> str:
    return f"{reverse('portal:search')}?{urlencode(state)}"
