"""What a worker of ``forked_hubs.py`` can do: write its catalogue by chance, read its peers under faults, tell what it holds."""

import io
import os
import random
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow.parquet as pq
from builders import make_dataset, make_organisation, publish_rows
from django.conf import settings
from django.core.management import call_command

import catalog
import ingest
from catalog.models import Dataset, Snapshot
from catalog.publish import describe_dataset, guard_dataset, restore_dataset, withdraw_dataset
from catalog.records import Column, Schema
from catalog.storage import record_store
from ingest.answers import Limits
from ingest.federation import door, files, own_entries, sync, taking, tree
from ingest.federation.hubs import save_hub
from ingest.federation.identity import own_hub, signing_key
from ingest.federation.own_entries import bring_up_to_date, description_document
from ingest.federation.peer import Peer
from ingest.federation.verifying import verify_hub
from ingest.http import Session
from ingest.models import Hub
from ingest.record_erasure import ask_erasure, erase

SCHEMA = Schema(
    columns=(Column("id", required=True), Column("district"), Column("pm10", "integer"), Column("note")), key=("id",)
)
TOWNS = ("hanbit-city", "saebyeok-gu", "nuri-gun")
# Levels that the peers of these hubs may read; of the next one they see descriptions, of the last nothing.
READ = ("public", "registered")
SEEN = (*READ, "restricted")
LEVELS = (*SEEN, "non-public")


def make_small(*, total: float = 20) -> None:
    """Let everything that is done in portions be done in small ones, so that a few datasets make many.

    ``total``: seconds that a question may take with all its repetitions.
    """
    sync.PAGE, taking.AT_ONCE, taking.DOCUMENTS_AT_ONCE, own_entries.BATCH = 5, 3, 8, 4
    door.MOST_ENTRIES, files.SMALL, files.PIECE, files.IN_A_PACK, tree.FEW = 5, 3000, 4096, 3, 8
    limits = {"wait_initial": 0.005, "wait_max": 0.01, "wait_jitter": 0.005, "retry_after": 0.02}
    sync.LIMITS = Limits(connect=5, read=5, total=total, size=8 << 20, **limits)


# Writes


def write(seed: int, times: int) -> list[str]:
    """Change the catalogue somehow, so many times; say how."""
    chance = random.Random(seed)
    return [write_once(chance) for _ in range(times)]


def write_once(chance: random.Random) -> str:
    slugs = list(Dataset.objects.filter(home="").order_by("slug").values_list("slug", flat=True))
    if len(slugs) < 4 or (len(slugs) < 10 and chance.random() < 0.05):
        return create(f"air-{len(slugs)}", chance)
    slug = chance.choice(slugs)
    act = chance.choice(WRITES)
    return f"{act.__name__} {act(slug, chance) or slug}"


def create(slug: str, chance: random.Random) -> str:
    publish_rows(describe(slug, chance), rows(chance))
    return f"create {slug}"


def describe(slug: str, chance: random.Random, **values: Any) -> Dataset:
    known = Dataset.objects.filter(slug=slug).first()
    described = {
        "title": {"ko": f"대기질 {chance.randrange(10**6)}", "en": f"Air {slug}"},
        "organisation": known.organisation.slug if known else chance.choice(TOWNS),
        "access_level": known.access_level if known else "public",
        "theme": chance.choice(("environment", "transport", "health")),
        "licence": chance.choice(("kogl-1", "cc-by-4.0")),
    }
    if chance.random() < 0.3:
        described["distributions"] = [
            {"access_url": f"https://hanbit.example/{slug}/{chance.randrange(9)}", "format": "CSV"}
        ]
    return make_dataset(slug, schema=SCHEMA, **{**described, "access_reason": {"ko": "내부 업무"}, **values})


def rows(chance: random.Random) -> Iterator[Mapping[str, object]]:
    for number in range(chance.choice((1, 3, 30, 80))):
        note = f"{chance.getrandbits(160):040x}"
        yield {"id": f"{number:04}", "district": "강남구", "pm10": str(chance.randrange(150)), "note": note}


def describe_again(slug: str, chance: random.Random) -> None:
    describe(slug, chance)


def publish_anew(slug: str, chance: random.Random) -> None:
    publish_rows(Dataset.objects.select_related("distribution").get(slug=slug), rows(chance))


def append(slug: str, chance: random.Random) -> None:
    publish_rows(Dataset.objects.select_related("distribution").get(slug=slug), rows(chance), mode="append")


def upsert(slug: str, chance: random.Random) -> None:
    publish_rows(Dataset.objects.select_related("distribution").get(slug=slug), rows(chance), mode="upsert")


def withdraw(slug: str, chance: random.Random) -> None:
    withdraw_dataset(slug)


def restore(slug: str, chance: random.Random) -> str:
    gone = Dataset.objects.exclude(withdrawn_at=None).order_by("slug").values_list("slug", flat=True)
    slug = chance.choice(list(gone) or [slug])
    restore_dataset(slug)
    return slug


def narrow(slug: str, chance: random.Random) -> None:
    describe(slug, chance, access_level=chance.choice(LEVELS[1:]))


def widen(slug: str, chance: random.Random) -> str:
    closed = Dataset.objects.exclude(access_level="public").order_by("slug").values_list("slug", flat=True)
    slug = chance.choice(list(closed) or [slug])
    describe(slug, chance, access_level=chance.choice(READ))
    return slug


def move(slug: str, chance: random.Random) -> None:
    """Give a dataset to another organisation."""
    make_organisation(organisation := chance.choice(TOWNS))
    describe(slug, chance, organisation=organisation)


def rename_organisation(slug: str, chance: random.Random) -> str:
    make_organisation(slug := chance.choice(TOWNS), ko=f"한빛 {chance.randrange(10**6)}")
    return slug


WRITES = (
    describe_again, describe_again, publish_anew, publish_anew, append, append, upsert, upsert, withdraw, withdraw, restore,
    restore, restore, narrow, narrow, widen, widen, widen, move, rename_organisation,
)  # fmt: skip


# Peers


def identify() -> str:
    bring_up_to_date()
    return str(own_hub().pk)


def add_peer(name: str, address: str, **values: Any) -> None:
    values = {"allow_private": True, "schedule": "", "levels": list(READ)} | values
    save_hub(name, {"address": address, **values})


def read_peer(
    name: str,
    *,
    kill_at: int = 0,
    kill_after: float = 0,
    file_limit: int = 0,
    lacks_folder: str = "",
    count_lines: bool = False,
) -> dict[str, Any]:
    """Read a peer, however that ends; a lease that somebody left behind is over, as if its time had passed."""
    Hub.objects.filter(slug=name).update(lease_until=None)
    lines = [0]
    if kill_after:
        signal.setitimer(
            signal.ITIMER_REAL, kill_after
        )  # nobody catches it: the process ends where it is, as by kill -9
    with limited_files(file_limit), without_folder(lacks_folder), killed_at(kill_at, lines, counts=count_lines):
        try:
            done = sync.sync_hub(name)
        except Exception as error:
            return {"state": "raised", "error": repr(error), "counts": {}, "problems": [], "lines": lines[0]}
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    if done is None:
        return {"state": "busy", "counts": {}, "problems": [], "lines": lines[0]}
    return {"state": str(done.state), "counts": done.counts, "problems": done.problems, "lines": lines[0]}


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: what the system says then, it says of a full disk too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if size:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def without_folder(name: str) -> Iterator[None]:
    """Take the store or the spool away, as a disk that is not mounted."""
    if not name:
        yield
        return
    folder: Path = getattr(settings, name)
    aside = folder.with_suffix(".aside")
    folder.mkdir(exist_ok=True)
    folder.rename(aside)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


TRACED = tuple(
    str(Path(package.__path__[0]) / name)
    for package, names in (
        (ingest, ("federation/", "http.py", "models/")),
        (catalog, ("publish.py", "feed.py", "records/store.py")),
    )
    for name in names
)


@contextmanager
def killed_at(line: int, lines: list[int], *, counts: bool) -> Iterator[None]:
    """Die as by ``kill -9`` when the n-th line of our own is about to run."""
    if not (line or counts):
        yield
        return

    def look(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            lines[0] += 1
            if lines[0] == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return look

    sys.settrace(lambda frame, event, _: look if frame.f_code.co_filename.startswith(TRACED) else None)
    try:
        yield
    finally:
        sys.settrace(None)


def prove(name: str, *, reads_files: bool = True, repair: bool = False) -> dict[str, Any]:
    """Compare with a peer, as ``verify_hub`` does."""
    proof = verify_hub(name, reads_files=reads_files, repair=repair)
    assert proof.sync is not None
    return {
        "found": [*proof.found.missing, *proof.found.changed, *proof.found.extra],
        "entries": proof.entries,
        "mended": proof.mended,
        "state": str(proof.sync.state),
        "problems": proof.sync.problems,
        "requests": proof.sync.counts["requests"],
    }


def set_hub(name: str, **values: Any) -> None:
    save_hub(name, values)


def run_command_quietly(name: str) -> None:
    call_command(name, stdout=io.StringIO())


def meet_peer(name: str) -> None:
    """Get to know who a peer is, as the first reading of it does."""
    hub = Hub.objects.get(slug=name)
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    with Session(allow_private=True, spool=settings.SPOOL_DIR) as session:
        Peer(hub, session).meet()


# What a test asks for by name


def make(slug: str, *, rows: int = 3, seed: int = 0, level: str = "public", **values: Any) -> str:
    """Describe a dataset and publish so many records; return its identifier."""
    dataset = describe(slug, random.Random(slug), access_level=level, organisation=TOWNS[0], **values)
    if rows:
        publish_rows(dataset, numbered(rows, seed))
    return str(dataset.pk)


def numbered(count: int, seed: int) -> Iterator[Mapping[str, object]]:
    chance = random.Random(seed)
    for number in range(count):
        yield {"id": f"{number:06}", "district": "종로구", "pm10": str(seed), "note": f"{chance.getrandbits(160):040x}"}


def edit(slug: str, **values: Any) -> None:
    """Change a description as a steward does."""
    dataset = Dataset.objects.get(slug=slug)
    description = description_document(dataset)["description"]
    describe_dataset(slug, {**description, **values}, harvested=bool(dataset.home))


def take_out(slug: str) -> None:
    withdraw_dataset(slug)


def bring_back(slug: str) -> None:
    restore_dataset(slug)


def guard(slug: str) -> None:
    guard_dataset(slug)


def erase_record(slug: str, number: str) -> None:
    told = {"id": number}
    erase(
        ask_erasure(Dataset.objects.select_related("distribution").get(slug=slug), told, reason="asked", by="steward")
    )


def tell_versions(slug: str) -> list[list[str]]:
    """Return the identifiers in the files of each version that is kept, the newest first."""
    store = record_store()
    return [
        [number for part in snapshot.parts.all() for number in pq.read_table(store.path(part.digest))["id"].to_pylist()]
        for snapshot in Snapshot.objects.filter(distribution__dataset__slug=slug).order_by("-pk")
    ]


def make_many(first: int, count: int, rows: int = 3) -> None:
    for number in range(first, first + count):
        make(f"air-{number}", rows=rows, seed=number)


def rotate(*, revoke: bool = False) -> str:
    """Change the key as ``manage.py hub_key`` does."""
    call_command("hub_key", "--revoke" if revoke else "--rotate", stdout=io.StringIO())
    return signing_key()[0]
