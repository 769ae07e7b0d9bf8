"""Addresses of the API and ``curl`` lines to paste: the portal only names them, ``catalog/api`` answers."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.errors import Unanswerable
from catalog.portal.spoken import say
from catalog.records import FORMATS, Format, Schema
from catalog.text import Text

EXAMPLE_COLUMNS = 5  # a filter on one of the first columns reads best
EXAMPLE_LENGTH = 20


@dataclass(frozen=True)
class Call:
    """A question to the API in words and as a line for a terminal."""

    words: str
    line: str


@dataclass(frozen=True)
class Download:
    """A file to download. ``name`` is what the browser calls it; empty for an answer that comes page by page."""

    label: str
    note: str
    address: str
    name: str


def records_path(slug: str, **parameters: str) -> str:
    return reverse("api:records", args=[slug]) + (f"?{urlencode(parameters)}" if parameters else "")


def downloads(slug: str, schema: Schema, records: int) -> Iterator[Download]:
    """Yield the formats that these records can be had in."""
    rows = (
        ("CSV", _("UTF-8, for programs"), {"format": "csv"}, "csv"),
        (
            _("CSV for Excel"),
            _("UTF-8 with a mark that Excel needs for Korean"),
            {"format": "csv", "encoding": "utf-8-sig"},
            "csv",
        ),
        ("XLSX", _("An Excel workbook that explains its columns"), {"format": "xlsx"}, "xlsx"),
        ("JSON", _("In pages, as the API answers"), {"format": "json"}, ""),
        ("NDJSON", _("One record on each line"), {"format": "ndjson"}, "ndjson"),
        ("GeoJSON", _("With places, for maps (WGS 84)"), {"format": "geojson"}, "geojson"),
        ("Parquet", _("Typed columns, for analysis"), {"format": "parquet"}, "parquet"),
    )
    for label, note, parameters, suffix in rows:
        if can_hold(FORMATS[parameters["format"]], schema, records):
            yield Download(label, note, records_path(slug, **parameters), f"{slug}.{suffix}" if suffix else "")


def can_hold(format_: Format, schema: Schema, records: int) -> bool:
    """Tell whether a format can hold these records: with a place where it wants one, and not more than it takes."""
    try:
        format_.require_rows(records)
    except Unanswerable:
        return False
    return schema.geometry is not None or not format_.needs_place


def example_calls(base: str, slug: str, schema: Schema, records: Sequence[Mapping[str, Any]]) -> Iterator[Call]:
    """Yield lines that answer with real records when pasted."""
    address = base + records_path(slug)
    yield Call(_("The first five records"), f"curl {shlex.quote(address + '?limit=5')}")
    if example := example_filter(schema, records):
        column, value = example
        title = column_title(schema[column].title, column)
        words = _("Only records where “%(column)s” is “%(value)s”") % {"column": title, "value": value}
        yield Call(words, f"curl -G {shlex.quote(address)} --data-urlencode {shlex.quote(f'{column}={value}')}")
        words = _("How many records each “%(column)s” has") % {"column": title}
        yield Call(words, f"curl -G {shlex.quote(address)} --data-urlencode {shlex.quote(f'group_by={column}')}")
    yield Call(_("Everything as CSV"), f"curl -o {slug}.csv {shlex.quote(address + '?format=csv')}")


def example_filter(schema: Schema, records: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Pick a text column and a value that several of the first records share, so that the example asks something sensible."""
    columns = [column.name for column in schema.columns if column.type == "string" and column.name not in schema.key]
    found = [
        (column, *shared_value(record[column] for record in records if record.get(column)))
        for column in columns[:EXAMPLE_COLUMNS]
    ]
    column, value, times = max(found, key=lambda example: example[2], default=("", "", 0))
    return (column, value) if times > 1 else None


def shared_value(values: Iterable[str]) -> tuple[str, int]:
    """Return the short value that occurs most often, and how often."""
    [(value, times)] = Counter(value for value in values if len(value) <= EXAMPLE_LENGTH).most_common(1) or [("", 0)]
    return value, times


def column_title(title: Text, name: str) -> str:
    return say(title).text or name
