"""Many processes write while others read entries: whoever has followed to the end has the newest of every dataset."""

import json
import time
import uuid
from pathlib import Path

import pytest
from own_hub import own_hub

pytestmark = pytest.mark.journey
TIMES, FOLLOWERS = 5, 2


def test_peers_that_read_while_many_write_miss_nothing(tmp_path: Path):
    slugs = [f"dataset-{number}" for number in range(6)]
    over = tmp_path / "over"
    with own_hub(tmp_path, HUB_ANONYMOUS_PER_MINUTE="0") as hub:
        hub.do("make_datasets", slugs[:3])
        start = time.time() + 0.3
        writers = [hub.start("write_catalogue", slug, TIMES, start) for slug in slugs]
        writers.append(hub.start("rename_organisation", TIMES, start))
        followers = [hub.start("follow_entries", str(tmp_path / f"{one}.json"), str(over)) for one in range(FOLLOWERS)]
        assert {hub.wait(writer) for writer in writers} == {0}, hub.log
        over.touch()
        assert {hub.wait(follower) for follower in followers} == {0}, hub.log
        newest = {
            str(uuid.UUID(str(id_))): signature
            for id_, signature in hub.rows("SELECT id, signature FROM ingest_hubentry")
        }
        [(position, sequence)] = hub.rows("SELECT position, sequence FROM ingest_ownhub")
        assert sequence == hub.rows("SELECT max(sequence) FROM catalog_change")[0][0]
        assert position >= len(newest) == len(slugs)
        for one in range(FOLLOWERS):
            assert json.loads((tmp_path / f"{one}.json").read_text(encoding="utf-8")) == newest
