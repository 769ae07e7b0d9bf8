"""``quickstart`` as a newcomer meets it, and its steps."""

import os
import signal
import socket
import stat
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from hub_processes import hub_environment, manage, processes_of, running, wait_until

from datahub.quickstart import (
    added_settings,
    check_files,
    check_port,
    free_port,
    kept_sandbox_port,
    prepare_data_folder,
    steward_password,
)

SLUGS = ("parking-lots", "parking-availability", "air-quality", "bus-stops", "cctv")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The environment of one hub for all journeys of this module."""
    with hub_environment(tmp_path_factory.mktemp("quickstart")) as environment:
        yield environment


@pytest.mark.journey
def test_quickstart_check_fills_a_hub_asks_it_and_leaves_nothing_running(hub):
    done = manage(hub, "quickstart", "--check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert [slug for slug in SLUGS if f"hanbit-{slug} " not in done.stdout] == []
    assert done.stdout.count("  curl ") == 3
    assert "✗" not in done.stdout
    assert processes_of(hub) == {}


@pytest.mark.journey
def test_a_second_start_keeps_everything_heals_itself_and_ends_with_ctrl_c(hub, tmp_path):
    port, output = free_port(), tmp_path / "output"
    with running(hub, output, "quickstart", "--port", str(port)) as quickstart:
        wait_until(lambda: "Ctrl-C" in output.read_text() or quickstart.poll() is not None)
        said = output.read_text()
        password = Path(hub["HUB_DATA_DIR"], "steward-password").read_text()
        assert f"steward / {password}" in said
        assert "pulling" not in said  # nothing was due at once

        taken = manage(hub, "quickstart", "--port", str(port))
        assert taken.returncode == 1
        assert "--port" in taken.stderr
        assert "Traceback" not in taken.stderr

        worker = min(pid for pid, command in processes_of(hub).items() if " worker " in command)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: any(" worker " in command for pid, command in processes_of(hub).items() if pid != worker))

        quickstart.send_signal(signal.SIGINT)
        assert quickstart.wait() == 0
    assert processes_of(hub) == {}


@pytest.mark.journey
def test_a_killed_quickstart_leaves_nothing_running(hub, tmp_path):
    output = tmp_path / "output"
    with running(hub, output, "quickstart", "--port", str(free_port())) as quickstart:
        wait_until(lambda: "Ctrl-C" in output.read_text() or quickstart.poll() is not None)
        quickstart.kill()

    wait_until(lambda: processes_of(hub) == {})


def test_a_used_port_is_a_sentence_that_names_the_option():
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(CommandError, match="--port로 다른 포트"):
        check_port("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 8000), ("no.such.host.invalid", 8000)])
def test_an_address_that_cannot_be_had_is_a_sentence(host, port):
    with pytest.raises(CommandError, match="cannot be used"):
        check_port(host, port)


def test_a_data_folder_that_cannot_be_made_is_a_sentence(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.DATA_DIR = tmp_path / "file" / "var"

    with pytest.raises(CommandError, match="HUB_DATA_DIR"):
        prepare_data_folder()


def test_files_that_are_not_there_are_a_sentence(tmp_path):
    assert check_files(tmp_path) == tmp_path
    with pytest.raises(CommandError, match="There is no folder"):
        check_files(tmp_path / "nowhere")


@pytest.mark.django_db
def test_the_stewards_password_is_made_once_and_shown_as_long_as_it_holds(settings):
    first = steward_password()
    kept = settings.DATA_DIR / "steward-password"

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert steward_password() == first
    steward = get_user_model().objects.get(username="steward")
    assert steward.is_superuser
    assert steward.check_password(first)

    steward.set_password("my own")
    steward.save()
    assert steward_password() is None


def test_the_sandbox_keeps_its_port_while_it_is_free():
    port = kept_sandbox_port()

    assert kept_sandbox_port() == port
    with socket.create_server(("127.0.0.1", port)):
        assert kept_sandbox_port() != port


@pytest.mark.parametrize(
    ("host", "added"),
    [
        ("127.0.0.1", {}),
        ("::1", {}),
        ("data.example", {"HUB_ALLOWED_HOSTS": "127.0.0.1,localhost,[::1],data.example"}),
    ],
)
def test_a_hub_answers_to_the_name_it_was_given(host, added, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

    assert added_settings(host, None) == added


def test_the_folder_of_the_files_joins_the_file_roots(settings, tmp_path):
    settings.FILE_ROOTS = [tmp_path / "a"]

    assert added_settings("localhost", tmp_path / "b") == {"HUB_FILE_ROOTS": f"{tmp_path / 'a'},{tmp_path / 'b'}"}
