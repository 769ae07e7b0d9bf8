"""What the city of ``bench_federation.py`` does in processes of its own: fill, change, make its entries, list its files."""

import sys

import django

django.setup()

from builders import make_dataset, make_organisation, publish_rows  # noqa: E402 (Django first)
from django.db import transaction  # noqa: E402

from catalog.models import Dataset, SnapshotPart  # noqa: E402
from ingest.federation.own_entries import bring_up_to_date  # noqa: E402

LARGE = 100
SMALL_ROWS = 10
TOGETHER = 100


def everything(datasets: int, records: int) -> None:
    make_organisation()
    for start in range(0, datasets, TOGETHER):
        with transaction.atomic():
            for number in range(start, min(start + TOGETHER, datasets)):
                dataset = make_dataset(f"air-{number}", title={"ko": f"대기질 {number}", "en": f"Air quality {number}"})
                publish(dataset, number, records // LARGE if number < LARGE else SMALL_ROWS)


def publish(dataset: Dataset, seed: int, rows: int) -> None:
    publish_rows(
        dataset,
        (
            {
                "station_id": f"{seed:05}{row:07}",
                "district": "강남구" if row % 3 else "종로구",
                "pm10": str((row * 7919 + seed) % 150),
                "observed_on": f"2024-{row % 12 + 1:02}-{row // 12 % 28 + 1:02}",
            }
            for row in range(rows)
        ),
    )


def change(datasets: int) -> None:
    """Publish other records of one dataset in a hundred."""
    for number in range(0, datasets, 100):
        dataset = Dataset.objects.select_related("distribution").get(slug=f"air-{number}")
        publish(dataset, number + datasets, SMALL_ROWS)


def entries() -> None:
    while not bring_up_to_date():
        pass


def files() -> None:
    print("\n".join(SnapshotPart.objects.order_by().values_list("digest", flat=True).distinct()))


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
