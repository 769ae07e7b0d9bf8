"""Takes descriptions of one's own datasets from a file into the catalogue: planned first, so that a steward sees what would
change, then carried out as one transaction.

A file changes only what it speaks of. What it has no column for stays; what it repeats of what the hub itself knows (the forms
in which it serves records, when a dataset was listed) is no change. Datasets that the file does not name stay as they are.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from catalog.describe import describe_row, has_value, linked_distributions
from catalog.errors import BadDocument, BadTable
from catalog.exchange import datagokr, keti, table
from catalog.exchange.cells import dig, plant
from catalog.exchange.days import seoul_time
from catalog.exchange.entry import Catalogue, Description, Entry
from catalog.exchange.sheets import FIRST_BYTES_OF_A_WORKBOOK, plain, read_sheets
from catalog.models import Dataset, Organisation
from catalog.publish import Outcome, describe_dataset, objection_to_level, save_organisation
from catalog.share import OWN_SERVICE, share_dataset
from catalog.standard import FIELD, Class, check_description
from catalog.standard.forms import MOMENT_PATTERN
from catalog.text import Text

PAGE = "/dataset/"
Way = tuple[str, ...]
Problem = tuple[Text, Text]


@dataclass(frozen=True)
class Format:
    """A kind of file: how it is read, what an entry of it says nothing about, and where a place of an entry stands in it.

    ``read`` also returns what is wrong with the file besides its values; ``echo`` is what a dataset of the hub would look like
    if it came back from such a file unchanged. With ``brings_publishers`` the slugs of its
    organisations were chosen by people, and new ones are listed.
    """

    form: str
    read: Callable[[Path], tuple[Catalogue, list[Problem]]]
    unspoken: Callable[[Entry], list[Way]]
    place: Callable[[Entry, str], Text]
    echo: Callable[[Catalogue], Description]
    brings_publishers: bool = False


def place_by_name(entry: Entry, place: str) -> Text:
    return Text(ko=f"{entry.identifier} {place}", en=f"{entry.identifier} {place}")


def echo_of(catalogue: Catalogue) -> Description:
    """Return what the one dataset of a catalogue is told to be."""
    return next(iter(catalogue.datasets)).description


FORMATS: Mapping[str, Format] = {
    "table": Format(
        table.FORM, table.read_loosely, table.unspoken_paths, table.place_of, echo_of, brings_publishers=True
    ),
    "datagokr": Format(
        datagokr.FORM,
        lambda path: (datagokr.read_datagokr_file(path), []),
        datagokr.unspoken_paths,
        place_by_name,
        lambda shared: echo_of(datagokr.from_datagokr(datagokr.to_datagokr(shared))),
    ),
    "keti": Format(
        keti.FORM,
        lambda path: (keti.read_keti(path.read_bytes()), []),
        keti.unspoken_paths,
        place_by_name,
        lambda shared: echo_of(keti.from_keti(list(keti.to_keti(shared)))),
    ),
}


@dataclass(frozen=True)
class FieldChange:
    """A field that would change; None where it has no value."""

    field: str
    label: Text
    before: Any
    after: Any


@dataclass(frozen=True)
class Planned:
    """What would become of one dataset."""

    slug: str
    outcome: Outcome
    description: Description
    changes: Sequence[FieldChange] = ()
    remarks: Sequence[Text] = ()


@dataclass(frozen=True)
class Plan:
    """What a file would change; ``findings`` are what could not be read of it."""

    datasets: Sequence[Planned]
    organisations: Mapping[str, Description]
    findings: Sequence[tuple[str, Text]] = field(default=())

    def count(self, outcome: Outcome) -> int:
        return sum(1 for planned in self.datasets if planned.outcome is outcome)


def plan_intake(path: Path, format_name: str = "", *, organisation: str = "") -> Plan:
    """Read a file and return what it would change; all that the standard refuses is raised at once, nothing is written.

    ``organisation`` is the slug of the organisation that all the datasets belong to, where the file does not name it.
    """
    format_ = FORMATS[format_name or find_format(path)]
    told, problems = format_.read(path)
    brought = told.organisations if format_.brings_publishers else {}
    publishers = find_publishers(told, organisation)
    known = identifiers()
    planned: list[Planned] = []
    for entry in told.datasets:
        dataset = find_own(entry, known)
        description = dict(entry.description)
        if named := organisation or publishers.get(description.get("organisation", "")):
            description["organisation"] = named
        plan = plan_dataset(entry, description, dataset, format_)
        planned.append(plan)
        problems += [
            (format_.place(entry, problem.field), problem.text) for problem in check_description(plan.description)
        ]
        if why := objection_to_level(dataset, plan.description.get("access_level", "")):
            problems.append((format_.place(entry, "access_level"), why))
        problems += publisher_problems(plan.description, told, brought, format_.place(entry, "organisation"))
    if problems:
        raise BadTable(format_.form, problems)
    return Plan(planned, new_publishers(planned, brought), [(finding.where, finding.text) for finding in told.findings])


@transaction.atomic
def carry_out(plan: Plan) -> None:
    """Do what was planned, all of it or nothing."""
    for slug, description in plan.organisations.items():
        save_organisation(slug, description)
    for planned in plan.datasets:
        if planned.outcome is not Outcome.UNCHANGED:
            describe_dataset(planned.slug, planned.description)


def find_format(path: Path) -> str:
    """Return the format of a file by what is in it: JSON, the portal's heads, or ours."""
    with path.open("rb") as file:
        start = file.read(64)
    is_workbook = start.startswith(FIRST_BYTES_OF_A_WORKBOOK)
    if not is_workbook and start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{"):
        return "keti"
    for sheet in read_sheets(path, "CSV/XLSX"):
        for row, _ in zip(sheet.rows, range(10), strict=False):
            heads = {plain(cell) for cell in row}
            if {plain(name) for name in datagokr.NEEDED} <= heads:
                return "datagokr"
            if table.SLUG in heads:
                return "table"
    reason = Text(
        ko=f"'{table.SLUG}' 머리글(허브의 표)도 {', '.join(datagokr.NEEDED)} 머리글(공공데이터포털)도 없습니다",
        en=f"it has neither the head '{table.SLUG}' (a hub's table) nor {', '.join(datagokr.NEEDED)} (data.go.kr)",
    )
    raise BadDocument(form="CSV/XLSX", where=path.name, reason=reason)


def find_publishers(told: Catalogue, organisation: str) -> dict[str, str]:
    """Return our slug for each organisation of the file: by slug, code or name; one that a table brings along is its own."""
    if organisation:
        return {}
    rows = Organisation.objects.values_list("slug", "code", "name_ko", "name_en")
    ours: dict[str, str] = {}
    for slug, *names in rows:
        ours |= {name: slug for name in names if name}
    slugs = {row[0] for row in rows}
    found = {slug: slug for slug in slugs}
    for slug, row in told.organisations.items():
        names = (row.get("code", ""), *row.get("name", {}).values())
        found[slug] = slug if slug in slugs else next((ours[name] for name in names if name in ours), slug)
    return found


def publisher_problems(
    description: Description, told: Catalogue, brought: Mapping[str, Description], place: Text
) -> Iterator[Problem]:
    """Yield that nobody knows the publisher: neither the hub, nor does the file bring enough of it to list it."""
    slug = description.get("organisation", "")
    if not slug or Organisation.objects.filter(slug=slug).exists():
        return
    if check_description(brought.get(slug, {}), Class.ORGANISATION):
        yield place, NO_PUBLISHER.format(slug=Text.from_value(told.organisations.get(slug, {}).get("name")) or slug)


def new_publishers(planned: Sequence[Planned], brought: Mapping[str, Description]) -> dict[str, Description]:
    """Return the organisations that a workbook brings along for its datasets and the hub does not have."""
    wanted = {plan.description["organisation"] for plan in planned} & set(brought)
    known = set(Organisation.objects.filter(slug__in=wanted).values_list("slug", flat=True))
    return {slug: brought[slug] for slug in sorted(wanted - known)}


NO_PUBLISHER = Text(
    ko="'{slug}' 기관이 허브에 없습니다. 먼저 등록하거나 --organisation으로 정하십시오",
    en="the hub has no organisation '{slug}'; list it first, or name one by --organisation",
)


def identifiers() -> dict[str, str]:
    """Return the slug of every dataset by the identifiers that it has elsewhere, its address at its home hub among them."""
    rows = Dataset.objects.values_list("slug", "identifiers", "home")
    return {identifier: slug for slug, names, home in rows for identifier in (*names, home) if identifier}


def find_own(entry: Entry, known: Mapping[str, str]) -> Dataset | None:
    """Return the dataset that an entry speaks of: by its slug, its identifiers, or the address that the hub gave it."""
    names = [entry.identifier, *entry.description.get("identifiers", ())]
    slugs = [entry.slug, *(known[name] for name in names if name in known)]
    slugs += [name.rpartition(PAGE)[2] for name in names if PAGE in name]
    found = {dataset.slug: dataset for dataset in Dataset.objects.filter(slug__in=slugs)}
    return next((found[slug] for slug in slugs if slug in found), None)


def plan_dataset(entry: Entry, told: dict[str, Any], dataset: Dataset | None, format_: Format) -> Planned:
    if dataset is None:
        changes = [FieldChange(name, FIELD[name].label, None, told[name]) for name in FIELD if name in told]
        return Planned(entry.slug, Outcome.CREATED, told, changes)
    shared = share_dataset(dataset, base_of(entry, dataset.home))
    shown, stored = next(iter(shared.datasets)).description, stored_description(dataset)
    echo = format_.echo(shared) | {"organisation": dataset.organisation.slug}
    merged = merge(shown, told, format_.unspoken(entry))
    result: dict[str, Any] = {}
    for name in FIELD:
        is_repeated = same(told.get(name), echo.get(name)) or same(merged.get(name), shown.get(name))
        is_repeated = is_repeated or is_own_measure(name, told.get(name), dataset, stored)
        value = own_links(stored.get(name) if is_repeated else merged.get(name))
        if has_value(value):
            result[name] = value
    remarks = []
    if dataset.distribution is not None and not same(result.get("columns"), stored.get("columns")):
        remarks.append(COLUMNS_OF_RECORDS)
        result.pop("columns", None)
    changes = [
        FieldChange(name, FIELD[name].label, stored.get(name), result.get(name))
        for name in FIELD
        if not same(stored.get(name), result.get(name)) and not (name == "columns" and remarks)
    ]
    return Planned(dataset.slug, Outcome.CHANGED if changes else Outcome.UNCHANGED, result, changes, remarks)


COLUMNS_OF_RECORDS = Text(
    ko="열 설명은 그대로 둡니다. 이 허브가 내는 레코드의 열은 원천의 설정에서 고칩니다",
    en="the columns stay: those of records that this hub serves are changed where their source is set up",
)


def base_of(entry: Entry, home: str) -> str:
    """Return the address that the hub had when it wrote the file, where the file tells it, else that of the settings.

    The address of a dataset at its home hub says nothing about this one.
    """
    names = (entry.uri, entry.identifier, *entry.description.get("identifiers", ()))
    return next((name.rpartition(PAGE)[0] for name in names if PAGE in name and name != home), settings.BASE_URL)


def is_own_measure(name: str, value: object, dataset: Dataset, stored: Description) -> bool:
    """Tell whether a value is what the hub itself said at some time: how many records there were, when it changed."""
    if has_value(stored.get(name)) or not has_value(value):
        return False
    if name == "record_count":
        return dataset.current_snapshot is not None
    if name in ("issued", "modified") and isinstance(value, str) and "T" in value and is_moment(value):
        return dataset.created_at.replace(microsecond=0) <= seoul_time(value) <= dataset.modified_at
    return False


def is_moment(value: str) -> bool:
    return MOMENT_PATTERN.match(value) is not None


def stored_description(dataset: Dataset) -> dict[str, Any]:
    """Return what a steward wrote, and nothing that the hub adds."""
    stored = describe_row(dataset, Class.DATASET)
    links = [describe_row(link, Class.DISTRIBUTION) for link in linked_distributions(dataset)]
    return stored | ({"distributions": links} if links else {})


def merge(shown: Description, told: Description, unspoken: Sequence[Way]) -> dict[str, Any]:
    """Return what a file tells, and of what it says nothing about, what is known already."""
    merged = json.loads(json.dumps(told))
    for path in unspoken:
        value = dig(shown, path)
        if value is not None:
            plant(merged, path, value)
    return merged


def same(one: object, other: object) -> bool:
    """Tell whether two values say the same, the forms in which the hub serves records left out."""
    one, other = own_links(one), own_links(other)
    return one == other or not (has_value(one) or has_value(other))


def own_links(value: Any) -> Any:  # noqa: ANN401
    """Return distributions without those that the hub itself tells anew each time; any other value as it is."""
    if not isinstance(value, list):
        return value
    return [each for each in value if not (isinstance(each, dict) and each.get("access_service") == OWN_SERVICE)]
