"""Applies an entry of another hub here: its description, its records, its going and coming back.

The caller holds the transaction and the locks. What a steward has written here since stays, except what the home hub alone
decides: who answers for the dataset, its licence, and that it is open no wider than there.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.dateparse import parse_datetime

from catalog.access import RULES
from catalog.describe import describe_row, linked_distributions, with_parts
from catalog.erase import forget_other_versions
from catalog.errors import HubError
from catalog.exchange.entry import LONGEST_SLUG
from catalog.models import DataService, Dataset, Organisation, Series
from catalog.models.slug import is_slug
from catalog.publish import (
    CameFrom,
    describe_dataset,
    publish_snapshot,
    restore_dataset,
    save_organisation,
    save_series,
    save_service,
    withdraw_dataset,
)
from catalog.records import Finding, Manifest, Report, from_table_schema, has_told_rows
from catalog.standard import Class
from catalog.standard.salvage import salvage
from catalog.storage import record_store
from catalog.text import Text
from ingest.errors import BadEntry
from ingest.federation.entries import Entry, canonical, digest_of, set_chosen_by, set_entry
from ingest.models import HubEntry, HubPart

DECIDED_AT_HOME = ("organisation", "licence", "distributions")
STRICTEST = list(RULES)[-1]

NO_DOCUMENT = Text(ko="설명 문서를 읽을 수 없습니다: {reason}", en="its documents cannot be read: {reason}")
OTHER_SNAPSHOT = Text(
    ko="스냅숏이 목록과 다릅니다 (목록 {told}, 계산 {found})",
    en="the snapshot is not what its manifest says (told {told}, found {found})",
)
OTHER_ROWS = Text(
    ko="파일에 든 레코드 수가 목록과 다릅니다",
    en="its files have other numbers of records than its manifest says",
)
NOT_PLANTED = Text(
    ko="이 허브의 데이터셋과 식별자가 같지만 원 허브가 다릅니다. 받아들이지 않았습니다",
    en="it has the identifier of a dataset that is at home here or at another hub; it was not taken",
)


@dataclass(frozen=True)
class Told:
    """An entry with its documents; ``manifest`` is None where records are not wanted, not there, or not to be read."""

    entry: Entry
    via: list[str]
    description: str = ""
    manifest: str | None = None


def apply_entry(row: HubEntry | None, told: Told, position: int) -> HubEntry:
    """Make the dataset here what its entry says, and return the row of the entry, saved."""
    entry = told.entry
    dataset = Dataset.objects.filter(pk=entry.id).first()
    if (dataset is not None and row is None) or (row is not None and str(row.origin) != entry.origin):
        raise BadEntry(entry=entry.home, reason=NOT_PLANTED)
    is_new = row is None
    row = row or HubEntry(id=uuid.UUID(entry.id))
    was_gone = row.gone
    document = read_document(told.description, entry) if told.description else None
    if document is not None and not entry.gone:
        dataset = describe(row, dataset, document, told)
        if told.manifest is not None:
            publish(dataset, told.manifest, entry)
            if is_erased_since(row, told.manifest):
                forget_other_versions(dataset.distribution)
    if dataset is not None and bool(entry.gone) != bool(was_gone) and (entry.gone or row.version):
        (withdraw_dataset if entry.gone else restore_dataset)(dataset.slug)
    set_entry(row, entry)
    if dataset is not None:
        set_chosen_by(row, dataset)
    elif document is not None:
        row.access_level = str(document["description"].get("access_level", ""))
    row.via, row.position = told.via, position
    if told.description or digest_of(row.description.encode()) != entry.description:
        row.description = told.description
    if told.manifest is not None:
        row.manifest, row.snapshot_digest = told.manifest, orjson.loads(told.manifest)["digest"]
    elif not entry.manifest or digest_of(row.manifest.encode()) != entry.manifest:
        row.manifest, row.snapshot_digest = "", ""
    row.save(force_insert=is_new)
    return row


def read_document(text: str, entry: Entry) -> dict[str, Any]:
    document = orjson.loads(text)
    parts = ("description", "organisation")
    if not (isinstance(document, dict) and all(isinstance(document.get(name), dict) for name in parts)):
        raise BadEntry(entry=entry.home, reason=NO_DOCUMENT.format(reason=", ".join(parts)))
    return document


def describe(row: HubEntry, dataset: Dataset | None, document: Mapping[str, Any], told: Told) -> Dataset:
    """Store the description of a dataset, under what its parts and itself are called here."""
    entry = told.entry
    names = Names(entry.origin)
    organisation = document["organisation"]
    here = names.take(HubPart.Kind.ORGANISATION, str(organisation.get("slug", "")), organisation.get("description", {}))
    for kind, name in ((HubPart.Kind.SERIES, "series"), (HubPart.Kind.SERVICE, "services")):
        for slug, description in (document.get(name) or {}).items():
            names.take(kind, slug, description)
    description, _ = salvage(document["description"])
    description["organisation"] = here
    if "series" in description:
        description["series"] = [names.here(HubPart.Kind.SERIES, slug) for slug in description["series"]]
    for link in description.get("distributions", []):
        if "access_service" in link:
            link["access_service"] = names.here(HubPart.Kind.SERVICE, link["access_service"])
    if description.get("access_level") not in RULES:
        description["access_level"] = STRICTEST
    has_records = told.manifest is not None or (dataset is not None and dataset.distribution_id is not None)
    if entry.manifest and not has_records:
        description["distributions"] = [*served_at_home(entry.home), *description.get("distributions", [])]
    edits = steward_edits(row, dataset)
    schema = orjson.loads(told.manifest)["schema"] if told.manifest else document.get("schema") if has_records else None
    slug = dataset.slug if dataset is not None else free_slug(str(document.get("slug", "")), entry)
    describe_dataset(
        slug,
        merged(description, edits),
        from_table_schema(schema) if schema else None,
        harvested=True,
        came_from=CameFrom(uuid.UUID(entry.id), entry.home),
    )
    stored = with_parts(Dataset.objects.filter(pk=entry.id)).get()
    row.applied = stored_description(stored)
    for name in edits:  # what was told, so that the steward's value goes on being known as such
        row.applied.pop(name, None)
        if name in description:
            row.applied[name] = description[name]
    return stored


def stored_description(dataset: Dataset) -> dict[str, Any]:
    description = describe_row(dataset, Class.DATASET)
    if links := linked_distributions(dataset):
        description["distributions"] = [describe_row(link, Class.DISTRIBUTION) for link in links]
    return orjson.loads(orjson.dumps(description, default=str))


def steward_edits(row: HubEntry, dataset: Dataset | None) -> dict[str, Any]:
    """Return what a steward of this hub has written into a description since it was applied, None for what was emptied."""
    if dataset is None or not row.applied:
        return {}
    current = stored_description(with_parts(Dataset.objects.filter(pk=dataset.pk)).get())
    names = [name for name in {**row.applied, **current} if name not in DECIDED_AT_HOME]
    return {name: current.get(name) for name in names if row.applied.get(name) != current.get(name)}


def merged(description: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description with what stewards have written here; the access level is the closer one of both."""
    whole = {name: value for name, value in {**description, **edits}.items() if value is not None}
    levels = [level for level in (description.get("access_level"), edits.get("access_level")) if level in RULES]
    return {**whole, "access_level": max(levels, key=list(RULES).index)}


def served_at_home(home: str) -> list[dict[str, Any]]:
    """Return where the records of a dataset are had whose description alone is here."""
    base, _, slug = home.rpartition("/dataset/")
    records = f"{base}/api/v1/datasets/{slug}/records"
    return [
        {"access_url": home, "download_url": f"{records}.{name}", "format": code}
        for name, code in (("csv", "CSV"), ("json", "JSON"), ("parquet", "PARQUET"))
    ]


def free_slug(slug: str, entry: Entry) -> str:
    """Return the name of a dataset that is new here: its own, or with a mark of where it is from when that is taken."""
    if is_slug(slug) and not Dataset.objects.filter(slug=slug).exists():
        return slug
    start = slug if is_slug(slug) else "dataset"
    return f"{start[: LONGEST_SLUG - 11].rstrip('-')}-{digest_of(entry.id.encode())[:10]}"


def publish(dataset: Dataset, text: str, entry: Entry) -> None:
    """Publish the records of a manifest, whose files are in the store."""
    try:
        document = orjson.loads(text)
        manifest = Manifest.from_dict(document)
        findings = [Finding(**{**one, "text": Text(**one["text"])}) for one in document.get("findings", [])]
        valid_at = parse_datetime(document["valid_at"])
    except (HubError, KeyError, TypeError, ValueError) as error:
        raise BadEntry(entry=entry.home, reason=NO_DOCUMENT.format(reason=repr(error))) from None
    if manifest.digest != document["digest"] or valid_at is None:
        raise BadEntry(
            entry=entry.home,
            reason=OTHER_SNAPSHOT.format(told=str(document["digest"])[:12], found=manifest.digest[:12]),
        )
    current = dataset.current_snapshot
    known = set(current.parts.values_list("digest", "rows")) if current else set()
    store = record_store()
    if not all((part.digest, part.rows) in known or has_told_rows(part, store) for part in manifest.parts):
        raise BadEntry(entry=entry.home, reason=OTHER_ROWS)
    publish_snapshot(
        dataset.distribution,
        manifest,
        report=Report(findings),
        rejected=int(document.get("rejected") or 0),
        csv_size=document.get("csv_size"),
        valid_at=valid_at,
        based_on=current.digest if current else "",
    )


def is_erased_since(row: HubEntry, text: str) -> bool:
    """Tell whether the home has erased records since what was applied before; then no older version may stay here either."""
    before = orjson.loads(row.manifest).get("erased_at") if row.manifest else None
    told = orjson.loads(text).get("erased_at")
    return bool(told) and told != before


class Names:
    """What the organisations, series and services of another hub are called here."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def take(self, kind: HubPart.Kind, slug: str, told: Mapping[str, Any]) -> str:
        """Save a part that a dataset speaks of, unless it is another one's, and return its name here."""
        model, class_, save = PARTS[kind]
        digest = hashlib.sha256(canonical(told)).hexdigest()
        part = HubPart.objects.filter(origin=self.origin, kind=kind, there=slug).first()
        if part is not None and (part.digest == digest or not part.is_ours):
            return part.here
        description, _ = salvage(told, class_)
        if "organisation" in description:
            description["organisation"] = self.here(HubPart.Kind.ORGANISATION, description["organisation"])
            if not Organisation.objects.filter(slug=description["organisation"]).exists():
                del description["organisation"]
        if part is None:
            there = model.objects.filter(slug=slug).first() if is_slug(slug) else None
            is_same = there is not None and is_named_alike(describe_row(there, class_), description)
            free = slug if is_slug(slug) and (there is None or is_same) else self.own_name(kind, slug)
            part = HubPart(origin=self.origin, kind=kind, there=slug, here=free, is_ours=not is_same)
        if part.is_ours:
            save(part.here, description, harvested=True)
        part.digest = digest
        part.save()
        return part.here

    def here(self, kind: HubPart.Kind, slug: str) -> str:
        found = HubPart.objects.filter(origin=self.origin, kind=kind, there=slug).values_list("here", flat=True).first()
        return found or slug

    def own_name(self, kind: HubPart.Kind, slug: str) -> str:
        start = slug if is_slug(slug) else kind.value
        mark = digest_of(f"{self.origin} {slug}".encode())[:10]
        return f"{start[: LONGEST_SLUG - 11].rstrip('-')}-{mark}"


def is_named_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two descriptions have a name in common, in either language."""
    names = [set((part.get("name") or part.get("title") or {}).values()) for part in (one, other)]
    return bool(names[0] & names[1])


PARTS = {
    HubPart.Kind.ORGANISATION: (Organisation, Class.ORGANISATION, save_organisation),
    HubPart.Kind.SERIES: (Series, Class.SERIES, save_series),
    HubPart.Kind.SERVICE: (DataService, Class.SERVICE, save_service),
}
