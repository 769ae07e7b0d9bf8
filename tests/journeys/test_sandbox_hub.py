"""The sandbox city through public doors only: collect, ask, download; and every fault leaves what was published."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from ingest.apply import apply_hub_file
from ingest.hub_file import read_hub_file
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import offer_run
from ingest.sandbox.faults import FAULTS
from ingest.sandbox.server import running
from ingest.sandbox.world import World

HUB_FILE = Path(__file__).parents[2] / "ingest" / "sandbox" / "hub.toml"
RECORDS = {
    "hanbit-parking-lots": 320,
    "hanbit-parking-availability": 320,
    "hanbit-air-quality": 240,
    "hanbit-bus-stops": 2317,
    "hanbit-cctv": 1204,
}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def city(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The sandbox platform on a free port, and the hub that is declared on it."""
    monkeypatch.setenv("SANDBOX_KEY", "sandbox-key")
    with running(world, drip_seconds=0.01) as server:
        apply_hub_file(read_hub_file(HUB_FILE, {"sandbox_port": server.url.rpartition(":")[2].strip("/")}))
        yield server.url


def pull(slug: str) -> Run:
    run = offer_run(Source.objects.get(slug=slug))
    Run.objects.filter(pk=run.pk).update(due_at=run.slot)
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def ask(client: Client, path: str) -> dict:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_five_datasets_are_collected_and_can_be_asked(city: str, client: Client) -> None:
    for slug, records in RECORDS.items():
        run = pull(slug)
        assert (run.state, run.rows, run.rejected) == (Run.State.PUBLISHED, records, 0), run.error_en
    found = ask(client, "datasets?q=주차")
    assert {dataset["slug"] for dataset in found["datasets"]} >= {"hanbit-parking-lots", "hanbit-parking-availability"}
    for slug, records in RECORDS.items():
        assert ask(client, f"datasets/{slug}/records?count=exact&limit=1")["count"] == records
        assert len(list(csv.reader(io.StringIO(download(client, f"datasets/{slug}/records.csv"))))) == records + 1
    dirty = ask(client, "datasets/hanbit-air-quality/records?pm10__gte=20&order_by=-pm10&limit=5")["records"]
    assert [record["pm10"] for record in dirty] == sorted((record["pm10"] for record in dirty), reverse=True)


def download(client: Client, path: str) -> str:
    return b"".join(client.get(f"/api/v1/{path}").streaming_content).decode()


def test_pulling_twice_changes_nothing(city: str, client: Client) -> None:
    pull("hanbit-bus-stops")
    before = ask(client, "changes?after=")
    assert pull("hanbit-bus-stops").state == Run.State.UNCHANGED
    assert ask(client, "changes?after=") == before


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("slow", "endless")])
@pytest.mark.parametrize("slug", ["hanbit-parking-lots", "hanbit-bus-stops", "hanbit-cctv"])
def test_a_fault_of_the_platform_leaves_the_published_records(
    fault: str, slug: str, city: str, world: World, client: Client
) -> None:
    pull(slug)
    before = ask(client, f"datasets/{slug}/records?limit=3")
    world.faults.switch_on("*", fault)
    run = pull(slug)
    world.faults.switch_off("*")
    after = ask(client, f"datasets/{slug}/records?limit=3")
    if run.state == Run.State.PUBLISHED:  # a fault within the expectations: what was wrong is refused and counted
        assert fault == "wrong-types"
        assert 0 < run.rejected < run.rows
        assert run.accepted + run.rejected == run.rows
    else:
        assert run.state in (Run.State.WAITING, Run.State.HELD, Run.State.FAILED)
        assert run.error_ko
        assert run.error_en
        assert after == before
    Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED)
    assert pull(slug).state in (Run.State.PUBLISHED, Run.State.UNCHANGED)
    assert ask(client, f"datasets/{slug}/records?count=exact&limit=1")["count"] == RECORDS[slug]
