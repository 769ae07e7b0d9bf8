"""Datasets as the values that the exchange formats write: descriptions complete with what only the hub knows.

Added to what a steward wrote: the distributions that the hub itself serves, when the dataset was listed and last changed,
and – where the steward is silent – the box and the period that its records were measured to cover.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch

from catalog.describe import describe, describe_row, has_value, with_parts
from catalog.exchange.entry import Catalogue, Entry
from catalog.models import Catalogue as CatalogueRow
from catalog.models import Change, DataService, Dataset, Organisation, Series, Snapshot, SnapshotPart
from catalog.models.dataset import DatasetQuerySet
from catalog.standard import Class, label_of
from catalog.text import Text

CHUNK = 200  # datasets in memory at a time
OWN_SERVICE = "hub-api"
Document = dict[str, Any]

# format of the records: (EU file type, media type, whether it is a file rather than a call)
SERVED: Mapping[str, tuple[str, str, bool]] = {
    "csv": ("CSV", "text/csv", True),
    "json": ("JSON", "application/json", False),
    "geojson": ("GEOJSON", "application/geo+json", True),
    "parquet": ("PARQUET", "application/vnd.apache.parquet", True),
}


def share(datasets: DatasetQuerySet, base: str, *, total: int | None = None) -> Catalogue:
    """Return a catalogue of the datasets; they are read while the answer is written, a chunk at a time.

    ``base`` is the hub's address without a slash at its end. A slice of datasets is one page of ``total``.
    """
    organisations = {row.slug: describe_row(row, Class.ORGANISATION) for row in Organisation.objects.all()}
    return Catalogue(
        base=base,
        description=describe_catalogue(base),
        datasets=entries(datasets, base),
        organisations=organisations,
        series={row.slug: describe_row(row, Class.SERIES) for row in Series.objects.select_related("organisation")},
        services=describe_services(base),
        total=total,
    )


def share_dataset(dataset: Dataset, base: str) -> Catalogue:
    """Return a catalogue of one dataset with what it speaks of: its organisation, its series and the hub's service."""
    complete = with_records(with_parts(Dataset.objects.filter(pk=dataset.pk))).get()
    entry = make_entry(complete, base)
    row = CatalogueRow.objects.select_related("organisation").first()
    organisations = [complete.organisation, *([row.organisation] if row and row.organisation else [])]
    slugs = entry.description.get("series", [])
    series = Series.objects.select_related("organisation").filter(slug__in=slugs) if slugs else ()
    wanted = {link["access_service"] for link in entry.description["distributions"] if "access_service" in link}
    services = describe_services(base, wanted)
    return Catalogue(
        base=base,
        description=describe_catalogue(base, row),
        datasets=(entry,),
        organisations={one.slug: describe_row(one, Class.ORGANISATION) for one in organisations},
        series={one.slug: describe_row(one, Class.SERIES) for one in series},
        services=services,
    )


def entries(datasets: DatasetQuerySet, base: str) -> Iterator[Entry]:
    """Yield the datasets as entries, in their order, with a constant number of queries for each chunk."""
    for dataset in with_records(with_parts(datasets)).iterator(chunk_size=CHUNK):
        yield make_entry(dataset, base)


def with_records(datasets: DatasetQuerySet) -> DatasetQuerySet:
    parts = SnapshotPart.objects.only("snapshot_id", "size", "ranges", "box")
    return datasets.prefetch_related(Prefetch("distribution__current_snapshot__parts", parts))


def make_entry(dataset: Dataset, base: str) -> Entry:
    """Return a dataset as an entry; one from another hub is told by its address there, so that nobody takes it for two."""
    uri = dataset.home or f"{base}/dataset/{dataset.slug}"
    snapshot = dataset.told_snapshot
    return Entry(
        slug=dataset.slug,
        uri=uri,
        description=complete_description(dataset, snapshot, base),
        id=str(dataset.pk),
        identifier=uri,
        table_schema=dataset.table_schema,
        snapshot=snapshot.digest if snapshot else "",
    )


def complete_description(dataset: Dataset, snapshot: Snapshot | None, base: str) -> Document:
    description = describe(dataset)
    links = description.get("distributions", [])
    served = served_distributions(dataset, snapshot, base) if snapshot else []
    description["distributions"] = [*served, *links]
    description.setdefault("issued", dataset.created_at.isoformat())
    description.setdefault("modified", dataset.modified_at.isoformat())
    if dataset.table_schema is not None:
        description["columns"] = column_documents(dataset.table_schema)
    if snapshot is not None:
        description["record_count"] = snapshot.records
        for name, value in measured_coverage(snapshot).items():
            description.setdefault(name, value)
    return description


def column_documents(table_schema: Mapping[str, Any]) -> list[Document]:
    """Return the columns of a Table Schema as descriptions of the class column."""
    key = table_schema.get("primaryKey", [])
    return [column_document(entry, entry["name"] in key) for entry in table_schema["fields"]]


def column_document(entry: Mapping[str, Any], is_key: bool) -> Document:
    constraints = entry.get("constraints", {})
    document = {
        "name": entry["name"],
        "type": "geometry" if entry["type"] == "geojson" else entry["type"],
        "title": entry.get("titles"),
        "description": entry.get("descriptions"),
        "unit": entry.get("unit"),
        "is_required": True if constraints.get("required") else None,
        "is_key": True if is_key else None,
        "values": constraints.get("enum"),
        "code_list": entry.get("codeList"),
        "minimum": constraints.get("minimum"),
        "maximum": constraints.get("maximum"),
        "personal_data": entry.get("personalData"),
        "source": entry.get("source"),
        "standard_name": entry.get("standardName"),
    }
    return {name: value for name, value in document.items() if has_value(value)}


def served_distributions(dataset: Dataset, snapshot: Snapshot, base: str) -> list[Document]:
    """Return the forms in which the hub serves the records of a dataset: one for each format that fits them."""
    place = snapshot.schema.get("geometry")
    return [served_distribution(dataset, snapshot, base, name) for name in SERVED if place or name != "geojson"]


def served_distribution(dataset: Dataset, snapshot: Snapshot, base: str, name: str) -> Document:
    format_, media_type, is_file = SERVED[name]
    page = f"{base}/dataset/{dataset.slug}"
    records = f"{base}/api/v1/datasets/{dataset.slug}/records"
    distribution: Document = {
        "title": {
            "ko": f"{dataset.title.in_language('ko')} ({name.upper()})",
            "en": f"{dataset.title.in_language('en')} ({name.upper()})",
        },
        "description": WHOLE if is_file else QUERIES,
        "access_url": page if is_file else records,
        "download_url": f"{records}.{name}",
        "licence": dataset.licence,
        "format": format_,
        "media_type": media_type,
        "availability": "AVAILABLE",
        "status": "COMPLETED",
        "issued": dataset.distribution.created_at.isoformat(),
        "modified": snapshot.published_at.isoformat(),
        "documentation": [f"{base}/api/v1/docs"],
        "access_service": OWN_SERVICE,
        "identifier": f"records.{name}",
    }
    if crs := snapshot.schema.get("geometry", {}).get("crs"):
        distribution["crs"] = crs
    if dataset.licence != "unknown":
        distribution["rights"] = TERMS.format(licence=label_of("licence", dataset.licence)).as_dict()
    size = {"csv": snapshot.csv_size, "parquet": sum(part.size for part in snapshot.parts.all())}.get(name)
    if size is not None:
        distribution["byte_size"] = size
    return distribution


TERMS = Text(ko="{licence} 조건으로 이용할 수 있습니다.", en="It may be used under the terms of {licence}.")
WHOLE = {"ko": "공개된 레코드 전체", "en": "All published records."}
QUERIES = {"ko": "조건을 주어 레코드를 골라 받는 API", "en": "The API that answers questions about the records."}


def measured_coverage(snapshot: Snapshot) -> Document:
    """Return the box and the period that the records cover, as the parts of their snapshot tell."""
    coverage: Document = {}
    parts = list(snapshot.parts.all())
    if boxes := [part.box for part in parts if part.box]:
        west, south, east, north = zip(*boxes, strict=True)
        coverage["bbox"] = [min(west), min(south), max(east), max(north)]
    time = snapshot.schema.get("timeColumn", "")
    if ranges := [part.ranges[time] for part in parts if part.ranges.get(time)]:
        coverage["temporal"] = {"start": first_day(ranges), "end": last_day(ranges)}
    return coverage


def first_day(ranges: Sequence[Sequence[Any]]) -> str:
    return min(str(low) for low, _high in ranges)[:10]


def last_day(ranges: Sequence[Sequence[Any]]) -> str:
    return max(str(high) for _low, high in ranges)[:10]


def describe_catalogue(base: str, row: CatalogueRow | None = None) -> Document:
    """Return whose hub this is; where nobody has said it, what can be known."""
    row = row or CatalogueRow.objects.select_related("organisation").first()
    description = describe_row(row, Class.CATALOGUE) if row else dict(UNNAMED)
    description.setdefault("homepage", f"{base}/")
    if "organisation" not in description:
        slug = Organisation.objects.order_by("pk").values_list("slug", flat=True).first()
        description |= {"organisation": slug} if slug else {}
    last = Change.objects.order_by("-sequence").values_list("at", flat=True).first()
    if last:
        description.setdefault("modified", last.isoformat())
    return description


UNNAMED: Document = {
    "title": {"ko": "도시 데이터허브", "en": "Urban data hub"},
    "description": {"ko": "도시의 공개 데이터셋 목록", "en": "The open datasets of a city."},
    "languages": ["KOR", "ENG"],
}


def describe_services(base: str, wanted: set[str] | None = None) -> dict[str, Document]:
    """Return the data services by slug, the hub's own first; ``wanted``: only those."""
    rows = DataService.objects.select_related("organisation")
    chosen = rows if wanted is None else rows.filter(slug__in=wanted - {OWN_SERVICE}) if wanted - {OWN_SERVICE} else ()
    services = {row.slug: describe_row(row, Class.SERVICE) for row in chosen}
    if wanted is None or OWN_SERVICE in wanted:
        return {OWN_SERVICE: own_service(base)} | services
    return services


def own_service(base: str) -> Document:
    return {
        "title": {"ko": "데이터허브 API", "en": "API of the data hub"},
        "description": {
            "ko": "데이터셋을 찾고 레코드를 골라 받는 공개 API",
            "en": "The open API that finds datasets and answers questions about their records.",
        },
        "endpoint_urls": [f"{base}/api/v1/"],
        "endpoint_descriptions": [f"{base}/api/v1/openapi.json"],
        "access_level": "public",
        "documentation": [f"{base}/api/v1/docs"],
    }
