"""Where the hubs of the three tiers live, what keeps them apart, and what ``quickstart --tiers`` refuses."""

import socket
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from catalog.text import Text
from datahub.management.commands.quickstart import Command
from datahub.tiers.check import added_line, arrival
from datahub.tiers.place import TIERS, held, places, running_places, tiers_folder, web_process, worker_process

APART = ("HUB_DATA_DIR", "HUB_BASE_URL", "DATABASE_URL", "HUB_BROKER_URL", "HUB_FILE_ROOTS")


def test_the_nation_reads_one_city_by_two_ways():
    reads = {tier.name: tier.reads for tier in TIERS}

    assert reads["nation"] == ("nuri", "hanbit") and "hanbit" in reads["nuri"]


@pytest.mark.parametrize("name", APART)
def test_each_hub_has_its_own(name):
    assert len({place.environment[name] for place in places()}) == len(TIERS)


def test_what_is_set_for_this_machines_hub_counts_for_none_of_the_tiers(monkeypatch):
    monkeypatch.setenv("HUB_SECRET_KEY", "of another hub")

    for place in places():
        for process in (web_process(place), worker_process(place)):
            assert process.environment["HUB_SECRET_KEY"] == process.environment["HUB_ENCRYPTION_KEYS"] == ""
            assert process.environment["HUB_DATA_DIR"] == str(place.folder)


def test_ports_stay_from_start_to_start_while_they_are_free():
    first = places()

    assert running_places() == places() == first
    with socket.create_server(("127.0.0.1", first[0].port)):
        moved, *others = places()
    assert moved.port != first[0].port
    assert others == list(first[1:])


def test_hubs_that_run_already_are_not_started_a_second_time():
    with held(tiers_folder()) as is_ours, pytest.raises(CommandError, match="running already"):
        assert is_ours
        Command().run_tiers(check=False)


@pytest.mark.parametrize("option", [{"port": 9000}, {"host": "127.0.0.2"}, {"data": Path()}])
def test_what_tiers_do_not_go_with_is_refused(option):
    with pytest.raises(CommandError, match="--check alone"):
        call_command("quickstart", tiers=True, **option)


def test_what_did_not_arrive_in_time_is_no_good_finding():
    what = Text(ko="철회가", en="a withdrawal")

    late, in_time = arrival(what, None), arrival(what, 1.25)

    assert not late.is_good and "within 60 s" in late.sentence.en
    assert in_time.is_good and "in 1.2 s" in in_time.sentence.en


def test_a_file_is_afterwards_what_it_was(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("a\n1\n")

    with added_line(path, "2\n"):
        assert path.read_text() == "a\n1\n2\n"

    assert path.read_text() == "a\n1\n"
