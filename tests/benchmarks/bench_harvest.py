"""What harvesting a large CKAN takes: ``python -m tests.benchmarks.bench_harvest [--datasets 300000] [--seeded 290000]``.

A made-up CKAN on loopback is asked page by page by a process of its own, on a hub of its own: first whole, then unchanged,
then with one dataset in a hundred changed. ``--seeded`` puts so many of the datasets into the hub beforehand as a first
reading leaves them, many at a time: what is measured is then the memory and the later readings, the rate of the first one
is that of the rest. The peak resident set is what the operating system says.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]
READ = """
import django, json, resource, sys, time
django.setup()
from ingest.harvest.feeds import read_feed, save_feed
feed = save_feed("ckan", format="ckan", location=sys.argv[1], allow_private=True)
start, cpu = time.perf_counter(), time.process_time()
result = read_feed(feed)
print(json.dumps([time.perf_counter() - start, time.process_time() - cpu,
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result.counts()]))
"""
SEED = """
import django, sys
django.setup()
from tests.benchmarks.bench_harvest import seed
seed(int(sys.argv[1]))
"""


def package(number: int, version: int) -> dict[str, Any]:
    """Return a dataset of the size that portals publish: two files, eight tags, a paragraph."""
    place = f"구{number % 250}"
    return {
        "id": str(uuid.UUID(int=number)),
        "name": f"dataset-{number:06}",
        "title": f"{place} 도시 데이터 {number}",
        "notes": f"{place}에서 수집한 관측값입니다. 판 {version}. " * 6,
        "type": "dataset",
        "license_id": "cc-by",
        "metadata_created": "2024-01-01T00:00:00.000000",
        "metadata_modified": f"2024-01-{version + 1:02}T00:00:00.000000",
        "maintainer": "데이터 담당",
        "maintainer_email": "data@city.example",
        "organization": {"id": f"org-{number % 50}", "name": f"org-{number % 50}", "title": f"기관 {number % 50}"},
        "tags": [{"name": f"tag-{number % 97}-{part}"} for part in range(8)],
        "resources": [
            {
                "id": str(uuid.UUID(int=number * 4 + part + 2**100)),
                "url": f"https://files.example/{number}/{part}.csv",
                "name": f"파일 {part}",
                "format": "CSV",
                "size": number,
            }
            for part in range(2)
        ],
    }


class Portal(ThreadingHTTPServer):
    """A CKAN of so many datasets; every one whose number divides by ``every`` has another version."""

    datasets = 0
    every = 0

    def page(self, start: int, rows: int) -> bytes:
        last = min(start + rows, self.datasets)
        told = [package(number, int(bool(self.every) and number % self.every == 0)) for number in range(start, last)]
        answer = {"success": True, "result": {"count": self.datasets, "results": told}}
        return json.dumps(answer, ensure_ascii=False).encode()


class Asked(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        body = self.server.page(int(query["start"][0]), int(query["rows"][0]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a line for each page would hide the figures."""


def seed(datasets: int) -> None:
    """Put datasets into the hub as a first reading leaves them; needs Django to be set up."""
    from django.utils import timezone

    from catalog.describe import row_columns
    from catalog.exchange.ckan import read_ckan
    from catalog.models import Dataset, Distribution, Organisation
    from catalog.publish import save_organisation
    from catalog.standard import Class
    from ingest.harvest.identity import marks_of
    from ingest.harvest.local_values import written_values
    from ingest.harvest.reading import batched
    from ingest.models import Harvested

    now = timezone.now()
    for number in range(50):
        save_organisation(f"org-{number}", {"name": {"ko": f"기관 {number}"}}, harvested=True)
    organisations = dict(Organisation.objects.values_list("slug", "pk"))
    for numbers in batched(range(datasets), 1000):
        entries = read_ckan({"result": {"results": [package(number, 0) for number in numbers]}}).datasets
        rows, links, told = [], [], []
        for entry in entries:
            columns = row_columns(entry.description, Class.DATASET)
            dataset = Dataset(
                slug=entry.slug, organisation_id=organisations[entry.description["organisation"]], **columns
            )
            marks = marks_of(entry, "ckan")
            names = ("identifier", "key", "digest", "name_key", "links_key", "content_key")
            rows.append(dataset)
            links += [
                Distribution(dataset=dataset, position=place, access_url=part.get("access_url", ""))
                for place, part in enumerate(entry.description["distributions"], start=1)
            ]
            told.append(
                Harvested(
                    feed="ckan",
                    slug=entry.slug,
                    dataset=dataset,
                    document=marks.document.decode(),
                    written=written_values(entry.description),
                    taken_at=now,
                    **{name: getattr(marks, name) for name in names},
                )
            )
        Dataset.objects.bulk_create(rows)
        Distribution.objects.bulk_create(links)
        Harvested.objects.bulk_create(told)


def run(script: str, environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--datasets", type=int, default=50_000)
    parser.add_argument("--seeded", type=int, default=0, help="of these so many are there before the first reading")
    options = parser.parse_args()
    portal = Portal(("127.0.0.1", 0), Asked)
    portal.datasets = options.datasets
    threading.Thread(target=portal.serve_forever, daemon=True).start()
    print("reading | s | CPU s | datasets/s | peak MiB | new, changed, unchanged", flush=True)
    with tempfile.TemporaryDirectory(prefix="hub-harvest-") as folder:
        environment = os.environ | {
            "HUB_DATA_DIR": f"{folder}/var",
            "DJANGO_SETTINGS_MODULE": "datahub.settings",
            "HUB_LOG_LEVEL": "ERROR",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, cwd=ROOT, check=True)
        if options.seeded:
            run(SEED, environment, str(options.seeded))
        for name, every in (("first", 0), ("unchanged", 0), ("1 % changed", 100)):
            portal.every = every
            address = f"http://127.0.0.1:{portal.server_address[1]}"
            seconds, cpu, peak, counts = json.loads(run(READ, environment, address).splitlines()[-1])
            told = ", ".join(f"{counts[each]:,}" for each in ("created", "changed", "unchanged"))
            print(
                f"{name} | {seconds:.0f} | {cpu:.0f} | {options.datasets / seconds:,.0f} | {peak:.0f} | {told}",
                flush=True,
            )
    portal.shutdown()


if __name__ == "__main__":
    main()
