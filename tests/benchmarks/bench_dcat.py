"""How fast a catalogue of 100,000 is told as DCAT-AP and how much memory it takes, next to what the libraries alone need.

    python tests/benchmarks/bench_dcat.py [--datasets 100000] [--rounds 5]

Made-up datasets with two links each go into a new SQLite database; documents come through the whole application. Limits of
the same run: the rows read by the ORM and nothing else, and the same document parsed and written again by pyoxigraph and by
rdflib. The dump runs in a process of its own, whose peak resident set is what the operating system says.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOAL_MEMORY = 300  # MiB
BUILD = """
import sys, django
django.setup()
from django.core.management import call_command
from catalog.describe import row_columns
from catalog.models import Dataset, Distribution, Organisation
from catalog.publish import save_organisation, save_catalogue
from catalog.standard import Class
call_command("migrate", verbosity=0)
number = int(sys.argv[1])
for city in range(250):
    save_organisation(f"city-{city:03}", {"name": {"ko": f"{city:03}시", "en": f"City {city:03}"}, "region": "44"})
save_catalogue({"title": {"ko": "허브"}, "description": {"ko": "모든 도시의 자료"}, "organisation": "city-000"})
cities = list(Organisation.objects.order_by("slug"))
description = {
    "title": {"ko": "공영주차장 현황", "en": "Public car parks"},
    "description": {"ko": "시가 운영하는 주차장의 위치와 요금을 담은 자료입니다. " * 4, "en": "Places and fees of the city's car parks."},
    "contact_point": {"name": {"ko": "교통정책과"}, "email": "traffic@city.example", "phone": "041-000-0000"},
    "theme": "transport", "keywords": {"ko": ["주차장", "요금", "위치"], "en": ["parking"]}, "licence": "kogl-1",
    "frequency": "daily", "region": "44", "temporal": {"start": "2018-01-01", "end": "2018-12-31"},
    "access_level": "public", "landing_page": "https://city.example/parking", "languages": ["KOR"],
    "bbox": [126.5, 36.25, 127.0, 36.75], "identifiers": ["15012896"], "issued": "2018-01-01",
    "columns": [{"name": "id", "type": "string", "title": {"ko": "번호"}}, {"name": "spaces", "type": "integer", "title": {"ko": "주차면"}}],
}
links = [
    {"title": {"ko": "파일"}, "access_url": "https://city.example/parking.csv", "format": "CSV", "media_type": "text/csv", "byte_size": 120000},
    {"title": {"ko": "API"}, "access_url": "https://api.city.example/parking", "format": "JSON", "licence": "cc-by-4.0"},
]
columns = row_columns(description, Class.DATASET)
parts = [row_columns(link, Class.DISTRIBUTION) for link in links]
for first in range(0, number, 2000):
    rows = [Dataset(**columns | {"slug": f"dataset-{n:06}", "organisation": cities[n % 250]}) for n in range(first, min(first + 2000, number))]
    Dataset.objects.bulk_create(rows)
    Distribution.objects.bulk_create(Distribution(dataset=row, position=place, **part) for row in rows for place, part in enumerate(parts))
"""
DUMP = """
import io, json, resource, sys, time
from datahub.wsgi import application
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/catalog.nt", "QUERY_STRING": "page=all", "SERVER_NAME": "127.0.0.1",
           "SERVER_PORT": "80", "HTTP_HOST": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start, busy, size, lines = time.perf_counter(), time.process_time(), 0, 0
for chunk in application(environ, lambda status, headers: None):
    size += len(chunk)
    lines += chunk.count(b"\\n")
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size, lines, before, time.process_time() - busy]))
"""
ROWS = """
import json, time, django
django.setup()
from catalog.describe import with_parts
from catalog.models import Dataset
start, busy = time.perf_counter(), time.process_time()
rows = sum(1 for _ in with_parts(Dataset.objects.order_by("slug")).iterator(chunk_size=200))
print(json.dumps([time.perf_counter() - start, rows, time.process_time() - busy]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        environment = os.environ | {
            "HUB_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "datahub.settings",
            "HUB_LOG_LEVEL": "ERROR",
            "PYTHONPATH": str(ROOT),
        }
        started = time.perf_counter()
        run(BUILD, environment, str(options.datasets))
        print(f"{options.datasets:,} datasets built in {time.perf_counter() - started:.0f} s\n")
        os.environ.update(environment)
        sys.path.insert(0, str(ROOT))
        time_pages(options.rounds, middle=max(1, options.datasets // 200))
        seconds, peak, size, triples, before, worked = measure(DUMP, environment)
        row_seconds, rows, row_worked = measure(ROWS, environment)
        print(
            f"dump of {rows:,} datasets: {seconds:.0f} s, {worked:.0f} s computed ({rows / worked:,.0f} datasets/s), "
            f"{size / 1e6:,.0f} MB, {triples:,} triples, peak {peak:.0f} MiB "
            f"(of which {before:.0f} before the question; goal {GOAL_MEMORY})\n"
            f"limit: the rows alone, read by the ORM: {row_seconds:.0f} s, {row_worked:.0f} s computed "
            f"({worked / row_worked:.1f} times)"
        )


def time_pages(rounds: int, *, middle: int) -> None:
    import django

    django.setup()
    import pyoxigraph
    import rdflib
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    addresses = {form: f"/catalog.{form}?page={middle}" for form in ("ttl", "rdf", "jsonld", "nt")}
    answer = client.get(addresses["ttl"])
    assert answer.status_code == 200, answer.content
    for form, address in addresses.items():
        report(f"page of 100 as {form}", lambda address=address: client.get(address), rounds)
    again = {"If-None-Match": answer["ETag"]}
    report("unchanged page (304)", lambda: client.get(addresses["ttl"], headers=again), rounds)
    report("one dataset as ttl", lambda: client.get(f"/dataset/dataset-{42:06}.ttl"), rounds)
    document = client.get(addresses["nt"]).content

    def by_pyoxigraph() -> None:
        triples = pyoxigraph.parse(document, format=pyoxigraph.RdfFormat.N_TRIPLES)
        pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.TURTLE)

    graph = rdflib.Graph().parse(data=document, format="nt")
    report("limit: pyoxigraph reads and writes the same page", by_pyoxigraph, rounds)
    report("limit: rdflib writes the same page as Turtle", lambda: graph.serialize(format="turtle"), rounds)
    print()


def report(name: str, call: Callable[[], object], rounds: int) -> None:
    """Print the medians of a call on the clock and of this process: others may use the machine too."""
    call()
    clock, worked = [], []
    for _ in range(rounds):
        started, busy = time.perf_counter(), time.process_time()
        call()
        clock.append((time.perf_counter() - started) * 1e3)
        worked.append((time.process_time() - busy) * 1e3)
    print(f"{name}: {statistics.median(clock):.0f} ms, {statistics.median(worked):.1f} ms computed")


def run(script: str, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def measure(script: str, environment: dict[str, str]) -> list[float]:
    return json.loads(run(script, environment).strip().splitlines()[-1])


if __name__ == "__main__":
    main()
