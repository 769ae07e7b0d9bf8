"""``quickstart --check``: asks a running hub over HTTP and compares its answers with the database."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
from django.contrib.auth.models import AnonymousUser
from rich.console import Console
from rich.markup import escape

from catalog.access import visible_datasets
from catalog.models import Snapshot
from catalog.portal.calls import example_filter
from catalog.records import from_table_schema
from catalog.text import Text
from datahub.pulls import GOOD_ENDS
from datahub.showcase import example_dataset
from ingest.models import Source

# Real downloads whose grammar the issuing portal broke; to refuse them is right.
BROKEN_FILES = ("library-standard-json", "library-standard-xml")
TRIES = 3  # a source that is pulled every minute may publish between two questions


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: a sentence, what was found and what was expected."""

    sentence: Text
    found: object
    expected: object

    @property
    def is_good(self) -> bool:
        return self.found == self.expected


def check_api(base: str, console: Console) -> bool:
    """Print every finding; return whether all are good."""
    with httpx2.Client(base_url=base, timeout=60, trust_env=False) as hub:
        findings = []
        for finding in [*check_runs(), *check_catalogue(hub), *check_records(hub), *check_example(hub)]:
            show_finding(finding, console)
            findings.append(finding)
    return all(finding.is_good for finding in findings)


def show_finding(finding: Finding, console: Console) -> None:
    mark = "[green]✓[/]" if finding.is_good else "[red]✗[/]"
    console.print(f"{mark} {escape(f'{finding.sentence.ko} · {finding.sentence.en}')}", soft_wrap=True)
    if not finding.is_good:
        console.print(f"  {finding.found!r}, 기대한 값 expected: {finding.expected!r}", markup=False)


def check_runs() -> Iterator[Finding]:
    latest = {source.slug: source.runs.order_by("-due_at", "-id").first() for source in Source.objects.all()}
    ends = {slug: run.error_code or run.state if run else "no run" for slug, run in latest.items()}
    yield Finding(
        Text(
            ko="모든 소스를 가져왔고, 깨진 파일만 거절했습니다",
            en="every source was pulled, only broken files were refused",
        ),
        {slug: end for slug, end in ends.items() if end not in GOOD_ENDS},
        {slug: "unreadable-answer" for slug in BROKEN_FILES if slug in latest},
    )


def check_catalogue(hub: httpx2.Client) -> Iterator[Finding]:
    slugs = sorted(visible_datasets(AnonymousUser()).values_list("slug", flat=True))
    listed, address, count = [], "/api/v1/datasets?limit=5", None
    while address:
        page = hub.get(address).raise_for_status().json()
        listed += [entry["slug"] for entry in page["datasets"]]
        address, count = page["next"], page["count"]
    yield Finding(Text(ko="API가 모든 데이터셋을 보여 줍니다", en="the API lists every dataset"), sorted(listed), slugs)
    yield Finding(Text(ko="API가 데이터셋을 바르게 셉니다", en="the API counts the datasets"), count, len(slugs))
    problem = hub.get("/api/v1/datasets", params={"thema": "transport"})
    yield Finding(
        Text(ko="모르는 매개변수는 거절합니다", en="an unknown parameter is refused"),
        (problem.status_code, problem.headers["content-type"]),
        (400, "application/problem+json"),
    )
    page = hub.get("/", headers={"Accept-Language": "ko"})
    yield Finding(Text(ko="포털이 열립니다", en="the portal opens"), page.status_code, 200)


def check_records(hub: httpx2.Client) -> Iterator[Finding]:
    """Compare the number of records of every public dataset with the snapshot that the answer names."""
    for dataset in visible_datasets(AnonymousUser()).filter(access_level="public").order_by("slug"):
        answer = hub.get(f"/api/v1/datasets/{dataset.slug}/records", params={"limit": "1", "count": "exact"})
        page = answer.json()
        named = Snapshot.objects.filter(
            distribution__dataset=dataset, digest=page.get("snapshot", {}).get("id")
        ).first()
        is_empty = not dataset.distribution.snapshots.exists()
        yield Finding(
            Text(ko="{slug}의 레코드 수가 맞습니다", en="the number of records of {slug} is right").format(
                slug=dataset.slug
            ),
            (answer.status_code, page.get("count")),
            (404, None) if is_empty else (200, named.records if named else "that of a snapshot"),
        )


def check_example(hub: httpx2.Client) -> Iterator[Finding]:
    """Read one dataset in several ways, all of one snapshot, and compare them with each other."""
    dataset = example_dataset()
    if dataset is None:
        yield Finding(Text(ko="공개된 데이터셋이 있습니다", en="there is a public dataset"), None, "a dataset")
        return
    slug = dataset.slug
    description = hub.get(f"/api/v1/datasets/{slug}").raise_for_status().json()
    yield Finding(
        Text(ko="{slug}의 제목이 맞습니다", en="the title of {slug} is right").format(slug=slug),
        description["title"],
        dataset.title.as_dict(),
    )
    page, table = read_one_snapshot(hub, slug)
    rows = list(csv.DictReader(io.StringIO(table)))
    yield Finding(
        Text(ko="{slug}의 CSV가 온전합니다", en="the CSV of {slug} is whole").format(slug=slug),
        len(rows),
        page["snapshot"]["records"],
    )
    schema = from_table_schema(Snapshot.objects.get(digest=page["snapshot"]["id"]).schema)
    if example := example_filter(schema, page["records"]):
        column, value = example
        question = {column: value, "count": "exact"}
        filtered = hub.get(f"/api/v1/datasets/{slug}/records", params=question).raise_for_status().json()
        yield Finding(
            Text(
                ko="'{column}={value}'만 골라 냅니다", en="'{column}={value}' finds these records and no others"
            ).format(column=column, value=value),
            (filtered["count"], {record[column] for record in filtered["records"]}),
            (sum(row[column] == value for row in rows), {value}),
        )


def read_one_snapshot(hub: httpx2.Client, slug: str) -> tuple[dict[str, Any], str]:
    """Return a page and the whole CSV of the same snapshot."""
    address = f"/api/v1/datasets/{slug}/records"
    for _ in range(TRIES):
        before = hub.get(address).raise_for_status().json()
        table = hub.get(address, params={"format": "csv"}).raise_for_status().text
        after = hub.get(address, params={"limit": "1"}).raise_for_status().json()
        if before["snapshot"]["id"] == after["snapshot"]["id"]:
            break
    return before, table
