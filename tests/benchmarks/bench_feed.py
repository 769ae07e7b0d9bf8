"""What the change feed costs with a million entries: pages wherever they are, a follower's memory, waking one who waits.

    python -m tests.benchmarks.bench_feed [--entries 1000000] [--rounds 30]

Made-up entries of 5,000 datasets go into a new database: SQLite, or the empty one that ``DATABASE_URL`` names. Answers come
through the whole application. The limit of the same run is the rows of the same page read by the ORM and nothing else.
"""

import argparse
import datetime as dt
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

DATASETS = 5_000
BLOCK = 20_000  # entries that are made up; more are copies of them
THEMES = ("environment", "transport", "health", "safety")
RARE = "culture"  # one entry of a thousand
LEVELS = ("public", "public", "public", "non-public")
WAKINGS = 20
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WRITE = """
import sys, time, django
django.setup()
from catalog.publish import restore_dataset, withdraw_dataset
for number, line in enumerate(sys.stdin):
    (restore_dataset if number % 2 else withdraw_dataset)("dataset-0001")
    print(time.time(), flush=True)
"""
FOLLOW = """
import resource, time, django
django.setup()
from django.test import Client
def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def ask(cursor):
    asked = {"format": "ndjson", "limit": "10000"} | ({"after": cursor} if cursor else {})
    return client.get("/api/v1/changes", asked, headers={"Accept-Encoding": "gzip"})
client, pages, size = Client(SERVER_NAME="localhost"), 1, 0
answer = ask("")
first, started, busy = most(), time.perf_counter(), time.process_time()
while answer["Hub-Feed-More"] == "true":
    answer = ask(answer["Hub-Feed-Next"])
    pages, size = pages + 1, size + len(answer.content)
print(f"the whole feed as NDJSON with gzip: {pages} pages, {time.perf_counter() - started:.0f} s, "
      f"{time.process_time() - busy:.0f} s computed, {size / 1e6:.0f} MB; "
      f"peak {most():.0f} MiB (after the first page: {first:.0f})")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        os.environ |= {
            "HUB_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "datahub.settings",
            "HUB_LOG_LEVEL": "ERROR",
            "HUB_ANONYMOUS_PER_MINUTE": "0",
        }
        django.setup()
        started = time.perf_counter()
        build(options.entries)
        print(f"{options.entries:,} entries of {DATASETS:,} datasets built in {time.perf_counter() - started:.0f} s\n")
        time_pages(options.entries, options.rounds)
        time_linked_pages(options.rounds)
        follow_all()
        wake()


def build(entries: int) -> None:
    from django.core.management import call_command
    from django.db import connection, transaction

    from catalog.models import Change, Dataset, FeedHead, Organisation
    from catalog.publish import save_organisation

    call_command("migrate", verbosity=0)
    for number in range(50):
        save_organisation(f"city-{number:02}", {"name": {"ko": f"{number}시", "en": f"City {number}"}, "region": "44"})
    cities = list(Organisation.objects.order_by("slug"))
    described = {"title_ko": "공영주차장", "description_ko": "위치", "theme": "transport", "access_level": "public"}
    rows = [
        Dataset(slug=f"dataset-{n:04}", organisation=cities[n % 50], licence="kogl-1", **described)
        for n in range(DATASETS)
    ]
    Dataset.objects.bulk_create(rows, batch_size=1000)
    Change.objects.bulk_create((Change(**values) for values in made_up(rows, min(entries, BLOCK))), batch_size=1000)
    others = ", ".join(field.column for field in Change._meta.concrete_fields if field.name != "sequence")
    table = Change._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        for first in range(BLOCK, entries, BLOCK):  # the same once more, under other numbers
            cursor.execute(
                f"INSERT INTO {table} (sequence, {others}) SELECT sequence + %s, {others} FROM {table} WHERE sequence <= %s",
                [first, min(BLOCK, entries - first)],
            )
    FeedHead.objects.update_or_create(
        pk=1, defaults={"sequence": entries, "digest": Change.objects.get(pk=entries).digest}
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def made_up(rows: list[Any], entries: int) -> Iterator[dict[str, Any]]:
    for number in range(1, entries + 1):
        row = rows[number * 7919 % DATASETS]
        yield {
            "sequence": number,
            "kind": "described",
            "dataset_id": row.pk,
            "dataset_slug": row.slug,
            "organisation_slug": row.organisation.slug,
            "access_level": LEVELS[number % len(LEVELS)],
            "theme": RARE if number % 1000 == 998 else THEMES[number % 3],
            "region": "44130",
            "data_model": "",
            "snapshot_digest": "",
            "at": START + dt.timedelta(seconds=number),
            "digest": hashlib.sha256(str(number).encode()).hexdigest(),
        }


def time_pages(entries: int, rounds: int) -> None:
    from django.test import Client

    from catalog.api.feed_pages import LINK_LENGTH, Place
    from catalog.models import Change, FeedHead

    client, epoch = Client(SERVER_NAME="localhost"), FeedHead.objects.get(pk=1).epoch

    def cursor(sequence: int) -> str:
        return Place(epoch, sequence, Change.objects.get(pk=sequence).digest[:LINK_LENGTH]).write()

    def ask(asked: dict[str, str], after: str) -> None:
        answer = client.get("/api/v1/changes", asked | {"after": after})
        if answer.status_code != 200:
            raise RuntimeError(answer.content)

    questions: dict[str, dict[str, str]] = {
        "a page of 100": {},
        "a page of 1,000": {"limit": "1000"},
        "100 of a theme (a third)": {"theme": THEMES[1]},
        "100 of a rare theme (a thousandth)": {"theme": RARE},
        "a theme that there is not": {"theme": "welfare"},
    }
    places = {"first": cursor(1), "middle": cursor(entries // 2), "last": cursor(entries - 20_001)}
    for name, asked in questions.items():
        told = {place: median(lambda a=asked, c=after: ask(a, c), rounds) for place, after in places.items()}
        shown = ", ".join(f"{place} {ms:.1f} ms" for place, ms in told.items())
        print(f"{name}: {shown}; last to first {told['last'] / told['first']:.2f}")
    bare = Change.objects.filter(sequence__gt=entries // 2).order_by("sequence")
    print(f"limit: 100 rows by the ORM alone: {median(lambda: list(bare[:100]), rounds):.1f} ms")
    print(f"limit: 1,000 rows by the ORM alone: {median(lambda: list(bare[:1000]), rounds):.1f} ms\n")


def time_linked_pages(rounds: int) -> None:
    from django.test import Client

    from catalog.api.ldes import BOOK, PAGE
    from catalog.models import FeedHead

    client, head = Client(SERVER_NAME="localhost"), FeedHead.objects.get(pk=1)
    pages = -(-head.sequence // PAGE)
    places = {"first page": 0, "middle page": pages // 2, "last page": pages - 1}
    addresses = {name: f"/feeds/ldes/{head.epoch}/{number // BOOK}/{number % BOOK}" for name, number in places.items()}
    addresses |= {"root": "/feeds/ldes", "book": f"/feeds/ldes/{head.epoch}/0"}
    for name, address in addresses.items():
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(answer.content)
        members = answer.content.count(b'as:published "')
        print(f"LDES {name} ({members} members): {median(lambda a=address: client.get(a), max(3, rounds // 5)):.1f} ms")
    print()


def follow_all() -> None:
    """Let a process of its own read the whole feed as lines, as a first follower does."""
    done = subprocess.run([sys.executable, "-c", FOLLOW], env=os.environ, capture_output=True, text=True, check=True)
    print(done.stdout)


def wake() -> None:
    """Let another process write while one waits, and tell how long after the commit the answer is there."""
    from django.db import connection
    from django.test import Client

    from catalog.api.feed_pages import LINK_LENGTH, Place
    from catalog.models import FeedHead

    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE], env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    told: list[float] = []
    for number in range(WAKINGS):
        head = FeedHead.objects.get(pk=1)
        cursor = Place(head.epoch, head.sequence, head.digest[:LINK_LENGTH]).write()
        answered: list[float] = []

        def ask(cursor: str = cursor, answered: list[float] = answered) -> None:
            answer = Client(SERVER_NAME="localhost").get("/api/v1/changes", {"after": cursor, "wait": "20"})
            answered.append(time.time())
            connection.close()
            if not answer.json()["changes"]:
                raise RuntimeError(answer.content)

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.4 + number / 100)
        writer.stdin.write("\n")
        writer.stdin.flush()
        committed = float(writer.stdout.readline())
        thread.join()
        told.append(answered[0] - committed)
    writer.stdin.close()
    writer.wait()
    middle, slowest = statistics.median(told) * 1e3, max(told) * 1e3
    print(f"one who waits is answered {middle:.0f} ms after the commit (slowest of {WAKINGS}: {slowest:.0f} ms)")


def median(call: Callable[[], object], rounds: int) -> float:
    """Return the median milliseconds of a call: of this process on SQLite, on the clock where the database is a server."""
    from django.db import connection

    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    call()
    worked = []
    for _ in range(rounds):
        started = clock()
        call()
        worked.append((clock() - started) * 1e3)
    return statistics.median(worked)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
