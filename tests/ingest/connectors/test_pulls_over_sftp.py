"""Whole runs over SFTP: published, read again without the server, and told in sentences when they fail."""

import gzip
import json

import pytest
from builders import make_dataset
from pulling import LOTS, lots, make_source, pull, records, write_lots
from sftp_servers import PASSWORD, OwnSftp

from ingest.models import Run
from ingest.pipeline import pull_run
from ingest.raw import raw_store
from ingest.repetitions import replay_run
from ingest.secret_store import save_secret
from ingest.sources import host_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]


@pytest.fixture
def own(tmp_path):
    with OwnSftp(tmp_path) as server:
        write_lots(server.files / "a.csv", lots(1, 2))
        write_lots(server.files / "b.csv", lots(3))
        yield server


def source_of(server, **config):
    save_secret("sftp-word", PASSWORD)
    given = {"password": {"secret": "sftp-word"}, "host_key": server.fingerprint, "settle": "0s", **config}
    config = {"path": server.url("/*.csv"), **{name: value for name, value in given.items() if value is not None}}
    return make_source("", dataset=make_dataset("parking", schema=LOTS), config=config, allow_private=True)


def test_a_run_publishes_all_files_and_is_read_again_when_the_server_is_gone(own):
    own.tell(slow=1.2)  # long enough for the run to be asked whether it is still wanted
    source = source_of(own)
    run = pull(source)
    own.stop()
    assert (run.state, run.error_ko) == (Run.State.PUBLISHED, "")
    assert sorted(record["lot_id"] for record in records(source)) == ["0001", "0002", "0003"]
    for entry in run.raw_answers:
        with gzip.open(raw_store().path(entry["file"])) as file:
            assert PASSWORD.encode() not in file.read()
    again = replay_run(run)
    pull_run(again.pk)
    again.refresh_from_db()
    assert again.state in (Run.State.PUBLISHED, Run.State.UNCHANGED)
    assert again.raw_answers == [] or len(again.raw_answers) == len(run.raw_answers)


def test_a_server_that_is_not_known_yet_is_told_to_the_steward(own):
    source = source_of(own, host_key=None)
    run = pull(source)
    assert run.state == Run.State.FAILED
    assert own.fingerprint in run.error_ko
    assert "host_key" in run.error_ko


def test_no_run_tells_the_password(own):
    save_secret("wrong-word", "planted horse 77")
    run = pull(source_of(own, password={"secret": "wrong-word"}))
    assert run.state == Run.State.FAILED
    assert "planted horse" not in json.dumps([run.error_ko, run.raw_answers])


def test_sources_of_one_sftp_server_take_turns():
    assert host_of({"path": "sftp://hub@files.example/out/a.csv"}) == "files.example:22"
