"""What platforms sent is kept for its days: byte for byte, found by digest, and never removed while something names it."""

import datetime as dt
import gzip
import os
from pathlib import Path

import orjson
import pytest
from django.utils import timezone
from pulling import lots, make_source, pull, write_lots

from ingest.models import Run, Source
from ingest.raw import forget_leftovers, forget_raw, raw_store, rejected_path, rejected_store

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def lots_file(tmp_path, settings) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", [*lots(1, 2, 3), ("0004", "제4주차장", "많음")])


@pytest.fixture
def source(lots_file) -> Source:
    return make_source(lots_file, raw_days=7)


def make_old(*paths: Path) -> None:
    two_days_ago = timezone.now().timestamp() - 2 * 86_400
    for path in paths:
        os.utime(path, (two_days_ago, two_days_ago))


def kept(run: Run) -> list[Path]:
    return [raw_store().path(entry["file"]) for entry in run.raw_answers]


def test_an_answer_is_kept_byte_for_byte(source, lots_file):
    run = pull(source)
    [entry] = run.raw_answers
    assert gzip.decompress(raw_store().path(entry["file"]).read_bytes()) == lots_file.read_bytes()
    assert entry["bytes"] == lots_file.stat().st_size == run.received_bytes
    assert entry["location"] == str(lots_file)
    assert entry["content_type"] == "text/csv"


def test_an_equal_answer_is_kept_once(source):
    first, second = pull(source), pull(source)
    assert first.raw_answers == second.raw_answers
    assert len(list(raw_store().digests())) == 1


def test_refused_records_are_kept_and_can_be_read(source):
    run = pull(source)
    lines = gzip.decompress(rejected_path(run).read_bytes()).splitlines()
    [entry] = [orjson.loads(line) for line in lines]
    assert (entry["row"], entry["reason"], entry["column"], entry["value"]) == (4, "not-integer", "spaces", "많음")
    assert entry["record"] == {"번호": "0004", "이름": "제4주차장", "면수": "많음"}
    assert "많음" in entry["sentence"]["ko"]


def test_a_run_without_refused_records_has_no_file_of_them(source, lots_file):
    write_lots(lots_file, lots(1, 2))
    assert rejected_path(pull(source)) is None


def test_answers_are_forgotten_after_their_days_and_not_before(source):
    run = pull(source)
    answer, refused = *kept(run), rejected_path(run)
    make_old(answer, refused)
    assert forget_raw(timezone.now() + 6 * DAY) == 0
    assert answer.is_file()
    assert forget_raw(timezone.now() + 8 * DAY) == 2
    run.refresh_from_db()
    assert (run.raw_answers, run.rejected_digest, rejected_path(run)) == ([], "", None)
    assert not answer.exists()
    assert not refused.exists()


def test_an_answer_that_a_younger_run_names_too_stays(source):
    first, second = pull(source), pull(source)
    Run.objects.filter(pk=first.pk).update(ended_at=timezone.now() - 30 * DAY)
    make_old(*kept(first))
    forget_raw(timezone.now())
    first.refresh_from_db()
    assert first.raw_answers == []
    assert all(path.is_file() for path in kept(second))
    assert rejected_path(second) is not None


def test_what_is_past_its_days_is_forgotten_in_as_many_statements_however_many_runs_there_are(
    source, django_assert_num_queries
):
    for _ in range(4):
        pull(source)
    with django_assert_num_queries(4):
        forget_raw(timezone.now() + 8 * DAY)
    assert not Run.objects.exclude(raw_answers=[], rejected_digest="").exists()


def test_every_source_has_its_own_days(source, lots_file, tmp_path):
    other = make_source(write_lots(tmp_path / "other.csv", lots(9)), "other", raw_days=1)
    longer, shorter = pull(source), pull(other)
    make_old(*kept(longer), *kept(shorter), rejected_path(longer))
    forget_raw(timezone.now() + 3 * DAY)
    assert all(path.is_file() for path in kept(longer))
    assert not any(path.exists() for path in kept(shorter))


def test_answers_of_a_run_that_is_not_over_are_not_forgotten(source):
    run = pull(source)
    Run.objects.filter(pk=run.pk).update(state=Run.State.WAITING, ended_at=None)
    make_old(*kept(run))
    forget_raw(timezone.now() + 99 * DAY)
    assert all(path.is_file() for path in kept(run))


def test_files_that_no_run_names_go_once_they_are_older_than_any_work(source, tmp_path):
    files = [tmp_path / "old", tmp_path / "young"]
    for file in files:
        file.write_text(file.name)
    old, young = [raw_store().keep(file) for file in files]
    make_old(raw_store().path(old))
    assert forget_raw(timezone.now()) == 1
    assert set(raw_store().digests()) == {young}
    assert list(rejected_store().digests()) == []


def test_a_pull_leaves_nothing_in_the_spool_whatever_its_end(source, lots_file, settings):
    for content in ("번호,이름,면수\n1,a,2\n", "", "\x00\x01", "번호\n"):
        lots_file.write_text(content, encoding="utf-8")
        pull(source)
        assert list(settings.SPOOL_DIR.iterdir()) == []


def test_what_killed_workers_left_in_the_spool_is_removed_after_a_day(settings):
    old, young = settings.SPOOL_DIR / "run-old", settings.SPOOL_DIR / "run-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "staged.parquet").write_text("half")
    loose = settings.SPOOL_DIR / "loose.tmp"
    loose.write_text("")
    make_old(old, loose)
    assert forget_leftovers(timezone.now()) == 2
    assert list(settings.SPOOL_DIR.iterdir()) == [young]


def test_the_folder_that_living_connections_spill_to_stays(settings):
    spill = settings.SPOOL_DIR / "spill"
    spill.mkdir()
    make_old(spill)
    assert forget_leftovers(timezone.now()) == 0
    assert spill.is_dir()
