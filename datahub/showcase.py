"""What ``quickstart`` prints when the hub stands: its datasets, where to look, how to sign in, lines to paste."""

import shlex
from collections.abc import Iterator
from operator import itemgetter

from django.contrib.auth.models import AnonymousUser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog.access import visible_datasets
from catalog.models import Dataset
from catalog.portal.calls import example_calls
from catalog.read import answer, ask
from catalog.records import from_table_schema
from datahub.quickstart import STEWARD
from ingest.status import hub_status


def show_hub(console: Console, base: str, password: str | None) -> None:
    console.print(dataset_table())
    console.print(f"\n포털 portal     {base}/\nAPI 문서 docs   {base}/api/v1/docs\n관리 admin      {base}/admin/")
    console.print(f"로그인 login    {STEWARD} / {password or '(바꾼 암호 · the password you have set)'}", markup=False)
    if lines := list(lines_to_paste(base)):
        console.print("\n붙여 넣어 보십시오 · to paste:")
        for line in lines:
            console.print(f"  {line}", markup=False, soft_wrap=True)


def dataset_table() -> Table:
    table = Table(show_edge=False)
    table.add_column("데이터셋\ndataset", no_wrap=True)
    table.add_column("제목\ntitle")
    table.add_column("레코드\nrecords", justify="right")
    table.add_column("거절\nrefused", justify="right")
    for row in sorted(hub_status()["datasets"], key=itemgetter("slug")):
        counts = ("-" if row[name] is None else f"{row[name]:,}" for name in ("records", "rejected"))
        table.add_row(row["slug"], escape(row["title"]), *counts)
    return table


def lines_to_paste(base: str) -> Iterator[str]:
    """Yield three ``curl`` lines: find a dataset that everybody may read, ask it something, take it all."""
    if dataset := example_dataset():
        word = next(iter(dataset.keywords_ko), dataset.title_ko)
        yield f"curl -G {base}/api/v1/datasets --data-urlencode {shlex.quote(f'q={word}')}"
        schema = from_table_schema(dataset.distribution.current_snapshot.schema)
        page = answer(ask(dataset, [("limit", "20")], AnonymousUser()))
        *_, question, download = example_calls(base, dataset.slug, schema, page.records())
        yield question.line
        yield download.line


def example_dataset() -> Dataset | None:
    """Return the public dataset with the most records, up to what a download shows in a second."""
    published = visible_datasets(AnonymousUser()).filter(access_level="public", distribution__current_snapshot__gt=0)
    small = published.filter(distribution__current_snapshot__records__lte=50_000)
    return small.order_by("-distribution__current_snapshot__records", "slug").first()
