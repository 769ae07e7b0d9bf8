"""The recipe of docs/recipes.md over the sandbox city: applied, pulled and asked as it stands there."""

import re
from pathlib import Path

import pytest
from pulling import pull, records

from catalog.models import Dataset
from datahub.documentation import DOCS
from ingest.apply import apply_hub_file
from ingest.hub_file import read_hub_file
from ingest.models import Run, Source
from ingest.sandbox.city import DISTRICT_NAMES
from ingest.sandbox.server import running
from ingest.sandbox.world import World

SANDBOX = Path(__file__).parents[2] / "ingest" / "sandbox" / "hub.toml"


@pytest.mark.django_db
def test_the_recipe_of_the_documents_makes_a_dataset_of_the_sandbox_city(tmp_path, monkeypatch, client):
    monkeypatch.setenv("SANDBOX_KEY", "sandbox-key")
    example = tmp_path / "recipe.toml"
    [told] = re.findall(r"```toml\n(.*?)```", (DOCS / "recipes.md").read_text(encoding="utf-8"), re.DOTALL)
    example.write_text(told, encoding="utf-8")
    with running(World(), drip_seconds=0.01) as server:
        apply_hub_file(read_hub_file(SANDBOX, {"sandbox_port": server.url.rpartition(":")[2].strip("/")}))
        assert [str(part.outcome) for part in apply_hub_file(read_hub_file(example))] == ["created", "created"]
        for slug in ("hanbit-air-quality", "hanbit-parking-lots"):
            assert pull(Source.objects.get(slug=slug)).state == Run.State.PUBLISHED
    recipe = Source.objects.select_related("distribution").get(slug="hanbit-dust-and-parking")
    run = pull(recipe)
    assert (run.state, run.error_en, run.rejected) == (Run.State.PUBLISHED, "", 0)
    rows = records(recipe)
    assert {row["district"] for row in rows} <= set(DISTRICT_NAMES)
    assert len(rows) == len({(row["district"], row["hour"]) for row in rows}) >= 24
    assert all(row["spaces"] >= row["lots"] >= 5 for row in rows)
    assert Dataset.objects.get(slug="hanbit-dust-and-parking").processing == "processed"
    address = f"/api/v1/datasets/hanbit-dust-and-parking/snapshots/{run.snapshot_digest}/lineage"
    told = client.get(address).json()["wasDerivedFrom"]
    assert [entity["dataset"] for entity in told] == ["hanbit-air-quality", "hanbit-parking-lots"]
