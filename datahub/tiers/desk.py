"""What ``python -m datahub.tiers desk`` does inside one hub of the tiers, asked line by line.

Each line of its input is ``{"do": name, …}``, each line of its output what came of it. It ends with its input, and so with
whoever started it. One program for all saves the start of one for each command; what it calls is what the commands call.
How a hub comes to be is ``founding.py``.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.core.management.base import CommandError
from django.db import close_old_connections

from catalog.errors import HubError
from catalog.publish import restore_dataset, withdraw_dataset
from ingest.federation.hubs import save_hub
from ingest.federation.sync import offer_sync
from ingest.federation.verifying import told_differences, verify_hub
from ingest.models import Hub, HubSync, Run, Source
from ingest.runs import offer_run

BUSY_SECONDS = 60.0  # so long a reading or a pull under way is waited for
LOOK_SECONDS = 0.2


def serve() -> None:
    serve_with(DOES)


def serve_with(does: Mapping[str, Callable[..., Any]]) -> None:
    """Do what each line of the input asks for, until it ends."""
    for line in sys.stdin.buffer:
        question = orjson.loads(line)
        try:
            answer = {"done": does[question.pop("do")](**question)}
        except (CommandError, HubError) as error:
            answer = {"error": f"{error.text.ko}\n{error.text.en}" if isinstance(error, HubError) else str(error)}
        close_old_connections()
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


def pull(source: str) -> dict[str, Any]:
    """Have the worker pull a source and tell how the run ended."""
    run = offer_run(Source.objects.get(slug=source))
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        run.refresh_from_db()
        if run.is_over or time.monotonic() > deadline:
            break
        time.sleep(LOOK_SECONDS)
    return told_run(run)


def told_run(run: Run) -> dict[str, Any]:
    problem = [run.error_ko, run.error_en]
    return {"source": run.source.slug, "state": run.state, "records": run.accepted, "problem": problem}


def meet(peers: list[dict[str, str]]) -> None:
    """Register peers by name, address and fingerprint, to be read every minute."""
    for peer in peers:
        values = {"address": peer["address"], "title": peer["title"], "fingerprint": peer["fingerprint"]}
        save_hub(peer["name"], {**values, "schedule": "every minute", "allow_private": True})


def read() -> None:
    """Ask the worker to read every peer now."""
    for slug in Hub.objects.filter(reads=True).values_list("slug", flat=True):
        offer_sync(slug)


def tell_peers() -> list[dict[str, Any]]:
    """Tell of each peer how far behind it is, when it was read last, what differs, and how its latest reading went."""
    told = []
    for hub in Hub.objects.order_by("slug"):
        latest = HubSync.objects.filter(hub=hub).first()
        told.append(
            {
                "name": hub.slug,
                "behind": hub.behind,
                "differences": hub.differences,
                "succeeded_at": hub.succeeded_at,
                "next_at": hub.next_at,
                "readings": HubSync.objects.filter(hub=hub, state=HubSync.State.DONE).count(),
                "bytes": sum(counts.get("bytes", 0) for counts in hub.syncs.values_list("counts", flat=True)),
                "problems": [problem["text"] for problem in latest.problems] if latest else [],
                "failed": bool(latest and latest.state == HubSync.State.FAILED),
            }
        )
    return told


def verify() -> list[dict[str, Any]]:
    """Compare this hub with each of its peers, records to the last byte, as ``verify_hub --files`` does."""
    told = []
    for slug in Hub.objects.order_by("slug").values_list("slug", flat=True):
        proof = verify_hub(slug, reads_files=True)
        deadline = time.monotonic() + BUSY_SECONDS
        while proof.sync is None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            proof = verify_hub(slug, reads_files=True)
        is_done = proof.sync is not None and proof.sync.state == HubSync.State.DONE
        problems = [problem["text"] for problem in proof.sync.problems] if proof.sync else []
        told.append(
            {
                "peer": slug,
                "is_done": is_done,
                "datasets": proof.entries,
                "differences": told_differences(proof),
                "problems": problems,
            }
        )
    return told


DOES: Mapping[str, Callable[..., Any]] = {
    "pull": pull,
    "meet": meet,
    "read": read,
    "tell_peers": tell_peers,
    "verify": verify,
    "withdraw": lambda dataset: withdraw_dataset(dataset),
    "restore": lambda dataset: restore_dataset(dataset),
}
