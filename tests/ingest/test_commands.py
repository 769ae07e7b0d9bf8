"""The commands: what they print, and whether they end well."""

import io
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation
from django.utils.timezone import localtime
from hub_files import HUB, write_hub
from pulling import lots, make_source, write_lots

from catalog.file_leases import wake_worker
from catalog.generation import GENERATION
from catalog.models import Dataset, Organisation
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import claim_run, enter_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]


def run(*arguments: object, language: str = "en", **options: object) -> str:
    """Run a command and return what it prints."""
    printed = io.StringIO()
    with translation.override(language):
        call_command(*(str(argument) for argument in arguments), stdout=printed, **options)
    return printed.getvalue()


def failure(*arguments: object, language: str = "en") -> str:
    with pytest.raises(CommandError) as failed:
        run(*arguments, language=language)
    assert failed.value.returncode == 1
    return str(failed.value)


@pytest.fixture
def source(tmp_path, settings) -> Source:
    settings.FILE_ROOTS = [tmp_path]
    return make_source(write_lots(tmp_path / "lots.csv", [*lots(1, 2, 3), ("0004", "넷", "많음")]))


# apply


def test_apply_prints_what_it_made_and_the_second_time_that_nothing_changed(tmp_path):
    path = write_hub(tmp_path)
    assert run("apply", path) == (
        "+ organisation hanbit-city\n+ dataset parking-lots\n+ source parking-lots\n+ source parking-live\n4 of 4 changed\n"
    )
    assert run("apply", path, language="ko") == (
        "= 기관 hanbit-city\n= 데이터셋 parking-lots\n= 소스 parking-lots\n= 소스 parking-live\n0 of 4 changed\n"
    )


def test_apply_shows_each_changed_value(tmp_path):
    run("apply", write_hub(tmp_path))
    text = HUB.replace('theme = "transport"', 'theme = "economy"').replace("The city's", "x" * 200)
    lines = run("apply", write_hub(tmp_path, text)).splitlines()
    assert lines[1] == "~ dataset parking-lots"
    assert "    theme: transport -> economy" in lines
    assert all(len(line) < 230 for line in lines)


def test_a_dry_run_shows_everything_and_writes_nothing(tmp_path):
    printed = run("apply", write_hub(tmp_path), "--dry-run")
    assert "    theme: - -> transport" in printed
    assert printed.endswith("4 of 4 changed (--dry-run: nothing was written)\n")
    assert not Organisation.objects.exists()


def test_apply_fills_in_values_and_reads_paths_from_the_base(tmp_path):
    run("apply", write_hub(tmp_path), "--set", "port=8600", "--base", tmp_path / "data")
    assert Source.objects.get(slug="parking-live").config["url"] == "http://127.0.0.1:8600/lots"
    assert Source.objects.get(slug="parking-lots").config["path"] == str(tmp_path / "data" / "data" / "lots.csv")


def test_a_mistake_in_a_file_is_told_in_both_languages_and_changes_nothing(tmp_path):
    told = failure("apply", write_hub(tmp_path, HUB.replace('theme = "transport"', 'theme = "weather"')))
    assert "hub.toml:13 (datasets.0.theme): 'weather' 코드는 없습니다" in told
    assert "hub.toml:13 (datasets.0.theme): unknown code 'weather'" in told
    assert not Dataset.objects.exists()


@pytest.mark.parametrize("value", ["port", "=8600"])
def test_a_value_without_a_name_is_refused(tmp_path, value):
    with pytest.raises(CommandError, match="is not name=value"):
        run("apply", write_hub(tmp_path), "--set", value)


# run_source


def test_a_source_is_pulled_here(source):
    assert run("run_source", "parking", "--here") == "parking: published (4 rows, 3 accepted, 1 refused)\n"
    assert run("run_source", "parking", "--here", language="ko") == "parking: 변경 없음 (4행 중 3개 공개, 1개 거절)\n"


def test_a_pull_here_sends_no_hint_to_the_workers(source, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        run("run_source", "parking", "--here")
    assert set(callbacks) == {wake_worker, GENERATION.forget}  # whole files are written, nothing is pulled


def test_an_unknown_source_is_told_with_the_known_ones(source, tmp_path):
    make_source(tmp_path / "lots.csv", "another")
    told = failure("run_source", "parkign")
    assert "'parkign'" in told
    assert "known: another, parking" in told


def test_without_a_source_none_is_known():
    assert failure("run_source", "parking").endswith("known: -")


def test_a_pull_that_fails_ends_with_the_sentence_of_the_reader(source, tmp_path):
    (tmp_path / "lots.csv").write_text("")
    assert "the file is empty" in failure("run_source", "parking", "--here")
    assert "빈 파일입니다" in failure("run_source", "parking", "--here", language="ko")


def test_a_pull_that_is_tried_again_later_says_when(source, tmp_path):
    (tmp_path / "lots.csv").unlink()
    told = failure("run_source", "parking", "--here")
    assert "there is no such file" in told
    assert "It is tried again at 20" in told


def test_a_pull_is_offered_to_the_workers(source, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        assert run("run_source", "parking") == f"parking: run {Run.objects.get().pk} waiting\n"
    assert len(callbacks) == 1
    assert Run.objects.get().state == Run.State.WAITING


@pytest.mark.parametrize(
    ("language", "words"), [("en", "check that a Celery worker is running"), ("ko", "Celery 작업자")]
)
def test_waiting_without_a_worker_ends_with_a_sentence(source, language, words):
    told = failure("run_source", "parking", "--wait", "--seconds", "0.2", language=language)
    assert words in told
    assert "0.2" in told


@pytest.mark.parametrize("how", ["--wait", "--here"])
def test_waiting_for_a_run_that_another_worker_has_ends_with_a_sentence(source, how):
    claim_run(enter_run(source).pk)
    assert "it goes on" in failure("run_source", "parking", how, "--seconds", "0.2")


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_when_a_worker_is_done(source, tmp_path):
    waiting = enter_run(source)
    worker = threading.Timer(0.3, pull_and_close, [waiting.pk])
    worker.start()
    try:
        assert run("run_source", "parking", "--wait") == "parking: published (4 rows, 3 accepted, 1 refused)\n"
    finally:
        worker.join()


def pull_and_close(run_id: int) -> None:
    pull_run(run_id)
    connection.close()


# hub_status


def test_the_status_is_printed_as_json(source):
    run("run_source", "parking", "--here")
    status = json.loads(run("hub_status", "--json"))
    assert list(status) == ["datasets", "sources", "runs"]
    assert [dataset["records"] for dataset in status["datasets"]] == [3]


def test_the_status_is_printed_as_tables(source):
    run("run_source", "parking", "--here")
    printed = run("hub_status")
    slot = f"{localtime(Run.objects.get().slot):%Y-%m-%d %H:%M:%S}"
    for words in ("datasets", "대기질 측정", "sources", "replace", "runs", "published", slot):
        assert words in printed
    assert max(len(line) for line in printed.splitlines()) <= 140


def test_the_status_of_an_empty_hub_is_printed():
    assert run("hub_status") == "datasets: -\nsources: -\nruns: -\n"
