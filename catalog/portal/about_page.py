"""The page that says what the hub is and how to ask it something within a minute, with calls that answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from catalog.models.dataset import DatasetQuerySet
from catalog.portal.calls import records_path

EXAMPLE_SLUG = "dataset-slug"  # while nothing is published
PYTHON = """\
import json
from urllib.request import urlopen

address = "{address}"
while address:
    with urlopen(address) as answer:
        page = json.load(answer)
    for record in page["records"]:
        print(record)
    address = page["next"]
"""


@dataclass(frozen=True)
class AboutPage:
    """``lines``: to find, to describe, to read, to follow; ``python``: a program that reads everything."""

    lines: Sequence[str]
    python: str


def about_page(datasets: DatasetQuerySet, base: str) -> AboutPage:
    readable = datasets.filter(access_level="public").exclude(distribution__current_snapshot=None)
    slug = readable.order_by("slug").values_list("slug", flat=True).first() or EXAMPLE_SLUG
    return AboutPage(
        lines=[
            f'curl -G "{base}{reverse("api:datasets")}" --data-urlencode "q=주차장"',
            f'curl "{base}{reverse("api:dataset", args=[slug])}"',
            f'curl "{base}{records_path(slug, limit="5")}"',
            f'curl "{base}{reverse("api:changes")}"',
        ],
        python=PYTHON.format(address=base + records_path(slug, limit="1000")),
    )
