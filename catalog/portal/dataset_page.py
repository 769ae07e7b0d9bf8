"""The page of a dataset: description, first records, columns, downloads, versions."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog import read
from catalog.access import Viewer
from catalog.describe import linked_distributions
from catalog.errors import HubError
from catalog.files import ready_files_by_snapshot
from catalog.models import Dataset, Distribution, Snapshot
from catalog.models.labels import in_current_language
from catalog.portal.calls import Call, Download, downloads, example_calls
from catalog.portal.facts import Fact, make_facts
from catalog.portal.search_page import Card, make_card
from catalog.portal.spoken import Spoken, say
from catalog.portal.structured_data import structured_data
from catalog.records import FORMATS, TYPES, Column, Schema, from_table_schema
from catalog.share import complete_description
from catalog.standard import label_of
from catalog.text import Text

SHOWN_RECORDS = 20
SHOWN_SNAPSHOTS = 20
NUMBERS = ("integer", "number")
GOOD_BANDS = ("excellent", "good")


@dataclass(frozen=True)
class ColumnRow:
    """A column in the dictionary; ``other_title`` is its title in the language that the page does not speak."""

    name: str
    title: Spoken
    other_title: str
    other_language: str
    type: str
    unit: str
    description: Spoken
    notes: Sequence[str]
    is_number: bool


@dataclass(frozen=True)
class Preview:
    """The first records, or the sentence that says why there are none to see."""

    columns: Sequence[ColumnRow]
    rows: Sequence[Sequence[SafeString]]
    left_out: Sequence[str]
    refusal: str = ""
    refusal_code: str = ""


@dataclass(frozen=True)
class Version:
    snapshot: Snapshot
    is_current: bool


@dataclass(frozen=True)
class WholeFile:
    """All records of the current version in one file that never changes."""

    label: str
    address: str
    size: int
    digest: str


@dataclass(frozen=True)
class ElsewhereLink:
    """A form of the dataset that lies elsewhere."""

    title: Spoken | str
    description: Spoken
    address: str
    format: str
    licence: Spoken | str
    size: int | None


@dataclass(frozen=True)
class DatasetPage:
    dataset: Dataset
    card: Card
    title: Spoken
    description: Spoken
    facts: Sequence[Fact]
    links: Sequence[ElsewhereLink]
    columns: Sequence[ColumnRow]
    preview: Preview
    downloads: Sequence[Download]
    files: Sequence[WholeFile]
    calls: Sequence[Call]
    snapshot: Snapshot | None
    findings: Sequence[str]
    versions: Sequence[Version]
    version_count: int
    quality_band: Spoken
    quality_is_good: bool
    structured_data: SafeString

    @property
    def home_host(self) -> str:
        """The host of the hub that it is at home at; "" for a dataset of this hub."""
        return urlsplit(self.dataset.home).netloc


def dataset_page(dataset: Dataset, viewer: Viewer, base: str) -> DatasetPage:
    snapshot = dataset.told_snapshot
    schema = from_table_schema(dataset.table_schema) if dataset.table_schema else None
    preview, records = make_preview(dataset, schema, viewer)
    is_readable = schema is not None and not preview.refusal
    snapshots = Snapshot.objects.filter(distribution=dataset.distribution)
    return DatasetPage(
        dataset=dataset,
        card=make_card(dataset),
        title=say(dataset.title),
        description=say(dataset.description),
        facts=list(make_facts(complete_description(dataset, snapshot, base), dataset)),
        links=[make_link(link) for link in linked_distributions(dataset)],
        columns=[column_row(column, schema) for column in schema.columns] if schema else [],
        preview=preview,
        downloads=list(downloads(dataset.slug, schema, snapshot.records if snapshot else 0)) if is_readable else [],
        files=whole_files(snapshot, dataset.slug) if is_readable and snapshot else [],
        calls=list(example_calls(base, dataset.slug, schema, records)) if is_readable else [],
        snapshot=snapshot,
        findings=findings_of(snapshot) if is_readable and snapshot else [],
        versions=[
            Version(version, version == dataset.current_snapshot)
            for version in snapshots.defer("schema")[:SHOWN_SNAPSHOTS]
        ],
        version_count=snapshots.count(),
        quality_band=say(label_of("quality_band", dataset.quality_band)),
        quality_is_good=dataset.quality_band in GOOD_BANDS,
        structured_data=structured_data(dataset, base),
    )


def whole_files(snapshot: Snapshot, slug: str) -> list[WholeFile]:
    """Return the files of a snapshot that are ready, in the order of their names."""
    return [
        WholeFile(
            label=say(FORMATS[name].label).text,
            address=reverse("api:whole-file", args=[slug, digest, name]),
            size=file.size,
            digest=file.digest,
        )
        for (digest, name), file in sorted(ready_files_by_snapshot([snapshot]).items())
        if name in FORMATS
    ]


def make_link(link: Distribution) -> ElsewhereLink:
    title = Text(ko=link.title_ko, en=link.title_en)
    return ElsewhereLink(
        title=say(title) if title else link.download_url or link.access_url,
        description=say(Text(ko=link.description_ko, en=link.description_en)),
        address=link.download_url or link.access_url,
        format=link.format,
        licence=say(label_of("licence", link.licence)) if link.licence else "",
        size=link.byte_size,
    )


def make_preview(
    dataset: Dataset, schema: Schema | None, viewer: Viewer
) -> tuple[Preview, Sequence[Mapping[str, Any]]]:
    """Ask for the first records; geometries are too long for a table and stay out of it."""
    if schema is None:
        return Preview(
            (),
            (),
            (),
            refusal=_("This hub does not serve the records; see where to have them."),
            refusal_code="elsewhere",
        ), ()
    shown = [column for column in schema.columns if column.type != "geometry"]
    left_out = [column.name for column in schema.columns if column.type == "geometry"]
    parameters = [("limit", str(SHOWN_RECORDS)), ("select", ",".join(column.name for column in shown))]
    try:
        records = read.answer(read.ask(dataset, parameters, viewer)).records()
    except HubError as error:
        refusal = in_current_language(error.text)
        return Preview((), (), (), refusal=refusal, refusal_code=error.code), ()
    rows = [[show_cell(record[column.name], column) for column in shown] for record in records]
    return Preview([column_row(column, schema) for column in shown], rows, left_out), records


def column_row(column: Column, schema: Schema) -> ColumnRow:
    title = say(column.title)
    other_language = "en" if title.language == "ko" else "ko"
    other_title = {"ko": column.title.ko, "en": column.title.en}[other_language]
    return ColumnRow(
        name=column.name,
        title=title,
        other_title=other_title if other_title != title.text else "",
        other_language=other_language,
        type=say(TYPES[column.type]).text,
        unit=column.unit,
        description=say(column.description),
        notes=list(column_notes(column, schema)),
        is_number=column.type in NUMBERS,
    )


def column_notes(column: Column, schema: Schema) -> Iterator[str]:
    """Yield what else holds for the values of a column."""
    if column.name in schema.key:
        yield _("key")
    if column.required and column.name not in schema.key:
        yield _("always present")
    if column.name == schema.time:
        yield _("time of the record")
    if schema.geometry and column.name in (schema.geometry.longitude, schema.geometry.latitude, schema.geometry.column):
        yield _("place of the record")
    if column.enum:
        yield _("one of: %(values)s") % {"values": ", ".join(column.enum)}
    if column.minimum is not None:
        yield _("at least %(number)s") % {"number": f"{column.minimum:g}"}
    if column.maximum is not None:
        yield _("at most %(number)s") % {"number": f"{column.maximum:g}"}


def show_cell(value: object, column: Column) -> SafeString:
    if value is None:
        return format_html(
            '<td class="empty"><span aria-hidden="true">–</span><span class="unseen">{}</span></td>', _("no value")
        )
    cell = '<td class="number">{}</td>' if column.type in NUMBERS else "<td>{}</td>"
    return format_html(cell, CELLS.get(column.type, str)(value))


def show_boolean(value: object) -> str:
    return _("yes") if value else _("no")


def show_datetime(value: object) -> str:
    moment = dt.datetime.fromisoformat(str(value)).replace(tzinfo=None)
    return moment.isoformat(" ", "minutes" if not moment.second else "seconds")


CELLS: Mapping[str, Callable[[object], str]] = {"boolean": show_boolean, "datetime": show_datetime}


def findings_of(snapshot: Snapshot) -> list[str]:
    """Return what the checks said when this version was published; they quote records, and are for who may read these."""
    return [say(Text.from_value(finding["text"])).text for finding in snapshot.findings]
